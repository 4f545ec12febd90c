"""One call that an agent tells its hook of: a payload of any shape in, what is about to be run or edited out.

Which fields an agent fills is in its record (`agents`). Where one runs the hooks of another, its payload may hold the words
of both; so where an agent's own field is missing, every known one is looked for.
"""

from __future__ import annotations

import re

from holdfast.domain.agents import AGENTS, CLAUDE, PATCHES, Agent
from holdfast.domain.session import is_id
from holdfast.domain.value import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

_PATCHED = re.compile(r"^\*\*\* (?:(?:Add|Update|Delete) File|Move to): *(.+?) *$", re.M)
_PATCH = "*** Begin Patch"
_COMMANDS = ("command", "cmd", "script", "patchText", "patch")
_EDITED = ("file_path", "notebook_path")
_EDITED_BY_EDITORS = (*_EDITED, "path", "filePath", "target_file", "target_notebook")
_TEXTS = ("content", "contents", "new_string", "new_source", "newString", "new_str", "file_text")
_FOLDERS = ("workdir", "working_directory", "dir_path", "directory")
_KEYS = {
    field: tuple(dict.fromkeys(getattr(agent.reading, field) for agent in AGENTS.values()))
    for field in ("session", "tool", "inputs")
}


class Call(NamedTuple):
    """What an agent is about to do: run command lines (text, or words), edit files, write texts into them.

    `session` is None and `cwd` empty where the payload does not tell. `folder` is where its commands run.
    """

    session: str | None = None
    cwd: str = ""
    lines: tuple[str | tuple[str, ...], ...] = ()
    edits: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    folder: str = ""


def read(payload: Any, agent: Agent = CLAUDE) -> Call | None:
    """The call that a parsed payload tells of; None for what is no payload."""
    if not isinstance(payload, dict):
        return None
    session, tool = _field(payload, agent, "session"), _field(payload, agent, "tool")
    inputs = _inputs(payload, agent)
    cwd = _path(payload.get("cwd"))
    patches = isinstance(tool, str) and tool in PATCHES
    edits, lines = _edits(inputs, tool, agent), list[str | tuple[str, ...]]()
    for value in map(inputs.get, _COMMANDS):
        if isinstance(value, list) and value and all(isinstance(word, str) for word in value):
            lines.append(tuple(value))
        elif isinstance(value, str) and (patches or _PATCH in value):
            edits += _PATCHED.findall(value)
        if isinstance(value, str) and not patches:
            lines.append(value)
    return Call(
        session if isinstance(session, str) and is_id(session) else None,
        cwd,
        tuple(lines),
        tuple(dict.fromkeys(path for path in edits if path and "\0" not in path)),
        tuple(_texts(inputs)),
        _folder(inputs, cwd),
    )


def _field(payload: dict[str, Any], agent: Agent, field: str) -> Any:
    own = payload.get(getattr(agent.reading, field))
    return own if own is not None else next((payload[key] for key in _KEYS[field] if key in payload), None)


def _inputs(payload: dict[str, Any], agent: Agent) -> dict[str, Any]:
    """What a tool gets: an object, or JSON in a string, or the command alone; without a tool the payload itself."""
    given = _field(payload, agent, "inputs")
    if isinstance(given, str) and given.lstrip().startswith("{"):
        import json

        try:
            given = json.loads(given)
        except (ValueError, RecursionError):
            return {"command": given}
    if isinstance(given, dict):
        return given
    return {"command": payload.get("command") if given is None else given}


def _edits(inputs: dict[str, Any], tool: Any, agent: Agent) -> list[str]:
    name = tool if isinstance(tool, str) else ""
    # An agent that runs another's hooks may call its tools as either of them does.
    both = (agent.reading, CLAUDE.reading)
    keys = _EDITED_BY_EDITORS if any(name in one.editors for one in both) else _EDITED
    if any(name in one.readers for one in both):
        return []
    return [value for key in keys if isinstance(value := inputs.get(key), str)]


def _folder(inputs: dict[str, Any], cwd: str) -> str:
    """Where a command runs: where the agent stands, or the folder that the tool is given."""
    given = next((value for key in _FOLDERS if isinstance(value := inputs.get(key), str) and value), "")
    if given.startswith("/"):
        return _path(given) or cwd
    return f"{cwd}/{given}" if given and cwd and "\0" not in given else cwd


def _path(value: Any) -> str:
    return value if isinstance(value, str) and value.startswith("/") and "\0" not in value else ""


def _texts(inputs: dict[str, Any]) -> Iterator[str]:
    """What would be written into the edited file."""
    parts = inputs.get("edits")
    every = [inputs, *(part for part in parts if isinstance(part, dict))] if isinstance(parts, list) else [inputs]
    for part in every:
        yield from (part[key] for key in _TEXTS if isinstance(part.get(key), str))
