"""What was promised of JSON documents is kept: within a version a document only gains optional fields."""

from __future__ import annotations

import copy
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tools"))

import kept  # noqa: E402
import schemas  # noqa: E402

FROZEN: dict[str, Any] = json.loads((ROOT / "tests/contracts.json").read_text("utf-8"))
SHIPPED = ROOT / "src/holdfast/schemas"


def test_each_schema_carries_its_version() -> None:
    for path in SHIPPED.glob("*.json"):
        schema = json.loads(path.read_text("utf-8"))
        named = {part["properties"]["schema"]["const"] for part in schema.get("anyOf", [schema])}
        assert named == {f"holdfast.{path.stem}/1"} and schema["$id"] == f"urn:holdfast:{path.stem}/1", path


def test_every_promise_is_kept() -> None:
    today = schemas.schemas()
    assert [line for name, old in FROZEN.items() for line in kept.lost(old, today.get(name), name)] == []
    assert set(FROZEN) == set(today), "run `.venv/bin/python tools/kept.py --freeze`"


def changed(edit: Callable[[dict[str, Any]], object]) -> list[str]:
    """What is lost when the schema of `worktree remove` becomes that."""
    new = copy.deepcopy(FROZEN["worktree.remove"])
    edit(new)
    return list(kept.lost(FROZEN["worktree.remove"], new, "it"))


@pytest.mark.parametrize(
    "edit",
    [
        lambda new: new["properties"].update(more={"type": "string"}),
        lambda new: new["properties"]["result"]["enum"].append("put-off"),
        lambda new: new["properties"]["blockers"]["items"]["properties"]["code"]["enum"].append("new-code"),
        lambda new: new["properties"]["notes"].update(items={"anyOf": [{"type": "string"}, {"type": "null"}]}),
    ],
)
def test_what_may_be_added(edit: Callable[[dict[str, Any]], object]) -> None:
    assert changed(edit) == []


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (lambda new: new["properties"].pop("trash"), "it.trash: is gone"),
        (lambda new: new["required"].remove("trash"), "it.trash: may be absent now"),
        (
            lambda new: (new["required"].append("more"), new["properties"].update(more={})),
            "it.more: is new, and so must be optional",
        ),
        (lambda new: new["properties"].update(branch={"type": "string"}), "it.branch|1: its type was 'null'"),
        (lambda new: new["properties"]["notes"]["items"].update(type="integer"), "it.notes[]: its type was 'string'"),
        (lambda new: new["properties"]["result"]["enum"].remove("refused"), "it.result: ['refused'] was allowed"),
        (
            lambda new: new["properties"]["blockers"]["items"]["properties"]["code"]["enum"].pop(),
            "it.blockers[].code: ",
        ),
        (
            lambda new: new["properties"]["blockers"]["items"]["properties"].pop("remedy"),
            "it.blockers[].remedy: is gone",
        ),
        (lambda new: new["properties"]["schema"].update(const="holdfast.worktree.remove/2"), "it.schema: its const"),
        (lambda new: new["properties"]["notes"]["items"].update(enum=["a"]), "it.notes[]: ['any value'] was allowed"),
    ],
)
def test_what_breaks_a_promise(edit: Callable[[dict[str, Any]], object], said: str) -> None:
    assert changed(edit)[0].startswith(said), changed(edit)
