"""Merged or not, for many branches at once: a fixed number of git processes, however many branches there are."""

from __future__ import annotations

from holdfast.adapters import commits, merging
from holdfast.adapters.git import GitError
from holdfast.domain import integration
from holdfast.domain.integration import Facts, Main, Texts, Verdict, landed_as, paths, shape
from holdfast.domain.patch import hunks_of, patch_of
from holdfast.domain.takeover import DRIVER
from holdfast.domain.value import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from holdfast.adapters.commits import Pair
    from holdfast.adapters.git import Git
    from holdfast.adapters.objects import Objects
    from holdfast.domain.integration import Changed, Changes, Commit, Landed, Work

_LONGEST_PATHS = 60_000
"""Characters of all paths that one git process takes as arguments."""


class _Found(NamedTuple):
    """The verdict on a tip, its claim commit, where it left the main line, and the paths of what was found there."""

    verdict: Verdict
    claim: Commit | None = None
    fork: str = ""
    shapes: tuple[str, ...] = ()


class _Part(NamedTuple):
    """A change of a branch: what it lies between, its files, and the commits of the main branch that may be it."""

    pair: Pair
    changes: Changes
    candidates: list[Landed]


class _Case(NamedTuple):
    """A branch that is not simply part of the main branch: its tip below merges of main, its base, its whole change."""

    tip: str
    core: Commit
    base: str
    work: Work
    changes: Changes

    @property
    def pair(self) -> Pair:
        """What its whole change lies between."""
        return self.core.oid, self.base

    def found(self, how: str, by: str = "", reverted: bool = False) -> _Found:
        """This branch as merged."""
        return _Found(Verdict(how, by, reverted), self.work.claim, self.base, (shape(self.changes),))


def facts(
    git: Git,
    objects: Objects,
    branches: Iterable[Sequence[str]],
    target: str,
    shallow: bool,
    requests: Mapping[str, int],
) -> dict[str, Facts]:
    """What each tip of each branch is against `target`; `requests` are the numbers of requests whose head a tip is."""
    groups = [tuple(dict.fromkeys(tips)) for tips in branches]
    wanted = list(dict.fromkeys(tip for tips in groups for tip in tips))
    if not wanted:
        return {}
    asked = commits.named(git, wanted)
    ahead = commits.beyond(git, wanted, target).commits()
    known = asked.commits()
    ladder = _Ladder(git, objects, target, known, ahead, requests)
    found = {
        **ladder.inside([tip for tip in wanted if tip in known and tip not in ahead]),
        **ladder.outside([tip for tip in wanted if tip in ahead], shallow),
    }
    holds: dict[str, set[str]] = {}
    for tips in groups:
        for tip in tips:
            others = (one for one in tips if one != tip and one in found and tip in found)
            holds.setdefault(tip, set()).update(one for one in others if ladder.holds(tip, found[tip], one))
    return {tip: _facts(known[tip], ladder, one, sorted(holds[tip])) for tip, one in found.items() if tip in known}


def _facts(tip: Commit, ladder: _Ladder, found: _Found, holds: Sequence[str]) -> Facts:
    own = len(ladder.work(tip.oid).own) if tip.oid in ladder.ahead else 0
    origin, at = (found.claim.origin, found.claim.at) if found.claim is not None else (None, None)
    return Facts(tip.oid, tip.at, tip.author, own, found.verdict, origin, at, tuple(holds), found.shapes)


class _Ladder:
    """The questions that prove a branch merged, cheapest first, each asked for all branches that are still open."""

    def __init__(
        self,
        git: Git,
        objects: Objects,
        target: str,
        known: Mapping[str, Commit],
        ahead: Mapping[str, Commit],
        requests: Mapping[str, int],
    ) -> None:
        self.git = git
        self.objects = objects
        self.target = target
        self.known = known
        self.ahead = ahead
        self.requests = requests
        self._works: dict[str, Work] = {}
        self._texts: dict[Pair, bytes] = {}
        self._line: list[Landed] | None = None
        self._ranks: dict[str, int] = {}
        self._telling: list[Landed] | None = None

    def work(self, tip: str) -> Work:
        """What a tip has beyond the main branch."""
        if tip not in self._works:
            self._works[tip] = integration.work_of(tip, self.ahead)
        return self._works[tip]

    def _main_line(self) -> list[Landed]:
        """The commits of the main line, newest first."""
        if self._line is None:
            self._line = commits.first_parents(self.git, self.target).landed()
            self._ranks = {one.commit.oid: at for at, one in enumerate(self._line)}
        return self._line

    def _rank(self, oid: str) -> int | None:
        """How far a commit of the main line is from its tip; None for a commit that is not on it."""
        self._main_line()
        return self._ranks.get(oid)

    def _tellers(self) -> list[Landed]:
        """The commits of the main branch that revert another or made a claim."""
        if self._telling is None:
            self._telling = commits.telling(self.git, self.target).landed()
        return self._telling

    # Earlier states

    def holds(self, tip: str, found: _Found, other: str) -> bool:
        """True where `other`, a tip of the same branch elsewhere, is no more than an earlier state of `tip`."""
        if other in self.ahead:
            return self._holds_outside(tip, other)
        if self.known[other].made_claim:
            return True  # the main branch has that claim commit: its claim is over
        fork, rank = self._rank(found.fork), self._rank(other)
        return fork is not None and rank is not None and rank >= fork

    def _holds_outside(self, tip: str, other: str) -> bool:
        if tip in self.ahead and any(one.oid == other for one in self.work(tip).commits):
            return True
        work = self.work(other)
        if work.own or work.claim is None or work.claim.origin is None:
            return False
        # Nothing but a claim commit, which has another id wherever it was rebased.
        around = self.work(tip).commits if tip in self.ahead else [one.commit for one in self._tellers()]
        return any(one.origin is not None and one.origin.claim_id == work.claim.origin.claim_id for one in around)

    # Tips that the main branch reaches

    def inside(self, tips: list[str]) -> dict[str, _Found]:
        """Tips that the main branch reaches: by a merge, or on its own line, where fresh branches are too."""
        if not tips:
            return {}
        line = self._main_line()
        merges = {parent: one.commit.oid for one in line for parent in one.commit.parents[1:]}
        claimed = _claims_below(line)
        taken_back = integration.taken_back(self._tellers())
        found = {}
        for tip in tips:
            by = merges.get(tip, "")
            if self.known[tip].made_claim:
                found[tip] = _Found(Verdict(integration.NOTHING_OWN), self.known[tip], tip)
            elif self._rank(tip) is None:
                found[tip] = _Found(Verdict(integration.BY_MERGE, by, bool({tip, by} & taken_back)), None, by)
            else:
                verdict = Verdict(integration.BY_FAST_FORWARD, tip, tip in taken_back)
                found[tip] = _Found(verdict, claimed.get(tip), tip)
        return found

    # Tips that it does not reach

    def outside(self, tips: list[str], shallow: bool) -> dict[str, _Found]:
        """Tips with commits that the main branch lacks: merged, if their changes are there."""
        found: dict[str, _Found] = {}
        waiting: list[str] = []
        for tip in tips:
            work = self.work(tip)
            if not work.bases:
                found[tip] = _Found(Verdict(integration.SHALLOW if shallow else integration.NO_BASE), work.claim)
            elif all(len(one.parents) > 1 for one in work.own):
                found[tip] = _Found(Verdict(integration.NOTHING_OWN), work.claim)
            else:
                waiting.append(tip)
        return found | self._judged(self._cases(waiting))

    def _cases(self, tips: list[str]) -> list[_Case]:
        """Each tip; where it only brought the main branch in and adds nothing to that, what lies below."""
        chains = [integration.below_merges_of_main(tip, self.ahead) for tip in tips]
        pairs = [(core, self._base(core)) for chain in chains for core in chain]
        changes = dict(zip(pairs, commits.changed(self.git, pairs), strict=True))
        found = []
        for tip, chain in zip(tips, chains, strict=True):
            core = next((one for one in chain if changes[one, self._base(one)]), chain[-1])
            base = self._base(core)
            found.append(_Case(tip, self.ahead[core], base, self.work(core), changes[core, base]))
        return found

    def _base(self, tip: str) -> str:
        """The newest of the commits that a tip is based on; each of them is a common ancestor, and so sound."""
        bases = self.work(tip).bases
        if len(bases) == 1:
            return bases[0]
        return min(bases, key=lambda oid: len(self._main_line()) if (rank := self._rank(oid)) is None else rank)

    def _judged(self, cases: list[_Case]) -> dict[str, _Found]:
        found = {
            case.tip: _Found(Verdict(integration.CANCELS_OUT), self.work(case.tip).claim)
            for case in cases
            if not case.changes
        }
        cases = [case for case in cases if case.changes]
        if not cases:
            return found
        main = self._main_since({case.base for case in cases})
        tree = self.objects.id_of(f"{self.target}^{{tree}}")
        found |= self._by_name(cases, main)
        found |= self._by_squash([case for case in cases if case.tip not in found], main)
        found |= self._by_picks([case for case in cases if case.tip not in found], main)
        found |= self._by_files([case for case in cases if case.tip not in found], tree)
        found |= self._by_hunks([case for case in cases if case.tip not in found])
        found |= self._by_word([case for case in cases if case.tip not in found], main)
        left = [case for case in cases if case.tip not in found]
        return found | {case.tip: _Found(Verdict(integration.OPEN), case.work.claim, case.base) for case in left}

    def _main_since(self, bases: set[str]) -> Main:
        """What the main branch got since the oldest of the bases."""
        if len(bases) == 1:
            return Main(commits.landed(self.git, self.target, *bases).landed())
        ranks = {base: rank for base in bases if (rank := self._rank(base)) is not None}
        beside = sorted(bases - set(ranks))
        since = max(ranks, key=lambda base: ranks[base], default=None)
        if beside:
            rest = [since] if since is not None else []
            code, out, _ = self.git.attempt("merge-base", "--octopus", self.target, *beside, *rest)
            since = out.decode().strip() or None if code == 0 else None
        return Main(commits.landed(self.git, self.target, since).landed())

    def _compare(self, parts: Iterable[_Part]) -> None:
        """Read the texts of all changes that must be compared because their blobs differ, by one git process."""
        pairs: dict[Pair, None] = {}
        for pair, changes, candidates in parts:
            if candidates and candidates[0].commit.changes != changes:
                landed = [_own_pair(one.commit) for one in candidates if one.commit.parents]
                pairs |= dict.fromkeys((pair, pair[::-1], *landed))
        self._read(list(pairs), 3)

    def _read(self, pairs: list[Pair], context: int) -> None:
        texts = commits.diffs(self.git, pairs, context)
        self._texts = {pair: patch_of(lines) for pair, lines in zip(pairs, texts, strict=True)}

    def _landed_as(self, part: _Part) -> tuple[str, bool] | None:
        pair, changes, candidates = part
        texts = Texts(self._texts[pair], self._texts[pair[::-1]]) if pair in self._texts else None
        by_oid = {one.commit.oid: _own_pair(one.commit) for one in candidates if one.commit.parents}
        return landed_as(changes, texts, candidates, lambda oid: self._texts.get(by_oid.get(oid, ("", ""))))

    def _by_name(self, cases: list[_Case], main: Main) -> dict[str, _Found]:
        """Branches of which a commit of the main branch says that it merged exactly them (`finish_message`)."""
        said = ((case, main.merging(case.tip) or main.merging(case.core.oid)) for case in cases)
        named = [(case, one) for case, one in said if one is not None and self._brought(case, one.commit)]
        return {
            case.tip: case.found(integration.BY_NAME, one.commit.oid, main.undone(one))._replace(
                shapes=tuple(dict.fromkeys((shape(case.changes), shape(one.commit.changes))))
            )
            for case, one in named
        }

    def _brought(self, case: _Case, commit: Commit) -> bool:
        """Whether a commit that says so holds what a branch brought: merged into it, the branch changes nothing.

        But for texts that the commit itself changed: with the merge a plan is completed, and its row.
        """
        try:
            tree = merging.merged(self.git, commit.oid, case.tip, DRIVER, "true").tree
        except GitError:
            return False
        if not tree:
            return False
        left = self.git.tree_changes(tree, commit.tree).changes() if tree != commit.tree else []
        own = paths(commit.changes)
        return left is not None and all(one.path in own and one.path.endswith(".md") for one in left)

    def _by_squash(self, cases: list[_Case], main: Main) -> dict[str, _Found]:
        """Branches whose whole change is one commit of the main branch."""
        parts = {case.tip: _Part(case.pair, case.changes, main.alike(case.changes, case.base)) for case in cases}
        self._compare(parts.values())
        found = {}
        for case in cases:
            one = self._landed_as(parts[case.tip])
            if one is not None:
                by, reverted = one
                found[case.tip] = case.found(integration.BY_SQUASH, by, reverted or by in main.taken_back)
        return found

    def _by_picks(self, cases: list[_Case], main: Main) -> dict[str, _Found]:
        """Branches each of whose commits is a commit of the main branch; merges in between prove nothing."""
        parts: dict[str, list[_Part]] = {}
        for case in cases:
            own = [one for one in case.work.own if one.changes]
            some = [
                _Part(_own_pair(one), one.changes, main.alike(one.changes, case.base)) for one in own if one.parents
            ]
            linear = all(len(one.parents) == 1 for one in case.work.own)
            if some and linear and all(part.candidates for part in some):
                parts[case.tip] = some
        self._compare(part for some in parts.values() for part in some)
        found = {}
        for case in cases:
            picks = [self._landed_as(part) for part in parts.get(case.tip, ())]
            sure = [one for one in picks if one is not None]
            if sure and len(sure) == len(picks):
                reverted = any(back or oid in main.taken_back for oid, back in sure)
                shapes = tuple(dict.fromkeys(shape(part.changes) for part in parts[case.tip]))
                found[case.tip] = case.found(integration.BY_PICKS, sure[0][0], reverted)._replace(shapes=shapes)
        return found

    def _by_files(self, cases: list[_Case], tree: str | None) -> dict[str, _Found]:
        """Branches whose tree the main branch has, or each of whose files."""
        found = {}
        for case in cases:
            if case.core.tree == tree:
                found[case.tip] = case.found(integration.BY_TREE)
            elif all(self._at_target(one.path) == one.new for one in case.changes):
                found[case.tip] = case.found(integration.BY_CONTENT)
        return found

    def _at_target(self, path: str) -> str:
        entry = self.objects.entry(self.target, path)
        return f"{entry.mode} {entry.oid}" if entry is not None else f"000000 {'0' * len(self.target)}"

    def _may_hold(self, change: Changed) -> bool:
        """False where the main branch certainly lacks a change of a file: it did not touch it, or has not all new lines."""
        there = self._at_target(change.path)
        if there in (change.old, change.new):
            return there == change.new
        if not change.new.strip("0 ") or not there.strip("0 "):
            return False
        ids = [state.split(" ")[1] for state in (change.old, change.new, there)]
        contents = self.objects.contents(ids)
        old, new, now = (frozenset(contents.get(oid, b"").split(b"\n")) for oid in ids)
        return new - old <= now

    def _by_hunks(self, cases: list[_Case]) -> dict[str, _Found]:
        """Branches all of whose changed lines the main branch changed in the same way, among other things."""
        fitting = [case for case in cases if all(self._may_hold(one) for one in case.changes)]
        found = {}
        for some, names in _portions(fitting):
            pairs = list(dict.fromkeys(pair for case in some for pair in (case.pair, (self.target, case.base))))
            texts = commits.diffs(self.git, pairs, context=0, paths=names)
            hunks = {pair: hunks_of(lines) for pair, lines in zip(pairs, texts, strict=True)}
            for case in some:
                if hunks[case.pair] <= hunks[self.target, case.base]:
                    found[case.tip] = case.found(integration.BY_HUNKS)
        return found

    def _by_word(self, cases: list[_Case], main: Main) -> dict[str, _Found]:
        """What git cannot tell and a host can: the number of a request, in a message of the main branch.

        The tip is the head of that request, as the remote says; or the message has the branch's title, is later, and is
        about the same files. A branch of which a request had only a part is none of these: that part is exactly what the
        main branch got.
        """
        titled = {case.tip: self._titled(case, main) for case in cases}
        parts = {
            case.tip: [(one.oid, self._base(one.oid)) for one in case.work.own if one != case.core]
            for case in cases
            if titled[case.tip]
        }
        landed = [_own_pair(one.commit) for some in titled.values() for one in some]
        self._read(list(dict.fromkeys((*landed, *(pair for pairs in parts.values() for pair in pairs)))), 0)
        found = {}
        for case in cases:
            number = self.requests.get(case.tip)
            part = {self._texts[pair] for pair in parts.get(case.tip, ())}
            named = main.naming(number, case.base) if number is not None else []
            alike = [one for one in titled[case.tip] if self._texts[_own_pair(one.commit)] not in part]
            for one in (named or alike)[:1]:
                how = integration.BY_REQUEST if named else integration.BY_TITLE
                proof = case.found(how, f"#{one.request}", main.undone(one))
                found[case.tip] = proof._replace(shapes=(*proof.shapes, shape(one.commit.changes)))
        return found

    def _titled(self, case: _Case, main: Main) -> list[Landed]:
        subjects = dict.fromkeys(commit.subject for commit in case.work.own)
        return [
            one
            for subject in subjects
            for one in main.titled(subject, case.base)
            if paths(one.commit.changes) == paths(case.changes) and one.commit.at >= case.core.at and one.commit.parents
        ]


def _own_pair(commit: Commit) -> Pair:
    return commit.oid, commit.parents[0]


def _portions(cases: list[_Case]) -> list[tuple[list[_Case], list[str]]]:
    """The branches in portions whose paths fit into one command line, with these."""
    found: list[tuple[list[_Case], dict[str, None]]] = []
    size = _LONGEST_PATHS
    for case in cases:
        names = sorted(paths(case.changes))
        length = sum(len(name.encode("utf-8", "surrogateescape")) + 1 for name in names)
        if length > _LONGEST_PATHS:
            continue  # so much is not compared, and so not proven
        size += length
        if size > _LONGEST_PATHS:
            found.append(([], {}))
            size = length
        found[-1][0].append(case)
        found[-1][1].update(dict.fromkeys(names))
    return [(some, list(names)) for some, names in found]


def _claims_below(line: list[Landed]) -> dict[str, Commit]:
    """For each commit of the main line that is or stands on one with a claim's trailers: the nearest such commit."""
    found: dict[str, Commit] = {}
    claim: Commit | None = None
    for one in reversed(line):
        if one.commit.origin is not None:
            claim = one.commit
        if claim is not None:
            found[one.commit.oid] = claim
    return found
