"""Mutual exclusion between processes of one machine, by a lock on a file; it ends with the process."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os

from holdfast.adapters import files
from holdfast.domain.value import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def tried(path: str) -> Iterator[bool]:
    """Hold the lock on the file `path` for the length of the block, if nobody else does; says whether it is held."""
    files.make_folder(os.path.dirname(path))
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(handle)


@contextlib.contextmanager
def held(path: str) -> Iterator[None]:
    """Hold the lock on the file `path` for the length of the block, waiting for whoever has it (flock(2)).

    `PermissionError` where that file cannot be made.
    """
    try:
        files.make_folder(os.path.dirname(path))
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except (FileNotFoundError, IsADirectoryError) as error:
        raise PermissionError(errno.EACCES, "something else stands there", path) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
