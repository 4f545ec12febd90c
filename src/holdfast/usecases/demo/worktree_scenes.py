"""The third part of the story: a worktree in use that nobody can remove, and one that comes back as it was."""

from __future__ import annotations

import os

from holdfast.adapters import files, terminal
from holdfast.domain.value import TYPE_CHECKING
from holdfast.usecases.demo.stage import Line, Stage, Step

if TYPE_CHECKING:
    from collections.abc import Iterator

_TREE = ".worktrees/plan-1-faster-start"
_THERE = f"ada/{_TREE}"


def _in_use(stage: Stage) -> Iterator[Line]:
    yield Line(
        "scene", "An agent works on plan 1: its process stands in the worktree, its session holds git's own lock."
    )
    agent = terminal.Started(["sleep", "600"], os.path.join(stage.folder, _THERE), stage.environment)
    try:
        stage.hide(str(agent.pid), "4711")
        yield from stage.type(
            Step(f"holdfast session start --agent claude --id s1 --pid {agent.pid}", 0, _THERE),
            Step("holdfast worktree list", 0, "ada"),
            Step("holdfast worktree remove 1", 1, "ada"),
            Step(f"git worktree remove --force {_TREE}", 128, "ada"),
        )
    finally:
        agent.end()


def _restored(stage: Stage) -> Iterator[Line]:
    yield Line(
        "scene", "The agent is done. Its worktree holds an .env that git ignores: it goes along, and comes back."
    )
    files.put(os.path.join(stage.folder, _THERE, ".env"), files.State(b"TOKEN=secret\n"))
    with open(os.path.join(stage.folder, "ada", ".git", "info", "exclude"), "a", encoding="utf-8") as exclude:
        exclude.write(".env\n")
    yield from stage.type(
        Step("holdfast worktree remove 1", 0, "ada"),
        Step("git gc -q --prune=now", 0, "ada"),
        Step("holdfast worktree restore 1", 0, "ada"),
        Step("cat .env", 0, _THERE),
    )


def _cleaned(stage: Stage) -> Iterator[Line]:
    yield Line("scene", "What is free, clean and merged goes by itself; nothing else does.")
    yield from stage.type(Step("holdfast clean", 0, "ada"), Step("holdfast worktree list", 0, "ada"))


SCENES = (_in_use, _restored, _cleaned)
