"""The tools as values: every argument arrives at the command line as what it is, and every answer is one."""

from __future__ import annotations

import argparse
import importlib
import json
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from claiming import SCHEMAS
from holdfast.domain import tool_result
from holdfast.domain.tools import BY_NAME, LIMIT, TOOLS, WORKTREE, Tool
from holdfast.entrypoints.cli import SHAPE, Parser, add_common


def parsed(words: tuple[str, ...]) -> argparse.Namespace:
    """The words as the command line reads them."""
    command = importlib.import_module(f"holdfast.entrypoints.commands.{words[0]}")
    parser = Parser(prog="holdfast", **SHAPE)
    add_common(parser)
    command.arguments(parser)
    return parser.parse_args(words[1:], argparse.Namespace(dry_run=False))


WHERE = {"plan": ("number", "name"), "code": ("code",)}
"""What the command line calls an argument that stands in its place."""


def fits(tool: Tool) -> st.SearchStrategy[dict[str, Any]]:
    """Arguments that fit a tool, nasty ones too."""
    kinds: dict[str, st.SearchStrategy[Any]] = {}
    for name, argument in tool.arguments.items():
        schema = argument.schema
        if "enum" in schema:
            kinds[name] = st.sampled_from(schema["enum"])
        elif schema["type"] == "boolean":
            kinds[name] = st.booleans()
        elif schema["type"] == "integer":
            kinds[name] = st.integers(schema["minimum"], schema["maximum"])
        elif "pattern" in schema:
            kinds[name] = st.from_regex(schema["pattern"].replace("$", r"\Z"))
        else:
            kinds[name] = st.text(min_size=1) | st.sampled_from(["-h", "--help", "--dry-run", "-C", "=", "-"])
    kinds = {name: kind.filter(lambda value: value != "--") for name, kind in kinds.items()}  # `test_mcp`: a wrong call
    needed = {name: kinds.pop(name) for name in tool.required}
    return st.fixed_dictionaries(needed, optional=kinds)


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
@given(data=st.data())
def test_the_command_line_reads_what_a_call_said(tool: Tool, data: st.DataObject) -> None:
    said = data.draw(fits(tool))
    jsonschema.validate(said, tool.takes())
    if tool.name == "check" and said.get("staged"):
        said.pop("rev", None)  # two of these are a wrong call, which `test_mcp` holds
    read = vars(parsed(tool.words(said)))
    for name, value in said.items():
        flag = tool.arguments[name].flag
        if name in (WORKTREE, LIMIT):
            continue
        if not isinstance(flag, str):
            wanted = flag[value].removeprefix("--").replace("-", "_")
            others = [one.removeprefix("--").replace("-", "_") for one in flag.values() if one]
            assert [one for one in others if read[one]] == ([wanted] if wanted else [])
        elif flag:
            assert read[flag.removeprefix("--").replace("-", "_")] == value
        else:
            assert str(value) in [str(read.get(one)) for one in WHERE[name]]
    assert read["dry_run"] == (tool.name == "finish_dry_run")


def test_a_start_without_a_plan_takes_the_next_one() -> None:
    assert parsed(BY_NAME["start"].words({WORKTREE: "/w"})).next
    assert not parsed(BY_NAME["start"].words({WORKTREE: "/w", "plan": 0})).next


def test_the_schema_of_results_is_the_shipped_one_with_the_exit_code_beside() -> None:
    shipped = {path.stem: json.loads(path.read_text()) for path in SCHEMAS.glob("*.json")}
    for tool in TOOLS:
        gives = tool.gives(shipped[tool.document], shipped["error"])
        jsonschema.Draft202012Validator.check_schema(gives)
        assert json.dumps(gives).count('"evidence-missing"') == 1, "a problem is described once"
        takes = jsonschema.Draft202012Validator(gives)
        document = {"schema": f"holdfast.{tool.document}/1", "exit": 0}
        assert not takes.is_valid(document)
        assert takes.is_valid(tool_result.error("why", "what next", 1))
        assert not takes.is_valid({**tool_result.error("why", "what next", 1), "more": 1})
    check = jsonschema.Draft202012Validator(BY_NAME["check"].gives(shipped["check"], shipped["error"]))
    whole = {"schema": "holdfast.check/1", "problems": [], "summary": {"plans": 0, "errors": 0, "warnings": 0}}
    assert check.is_valid({**whole, "exit": 1, "left_out": 0})
    assert not check.is_valid({**whole, "exit": 3, "left_out": 0})
    assert not check.is_valid(whole)
    assert not check.is_valid({**whole, "exit": 0, "left_out": 0, "problems": [{"code": "evidence-missing"}]})


THREE = "note\nrefused: `holdfast start`\n   why:  a bug in Holdfast: KeyError: 1\n   next: report it with /tmp/r\n"


@pytest.mark.parametrize(
    ("code", "out", "err", "failed", "message", "remedy"),
    [
        (3, "", THREE, True, "`holdfast start`: a bug in Holdfast: KeyError: 1", "report it with /tmp/r"),
        (3, '{"schema": "holdfast.start/1"}', "bang\n", True, "bang", "report it"),
        (1, "", THREE, False, "`holdfast start`: a bug in Holdfast: KeyError: 1", "report it with /tmp/r"),
        (5, "half {", "no\n", False, "no", "call it again"),
        (130, "", "", True, "the command ended with 130 and said nothing", "call it again"),
        (137, "", "", True, "the command ended with 137 and said nothing", "call it again"),
        (0, "", "", True, "the command ended with 0 and said nothing", "call it again"),
        (0, "[1]", "", True, "the command ended with 0 and said nothing", "call it again"),
    ],
)  # fmt: skip
def test_what_is_no_document_is_told_as_it_was_said(
    code: int, out: str, err: str, failed: bool, message: str, remedy: str
) -> None:
    found = tool_result.of(BY_NAME["start"], {}, code, out, err)
    assert found.failed == failed
    assert found.document == {"schema": "holdfast.error/1", "message": message, "remedy": remedy, "exit": code}
