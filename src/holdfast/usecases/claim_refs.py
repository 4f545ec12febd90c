"""The refs of one claim, changed all at once or not at all: branch, fence, and what must be kept of an older branch."""

from __future__ import annotations

from holdfast.adapters import clock, refs
from holdfast.adapters.reflog import TAKEN_BACK
from holdfast.adapters.refs import HEADS, REMOTES, Update
from holdfast.adapters.remote import Lease
from holdfast.domain.value import TYPE_CHECKING, NamedTuple
from holdfast.usecases import contact
from holdfast.usecases.surroundings import FENCES, SEEN_FENCES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from holdfast.adapters.git import Git
    from holdfast.usecases.contact import Contact, Outcome

_ATTEMPTS = 5
FINISHED, ABANDONED = "refs/holdfast/finished/", "refs/holdfast/abandoned/"


class ClaimRefs(NamedTuple):
    """A claim that is to be made: the claim commit, the branch's tip (the same, or a commit on it), what it replaces.

    `old` is the tip that the branch has here, `old_there` the one that it has on the remote, None where there is none;
    `kept` is where such tips are kept: `FINISHED`, `ABANDONED`, or empty where nothing is replaced. `old_fence` is what the
    fence is before it.
    """

    plan: int
    branch: str
    commit: str
    tip: str
    kept: str = ""
    old: str | None = None
    old_there: str | None = None
    old_fence: str | None = None

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
        return kept_as(self.kept, self.branch, oid)


class EndingRefs(NamedTuple):
    """A claim that is to end: the branch's tips here and on the remote, and the values that its fence may have.

    They are those that were seen when it was decided: what has changed since is somebody else's. `plan` is None for a
    `feature-*` branch; `kept` is where the tips are kept, empty where nothing of them would be lost.
    """

    plan: int | None
    branch: str
    tip: str | None
    there: str | None = None
    fences: tuple[str, ...] = ()
    kept: str = ""

    @property
    def head(self) -> str:
        """The branch's full name."""
        return HEADS + self.branch

    def keep(self, oid: str) -> str:
        """The ref that keeps a tip of the branch."""
        return kept_as(self.kept, self.branch, oid)


def kept_as(kind: str, branch: str, oid: str) -> str:
    """The ref that keeps a tip of a branch that is replaced or given up."""
    return f"{kind}{branch}/{oid[:12]}"


def publish(claim: ClaimRefs, there: Contact) -> Outcome:
    """Make the claim on the remote: one atomic push, leased on every value that was seen, then read back."""
    old = claim.old_there
    leases = [
        Lease(claim.head, claim.tip, old),
        Lease(claim.fence, claim.commit, claim.old_fence),
    ]
    if old is not None and claim.kept and there.id_of(claim.keep(old)) != old:
        leases.append(Lease(claim.keep(old), old, there.id_of(claim.keep(old))))
    return contact.change(there, leases)


def make_here(git: Git, claim: ClaimRefs, seen: Mapping[str, str], remote: str | None) -> str | None:
    """Make the claim in this clone: one transaction; None when it is done, else what git said against it.

    With a `remote` the fence is only a copy of the one there, which others of this clone may bring in any moment; without
    one it is the fence.
    """
    fence = f"{SEEN_FENCES}{claim.plan}" if remote is not None else claim.fence
    known = seen.get(fence)
    said = _transact_here(git, claim, seen, fence, known)
    while said is not None and remote is not None:
        now = refs.read(git, fence).get(fence)
        if now == known:
            break  # it is not the copy that was in the way
        known = now
        said = _transact_here(git, claim, seen, fence, known)
    if said is None and remote is not None:
        git.attempt("update-ref", "-m", "holdfast: published", f"{REMOTES}{remote}/{claim.branch}", claim.tip)
        _follow(git, claim.branch, remote)
    return said


def _transact_here(git: Git, claim: ClaimRefs, seen: Mapping[str, str], fence: str, known: str | None) -> str | None:
    """One transaction over branch, fence (which is `known` to be there now) and what is kept of the branch before."""
    updates = [Update(claim.head, claim.tip, claim.old)]
    if fence == claim.fence or known != claim.commit:
        updates.append(Update(fence, claim.commit, known))
    if claim.old is not None and claim.kept and seen.get(claim.keep(claim.old)) is None:
        updates.append(Update(claim.keep(claim.old), claim.old, None))
    return refs.transact(git, updates, f"holdfast: claim of plan #{claim.plan}")


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
        leases.append(Lease(claim.head, claim.old_there, claim.tip))
    if there.id_of(claim.fence) == claim.commit:
        leases.append(Lease(claim.fence, _known(there.remote.git, claim.old_fence), claim.commit))
    return contact.change(there, leases) if leases else None


def unmake_here(git: Git, claim: ClaimRefs, remote: str | None) -> str | None:
    """Take the claim back in this clone, each ref where it still is exactly what was made; None when that is done."""
    fences = [f"{SEEN_FENCES}{claim.plan}", claim.fence]
    tracking = f"{REMOTES}{remote}/{claim.branch}"
    now = refs.read(git, claim.head, tracking, *fences)
    before = _known(git, claim.old_fence)
    updates = [Update(name, before, claim.commit) for name in fences if now.get(name) == claim.commit]
    if now.get(tracking) == claim.tip:
        updates.append(Update(tracking, claim.old_there, claim.tip))
    if now.get(claim.head) == claim.tip:
        updates.append(Update(claim.head, claim.old, claim.tip))
    return refs.transact(git, updates, TAKEN_BACK) if updates else None


def _known(git: Git, oid: str | None) -> str | None:
    """An older fence, as far as its commit is here: the fence of what is gone blocks nobody and need not come back."""
    return oid if oid is not None and git.attempt("cat-file", "-e", f"{oid}^{{commit}}")[0] == 0 else None


def end_there(ending: EndingRefs, there: Contact) -> Outcome | None:
    """End a claim on the remote: branch and fence away, each as it was seen; None where there is nothing of it."""
    leases = []
    if ending.there is not None and there.id_of(ending.head) == ending.there:
        leases.append(Lease(ending.head, None, ending.there))
        if ending.kept and there.id_of(ending.keep(ending.there)) is None:
            leases.append(Lease(ending.keep(ending.there), ending.there, None))
    fence = f"{FENCES}{ending.plan}"
    if ending.plan is not None and there.id_of(fence) in ending.fences:
        leases.append(Lease(fence, None, there.id_of(fence)))
    return contact.change(there, leases) if leases else None


def end_here(git: Git, ending: EndingRefs, remote: str | None) -> str | None:
    """End a claim in this clone, each ref where it still is as it was seen; None when that is done."""
    fences = [f"{SEEN_FENCES}{ending.plan}", f"{FENCES}{ending.plan}"]
    tracking = f"{REMOTES}{remote}/{ending.branch}"
    now = refs.read(git, ending.head, tracking, *fences, ABANDONED)
    updates = [Update(name, None, now[name]) for name in fences if now.get(name) in ending.fences]
    if ending.there is not None and now.get(tracking) == ending.there:
        updates.append(Update(tracking, None, ending.there))
    if ending.tip is not None and now.get(ending.head) == ending.tip:
        updates.append(Update(ending.head, None, ending.tip))
        if ending.kept and ending.keep(ending.tip) not in now:
            updates.append(Update(ending.keep(ending.tip), ending.tip, None))
    said = refs.transact(git, updates, f"holdfast: claim on {ending.branch} ended") if updates else None
    if said is None and ending.tip is not None:
        git.attempt("config", "--remove-section", f"branch.{ending.branch}")
    return said
