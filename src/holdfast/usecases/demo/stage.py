"""The stage of the demo: a project with a remote, clones of other people, and commands as they would type them."""

from __future__ import annotations

import os
import re
import shlex
import sys

from holdfast.adapters import clock, files, terminal
from holdfast.domain.value import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


_SECONDS = re.compile(r"for \d+ s\b")
_UNTIL = re.compile(r"until \d{4}-\d\d-\d\d")
_VARYING = (
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"), "2026-01-02T03:04:05Z"),
    (re.compile(r"\b[0-9a-f]{40}\b"), "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567"),
    (re.compile(r"\b(as|at|exactly) [0-9a-f]{9}\b"), r"\1 0a1b2c3d4"),
    (re.compile(r"Merge-Id: [0-9a-f]{16}"), "Merge-Id: 0123456789abcdef"),
    (re.compile(r"trash [0-9a-f]{8}-[0-9a-f]{8}"), "trash 01234567-89abcdef"),
)
"""What differs from run to run because it is made by chance or by the clock, and what is shown instead."""
_PATIENCE = 3_000
"""So often is looked, every fiftieth of a second, whether the slow one has set out."""


class Line(NamedTuple):
    """One line of the play: `kind` is `scene`, `command`, `output` or `surprise` (not what the story says)."""

    kind: str
    text: str


class Step(NamedTuple):
    """A command of the story, the exit code that it must have, and whose clone it is typed in (the project for None)."""

    command: str
    code: int = 0
    who: str | None = None


class Stage:
    """The repository, its remote, other people's clones, and the sealed environment in which the commands run."""

    def __init__(self, folder: str, environment: Mapping[str, str]) -> None:
        self.folder = folder
        self.top = os.path.join(folder, "project")
        self.remote = os.path.join(folder, "remote.git")
        self._hidden = {folder: "~"}
        self.environment = {
            "PATH": environment.get("PATH", os.defpath), "HOME": folder, "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C.UTF-8",
            "GIT_CONFIG_GLOBAL": os.path.join(folder, ".gitconfig"), "GIT_EDITOR": "false", "NO_COLOR": "1", "TMPDIR": folder,
            "GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@example.org", "GIT_COMMITTER_NAME": "Ada",
            "GIT_COMMITTER_EMAIL": "ada@example.org", "GIT_AUTHOR_DATE": "2026-01-02T03:04:05Z",
            "GIT_COMMITTER_DATE": "2026-01-02T03:04:05Z", "COLUMNS": "100", "HOLDFAST_HOST": "laptop",
        }  # fmt: skip

    def git(self, *arguments: str, environment: Mapping[str, str] | None = None) -> None:
        """Run a command of git that the audience does not see; it must succeed."""
        cwd = self.top if os.path.isdir(self.top) else self.folder
        shown = terminal.run(["git", *arguments], cwd, {**self.environment, **(environment or {})})
        if shown.code != 0:
            raise RuntimeError(f"git {arguments[0]}: {shown.output}")

    def write(self, path: str, text: str) -> None:
        """Write a file of the project."""
        files.put(os.path.join(self.top, path), files.State(text.encode()))

    def edit(self, path: str, old: str, new: str) -> None:
        """Change a file of the project as an editor would."""
        target = os.path.join(self.top, path)
        content = (files.read(target) or b"").decode()
        self.write(path, content.replace(old, new, 1))

    def type(self, *steps: Step) -> Iterator[Line]:
        """Run commands, showing each with its output; one that ends otherwise than it must is a surprise."""
        for step in steps:
            yield Line("command", _prompt(step) + self._tidy(step.command))
            yield from self._ended(step, terminal.run(self._words(step), self._place(step), self._who(step)))

    def race(self, slow: Step, fast: Step, on_the_way: str, arrived: str) -> Iterator[Line]:
        """Run two commands at once, of which the slow one is overtaken.

        It makes the file `on_the_way` when its push sets out, and waits there until the file `arrived` is made.
        """
        waiting = terminal.Started(self._words(slow), self._place(slow), self._who(slow))
        for _ in range(_PATIENCE):
            if os.path.exists(os.path.join(self.folder, on_the_way)):
                break
            clock.pause(0.02)
        yield Line("command", _prompt(slow) + slow.command + " &")
        yield from self.type(fast)
        files.put(os.path.join(self.folder, arrived), files.State(b""))
        yield Line("command", _prompt(slow) + "wait")
        yield from self._ended(slow, waiting.done())

    def _ended(self, step: Step, shown: terminal.Shown) -> Iterator[Line]:
        for line in shown.output.splitlines():
            yield Line("output", self._tidy(line))
        if shown.code != step.code:
            yield Line("surprise", f"`{step.command}` ended with {shown.code}, the story says {step.code}")

    def hide(self, text: str, shown: str) -> None:
        """Let something that differs from run to run be shown as something else."""
        self._hidden[text] = shown

    def _tidy(self, text: str) -> str:
        for hidden, shown in self._hidden.items():
            text = text.replace(hidden, shown)
        for pattern, shown in _VARYING:
            text = pattern.sub(shown, text)
        return _SECONDS.sub("for a moment", _UNTIL.sub("until in a week", text))

    def _words(self, step: Step) -> list[str]:
        words = shlex.split(step.command)
        return [sys.executable, "-m", "holdfast", *words[1:]] if words[0] == "holdfast" else words

    def _place(self, step: Step) -> str:
        """The folder that a command is typed in; a path below a person's clone is one of its worktrees."""
        return os.path.join(self.folder, step.who) if step.who is not None else self.top

    def _who(self, step: Step) -> dict[str, str]:
        name = (step.who or "ada").partition("/")[0].title()
        return {**self.environment, "HOLDFAST_OWNER": name} if step.who is not None else self.environment


def _prompt(step: Step) -> str:
    return f"{step.who.partition('/')[0]}$ " if step.who is not None else "$ "
