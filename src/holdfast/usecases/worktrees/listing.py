"""All worktrees as they are at this moment: who is inside, what is not committed, what is under way."""

from __future__ import annotations

from holdfast.domain.value import TYPE_CHECKING
from holdfast.usecases import recover, surroundings
from holdfast.usecases.worktrees import conditions, sessions

if TYPE_CHECKING:
    from holdfast.domain.condition import Condition
    from holdfast.domain.moment import Moment
    from holdfast.usecases.workspace import Workspace


def listed(place: Workspace, now: Moment) -> list[Condition]:
    """The worktrees, the main one first; what killed commands left is cleared before that."""
    recover.unfinished(place, None)
    ground = surroundings.of(place)
    if sessions.settle(place, ground.worktrees, ground.policy.sessions):
        ground = surroundings.of(place)
    return conditions.of(place, ground.worktrees, ground.worktrees, ground.policy, now)
