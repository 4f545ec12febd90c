"""What waits in the trash, and its end: deleted for good, or what kept it is told."""

from __future__ import annotations

import os

from holdfast.adapters import locks, registration
from holdfast.adapters import trash as trashed
from holdfast.domain.occupancy import FREE
from holdfast.domain.trash import FOLDER, Waiting, expired
from holdfast.domain.value import TYPE_CHECKING, NamedTuple
from holdfast.usecases import journal
from holdfast.usecases.worktrees import anchors, occupancy, trash_care, unfinished
from holdfast.usecases.worktrees.anchors import TRASH
from holdfast.usecases.worktrees.put_away import LOCK

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


def waiting(place: Workspace, emptying: bool = False) -> Trash:
    """What waits in the trash, with the size of each; with `emptying` what is being deleted, too."""
    policy = place.configurations.of_worktree().policy.trash
    known = trashed.read_all(place.state(TRASH), emptying)
    return Trash(tuple(Waiting(one, trashed.size(one.folder) if one.folder else 0) for one in known), policy)


def empty(place: Workspace, now: Moment, only_expired: bool, dry_run: bool) -> Emptied:
    """Delete what is in the trash for good, or only what has waited long enough, or is too much."""
    with locks.held(place.state(LOCK)):
        if not dry_run:
            unfinished.clear(place)
        found = waiting(place, emptying=True)
        if only_expired and not dry_run:
            trash_care.looked(place)
        chosen = expired(found.waiting, now, found.policy) if only_expired else list(found.waiting)
        chosen += [one for one in found.waiting if trashed.is_emptying(place.state(TRASH), one.removed.id)]
        kept = [(one, why) for one in dict.fromkeys(chosen) if (why := _held(place, one.removed))]
        gone = [one for one in dict.fromkeys(chosen) if all(one is not other for other, _ in kept)]
        if not dry_run:
            for one in gone:
                trashed.begin_emptying(place.state(TRASH), one.removed.id)
    if dry_run:
        return Emptied(tuple(gone), tuple(kept))
    # Nobody restores these any more, and nobody else shall wait until many files are deleted.
    tried = [(one, _delete(place, one.removed)) for one in gone]
    kept += [(one, why) for one, why in tried if why]
    return Emptied(tuple(one for one, why in tried if not why), tuple(kept))


def owner(place: Workspace, removed: Removed) -> str:
    """The common git folder of another repository that removed a worktree, of which this one is a copy; empty for ours.

    Its `.git` still leads to where git kept it. A repository that was moved has left no folder there.
    """
    common = os.path.dirname(os.path.dirname(registration.led_to(removed.folder))) if removed.folder else ""
    mine = os.path.realpath(place.repository.common_dir)
    return common if common and os.path.isdir(common) and os.path.realpath(common) != mine else ""


def _held(place: Workspace, removed: Removed) -> str:
    """Why a removed worktree must stay in the trash; empty where it can go."""
    folder = removed.folder
    if not folder:
        return ""
    if not os.path.lexists(folder):
        beside = os.path.dirname(os.path.dirname(folder))
        return "" if os.path.isdir(beside) else f"{beside} is not there: its disk may be away"
    if os.path.basename(os.path.dirname(folder)) != FOLDER or os.path.basename(folder) != removed.id:
        return f"{folder} is no place of the trash"
    theirs = owner(place, removed)
    if theirs:
        return f"it belongs to {theirs}, of which this repository is a copy"
    found = occupancy.one(place, folder)
    return "" if found.verdict == FREE else f"in use by {'; '.join(found.reasons)}"


def _delete(place: Workspace, removed: Removed) -> str:
    """Delete one removed worktree for good; why it stays, or nothing. Killed in between, the next time does the rest."""
    folder = removed.folder
    if folder and os.path.lexists(folder):
        try:
            trashed.delete(folder)
        except OSError as error:
            return f"{error.filename or folder}: {error.strerror}"
    if folder:
        trashed.leave_room(folder)
    anchors.drop(place, removed)
    trashed.forget(place.state(TRASH), removed.id)
    journal.note(place, "trash-emptied", branch=removed.branch, worktree=removed.path, trash=removed.id)
    return ""
