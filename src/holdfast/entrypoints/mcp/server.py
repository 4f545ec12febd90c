"""The server: the tools of `domain/tools` in the words of the official SDK.

The SDK's low-level server is used and not its `MCPServer`, which derives the schemas of a tool from a function: ours are
there before it, shipped with the command line, and what does not fit them must be refused and not left out.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

import anyio
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp.shared.exceptions import MCPError
from mcp_types import (
    INVALID_PARAMS,
    CallToolRequestParams,
    CallToolResult,
    ListToolsResult,
    PaginatedRequestParams,
    TextContent,
    ToolAnnotations,
)
from mcp_types import Tool as Described

from holdfast import __version__
from holdfast.domain import tool_result
from holdfast.domain.tools import BY_NAME, ERROR, TOOLS, Tool
from holdfast.entrypoints import face, render
from holdfast.entrypoints.mcp import words
from holdfast.usecases import tool_call

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from mcp.server.context import ServerRequestContext

    from holdfast.domain.tool_result import Result

INSTRUCTIONS = """\
Holdfast keeps the process around parallel work in one git repository: plans, claims, worktrees, one atomic finish.
Each call names the worktree that it is about, by its absolute path. The way to work: `status`, `ready_plans`, `plan_text`,
`start`; work and commit in the worktree that `start` names; `finish_dry_run`, then `finish` from there.
A refusal is a result with `exit` 1, 4 (somebody was faster: take another plan) or 5 (the remote is away). Each of its
blockers says in `remedy` what to do next, and in `who` whether you do it (you), do other work meanwhile (wait), or ask a
person (human). Remedies are commands of `holdfast`: run them with `-C WORKTREE`, or call the tool of that name."""


_SHORT = 300
"""Characters that the words about a wrong argument may have."""


def serve(environment: Mapping[str, str]) -> int:
    """Serve one client until it closes standard input or ends this process; gives the exit code."""
    # Whatever the SDK would log is a client's malformed message, or is reported by `_called`.
    logging.getLogger("mcp").addHandler(logging.NullHandler())
    logging.getLogger("mcp").propagate = False
    failed: list[Exception] = []
    try:
        anyio.run(_serve)
    except* OSError:
        pass  # the client has gone, and reads no more
    except* Exception as group:
        failed.append(group)
    return _bug(environment, failed[0]) if failed else face.DONE


def _bug(environment: Mapping[str, str], error: Exception) -> int:
    from holdfast.usecases import bug_report

    where = bug_report.write(environment, "`holdfast-mcp`", error)
    said = render.error("`holdfast-mcp`", f"a bug in Holdfast: {error}", f"report it with {where}")
    sys.stderr.write(said + "\n")
    return face.BUG


async def _serve() -> None:
    server: Server[Any] = Server(
        "holdfast",
        version=__version__,
        title="Holdfast",
        instructions=INSTRUCTIONS,
        on_list_tools=_listed,
        on_call_tool=_called,
    )
    async with anyio.create_task_group() as group:
        group.start_soon(_ended_by_signal, group.cancel_scope)
        async with stdio_server() as (given, told):
            await server.run(given, told, server.create_initialization_options())
        group.cancel_scope.cancel()


async def _ended_by_signal(everything: anyio.CancelScope) -> None:
    """End all calls when this process is told to end, and then this process.

    It leaves at once: what waits for standard input cannot be told to stop. Ctrl-C is among the signals although agents do
    not press it: a shell that starts this in the background lets it ignore that, commands would inherit it, and could not
    be interrupted.
    """
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGHUP, signal.SIGINT) as signals:
        async for number in signals:
            everything.cancel()
            with anyio.CancelScope(shield=True):
                await tool_call.none_left()
            os._exit(128 + number)


async def _listed(_: ServerRequestContext[Any], __: PaginatedRequestParams | None) -> ListToolsResult:
    return ListToolsResult(tools=[_described(one) for one in TOOLS])


def _described(tool: Tool) -> Described:
    hints = ToolAnnotations(
        title=tool.title,
        read_only_hint=tool.reads,
        destructive_hint=tool.ends,
        idempotent_hint=tool.repeats,
        open_world_hint=tool.outside,
    )
    return Described(
        name=tool.name,
        title=tool.title,
        description=tool.description,
        input_schema=tool.takes(),
        output_schema=tool.gives(_schema(tool.document), _schema(ERROR)),
        annotations=hints,
    )


@cache
def _schema(name: str) -> dict[str, Any]:
    """The shipped JSON Schema of a document."""
    found: dict[str, Any] = json.loads((resources.files("holdfast") / "schemas" / f"{name}.json").read_text("utf-8"))
    return found


@cache
def _checker(tool: str) -> Draft202012Validator:
    return Draft202012Validator(BY_NAME[tool].takes())


async def _called(context: ServerRequestContext[Any], asked: CallToolRequestParams) -> CallToolResult:
    tool = BY_NAME.get(asked.name)
    if tool is None:
        raise MCPError(code=INVALID_PARAMS, message=f"there is no such tool: {asked.name}")
    # What is null is left out: some models fill in every argument.
    given = {name: value for name, value in (asked.arguments or {}).items() if value is not None}

    async def told(seconds: float, line: str) -> None:
        await context.session.report_progress(seconds, None, words.line(line) or None)

    try:
        result = await _result(tool, given, told)
        text = words.of(tool, result)
    except Exception as error:
        from holdfast.usecases import bug_report

        where = bug_report.write(os.environ, f"the tool {tool.name}", error)
        result = tool_result.bug(f"{type(error).__name__}: {error}", f"report it with {where}")
        text = words.of(tool, result)
    document = dict(result.document)
    return CallToolResult(content=[TextContent(text=text)], structured_content=document, is_error=result.failed)


async def _result(tool: Tool, given: dict[str, Any], told: Any) -> Result:
    wrong = best_match(_checker(tool.name).iter_errors(given))
    if wrong is not None:
        where = words.line(".".join(str(part) for part in wrong.absolute_path))
        # Its words repeat the value, which may be megabytes.
        why = wrong.message if len(wrong.message) <= _SHORT else f"its {wrong.validator} is {wrong.validator_value}"
        return tool_result.wrong(f"{where}: {words.line(why)}" if where else words.line(why))
    return await tool_call.run(tool, given, os.environ, told)
