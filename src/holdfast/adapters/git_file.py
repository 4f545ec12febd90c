"""Replace a file that git writes too, as git does: through `PATH.lock` (git's `lockfile.h`)."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import shlex
import time

from holdfast.adapters import files
from holdfast.adapters.files import NEW, State
from holdfast.domain.problem import Unable
from holdfast.domain.value import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_PATIENCE = 1.0
"""Seconds for which a lock is waited for; git itself holds that of its configuration for a few milliseconds."""

_POLL = 0.02
_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS)


class Locked(Unable):
    """Another process holds the lock of a file of git's, or was killed while it did."""

    def __init__(self, lock: str) -> None:
        super().__init__(f"{lock} is there: git is at work, or was killed")
        self.remedy = f"run it again; where no git is at work, `rm -- {shlex.quote(lock)}` first"


def replace(path: str, expected: State, content: bytes) -> bool:
    """Make a file hold `content`; False, and nothing written, when it no longer holds `expected`. `Locked` for that.

    The lock is a second link to a file beside it: so a lock that a killed process of ours left is known, and goes.
    """
    lock, ours = path + ".lock", path + NEW
    with _alone(path, lock):
        _clear(lock, ours)
        try:
            now = files.state(path)
            files.create(ours, content, now.mode if now.mode is not None else 0o644)
            _take(ours, lock)
            if files.state(path).digest != expected.digest:
                _drop(lock)
                return False
            try:
                os.replace(lock, path)
            except BaseException:
                _drop(lock)
                raise
        finally:
            _clear(lock, ours)
    return True


def clear(path: str) -> None:
    """Take away what a process left that was killed in the middle of `replace`."""
    lock, ours = path + ".lock", path + NEW
    if os.path.lexists(ours):
        with _alone(path, lock):
            _clear(lock, ours)


@contextlib.contextmanager
def _alone(path: str, lock: str) -> Iterator[None]:
    """Of all processes of ours; a lock on the folder leaves nothing behind (flock(2))."""
    handle = os.open(os.path.dirname(path), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        _patiently(lambda: _flock(handle), lock)
        yield
    finally:
        os.close(handle)


def _flock(handle: int) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise
    except OSError:
        return  # a file system on which folders cannot be locked: git's own lock is what counts


def _take(ours: str, lock: str) -> None:
    try:
        _patiently(lambda: os.link(ours, lock), lock)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        _patiently(lambda: _copy(ours, lock), lock)  # a file system without links: what is left there, nobody knows


def _patiently(attempt: Callable[[], None], lock: str) -> None:
    end = time.monotonic() + _PATIENCE
    while True:
        try:
            return attempt()
        except (BlockingIOError, FileExistsError):
            if time.monotonic() > end:
                raise Locked(lock) from None
        time.sleep(_POLL)


def _copy(ours: str, lock: str) -> None:
    held = files.state(ours)
    try:
        files.create(lock, held.content or b"", held.mode)
    except FileExistsError:
        raise
    except BaseException:
        _drop(lock)
        raise


def _clear(lock: str, ours: str) -> None:
    """The lock first, where it is ours, then that by which it is known."""
    with contextlib.suppress(OSError):
        if os.path.samefile(ours, lock):
            os.unlink(lock)
    _drop(ours)


def _drop(path: str) -> None:
    with contextlib.suppress(OSError):
        os.unlink(path)
