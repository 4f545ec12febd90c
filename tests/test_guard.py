"""The guard (`guard.refs`): git itself refuses to end somebody's claim branch or main, and everything else goes on."""

from __future__ import annotations

import os
import re
import shutil
import threading
import time
import tomllib
from pathlib import Path

import pytest

from claiming import PLANS, Clone, Team, executable, old_claim, stream
from conftest import Ran, Repo, sealed
from holdfast.domain import configuration
from holdfast.domain.codes import BY_CODE
from holdfast.domain.policy import GuardPolicy
from killing import PROVE

BOB, ADA, CAT, MERGED = "plan-1-first", "plan-3-third", "feature-search", "plan-4-fourth"
HOOK = ".git/hooks/reference-transaction"
ALLOW = {"HOLDFAST_ALLOW": "1"}
# The long proofs run each of these tests under each shell that there is, the others under the first.
SHELLS = {name: path for name in ("dash", "bash", "busybox") if (path := shutil.which(name))}
ZERO = "0" * 40


class Guarded(Clone):
    """A repository whose guard is on, with claims of several workers."""

    @property
    def linked(self) -> Guarded:
        """Ada's worktree, on her claim."""
        return Guarded(self.path.parent / "ada", self.env)

    def refresh(self) -> None:
        ran = self.holdfast("claims")
        assert ran.code == 0, ran

    def verdict(self, branch: str) -> Path:
        return self.path / ".git/holdfast/guard/refs/heads" / branch

    def guards(self) -> set[str]:
        """The branches that are guarded."""
        top = self.path / ".git/holdfast/guard/refs/heads"
        return {str(path.relative_to(top)) for path in top.rglob("*") if path.is_file()}

    def hook(self, *lines: str, state: str = "prepared", env: dict[str, str] | None = None) -> Ran:
        """The hook alone, told these lines."""
        return self.run(str(self.path / HOOK), state, input="".join(f"{line}\n" for line in lines), env=env)

    def kept(self) -> dict[str, object]:
        """All that a refusal must leave as it was: refs, reflogs of branches, HEADs; and no lock is left."""
        git = self.path / ".git"
        locks = [str(path) for path in git.rglob("*.lock") if "holdfast" not in path.parts]
        logs = {str(path): path.read_text() for path in (git / "logs" / "refs").rglob("*") if path.is_file()}
        heads = [path.read_text() for path in (git / "HEAD", git / "worktrees/ada/HEAD")]
        return {"refs": self.git("for-each-ref"), "logs": logs, "heads": heads, "locks": locks}


@pytest.fixture(scope="module")
def adopted_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with plans that has the guard on, to be copied."""
    folder = tmp_path_factory.mktemp("guarded")
    made = Clone(folder / "work", sealed(folder / "home"))
    made.path.mkdir()
    made.git("init", "-q", "-b", "main")
    made.git("fast-import", "--quiet", input=stream(PLANS).decode())
    made.git("reset", "-q", "--hard")
    adopt(made)
    return made.path


def adopt(repo: Clone, on: bool = True) -> None:
    assert repo.holdfast("init", "--yes").code == 0
    switch(repo, on)
    assert repo.commit("Adopt Holdfast").code == 0


def switch(repo: Clone, on: bool) -> Ran:
    """Switch the guard on or off: the configuration, then `init`."""
    text = repo.read("holdfast.toml").partition("\n[guard]")[0]
    repo.write("holdfast.toml", f"{text}\n[guard]\nrefs = {'true' if on else 'false'}\n")
    ran = repo.holdfast("init", "--yes")
    assert ran.code == 0, ran
    return ran


@pytest.fixture
def bare_work(adopted_once: Path, tmp_path: Path, env: dict[str, str]) -> Guarded:
    shutil.copytree(adopted_once, tmp_path / "work")
    return Guarded(tmp_path / "work", env)


@pytest.fixture(params=SHELLS if PROVE else list(SHELLS)[:1])
def work(request: pytest.FixtureRequest, bare_work: Guarded) -> Guarded:
    """Bob's claim of plan 1 with work, Ada's of plan 3 in her worktree, a feature branch, a merged claim, `scratch`."""
    words = [SHELLS[request.param], *(["sh"] if request.param == "busybox" else [])]
    hook = bare_work.path / HOOK
    hook.write_text(hook.read_text().replace("#!/bin/sh", f"#!{' '.join(words)}", 1))
    return populated(bare_work)


def populated(work: Guarded) -> Guarded:
    old_claim(work, 1, "first", hours=1, work=True)
    old_claim(work, 3, "third", owner="Ada", hours=1)
    old_claim(work, 4, "fourth", hours=1, work=True)
    work.git("merge", "-q", "--no-ff", "-m", "Merge plan 4", MERGED)
    work.git("branch", CAT, work.git("commit-tree", "-p", "main", "main^{tree}", input="Search\n").strip())
    work.git("branch", "scratch", BOB)
    work.git("worktree", "add", "-q", str(work.linked.path), ADA)
    work.linked.write("deep/er/file", "x\n")
    work.refresh()
    assert work.guards() == {BOB, ADA, CAT, "main"}
    return work


def stored(work: Guarded, how: str) -> None:
    """Let git keep all refs in files of their own, in packed-refs, or in both."""
    if how != "loose":
        work.git("pack-refs", "--all")
    if how == "both":
        for ref, oid in work.refs("refs/heads/").items():
            if not (work.path / ".git" / ref).exists():
                work.write(f".git/{ref}", f"{oid}\n")
    assert (work.path / ".git/refs/heads" / BOB).exists() == (how != "packed")


# What is refused

ENDS = {
    "branch -D": ["git branch -D plan-1-first"],
    "branch -d": ["git checkout -q --detach plan-1-first", "git branch -d plan-1-first", "git checkout -q -"],
    "update-ref -d": ["git update-ref -d refs/heads/plan-1-first"],
    "update-ref -d REF OLD": ["git update-ref -d refs/heads/plan-1-first $(git rev-parse plan-1-first)"],
    "branch -m": ["git branch -m plan-1-first other"],
    "branch -M, over it": ["git branch -M scratch plan-1-first"],
    "branch -m, into another folder": ["git branch -m plan-1-first deep/name/other"],
    "push . :b": ["git push -q . :plan-1-first"],
    "push . :refs": ["git push -q . :refs/heads/plan-1-first scratch:another"],
    "push from a clone": ["git -C ../../bob push -q origin :plan-1-first", "git -C ../bob push -q origin :plan-1-first"],
    "a symbolic ref": ["git update-ref -d refs/heads/alias"],
    "a whole transaction": ["printf 'create refs/heads/new main\\ndelete refs/heads/plan-1-first\\n'|git update-ref --stdin"],
    "a fetch that mirrors": ["git fetch -q --prune ../bob +refs/heads/plan-1-*:refs/heads/plan-1-*"],
}  # fmt: skip


@pytest.mark.parametrize("how", ["loose", "packed", "both"])
def test_somebodys_claim_is_neither_deleted_nor_renamed_and_nothing_is_lost(work: Guarded, how: str) -> None:
    work.git("symbolic-ref", "refs/heads/alias", f"refs/heads/{BOB}")
    stored(work, how)
    work.git("clone", "-q", str(work.path), str(work.path.parent / "bob"))
    consequence = BY_CODE["branch-guarded"].consequence
    for name, commands in ENDS.items():
        for place in (work.path, work.path / "docs", work.linked.path, work.linked.path / "deep/er"):
            if name.startswith("push") and place in (work.path / "docs", work.linked.path / "deep/er"):
                continue  # `push .` is no repository there
            if name in ("branch -d", "a fetch that mirrors") and place != work.path:
                continue
            before = work.kept()
            ran = work.run("sh", "-c", " || ".join(commands) if "clone" in name else commands[0], cwd=place)
            if name == "branch -d":
                ran = work.run("sh", "-c", commands[1], cwd=place)
                work.git("checkout", "-q", "main")
            assert ran.code != 0, (name, place, ran)
            said = [line.removeprefix("remote: ").rstrip() for line in ran.err.splitlines()]
            at = next((at for at, line in enumerate(said) if line.startswith("refused: ")), None)
            assert at is not None, (name, place, ran)
            assert f"refused: git would delete or rename {BOB}, the claim of plan #1 by Bob on elsewhere" in said[at]
            assert said[at + 1] == f"   why:  {consequence} [branch-guarded]"
            assert said[at + 2].startswith(f"   next: run `holdfast unclaim {BOB}`")
            assert "`HOLDFAST_ALLOW=1 git ...`" in said[at + 2]
            assert work.kept() == before, (name, place)


def test_a_claim_is_guarded_against_its_overwriting_by_another_worker_whose_branch_stays(work: Guarded) -> None:
    """`branch -M OWN CLAIM` deletes OWN before it comes to CLAIM, and dies there: OWN and its reflog come back."""
    for how in ("loose", "packed", "both"):
        work.linked.git("commit", "-q", "--allow-empty", "-m", f"Work {how}")
        stored(work, how)
        before = work.kept()
        ran = work.linked.try_git("branch", "-M", BOB)
        assert ran.code != 0 and f"refused: git would delete or rename {BOB}," in ran.err
        assert work.kept() == before
        assert work.linked.git("symbolic-ref", "--short", "HEAD").strip() == ADA
        assert work.linked.status().split() == ["??", "deep/er/file"]


def test_a_branch_comes_back_where_no_reflogs_are_kept(work: Guarded) -> None:
    work.git("config", "core.logAllRefUpdates", "false")
    for how in ("loose", "packed", "both"):
        shutil.rmtree(work.path / ".git/logs", ignore_errors=True)
        stored(work, how)
        before = work.kept()
        for place, *names in ((work, "scratch", BOB), (work.linked, BOB)):
            ran = place.try_git("branch", "-M", *names)
            assert ran.code != 0 and f"refused: git would delete or rename {BOB}," in ran.err
            assert work.kept() == before
        many = f"start\ndelete refs/heads/gone {work.id_of(BOB)}\ncommit\nstart\ndelete refs/heads/{BOB}\ncommit\n"
        work.git("branch", "gone", BOB)
        assert work.try_git("update-ref", "--stdin", input=many).code != 0
        assert work.kept() == before  # what was deleted and not renamed stays deleted


def test_all_that_is_refused_is_named_at_once(work: Guarded) -> None:
    ran = work.try_git("update-ref", "--stdin", input=f"delete refs/heads/{BOB}\ndelete refs/heads/{CAT}\n")
    lines = ran.err.splitlines()
    assert lines[0] == (
        f"refused: git would delete or rename {BOB}, the claim of plan #1 by Bob on elsewhere; "
        f"{CAT}, the claim by Ada"
    )  # fmt: skip
    assert f"`holdfast unclaim {BOB}`, `holdfast unclaim {CAT}`" in lines[2]
    assert work.try_git("branch", "-D", BOB, CAT).err.splitlines()[:3] == lines[:3]


def test_a_claim_in_somebody_elses_worktree_is_refused_with_the_place_of_work(work: Guarded) -> None:
    for command in (("update-ref", "-d", f"refs/heads/{ADA}"), ("branch", "-m", ADA, "mine")):
        before = work.kept()
        ran = work.try_git(*command)
        assert ran.code != 0 and work.kept() == before
        assert f"{ADA}, the claim of plan #3 by Ada on elsewhere, at work in {work.linked.path}" in ran.err


def test_main_is_neither_deleted_nor_renamed_from_anywhere(work: Guarded) -> None:
    for place in (work, work.linked):
        for command in (("update-ref", "-d", "refs/heads/main"), ("branch", "-m", "main", "trunk")):
            before = work.kept()
            ran = place.try_git(*command)
            assert ran.code != 0 and "refused: git would delete or rename main, the main branch\n" in ran.err, ran
            assert ran.err.splitlines()[2] == "   next: to do it once all the same: `HOLDFAST_ALLOW=1 git ...`"
            assert work.kept() == before
    assert work.try_git("update-ref", "-d", "HEAD").code != 0


def test_from_a_bare_repository_too(work: Guarded) -> None:
    """The common git folder is all that the hook has there; HEAD of a bare repository makes no branch one's own."""
    git = work.path / ".git"
    work.git("symbolic-ref", "HEAD", f"refs/heads/{BOB}")
    before = work.kept()
    for command in (("branch", "-D", BOB), ("update-ref", "-d", f"refs/heads/{BOB}"), ("branch", "-m", BOB, "other")):
        ran = work.run("git", "-c", "core.bare=true", *command, cwd=git)
        assert ran.code != 0 and "refused: " in ran.err, ran
    assert work.kept() == before
    assert work.run("git", "-c", "core.bare=true", "branch", "-D", "scratch", cwd=git).code == 0


@pytest.mark.parametrize("how", ["loose", "packed", "both"])
def test_the_way_out_works_for_one_command(work: Guarded, how: str) -> None:
    stored(work, how)
    work.git("branch", "-D", CAT, env=ALLOW)
    work.git("branch", "-m", BOB, "other", env=ALLOW)
    work.git("push", "-q", ".", ":other", env=ALLOW)
    assert work.try_git("update-ref", "-d", f"refs/heads/{ADA}", env={"HOLDFAST_ALLOW": "0"}).code != 0
    work.git("update-ref", "-d", f"refs/heads/{ADA}", env=ALLOW)
    assert set(work.refs("refs/heads/")) == {f"refs/heads/{name}" for name in ("main", MERGED, "scratch")}


# What goes on undisturbed

PASSES = {
    "gc": "git gc -q",
    "gc, prune now": "git gc -q --prune=now",
    "pack-refs": "git pack-refs --all && git pack-refs --all",
    "pack-refs without pruning, then with it": "git pack-refs --all --no-prune && git pack-refs --all",
    "maintenance": "git maintenance run --task=pack-refs --task=gc",
    "commit": "echo x >new && git add new && git commit -q -m New",
    "amend": "git commit -q --allow-empty -m One && git commit -q --amend --allow-empty -m Two",
    "reset --hard": "git commit -q --allow-empty -m One && git reset -q --hard HEAD~1",
    "reset of main's like": "git reset -q --hard HEAD~1",
    "rebase": "git commit -q --allow-empty -m One && git rebase -q --force-rebase HEAD~2",
    "rebase -i": "git commit -q --allow-empty -m One && GIT_SEQUENCE_EDITOR='sed -i s/^pick/drop/' git rebase -q -i HEAD~1",
    "rebase onto": "git commit -q --allow-empty -m One && git rebase -q --onto scratch HEAD~1",
    "rebase, aborted": "git commit -q --allow-empty -m One && ! git rebase -q -x false HEAD~1 2>/dev/null && git rebase --abort",
    "checkout -B of one's own": 'git checkout -q -B "$(git symbolic-ref --short HEAD)" scratch',
    "checkout -b": "git checkout -q -b mine && git branch -m mine yours && git checkout -q - && git branch -D yours",
    "a branch of a claim forced elsewhere": "git branch -f plan-1-first scratch~1",
    "copy of a claim": "git branch -c plan-1-first copy && git branch -D copy",
    "stash": "echo x >>README.md && git stash -q && git stash pop -q && git stash -q && git stash drop -q",
    "worktree": "git worktree add -q ../other -b mine && git worktree remove ../other && git branch -D mine",
    "worktree remove": "git worktree add -q ../other plan-1-first && git worktree remove ../other",
    "worktree, detached": "git worktree add -q --detach ../other plan-1-first && git worktree remove ../other",
    "merge": "git merge -q --no-edit plan-1-first",
    "cherry-pick": "git cherry-pick plan-1-first",
    "revert": "git cherry-pick plan-1-first && git revert --no-edit HEAD",
    "bisect": "git bisect start HEAD HEAD~1 >/dev/null && git bisect reset",
    "tag -d": "git tag t && git tag -d t",
    "a merged branch": "git branch -D plan-4-fourth",
    "a merged branch, renamed": "git branch -m plan-4-fourth done",
    "other branches": "git branch -m scratch sketch && git push -q . :sketch",
    "other branches, packed": "git pack-refs --all && git branch -m scratch sketch && git branch -D sketch",
    "other branches, in a transaction": "printf 'delete refs/heads/scratch\\n' | git update-ref --stdin",
    "rename over another": "git branch other && git branch -M other scratch",
    "notes": "git notes add -m note && git notes remove",
    "replace": "git replace HEAD HEAD~1 && git replace -d \"$(git rev-parse HEAD)\"",
    "filter": "FILTER_BRANCH_SQUELCH_WARNING=1 git filter-branch -f --msg-filter cat HEAD~1..HEAD >/dev/null",
    "reflog expire": "git reflog expire --all --expire=now",
}  # fmt: skip


@pytest.mark.parametrize("what", PASSES)
def test_what_ends_nobodys_claim_goes_on(bare_work: Guarded, what: str) -> None:
    work = populated(bare_work)
    for place in (work.linked.path, work.path):
        ran = work.run("sh", "-ec", PASSES[what], cwd=place)
        if what in ("gc", "gc, prune now", "pack-refs"):
            assert not list((work.path / ".git/refs/heads").rglob("*[!0-9a-f]*")) or place is work.path
        assert ran.code == 0 and "refused" not in ran.err, ran
        if "merged branch" in what or "other branches" in what:
            break
    assert {f"refs/heads/{name}" for name in (BOB, ADA, CAT, "main")} <= set(work.refs())


@pytest.mark.parametrize("how", ["loose", "packed", "both"])
def test_ones_own_branch_is_renamed(work: Guarded, how: str) -> None:
    stored(work, how)
    work.linked.git("branch", "-m", "plan-3-better-name")
    work.linked.git("branch", "-m", "plan-3-better-name", ADA)
    assert work.linked.git("symbolic-ref", "--short", "HEAD").strip() == ADA
    work.linked.git("branch", "-M", "scratch")  # over a branch that is nobody's
    assert work.linked.git("symbolic-ref", "--short", "HEAD").strip() == "scratch"


def test_fetch_prune_and_remotes(bare_work: Guarded) -> None:
    """A clone with the guard: what goes at the remote goes here too, under refs/remotes/; its branches stay."""
    work = populated(bare_work)
    work.git("clone", "-q", "--bare", str(work.path), str(work.path.parent / "origin.git"))
    work.git("remote", "add", "origin", str(work.path.parent / "origin.git"))
    for packed in (False, True):
        work.git("fetch", "-q", "origin")
        if packed:
            work.git("pack-refs", "--all")
        origin = Repo(work.path.parent / "origin.git", work.env)
        origin.git("update-ref", "-d", f"refs/heads/{BOB}")
        work.git("fetch", "-q", "--prune", "origin")
        assert f"refs/remotes/origin/{BOB}" not in work.refs() and f"refs/heads/{BOB}" in work.refs()
        origin.git("fetch", "-q", str(work.path), f"{BOB}:{BOB}")
    work.git("remote", "rename", "origin", "upstream")
    work.git("remote", "remove", "upstream")
    assert not work.refs("refs/remotes/") and f"refs/heads/{BOB}" in work.refs()


def test_merged_by_hand_a_moment_ago_is_no_claim_any_more(work: Guarded) -> None:
    """Nobody has run Holdfast since: the hook asks git whether main holds what the claim had."""
    work.git("merge", "-q", "--no-ff", "-m", "Merge plan 1", BOB)
    work.git("branch", "-d", BOB)
    work.git("checkout", "-q", CAT)
    work.git("checkout", "-q", "main")
    work.git("merge", "-q", "--ff-only", "-q", "main")
    assert work.try_git("branch", "-D", CAT).code != 0


def test_a_claim_that_was_merged_and_has_gone_on_is_guarded(work: Guarded) -> None:
    work.git("merge", "-q", "--no-ff", "-m", "Merge plan 1", BOB)
    tree = work.git("rev-parse", "main^{tree}").strip()
    more = work.git("commit-tree", "-p", BOB, tree, input="More\n").strip()
    work.git("update-ref", f"refs/heads/{BOB}", more)
    assert work.try_git("branch", "-D", BOB).code != 0


def test_a_claim_without_commits_of_its_own_is_not_taken_for_merged(work: Guarded) -> None:
    work.git("branch", "plan-2-second", "main")
    work.refresh()
    assert "plan-2-second" in work.guards()
    for how in ("loose", "packed", "both"):
        stored(work, how)
        assert work.try_git("branch", "-d", "plan-2-second").code != 0
        assert work.try_git("push", ".", ":plan-2-second").code != 0


def test_a_branch_that_was_rewound_to_main_is_guarded(work: Guarded) -> None:
    """Its claim commit is in no main branch, so nothing was merged."""
    work.git("branch", "-f", BOB, "main")
    assert work.try_git("branch", "-d", BOB).code != 0


@pytest.mark.parametrize("content", [b"", b"claim", b"claim -\nsomebody\n", b"claim -\nx\ny\nen", b"\0\0\0\0\n" * 9])
def test_a_torn_verdict_lets_pass(work: Guarded, content: bytes) -> None:
    work.verdict(BOB).write_bytes(content)
    ran = work.try_git("branch", "-D", BOB)
    assert ran.code == 0 and "refused" not in ran.err, ran


def test_what_is_no_verdict_lets_pass(work: Guarded) -> None:
    place = work.verdict(BOB)
    place.unlink()
    place.mkdir()
    work.git("branch", "-D", BOB)
    work.verdict(CAT).unlink()
    work.git("branch", "-D", CAT)
    shutil.rmtree(work.path / ".git/holdfast/guard")
    work.git("update-ref", "-d", f"refs/heads/{ADA}")
    assert work.linked.try_git("rev-parse", "HEAD").code != 0


def test_other_states_and_odd_input_pass(work: Guarded) -> None:
    ends = f"{ZERO} {ZERO} refs/heads/{BOB}"
    assert work.hook(ends).code == 1
    for state in ("committed", "aborted", "preparing", ""):
        assert work.hook(ends, state=state).code == 0
    for line in (
        "",
        "x",
        ZERO,
        f"{ZERO} {ZERO}",
        f"{ZERO} {ZERO} HEAD",
        f"{ZERO} ref:refs/heads/main refs/heads/{BOB}",
    ):
        assert work.hook(line).code == 0, line
    assert work.hook(f"{'1' * 64} {'0' * 64} refs/heads/{BOB}").code == 1  # sha256


def test_a_line_far_down_a_long_transaction_is_seen(work: Guarded) -> None:
    other = [f"{ZERO} {'1' * 40} refs/heads/b{at}" for at in range(3000)]
    assert work.hook(*other).code == 0
    for at in (0, 15, 16, 17, 2999):
        lines = [*other[:at], f"{ZERO} {ZERO} refs/heads/{BOB}", *other[at:]]
        ran = work.hook(*lines)
        assert ran.code == 1 and BOB in ran.err, at


def test_a_lock_of_somebody_else_does_not_stop_the_packing_of_refs(work: Guarded) -> None:
    """pack-refs has let go of packed-refs.lock when it prunes; another git may take it meanwhile."""
    work.git("pack-refs", "--all", "--no-prune")
    lock = work.path / ".git/packed-refs.lock"
    line = f"{work.id_of(BOB)} {ZERO} refs/heads/{BOB}"
    assert work.hook(line).code == 0
    lock.touch()
    assert work.hook(line).code == 1  # it stays: so this is what ends the branch
    let_go = threading.Thread(target=lambda: (time.sleep(0.15), lock.unlink()))
    let_go.start()
    assert work.hook(line).code == 0
    let_go.join()
    assert work.hook(f"{work.id_of('main')} {ZERO} refs/heads/{BOB}").code == 1  # packed with another value


def test_with_reftable_every_end_is_one(work: Guarded) -> None:
    """This git has no reftable: as far as the hook can tell it apart, by the folder."""
    work.git("pack-refs", "--all", "--no-prune")
    line = f"{work.id_of(BOB)} {ZERO} refs/heads/{BOB}"
    assert work.hook(line).code == 0
    (work.path / ".git/reftable").mkdir()
    assert work.hook(line).code == 1


def test_without_grep_the_packing_of_refs_goes_on(work: Guarded) -> None:
    work.git("pack-refs", "--all", "--no-prune")
    line = f"{work.id_of(BOB)} {ZERO} refs/heads/{BOB}"
    nothing = {"PATH": str(work.path / "nothing")}
    ran = work.hook(line, env=nothing)
    assert ran.code == 0, ran
    assert work.hook(f"{ZERO} {ZERO} refs/heads/{BOB}", env=nothing).code == 1


def test_harmless_calls_start_no_process(work: Guarded) -> None:
    """With nothing on PATH every process that the hook started would be missed."""
    nothing = {"PATH": str(work.path / "nothing")}
    oid = work.id_of(BOB)
    for line in (
        f"{ZERO} {oid} refs/heads/{BOB}", f"{oid} {ZERO} refs/heads/scratch", f"{ZERO} {ZERO} refs/tags/{BOB}",
        f"{oid} {work.id_of('main')} refs/heads/{BOB}", f"{oid} {ZERO} refs/remotes/origin/{BOB}",
    ):  # fmt: skip
        ran = work.hook(*[line] * 15, env=nothing)
        assert (ran.code, ran.err) == (0, ""), ran


def test_branch_names_are_data(bare_work: Guarded) -> None:
    names = ["plan-2-$(touch${IFS}pwned)", "plan-2-`touch pwned`".replace(" ", "$IFS"), "plan-2-'q'", "plan-2-%s%n"]
    for name in names:
        bare_work.git("branch", name, bare_work.git("commit-tree", "main^{tree}", "-p", "main", input="x\n").strip())
    bare_work.refresh()
    for name in names:
        ran = bare_work.try_git("branch", "-D", name)
        assert ran.code != 0 and f"{name}, the claim of plan #2 by Ada" in ran.err
    assert bare_work.try_git("branch", "-D", *names).code != 0
    assert not list(bare_work.path.parent.rglob("pwned*"))
    assert "holdfast unclaim 'plan-2-$(touch${IFS}pwned)'" in bare_work.try_git("branch", "-D", names[0]).err


# What git shows the hook: the experiments on which the rule rests

LOG = """#!/bin/sh
[ "$1" = prepared ] || exit 0
common=${GIT_DIR:-.git}
[ ! -f "$common/commondir" ] || common=$common/$(cat "$common/commondir")
lock=free
[ ! -e "$common/packed-refs.lock" ] || lock=locked
while read -r old new ref; do
	case $old in *[!0]*) old=OLD ;; *) old=0 ;; esac
	case $new in *[!0]*) new=NEW ;; *) new=0 ;; esac
	packed=-
	grep -qx "$(git rev-parse --verify -q "$ref") $ref" "$common/packed-refs" 2>/dev/null && packed=packed
	moved=-
	[ ! -e "$common/logs/refs/.tmp-renamed-log" ] || moved=moved
	echo "$old $new $ref $lock $packed $moved ${GIT_DIR:-none}" >>LOG
done
"""


def test_what_tells_the_end_of_a_branch_from_the_packing_of_refs(repo: Repo) -> None:
    repo.git("commit", "-q", "--allow-empty", "-m", "One")
    log = repo.path.parent / "log"
    executable(repo.path / HOOK, LOG.replace("LOG", str(log)))

    def shown(how: str, *command: str) -> list[str]:
        repo.git("branch", "b")
        if how != "loose":
            repo.git("pack-refs", "--all", *(["--no-prune"] if how == "both" else []))
        log.write_text("")
        repo.git(*command)
        repo.try_git("update-ref", "-d", "refs/heads/c")
        return [line for line in log.read_text().splitlines() if " refs/heads/b " in line and " NEW " not in line]

    for how in ("loose", "packed", "both"):
        for command in (
            ("branch", "-D", "b"), ("update-ref", "-d", "refs/heads/b"), ("branch", "-m", "b", "c"),
            ("push", "-q", ".", ":b"), ("update-ref", "-d", "refs/heads/b", repo.git("rev-parse", "main").strip()),
        ):  # fmt: skip
            lines = shown(how, *command)
            assert lines and all(" locked " in line for line in lines), (how, command, lines)
            assert all((" moved " in line) == (command[1] == "-m") for line in lines)
            assert all(line.endswith(" .") == (command[0] == "push") for line in lines)
    for command in (("pack-refs", "--all"), ("gc", "-q")):
        lines = shown("loose", *command)
        assert lines == ["OLD 0 refs/heads/b free packed - none"], lines
        repo.git("update-ref", "-d", "refs/heads/b")


# The verdicts, and Holdfast's own work


def test_verdicts_follow_the_claims_and_are_written_only_when_something_changed(work: Guarded) -> None:
    listing = work.path / ".git/holdfast/guard/all"
    before = listing.stat().st_mtime_ns, listing.stat().st_ino
    work.refresh()
    work.holdfast("plan", "list")
    assert (listing.stat().st_mtime_ns, listing.stat().st_ino) == before
    work.git("branch", "plan-2-second/deep", "main")
    work.refresh()
    assert "plan-2-second/deep" in work.guards()
    work.git("branch", "-m", "plan-2-second/deep", "plan-2-x", env=ALLOW)
    work.git("branch", "-m", "plan-2-x", "plan-2-second", env=ALLOW)
    work.git("merge", "-q", "--squash", BOB)
    work.git("commit", "-q", "-m", "Squash plan 1")
    work.holdfast("claims", "--all")
    assert work.guards() == {ADA, CAT, "main", "plan-2-second"}
    work.git("branch", "-D", BOB)


@pytest.mark.parametrize("command", [["claims"], ["claims", "--fetch"], ["claims", "--stale"], ["plan", "list"]])
def test_whatever_observes_claims_renews_the_verdicts(bare_work: Guarded, command: list[str]) -> None:
    old_claim(bare_work, 1, "first", hours=1)
    assert bare_work.holdfast(*command).code == 0
    assert bare_work.guards() == {BOB, "main"}
    assert bare_work.try_git("branch", "-D", BOB).code != 0


def test_a_guard_that_cannot_be_written_stops_nothing(bare_work: Guarded) -> None:
    folder = bare_work.path / ".git/holdfast/guard"
    shutil.rmtree(folder)
    folder.write_text("in the way")
    old_claim(bare_work, 1, "first", hours=1)
    assert bare_work.holdfast("claims").code == 0
    assert bare_work.start(3).code == 0
    bare_work.git("branch", "-D", BOB)


def test_an_off_guard_writes_nothing_and_refuses_nothing(bare_work: Guarded) -> None:
    switch(bare_work, False)
    old_claim(bare_work, 1, "first", hours=1)
    bare_work.refresh()
    assert not (bare_work.path / ".git/holdfast/guard").exists() and not (bare_work.path / HOOK).exists()
    bare_work.git("branch", "-D", BOB)


def test_claims_are_made_and_given_back_with_the_guard_on(bare_work: Guarded) -> None:
    made = bare_work.claimed(1)
    branch, worktree = made["branch"], bare_work.at(made["worktree"])
    assert bare_work.guards() == {branch, "main"}
    assert bare_work.try_git("update-ref", "-d", f"refs/heads/{branch}").code != 0
    worktree.git("commit", "-q", "--allow-empty", "-m", "[Plan #1] Work")
    worktree.git("commit", "-q", "--amend", "--allow-empty", "-m", "[Plan #1] Better")
    bare_work.git("gc", "-q")
    assert worktree.unclaimed(1, "--abandon")["result"] == "released"
    assert bare_work.guards() == {"main"} and f"refs/heads/{branch}" not in bare_work.refs()
    assert bare_work.claimed(3, "--no-worktree")["result"] == "claimed"
    assert bare_work.guards() == {ADA, "main"}
    assert bare_work.unclaimed(3)["result"] == "released"
    old_claim(bare_work, 4, "fourth", hours=200, work=True)
    (bare_work.path / ".git/logs/refs/heads" / MERGED).unlink()  # which says that it was made just now
    assert bare_work.claimed(4, "--steal")["result"] == "claimed"
    assert bare_work.guards() == {MERGED, "main"}


def test_two_worktrees_each_their_own(bare_work: Guarded) -> None:
    one, other = (bare_work.at(bare_work.claimed(number)["worktree"]) for number in (1, 3))
    for mine, theirs in ((one, ADA), (other, BOB)):
        assert mine.try_git("update-ref", "-d", f"refs/heads/{theirs}").code != 0
        assert mine.try_git("branch", "-m", theirs, "stolen").code != 0
        name = mine.git("symbolic-ref", "--short", "HEAD").strip()
        mine.git("branch", "-m", "renamed")
        mine.git("branch", "-m", name)


def test_a_claim_of_a_team_is_taken_and_given_back(team: Team, ada: Clone, bob: Clone) -> None:
    for clone in (ada, bob):
        adopt(clone)
    ada.git("push", "-q", "origin", "main")
    bob.git("fetch", "-q")
    bob.git("reset", "-q", "--hard", "origin/main")
    first = ada.claimed(1)
    assert bob.started(1)["exit"] != 0
    assert ada.try_git("branch", "-m", first["branch"], "x").code != 0
    here = ada.at(first["worktree"])
    assert here.unclaimed(1)["result"] == "released"
    assert bob.claimed(1)["result"] == "claimed"
    bob.git("fetch", "-q", "--prune")
    ada.git("fetch", "-q", "--prune")
    ada.git("checkout", "-q", first["branch"])
    assert ada.holdfast("claims", "--fetch").code == 0
    assert ada.try_git("update-ref", "-d", f"refs/heads/{first['branch']}").code == 0  # checked out: one's own
    assert not Path(first["worktree"]).exists() or os.path.isdir(first["worktree"])


def test_a_push_to_a_guarded_repository_passes_for_holdfast(bare_work: Guarded, env: dict[str, str]) -> None:
    """Its remote is a folder with the guard on, where a raw push may not end the claim."""
    place = bare_work.path.parent / "clone"
    bare_work.git("checkout", "-q", "--detach")
    bare_work.git("clone", "-q", "--branch", "main", str(bare_work.path), str(place))
    clone = Clone(place, env)
    clone.claimed(1, "--no-worktree")
    bare_work.refresh()
    assert BOB in bare_work.guards()
    assert "refused: " in clone.try_git("push", "origin", f":{BOB}").err
    assert clone.unclaimed(1)["result"] == "released"
    assert f"refs/heads/{BOB}" not in bare_work.refs()


def test_nobody_else_sees_the_word_that_lets_holdfast_pass(bare_work: Guarded) -> None:
    seen = bare_work.path.parent / "seen"
    text = bare_work.read("holdfast.toml")
    bare_work.write("holdfast.toml", f'{text}\n[worktree]\nsetup = "env >{seen}.setup"\n')
    executable(bare_work.path / ".git/hooks/post-checkout", f"#!/bin/sh\nenv >{seen}.hook\n")
    assert bare_work.commit("Set up").code == 0
    assert bare_work.holdfast("approve", "worktree.setup", "--yes").code == 0
    bare_work.claimed(1)
    for name in ("setup", "hook"):
        assert "HOLDFAST_ALLOW" not in Path(f"{seen}.{name}").read_text()


# Installing it


OTHERS = '#!/bin/sh\necho "$1" >>{0}.states\ncat >>{0}.lines\n[ ! -e {0}.refuse ] || exit 7\n'


def test_a_hook_that_is_there_goes_on_running_and_its_refusal_counts(tmp_path: Path, env: dict[str, str]) -> None:
    work = Guarded(tmp_path / "work", env)
    work.path.mkdir()
    work.git("init", "-q", "-b", "main")
    work.git("fast-import", "--quiet", input=stream(PLANS).decode())
    work.git("reset", "-q", "--hard")
    log = tmp_path / "log"
    theirs = executable(work.path / HOOK, OTHERS.format(log))
    adopt(work)
    old_claim(work, 1, "first", hours=1)
    work.refresh()
    states, lines = Path(f"{log}.states"), Path(f"{log}.lines")
    states.unlink()
    lines.unlink()
    oid = work.id_of("main")
    many = "".join(f"create refs/heads/b{at} {oid}\n" for at in range(5000))
    work.git("update-ref", "--stdin", input=many)
    expected = [f"{ZERO} {oid} refs/heads/b{at}" for at in range(5000)]
    assert states.read_text().split() == ["prepared", "committed"]
    assert lines.read_text().splitlines() == [*expected, *expected]
    assert "refused: " in work.try_git("branch", "-D", BOB).err
    Path(f"{log}.refuse").touch()
    assert work.try_git("branch", "-D", "b1").code != 0
    assert work.try_git("branch", "-D", BOB, env=ALLOW).code != 0
    Path(f"{log}.refuse").unlink()
    work.git("branch", "-D", "b1")
    executable(Path(f"{theirs}.before-holdfast"), "#!/bin/sh\nexit 0\n")  # one that reads nothing
    work.git("update-ref", "--stdin", input=many.replace("/b", "/c"))
    assert "refused: " in work.try_git("branch", "-D", BOB).err


@pytest.mark.parametrize("theirs", [None, OTHERS])
def test_on_and_off_and_uninstalled_leaves_what_was_there(adopted: Repo, theirs: str | None) -> None:
    hooks = adopted.path / ".git/hooks"
    if theirs is not None:
        executable(adopted.path / HOOK, theirs.format("/dev/null"))

    def there() -> dict[str, tuple[int, bytes]]:
        copies = adopted.path / ".git/holdfast/hooks"
        found = [*hooks.iterdir(), *(copies.iterdir() if copies.exists() else ())]
        return {str(path): (path.stat().st_mode, path.read_bytes()) for path in found}

    before = there()
    on = switch(Clone(adopted.path, adopted.env), True)
    assert "reference-transaction" in on.err and (adopted.path / ".git/holdfast/guard/refs/heads/main").exists()
    assert switch(Clone(adopted.path, adopted.env), True).err.startswith("nothing to do")
    switch(Clone(adopted.path, adopted.env), False)
    assert there() == before and not (adopted.path / ".git/holdfast/guard").exists()
    assert switch(Clone(adopted.path, adopted.env), False).err.startswith("nothing to do")
    switch(Clone(adopted.path, adopted.env), True)
    assert adopted.holdfast("init", "--uninstall", "--yes").code == 0
    assert not (adopted.path / ".git/holdfast").exists()
    left = {name: what for name, what in there().items() if not name.endswith(".sample")}
    assert left == {name: what for name, what in before.items() if name == str(adopted.path / HOOK)}


def test_a_hook_that_git_tracks_is_left_to_its_owner(bare_work: Guarded) -> None:
    """It gets a line to add; while that line is there, the copy that it calls is not taken away."""
    bare_work.git("config", "core.hooksPath", "githooks")
    theirs = executable(bare_work.path / "githooks/reference-transaction", "#!/bin/sh\nset -e\n")
    bare_work.git("add", "-f", "githooks")
    ran = switch(bare_work, True)
    line = next(one for one in ran.err.splitlines() if "add this line to it: " in one).partition("to it: ")[2]
    theirs.write_text(f"{theirs.read_text()}{line}\n")
    assert bare_work.commit("Call the guard").code == 0
    old_claim(bare_work, 1, "first", hours=1)
    bare_work.refresh()
    assert "refused: git would" in bare_work.try_git("branch", "-D", BOB).err
    ran = switch(bare_work, False)
    assert "still calls" in ran.err and "take that line out" in ran.err
    bare_work.git("branch", "-D", BOB, env=ALLOW)
    theirs.write_text("#!/bin/sh\n")
    assert "remove .git/holdfast/hooks/reference-transaction" in switch(bare_work, False).err


def test_husky_does_not_run_it(bare_work: Guarded) -> None:
    bare_work.git("config", "core.hooksPath", ".husky/_")
    executable(bare_work.path / ".husky/_/h", "#!/bin/sh\n")
    assert "husky runs no hook reference-transaction: `guard.refs` does nothing here" in switch(bare_work, True).err
    assert not (bare_work.path / ".husky/reference-transaction").exists()


def test_a_clone_gets_it_by_init_local_and_a_configuration_that_cannot_be_read_changes_nothing(
    bare_work: Guarded,
) -> None:
    clone = Guarded(bare_work.path.parent / "clone", bare_work.env)
    bare_work.git("clone", "-q", str(bare_work.path), str(clone.path))
    assert clone.holdfast("init", "--local", "--yes").code == 0
    assert os.access(clone.path / HOOK, os.X_OK)
    whole = clone.read("holdfast.toml")
    clone.write("holdfast.toml", whole.replace("refs = true", 'refs = "yes"'))
    assert clone.holdfast("init", "--local", "--yes").code == 0
    assert os.access(clone.path / HOOK, os.X_OK)
    (clone.path / "holdfast.toml").unlink()
    assert clone.holdfast("init", "--local", "--yes").code == 0  # the commit says that it is on
    assert os.access(clone.path / HOOK, os.X_OK)


def test_by_default_no_such_hook_is_installed(adopted: Repo) -> None:
    assert not (adopted.path / HOOK).exists()
    found = {one["key"]: one for one in adopted.json("config")["values"]}
    assert found["guard.refs"]["value"] is False and found["guard.refs"]["origin"] == "default"
    adopted.write("holdfast.toml", adopted.read("holdfast.toml") + "\n[guard]\nref = true\n")
    ran = adopted.holdfast("config")
    assert "guard.ref" in ran.out + ran.err and "did you mean `refs`" in ran.out + ran.err


def test_the_example_of_a_configuration_in_the_readme_is_one() -> None:
    readme = (Path(__file__).parent.parent / "README.md").read_text()
    example = re.search(r"```toml\n(.*?)```", readme, re.S)
    assert example is not None
    found, problems = configuration.from_mapping(tomllib.loads(example[1]), "holdfast.toml")
    assert problems == [] and found.guard == GuardPolicy(True)
    command = re.search(r"`HOLDFAST_ALLOW=1 git branch -D plan-12-parser`", readme)
    assert command is not None
