"""Do the races notice? A stand-in for `holdfast start` that is right, and one for each way of being wrong."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import finish_verdict
from setting import deal, modes, split
from verdict import Scene, judge
from workers import Attempt, Worker

HERE = Path(__file__).parent
RUN = HERE.parent / "race" / "run.py"


def race(*options: str, fault: str = "") -> tuple[int, str]:
    """Run the races against the stand-in; exit code and what was printed."""
    fake = f"{sys.executable} -I -S {HERE / 'fake_start.py'} --fault={fault}"
    command = (sys.executable, str(RUN), "--command", fake, "--seed", "7", "--workers", "3", "--rounds", "0", *options)
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert not done.stderr, done.stderr
    return done.returncode, done.stdout


@pytest.mark.parametrize("transport", ["file", "http", "none"])
def test_nothing_is_found_where_nothing_is_wrong(transport: str) -> None:
    sizes = ("--plans", "6", "--numbers", "6", "--number-clones", "3", "--ready", "4", "--kill", "0.7")
    code, said = race("--transport", transport, *sizes)
    assert code == 0 and "no violation" in said and "VIOLATION" not in said, said
    for mode in (mode.title for mode in modes() if mode.transport == transport):
        assert f"{mode}: " in said, said
    assert f"{transport}: plan new in 3 clones: 6 in" in said and f"{transport}: start --next: 4 in" in said, said


CLAIMS = {
    "double": "3 winners: worker-",
    "same-id": "3 winners: worker-",
    "no-fence": "the remote: refs/holdfast/plans/1 is missing",
    "no-branch": "no local plan-1-race-1 where",
    "stray": "refs/heads/plan-1-race-1 is there",
    "untold": "was not told that",
    "anonymous": "was told neither id nor host",
    "no-code": "was refused without the blocker `claimed`",
    "unpublished": "published is False",
    "wrong-owner": "won as 'somebody'",
    "mute": "ended with 0 and said None",
    "intent": "is left",
    "crash": "RuntimeError: this was not to happen",
}


@pytest.mark.parametrize("fault", CLAIMS)
def test_what_is_wrong_with_a_claim_is_found(fault: str) -> None:
    # Two plans: the first two modes. One has an owner name for each worker, and who comes later is sure to be refused
    # only in the second mode without a remote.
    transport = "none" if fault == "no-code" else "file"
    code, said = race("--transport", transport, "--plans", "2", "--only", "claims", "--kill", "0", fault=fault)
    found = [line for line in said.splitlines() if line.startswith("VIOLATION") and CLAIMS[fault] in line]
    assert code == 1 and found, said


def test_two_winners_without_a_remote_are_found() -> None:
    code, said = race("--transport", "none", "--plans", "2", "--only", "claims", "--kill", "0", fault="double")
    assert code == 1 and "3 winners" in said, said


@pytest.mark.parametrize(
    ("fault", "text"), [("double", "plan 1 was handed out again"), ("gives-up", "of 3 got a plan")]
)
def test_what_is_wrong_with_the_next_plan_is_found(fault: str, text: str) -> None:
    code, said = race("--transport", "file", "--ready", "4", "--only", "next", fault=fault)
    assert code == 1 and text in said, said


def test_a_number_taken_twice_is_found() -> None:
    sizes = ("--numbers", "6", "--number-clones", "3", "--only", "numbers")
    code, said = race("--transport", "file", *sizes, fault="same-number")
    assert code == 1 and "4 was taken " in said and "4 is not reserved on the remote" in said, said


# Killed workers: what their clones look like is made by hand, as the moment of a kill is not

COMMIT = "c" * 40
BRANCH, FENCE = "refs/heads/plan-1-x", "refs/holdfast/plans/1"
TRAILERS = {"Claimed-By": "ada", "Claim-Id": "0123456789", "Claim-Host": "here", "Claim-Plan": "1"}
BOTH = {BRANCH: COMMIT, FENCE: COMMIT}


def attempt(name: str, code: int, **document: object) -> Attempt:
    worker = Worker(name, f"/{name}", ("holdfast", "start", "1", "--no-worktree"))
    return Attempt(worker, code, json.dumps(document) if document else "", "", 0.1, killed=code < 0)


def scene(remote: dict[str, str], ada: dict[str, str], bob: dict[str, str]) -> Scene:
    common = {"/ada": "/ada/.git", "/bob": "/bob/.git"}
    return Scene(1, remote, {"/ada/.git": ada, "/bob/.git": bob}, common, {COMMIT: TRAILERS})


REFUSED = {"result": "refused", "plan": 1, "blockers": [{"code": "claimed", "message": "ada has it"}]}
WON = {"result": "claimed", "plan": 1, "branch": "plan-1-x", "commit": COMMIT, "owner": "ada", "claim_id": "0123456789"}
KILLED_AND_REFUSED = [attempt("ada", -9), attempt("bob", 1, **REFUSED), attempt("ada", 1, **REFUSED)]


def test_killed_after_the_last_step() -> None:
    assert judge(scene(BOTH, {BRANCH: COMMIT}, {}), KILLED_AND_REFUSED, named=True) == []


def test_killed_and_taken_up_again() -> None:
    again = [attempt("ada", -9), attempt("bob", 1, **REFUSED), attempt("ada", 0, **WON, published=True, worktree=None)]
    assert judge(scene(BOTH, {BRANCH: COMMIT}, {}), again, named=True) == []


@pytest.mark.parametrize(
    ("found", "complaint"),
    [
        (scene(BOTH, {}, {}), "no local plan-1-x where ada won"),
        (scene(BOTH, {}, {BRANCH: COMMIT}), "no local plan-1-x where ada won"),
        (scene({BRANCH: COMMIT}, {BRANCH: COMMIT}, {}), "the remote: refs/holdfast/plans/1 is missing"),
        (scene({FENCE: COMMIT}, {}, {}), "half a claim on the remote: refs/holdfast/plans/1"),
        (scene({}, {BRANCH: COMMIT}, {}), "half a claim in clone ada/.git: refs/heads/plan-1-x"),
        (scene({}, {}, {}), "nobody won"),
    ],
)
def test_killed_and_left_half_done(found: Scene, complaint: str) -> None:
    assert complaint in judge(found, KILLED_AND_REFUSED, named=True)


def test_every_mode_gets_plans_and_none_is_lost() -> None:
    for plans in (1, 5, 15, 18, 100, 1000):
        dealt = deal(plans, modes())
        assert sum(count for _, count in dealt) == plans
        assert len(dealt) == min(plans, len(modes()))
        assert all(sum(split(count)) == count and max(split(count)) <= 60 for _, count in dealt)


# Finishers

BASE, HEAD, MERGE = "b" * 40, "d" * 40, "e" * 40
WORK = finish_verdict.Work(1, "plan-1-x", HEAD, COMMIT, "/ada/.worktrees/plan-1-x", "/ada")
LANDED = finish_verdict.Landed(MERGE, BASE, "plan-1-x", frozenset({1}))
OPEN = {BRANCH: HEAD, FENCE: COMMIT}
MERGED = {"result": "merged", "plan": 1, "branch": "plan-1-x", "merge_commit": MERGE}
OVERTAKEN = {"result": "lost", "plan": 1, "branch": "plan-1-x"}
WON_AND_LOST = [attempt("ada", 0, **MERGED), attempt("bob", 4, **OVERTAKEN)]
CLONES = {"/ada/.git": dict[str, str](), "/bob/.git": dict[str, str]()}
AFTER = finish_verdict.Scene(
    BASE, (LANDED,), {}, {"/ada": "/ada/.git", "/bob": "/bob/.git"}, CLONES,
    kept={"/ada/.git": frozenset({HEAD})}, mains={"/ada/.git": MERGE, "/bob/.git": BASE},
)  # fmt: skip
BEFORE = replace(
    AFTER, main=(), remote=OPEN, clones={**CLONES, "/ada/.git": OPEN}, kept={}, mains=dict.fromkeys(CLONES, BASE),
    worktrees=frozenset({WORK.worktree}),
)  # fmt: skip


def test_one_merge_and_one_who_lost() -> None:
    assert finish_verdict.one_work(AFTER, WORK, WON_AND_LOST) == []
    looked = [attempt("ada", 0, **MERGED), attempt("bob", 0, **{**MERGED, "result": "already-merged"})]
    assert finish_verdict.one_work(AFTER, WORK, looked) == []


@pytest.mark.parametrize(
    ("found", "attempts", "complaint"),
    [
        (AFTER, [attempt("ada", 0, **MERGED), attempt("bob", 0, **MERGED)], "2 say that they merged it"),
        (AFTER, [attempt("bob", 4, **OVERTAKEN)], "0 say that they merged it"),
        (AFTER, [WON_AND_LOST[0], attempt("bob", 1, result="refused")], "bob ended with 1"),
        (replace(AFTER, main=(LANDED, LANDED)), WON_AND_LOST, "plan-1-x is 2 times in the main branch"),
        (replace(AFTER, main=()), WON_AND_LOST, "plan-1-x is 0 times in the main branch"),
        (replace(AFTER, base=HEAD), WON_AND_LOST, "does not stand on"),
        (replace(AFTER, main=(replace(LANDED, holds=frozenset()),)), WON_AND_LOST, "the work of plan 1 is not in"),
        (replace(AFTER, remote={BRANCH: HEAD}), WON_AND_LOST, "the remote still has"),
        (replace(AFTER, clones={**CLONES, "/ada/.git": {FENCE: COMMIT}}), WON_AND_LOST, "clone ada/.git still has"),
        (replace(AFTER, kept={}), WON_AND_LOST, "nothing keeps the commits"),
        (replace(AFTER, mains={"/ada/.git": BASE, "/bob/.git": BASE}), WON_AND_LOST, "was not brought along"),
        (replace(AFTER, worktrees=frozenset({WORK.worktree})), WON_AND_LOST, "plan-1-x is left"),
        (replace(AFTER, intents={"/bob/.git": ("x",)}), WON_AND_LOST, "clone bob/.git: merge x is left"),
        (replace(AFTER, damaged=("ada has M  x",)), WON_AND_LOST, "ada has M  x"),
    ],
)
def test_what_is_wrong_after_finishers_is_found(
    found: finish_verdict.Scene, attempts: list[Attempt], complaint: str
) -> None:
    said = finish_verdict.one_work(found, WORK, attempts)
    assert any(complaint in one for one in said), said


def test_what_lost_is_whole() -> None:
    lost = [attempt("ada", 4, **OVERTAKEN)]
    assert finish_verdict.works_apart(BEFORE, {"ada": WORK}, lost) == []
    gone = replace(BEFORE, remote={}, clones=CLONES, worktrees=frozenset[str]())
    said = " ".join(finish_verdict.works_apart(gone, {"ada": WORK}, lost))
    assert all(words in said for words in ("the remote has refs/heads", "clone ada/.git has", "fence", "is gone"))
    unmerged = finish_verdict.works_apart(BEFORE, {"ada": WORK}, [WON_AND_LOST[0]])
    assert "plan-1-x is 0 times in the main branch" in unmerged
    assert finish_verdict.works_apart(AFTER, {"ada": WORK}, [WON_AND_LOST[0]]) == []


def test_races_in_which_nobody_meets_anybody_prove_nothing() -> None:
    assert finish_verdict.idle(10, 0, 0) == ["in 10 rounds nobody lost and nobody was overtaken: nothing raced"]
    assert finish_verdict.idle(10, 1, 0) == finish_verdict.idle(10, 0, 1) == finish_verdict.idle(0, 0, 0) == []
