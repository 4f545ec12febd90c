"""Commands run as a person would type them, with what the terminal shows."""

from __future__ import annotations

import subprocess

from holdfast.adapters.spawn import LONGEST
from holdfast.domain.value import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Shown(NamedTuple):
    """The exit code of a command and everything that it printed, in its order."""

    code: int
    output: str


class Started:
    """A command that runs on its own until `done` is asked."""

    def __init__(self, command: Sequence[str], cwd: str, environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - words of our own story, never a shell
            list(command), cwd=cwd, env=dict(environment), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )  # fmt: skip

    @property
    def pid(self) -> int:
        """The number of its process."""
        return self._process.pid

    def end(self) -> None:
        """End it."""
        self._process.kill()
        self._process.communicate()

    def done(self) -> Shown:
        """Wait for its end; standard output and standard error come as one text. It is ended after `LONGEST` seconds."""
        try:
            out, _ = self._process.communicate(timeout=LONGEST)
        except subprocess.TimeoutExpired:
            self._process.kill()
            out, _ = self._process.communicate()
        return Shown(self._process.returncode, out.decode("utf-8", "replace"))


def run(command: Sequence[str], cwd: str, environment: Mapping[str, str]) -> Shown:
    """Run a command to its end; standard output and standard error come as one text."""
    return Started(command, cwd, environment).done()
