"""What a merge is decided on: the branch, the main branch there and here, their worktrees, and the tree they would make."""

from __future__ import annotations

import os

from holdfast.adapters import checkout, merging
from holdfast.adapters.git import Git
from holdfast.adapters.refs import HEADS, REMOTES
from holdfast.domain.blockers import blocker
from holdfast.domain.finish import Checkout, Seen
from holdfast.domain.forge import REBASE
from holdfast.domain.problem import Problem
from holdfast.domain.value import TYPE_CHECKING, NamedTuple
from holdfast.usecases import approvals, contact, fences, recover, surroundings, unpublished
from holdfast.usecases.finish import main_branch, record, target, tree
from holdfast.usecases.finish.target import Over, Target
from holdfast.usecases.worktrees import branch_end, conditions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from holdfast.domain.condition import Condition
    from holdfast.domain.finish_message import Authored
    from holdfast.domain.finish_request import Outside
    from holdfast.domain.moment import Moment
    from holdfast.domain.policy import Policy
    from holdfast.domain.snapshot import Worktree
    from holdfast.usecases.contact import Contact
    from holdfast.usecases.finish.outcome import Options
    from holdfast.usecases.finish.tree import Made
    from holdfast.usecases.surroundings import Asked, Ground
    from holdfast.usecases.workspace import Workspace

VERIFY = "finish.verify"


class Grounds(NamedTuple):
    """The repository and its remote at this moment; `base` is the commit of the main branch, None for none."""

    ground: Ground
    there: Contact | None
    base: str | None
    notes: tuple[str, ...] = ()


class Scene(NamedTuple):
    """Everything that a merge stands on; `commits` are those of the branch, oldest first.

    `policy` is that of the main branch: no branch decides how it is merged itself. `fences` are the values that the fence
    of the claim may have; `main_here` is the commit of the main branch in this clone, None for none, and `main_tree` the
    worktree in which it is checked out.
    """

    grounds: Grounds
    base: str
    target: Target
    policy: Policy
    made: Made
    commits: Sequence[Authored]
    worktree: Condition | None
    fences: tuple[str, ...]
    main_here: str | None
    main_tree: Worktree | None
    seen: Seen


def grounds(place: Workspace, options: Options, asked: Asked | None = None) -> Grounds:
    """The repository and the remote, with all that may be meant brought here.

    `Unreachable` where the remote does not answer, `surroundings.Refused` where the configuration is broken.
    """
    ground = surroundings.of(place, asked)
    surroundings.check(ground.configured)
    if ground.remote is None:
        if not options.dry_run and recover.unfinished(place, None):
            ground = surroundings.of(place)
        return Grounds(ground, None, ground.refs.get(HEADS + ground.main))
    there = contact.ask(contact.remote_for(place, ground, ground.remote))
    notes: tuple[str, ...] = ()
    changed = False
    if not options.dry_run:
        changed = recover.unfinished(place, there)
        told = unpublished.publish(place, there)
        changed, notes = changed or told != unpublished.Told(), told.lines
    if changed:
        there = contact.ask(there.remote)
    name = target.meant(place, ground, options.name)
    there, brought = contact.bring_meant(place, there, name if isinstance(name, str) else ground.main, ground)
    if brought or changed or _fetched(ground, there):
        ground = surroundings.of(place)
    return Grounds(ground, there, there.heads().get(ground.main), notes)


def _fetched(ground: Ground, there: Contact) -> bool:
    """True where what is known of the remote here is not what it has."""
    return ground.refs.get(f"{REMOTES}{ground.remote}/{ground.main}") != there.heads().get(ground.main)


def found(place: Workspace, on: Grounds, options: Options, now: Moment) -> Target | Over | Problem:
    """The branch that is meant."""
    name = target.meant(place, on.ground, options.name)
    if isinstance(name, Problem):
        return name
    if on.base is None:
        where = f"{on.ground.remote} has no branch" if on.there is not None else "there is no branch"
        return blocker("main-unknown", on.ground.main, f"{where} {on.ground.main}")
    return target.find(place, on.ground, on.there, on.base, name, now)


def look(place: Workspace, on: Grounds, one: Target, options: Options, now: Moment, outside: Outside | None) -> Scene:
    """Everything that the merge of a branch stands on."""
    ground, base = on.ground, on.base
    assert base is not None
    policy = policy_of(place, ground, base)
    request = outside.request if outside is not None else None
    own = merging.of_branch(place.git, base, one.tip.head)
    made = _made(place, base, one, options, policy, own, by_host=request is not None)
    paths = [_worktree_of(place, ground, one.tip.branch)]
    listed = [tree for tree in paths if tree is not None]
    (condition,) = conditions.of(place, listed, ground.worktrees, ground.policy, now) or (None,)
    main_here = ground.refs.get(HEADS + ground.main)
    main_tree = next((tree for tree in ground.worktrees if tree.branch == ground.main and not tree.gone), None)
    seen = Seen(
        one.tip,
        ground.main,
        ground.remote,
        made.tree._replace(merges=any(len(commit.parents) > 1 for commit in own)),
        one.rivals,
        record.running(place, one.tip.branch),
        _is_main(place, ground),
        condition,
        _checkout(place, base, made, main_here, main_tree),
        outside,
        policy.finish.verify,
        not policy.finish.verify or approvals.is_approved(place, VERIFY, policy.finish.verify),
    )
    left = fences.left_by(place, ground.refs, one.held, on.there)
    return Scene(on, base, one, policy, made, own, condition, left, main_here, main_tree, seen)


def policy_of(place: Workspace, ground: Ground, base: str) -> Policy:
    """What the main branch decided; where it has no configuration, that of this worktree."""
    decided = place.configurations.of_tree(base)
    return decided.policy if decided.policy.origin is not None else ground.policy


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


def _checkout(
    place: Workspace, base: str, made: Made, main_here: str | None, main_tree: Worktree | None
) -> Checkout | None:
    """Where the main branch is checked out and would move along; None where it is not, or cannot be fast-forwarded."""
    if main_tree is None or main_here is None or not made.id:
        return None
    if main_here != base and not merging.holds(place.git, base, main_here):
        return None
    operation = main_branch.operation(place, main_tree)
    git = Git(main_tree.path, place.environment)
    return Checkout(main_tree.path, operation, checkout.in_the_way(git, main_here, made.id))
