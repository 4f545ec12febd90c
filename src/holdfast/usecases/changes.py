"""Has anything changed since: a word for what a status rests on, from the dates of a few files and folders."""

from __future__ import annotations

import os
import zlib

from holdfast.adapters import files
from holdfast.domain.policy import FILES
from holdfast.domain.value import TYPE_CHECKING
from holdfast.usecases.finish.record import FOLDER
from holdfast.usecases.recover import folder as begun
from holdfast.usecases.workspace import PUT_OFF

if TYPE_CHECKING:
    from collections.abc import Iterator

    from holdfast.usecases.workspace import Workspace

Word = tuple[tuple[str, int, int], ...]

_SHARED = ("HEAD", "index", "packed-refs", "config", "FETCH_HEAD", "reftable/tables.list", "refs/stash")
_OWN = ("HEAD", "index", "MERGE_HEAD", "REBASE_HEAD", "CHERRY_PICK_HEAD", "locked")


def word(place: Workspace) -> Word:
    """The dates and sizes of what changes when git or Holdfast do something.

    A ref that moves changes the date of its folder: git writes a lock beside it and renames that.
    """
    common = place.repository.common_dir
    paths = [os.path.join(common, name) for name in _SHARED]
    for name in files.names(os.path.join(common, "worktrees")):
        paths += [os.path.join(common, "worktrees", name, one) for one in _OWN]
    paths += _folders(os.path.join(common, "refs"))
    paths += [place.state("journal.jsonl"), begun(place), place.state(FOLDER)]
    sessions = place.state("sessions")
    paths += [sessions, place.state(PUT_OFF), place.state("trash"), *(os.path.join(place.top, name) for name in FILES)]
    names = files.names(sessions)
    paths += [os.path.join(sessions, name) for name in names if not name.endswith(".beat")]
    beats = [_said(os.path.join(sessions, name)) for name in names if name.endswith(".beat")]
    return (*beats, *(found for path in paths if (found := _stamp(path)) is not None))


def of_plans(place: Workspace, folders: tuple[str, ...]) -> Word:
    """The dates and sizes of plan files, which an editor changes without anybody's help; there may be thousands."""
    found = []
    for folder in folders:
        try:
            with os.scandir(os.path.join(place.top, folder)) as entries:
                known = [(one.path, one.stat(follow_symlinks=False)) for one in entries]
        except OSError:
            continue
        found += [(path, stat.st_mtime_ns, stat.st_size) for path, stat in known]
    return tuple(found)


def _folders(top: str) -> Iterator[str]:
    for folder, _, _ in os.walk(top):
        yield folder


def _said(path: str) -> tuple[str, int, int]:
    """What a session said that it is doing: its heartbeat alone is no change."""
    said = files.read_regular(path, 65_536) or b""
    return path, zlib.crc32(said), len(said)


def _stamp(path: str) -> tuple[str, int, int] | None:
    try:
        found = os.lstat(path)
    except OSError:
        return None
    return path, found.st_mtime_ns, found.st_size
