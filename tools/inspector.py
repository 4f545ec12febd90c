"""Lets the MCP inspector's command line talk to the server (`make inspector`): a client that shares no code with ours.

The inspector is the npm package `@modelcontextprotocol/inspector`, fetched into `.inspector/` once; it wants Node 22.19 or
later (its `engines`), which is fetched beside it as the npm package `node` where the one on PATH is older. Without npm or
network nothing is held, which is said, and no failure.

In both of the protocol's ways to open a connection the tools are listed, with the inspector's own check of how well their
schemas travel (`--strict`), and a plan is taken, looked at, worked on and finished in a real repository with a remote. What
the flags and the exit codes of the inspector mean is what its `--cli --help` says; 5 is a tool's error.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from claiming import Clone, remote_of, undated  # noqa: E402
from finishing import adopted  # noqa: E402
from holdfast.domain.tools import TOOLS  # noqa: E402
from mcp_clients import PROGRAM, sound  # noqa: E402

PACKAGE = "@modelcontextprotocol/inspector"
FOLDER = ROOT / ".inspector"
NODE = (22, 19)
ERAS = ("legacy", "modern")
"""How a connection is opened: by a handshake, until revision 2025-11-25, and with each request, since 2026-07-28."""

_FETCH, _PATIENCE = 900, 120
_TOOL_ERROR = 5


def main() -> int:
    """Fetch, talk, compare; any difference ends it with 1 and what was said."""
    inspector = fetched()
    if inspector is None:
        print(f"skipped: {PACKAGE} cannot be fetched (npm and network are needed)")
        return 0
    for era in ERAS:
        with tempfile.TemporaryDirectory() as folder:
            story(Inspector(inspector, era, Path(folder)))
    version = subprocess.run([*inspector, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    print(f"inspector {version}: {len(TOOLS)} tools listed and called, connections opened in {len(ERAS)} ways")
    return 0


def fetched() -> list[str] | None:
    """The command of the inspector; None where it cannot be had."""
    launcher = FOLDER / "node_modules" / PACKAGE / "clients" / "launcher" / "build" / "index.js"
    node = new_enough()
    if not launcher.exists() or node is None:
        wanted = [f"{PACKAGE}@2", *(["node@22"] if node is None else [])]
        npm = shutil.which("npm")
        command = [npm or "npm", "install", "--silent", "--no-fund", "--no-audit", "--prefix", str(FOLDER), *wanted]
        if npm is None or subprocess.run(command, timeout=_FETCH, check=False).returncode != 0:
            return None
        node = new_enough()
    return [node, str(launcher)] if node is not None and launcher.exists() else None


def new_enough() -> str | None:
    """A Node that the inspector can run on: the fetched one, or that on PATH."""
    for node in (str(FOLDER / "node_modules" / ".bin" / "node"), shutil.which("node")):
        if node is None or not os.access(node, os.X_OK):
            continue
        said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
        numbers = said.strip().removeprefix("v").split(".")
        if len(numbers) == 3 and all(one.isdigit() for one in numbers[:2]) and tuple(map(int, numbers[:2])) >= NODE:
            return node
    return None


class Inspector:
    """The inspector in front of a server for one clone of a remote."""

    def __init__(self, command: list[str], era: str, folder: Path) -> None:
        self.ada: Clone = remote_of(folder, undated(folder / "home")).clone("ada")
        self.command = [*command, "--cli", "--protocol-era", era, "--format", "json"]

    def ask(self, *words: str, ends: int = 0) -> dict[str, Any]:
        """What the inspector prints for a method of the protocol; it must end with that code, and with no complaint."""
        ran = subprocess.run(
            [*self.command, *words, PROGRAM], env=self.ada.env, cwd=self.ada.path, capture_output=True, text=True,
            timeout=_PATIENCE, check=False,
        )  # fmt: skip
        assert ran.returncode == ends, (words, ran)
        found: dict[str, Any] = json.loads(ran.stdout)["result"]
        return found

    def call(self, tool: str, worktree: Path | str, ends: int = 0, **given: Any) -> dict[str, Any]:
        """The structured result of a tool, which is what is shipped, and has words beside it."""
        arguments = json.dumps({"worktree": str(worktree), **given})
        found = self.ask("--method", "tools/call", "--tool-name", tool, "--tool-args-json", arguments, ends=ends)
        document: dict[str, Any] = found["structuredContent"]
        sound(document)
        assert found["content"][0]["text"]
        return document


def story(one: Inspector) -> None:
    """One plan from the list to the main branch, with a refusal and a wrong call on the way."""
    # Clients give a server no more of their environment than PATH, HOME and the like.
    one.ada.git("config", "user.name", "Ada")
    one.ada.git("config", "user.email", "ada@example.org")
    adopted(one.ada)
    listed = one.ask("--method", "tools/list", "--strict")["tools"]
    assert [tool["name"] for tool in listed] == [tool.name for tool in TOOLS]
    here = one.ada.path
    assert one.call("status", here)["you"]["main"]
    assert [plan["number"] for plan in one.call("ready_plans", here)["plans"]] == [4, 1, 3]
    assert one.call("plan_text", here, plan=4)["title"] == "Fourth"
    taken = one.call("start", here, plan=4, owner="inspector")
    assert taken["exit"] == 0, taken
    assert [claim["owner"] for claim in one.call("claims", here, fetch=True)["claims"]] == ["inspector"]
    tree = one.ada.at(taken["worktree"])
    tree.write("work.txt", "work\n")
    assert tree.commit("[Plan #4] Work").code == 0
    assert one.call("check", tree.path)["exit"] == 0
    refused = one.call("finish_dry_run", tree.path)
    assert refused["exit"] == 1 and refused["blockers"], refused
    code = refused["blockers"][0]["code"]
    assert one.call("explain", tree.path, code=code)["code"] == code
    tree.git("push", "-q", "origin", "HEAD")
    done = one.call("finish", tree.path, evidence="make inspector: passed")
    assert (done["exit"], done["result"]) == (0, "merged"), done
    assert not tree.path.exists()
    assert one.call("status", tree.path)["exit"] == 1
    assert one.call("status", "relative")["exit"] == 1
    assert one.call("plan_text", here, ends=_TOOL_ERROR)["exit"] == 2


if __name__ == "__main__":
    sys.exit(main())
