"""Clean up: every worktree that is free, clean and merged goes to the trash, its branch with it, and nothing else."""

from __future__ import annotations

from holdfast.adapters import locks
from holdfast.domain.removal import Force
from holdfast.domain.value import TYPE_CHECKING, NamedTuple
from holdfast.usecases import surroundings
from holdfast.usecases.worktrees import branch_end, conditions, removal, sessions, unfinished
from holdfast.usecases.worktrees.put_away import LOCK

if TYPE_CHECKING:
    from holdfast.domain.condition import Condition
    from holdfast.domain.moment import Moment
    from holdfast.usecases.workspace import Workspace
    from holdfast.usecases.worktrees.removal import Removal


class Cleaned(NamedTuple):
    """What went, and the merged ones that stay, each with the reasons."""

    removals: tuple[Removal, ...]
    kept: tuple[tuple[str, tuple[str, ...]], ...]


def clean(place: Workspace, now: Moment, dry_run: bool) -> Cleaned:
    """Remove what nobody needs any more; with `dry_run` only say what that is.

    `surroundings.Refused` where the configuration cannot be read as it was meant: what is merged rests on it.
    """
    with locks.held(place.state(LOCK)):
        if not dry_run:
            unfinished.clear(place)
        ground = surroundings.of(place)
        surroundings.check(ground.configured)
        if not dry_run and sessions.settle(place, ground.worktrees, ground.policy.sessions):
            ground = surroundings.of(place)
        linked = [one for one in ground.worktrees if not one.main and one.branch not in (None, ground.main)]
        judged = branch_end.judge(place, ground, [one.branch for one in linked if one.branch is not None], now)
        over = [one for one in linked if one.branch in judged and judged[one.branch].ended]
        removals, kept = [], []
        for one in conditions.of(place, over, ground.worktrees, ground.policy, now):
            if one.free:
                removals.append(removal.take(place, ground, one, now, Force(), dry_run))
                ground = ground._replace(worktrees=tuple(tree for tree in ground.worktrees if tree is not one.worktree))
            else:
                kept.append((one.worktree.path, _why(one)))
    return Cleaned(tuple(removals), tuple(kept))


def _why(one: Condition) -> tuple[str, ...]:
    """Why a merged worktree stays."""
    from holdfast.domain.removal import blockers

    return tuple(problem.message for problem in blockers(one, Force()))
