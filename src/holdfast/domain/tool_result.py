"""What a command that a tool has run says, as the result of the call."""

from __future__ import annotations

import json

from holdfast.domain.tools import LEFT_OUT, LIMIT, ROWS
from holdfast.domain.value import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from holdfast.domain.tools import Tool

_RESULTS = frozenset({0, 1, 4, 5})
"""The exit codes that are an answer; all others (a wrong call, a bug, an interruption) are an error of the call."""

_REFUSED, _USAGE, _BUG, _UNREACHABLE = 1, 2, 3, 5
_LINES = {"refused: ": "what", "   why:  ": "why", "   next: ": "next"}
"""How the three lines of an error begin (`entrypoints/render.error`)."""


class Result(NamedTuple):
    """The result of a call: the document with the exit code in it, and whether the call as such has failed."""

    document: Mapping[str, Any]
    failed: bool


def of(tool: Tool, given: Mapping[str, Any], code: int, out: str, err: str) -> Result:
    """The result of a call from how its command ended: exit code, standard output, standard error."""
    document = _document(out)
    if code not in _RESULTS or document is None:
        what = {_USAGE: "correct the arguments", _BUG: "report it"}.get(code, "call it again")
        return Result(_told(err, code, what), code not in _RESULTS or code == 0)
    return Result({**_cut(tool, given, document), "exit": code}, False)


def refused(why: str, remedy: str) -> Result:
    """A refusal before any command was started."""
    return Result(error(why, remedy, _REFUSED), False)


def unstarted(why: str) -> Result:
    """No command could be started here, which is nobody's fault; nothing was changed."""
    told = error(f"no command could be started: {why}", "start the server again (`holdfast-mcp`)", _UNREACHABLE)
    return Result(told, False)


def wrong(why: str) -> Result:
    """A call whose arguments are not what the tool takes."""
    return Result(error(why, "correct the arguments: tools/list has their schema", _USAGE), True)


def bug(why: str, remedy: str) -> Result:
    """Something in the server itself went wrong."""
    return Result(error(f"a bug in Holdfast: {why}", remedy, _BUG), True)


def error(message: str, remedy: str, code: int) -> dict[str, Any]:
    """The document of a refusal that has none of its own, as the command line prints it."""
    return {"schema": "holdfast.error/1", "message": message, "remedy": remedy, "exit": code}


def _document(out: str) -> dict[str, Any] | None:
    try:
        found = json.loads(out)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _cut(tool: Tool, given: Mapping[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    """The document with no more rows than were asked for, and how many were left out."""
    if not tool.rows or tool.rows not in document:
        return document
    rows, most = document[tool.rows], int(given.get(LIMIT) or ROWS)
    return {**document, tool.rows: rows[:most], LEFT_OUT: max(len(rows) - most, 0)}


def _told(err: str, code: int, otherwise: str) -> dict[str, Any]:
    """The last three lines of an error, as a document; whatever was said where there are none."""
    found = {
        name: line[len(lead) :] for line in err.splitlines() for lead, name in _LINES.items() if line.startswith(lead)
    }
    if len(found) == len(_LINES):
        return error(f"{found['what']}: {found['why']}", found["next"], code)
    return error(err.strip()[-2000:] or f"the command ended with {code} and said nothing", otherwise, code)
