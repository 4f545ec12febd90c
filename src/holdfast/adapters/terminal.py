"""Commands run as a person would type them, with what the terminal shows."""

from __future__ import annotations

import subprocess

from holdfast.domain.value import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Shown(NamedTuple):
    """The exit code of a command and everything that it printed, in its order."""

    code: int
    output: str


def run(command: Sequence[str], cwd: str, environment: Mapping[str, str]) -> Shown:
    """Run a command to its end; standard output and standard error come as one text."""
    done = subprocess.run(
        list(command), cwd=cwd, env=dict(environment), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, check=False,
    )  # fmt: skip
    return Shown(done.returncode, done.stdout.decode("utf-8", "replace"))
