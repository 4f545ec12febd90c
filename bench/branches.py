"""The branches that fill the repositories: claims in every state that work is in, made by one `git fast-import`."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import plan_texts
from adopt import adopt
from repositories import Home, make, run

FRESH, OPEN, SQUASHED, MERGED, REBASED = "fresh", "open", "squashed", "merged", "rebased"
"""Without a commit of its own, not merged, and merged in the three ways that hosts offer."""

_KINDS = (FRESH, OPEN, SQUASHED, OPEN, MERGED, OPEN, FRESH, SQUASHED, OPEN, REBASED)
_MOST = 3
"""Commits of one branch."""

_FILES = 18
_REGIONS = 12
_LINES = 7
"""Lines of a region: the middle one changes, and the three around it are what a patch shows beside it."""
_LAG = 30
"""So many branches are begun before work is merged: most merges meet a file that changed meanwhile."""
_ADOPTED = "1700000100 +0000"
_DAY = 24 * 60 * 60
_OWNERS = ("Ada", "Grace", "Linus", "Barbara", "Edsger")


@dataclass(frozen=True, slots=True)
class Branch:
    """One branch of a claim: `own` counts its commits without the claim commit, with which a `claimed` one begins.

    A `tracked` one has a remote-tracking ref, too.
    """

    number: int
    kind: str
    own: int
    claimed: bool
    tracked: bool

    @property
    def plan(self) -> int:
        """The plan that it claims: one of fifty claims that of another one, too."""
        return self.number - 2 if self.number % 50 == 3 else self.number

    @property
    def name(self) -> str:
        """Its name without `refs/heads/`."""
        return f"plan-{self.plan}-{plan_texts.slug(self.number)}"

    @property
    def ended(self) -> bool:
        """True where its work is merged."""
        return self.kind in (SQUASHED, MERGED, REBASED)


@dataclass(frozen=True, slots=True)
class Mix:
    """How many branches there are; with `shared` half of them are on a remote, with `claimed` Holdfast made half of them.

    `plans` is how many plans there are.
    """

    count: int
    shared: bool = False
    claimed: bool = False
    plans: int = 10

    def branches(self) -> tuple[Branch, ...]:
        """The branches, oldest first."""
        return tuple(self._branch(number) for number in range(1, self.count + 1))

    def _branch(self, number: int) -> Branch:
        kind = _KINDS[number % len(_KINDS)]
        own = 0 if kind == FRESH else number // 10 % _MOST + 1
        claimed = self.claimed and number // 30 % 2 == 0
        return Branch(number, kind, own, claimed, self.shared and number // 7 % 2 == 0)


def make_with(home: Home, name: str, mix: Mix) -> str:
    """A repository that adopted Holdfast long ago, some thirty files and all branches; its path.

    The last branch is hours old, so that no look at reflogs and files can be spared. Refs are packed, as git keeps them.
    """
    before = _dated(home, _ADOPTED)
    parts = {_part(at): "".join(_region(region) for region in range(_REGIONS)).encode() for at in range(_FILES)}
    folder = make(before, name, {**plan_texts.plans(mix.plans), **parts})
    adopt(before, folder, mix.plans)
    now = int(time.time())
    stream = _stream(mix, now)
    run(_dated(home, f"{now - 2 * _DAY} +0000"), folder, "git", "fast-import", "--quiet", stdin=stream)
    run(home, folder, "git", "reset", "--quiet", "--hard")
    if mix.shared:
        run(home, folder, "git", "config", "remote.origin.url", home.place("origin.git"))
        run(home, folder, "git", "config", "remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*")
    run(home, folder, "git", "pack-refs", "--all")
    return folder


def add_worktrees(home: Home, folder: str, branches: Iterable[Branch]) -> None:
    """Check branches out, each into a linked worktree beside the repository."""
    for one in branches:
        path = os.path.join(folder + "-worktrees", one.name)
        run(home, folder, "git", "worktree", "add", "--quiet", path, one.name)


def newest_open(branches: Sequence[Branch], count: int) -> tuple[Branch, ...]:
    """The last branches whose work is not merged."""
    return tuple(one for one in branches if not one.ended)[-count:]


@dataclass(slots=True)
class _Stream:
    """A `git fast-import` stream that goes on where main is."""

    parts: list[bytes] = field(default_factory=list)
    marks: int = 0

    def commit(
        self,
        ref: str,
        parents: Sequence[str],
        at: int,
        who: str,
        message: str,
        files: Iterable[tuple[int, Sequence[str]]] = (),
    ) -> str:
        self.marks += 1
        person = f"{who} <{who.lower()}@example.invalid> {at} +0000"
        text = message.encode()
        self.parts.append(
            f"commit {ref}\nmark :{self.marks}\nauthor {person}\ncommitter {person}\ndata {len(text)}\n".encode() + text
        )
        words = ("from", "merge")
        self.parts.append(
            "".join(f"\n{word} {one}" for word, one in zip(words, parents, strict=False)).encode() + b"\n"
        )
        for number, regions in files:
            content = "".join(regions).encode()
            self.parts.append(b"M 100644 inline %s\ndata %d\n%s\n" % (_part(number).encode(), len(content), content))
        return f":{self.marks}"

    def ref(self, name: str, commit: str) -> None:
        self.parts.append(f"reset {name}\nfrom {commit}\n\n".encode())


@dataclass(frozen=True, slots=True)
class _Done:
    """A branch that waits to be merged: its tip, and the file and the region that each of its commits changed."""

    branch: Branch
    tip: str
    edits: tuple[tuple[int, int, str], ...]


class _History:
    """Main and the branches as they come about, one after the other."""

    def __init__(self) -> None:
        self.stream = _Stream()
        self.main = "refs/heads/main^0"
        self._files = [[_region(region) for region in range(_REGIONS)] for _ in range(_FILES)]

    def begin(self, branch: Branch, at: int) -> _Done:
        """Make the branch from main as it is; its remote-tracking ref may be one commit behind."""
        ref, who, tip = f"refs/heads/{branch.name}", _who(branch), self.main
        tips = [tip]
        if branch.claimed:
            tip = self.stream.commit(ref, [tip], at, who, _claim_message(branch, who))
            self.stream.ref(f"refs/holdfast/seen/plans/{branch.plan}", tip)
            tips.append(tip)
        edits = []
        for step in range(branch.own):
            place = branch.number * _MOST + step  # no two branches that overlap in time change one line
            number, region = place % _FILES, place // _FILES % _REGIONS
            text = _region(region, f"Plan {branch.plan} changes this in step {step} on branch {branch.number}.")
            regions = [*self._files[number][:region], text, *self._files[number][region + 1 :]]
            edits.append((number, region, text))
            tip = self.stream.commit(ref, [tip], at + 60 * (step + 1), who, _message(branch, step), [(number, regions)])
            tips.append(tip)
        if tip == self.main:
            self.stream.ref(ref, tip)
        if branch.tracked:
            behind = branch.kind == OPEN and branch.number % 4 == 0 and branch.own > 1
            self.stream.ref(f"refs/remotes/origin/{branch.name}", tips[-2] if behind else tip)
        return _Done(branch, tip, tuple(edits))

    def merge(self, done: _Done, at: int) -> None:
        """Bring a branch into main in its own way."""
        who, whole = _who(done.branch), f"Plan {done.branch.plan} (#{done.branch.number + 1000})\n"
        if done.branch.kind == REBASED:
            for step, edit in enumerate(done.edits):
                self._land([self.main], at + step, who, _message(done.branch, step), [edit])
        elif done.branch.kind == MERGED:
            self._land([self.main, done.tip], at, who, f"Merge branch '{done.branch.name}'\n", done.edits)
        else:
            self._land([self.main], at, who, whole, done.edits)

    def _land(
        self, parents: Sequence[str], at: int, who: str, message: str, edits: Iterable[tuple[int, int, str]]
    ) -> None:
        changed = []
        for number, region, text in edits:
            self._files[number][region] = text
            changed.append(number)
        files = [(number, self._files[number]) for number in changed]
        self.main = self.stream.commit("refs/heads/main", parents, at, who, message, files)


def _stream(mix: Mix, now: int) -> bytes:
    """Two months of work: a branch at each step, and what is merged is merged `_LAG` steps later."""
    step = 60 * _DAY // mix.count
    start = now - 60 * _DAY - 3 * 60 * 60
    history = _History()
    waiting: list[tuple[int, _Done]] = []
    for at, branch in enumerate(mix.branches()):
        done = history.begin(branch, start + at * step)
        if branch.ended:
            waiting.append((at + _LAG, done))
        while waiting and waiting[0][0] <= at:
            history.merge(waiting.pop(0)[1], start + at * step + 300)
    for late, (_, done) in enumerate(waiting):
        history.merge(done, now - 2 * 60 * 60 + late)
    if mix.shared:
        history.stream.ref("refs/remotes/origin/main", history.main)
    return b"".join(history.stream.parts)


def _dated(home: Home, date: str) -> Home:
    dates = {"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}
    return replace(home, environment={**home.environment, **dates})


def _who(branch: Branch) -> str:
    return _OWNERS[branch.number % len(_OWNERS)]


def _message(branch: Branch, step: int) -> str:
    return f"[Plan #{branch.plan}] Step {step + 1} of branch {branch.number}\n"


def _claim_message(branch: Branch, who: str) -> str:
    """What a claim commit says, as `holdfast start` writes it."""
    return f"""\
[Plan #{branch.plan}] Claim: {plan_texts.title(branch.number)}

Claimed-By: {who}
Claim-Host: bench
Claim-Id: {branch.number:016x}
Claim-Plan: {branch.plan}
Claim-Branch: {branch.name}
"""


def _part(number: int) -> str:
    return f"src/part_{number:02}.txt"


def _region(number: int, middle: str = "Nobody has changed this.") -> str:
    around = [f"Part {number}, line {line}.\n" for line in range(_LINES)]
    return "".join([*around[: _LINES // 2], middle + "\n", *around[_LINES // 2 + 1 :]])
