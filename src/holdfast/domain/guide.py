"""The guide inside texts of others: one marked and versioned block, and whole pages that begin with a mark."""

from __future__ import annotations

from zlib import crc32

from holdfast.domain import markdown
from holdfast.domain.policy import GUIDE
from holdfast.domain.value import NamedTuple

VERSION = 1
"""The version of the guide's texts; raise it with each release that changes one of them.

A team may have two versions of Holdfast for a while: the older one leaves alone what the newer one wrote.
"""

CLAUDE, AGENTS, PROCESS, RECOVERY = GUIDE
BLOCKS, PAGES = (CLAUDE, AGENTS), (PROCESS, RECOVERY)
"""The files that hold the block among text of their owner, and those that are the guide's from end to end."""

IMPORT = "@" + AGENTS
"""What makes Claude Code, which reads CLAUDE.md, read AGENTS.md too."""

_OPENS = "<!-- holdfast guide "
_END = "<!-- holdfast guide end -->"
_WRITTEN = "written by `holdfast guide --write`, do not edit -->"
_BOM = "\ufeff"

CURRENT, OLD, NEWER, EDITED = "current", "old", "newer", "edited"


class Texts(NamedTuple):
    """What this version writes: the block with its two marker lines, and each page, by path."""

    block: str
    process: str
    recovery: str

    def of(self, path: str) -> str:
        """The text that belongs into the file at a path of the guide."""
        return {PROCESS: self.process, RECOVERY: self.recovery}.get(path, self.block)


class Part(NamedTuple):
    """A part of the guide as it stands in a text: offsets of the whole of it, and itself, with line feeds."""

    start: int
    end: int
    text: str


class Broken(ValueError):
    """A text has not exactly one begin and one end marker in order; `args[0]` says what it has, `args[1]` the line."""


def block(words: str) -> str:
    """The block around these words: two marker lines, and no line break behind the last."""
    body = words.strip("\n") + "\n"
    return f"{_OPENS}{VERSION} begin {_digits(body)}: {_WRITTEN}\n{body}{_END}"


def page(words: str) -> str:
    """A page of these words below its mark."""
    body = "\n" + words.strip("\n") + "\n"
    return f"{_OPENS}{VERSION} page {_digits(body)}: {_WRITTEN}\n{body}"


def found(text: str, path: str) -> Part | None:
    """The part of the guide in the text of a file, None where there is none; `Broken` where it is torn or there twice."""
    if _OPENS not in text:
        return None
    return _page_in(text) if path in PAGES else _block_in(text)


def placed(text: str, path: str, ours: str) -> str:
    """The text with our part in place of the one that is there, or at its end; every other byte stays.

    `Broken` where there is no one place for it. A page takes the whole text.
    """
    there = found(text, path)
    newline = _newline(text)
    new = ours.replace("\n", newline)
    if there is not None:
        return text[: there.start] + new + text[there.end :]
    if not text.strip(_BOM):
        return text + new + newline if path in BLOCKS else text + new
    whole = text.endswith("\n")
    gap = newline if whole else newline * 2
    return text + gap + new + (newline if whole else "")


def judged(part: Part, ours: str) -> str:
    """What a part is beside ours: `current`, `old`, `newer` or `edited`.

    Its mark has check digits of its text. So an edit shows also in an old or a newer one, and the page that is made from
    the catalogue is never taken for edited because another Holdfast knows another code.
    """
    if part.text == ours:
        return CURRENT
    mark, _, body = part.text.partition("\n")
    version, digits = _mark(mark)
    if digits != _digits(body.removesuffix(_END)):
        return EDITED
    return NEWER if version > VERSION else OLD


def imports_agents(text: str) -> bool:
    """True where CLAUDE.md takes in AGENTS.md: by a word of its text, not of its code (Claude Code: memory imports)."""
    words = (
        word.strip(_BOM).rstrip(".,;:") for line in markdown.lines(text) if line.prose for word in line.text.split()
    )
    return not {IMPORT, "@./" + AGENTS}.isdisjoint(words)


def _block_in(text: str) -> Part | None:
    begins = [at for at in _line_starts(text, _OPENS) if not text.startswith(_END, _written(text, at))]
    ends = _line_starts(text, _END)
    if not begins and not ends:
        return None
    if len(begins) != 1 or len(ends) != 1 or ends[0] < begins[0]:
        first = min(begins + ends)
        raise Broken(f"{len(begins)} begin and {len(ends)} end markers", text.count("\n", 0, first) + 1)
    end = _written(text, ends[0]) + len(_END)
    start = _written(text, begins[0])
    return Part(start, end, text[start:end].replace("\r\n", "\n"))


def _page_in(text: str) -> Part | None:
    start = len(_BOM) if text.startswith(_BOM) else 0
    if not text.startswith(_OPENS, start):
        return None
    return Part(start, len(text), text[start:].replace("\r\n", "\n"))


def _line_starts(text: str, marker: str) -> list[int]:
    """The offsets of the lines that begin with a marker, blanks or a byte order mark before it allowed."""
    starts = []
    at = text.find(marker)
    while at >= 0:
        start = text.rfind("\n", 0, at) + 1
        if not text[start:at].strip(" \t" + _BOM):
            starts.append(start)
        at = text.find(marker, at + 1)
    return starts


def _written(text: str, start: int) -> int:
    """The offset of the first sign of a line."""
    return text.find("<", start)


def _mark(line: str) -> tuple[int, str]:
    """Version and check digits of a marker line; 0 and nothing where it has been changed."""
    words = line.removeprefix(_OPENS).partition(":")[0].split()
    if len(words) != 3 or not (words[0].isascii() and words[0].isdigit() and len(words[0]) < 10):
        return 0, ""
    return int(words[0]), words[2]


def _digits(body: str) -> str:
    return f"{crc32(body.encode('utf-8', 'surrogateescape')):08x}"


def _newline(text: str) -> str:
    at = text.find("\n")
    return "\r\n" if at > 0 and text[at - 1] == "\r" else "\n"
