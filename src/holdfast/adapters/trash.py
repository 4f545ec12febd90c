"""The trash on disk: a record and a registration in the common git folder, and the files beside where they were."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import stat

from holdfast.adapters import files
from holdfast.adapters.files import State
from holdfast.domain.moment import Moment
from holdfast.domain.trash import FOLDER, Removed
from holdfast.domain.value import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

_RECORD, _REGISTRATION, _RESTORING, _EMPTYING = "record.json", "registration", "restoring", "emptying"
_KEEPER = ".git"
_BRANCH = "branch.json"
_FAMILY = "holdfast.trash/"
_SCHEMA = f"{_FAMILY}1"
_LARGEST = 1_000_000


def registration(folder: str, id: str) -> str:
    """Where what git kept of a removed worktree waits."""
    return os.path.join(folder, id, _REGISTRATION)


def place_beside(path: str, id: str) -> str:
    """Where the files of the worktree at a path shall wait: on its own file system, so that moving them is a rename."""
    return os.path.join(os.path.dirname(path), FOLDER, id)


def make_room(target: str) -> None:
    """Make the folder above a place in the trash. `OSError` where that cannot be.

    An empty repository is in it: so `git clean -fdx` passes it over, as it does live worktrees.
    """
    above = os.path.dirname(target)
    for name in ("objects", "refs"):
        os.makedirs(os.path.join(above, _KEEPER, name), exist_ok=True)
    head = os.path.join(above, _KEEPER, "HEAD")
    if not os.path.lexists(head):
        files.put(head, State(b"ref: refs/heads/trash\n"))


def leave_room(target: str) -> None:
    """Take that folder away again when nothing waits in it."""
    above = os.path.dirname(target)
    if os.path.basename(above) == FOLDER and files.names(above) in ([], [_KEEPER]):
        with contextlib.suppress(OSError):
            files.remove_tree(os.path.join(above, _KEEPER))
        files.remove_if_empty(above)


def write(folder: str, one: Removed, durable: bool = True) -> None:
    """Write the record of a removed worktree; a `durable` one is on the disk when this returns."""
    text = json.dumps({"schema": _SCHEMA, **one._asdict()}, indent=1) + "\n"
    files.put(os.path.join(folder, one.id, _RECORD), State(text.encode()), durable)


def read_all(folder: str, emptying: bool = False) -> tuple[Removed, ...]:
    """Everything that has a record and is removed, oldest first; with `emptying` what is being deleted, too.

    What is no record is passed over.
    """
    found = [_read(os.path.join(folder, name, _RECORD), name) for name in files.names(folder)]
    there = [one for one in found if one is not None and os.path.isdir(registration(folder, one.id))]
    whole = [one for one in there if emptying or not is_emptying(folder, one.id)]
    return tuple(sorted(whole, key=lambda one: (one.at, one.id)))


def read(folder: str, id: str) -> Removed | None:
    """The record of that id, whether the removal was finished or not."""
    return _read(os.path.join(folder, id, _RECORD), id)


def is_unreadable(folder: str, id: str) -> bool:
    """True for a record that is there and is no record of any version: torn, or another's. One that may not be read is none."""
    path = os.path.join(folder, id, _RECORD)
    return read(folder, id) is None and files.is_torn_json(path, _FAMILY)


def begin_restoring(folder: str, id: str) -> None:
    """Write down that a removed worktree is being brought back."""
    files.put(os.path.join(folder, id, _RESTORING), State(b""))


def begin_emptying(folder: str, id: str) -> None:
    """Write down that a removed worktree is being deleted for good."""
    files.put(os.path.join(folder, id, _EMPTYING), State(b""))


def end_restoring(folder: str, id: str) -> None:
    """Write down that a removed worktree stays in the trash after all."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(os.path.join(folder, id, _RESTORING))


def is_emptying(folder: str, id: str) -> bool:
    """True for a removed worktree that somebody began to delete for good."""
    return os.path.lexists(os.path.join(folder, id, _EMPTYING))


def is_restoring(folder: str, id: str) -> bool:
    """True for a removed worktree that somebody began to bring back."""
    return os.path.lexists(os.path.join(folder, id, _RESTORING))


def forget(folder: str, id: str) -> None:
    """Remove what git kept of a removed worktree, and then the record, with whatever a killed command left beside it."""
    files.remove_tree(registration(folder, id))
    there = files.names(os.path.join(folder, id))
    # The record goes last but for what says why it goes: killed in between, the next command knows what to finish.
    for name in sorted(there, key=lambda name: ({_RECORD: 1, _RESTORING: 2, _EMPTYING: 2}.get(name, 0), name)):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(os.path.join(folder, id, name))
    files.remove_if_empty(os.path.join(folder, id))


def delete(path: str) -> None:
    """Delete a tree of files for good, folders without the permission to do so among them; `OSError` for what stays.

    Nothing is deleted where another file system is mounted inside.
    """
    device = os.lstat(path).st_dev
    for top, folders, _ in os.walk(path):
        for name in folders:
            at = os.path.join(top, name)
            if os.lstat(at).st_dev != device:
                raise OSError(errno.EXDEV, "another file system is mounted there", at)
            if not os.path.islink(at) and not os.access(at, os.R_OK | os.W_OK | os.X_OK):
                os.chmod(at, stat.S_IRWXU)
    files.remove_tree(path)


def keep_branch(folder: str, id: str, settings: Mapping[str, str], reflog: bytes | None) -> None:
    """Keep what git's configuration and reflog say of a branch that is about to be deleted."""
    text = json.dumps({"settings": dict(settings), "reflog": (reflog or b"").decode("utf-8", "surrogateescape")})
    files.put(os.path.join(folder, id, _BRANCH), State(text.encode()))


def kept_branch(folder: str, id: str) -> tuple[dict[str, str], bytes]:
    """What was kept of a branch: its configuration, and its reflog; nothing where nothing was."""
    try:
        data: Any = json.loads(files.read_regular(os.path.join(folder, id, _BRANCH)) or b"")
        return {str(key): str(value) for key, value in data["settings"].items()}, data["reflog"].encode(
            "utf-8", "surrogateescape"
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}, b""


def size(path: str) -> int:
    """How many bytes a tree of files takes on the disk."""
    total = 0
    folders = [path]
    for folder in folders:  # grows while it is walked
        try:
            with os.scandir(folder) as found:
                for entry in found:
                    known = entry.stat(follow_symlinks=False)
                    total += known.st_blocks * 512
                    if stat.S_ISDIR(known.st_mode):
                        folders.append(entry.path)
        except OSError:
            continue
    return total


def _read(path: str, id: str) -> Removed | None:
    try:
        data: Any = json.loads(files.read_regular(path, _LARGEST) or b"")
        if data.pop("schema") != _SCHEMA or data["id"] != id:
            return None
        texts = (data["path"], data["head"], data["name"], data["folder"], data["by"], data["outcome"])
        if not all(isinstance(one, str) for one in texts) or not isinstance(data["branch"], str | None):
            return None
        if data["name"] in ("", ".", "..") or os.path.basename(data["name"]) != data["name"]:
            return None  # it becomes a part of a path
        return Removed(**{**data, "at": Moment(int(data["at"]))})
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError):
        return None
