"""Look everywhere: every room of `doctor`, each on its own, so that one that cannot be looked at hides no other."""

from __future__ import annotations

from holdfast.adapters import clock
from holdfast.domain.diagnosis import Diagnosis, diagnosis
from holdfast.domain.problem import Unable
from holdfast.domain.value import TYPE_CHECKING
from holdfast.usecases import changes
from holdfast.usecases.doctor import adopted, claims, here, hooks, left, look, others, plans, worktrees
from holdfast.usecases.doctor.room import in_order, looked_at
from holdfast.usecases.doctor.self_test import self_test

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from holdfast.domain.moment import Moment
    from holdfast.usecases.doctor.room import Room
    from holdfast.usecases.workspace import Workspace


_GROUND: tuple[tuple[str, Callable[[Workspace], Iterator[Diagnosis]]], ...] = (
    ("git", here.version), ("permissions", here.permissions), ("the disk", here.disk),
)  # fmt: skip
"""What is looked at before anything else, which may fail because of it."""
_ROOMS: tuple[tuple[str, Room], ...] = (
    ("the clock", here.clock), ("git's locks", here.git_locks), ("the configuration", adopted.configuration),
    ("worktrees", worktrees.worktrees), ("sessions", worktrees.dead_sessions), ("claims", claims.claims),
    ("unfinished commands", left.commands), ("unfinished merges", left.finishes), ("the trash", left.in_trash),
    ("what is remembered", left.unreadable),
)  # fmt: skip
_ADOPTED: tuple[tuple[str, Room], ...] = (
    ("git hooks", hooks.hooks), ("the merge driver", hooks.merge_driver), ("agents' hooks", hooks.agent_hooks),
    ("plans", plans.plans), ("marks of claims", claims.fences), ("plan numbers", claims.reservations),
    ("older scripts and hooks", others.others),
)  # fmt: skip
"""What there is only in a repository that has a configuration."""
_PASSING = ("worktree-", "claim-", "session-", "command-", "finish-", "state-", "trash-")
"""What can look wrong for a moment while a command is at work."""
_MOMENT = 0.7
_SILENT = frozenset({
    "hook-missing", "hook-foreign", "hook-not-executable", "hook-python-gone", "hooks-path-changed", "init-hooks-path",
    "init-git-version", "init-unfinished", "state-unwritable", "not-adopted",
})  # fmt: skip
"""Where one of these is found, hooks that do nothing are no news."""


def examine(place: Workspace, environment: Mapping[str, str], now: Moment, tries: bool = True) -> list[Diagnosis]:
    """Everything that is not as it should be, errors first; nothing is changed.

    Where the hooks are there they are tried in a throw-away repository (`tries`).
    """
    before = changes.word(place)
    found = _all(place, environment, now)
    if any(one.problem.code.startswith(_PASSING) for one in found):
        found = _lasting(place, environment, now, found, changes.word(place) != before)
    if tries and _SILENT.isdisjoint(one.problem.code for one in found):
        found += looked_at(self_test, "the hooks at work", place, environment)
    return in_order(found)


def _lasting(
    place: Workspace, environment: Mapping[str, str], now: Moment, found: list[Diagnosis], changed: bool
) -> list[Diagnosis]:
    """What is still so a moment later, where a command is at work, or something has changed while it was looked at."""
    busy = left.at_work(place)
    if not busy and not changed:
        return found
    if busy:
        clock.pause(_MOMENT)
    still = {one.problem.identity for one in _all(place, environment, now)}
    return [one for one in found if one.problem.identity in still]


def _all(place: Workspace, environment: Mapping[str, str], now: Moment) -> list[Diagnosis]:
    found = [one for name, room in _GROUND for one in looked_at(room, name, place)]
    try:
        seen = look.at(place, environment, now)
    except (Unable, OSError) as error:
        return [*found, diagnosis("health-unseen", "repository", f"the repository could not be looked at: {error}")]
    found += [one for name, room in _ROOMS for one in looked_at(room, name, seen)]
    if not any(one.problem.code == "not-adopted" for one in found):
        found += [one for name, room in _ADOPTED for one in looked_at(room, name, seen)]
    return found
