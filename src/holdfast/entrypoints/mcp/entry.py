"""The program `holdfast-mcp`: what can be said without the SDK, and then the server."""

from __future__ import annotations

import os
import sys

from holdfast import __version__
from holdfast.domain.value import TYPE_CHECKING
from holdfast.entrypoints import face, render

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn

_HELP = f"""holdfast-mcp {__version__}: Holdfast's tools for coding agents, over the Model Context Protocol

usage: holdfast-mcp

It speaks on standard input and output, and is started by an agent:

    claude mcp add holdfast -- holdfast-mcp
    codex mcp add holdfast -- holdfast-mcp
    gemini mcp add holdfast holdfast-mcp

Each call names the worktree that it is about. It needs the extra: {{}}
"""

_INSTALL = "pip install '.[mcp]' in a clone of Holdfast (or: uv tool install '.[mcp]'; pipx install --force '.[mcp]')"


def entry() -> NoReturn:
    """The program `holdfast-mcp`."""
    try:
        code = main(sys.argv[1:])
    except KeyboardInterrupt:  # while the SDK was being imported
        code = face.INTERRUPTED
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # a thread of the SDK can still wait for standard input


def main(arguments: Sequence[str]) -> int:
    """Serve until standard input ends; gives the exit code of the public contract."""
    if arguments:
        return _said(arguments)
    # A server that stands in a worktree would be somebody who is in it.
    os.chdir("/")
    try:
        from holdfast.entrypoints.mcp import server
    except ImportError as error:
        if (error.name or "").startswith("holdfast"):
            raise
        why = f"the extra `mcp` is not installed, or another version of its SDK is ({error})"
        sys.stderr.write(render.error("`holdfast-mcp`", why, f"run {_INSTALL}") + "\n")
        return face.REFUSED
    return server.serve(os.environ)


def _said(arguments: Sequence[str]) -> int:
    if arguments[0] in ("-h", "--help"):
        sys.stdout.write(_HELP.format(_INSTALL))
        return face.DONE
    if arguments[0] == "--version":
        sys.stdout.write(f"holdfast-mcp {__version__}\n")
        return face.DONE
    what, why = f"`holdfast-mcp {arguments[0]}`", "it takes no arguments: an agent starts it and calls its tools"
    sys.stderr.write(render.error(what, why, "run `holdfast-mcp --help`") + "\n")
    return face.USAGE


if __name__ == "__main__":
    entry()
