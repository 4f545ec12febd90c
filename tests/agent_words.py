"""How each coding agent calls its hooks, and what its answers mean: written down from the programs themselves, not from ours.

Claude Code, Gemini CLI and Copilot CLI: what they sent to hooks that wrote it down (`make agents-real` has them do it again);
Codex: codex-rs/hooks/src/schema.rs; Cursor: cursor.com/docs/agent/hooks; OpenCode: what its plugin of ours sends, which
`tests/test_agent_shim.py` runs.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

EVENTS = {
    "gemini": {
        "UserPromptSubmit": "BeforeAgent", "PreToolUse": "BeforeTool", "PostToolUse": "AfterTool", "Stop": "AfterAgent",
    },
    "cursor": {
        "SessionStart": "sessionStart", "UserPromptSubmit": "beforeSubmitPrompt", "PreToolUse": "preToolUse",
        "PostToolUse": "postToolUse", "Stop": "stop", "Notification": "stop", "SessionEnd": "sessionEnd",
    },
    "copilot": {
        "SessionStart": "sessionStart", "UserPromptSubmit": "userPromptSubmitted", "PreToolUse": "preToolUse",
        "PostToolUse": "postToolUse", "Stop": "agentStop", "Notification": "notification", "SessionEnd": "sessionEnd",
    },
    "opencode": {
        "SessionStart": "session.created", "UserPromptSubmit": "chat.message", "PreToolUse": "tool.execute.before",
        "PostToolUse": "tool.execute.after", "Stop": "session.idle", "Notification": "permission.asked",
        "SessionEnd": "session.deleted",
    },
    "codex": {"Notification": "PermissionRequest"},
}  # fmt: skip
"""What an agent calls the events of Claude Code, where it is another name."""

TOOLS = {
    "gemini": {"Bash": "run_shell_command", "Read": "read_file", "Grep": "grep_search", "Edit": "replace", "Write": "write_file"},
    "cursor": {"Bash": "Shell", "Edit": "StrReplace"},
    "copilot": {"Bash": "bash", "Read": "view", "Grep": "grep", "Edit": "edit", "Write": "create"},
    "opencode": {"Bash": "bash", "Read": "read", "Grep": "grep", "Edit": "edit", "Write": "write"},
}  # fmt: skip
INPUTS = {
    "copilot": {"file_path": "path", "old_string": "old_str", "new_string": "new_str", "content": "file_text"},
    "opencode": {"file_path": "filePath", "old_string": "oldString", "new_string": "newString"},
}


def event(name: str, of_claude: str) -> str:
    """An agent's own name of an event."""
    return EVENTS.get(name, {}).get(of_claude, of_claude)


def tool(name: str, of_claude: str | None) -> str | None:
    """An agent's own name of a tool."""
    return TOOLS.get(name, {}).get(of_claude or "", of_claude)


def inputs(name: str, given: Any) -> Any:
    """What a tool gets, in an agent's own words."""
    return (
        {INPUTS.get(name, {}).get(key, key): value for key, value in given.items()}
        if isinstance(given, dict)
        else given
    )


def payload(name: str, of_claude: str, session: Any, at: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """A whole payload, its fields in the agent's own order; `fields` are in Claude Code's words."""
    more = {key: value for key, value in fields.items() if key not in ("session_id", "cwd", "tool_name", "tool_input")}
    own = event(name, of_claude)
    session, at = fields.get("session_id", session), fields.get("cwd", at)
    calls: dict[str, Any] = {}
    if "tool_name" in fields or "tool_input" in fields:
        calls = {"tool_name": tool(name, fields.get("tool_name")), "tool_input": inputs(name, fields.get("tool_input"))}
        calls = {key: value for key, value in calls.items() if value is not None}
    return _PAYLOADS[name](own, session, at, calls, more)


def _claude(event: str, session: Any, at: str, calls: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    first = {"session_id": session, "transcript_path": "/home/a/.claude/projects/-x--worktrees-y/1.jsonl", "cwd": at}
    return {**first, "permission_mode": "default", "hook_event_name": event, **calls, **more}


def _codex(event: str, session: Any, at: str, calls: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    first = {"session_id": session, "turn_id": "t1", "transcript_path": None, "cwd": at, "hook_event_name": event}
    return {**first, "model": "gpt-5", "permission_mode": "default", **calls, **more}


def _gemini(event: str, session: Any, at: str, calls: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    first = {"session_id": session, "transcript_path": "/home/a/.gemini/tmp/x/chats/session-1.jsonl", "cwd": at}
    return {**first, "hook_event_name": event, "timestamp": "2026-11-24T03:42:01.690Z", **calls, **more}


def _cursor(event: str, session: Any, at: str, calls: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    first = {"conversation_id": session, "generation_id": "g1", "model": "default"}
    if event == "sessionStart":
        first |= {"session_id": session, "is_background_agent": False, "composer_mode": "agent"}
    where = {"cwd": at} if calls else {}
    last = {"hook_event_name": event, "cursor_version": "2.4.1", "workspace_roots": [at], "user_email": None}
    return {**first, **calls, **where, **more, **last}


def _copilot(event: str, session: Any, at: str, calls: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    own = {{"tool_name": "toolName", "tool_input": "toolArgs"}[key]: value for key, value in calls.items()}
    return {"sessionId": session, "timestamp": 1795491514766, "cwd": at, **own, **more}


def copilot_as_claude(event: str, session: Any, at: str, calls: dict[str, Any]) -> dict[str, Any]:
    """What Copilot CLI sends to the hooks of Claude's settings: Claude's tools, its own inputs."""
    return {
        "hook_event_name": event,
        "session_id": session,
        "timestamp": "2026-11-24T03:38:34.766Z",
        "cwd": at,
        **calls,
    }


def _opencode(event: str, session: Any, at: str, calls: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    return {"session_id": session, "cwd": at, **calls, **more, "hook_event_name": event}


_PAYLOADS = {
    "claude": _claude, "codex": _codex, "gemini": _gemini, "cursor": _cursor, "copilot": _copilot, "opencode": _opencode,
}  # fmt: skip


def understood(name: str, text: str) -> dict[str, Any]:
    """What an agent makes of an answer, in Claude Code's words; what it does not know is an error of ours."""
    if not text:
        return {}
    found = json.loads(text)
    if name in ("claude", "codex"):
        return {
            **found.get("hookSpecificOutput", {}),
            **{key: found[key] for key in found if key != "hookSpecificOutput"},
        }
    return _UNDERSTOOD[name](found)


def _by_gemini(found: dict[str, Any]) -> dict[str, Any]:
    assert found.keys() <= {"decision", "reason", "systemMessage", "hookSpecificOutput"}, found
    if found.get("decision") == "deny":
        return _denied(found["reason"])
    said = found.get("hookSpecificOutput", {}).get("additionalContext") or found.get("systemMessage")
    return {"additionalContext": said}


def _by_cursor(found: dict[str, Any]) -> dict[str, Any]:
    assert found.keys() <= {"permission", "user_message", "agent_message", "additional_context"}, found
    assert found.get("permission") != "allow", "it would let pass what its user is asked about"
    if found.get("permission") == "deny":
        assert found["user_message"] == found["agent_message"]
        return _denied(found["agent_message"])
    return {"additionalContext": found.get("additional_context") or found.get("agent_message")}


def _by_copilot(found: dict[str, Any]) -> dict[str, Any]:
    assert found.keys() <= {"permissionDecision", "permissionDecisionReason", "additionalContext"}, found
    if found.get("permissionDecision") == "deny":
        return _denied(found["permissionDecisionReason"])
    return found


def _by_opencode(found: dict[str, Any]) -> dict[str, Any]:
    return _denied(found["reason"]) if found.get("permission") == "deny" else {"additionalContext": found["context"]}


def _denied(reason: str) -> dict[str, Any]:
    return {"hookEventName": "PreToolUse", "permissionDecision": "deny", "permissionDecisionReason": reason}


_UNDERSTOOD = {"gemini": _by_gemini, "cursor": _by_cursor, "copilot": _by_copilot, "opencode": _by_opencode}
