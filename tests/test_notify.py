"""A command of the user's own runs when a session starts waiting for him: once each time, and only as he approved it."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from claiming import Clone
from conftest import Repo
from test_agent_hooks import Agent, team_of_two, team_once

__all__ = ["team_of_two", "team_once"]

TELL = (
    'echo "$HOLDFAST_AGENT $HOLDFAST_SESSION waits on $HOLDFAST_BRANCH in $HOLDFAST_WORKTREE"'
    ' >> "$HOLDFAST_WORKTREE/../told.txt"'
)


def configure(repo: Repo, command: str) -> None:
    text = repo.read("holdfast.toml") if (repo.path / "holdfast.toml").exists() else ""
    repo.write("holdfast.toml", text + f"\n[notify]\ncommand = {json.dumps(command)}\n")


def told(path: Path, count: int) -> list[str]:
    """What the command has written, once it has written so many lines; a moment more for one too many."""
    end = time.monotonic() + 10
    while count and time.monotonic() < end and (not path.exists() or len(path.read_text().splitlines()) < count):
        time.sleep(0.02)
    time.sleep(0.15 if count else 0.6)
    return path.read_text().splitlines() if path.exists() else []


def events(repo: Repo) -> list[dict[str, Any]]:
    return [json.loads(line) for line in repo.holdfast("log", "--json", "--event", "notify").out.splitlines()]


def test_it_runs_each_time_that_a_session_starts_waiting_and_only_as_it_was_approved(adopted: Repo) -> None:
    out = adopted.path.parent / "told.txt"
    configure(adopted, TELL)
    assert adopted.holdfast("session", "start", "--id", "one", "--agent", "codex").code == 0
    assert adopted.holdfast("session", "wait", "--id", "one").code == 0
    assert told(out, 0) == [] and events(adopted) == [], "nobody has approved it"
    assert adopted.holdfast("session", "beat", "--id", "one").code == 0
    assert adopted.holdfast("approve", "notify.command", "--yes").code == 0

    assert adopted.holdfast("session", "wait", "--id", "one").code == 0
    line = f"codex one waits on main in {adopted.path}"
    assert told(out, 1) == [line]
    adopted.holdfast("session", "wait", "--id", "one")
    assert told(out, 1) == [line], "it waits already"
    adopted.holdfast("session", "beat", "--id", "one")
    adopted.holdfast("session", "wait", "--id", "one")
    assert told(out, 2) == [line, line]
    assert [one["data"] for one in events(adopted)] == [{"session": "one", "agent": "codex"}] * 2

    adopted.write("holdfast.toml", adopted.read("holdfast.toml").replace("waits on", "sits on"))
    adopted.holdfast("session", "beat", "--id", "one")
    adopted.holdfast("session", "wait", "--id", "one")
    assert told(out, 2) == [line, line], "another text was not approved"


def test_it_stands_in_no_worktree(adopted: Repo) -> None:
    """While it runs, the worktree that it tells of can be removed."""
    configure(adopted, 'pwd > "$HOLDFAST_WORKTREE/../told.txt"')
    assert adopted.holdfast("approve", "notify.command", "--yes").code == 0
    adopted.holdfast("session", "start", "--id", "one")
    adopted.holdfast("session", "wait", "--id", "one")
    assert told(adopted.path.parent / "told.txt", 1) == ["/"]


def test_an_agents_own_hooks_bring_it_about(team_of_two: Clone) -> None:
    """The shell hook starts Python for that only where somebody wants to be told, and at the beginning of the waiting."""
    there = Path(team_of_two.four)  # type: ignore[attr-defined]
    agent, out = Agent(team_of_two, there), there.parent / "told.txt"
    agent.start()
    tree = Repo(there, team_of_two.env)
    configure(tree, TELL)
    agent.call("Stop")
    assert told(out, 0) == []
    agent.call("UserPromptSubmit")
    assert tree.holdfast("approve", "notify.command", "--yes").code == 0
    for event in ("Notification", "Stop", "UserPromptSubmit", "PostToolUse", "Stop"):
        agent.call(event)
    assert told(out, 2) == [f"claude {agent.session} waits on plan-4-fourth in {there}"] * 2
    assert agent.beat.read_text().splitlines() == ["waiting", str(there)]


def test_waiting_sessions_are_what_needs_attention_first(adopted: Repo) -> None:
    adopted.holdfast("session", "start", "--id", "one", "--agent", "codex")
    assert adopted.json("status")["attention"] == []
    adopted.holdfast("session", "wait", "--id", "one")
    (adopted.path / ".git/hooks/pre-commit").unlink()
    found = [(one["code"], one["who"]) for one in adopted.json("status")["attention"]]
    assert found == [("session-waiting", "human"), ("hook-missing", "you")]


def test_a_session_that_is_first_heard_of_when_it_waits(team_of_two: Clone) -> None:
    """It ran before the hooks were there."""
    there = Path(team_of_two.four)  # type: ignore[attr-defined]
    configure(Repo(there, team_of_two.env), TELL)
    assert Repo(there, team_of_two.env).holdfast("approve", "notify.command", "--yes").code == 0
    Agent(team_of_two, there, session="late").call("Stop")
    assert told(there.parent / "told.txt", 1) == [f"claude late waits on plan-4-fourth in {there}"]
