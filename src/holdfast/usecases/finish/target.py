"""What is to be merged: the branch that a number, a name or the worktree means, and how it stands to the main branch."""

from __future__ import annotations

from holdfast.adapters import merging
from holdfast.adapters.git import decode
from holdfast.adapters.refs import HEADS
from holdfast.domain import claim, rivalry
from holdfast.domain.blockers import blocker
from holdfast.domain.branch_name import plan_number
from holdfast.domain.finish import Tip
from holdfast.domain.finish_message import MERGED_BRANCH
from holdfast.domain.problem import Problem
from holdfast.domain.value import TYPE_CHECKING, NamedTuple
from holdfast.usecases import snapshot, workspace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from holdfast.domain.claim import Claim
    from holdfast.domain.moment import Moment
    from holdfast.usecases.contact import Contact
    from holdfast.usecases.surroundings import Ground
    from holdfast.usecases.workspace import Workspace

_OURS = "holdfast/"


class Target(NamedTuple):
    """A branch that is to be merged, as a claim (None for that of a fork) and as a tip, and others that claim its plan."""

    held: Claim | None
    tip: Tip
    rivals: tuple[str, ...]


class Over(NamedTuple):
    """A branch that is gone because its work is merged, and the commit of the main branch that says so."""

    branch: str
    plan: int | None
    merge_commit: str


def meant(place: Workspace, ground: Ground, name: str | None) -> str | Problem:
    """The number or branch that is meant; without a name it is the branch of this worktree."""
    found = name or workspace.branch(place)
    if found is None:
        return blocker("finish-unknown", place.top, "this worktree is on no branch")
    if found == ground.main or found.startswith(_OURS):
        return blocker("finish-main", found, f"{found} is not merged into {ground.main}")
    return found


def find(
    place: Workspace, ground: Ground, there: Contact | None, base: str, name: str, now: Moment, exact: bool = False
) -> Target | Over | Problem:
    """The branch of a plan's number, or of that name (`exact`: of that name alone); `Over` for one merged and gone."""
    number = None if exact else plan_number(name)
    known = snapshot.branches(place, ground)
    named = [one for one in known if (one.plan == number if number is not None else one.name == name)]
    if not named and number is None:
        named = [one for one in snapshot.claiming(ground, [(name, None)]) if one.tips]
    if not named:
        over = _over(place, base, name, number)
        return over or blocker("finish-unknown", name, f"there is no branch of {_called(name, number)}", plan=number)
    plan = named[0].plan
    beside = [one for one in known if plan is not None and one.plan == plan and one not in named]
    requests = there.requests() if there is not None else None
    look = snapshot.look(place, ground, [*named, *beside], now, requests)
    settled = claim.settle(look, now, ground.policy.claims)
    mine = [one for one in settled if any(one.branch == branch.name for branch in named)]
    chosen = _chosen(place, mine)
    if isinstance(chosen, Problem):
        return chosen
    return Target(chosen, _tip(place, ground, there, chosen), _rivals(ground, chosen, settled, look.phases))


def _called(name: str, number: int | None) -> str:
    return f"plan #{number}" if number is not None else f"the name {name}"


def _chosen(place: Workspace, mine: Sequence[Claim]) -> Claim | Problem:
    """Of several the open one, of several open ones that of this worktree."""
    left = [one for one in rivalry.standing(mine) if not one.ended] or [one for one in mine if not one.ended] or mine
    here = [one for one in left if one.branch == workspace.branch(place)]
    found = here or left
    if len({one.branch for one in found}) == 1:
        return found[0]
    names = ", ".join(one.branch for one in found)
    message = f"plan #{found[0].plan} has several branches: {names}"
    return blocker("contested", f"plan #{found[0].plan}", message, f"name one: `holdfast finish {found[0].branch}`")


def _rivals(ground: Ground, held: Claim, settled: Sequence[Claim], phases: object) -> tuple[str, ...]:
    """Other branches that claim the same plan, and are not merged."""
    if held.plan is None or not held.contested:
        return ()
    declared = phases.get(held.plan, ()) if isinstance(phases, dict) else ()
    others = [one for one in settled if one.plan == held.plan and not one.ended]
    found = rivalry.against(held, others, declared, ground.policy.claims)
    return tuple(dict.fromkeys(one.branch for one in found if one.branch != held.branch)) or (held.branch,)


def _tip(place: Workspace, ground: Ground, there: Contact | None, held: Claim) -> Tip:
    here = ground.refs.get(HEADS + held.branch)
    shared = ground.remote is not None
    away = there.id_of(HEADS + held.branch) if there is not None else None
    ahead, behind = (0, 0)
    if here is not None and away is not None and here != away:
        ahead, behind = merging.distance(place.git, here, away)
    return Tip(held.branch, held.plan, here, away, shared, ahead, behind)


def _over(place: Workspace, base: str, name: str, number: int | None) -> Over | Problem | None:
    """What the main branch says of a branch that is gone: its merge carries its name."""
    pattern = f"^{MERGED_BRANCH}: "
    out = place.git.run(
        "log", "-z", "--no-color", "--no-show-signature", "--encoding=UTF-8", f"--grep={pattern}",
        f"--format=%H%x1f%(trailers:key={MERGED_BRANCH},valueonly)", base, "--",
    )  # fmt: skip
    configured = place.configurations.of_worktree().policy.claims.branch
    for record in decode(out).split("\0"):
        oid, _, said = record.partition("\x1f")
        branch = said.strip().partition("\n")[0]
        plan = configured.number(branch)
        if branch and (branch == name if number is None else plan == number):
            return _taken_back(place, base, branch, oid) or Over(branch, plan, oid)
    return None


def _taken_back(place: Workspace, base: str, branch: str, oid: str) -> Problem | None:
    """What to say of a merge that a later commit reverts."""
    by = place.git.text("log", "-1", "--format=%H", f"--grep=^This reverts commit {oid}", f"{oid}..{base}", "--")
    return reverted(branch, oid, by) if by and _taken_back(place, base, branch, by) is None else None


def reverted(branch: str, commit: str, by: str = "") -> Problem:
    """A branch whose work was merged and taken back."""
    message = f"{branch} was merged ({commit[:9]}), and reverted later{f' ({by[:9]})' if by else ''}"
    again = f"`git revert {by[:9]}` on a new branch" if by else "`git revert` of the revert on a new branch"
    return blocker("finish-reverted", branch, message, f"{again} brings it back; finish that")
