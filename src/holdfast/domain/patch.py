"""The text of a change, boiled down to what tells whether two changes are the same, or one takes the other back."""

from __future__ import annotations

from holdfast.domain.value import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    Hunk = tuple[bytes, bytes, bytes]


class Patch(NamedTuple):
    """A change without line numbers: a word that only an equal change has, and the word of the change that reverts it."""

    forward: bytes
    backward: bytes


class _Piece(NamedTuple):
    """A part of a diff as the change has it, and as its reverse would."""

    forward: bytes
    backward: bytes


def patch_of(diff: Iterable[bytes]) -> Patch:
    """The identity of a change, out of the lines of `git diff-tree -p --full-index`.

    Line numbers are left out, as `git patch-id` does it; white space counts (`--verbatim`), because in Python and YAML it
    is the meaning. A binary file counts by its blobs, which `git patch-id` of git 2.39 leaves out.
    """
    import hashlib

    pieces = tuple(_pieces(diff))
    return Patch(
        hashlib.sha256(b"\n".join(one.forward for one in pieces)).digest(),
        hashlib.sha256(b"\n".join(one.backward for one in pieces)).digest(),
    )


def hunks_of(diff: Iterable[bytes]) -> frozenset[Hunk]:
    """Every hunk of a `-U0` diff as file, place in the old file, and text: what is equal on two sides merges as one."""
    found: set[Hunk] = set()
    name, place = b"", b""
    text: list[bytes] = []
    for line in (*diff, b"diff "):
        if place and line.startswith((b"diff ", b"@@")):
            found.add((name, place, b"\n".join(text)))
            place, text = b"", []
        if line.startswith(b"diff "):
            name = line
        elif line.startswith(b"@@"):
            place = line.split(b" ")[1]
        elif place:
            text.append(line)
        elif line.startswith((b"Binary ", b"new ", b"deleted ", b"old ")):
            found.add((name, b"header", line))
    return frozenset(found)


def _pieces(diff: Iterable[bytes]) -> Iterator[_Piece]:
    """Headers, hunk marks, unchanged lines, and blocks of removed and added lines."""
    removed: list[bytes] = []
    added: list[bytes] = []
    index = b""
    in_hunk = False
    for line in (*diff, b""):
        lead = line[:1]
        if in_hunk and lead in (b"-", b"+") and not (lead == b"-" and added):
            (removed if lead == b"-" else added).append(line[1:])
            continue
        if removed or added:
            yield _Piece(_block(removed, added), _block(added, removed))
            removed, added = [line[1:]] if in_hunk and lead == b"-" else [], []
            if removed:
                continue
        if line.startswith(b"@@"):
            in_hunk = True
            yield _Piece(b"@@", b"@@")
        elif lead in (b" ", b"\\"):
            yield _Piece(line, line)
        else:
            in_hunk = False
            index = line if line.startswith(b"index ") else index
            yield from _header(line, index)


def _block(removed: list[bytes], added: list[bytes]) -> bytes:
    return b"\n".join((*(b"-" + line for line in removed), *(b"+" + line for line in added)))


_TURNED = {
    b"new file mode": b"deleted file mode",
    b"deleted file mode": b"new file mode",
    b"old mode": b"new mode",
    b"new mode": b"old mode",
}


def _header(line: bytes, index: bytes) -> Iterator[_Piece]:
    """A line above the hunks; `---`, `+++` and `index` say nothing that the others do not, but of binary files."""
    if line.startswith(b"Binary files "):
        old, _, new = index.removeprefix(b"index ").split(b" ")[0].partition(b"..")
        yield _Piece(b"binary " + old + b" " + new, b"binary " + new + b" " + old)
    elif line and not line.startswith((b"--- ", b"+++ ", b"index ")):
        turned = next((new + line[len(old) :] for old, new in _TURNED.items() if line.startswith(old)), line)
        yield _Piece(line, turned)
