"""What git wrote down about a ref's moves, read from its file: no process, however many branches there are."""

from __future__ import annotations

import os

from holdfast.adapters import files
from holdfast.adapters.git import decode
from holdfast.domain.moment import Moment
from holdfast.domain.snapshot import Trace
from holdfast.domain.value import NamedTuple

_MADE = ("commit", "cherry-pick", "revert", "am")
"""What a reflog's message begins with where git made the new commit on this branch."""

_RESET = ("reset: ", "branch: Reset to ", "checkout", "switch")
"""Where the branch was put onto a commit that was there already."""


TAKEN_BACK = "holdfast: taken back"
"""The message of a move that undoes the one before it: nothing happened to whoever works on the branch."""
_PUSHED = "update by push"
"""git's own message where a push moved what this clone knows of the remote, forth and, taken back, back."""
_UNDOING = (TAKEN_BACK, _PUSHED)


class Entry(NamedTuple):
    """One line of a reflog."""

    old: str
    new: str
    at: Moment
    message: str


def trace(common_dir: str, ref: str) -> Trace | None:
    """What the reflog of a branch tells about its tip; None where there is none (git-reflog; none with reftable)."""
    found = entries(common_dir, ref)
    return Trace(found[-1].at, _worked(found, ref.removeprefix("refs/heads/"))) if found else None


def written(common_dir: str, ref: str) -> float:
    """When the reflog of a ref was written last: none of its entries is newer; 0 where there is none."""
    try:
        return os.stat(os.path.join(common_dir, "logs", *ref.split("/"))).st_mtime
    except (OSError, ValueError):
        return 0


def last_move(common_dir: str, ref: str) -> Moment | None:
    """When a ref moved last, by the last line of its reflog where that tells; None where there is none."""
    raw = files.read_regular(os.path.join(common_dir, "logs", *ref.split("/")))
    last = _entry(decode(raw[raw.rfind(b"\n", 0, -1) + 1 :]).rstrip("\n")) if raw else None
    if last is not None and last.message in _UNDOING:
        last = next(reversed(entries(common_dir, ref)), None)
    return last.at if last is not None else None


def entries(common_dir: str, ref: str) -> list[Entry]:
    """The lines of a reflog, oldest first; what is no such line is passed over, and so are moves that were taken back."""
    raw = files.read_regular(os.path.join(common_dir, "logs", *ref.split("/")))
    found: list[Entry] = []
    for line in decode(raw or b"").split("\n"):
        one = _entry(line)
        if one is None:
            continue
        if one.message in _UNDOING and found and (found[-1].old, found[-1].new) == (one.new, one.old):
            found.pop()
        else:
            found.append(one)
    return found


def _worked(log: list[Entry], name: str) -> bool | None:
    """True where commits that were made on this branch are below its tip, None where its log does not tell."""
    worked = None if log[0].old.strip("0") else False
    states: dict[str, bool | None] = {}
    for one in log:
        worked = _after(one, worked, states, name)
        states[one.new] = worked
    return worked


def _after(entry: Entry, worked: bool | None, states: dict[str, bool | None], name: str) -> bool | None:
    """Whether the branch has commits of its own after one move, if it had before and at its earlier `states`."""
    message = entry.message
    if " (finish): " in message:
        return False if message.endswith(entry.new) else worked  # nothing was left above what it was rebased onto
    if message.startswith(_MADE):
        return worked if message.endswith(": fast-forward") else True
    copied = any(word.endswith(f"/{name}") for word in message.replace(":", " ").split())
    if message.startswith(_RESET) and not copied:
        back = "HEAD~" in message or "HEAD^" in message
        return states.get(entry.new, (None if worked else worked) if back else False)
    here = message.startswith(("branch: Created from ", "Branch: renamed ", "merge "))
    return worked if worked or (here and not copied) else None  # else it came from elsewhere


def _entry(line: str) -> Entry | None:
    head, _, message = line.partition("\t")
    ids, _, stamp = head.rpartition("> ")
    parts = ids.split(" ", 2)
    seconds = stamp.split(" ")[0]
    if len(parts) < 3 or not seconds.isdecimal() or len(seconds) > 12:
        return None
    return Entry(parts[0], parts[1], Moment(int(seconds)), message)
