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


class Entry(NamedTuple):
    """One line of a reflog."""

    old: str
    new: str
    at: Moment
    message: str


def trace(common_dir: str, ref: str, tip: str) -> Trace | None:
    """What the reflog of a ref tells about its tip; None where there is none (git-reflog; none with reftable)."""
    found = entries(common_dir, ref)
    if not found:
        return None
    moved = any(one.old != one.new and one.old.strip("0") for one in found)
    made = next((one for one in reversed(found) if one.new == tip and one.old != tip), None)
    return Trace(found[-1].at, moved, moved and made is not None and _made(made), found[0].message)


def entries(common_dir: str, ref: str) -> list[Entry]:
    """The lines of a reflog, oldest first; what is no such line is passed over."""
    raw = files.read_regular(os.path.join(common_dir, "logs", *ref.split("/")))
    return [one for line in decode(raw or b"").split("\n") if (one := _entry(line)) is not None]


def _made(entry: Entry) -> bool:
    """True for a move to a new commit; a rebase that ends on what it rebased onto left no commit of the branch's own."""
    if entry.message.startswith("rebase (finish)"):
        return not entry.message.endswith(entry.new)
    return entry.message.startswith(_MADE)


def _entry(line: str) -> Entry | None:
    head, _, message = line.partition("\t")
    ids, _, stamp = head.rpartition("> ")
    parts = ids.split(" ", 2)
    seconds = stamp.split(" ")[0]
    if len(parts) < 3 or not seconds.isdecimal() or len(seconds) > 12:
        return None
    return Entry(parts[0], parts[1], Moment(int(seconds)), message)
