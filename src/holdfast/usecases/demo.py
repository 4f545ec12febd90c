"""The story so far, played with real git in a throw-away repository with a remote."""

from __future__ import annotations

import os
import shlex
import sys
import tempfile

from holdfast.adapters import files, terminal
from holdfast.domain.value import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class Line(NamedTuple):
    """One line of the play: `kind` is `scene`, `command`, `output` or `surprise` (not what the story says)."""

    kind: str
    text: str


class Step(NamedTuple):
    """A command of the story and the exit code that it must have."""

    command: str
    code: int = 0


_TABLE = """\
# Plans

Ask Grace before you take one.

| # | Plan | Priority | Status | Blocks |
|---|------|----------|--------|--------|
| 1 | [Faster start](01_faster_start.md) | High | 📋 Planned | - |
| 4 | [Gone since May](04_gone.md) | Low | ✅ Complete | - |
"""
_FIRST = """\
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


def play(environment: Mapping[str, str]) -> Iterator[Line]:
    """The lines of the play, as it happens; the folder it plays in is removed at the end."""
    with tempfile.TemporaryDirectory(prefix="holdfast-demo-") as folder:
        stage = _Stage(os.path.realpath(folder), environment)
        stage.build()
        for scene in _SCENES:
            yield from scene(stage)


class _Stage:
    """The repository, its remote, and the sealed environment in which the commands run."""

    def __init__(self, folder: str, environment: Mapping[str, str]) -> None:
        self.top = os.path.join(folder, "project")
        self.remote = os.path.join(folder, "remote.git")
        self.environment = {
            "PATH": environment.get("PATH", os.defpath), "HOME": folder, "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C.UTF-8",
            "GIT_CONFIG_GLOBAL": os.path.join(folder, ".gitconfig"), "GIT_EDITOR": "false", "NO_COLOR": "1", "TMPDIR": folder,
            "GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@example.org", "GIT_COMMITTER_NAME": "Ada",
            "GIT_COMMITTER_EMAIL": "ada@example.org", "GIT_AUTHOR_DATE": "2026-01-02T03:04:05Z",
            "GIT_COMMITTER_DATE": "2026-01-02T03:04:05Z", "COLUMNS": "100",
        }  # fmt: skip

    def build(self) -> None:
        """A project with two plans and a plan index that somebody kept by hand until it was forgotten."""
        self.git("init", "-q", "-b", "main", self.top)
        self.write("docs/plans/README.md", _TABLE)
        self.write("docs/plans/01_faster_start.md", _FIRST)
        self.write("docs/plans/02_smaller_package.md", _SECOND)
        self.write("app.py", "print('hello')\n")
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "The project so far")
        self.git("init", "-q", "--bare", "-b", "main", self.remote)
        self.git("remote", "add", "origin", self.remote)
        self.git("push", "-q", "-u", "origin", "main")

    def git(self, *arguments: str) -> None:
        cwd = self.top if os.path.isdir(self.top) else os.path.dirname(self.top)
        shown = terminal.run(["git", *arguments], cwd, self.environment)
        if shown.code != 0:
            raise RuntimeError(f"git {arguments[0]}: {shown.output}")

    def write(self, path: str, text: str) -> None:
        files.put(os.path.join(self.top, path), files.State(text.encode()))

    def edit(self, path: str, old: str, new: str) -> None:
        target = os.path.join(self.top, path)
        content = (files.read(target) or b"").decode()
        self.write(path, content.replace(old, new, 1))

    def type(self, *steps: Step) -> Iterator[Line]:
        """Run commands, showing each with its output; one that ends otherwise than it must is a surprise."""
        for step in steps:
            yield Line("command", step.command)
            words = shlex.split(step.command)
            if words[0] == "holdfast":
                words[:1] = [sys.executable, "-m", "holdfast"]
            shown = terminal.run(words, self.top, self.environment)
            for line in shown.output.splitlines():
                yield Line("output", line)
            if shown.code != step.code:
                yield Line("surprise", f"`{step.command}` ended with {shown.code}, the story says {step.code}")


def _found(stage: _Stage) -> Iterator[Line]:
    yield Line("scene", "A project whose plan index was kept by hand. Does it still tell the truth?")
    yield from stage.type(Step("holdfast index --check", 1), Step("holdfast check", 1))


def _adopted(stage: _Stage) -> Iterator[Line]:
    yield Line("scene", "Adopt it: one command. From now on the table is computed; the rest of the file stays ours.")
    yield from stage.type(
        Step("holdfast init --yes"),
        Step("git add -A"),
        Step("git commit -q -m 'Adopt Holdfast'"),
        Step("cat docs/plans/README.md"),
    )


def _ratchet(stage: _Stage) -> Iterator[Line]:
    yield Line("scene", "What was wrong before blocks nobody. It is mended when somebody gets to it.")
    stage.edit("docs/plans/02_smaller_package.md", "**Blocked By:** #1", "**Blocked By:** None")
    yield from stage.type(
        Step('holdfast plan set 2 --status complete --evidence "wheel: 212 kB, was 1.4 MB"'),
        Step("git commit -q -a -m 'Finish plan 2'"),
        Step("holdfast check"),
    )


def _refused(stage: _Stage) -> Iterator[Line]:
    yield Line("scene", "A commit that says Complete without evidence: refused, with the reason and the next command.")
    stage.edit("docs/plans/01_faster_start.md", "🚧 In Progress", "✅ Complete")
    yield from stage.type(Step("git commit -q -a -m 'Done, I think'", 1))
    stage.edit("docs/plans/01_faster_start.md", "✅ Complete", "🚧 In Progress")


def _valid(stage: _Stage) -> Iterator[Line]:
    yield Line("scene", "A new plan: its number is free in every branch, its row is in the same commit.")
    yield from stage.type(
        Step('holdfast plan new "Plugin system" --priority High --blocked-by 1'),
        Step("git add -A"),
        Step("git commit -q -m '[Plan #3] Write it down'"),
        Step("git show --format=%s --unified=0 HEAD -- docs/plans/README.md"),
        Step("holdfast plan list"),
    )


def _partial(stage: _Stage) -> Iterator[Line]:
    yield Line("scene", "A partial commit: only one plan of two edits. The index row comes along, nothing else does.")
    stage.edit("docs/plans/03_plugin_system.md", "❌ Needs Plan", "📋 Deferred")
    stage.edit("app.py", "hello", "hello, world")
    yield from stage.type(
        Step("git commit -q -m 'Not now' -- docs/plans/03_plugin_system.md"),
        Step("git show --format=%s --name-only HEAD"),
        Step("git status --short"),
    )
    yield from stage.type(Step("git checkout -q -- app.py"))


def _merged(stage: _Stage) -> Iterator[Line]:
    yield Line(
        "scene", "Two branches add a plan each, next to each other in the table. By hand that conflicts every time."
    )
    stage.git("switch", "-q", "-c", "ada")
    stage.write(
        "docs/plans/04_better_errors.md",
        _FIRST.replace("#1: Faster start", "#4: Better errors").replace("🚧 In Progress", "📋 Planned"),
    )
    stage.git("add", "-A")
    stage.git("commit", "-q", "-m", "Plan better errors")
    stage.git("switch", "-q", "-c", "grace", "main")
    stage.write(
        "docs/plans/05_dark_mode.md",
        _FIRST.replace("#1: Faster start", "#5: Dark mode").replace("🚧 In Progress", "📋 Planned"),
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


_SCENES = (_found, _adopted, _ratchet, _refused, _valid, _partial, _merged)
