"""A command of ours that runs for somebody who may go away: in a session of its own, which ends as a whole."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess

from holdfast.adapters import spawn
from holdfast.domain.value import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


_MOST = 1 << 16
"""Bytes in which the last line is looked for."""


class Call:
    """A running program that reads nothing and stands in `/`.

    What it says goes into files without a name: so nobody waits on a full pipe, nor for what a process that it left
    behind keeps open. `close` must be called in the end.
    """

    __slots__ = ("_err", "_out", "_process", "_seen")

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self._out, self._err, self._seen = spawn.nameless(), spawn.nameless(), 0
        try:
            self._process = subprocess.Popen(  # noqa: S603 - an argument list, never a shell
                command, cwd="/", env=dict(environment), stdin=subprocess.DEVNULL, stdout=self._out, stderr=self._err,
                start_new_session=True,
            )  # fmt: skip
        except BaseException:
            self.close()
            raise

    def code(self) -> int | None:
        """The exit code (128 and the signal's number when a signal ended it); None while it runs."""
        code = self._process.poll()
        return 128 - code if code is not None and code < 0 else code

    def last_line(self) -> str:
        """The last whole line on standard error since this was asked; empty for none."""
        # Read at a place: the file's own offset is that of the program, too.
        start = max(self._seen, os.fstat(self._err).st_size - _MOST)
        whole, newline, _ = os.pread(self._err, _MOST, start).rpartition(b"\n")
        if not newline:
            return ""
        self._seen = start + len(whole) + 1
        return whole.rpartition(b"\n")[2].decode("utf-8", "replace").strip()

    def said(self) -> tuple[str, str]:
        """All of standard output and standard error, once the program has ended."""
        return spawn.whole(self._out).decode("utf-8", "replace"), spawn.whole(self._err).decode("utf-8", "replace")

    def interrupt(self) -> None:
        """End it as Ctrl-C does: with what it started, and nothing half done."""
        self._signal(signal.SIGINT)

    def kill(self) -> None:
        """End it and what is left of its session's own process group at once; it has ended when this returns."""
        self._signal(signal.SIGKILL)
        self._process.wait()

    def close(self) -> None:
        """Let go of what it said."""
        os.close(self._out)
        os.close(self._err)

    def _signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS says the latter of a group of zombies
            os.killpg(self._process.pid, number)
