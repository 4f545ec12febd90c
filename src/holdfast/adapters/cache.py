"""Content-addressed memory in the git common directory: safe to delete, ignored when unreadable."""

from __future__ import annotations

import os
import zlib

_KEPT = 48
_MAGIC = b"holdfast cache 1\n"


class Cache:
    """Byte strings by name in one folder. Reading never fails, it finds nothing; writing never fails, it forgets."""

    __slots__ = ("folder",)

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def read(self, name: str) -> bytes | None:
        """What was written under `name`, or None when it is absent, torn or not ours."""
        try:
            with open(os.path.join(self.folder, name), "rb") as file:
                if not os.path.isfile(file.fileno()):
                    return None
                raw = file.read()
        except OSError:
            return None
        if not raw.startswith(_MAGIC) or len(raw) < len(_MAGIC) + 4:
            return None
        body = raw[len(_MAGIC) + 4 :]
        return body if zlib.crc32(body).to_bytes(4, "big") == raw[len(_MAGIC) : len(_MAGIC) + 4] else None

    def write(self, name: str, body: bytes) -> None:
        """Keep `body` under `name`, whole or not at all: written aside, then renamed."""
        try:
            os.makedirs(self.folder, exist_ok=True)
            path = os.path.join(self.folder, f".new-{os.getpid()}-{os.urandom(4).hex()}")
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        except OSError:
            return
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(_MAGIC + zlib.crc32(body).to_bytes(4, "big") + body)
            os.replace(path, os.path.join(self.folder, name))
        except OSError:
            _forget(path)
        self._prune()

    def _prune(self) -> None:
        """Drop the oldest entries once there are many."""
        try:
            with os.scandir(self.folder) as found:
                entries = [(entry.stat(follow_symlinks=False).st_mtime_ns, entry.path) for entry in found]
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


def _forget(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        return
