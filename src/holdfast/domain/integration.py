"""Merged or not: what a branch's commits and their changes prove about the main branch.

Answers depend on the branch's and the main branch's object ids alone. Only a proof counts: what cannot be told is not
merged.
"""

from __future__ import annotations

import itertools

from holdfast.domain.request import title_of
from holdfast.domain.value import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from holdfast.domain.claim_commit import Origin
    from holdfast.domain.moment import Moment

BY_MERGE, BY_FAST_FORWARD, BY_SQUASH, BY_PICKS, BY_CONTENT, BY_TREE, BY_HUNKS, BY_REQUEST, BY_TITLE, BY_NAME = (
    "merge", "fast-forward", "squash", "picks", "content", "tree", "hunks", "request", "title", "name",
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
    BY_NAME: "merged: {main} has a commit that says that it merged exactly this ({by})",
    OPEN: "{main} lacks some of its work",
    NOTHING_OWN: "it has no work of its own yet",
    CANCELS_OUT: "its commits cancel each other out, which proves nothing",
    NO_BASE: "it has no common history with {main}",
    SHALLOW: "this clone is shallow: whether it is merged cannot be told",
    NO_MAIN: "there is no main branch here: whether it is merged cannot be told",
}
"""What each verdict means, in words."""

REVERTED = ", and reverted later"
"""How the words of a verdict end whose work the main branch took back."""

_MERGED = frozenset(
    {BY_MERGE, BY_FAST_FORWARD, BY_SQUASH, BY_PICKS, BY_CONTENT, BY_TREE, BY_HUNKS, BY_REQUEST, BY_TITLE, BY_NAME}
)

_PROVEN = _MERGED - {BY_MERGE, BY_FAST_FORWARD}


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
        return text + REVERTED if self.reverted else text


class Changed(NamedTuple):
    """One path that a commit or a branch changed: mode and blob before and after."""

    path: str
    old: str
    new: str


Changes = frozenset[Changed]


class Commit(NamedTuple):
    """A commit as far as verdicts need it; `at` is the committer's date, `origin` what its trailers say of a claim."""

    oid: str
    parents: tuple[str, ...]
    tree: str
    at: Moment
    author: str
    subject: str
    origin: Origin | None
    changes: Changes = frozenset()

    @property
    def made_claim(self) -> bool:
        """True for a claim commit, and for one that only brings the plan that is claimed.

        One that was amended or squashed into has trailers and work: that is no mere claim.
        """
        if self.origin is None or len(self.parents) > 1:
            return False
        return not self.changes or paths(self.changes) <= set(self.origin.adds)


class Facts(NamedTuple):
    """What two object ids tell: a branch's tip against the main branch's.

    `own` counts the commits that the main branch lacks, without those that made the claim; `origin` is what the newest
    claim commit among them says, and `claimed_at` its date. `holds` are other tips of its branch (here, on the remote) that
    are no more than an earlier state of it. `shapes` are the paths, in short, of each change that was found in the main
    branch: what takes it back has the same.
    """

    tip: str
    at: Moment
    author: str
    own: int
    verdict: Verdict
    origin: Origin | None
    claimed_at: Moment | None = None
    holds: tuple[str, ...] = ()
    shapes: tuple[str, ...] = ()

    @property
    def proven(self) -> bool:
        """True where the commits alone prove the branch merged, whoever made it and when."""
        return self.verdict.how in _PROVEN


class Work(NamedTuple):
    """What a branch has that the main branch lacks: its commits, newest first, and the commits it is based on."""

    commits: tuple[Commit, ...]
    bases: tuple[str, ...]

    @property
    def own(self) -> tuple[Commit, ...]:
        """The commits without those that made the claim."""
        return tuple(one for one in self.commits if not one.made_claim)

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


def below_merges_of_main(tip: str, commits: Mapping[str, Commit]) -> tuple[str, ...]:
    """The tip, and what lies below the merges at its end that brought the main branch in, one after the other.

    Behind a squash merge people merge the main branch back: then the whole change is empty, and what was merged is the
    first commit below that has one.
    """
    found = [tip]
    while (commit := commits[found[-1]]).parents[1:]:
        own, *others = commit.parents
        if own not in commits or any(other in commits for other in others):
            break
        found.append(own)
    return tuple(found)


def paths(changes: Changes) -> frozenset[str]:
    """The paths that were changed."""
    return frozenset(one.path for one in changes)


def reverse(changes: Changes) -> Changes:
    """What takes the changes back."""
    return frozenset(Changed(one.path, one.new, one.old) for one in changes)


def shape(changes: Changes) -> str:
    """The paths of a change in short: what takes it back has the same."""
    import zlib

    names = "\0".join(sorted(paths(changes))).encode("utf-8", "surrogateescape")
    return f"{zlib.crc32(names):08x}"


class Landed(NamedTuple):
    """A commit of the main branch, and what its message says about requests and reverts.

    `request` is the number that its subject or merge message names; `reverts` the commit ids that it takes back, `heads`
    those that it says it merged.
    """

    commit: Commit
    request: int | None
    reverts: tuple[str, ...]
    heads: tuple[str, ...] = ()


class Texts(NamedTuple):
    """What the text of a change says, and that of the change that takes it back (`patch.patch_of`)."""

    forward: bytes
    backward: bytes


def landed_as(
    changes: Changes, texts: Texts | None, candidates: Iterable[Landed], text_at: Callable[[str], bytes | None]
) -> tuple[str, bool] | None:
    """The newest commit of the main branch that is exactly this change, and whether it was taken back after that.

    `candidates` are the commits that may be it, newest first: with the same paths, and not part of the branch's past.
    `texts` and `text_at` are known where blobs alone do not tell.
    """
    reverted = False
    back = reverse(changes)
    for one in candidates:
        text = text_at(one.commit.oid) if texts is not None else None
        if one.commit.changes == changes or (texts is not None and text == texts.forward):
            return one.commit.oid, reverted
        if one.commit.changes == back or (texts is not None and text == texts.backward):
            reverted = True
    return None


def taken_back(landed: Iterable[Landed]) -> frozenset[str]:
    """The commits that others revert, if these are not reverted themselves; newest first."""
    taken: set[str] = set()
    for one in landed:
        if one.reverts and one.commit.oid not in taken:
            taken.update(one.reverts)
        elif one.reverts:
            taken.difference_update(one.reverts)
    return frozenset(taken)


class Main:
    """What the main branch got since some commit, newest first, and what of it came after a branch began."""

    def __init__(self, landed: Sequence[Landed]) -> None:
        self.taken_back = taken_back(landed)
        self._commits = {one.commit.oid: one.commit for one in landed}
        self._line = line_of(landed[0].commit.oid, self._commits) if landed else {}
        self._arrivals: dict[str, int] | None = None
        self._by_paths: dict[frozenset[str], list[Landed]] = {}
        self._by_request: dict[int, list[Landed]] = {}
        self._by_title: dict[str, list[Landed]] = {}
        self._by_head: dict[str, Landed] = {}
        for one in landed:
            if one.commit.changes:
                self._by_paths.setdefault(paths(one.commit.changes), []).append(one)
            if one.request is not None:
                self._by_request.setdefault(one.request, []).append(one)
            for head in one.heads:
                self._by_head.setdefault(head, one)
            title = title_of(one.commit.subject)
            if title is not None:
                self._by_title.setdefault(title, []).append(one)

    def alike(self, changes: Changes, base: str) -> list[Landed]:
        """Commits that came after `base` and changed the same paths, newest first."""
        return self._after(base, self._by_paths.get(paths(changes), []))

    def naming(self, request: int, base: str) -> list[Landed]:
        """Commits that came after `base` and name this request, newest first."""
        return self._after(base, self._by_request.get(request, []))

    def titled(self, subject: str, base: str) -> list[Landed]:
        """Commits that came after `base` and have this subject with the number of a request, newest first."""
        return self._after(base, self._by_title.get(subject, []))

    def merging(self, head: str) -> Landed | None:
        """The newest commit that says that it merged exactly `head`."""
        return self._by_head.get(head)

    def undone(self, one: Landed) -> bool:
        """True for a commit that was taken back later: by a revert that names it, or by its very reverse."""
        back = reverse(one.commit.changes)
        later = itertools.takewhile(lambda other: other is not one, self._by_paths.get(paths(one.commit.changes), []))
        return one.commit.oid in self.taken_back or any(other.commit.changes == back for other in later)

    def _after(self, base: str, candidates: list[Landed]) -> list[Landed]:
        """Those that are not part of the past of `base`."""
        if not candidates or base not in self._commits:
            return candidates  # nothing that is older than the oldest commit here holds any of them
        if base not in self._line:
            past = past_of([base], self._commits)
            return [one for one in candidates if one.commit.oid not in past]
        if self._arrivals is None:
            self._arrivals = arrivals(self._line, self._commits)
        return [one for one in candidates if self._arrivals[one.commit.oid] < self._line[base]]


def line_of(tip: str, commits: Mapping[str, Commit]) -> dict[str, int]:
    """The commits from the tip along first parents, by their distance from it."""
    found: dict[str, int] = {}
    while tip in commits:
        found[tip] = len(found)
        tip = next(iter(commits[tip].parents), "")
    return found


def arrivals(line: Mapping[str, int], commits: Mapping[str, Commit]) -> dict[str, int]:
    """For each commit that the line reaches: how far from the tip the first commit of the line is that has it."""
    found: dict[str, int] = {}
    for first, distance in reversed(list(line.items())):
        found[first] = distance
        ahead = [first]
        for oid in ahead:  # grows while it is walked
            fresh = [parent for parent in commits[oid].parents if parent in commits and parent not in found]
            found.update(dict.fromkeys(fresh, distance))
            ahead += fresh
    return found


def past_of(tips: Iterable[str], commits: Mapping[str, Commit]) -> frozenset[str]:
    """The tips and everything below them, as far as `commits` go."""
    seen = set(tips)
    ahead = list(seen)
    for oid in ahead:  # grows while it is walked
        fresh = [parent for parent in commits[oid].parents if parent not in seen] if oid in commits else []
        seen.update(fresh)
        ahead += fresh
    return frozenset(seen)
