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

import agent_words
from claiming import Clone, Team, as_in, remote_of, undated
from conftest import Ran
from domain.test_command_line import SHELLISH, quoted
from holdfast.adapters import processes
from holdfast.domain.agent_settings import MARK, command
from holdfast.domain.agents import AFTER, AGENTS, BEFORE, START

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
        words = [self.shell, *(["sh"] if self.shell == "busybox" else []), "-c"]
        ran = self.repo.run(
            *words, command(AGENTS[self.name], self.event(event)), input=text, cwd=self.at, env=self.env
        )
        # What every call keeps, whatever was in it: the agent goes on.
        assert (ran.code, ran.err) == (0, ""), ran
        found = agent_words.understood(self.name, ran.out)
        return Ran(ran.code, json.dumps(found) if ran.out else "", ran.err)

    def event(self, of_claude: str) -> str:
        """Its own name of an event."""
        own = agent_words.event(self.name, of_claude)
        return own if AGENTS[self.name].moment(own) is not None else of_claude

    def payload(self, event: str, **fields: Any) -> dict[str, Any]:
        """In the order and with the fields of each agent."""
        return agent_words.payload(self.name, event, self.session, str(self.at), fields)

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
    """What the agent understood, in Claude Code's words."""
    return dict(json.loads(ran.out)) if ran.out else {}


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
    assert ada.holdfast("agents", "install", *AGENTS).code == 0
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


@pytest.fixture(params=["claude", "codex"])
def agent(team_of_two: Clone, request: pytest.FixtureRequest) -> Agent:
    """An agent at work on plan #4, for what does not rest on how agents call and are answered."""
    return at_work(team_of_two, request.param)


@pytest.fixture(params=AGENT_NAMES)
def each(team_of_two: Clone, request: pytest.FixtureRequest) -> Agent:
    """An agent of each kind, at work on plan #4."""
    return at_work(team_of_two, request.param)


def at_work(team_of_two: Clone, name: str) -> Agent:
    made = Agent(team_of_two, team_of_two.four, name)  # type: ignore[attr-defined]
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


def test_a_session_begins_is_heard_of_waits_and_ends(each: Agent) -> None:
    known = json.loads(each.marker.read_text())
    assert (known["agent"], known["pid"], known["worktree"]) == (each.name, os.getpid(), str(each.at))
    assert each.beat.read_text() == f"working\n{each.at}\n"
    locks = each.repo.git("worktree", "list", "--porcelain")
    assert "locked holdfast: in use by a session" in locks
    for event, activity in (
        ("UserPromptSubmit", "working"), ("Stop", "waiting"), ("PostToolUse", "working"),
        ("PermissionRequest" if each.name == "codex" else "Notification", "waiting"), ("PreToolUse", "working"),
    ):  # fmt: skip
        os.utime(each.beat, (1, 1))
        assert each.call(event, tool_name="Read", prompt="x").out == ""
        assert each.beat.read_text() == f"{activity}\n{each.at}\n"
        assert time.time() - each.beat.stat().st_mtime < 60
    ends = "claude" if each.name == "codex" else each.name  # Codex does not tell
    Agent(each.repo, each.at, ends, each.session).call("SessionEnd", reason="other")
    assert not each.marker.exists()
    assert "locked" not in each.repo.git("worktree", "list", "--porcelain")


def test_a_beat_starts_no_python(each: Agent, tmp_path: Path) -> None:
    """What is harmless is told apart by the shell alone, also in 64 KB."""
    hook = each.repo.path / ".git" / MARK
    hook.write_text(hook.read_text().replace("python='", f"python='{tmp_path}/no-python' #'"))
    (tmp_path / "no-python").write_text("#!/bin/sh\ntouch $0.started\n")
    (tmp_path / "no-python").chmod(0o755)
    big = "word another thing; x = form(bar) \"quoted\" 'it' -m \n" * 1300
    harmless = [
        ("PreToolUse", "Bash", {"command": "git status && ls -la | head -n 5"}),
        ("PreToolUse", "Bash", {"command": "git add -A && git commit -m \"Fix the parser\" && git push -u origin HEAD"}),
        ("PreToolUse", "Bash", {"command": "git worktree list; git branch --show-current; pytest -n 2"}),
        ("PreToolUse", "Bash", {"command": "cat > x <<'E'\n" + big + "\nE"}),
        ("PreToolUse", "Read", {"file_path": f"{each.at}/.worktrees/x/rm -rf"}),
        ("PreToolUse", "Grep", {"pattern": "git worktree remove"}),
        ("PreToolUse", "Edit", {"file_path": f"{each.at}/x.py", "old_string": "rm -rf .git", "new_string": big}),
        ("PreToolUse", "Write", {"file_path": "/tmp/x/y.py", "content": big}),
        ("PreToolUse", "apply_patch", {"command": f"*** Begin Patch\n*** Add File: a/b.py\n+rm -rf\n{big}*** End Patch"}),
        ("PostToolUse", "Bash", {"command": "rm -rf .git"}),
        ("UserPromptSubmit", None, {"prompt": "rm -rf .git"}),
    ]  # fmt: skip
    for event, tool, inputs in harmless:
        more = {"tool_response": {"stdout": big}} if event == "PostToolUse" else {}
        each.call(event, tool_name=tool, tool_input=inputs, **more)
        assert not (tmp_path / "no-python.started").exists(), (event, tool, inputs)
    each.call("PreToolUse", tool_name="Bash", tool_input={"command": "ls\nrm -rf x"})
    assert (tmp_path / "no-python.started").exists()


def test_the_lock_moves_along_with_the_agent(each: Agent) -> None:
    there = each.repo.three  # type: ignore[attr-defined]
    each.call("PostToolUse", cwd=str(there), tool_name="Read", tool_input={"file_path": "a" * 5000})
    assert each.beat.read_text() == f"working\n{there}\n"
    locked = [block for block in each.repo.git("worktree", "list", "--porcelain").split("\n\n") if "locked" in block]
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


@pytest.mark.parametrize("name", AGENT_NAMES)
def test_no_agents_id_names_a_file_elsewhere(team_of_two: Clone, name: str) -> None:
    odd = Agent(team_of_two, team_of_two.four, name)  # type: ignore[attr-defined]
    folder = team_of_two.path / ".git" / "holdfast" / "sessions"
    dangerous = {"tool_name": "Bash", "tool_input": {"command": "rm -rf .git"}}
    for session in ("../../../x", 'a"b', 5):
        odd.call("PostToolUse", session_id=session)
        odd.call("SessionStart", session_id=session)
        reason(output(odd.call("PreToolUse", session_id=session, **dangerous)))
    assert not folder.is_dir() or os.listdir(folder) == []


# What an agent is told when it begins


def test_it_is_told_where_it_is_and_what_is_its_plan(each: Agent) -> None:
    assert each.start().splitlines() == [
        f"Holdfast: you are in the worktree {each.at}, on the branch plan-4-fourth.",
        "Your plan is #4: Fourth (docs/plans/04_fourth.md).",
        "Next: read the plan (`holdfast plan show 4`), do it here, and commit on this branch.",
    ]


def test_in_the_main_worktree_it_is_told_to_take_a_plan(agent: Agent) -> None:
    assert Agent(agent.repo, agent.repo.path, agent.name, "main").start().splitlines() == [
        f"Holdfast: you are in the main worktree {agent.repo.path}, on the branch main.",
        "No plan is claimed by this branch; 2 claims are open (`holdfast claims`).",
        'Next: take a plan with `cd "$(holdfast start --next)"`, and work in its worktree.',
    ]


def test_it_is_told_that_the_clone_lacks_its_hooks(each: Agent, team: Team, tmp_path: Path) -> None:
    for name in ("pre-commit", "commit-msg"):
        (each.repo.path / ".git" / "hooks" / name).unlink()
    assert "run `holdfast init --local`" in each.start()
    # A clone in which nothing was set up has no hook that could be run: the command itself says it.
    bare = Agent(team.clone("carl"), tmp_path / "carl", each.name)
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    (bin_folder / "holdfast").write_text("#!/bin/sh\n")
    (bin_folder / "holdfast").chmod(0o755)
    text = command(AGENTS[each.name], each.event("SessionStart"))
    there = {"PATH": f"{bin_folder}:{os.environ['PATH']}"}
    ran = bare.repo.run("sh", "-c", text, input="{}", env=there)
    said = "This clone lacks the hooks of Holdfast: run holdfast init --local"
    assert ran.code == 0
    if each.name in ("claude", "codex"):
        assert ran.out == said + "\n"
    else:
        assert agent_words.understood(each.name, ran.out) == {"additionalContext": said}
    ran = bare.repo.run("sh", "-c", text, input="{}", env={"PATH": "/usr/bin:/bin"})
    assert (ran.code, ran.out) == (0, "")


# What is refused


def test_removing_a_worktree_in_use(each: Agent) -> None:
    there = each.repo.three  # type: ignore[attr-defined]
    assert each.run(f"git worktree remove --force {there}") == {}
    other(each, there)
    for line in (
        f"git worktree remove --force {there}", "git -C ../.. worktree remove .worktrees/plan-3-third",
        "git worktree remove plan-3-third",
        f"cd {there.parent} && git worktree move plan-3-third elsewhere",
        f"cd / ; bash -c 'git -C {there} worktree remove {there}'",
    ):  # fmt: skip
        said = reason(each.run(line))
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


def test_editing_anothers_worktree(each: Agent) -> None:
    there = each.repo.three  # type: ignore[attr-defined]
    assert each.edit(there / "README.md") == {}
    other(each, there)
    said = reason(each.edit(there / "README.md"))
    assert "session other" in said
    assert "[agent-other-worktree]" in said
    assert each.edit(each.at / "README.md") == {}
    assert each.edit("/tmp/notes.md") == {}
    assert "[agent-other-worktree]" in reason(each.edit(each.at / ".." / there.name / "README.md"))


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


def test_editing_the_main_worktree_is_warned_of_once(each: Agent) -> None:
    main = other(each, each.repo.path, "main")
    found = main.edit(each.repo.path / "README.md")
    assert "permissionDecision" not in found
    assert "while 2 claims are open" in found["additionalContext"]
    if each.name in ("claude", "codex"):
        assert found["systemMessage"] == found["additionalContext"]
    time.sleep(0.01)
    if each.name == "claude":
        assert main.edit(each.repo.path / "README.md") == {}
        each.repo.git("branch", "something-new")
        assert "additionalContext" in main.edit(each.repo.path / "README.md")
    nested = each.repo.three / "README.md"  # type: ignore[attr-defined]
    assert main.edit(nested) == {}
    other(each, each.repo.three)  # type: ignore[attr-defined]
    assert "[agent-other-worktree]" in reason(main.edit(nested))


def test_the_main_worktree_is_free_where_nothing_is_claimed(alone: Clone) -> None:
    assert alone.holdfast("init", "--yes").code == 0
    agent = Agent(alone, alone.path)
    agent.start()
    assert agent.edit(alone.path / "README.md") == {}


def test_editing_what_hooks_stand_on(each: Agent) -> None:
    git = each.repo.path / ".git"
    if each.name == "claude":
        inputs = {
            "file_path": str(git / "config"),
            "old_string": "[core]",
            "new_string": "[core]\n\thooksPath = /dev/null",
        }
        said = reason(output(each.call("PreToolUse", tool_name="Edit", tool_input=inputs)))
        assert "[agent-hooks-path]" in said
        inputs["new_string"] = "[core]\n"
        assert output(each.call("PreToolUse", tool_name="Edit", tool_input=inputs)) == {}
    assert "[agent-hooks-path]" in reason(each.edit(git / "hooks" / "pre-commit"))


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


# What several settings tell of one call


def copilot_with_claudes(agent: Agent, event: str, **calls: Any) -> Ran:
    """Copilot CLI runs the hooks of Claude's settings besides its own, each in a process of its own."""
    payload = agent_words.copilot_as_claude(event, agent.session, str(agent.at), calls)
    ran = agent.repo.run("sh", "-c", command(AGENTS["claude"], event), input=json.dumps(payload), cwd=agent.at)
    assert (ran.code, ran.err) == (0, ""), ran
    return Ran(ran.code, json.dumps(agent_words.understood("claude", ran.out)) if ran.out else "", ran.err)


def cursor_with_claudes(agent: Agent, event: str, **calls: Any) -> Ran:
    payload = agent_words.payload("cursor", event, agent.session, str(agent.at), calls)
    ran = agent.repo.run("sh", "-c", command(AGENTS["claude"], event), input=json.dumps(payload), cwd=agent.at)
    assert (ran.code, ran.err) == (0, ""), ran
    return Ran(ran.code, json.dumps(agent_words.understood("claude", ran.out)) if ran.out else "", ran.err)


BORROWED = {"copilot": copilot_with_claudes, "cursor": cursor_with_claudes}


@pytest.mark.parametrize("name", BORROWED)
@pytest.mark.parametrize("own_first", [True, False], ids=["own first", "Claude's first"])
def test_an_agent_that_runs_claudes_hooks_too_is_one_session_with_one_answer(
    team_of_two: Clone, name: str, own_first: bool
) -> None:
    agent = Agent(team_of_two, team_of_two.four, name, "both")  # type: ignore[attr-defined]
    also = BORROWED[name]
    dangerous = {"tool_name": "Bash", "tool_input": {"command": "rm -rf ."}}
    order = [lambda: agent.start(), lambda: context(also(agent, "SessionStart", source="startup"))]
    said = [one() for one in (order if own_first else reversed(order))]
    assert sorted(map(bool, said)) == [False, True], "told once"
    assert json.loads(agent.marker.read_text())["agent"] == name
    assert len(list(agent.marker.parent.glob("*.json"))) == 1
    assert output(also(agent, "PreToolUse", **dangerous)) == {}
    reason(agent.run("rm -rf ."))
    also(agent, "Stop")
    agent.call("Stop")
    assert agent.beat.read_text().startswith("waiting\n")
    main = {"tool_name": "Edit", "tool_input": {"file_path": str(agent.repo.path / "README.md"), "path": "x"}}
    assert output(also(agent, "PreToolUse", **main)) == {}
    assert "additionalContext" in agent.edit(agent.repo.path / "README.md")
    also(agent, "SessionEnd")
    agent.call("SessionEnd")
    assert not agent.marker.exists()


@pytest.mark.parametrize("name", BORROWED)
def test_claudes_hooks_alone_guard_such_an_agent_too(team_of_two: Clone, name: str) -> None:
    agent = Agent(team_of_two, team_of_two.four, name, "only")  # type: ignore[attr-defined]
    (agent.at / AGENTS[name].path).unlink()
    also = BORROWED[name]
    also(agent, "PostToolUse", tool_name="Read", tool_input={"file_path": "x"})
    assert json.loads(agent.marker.read_text())["agent"] == name
    reason(output(also(agent, "PreToolUse", tool_name="Bash", tool_input={"command": "rm -rf ."})))
    edit = {"path": str(agent.repo.path / ".git/hooks/pre-commit"), "old_str": "a", "new_str": "b"}
    reason(output(also(agent, "PreToolUse", tool_name="Edit", tool_input=edit)))


def test_a_plugin_and_settings_say_it_once(agent: Agent) -> None:
    """Claude Code runs both, at once: the same command, with CLAUDE_PLUGIN_ROOT for the plugin's."""
    plugin = Agent(agent.repo, agent.at, "claude", agent.session)
    plugin.env = {"CLAUDE_PLUGIN_ROOT": "/home/a/.claude/plugins/holdfast"}
    before = agent.marker.read_text()
    assert plugin.start() == ""
    assert plugin.run("rm -rf .") == {}
    assert agent.marker.read_text() == before
    plugin.call("Stop")
    assert agent.beat.read_text().startswith("waiting\n")
    plugin.call("SessionEnd")
    assert agent.marker.exists(), "its settings end it"
    (agent.at / AGENTS["claude"].path).unlink()
    assert plugin.start() != ""
    reason(plugin.run("rm -rf ."))


# Each agent's own words


def test_a_tool_that_runs_elsewhere(team_of_two: Clone) -> None:
    """Gemini CLI, Cursor, OpenCode and Codex can be told where a command runs (their tools' own descriptions)."""
    there = team_of_two.path
    for name, key in (
        ("gemini", "dir_path"),
        ("cursor", "working_directory"),
        ("opencode", "workdir"),
        ("codex", "workdir"),
    ):
        agent = Agent(team_of_two, team_of_two.four, name, f"else-{name}")  # type: ignore[attr-defined]
        inputs = {"command": "rm -rf .git", key: str(there)}
        said = reason(output(agent.call("PreToolUse", tool_name="Bash", tool_input=inputs)))
        assert str(there / ".git") in said, name
        inputs = {"command": "rm -rf docs", key: str(there)}
        assert output(agent.call("PreToolUse", tool_name="Bash", tool_input=inputs)) == {}


def test_what_cursor_asks_before_a_command_alone(team_of_two: Clone) -> None:
    """`beforeShellExecution` has the command itself, and no tool (cursor.com/docs/agent/hooks)."""
    cursor = Agent(team_of_two, team_of_two.four, "cursor")  # type: ignore[attr-defined]
    first = {"conversation_id": cursor.session, "generation_id": "g1", "hook_event_name": "beforeShellExecution"}
    for line, refused in (("git status", False), ("git commit --no-verify -m x", True), ("rm -rf .", True)):
        payload = {**first, "command": line, "cwd": str(cursor.at), "cursor_version": "2.4.1"}
        found = output(cursor.call("beforeShellExecution", raw=json.dumps(payload)))
        assert bool(found) == refused, line


def test_what_copilot_gives_its_tools_may_be_text(team_of_two: Clone) -> None:
    """`toolArgs` was a JSON string (docs.github.com, hooks configuration), and a patch is one that is no JSON."""
    copilot = Agent(team_of_two, team_of_two.four, "copilot")  # type: ignore[attr-defined]
    other(copilot, team_of_two.three)  # type: ignore[attr-defined]
    there = team_of_two.three / "README.md"  # type: ignore[attr-defined]
    for tool, inputs, refused in (
        ("bash", json.dumps({"command": "ls\nrm -rf ."}), True),
        ("bash", json.dumps({"command": "ls"}), False),
        ("edit", json.dumps({"path": str(there), "old_str": "a", "new_str": "b"}), True),
        ("edit", json.dumps({"path": str(copilot.at / "README.md"), "old_str": "a"}), False),
        ("view", json.dumps({"path": str(there)}), False),
        ("apply_patch", f"*** Begin Patch\n*** Update File: {there}\n@@\n-a\n+b\n*** End Patch", True),
        ("apply_patch", "*** Begin Patch\n*** Update File: README.md\n@@\n-a\n+b\n*** End Patch", False),
    ):
        found = output(copilot.call("PreToolUse", tool_name=tool, tool_input=inputs))
        assert bool(found) == refused, (tool, inputs)


def test_reading_another_worktree_is_no_edit(each: Agent) -> None:
    there = each.repo.three  # type: ignore[attr-defined]
    other(each, there)
    for tool in ("Read", "Grep"):
        assert output(each.call("PreToolUse", tool_name=tool, tool_input={"file_path": f"{there}/rm -rf"})) == {}


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
    for event in (one.name for moment in (START, BEFORE, AFTER) for one in AGENTS[name].at(moment)):
        for text in PAYLOADS:
            agent.call(event, raw=text)
    assert not (team_of_two.path / ".git" / "holdfast" / "reports").exists(), "nothing of this is a bug"


def test_a_huge_payload_is_let_pass_in_time(each: Agent) -> None:
    big = "x" * 12_000_000
    begin = time.monotonic()
    each.call("PreToolUse", tool_name="Bash", tool_input={"command": "rm -rf .git; echo " + big})
    each.call("PostToolUse", tool_name="Bash", tool_response=big)
    assert time.monotonic() - begin < 10


def test_payloads_over_many_lines_are_read_too(each: Agent) -> None:
    payload = each.payload("PreToolUse", tool_name="Bash", tool_input={"command": "rm -rf ."})
    reason(output(each.call("PreToolUse", raw=json.dumps(payload, indent=2))))
    os.utime(each.beat, (1, 1))
    each.call("PostToolUse", raw=json.dumps(each.payload("PostToolUse"), indent=2))
    assert each.beat.stat().st_mtime > 1


@pytest.mark.parametrize("shell", SHELLS)
def test_every_shell_that_an_agent_may_start(agent: Agent, shell: str) -> None:
    agent.shell = shell
    agent.call("Stop")
    assert agent.beat.read_text().startswith("waiting\n")
    reason(agent.run("git commit --no-verify -m x"))
    assert agent.run("ls") == {}


def test_where_holdfast_is_gone_agents_go_on(each: Agent) -> None:
    hook = each.repo.path / ".git" / MARK
    text = hook.read_text()
    for spoiled in (
        text.replace("entry='", "entry='/gone"),
        text.replace("python='", "python='/gone"),
        "if then ((",
        "exit 2",
        "",
    ):
        hook.write_text(spoiled)
        assert each.run("rm -rf .git") == {}
        assert each.call("SessionStart").out == ""
    hook.write_text(text)
    python, entry = (each.repo.path / name for name in ("python", "entry"))
    python.write_text("#!/bin/sh\necho broken; exit 2\n")
    entry.write_text("")
    hook.unlink()
    assert each.run("rm -rf .git") == {}


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


def test_the_folder_may_be_gone(each: Agent) -> None:
    gone = each.at / "gone"
    gone.mkdir()
    text = command(AGENTS[each.name], each.event("PreToolUse"))
    payload = json.dumps(
        each.payload("PreToolUse", tool_name="Bash", tool_input={"command": "rm -rf ."}, cwd=str(gone))
    )
    ran = each.repo.run("sh", "-c", f"rmdir {gone}; {text}", input=payload, cwd=gone)
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
    from holdfast.usecases.setup import hook_files
    from holdfast.usecases.setup.lasting import Runtime, package

    template = (Path(package()) / "templates" / "agent-hook").read_text()
    text = (hook_files.rendered(template, Runtime("", ""), "").content or b"").decode()
    options, _, rest = text.partition("LC_ALL=C awk ")[2].partition(" '\nfunction")
    program = "\nfunction" + rest.partition("\n}')")[0] + "\n}"
    payload = json.dumps({"session_id": "a", "cwd": "/x", "tool_name": "Bash", "tool_input": {"command": line}})
    done = subprocess.run(
        ["awk", *shlex.split(options.replace("$moment", "before")), program],
        input=payload,
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "LC_ALL": "C"},
    )
    return done.stdout.startswith("whole\n")
