"""One call that an agent tells its hook of: a payload of any shape in, what is about to be run or edited out.

The payloads of Claude Code (code.claude.com/docs/en/hooks) and of Codex CLI (developers.openai.com/codex/hooks, and
codex-rs/hooks/src/schema.rs) have the same fields. Codex gives a patch as `tool_input.command` of `apply_patch`.
"""

from __future__ import annotations

import re

from holdfast.domain.session import is_id
from holdfast.domain.value import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from typing import Any

_PATCHED = re.compile(r"^\*\*\* (?:(?:Add|Update|Delete) File|Move to): *(.+?) *$", re.M)
_PATCH = "*** Begin Patch"
_COMMANDS = ("command", "cmd", "script")
_EDITED = ("file_path", "notebook_path")
_TEXTS = ("content", "new_string", "new_source")
_READERS = frozenset(("Read", "Glob", "Grep", "LS", "NotebookRead", "WebFetch", "WebSearch"))


class Call(NamedTuple):
    """What an agent is about to do: run command lines (text, or words), edit files, write texts into them.

    `session` is None and `cwd` empty where the payload does not tell.
    """

    session: str | None = None
    cwd: str = ""
    lines: tuple[str | tuple[str, ...], ...] = ()
    edits: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()


def read(payload: Any) -> Call | None:
    """The call that a parsed payload tells of; None for what is no payload."""
    if not isinstance(payload, dict):
        return None
    session, cwd, tool = (payload.get(key) for key in ("session_id", "cwd", "tool_name"))
    given = payload.get("tool_input")
    inputs = given if isinstance(given, dict) else {"command": given}
    lines: list[str | tuple[str, ...]] = []
    edits: list[str] = []
    for key in _COMMANDS:
        value = inputs.get(key)
        if isinstance(value, list) and value and all(isinstance(word, str) for word in value):
            lines.append(tuple(value))
        elif isinstance(value, str) and (tool == "apply_patch" or _PATCH in value):
            edits += _PATCHED.findall(value)
        if isinstance(value, str) and tool != "apply_patch":
            lines.append(value)
    if tool not in _READERS:
        edits += [value for key in _EDITED if isinstance(value := inputs.get(key), str)]
    return Call(
        session if isinstance(session, str) and is_id(session) else None,
        cwd if isinstance(cwd, str) and cwd.startswith("/") and "\0" not in cwd else "",
        tuple(lines),
        tuple(dict.fromkeys(path for path in edits if path and "\0" not in path)),
        tuple(_texts(inputs)),
    )


def _texts(inputs: dict[str, Any]) -> list[str]:
    """What would be written into the edited file."""
    parts = inputs.get("edits")
    every = [inputs, *(part for part in parts if isinstance(part, dict))] if isinstance(parts, list) else [inputs]
    return [part[key] for part in every for key in _TEXTS if isinstance(part.get(key), str)]
