"""The claims as the remote has them now: its view renewed, and claims that were made offline published or reported lost."""

from __future__ import annotations

from holdfast.domain.value import TYPE_CHECKING
from holdfast.usecases import claims, contact, recover, surroundings, unpublished
from holdfast.usecases.unpublished import Told

if TYPE_CHECKING:
    from holdfast.domain.moment import Moment
    from holdfast.usecases.claims import Claims
    from holdfast.usecases.workspace import Workspace


def observe(place: Workspace, now: Moment, dry_run: bool = False) -> Claims:
    """Ask the remote, then observe; `Refused` for a remote that cannot be used, `Unreachable` for one that is away."""
    before = claims.observe(place, now)
    surroundings.check(before.ground.configured)
    if before.ground.remote is None:
        if not dry_run:
            recover.unfinished(place, None)
        return claims.observe(place, now)
    there = contact.ask(contact.remote_for(place, before.ground, before.ground.remote))
    if not dry_run and recover.unfinished(place, there):
        there = contact.ask(there.remote)
    contact.renew(there)
    told = unpublished.publish(place, there) if not dry_run else Told()
    after = claims.observe(place, now, there.requests())
    return after._replace(published=told.published, lost=told.lost, waits=told.waits)
