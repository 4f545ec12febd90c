"""One process as the system shows it: its arguments, what started it, and since when it runs."""

from __future__ import annotations

import os

from holdfast.adapters import spawn
from holdfast.domain.value import NamedTuple

ROOT = "/proc"

_INTERPRETERS = frozenset({"python", "python3", "node", "bun", "deno", "ruby", "perl", "sh", "bash", "dash", "zsh"})


class Stat(NamedTuple):
    """What everybody may read of every process (proc(5), `stat`).

    `parent`, process `group`, `session` and `tty` are numbers, 0 for none; `ticks` is when it started, in clock ticks since
    the machine did.
    """

    parent: int
    group: int
    session: int
    tty: int
    ticks: int


def stat(pid: int, root: str = ROOT) -> Stat | None:
    """What everybody may read of a process, or None where it is gone or the system shows none of it."""
    try:
        with open(f"{root}/{pid}/stat", "rb") as file:
            # The second field is the command in brackets and may hold anything.
            fields = file.read().rpartition(b")")[2].split()
        return Stat(int(fields[1]), int(fields[2]), int(fields[3]), int(fields[4]), int(fields[19]))
    except (OSError, ValueError, IndexError):
        return None


def has_ended(pid: int, root: str = ROOT) -> bool:
    """True for a process that is gone, or waits only for whoever started it to ask how it ended (proc(5), `Z`)."""
    try:
        with open(f"{root}/{pid}/stat", "rb") as file:
            return file.read().rpartition(b")")[2].split()[:1] in ([b"Z"], [b"X"], [])
    except OSError:
        return True


def parent(pid: int, root: str = ROOT) -> int | None:
    """The process that started `pid`, or None."""
    found = stat(pid, root)
    if found is not None:
        return found.parent
    words = _ps(pid, "ppid=")
    return int(words[0]) if words and words[0].isdigit() else None


def with_callers(pid: int, root: str = ROOT) -> tuple[int, ...]:
    """The process `pid`, what started it, what started that, and so on, but for the first process of all."""
    found = [pid]
    above = parent(pid, root)
    while above is not None and above > 1 and above not in found:
        found.append(above)
        above = parent(above, root)
    return tuple(found)


def arguments(pid: int, root: str = ROOT) -> list[str] | None:
    """The words that a process was started with; None where they cannot be told, as of kernel threads."""
    try:
        with open(f"{root}/{pid}/cmdline", "rb") as file:
            raw = file.read()
    except OSError:
        return _ps(pid, "args=")
    words = raw.decode("utf-8", "surrogateescape").split("\0")[:-1]
    return words or None


def name(words: list[str] | None) -> str:
    """What people call a process with these arguments: its program, and the script that an interpreter runs.

    No more of them: passwords stand on command lines.
    """
    if not words:
        return "?"
    program = os.path.basename(words[0]).lstrip("-") or "?"
    script = words[1] if len(words) > 1 else ""
    if program.rstrip("0123456789.") not in _INTERPRETERS or not script or script.startswith("-"):
        return program
    return f"{program} {os.path.basename(script)}"


def _ps(pid: int, column: str) -> list[str] | None:
    try:
        done = spawn.Running(["ps", "-o", column, "-p", str(pid)], os.environ).done()
    except OSError:
        return None
    return done.out.decode("utf-8", "surrogateescape").split() or None
