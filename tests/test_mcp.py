"""The MCP server, as clients meet it: the SDK's own client, the real program, real repositories with a remote."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import venv
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import psutil
import pytest
from mcp import Client
from mcp.client.stdio import StdioServerParameters
from mcp.shared.exceptions import MCPError

from claiming import HOST, Clone, Team, before, codes, holdfast_words
from conftest import plan_text
from finishing import EVIDENCE, adopted, completed, ended, state, tree_of, worked
from holdfast.adapters.calls import Call
from mcp_clients import AUTO, HANDSHAKE, PROGRAM, Agent, cli, server_of, sound, talk

SRC = Path(__file__).parent.parent / "src"

# What there is


def test_tools_say_what_they_take_give_and_do(shared: Clone) -> None:
    async def story(agent: Agent) -> None:
        tools = {one.name: one for one in (await agent.client.list_tools()).tools}
        hints = {}
        for name, one in tools.items():
            assert one.annotations is not None and one.description and one.output_schema is not None
            takes = one.input_schema
            assert "worktree" in takes["required"] and takes["additionalProperties"] is False
            # Some providers of models refuse anything else at the root.
            assert takes["type"] == one.output_schema["type"] == "object"
            assert not {"anyOf", "oneOf", "allOf"} & set(takes)
            told = one.annotations
            hints[name] = (told.read_only_hint, told.destructive_hint, told.idempotent_hint, told.open_world_hint)
        looks = (True, False, True, False)
        asks = (True, False, True, True)
        assert hints == {
            "status": looks, "ready_plans": looks, "plan_text": looks, "start": (False, False, False, True),
            "claims": asks, "check": looks, "finish_dry_run": asks, "finish": (False, True, True, True), "explain": looks,
        }  # fmt: skip
        assert "who" in str(agent.client.instructions)

    talk(shared, story)


LOOKS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("status", {}),
    ("status", {"all": True}),
    ("ready_plans", {}),
    ("plan_text", {"plan": 2}),
    ("claims", {}),
    ("claims", {"which": "all"}),
    ("claims", {"which": "stale", "fetch": True}),
    ("check", {}),
    ("check", {"rev": "HEAD", "since": "main"}),
    ("check", {"staged": True}),
    ("finish_dry_run", {"plan": 1}),
    ("finish_dry_run", {"plan": 1, "evidence": "make test: 212 passed"}),
    ("finish_dry_run", {"branch": "plan-1-first", "partial": True, "keep_worktree": True}),
    ("explain", {"code": "evidence-missing"}),
    ("explain", {"code": "4"}),
    ("explain", {"code": "case-finish-killed"}),
)


def test_looking_tools_say_what_the_command_line_prints_and_change_nothing(shared: Clone) -> None:
    printed = [json.loads(shared.holdfast("--json", *cli(tool, **given)).out) for tool, given in LOOKS]
    before_them = state(shared)

    async def story(agent: Agent) -> None:
        for (tool, given), document in zip(LOOKS, printed, strict=True):
            found = await agent.call(tool, **given)
            # What differs is the moment: of this look, and of the last one at the remote.
            moments = ("at", "remote")
            assert all(found[key] == document[key] for key in document if key not in moments), (found, document)
            assert set(found) - set(document) - {"left_out"} == {"exit", "words", "failed"}

    talk(shared, story)
    assert state(shared) == before_them


@pytest.mark.parametrize("mode", [AUTO, HANDSHAKE])
def test_an_agent_takes_a_plan_works_and_finishes_it(mode: str, team: Team, ada: Clone) -> None:
    adopted(ada)

    async def story(agent: Agent) -> None:
        ready = await agent.call("ready_plans")
        assert [one["number"] for one in ready["plans"]] == [4, 1, 3]
        assert (await agent.call("plan_text", plan=4))["text"] == ada.read("docs/plans/04_fourth.md")

        taken = await agent.call("start", owner="agent-7")
        assert (taken["exit"], taken["result"], taken["plan"], taken["owner"]) == (0, "claimed", 4, "agent-7")
        assert taken["published"] and taken["worktree"] in taken["words"]
        mine = agent.at(taken["worktree"])
        (claim,) = (await mine.call("claims", fetch=True))["claims"]
        assert (claim["plan"], claim["owner"], claim["worktree"]) == (4, "agent-7", taken["worktree"])
        assert claim["occupants"] == []  # neither the server nor what it started stands there

        tree = ada.at(taken["worktree"])
        tree.write("work.txt", "work\n")
        assert tree.commit("[Plan #4] Work").code == 0
        refused = await mine.call("finish_dry_run")
        assert refused["exit"] == 1 and "head-not-pushed" in codes(refused)
        assert all(f"next: {one['remedy']}" in refused["words"] for one in refused["blockers"])
        assert all(one["who"] in ("you", "wait", "human") for one in refused["blockers"])

        tree.git("push", "-q", "origin", "HEAD")
        assert (await mine.call("finish_dry_run", evidence="make test: 1 passed"))["exit"] == 0
        done = await mine.call("finish", evidence="make test: 1 passed")
        assert (done["exit"], done["result"], done["plan"]) == (0, "merged", 4), done
        assert {one["outcome"] for one in done["cleanup"]} == {"done"}, done["cleanup"]
        assert not Path(taken["worktree"]).exists()
        assert team.remote.git("show", "main:work.txt") == "work\n"

        again = await agent.call("finish", branch=taken["branch"])
        assert (again["exit"], again["result"]) == (0, "already-merged")
        gone = await mine.call("status")
        assert gone["exit"] == 1 and taken["worktree"] in gone["message"]

    talk(ada, story, mode)
    assert ada.claims() == []


@pytest.mark.parametrize("by", [{"owner": "agent-9"}, {}])
def test_a_worker_is_who_the_call_or_the_environment_says(by: dict[str, str], team: Team, ada: Clone) -> None:
    async def story(agent: Agent) -> None:
        first = await agent.call("start", plan=3, **by)
        again = await agent.call("start", plan=3, **by)
        assert [(one["exit"], one["owner"], one["worktree"]) for one in (first, again)] == [
            (0, "agent-9", first["worktree"])
        ] * 2
        other = await agent.call("start", plan=3, owner="agent-10")
        assert (other["exit"], codes(other)) == (1, ["claimed"])

    talk(ada, story, **({} if by else {"HOLDFAST_OWNER": "agent-9"}))


# Refusals


def test_a_claimed_plan_is_refused_and_names_who_has_it(team: Team, ada: Clone, bob: Clone) -> None:
    bob.claimed(3)

    async def story(agent: Agent) -> None:
        refused = await agent.call("start", plan=3)
        assert (refused["exit"], refused["result"], codes(refused)) == (1, "refused", ["claimed"])
        assert refused["blockers"][0]["who"] == "wait" and "Bob" in refused["words"]

    talk(ada, story)
    assert ada.worktrees() == [str(ada.path)]


def test_a_lost_race_is_a_result_that_names_the_winner(team: Team, ada: Clone, bob: Clone, tmp_path: Path) -> None:
    faster = before(
        tmp_path / "bin", "push", f"cd {bob.path} && GIT_AUTHOR_NAME=Bob {holdfast_words('start', 3)} >/dev/null 2>&1"
    )

    async def story(agent: Agent) -> None:
        lost = await agent.call("start", plan=3)
        assert (lost["exit"], lost["result"], lost["winner"]) == (4, "lost", f"Bob on {HOST}"), lost
        assert codes(lost) == ["claim-lost"] and "Bob" in lost["words"]

    talk(ada, story, **faster)


def test_a_remote_that_is_away_is_a_result_with_exit_5(team: Team, ada: Clone) -> None:
    team.remote.path.rename(team.root / "away")

    async def story(agent: Agent) -> None:
        for tool, given in (("start", {"plan": 3}), ("claims", {"fetch": True}), ("finish", {"plan": 3})):
            away = await agent.call(tool, **given)
            assert away["exit"] == 5, away
            assert "next:" in away["words"]
        offline = await agent.call("start", plan=3, offline=True)
        assert (offline["exit"], offline["published"]) == (0, False)

    talk(ada, story)


def test_every_call_names_a_worktree_that_is_one(alone: Clone, tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    places = {
        ".": "relative", "repo": "relative", "": None, "~": "relative", "-C": "relative", "--help": "relative",
        str(tmp_path / "absent"): "does not exist", str(alone.path / "README.md"): "is no folder",
        str(tmp_path / "plain"): "not a git repository", f"{tmp_path}/\x1b[2J": "does not exist",
        f"{tmp_path}/\0": "does not exist",
    }  # fmt: skip

    async def story(agent: Agent) -> None:
        for place, why in places.items():
            for tool in ("status", "start"):
                found = await agent.at(place).raw(tool)
                assert found["failed"] == (why is None), found
                assert found["schema"] == "holdfast.error/1" and found["exit"] == (2 if why is None else 1)
                assert (why or "too short") in found["message"] or why is None

    talk(alone, story)
    assert alone.claims() == []


def test_a_refusal_without_a_document_of_its_own_has_its_blockers(ada: Clone) -> None:
    ada.write("holdfast.toml", "main_brunch = 'main'\n")

    async def story(agent: Agent) -> None:
        refused = await agent.call("claims", fetch=True)
        assert (refused["schema"], refused["exit"], codes(refused)) == ("holdfast.error/1", 1, ["config-unknown-key"])
        assert refused["blockers"][0]["remedy"] in refused["words"]

    talk(ada, story)


WRONG: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("plan_text", {}, "'plan' is a required property"),
    ("plan_text", {"plan": "4"}, "plan: '4' is not of type 'integer'"),
    ("plan_text", {"plan": -4}, "plan: -4 is less than the minimum"),
    ("start", {"plan": 4, "steel": True}, "'steel' was unexpected"),
    ("start", {"plan": 4, "owner": "a\0b"}, "no command line can hold"),
    ("start", {"plan": 4, "owner": "--"}, "no command line can hold"),
    ("claims", {"which": "some"}, "which: 'some' is not one of"),
    ("claims", {"limit": 0}, "limit: 0 is less than the minimum"),
    ("explain", {"code": "--help"}, "code: '--help' does not match"),
    ("explain", {"code": "evidence-misin"}, "there is no such code"),
    ("check", {"staged": True, "rev": "HEAD"}, "not allowed with"),
    ("finish", {"plan": 1, "branch": "plan-1-first"}, "it takes one branch"),
)


def test_a_wrong_call_is_an_error_that_says_what_is_wrong(alone: Clone) -> None:
    async def story(agent: Agent) -> None:
        for tool, given, why in WRONG:
            found = await agent.raw(tool, **given)
            assert found["failed"] and found["exit"] == 2 and why in found["message"], (tool, given, found)
        with pytest.raises(MCPError, match="there is no such tool: unclaim"):
            await agent.raw("unclaim")
        nothing = await agent.client.call_tool("status", {})
        assert nothing.is_error and "'worktree' is a required property" in str(nothing.structured_content)
        # What is null is left out: some models fill in every argument.
        assert (await agent.call("status", all=None))["exit"] == 0

    talk(alone, story)
    assert alone.claims() == []


def test_a_wrong_argument_is_not_repeated_whole(alone: Clone) -> None:
    async def story(agent: Agent) -> None:
        found = await agent.raw("finish", plan=1, evidence="x" * 5_000_000)
        assert found["failed"] and "maxLength" in found["message"] and len(json.dumps(found)) < 5_000, len(
            json.dumps(found)
        )

    talk(alone, story)


def test_no_value_is_read_as_a_flag(team: Team, ada: Clone) -> None:
    async def story(agent: Agent) -> None:
        taken = await agent.call("start", plan=3, owner="--offline")
        assert (taken["owner"], taken["published"]) == ("--offline", True)
        named = await agent.call("finish", branch="--resume")
        assert codes(named) == ["finish-unknown"] and "--resume" in named["words"]
        revision = await agent.call("check", rev="--mend")
        assert revision["exit"] == 1 and "--mend" in revision["message"]
        since = await agent.call("check", since="-h")
        assert since["exit"] == 1 and "-h" in since["message"]
        done = await agent.call("finish", plan=3, evidence="--partial")
        assert done["result"] == "merged"

    talk(ada, story)
    plan = team.remote.git("show", "main:docs/plans/03_third.md")
    assert "--partial" in plan and "Complete" in plan


# What is said


def test_long_lists_are_cut_and_say_so(alone: Clone) -> None:
    for number in range(10, 66):
        alone.write(f"docs/plans/{number}_more.md", plan_text(number, f"More {number}"))
    alone.git("add", "-A")
    alone.git("commit", "-qm", "More plans")

    async def story(agent: Agent) -> None:
        some = await agent.call("ready_plans")
        assert (len(some["plans"]), some["left_out"]) == (50, 9) and "and 9 more" in some["words"]
        few = await agent.call("ready_plans", limit=2)
        assert ([one["number"] for one in few["plans"]], few["left_out"]) == ([4, 1], 57)
        whole = await agent.call("ready_plans", limit=1000)
        assert (len(whole["plans"]), whole["left_out"]) == (59, 0)

    talk(alone, story)


def test_text_holds_nothing_that_could_move_a_cursor(alone: Clone) -> None:
    alone.write(
        "docs/plans/05_odd.md", plan_text(5, "\x1b[2J\x9b31mOdd\u202e", body="## Plan\n\n\tA tab\x07\r\n\x1b]0;x\x07\n")
    )
    alone.git("add", "-A")
    alone.git("commit", "-qm", "Odd")

    async def story(agent: Agent) -> None:  # each `call` holds its words to be printable
        shown = await agent.call("plan_text", plan=5)
        assert "\x1b[2J" in shown["title"] and "\\u001b[2J" in shown["words"]
        assert "        A tab\\u0007" in shown["words"]
        assert "\\u001b[2J" in (await agent.call("ready_plans"))["words"]
        claimed = await agent.call("start", plan=5, owner="\x1b[31mEve", no_worktree=True)
        assert claimed["exit"] == 0
        assert "Eve" in (await agent.call("claims"))["words"]

    talk(alone, story)


# While it runs


BEGUN = (
    '{"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"protocolVersion": "2025-11-25", "capabilities": {},'
    ' "clientInfo": {"name": "x", "version": "1"}}}\n'
)

WAITING = """\
main_branch = 'main'
[finish]
verify = "touch {0}/began; echo verifying by hand >&2; while [ ! -e {0}/go ]; do sleep 0.05; done"
"""


@pytest.fixture
def verified(ada: Clone, tmp_path: Path) -> Iterator[Clone]:
    """A clone with work on plan 1, whose merge waits for the file `go`, and says `began`."""
    adopted(ada, WAITING.format(tmp_path))
    assert ada.holdfast("approve", "finish.verify", "--yes").code == 0
    worked(ada)
    yield ada
    (tmp_path / "go").touch()


def running(clone: Clone) -> list[str]:
    """The command lines of all processes that have to do with a test's folder: by their words, folder or environment."""
    mark, found = str(clone.path.parent), []
    for one in psutil.process_iter():
        try:
            words = " ".join(one.cmdline())
            about = mark in words or one.cwd().startswith(mark) or one.environ().get("HOME", "").startswith(mark)
            if one.pid != os.getpid() and about and one.status() != psutil.STATUS_ZOMBIE:
                found.append(words)
        except psutil.Error:
            continue
    return found


def words_of(process: psutil.Process) -> str:
    """The command line of a process; empty for one that has just ended."""
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def cwd_of(process: psutil.Process) -> str:
    """Where a process stands; empty for one that has just ended."""
    try:
        return process.cwd()
    except psutil.Error:
        return ""


async def until(holds: Callable[[], Any], seconds: float = 10) -> None:
    with anyio.fail_after(seconds):
        while not holds():
            await anyio.sleep(0.02)


async def silent(clone: Clone) -> None:
    """Nothing runs any more, soon."""
    try:
        await until(lambda: not running(clone))
    except TimeoutError:
        raise AssertionError(running(clone)) from None


def test_a_long_call_keeps_none_waiting_and_says_what_it_does(verified: Clone, tmp_path: Path) -> None:
    told: list[tuple[float, str | None]] = []

    async def heard(progress: float, total: float | None, message: str | None) -> None:
        told.append((progress, message))

    async def story(agent: Agent) -> None:
        done: list[Any] = []

        async def finish() -> None:
            given = {"worktree": agent.worktree, "plan": 1, "evidence": EVIDENCE[1]}
            done.append(await agent.client.call_tool("finish", given, progress_callback=heard))

        async with anyio.create_task_group() as group:
            group.start_soon(finish)
            await until((tmp_path / "began").exists)
            for number in (3, 4):
                group.start_soon(agent.call, "start")  # both want the next plan, at once
                assert (await agent.call("plan_text", plan=number))["exit"] == 0
            await until(lambda: any(message == "verifying by hand" for _, message in told))
            assert not done
            (server,) = [one for one in psutil.Process().children() if "holdfast-mcp" in words_of(one)]
            assert {found for one in (server, *server.children()) if (found := cwd_of(one))} == {"/"}
            (tmp_path / "go").touch()
        (result,) = done
        sound(result.structured_content)
        assert result.structured_content["result"] == "merged"
        assert [seconds for seconds, _ in told] == sorted({seconds for seconds, _ in told})
        held = {one["plan"] for one in (await agent.call("claims"))["claims"]}
        assert held == {3, 4}

    talk(verified, story)


def undone(clone: Clone, before_it: dict[str, Any]) -> None:
    """An interrupted merge left what the next run takes back, and nothing else."""
    assert {**state(clone), "intents": []} == before_it
    assert ended(clone, "--resume")["result"] == "undone"
    assert state(clone) == before_it


def finishing(agent: Agent) -> Callable[[], Any]:
    """A call of `finish` that waits for what verifies it."""
    return partial(agent.raw, "finish", plan=1, evidence=EVIDENCE[1])


@pytest.mark.parametrize("shell", ["", 'trap "" INT; exec "$0"'])
def test_a_cancelled_call_ends_with_everything_it_started(shell: str, verified: Clone, tmp_path: Path) -> None:
    """Also where a shell started the server in the background, and lets it ignore Ctrl-C."""
    before_it = state(verified)

    async def story(agent: Agent) -> None:
        at_rest = running(verified)
        async with anyio.create_task_group() as group:
            group.start_soon(finishing(agent))
            await until((tmp_path / "began").exists)
            assert len(running(verified)) >= len(at_rest) + 2  # the command, and what verifies the merge
            group.cancel_scope.cancel()
        await until(lambda: running(verified) == at_rest)
        assert (await agent.call("plan_text", plan=1))["exit"] == 0

    talk(verified, story, shell=shell)
    undone(verified, before_it)


def test_a_client_that_goes_leaves_nothing_running(verified: Clone, tmp_path: Path) -> None:
    before_it = state(verified)

    async def play() -> None:
        async with anyio.create_task_group() as group, Client(server_of(verified), mode=AUTO) as client:
            group.start_soon(finishing(Agent(client, verified.path)))
            await until((tmp_path / "began").exists)
            group.cancel_scope.cancel()

    anyio.run(play)
    assert running(verified) == []
    undone(verified, before_it)


def test_the_end_of_its_input_ends_the_server_and_its_calls(verified: Clone, tmp_path: Path) -> None:
    before_it = state(verified)
    asks = {"name": "finish", "arguments": {"worktree": str(verified.path), "plan": 1, "evidence": EVIDENCE[1]}}
    call = json.dumps({"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": asks})
    pipe = subprocess.PIPE
    server = subprocess.Popen([PROGRAM], stdin=pipe, stdout=pipe, stderr=pipe, env=verified.env, cwd="/", text=True)
    assert server.stdin is not None
    server.stdin.write(BEGUN + call + "\n")
    server.stdin.flush()
    anyio.run(until, (tmp_path / "began").exists)
    _, err = server.communicate(timeout=30)  # closes its input first
    assert (server.returncode, err) == (0, "")
    assert running(verified) == []
    undone(verified, before_it)


CLIENT = """
import anyio, sys
from mcp import Client
from mcp.client.stdio import StdioServerParameters

async def main():
    async with Client(StdioServerParameters(command=sys.argv[1], env=dict(__import__("os").environ)), mode="auto") as client:
        done = await client.call_tool(sys.argv[2], {"worktree": sys.argv[3], "plan": 1, "evidence": "make test: passed"})
        print(done.content[0].text)

anyio.run(main)
"""


def client_of(clone: Clone, cwd: Path | str, tool: str = "finish") -> subprocess.Popen[str]:
    """A client in a process of its own, which calls a tool for plan 1."""
    words = [sys.executable, "-c", CLIENT, PROGRAM, tool, str(clone.path)]
    pipe = subprocess.PIPE
    return subprocess.Popen(words, cwd=cwd, env=clone.env, stdout=pipe, stderr=pipe, text=True)


@pytest.mark.parametrize("killed", ["the client", "the server"])
def test_who_is_killed_leaves_nothing_running(killed: str, verified: Clone, tmp_path: Path) -> None:
    before_it = state(verified)
    client = client_of(verified, "/")

    async def story() -> None:
        await until((tmp_path / "began").exists)
        (server,) = psutil.Process(client.pid).children()
        if killed == "the client":
            client.kill()
        else:
            server.terminate()
        client.communicate()
        await silent(verified)

    anyio.run(story)
    undone(verified, before_it)


def test_an_agent_that_stands_in_its_worktree_keeps_it_until_it_leaves(shared: Clone) -> None:
    tree = tree_of(shared)
    completed(tree)
    tree.git("push", "-q", "origin", "HEAD")
    # The server's own folder is no worktree, but who started it stands in one.
    out, err = client_of(shared.at(tree.path), tree.path).communicate(timeout=60)
    assert "plan-1-first: merged" in out and f"{tree.path} stays while you stand in it" in out, out + err
    assert tree.path.is_dir()

    async def story(agent: Agent) -> None:
        for tool in ("ready_plans", "claims", "check", "finish_dry_run"):
            await agent.call(tool)
            assert tree.path.is_dir()  # a look removes nothing
        assert (await agent.call("start", plan=3))["exit"] == 0
        assert not tree.path.exists()

    talk(shared, story)


def test_a_command_stands_nowhere_and_each_of_its_lines_is_told_once(tmp_path: Path) -> None:
    script = (
        f"pwd; echo one >&2; echo two >&2; printf half >&2; until [ -e {tmp_path}/go ]; do sleep 0.02; done; echo >&2"
    )
    call = Call(["/bin/sh", "-c", script], dict(os.environ))
    try:
        lines: list[str] = []
        while lines[-1:] != ["two"]:
            lines += filter(None, [call.last_line()])
        assert lines in (["two"], ["one", "two"]) and call.last_line() == "" and call.code() is None
        (tmp_path / "go").touch()
        while call.code() is None:
            time.sleep(0.02)
        assert call.last_line() == "half" and call.last_line() == ""
        assert call.said() == ("/\n", "one\ntwo\nhalf\n")
    finally:
        call.kill()
        call.close()


# The program


def program(*words: str, given: str = "", **more: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PROGRAM, *words], input=given, capture_output=True, text=True, timeout=30, check=False, **more
    )


def test_it_ends_with_its_input_whatever_that_was(alone: Clone) -> None:
    odd = 'no json\n{}\n[1]\n{"jsonrpc": "2.0", "id": 1, "method": "tools/call"}\n\0\udc80\n'
    told = '{"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": {}}}\n'
    asked = '{"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": 7}}\n'
    for given in ("", "\n" + odd, BEGUN + told + asked + odd):
        ran = subprocess.run(
            [PROGRAM], input=given.encode("utf-8", "surrogateescape"), capture_output=True, cwd=alone.path, timeout=30,
            env=alone.env, check=False,
        )  # fmt: skip
        assert (ran.returncode, ran.stderr) == (0, b""), (given, ran)
    assert running(alone) == []


def test_a_client_that_hears_no_more_is_no_error(alone: Clone) -> None:
    pipe = subprocess.PIPE
    server = subprocess.Popen([PROGRAM], stdin=pipe, stdout=pipe, stderr=pipe, env=alone.env, cwd=alone.path, text=True)
    assert server.stdin is not None and server.stdout is not None and server.stderr is not None
    server.stdout.close()
    server.stdin.write(BEGUN + BEGUN)
    server.stdin.close()
    assert (server.wait(30), server.stderr.read()) == (0, "")
    server.stderr.close()


def test_a_server_whose_python_is_gone_says_so(alone: Clone, tmp_path: Path) -> None:
    venv.create(tmp_path / "bare", with_pip=False)
    python, packages = tmp_path / "bare" / "bin" / "python", Path(anyio.__file__).parent.parent
    words = ["-c", "from holdfast.entrypoints.mcp.entry import main; main([])"]
    env = {**alone.env, "PYTHONPATH": f"{SRC}:{packages}"}

    async def play() -> None:
        async with Client(StdioServerParameters(command=str(python), args=words, env=env), mode=AUTO) as client:
            agent = Agent(client, alone.path)
            assert (await agent.call("status"))["exit"] == 0
            python.unlink()
            gone = await agent.call("status")
            assert gone["exit"] == 5 and "no command could be started" in gone["words"]

    anyio.run(play)


def test_it_says_what_it_is_and_takes_no_arguments() -> None:
    told = program("--help")
    assert told.returncode == 0 and "claude mcp add holdfast -- holdfast-mcp" in told.stdout
    assert program("--version").stdout.startswith("holdfast-mcp ")
    wrong = program("--stdio")
    assert wrong.returncode == 2 and wrong.stderr.startswith("refused: `holdfast-mcp --stdio`\n   why:  ")


def test_without_the_extra_it_says_how_to_get_it(tmp_path: Path) -> None:
    venv.create(tmp_path / "bare", with_pip=False)
    started = (
        "import sys; sys.path.insert(0, sys.argv.pop(1)); from holdfast.entrypoints.mcp.entry import entry; entry()"
    )
    python = tmp_path / "bare" / "bin" / "python"
    ran = subprocess.run(
        [python, "-I", "-c", started, str(SRC)], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert ran.returncode == 1 and ran.stdout == ""
    what, why, remedy = ran.stderr.splitlines()
    assert what == "refused: `holdfast-mcp`" and "the extra `mcp` is not installed" in why
    assert all(f"{tool} install" in remedy and "'.[mcp]'" in remedy for tool in ("pip", "uv tool", "pipx"))


def test_the_command_line_imports_nothing_of_it(alone: Clone) -> None:
    looked = (
        "import sys; from holdfast.entrypoints import cli; cli.main(['plan', 'list', '--json']);"
        "print(sorted(name for name in sys.modules if name.split('.')[0] in ('mcp', 'anyio', 'jsonschema', 'pydantic')"
        " or '.tool' in name or '.mcp' in name or name.endswith('.calls')), file=sys.stderr)"
    )
    assert alone.run(sys.executable, "-c", looked).err.strip() == "[]"
