"""The journal: JSON lines that processes append under a lock, in a file that is rotated."""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import stat
import time

from holdfast.adapters import files
from holdfast.adapters.locks import held
from holdfast.domain.event import Unreadable, from_line, to_line, torn
from holdfast.domain.value import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from holdfast.domain.event import Event

_LARGEST = 4 * 1024 * 1024
_KEPT = 5
_POLL = 0.25
_SETTLE = 0.02
"""Seconds after which a last line that was being written is whole."""


class Position(NamedTuple):
    """How far a reader has come: in which file, by its inode, how many of its bytes, and the last event there.

    By that event the place is found again in a file that was mended, and so is a new one.
    """

    inode: int
    offset: int
    last: bytes = b""


START = Position(0, 0)


class Reading(NamedTuple):
    """What a journal holds, newest first, parsed as it is asked for; `end` is where the next reader goes on."""

    items: Iterator[Event | Unreadable]
    end: Position


class _File(NamedTuple):
    """An open file of a journal; without a handle it cannot be read."""

    name: str
    inode: int
    handle: int | None


class Journal:
    """The journal in one folder: `journal.jsonl`, and what it was before in `journal.1.jsonl` and so on.

    A file of more than `largest` bytes is rotated, and `kept` rotated files stay.
    """

    __slots__ = ("folder", "kept", "largest", "path")

    def __init__(self, folder: str, largest: int = _LARGEST, kept: int = _KEPT) -> None:
        self.folder, self.largest, self.kept = folder, largest, kept
        self.path = os.path.join(folder, "journal.jsonl")

    # Writing

    def append(self, event: Event, durable: bool = False) -> None:
        """Add one line, whole or not at all; `durable` waits until it is on the disk. `OSError` where it cannot be."""
        with held(os.path.join(self.folder, "journal.lock")):
            self._mend(event)
            with contextlib.suppress(OSError):  # what cannot be rotated grows: better than a lost line
                self._rotate()
            with _to_append(self.path) as handle:
                _write(handle, self.path, to_line(event).encode())
                if durable:
                    os.fsync(handle)
        if durable:
            _sync_folder(self.folder)  # always: who made or rotated the file may not have waited for it

    def _mend(self, event: Event) -> None:
        """Put right the end of a file whose last writer was killed: what is no whole line is set aside, and told."""
        if not _is_torn(self.path):
            return
        with _to_append(self.path) as handle:
            raw = _all_of(handle)
            fragment = raw[raw.rfind(b"\n") + 1 :]
            if _parsed(fragment) is not None:  # only its line break is missing
                _write(handle, self.path, b"\n")
                return
            try:
                self._set_aside(fragment)  # first: killed in between, it is in both and not in none
                os.ftruncate(handle, len(raw) - len(fragment))
            except OSError:
                _write(handle, self.path, b"\n")  # it stays, as a line that is no event
            _write(handle, self.path, to_line(torn(event, len(fragment))).encode())

    def set_aside_unreadable(self) -> int:
        """Move every line that is no event to the file of torn lines; gives how many. `OSError` where it cannot be done."""
        with held(os.path.join(self.folder, "journal.lock")):
            return sum(self._cleared(path) for path in self._paths() if os.path.lexists(path))

    def _cleared(self, path: str) -> int:
        raw = files.read_regular(path) or b""
        lines = [line for line in raw.split(b"\n") if line.strip()]
        wrong = [line for line in lines if _parsed(line) is None]
        if wrong:
            for line in wrong:
                self._set_aside(line)  # first: killed in between, it is in both and not in none
            events = b"".join(line + b"\n" for line in lines if line not in wrong)
            files.put(path, files.State(events, files.state(path).mode), durable=True)
        return len(wrong)

    def _paths(self) -> list[str]:
        return [self.path, *(self._rotated(number) for number in range(1, self.kept + 1))]

    def _set_aside(self, fragment: bytes) -> None:
        path = os.path.join(self.folder, "journal.torn.jsonl")
        with _to_append(path) as handle:
            _write(handle, path, fragment + b"\n")
            os.fsync(handle)

    def _rotate(self) -> None:
        """Move a file that is large enough to `.1`, `.1` to `.2` and so on; the oldest of them goes.

        A rotation that was killed left a gap: only what is below it moves, so that nothing is written over.
        """
        try:
            if os.lstat(self.path).st_size <= self.largest:
                return
        except FileNotFoundError:
            return
        slots = self._paths()
        free = next((at for at, slot in enumerate(slots) if not os.path.lexists(slot)), self.kept)
        for at in range(free, 0, -1):
            os.replace(slots[at - 1], slots[at])

    def _rotated(self, number: int) -> str:
        return os.path.join(self.folder, f"journal.{number}.jsonl")

    # Reading

    @contextlib.contextmanager
    def reading(self) -> Iterator[Reading]:
        """Everything that can be read, newest first; a file is read only if the caller gets that far."""
        with self._opened() as opened:
            if not opened:
                yield Reading(iter(()), START)
                return
            newest = _content(opened[0])
            older = (item for file in opened[1:] for item in _backwards(file.name, _content(file)))
            items = itertools.chain(_backwards(opened[0].name, newest), older)
            yield Reading(items, _position(opened[0], newest or b""))

    def since(self, position: Position) -> tuple[list[Event | Unreadable], Position]:
        """The whole lines that came after `position`, oldest first, and how far that is."""
        found: list[Event | Unreadable] = []
        end = None
        with self._opened() as opened:
            held = [(file, _content(file) or b"") for file in opened]
            mended = all(_reached(file, raw, position) is None for file, raw in held)
            for file, raw in held:
                start = _behind(raw, position) if mended else _reached(file, raw, position)
                found += _backwards(file.name, raw[: _whole(raw)], start or 0)
                end = end or _position(file, raw, start or 0)
                if start is not None:
                    break
        return found[::-1], end or position

    def follow(self, position: Position) -> Iterator[Event | Unreadable | None]:
        """What comes after `position`, as it comes; None each time that there is nothing more for now."""
        while True:
            if self._now() not in (None, position[:2]):
                found, position = self.since(position)
                yield from found
            yield None
            time.sleep(_POLL)

    def _now(self) -> tuple[int, int] | None:
        """The inode of the newest file and its size; None where there is none, as between two steps of a rotation."""
        try:
            found = os.lstat(self.path)
        except (FileNotFoundError, NotADirectoryError):
            return None
        return found.st_ino, found.st_size

    @contextlib.contextmanager
    def _opened(self) -> Iterator[list[_File]]:
        """All files, newest first, each once. A rotation meanwhile would show a newer one behind an older: once more."""
        opened: list[_File] = []
        try:
            while True:
                before = self._now()
                for path in self._paths():
                    opened += _opened_to_read(path)
                after = self._now()
                if (before and before[0]) == (after and after[0]):
                    break
                _close(opened)
                opened.clear()
            yield list({file.inode if file.handle is not None else file.name: file for file in opened}.values())
        finally:
            _close(opened)


def _position(file: _File, raw: bytes, start: int = 0) -> Position:
    """How far a reader of all of `raw` has come."""
    end = max(start, _whole(raw))
    return Position(file.inode, end, _last_event(raw[:end]))


def _last_event(raw: bytes) -> bytes:
    """The last line that is an event, with its line break."""
    lines = (raw[begin:end] for begin, end in _spans(raw, 0))
    return next((line for line in lines if _parsed(line) is not None), b"")


def _reached(file: _File, raw: bytes, position: Position) -> int | None:
    """How much of a file a reader knows; None for a file that came after, though it may have the number of one that went."""
    if file.inode != position.inode or position.offset > len(raw):
        return None
    return position.offset if _last_event(raw[: position.offset]) == position.last else None


def _behind(raw: bytes, position: Position) -> int | None:
    """How much of a file, which is a new one since it was mended, a reader knows: up to the last event that it saw."""
    at = raw.rfind(position.last) if position.last else -1
    return at + len(position.last) if at >= 0 else None


def _spans(raw: bytes, start: int) -> Iterator[tuple[int, int]]:
    """Begin and end of each line, its break included, from the last to the one that begins at `start`."""
    end = len(raw)
    while end > start:
        begin = max(start, raw.rfind(b"\n", start, end - 1) + 1)
        yield begin, end
        end = begin


def _backwards(name: str, raw: bytes | None, start: int = 0) -> Iterator[Event | Unreadable]:
    """The lines of a file from the last to the one that begins at `start`; blank ones say nothing."""
    if raw is None:
        yield Unreadable(name, 0)
        return
    for begin, end in _spans(raw, start):
        line = raw[begin:end]
        if line.strip():
            yield _parsed(line) or Unreadable(name, raw.count(b"\n", 0, begin) + 1)


def _parsed(line: bytes) -> Event | None:
    return from_line(line.decode("utf-8", "surrogateescape"))


def _whole(raw: bytes) -> int:
    """How many bytes are whole lines: not those behind the last line break, unless that is all that they lack."""
    end = raw.rfind(b"\n") + 1
    return len(raw) if _parsed(raw[end:]) is not None else end


def _opened_to_read(path: str) -> list[_File]:
    """A journal file, or nothing where there is none. No symlink is followed, and no pipe is waited for."""
    name = os.path.basename(path)
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError:
        return [_File(name, 0, None)]
    found = os.fstat(handle)
    if stat.S_ISREG(found.st_mode):
        return [_File(name, found.st_ino, handle)]
    os.close(handle)
    return [_File(name, 0, None)]


def _close(files: list[_File]) -> None:
    for file in files:
        if file.handle is not None:
            os.close(file.handle)


def _content(file: _File) -> bytes | None:
    """The bytes of a file, or None where it cannot be read."""
    if file.handle is None:
        return None
    try:
        raw = _all_of(file.handle)
        if _whole(raw) == len(raw):
            return raw
        time.sleep(_SETTLE)  # a writer may be at work: a page of its line is there and the next is not
        return _all_of(file.handle)
    except OSError:
        return None


def _all_of(handle: int) -> bytes:
    with open(handle, "rb", closefd=False) as file:
        file.seek(0)
        return file.read()


def _is_torn(path: str) -> bool:
    with _to_append(path) as handle:
        size = os.fstat(handle).st_size
        return size > 0 and os.pread(handle, 1, size - 1) != b"\n"


@contextlib.contextmanager
def _to_append(path: str) -> Iterator[int]:
    """A handle that appends to the regular file at `path`, made where there is none; `PermissionError` for anything else.

    A symlink could lead anywhere, and what it leads to is nobody's journal.
    """
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        handle = os.open(path, flags, 0o644)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.EISDIR, errno.ENXIO):
            raise _elsewhere(path) from error
        raise
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise _elsewhere(path)
        yield handle
    finally:
        os.close(handle)


def _elsewhere(path: str) -> PermissionError:
    return PermissionError(errno.EACCES, "something else stands there", path)


def _write(handle: int, path: str, line: bytes) -> None:
    """Append a line by one write; what a full disk took only a part of is taken back."""
    size = os.fstat(handle).st_size
    if os.write(handle, line) != len(line):
        os.ftruncate(handle, size)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)


def _sync_folder(folder: str) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
