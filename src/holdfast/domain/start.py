"""May this plan be taken now: all that speaks against it, at once."""

from __future__ import annotations

from holdfast.domain import rivalry, status, unclaim
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
    claims: Sequence[Claim],
    steal: bool,
    now: Moment,
    policy: ClaimPolicy,
    phase: str | None,
    phases: tuple[str, ...],
    root: str,
) -> list[Problem]:
    """What speaks against taking the plan about its `claims`, which are all of them, merged ones too.

    With a declared `phase`, claims of the other declared `phases` do not. `root` is the folder of worktrees.
    """
    over = [one for one in claims if one.ended]
    held = [one for one in claims if not one.ended]
    if phase is not None:
        held = [one for one in held if rivalry.phase_of(one.branch, phases, policy) in (None, phase)]
    lost = [one for one in held if one.lost]
    held = [one for one in held if not one.lost]
    by_phase = _by_phase(number, held, over, policy, phases) if phase is None else None
    if len(held) > 1:
        names = "; ".join(f"{one.branch} ({one.who})" for one in held)
        code, how = ("claimed", "by phase") if by_phase is not None else ("contested", "by several")
        message = f"plan #{number} is claimed {how}: {names}"
        return [blocker(code, f"plan #{number}", message, by_phase or "", plan=number)]
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
    return [blocker("claimed", f"plan #{number}", what, by_phase or _way_out(one, lost, root), plan=number)]


def _by_phase(
    number: int, held: Sequence[Claim], over: Sequence[Claim], policy: ClaimPolicy, phases: tuple[str, ...]
) -> str | None:
    """What to do about a plan that is claimed phase by phase; None for one that is not."""
    taken = [rivalry.phase_of(one.branch, phases, policy) for one in held]
    if not held or None in taken or len(set(taken)) < len(taken):
        return None
    done = {rivalry.phase_of(one.branch, phases, policy) for one in over}
    free = next((one for one in phases if one not in taken and one not in done), None)
    if free is None:
        return "take another: `holdfast start --next`"
    return f"take a phase that is free: `holdfast start {number} --phase {free}`"


def _way_out(one: Claim, lost: Sequence[Claim], root: str) -> str:
    if lost:
        return f"run `{unclaim.command(lost[0])}`, which keeps its commits; then `holdfast start --next`"
    if one.state == STALE:
        return f"run `holdfast start {one.plan} --steal`, or take another: `holdfast start --next`"
    another = "take another: `holdfast start --next`"
    if one.local is None:
        return another
    if one.worker is not None and one.worktree is None:
        return f"{another}; if that claim is yours, add `--owner` and the name given then"
    from shlex import quote

    add = f"git worktree add --force {quote(f'{root}/{one.branch}')} {quote(one.branch)}"
    return f"{another}; if that claim is yours: `{f'cd {quote(one.worktree)}' if one.worktree is not None else add}`"


def lost_blockers(held: Claim, lost: Sequence[Claim]) -> list[Problem]:
    """Why one's own claim on the remote cannot be gone on with here: a lost one of the same branch stands in its place."""
    found = [one for one in lost if one.branch == held.branch and one is not held]
    return [
        blocker(
            "branch-in-the-way", held.branch, f"the branch {held.branch} here is another claim, and lost",
            f"run `{unclaim.command(one)}`, which keeps its commits; then run it again", plan=held.plan,
        )
        for one in found
    ]  # fmt: skip


def _invalid(number: int, problem: Problem) -> Problem:
    message = f"plan #{number} is invalid: {problem.message}"
    found = blocker("plan-invalid", problem.subject, message, problem.remedy, plan=number)
    return found._replace(path=problem.path, line=problem.line, column=problem.column)
