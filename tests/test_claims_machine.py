"""Random work on many branches against a model: what is merged is integrated, what is not never is, what is gone is gone.

Each branch works in a file of its own, so that every way of merging goes without conflict and the model stays a few lines:
its commits here and on the remote, and which of them main has. What only looks like merged work (fresh branches, claims
that lost their commit, reverts) comes in by the rules.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from branches import Branches, begin
from conftest import sealed

PLANS = (5, 6, 7, 8)
WAYS = ("merge", "fast-forward", "squash", "picks")
NUMBERS = st.integers(0, 40)


class Model:
    """What is known of one branch: its own commits as numbers (-1 for a merge of main), and what became of them."""

    def __init__(self, plan: int, name: str) -> None:
        self.plan, self.name = plan, name
        self.commits: list[int] = []
        self.merged = False
        self.linear = False
        """Merged so that main has the very commits: then none of them is the branch's own any more."""
        self.reverted = False
        self.pushed = False
        self.rewritten = False
        """Made anew after it was pushed: the remote has commits that nothing holds any more."""
        self.there = 0
        """How many commits of its own it had when it was pushed."""

    @property
    def own(self) -> int:
        """What would be lost with it: of the branch here or, made anew, of the one that was pushed."""
        return 0 if self.linear else max(len(self.commits), self.there if self.rewritten else 0)


class ClaimsMachine(RuleBasedStateMachine):
    """Two clones of one remote; the first one works, the second one fetches now and then."""

    def __init__(self, seed: Path, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        shutil.copytree(seed, folder, dirs_exist_ok=True, symlinks=True)
        self.work = Branches(folder / "repo", sealed(seed / "home"), 800)
        self.work.git("config", "remote.origin.url", str(folder / "remote.git"))
        self.work.git("worktree", "prune")
        self.other = Branches(folder / "other", self.work.env, 800)
        self.other.git("config", "remote.origin.url", str(folder / "remote.git"))
        self.models: dict[str, Model] = {}
        self.gone: set[str] = set()
        self.left: set[str] = set()
        """Branches that are deleted here and still on the remote, as they were pushed last: only proof is asked of them."""
        self.next = 0
        self.said: list[str] = []

    def teardown(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def pick(self, number: int, **wanted: Any) -> Model | None:
        fitting = [
            one for one in self.models.values() if all(getattr(one, key) == value for key, value in wanted.items())
        ]
        return fitting[number % len(fitting)] if fitting else None

    def tell(self, *words: object) -> None:
        self.said.append(" ".join(str(word) for word in words))

    # Making branches

    @initialize(number=NUMBERS)
    def start_with_one(self, number: int) -> None:
        self.make(number, "claim")
        self.commit(0, 1)

    @rule(number=NUMBERS, how=st.sampled_from(("start", "claim", "raw", "raw", "stacked", "old")))
    def make(self, number: int, how: str) -> None:
        """A new branch: by Holdfast, with a claim commit by hand, or without any."""
        taken = {one.plan for one in self.models.values() if not one.merged}
        free = [plan for plan in PLANS if plan not in taken]
        if not free:
            return
        plan = free[number % len(free)]
        self.next += 1
        name = f"plan-{plan}-{self.next}"
        if how == "start":
            used = {one.name for one in self.models.values()} | self.gone
            name = f"plan-{plan}-work"
            if name in used:
                return
            ran = self.work.holdfast("start", str(plan), "--no-worktree")
            assert ran.code == 0, (ran, self.said)
        else:
            base = "main"
            if how == "stacked":
                below = self.pick(number, merged=True, linear=True)
                base = below.name if below is not None and self.exists(below) else "main"
            elif how == "old":
                base = "main~1" if self.work.try_git("rev-parse", "-q", "--verify", "main~1").code == 0 else "main"
            self.work.git("branch", name, base)
            if how == "claim":
                self.work.on(name)
                trailers = f"Claimed-By: Bob\nClaim-Id: {name}\nClaim-Plan: {plan}\nClaim-Branch: {name}\n"
                self.work.git("commit", "-q", "--allow-empty", "-m", f"Claim\n\n{trailers}")
                self.work.on("main")
        self.models[name] = Model(plan, name)
        self.models[name].pushed = how == "start"
        self.tell("make", name, how)
        self.check()

    def exists(self, model: Model) -> bool:
        return self.work.try_git("rev-parse", "-q", "--verify", f"refs/heads/{model.name}").code == 0

    # Work

    def file(self, model: Model) -> str:
        return f"work-{model.name}.txt"

    @rule(number=NUMBERS, count=st.integers(1, 2))
    def commit(self, number: int, count: int) -> None:
        """One or two commits on a branch that is not merged."""
        model = self.pick(number, merged=False)
        if model is None or len(model.commits) > 9:
            return
        self.work.on(model.name)
        for _ in range(count):
            self.next += 1
            model.commits.append(self.next)
            self.work.put(self.file(model), self.lines(model))
            self.work.record(f"Work {self.next}")
        self.work.on("main")
        self.tell("commit", model.name, count)
        self.check()

    def lines(self, model: Model) -> str:
        return "".join(f"{model.name} line {number}\n" for number in model.commits)

    @rule(number=NUMBERS)
    def squash_here(self, number: int) -> None:
        """All commits of the branch become one, on what the branch is based on."""
        model = self.pick(number, merged=False)
        if model is None or len(model.commits) < 2:
            return
        self.work.on(model.name)
        base = self.work.git("merge-base", "main", "HEAD").strip()
        self.work.git("reset", "-q", "--soft", base)
        self.next += 1
        self.work.git("commit", "-q", "-m", f"All at once {self.next}")
        model.commits = [self.next]
        self.work.put(self.file(model), self.lines(model))
        self.work.git("commit", "-q", "-a", "--amend", "--no-edit")
        model.rewritten = model.pushed
        self.work.on("main")
        self.tell("squash here", model.name)
        self.check()

    @rule(number=NUMBERS, backend=st.sampled_from(("--apply", "--merge")))
    def rebase(self, number: int, backend: str) -> None:
        model = self.pick(number, merged=False)
        if model is None:
            return
        before = self.work.id(model.name)
        self.work.git("rebase", "-q", backend, "main", model.name)
        model.rewritten |= model.pushed and self.work.id(model.name) != before
        if -1 in model.commits:  # a rebase leaves merges out
            model.commits = [one for one in model.commits if one > 0]
        self.work.on("main")
        self.tell("rebase", backend, model.name)
        self.check()

    @rule(number=NUMBERS)
    def bring_main_in(self, number: int) -> None:
        """Merge main into a branch; with own commits only, or git would fast-forward."""
        model = self.pick(number, merged=False)
        if model is None or not model.commits:
            return
        self.work.on(model.name)
        before = self.work.id("HEAD")
        self.work.git("merge", "-q", "--no-edit", "main")
        if self.work.id("HEAD") != before:
            model.commits.append(-1)  # a merge is a commit that main lacks
        self.work.on("main")
        self.tell("bring main in", model.name)
        self.check()

    @rule()
    def go_on(self) -> None:
        self.next += 1
        self.work.on("main")
        self.work.save(f"Main {self.next}", **{f"main{self.next}__txt": "main\n"})
        self.tell("go on")
        self.check()

    # Merging, and taking back

    @rule(number=NUMBERS, way=st.sampled_from(WAYS))
    def merge(self, number: int, way: str) -> None:
        model = self.pick(number, merged=False)
        if model is None:
            return
        work = [one for one in model.commits if one > 0]
        if not work:
            return
        self.work.on("main")
        base = self.work.git("merge-base", "main", model.name).strip()
        if way == "fast-forward" and base != self.work.id("main"):
            way = "merge"
        if way == "picks" and -1 in model.commits:
            way = "squash"
        if way in ("merge", "fast-forward"):
            self.work.git("merge", "-q", "--no-edit", "--no-ff" if way == "merge" else "--ff-only", model.name)
            model.linear = True
        elif way == "squash":
            self.work.squash(model.name, f"Squash {model.name}")
        else:
            commits = self.work.git("rev-list", "--reverse", "--no-merges", f"{base}..{model.name}").split()
            made = [one for one in commits if "Claim-Id" not in self.work.git("log", "-1", "--format=%B", one)]
            for one in made:
                self.work.git("cherry-pick", one)
                if number % 2:
                    self.next += 1
                    self.work.save(f"Between {self.next}", **{f"main{self.next}__txt": "between\n"})
        model.merged = True
        self.tell("merge", way, model.name)
        self.check()

    @rule(number=NUMBERS, again=st.booleans())
    def revert(self, number: int, again: bool) -> None:
        """Take the last commit of main back if it merged a branch; perhaps bring it back."""
        self.work.on("main")
        subject, *parents = self.work.git("log", "-1", "--format=%s%n%P").replace("\n", " \0 ").split(" \0 ")
        hit = [one for one in self.models.values() if one.merged and one.name in subject and not one.reverted]
        if not hit or subject.startswith("Revert"):
            return
        merge = " " in (parents[0] if parents else "").strip()
        self.work.git("revert", "--no-edit", *(("-m", "1") if merge else ()), "HEAD")
        hit[0].reverted = True
        if again:
            self.work.git("revert", "--no-edit", "HEAD")
            hit[0].reverted = False
        self.tell("revert", hit[0].name, "twice" if again else "")
        self.check()

    # Elsewhere

    @rule(number=NUMBERS)
    def push(self, number: int) -> None:
        self.work.git("push", "-q", "origin", "main")
        model = self.pick(number)
        if model is None or not self.exists(model):
            return
        self.work.git("push", "-q", "--force", "origin", model.name)
        model.pushed, model.rewritten, model.there = True, False, len(model.commits)
        self.tell("push", model.name)
        self.check()

    @rule(number=NUMBERS, there=st.booleans())
    def delete(self, number: int, there: bool) -> None:
        model = self.pick(number)
        if model is None:
            return
        self.work.on("main")
        if self.exists(model):
            self.work.git("branch", "-q", "-D", model.name)
        if there and self.work.try_git("rev-parse", "-q", "--verify", f"refs/remotes/origin/{model.name}").code == 0:
            self.work.git("push", "-q", "origin", f":{model.name}")
        self.tell("delete", model.name, there)
        on_remote = self.work.try_git("rev-parse", "-q", "--verify", f"refs/remotes/origin/{model.name}").code == 0
        (self.left if on_remote else self.gone).add(self.models.pop(model.name).name)
        self.check()

    @rule()
    def age(self) -> None:
        """Nothing happens for three days: whatever is stale is never merged for that."""
        for one in (self.work, self.other):
            one.moment += 3 * 86_400
        self.check()

    @rule()
    def fetch_late(self) -> None:
        """The second clone sees what was pushed, and calls nothing merged that has work which its main lacks."""
        self.other.git("fetch", "-q", "--prune")
        self.other.git("merge", "-q", "--ff-only", "origin/main")
        found = self.other.claims()
        listed = self.other.git("for-each-ref", "--format=%(refname:lstrip=3)", "refs/remotes/origin/plan-*").split()
        assert set(found) == set(listed), self.said
        for name, one in found.items():
            if one["state"] == "integrated":
                assert self.contained(self.other, f"origin/{name}"), (name, one, self.said)

    def contained(self, repo: Branches, tip: str) -> bool:
        """Has main, now or once, every line that the tip has in its own files?"""
        names = repo.git("ls-tree", "-r", "--name-only", tip).split()
        for name in names:
            if name.startswith("work-"):
                mine = repo.git("rev-parse", f"{tip}:{name}").strip()
                history = repo.git("log", "--format=%H", "main", "--", name).split()
                if not any(repo.try_git("rev-parse", f"{one}:{name}").out.strip() == mine for one in history):
                    return False
        return True

    # What must hold

    def check(self) -> None:
        found = self.work.claims()
        for name, model in self.models.items():
            told = found[name]
            context = (name, told, self.said)
            merged = told["state"] == "integrated"
            assert merged == model.merged or (model.merged and model.rewritten), context
            if merged:
                assert ("reverted later" in told["reasons"][0]) == model.reverted, context
            elif not model.merged:
                assert told["own_commits"] == model.own, context
        for name in self.gone:
            assert name not in found, (name, self.said)
        for name in self.left:
            if name in found and found[name]["state"] == "integrated":
                assert self.contained(self.work, f"origin/{name}"), (name, found[name], self.said)


@pytest.fixture(scope="module")
def seed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("seed")
    work = begin(folder, 900)
    work.twice = True
    for plan in PLANS:
        work.write(
            f"docs/plans/0{plan}_work.md", (work.path / "docs/plans/05_parser.md").read_text().replace("#5", f"#{plan}")
        )
    (work.path / "docs/plans/05_parser.md").unlink()
    (work.path / "docs/plans/06_printer.md").unlink()
    work.record("Plans")
    remote = folder / "remote.git"
    work.git("init", "-q", "--bare", "-b", "main", str(remote))
    work.git("--git-dir", str(remote), "config", "core.fsync", "none")
    work.git("remote", "add", "origin", str(remote))
    work.git("push", "-q", "-u", "origin", "main")
    work.git("clone", "-q", str(remote), str(folder / "other"))
    return folder


def test_claims_follow_what_happens(seed: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    many = settings().max_examples > 100
    run_state_machine_as_test(
        lambda: ClaimsMachine(seed, tmp_path_factory.mktemp("machine")),
        settings=settings(
            max_examples=300 if many else 4,
            stateful_step_count=14 if many else 8,
        ),
    )
