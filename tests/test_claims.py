"""`holdfast claims`: who works on what, read from branches, worktrees, reflogs and the last view of the remote.

Merged or not is the matter of test_claims_merged.py.
"""

from __future__ import annotations

import json
import os
import shutil
import stat
import time
from pathlib import Path

import pytest

from branches import HOUR, NOW, Branches, begin, text
from conftest import Repo
from holdfast.domain import moment

ME = "plan-5-parser"


@pytest.fixture
def work(tmp_path: Path) -> Branches:
    made = begin(tmp_path, hours=200)
    made.twice = True
    return made


def claim_commit(work: Branches, branch: str = ME, **trailers: str) -> str:
    """A branch with a claim commit of the clock's moment, as Holdfast makes it; trailers as `claimed_by="Bob"`."""
    known = {"claimed_by": "Bob", "claim_host": "laptop", "claim_id": "c1", "claim_plan": "5", "claim_branch": branch}
    lines = "".join(
        f"{key.title().replace('_', '-')}: {value}\n" for key, value in {**known, **trailers}.items() if value
    )
    work.git("branch", branch, "main")
    work.on(branch)
    work.git("commit", "-q", "--allow-empty", "-m", f"Claim plan #5: Parser\n\n{lines}")
    work.on("main")
    return work.id(branch)


def commit(work: Branches, branch: str = ME) -> None:
    work.on(branch)
    work.save("Work", code__txt=text(l7=f"{branch} {work.moment}"))
    work.on("main")


def remote_of(work: Branches, tmp_path: Path) -> Path:
    """A remote that has main and that main follows."""
    remote = tmp_path / "remote.git"
    work.git("init", "-q", "--bare", "-b", "main", str(remote))
    work.git("remote", "add", "origin", str(remote))
    work.git("push", "-q", "-u", "origin", "main")
    return remote


def clone(work: Branches, remote: Path | str, path: Path, *options: str) -> Branches:
    work.git("clone", "-q", *options, str(remote), str(path))
    made = Branches(path, work.env)
    made.moment = work.moment
    return made


def hours_ago(at: str) -> float:
    """How many hours ago a moment of the answer is."""
    parsed = moment.parse(at)
    assert parsed is not None and at.endswith("Z")
    return (time.time() - parsed) / HOUR


# Which branches are claims


@pytest.mark.parametrize(
    ("branch", "plan"),
    [
        ("plan-5-parser", 5),
        ("plan-5-x", 5),
        ("plan-05-x", 5),
        ("alice/plan-5-x", 5),
        ("a/b/plan-5-x/y", 5),
        ("feature-x", None),
        ("alice/feature-x", None),
    ],
)
def test_a_claim_by_its_name(work: Branches, branch: str, plan: int | None) -> None:
    work.git("branch", branch)
    assert work.claim(branch)["plan"] == plan


@pytest.mark.parametrize(
    "branch", ["add-plan-60-docs", "plan-5", "plan-x", "myplan-5-x", "plan-5x-y", "features", "topic", "plan/5-x"]
)
def test_no_claim_by_its_name(work: Branches, branch: str) -> None:
    work.git("branch", branch)
    assert work.claims() == {}


def test_a_pattern_of_its_own(work: Branches) -> None:
    work.save("Configure", **{"holdfast__toml": '[claims]\nbranch = "work/{number}_{slug}"\n'})
    for branch in ("work/5_parser", ME, "feature-x"):
        work.git("branch", branch)
    assert {name: one["plan"] for name, one in work.claims().items()} == {"work/5_parser": 5, "feature-x": None}


def test_here_and_on_the_remote_is_one_claim(work: Branches, tmp_path: Path) -> None:
    remote_of(work, tmp_path)
    claim_commit(work)
    found = work.claim()
    assert (found["local"], found["remote"], found["published"]) == (f"refs/heads/{ME}", None, False)
    work.git("push", "-q", "origin", ME)
    found = work.claim()
    assert (found["local"], found["remote"]) == (f"refs/heads/{ME}", f"refs/remotes/origin/{ME}")
    assert found["published"] and not found["contested"]
    work.git("branch", "-q", "-D", ME)
    found = work.claim()
    assert (found["local"], found["remote"], found["published"]) == (None, f"refs/remotes/origin/{ME}", True)
    work.git("push", "-q", "origin", f":{ME}")
    assert work.claims() == {}


def test_several_branches_of_one_plan_are_contested(work: Branches) -> None:
    claim_commit(work)
    work.git("branch", "alice/plan-5-other", "main")
    work.git("branch", "plan-6-printer", "main")
    work.git("branch", "feature-a", "main")
    work.git("branch", "feature-b", "main")
    found = work.claims()
    assert {name for name, one in found.items() if one["contested"]} == {ME, "alice/plan-5-other"}
    assert any("contested: alice/plan-5-other" in reason for reason in found[ME]["reasons"])
    ran = work.holdfast("claims")
    assert ran.out.count("contested") == 2


def test_a_merged_branch_contests_nothing(work: Branches) -> None:
    commit(work, "plan-5-old")
    work.squash("plan-5-old", "Old")
    claim_commit(work)
    assert not any(one["contested"] for one in work.claims().values())


def test_declared_phases_are_not_contested(work: Branches) -> None:
    plan = work.read("docs/plans/05_parser.md").replace("**Priority:**", "**Phases:** Parser, docs\n**Priority:**")
    work.put("docs/plans/05_parser.md", plan)
    work.record("Phases")
    for branch in ("plan-5-parser", "plan-5-docs-guide"):
        work.git("branch", branch)
    assert not any(one["contested"] for one in work.claims().values())
    work.git("branch", "plan-5-docs")  # two of one phase
    contested = {name for name, one in work.claims().items() if one["contested"]}
    assert contested == {"plan-5-docs", "plan-5-docs-guide"}, "who works on another phase stands against nobody"
    work.git("branch", "-D", "plan-5-docs")
    work.git("branch", "plan-5-else")  # one of none
    assert all(one["contested"] for one in work.claims().values())


# What is said of each


def test_what_a_claim_says(work: Branches, tmp_path: Path) -> None:
    work.set_clock(3)
    claim = claim_commit(work)
    found = work.claim()
    assert {key: found[key] for key in ("plan", "owner", "host", "claim_id", "state", "commit", "own_commits")} == {
        "plan": 5, "owner": "Bob", "host": "laptop", "claim_id": "c1", "state": "active", "commit": claim, "own_commits": 0,
    }  # fmt: skip
    assert found["worktree"] is None and found["activity_source"] in ("claim", "reflog")
    assert found["reasons"][0] == "it has no work of its own yet"
    work.git("worktree", "add", "-q", str(tmp_path / "tree"), ME)
    found = work.claim()
    assert found["worktree"] == str(tmp_path / "tree")
    work.git("worktree", "lock", "--reason", "on a stick", str(tmp_path / "tree"))
    assert "its worktree is locked: on a stick" in work.claim()["reasons"]
    text_ = work.holdfast("claims").out
    assert "#5" in text_ and ME in text_ and "Bob@laptop" in text_ and "0 commits" in text_ and "tree" in text_


def test_without_a_claim_commit_the_author_is_the_owner(work: Branches) -> None:
    work.git("branch", ME)
    assert work.claim()["owner"] is None
    commit(work)
    found = work.claim()
    assert found["owner"] == "Ada" and found["host"] is None and found["own_commits"] == 1


def test_a_claim_survives_the_renaming_of_its_plan(work: Branches) -> None:
    work.set_clock(3)
    claim_commit(work)
    work.git("mv", "docs/plans/05_parser.md", "docs/plans/05_reader.md")
    work.record("Rename")
    assert work.claim()["state"] == "active"
    ran = work.holdfast("start", "5", "--no-worktree", "--owner", "other")
    assert ran.code == 1 and "claimed by Bob" in ran.err, ran


def test_a_renamed_branch_keeps_its_claim(work: Branches) -> None:
    work.set_clock(3)
    claim_commit(work)
    work.git("branch", "-m", ME, "plan-5-reader")
    found = work.claim("plan-5-reader")
    assert (found["state"], found["owner"], found["claim_id"]) == ("active", "Bob", "c1")


@pytest.mark.parametrize(
    ("trailers", "owner", "plan"),
    [
        ({"claimed_by": ""}, None, 5),
        ({"claim_host": ""}, "Bob", 5),
        ({"claim_plan": "", "claim_branch": ""}, None, 5),
        ({"claim_plan": "#5", "claim_branch": ""}, "Bob", 5),
        ({"claim_plan": "6"}, "Bob", 5),
        ({"claim_plan": "99999999999999999999"}, "Bob", 5),
        ({"claim_plan": "six"}, "Bob", 5),
        ({"claimed_by": "\x1b[31mred\x1b[0m \u202e"}, "[31mred [0m", 5),
        ({"claimed_by": "x" * 5000}, "x" * 200, 5),
    ],
)
def test_forged_and_missing_trailers(work: Branches, trailers: dict[str, str], owner: str | None, plan: int) -> None:
    work.set_clock(3)
    claim_commit(work, **trailers)
    found = work.claim()
    assert (found["owner"], found["plan"], found["own_commits"]) == (owner, plan, 0), found
    assert found["state"] in ("active", "fresh")
    assert any("names plan #6" in reason for reason in found["reasons"]) == (trailers.get("claim_plan") == "6")
    assert "\x1b" not in work.holdfast("claims").out


def test_a_commit_without_a_claim_id_is_work(work: Branches) -> None:
    claim_commit(work, claim_id="")
    assert work.claim()["own_commits"] == 1


def test_work_in_the_claim_commit_is_work(work: Branches) -> None:
    """`commit --amend` into the claim commit, or a rebase that squashed the work into it."""
    work.set_clock(3)
    claim_commit(work)
    work.on(ME)
    work.put("code.txt", text(l7="words"))
    work.git("commit", "-q", "-a", "--amend", "--no-edit")
    found = work.claim()
    assert (found["own_commits"], found["owner"], found["claim_id"]) == (1, "Bob", "c1"), found
    work.on("main")
    work.save("Part", more__txt=text(l7="words"))
    assert work.claim()["state"] == "active"
    work.git("merge", "-q", "--squash", ME)
    work.record("The parser")
    assert work.claim()["state"] == "integrated"


@pytest.mark.parametrize("way", ["merge", "fast-forward"])
def test_work_in_the_claim_commit_is_merged(work: Branches, way: str) -> None:
    claim_commit(work)
    work.on(ME)
    work.put("code.txt", text(l7="words"))
    work.git("commit", "-q", "-a", "--amend", "--no-edit")
    work.on("main")
    work.git("merge", "-q", "--no-edit", *(("--no-ff",) if way == "merge" else ()), ME)
    assert work.claim()["state"] == "integrated"


def test_the_claim_commit_of_another_branch_is_not_its_own(work: Branches) -> None:
    work.set_clock(3)
    claim_commit(work)
    work.git("branch", "plan-6-printer", ME)
    found = work.claim("plan-6-printer")
    assert (found["state"], found["owner"], found["claim_id"]) == ("fresh", None, None), found


def test_a_new_branch_of_the_name_of_a_merged_claim_is_fresh(work: Branches) -> None:
    work.set_clock(3)
    claim_commit(work)
    commit(work)
    work.git("merge", "-q", "--ff-only", ME)
    work.save("Later", more__txt=text(l1="later"))
    work.git("branch", "-q", "-D", ME)
    work.git("branch", ME)
    work.git("branch", "plan-5-again")
    for branch in (ME, "plan-5-again"):
        found = work.claim(branch)
        assert (found["state"], found["owner"]) == ("fresh", None), found


# Last activity, and what it rests on


def test_stale_by_the_claim_commit(work: Branches) -> None:
    work.set_clock(49)
    claim_commit(work)
    found = work.claim()
    assert found["state"] == "stale" and 47.9 < hours_ago(found["last_activity"]) < 49.1, found
    assert "nothing happened for more than 48 h" in found["reasons"] or any("2 days" in one for one in found["reasons"])
    assert list(work.claims("--stale")) == [ME]
    work.git("branch", "-q", "-D", ME)
    work.set_clock(47)
    claim_commit(work)
    assert work.claim()["state"] == "active" and work.claims("--stale") == {}


def test_stale_hours_of_its_own(work: Branches) -> None:
    work.set_clock(49)
    claim_commit(work)
    work.save("Configure", **{"holdfast__toml": "[claims]\nstale_hours = 60\n"})
    assert work.claim()["state"] == "active"
    work.save("Configure", **{"holdfast__toml": "[claims]\nstale_hours = 2\n"})
    assert work.claim()["state"] == "stale"


def test_a_commit_is_activity(work: Branches) -> None:
    claim_commit(work)
    work.set_clock(30)
    commit(work)
    shutil.rmtree(work.path / ".git/logs")
    found = work.claim()
    assert (found["state"], found["activity_source"]) == ("active", "commit")
    assert 29 < hours_ago(found["last_activity"]) < 31


def test_the_reflog_is_activity(work: Branches) -> None:
    """A branch made from an old main was made when it was made."""
    work.set_clock(30)
    work.git("branch", ME)
    found = work.claim()
    assert (found["state"], found["activity_source"]) == ("fresh", "reflog")
    assert 29 < hours_ago(found["last_activity"]) < 31
    shutil.rmtree(work.path / ".git/logs")
    shutil.rmtree(work.path / ".git/holdfast/cache")  # no ref has moved: what was seen is remembered for an hour
    assert work.claim()["state"] == "stale"


def test_a_rebase_is_activity(work: Branches) -> None:
    claim_commit(work)
    commit(work)
    old = work.id(ME)
    work.set_clock(10)
    work.git("update-ref", "-m", "moved", f"refs/heads/{ME}", "main")
    work.git("update-ref", "-m", "moved", f"refs/heads/{ME}", old)
    found = work.claim()
    assert (found["state"], found["activity_source"]) == ("active", "reflog")


def aged_worktree(work: Branches, path: Path) -> Path:
    work.git("worktree", "add", "-q", str(path), ME)
    for folder, _, names in os.walk(path):
        for name in (*names, "."):
            os.utime(Path(folder) / name, (NOW - 100 * HOUR, NOW - 100 * HOUR))
    return path


@pytest.mark.parametrize("name", ["code.txt", "untracked.txt", "deep/er/file"])
def test_a_file_in_the_worktree_is_activity(work: Branches, tmp_path: Path, name: str) -> None:
    claim_commit(work)
    tree = aged_worktree(work, tmp_path / "tree")
    assert work.claim()["state"] == "stale"
    (tree / name).parent.mkdir(parents=True, exist_ok=True)
    (tree / name).write_text("touched")
    found = work.claim()
    assert (found["state"], found["activity_source"]) == ("active", "file"), found
    os.utime(tree / name, (NOW - 10 * HOUR, NOW - 10 * HOUR))
    os.utime(tree, (NOW - 100 * HOUR, NOW - 100 * HOUR))
    # No file gets older by itself: a list believes what it saw within the last minutes.
    assert hours_ago(work.claim()["last_activity"]) < 0.1
    (work.path / ".git/holdfast/cache/worktree-touched").unlink()
    if "/" not in name:
        assert 9.9 < hours_ago(work.claim()["last_activity"]) < 10.2


def test_a_file_with_a_date_ahead_hides_no_other(work: Branches, tmp_path: Path) -> None:
    claim_commit(work)
    tree = aged_worktree(work, tmp_path / "tree")
    os.utime(tree / "code.txt", (NOW + 9_000 * HOUR, NOW + 9_000 * HOUR))
    assert work.claim()["state"] == "stale"
    os.utime(tree / "more.txt", (NOW - 10 * HOUR, NOW - 10 * HOUR))
    found = work.claim()
    assert (found["state"], found["activity_source"]) == ("active", "file"), found


def test_what_git_does_in_a_worktree_is_no_activity_of_its_files(work: Branches, tmp_path: Path) -> None:
    """`git status` renews git's index, and not the folder that the work is in."""
    claim_commit(work)
    tree = Repo(aged_worktree(work, tmp_path / "tree"), work.env)
    tree.git("status")
    assert work.claim()["state"] == "stale"


def test_a_nested_worktree_counts_for_itself(work: Branches, tmp_path: Path) -> None:
    claim_commit(work)
    tree = aged_worktree(work, tmp_path / "tree")
    work.git("worktree", "add", "-q", "--detach", str(tree / "inner"))
    os.utime(tree, (NOW - 100 * HOUR, NOW - 100 * HOUR))
    assert work.claim()["state"] == "stale"


def test_arrival_from_the_remote_is_activity(work: Branches, tmp_path: Path) -> None:
    remote = remote_of(work, tmp_path)
    claim_commit(work)
    work.git("push", "-q", "origin", ME)
    other = clone(work, remote, tmp_path / "other")
    assert other.claim()["state"] == "stale"  # it was first seen now, and its own dates say when it was made
    commit(work)  # by a clock that is years behind
    work.on(ME)
    work.git("commit", "-q", "--amend", "--no-edit", env={"GIT_COMMITTER_DATE": "2019-01-02T03:04:05Z"})
    work.git("push", "-q", "origin", ME)
    other.set_clock(5)
    other.git("fetch", "-q")
    found = other.claim()
    assert (found["state"], found["activity_source"]) == ("active", "remote"), found
    assert 4.8 < hours_ago(found["last_activity"]) < 5.9


def test_a_fresh_branch_of_the_remote_is_as_old_as_its_arrival(work: Branches, tmp_path: Path) -> None:
    remote = remote_of(work, tmp_path)
    other = clone(work, remote, tmp_path / "other")
    work.git("push", "-q", "origin", f"main:{ME}")
    other.set_clock(5)
    other.git("fetch", "-q")
    found = other.claim()
    assert (found["state"], found["activity_source"]) == ("fresh", "remote"), found


# Clocks


@pytest.mark.parametrize("hours", [0.1, -1, -24, -20_000])
def test_nothing_lies_in_the_future(work: Branches, hours: float) -> None:
    work.set_clock(hours)
    work.twice = False  # what lies ahead counts as now, and now is another moment each time
    claim_commit(work)
    commit(work)
    found = work.claim()
    assert found["state"] == "active" and hours_ago(found["last_activity"]) >= 0, found
    assert any("a clock is wrong" in reason for reason in found["reasons"]) == (hours < -0.1), found
    assert "in the future" not in work.holdfast("claims").out


def test_a_date_ahead_hides_no_other_evidence(work: Branches, tmp_path: Path) -> None:
    claim_commit(work)
    tree = aged_worktree(work, tmp_path / "tree")
    (tree / "code.txt").write_text("touched")
    os.utime(tree / "code.txt", (NOW - 10 * HOUR, NOW - 10 * HOUR))
    Repo(tree, work.env).git(
        "commit", "-q", "-a", "--allow-empty", "-m", "Ahead", env={"GIT_COMMITTER_DATE": f"{NOW + 9_000 * HOUR} +0000"}
    )
    os.utime(tree, (NOW - 100 * HOUR, NOW - 100 * HOUR))
    found = work.claim()
    assert (found["state"], found["activity_source"]) == ("active", "file"), found


def test_a_clock_years_behind(work: Branches) -> None:
    work.set_clock(300_000)
    claim_commit(work)
    commit(work)
    found = work.claim()
    assert found["state"] == "stale" and found["last_activity"] < "2000", found


# The view of the remote


def fetched(work: Branches) -> float | None:
    at = work.json("claims")["remote"]["fetched_at"]
    return hours_ago(at) if at else None


def test_the_view_of_the_remote_says_how_old_it_is(work: Branches, tmp_path: Path) -> None:
    assert "there is no remote" in work.holdfast("claims").err
    remote = remote_of(work, tmp_path)
    assert fetched(work) is None and "origin was never fetched" in work.holdfast("claims").err
    work.git("fetch", "-q")
    marks = work.path / ".git/FETCH_HEAD"
    os.utime(marks, (NOW - 7 * HOUR, NOW - 7 * HOUR))
    assert 6.9 < (fetched(work) or 0) < 7.9 and "origin as of 7 h ago" in work.holdfast("claims").err
    # A fetch that failed, and one from somewhere else, tell nothing about this remote.
    other = tmp_path / "elsewhere.git"
    work.git("clone", "-q", "--bare", str(remote), str(other))
    work.git("remote", "add", "elsewhere", str(other))
    work.git("fetch", "-q", "elsewhere")
    assert fetched(work) is None
    work.git("fetch", "-q", "origin")
    os.utime(marks, (NOW - 7 * HOUR, NOW - 7 * HOUR))
    # From another worktree.
    work.git("worktree", "add", "-q", "--detach", str(tmp_path / "tree"))
    Repo(tmp_path / "tree", work.env).git("fetch", "-q")
    assert (fetched(work) or 0) < 1
    shutil.move(remote, tmp_path / "away")
    os.utime(work.path / ".git/worktrees/tree/FETCH_HEAD", (NOW - 3 * HOUR, NOW - 3 * HOUR))
    assert work.try_git("fetch").code != 0
    assert 2.9 < (fetched(work) or 0) < 3.1
    ran = work.holdfast("claims", "--fetch")
    assert ran.code == 5 and "Traceback" not in ran.err, ran
    # A clock that ran ahead.
    os.utime(work.path / ".git/worktrees/tree/FETCH_HEAD", (NOW + 300 * HOUR, NOW + 300 * HOUR))
    assert (fetched(work) or 0) >= 0


def test_a_clone_is_a_view(work: Branches, tmp_path: Path) -> None:
    other = clone(work, remote_of(work, tmp_path), tmp_path / "other")
    assert (fetched(other) or 1) < 0.2


# Merged may be unknown


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_a_shallow_clone_says_what_it_cannot_tell(work: Branches, tmp_path: Path, depth: int) -> None:
    remote = remote_of(work, tmp_path)
    commit(work)
    commit(work, "plan-6-printer")
    for number in range(3):
        work.save(f"Main {number}", more__txt=text(l1=f"main {number}"))
    work.squash(ME, "The parser")
    work.git("push", "-q", "origin", "main", ME, "plan-6-printer")
    other = clone(work, f"file://{remote}", tmp_path / "other", f"--depth={depth}", "--no-single-branch")
    for branch in (ME, "plan-6-printer"):
        found = other.claim(branch)
        assert found["state"] in ("active", "stale"), found
        if depth < 3:
            assert "this clone is shallow" in found["reasons"][0], found
    other.git("fetch", "-q", "--unshallow")
    assert other.claim()["state"] == "integrated"
    assert other.claim("plan-6-printer")["own_commits"] == 1


def test_a_clone_that_is_deepened_is_looked_at_again(work: Branches, tmp_path: Path) -> None:
    """Not whole yet, and no ref has moved: what is known under another depth counts no more."""
    remote = remote_of(work, tmp_path)
    commit(work)
    for number in range(3):
        work.save(f"Main {number}", more__txt=text(l1=f"main {number}"))
    work.squash(ME, "The parser")
    for number in range(12):
        work.save(f"Later {number}", more__txt=text(l1=f"later {number}"))
    work.git("push", "-q", "origin", "main", ME)
    other = clone(work, f"file://{remote}", tmp_path / "other", "--depth=2", "--no-single-branch")
    other.twice = True
    assert other.claim()["state"] != "integrated"
    refs, seen = other.git("for-each-ref"), set()
    for step in range(20):
        other.git("fetch", "-q", "--deepen=1")
        fresh = Branches(tmp_path / f"fresh{step}", other.env)
        shutil.copytree(other.path, fresh.path)
        shutil.rmtree(fresh.path / ".git/holdfast")
        found = other.claim()
        assert (found["state"], found["own_commits"]) == (fresh.claim()["state"], fresh.claim()["own_commits"]), step
        seen.add((found["state"], other.git("rev-parse", "--is-shallow-repository").strip()))
        if found["state"] == "integrated":
            break
    assert other.git("for-each-ref") == refs
    assert ("integrated", "true") in seen, "that could be told before the clone was whole"


def test_without_a_main_branch_nothing_can_be_told(work: Branches) -> None:
    commit(work)
    work.on(ME)
    work.git("branch", "-m", "main", "trunk")
    found = work.claim()
    assert "there is no main branch here" in found["reasons"][0] and found["state"] != "integrated", found


def test_before_the_first_commit(tmp_path: Path, repo: Repo) -> None:
    assert repo.json("claims")["claims"] == []


def test_a_detached_head_and_a_branch_that_is_gone(work: Branches) -> None:
    commit(work)
    work.git("checkout", "-q", "--detach", ME)
    work.write(".git/refs/heads/plan-9-gone", "1" * 40 + "\n")
    work.twice = False  # a branch without any date counts as of now
    found = work.claims()
    assert found[ME]["own_commits"] == 1 and found["plan-9-gone"]["state"] != "integrated", found


# Odd bytes


ODD = (
    b"plan-5-\xff\xfe",
    b'plan-6-"quote"',
    b"plan-7-\xc3\xbc",
    b"plan-8-$(x)`y`;&",
    b"plan-9-\xe2\x80\xae'x",
    b"plan-10-%n%x00",
)


def test_odd_bytes_in_branch_names(work: Branches, tmp_path: Path) -> None:
    remote = remote_of(work, tmp_path)
    work.set_clock(5)
    for number, raw in enumerate(ODD):
        name = os.fsdecode(raw)
        work.git("branch", name)
        work.on(name)
        work.save(f"Odd {number}", **{f"odd{number}": "odd\n"})
        work.on("main")
    names = {os.fsdecode(raw) for raw in ODD}
    work.squash(os.fsdecode(ODD[0]), "Odd")
    for repo in (work, None):
        if repo is None:
            work.git("push", "-q", "origin", "main", *(f"refs/heads/{name}" for name in names))
            repo = clone(work, remote, tmp_path / "other")
        for _ in ("cold", "warm"):
            found = repo.claims()
            # A document is UTF-8: bytes that are none are lost in it (and kept in everything that is done with them).
            shown = [os.fsdecode(raw).encode("utf-8", "replace").decode() for raw in ODD]
            assert set(found) == set(shown)
            assert [found[name]["plan"] for name in shown] == [5, 6, 7, 8, 9, 10]
            assert [found[name]["state"] for name in shown] == ["integrated", *["active"] * 5]
        ran = repo.holdfast("claims", "--all")
        assert ran.code == 0 and ran.out.count("\n") == len(ODD), ran
        assert "\u202e" not in ran.out and "\udcff" not in ran.out
        ran = repo.holdfast("claims", "--all", env={"LC_ALL": "C"})
        assert ran.code == 0, ran


# The cache, and git's processes


COUNTING = """#!/bin/sh
echo "$*" >> {log}
exec {git} "$@"
"""


def counting(work: Branches, tmp_path: Path, *options: str) -> list[str]:
    """The git commands that `holdfast claims` starts."""
    folder = tmp_path / "counting"
    folder.mkdir(exist_ok=True)
    log = folder / "log"
    log.write_text("")
    git = shutil.which("git")
    (folder / "git").write_text(COUNTING.format(log=log, git=git))
    (folder / "git").chmod((folder / "git").stat().st_mode | stat.S_IXUSR)
    ran = work.holdfast("claims", "--all", *options, env={"PATH": f"{folder}:{work.env['PATH']}"})
    assert ran.code == 0, ran
    return [line for line in log.read_text().splitlines() if line]


def many(work: Branches, count: int, first: int = 0) -> None:
    """So many branches of every kind: fresh, open, merged in each way, with and without a claim commit."""
    for number in range(first, first + count):
        branch = f"plan-{100 + number}-x"
        work.git("checkout", "-q", "-b", branch, "main")
        if number % 2:
            work.git("commit", "-q", "--allow-empty", "-m", f"Claim\n\nClaim-Id: c{number}\nClaim-Branch: {branch}\n")
        kind = number % 6
        if kind:
            work.save(f"One {number}", **{f"file{number}__txt": text(l3=f"one {number}")})
            work.save(f"Two {number}", **{f"file{number}__txt": text(l3=f"one {number}", l20=f"two {number}")})
        work.git("checkout", "-q", "main")
        if kind == 1:
            work.git("merge", "-q", "--no-ff", "--no-edit", branch)
        elif kind == 2:
            work.squash(branch, f"Squash {number}")
        elif kind == 3:
            work.git("cherry-pick", f"{branch}~1", branch)
        elif kind == 4:
            lines = text(l3=f"one {number}", l20=f"two {number}", l30="more")
            work.save(f"Hunks {number}", **{f"file{number}__txt": lines})


def test_the_number_of_git_processes_does_not_grow(work: Branches, tmp_path: Path) -> None:
    many(work, 6)
    few_cold = counting(work, tmp_path)
    few_warm = counting(work, tmp_path)
    many(work, 54, 6)
    shutil.rmtree(work.path / ".git/holdfast/cache")
    many_cold = counting(work, tmp_path)
    many_warm = counting(work, tmp_path)
    assert len(work.claims()) == 60
    assert len(many_cold) == len(few_cold) <= 20, "\n".join(many_cold)
    assert sorted(many_warm) == sorted(few_warm) and len(many_warm) <= 7, "\n".join(many_warm)
    work.save("Main goes on", more__txt=text(l1="on"))
    assert len(counting(work, tmp_path)) <= 20


def states(work: Branches) -> str:
    return json.dumps(
        [(one["branch"], one["state"], one["own_commits"], one["reasons"][0]) for one in work.claims().values()]
    )


def test_answers_are_the_same_cold_warm_and_one_by_one(work: Branches) -> None:
    work.set_clock(30)
    many(work, 12)
    cold = states(work)
    assert states(work) == cold
    kept = work.path / ".git/holdfast/cache"
    shutil.rmtree(kept)
    refs = work.git("for-each-ref", "--format=%(objectname) %(refname)", "refs/heads/plan-*").splitlines()
    for line in refs:
        oid, ref = line.split(" ")
        work.git("update-ref", "-d", ref)
    logs = {}
    for line in refs:
        oid, ref = line.split(" ")
        work.git("update-ref", ref, oid)
        logs[ref] = work.claims()
    shutil.rmtree(kept)
    alone = states(work)
    assert states(work) == alone


@pytest.mark.parametrize("damage", ["empty", "torn", "garbage", "folder", "link", "read-only"])
def test_a_damaged_cache_changes_nothing(work: Branches, tmp_path: Path, damage: str) -> None:
    work.set_clock(30)
    many(work, 12)
    right = states(work)
    cache = work.path / ".git/holdfast/cache"
    entries = [one for one in cache.iterdir() if one.name.startswith("claims-")]
    assert entries
    for one in entries:
        content = one.read_bytes()
        if damage == "read-only":
            cache.chmod(0o500)
        elif damage == "folder":
            one.unlink()
            one.mkdir()
        elif damage == "link":
            one.unlink()
            one.symlink_to(tmp_path / "away")
        else:
            one.write_bytes({"empty": b"", "torn": content[: len(content) // 2], "garbage": os.urandom(999)}[damage])
    try:
        assert states(work) == right
        assert states(work) == right
    finally:
        cache.chmod(0o700)


def test_entries_of_a_whole_cache_that_say_nonsense(work: Branches) -> None:
    """Right sums around wrong words: another version, or somebody's joke."""
    import zlib

    work.set_clock(30)
    many(work, 6)
    right = states(work)
    cache = work.path / ".git/holdfast/cache"
    for one in [one for one in cache.iterdir() if one.name.startswith("claims-")]:
        lines = one.read_bytes()[21:].split(b"\n")
        for wrong in (
            [line.replace(b"\x1f", b"\x1fx", 1) for line in lines],
            [line + b"\x1fmore" for line in lines],
            [b"\x1f".join(line.split(b"\x1f")[:5]) for line in lines],
            [line.replace(b"squash", b"prophecy").replace(b"open", b"prophecy") for line in lines],
            [b"../../../x claims-2-x"],
        ):
            body = b"\n".join(wrong)
            one.write_bytes(
                b"holdfast cache 2\n" + zlib.crc32(body, zlib.crc32(one.name.encode())).to_bytes(4, "big") + body
            )
            assert states(work) == right
