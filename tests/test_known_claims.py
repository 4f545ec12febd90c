"""What `claims` remembers while no ref moves: never longer than an hour, and never of a branch that is checked out."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from branches import HOUR, NOW, Branches, begin
from holdfast.adapters.cache import Cache
from holdfast.domain import policy
from holdfast.domain.claim import Claim
from holdfast.domain.moment import Moment
from holdfast.usecases import known_claims

POLICY = policy.default().claims
STAMP = (b"refs", "digest", "main", "origin", "")


def claim(branch: str = "plan-5-parser", **more: object) -> Claim:
    known = Claim(
        5, branch, f"refs/heads/{branch}", None, "c" * 40, "Ada", None, None, "active", False, False, Moment(NOW), "commit",
        None, 2, ("main lacks some of its work",), "agent",
    )  # fmt: skip
    return known._replace(**more)  # type: ignore[arg-type]


def known(cache: Cache, later: int = 0, stamp: known_claims.Stamp = STAMP) -> list[Claim] | None:
    found = known_claims.read(cache, stamp, Moment(NOW + later), POLICY)
    return found.claims if found is not None else None


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(str(tmp_path / "cache"))


def test_what_is_kept_is_read(cache: Cache) -> None:
    odd = claim("plan-6-\udcff\x85é", plan=None, contested=True, grounds=("a\nb", "c\x1ed"), own_commits=10**20)
    known_claims.keep(cache, STAMP, Moment(NOW), [claim(), odd, claim("plan-7-done", state="integrated")])
    assert known(cache) == [claim(), odd]


@pytest.mark.parametrize("later", [-1, HOUR, HOUR + 1])
def test_it_is_known_for_an_hour(cache: Cache, later: int) -> None:
    known_claims.keep(cache, STAMP, Moment(NOW), [claim()])
    assert known(cache, later) is None
    assert known(cache, HOUR - 1) is not None


@pytest.mark.parametrize(
    "stamp",
    [
        (b"moved", *STAMP[1:]), (STAMP[0], "other", *STAMP[2:]), (*STAMP[:2], "trunk", *STAMP[3:]), (*STAMP[:3], None, ""),
        (*STAMP[:4], "1f0c"),
    ],
)  # fmt: skip
def test_it_is_known_as_long_as_nothing_moves(cache: Cache, stamp: known_claims.Stamp) -> None:
    known_claims.keep(cache, STAMP, Moment(NOW), [claim()])
    assert known(cache, stamp=stamp) is None


def test_a_remembered_claim_goes_stale(cache: Cache) -> None:
    at = Moment(NOW - POLICY.stale_hours * HOUR)
    known_claims.keep(cache, STAMP, Moment(NOW), [claim(last_activity=at)])
    assert [[one.state for one in known(cache, later) or ()] for later in (0, 1)] == [["active"], ["stale"]]


def test_nothing_is_known_too(cache: Cache) -> None:
    """Else what was known before would count again as soon as its refs are back."""
    known_claims.keep(cache, STAMP, Moment(NOW), [])
    assert known(cache) == []


@pytest.mark.parametrize(
    "raw", [b"", b"i", b"\xfa", b"[\xff\xff\xff\x7f", b"(" * 64, known_claims._LEAD, known_claims._LEAD + b"garbage"]
)
def test_nonsense_is_not_known(cache: Cache, raw: bytes) -> None:
    known_claims.keep(cache, STAMP, Moment(NOW), [claim()])
    (name,) = os.listdir(cache.folder)
    cache.write(name, raw)
    assert known(cache) is None


# Through the command


@pytest.fixture
def work(tmp_path: Path) -> Branches:
    made = begin(tmp_path, hours=100)
    for name in ("plan-5-parser", "plan-6-printer", "feature-x"):
        made.git("branch", name)
    made.set_clock(30)
    made.twice = True
    assert len(made.claims()) == 3
    return made


def test_a_worktree_that_comes_is_seen_and_one_that_goes(work: Branches, tmp_path: Path) -> None:
    path = tmp_path / "tree"
    work.git("worktree", "add", "-q", str(path), "plan-5-parser")
    assert work.claim()["worktree"] == str(path)
    work.git("worktree", "lock", "--reason", "on a stick", str(path))
    assert "its worktree is locked: on a stick" in work.claim()["reasons"]
    work.git("worktree", "unlock", str(path))
    work.git("worktree", "remove", str(path))
    assert work.claim()["worktree"] is None


def test_a_file_that_changes_in_a_worktree_is_seen(work: Branches, tmp_path: Path) -> None:
    path = tmp_path / "tree"
    work.git("worktree", "add", "-q", str(path), "plan-5-parser")
    for hours in (20, 10):
        (path / "note.txt").write_text("note\n")
        os.utime(path / "note.txt", (NOW - hours * HOUR,) * 2)
        os.utime(path, (NOW - 100 * HOUR,) * 2)
        assert work.claim()["worktree"] == str(path)


def test_a_contested_claim_stays_so_beside_a_worktree(work: Branches, tmp_path: Path) -> None:
    work.git("branch", "plan-5-other")
    assert work.claim()["contested"]
    work.git("worktree", "add", "-q", str(tmp_path / "tree"), "plan-5-parser")
    assert work.claim()["contested"]
    work.git("branch", "-D", "plan-5-other")
    assert not work.claim()["contested"]


def test_another_configuration_is_seen(work: Branches) -> None:
    (work.path / "holdfast.toml").write_text('[claims]\nbranch = "work/{number}-{slug}"\n')
    assert set(work.claims()) == {"feature-x"}


def test_a_reflog_alone_is_seen_within_the_hour(work: Branches) -> None:
    """Without a worktree nobody works there: a branch that was moved and moved back is as it was."""
    before = work.claim()
    shutil.rmtree(work.path / ".git/logs")
    ran = work.holdfast("claims")
    assert ran.code == 0 and before["branch"] in ran.out
