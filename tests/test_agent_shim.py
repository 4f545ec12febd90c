"""OpenCode's plugin of ours under a real Node.js, called as OpenCode 1.18.33 calls it: its hooks' own names and shapes.

OpenCode itself runs it in `make agents-real`.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from claiming import Clone, Team
from test_agent_hooks import team_of_two, team_once

if TYPE_CHECKING:
    from conftest import Ran

__all__ = ["team_of_two", "team_once"]

NODE = shutil.which("node")
pytestmark = pytest.mark.skipif(NODE is None, reason="the plugin runs in Node.js or Bun")
SESSION = "ses_df45a5da9ffe9HPiqx9m24IpKQ"

DRIVER = """
import { readFileSync } from "node:fs"
const { plugin, directory, steps } = JSON.parse(readFileSync(0, "utf8"))
const module = await import(plugin)
const made = await Promise.all(Object.values(module).map((one) => one({
  client: {}, project: {}, worktree: directory, directory, experimental_workspace: {},
  serverUrl: new URL("http://x"), $: () => {},
})))
const results = []
for (const [name, ...given] of steps) {
  const result = { threw: null, given }
  for (const hooks of made) {
    try { if (name === "wait") await new Promise((go) => setTimeout(go, given[0])); else await hooks[name]?.(...given) }
    catch (error) { result.threw = error.message }
  }
  results.push(result)
}
console.log(JSON.stringify({ plugins: made.length, results }))
"""


class OpenCode:
    """OpenCode in a worktree: its plugin, and what it calls in it."""

    def __init__(self, repo: Clone, at: Path) -> None:
        self.repo, self.at = repo, at
        self.env: dict[str, str] = {}

    def play(self, *steps: list[Any], plugin: Path | None = None) -> list[dict[str, Any]]:
        path = plugin or self.at / ".opencode/plugins/holdfast.js"
        given = {"plugin": path.as_uri(), "directory": str(self.at), "steps": steps}
        ran: Ran = self.repo.run(
            str(NODE), "--input-type=module", "-e", DRIVER, input=json.dumps(given), cwd=self.at, env=self.env
        )
        assert (ran.code, ran.err) == (0, ""), ran
        found = json.loads(ran.out)
        assert found["plugins"] == 1
        return list(found["results"])

    def beat(self, session: str = SESSION) -> str:
        return (self.repo.path / ".git/holdfast/sessions" / f"{session}.beat").read_text()

    def knows(self, session: str = SESSION) -> bool:
        return (self.repo.path / ".git/holdfast/sessions" / f"{session}.json").exists()


@pytest.fixture
def opencode(team_of_two: Clone, team: Team) -> OpenCode:
    """OpenCode at work on plan #4."""
    return OpenCode(team_of_two, team_of_two.four)  # type: ignore[attr-defined]


def event(kind: str, **properties: Any) -> list[Any]:
    return ["event", {"event": {"id": "evt_1", "type": kind, "properties": properties}}]


def created(session: str = SESSION, **info: Any) -> list[Any]:
    return event("session.created", sessionID=session, info={"id": session, "slug": "x", **info})


def before(line: str | None = None, tool: str = "bash", session: str = SESSION, **args: Any) -> list[Any]:
    args = {"command": line, "description": "Do it"} if line is not None else args
    return ["tool.execute.before", {"tool": tool, "sessionID": session, "callID": "call_0"}, {"args": args}]


def after(tool: str = "bash", session: str = SESSION) -> list[Any]:
    given = {"tool": tool, "sessionID": session, "callID": "call_0", "args": {}}
    return ["tool.execute.after", given, {"title": "x", "metadata": {}, "output": "done\n"}]


SAID = [{"sessionID": SESSION, "model": {"providerID": "p", "modelID": "m"}}, {"message": {}, "parts": []}]


def test_a_session_from_its_beginning_to_its_end(opencode: OpenCode) -> None:
    system: list[Any] = [
        "experimental.chat.system.transform",
        {"sessionID": SESSION, "model": {}},
        {"system": ["You are"]},
    ]
    steps = [
        created(),
        ["chat.message", *SAID],
        system,
        before("ls"),
        after(),
        event("session.idle", sessionID=SESSION),
    ]
    *_, told, _, ran, _, _ = opencode.play(*steps, ["wait", 700])
    assert told["given"][1]["system"][0] == "You are"
    assert "Your plan is #4" in told["given"][1]["system"][1]
    assert ran["given"][1]["output"] == "done\n"
    assert opencode.beat() == f"waiting\n{opencode.at}\n"
    marker = json.loads((opencode.repo.path / f".git/holdfast/sessions/{SESSION}.json").read_text())
    assert (marker["agent"], marker["worktree"]) == ("opencode", str(opencode.at))
    opencode.play(created(), ["dispose"])
    assert not opencode.knows()


def test_what_is_refused_is_thrown_and_nothing_else(opencode: OpenCode) -> None:
    harmless = [before("git status"), before(tool="read", filePath="x"), before(tool="todowrite", todos=[])]
    dangerous = [
        before("rm -rf ."), before("git commit --no-verify -m x"),
        before(tool="write", filePath=str(opencode.repo.path / ".git/hooks/pre-commit"), content="x"),
        before(tool="patch", patchText=f"*** Begin Patch\n*** Update File: {opencode.repo.path}/.git/hooks/x\n*** End Patch"),
        ["tool.execute.before", {"tool": "bash", "sessionID": SESSION, "callID": "c"},
         {"args": {"command": "rm -rf .git", "workdir": str(opencode.repo.path)}}],
    ]  # fmt: skip
    results = opencode.play(*harmless, *dangerous)
    assert [one["threw"] for one in results[:3]] == [None, None, None]
    for one in results[3:]:
        assert "refused: " in one["threw"]
        assert "next: " in one["threw"]


def test_a_warning_comes_with_the_result(opencode: OpenCode) -> None:
    main = OpenCode(opencode.repo, opencode.repo.path)
    edit = before(tool="edit", filePath=str(main.at / "README.md"), oldString="a", newString="b")
    warned, ran, again = main.play(edit, after("edit"), after("edit"))
    assert warned["threw"] is None
    assert ran["given"][1]["output"].startswith("done\n\n\ncareful: ")
    assert again["given"][1]["output"] == "done\n"


def test_a_subagent_is_the_session_that_it_works_for(opencode: OpenCode) -> None:
    opencode.play(
        created(), created("ses_child", parentID=SESSION), before("ls", session="ses_child"),
        event("session.idle", sessionID="ses_child"), ["wait", 300],
    )  # fmt: skip
    assert opencode.knows()
    assert not opencode.knows("ses_child")
    assert opencode.beat().startswith("working\n")


def test_it_waits_while_its_user_is_asked(opencode: OpenCode) -> None:
    for kind in ("permission.asked", "question.asked", "permission.updated"):
        opencode.play(created(), before("ls"), event(kind, sessionID=SESSION, id="per_1"), ["wait", 500])
        assert opencode.beat().startswith("waiting\n"), kind


def test_a_deleted_session_is_over(opencode: OpenCode) -> None:
    opencode.play(created(), before("ls"), event("session.deleted", info={"id": SESSION}), ["wait", 700])
    assert not opencode.knows()


@pytest.mark.parametrize("spoiled", ["no shell", "no hook", "no repository", "garbage", "null"])
def test_whatever_is_wrong_opencode_goes_on(opencode: OpenCode, spoiled: str, tmp_path: Path) -> None:
    plugin = shutil.copy(opencode.at / ".opencode/plugins/holdfast.js", tmp_path / "holdfast.mjs")
    hook = opencode.repo.path / ".git/holdfast/agent-hook"
    if spoiled == "no shell":
        opencode.env = {"PATH": str(tmp_path)}
    elif spoiled == "no hook":
        hook.unlink()
    elif spoiled == "garbage":
        hook.write_text("echo '{'; echo null\n")
    elif spoiled == "null":
        hook.write_text("echo null\n")
    else:
        opencode.at = tmp_path
    hooks = [
        created(), ["chat.message", *SAID], before("rm -rf ."), after(), event("session.idle", sessionID=SESSION),
        event("unknown"), event("toString"), ["event", {}], event("session.created"), before("x" * 1_000_000),
        ["experimental.chat.system.transform", {"sessionID": SESSION}, {"system": []}],
        ["experimental.chat.system.transform", {}, {"system": []}], ["dispose"],
    ]  # fmt: skip
    results = opencode.play(*hooks, plugin=Path(plugin))
    assert [one["threw"] for one in results] == [None] * len(hooks)


def test_hostile_ids_name_no_file(opencode: OpenCode) -> None:
    folder = opencode.repo.path / ".git/holdfast/sessions"
    known = set(os.listdir(folder)) if folder.is_dir() else set()
    for session in ("../../x", "", None, 5, {"a": 1}):
        result = opencode.play(before("rm -rf .", session=session))  # type: ignore[arg-type]
        assert "refused" in result[0]["threw"], session
    assert (set(os.listdir(folder)) if folder.is_dir() else set()) == known
