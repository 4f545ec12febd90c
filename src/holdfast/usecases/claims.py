"""Who works on what: the claims that the branches of this clone and its view of the remote show."""

from __future__ import annotations

import contextlib

from holdfast.domain import claim, rivalry
from holdfast.domain.problem import Unable
from holdfast.domain.value import TYPE_CHECKING, NamedTuple
from holdfast.usecases import guard, known_claims, snapshot, surroundings
from holdfast.usecases.worktrees import occupancy

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from holdfast.domain.claim import Claim
    from holdfast.domain.moment import Moment
    from holdfast.domain.snapshot import RemoteView
    from holdfast.usecases.known_claims import Known, Stamp
    from holdfast.usecases.snapshot import Observed
    from holdfast.usecases.surroundings import Asked, Ground
    from holdfast.usecases.workspace import Workspace


class Claims(NamedTuple):
    """The claims of one moment, merged ones too, with what they were derived from.

    `published` and `lost` are the branches of claims made offline that this contact with the remote published, or could
    not, as somebody else holds their plan there; `waits` those that it did not take, with its words.
    """

    all: tuple[Claim, ...]
    observed: Observed
    published: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    waits: tuple[tuple[str, str], ...] = ()

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
        held = [one for one in rivalry.standing(self.all) if one.plan is not None and not one.ended]
        return {one.plan: one for one in sorted(held, key=lambda one: one.last_activity) if one.plan is not None}

    def listed(self, ended: bool) -> Listed:
        """The claims as a list shows them, those that have `ended` too or not."""
        shown = [one for one in self.all if ended or not one.ended]
        return Listed(shown, self.ground, self.observed.snapshot.remote, self.published, self.lost, self.waits)


class Listed(NamedTuple):
    """Claims by plan and branch, what they stand on, and the remote as this clone saw it last.

    `published`, `lost` and `waits` as in `Claims`.
    """

    claims: Sequence[Claim]
    ground: Ground
    remote: RemoteView | None
    published: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    waits: tuple[tuple[str, str], ...] = ()


def observe(
    place: Workspace, now: Moment, requests: Mapping[str, int] | None = None, asked: Asked | None = None
) -> Claims:
    """The claims as this clone sees them; `requests` are numbers of requests by their head, where that is known.

    What was `asked` before is used.
    """
    observed = snapshot.observe(place, now, requests, asked)
    settled = claim.settle(observed.snapshot, now, observed.ground.policy.claims)
    if requests is not None:  # what they tell of merged branches holds although no ref has moved
        known_claims.keep(place.cache, _stamp(place, observed.ground), now, settled)
    aged = _aged(settled, observed.ground, now)
    found = Claims(tuple(_used(place, observed.ground, aged, now)), observed)
    guard.refresh(place, observed.ground, found.all)
    return found


def guard_anew(place: Workspace, ground: Ground, now: Moment) -> None:
    """Let the guard know of a claim that was made or given back just now; where that fails, the next look does it."""
    if ground.policy.guard.refs:
        with contextlib.suppress(Unable):
            observe(place, now)


def listed(place: Workspace, now: Moment, ended: bool = False, asked: Asked | None = None) -> Listed:
    """The claims as this clone sees them, for a list, with the merged ones or without.

    Without them it is up to an hour old where no ref moved and nobody can be at work. What was `asked` before is used.
    """
    ground = surroundings.of(place, asked)
    held = None if ended else _known(place, ground, now)
    if held is None:
        over = frozenset() if ended else snapshot.ended(place, ground)
        settled = claim.settle(
            snapshot.look(place, ground, snapshot.branches(place, ground, over), now, lasting=True),
            now,
            ground.policy.claims,
        )
        known_claims.keep(place.cache, _stamp(place, ground), now, settled)
        held = [one for one in _aged(settled, ground, now) if ended or not one.ended]
    guard.refresh(place, ground, held)
    return Listed(_used(place, ground, held, now), ground, snapshot.remote_view(place, ground, now))


def _known(place: Workspace, ground: Ground, now: Moment) -> Sequence[Claim] | None:
    known = known_claims.read(place.cache, _stamp(place, ground), now, ground.policy.claims)
    return _renewed(place, ground, known, now) if known is not None else None


def _renewed(place: Workspace, ground: Ground, known: Known, now: Moment) -> Sequence[Claim] | None:
    """What is known, with those claims looked at again that have or had a worktree; None where that is not all there is."""
    again = {one.branch for one in ground.worktrees if one.branch is not None} | known.checked_out
    places = {_key(one): at for at, one in enumerate(known.claims) if one.branch in again}
    if not places:
        return known.claims
    branches = snapshot.claiming(ground, {one.branch: one.plan for one in known.claims if one.branch in again}.items())
    held = list(known.claims)
    for one in claim.settle(snapshot.look(place, ground, branches, now, lasting=True), now, ground.policy.claims):
        at = places.pop(_key(one), None)
        if at is None and one.ended:
            continue
        if at is None or one.ended:
            return None
        held[at] = claim.aged(rivalry.as_before(one, held[at]), now, ground.policy.claims)
    return held if not places else None


def _key(one: Claim) -> tuple[str, bool]:
    """What tells claims apart: a branch can be one claim here and another on the remote."""
    return one.branch, one.local is None


def _aged(settled: Iterable[Claim], ground: Ground, now: Moment) -> tuple[Claim, ...]:
    return tuple(claim.aged(one, now, ground.policy.claims) for one in settled)


def _used(place: Workspace, ground: Ground, held: Sequence[Claim], now: Moment) -> Sequence[Claim]:
    """The claims with who is in their worktrees at this moment."""
    if all(one.worktree is None for one in held):
        return held
    found = occupancy.of(place, ground.worktrees, now, ground.policy.sessions)
    return [claim.used(one, found[one.worktree], now) if one.worktree in found else one for one in held]


def _stamp(place: Workspace, ground: Ground) -> Stamp:
    """All that the claims of branches stand on which nobody has checked out."""
    return ground.stamp, ground.configured.digest, ground.main, ground.remote, snapshot.shallow_at(place)
