"""What a merge is decided on: the branch, the main branch there and here, their worktrees, and the tree they would make."""

from __future__ import annotations

import os

from holdfast.adapters import merging
from holdfast.adapters.refs import HEADS
from holdfast.domain.finish import Checkout, Seen
from holdfast.domain.forge import REBASE
from holdfast.domain.value import TYPE_CHECKING, NamedTuple
from holdfast.usecases import approvals, fences
from holdfast.usecases.finish import main_branch, record, tree
from holdfast.usecases.worktrees import branch_end, conditions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from holdfast.domain.condition import Condition
    from holdfast.domain.finish_message import Authored
    from holdfast.domain.moment import Moment
    from holdfast.domain.policy import Policy
    from holdfast.domain.snapshot import Worktree
    from holdfast.usecases.finish.found import Found
    from holdfast.usecases.finish.outcome import Options
    from holdfast.usecases.finish.target import Target
    from holdfast.usecases.finish.tree import Made
    from holdfast.usecases.surroundings import Ground
    from holdfast.usecases.workspace import Workspace

VERIFY = "finish.verify"


class Scene(NamedTuple):
    """Everything that a merge stands on; `commits` are those of the branch, oldest first.

    `policy` is that of the main branch: no branch decides how it is merged itself. `fences` are the values that the fence
    of the claim may have.
    """

    found: Found
    base: str
    target: Target
    policy: Policy
    made: Made
    commits: Sequence[Authored]
    worktree: Condition | None
    fences: tuple[str, ...]
    seen: Seen


def look(place: Workspace, found: Found, one: Target, options: Options, now: Moment) -> Scene:
    """Everything that the merge of a branch stands on."""
    ground, base, policy = found.on.ground, found.on.base, found.policy
    assert base is not None
    request = found.outside.request if found.outside is not None else None
    own = merging.of_branch(place.git, base, one.tip.head)
    made = _made(place, base, one, options, policy, own, by_host=request is not None)
    paths = [_worktree_of(place, ground, one.tip.branch)] if one.tip.other is None else []
    listed = [tree for tree in paths if tree is not None]
    (condition,) = conditions.of(place, listed, ground.worktrees, ground.policy, now) or (None,)
    main_here = ground.refs.get(HEADS + ground.main)
    seen = Seen(
        one.tip,
        ground.main,
        ground.remote,
        made.tree._replace(merges=any(len(commit.parents) > 1 for commit in own)),
        one.rivals,
        record.running(place, one.tip.branch),
        _is_main(place, ground),
        condition,
        _checkout(place, ground.main, base, made, main_here),
        found.outside,
        policy.finish.verify,
        not policy.finish.verify or approvals.is_approved(place, VERIFY, policy.finish.verify),
    )
    left = fences.left_by(place, ground.refs, one.held, found.on.there) if one.held is not None else ()
    return Scene(found, base, one, policy, made, own, condition, left, seen)


def _made(
    place: Workspace, base: str, one: Target, options: Options, policy: Policy, own: Sequence[Authored], by_host: bool
) -> Made:
    tip, evidence = one.tip, options.asked.evidence
    if by_host:
        return tree.merge_by_host(place, base, tip.head, tip.plan)
    if policy.finish.method == REBASE:
        return tree.rebase(place, base, tip.head, own, tip.plan, evidence)
    return tree.merge(place, base, tip.head, tip.plan, evidence)


def _worktree_of(place: Workspace, ground: Ground, branch: str) -> Worktree | None:
    """The worktree in which a branch is checked out, or to which a paused rebase will go back."""
    found = next((one for one in ground.worktrees if one.branch == branch), None)
    return found or branch_end.under_way(place, ground, branch)


def _is_main(place: Workspace, ground: Ground) -> bool:
    return os.path.realpath(place.top) == os.path.realpath(ground.worktrees[0].path)


def _checkout(place: Workspace, main: str, base: str, made: Made, main_here: str | None) -> Checkout | None:
    """Where the main branch is checked out and would move along; None where it is not, or cannot be fast-forwarded."""
    if main_here is None or not made.id:
        return None
    if main_here != base and not merging.holds(place.git, base, main_here):
        return None
    return main_branch.look(place, main, main_here, made.id)
