"""Replace a file that git writes too, as git does: through `PATH.lock` (git's `lockfile.h`)."""

from __future__ import annotations

import contextlib
import errno
import os
import shlex
import time

from holdfast.adapters import files
from holdfast.adapters.files import NEW, State
from holdfast.domain.problem import Unable

_PATIENCE = 1.0
"""Seconds for which a lock is waited for; git itself holds that of its configuration for a few milliseconds."""

_POLL = 0.02


class Locked(Unable):
    """Another process holds the lock of a file of git's, or was killed while it did."""

    def __init__(self, lock: str) -> None:
        super().__init__(f"{lock} is there: git is at work, or was killed")
        self.remedy = f"run it again; where no git is at work, `rm -- {shlex.quote(lock)}` first"


def replace(path: str, expected: State, content: bytes) -> bool:
    """Make a file hold `content`; False, and nothing written, when it no longer holds `expected`. `Locked` for that.

    The lock is a link to a file that names this process: a lock that a killed one left is known, and goes.
    """
    clear(path)
    lock, ours = path + ".lock", f"{path}.{os.getpid()}{NEW}"
    try:
        now = files.state(path)
        files.create(ours, content, now.mode if now.mode is not None else 0o644)
        _take(ours, lock)
        try:
            if files.state(path).digest != expected.digest:
                os.unlink(lock)
                return False
            os.replace(lock, path)
        except BaseException:
            _drop(lock)
            raise
    finally:
        _drop(ours)
    return True


def clear(path: str) -> None:
    """Take away what processes left that were killed in the middle: their lock first, then that by which it is known."""
    lock, (folder, name) = path + ".lock", os.path.split(path)
    for left in files.names(folder):
        pid = left.removeprefix(name + ".").removesuffix(NEW)
        if left != f"{name}.{pid}{NEW}" or not pid.isdecimal() or _lives(int(pid)):
            continue
        known = os.path.join(folder, left)
        with contextlib.suppress(OSError):
            if os.path.lexists(lock) and os.path.samefile(known, lock):
                os.unlink(lock)
            os.unlink(known)


def _take(ours: str, lock: str) -> None:
    end = time.monotonic() + _PATIENCE
    while True:
        try:
            os.link(ours, lock)
        except FileExistsError:
            if time.monotonic() > end:
                raise Locked(lock) from None
            time.sleep(_POLL)
        except OSError as error:
            if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS):
                raise
            _copy(ours, lock)  # a file system without links: what is left there, nobody knows
            return
        else:
            return


def _copy(ours: str, lock: str) -> None:
    held = files.state(ours)
    try:
        files.create(lock, held.content or b"", held.mode)
    except FileExistsError:
        raise Locked(lock) from None


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def _drop(path: str) -> None:
    with contextlib.suppress(OSError):
        os.unlink(path)
