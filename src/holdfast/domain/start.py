"""May this plan be taken now: all that speaks against it, at once."""

from __future__ import annotations

from holdfast.domain import rivalry, status
from holdfast.domain.blockers import blocker
from holdfast.domain.claim import STALE, Claim
from holdfast.domain.moment import HOUR, Moment, ago, span
from holdfast.domain.problem import ERROR, Problem
from holdfast.domain.value import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from holdfast.domain.plan_set import PlanSet
    from holdfast.domain.policy import ClaimPolicy
    from holdfast.domain.summary import Summary

DONE = frozenset({status.COMPLETE, status.SUPERSEDED, status.WONT_DO})


def plan_blockers(number: int, found: Sequence[Summary], plans: PlanSet) -> list[Problem]:
    """What about the plan itself speaks against taking it; `found` are the plans with its number."""
    if not found:
        return [blocker("plan-unknown", f"plan #{number}", f"there is no plan #{number}", plan=number)]
    if len(found) > 1:
        names = ", ".join(one.path for one in found)
        message = f"plan #{number} is {len(found)} files: {names}"
        return [blocker("plan-shared-number", f"plan #{number}", message, plan=number)]
    one = found[0]
    problems = []
    if one.status in DONE or one.archived:
        message = f"plan #{number} is {'archived' if one.archived else one.status}"
        problems.append(blocker("plan-done", f"plan #{number}", message, plan=number))
    waits = [to.number for to in one.blocked_by if any(other.open for other in plans.find(to.number)[:1])]
    if waits and one.open:
        names = ", ".join(f"#{other}" for other in waits)
        message = f"plan #{number} is blocked by {names}, still open"
        remedy = f"take `holdfast start {waits[0]}`, or another: `holdfast start --next`"
        problems.append(blocker("plan-waits", f"plan #{number}", message, remedy, plan=number))
    problems += [_invalid(number, problem) for problem in one.problems if problem.severity == ERROR]
    return problems


def claim_blockers(
    number: int,
    held: Sequence[Claim],
    steal: bool,
    now: Moment,
    policy: ClaimPolicy,
    phase: str | None = None,
    phases: tuple[str, ...] = (),
) -> list[Problem]:
    """What about the claims that hold the plan speaks against taking it; `held` are all of them.

    With a declared `phase`, claims of the other declared `phases` do not.
    """
    if phase is not None:
        held = [one for one in held if rivalry.phase_of(one.branch, phases, policy) in (None, phase)]
    lost = [one for one in held if one.lost]
    held = rivalry.standing(held)
    by_phase = _by_phase(number, held, policy, phases) if phase is None else None
    if len(held) > 1:
        names = "; ".join(f"{one.branch} ({one.who})" for one in held)
        message = f"plan #{number} is claimed by several: {names}"
        return [blocker("contested", f"plan #{number}", message, by_phase or "", plan=number)]
    if not held:
        return []
    one = held[0]
    if steal and one.state == STALE:
        return []
    when = ago(one.last_activity, now)
    what = f"plan #{number} is claimed by {one.who} on branch {one.branch}, {one.state}, last activity {when}"
    what += "".join(f"; {other.branch} here is another claim, and lost" for other in lost)
    if steal:
        left = policy.stale_hours * HOUR - (now - one.last_activity)
        remedy = f"take another (`holdfast start --next`), or wait {span(max(left, 0))}"
        return [blocker("not-stale", f"plan #{number}", what, remedy, plan=number)]
    return [blocker("claimed", f"plan #{number}", what, by_phase or _way_out(one, lost), plan=number)]


def _by_phase(number: int, held: Sequence[Claim], policy: ClaimPolicy, phases: tuple[str, ...]) -> str | None:
    """How to take a declared phase that is free; None where no phases are declared, or someone holds the whole plan."""
    taken = {rivalry.phase_of(one.branch, phases, policy) for one in held}
    free = [one for one in phases if one not in taken]
    if not held or not free or None in taken:
        return None
    return f"take a phase that is free: `holdfast start {number} --phase {free[0]}`"


def _way_out(one: Claim, lost: Sequence[Claim]) -> str:
    if lost:
        return (
            f"run `holdfast unclaim {lost[0].branch} --abandon`, which keeps its commits; then `holdfast start --next`"
        )
    if one.state == STALE:
        return f"run `holdfast start {one.plan} --steal`, or take another: `holdfast start --next`"
    if one.worktree is not None:
        return f"take another: `holdfast start --next`; if that claim is yours: `cd {one.worktree}`"
    if one.local is not None:
        back = f"git worktree add --force .worktrees/{one.branch} {one.branch}"
        return f"take another: `holdfast start --next`; if that claim is yours: `{back}`"
    return "take another: `holdfast start --next`"


def _invalid(number: int, problem: Problem) -> Problem:
    message = f"plan #{number} is invalid: {problem.message}"
    found = blocker("plan-invalid", problem.subject, message, problem.remedy, plan=number)
    return found._replace(path=problem.path, line=problem.line, column=problem.column)
