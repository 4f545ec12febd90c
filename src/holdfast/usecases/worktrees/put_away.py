"""A worktree into the trash, step by step: killed between any two, the next command undoes or completes it."""

from __future__ import annotations

import contextlib
import errno
import os

from holdfast.adapters import registration, trash
from holdfast.adapters.git import GitError
from holdfast.domain.blockers import blocker
from holdfast.domain.session import REMOVAL_REASON
from holdfast.domain.value import TYPE_CHECKING
from holdfast.usecases.worktrees import anchors
from holdfast.usecases.worktrees.anchors import TRASH

if TYPE_CHECKING:
    from collections.abc import Callable

    from holdfast.domain.condition import Condition
    from holdfast.domain.problem import Problem
    from holdfast.domain.trash import Removed
    from holdfast.usecases.workspace import Workspace

LOCK = "worktrees.lock"
"""The lock that whoever removes or restores a worktree holds for as long."""


def put_away(place: Workspace, one: Condition, removed: Removed, again: Callable[[], Problem | None]) -> Problem | None:
    """Move a worktree into the trash; None when it is there, else why everything is as it was.

    `again` looks a second time who is inside, when the folder has its new name: a process that is in keeps it, and nobody
    can come in by the old one. Whoever calls this holds the lock on all worktrees.
    """
    if not removed.name:
        return _unmovable(removed, "git keeps nothing of it")
    problem = _moved(place, one, removed, again)
    if problem is not None:
        with contextlib.suppress(OSError, GitError):  # what cannot be taken back now, the next command takes back
            if not undo(place, removed):
                return None  # something new stands where it was: it is in the trash, and whole
    return problem


def _moved(place: Workspace, one: Condition, removed: Removed, again: Callable[[], Problem | None]) -> Problem | None:
    """The steps, each of which leaves what `undo` can take back."""
    registered = registration_of(place, removed)
    records = place.state(TRASH)
    try:
        trash.write(records, removed)
        said = anchors.keep(place, one, removed, registered)
        if said is not None:
            return _unmovable(removed, f"what is in it cannot be kept from `git gc`: {said}")
        registration.hold(registered, REMOVAL_REASON)
        if removed.folder:
            trash.make_room(removed.folder)
            os.rename(removed.path, removed.folder)
            problem = again()
            if problem is not None:
                return problem
        if registration.stamp(registered) != one.stamp:
            message = f"{removed.path} changed while it was removed: somebody ran git there"
            return blocker("worktree-changed", removed.path, message)
        os.rename(registered, trash.registration(records, removed.id))
    except OSError as error:
        return _unmovable(removed, f"{error.filename or removed.path}: {error.strerror}")
    except GitError as error:
        return _unmovable(removed, f"what is in it cannot be kept from `git gc`: {error}")
    return None


def undo(place: Workspace, removed: Removed) -> bool:
    """Take back a removal that was not finished; False where it stands all the same: something else is where it was.

    `OSError` where it can be neither.
    """
    registered = registration_of(place, removed)
    if removed.folder and os.path.isdir(removed.folder):
        if registration.leads_to(removed.path, registered):
            raise OSError(errno.EEXIST, "another worktree was made there under its name", removed.path)
        if os.path.lexists(removed.path):
            os.rename(registered, trash.registration(place.state(TRASH), removed.id))
            return False
        os.rename(removed.folder, removed.path)
    if removed.folder and not os.path.isdir(removed.path):
        raise OSError(errno.ENOENT, "neither there nor in the trash: its disk may be away", removed.path)
    if removed.folder:
        trash.leave_room(removed.folder)
    unhold(registered)
    anchors.drop(place, removed)
    trash.forget(place.state(TRASH), removed.id)
    return True


def unhold(registered: str) -> None:
    """Take our lock off a worktree that is whole again, and what a killed process left of writing it."""
    if registration.lock_of(registered) == REMOVAL_REASON:
        registration.release(registered)
    registration.sweep(registered)


def registration_of(place: Workspace, removed: Removed) -> str:
    """Where git kept, or keeps, what it knows of a removed worktree."""
    return os.path.join(place.repository.common_dir, "worktrees", removed.name)


def registered_name(place: Workspace, path: str) -> str:
    """The name under which git keeps what it knows of the worktree at a path."""
    return os.path.basename(registration.of(place.repository.common_dir, path) or "")


def _unmovable(removed: Removed, why: str) -> Problem:
    return blocker("worktree-unmovable", removed.path, f"{removed.path} cannot be moved into the trash: {why}")
