"""Sessions: whoever is at work in a worktree is seen, holds it, and lets it go when it is over."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from at_work import Agent, begun, folder, mark, session
from claiming import HOUR, Clone, document, executable, old_claim, sound
from holdfast.adapters import processes
from holdfast.domain.moment import DAY, MINUTE

OURS = "holdfast: in use by a session (`holdfast worktree list` says whose)"


@pytest.fixture
def work(alone: Clone) -> Clone:
    """The worktree of a claim on plan 1."""
    return alone.at(alone.claimed(1)["worktree"])


def claim(clone: Clone) -> dict[str, Any]:
    (found,) = clone.claims()
    return found


def lock_of(clone: Clone) -> str | None:
    """The reason of the lock on the worktree; None without one."""
    blocks = clone.git("worktree", "list", "--porcelain").split("\n\n")
    lines = next(block for block in blocks if block.startswith(f"worktree {clone.path}\n")).splitlines()
    return next((line.removeprefix("locked").strip() for line in lines if line.startswith("locked")), None)


def sleep_since(clone: Clone, id: str, seconds: int) -> None:
    """Let a session not have been heard of for so long."""
    at = time.time() - seconds
    for path in (folder(clone) / f"{id}.beat", folder(clone) / f"{id}.json"):
        os.utime(path, (at, at))


def test_a_session_holds_its_worktree_until_it_ends(alone: Clone, work: Clone, agent: Agent) -> None:
    assert claim(alone)["state"] == "active" and lock_of(work) is None
    found = begun(work, "s1", agent().pid, "--agent", "claude")
    assert (found["agent"], found["worktree"], found["activity"]) == ("claude", str(work.path), "working")
    held = claim(alone)
    assert (held["state"], held["activity"]) == ("in-use", "working")
    (occupant,) = held["occupants"]
    assert (occupant["kind"], occupant["command"], occupant["session"]) == ("session", "claude", "s1")
    assert lock_of(work) == OURS
    refused = alone.try_git("worktree", "remove", "--force", str(work.path))
    assert refused.code != 0 and OURS in refused.err, "git itself says why"
    assert session(work, "end", "--id", "s1").code == 0
    assert claim(alone)["state"] == "active" and lock_of(work) is None
    assert list(folder(alone).iterdir()) == []
    events = [name for name in alone.journal() if name.startswith(("session", "worktree-"))]
    assert events == ["session-start", "worktree-locked", "session-end", "worktree-unlocked"]


def test_several_sessions_share_one_lock(alone: Clone, work: Clone, agent: Agent) -> None:
    for id in ("s1", "s2"):
        begun(work, id, agent().pid)
    assert len(claim(alone)["occupants"]) == 2
    session(work, "end", "--id", "s1")
    assert lock_of(work) == OURS and claim(alone)["state"] == "in-use"
    session(alone, "end", "--id", "s2")  # wherever that is said
    assert lock_of(work) is None


def test_the_lock_of_somebody_else_stays(alone: Clone, work: Clone, agent: Agent) -> None:
    alone.git("worktree", "lock", "--reason", "mine", str(work.path))
    begun(work, "s1", agent().pid)
    assert lock_of(work) == "mine"
    session(work, "end", "--id", "s1")
    assert lock_of(work) == "mine"
    assert "its worktree is locked: mine" in claim(alone)["reasons"]


def test_a_session_ends_with_its_process(alone: Clone, work: Clone, agent: Agent) -> None:
    process = agent()
    begun(work, "s1", process.pid)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert claim(alone)["state"] == "active", "at once"
    begun(work, "s2", agent().pid)  # any next change finds out
    assert sorted(path.name for path in folder(alone).iterdir()) == ["s2.beat", "s2.json"]
    assert "session-end" in alone.journal()


def test_a_recycled_number_is_another_process(alone: Clone, work: Clone, agent: Agent) -> None:
    process = agent()
    birth = processes.birth(process.pid)
    assert birth is not None
    mark(work, "s1", pid=process.pid, birth=birth)
    assert claim(alone)["state"] == "in-use"
    mark(work, "s1", pid=process.pid, birth=birth - 1)
    assert claim(alone)["state"] == "active"


@pytest.mark.parametrize("elsewhere", [{"boot": "another"}, {"space": "pid:[9]"}, {"boot": "", "space": ""}])
def test_of_another_host_only_the_heartbeat_tells(alone: Clone, work: Clone, elsewhere: dict[str, str]) -> None:
    mark(work, "s1", host="elsewhere", **elsewhere)
    assert claim(alone)["state"] == "in-use"
    for silent, state in ((29 * MINUTE, "in-use"), (31 * MINUTE, "active")):
        at = time.time() - silent
        os.utime(folder(work) / "s1.json", (at, at))
        assert claim(alone)["state"] == state
    alone.write("holdfast.toml", "[sessions]\nminutes = 60\n")
    assert claim(alone)["state"] == "in-use"


def test_a_daemons_process_holds_for_a_day(alone: Clone, work: Clone, agent: Agent) -> None:
    begun(work, "s1", agent().pid)
    sleep_since(work, "s1", DAY - HOUR)
    assert claim(alone)["state"] == "in-use"
    sleep_since(work, "s1", DAY + HOUR)
    assert claim(alone)["state"] == "active"


def test_who_waits_five_hours_for_its_user_is_not_stale(alone: Clone, work: Clone, agent: Agent) -> None:
    alone.write("holdfast.toml", "[claims]\nstale_hours = 1\n")
    begun(work, "s1", agent().pid)
    assert session(work, "wait", "--id", "s1").code == 0
    sleep_since(work, "s1", 5 * HOUR)
    held = claim(alone)
    assert (held["state"], held["activity"]) == ("in-use", "waiting")
    assert any("waiting for its user" in reason for reason in held["reasons"])
    assert session(work, "beat", "--id", "s1").code == 0
    sleep_since(work, "s1", HOUR)
    assert claim(alone)["activity"] == "idle", "it says that it works, and was not heard of"


def test_the_lock_follows_a_session_that_moves(alone: Clone, work: Clone, agent: Agent) -> None:
    other = alone.at(alone.claimed(3)["worktree"])
    begun(work, "s1", agent().pid)
    assert session(other, "beat", "--id", "s1").code == 0
    assert (lock_of(work), lock_of(other)) == (None, OURS)
    assert session(alone, "beat", "--id", "s1").code == 0
    assert (lock_of(work), lock_of(other)) == (None, None), "the main worktree cannot be removed anyhow"


def test_a_session_in_the_main_worktree(alone: Clone, agent: Agent) -> None:
    assert begun(alone, "s1", agent().pid)["worktree"] == str(alone.path)
    assert session(alone, "end", "--id", "s1").code == 0


def test_without_an_id_it_is_the_callers_own(work: Clone) -> None:
    holdfast = f"{sys.executable} -m holdfast"
    script = f"""
        id=$({holdfast} session start --agent mine) || exit 1
        {holdfast} session wait && {holdfast} claims --json && {holdfast} session end && echo "$id"
    """
    ran = sound(work.run("sh", "-i", "-c", script, env={"PS1": ""}))  # a shell that stays is what the session lives by
    assert ran.code == 0, ran
    listed, id = ran.out.splitlines()
    (found,) = json.loads(listed)["claims"]
    assert id.startswith("mine-") and found["activity"] == "waiting"
    assert [one["session"] for one in found["occupants"] if one["kind"] == "session"] == [id]
    nothing = session(work, "end")
    assert nothing.code == 1 and "no session of the process that called this is known" in nothing.err
    named = session(work, "start", env={"HOLDFAST_SESSION": "of-the-environment"})
    assert named.out == "of-the-environment\n"


def test_a_session_lives_by_what_called_the_passing_shell(work: Clone, tmp_path: Path) -> None:
    """Agents start a shell for each command; that is gone in a moment."""
    program = executable(
        tmp_path / "agent.py",
        "import subprocess, sys\n"
        f"print(subprocess.run(['sh', '-c', '{sys.executable} -m holdfast session start --json'], "
        "capture_output=True, text=True).stdout)\nimport os; print(os.getpid())\n",
    )
    ran = work.run(sys.executable, str(program))
    told, pid = [line for line in ran.out.splitlines() if line]
    assert json.loads(told)["session"]["pid"] == int(pid)


def test_what_is_no_marker_is_passed_over(alone: Clone, work: Clone) -> None:
    box = folder(work)
    box.mkdir(parents=True)
    for name, text in {
        "empty.json": "", "torn.json": '{"schema": "holdfast.ses', "list.json": "[]", "deep.json": "[" * 10_000,
        "other.json": '{"schema": "holdfast.session/9"}', "alone.beat": "working\n/\n", "x y.json": "{}", ".json": "{}",
    }.items():  # fmt: skip
        (box / name).write_text(text)
    mark(work, "number", pid="five")
    mark(work, "minus", pid=-1)
    mark(work, "strange", worktree=None)
    os.mkfifo(box / "pipe.json")
    (box / "link.json").symlink_to("/dev/zero")
    (box / "huge.json").write_text(" " * 100_000)
    assert claim(alone)["state"] == "active"
    mark(work, "good")  # the first process of all is there; when it began is another matter
    mark(work, "better", boot="", space="")
    (box / "better.beat").write_text("")  # at the very moment at which it is written
    assert [one["session"] for one in claim(alone)["occupants"]] == ["better"]


def test_the_id_of_another_process_is_taken(alone: Clone, work: Clone, agent: Agent) -> None:
    """A variable that a second shell inherited must not take the lock off the first one's worktree."""
    other = alone.at(alone.claimed(3)["worktree"])
    first = agent()
    begun(work, "s1", first.pid)
    ran = session(other, "start", "--id", "s1", "--pid", agent().pid)
    assert ran.code == 1 and "[session-taken]" in ran.err and lock_of(work) == OURS
    first.kill()
    first.wait()
    begun(other, "s1", agent().pid)  # one that is taken up again


def test_a_process_that_is_not_there_begins_no_session(work: Clone) -> None:
    ran = session(work, "start", "--id", "s1", "--pid", 4_000_000)
    assert ran.code == 1 and "there is no process 4000000" in ran.err


def test_a_date_far_ahead_holds_nothing(alone: Clone, work: Clone) -> None:
    marker = work.write(".claude/session-marker", "")
    os.utime(marker, (2e9, 2e9))
    mark(work, "s1", boot="another")
    os.utime(folder(work) / "s1.json", (2e9, 2e9))
    mark(work, "s2", began=float("inf"))
    mark(work, "s3", worktree="/a\0b")
    assert claim(alone)["state"] == "active"


def test_an_id_that_is_none_is_refused(work: Clone) -> None:
    for id in ("../x", "a b", ".hidden", "x" * 101):
        ran = session(work, "start", "--id", id)
        assert ran.code == 1 and "is no id of a session" in ran.err
        assert document(session(work, "beat", "--id", id, "--json"))["blockers"][0]["code"] == "session-unknown"
    assert not folder(work).exists()


def test_where_nothing_can_be_written_that_is_said(work: Clone) -> None:
    folder(work).parent.mkdir(exist_ok=True)
    folder(work).write_text("in the way")
    ran = session(work, "start", "--id", "s1")
    assert ran.code == 5 and "sessions" in ran.err


def test_the_marker_file_of_other_set_ups_counts_by_its_age(alone: Clone, work: Clone) -> None:
    marker = work.write(".claude/session-marker", "")
    assert claim(alone)["state"] == "in-use"
    assert ".claude/session-marker was touched just now" in claim(alone)["reasons"]
    at = time.time() - 31 * MINUTE
    os.utime(marker, (at, at))
    assert claim(alone)["state"] != "in-use"


def test_a_process_that_stands_there_counts_too(alone: Clone, work: Clone, agent: Agent) -> None:
    process = agent(work.path)
    held = claim(alone)
    assert held["state"] == "in-use" and held["activity"] is None
    (occupant,) = held["occupants"]
    assert (occupant["kind"], occupant["pid"], occupant["command"]) == ("process", process.pid, "sleep")
    stolen = alone.started(1, "--steal")
    assert [one["code"] for one in stolen["blockers"]] == ["not-stale"]


def test_who_stands_there_keeps_it_from_getting_stale(alone: Clone, agent: Agent) -> None:
    old_claim(alone, 1, "first")
    (alone.path / ".git/logs/refs/heads/plan-1-first").unlink()
    path = alone.path.parent / "old"
    alone.git("worktree", "add", "-q", str(path), "plan-1-first")
    for file in path.rglob("*"):
        os.utime(file, (0, 0))
    assert claim(alone)["state"] == "stale"
    process = agent(path)
    assert claim(alone)["state"] == "in-use"
    process.kill()
    process.wait()
    assert claim(alone)["state"] == "stale"
