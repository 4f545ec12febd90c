"""Whether somebody else holds a plan on the remote, read at this moment."""

from __future__ import annotations

from holdfast.adapters import clock
from holdfast.domain.value import TYPE_CHECKING
from holdfast.usecases import claims, contact

if TYPE_CHECKING:
    from holdfast.domain.claim import Claim
    from holdfast.usecases.contact import Contact
    from holdfast.usecases.workspace import Workspace


def on_remote(place: Workspace, there: Contact, plan: int) -> tuple[Claim, ...]:
    """The claims of a plan that are on the remote and not merged."""
    before = claims.observe(place, clock.now())
    there, _ = contact.bring_plan(place, there, plan, before.ground)
    after = claims.observe(place, clock.now(), there.requests())
    return tuple(one for one in after.of_plan(plan) if one.published)
