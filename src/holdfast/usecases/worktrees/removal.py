"""Remove a worktree: observe, decide, then a rename that can be taken back; what it held waits in the trash."""

from __future__ import annotations

import os
from shlex import quote

from holdfast.adapters import locks, processes, registration
from holdfast.adapters import trash as trashed
from holdfast.adapters.refs import REMOTES
from holdfast.domain import removal, trash
from holdfast.domain.blockers import blocker
from holdfast.domain.branch_name import plan_number
from holdfast.domain.condition import GONE, named
from holdfast.domain.moment import Moment
from holdfast.domain.occupancy import FREE, without
from holdfast.domain.problem import Problem
from holdfast.domain.removal import DELETED, KEPT, Force
from holdfast.domain.trash import Removed
from holdfast.domain.value import TYPE_CHECKING, NamedTuple
from holdfast.usecases import journal, surroundings, worker
from holdfast.usecases.worktrees import (
    anchors,
    branch_end,
    conditions,
    occupancy,
    put_away,
    sessions,
    trash_care,
    unfinished,
)
from holdfast.usecases.worktrees.anchors import TRASH
from holdfast.usecases.worktrees.put_away import LOCK

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from holdfast.domain.condition import Condition
    from holdfast.domain.snapshot import Worktree
    from holdfast.usecases.surroundings import Ground
    from holdfast.usecases.workspace import Workspace
    from holdfast.usecases.worktrees.branch_end import End

REMOVED, REFUSED = "removed", "refused"

_PATIENCE = 0.02
"""Seconds for which a removal looks who holds files of the worktree open."""


class Removal(NamedTuple):
    """How it ended: what is in the trash now and until when, what became of the branch, or what speaks against it."""

    result: str
    branch: str | None
    outcome: str | None = None
    removed: Removed | None = None
    until: Moment | None = None
    blockers: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()


def remove(place: Workspace, name: str, path: str, now: Moment, force: Force, dry_run: bool = False) -> Removal:
    """Remove the worktree of a branch or of a plan's number; `path` is what the name would be as a path."""
    with locks.held(place.state(LOCK)):
        if not dry_run:
            unfinished.clear(place)
        ground = surroundings.of(place)  # not before: another removal may just have ended
        if not dry_run and sessions.settle(place, ground.worktrees, ground.policy.sessions):
            ground = surroundings.of(place)
        found = meant(place, ground, name, path)
        if isinstance(found, Problem):
            return Removal(REFUSED, None, blockers=(found,))
        (one,) = conditions.of(place, [found], ground.worktrees, ground.policy, now)
        problems = removal.blockers(one, force)
        if problems:
            return Removal(REFUSED, one.worktree.branch, blockers=tuple(problems))
        return take(place, ground, one, now, force, dry_run)


class Ways(NamedTuple):
    """How a removal ends the branch, and which processes are about to leave, so that they do not count as inside."""

    end: End = branch_end.end
    leaving: frozenset[int] = frozenset()


_WAYS = Ways()


def take(
    place: Workspace, ground: Ground, one: Condition, now: Moment, force: Force, dry_run: bool, ways: Ways = _WAYS
) -> Removal:
    """Remove a worktree that nothing speaks against, and end its branch if it can be."""
    tree = one.worktree
    actor = worker.of(place.environment, ground.settings).owner
    removed = _record(place, one, now, actor)
    until = removed.until(ground.policy.trash)
    if dry_run:
        return Removal(REMOVED, tree.branch, None, removed, until, notes=_along(one))
    problem = put_away.put_away(place, one, removed, lambda: _again(place, ground, removed, force, ways.leaving))
    if problem is not None:
        return Removal(REFUSED, tree.branch, blockers=(problem,))
    rest = ground._replace(worktrees=tuple(other for other in ground.worktrees if other is not tree))
    ended = branch_end.Ended(KEPT, "")
    if tree.branch is not None:
        keep = _keeper(place, removed, tree.branch)
        ended = ways.end(place, anchors.git_of(place), rest, tree.branch, now, keep)
    removed = removed._replace(outcome=ended.outcome)
    trashed.write(place.state(TRASH), removed, durable=False)
    journal.note(
        place, "worktree-removed", plan=plan_of(ground, tree.branch), branch=tree.branch, worktree=tree.path, actor=actor,
        trash=removed.id,
        branch_outcome=ended.outcome, forced=force.dirt or force.inside,
    )  # fmt: skip
    said = f"branch {tree.branch} is {ended.outcome}: {ended.why}"
    trash_care.later(place, ground, now)
    branch = ((said,) if tree.branch is not None else ()) + _still_there(ground, tree.branch, ended)
    notes = (*_along(one), *branch, *_open_there(removed))
    return Removal(REMOVED, tree.branch, ended.outcome, removed, until, notes=notes)


def _keeper(place: Workspace, removed: Removed, branch: str) -> Callable[[Mapping[str, str]], None]:
    """Keeps what git's configuration and reflog say of a branch with the worktree that was on it."""
    reflog = registration.reflog_of(place.repository.common_dir, branch)
    return lambda settings: trashed.keep_branch(place.state(TRASH), removed.id, settings, reflog)


def meant(place: Workspace, ground: Ground, name: str, path: str) -> Worktree | Problem:
    """The worktree that a branch, a plan's number or a path names, or why there is none."""
    by_branch = [one for one in ground.worktrees if one.branch == name]
    by_path = [one for one in ground.worktrees if os.path.realpath(one.path) == os.path.realpath(path)]
    paused = branch_end.under_way(place, ground, name)
    pattern, number = ground.policy.claims.branch, plan_number(name)
    by_plan = [
        one
        for one in ground.worktrees
        if number is not None and one.branch is not None and pattern.number(one.branch) == number
    ]
    found = by_branch or by_path or ([paused] if paused is not None else []) or by_plan
    if len(found) == 1:
        return found[0]
    if found:
        paths = ", ".join(one.path for one in found)
        return blocker("worktree-ambiguous", name, f"{name} names several worktrees: {paths}")
    gone = trash.newest(trashed.read_all(place.state(TRASH)), name, path, pattern)
    if gone is not None:
        message = f"the worktree of {name} was removed already, and waits in the trash"
        return blocker("worktree-removed", name, message, f"`holdfast worktree restore {quote(name)}` brings it back")
    return blocker("worktree-unknown", name, f"there is no worktree of {name}")


def plan_of(ground: Ground, branch: str | None) -> int | None:
    """The plan that a branch claims by its name; None for none."""
    return ground.policy.claims.branch.number(branch) if branch is not None else None


def _record(place: Workspace, one: Condition, now: Moment, actor: str) -> Removed:
    tree, id = one.worktree, f"{now:x}-{os.urandom(4).hex()}"
    head = tree.head if tree.head is not None and tree.head.strip("0") else ""
    folder = trashed.place_beside(tree.path, id) if one.where != GONE else ""
    name = put_away.registered_name(place, tree.path)
    return Removed(id, tree.path, tree.branch, head, name, folder, now, actor)


def _again(place: Workspace, ground: Ground, removed: Removed, force: Force, leaving: frozenset[int]) -> Problem | None:
    """Look a second time who is inside, now that the folder has its new name."""
    if force.inside:
        return None
    moved = {removed.path: removed.folder}
    found = without(occupancy.at(place, moved, removed.at, ground.policy.sessions)[removed.path], leaving)
    if found.verdict == FREE:
        return None
    message = f"{removed.path} is in use by {'; '.join(found.reasons)}"
    return blocker("worktree-in-use", removed.path, message)


def _still_there(ground: Ground, branch: str | None, ended: branch_end.Ended) -> tuple[str, ...]:
    """What must be said of a deleted branch that the remote still has as a claim."""
    there = f"{REMOTES}{ground.remote}/{branch}"
    if ended.outcome != DELETED or ended.merged or there not in ground.refs:
        return ()
    return (f"{branch} is still a claim on {ground.remote}: `holdfast unclaim {branch}` gives it back",)


def _open_there(removed: Removed) -> tuple[str, ...]:
    """Who holds files of a removed worktree open from elsewhere: no reason to keep it, and worth a word."""
    holding = processes.holding(removed.folder, _PATIENCE) if removed.folder else ()
    return tuple(
        f"process {one.pid} ({one.command}) holds files of it open: it may have to be started anew"
        for one in processes.described(holding)
    )


def _along(one: Condition) -> tuple[str, ...]:
    """What goes along with a worktree although no commit has it."""
    contents, found = one.contents, []
    for what, paths in (
        ("changed", contents.changed),
        ("untracked", contents.untracked),
        ("ignored", contents.ignored),
    ):
        if paths:
            count = (
                f"{len(paths)} {what} file{'' if len(paths) == 1 else 's'} or folder{'' if len(paths) == 1 else 's'}"
            )
            found.append(f"{count} went along: {named(paths)}")
    return tuple(found)
