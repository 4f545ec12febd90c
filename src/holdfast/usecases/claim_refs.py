"""The refs of one claim, changed all at once or not at all: branch, fence, and what must be kept of an older branch."""

from __future__ import annotations

from holdfast.adapters import clock, refs
from holdfast.adapters.refs import HEADS, REMOTES, Update
from holdfast.adapters.remote import Lease
from holdfast.domain.value import TYPE_CHECKING, NamedTuple
from holdfast.usecases import contact
from holdfast.usecases.snapshot import FENCES, SEEN_FENCES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from holdfast.adapters.git import Git
    from holdfast.usecases.contact import Contact, Outcome

_ATTEMPTS = 5
FINISHED, ABANDONED = "refs/holdfast/finished/", "refs/holdfast/abandoned/"


class ClaimRefs(NamedTuple):
    """A claim that is to be made: the claim commit, the branch's tip (the same, or a commit on it), what it replaces.

    `old` is the tip of a branch that is replaced, None for a new one; `kept` is where such tips are kept: `FINISHED`,
    `ABANDONED`, or empty where nothing is replaced or given up.
    """

    plan: int
    branch: str
    commit: str
    tip: str
    kept: str = ""
    old: str | None = None

    @property
    def head(self) -> str:
        """The branch's full name."""
        return HEADS + self.branch

    @property
    def fence(self) -> str:
        """The fence's name, as it is without a server's own rules."""
        return f"{FENCES}{self.plan}"

    def keep(self, oid: str) -> str:
        """The ref that keeps an older tip of the branch."""
        return f"{self.kept}{self.branch}/{oid[:12]}"


def publish(claim: ClaimRefs, there: Contact) -> Outcome:
    """Make the claim on the remote: one atomic push, leased on every value that was seen, then read back."""
    old = there.id_of(claim.head)
    leases = [
        Lease(claim.head, claim.tip, old),
        Lease(claim.fence, claim.commit, there.id_of(claim.fence)),
    ]
    if old is not None and claim.kept and there.id_of(claim.keep(old)) != old:
        leases.append(Lease(claim.keep(old), old, there.id_of(claim.keep(old))))
    return contact.change(there, leases)


def make_here(git: Git, claim: ClaimRefs, seen: Mapping[str, str], remote: str | None) -> str | None:
    """Make the claim in this clone: one transaction; None when it is done, else what git said against it.

    With a `remote` the fence is only a copy of the one there; without one it is the fence.
    """
    fence = f"{SEEN_FENCES}{claim.plan}" if remote is not None else claim.fence
    old = seen.get(claim.head)
    updates = [Update(claim.head, claim.tip, old)]
    if remote is None or seen.get(fence) != claim.commit:
        updates.append(Update(fence, claim.commit, seen.get(fence)))
    if old is not None and claim.kept and seen.get(claim.keep(old)) is None:
        updates.append(Update(claim.keep(old), old, None))
    said = refs.transact(git, updates, f"holdfast: claim of plan #{claim.plan}")
    if said is None and remote is not None:
        git.attempt("update-ref", "-m", "holdfast: published", f"{REMOTES}{remote}/{claim.branch}", claim.tip)
        _follow(git, claim.branch, remote)
    return said


def _follow(git: Git, branch: str, remote: str) -> None:
    """Let a plain `git push` and `git pull` in the claim's worktree find the branch; others write `.git/config`, too."""
    for attempt in range(_ATTEMPTS):
        code, _, err = git.attempt("branch", "--quiet", f"--set-upstream-to={remote}/{branch}", branch)
        if code == 0 or b"could not lock" not in err:
            return
        clock.pause(0.02 * 2**attempt)


def mark_published(git: Git, claim: ClaimRefs, remote: str) -> None:
    """Let this clone know that the remote has the claim now."""
    for ref, oid in ((f"{REMOTES}{remote}/{claim.branch}", claim.tip), (f"{SEEN_FENCES}{claim.plan}", claim.commit)):
        git.attempt("update-ref", "-m", "holdfast: published", ref, oid)


def unpublish(claim: ClaimRefs, there: Contact) -> Outcome | None:
    """Take the claim back on the remote, where it still is exactly what was made; None where there is nothing of it."""
    leases = []
    if there.id_of(claim.head) == claim.tip:
        leases.append(Lease(claim.head, claim.old, claim.tip))
    if there.id_of(claim.fence) == claim.commit:
        leases.append(Lease(claim.fence, None, claim.commit))
    return contact.change(there, leases) if leases else None


def give_up(claim: ClaimRefs, there: Contact) -> Outcome | None:
    """End a claim on the remote: branch and fence away, each as it was seen; None where there is nothing of it."""
    leases = []
    tip, fence = there.id_of(claim.head), there.id_of(claim.fence)
    if tip is not None:
        leases.append(Lease(claim.head, None, tip))
        if claim.kept and there.id_of(claim.keep(tip)) is None:
            leases.append(Lease(claim.keep(tip), tip, None))
    if fence is not None and claim.plan >= 0:
        leases.append(Lease(claim.fence, None, fence))
    return contact.change(there, leases) if leases else None


def unmake_here(git: Git, claim: ClaimRefs, remote: str | None, giving_up: bool = False) -> str | None:
    """Take the claim back in this clone, each ref where it still is exactly what was made; None when that is done.

    `giving_up` ends the claim for good: whatever the fence is, and its tip is kept where `claim.kept` says.
    """
    fences = [f"{SEEN_FENCES}{claim.plan}", claim.fence]
    tracking = f"{REMOTES}{remote}/{claim.branch}"
    now = refs.read(git, claim.head, tracking, *fences, ABANDONED)
    mine = {claim.tip, claim.commit}
    updates = [Update(name, None, now[name]) for name in fences if name in now and (giving_up or now[name] in mine)]
    if now.get(tracking) is not None and (giving_up or now[tracking] in mine):
        updates.append(Update(tracking, None, now[tracking]))
    if now.get(claim.head) == claim.tip:
        updates.append(Update(claim.head, None if giving_up else claim.old, claim.tip))
        if giving_up and claim.kept and claim.keep(claim.tip) not in now:
            updates.append(Update(claim.keep(claim.tip), claim.tip, None))
    said = refs.transact(git, updates, f"holdfast: claim on {claim.branch} ended") if updates else None
    git.attempt("config", "--remove-section", f"branch.{claim.branch}")
    return said
