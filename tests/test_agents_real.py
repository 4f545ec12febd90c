"""The coding agents themselves, from npm, at work in a repository of Holdfast: their own loops, hooks and answers.

Only the model is a stand-in (`stand_in_model`): it has them run a harmless command and then one that Holdfast refuses. They
reach no network. `make agents-real` installs them below `.agents/` and runs this; without them it is skipped.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from stand_in_model import Model, Turns, model
from test_agent_hooks import team_of_two, team_once

if TYPE_CHECKING:
    from claiming import Clone
    from conftest import Ran

__all__ = ["team_of_two", "team_once"]

ROOT = Path(__file__).parent.parent
PACKAGES = Path(os.environ.get("HOLDFAST_AGENTS", ROOT / "no-agents")) / "node_modules"
pytestmark = [
    pytest.mark.agents_real,
    pytest.mark.skipif(not PACKAGES.is_dir(), reason="the agents are not installed: `make agents-real`"),
]
HARMLESS, DANGEROUS = "echo fine > ran.txt", "git commit --allow-empty --no-verify -m past-the-hooks"


class Real(NamedTuple):
    """How an agent is run once and ends: its words, what it finds around it, and what its shell is called."""

    words: tuple[str, ...]
    environment: dict[str, str]
    shell: str
    files: dict[str, str]
    line: str = "command"


def claude(url: str, home: Path) -> Real:
    """code.claude.com/docs/en/cli-reference, /settings (environment)."""
    environment = {
        "ANTHROPIC_API_KEY": "x", "ANTHROPIC_BASE_URL": url, "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "DISABLE_AUTOUPDATER": "1",
    }  # fmt: skip
    return Real((program("claude-code", "claude"), "-p", "go", "--allowedTools", "Bash"), environment, "Bash", {})


def codex(url: str, home: Path) -> Real:
    """`codex exec --help`, developers.openai.com/codex/config-reference; its hooks are trusted by nobody here."""
    trusted = "".join(f'[projects."{path}"]\ntrust_level = "trusted"\n' for path in trusts(home))
    settings = f"""model = "m"
model_provider = "local"
[model_providers.local]
name = "local"
base_url = "{url}/v1"
wire_api = "responses"
env_key = "LOCAL_KEY"
{trusted}"""
    bypass = ("--dangerously-bypass-hook-trust", "--dangerously-bypass-approvals-and-sandbox")
    words = (program("codex", "vendor/*/bin/codex"), "exec", *bypass, "go")
    return Real(words, {"LOCAL_KEY": "x"}, "exec_command", {".codex/config.toml": settings}, "cmd")


def trusts(home: Path) -> list[Path]:
    """The repositories beside the home, and their worktrees."""
    found = [path for path in home.parent.iterdir() if (path / ".git").exists()]
    return [*found, *(tree for path in found for tree in path.glob(".worktrees/*"))]


def gemini(url: str, home: Path) -> Real:
    """docs/cli/cli-reference.md and docs/reference/configuration.md in its package."""
    settings = {"security": {"auth": {"selectedType": "gemini-api-key"}}, "privacy": {"usageStatisticsEnabled": False}}
    environment = {"GEMINI_API_KEY": "x", "GOOGLE_GEMINI_BASE_URL": url, "GEMINI_CLI_TRUST_WORKSPACE": "true"}
    script = str(PACKAGES / "@google/gemini-cli/bundle/gemini.js")
    words = (shutil.which("node") or "node", script, "-p", "go", "--yolo", "--skip-trust", "-m", "gemini-2.5-flash")
    return Real(words, environment, "run_shell_command", {".gemini/settings.json": json.dumps(settings)})


def copilot(url: str, home: Path) -> Real:
    """`copilot help environment` and `copilot help providers`."""
    environment = {
        "COPILOT_OFFLINE": "true", "COPILOT_PROVIDER_BASE_URL": f"{url}/v1", "COPILOT_MODEL": "gpt-4.1",
        "COPILOT_ALLOW_ALL": "true",
    }  # fmt: skip
    return Real((program("copilot", "copilot"), "-p", "go", "--allow-all-tools", "--no-color"), environment, "bash", {})


def opencode(url: str, home: Path) -> Real:
    """opencode.ai/docs/providers (custom provider), /docs/cli."""
    provider = {
        "npm": "@ai-sdk/openai-compatible", "name": "Local", "options": {"baseURL": f"{url}/v1", "apiKey": "x"},
        "models": {"m": {"name": "m"}},
    }  # fmt: skip
    settings = {"provider": {"local": provider}, "model": "local/m", "small_model": "local/m", "autoupdate": False}
    environment = {"OPENCODE_DISABLE_AUTOUPDATE": "1", "OPENCODE_DISABLE_LSP_DOWNLOAD": "1"}
    environment |= {"OPENCODE_DISABLE_MODELS_FETCH": "1"}
    words = (program("opencode", "bin/opencode"), "run", "--auto", "-m", "local/m", "go")
    return Real(words, environment, "bash", {".config/opencode/opencode.json": json.dumps(settings)})


REAL = {"claude": claude, "codex": codex, "gemini": gemini, "copilot": copilot, "opencode": opencode}


def program(package: str, name: str) -> str:
    """The program of this machine's kind: npm puts it into a package of its own, named for the kind."""
    found = [*PACKAGES.glob(f"{package}-*/{name}"), *PACKAGES.glob(f"@*/{package}-*/{name}")]
    return str(sorted(found, key=lambda path: (len(str(path)), path))[0])


def play(team: Clone, name: str, lines: list[str], *more: str) -> tuple[Ran, Model]:
    """Have the agent run some commands in the worktree of plan #4, and end."""
    at = team.four  # type: ignore[attr-defined]
    home = Path(team.env["HOME"])
    turns: Turns = []
    with model(turns) as served:
        real = REAL[name](served.url, home)
        turns += [
            (real.shell, {real.line: line, **({} if name == "codex" else {"description": "Do it"})}) for line in lines
        ]
        for path, text in real.files.items():
            (home / path).parent.mkdir(parents=True, exist_ok=True)
            (home / path).write_text(text)
        ran = team.run(*real.words, *more, cwd=at, env=real.environment, input="")
    return ran, served


def began(team: Clone) -> list[dict[str, Any]]:
    lines = team.holdfast("log", "--json").out.splitlines()
    return [event for event in map(json.loads, lines) if event["event"] == "session-start"]


@pytest.mark.parametrize("name", REAL)
def test_a_real_agent_is_heard_of_told_and_refused(team_of_two: Clone, name: str) -> None:
    """The settings of all agents are there, so that an agent that runs those of others too hears everything once."""
    at: Path = team_of_two.four  # type: ignore[attr-defined]
    before = team_of_two.git("log", "--format=%H", "plan-4-fourth")
    ran, served = play(team_of_two, name, [HARMLESS, DANGEROUS])
    assert served.conversation.count("Your plan is #4") == 1, ran
    assert (at / "ran.txt").read_text() == "fine\n", "what is harmless runs"
    assert "which passes the hooks by" in served.conversation, "it is told why"
    assert "holdfast check --staged" in served.conversation, "and what to do"
    assert team_of_two.git("log", "--format=%H", "plan-4-fourth") == before, "what is refused does not run"
    sessions = began(team_of_two)
    assert [one["data"]["agent"] for one in sessions] == [name]
    assert sessions[0]["worktree"] == str(at)
    folder = team_of_two.path / ".git/holdfast/sessions"
    assert bool(list(folder.glob("*.json"))) == (name == "codex"), "it has ended; Codex does not tell"


def test_claude_with_settings_and_plugin_hears_everything_once(team_of_two: Clone) -> None:
    _, served = play(team_of_two, "claude", [HARMLESS, DANGEROUS], "--plugin-dir", str(ROOT / "plugin"))
    assert served.conversation.count("Your plan is #4") == 1
    assert served.conversation.count("which passes the hooks by") == 1
    assert len(began(team_of_two)) == 1


def test_claude_with_the_plugin_alone_is_guarded(team_of_two: Clone) -> None:
    (team_of_two.four / ".claude/settings.json").unlink()  # type: ignore[attr-defined]
    _, served = play(team_of_two, "claude", [DANGEROUS], "--plugin-dir", str(ROOT / "plugin"))
    assert served.conversation.count("Your plan is #4") == 1
    assert "which passes the hooks by" in served.conversation


@pytest.mark.parametrize("folder", ["plugin", "."])
def test_claude_code_finds_plugin_and_marketplace_valid(team_of_two: Clone, folder: str) -> None:
    words = (program("claude-code", "claude"), "plugin", "validate", "--strict", str(ROOT / folder))
    ran = team_of_two.run(*words, cwd=team_of_two.path)
    assert (ran.code, "Validation passed" in ran.out) == (0, True), ran
