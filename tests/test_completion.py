"""Completion: what can follow is what the parsers take, in each real shell at a real prompt, and no name in it runs anything."""

from __future__ import annotations

import argparse
import importlib
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import Repo, plan_text
from holdfast.entrypoints import cli, completing
from shells import Prompt, command, program

SHELLS = ("bash", "zsh", "fish")
HOSTILE = "plan-2-$(touch${IFS}ran)"
"""A name that git takes for a branch, and that is a command for a shell."""


def asked(repo: Repo, *words: str, shell: str = "zsh", cwd: Path | None = None) -> dict[str, str]:
    """What can stand in the last word's place, with what it is."""
    ran = repo.holdfast("completion", "--words", shell, *words, cwd=cwd)
    assert (ran.code, ran.err) == (0, ""), ran
    return dict((*line.split("\t"), "")[:2] for line in ran.out.splitlines())  # type: ignore[misc]


def parsers() -> Iterator[tuple[tuple[str, ...], cli.Parser]]:
    """Each command and subcommand, with the parser that reads it."""
    for name in cli.COMMANDS:
        parser = cli.parser_of(name, importlib.import_module(f"holdfast.entrypoints.commands.{name}"))
        below = [one for one in parser._actions if isinstance(one, argparse._SubParsersAction)]
        yield (name,), parser
        for verbs in below:
            for verb, of_verb in verbs.choices.items():
                yield (name, verb), of_verb


# What can follow


def test_every_command_subcommand_and_flag_is_offered(adopted: Repo) -> None:
    """Held against what `--help` prints, so that neither can drift."""
    helped = adopted.holdfast("--help").out
    assert set(asked(adopted, "")) == set(re.findall(r"^    ([a-z]+)  ", helped, re.M)) == set(cli.COMMANDS)
    for words, parser in parsers():
        # In one process, as a start for each of them would take a minute; `asked` goes the whole way elsewhere.
        offered = {word for word, _ in completing.complete(words, "-").words}
        in_help = set(re.findall(r"^  (?:-\w(?: [A-Z.]+)?, )?(-(?:-[a-z-]+|[A-Zn]))\b", parser.format_help(), re.M))
        assert offered == in_help, words
        if any(isinstance(one, argparse._SubParsersAction) for one in parser._actions):
            verbs = re.search(r"([a-z]+(?:\|[a-z]+)+)", parser.format_usage())
            assert verbs and {word for word, _ in completing.complete(words, "").words} == set(verbs[1].split("|"))


def test_what_an_argument_takes_is_looked_up_by_names_that_there_are() -> None:
    arguments = {f"{parser.prog} {one.dest}": one.metavar or "" for _, parser in parsers() for one in parser._actions}
    assert set(completing.OF_ARGUMENT) <= set(arguments)
    assert set(completing.OF_METAVAR) <= {*arguments.values(), "BRANCH"}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("sta",), ["status", "start"]),
        (("plan", "s"), ["show", "set"]),
        (("init", "--mode", ""), ["committed", "main", "computed"]),
        (("init", "--mode", "com"), ["committed", "computed"]),
        (("init", "--mode=com"), ["--mode=committed", "--mode=computed"]),
        (("init", "--plans-only", "--rec"), []),  # one or the other
        (("init", "--folder", "a", "--fol"), ["--folder"]),  # several times
        (("init", "--mode", "main", "--mo"), []),  # once
        (("--json", "-C", ".", "plan", "g"), ["graph"]),
        (("-C", ""), [":folders"]),
        (("check", "-C", "d"), [":folders"]),
        (("init", "--python", ""), [":files"]),
        (("plan", "show", ""), ["1", "2", "3"]),
        (("plan", "show", "2"), ["2"]),
        (("plan", "show", "2", ""), ["--help", "-C", "--json", "--quiet", "--yes", "--dry-run"]),
        (("start", ""), ["1", "2"]),  # plan 3 is complete
        (("plan", "new", "X", "--blocked-by", "1,"), ["1,1", "1,2", "1,3"]),
        (("plan", "set", "1", "--status", "re"), ["review"]),
        (("plan", "list", "--status", "in"), ["in-progress"]),
        (("plan", "new", ""), ["--help", "--priority", "--blocked-by", "--folder", "--start", "--owner", "--offline"]),
        (("check", "--rev", "ma"), ["main"]),
        (("explain", "evidence-m"), ["evidence-missing"]),
        (("explain", "case-finish-k"), ["case-finish-killed"]),
        (("schema", "plan.s"), ["plan.set", "plan.show"]),
        (("agents", "install", "claude", "co"), ["codex", "copilot"]),
        (("migrate", "--only", "ma"), ["make"]),
        (("approve", "finish."), ["finish.verify"]),
        (("completion", ""), ["bash", "zsh", "fish"]),
        (("check", "--", "--js"), []),  # behind `--` there are no flags
        (("nonsense", ""), []),
        (("plan", "nonsense", ""), []),
        (("check", "--nonsense", "--js"), ["--json"]),
    ],
)  # fmt: skip
def test_what_can_follow(adopted: Repo, words: tuple[str, ...], expected: list[str]) -> None:
    adopted.write("docs/plans/03_third.md", plan_text(3, "Third", "✅ Complete"))
    found = list(asked(adopted, *words))
    assert (found[: len(expected)] if words == ("plan", "new", "") else found) == expected


def test_claims_worktrees_and_what_was_removed(adopted: Repo) -> None:
    made = adopted.json("start", "1", "--owner", "ada")
    branch, tree = made["branch"], made["worktree"]
    assert asked(adopted, "finish", "") == {"1": f"{branch}, ada", branch: "ada"}
    assert asked(adopted, "unclaim", "plan-") == {branch: "ada"}
    assert list(asked(adopted, "resume", "1")) == ["1"]
    assert asked(adopted, "worktree", "remove", "") == {branch: tree}
    assert adopted.holdfast("worktree", "remove", branch).code == 0
    assert asked(adopted, "worktree", "restore", "") == {branch: tree}
    assert "Second" in asked(adopted, "start", "2")["2"]


def test_the_repository_is_the_one_that_the_line_is_about(adopted: Repo, tmp_path: Path) -> None:
    (tmp_path / "else where").mkdir()
    assert asked(adopted, "-C", "../repo", "plan", "show", "", cwd=tmp_path / "else where") == {
        "1": "First", "2": "Second",
    }  # fmt: skip
    assert asked(adopted, "-C", '"../else where"', "-C", "../repo/docs", "plan", "show", "2", shell="bash") == {
        "2": "Second"
    }
    assert asked(adopted, "plan", "show", "", cwd=tmp_path) == {}


def test_bash_ends_words_at_equals(adopted: Repo) -> None:
    """bash replaces only what stands behind `=`, and gives words with their quotes."""
    for words in (("--mode", "=", "com"), ("--yes", "--mode", "=", "com")):
        assert list(asked(adopted, "init", *words, shell="bash")) == ["committed", "computed"]
    assert list(asked(adopted, "init", "--mode", "=", shell="bash")) == ["committed", "main", "computed"]
    assert list(asked(adopted, "init", "--mode", "=", "main", "--lo", shell="bash")) == ["--local"]
    assert list(asked(adopted, "plan", "show", '"2', shell="bash")) == ["2"]


# A shell waits for it at a prompt


def test_it_never_complains(adopted: Repo, tmp_path: Path) -> None:
    """Without a repository, with a broken one, with any words: nothing, and 0."""
    (tmp_path / "empty").mkdir()
    for words in ((), ("zsh",), ("bash",), ("nonsense", "x"), ("zsh", "start", "\udcff"), ("zsh", "-C")):
        ran = adopted.holdfast("completion", "--words", *words)
        assert (ran.code, ran.err) == (0, ""), (words, ran)
    assert asked(adopted, "start", "", cwd=tmp_path / "empty") == {}
    adopted.write("holdfast.toml", "[[[")
    asked(adopted, "start", "")
    adopted.write(".git/HEAD", "nonsense")
    assert asked(adopted, "start", "") == {}


def test_it_changes_nothing_but_what_is_remembered(adopted: Repo) -> None:
    adopted.json("start", "1")
    state = adopted.path / ".git/holdfast"

    def everything() -> dict[Path, bytes]:
        found = (one for one in adopted.path.rglob("*") if one.is_file() and "cache" not in one.parts)
        return {one: one.read_bytes() for one in found}

    before = everything()
    for words in (("start", ""), ("finish", ""), ("worktree", "remove", ""), ("worktree", "restore", "")):
        asked(adopted, *words)
    assert everything() == before and state.is_dir()


def test_names_are_data(adopted: Repo) -> None:
    adopted.git("branch", HOSTILE)
    adopted.git("branch", "feature-`id`")
    adopted.write("docs/plans/03_third.md", plan_text(3, "A \x1b[31mred\x07 title; $(touch ran)"))
    assert list(asked(adopted, "finish", "")) == ["2"], "its plan's number can be typed, its name cannot"
    assert list(asked(adopted, "finish", "plan-")) == list(asked(adopted, "check", "--rev", "feat")) == []
    assert "\x1b" not in asked(adopted, "plan", "show", "3")["3"]
    assert "red" in asked(adopted, "plan", "show", "3")["3"]


# The command


def test_the_text_for_each_shell(adopted: Repo) -> None:
    for shell in SHELLS:
        text = adopted.holdfast("completion", shell).out
        assert "holdfast completion --words" in text
        document = adopted.json("completion", shell)
        assert document == {"schema": "holdfast.completion/1", "shell": shell, "script": text}
        assert json.dumps(document)
        line = next(line for line in adopted.holdfast("completion", "--help").out.splitlines() if f"  {shell} " in line)
        assert f"holdfast completion {shell}" in line and "~/" in line
    ran = adopted.holdfast("completion", "tcsh")
    assert ran.code == 2 and "   next: run `holdfast completion --help`" in ran.err, ran


# Real shells


@pytest.fixture
def at_prompt(request: pytest.FixtureRequest, adopted: Repo, tmp_path: Path) -> Iterator[Prompt]:
    adopted.git("branch", HOSTILE)
    adopted.write("docs/plans/12_twelfth.md", plan_text(12, "Faster \x1b[31mstart"))
    env = {**adopted.env, "PATH": f"{command(tmp_path / 'bin')}:{adopted.env['PATH']}"}
    prompt = Prompt(request.param, adopted.path, env)
    yield prompt
    prompt.end()
    assert not (adopted.path / "ran").exists(), "a name was run as a command"


@pytest.mark.parametrize("at_prompt", SHELLS, indirect=True)
def test_tab_at_a_real_prompt(at_prompt: Prompt) -> None:
    assert at_prompt.line("pla\tsho\t12\t") == "<plan><show><12>"
    assert at_prompt.line("init --mo\tcommi\t--loc\t") == "<init><--mode><committed><--local>"
    assert at_prompt.line("init --mode=commi\t") == "<init><--mode=committed>"
    assert at_prompt.line("-C doc\t") in ("<-C><docs>", "<-C><docs/>")
    assert at_prompt.line("-C docs/ plan show 12\t") == "<-C><docs/><plan><show><12>"
    assert at_prompt.line("finish plan-2-\t") == "<finish><plan-2->"
    assert at_prompt.line("explain evidence-mis\t") == "<explain><evidence-missing>"
    drawn = at_prompt.listed("plan show ", "Second")
    assert "First" in drawn


@pytest.mark.parametrize("shell", SHELLS)
def test_the_text_is_right_for_its_shell(adopted: Repo, shell: str) -> None:
    """Also in the strictest mode that a user may have set, and read twice."""
    text = adopted.holdfast("completion", shell).out
    strict = {"bash": "set -eu\n", "zsh": "set -eu\nautoload -Uz compinit\ncompinit -u -D\n", "fish": ""}[shell]
    adopted.write("twice", strict + text + text + "echo fine\n")
    ran = adopted.run(program(shell), "twice")
    assert (ran.code, ran.out, ran.err) == (0, "fine\n", ""), ran


def test_zsh_takes_it_as_a_file_of_its_fpath(adopted: Repo, tmp_path: Path) -> None:
    program("zsh")
    adopted.write("site/_holdfast", adopted.holdfast("completion", "zsh").out)
    script = "fpath=($PWD/site $fpath); autoload -Uz compinit; compinit -u -D; print -r -- ${_comps[holdfast]}"
    ran = adopted.run("zsh", "-f", "-c", script)
    assert ran.out == "_holdfast\n", ran
