"""May this claim be given back: all that speaks against it, at once."""

from __future__ import annotations

from holdfast.domain.blockers import blocker
from holdfast.domain.claim import STALE
from holdfast.domain.value import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from holdfast.domain.claim import Claim
    from holdfast.domain.problem import Problem


class Standing(NamedTuple):
    """How the caller stands to a claim, and what is in its worktree; None where that cannot be told.

    `mine` is true for the same worker; `made_here` for a claim whose branch is in this clone, whose host is this one, and
    whose worker gave no name to be told by; `inside` names whoever stands in its worktree.
    """

    mine: bool
    made_here: bool
    dirty: bool
    inside: tuple[str, ...] | None


def blockers(claim: Claim, standing: Standing, abandon: bool) -> list[Problem]:
    """Why the claim cannot be given back now."""
    found = []
    subject = claim.branch
    theirs = not standing.mine and claim.state != STALE
    if theirs and (not standing.made_here or standing.inside):
        who = f", in use by {', '.join(standing.inside)}" if standing.inside else ""
        message = f"{claim.branch} is the claim of {claim.who}, {claim.state}{who}"
        found.append(blocker("claim-of-another", subject, message, _way_out(claim), plan=claim.plan))
    if claim.own_commits and not claim.ended and not abandon:
        count = f"{claim.own_commits} commit{'' if claim.own_commits == 1 else 's'}"
        message = f"{claim.branch} has {count} that {'is' if claim.own_commits == 1 else 'are'} not merged"
        remedy = f"finish it, or run `holdfast unclaim {claim.branch} --abandon`: its commits are kept"
        found.append(blocker("work-unmerged", subject, message, remedy, plan=claim.plan))
    if standing.dirty:
        message = f"{claim.worktree} holds changes that are not committed"
        found.append(blocker("worktree-dirty", subject, message, plan=claim.plan))
    return found


def _way_out(claim: Claim) -> str:
    if claim.worker is not None:
        return (
            "ask who works on it; whoever made it runs this in its worktree, or with `--owner` and the name given then"
        )
    stale = f"when it is stale, `holdfast start {claim.plan} --steal` takes it"
    return f"ask who works on it; {stale}" if claim.plan is not None else "ask who works on it"
