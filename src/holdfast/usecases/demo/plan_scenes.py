"""The first half of the story: plans whose index and contents cannot drift."""

from __future__ import annotations

from holdfast.domain.value import TYPE_CHECKING
from holdfast.usecases.demo.stage import Line, Stage, Step

if TYPE_CHECKING:
    from collections.abc import Iterator

_TABLE = """\
# Plans

Ask Grace before you take one.

| # | Plan | Priority | Status | Blocks |
|---|------|----------|--------|--------|
| 1 | [Faster start](01_faster_start.md) | High | 📋 Planned | - |
| 4 | [Gone since May](04_gone.md) | Low | ✅ Complete | - |
"""
FIRST = """\
# Plan #1: Faster start

**Status:** 🚧 In Progress
**Priority:** High
**Blocked By:** None

## Plan

Load the parser only when a file must be parsed.
"""
_SECOND = """\
# Plan #2: Smaller package

**Status:** ✅ Complete
**Priority:** Medium
**Blocked By:** #1

## Plan

Leave the fixtures out.
"""


def build(stage: Stage) -> None:
    """A project with two plans and a plan index that somebody kept by hand until it was forgotten."""
    stage.git("init", "-q", "-b", "main", stage.top)
    stage.write("docs/plans/README.md", _TABLE)
    stage.write("docs/plans/01_faster_start.md", FIRST)
    stage.write("docs/plans/02_smaller_package.md", _SECOND)
    stage.write("app.py", "print('hello')\n")
    stage.git("add", "-A")
    stage.git("commit", "-q", "-m", "The project so far")
    stage.git("init", "-q", "--bare", "-b", "main", stage.remote)
    stage.git("remote", "add", "origin", stage.remote)
    stage.git("push", "-q", "-u", "origin", "main")


def _found(stage: Stage) -> Iterator[Line]:
    yield Line("scene", "A project whose plan index was kept by hand. Does it still tell the truth?")
    yield from stage.type(Step("holdfast index --check", 1), Step("holdfast check", 1))


def _adopted(stage: Stage) -> Iterator[Line]:
    yield Line("scene", "Adopt it: one command. From now on the table is computed; the rest of the file stays ours.")
    yield from stage.type(
        Step("holdfast init --yes"),
        Step("git add -A"),
        Step("git commit -q -m 'Adopt Holdfast'"),
        Step("cat docs/plans/README.md"),
    )


def _ratchet(stage: Stage) -> Iterator[Line]:
    yield Line("scene", "What was wrong before blocks nobody. It is mended when somebody gets to it.")
    stage.edit("docs/plans/02_smaller_package.md", "**Blocked By:** #1", "**Blocked By:** None")
    yield from stage.type(
        Step('holdfast plan set 2 --status complete --evidence "wheel: 212 kB, was 1.4 MB"'),
        Step("git commit -q -a -m 'Finish plan 2'"),
        Step("holdfast check"),
    )


def _refused(stage: Stage) -> Iterator[Line]:
    yield Line("scene", "A commit that says Complete without evidence: refused, with the reason and the next command.")
    stage.edit("docs/plans/01_faster_start.md", "🚧 In Progress", "✅ Complete")
    yield from stage.type(Step("git commit -q -a -m 'Done, I think'", 1))
    stage.edit("docs/plans/01_faster_start.md", "✅ Complete", "🚧 In Progress")


def _valid(stage: Stage) -> Iterator[Line]:
    yield Line("scene", "A new plan: its number is free in every branch, its row is in the same commit.")
    yield from stage.type(
        Step('holdfast plan new "Plugin system" --priority High --blocked-by 1'),
        Step("git add -A"),
        Step("git commit -q -m '[Plan #3] Write it down'"),
        Step("git show --format=%s --unified=0 HEAD -- docs/plans/README.md"),
        Step("holdfast plan list"),
    )


def _partial(stage: Stage) -> Iterator[Line]:
    yield Line("scene", "A partial commit: only one plan of two edits. The index row comes along, nothing else does.")
    stage.edit("docs/plans/03_plugin_system.md", "❌ Needs Plan", "📋 Deferred")
    stage.edit("app.py", "hello", "hello, world")
    yield from stage.type(
        Step("git commit -q -m 'Not now' -- docs/plans/03_plugin_system.md"),
        Step("git show --format=%s --name-only HEAD"),
        Step("git status --short"),
    )
    yield from stage.type(Step("git checkout -q -- app.py"))


def _merged(stage: Stage) -> Iterator[Line]:
    yield Line(
        "scene", "Two branches add a plan each, next to each other in the table. By hand that conflicts every time."
    )
    stage.git("switch", "-q", "-c", "ada")
    stage.write(
        "docs/plans/04_better_errors.md",
        FIRST.replace("#1: Faster start", "#4: Better errors").replace("🚧 In Progress", "📋 Planned"),
    )
    stage.git("add", "-A")
    stage.git("commit", "-q", "-m", "Plan better errors")
    stage.git("switch", "-q", "-c", "grace", "main")
    stage.write(
        "docs/plans/05_dark_mode.md",
        FIRST.replace("#1: Faster start", "#5: Dark mode").replace("🚧 In Progress", "📋 Planned"),
    )
    stage.git("add", "-A")
    stage.git("commit", "-q", "-m", "Plan dark mode")
    stage.git("switch", "-q", "main")
    yield from stage.type(
        Step("git merge -q --no-edit ada"),
        Step("git merge -q --no-edit grace"),
        Step("git log --graph --format=%s -5"),
        Step("holdfast index --check"),
        Step("git status --short"),
        Step("git push -q"),
        Step("holdfast check --rev origin/main"),
    )


SCENES = (_found, _adopted, _ratchet, _refused, _valid, _partial, _merged)
