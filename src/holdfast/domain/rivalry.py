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
    """A branch as the claims that it is: two, where the tips here and on the remote come from different claims.

    So it is where somebody took the plan on the remote while this clone was away: by stealing it, or because the branch was
    deleted there. A tip that holds the other goes on with its claim.
    """
    if branch.local is None or branch.remote is None or branch.local == branch.remote:
        return (branch,)
    here, there = facts.get(branch.local, ()), facts.get(branch.remote, ())
    ids = [{one.origin.claim_id for one in some if one.origin is not None} for some in (here, there)]
    held = any(branch.remote in one.holds for one in here) or any(branch.local in one.holds for one in there)
    if held or not ids[0] or not ids[1] or ids[0] & ids[1]:
        return (branch,)
    return (
        branch._replace(remote=None, remote_ref=None, fetched=None),
        branch._replace(local=None, worktree=None, trace=None, touched=None),
    )


def marked(
    claims: Sequence[Claim], phases: Mapping[int, tuple[str, ...]], remote: str | None, policy: ClaimPolicy
) -> list[Claim]:
    """The claims, with those that are contested or lost marked as such.

    `phases` are those that plans declare; branches that work on one each are no rivals.
    """
    contested = _contested(claims, phases, policy)
    return [
        _beside(one, contested[one.plan], remote or "") if one.plan in contested and not one.ended else one
        for one in claims
    ]


def beside(one: Claim, ground: str, lost: bool) -> Claim:
    """The claim beside others of its plan, which the `ground` names."""
    return one._replace(contested=True, lost=lost, grounds=(*one.grounds, ground))


def alone(one: Claim) -> Claim:
    """The claim as it is without others of its plan."""
    return one._replace(contested=False, lost=False, grounds=one.grounds[:-1]) if one.contested else one


def phase_of(branch: str, phases: tuple[str, ...], policy: ClaimPolicy) -> str | None:
    """The declared phase that a branch works on: `plan-5-docs` and `plan-5-docs-more` work on `docs`."""
    slug = policy.branch.slug(branch)
    fitting = [one for one in phases if slug == one or slug.startswith(one + "-")]
    return max(fitting, key=len, default=None)


def standing(claims: Iterable[Claim]) -> tuple[Claim, ...]:
    """The claims that are not lost."""
    return tuple(one for one in claims if not one.lost)


def _contested(
    claims: Sequence[Claim], phases: Mapping[int, tuple[str, ...]], policy: ClaimPolicy
) -> dict[int, list[Claim]]:
    """Plans with several claims that are not one declared phase each."""
    by_plan: dict[int, list[Claim]] = {}
    for one in claims:
        if one.plan is not None and not one.ended:
            by_plan.setdefault(one.plan, []).append(one)
    found = {}
    for plan, rivals in by_plan.items():
        if len(rivals) > 1:
            works_on = [phase_of(one.branch, phases.get(plan, ()), policy) for one in rivals]
            if None in works_on or len(set(works_on)) < len(works_on):
                found[plan] = rivals
    return found


def _beside(one: Claim, rivals: list[Claim], remote: str) -> Claim:
    """The claim beside its rivals: lost, where it is in this clone alone and one of them is on the remote."""
    others = [rival for rival in rivals if rival is not one]
    published = [rival for rival in others if rival.published]
    if published and not one.published:
        who = ", ".join(f"{rival.who} holds the plan on {remote}, as {rival.branch}" for rival in published)
        return beside(one, f"lost: {who}", True)
    names = ", ".join(_named(rival, one, remote) for rival in others)
    return beside(one, f"contested: {names} claim{'s' if len(others) == 1 else ''} the same plan", False)


def _named(rival: Claim, one: Claim, remote: str) -> str:
    if rival.branch != one.branch:
        return rival.branch
    return f"{rival.branch} here" if rival.local is not None else f"{rival.branch} on {remote}"
