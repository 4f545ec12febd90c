"""Worktrees, and the sessions in them."""

from __future__ import annotations

import os

from holdfast.adapters import files, registration
from holdfast.domain import health
from holdfast.domain.condition import BROKEN, GONE, HERE
from holdfast.domain.health import THEIRS
from holdfast.domain.value import TYPE_CHECKING
from holdfast.usecases import contact
from holdfast.usecases.worktrees import branch_end, conditions, sessions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from holdfast.domain.diagnosis import Diagnosis
    from holdfast.domain.snapshot import Worktree
    from holdfast.usecases.doctor.look import Look

_MOST = 2_000
"""So many folders beside worktrees are looked at."""


def worktrees(look: Look) -> Iterator[Diagnosis]:
    """Worktrees that are gone, moved, broken, merged, and folders that were worktrees."""
    found = [_whose(look, *one) for one in conditions.places(look.place, look.ground.worktrees)]
    return health.of_worktrees(found, _needless(look, found), moved(look), _orphans(look))


def _whose(look: Look, tree: Worktree, where: str, why: str) -> tuple[Worktree, str, str]:
    """Where a worktree is; one that another repository has is told apart, as in a copy of a repository."""
    target = registration.led_to(tree.path) if where == BROKEN else ""
    mine = os.path.realpath(os.path.join(look.place.repository.common_dir, "worktrees"))
    if target and os.path.isdir(target) and os.path.dirname(os.path.realpath(target)) != mine:
        return tree, THEIRS, os.path.dirname(os.path.dirname(target))
    return tree, where, why


def _needless(look: Look, places: list[tuple[Worktree, str, str]]) -> frozenset[str]:
    """The paths of worktrees that nobody needs; only what is merged is looked into, which takes git some time."""
    ground = look.ground
    linked = [
        one for one, where, _ in places if where == HERE and not one.main and one.branch not in (None, ground.main)
    ]
    judged = branch_end.judge(look.place, ground, [one.branch for one in linked if one.branch is not None], look.now)
    over = [one for one in linked if one.branch in judged and judged[one.branch].ended]
    looked = conditions.of(look.place, over, ground.worktrees, ground.policy, look.now) if over else []
    return frozenset(one.worktree.path for one in looked if one.free)


def moved(look: Look) -> dict[str, str]:
    """Where worktrees are now whose folders are gone, by where git looks for them: their `.git` leads to what git keeps."""
    gone = [one.path for one, where, _ in conditions.places(look.place, look.ground.worktrees) if where == GONE]
    kept = registration.every(look.place.repository.common_dir)
    folders = {os.path.realpath(kept[path]): path for path in gone if path in kept}
    if not folders:
        return {}
    found: dict[str, list[str]] = {}
    for candidate, target in _strangers(look):
        path = folders.get(os.path.realpath(target))
        if path is not None:
            found.setdefault(path, []).append(candidate)
    # Of several copies only their owner knows which one is the work.
    return {path: candidates[0] for path, candidates in found.items() if len(candidates) == 1}


def dead_sessions(look: Look) -> Iterator[Diagnosis]:
    """Sessions that are over, and locks of sessions that there are not."""
    policy = look.ground.policy.sessions
    known = sessions.known(look.place)
    alive = {one.session.id for one in sessions.live(look.place, look.now, policy)}
    tops = {one.worktree for one in known}
    paths = {one.path for one in look.ground.worktrees if os.path.realpath(one.path) in tops}
    dead = [one for one in known if one.id not in alive]
    return health.of_sessions(dead, paths, look.ground.worktrees, look.now)


def _orphans(look: Look) -> list[str]:
    """Folders that lead to where this repository keeps worktrees, and to nothing there."""
    common = os.path.realpath(os.path.join(look.place.repository.common_dir, "worktrees"))
    return [
        path
        for path, target in _strangers(look)
        if os.path.dirname(os.path.realpath(target)) == common and not os.path.isdir(target)
    ]


def _strangers(look: Look) -> list[tuple[str, str]]:
    """Folders beside worktrees that look like one and that git does not list, each with what its `.git` leads to."""
    top = contact.main_top(look.place, look.ground)
    listed = {os.path.realpath(one.path) for one in look.ground.worktrees}
    beside = [
        os.path.join(top, look.ground.policy.worktree.root),
        *(os.path.dirname(one.path) for one in look.ground.worktrees),
    ]
    found = []
    for folder in dict.fromkeys(os.path.realpath(one) for one in beside):
        for name in files.names(folder)[:_MOST]:
            path = os.path.join(folder, name)
            target = registration.led_to(path)
            if target and path not in listed:
                found.append((path, target))
    return found
