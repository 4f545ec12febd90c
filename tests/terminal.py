"""A terminal of a certain size: what a command draws on it, and what it shows in the end."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable

from conftest import Ran, Repo

SMALL, LARGE = (80, 24), (200, 50)
"""Columns and lines: a pane of tmux, and a whole screen."""
_LOOKS = re.compile(r"\x1b\[[\d;]*m")


class Terminal:
    """`holdfast ARGS` on a pseudo terminal of its own, whose size is the only one that counts."""

    def __init__(self, repo: Repo, *args: str, size: tuple[int, int], **more: str) -> None:
        self.leader, follower = pty.openpty()
        self.resize(*size)
        env = {key: value for key, value in repo.env.items() if key not in ("NO_COLOR", "COLUMNS", "LINES")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "holdfast", *args], cwd=repo.path, env={**env, "TERM": "xterm-256color", **more},
            stdin=follower, stdout=follower, stderr=follower, start_new_session=True,
        )  # fmt: skip
        os.close(follower)
        self.drawn = ""

    def resize(self, columns: int, lines: int) -> None:
        fcntl.ioctl(self.leader, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def more(self, seconds: float) -> str:
        """What is drawn until it has been quiet for a moment, at most so long; empty where nothing is."""
        until, found = time.monotonic() + seconds, b""
        while (left := until - time.monotonic()) > 0:
            if not select.select([self.leader], [], [], min(left, 0.1 if found else left))[0]:
                break
            try:
                chunk = os.read(self.leader, 65536)
            except OSError:  # the other end closed: that is how a terminal ends
                break
            if not chunk:
                break
            found += chunk
        self.drawn += found.decode()
        return found.decode()

    def until(self, text: str, seconds: float) -> str:
        """What is drawn until that text is, which must be within so many seconds."""
        until, found = time.monotonic() + seconds, ""
        while text not in found:
            left = until - time.monotonic()
            assert left > 0, found
            found += self.more(left)
        return found

    def end(self, sign: int = 0) -> Ran:
        """Wait for its end, after a signal if there is one; gives everything that was drawn."""
        if sign:
            self.process.send_signal(sign)
        while self.more(20):
            pass
        code = self.process.wait(timeout=20)
        os.close(self.leader)
        return Ran(code, self.drawn, "")


def on(repo: Repo, *args: str, size: tuple[int, int], **more: str) -> Ran:
    """A whole run on a terminal of that size."""
    ran = Terminal(repo, *args, size=size, **more).end()
    assert "Traceback" not in ran.out, ran
    return Ran(ran.code, ran.out.replace("\r\n", "\n"), "")


def answered(repo: Repo, *args: str, answer: Callable[[str], str]) -> str:
    """What a terminal shows, and how it ends, when a person answers each question; he sees what stands there by then."""
    asking = Terminal(repo, *args, size=LARGE, NO_COLOR="1")
    until = time.monotonic() + 60
    while asking.process.poll() is None and time.monotonic() < until:
        if asking.more(1).endswith("[y/N] "):
            os.write(asking.leader, answer(asking.drawn).encode() + b"\n")
    ran = asking.end()
    return f"{ran.out}exit {ran.code}"


def without_looks(text: str) -> str:
    """The text without what makes a terminal show it in colour."""
    return _LOOKS.sub("", text)
