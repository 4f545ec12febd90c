"""What killed commands left of removals and restorations: undone or completed by whoever comes next."""

from __future__ import annotations

import contextlib
import os

from holdfast.adapters import files, trash
from holdfast.adapters.git import GitError
from holdfast.domain.value import TYPE_CHECKING
from holdfast.usecases import journal
from holdfast.usecases.worktrees import anchors, bring_back, put_away
from holdfast.usecases.worktrees.anchors import TRASH

if TYPE_CHECKING:
    from holdfast.domain.trash import Removed
    from holdfast.usecases.workspace import Workspace


def clear(place: Workspace) -> bool:
    """Undo or complete what killed commands left of removals and restorations; True when there was any.

    Whoever calls this holds the lock on all worktrees: then nobody is at work on any of it. A record without what git kept of
    the worktree is a removal that was not finished; a record that says so is a restoration.
    """
    records, changed = place.state(TRASH), False
    for id in left(place):
        with contextlib.suppress(OSError, GitError):  # what cannot be cleared now waits, and is in nobody's way
            _clear(place, records, id)
            changed = True
    return changed


def left(place: Workspace) -> list[str]:
    """The ids of removals and restorations that were begun and not finished; those under way, too, unless nobody is at work."""
    records = place.state(TRASH)
    return [
        id
        for id in files.names(records)
        if not trash.is_unreadable(records, id)
        and (trash.is_restoring(records, id) or not os.path.isdir(trash.registration(records, id)))
    ]


def unreadable(place: Workspace) -> list[str]:
    """The ids of removed worktrees whose record is there and cannot be read: nobody may take it for nothing."""
    records = place.state(TRASH)
    return [id for id in files.names(records) if trash.is_unreadable(records, id)]


def set_aside_unreadable(place: Workspace, kept: str) -> list[tuple[str, str]]:
    """Keep records that cannot be read, with all that is beside them, in the folder `kept`; from where and to where each went.

    Whoever calls this holds the lock on all worktrees.
    """
    paths = [os.path.join(place.state(TRASH), id) for id in unreadable(place)]
    return [(path, files.set_aside(path, kept)) for path in paths]


def _clear(place: Workspace, records: str, id: str) -> None:
    removed = trash.read(records, id)
    if removed is None:  # the record comes first and goes last: nothing else was done, or all of it
        trash.forget(records, id)
    elif trash.is_emptying(records, id):
        anchors.drop(place, removed)
        trash.forget(records, id)
    elif trash.is_restoring(records, id):
        if bring_back.finish(place, removed):
            _tell(place, "worktree-restored", removed)
    elif put_away.undo(place, removed):
        _tell(place, "worktree-removal-undone", removed)
    else:
        _tell(place, "worktree-removed", removed)


def _tell(place: Workspace, event: str, removed: Removed) -> None:
    journal.note(place, event, branch=removed.branch, worktree=removed.path, trash=removed.id, recovered=True)
