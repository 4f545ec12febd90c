"""What each agent's payload says: who calls, what would be run and where, which files would be edited."""

from __future__ import annotations

import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.domain.agent_call import Call, read
from holdfast.domain.agents import AGENTS, CLAUDE, COPILOT, CURSOR, Agent, marks, names, speaker, tools

PATCH = "*** Begin Patch\n*** Update File: a/b.py\n@@\n-a\n+b\n*** Move to: c.py\n*** End Patch"
CALLS: list[tuple[str, dict[str, Any], Call]] = [
    ("gemini", {"session_id": "s", "cwd": "/r", "tool_name": "run_shell_command",
                "tool_input": {"command": "ls", "dir_path": "a"}},
     Call("s", "/r", ("ls",), folder="/r/a")),
    ("gemini", {"session_id": "s", "cwd": "/r", "tool_name": "replace", "tool_input": {"file_path": "a", "new_string": "x"}},
     Call("s", "/r", (), ("a",), ("x",), "/r")),
    ("gemini", {"session_id": "s", "cwd": "/r", "tool_name": "read_file", "tool_input": {"file_path": "a"}},
     Call("s", "/r", folder="/r")),
    ("cursor", {"conversation_id": "s", "tool_name": "Shell", "tool_input": {"command": "ls", "working_directory": "/x"}},
     Call("s", "", ("ls",), folder="/x")),
    ("cursor", {"conversation_id": "s", "tool_name": "MCP:files", "tool_input": '{"path": "/x", "command": "rm x"}', "cwd": "/r"},
     Call("s", "/r", ("rm x",), folder="/r")),
    ("cursor", {"conversation_id": "s", "tool_name": "Delete", "tool_input": {"path": "a"}, "cwd": "/r"},
     Call("s", "/r", (), ("a",), folder="/r")),
    ("cursor", {"conversation_id": "s", "command": "ls", "cwd": "/r"}, Call("s", "/r", ("ls",), folder="/r")),
    ("copilot", {"sessionId": "s", "cwd": "/r", "toolName": "create", "toolArgs": {"path": "/a", "file_text": "x"}},
     Call("s", "/r", (), ("/a",), ("x",), "/r")),
    ("copilot", {"sessionId": "s", "cwd": "/r", "toolName": "view", "toolArgs": {"path": "/a"}}, Call("s", "/r", folder="/r")),
    ("copilot", {"sessionId": "s", "cwd": "/r", "toolName": "apply_patch", "toolArgs": PATCH},
     Call("s", "/r", (), ("a/b.py", "c.py"), folder="/r")),
    ("copilot", {"sessionId": "s", "cwd": "/r", "toolName": "bash", "toolArgs": '{"command": '},
     Call("s", "/r", ('{"command": ',), folder="/r")),
    ("opencode", {"session_id": "s", "cwd": "/r", "tool_name": "write", "tool_input": {"filePath": "a", "content": "x"}},
     Call("s", "/r", (), ("a",), ("x",), "/r")),
    ("opencode", {"session_id": "s", "cwd": "/r", "tool_name": "patch", "tool_input": {"patchText": PATCH}},
     Call("s", "/r", (), ("a/b.py", "c.py"), folder="/r")),
    ("claude", {"session_id": "s", "cwd": "/r", "tool_name": "mcp__x__y", "tool_input": {"path": "/a", "file_path": "b"}},
     Call("s", "/r", (), ("b",), folder="/r")),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "payload", "call"), CALLS, ids=[f"{one[0]} {one[1].get('tool_name', '')}" for one in CALLS]
)
def test_each_agents_own_words(name: str, payload: dict[str, Any], call: Call) -> None:
    assert read(payload, AGENTS[name]) == call


def test_who_runs_the_hooks_of_claudes_settings() -> None:
    claude = {"session_id": "s", "transcript_path": "/x", "cwd": "/r", "hook_event_name": "PreToolUse"}
    assert speaker(CLAUDE, claude) is CLAUDE
    assert speaker(CLAUDE, {**claude, "timestamp": "2027-01-01T00:00:00Z"}) is CLAUDE, "should it ever tell the time"
    assert (
        speaker(CLAUDE, {"hook_event_name": "PreToolUse", "session_id": "s", "timestamp": "x", "cwd": "/r"}) is COPILOT
    )
    assert speaker(CLAUDE, {"conversation_id": "s", "cursor_version": "2.4", "transcript_path": None}) is CURSOR
    for agent in AGENTS.values():
        assert agent is CLAUDE or speaker(agent, {"conversation_id": "s", "sessionId": "s"}) is agent


def test_names_are_words_that_a_shell_and_a_line_of_words_can_hold() -> None:
    moments = ("start", "prompt", "before", "after", "waits", "end")
    known = [*marks(), *tools("editors"), *tools("readers"), *(name for moment in moments for name in names(moment))]
    assert all(name and not set(name) - set(string.ascii_letters + "._") for name in known)
    assert not set(tools("editors")) & set(tools("readers"))
    for one in moments:
        for other in moments:
            assert one == other or not set(names(one)) & set(names(other)), "an event is one thing, whoever has it"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(
        ["session_id", "sessionId", "conversation_id", "cwd", "tool_name", "toolName", "tool_input", "toolArgs", "command",
         "path", "file_path", "edits", "workdir", "patchText"]), inner, max_size=6),
    max_leaves=12,
)  # fmt: skip


@given(JSON, st.sampled_from(list(AGENTS.values())))
def test_any_payload_is_read(payload: Any, agent: Agent) -> None:
    call = read(payload, agent)
    assert (call is None) == (not isinstance(payload, dict))
    if call is not None:
        assert all("\0" not in path for path in call.edits)
        assert call.folder == "" or call.folder.startswith("/")
