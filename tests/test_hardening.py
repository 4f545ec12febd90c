"""What hostile input may not do: become an option of git, run a command, or move the cursor of a terminal."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from claiming import GIT, Clone, executable, remote_of
from conftest import Ran, plan_text
from finishing import adopted
from terminal import LARGE, on

SOURCE = Path(__file__).parent.parent / "src" / "holdfast"
EVIL = "--output=evil"
_OURS = re.compile(r"--(force-with-lease|format|contains|set-upstream-to)=")
"""Options that Holdfast itself writes with a name inside."""


def trees() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(SOURCE.rglob("*.py")):
        yield str(path.relative_to(SOURCE)), ast.parse(path.read_text())


# Every program is started with a list of words, by an adapter, and with an end


def test_only_adapters_start_programs_and_never_by_a_line_of_shell() -> None:
    wrong = []
    for name, tree in trees():
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call):
                continue
            called = ast.unparse(node.func)
            if called in (
                "os.system",
                "os.popen",
                "subprocess.getoutput",
                "subprocess.getstatusoutput",
                "eval",
                "exec",
            ):
                wrong.append(f"{name}:{node.lineno}: {called}")
            if re.match(r"(subprocess|os\.(posix_spawn|spawn|exec|fork))", called):
                if not name.startswith("adapters/"):
                    wrong.append(f"{name}:{node.lineno}: {called} outside of the adapters")
                if any(word.arg == "shell" for word in node.keywords):
                    wrong.append(f"{name}:{node.lineno}: shell=")
    assert not wrong, wrong


def test_whoever_waits_for_a_program_says_how_long() -> None:
    """`run`, `communicate` and `wait` of `subprocess` have a time limit, except right after a kill."""
    wrong = []
    for name, tree in trees():
        if "subprocess" not in ast.unparse(tree) or not name.startswith("adapters/"):
            continue
        for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
            text = ast.unparse(function)
            for node in ast.walk(function):
                if not isinstance(node, ast.Call):
                    continue
                called = ast.unparse(node.func)
                if not called.endswith((".wait", ".communicate", "subprocess.run")):
                    continue
                limited = any(word.arg == "timeout" for word in node.keywords) or (
                    called.endswith(".wait") and node.args
                )
                limited = limited or (called.endswith(".communicate") and len(node.args) == 2)
                if not limited and "kill" not in text:
                    wrong.append(f"{name}:{node.lineno}: {ast.unparse(node)}")
    assert not wrong, wrong


# Names are no options


@pytest.fixture
def hostile(tmp_path: Path, env: dict[str, str]) -> Clone:
    """A clone whose remote holds branches, tags, plans and a configuration that would like to be options of git."""
    team = remote_of(tmp_path, env)
    founder = team.clone("founder")
    adopted(founder)
    founder.write(f"docs/plans/70_{EVIL}.md", plan_text(70, EVIL))
    founder.write(f"docs/plans/{EVIL}.md", "# no plan\n")
    founder.write(f"{EVIL}/01_first.md", plan_text(1, EVIL))
    founder.write(".worktreeinclude", f"{EVIL}\n--*\n")
    founder.git("add", "-A")
    founder.git("commit", "-qm", EVIL)
    founder.git("push", "-q", "origin", "main")
    tip = founder.id_of("HEAD")
    for name in (f"heads/{EVIL}", f"tags/{EVIL}", f"heads/plan-3-{EVIL}", "heads/--upload-pack=evil"):
        team.remote.git("update-ref", f"refs/{name}", tip)
    clone = team.clone("clone")
    clone.git("update-ref", f"refs/heads/{EVIL}", tip)
    clone.git("config", f"remote.{EVIL}.url", str(team.remote.path))
    clone.git("config", f"branch.{EVIL}.remote", EVIL)
    return clone


COMMANDS: tuple[tuple[str, ...], ...] = (
    ("check", f"--rev={EVIL}"), ("check", "--rev=HEAD", f"--since={EVIL}"), ("index", f"--rev={EVIL}", "--check"),
    ("index", f"--mend={EVIL}.."), ("ci", f"--since={EVIL}"), ("claims", "--all", "--fetch"), ("plan", "list"),
    ("plan", "show", "70"), ("plan", "graph"), ("start", "70"), ("unclaim", "--", EVIL), ("unclaim", f"plan-3-{EVIL}"),
    ("finish", "--", EVIL), ("finish", f"--branch={EVIL}"), ("finish", "70", "--dry-run"),
    ("worktree", "remove", "--", EVIL), ("worktree", "restore", "--", EVIL), ("worktree", "list"), ("resume", "70"),
    ("clean",), ("trash", "list"), ("doctor", "--fix"), ("status", "--all"), ("log",), ("migrate", "--dry-run"),
    ("init", "--yes"), ("finish", f"--branch=plan-3-{EVIL}", "--request"),
    ("finish", f"--branch=plan-3-{EVIL}", "--update-branch"),
    ("plan", "new", EVIL, "--start"), ("start", "--next", f"--owner={EVIL}"),
)  # fmt: skip


def test_no_name_becomes_an_option_of_git(hostile: Clone, tmp_path: Path) -> None:
    """Every argument that git is given is written down; a name that looks like an option stands behind `--`."""
    folder, log = tmp_path / "bin", tmp_path / "log"
    folder.mkdir()
    script = f'#!/bin/sh\n{{ for one; do printf "%s\\n" "$one"; done; echo ==; }} >> {log}\nexec "{GIT}" "$@"\n'
    executable(folder / "git", script)
    env = {"PATH": f"{folder}:{os.environ['PATH']}"}
    for config in ("main_branch = 'main'\n", f"main_branch = '{EVIL}'\n[claims]\nremote = '{EVIL}'\n", folders()):
        hostile.write("holdfast.toml", config)
        for command in COMMANDS:
            ran = hostile.holdfast(*command, env=env)
            assert ran.code in (0, 1, 2, 4, 5), (command, ran)
            assert "Traceback" not in ran.err, (command, ran)
    calls = [call.strip("\n").split("\n") for call in log.read_text().split("==\n")]
    assert sum(any("evil" in word for word in call) for call in calls) > 50
    wrong = [call for call in calls if any(_is_option(call, at) for at in range(len(call)))]
    assert not wrong, wrong[:5]
    assert not list(tmp_path.rglob("evil"))


def folders() -> str:
    return f"main_branch = 'main'\n[[plans]]\npath = '{EVIL}'\nindex = '{EVIL}.md'\n"


def _is_option(call: list[str], at: int) -> bool:
    word = call[at]
    if "evil" not in word or not word.startswith("-") or _OURS.match(word):
        return False
    before = call[:at]
    # An option's own value (`-m TEXT`, `-C DIR`) is no option; git takes it as it is.
    return not {"--", "--end-of-options"} & set(before) and before[-1:] not in (["-m"], ["-C"], ["-c"], ["-F"])


# Nothing that a terminal obeys


ESCAPES = "\x1b]0;owned\x07\x1b[2J\x1b[31mred\x9b31m\u202e\r\x08bell"


def test_no_text_of_any_command_moves_the_cursor(tmp_path: Path, env: dict[str, str]) -> None:
    """Titles, statuses, branches, owners, evidence, messages and files with escape sequences, through every command."""
    team = remote_of(tmp_path, env)
    clone = team.clone("clone")
    adopted(clone)
    clone.write("docs/plans/70_x.md", plan_text(70, ESCAPES, f"📋 Planned {ESCAPES}", phases=ESCAPES))
    clone.write(f"docs/plans/71_{ESCAPES}.md", plan_text(71, "Odd name"))
    clone.write("docs/plans/72_y.md", plan_text(72, ESCAPES, "Nonsense" + ESCAPES, blocked_by=f"#999 {ESCAPES}"))
    clone.git("add", "-A")
    clone.git("-c", "core.hooksPath=/dev/null", "commit", "-qm", f"[Plan #70] {ESCAPES}")
    clone.git("push", "-q", "origin", "main")
    spoken: list[tuple[tuple[str, ...], Ran]] = []

    def speak(*command: str, at: Clone = clone) -> Ran:
        ran = at.holdfast(*command)
        spoken.append((command, ran))
        return ran

    started = speak("start", "1", "--owner", "a\x1b[2Jb")
    there = clone.at(started.out.strip() or str(clone.path))
    there.write(f"file {ESCAPES}".replace("/", ""), "x\n")
    for command in (
        ("check",), ("check", "--format", "github"), ("ci",), ("plan", "list"),
        ("plan", "graph"), ("claims", "--all"), ("worktree", "list"), ("worktree", "remove", "1"), ("status", "--all"),
        ("log",), ("doctor",), ("finish", "1", "--dry-run"), ("finish", "1", "--dry-run", "--evidence", ESCAPES),
        ("explain", ESCAPES), ("config",), ("start", ESCAPES), ("unclaim", ESCAPES), ("trash", "list"), ("clean",),
        ("resume", "1"), ("migrate", "--dry-run"), ("init", "--dry-run"), ("agents", "install", ESCAPES),
        ("start", "70"), ("plan", "new", ESCAPES),
    ):  # fmt: skip
        speak(*command)
    for command in (("index",), ("plan", "show", "70")):  # texts of files: whole into a pipe, safe on a terminal
        spoken.append((command, on(clone, *command, size=LARGE)))
    team.hook("pre-receive", f"#!/bin/sh\nprintf '{ESCAPES}\\n' >&2; exit 1\n")
    speak("start", "2")
    speak("finish", "1", "--request")
    clone.write("holdfast.toml", f'main_branch = "{EVIL}"\n"k\\u001b[2J" = 1\n')
    speak("check")
    speak("config")
    clone.git("add", "-A")
    refused = clone.try_git("commit", "-qm", ESCAPES)
    spoken.append((("git", "commit"), refused))
    assert refused.code != 0
    loud = [(command, _loud(ran)) for command, ran in spoken if _loud(ran)]
    assert not loud, loud
    assert sum("\\u001b" in ran.out + ran.err for _, ran in spoken) > 10, "the escapes were met, and spelled out"


def _loud(ran: Ran) -> list[str]:
    text = (ran.out + ran.err).replace("\n", "").replace("\t", "")
    return sorted(
        {repr(letter) for letter in text if ord(letter) < 32 or 0x7F <= ord(letter) < 0xA0 or letter == "\u202e"}
    )
