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
    whose worker gave no name to be told by; `inside` names whoever stands in its worktree; `brings`
    is true where making the claim brought a file, as that of its plan, which the main branch does not have.
    """

    mine: bool
    made_here: bool
    dirty: bool
    inside: tuple[str, ...] | None
    brings: bool = False


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
        remedy = f"finish it, or run `{command(claim)}`: its commits are kept"
        found.append(blocker("work-unmerged", subject, message, remedy, plan=claim.plan))
    elif standing.brings and not abandon:
        what = f"plan #{claim.plan}, which is nowhere else" if claim.plan is not None else "what no main branch has"
        message = f"{claim.branch} brings {what}"
        found.append(blocker("work-unmerged", subject, message, f"run `{command(claim)}`: it is kept", plan=claim.plan))
    if standing.dirty:
        message = f"{claim.worktree} holds changes that are not committed"
        found.append(blocker("worktree-dirty", subject, message, plan=claim.plan))
    return found


def command(claim: Claim) -> str:
    """The command that gives a claim back and keeps its commits, as whoever made it runs it."""
    from shlex import quote  # branches and names can hold what a shell takes for its own

    owner = f" --owner {quote(claim.worker)}" if claim.worker is not None else ""
    return f"holdfast unclaim {quote(claim.branch)} --abandon{owner}"


def _way_out(claim: Claim) -> str:
    if claim.worker is not None:
        return "ask who works on it; whoever made it adds `--owner` and the name given then, or stands in its worktree"
    stale = f"when it is stale, `holdfast start {claim.plan} --steal` takes it"
    return f"ask who works on it; {stale}" if claim.plan is not None else "ask who works on it"
