"""The plugin folder for Claude Code: it is what this version computes, and each command in it is one that Holdfast reads."""

from __future__ import annotations

import importlib
import json
import re
import shlex
from pathlib import Path

import pytest

from holdfast import __version__
from holdfast.domain.agent_settings import missing
from holdfast.domain.agents import CLAUDE
from holdfast.entrypoints import cli

ROOT = Path(__file__).parent.parent
PLUGIN = ROOT / "plugin"
TEXTS = sorted(PLUGIN.glob("*/**/*.md"))


def front(path: Path) -> tuple[dict[str, str], str]:
    """The front matter of a file, one line each, and the rest."""
    _, head, body = path.read_text().split("---\n", 2)
    pairs = re.findall(r"^([a-z-]+): (.+(?:\n  .+)*)$", head, re.M)
    return dict(pairs), body


def read(words: list[str]) -> None:
    """Have the parser of a command read the words after `holdfast`; `SystemExit` where it does not."""
    options, rest = cli._common(words)
    command = importlib.import_module(f"holdfast.entrypoints.commands.{rest[0]}")
    parser = cli.Parser(prog=f"holdfast {rest[0]}", **cli.SHAPE)
    cli.add_common(parser)
    command.arguments(parser)
    parser.parse_args(rest[1:], options)


def commands(text: str) -> list[str]:
    """Every command line of Holdfast in a text: between backticks, also inside `$(...)`."""
    return [
        line for part in re.findall(r"`([^`]+)`", text) for line in re.findall(r"(?<![\w./])(holdfast [^`)]+)", part)
    ]


def test_there_is_one_skill_and_a_command_to_start_and_to_finish() -> None:
    names = [str(path.relative_to(PLUGIN)) for path in TEXTS]
    assert names == ["commands/finish.md", "commands/start.md", "skills/holdfast/SKILL.md"]


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_each_command_line_is_one_that_holdfast_reads(path: Path) -> None:
    found = commands(path.read_text())
    assert len(found) >= 5
    for line in found:
        try:
            read(shlex.split(" ".join(line.replace("CODE", "agent-no-verify").replace("N", "12").split()))[1:])
        except SystemExit as error:
            raise AssertionError(f"`{line}` is no command line of Holdfast") from error


@pytest.mark.parametrize("path", sorted((PLUGIN / "commands").glob("*.md")), ids=lambda path: path.name)
def test_commands_say_what_they_do_and_may_run_what_they_name(path: Path) -> None:
    head, body = front(path)
    assert len(head["description"]) < 80
    assert "$ARGUMENTS" in body
    allowed = re.findall(r"Bash\(holdfast ([a-z]+):\*\)", head["allowed-tools"])
    named = {line.split()[1] for line in commands(body)}
    assert named <= set(allowed), "what it tells to run is not asked for again"
    assert set(allowed) <= set(cli.COMMANDS)


def test_the_skill_says_when_it_is_of_use() -> None:
    head, _ = front(PLUGIN / "skills/holdfast/SKILL.md")
    assert head["name"] == "holdfast"
    assert "Use it in a repository with a" in head["description"]


def test_its_hooks_are_those_of_the_settings() -> None:
    text = (PLUGIN / "hooks/hooks.json").read_text()
    assert missing(text, CLAUDE) == ()
    assert json.loads(text).keys() == {"description", "hooks"}


def test_it_has_the_version_of_holdfast_and_no_path_of_a_machine() -> None:
    manifest = json.loads((PLUGIN / ".claude-plugin/plugin.json").read_text())
    market = json.loads((ROOT / ".claude-plugin/marketplace.json").read_text())
    assert manifest["version"] == market["plugins"][0]["version"] == __version__
    assert (ROOT / market["plugins"][0]["source"]).resolve() == PLUGIN
    for path in [*TEXTS, PLUGIN / "hooks/hooks.json"]:
        assert not re.search(r"/(home|Users|root|tmp|work)/", path.read_text()), path
