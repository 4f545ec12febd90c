"""Nothing that Holdfast starts is waited for without end."""

from __future__ import annotations

import os
import shutil
import sys
import time
from pathlib import Path

import pytest

from claiming import GIT, executable
from conftest import Ran, Repo, plan_text

_IMPATIENT = """
import sys
from holdfast.adapters import spawn
spawn.LONGEST = 1
from holdfast.entrypoints import cli
sys.argv[0] = "holdfast"
sys.exit(cli.main(sys.argv[1:]))
"""


def stuck_git(folder: Path, word: str) -> str:
    """A PATH on which git never answers where `word` is among its arguments, and is the real one otherwise."""
    folder.mkdir()
    executable(
        folder / "git",
        f'#!/bin/sh\nfor one; do [ "$one" = "{word}" ] && exec sleep {folder.name}; done\nexec "{GIT}" "$@"\n',
    )
    return f"{folder}:{os.environ['PATH']}"


def impatient(repo: Repo, *args: str, path: str) -> Ran:
    return repo.run(sys.executable, "-c", _IMPATIENT, *args, env={"PATH": path})


@pytest.mark.parametrize(
    ("word", "command"),
    [
        ("for-each-ref", ("claims",)),
        ("worktree", ("claims",)),
        ("cat-file", ("check", "--rev", "HEAD")),
        ("config", ("claims",)),
        ("rev-parse", ("status",)),
    ],
)
def test_a_git_that_never_answers_is_ended(repo: Repo, tmp_path: Path, word: str, command: tuple[str, ...]) -> None:
    repo.write("docs/plans/01_first.md", plan_text(1))
    repo.git("add", "-A")
    repo.git("commit", "-qm", "Begin")
    seconds = f"7{time.monotonic_ns() % 10**9}"  # nobody else sleeps exactly so long
    began = time.monotonic()
    ran = impatient(repo, *command, path=stuck_git(tmp_path / seconds, word))
    assert ran.code == 1 and "no answer within" in ran.err and "Traceback" not in ran.err, ran
    assert time.monotonic() - began < 30
    assert not any(one.startswith(f"sleep {seconds}") for one in _commands())


def test_what_goes_on_by_itself_is_ended_too(repo: Repo, tmp_path: Path) -> None:
    """`notify.command`, and emptying the trash: a process group with a watch over it."""
    script = (
        "from holdfast.adapters import spawn; import os, sys; "
        "spawn.begin(['sh', '-c', 'sleep 77778 & sleep 77778'], dict(os.environ), int(sys.argv[1]))"
    )
    ran = repo.run(sys.executable, "-c", script, "1")
    assert ran.code == 0, ran
    until = time.monotonic() + 20
    seen = False
    while time.monotonic() < until:
        alive = [one for one in _commands() if "77778" in one]
        seen = seen or bool(alive)
        if seen and not alive:
            break
        time.sleep(0.05)
    assert seen and not alive


def test_what_goes_on_by_itself_and_ends_leaves_nothing(repo: Repo) -> None:
    script = (
        "from holdfast.adapters import spawn; import os, sys; "
        "spawn.begin(['sh', '-c', 'pwd > $0', sys.argv[1]], dict(os.environ), 77779)"
    )
    assert repo.run(sys.executable, "-c", script, str(repo.path / "done")).code == 0
    until = time.monotonic() + 20
    while time.monotonic() < until and any("77779" in one for one in _commands()):
        time.sleep(0.05)
    assert repo.read("done") == "/\n", "whoever works on by themselves stands in no worktree"
    assert not any("77779" in one for one in _commands())


def test_an_alarm_of_the_caller_goes_on(repo: Repo) -> None:
    """`alarm 2; exec holdfast` is how a script limits a command where there is no timeout(1)."""
    script = (
        "import os, signal, sys; signal.alarm(1); "
        "os.execv(sys.executable, [sys.executable, '-c', "
        '\'from holdfast.adapters import spawn; import os; spawn.Running(["sleep", "9"], dict(os.environ)).done()\'])'
    )
    began = time.monotonic()
    assert repo.run(sys.executable, "-c", script).code == -14
    assert time.monotonic() - began < 6


def test_git_asks_nobody(repo: Repo, tmp_path: Path) -> None:
    """A server that wants a password gets none from a terminal: every git is told that there is none to ask."""
    folder = tmp_path / "bin"
    folder.mkdir()
    log = tmp_path / "log"
    executable(folder / "git", f'#!/bin/sh\necho "${{GIT_TERMINAL_PROMPT-unset}}" >> {log}\nexec "{GIT}" "$@"\n')
    ran = repo.holdfast("status", env={"PATH": f"{folder}:{os.environ['PATH']}", "GIT_TERMINAL_PROMPT": "1"})
    assert ran.code == 0, ran
    assert set(log.read_text().split()) == {"0"}
    assert shutil.which("git") == GIT


def _commands() -> list[str]:
    found = []
    for pid in os.listdir("/proc"):
        if pid.isdigit() and int(pid) != os.getpid():
            try:
                found.append(Path("/proc", pid, "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace"))
            except OSError:
                continue
    return found
