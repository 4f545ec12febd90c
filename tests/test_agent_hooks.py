"""Calls of agents as they make them: their own command strings, their own payloads, and the answers that they read."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claiming import Clone, Team, as_in, remote_of, undated
from conftest import Ran
from domain.test_command_line import SHELLISH, quoted
from holdfast.adapters import processes
from holdfast.domain.agent_settings import AGENTS, MARK, command

if TYPE_CHECKING:
    from collections.abc import Iterator

SHELLS = [name for name in ("dash", "bash", "zsh", "ksh", "busybox") if shutil.which(name)]
AGENT_NAMES = list(AGENTS)


class Agent:
    """A coding agent in a worktree: it calls its hooks as the settings say, each time in a shell of its own."""

    def __init__(
        self, repo: Clone, at: Path | str, name: str = "claude", session: str = "5e55-10n", shell: str = ""
    ) -> None:
        self.repo, self.at, self.name, self.session = repo, Path(at), name, session
        self.shell = shell or "sh"
        self.env: dict[str, str] = {}

    def call(self, event: str, raw: str | None = None, **fields: Any) -> Ran:
        text = raw if raw is not None else json.dumps(self.payload(event, **fields), separators=(",", ":"))
        words = [self.shell, *(["sh"] if self.shell == "busybox" else []), "-c", command(AGENTS[self.name], event)]
        ran = self.repo.run(*words, input=text, cwd=self.at, env=self.env)
        # What every call keeps, whatever was in it: the agent goes on.
        assert (ran.code, ran.err) == (0, ""), ran
        assert ran.out == "" or json.loads(ran.out), ran
        return ran

    def payload(self, event: str, **fields: Any) -> dict[str, Any]:
        """In the order and with the fields of each agent (code.claude.com/docs/en/hooks; codex-rs/hooks/src/schema.rs)."""
        first = {"session_id": self.session}
        if self.name == "codex":
            first |= {"turn_id": "t1", "transcript_path": None, "cwd": str(self.at), "hook_event_name": event}
            first |= {"model": "gpt-5", "permission_mode": "default"}
        else:
            first |= {"transcript_path": "/home/a/.claude/projects/-x--worktrees-y/1.jsonl", "cwd": str(self.at)}
            first |= {"permission_mode": "default", "hook_event_name": event}
        return {**first, **fields}

    def start(self, **fields: Any) -> str:
        return str(context(self.call("SessionStart", source="startup", **fields)))

    def run(self, line: str) -> dict[str, Any]:
        """About to run a command; what the hook answers."""
        inputs = {"command": line, **({} if self.name == "codex" else {"description": "Do it"})}
        return output(self.call("PreToolUse", tool_name="Bash", tool_input=inputs, tool_use_id="u1"))

    def edit(self, path: Path | str) -> dict[str, Any]:
        if self.name == "codex":
            patch = f"*** Begin Patch\n*** Update File: {path}\n@@\n-a\n+b\n*** End Patch"
            return output(
                self.call("PreToolUse", tool_name="apply_patch", tool_input={"command": patch}, tool_use_id="u1")
            )
        inputs = {"file_path": str(path), "old_string": "a", "new_string": "b"}
        return output(self.call("PreToolUse", tool_name="Edit", tool_input=inputs, tool_use_id="u1"))

    @property
    def beat(self) -> Path:
        return self.repo.path / ".git" / "holdfast" / "sessions" / f"{self.session}.beat"

    @property
    def marker(self) -> Path:
        return self.beat.with_suffix(".json")


def output(ran: Ran) -> dict[str, Any]:
    found = json.loads(ran.out) if ran.out else {}
    return {**found.get("hookSpecificOutput", {}), **{key: found[key] for key in found if key != "hookSpecificOutput"}}


def context(ran: Ran) -> Any:
    return output(ran).get("additionalContext", "")


def reason(found: dict[str, Any]) -> str:
    """Why a call was refused; it must be refused."""
    assert found.get("permissionDecision") == "deny", found
    assert found["hookEventName"] == "PreToolUse"
    return str(found["permissionDecisionReason"])


@pytest.fixture(scope="module")
def team_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `team_of_two` and its remote are copies of."""
    folder = tmp_path_factory.mktemp("team")
    ada = remote_of(folder, undated(folder / "home")).clone("ada")
    assert ada.holdfast("init", "--yes").code == 0
    assert ada.holdfast("agents", "install", "claude", "codex").code == 0
    assert ada.commit("Adopt Holdfast").code == 0
    ada.git("push", "-q", "origin", "main")
    ada.claimed(4)
    ada.claimed(3)
    return folder


@pytest.fixture
def team_of_two(team_once: Path, team: Team) -> Clone:
    """Ada has claimed #4 and #3, each with a worktree; `.claude` and `.codex` are set up and pushed."""
    ada = as_in(team_once, team)
    ada.four = ada.path / ".worktrees" / "plan-4-fourth"  # type: ignore[attr-defined]
    ada.three = ada.path / ".worktrees" / "plan-3-third"  # type: ignore[attr-defined]
    return ada


@pytest.fixture(params=AGENT_NAMES)
def agent(team_of_two: Clone, request: pytest.FixtureRequest) -> Agent:
    """An agent of each kind, at work on plan #4."""
    made = Agent(team_of_two, team_of_two.four, request.param)  # type: ignore[attr-defined]
    made.start()
    return made


_STRANGERS: list[subprocess.Popen[bytes]] = []


@pytest.fixture(autouse=True)
def _no_stranger_stays() -> Iterator[None]:
    yield
    while _STRANGERS:
        _STRANGERS.pop().kill()


def other(agent: Agent, at: Path, session: str = "other") -> Agent:
    """Another agent at work there: its session lives by a process of its own, which stands elsewhere."""
    made = Agent(agent.repo, at, agent.name, session)
    made.start()
    stranger = subprocess.Popen(["sleep", "600"], cwd="/")
    _STRANGERS.append(stranger)
    marker = json.loads(made.marker.read_text())
    made.marker.write_text(json.dumps({**marker, "pid": stranger.pid, "birth": processes.birth(stranger.pid)}))
    return made


# Being heard of


def test_a_session_begins_is_heard_of_waits_and_ends(agent: Agent) -> None:
    known = json.loads(agent.marker.read_text())
    assert (known["agent"], known["pid"], known["worktree"]) == (agent.name, os.getpid(), str(agent.at))
    assert agent.beat.read_text() == f"working\n{agent.at}\n"
    locks = agent.repo.git("worktree", "list", "--porcelain")
    assert "locked holdfast: in use by a session" in locks
    for event, activity in (
        ("UserPromptSubmit", "working"), ("Stop", "waiting"), ("PostToolUse", "working"),
        ("PermissionRequest" if agent.name == "codex" else "Notification", "waiting"), ("PreToolUse", "working"),
    ):  # fmt: skip
        os.utime(agent.beat, (1, 1))
        assert agent.call(event, tool_name="Read", prompt="x").out == ""
        assert agent.beat.read_text() == f"{activity}\n{agent.at}\n"
        assert time.time() - agent.beat.stat().st_mtime < 60
    Agent(agent.repo, agent.at, "claude", agent.session).call("SessionEnd", reason="other")
    assert not agent.marker.exists()
    assert "locked" not in agent.repo.git("worktree", "list", "--porcelain")


def test_a_beat_starts_no_python(agent: Agent, tmp_path: Path) -> None:
    """What is harmless is told apart by the shell alone, also in 64 KB."""
    hook = agent.repo.path / ".git" / MARK
    hook.write_text(hook.read_text().replace("python='", f"python='{tmp_path}/no-python' #'"))
    (tmp_path / "no-python").write_text("#!/bin/sh\ntouch $0.started\n")
    (tmp_path / "no-python").chmod(0o755)
    big = "word another thing; x = form(bar) \"quoted\" 'it' -m \n" * 1300
    harmless = [
        ("PreToolUse", "Bash", {"command": "git status && ls -la | head -n 5"}),
        ("PreToolUse", "Bash", {"command": "git add -A && git commit -m \"Fix the parser\" && git push -u origin HEAD"}),
        ("PreToolUse", "Bash", {"command": "git worktree list; git branch --show-current; pytest -n 2"}),
        ("PreToolUse", "Bash", {"command": "cat > x <<'E'\n" + big + "\nE"}),
        ("PreToolUse", "Read", {"file_path": f"{agent.at}/.worktrees/x/rm -rf"}),
        ("PreToolUse", "Grep", {"pattern": "git worktree remove"}),
        ("PreToolUse", "Edit", {"file_path": f"{agent.at}/x.py", "old_string": "rm -rf .git", "new_string": big}),
        ("PreToolUse", "Write", {"file_path": "/tmp/x/y.py", "content": big}),
        ("PreToolUse", "apply_patch", {"command": f"*** Begin Patch\n*** Add File: a/b.py\n+rm -rf\n{big}*** End Patch"}),
        ("PostToolUse", "Bash", {"command": "rm -rf .git"}),
        ("UserPromptSubmit", None, {"prompt": "rm -rf .git"}),
    ]  # fmt: skip
    for event, tool, inputs in harmless:
        more = {"tool_response": {"stdout": big}} if event == "PostToolUse" else {}
        agent.call(event, tool_name=tool, tool_input=inputs, **more)
        assert not (tmp_path / "no-python.started").exists(), (event, tool, inputs)
    agent.call("PreToolUse", tool_name="Bash", tool_input={"command": "ls\nrm -rf x"})
    assert (tmp_path / "no-python.started").exists()


def test_the_lock_moves_along_with_the_agent(agent: Agent) -> None:
    there = agent.repo.three  # type: ignore[attr-defined]
    agent.call("PostToolUse", cwd=str(there))
    assert agent.beat.read_text() == f"working\n{there}\n"
    locked = [block for block in agent.repo.git("worktree", "list", "--porcelain").split("\n\n") if "locked" in block]
    assert [block.splitlines()[0] for block in locked] == [f"worktree {there}"]


def test_a_session_that_was_never_told_of_begins_with_its_first_call(team_of_two: Clone) -> None:
    late = Agent(team_of_two, team_of_two.four, session="late")  # type: ignore[attr-defined]
    late.call("PostToolUse", tool_name="Read")
    assert late.marker.exists()


@pytest.mark.parametrize(
    "session", ["../../../x", "a/b", ".hidden", "a b", "-x", "", "x" * 101, 'a"b', "é", "a\\u0041", None, 5, ["a"]]
)
def test_what_is_no_id_names_no_file(team_of_two: Clone, session: Any) -> None:
    odd = Agent(team_of_two, team_of_two.four)  # type: ignore[attr-defined]
    folder = team_of_two.path / ".git" / "holdfast" / "sessions"
    odd.call("PostToolUse", session_id=session)
    odd.call("SessionStart", session_id=session)
    assert not folder.is_dir() or os.listdir(folder) == []
    reason(output(odd.call("PreToolUse", session_id=session, tool_name="Bash", tool_input={"command": "rm -rf .git"})))


# What an agent is told when it begins


def test_it_is_told_where_it_is_and_what_is_its_plan(agent: Agent) -> None:
    assert agent.start().splitlines() == [
        f"Holdfast: you are in the worktree {agent.at}, on the branch plan-4-fourth.",
        "Your plan is #4: Fourth (docs/plans/04_fourth.md).",
        "Next: read the plan (`holdfast plan show 4`), do it here, and commit on this branch.",
    ]


def test_in_the_main_worktree_it_is_told_to_take_a_plan(agent: Agent) -> None:
    assert Agent(agent.repo, agent.repo.path, agent.name, "main").start().splitlines() == [
        f"Holdfast: you are in the main worktree {agent.repo.path}, on the branch main.",
        "No plan is claimed by this branch; 2 claims are open (`holdfast claims`).",
        'Next: take a plan with `cd "$(holdfast start --next)"`, and work in its worktree.',
    ]


def test_it_is_told_that_the_clone_lacks_its_hooks(agent: Agent, team: Team, tmp_path: Path) -> None:
    for name in ("pre-commit", "commit-msg"):
        (agent.repo.path / ".git" / "hooks" / name).unlink()
    assert "run `holdfast init --local`" in agent.start()
    # A clone in which nothing was set up has no hook that could be run: the command itself says it.
    bare = Agent(team.clone("carl"), tmp_path / "carl", agent.name)
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    (bin_folder / "holdfast").write_text("#!/bin/sh\n")
    (bin_folder / "holdfast").chmod(0o755)
    text = command(AGENTS[agent.name], "SessionStart")
    there = {"PATH": f"{bin_folder}:{os.environ['PATH']}"}
    ran = bare.repo.run("sh", "-c", text, input="{}", env=there)
    assert (ran.code, ran.out) == (0, "This clone lacks the hooks of Holdfast: run holdfast init --local\n")
    ran = bare.repo.run("sh", "-c", text, input="{}", env={"PATH": "/usr/bin:/bin"})
    assert (ran.code, ran.out) == (0, "")


# What is refused


def test_removing_a_worktree_in_use(agent: Agent) -> None:
    there = agent.repo.three  # type: ignore[attr-defined]
    assert agent.run(f"git worktree remove --force {there}") == {}
    other(agent, there)
    for line in (
        f"git worktree remove --force {there}", "git -C ../.. worktree remove .worktrees/plan-3-third",
        "git worktree remove plan-3-third",
        f"cd {there.parent} && git worktree move plan-3-third elsewhere",
        f"cd / ; bash -c 'git -C {there} worktree remove {there}'",
    ):  # fmt: skip
        said = reason(agent.run(line))
        assert "session other" in said, line
        assert "next: holdfast worktree remove plan-3-third (do other work meanwhile)" in said


def test_removing_a_worktree_in_which_a_process_stands(agent: Agent) -> None:
    there = agent.repo.three  # type: ignore[attr-defined]
    process = subprocess.Popen(["sleep", "600"], cwd=there)
    try:
        assert f"process {process.pid}" in reason(agent.run(f"git worktree remove {there}"))
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


def test_deleting_the_branch_of_a_claim(agent: Agent) -> None:
    for line in (
        "git branch -D plan-3-third", "git branch -m plan-3-third mine", "git update-ref -d refs/heads/plan-3-third",
        "git push origin --delete plan-3-third", "git push origin :plan-3-third",
    ):  # fmt: skip
        said = reason(agent.run(line))
        assert "plan-3-third" in said
        assert "next: holdfast unclaim 3" in said
    agent.repo.git("branch", "nobodys")
    assert agent.run("git branch -D nobodys") == {}
    assert agent.run("git branch -m other-name") == {}
    assert agent.run("git push origin --delete nobodys") == {}


def test_the_branch_of_merged_work_may_go(agent: Agent) -> None:
    there = agent.repo.at(agent.repo.three)  # type: ignore[attr-defined]
    there.write("work.txt", "done\n")
    assert there.commit("[Plan #3] Work").code == 0
    agent.repo.git("merge", "-q", "--no-ff", "-m", "Merge plan 3", "plan-3-third")
    assert agent.run("git branch -D plan-3-third") == {}


def test_deleting_a_worktree_or_git_itself(agent: Agent) -> None:
    there, top = agent.repo.three, agent.repo.path  # type: ignore[attr-defined]
    for line in (
        f"rm -rf {there}", f"rm -rf {there}/", f"rm -r '{there}'", f"cd {there.parent} && rm -rf plan-3-third",
        f"rm -rf {there.parent}",
        f"rm -rf {there.parent}/*", f"rm -rf {there.parent}/plan-?-third",
        f"rm -rf {there.parent}/{{plan-3-third,x}}", "rm -rf .",
        f"for x in plan-3-third y; do rm -rf {there.parent}/$x; done", f"mv {there} /tmp/x",
        f"find {there} -delete", f"rm {there}/.git",
        f"rm -rf {top}", f"rm -rf {top}/.git", f"rm -rf {top}/.git/refs", f"cd {top} && rm -rf .git",
        f"cd {top} && rm -rf .[a-z]*",
        f"cd {top} && git clean -ffdx", "rm -rf ..", f"rm -rf {there}/../plan-3-third", f"WT={there}; rm -rf $WT",
        f"ls | xargs rm -rf {there}",
        f"rm -rf {top}/.git/worktrees/plan-3-third",
    ):  # fmt: skip
        said = reason(agent.run(line))
        assert "[agent-delete-tree]" in said, line
    for line in (
        "rm -rf build", f"rm -rf {there}/build", f"rm -rf {there}/*", f"rm -rf {there}-not", f"rm -rf {top}/docs",
        "rm -rf /tmp/x/.git",
        f"rm -f {top}/.git/index.lock", f"rm -rf {top}/.git/rebase-merge", f"cd {top} && rm -rf *",
        f"cd {top} && git clean -fdx",
        f"cd {top} && git clean -ffd", "mv a b", f"rm -rf {there.parent}/plan-9*",
    ):  # fmt: skip
        assert agent.run(line) == {}, line


def test_a_symlink_to_a_worktree_may_go(agent: Agent, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(agent.repo.three)  # type: ignore[attr-defined]
    assert agent.run(f"rm -rf {link}") == {}
    assert "[agent-delete-tree]" in reason(agent.run(f"rm -rf {link}/../plan-3-third"))


def test_changing_where_hooks_are_and_passing_them_by(agent: Agent) -> None:
    for line in (
        "git config core.hooksPath /dev/null", "git config --global CORE.HOOKSPATH x", "git -c core.hookspath= commit -m x",
        "GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=core.hooksPath GIT_CONFIG_VALUE_0=x git commit -m x",
    ):  # fmt: skip
        assert "[agent-hooks-path]" in reason(agent.run(line)), line
    for line in (
        "git commit --no-verify -m x",
        "git commit -nm x",
        "git add . && git commit -m 'x' -n",
        "git push --no-verify",
    ):
        said = reason(agent.run(line))
        assert "[agent-no-verify]" in said
        assert "holdfast check --staged" in said


def test_another_repository_is_none_of_our_business(agent: Agent, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    agent.repo.run("git", "init", "-q", str(elsewhere))
    for line in (
        f"git -C {elsewhere} commit --no-verify -m x", f"cd {elsewhere} && git config core.hooksPath x",
        f"rm -rf {elsewhere}/.git",
        f"cd {elsewhere}; git branch -D plan-3-third",
    ):  # fmt: skip
        assert agent.run(line) == {}, line


def test_what_cannot_be_told_is_warned_of_only(agent: Agent) -> None:
    found = agent.run('git worktree remove "$(cat which)"')
    assert "permissionDecision" not in found
    assert "cannot be told before it runs" in found["additionalContext"]
    assert agent.run('rm -rf "$BUILD"') == {}
    found = agent.run('cd "$(mktemp -d)" && git commit --no-verify -m x')
    assert "permissionDecision" not in found
    assert "[agent-no-verify]" in found["additionalContext"]


# Edits


def test_editing_anothers_worktree(agent: Agent) -> None:
    there = agent.repo.three  # type: ignore[attr-defined]
    assert agent.edit(there / "README.md") == {}
    other(agent, there)
    said = reason(agent.edit(there / "README.md"))
    assert "session other" in said
    assert "[agent-other-worktree]" in said
    assert agent.edit(agent.at / "README.md") == {}
    assert agent.edit("/tmp/notes.md") == {}
    assert "[agent-other-worktree]" in reason(agent.edit(agent.at / ".." / there.name / "README.md"))


def test_an_earlier_session_of_the_same_process_is_nobody_else(agent: Agent) -> None:
    """An agent that begins anew (`/clear`) has another id, and lives by the same process."""
    there = agent.repo.three  # type: ignore[attr-defined]
    Agent(agent.repo, there, agent.name, "before").start()
    assert agent.edit(there / "README.md") == {}


def test_a_patch_with_a_path_that_leads_elsewhere(agent: Agent) -> None:
    if agent.name != "codex":
        pytest.skip("a patch is how Codex edits")
    there = agent.repo.three  # type: ignore[attr-defined]
    other(agent, there)
    assert "[agent-other-worktree]" in reason(agent.edit(f"../{there.name}/README.md"))
    line = f"apply_patch <<'E'\n*** Begin Patch\n*** Update File: {there}/README.md\n@@\n*** End Patch\nE"
    assert "[agent-other-worktree]" in reason(agent.run(line))


def test_editing_the_main_worktree_is_warned_of_once(agent: Agent) -> None:
    main = other(agent, agent.repo.path, "main")
    found = main.edit(agent.repo.path / "README.md")
    assert "permissionDecision" not in found
    assert "while 2 claims are open" in found["additionalContext"]
    assert found["systemMessage"] == found["additionalContext"]
    time.sleep(0.01)
    if agent.name == "claude":
        assert main.edit(agent.repo.path / "README.md") == {}
        agent.repo.git("branch", "something-new")
        assert "additionalContext" in main.edit(agent.repo.path / "README.md")
    nested = agent.repo.three / "README.md"  # type: ignore[attr-defined]
    assert main.edit(nested) == {}
    other(agent, agent.repo.three)  # type: ignore[attr-defined]
    assert "[agent-other-worktree]" in reason(main.edit(nested))


def test_the_main_worktree_is_free_where_nothing_is_claimed(alone: Clone) -> None:
    assert alone.holdfast("init", "--yes").code == 0
    agent = Agent(alone, alone.path)
    agent.start()
    assert agent.edit(alone.path / "README.md") == {}


def test_editing_what_hooks_stand_on(agent: Agent) -> None:
    git = agent.repo.path / ".git"
    if agent.name == "claude":
        inputs = {
            "file_path": str(git / "config"),
            "old_string": "[core]",
            "new_string": "[core]\n\thooksPath = /dev/null",
        }
        said = reason(output(agent.call("PreToolUse", tool_name="Edit", tool_input=inputs)))
        assert "[agent-hooks-path]" in said
        inputs["new_string"] = "[core]\n"
        assert output(agent.call("PreToolUse", tool_name="Edit", tool_input=inputs)) == {}
    assert "[agent-hooks-path]" in reason(agent.edit(git / "hooks" / "pre-commit"))


# What is configured


def test_each_thing_is_configured(team_of_two: Clone) -> None:
    agent = Agent(team_of_two, team_of_two.four)  # type: ignore[attr-defined]
    agent.start()
    at = agent.repo.at(agent.at)
    at.write(
        "holdfast.toml",
        at.read("holdfast.toml") + '\n[agents]\nno_verify = "off"\ndelete_tree = "warn"\nmain_worktree = "refuse"\n',
    )
    assert agent.run("git commit -nm x") == {}
    assert "[agent-delete-tree]" in agent.run("rm -rf .")["additionalContext"]
    main = agent.repo.path / "README.md"
    for _ in range(2):
        assert "[agent-main-worktree]" in reason(agent.edit(main))


# Bad input


PAYLOADS = [
    "", " ", "{", "[]", "null", "1", '"text"', "{}", "[" * 100_000, '{"a":' * 10_000, "\x01\x02", "{'a': 1}", "rm -rf .git",
    "\ufeff{}",
    '{"session_id": {}, "cwd": [], "tool_name": 1, "tool_input": null}', '{"session_id": "a", "tool_input": "rm -rf .git"}',
    '{"session_id": "a", "cwd": "/nowhere", "tool_name": "Bash", "tool_input": {"command": 1}}',
    '{"session_id": "a", "cwd": "relative", "tool_name": "Bash", "tool_input": {"command": ["rm", 1]}}',
    '{"session_id": "a\\ud800", "cwd": "/\\ud800", "tool_name": "Edit", "tool_input": {"file_path": "/\\ud800\\u0000"}}',
    '{"session_id": "a", "cwd": "/", "tool_name": "Edit", "tool_input": {"file_path": ""}}',
    '{"session_id": "a", "cwd": "/tmp", "tool_name": "Bash", "tool_input": {"command": "rm -rf \\u0000 \\ud800 ."}}',
    '{"session_id":"a","session_id":"b","cwd":"/","tool_input":{"command":"git worktree move \\u0022"}}',
]  # fmt: skip


@pytest.mark.parametrize("name", AGENT_NAMES)
def test_no_payload_stops_an_agent(team_of_two: Clone, name: str) -> None:
    agent = Agent(team_of_two, team_of_two.four, name)  # type: ignore[attr-defined]
    for event, _ in AGENTS[name].events:
        for text in PAYLOADS:
            agent.call(event, raw=text)
    assert not (team_of_two.path / ".git" / "holdfast" / "reports").exists(), "nothing of this is a bug"


def test_a_huge_payload_is_let_pass_in_time(agent: Agent) -> None:
    big = "x" * 12_000_000
    begin = time.monotonic()
    agent.call("PreToolUse", tool_name="Bash", tool_input={"command": "rm -rf .git; echo " + big})
    agent.call("PostToolUse", tool_name="Bash", tool_response=big)
    assert time.monotonic() - begin < 10


def test_payloads_over_many_lines_are_read_too(agent: Agent) -> None:
    payload = agent.payload("PreToolUse", tool_name="Bash", tool_input={"command": "rm -rf ."})
    reason(output(agent.call("PreToolUse", raw=json.dumps(payload, indent=2))))
    os.utime(agent.beat, (1, 1))
    agent.call("PostToolUse", raw=json.dumps(agent.payload("PostToolUse"), indent=2))
    assert agent.beat.stat().st_mtime > 1


@pytest.mark.parametrize("shell", SHELLS)
def test_every_shell_that_an_agent_may_start(agent: Agent, shell: str) -> None:
    agent.shell = shell
    agent.call("Stop")
    assert agent.beat.read_text().startswith("waiting\n")
    reason(agent.run("git commit --no-verify -m x"))
    assert agent.run("ls") == {}


def test_where_holdfast_is_gone_agents_go_on(agent: Agent) -> None:
    hook = agent.repo.path / ".git" / MARK
    text = hook.read_text()
    for spoiled in (
        text.replace("entry='", "entry='/gone"),
        text.replace("python='", "python='/gone"),
        "if then ((",
        "exit 2",
        "",
    ):
        hook.write_text(spoiled)
        assert agent.run("rm -rf .git") == {}
        assert agent.call("SessionStart").out == ""
    hook.write_text(text)
    python, entry = (agent.repo.path / name for name in ("python", "entry"))
    python.write_text("#!/bin/sh\necho broken; exit 2\n")
    entry.write_text("")
    hook.unlink()
    assert agent.run("rm -rf .git") == {}


def test_a_failing_python_refuses_nothing(agent: Agent, tmp_path: Path) -> None:
    hook = agent.repo.path / ".git" / MARK
    (tmp_path / "entry.py").write_text("import sys; print('x', file=sys.stderr); sys.exit(2)\n")
    line = next(one for one in hook.read_text().splitlines() if one.startswith("entry="))
    hook.write_text(hook.read_text().replace(line, f"entry={shlex.quote(str(tmp_path / 'entry.py'))}"))
    assert agent.run("rm -rf .git") == {}


def test_outside_of_any_repository_nothing_happens(team_of_two: Clone, tmp_path: Path) -> None:
    outside = Agent(team_of_two, tmp_path)
    for event in ("SessionStart", "PreToolUse", "Stop"):
        assert outside.call(event, tool_name="Bash", tool_input={"command": "rm -rf .git"}).out == ""


def test_the_folder_may_be_gone(agent: Agent) -> None:
    gone = agent.at / "gone"
    gone.mkdir()
    text = command(AGENTS[agent.name], "PreToolUse")
    payload = json.dumps(
        agent.payload("PreToolUse", tool_name="Bash", tool_input={"command": "rm -rf ."}, cwd=str(gone))
    )
    ran = agent.repo.run("sh", "-c", f"rmdir {gone}; {text}", input=payload, cwd=gone)
    assert (ran.code, ran.err) == (0, "")


def test_names_with_blanks_and_quotes(team: Team) -> None:
    odd = team.clone('it\'s a "clone"')
    assert odd.holdfast("init", "--yes").code == 0
    assert odd.commit("Adopt").code == 0
    agent = Agent(odd, odd.path)
    agent.start()
    assert agent.beat.read_text() == f"working\n{odd.path}\n"
    agent.call("Stop")
    assert agent.beat.read_text() == f"waiting\n{odd.path}\n" or agent.beat.read_text().startswith("waiting\n")
    reason(agent.run(f"rm -rf {shlex.quote(str(odd.path))}/.git"))


def test_a_folder_behind_a_symlink(agent: Agent, tmp_path: Path) -> None:
    link = tmp_path / "way"
    link.symlink_to(agent.at)
    by_link = Agent(agent.repo, link, agent.name, agent.session)
    by_link.call("Stop")
    assert agent.beat.read_text() == f"waiting\n{agent.at}\n"


@given(st.data())
def test_what_the_shell_lets_pass_is_harmless(data: st.DataObject) -> None:
    """The first look, by patterns, never misses what the second one would refuse, as long as words are whole."""
    from domain.test_agent_rules import DANGEROUS

    line = data.draw(st.sampled_from([case[0] for case in DANGEROUS]))
    before = data.draw(SHELLISH)
    whole = shlex.join(["echo", before]) + data.draw(st.sampled_from(["; ", "\n", "\t&& ", " | ", "\n\t"])) + line
    whole += data.draw(st.sampled_from(["", "\n", " ;", "\t"]))
    assert _seen(whole), whole


def test_words_in_quotes_are_seen_by_the_first_look_too() -> None:
    import random

    from domain.test_agent_rules import DANGEROUS

    dice = random.Random(1)
    for line, _, _ in DANGEROUS:
        for style in (shlex.quote, lambda word: f'"{word}"', lambda word: f"'{word}'", lambda word: "\\" + word):
            whole = " ".join(style(word) if word[0].isalpha() else word for word in shlex.split(line))
            assert _seen(whole), whole
        pieces = " ".join(quoted(word, dice) for word in shlex.split(line))
        assert isinstance(_seen(pieces), bool)


def _seen(line: str) -> bool:
    """Whether the awk program of the hook asks for the second look."""
    from holdfast.usecases.setup.lasting import package

    text = (Path(package()) / "templates" / "agent-hook").read_text()
    program = text.partition('top="$d" \'')[2].partition("\n}')")[0] + "\n}"
    payload = json.dumps({"session_id": "a", "cwd": "/x", "tool_name": "Bash", "tool_input": {"command": line}})
    done = subprocess.run(
        ["awk", "-v", "event=PreToolUse", program],
        input=payload,
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "LC_ALL": "C"},
    )
    return done.stdout.startswith("whole\n")
