"""Merged or not: what a branch's commits and their changes prove about the main branch.

Answers depend on the branch's and the main branch's object ids alone. Only a proof counts: what cannot be told is not
merged.
"""

from __future__ import annotations

from holdfast.domain.value import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from holdfast.domain.claim_commit import Origin
    from holdfast.domain.moment import Moment
    from holdfast.domain.patch import Patch

BY_MERGE, BY_FAST_FORWARD, BY_SQUASH, BY_PICKS, BY_CONTENT, BY_TREE, BY_HUNKS, BY_REQUEST, BY_TITLE = (
    "merge", "fast-forward", "squash", "picks", "content", "tree", "hunks", "request", "title",
)  # fmt: skip
OPEN, NOTHING_OWN, CANCELS_OUT, NO_BASE, SHALLOW, NO_MAIN = (
    "open", "nothing-own", "cancels-out", "no-base", "shallow", "no-main",
)  # fmt: skip

WORDS: Mapping[str, str] = {
    BY_MERGE: "merged: its commits are in {main}",
    BY_FAST_FORWARD: "merged: {main} was fast-forwarded to its commits",
    BY_SQUASH: "merged: {main} has its whole change as one commit ({by})",
    BY_PICKS: "merged: {main} has each of its commits as a commit of its own",
    BY_CONTENT: "merged: {main} has every file that it changed as it has it",
    BY_TREE: "merged: {main} holds exactly its files",
    BY_HUNKS: "merged: {main} has every change that it made",
    BY_REQUEST: "merged: the remote says that it is the head of a request that {main} names ({by})",
    BY_TITLE: "merged: {main} has a commit with its title, a request number and its files ({by})",
    OPEN: "{main} lacks some of its work",
    NOTHING_OWN: "it has no work of its own yet",
    CANCELS_OUT: "its commits cancel each other out, which proves nothing",
    NO_BASE: "it has no common history with {main}",
    SHALLOW: "this clone is shallow: whether it is merged cannot be told",
    NO_MAIN: "there is no main branch here: whether it is merged cannot be told",
}
"""What each verdict means, in words."""

_MERGED = frozenset(
    {BY_MERGE, BY_FAST_FORWARD, BY_SQUASH, BY_PICKS, BY_CONTENT, BY_TREE, BY_HUNKS, BY_REQUEST, BY_TITLE}
)


class Verdict(NamedTuple):
    """Whether a branch is merged: `how` is a key of `WORDS`, `by` the commit of the main branch that proves it, or ''.

    `reverted` is true when the main branch took it back later; merged it is all the same.
    """

    how: str
    by: str = ""
    reverted: bool = False

    @property
    def merged(self) -> bool:
        """True for a proof."""
        return self.how in _MERGED

    def words(self, main: str) -> str:
        """The verdict in words."""
        text = WORDS[self.how].format(main=main, by=self.by if self.by[:1] in "#!" else self.by[:9])
        return f"{text}, and reverted later" if self.reverted else text


class Commit(NamedTuple):
    """A commit as far as verdicts need it; `at` is the committer's date, `origin` what makes it a claim's."""

    oid: str
    parents: tuple[str, ...]
    tree: str
    at: Moment
    author: str
    subject: str
    origin: Origin | None


class Facts(NamedTuple):
    """What two object ids tell: a branch's tip against the main branch's.

    `own` counts the commits that the main branch lacks, without those that made the claim; `origin` is what the newest
    claim commit among them says, and `claimed_at` its date.
    """

    tip: str
    at: Moment
    author: str
    own: int
    verdict: Verdict
    origin: Origin | None
    claimed_at: Moment | None = None


class Work(NamedTuple):
    """What a branch has that the main branch lacks: its commits, newest first, and the commits it is based on."""

    commits: tuple[Commit, ...]
    bases: tuple[str, ...]

    @property
    def own(self) -> tuple[Commit, ...]:
        """The commits without those that made the claim."""
        return tuple(one for one in self.commits if one.origin is None)

    @property
    def claim(self) -> Commit | None:
        """The newest claim commit."""
        return next((one for one in self.commits if one.origin is not None), None)


def work_of(tip: str, commits: Mapping[str, Commit]) -> Work:
    """What `tip` has beyond the main branch; `commits` are those that the main branch lacks."""
    found: list[Commit] = []
    bases: list[str] = []
    seen = {tip}
    ahead = [tip]
    for oid in ahead:  # grows while it is walked
        commit = commits.get(oid)
        if commit is None:
            bases.append(oid)
            continue
        found.append(commit)
        fresh = [parent for parent in commit.parents if parent not in seen]
        seen.update(fresh)
        ahead += fresh
    return Work(tuple(found), tuple(bases))


def before_merges_of_main(tip: str, commits: Mapping[str, Commit]) -> str:
    """The commit below those merges at the tip of a branch that only brought the main branch in.

    Behind a squash merge people merge the main branch back: then the whole change is empty, and what was merged is the
    commit below.
    """
    while tip in commits:
        commit = commits[tip]
        if len(commit.parents) != 2 or commit.parents[1] in commits or commit.parents[0] not in commits:
            return tip
        tip = commit.parents[0]
    return tip


class Changed(NamedTuple):
    """One path that a commit or a branch changed: mode and blob before and after."""

    path: str
    old: str
    new: str


Changes = frozenset[Changed]


def paths(changes: Changes) -> frozenset[str]:
    """The paths that were changed."""
    return frozenset(one.path for one in changes)


def reverse(changes: Changes) -> Changes:
    """What takes the changes back."""
    return frozenset(Changed(one.path, one.new, one.old) for one in changes)


class Landed(NamedTuple):
    """A commit of the main branch: what it changed, what its message says about requests and reverts.

    `request` is the number that its subject or merge message names; `reverts` the commit ids that it takes back.
    """

    commit: Commit
    changes: Changes
    request: int | None
    reverts: tuple[str, ...]


def landed_as(
    changes: Changes, patch: Callable[[], Patch], candidates: Iterable[Landed], patch_at: Callable[[str], Patch]
) -> tuple[str, bool] | None:
    """The newest commit of the main branch that is exactly this change, and whether it was taken back after that.

    `candidates` are the commits that may be it, newest first: with the same paths, and not part of the branch's past.
    `patch` and `patch_at` read the texts of a change, which is only asked where the blobs differ.
    """
    reverted = False
    back = reverse(changes)
    for one in candidates:
        if one.changes == changes or patch_at(one.commit.oid).forward == patch().forward:
            return one.commit.oid, reverted
        if one.changes == back or patch_at(one.commit.oid).forward == patch().backward:
            reverted = True
    return None


def past_of(tips: Iterable[str], commits: Mapping[str, Commit]) -> frozenset[str]:
    """The tips and everything below them, as far as `commits` go."""
    seen = set(tips)
    ahead = list(seen)
    for oid in ahead:  # grows while it is walked
        fresh = [parent for parent in commits[oid].parents if parent not in seen] if oid in commits else []
        seen.update(fresh)
        ahead += fresh
    return frozenset(seen)
