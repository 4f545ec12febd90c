"""Who works on what: the claims that the branches of this clone and its view of the remote show."""

from __future__ import annotations

from holdfast.domain import claim
from holdfast.domain.value import TYPE_CHECKING, NamedTuple
from holdfast.usecases import snapshot

if TYPE_CHECKING:
    from collections.abc import Mapping

    from holdfast.domain.claim import Claim
    from holdfast.domain.moment import Moment
    from holdfast.usecases.snapshot import Ground, Observed
    from holdfast.usecases.workspace import Workspace


class Claims(NamedTuple):
    """The claims of one moment, merged ones too, with what they were derived from.

    `published` and `lost` are the branches of claims made offline that this contact with the remote published, or whose
    plan somebody else holds there.
    """

    all: tuple[Claim, ...]
    observed: Observed
    published: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()

    @property
    def ground(self) -> Ground:
        """What the claims stand on: refs, settings, configuration, worktrees, main branch and remote."""
        return self.observed.ground

    def of_plan(self, number: int) -> tuple[Claim, ...]:
        """The claims that hold a plan."""
        return claim.open_claims(self.all, number)

    @property
    def by_plan(self) -> dict[int, Claim]:
        """The claim that holds each claimed plan; of several the one that was active last."""
        held = [one for one in self.all if one.plan is not None and not one.ended]
        return {one.plan: one for one in sorted(held, key=lambda one: one.last_activity) if one.plan is not None}


def observe(place: Workspace, now: Moment, requests: Mapping[str, int] | None = None, ended: bool = True) -> Claims:
    """The claims as this clone sees them; `requests` are numbers of requests by their head, where that is known.

    Without `ended`, merged branches may be left out.
    """
    observed = snapshot.observe(place, now, requests, ended)
    return Claims(claim.derive(observed.snapshot, now, observed.ground.policy.claims), observed)
