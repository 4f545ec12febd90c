"""Do the races notice? A stand-in for `holdfast start` that is right, and one for each way of being wrong."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from setting import deal, modes, split
from verdict import Scene, judge
from workers import Attempt, Worker

HERE = Path(__file__).parent
RUN = HERE.parent / "race" / "run.py"


def race(*options: str, fault: str = "") -> tuple[int, str]:
    """Run the races against the stand-in; exit code and what was printed."""
    fake = f"{sys.executable} -I -S {HERE / 'fake_start.py'} --fault={fault}"
    command = (sys.executable, str(RUN), "--command", fake, "--seed", "7", "--workers", "3", *options)
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
