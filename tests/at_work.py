"""Agents at work: processes that stand somewhere, and sessions with their markers."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from claiming import HOUR, Clone, document, sound
from conftest import Ran
from holdfast.adapters import host

Agent = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def agent() -> Iterator[Agent]:
    """Starts a process that stands nowhere in particular, for a session to live by."""
    started = []

    def one(cwd: Path | str = "/") -> subprocess.Popen[str]:
        started.append(subprocess.Popen(["sleep", "600"], cwd=cwd, text=True))
        return started[-1]

    yield one
    for process in started:
        process.kill()
        process.wait()


def session(clone: Clone, *args: object, **more: Any) -> Ran:
    return sound(clone.holdfast("session", *map(str, args), **more))


def begun(clone: Clone, id: str, pid: int, *args: object) -> dict[str, Any]:
    found = document(session(clone, "start", "--id", id, "--pid", pid, *args, "--json"))
    assert found["result"] == "started", found
    return dict(found["session"])


def folder(clone: Clone) -> Path:
    return Path(clone.git("rev-parse", "--path-format=absolute", "--git-common-dir").strip()) / "holdfast" / "sessions"


def mark(clone: Clone, id: str, **changes: Any) -> None:
    """Write the marker of a session as another host, a container or another time would have."""
    machine = host.machine(host.name())
    data = {
        "schema": "holdfast.session/1", "id": id, "agent": "other", "pid": 1, "birth": 1, **machine._asdict(),
        "worktree": str(clone.path), "began": int(time.time()) - HOUR, "activity": "working", **changes,
    }  # fmt: skip
    folder(clone).mkdir(parents=True, exist_ok=True)
    (folder(clone) / f"{id}.json").write_text(json.dumps(data))
