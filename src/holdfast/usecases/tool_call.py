"""A call of a tool: a command of the command line in a process of its own, which ends with the call.

A process of its own and not a function of this one: what it prints is what the command line prints, nothing that was
read once can be old in a server that lives for days, calls run side by side, and one that is cancelled ends like any
command that is interrupted, with everything that it started.
"""

from __future__ import annotations

import os
import sys
import time

import anyio

from holdfast.adapters.calls import Call
from holdfast.domain import tool_result
from holdfast.domain.tools import WORKTREE
from holdfast.domain.value import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from typing import Any

    from holdfast.domain.tool_result import Result
    from holdfast.domain.tools import Tool

_GRACE = 1.5
"""Seconds that an interrupted command has to end: clients wait for a server 2 s after they closed its input (the
SDK's `mcp.client.stdio.PROCESS_TERMINATION_TIMEOUT`), and then end it, whatever it does."""

_FIRST, _LONGEST, _GROWS = 0.004, 0.05, 1.2
"""Seconds between two looks whether a command has ended: few at first, because most take a tenth of a second."""

_NEWS = 1.0
_SILENCE = 10.0
"""Seconds between two reports of progress: when there is something to say, and when there is not."""

_NAME_ONE = "name the absolute path of a worktree; `git worktree list` shows them"

_running: set[Call] = set()


async def run(
    tool: Tool,
    given: Mapping[str, Any],
    environment: Mapping[str, str],
    told: Callable[[float, str], Awaitable[None]],
) -> Result:
    """The result of a call whose arguments fit the tool; `told` gets the seconds so far and what the command says.

    Cancelled, the command has ended when this returns.
    """
    worktree = given[WORKTREE]
    why = _no_place(worktree)
    if why:
        return tool_result.refused(why, _NAME_ONE)
    odd = [name for name, one in given.items() if isinstance(one, str) and not _sayable(one)]
    if odd:
        return tool_result.wrong(f"{odd[0]}: no command line can hold this text")
    try:
        call = Call(_command(tool, given), environment)
    except OSError as error:  # no process, no memory, or this Python is not there any more
        return tool_result.unstarted(str(error))
    _running.add(call)
    try:
        code = await _ended(call, told)
        gone = _no_place(worktree) if code == 1 else ""
        return tool_result.refused(gone, _NAME_ONE) if gone else tool_result.of(tool, given, code, *call.said())
    finally:
        if call.code() is None:
            with anyio.CancelScope(shield=True):
                await _end(call)
        _running.discard(call)
        call.close()


async def none_left() -> None:
    """Wait until no command runs any more, after all calls were cancelled."""
    while _running:
        await anyio.sleep(_FIRST)


def _no_place(worktree: str) -> str:
    """Why this is no folder to work in; empty where it is one."""
    if not os.path.isabs(worktree):
        return f"{worktree} is a relative path, and the server stands in no worktree"
    if not _sayable(worktree) or not os.path.lexists(worktree):
        return f"{worktree} does not exist"
    return "" if os.path.isdir(worktree) else f"{worktree} is no folder"


def _sayable(text: str) -> bool:
    """Whether a command line can hold a text.

    Not `--`, which argparse takes out of a value, too, before Python 3.11.9 (python/cpython#109475).
    """
    try:
        return b"\0" not in os.fsencode(text) and text != "--"
    except UnicodeEncodeError:  # a character that file names of this system cannot have
        return False


def _command(tool: Tool, given: Mapping[str, Any]) -> list[str]:
    """The command line: `--dry-run` where nothing may change, so that a look does not even clean up after others."""
    quiet = ["--dry-run"] if tool.reads else []
    # -P: the folder that this stands in, `/`, is no place to import from
    lead = [sys.executable, "-P", "-m", "holdfast", "-C", given[WORKTREE], "--json", "--yes", *quiet]
    return [*lead, *tool.words(given)]


async def _ended(call: Call, told: Callable[[float, str], Awaitable[None]]) -> int:
    began = time.monotonic()
    pause, news = _FIRST, began
    while (code := call.code()) is None:
        await anyio.sleep(pause)
        pause = min(pause * _GROWS, _LONGEST)
        now = time.monotonic()
        if now - news < _NEWS:
            continue
        line = call.last_line()
        if line or now - news >= _SILENCE:
            news = now
            await told(now - began, line)
    return code


async def _end(call: Call) -> None:
    """End a command that nobody waits for any more, and whatever it started."""
    call.interrupt()
    until = time.monotonic() + _GRACE
    while call.code() is None and time.monotonic() < until:
        await anyio.sleep(_FIRST)
    call.kill()
