"""What a command has begun and not finished, one file each; it stays locked as long as its process lives."""

from __future__ import annotations

import contextlib
import fcntl
import os

from holdfast.adapters import files
from holdfast.domain.moment import Moment
from holdfast.domain.value import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class Intent:
    """An open intent: fields that are only ever added, each a line that is on the disk before anything goes on.

    One that another process left is gone on with by its open and locked `handle`.
    """

    def __init__(self, folder: str, name: str, handle: int | None = None) -> None:
        files.make_folder(folder)
        self._path = os.path.join(folder, name)
        self._handle = _made(self._path) if handle is None else handle
        self._open = True
        self.unsettled = False

    @property
    def path(self) -> str:
        """The file that it is written down in."""
        return self._path

    def note(self, **fields: str) -> None:
        """Add fields; they are durable when this returns."""
        text = "".join(f"{key}\t{_one_line(value)}\n" for key, value in fields.items())
        os.write(self._handle, text.encode("utf-8", "surrogateescape"))
        os.fsync(self._handle)

    @contextlib.contextmanager
    def handed_on(self) -> Iterator[None]:
        """For the block, programs that are started hold the lock, too: one that outlives this process is still at work."""
        os.set_inheritable(self._handle, True)
        try:
            yield
        finally:
            os.set_inheritable(self._handle, False)

    def done(self) -> None:
        """Forget it: everything that was begun is finished or taken back. While it is `unsettled` it is left instead."""
        if self._open and not self.unsettled:
            forget(self._path)
        self.leave()

    def leave(self) -> None:
        """Leave it for the next command, which finds out how far it came; nothing happens to one that is forgotten."""
        if self._open:
            os.close(self._handle)
        self._open = False


class Left(NamedTuple):
    """An intent whose process is gone, held by this one for as long as it is looked at."""

    path: str
    fields: Mapping[str, str]
    handle: int

    @property
    def again(self) -> Intent:
        """The same, to be gone on with."""
        return Intent(*os.path.split(self.path), self.handle)


@contextlib.contextmanager
def left(folder: str) -> Iterator[list[Left]]:
    """The intents whose processes are gone, each locked for the length of the block: one command at a time clears them."""
    found: list[Left] = []
    handles: list[int] = []
    try:
        for path in _paths(folder):
            handle = _taken(path)
            if handle is not None:
                handles.append(handle)
                found.append(Left(path, _fields(handle), handle))
        yield found
    finally:
        for handle in handles:
            os.close(handle)


def under_way(folder: str) -> list[dict[str, str]]:
    """The fields of the intents whose processes live."""
    found = []
    for path in _paths(folder):
        handle = _taken(path)
        if handle is not None:
            os.close(handle)
            continue
        raw = files.read_regular(path)
        if raw is not None:
            found.append(_fields_in(raw))
    return found


def move(path: str, folder: str) -> None:
    """Keep an intent in another folder."""
    files.make_folder(folder)
    os.replace(path, os.path.join(folder, os.path.basename(path)))


def written(path: str) -> Moment:
    """When an intent was last written to; long ago for one that is gone."""
    try:
        return Moment(int(os.stat(path).st_mtime))
    except OSError:
        return Moment(0)


def forget(path: str) -> None:
    """Remove an intent that is cleared."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)


def _made(path: str) -> int:
    """A locked handle of a new file; another command may have met it before it was locked, and cleared it as empty."""
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o644)
        fcntl.flock(handle, fcntl.LOCK_EX)
        if os.fstat(handle).st_nlink:
            return handle
        os.close(handle)


def _paths(folder: str) -> list[str]:
    try:
        return [os.path.join(folder, name) for name in sorted(os.listdir(folder))]
    except (FileNotFoundError, NotADirectoryError):
        return []


def _taken(path: str) -> int | None:
    """A locked handle of an intent, or None where its process lives or it has just gone."""
    try:
        handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        return None
    if os.fstat(handle).st_nlink:
        return handle
    os.close(handle)
    return None


def _fields(handle: int) -> dict[str, str]:
    return _fields_in(os.pread(handle, 1 << 20, 0))


def _fields_in(content: bytes) -> dict[str, str]:
    raw = content.decode("utf-8", "surrogateescape")
    whole = raw[: raw.rfind("\n") + 1]  # a line that was torn was never acted upon
    return dict(line.partition("\t")[::2] for line in whole.split("\n") if line)


def _one_line(text: str) -> str:
    return text.replace("\n", " ").replace("\t", " ")
