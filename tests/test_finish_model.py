"""Random states of branch, main branch, worktree and plan: `finish` merges if and only if a model says that it may."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from claiming import Clone, Team
from conftest import plan_text
from finishing import BRANCH, adopted, common, completed, ended, tree_of, worked
from killing import PROVE

EXAMPLES = 150 if PROVE else 12


class State(NamedTuple):
    """One state that a merge can meet."""

    remote: bool
    pushed: str
    base: str
    plan: str
    worktree: str
    main: str
    rival: bool
    evidence: bool
    partial: bool
    keep: bool


STATES = st.builds(
    State,
    remote=st.booleans(),
    pushed=st.sampled_from(["pushed", "pushed", "pushed", "ahead", "behind", "diverged", "absent"]),
    base=st.sampled_from(["same", "same", "moved", "index", "conflicting"]),
    plan=st.sampled_from(["open", "complete", "complete", "invalid"]),
    worktree=st.sampled_from(["clean", "clean", "clean", "dirty", "untracked", "busy", "occupied", "gone"]),
    main=st.sampled_from(["clean", "clean", "edited", "in-the-way", "busy", "elsewhere"]),
    rival=st.sampled_from([False, False, False, True]),
    evidence=st.booleans(),
    partial=st.sampled_from([False, False, True]),
    keep=st.sampled_from([False, False, True]),
)


def expected(one: State) -> set[str]:
    """The model: the codes of everything that speaks against the merge."""
    found = set()
    if one.remote:
        found |= {
            {"ahead": "head-not-pushed", "absent": "head-not-pushed", "behind": "head-behind", "diverged": "head-diverged"}
            .get(one.pushed, "")
        } - {""}  # fmt: skip
    if one.rival:
        found.add("contested")
    if one.base == "conflicting":
        found.add("finish-conflicts")
    else:
        if one.plan == "invalid":
            found.add("evidence-missing")
        if one.plan == "open" and not one.evidence and not one.partial:
            found.add("plan-not-complete")
        if one.main == "in-the-way":
            found.add("main-in-the-way")
        if one.main == "busy":
            found.add("main-busy")
    if not one.keep:
        codes = {
            "dirty": "worktree-dirty", "untracked": "worktree-untracked", "busy": "worktree-busy",
            "occupied": "worktree-in-use",
        }  # fmt: skip
        found |= {codes[one.worktree]} if one.worktree in codes else set()
    if one.plan == "invalid" and one.evidence:
        found.discard("evidence-missing")
    return found


class Ground:
    """Two repositories that are made once; each example gets a copy under the same path."""

    def __init__(self, team: Team, alone: Clone) -> None:
        self.team, self.alone, self.ada = team, alone, team.clone("ada")
        for clone in (self.alone, self.ada):
            adopted(clone)
            worked(clone)
        self.kept = [self.alone.path, self.ada.path, team.remote.path]
        for path in self.kept:
            shutil.copytree(path, path.with_name(path.name + "-kept"), symlinks=True)

    def fresh(self, remote: bool) -> Clone:
        for path in self.kept[1:] if remote else self.kept[:1]:
            shutil.rmtree(path)
            shutil.copytree(path.with_name(path.name + "-kept"), path, symlinks=True)
        return self.ada if remote else self.alone


def commit(clone: Clone, message: str = "Go on") -> None:
    clone.git("add", "-A")
    clone.git("commit", "-qnm", message)


def arranged(one: State, clone: Clone) -> subprocess.Popen[bytes] | None:
    """Bring the repository into that state."""
    work, occupant = tree_of(clone), None
    plan = "docs/plans/01_first.md"
    if one.plan == "complete":
        completed(work)
    elif one.plan == "invalid":
        work.write(plan, plan_text(1, "First", status="✅ Complete"))
        commit(work, "Say so")
        work.holdfast("index", "--write")
        commit(work, "Index") if work.status() else None
    if one.remote:
        work.git("push", "-q", "origin", "HEAD")
    if one.base == "index":
        clone.write("docs/plans/02_second.md", plan_text(2, "Second", status="🚧 In Progress"))
        assert clone.commit("Begin 2").code == 0
    elif one.base != "same":
        clone.write("work.txt" if one.base == "conflicting" else "other.txt", "theirs\n")
        commit(clone)
    if one.remote:
        clone.git("push", "-q", "origin", "main")
        pushed(one.pushed, clone, work)
    if one.rival:
        rival(clone, one.remote)
    if one.worktree == "dirty":
        work.write("work.txt", "edited\n")
    elif one.worktree == "untracked":
        work.write("untracked.txt", "mine\n")
    elif one.worktree == "busy":
        (Path(work.git("rev-parse", "--git-dir").strip()) / "CHERRY_PICK_HEAD").write_text(work.id_of("HEAD") + "\n")
    elif one.worktree == "occupied":
        occupant = subprocess.Popen(["sleep", "600"], cwd=work.path)
    elif one.worktree == "gone":
        shutil.rmtree(work.path)
    if one.main == "edited":
        clone.write("README.md", "edited\n")
    elif one.main == "in-the-way" and one.base != "conflicting":
        clone.write("work.txt", "in the way\n")
    elif one.main == "busy":
        (common(clone) / "MERGE_HEAD").write_text(clone.id_of("main") + "\n")
    elif one.main == "elsewhere":
        clone.git("switch", "-q", "-c", "elsewhere")
    return occupant


def pushed(how: str, clone: Clone, work: Clone) -> None:
    if how in ("behind", "diverged"):
        work.write("more.txt", "more\n")
        commit(work, "More")
        work.git("push", "-q", "origin", "HEAD")
        work.git("reset", "-q", "--hard", "HEAD~1")
    if how in ("ahead", "diverged"):
        work.write("ahead.txt", "ahead\n")
        commit(work, "Ahead")
    if how == "absent":
        clone.git("push", "-q", "origin", "--delete", BRANCH)


def rival(clone: Clone, remote: bool) -> None:
    tree = clone.git("rev-parse", "main^{tree}").strip()
    blob = clone.git("hash-object", "-w", "--stdin", input="rival\n").strip()
    tree = clone.git("mktree", input=clone.git("ls-tree", tree) + f"100644 blob {blob}\trival.txt\n").strip()
    tip = clone.git("commit-tree", tree, "-p", "main", "-m", "Rival").strip()
    clone.git("update-ref", "refs/heads/plan-1-rival", tip)
    if remote:
        clone.git("push", "-q", "origin", "plan-1-rival")


def arguments(one: State) -> list[str]:
    flags = ["--evidence", "seen"] if one.evidence else []
    return [BRANCH, *flags, *(["--partial"] if one.partial else []), *(["--keep-worktree"] if one.keep else [])]


@pytest.fixture
def ground(team: Team, alone: Clone) -> Ground:
    return Ground(team, alone)


def test_finish_merges_if_and_only_if_the_model_says_so(ground: Ground) -> None:
    seen = {True: 0, False: 0}

    @settings(max_examples=EXAMPLES)
    @given(STATES)
    @example(State(False, "pushed", "moved", "open", "clean", "edited", False, True, False, False))
    @example(State(True, "pushed", "index", "complete", "clean", "clean", False, False, False, False))
    def holds(one: State) -> None:
        clone = ground.fresh(one.remote)
        occupant = arranged(one, clone)
        try:
            before = clone.id_of("origin/main" if one.remote else "main")
            dry = ended(clone, *arguments(one), "--dry-run")
            assert clone.id_of("origin/main" if one.remote else "main") == before
            found = ended(clone, *arguments(one))
        finally:
            if occupant is not None:
                occupant.kill()
                occupant.wait()
        codes = {problem["code"] for problem in found["blockers"]}
        assert codes == expected(one), found
        assert dry["result"] == found["result"]
        assert [(said["code"], said["subject"]) for said in dry["blockers"]] == [
            (said["code"], said["subject"]) for said in found["blockers"]
        ]
        may = not codes
        assert (found["result"] == "merged") == may
        assert (clone.id_of("origin/main" if one.remote else "main") != before) == may
        if may:
            assert clone.show("work.txt", found["merge_commit"]) == "work\n"
            assert clone.holdfast("check", "--rev", found["merge_commit"], "--since", before).code == 0
        seen[may] += 1

    holds()
    assert all(seen.values()), seen
