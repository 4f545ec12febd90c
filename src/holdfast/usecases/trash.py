"""What waits in the trash, and its end: deleted for good, or what kept it is told."""

from __future__ import annotations

import os

from holdfast.adapters import locks
from holdfast.adapters import trash as trashed
from holdfast.domain.occupancy import FREE
from holdfast.domain.trash import FOLDER, Waiting, expired
from holdfast.domain.value import TYPE_CHECKING, NamedTuple
from holdfast.usecases import journal, occupancy, put_away
from holdfast.usecases.put_away import LOCK, TRASH

if TYPE_CHECKING:
    from holdfast.domain.moment import Moment
    from holdfast.domain.policy import TrashPolicy
    from holdfast.domain.trash import Removed
    from holdfast.usecases.workspace import Workspace


class Trash(NamedTuple):
    """What waits, oldest first, and the policy that says until when."""

    waiting: tuple[Waiting, ...]
    policy: TrashPolicy

    @property
    def size(self) -> int:
        """How many bytes all of it takes."""
        return sum(one.size or 0 for one in self.waiting)


class Emptied(NamedTuple):
    """What was deleted for good, and what could not be, each with the reason."""

    gone: tuple[Waiting, ...]
    kept: tuple[tuple[Waiting, str], ...]


def waiting(place: Workspace) -> Trash:
    """What waits in the trash, with the size of each."""
    policy = place.configurations.of_worktree().policy.trash
    known = trashed.read_all(place.state(TRASH))
    return Trash(tuple(Waiting(one, trashed.size(one.folder) if one.folder else 0) for one in known), policy)


def empty(place: Workspace, now: Moment, only_expired: bool, dry_run: bool) -> Emptied:
    """Delete what is in the trash for good, or only what has waited long enough, or is too much."""
    with locks.held(place.state(LOCK)):
        if not dry_run:
            put_away.unfinished(place)
        found = waiting(place)
        chosen = expired(found.waiting, now, found.policy) if only_expired else list(found.waiting)
        gone, kept = [], []
        for one in chosen:
            why = "" if dry_run else _delete(place, one.removed)
            if why:
                kept.append((one, why))
            else:
                gone.append(one)
    return Emptied(tuple(gone), tuple(kept))


def _delete(place: Workspace, removed: Removed) -> str:
    """Delete one removed worktree for good; why it stays, or nothing. Killed in between, the next time does the rest."""
    folder = removed.folder
    if folder and os.path.lexists(folder):
        if os.path.basename(os.path.dirname(folder)) != FOLDER or os.path.basename(folder) != removed.id:
            return f"{folder} is no place of the trash"
        found = occupancy.one(place, folder)
        if found.verdict != FREE:
            return f"in use by {'; '.join(found.reasons)}"
        try:
            trashed.delete(folder)
        except OSError as error:
            return f"{error.filename or folder}: {error.strerror}"
    if folder:
        trashed.leave_room(folder)
    put_away.drop_anchors(place, removed)
    trashed.forget(place.state(TRASH), removed.id)
    journal.note(place, "trash-emptied", branch=removed.branch, worktree=removed.path, trash=removed.id)
    return ""
