"""The end of the story: a merge that is refused with all reasons at once, and one that is whole."""

from __future__ import annotations

import os

from holdfast.adapters import files
from holdfast.domain.value import TYPE_CHECKING
from holdfast.usecases.demo.stage import Line, Stage, Step

if TYPE_CHECKING:
    from collections.abc import Iterator

_THERE = "ada/.worktrees/plan-1-faster-start"


def _refused(stage: Stage) -> Iterator[Line]:
    yield Line(
        "scene", "Ada has done plan 1, and wants it merged. Three things speak against it; she is told all of them."
    )
    _write(stage, "start.py", "import parser_when_needed\n")
    yield from stage.type(
        Step("git add start.py", 0, _THERE),
        Step("git commit -q -m 'Load the parser late'", 0, _THERE),
    )
    _write(stage, "start.py", "import parser_when_needed  # 80 ms\n")
    yield from stage.type(Step("holdfast finish 1", 1, "ada"))


def _merged(stage: Stage) -> Iterator[Line]:
    yield Line("scene", "She mends them. What would happen now? Then it happens: one merge, and nothing of it is left.")
    yield from stage.type(
        Step("git commit -q -a -m 'Say how fast it is'", 0, _THERE),
        Step("git push -q origin plan-1-faster-start", 0, _THERE),
        Step('holdfast finish 1 --evidence "start: 80 ms, was 200 ms" --dry-run', 0, "ada"),
        Step('holdfast finish 1 --evidence "start: 80 ms, was 200 ms"', 0, "ada"),
        Step("git log --format=%s%n%n%b -1 origin/main", 0, "ada"),
        Step("git status --short --branch", 0, "ada"),
        Step("holdfast plan list --status complete", 0, "ada"),
        Step("holdfast finish 1", 0, "ada"),
    )


def _told(stage: Stage) -> Iterator[Line]:
    yield Line("scene", "Everything that happened to plan 1 is in the journal.")
    yield from stage.type(Step("holdfast log --plan 1 -n 5", 0, "ada"))


def _write(stage: Stage, name: str, text: str) -> None:
    files.put(os.path.join(stage.folder, _THERE, name), files.State(text.encode()))


SCENES = (_refused, _merged, _told)
