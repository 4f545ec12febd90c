"""`plan list` over main and claim branches: every plan as it effectively stands."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from conftest import Repo, plan_text


@pytest.fixture
def team(adopted: Repo, tmp_path: Path) -> tuple[Repo, Repo]:
    """Two clones of one bare remote; the first is the adopted repository."""
    remote = tmp_path / "remote.git"
    adopted.git("init", "-q", "--bare", "-b", "main", str(remote))
    adopted.git("remote", "add", "origin", str(remote))
    adopted.git("push", "-q", "-u", "origin", "main")
    adopted.git("clone", "-q", str(remote), str(tmp_path / "other"))
    return adopted, Repo(tmp_path / "other", adopted.env)


def listed(repo: Repo, *more: str) -> dict[int, dict[str, Any]]:
    return {one["number"]: one for one in repo.json("plan", "list", *more)["plans"]}


def start(repo: Repo, number: int, *more: str) -> Repo:
    ran = repo.holdfast("start", str(number), *more)
    assert ran.code == 0, ran
    return Repo(Path(ran.out.strip()), repo.env)


def test_a_claimed_plan_has_the_status_that_its_branch_gives_it(team: tuple[Repo, Repo]) -> None:
    one, other = team
    tree = start(one, 1, "--owner", "ada")
    before = listed(one)
    assert (before[1]["status"], before[1]["claimed_by"], before[1]["ready"]) == ("planned", "ada", False)
    assert tree.holdfast("plan", "set", "1", "--status", "in-progress").code == 0
    assert listed(tree)[1]["status"] == "in-progress", "where we stand in its worktree our files are newer"
    assert listed(one)[1]["status"] == "planned"
    assert tree.commit("[Plan #1] Begin").code == 0
    tree.git("push", "-q")
    for repo in (one, other):
        repo.holdfast("claims", "--fetch")
        found = listed(repo)[1]
        assert (found["status"], found["claimed_by"], found["on"]) == ("in-progress", "ada", "plan-1-first")
    text = other.holdfast("plan", "list").out.splitlines()
    assert text[0].endswith("First  (claimed by ada)") and "claimed" not in text[1]


def test_a_ready_plan_is_one_that_nobody_has_claimed(team: tuple[Repo, Repo]) -> None:
    one, _ = team
    assert list(listed(one, "--ready")) == [1], "the second waits for the first"
    start(one, 1)
    assert listed(one, "--ready") == {}


def test_a_plan_that_only_main_has_is_listed_on_a_branch_behind_it(team: tuple[Repo, Repo]) -> None:
    one, other = team
    one.write("docs/plans/03_third.md", plan_text(3, "Third"))
    assert one.commit("[Plan #3] Third").code == 0
    one.git("push", "-q")
    other.git("checkout", "-q", "-b", "behind")
    other.git("fetch", "-q")
    found = listed(other)
    assert (found[3]["on"], found[2]["on"]) == ("main", "behind") and list(found) == [1, 2, 3]


def test_a_claim_ends_in_the_list_when_its_branch_is_merged_or_deleted(team: tuple[Repo, Repo]) -> None:
    one, other = team
    tree = start(one, 1)
    tree.write("work.txt", "done\n")
    assert tree.commit("[Plan #1] Work").code == 0
    tree.git("push", "-q")
    other.holdfast("claims", "--fetch")
    assert listed(other)[1]["claimed_by"] == "Ada"
    other.git("merge", "-q", "--squash", "origin/plan-1-first")
    other.git("commit", "-q", "-m", "Work (#1)")
    assert listed(other)[1]["claimed_by"] is None
    assert listed(other, "--ready").keys() == {1}


def test_a_branch_that_renamed_its_plan_is_found_by_its_number(team: tuple[Repo, Repo]) -> None:
    one, _ = team
    tree = start(one, 1)
    tree.git("mv", "docs/plans/01_first.md", "docs/plans/01_primary.md")
    tree.write("docs/plans/01_primary.md", plan_text(1, "Primary"))
    assert tree.commit("[Plan #1] Another name").code == 0
    found = listed(one)[1]
    assert (found["title"], found["claimed_by"]) == ("Primary", "Ada")


def test_two_claims_of_one_plan_are_both_named(team: tuple[Repo, Repo]) -> None:
    one, _ = team
    start(one, 1, "--owner", "ada")
    one.git("branch", "plan-1-mine", "main")
    assert listed(one)[1]["claimed_by"] == "ada", "what is lost holds nothing"
    one.git("push", "-q", "origin", "plan-1-mine")
    assert listed(one)[1]["claimed_by"] == "ada, plan-1-mine"
