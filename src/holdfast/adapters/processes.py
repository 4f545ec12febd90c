"""What other processes are: with which arguments the git that called a hook was started, and who stands in a folder."""

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


def standing_in(folder: str, me: int) -> tuple[str, ...] | None:
    """The processes whose current folder is in `folder`, as `PID (COMMAND)`, without `me` and what called it.

    None where that cannot be told: a system without `/proc`.
    """
    try:
        pids = [int(name) for name in os.listdir("/proc") if name.isdigit()]
    except FileNotFoundError:
        return None
    lead = os.path.realpath(folder)
    mine = _with_callers(me)
    return tuple(f"{pid} ({_name(pid)})" for pid in pids if pid not in mine and _within(_cwd(pid), lead))


def _with_callers(pid: int) -> set[int]:
    found = {pid}
    parent = _parent(pid)
    while parent is not None and parent > 1 and parent not in found:
        found.add(parent)
        parent = _parent(parent)
    return found


def _cwd(pid: int) -> str | None:
    try:
        return os.readlink(f"/proc/{pid}/cwd")
    except OSError:
        return None


def _within(path: str | None, folder: str) -> bool:
    return path is not None and (path == folder or path.startswith(folder.rstrip("/") + "/"))


def _name(pid: int) -> str:
    words = _arguments(pid)
    return os.path.basename(words[0]) if words else "?"


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
