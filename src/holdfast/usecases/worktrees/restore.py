"""Restore a removed worktree: folder, what git kept of it, branch, git's index and files, exactly as they were."""

from __future__ import annotations

import contextlib
import os
from shlex import quote

from holdfast.adapters import locks, registration, trash
from holdfast.adapters.git import GitError
from holdfast.adapters.refs import HEADS, REMOTES
from holdfast.domain.blockers import blocker
from holdfast.domain.condition import commits
from holdfast.domain.trash import newest
from holdfast.domain.value import TYPE_CHECKING, NamedTuple
from holdfast.usecases import journal, surroundings, worker
from holdfast.usecases.worktrees import bring_back, unfinished
from holdfast.usecases.worktrees.anchors import TRASH
from holdfast.usecases.worktrees.put_away import LOCK
from holdfast.usecases.worktrees.removal import plan_of
from holdfast.usecases.worktrees.trash import owner

if TYPE_CHECKING:
    from holdfast.domain.problem import Problem
    from holdfast.domain.trash import Removed
    from holdfast.usecases.surroundings import Ground
    from holdfast.usecases.workspace import Workspace

RESTORED, REFUSED = "restored", "refused"


class Restored(NamedTuple):
    """How it ended: what was brought back, what changed since it was removed, or what speaks against it."""

    result: str
    removed: Removed | None = None
    notes: tuple[str, ...] = ()
    blockers: tuple[Problem, ...] = ()


def restore(place: Workspace, name: str, path: str, dry_run: bool = False) -> Restored:
    """Bring back what was removed last under a branch's name, an id of the trash, or at a `path`."""
    with locks.held(place.state(LOCK)):
        if not dry_run:
            unfinished.clear(place)
        ground = surroundings.of(place)
        removed = newest(trash.read_all(place.state(TRASH)), name, path, ground.policy.claims.branch)
        if removed is None:
            return Restored(REFUSED, blockers=(blocker("trash-unknown", name, f"nothing of {name} is in the trash"),))
        problems = _blockers(place, ground, removed)
        if problems:
            return Restored(REFUSED, removed, blockers=tuple(problems))
        if dry_run:
            return Restored(RESTORED, removed)
        return _restored(place, ground, removed)


def _restored(place: Workspace, ground: Ground, removed: Removed) -> Restored:
    notes = changes(place, ground, removed)
    said = bring_back.bring_back(place, removed)
    if said is not None:
        with contextlib.suppress(OSError):
            bring_back.stay_in_trash(place, removed)
        message = f"{removed.path} could not be brought back: {said}"
        return Restored(REFUSED, removed, blockers=(blocker("worktree-unmovable", removed.path, message),))
    branch = bring_back.attach(place, removed)
    bring_back.done(place, removed)
    actor = worker.of(place.environment, ground.settings).owner
    journal.note(
        place,
        "worktree-restored",
        plan=plan_of(ground, removed.branch),
        branch=removed.branch,
        worktree=removed.path,
        actor=actor,
        trash=removed.id,
    )
    gone = (
        "its folder was gone when it was removed: `git worktree repair PATH` when it is found"
        if not removed.folder
        else ""
    )
    return Restored(RESTORED, removed, tuple(note for note in (branch, *notes, gone) if note))


def _blockers(place: Workspace, ground: Ground, removed: Removed) -> list[Problem]:
    found = []
    theirs = owner(place, removed)
    if theirs:
        found.append(blocker("trash-theirs", removed.path, f"{removed.path} belongs to {theirs}"))
    if os.path.lexists(removed.path):
        message = f"something else stands at {removed.path}"
        found.append(blocker("restore-occupied", removed.path, message))
    other = registration.of(place.repository.common_dir, removed.path)
    if other is not None and not os.path.lexists(removed.path):
        message = f"git keeps another worktree at {removed.path}, whose folder is gone"
        found.append(blocker("restore-occupied", removed.path, message, "`git worktree prune`, then run it again"))
    if removed.folder and not os.path.isdir(removed.folder):
        message = f"the files of {removed.path} are not at {removed.folder} any more"
        there = removed.branch is not None and HEADS + removed.branch in ground.refs
        from_ = quote(removed.branch or "") if there else removed.head
        way = f"its commits are kept: `git worktree add {quote(removed.path)} {from_}`"
        found.append(blocker("trash-damaged", removed.path, message, way))
    return found


def changes(place: Workspace, ground: Ground, removed: Removed) -> tuple[str, ...]:
    """What happened since a worktree was removed, as far as it concerns whoever goes on there."""
    found = []
    mains = (HEADS + ground.main, f"{REMOTES}{ground.remote}/{ground.main}")
    main = next((ground.refs[name] for name in reversed(mains) if name in ground.refs), None)
    if main is not None and removed.head:
        try:
            since = place.git.text("rev-list", "--count", f"--since={removed.at}", f"{removed.head}..{main}")
        except GitError:
            since = "0"
        if int(since):
            found.append(f"{ground.main} has {commits(int(since))} more than when it was removed")
    if removed.branch is not None and ground.remote is not None:
        there = ground.refs.get(f"{REMOTES}{ground.remote}/{removed.branch}")
        if there is not None and removed.head and there != removed.head:
            found.append(f"{removed.branch} is another commit on {ground.remote}: {there[:9]}")
    return tuple(found)
