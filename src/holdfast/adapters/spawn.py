"""A child process by `posix_spawn`: what `subprocess` does, for hooks that cannot wait 6 ms for its import."""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # `signal` would bring `enum`: 5 ms that a hook would wait
import os

from holdfast.domain.value import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_STDIN, _STDOUT, _STDERR = 0, 1, 2
_SIGPIPE = 13
"""Python ignores it, and a child would inherit that; its number is this on Linux and macOS."""

LONGEST = 3_600
"""Seconds that a program may take: longer than any honest checkout, and not for ever."""
OVERDUE = 124
"""The exit code of a program that was ended because it took longer (as timeout(1) has it)."""
_WATCH = (
    'cd / || exit; "$@" & p=$!; n=0; '
    'while kill -0 $p 2>/dev/null; do [ $n -lt "$0" ] || kill -9 0; sleep 1; n=$((n + 1)); done'
)
"""A shell that ends its process group when what it runs takes longer than `$0` seconds; it stands in no worktree."""


class Overdue(Exception):
    """What was waited for took longer than `LONGEST`."""


class Patience:
    """For so long what stands inside may wait: `Overdue` after that.

    The process has one alarm, and it may be its caller's (as `alarm 60; exec holdfast`): one that is set already counts
    alone. Threads other than the first wait as long as they must.
    """

    __slots__ = ("_before", "_mine")

    def __enter__(self) -> None:
        self._mine = False
        try:
            left = _signal.alarm(LONGEST)
            if left:
                _signal.alarm(left)
                return
            self._before = _signal.signal(_signal.SIGALRM, _overdue)
        except ValueError:
            _signal.alarm(0)
            return
        self._mine = True

    def __exit__(self, *_: object) -> None:
        if self._mine:
            _signal.alarm(0)
            _signal.signal(_signal.SIGALRM, self._before)


def _overdue(*_: object) -> None:
    raise Overdue


class Done(NamedTuple):
    """A finished process: exit code (128 and the signal's number when a signal ended it), standard output and error."""

    code: int
    out: bytes
    err: bytes


class Running:
    """A program of PATH that was started and works on its own until `done` is asked.

    Its standard streams are files without a name, so that neither side ever waits on a full pipe, and none for what a
    grandchild keeps open.
    `FileNotFoundError` where there is no such program.
    """

    __slots__ = ("_complaints", "_out", "_pid")

    def __init__(self, arguments: Sequence[str], environment: Mapping[str, str], data: bytes | None = None) -> None:
        given = nameless(data) if data is not None else os.open(os.devnull, os.O_RDONLY)
        self._out, self._complaints = nameless(), nameless()
        try:
            actions = [
                (os.POSIX_SPAWN_DUP2, given, _STDIN),
                (os.POSIX_SPAWN_DUP2, self._out, _STDOUT),
                (os.POSIX_SPAWN_DUP2, self._complaints, _STDERR),
            ]
            self._pid = os.posix_spawnp(
                arguments[0], list(arguments), dict(environment), file_actions=actions, setsigdef=[_SIGPIPE]
            )
        except OSError:
            os.close(self._out)
            os.close(self._complaints)
            raise
        finally:
            os.close(given)

    def done(self) -> Done:
        """Wait until the program ends; may be asked once."""
        try:
            with Patience():
                code = _exit_code(self._pid)
            return Done(code, whole(self._out), whole(self._complaints))
        except Overdue:
            _kill(self._pid)
            return Done(OVERDUE, b"", f"fatal: no answer within {LONGEST} seconds".encode())
        finally:
            os.close(self._out)
            os.close(self._complaints)


def begin(arguments: Sequence[str], environment: Mapping[str, str], seconds: int = LONGEST) -> None:
    """Start a program in `/` that goes on when this process has ended, in a process group of its own, and says nothing.

    After so many seconds it is ended, with everything that it started.
    """
    nothing = os.open(os.devnull, os.O_RDWR)
    watched = ["/bin/sh", "-c", _WATCH, str(seconds), *arguments]
    try:
        actions = [(os.POSIX_SPAWN_DUP2, nothing, stream) for stream in (_STDIN, _STDOUT, _STDERR)]
        os.posix_spawnp(watched[0], watched, dict(environment), file_actions=actions, setpgroup=0, setsigdef=[_SIGPIPE])
    finally:
        os.close(nothing)


class Conversation:
    """A program that answers questions until its standard input closes; what it says on standard error is dropped."""

    def __init__(self, arguments: Sequence[str], environment: Mapping[str, str]) -> None:
        its_input, mine_out = os.pipe()
        mine_in, its_output = os.pipe()
        nothing = os.open(os.devnull, os.O_WRONLY)
        try:
            actions = [
                (os.POSIX_SPAWN_DUP2, its_input, _STDIN),
                (os.POSIX_SPAWN_DUP2, its_output, _STDOUT),
                (os.POSIX_SPAWN_DUP2, nothing, _STDERR),
            ]
            self._pid = os.posix_spawnp(
                arguments[0], list(arguments), dict(environment), file_actions=actions, setsigdef=[_SIGPIPE]
            )
        except OSError:
            os.close(mine_out)
            os.close(mine_in)
            raise
        finally:
            for handle in (its_input, its_output, nothing):
                os.close(handle)
        self.questions = open(mine_out, "wb")  # noqa: SIM115 - open as long as the process
        self.answers = open(mine_in, "rb", buffering=65536)  # noqa: SIM115

    def end(self) -> None:
        """End it, answer or no answer."""
        _kill(self._pid)


def nameless(content: bytes = b"") -> int:
    """An open file without a name that holds `content`, read from its beginning."""
    handle = os.memfd_create("holdfast") if hasattr(os, "memfd_create") else _unlinked()
    view = memoryview(content)
    while view:
        view = view[os.write(handle, view) :]
    os.lseek(handle, 0, os.SEEK_SET)
    return handle


def _unlinked() -> int:
    """A file of a temporary folder, unlinked at once: where the system makes no file without a name (macOS)."""
    path = os.path.join("/tmp", f".holdfast-{os.getpid()}-{os.urandom(6).hex()}")  # noqa: S108 - made exclusively
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    os.unlink(path)
    return handle


def whole(handle: int) -> bytes:
    """All that an open file holds."""
    os.lseek(handle, 0, os.SEEK_SET)
    chunks = []
    while chunk := os.read(handle, 1 << 20):
        chunks.append(chunk)
    return b"".join(chunks)


def _kill(pid: int) -> None:
    try:
        os.kill(pid, _signal.SIGKILL)
        os.waitpid(pid, 0)
    except (ProcessLookupError, ChildProcessError):
        return  # it ended in that very moment


def _exit_code(pid: int) -> int:
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return status if status >= 0 else 128 - status
