"""Copies of files that share their blocks with the original where the file system can (reflinks)."""

from __future__ import annotations

import fcntl
import os
import stat

_FICLONE = 0x40049409
"""ioctl_ficlone(2): the new file shares the old one's blocks until one of them is written."""


def copy(source: str, target: str, name: str) -> bool:
    """Copy the file or symlink `name` of one folder to another, with its permissions; `OSError` where it cannot be read.

    False when it is neither, or something stands at the target or in its way: nothing is written through a symlink.
    """
    old, new = os.path.join(source, name), os.path.join(target, name)
    kind = os.lstat(old).st_mode
    if not stat.S_ISREG(kind) and not stat.S_ISLNK(kind):
        return False
    if not _folders(target, os.path.dirname(name)) or os.path.lexists(new):
        return False
    if stat.S_ISLNK(kind):
        os.symlink(os.readlink(old), new)
    else:
        _content(old, new)
    return True


def _folders(top: str, name: str) -> bool:
    """Make the folders on the way to a name; False when something else stands there."""
    for part in name.split("/") if name else ():
        top = os.path.join(top, part)
        try:
            os.mkdir(top)
        except FileExistsError:
            if os.path.islink(top) or not os.path.isdir(top):
                return False
    return True


def _content(source: str, target: str) -> None:
    """Copy bytes, permissions and times; nobody else can read the copy before it has the permissions of the original."""
    import shutil  # only where there is a file to copy: it takes 3 ms

    with open(source, "rb") as old:
        handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with open(handle, "wb") as new:
            try:
                fcntl.ioctl(handle, _FICLONE, old.fileno())
            except OSError:
                shutil.copyfileobj(old, new, 1 << 20)
    shutil.copystat(source, target)
