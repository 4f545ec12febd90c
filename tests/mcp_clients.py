"""Clients of the MCP server: the SDK's own, which talks to the real program over its standard input and output."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio
import jsonschema
from mcp import Client
from mcp.client.stdio import StdioServerParameters

from claiming import SCHEMAS
from conftest import Repo
from holdfast.domain.tools import BY_NAME, LEFT_OUT

PROGRAM = shutil.which("holdfast-mcp", path=str(Path(sys.executable).parent)) or "holdfast-mcp is not installed"

AUTO, HANDSHAKE = "auto", "legacy"
"""The two ways in which clients open a connection: since 2026-07-28, and before."""


class Agent:
    """Somebody who calls tools for one worktree; each result is held against the shipped schemas."""

    def __init__(self, client: Client, worktree: Path | str) -> None:
        self.client, self.worktree = client, str(worktree)

    def at(self, worktree: Path | str) -> Agent:
        return Agent(self.client, worktree)

    async def call(self, tool: str, **given: Any) -> dict[str, Any]:
        """A result that is no error of the call; `words` is its text."""
        found = await self.raw(tool, **given)
        assert not found["failed"], found
        return found

    async def raw(self, tool: str, **given: Any) -> dict[str, Any]:
        """The structured result, with `words` and `failed`; the client has held it against the tool's own schema."""
        done = await self.client.call_tool(tool, {"worktree": self.worktree, **given})
        document: dict[str, Any] = json.loads(json.dumps(done.structured_content))
        (content,) = done.content
        assert content.type == "text"
        words = content.text
        assert all(part.isprintable() for part in words.split("\n")), words
        sound(document)
        return {**document, "words": words, "failed": done.is_error}


def sound(document: dict[str, Any]) -> None:
    """A document as the command line prints it, with the exit code and what was left out beside it."""
    name = document["schema"].removeprefix("holdfast.").partition("/")[0]
    beside = () if name == "error" else ("exit", LEFT_OUT)
    bare = {key: value for key, value in document.items() if key not in beside}
    jsonschema.validate(bare, json.loads((SCHEMAS / f"{name}.json").read_text()))
    assert isinstance(document["exit"], int)


def server_of(repo: Repo, shell: str = "", **env: str) -> StdioServerParameters:
    """The server, started in the repository; by a line of the shell, where one is given."""
    command, *words = ["/bin/sh", "-c", shell, PROGRAM] if shell else [PROGRAM]
    return StdioServerParameters(command=command, args=words, cwd=repo.path, env={**repo.env, **env})


def talk(repo: Repo, story: Callable[[Agent], Awaitable[None]], mode: str = AUTO, **how: str) -> None:
    """Let a story happen between a client and a server that was started in the repository, and nowhere longer than that."""

    async def play() -> None:
        with anyio.fail_after(60):
            async with Client(server_of(repo, **how), mode=mode) as client:
                await story(Agent(client, repo.path))

    try:
        anyio.run(play)
    except BaseExceptionGroup as group:
        error: BaseException = group
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        raise error from None


def cli(tool: str, **given: Any) -> tuple[str, ...]:
    """The command line of a tool."""
    return BY_NAME[tool].words(given)
