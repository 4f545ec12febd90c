"""The text of a change, boiled down to what tells whether two changes are the same, or one is contained in the other."""

from __future__ import annotations

from holdfast.domain.value import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    Hunk = tuple[bytes, bytes, bytes]


def patch_of(diff: Iterable[bytes]) -> bytes:
    """A word that only an equal change has, out of the lines of `git diff-tree -p --full-index`.

    Line numbers are left out, as `git patch-id` does it; white space counts (`--verbatim`), because in Python and YAML it
    is the meaning. A binary file counts by its blobs, which `git patch-id` of git 2.39 leaves out.
    """
    import hashlib

    return hashlib.sha256(b"\n".join(_said(diff))).digest()


def hunks_of(diff: Iterable[bytes]) -> frozenset[Hunk]:
    """Every hunk of a `-U0` diff as file, place in the old file, and text: what is equal on two sides merges as one."""
    found: set[Hunk] = set()
    name, index, place = b"", b"", b""
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
        elif line.startswith(b"index "):
            index = line
        elif line.startswith(b"Binary "):
            found.add((name, b"binary", _blobs(index)))
        elif line.startswith((b"new ", b"deleted ", b"old ")):
            found.add((name, b"header", line))
    return frozenset(found)


def _said(diff: Iterable[bytes]) -> Iterator[bytes]:
    """The lines that count; `---`, `+++` and `index` say nothing that the others do not, but of binary files."""
    index = b""
    in_hunk = False
    for line in diff:
        if line.startswith(b"@@"):
            in_hunk = True
        elif in_hunk and line[:1] in (b" ", b"+", b"-", b"\\"):
            yield line
        else:
            in_hunk = False
            if line.startswith(b"index "):
                index = line
            elif line.startswith(b"Binary "):
                yield b"binary " + _blobs(index)
            elif not line.startswith((b"--- ", b"+++ ")):
                yield line


def _blobs(index: bytes) -> bytes:
    """The blobs before and after in an `index OLD..NEW MODE` line."""
    return index.split(b" ")[1]
