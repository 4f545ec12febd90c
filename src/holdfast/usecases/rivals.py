"""Whether somebody else holds on the remote what a claim of this clone is about, read at this moment."""

from __future__ import annotations

from holdfast.adapters import clock
from holdfast.domain import rivalry
from holdfast.domain.value import TYPE_CHECKING
from holdfast.usecases import claims, contact

if TYPE_CHECKING:
    from holdfast.domain.claim import Claim
    from holdfast.usecases.claim_refs import ClaimRefs
    from holdfast.usecases.contact import Contact
    from holdfast.usecases.workspace import Workspace


def on_remote(place: Workspace, there: Contact, claim: ClaimRefs) -> tuple[Claim, ...]:
    """The claims on the remote that stand against one of this clone: of its plan, not merged, of no other phase."""
    before = claims.observe(place, clock.now())
    there, _ = contact.bring_plan(place, there, claim.plan, before.ground)
    after = claims.observe(place, clock.now(), there.requests())
    held = [one for one in after.of_plan(claim.plan) if one.published]
    mine = next(
        (one for one in after.of_plan(claim.plan) if one.branch == claim.branch and one.local is not None), None
    )
    if mine is None:
        return tuple(held)
    return rivalry.against(mine, held, after.observed.snapshot.phases.get(claim.plan, ()), after.ground.policy.claims)
