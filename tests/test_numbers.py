"""Plan numbers over several clones of one remote: nobody gets a number that another has."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from conftest import Ran, Repo, plan_text

RESERVED = "refs/holdfast/numbers/"
_WEEK = 7 * 24 * 3600


def passed(ran: Ran) -> Ran:
    assert ran.code == 0, ran
    return ran


@pytest.fixture
def team(adopted: Repo, tmp_path: Path) -> tuple[Repo, Repo]:
    """Two clones of one bare remote; the first is the adopted repository."""
    remote = tmp_path / "remote.git"
    adopted.git("init", "-q", "--bare", "-b", "main", str(remote))
    adopted.git("remote", "add", "origin", str(remote))
    adopted.git("push", "-q", "-u", "origin", "main")
    adopted.git("clone", "-q", str(remote), str(tmp_path / "other"))
    return adopted, Repo(tmp_path / "other", adopted.env)


def new(repo: Repo, *more: str) -> int:
    return int(repo.json("plan", "new", "Another", *more)["number"])


def reserved(repo: Repo) -> list[int]:
    lines = repo.git("ls-remote", "-q", "origin", f"{RESERVED}*").split()
    return sorted(int(word.rpartition("/")[2]) for word in lines if word.startswith(RESERVED))


def test_a_number_is_taken_for_all_clones_before_the_plan_is_published(team: tuple[Repo, Repo]) -> None:
    one, other = team
    assert [new(one), new(other), new(one), new(other)] == [3, 4, 5, 6]
    assert reserved(one) == [3, 4, 5, 6]
    assert one.status().count("??") == 2 and other.status().count("??") == 2


def test_a_plan_that_only_another_clone_published_counts(team: tuple[Repo, Repo]) -> None:
    one, other = team
    one.git("checkout", "-q", "-b", "plan-9-far")
    one.write("docs/plans/09_far.md", plan_text(9, "Far"))
    passed(one.commit("[Plan #9] Far"))
    one.git("push", "-q", "origin", "plan-9-far")
    assert new(other) == 10


def test_numbers_taken_at_once_are_all_different(team: tuple[Repo, Repo]) -> None:
    workers = [
        subprocess.Popen(
            [sys.executable, "-m", "holdfast", "plan", "new", f"Plan {at}", "--json"], cwd=team[at % 2].path,
            env=team[0].env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for at in range(8)
    ]  # fmt: skip
    ends = [(*worker.communicate(), worker.returncode) for worker in workers]
    assert all(code == 0 for *_, code in ends), ends
    assert reserved(team[0]) == list(range(3, 11))
    assert len({out for out, *_ in ends}) == 8


def test_a_reservation_ends_when_its_plan_can_be_seen_and_nobody_chooses_any_more(team: tuple[Repo, Repo]) -> None:
    one, other = team
    new(one)
    passed(one.commit("[Plan #3] Another"))
    one.git("push", "-q", "origin", "main")
    assert new(other) == 4
    assert reserved(one) == [3, 4], (
        "a reservation that is seconds old stays: somebody may have looked before it was made"
    )
    age(one, 3, 2 * 3600)
    assert new(other) == 5
    assert reserved(one) == [4, 5]


def test_a_reservation_whose_plan_never_came_ends_after_a_week(team: tuple[Repo, Repo]) -> None:
    one, other = team
    assert new(one) == 3
    age(one, 3, _WEEK - 3600)
    assert new(other) == 4
    age(one, 3, _WEEK + 3600)
    age(one, 4, _WEEK + 3600)
    (other.path / "docs/plans/04_another.md").unlink()
    assert new(other) == 3
    assert reserved(one) == [3]


def age(repo: Repo, number: int, seconds: int) -> None:
    """Put a reservation of that age into the place of one on the remote."""
    stamp = f"{int(time.time()) - seconds} +0000"
    tree = repo.git("mktree", input="").strip()
    made = repo.git("commit-tree", tree, "-m", "old", env={"GIT_COMMITTER_DATE": stamp}).strip()
    repo.git("push", "-q", "--force", "origin", f"{made}:{RESERVED}{number}")


def test_without_a_remote_worktrees_of_one_repository_share_the_numbers(adopted: Repo, tmp_path: Path) -> None:
    adopted.git("worktree", "add", "-q", "-b", "work", str(tmp_path / "tree"))
    linked = Repo(tmp_path / "tree", adopted.env)
    assert [new(adopted), new(linked), new(adopted)] == [3, 4, 5]
    (linked.path / "docs/plans/04_another.md").unlink()
    (adopted.path / "docs/plans/05_another.md").unlink()
    assert new(adopted) == 6, "a number that was given out stays so, for a week"


def test_a_remote_that_is_away_refuses_and_offline_does_not_ask(team: tuple[Repo, Repo], tmp_path: Path) -> None:
    one, _ = team
    (tmp_path / "remote.git").rename(tmp_path / "away.git")
    ran = one.holdfast("plan", "new", "Another")
    assert ran.code == 5 and ran.err.startswith("refused: `holdfast plan new`") and one.status() == ""
    assert new(one, "--offline") == 3


def test_another_plan_folder_has_numbers_of_its_own(team: tuple[Repo, Repo]) -> None:
    one, other = team
    for repo in team:
        (repo.path / "docs/adr").mkdir()
        text = repo.read("holdfast.toml")
        repo.write("holdfast.toml", text + '\n[[plans]]\npath = "docs/adr"\nprofile = "record"\n')
    assert [new(one, "--folder", "docs/adr"), new(other, "--folder", "docs/adr"), new(one)] == [1, 2, 3]
    refs = one.git("ls-remote", "-q", "origin", f"{RESERVED}*")
    assert f"{RESERVED}docs-adr/1" in refs and f"{RESERVED}3" in refs


def test_a_plan_that_is_started_at_once_is_on_its_claim_branch_and_nowhere_else(team: tuple[Repo, Repo]) -> None:
    one, other = team
    ran = passed(one.holdfast("plan", "new", "At once", "--start", "--owner", "grace"))
    tree = Path(ran.out.strip())
    assert tree == one.path / ".worktrees/plan-3-at-once" and one.status() == ""
    there = Repo(tree, one.env)
    assert there.git("log", "--format=%s", "-3").splitlines() == [
        "[Plan #3] At once",
        "Claim plan #3: At once",
        "Adopt Holdfast",
    ]
    assert there.status() == "" and "| 3 | [At once]" in there.read("docs/plans/README.md")
    assert passed(there.holdfast("check")).code == 0
    passed(other.holdfast("claims", "--fetch"))
    found = {one["number"]: one for one in other.json("plan", "list")["plans"]}
    assert (found[3]["claimed_by"], found[3]["on"], found[3]["ready"]) == ("grace", "plan-3-at-once", False)
    assert found[3]["title"] == "At once" and found[1]["claimed_by"] is None
