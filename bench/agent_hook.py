"""What an agent waits for at each harmless call: the whole process, with the shell that it starts, beside a Python hook."""

from __future__ import annotations

import json
import os
import shlex
import sys

import report
from adopt import PYTHON, adopt
from holdfast.domain.agents import AGENTS
from plan_texts import plans
from repositories import Home, linked, make, run
from setting import Setting
from timing import Contender, Series, interleave

LIMIT = 4.0
"""Milliseconds that a harmless call may wait."""

LARGE = 64 * 1024
SESSION = "0b2d3c4e-bench"
_PROGRAM = """import json, sys
call = json.load(sys.stdin)
sys.exit(2 if "rm -rf" in str(call.get("tool_input", {}).get("command", "")) else 0)
"""
NO_OP, PYTHON_HOOK = "sh -c :", "a Python hook that parses the call"


def measure(setting: Setting) -> report.Outcome:
    """Calls of some hundred bytes and of 64 KB, in a worktree in which a session is known."""
    print("  setting up: a worktree with a session", flush=True)
    home = setting.home
    folder = make(home, "agent-hook", plans(50))
    adopt(home, folder, 50)
    run(home, folder, sys.executable, "-m", "holdfast", "agents", "install", *AGENTS)
    tree = linked(home, folder)
    outcome = report.Outcome()
    for title, size in (("An agent's harmless call", 0), ("An agent's harmless call of 64 KB", LARGE)):
        contenders = _contenders(home, tree, size)
        series = interleave(contenders, setting.runs)
        outcome.add(title, series, _table(title, series))
        for name, one in series.items():
            if name not in (NO_OP, PYTHON_HOOK):
                outcome.budgets.append(report.Budget(f"{title}: {name}", one.wall, LIMIT, "ms"))
    return outcome


def _contenders(home: Home, tree: str, size: int) -> list[Contender]:
    filler = ('part = form(word) # "quoted"\n' * (size // 29 + 1))[: max(size - 700, 0)]
    calls = {
        "claude PreToolUse Bash": ("claude", "PreToolUse", _call(tree, "Bash", command="git status -sb\n" + filler)),
        "claude PreToolUse Edit": (
            "claude", "PreToolUse", _call(tree, "Edit", file_path=f"{tree}/src/a.py", old_string="a", new_string=filler),
        ),
        "claude PostToolUse": ("claude", "PostToolUse", _call(tree, "Bash", command="make check", out=filler)),
        "codex PreToolUse Bash": ("codex", "PreToolUse", _call(tree, "Bash", command="git status -sb\n" + filler)),
        "gemini BeforeTool": (
            "gemini", "BeforeTool", _call(tree, "run_shell_command", command="git status -sb\n" + filler),
        ),
        "cursor preToolUse": ("cursor", "preToolUse", _of_cursor(tree, "git status -sb\n" + filler)),
        "copilot preToolUse": ("copilot", "preToolUse", _of_copilot(tree, "git status -sb\n" + filler)),
        "opencode tool.execute.before": (
            "opencode", "tool.execute.before", _call(tree, "bash", command="git status -sb\n" + filler),
        ),
    }  # fmt: skip
    found = [
        _contender(home, tree, name, _registered(tree, agent, event), text)
        for name, (agent, event, text) in calls.items()
    ]
    program = home.place("python-hook.py")
    with open(program, "w", encoding="utf-8") as file:
        file.write(_PROGRAM)
    python = shlex.join([PYTHON, program])
    text = calls["claude PreToolUse Bash"][2]
    begin = _contender(home, tree, "begin", _registered(tree, "claude", "PostToolUse"), calls["claude PostToolUse"][2])
    run(home, tree, *begin.command)  # the first call begins the session
    return [*found, _contender(home, tree, NO_OP, ":", text), _contender(home, tree, PYTHON_HOOK, python, text)]


def _call(tree: str, tool: str, out: str | None = None, **given: str) -> str:
    call = {"session_id": SESSION, "transcript_path": "/x/1.jsonl", "cwd": tree, "permission_mode": "default"}
    answer = {"tool_response": {"stdout": out}} if out is not None else {}
    return json.dumps({**call, "tool_name": tool, "tool_input": given, "tool_use_id": "1", **answer})


def _of_cursor(tree: str, line: str) -> str:
    call = {"conversation_id": SESSION, "generation_id": "1", "model": "default", "tool_name": "Shell"}
    last = {"cwd": tree, "hook_event_name": "preToolUse", "cursor_version": "2.4.1", "workspace_roots": [tree]}
    return json.dumps({**call, "tool_input": {"command": line}, "tool_use_id": "1", **last})


def _of_copilot(tree: str, line: str) -> str:
    call = {"sessionId": SESSION, "timestamp": 1795491514766, "cwd": tree, "toolName": "bash"}
    return json.dumps({**call, "toolArgs": {"command": line, "description": "Look"}})


def _registered(tree: str, name: str, event: str) -> str:
    """The command that the agent's own settings name for an event."""
    agent = AGENTS[name]
    with open(os.path.join(tree.removesuffix("-linked"), agent.path), encoding="utf-8") as file:
        text = file.read()
    if agent.form is None:
        return str(json.loads(text.partition("const commands = ")[2].partition("\nconst ")[0])[event])
    entry = json.loads(text)["hooks"][event][0]
    return str((entry["hooks"][0] if agent.form.nested else entry)[agent.form.key])


def _contender(home: Home, tree: str, name: str, command: str, text: str) -> Contender:
    """The command in a shell, as an agent starts it, with the call on standard input.

    The shell that stands around both only opens the file: it becomes the agent's.
    """
    call = home.place(f"call-{abs(hash((name, len(text)))):x}.json")
    with open(call, "w", encoding="utf-8") as file:
        file.write(text)
    beat = os.path.join(tree.removesuffix("-linked"), ".git", "holdfast", "sessions", f"{SESSION}.beat")

    def prepare(_: int) -> None:
        if os.path.exists(beat):
            os.utime(beat, (1, 1))

    def proof(printed: str) -> str | None:
        if printed:
            return f"it answered {printed[:80]!r}"
        ours = name not in (NO_OP, PYTHON_HOOK)
        return "it did not refresh the session" if ours and os.stat(beat).st_mtime < 2 else None

    return Contender(name, ("sh", "-c", command), tree, home.environment, prepare, proof, call)


def _table(title: str, series: dict[str, Series]) -> report.Table:
    base = series[NO_OP].wall
    rows = tuple(
        (
            name,
            report.milliseconds(one.wall),
            "..".join(report.milliseconds(edge) for edge in (one.spread or (None, None))),
            report.milliseconds(one.cpu),
            report.milliseconds(report.difference(one.wall, base)),
        )
        for name, one in series.items()
    )
    return report.Table(title, ("call", "wall ms", "quartiles", "CPU ms", "above sh"), rows, report.failures(series))
