"""Claims that stand against each other: several branches of one plan, and a branch that is two claims, here and there."""

from __future__ import annotations

from holdfast.domain.value import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from holdfast.domain.claim import Claim
    from holdfast.domain.integration import Facts
    from holdfast.domain.policy import ClaimPolicy
    from holdfast.domain.snapshot import Branch


def divided(branch: Branch, facts: Mapping[str, tuple[Facts, ...]]) -> tuple[Branch, ...]:
    """A branch as the claims that it is: two, where the tips here and on the remote come from different claims of it.

    So it is where somebody took the plan on the remote while this clone was away: by stealing it, or because the branch was
    deleted there. A tip that holds the other goes on with its claim.
    """
    if branch.local is None or branch.remote is None or branch.local == branch.remote:
        return (branch,)
    here, there = facts.get(branch.local, ()), facts.get(branch.remote, ())
    held = any(branch.remote in one.holds for one in here) or any(branch.local in one.holds for one in there)
    mine, theirs = _claim_ids(branch, here), _claim_ids(branch, there)
    if held or not mine or not theirs or mine & theirs:
        return (branch,)
    return (
        branch._replace(remote=None, remote_ref=None, fetched=None),
        branch._replace(local=None, worktree=None, trace=None, touched=None),
    )


def marked(
    claims: Sequence[Claim], phases: Mapping[int, tuple[str, ...]], remote: str | None, policy: ClaimPolicy
) -> list[Claim]:
    """The claims, with those that are contested or lost marked as such; `phases` are those that plans declare."""
    by_plan: dict[int, list[Claim]] = {}
    for one in claims:
        if one.plan is not None and not one.ended:
            by_plan.setdefault(one.plan, []).append(one)
    found = []
    for one in claims:
        held = by_plan.get(one.plan, []) if one.plan is not None and not one.ended else []
        rivals = against(one, held, phases.get(one.plan or 0, ()), policy) if len(held) > 1 else ()
        found.append(_marked(one, rivals, remote or "") if rivals else one)
    return found


def against(one: Claim, held: Iterable[Claim], phases: tuple[str, ...], policy: ClaimPolicy) -> tuple[Claim, ...]:
    """The claims among those that hold the plan of `one` that stand against it: not those of another declared phase."""
    mine = phase_of(one.branch, phases, policy)
    theirs = ((other, phase_of(other.branch, phases, policy)) for other in held if other is not one)
    return tuple(other for other, phase in theirs if mine is None or phase is None or mine == phase)


def as_before(one: Claim, before: Claim) -> Claim:
    """The claim, contested as it was `before`: whatever stands against it has not changed."""
    alone = one._replace(contested=False, lost=False, grounds=one.grounds[:-1]) if one.contested else one
    return _beside(alone, before.grounds[-1], before.lost) if before.contested else alone


def phase_of(branch: str, phases: tuple[str, ...], policy: ClaimPolicy) -> str | None:
    """The declared phase that a branch works on: `plan-5-docs` and `plan-5-docs-more` work on `docs`."""
    slug = policy.branch.slug(branch)
    fitting = [one for one in phases if slug == one or slug.startswith(one + "-")]
    return max(fitting, key=len, default=None)


def standing(claims: Iterable[Claim]) -> tuple[Claim, ...]:
    """The claims that are not lost."""
    return tuple(one for one in claims if not one.lost)


def _claim_ids(branch: Branch, facts: Iterable[Facts]) -> set[str]:
    return {one.origin.claim_id for one in facts if one.origin is not None and branch.fits(one.origin)}


def _marked(one: Claim, rivals: Sequence[Claim], remote: str) -> Claim:
    """The claim beside its rivals: lost, where it is in this clone alone and one of them is on the remote."""
    published = [rival for rival in rivals if rival.published]
    if published and not one.published:
        who = " and ".join(f"{rival.who}, as {rival.branch}" for rival in published)
        return _beside(one, f"lost: plan #{one.plan} is held on {remote} by {who}", True)
    names = ", ".join(_named(rival, one, remote) for rival in rivals)
    return _beside(one, f"contested: {names} claim{'s' if len(rivals) == 1 else ''} the same plan", False)


def _beside(one: Claim, ground: str, lost: bool) -> Claim:
    return one._replace(contested=True, lost=lost, grounds=(*one.grounds, ground))


def _named(rival: Claim, one: Claim, remote: str) -> str:
    if rival.branch != one.branch:
        return rival.branch
    return f"{rival.branch} here" if rival.local is not None else f"{rival.branch} on {remote}"
