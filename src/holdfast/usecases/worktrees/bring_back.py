"""A worktree out of the trash, step by step: killed between any two, the next command completes it."""

from __future__ import annotations

import os

from holdfast.adapters import files, refs, registration, trash, worktrees
from holdfast.adapters.git import Git
from holdfast.adapters.refs import Update
from holdfast.domain.session import REMOVAL_REASON
from holdfast.domain.value import TYPE_CHECKING
from holdfast.usecases.worktrees import anchors
from holdfast.usecases.worktrees.anchors import TRASH
from holdfast.usecases.worktrees.put_away import registration_of, unhold

if TYPE_CHECKING:
    from holdfast.domain.trash import Removed
    from holdfast.usecases.workspace import Workspace


def bring_back(place: Workspace, removed: Removed) -> str | None:
    """Move a worktree out of the trash to where it was; None when it is there, else why it could not be, in words.

    Done a second time it does what is left to do. Whoever calls this holds the lock on all worktrees.
    """
    records = place.state(TRASH)
    trash.begin_restoring(records, removed.id)
    kept, registered = trash.registration(records, removed.id), registration_of(place, removed)
    try:
        if os.path.isdir(kept):
            registration.hold(kept, REMOVAL_REASON)  # until it is whole again nobody shall take it for one that is gone
            if os.path.lexists(registered):
                registered = _free(registered)
            os.makedirs(os.path.dirname(registered), exist_ok=True)
            os.rename(kept, registered)
        else:
            registered = registration.of(place.repository.common_dir, removed.path) or registered
        if removed.folder and os.path.isdir(removed.folder):
            os.makedirs(os.path.dirname(removed.path), exist_ok=True)
            os.rename(removed.folder, removed.path)
        if removed.folder:
            trash.leave_room(removed.folder)
        if os.path.isdir(removed.path) and not registration.leads_to(removed.path, registered):
            registration.lead_to(removed.path, registered)
    except OSError as error:
        return f"{error.filename or removed.path}: {error.strerror}"
    return None


def attach(place: Workspace, removed: Removed, moves: bool = True) -> str:
    """Put a restored worktree on its branch, as far as that is what it was; what is different now, in words.

    A branch that is gone is made again where it was; one that moved on, or is checked out elsewhere, is left alone: then the
    worktree stands on its commit and on no branch, unless nothing `moves` any more because its owner may have.
    """
    if removed.branch is None or not removed.head:
        return ""
    name, git = refs.HEADS + removed.branch, anchors.git_of(place)
    now = refs.read(git, name).get(name)
    elsewhere = _checked_out(git, removed)
    if now is None and elsewhere is None:
        said = _branch_again(place, git, removed, name)
        if said is None:
            return f"branch {removed.branch} was gone, and is there again"
        why = f"cannot be made again ({said})"
    elif now == removed.head and elsewhere is None:
        return ""
    else:
        why = f"is checked out in {elsewhere}" if elsewhere is not None else "has moved on"
    if not moves or not os.path.isdir(removed.path):
        return f"branch {removed.branch} {why}"
    Git(removed.path, place.environment).run(
        "update-ref", "-m", "holdfast: restored", "--no-deref", "HEAD", removed.head
    )
    return f"branch {removed.branch} {why}: the worktree stands on {removed.head[:9]}, where it was, and on no branch"


def done(place: Workspace, removed: Removed) -> None:
    """Forget that a worktree was in the trash: it is whole again, and keeps its own objects."""
    if removed.folder:
        trash.leave_room(removed.folder)
    registered = registration.of(place.repository.common_dir, removed.path)
    if registered is not None:
        unhold(registered)
    anchors.drop(place, removed)
    trash.forget(place.state(TRASH), removed.id)


def stay_in_trash(place: Workspace, removed: Removed) -> None:
    """Take back a restoration that could not be: what is not where it was, waits in the trash again."""
    kept, registered = trash.registration(place.state(TRASH), removed.id), registration_of(place, removed)
    in_trash = not removed.folder or os.path.isdir(removed.folder)
    if in_trash and not os.path.isdir(kept) and registration.lock_of(registered) == REMOVAL_REASON:
        os.rename(registered, kept)
    if in_trash:
        trash.end_restoring(place.state(TRASH), removed.id)


def finish(place: Workspace, removed: Removed) -> bool:
    """Complete a restoration. Where the worktree was back already, or somebody ended it since, it is its owner's again.

    False where it cannot be completed now.
    """
    in_trash = is_in_trash(place, removed)
    if in_trash and bring_back(place, removed) is not None:
        return False
    registered = registration.of(place.repository.common_dir, removed.path)
    if registered is not None and (in_trash or registration.lock_of(registered) == REMOVAL_REASON):
        attach(place, removed, in_trash)
    done(place, removed)
    return True


def is_in_trash(place: Workspace, removed: Removed) -> bool:
    """True while anything of a removed worktree waits in the trash."""
    kept = os.path.isdir(trash.registration(place.state(TRASH), removed.id))
    return kept or bool(removed.folder and os.path.isdir(removed.folder))


def _branch_again(place: Workspace, git: Git, removed: Removed, name: str) -> str | None:
    """Make a deleted branch again, with its configuration and its reflog; None when it is there, else what git said."""
    settings, reflog = trash.kept_branch(place.state(TRASH), removed.id)
    said = refs.transact(git, [Update(name, removed.head, None)], "holdfast: worktree restored")
    if said is not None:
        return said.splitlines()[-1].removeprefix("fatal: ")
    for key, value in settings.items():
        git.attempt("config", "--local", key, value)
    log = os.path.join(place.repository.common_dir, "logs", *name.split("/"))
    if reflog and os.path.isfile(log):
        files.put(log, files.State(reflog))
    return None


def _checked_out(git: Git, removed: Removed) -> str | None:
    """The worktree, but for the restored one, that stands on its branch."""
    mine = os.path.realpath(removed.path)
    others = (one for one in worktrees.read(git) if one.branch == removed.branch and os.path.realpath(one.path) != mine)
    return next((one.path for one in others), None)


def _free(path: str) -> str:
    """A name for a registration that another worktree has not taken meanwhile, as git makes them."""
    number = 1
    while os.path.lexists(f"{path}{number}"):
        number += 1
    return f"{path}{number}"
