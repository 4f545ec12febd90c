"""Real shells at a real prompt: what is typed, and what Tab makes of it."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import shlex
import shutil
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

NEEDED = os.environ.get("HOLDFAST_SHELLS") == "needed"
"""Whether a shell that is missing is a failure and no reason to skip: `make shells` says so."""

_LOOKS = re.compile(r"\x1b(?:\[[\d;?>=]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[()][A-Z0-9]|[=>78M])|\r|\x07")
_TAB = "\t"
_PROMPT = "READY>"
_START = {
    "bash": ("bash", "--norc", "--noprofile", "-i"),
    "zsh": ("zsh", "-f", "-i"),
    "fish": ("fish", "--no-config", "-i", "-C", f"function fish_prompt; printf '{_PROMPT}'; end"),
}
_COMPLETION = {
    "bash": "bind 'set page-completions off'; eval \"$(holdfast completion bash)\"",
    "zsh": 'autoload -Uz compinit; compinit -u -D; eval "$(holdfast completion zsh)"',
    "fish": "holdfast completion fish | source",
}


def program(name: str) -> str:
    """The path of a shell; the test is skipped where it is missing, or fails where it is needed."""
    found = shutil.which(name)
    if found is None:
        assert not NEEDED, f"{name} is not here: install it (Debian/Ubuntu: apt install {name})"
        pytest.skip(f"{name} is not here (`make shells` needs it)")
    return found


def command(folder: Path) -> Path:
    """A folder for PATH in which `holdfast completion` is this one; any other line only prints what it was given."""
    folder.mkdir(exist_ok=True)
    script = folder / "holdfast"
    script.write_text(
        f"""#!/bin/sh
[ "$1" = completion ] && exec {shlex.quote(sys.executable)} -m holdfast "$@"
printf '<%s>' "$@"
echo " end"
"""
    )
    script.chmod(0o755)
    return folder


_TERMINAL = {"TERM": "xterm", "INPUTRC": "/dev/null", "PS1": _PROMPT}
_CONTROLLED = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execvp(sys.argv[1], sys.argv[1:])"
)
"""A terminal that controls its shell: zsh and fish ask for one."""


class Prompt:
    """A shell on a pseudo terminal that reads what a person would type."""

    def __init__(self, name: str, cwd: Path, env: dict[str, str]) -> None:
        program(name)
        self.name, self.unread = name, ""
        self.leader, follower = pty.openpty()
        fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 160, 0, 0))
        self.process = subprocess.Popen(
            [sys.executable, "-c", _CONTROLLED, *_START[name]], cwd=cwd, env={**env, **_TERMINAL}, stdin=follower,
            stdout=follower, stderr=follower, start_new_session=True,
        )  # fmt: skip
        os.close(follower)
        self.until(_PROMPT)  # what is typed before a shell is ready can be lost
        self.typed(_COMPLETION[name] + "; echo read''y\n")
        self.until("ready")
        self.until(_PROMPT)

    def typed(self, text: str) -> None:
        os.write(self.leader, text.encode())

    def until(self, text: str, seconds: float = 30) -> str:
        """What is drawn until that text is, without what only moves or colours; what comes behind it stays to be read."""
        end = time.monotonic() + seconds
        while text not in (drawn := _LOOKS.sub("", self.unread)):
            left = end - time.monotonic()
            assert left > 0, f"{self.name} never drew {text!r}: {drawn!r}"
            if select.select([self.leader], [], [], left)[0]:
                self.unread += os.read(self.leader, 65536).decode(errors="replace")
        before, _, self.unread = drawn.partition(text)
        return before + text

    def line(self, text: str) -> str:
        """The words that `holdfast` gets when Enter is pressed behind `text`, as `<plan><show>`."""
        self.typed(f"holdfast {text}\n")
        return re.findall(r"(<[^\n]*>) end", self.until(" end"))[-1]

    def listed(self, text: str, last: str) -> str:
        """What is drawn when Tab is pressed twice behind `text`, until that is."""
        self.typed(f"holdfast {text}{_TAB}{_TAB}")
        return self.until(last)

    def end(self) -> None:
        self.process.kill()
        self.process.wait(timeout=20)
        os.close(self.leader)
