"""What other processes are: for now, with which arguments the git that called a hook was started."""

from __future__ import annotations

import os

from holdfast.adapters import spawn

_GENERATIONS = 6


def arguments_of_git(pid: int) -> list[str] | None:
    """The arguments of the git process `pid`, or of the nearest git above it (hook managers stand between).

    None where it cannot be told: no such process, no permission, an unknown system.
    """
    for _ in range(_GENERATIONS):
        arguments = _arguments(pid)
        if arguments is None:
            return None
        if os.path.basename(arguments[0]) == "git":
            return arguments
        parent = _parent(pid)
        if parent is None or parent <= 1:
            return None
        pid = parent
    return None


def _arguments(pid: int) -> list[str] | None:
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            raw = file.read()
    except OSError:
        return _ps(pid, "args=")
    words = raw.decode("utf-8", "surrogateescape").split("\0")[:-1]
    return words or None


def _parent(pid: int) -> int | None:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            # The second field is the command in brackets and may hold anything; the parent is the second after it.
            return int(file.read().rpartition(b")")[2].split()[1])
    except (OSError, ValueError, IndexError):
        words = _ps(pid, "ppid=")
        return int(words[0]) if words and words[0].isdigit() else None


def _ps(pid: int, column: str) -> list[str] | None:
    try:
        done = spawn.Running(["ps", "-o", column, "-p", str(pid)], os.environ).done()
    except OSError:
        return None
    return done.out.decode("utf-8", "surrogateescape").split() or None
