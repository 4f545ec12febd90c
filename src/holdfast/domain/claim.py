"""A claim: the fact that someone works on a plan, which is a branch and what is known about it."""

from __future__ import annotations

from holdfast.domain import integration, rivalry, session
from holdfast.domain.moment import HOUR, MINUTE, Moment, ago, span
from holdfast.domain.occupancy import FREE
from holdfast.domain.occupancy import IN_USE as OCCUPIED
from holdfast.domain.value import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from holdfast.domain.claim_commit import Origin
    from holdfast.domain.integration import Facts
    from holdfast.domain.occupancy import Occupancy, Occupant
    from holdfast.domain.policy import ClaimPolicy
    from holdfast.domain.snapshot import Branch, Snapshot

IN_USE, ACTIVE, STALE, FRESH, INTEGRATED = "in-use", "active", "stale", "fresh", "integrated"
STATES = (IN_USE, ACTIVE, STALE, FRESH, INTEGRATED)

CLAIMED, COMMITTED, REFLOG, FILE, SESSION, REMOTE = "claim", "commit", "reflog", "file", "session", "remote"
SOURCES = (CLAIMED, COMMITTED, REFLOG, FILE, SESSION, REMOTE)
"""What the last activity of a claim can rest on."""


class Claim(NamedTuple):
    """One branch that is a claim; of one name, the branch here and that of the remote can be two (`rivalry.divided`).

    `branch` is its name without `refs/heads/` or the remote; `local` and `remote` are the full names of the refs that
    carry it, or None. `plan` is None for a `feature-*` branch, which is never exclusive. `owner`, `host` and `claim_id`
    come from the claim commit, where there is one; `worker` is the name that the worker gave itself there. `state` is one
    of `STATES`; `worktree` is a folder that is there; `own_commits` counts commits that the main branch lacks, without
    those that made the claim. `grounds` say in words why the state is what it is, as far as time does not change it: see
    `reasons`. The last of them names the rivals of a contested claim. `lost` is true for one of this clone alone whose plan
    somebody else holds on the remote. `occupants` are inside its worktree at this moment, and `activity` is what their
    sessions are doing.
    """

    plan: int | None
    branch: str
    local: str | None
    remote: str | None
    commit: str
    owner: str | None
    host: str | None
    claim_id: str | None
    state: str
    contested: bool
    published: bool
    last_activity: Moment
    activity_source: str
    worktree: str | None
    own_commits: int
    grounds: tuple[str, ...]
    worker: str | None = None
    lost: bool = False
    occupants: tuple[Occupant, ...] = ()
    activity: str | None = None

    @property
    def ended(self) -> bool:
        """True for a branch whose work is merged: it claims nothing any more."""
        return self.state == INTEGRATED

    @property
    def who(self) -> str:
        """Who works on it, as people say it."""
        owner = self.owner or "somebody"
        return f"{owner} on {self.host}" if self.host else owner


TOLERANCE = 5 * MINUTE
"""Clocks of one team differ by so much without anything being wrong."""

_SOURCES = {
    CLAIMED: "it was claimed", COMMITTED: "a commit", REFLOG: "its branch moved", FILE: "a file in its worktree changed",
    SESSION: "a session", REMOTE: "it came from the remote",
}  # fmt: skip


def derive(snapshot: Snapshot, now: Moment, policy: ClaimPolicy) -> tuple[Claim, ...]:
    """The claims that a snapshot shows at `now`, merged ones too, by plan and branch."""
    return tuple(aged(one, now, policy) for one in settle(snapshot, now, policy))


def settle(snapshot: Snapshot, now: Moment, policy: ClaimPolicy) -> tuple[Claim, ...]:
    """The claims that a snapshot shows, none of them stale: `aged` gives them the state that they have at a moment."""
    branches = [one for branch in snapshot.branches for one in rivalry.divided(branch, snapshot.facts)]
    remote = snapshot.remote.name if snapshot.remote is not None else None
    claims = rivalry.marked([_claim(one, snapshot, now) for one in branches], snapshot.phases, remote, policy)
    return tuple(sorted(claims, key=lambda one: (one.plan is None, one.plan or 0, one.branch, one.local is None)))


def aged(one: Claim, now: Moment, policy: ClaimPolicy) -> Claim:
    """A settled claim with the state that it has at `now`."""
    return one._replace(state=STALE) if state_at(one.state, one.last_activity, now, policy) == STALE else one


def used(one: Claim, found: Occupancy, now: Moment) -> Claim:
    """A claim of that moment with who is in its worktree: then it is in use, and no claim is stale that might be."""
    heard = max((who.heard for who in found.sessions if who.heard is not None), default=Moment(0))
    if found.verdict != FREE and not one.ended:
        one = one._replace(state=IN_USE if found.verdict == OCCUPIED else ACTIVE if one.state == STALE else one.state)
    if heard > one.last_activity:
        one = one._replace(last_activity=min(heard, now), activity_source=SESSION)
    merged, *more = one.grounds
    activity = session.together(who.activity for who in found.sessions if who.activity is not None)
    return one._replace(occupants=found.occupants, activity=activity, grounds=(merged, *found.reasons, *more))


def state_at(settled: str, last_activity: Moment, now: Moment, policy: ClaimPolicy) -> str:
    """The state at `now` of a claim that was `settled` so: stale when nothing happened for too long."""
    old = now - last_activity > policy.stale_hours * HOUR
    return STALE if old and settled != INTEGRATED else settled


def reasons(one: Claim, now: Moment, policy: ClaimPolicy) -> tuple[str, ...]:
    """Why a claim has the state that it has at `now`, in words; first whether it is merged."""
    merged, *more = one.grounds
    stale = (f"nothing happened for more than {span(policy.stale_hours * HOUR)}",) if one.state == STALE else ()
    last = f"last activity {ago(one.last_activity, now)}: {_SOURCES[one.activity_source]}"
    return (merged, *stale, last, *more)


def open_claims(claims: Iterable[Claim], plan: int) -> tuple[Claim, ...]:
    """The claims of a plan that hold: not merged."""
    return tuple(one for one in claims if one.plan == plan and not one.ended)


def _claim(branch: Branch, snapshot: Snapshot, now: Moment) -> Claim:
    known = [(tip, _settled(branch, tip, snapshot.facts.get(tip, ()))) for tip in branch.tips]
    open_tips = _open_tips(known)
    merged = not open_tips
    tip, facts = max(open_tips or known, key=lambda one: _newness(one[1]))
    origin = _origin(branch, facts)
    at, source, doubts = _activity(branch, facts, origin, now)
    own = _own(known)
    verdict = facts.verdict if facts is not None else integration.Verdict(integration.NO_MAIN)
    working = ACTIVE if own or origin is not None else FRESH
    return Claim(
        plan=branch.plan,
        branch=branch.name,
        local=f"refs/heads/{branch.name}" if branch.local is not None else None,
        remote=branch.remote_ref,
        commit=tip,
        owner=(origin.owner if origin is not None else None) or _author(facts, own),
        host=origin.host if origin is not None else None,
        claim_id=origin.claim_id if origin is not None else None,
        state=INTEGRATED if merged else working,
        contested=False,
        published=branch.remote is not None,
        last_activity=at,
        activity_source=source,
        worktree=branch.worktree.path if branch.worktree is not None and not branch.worktree.gone else None,
        own_commits=own,
        grounds=(verdict.words(snapshot.main), *_grounds(branch, merged, snapshot), *doubts, *_forged(branch, origin)),
        worker=origin.worker if origin is not None else None,
    )


def _own(known: list[tuple[str, Facts | None]]) -> int:
    """The commits that would be lost with the branch: of the tip, here or on the remote, that has most of them.

    The dates of commits do not tell which that is: the clock of another machine may be behind.
    """
    facts = [one for _, one in known if one is not None]
    unmerged = [one for one in facts if not one.verdict.merged]
    return max((one.own for one in unmerged or facts), default=0)


def _settled(branch: Branch, tip: str, facts: tuple[Facts, ...]) -> Facts | None:
    """What is known of a tip, from the main branch that proves it merged if one does; None where there is none."""
    judged = [_with_name(branch, tip, one) for one in facts]
    return max(judged, key=lambda one: (one.verdict.merged, -one.own), default=None)


def _with_name(branch: Branch, tip: str, facts: Facts) -> Facts:
    """What is known of a tip as this branch's.

    A tip that the main branch reaches can be merged work, or a branch that has just been made there: it is merged where
    the branch is known to have had commits of its own. On the main line every fresh branch stands, so that must be
    proven, by its own claim commit below or by its reflog; beside it the reflog can only say the contrary.
    """
    how = facts.verdict.how
    if how not in (integration.BY_FAST_FORWARD, integration.BY_MERGE):
        return facts
    worked = branch.trace.worked if branch.trace is not None and tip == branch.local else None
    mine = facts.origin is not None and facts.origin.branch in (None, branch.name) and branch.fits(facts.origin)
    if worked is None:
        worked = how == integration.BY_MERGE or mine
    if worked:
        return facts
    return facts._replace(verdict=integration.Verdict(integration.NOTHING_OWN), origin=None, claimed_at=None)


def _newness(facts: Facts | None) -> tuple[bool, Moment]:
    """Of two tips of a branch that one speaks for it which holds the other, else the one with the newer date."""
    return (bool(facts.holds), facts.at) if facts is not None else (False, Moment(0))


def _open_tips(known: list[tuple[str, Facts | None]]) -> list[tuple[str, Facts | None]]:
    """The tips of a branch, here and on the remote, that are neither merged nor an earlier state of one that is."""
    ended = {tip for tip, one in known if one is not None and one.verdict.merged}
    ended |= {earlier for tip, one in known if one is not None and tip in ended for earlier in one.holds}
    return [(tip, one) for tip, one in known if tip not in ended]


def _origin(branch: Branch, facts: Facts | None) -> Origin | None:
    """What the branch's own claim commit says, else the fence that kept it; another branch's claim is not its own."""
    found = facts.origin if facts is not None else None
    if found is not None and branch.fits(found):
        return found
    return branch.fence if branch.fence is not None and branch.fence.branch == branch.name else None


def _author(facts: Facts | None, own: int) -> str | None:
    return facts.author or None if facts is not None and own else None


def _activity(
    branch: Branch, facts: Facts | None, origin: Origin | None, now: Moment
) -> tuple[Moment, str, tuple[str, ...]]:
    """The last activity, what it rests on, and doubts about clocks. Nothing lies in the future."""
    claimed = facts.claimed_at if facts is not None and facts.origin is origin and origin is not None else None
    bare = facts is None or (facts.own == 0 and claimed is None)
    seen = [
        (claimed, CLAIMED),
        (facts.at if facts is not None and facts.own else None, COMMITTED),
        (branch.trace.at if branch.trace is not None else None, REFLOG),
        (branch.touched, FILE),
        (branch.fetched if bare or branch.local is None else None, REMOTE),
    ]
    moments = [(at, source) for at, source in seen if at is not None]
    past = [(min(at, now), source) for at, source in moments if at <= now + TOLERANCE]
    if past:
        at, source = max(past, key=lambda one: one[0])
        return at, source, ()
    if moments:
        return now, moments[0][1], ("its dates lie in the future: a clock is wrong, and so it counts as active",)
    return (min(facts.at, now), COMMITTED, ()) if facts is not None else (now, COMMITTED, ())


def _grounds(branch: Branch, merged: bool, snapshot: Snapshot) -> tuple[str, ...]:
    found = []
    if branch.worktree is not None and branch.worktree.gone:
        found.append(f"its worktree is gone: {branch.worktree.path}")
    if branch.worktree is not None and branch.worktree.locked is not None:
        found.append(f"its worktree is locked: {branch.worktree.locked or 'no reason given'}")
    if branch.remote is None and snapshot.remote is not None and not merged:
        found.append(f"not on {snapshot.remote.name}: never published, or deleted there")
    return tuple(found)


def _forged(branch: Branch, origin: Origin | None) -> tuple[str, ...]:
    if origin is None or origin.plan in (None, branch.plan):
        return ()
    return (f"its claim commit names plan #{origin.plan}; the branch name counts",)
