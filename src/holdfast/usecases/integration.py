"""Merged or not, for many branches at once: a fixed number of git processes, however many branches there are."""

from __future__ import annotations

from holdfast.adapters import commits
from holdfast.domain import integration
from holdfast.domain.integration import Facts, Verdict, landed_as, paths
from holdfast.domain.patch import hunks_of, patch_of
from holdfast.domain.request import title_of
from holdfast.domain.value import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from holdfast.adapters.commits import Pair
    from holdfast.adapters.git import Git
    from holdfast.adapters.objects import Objects
    from holdfast.domain.integration import Changes, Commit, Landed, Work
    from holdfast.domain.patch import Patch

    Candidates = Callable[[Changes], list[Landed]]

_LONGEST_PATHS = 100_000
"""Characters of all paths that one git process takes as arguments; more is not asked, and so not proven."""


class _Case(NamedTuple):
    """A branch that is not simply part of the main branch: its tip below merges of main, its base, its whole change."""

    tip: str
    core: Commit
    base: str
    work: Work
    changes: Changes


def facts(
    git: Git, objects: Objects, tips: Iterable[str], target: str, shallow: bool, requests: Mapping[str, int]
) -> dict[str, Facts]:
    """What each tip is against `target`; `requests` are the numbers of requests whose head a tip is."""
    wanted = list(dict.fromkeys(tips))
    if not wanted:
        return {}
    asked = commits.named(git, wanted)
    ahead = {one.commit.oid: one for one in commits.beyond(git, wanted, target).landed()}
    known = asked.commits()
    ladder = _Ladder(git, objects, target, ahead, requests)
    inside = [tip for tip in wanted if tip in known and tip not in ahead]
    verdicts = {**ladder.inside(inside, known), **ladder.outside([tip for tip in wanted if tip in ahead], shallow)}
    return {tip: _facts(known[tip], ladder, *verdicts[tip]) for tip in wanted if tip in known}


def _facts(tip: Commit, ladder: _Ladder, verdict: Verdict, claim: Commit | None) -> Facts:
    own = len(ladder.work(tip.oid).own) if tip.oid in ladder.ahead else 0
    if claim is None:
        return Facts(tip.oid, tip.at, tip.author, own, verdict, None)
    return Facts(tip.oid, tip.at, tip.author, own, verdict, claim.origin, claim.at)


class _Ladder:
    """The questions that prove a branch merged, cheapest first, each asked for all branches that are still open."""

    def __init__(
        self, git: Git, objects: Objects, target: str, ahead: Mapping[str, Landed], requests: Mapping[str, int]
    ) -> None:
        self.git = git
        self.objects = objects
        self.target = target
        self.ahead = ahead
        self.requests = requests
        self._beyond = {oid: one.commit for oid, one in ahead.items()}
        self._works: dict[str, Work] = {}
        self._patches: dict[str, Patch] = {}
        self._line: dict[str, int] | None = None

    def work(self, tip: str) -> Work:
        """What a tip has beyond the main branch."""
        if tip not in self._works:
            self._works[tip] = integration.work_of(tip, self._beyond)
        return self._works[tip]

    # Tips that the main branch reaches

    def inside(self, tips: list[str], known: Mapping[str, Commit]) -> dict[str, tuple[Verdict, Commit | None]]:
        """Tips that the main branch reaches: merged, if they had commits of their own."""
        if not tips:
            return {}
        asked = commits.reverts(self.git, self.target)
        line = commits.first_parents(self.git, self.target).landed()
        merges = {parent: one.commit.oid for one in line for parent in one.commit.parents[1:]}
        claimed = _claims_below(line)
        taken_back = _taken_back(asked.landed())
        on_line = {one.commit.oid for one in line}
        found: dict[str, tuple[Verdict, Commit | None]] = {}
        for tip in tips:
            if known[tip].origin is not None:
                found[tip] = Verdict(integration.NOTHING_OWN), known[tip]
            elif tip not in on_line:
                by = merges.get(tip, "")
                found[tip] = Verdict(integration.BY_MERGE, by, bool({tip, by} & taken_back)), None
            elif tip in claimed:
                verdict = Verdict(integration.BY_FAST_FORWARD, tip, tip in taken_back)
                found[tip] = verdict, claimed[tip]
            else:
                found[tip] = Verdict(integration.NOTHING_OWN), None
        return found

    # Tips that it does not reach

    def outside(self, tips: list[str], shallow: bool) -> dict[str, tuple[Verdict, Commit | None]]:
        """Tips with commits that the main branch lacks: merged, if their changes are there."""
        found: dict[str, Verdict] = {}
        waiting: list[str] = []
        for tip in tips:
            work = self.work(tip)
            if not work.bases:
                found[tip] = Verdict(integration.SHALLOW if shallow else integration.NO_BASE)
            elif all(len(one.parents) > 1 for one in work.own):
                found[tip] = Verdict(integration.NOTHING_OWN)
            else:
                waiting.append(tip)
        found |= self._judged(self._cases(waiting))
        return {tip: (verdict, self.work(tip).claim) for tip, verdict in found.items()}

    def _cases(self, tips: list[str]) -> list[_Case]:
        cores = [integration.before_merges_of_main(tip, self._beyond) for tip in tips]
        bases = [self._base(self.work(core).bases) for core in cores]
        changes = commits.changed(self.git, list(zip(cores, bases, strict=True)))
        return [
            _Case(tip, self._beyond[core], base, self.work(core), change)
            for tip, core, base, change in zip(tips, cores, bases, changes, strict=True)
        ]

    def _base(self, bases: tuple[str, ...]) -> str:
        """The newest of the commits that a branch is based on; each of them is a common ancestor, and so sound."""
        if len(bases) == 1:
            return bases[0]
        rank = self._rank()
        return min(bases, key=lambda oid: rank.get(oid, len(rank)))

    def _rank(self) -> dict[str, int]:
        """The commits of the main line by their distance from its tip."""
        if self._line is None:
            line = commits.first_parents(self.git, self.target).landed()
            self._line = {one.commit.oid: at for at, one in enumerate(line)}
        return self._line

    def _judged(self, cases: list[_Case]) -> dict[str, Verdict]:
        found = {case.tip: Verdict(integration.CANCELS_OUT) for case in cases if not case.changes}
        cases = [case for case in cases if case.changes]
        if not cases:
            return found
        landed = self._landed({case.base for case in cases})
        main = {one.commit.oid: one.commit for one in landed}
        pasts = {case.base: integration.past_of([case.base], main) for case in cases}
        by_paths: dict[frozenset[str], list[Landed]] = {}
        for one in landed:
            by_paths.setdefault(paths(one.changes), []).append(one)
        self._read_patches(cases, by_paths, pasts)
        taken_back = _taken_back(landed)
        tree = self.objects.id_of(f"{self.target}^{{tree}}")
        for case in cases:
            past = pasts[case.base]

            def candidates(changes: Changes, past: frozenset[str] = past) -> list[Landed]:
                return [one for one in by_paths.get(paths(changes), []) if one.commit.oid not in past]

            verdict = self._proof(case, candidates, landed, tree, past)
            found[case.tip] = verdict._replace(reverted=verdict.reverted or verdict.by in taken_back)
        return found | self._by_hunks([case for case in cases if found[case.tip].how == integration.OPEN])

    def _landed(self, bases: set[str]) -> list[Landed]:
        """What the main branch got since the oldest of the bases, newest first."""
        rank = self._rank()
        beside = [base for base in bases if base not in rank]
        since: str | None = max(bases - set(beside), key=lambda base: rank[base], default=None)
        if beside:
            rest = [since] if since is not None else []
            code, out, _ = self.git.attempt("merge-base", "--octopus", self.target, *sorted(beside), *rest)
            since = out.decode().strip() or None if code == 0 else None
        return commits.landed(self.git, self.target, since).landed()

    def _read_patches(
        self,
        cases: list[_Case],
        by_paths: Mapping[frozenset[str], list[Landed]],
        pasts: Mapping[str, frozenset[str]],
    ) -> None:
        """The texts of all changes that must be compared because their blobs differ, by one git process."""
        pairs: dict[str, Pair] = {}

        def compare(name: str, pair: Pair, changes: Changes, past: frozenset[str]) -> None:
            others = [one for one in by_paths.get(paths(changes), []) if one.commit.oid not in past]
            if not others or any(one.changes == changes for one in others[:1]):
                return
            pairs[name] = pair
            pairs.update(
                {one.commit.oid: (one.commit.oid, one.commit.parents[0]) for one in others if one.commit.parents}
            )

        for case in cases:
            past = pasts[case.base]
            compare(case.core.oid + case.base, (case.core.oid, case.base), case.changes, past)
            for commit in case.work.own:
                if len(commit.parents) == 1:
                    compare(commit.oid, (commit.oid, commit.parents[0]), self.ahead[commit.oid].changes, past)
        texts = commits.diffs(self.git, list(pairs.values()))
        self._patches = {name: patch_of(lines) for name, lines in zip(pairs, texts, strict=True)}

    def _patch(self, name: str) -> Patch:
        """A change's text; what was not read equals nothing."""
        return self._patches.get(name) or patch_of([name.encode()])

    def _proof(
        self, case: _Case, candidates: Candidates, landed: list[Landed], tree: str | None, past: frozenset[str]
    ) -> Verdict:
        whole = landed_as(
            case.changes, lambda: self._patch(case.core.oid + case.base), candidates(case.changes), self._patch
        )
        if whole is not None:
            return Verdict(integration.BY_SQUASH, *whole)
        picked = self._picks(case, candidates)
        if picked is not None:
            return picked
        if case.core.tree == tree:
            return Verdict(integration.BY_TREE)
        if self._holds(case.changes):
            return Verdict(integration.BY_CONTENT)
        return self._by_word(case, [one for one in landed if one.commit.oid not in past])

    def _picks(self, case: _Case, candidates: Candidates) -> Verdict | None:
        """Each commit of the branch is a commit of the main branch, by its text; merges in between prove nothing."""
        found = []
        for commit in case.work.own:
            changes = self.ahead[commit.oid].changes
            if len(commit.parents) != 1:
                return None
            if not changes:
                continue
            one = landed_as(changes, lambda oid=commit.oid: self._patch(oid), candidates(changes), self._patch)  # type: ignore[misc]
            if one is None:
                return None
            found.append(one)
        return Verdict(integration.BY_PICKS, found[0][0], any(back for _, back in found)) if found else None

    def _holds(self, changes: Changes) -> bool:
        """True when the main branch has every changed path exactly as the branch has it."""
        return all(self._at_target(one.path) == one.new for one in changes)

    def _at_target(self, path: str) -> str:
        entry = self.objects.entry(self.target, path)
        return f"{entry.mode} {entry.oid}" if entry is not None else f"000000 {'0' * len(self.target)}"

    def _by_word(self, case: _Case, landed: list[Landed]) -> Verdict:
        """What git cannot tell and a host can: the number of a request, in a message of the main branch."""
        number = self.requests.get(case.tip)
        subjects = {commit.subject for commit in case.work.own}
        for one in landed:
            if one.request is None:
                continue
            if one.request == number:
                return Verdict(integration.BY_REQUEST, f"#{number}")
            fits = title_of(one.commit.subject) in subjects and paths(one.changes) == paths(case.changes)
            if fits and one.commit.at >= case.core.at:
                return Verdict(integration.BY_TITLE, f"#{one.request}")
        return Verdict(integration.OPEN)

    def _by_hunks(self, cases: list[_Case]) -> dict[str, Verdict]:
        """Branches all of whose changed lines the main branch changed in the same way, among other things."""
        cases = [case for case in cases if all(self._at_target(one.path) != one.old for one in case.changes)]
        names = sorted({one.path for case in cases for one in case.changes})
        if not cases or sum(len(name) + 1 for name in names) > _LONGEST_PATHS:
            return {}
        pairs = [pair for case in cases for pair in ((case.core.oid, case.base), (self.target, case.base))]
        texts = commits.diffs(self.git, pairs, context=0, paths=names)
        found = {}
        for case, mine, theirs in zip(cases, texts[::2], texts[1::2], strict=True):
            if hunks_of(mine) <= hunks_of(theirs):
                found[case.tip] = Verdict(integration.BY_HUNKS)
        return found


def _claims_below(line: list[Landed]) -> dict[str, Commit]:
    """For each commit of the main line that stands on a claim commit: the nearest one."""
    found: dict[str, Commit] = {}
    claim: Commit | None = None
    for one in reversed(line):
        if one.commit.origin is not None:
            claim = one.commit
        elif claim is not None:
            found[one.commit.oid] = claim
    return found


def _taken_back(landed: list[Landed]) -> frozenset[str]:
    """The commits that others revert, if these are not reverted themselves; newest first."""
    taken: set[str] = set()
    for one in landed:
        if one.reverts and one.commit.oid not in taken:
            taken.update(one.reverts)
        elif one.reverts:
            taken.difference_update(one.reverts)
    return frozenset(taken)
