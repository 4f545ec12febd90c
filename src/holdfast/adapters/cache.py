"""Content-addressed memory in the git common directory: safe to delete, ignored when unreadable."""

from __future__ import annotations

import os
import zlib

from holdfast.adapters import files

_KEPT = 48
_MAGIC = b"holdfast cache 2\n"
_LARGEST = 256 * 1024 * 1024
"""Bytes of the largest entry that is read; ours stay far below."""
_KINDS = frozenset({"branches", "claims", "config", "history", "latest", "recent", "standing", "worktree", ".new"})


class Cache:
    """Byte strings by name in one folder. Reading never fails, it finds nothing; writing never fails, it forgets."""

    __slots__ = ("folder",)

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def read(self, name: str) -> bytes | None:
        """What was written under `name`, or None when it is absent, torn or not ours."""
        try:
            raw = files.read_regular(os.path.join(self.folder, name), _LARGEST)
        except ValueError:  # a NUL in a name that came out of another entry
            return None
        if raw is None or not raw.startswith(_MAGIC) or len(raw) < len(_MAGIC) + 4:
            return None
        body = raw[len(_MAGIC) + 4 :]
        return body if _sum(name, body) == raw[len(_MAGIC) : len(_MAGIC) + 4] else None

    def write(self, name: str, body: bytes) -> None:
        """Keep `body` under `name`, whole or not at all: written aside, then renamed."""
        try:
            if os.path.islink(self.folder):
                return  # whose folder it is we cannot know: nothing is written or dropped there
            os.makedirs(self.folder, exist_ok=True)
            path = os.path.join(self.folder, f".new-{os.getpid()}-{os.urandom(4).hex()}")
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        except OSError:
            return
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(_MAGIC + _sum(name, body) + body)
            os.replace(path, os.path.join(self.folder, name))
        except OSError:
            _forget(path)
        self._prune()

    def drop(self, name: str) -> None:
        """Forget what was written under `name`, if it is a name of ours."""
        if _is_ours(name) and "/" not in name:
            _forget(os.path.join(self.folder, name))

    def unreadable(self) -> list[str]:
        """The names of entries of ours that cannot be read, or what stands where the folder must be."""
        if os.path.lexists(self.folder) and (os.path.islink(self.folder) or not os.path.isdir(self.folder)):
            return [""]
        ours = [name for name in files.names(self.folder) if _is_ours(name) and not name.startswith(".new-")]
        return [name for name in ours if self.read(name) is None]

    def _prune(self) -> None:
        """Drop the oldest entries once there are many; what has no name of ours stays."""
        try:
            with os.scandir(self.folder) as found:
                ours = [entry for entry in found if _is_ours(entry.name)]
            entries = [(entry.stat(follow_symlinks=False).st_mtime_ns, entry.path) for entry in ours]
        except OSError:
            return
        for _, path in sorted(entries, reverse=True)[_KEPT:]:
            _forget(path)


def code_stamp() -> str:
    """A word that changes when the code of the domain does, so that no newer rule meets an older answer."""
    root = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "domain")
    newest = 0
    for folder in (root, os.path.join(root, "rules")):
        with os.scandir(folder) as found:
            newest = max(newest, *(entry.stat().st_mtime_ns for entry in found if entry.name.endswith(".py")))
    return f"{newest:x}"


def _is_ours(name: str) -> bool:
    """True for a name that `write` makes: a kind or the id of a tree, a dash, and what it is for."""
    kind, dash, rest = name.partition("-")
    tree = len(kind) in (40, 64) and not kind.strip("0123456789abcdef")
    return bool(dash and rest) and (kind in _KINDS or tree)


def _sum(name: str, body: bytes) -> bytes:
    """Four bytes that fit this body under this name: an entry that was torn, or copied to another name, has others."""
    return zlib.crc32(body, zlib.crc32(os.fsencode(name))).to_bytes(4, "big")


def _forget(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        return
