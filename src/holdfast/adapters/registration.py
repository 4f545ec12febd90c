"""What git keeps of a linked worktree in the common folder: its HEAD, index, operations, reflog, lock (gitrepository-layout)."""

from __future__ import annotations

import contextlib
import os

from holdfast.adapters import files
from holdfast.adapters.git import decode, encode

_LARGEST = 4 * 1024 * 1024
_OPERATIONS = {
    "rebase-merge": "a rebase", "rebase-apply": "a rebase", "sequencer": "a sequence of picks", "MERGE_HEAD": "a merge",
    "CHERRY_PICK_HEAD": "a cherry-pick", "REVERT_HEAD": "a revert", "BISECT_LOG": "a bisection",
}  # fmt: skip
"""What git keeps in a worktree's git folder while an operation is under way."""


def every(common_dir: str) -> dict[str, str]:
    """The folders in which git keeps what it knows of linked worktrees, by the path of each worktree; one pass for all."""
    registered, found = os.path.join(common_dir, "worktrees"), {}
    for name in files.names(registered):
        folder = os.path.join(registered, name)
        where = _pointer(os.path.join(folder, "gitdir"))
        if where:
            found[os.path.dirname(os.path.normpath(os.path.join(folder, where)))] = folder
    return found


def of(common_dir: str, path: str) -> str | None:
    """The folder in which git keeps what it knows of the worktree at a path, or None."""
    return next(iter(all_of(common_dir, path)), None)


def all_of(common_dir: str, path: str) -> list[str]:
    """The folders in which git keeps what it knows of the worktree at a path.

    Before it says where the worktree is, the name of the folder is all that tells.
    """
    pointer, registered, found = os.path.join(path, ".git"), os.path.join(common_dir, "worktrees"), []
    for name in files.names(registered):
        folder = os.path.join(registered, name)
        where = _pointer(os.path.join(folder, "gitdir"))
        if os.path.normpath(os.path.join(folder, where)) == pointer if where else name == os.path.basename(path):
            found.append(folder)
    return found


def leads_to(path: str, folder: str) -> bool:
    """True where the file `.git` of a worktree leads to that registration; git in it would work on another one otherwise."""
    where = _pointer(os.path.join(path, ".git")).removeprefix("gitdir: ")
    return bool(where) and os.path.realpath(os.path.join(path, where)) == os.path.realpath(folder)


def led_to(path: str) -> str:
    """The folder that the file `.git` in a folder leads to; empty where there is no such file."""
    where = _pointer(os.path.join(path, ".git"))
    return os.path.normpath(os.path.join(path, where.removeprefix("gitdir: "))) if where.startswith("gitdir: ") else ""


def lead_to(path: str, folder: str) -> None:
    """Let the file `.git` of a worktree lead to a registration, and that to the worktree."""
    files.put(os.path.join(path, ".git"), files.State(encode(f"gitdir: {folder}\n")))
    files.put(os.path.join(folder, "gitdir"), files.State(encode(os.path.join(path, ".git") + "\n")))


def initializing(folder: str) -> bool:
    """True for a worktree that git has begun to make and not finished: it keeps it locked so long."""
    return lock_of(folder) == "initializing"


def lock_of(folder: str) -> str | None:
    """The reason why a worktree is locked, or None for one that is not."""
    said = files.read(os.path.join(folder, "locked"))
    return decode(said).strip() if said is not None else None


def hold(folder: str, reason: str) -> None:
    """Lock a worktree under git's own name for that: no `git worktree prune` ends it meanwhile. What was there is replaced."""
    files.put(os.path.join(folder, "locked"), files.State(encode(reason)))


def release(folder: str) -> None:
    """Take the lock off."""
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        os.unlink(os.path.join(folder, "locked"))


def sweep(folder: str) -> None:
    """Remove what killed processes of ours left of writing files there."""
    for name in files.names(folder):
        if name.endswith(files.NEW):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(os.path.join(folder, name))


def operation(git_dir: str) -> str | None:
    """The operation that is under way in a worktree, in words, or None."""
    return next((what for name, what in _OPERATIONS.items() if os.path.lexists(os.path.join(git_dir, name))), None)


def holds_submodules(folder: str) -> bool:
    """True for a worktree with submodules: their repositories are in its registration, and know where the worktree is."""
    return bool(files.names(os.path.join(folder, "modules")))


def remembered(folder: str) -> tuple[str, ...]:
    """The ids of all objects that only this worktree may remember: by its reflog, its operations and its own refs."""
    log = _tail(os.path.join(folder, "logs", "HEAD"))
    found = dict.fromkeys(ids_in(log))
    for path in _memories(folder):
        found |= dict.fromkeys(oid.decode() for oid in _ids(files.read_regular(path, _LARGEST) or b""))
    return tuple(oid for oid in found if oid.strip("0"))


def reflog_of(common_dir: str, branch: str) -> bytes:
    """The reflog of a branch, or as much of its end as is sensible; empty where there is none."""
    return _tail(os.path.join(common_dir, "logs", "refs", "heads", *branch.split("/")))


def ids_in(reflog: bytes) -> tuple[str, ...]:
    """The ids that a reflog names."""
    words = dict.fromkeys(word for line in reflog.split(b"\n") for word in line.split(b" ", 2)[:2])
    return tuple(oid.decode() for oid in words if len(oid) in (40, 64) and oid.strip(b"0"))


def stamp(folder: str) -> tuple[object, ...]:
    """What changes whenever git changes what it keeps of a worktree: by a commit, a checkout, an `add`."""
    found: list[object] = []
    for name in ("HEAD", "index", os.path.join("logs", "HEAD")):
        try:
            known = os.lstat(os.path.join(folder, name))
        except OSError:
            found.append(None)
        else:
            found.append((known.st_ino, known.st_size, known.st_mtime_ns))
    return tuple(found)


def branch_under_way(git_dir: str) -> str | None:
    """The branch that a paused rebase or a bisection in a worktree will go back to; git lists such a worktree as on none."""
    for name in ("rebase-merge/head-name", "rebase-apply/head-name", "BISECT_START"):
        said = decode(files.read_regular(os.path.join(git_dir, name), 65_536) or b"").strip()
        if said:
            return said.removeprefix("refs/heads/")
    return None


def may_hold_gitlinks(folder: str) -> bool:
    """False where git's index certainly holds no submodule: no entry of it has their mode (gitformat-index)."""
    names = [name for name in files.names(folder) if name == "index" or name.startswith("sharedindex.")]
    return any(b"\x00\x00\xe0\x00" in (files.read_regular(os.path.join(folder, name)) or b"") for name in names)


def _tail(path: str) -> bytes:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return b""
    with os.fdopen(handle, "rb") as file:
        size = os.fstat(handle).st_size
        file.seek(max(0, size - _LARGEST))
        return file.read()


def _ids(text: bytes) -> list[bytes]:
    """The whole ids in what git wrote about an operation."""
    import re  # only where one is under way

    return re.findall(rb"(?<![0-9a-f])(?:[0-9a-f]{64}|[0-9a-f]{40})(?![0-9a-f])", text)


def _memories(folder: str) -> list[str]:
    found = [
        os.path.join(folder, name) for name in files.names(folder) if name.endswith("_HEAD") or name == "AUTO_MERGE"
    ]
    for name in ("rebase-merge", "rebase-apply", "sequencer", "refs"):
        for at, _, held in os.walk(os.path.join(folder, name)):
            found += [os.path.join(at, one) for one in held]
    return found


def _pointer(path: str) -> str:
    return decode(files.read_regular(path, 65_536) or b"").rstrip("\n")
