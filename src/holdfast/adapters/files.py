"""Files as they are on disk, and writes that leave either the old file or the new one, never half of one."""

from __future__ import annotations

import errno
import os
import stat

from holdfast.domain.moment import Moment
from holdfast.domain.value import NamedTuple

NEW = ".holdfast-new"
"""What the names of files end with that are being written beside those that they replace."""


class NotAFileError(OSError):
    """A folder or a device stands where a file is expected; `args[0]` is its path."""


class State(NamedTuple):
    """What one path holds: bytes and permission bits of a file, the target of a symlink, or nothing.

    `mode` None means what the umask gives a new file.
    """

    content: bytes | None = None
    mode: int | None = None
    link: str | None = None

    @property
    def exists(self) -> bool:
        """True where something stands."""
        return self.content is not None or self.link is not None

    @property
    def digest(self) -> str | None:
        """The SHA-256 of what stands here (not of its mode), or None for nothing."""
        import hashlib  # loads OpenSSL: 9 ms that a hook has no use for

        if self.link is not None:
            return hashlib.sha256(b"link:" + os.fsencode(self.link)).hexdigest()
        return hashlib.sha256(self.content).hexdigest() if self.content is not None else None

    def same(self, other: State) -> bool:
        """True when both hold the same; a mode that is left open fits every mode."""
        modes = self.mode is None or other.mode is None or self.mode == other.mode
        return self.content == other.content and self.link == other.link and modes


ABSENT = State()


def state(path: str) -> State:
    """What `path` holds now, without following a symlink; `NotAFileError` for a folder or a device."""
    try:
        found = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return ABSENT
    if stat.S_ISLNK(found.st_mode):
        return State(link=os.readlink(path))
    if not stat.S_ISREG(found.st_mode):
        raise NotAFileError(path)
    with open(path, "rb") as file:
        return State(file.read(), stat.S_IMODE(found.st_mode))


def read(path: str) -> bytes | None:
    """The bytes at `path`, symlinks followed, or None where there is no file."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None


def read_regular(path: str, largest: int | None = None) -> bytes | None:
    """The bytes of a regular file of at most `largest` bytes, or None for anything else and what cannot be read.

    A symlink could lead anywhere, and opening a pipe would wait for whoever writes into it.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
        with os.fdopen(handle, "rb") as file:
            found = os.fstat(handle)
            if not stat.S_ISREG(found.st_mode) or (largest is not None and found.st_size > largest):
                return None
            return file.read()
    except OSError:
        return None


def touched(path: str) -> Moment | None:
    """When the file at a path was last written to; None where there is none."""
    try:
        return Moment(int(os.stat(path).st_mtime))
    except OSError:
        return None


def put(path: str, wanted: State, durable: bool = False) -> None:
    """Make `path` hold `wanted` in one step; folders above it are made as needed.

    The new file is written beside the old one and renamed over it: a reader sees one or the other. `durable`
    waits until the bytes are on the disk.
    """
    if not wanted.exists:
        _unlink(path)
        return
    folder, name = os.path.split(path)
    make_folder(folder)
    beside = os.path.join(folder, f".{name}{NEW}")
    _unlink(beside)  # left by a run that was killed
    try:
        _create(beside, wanted, durable)
        os.replace(beside, path)
    except BaseException:
        _drop(beside)
        raise


def make_folder(path: str) -> None:
    """Make a folder and those above it, as needed; `PermissionError` where something else stands there."""
    try:
        os.makedirs(path, exist_ok=True)
    except (FileExistsError, FileNotFoundError, NotADirectoryError) as error:  # not found: behind a symlink to nowhere
        raise PermissionError(errno.EACCES, "something else stands there", path) from error


def create(path: str, content: bytes, mode: int | None = None) -> None:
    """Make a new file; `FileExistsError` when something stands there already."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    _create(path, State(content, mode), durable=False)


def mounts_below(path: str) -> tuple[str, ...]:
    """What is mounted at a resolved path or below it, as far as the system tells (proc(5), mountinfo)."""
    found = []
    for line in (read_proc("/proc/self/mountinfo")).splitlines():
        words = line.split(b" ")
        if len(words) > 4:
            where = os.fsdecode(words[4].replace(b"\\040", b" ").replace(b"\\011", b"\t").replace(b"\\012", b"\n"))
            if where == path or where.startswith(path.rstrip("/") + "/"):
                found.append(where)
    return tuple(found)


def read_proc(path: str) -> bytes:
    """What the system says in one of its own files; empty where it says nothing."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""


def current_folder() -> str | None:
    """The resolved path of the folder that this process stands in; None where that is gone."""
    try:
        return os.path.realpath(os.getcwd())
    except FileNotFoundError:
        return None


def executable(path: str) -> bool:
    """True for a file that may be run, symlinks followed."""
    return os.path.isfile(path) and os.access(path, os.X_OK)


def names(folder: str) -> list[str]:
    """What a folder holds, sorted; nothing for a folder that is not there."""
    try:
        return sorted(os.listdir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return []


def absent_folders(path: str) -> list[str]:
    """The folders above `path` that do not exist yet, outermost first."""
    missing: list[str] = []
    folder = os.path.dirname(path)
    while folder and not os.path.isdir(folder):
        missing.insert(0, folder)
        folder = os.path.dirname(folder)
    return missing


def writable_above(path: str) -> bool:
    """True when a file can be made at `path`, as far as permissions and read-only mounts tell."""
    missing = absent_folders(path)
    folder = os.path.dirname(missing[0] if missing else path)
    return os.access(folder, os.W_OK | os.X_OK)


def writable(path: str) -> bool:
    """True where this process may write what is at a path, on a disk that can be written (access(2))."""
    return os.access(path, os.W_OK)


def free_bytes(path: str) -> int:
    """How many bytes this process may still write on the disk of a path (statvfs(3))."""
    found = os.statvfs(path)
    return found.f_bavail * found.f_frsize


def is_torn_json(path: str, family: str) -> bool:
    """True for a file that can be read and holds no JSON document of that family of schemas; a newer version's is whole."""
    import json

    try:
        with open(path, "rb") as file:
            data = json.loads(file.read())
    except OSError:
        return os.path.islink(path) or os.path.isdir(path)
    except (ValueError, RecursionError):
        return True
    version = data.get("schema") if isinstance(data, dict) else None
    return not (isinstance(version, str) and version.startswith(family) and version != f"{family}1")


def set_aside(path: str, folder: str) -> str:
    """Move what is at a path into a folder under a name that nothing has there; gives its path. `OSError` where it cannot be."""
    make_folder(folder)
    base, number = os.path.join(folder, os.path.basename(path)), 1
    target = base
    while os.path.lexists(target):
        number += 1
        target = f"{base}-{number}"
    os.rename(path, target)
    return target


def remove_if_empty(folder: str) -> None:
    """Remove a folder when nothing is in it; leave it otherwise."""
    try:
        os.rmdir(folder)
    except OSError:
        return


def remove_tree(folder: str) -> None:
    """Remove a folder of Holdfast's own with all that is in it; nothing happens where there is none."""
    import shutil

    if os.path.lexists(folder):
        shutil.rmtree(folder)


def _unlink(path: str) -> None:
    """Remove a file, if there is one."""
    try:
        os.unlink(path)
    except (FileNotFoundError, NotADirectoryError):
        return


def _drop(path: str) -> None:
    """Remove what a failure left behind; the failure itself is what is reported."""
    try:
        os.unlink(path)
    except OSError:
        return


def _create(path: str, wanted: State, durable: bool) -> None:
    if wanted.link is not None:
        os.symlink(wanted.link, path)
        return
    assert wanted.content is not None
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    with os.fdopen(handle, "wb") as file:
        file.write(wanted.content)
        if wanted.mode is not None:
            os.fchmod(handle, wanted.mode)
        if durable:
            file.flush()
            os.fsync(handle)
