"""The lines of a plan's header: `**Status:** Planned`, `Status: Planned`, and what a title says of number and words."""

from __future__ import annotations

from holdfast.domain.scan import BLANKS, char, digits_end, skip
from holdfast.domain.value import NamedTuple

_KINDS = ("plan", "gap", "task", "adr", "rfc")
_DASHES = ("—", "–", "-")
_AFTER_NUMBER = (":", *_DASHES, ".")
_LONGEST_NUMBER = 9


class Label(NamedTuple):
    """`name: value` on one line: the name with its offsets, and the value behind it with its offset."""

    name: str
    start: int
    end: int
    value: str
    at: int


def bold(line: str) -> Label | None:
    """The bold label that begins a line, as `**Name:** value` or `- **Name**: value`, or None."""
    start = _after_bullet(line) + 2
    if line[start - 2 : start] != "**":
        return None
    colon, stars = line.find(":", start), line.find("**", start)
    if colon < 0 or stars < 0:
        return None
    first, last = sorted(((colon, colon + 1), (stars, stars + 2)))
    if line[first[1] : last[0]].strip(BLANKS):
        return None
    end = start + len(line[start:colon].rstrip(BLANKS)) if colon < stars else stars
    return _label(line, start, end, last[1], "_ /#-", 41)


def plain(line: str) -> Label | None:
    """The label that begins a line without markup, as `Name: value` or `* Name: value`, or None."""
    return _unmarked(line, _after_bullet(line), 21)


def key(line: str) -> Label | None:
    """A key of front matter with its value, as `blocked_by: [3]`, or None."""
    return _unmarked(line, 0, 61, "_")


def title(text: str) -> tuple[str, str]:
    """The digits that a title names as its plan's number (empty without any), and the words behind them.

    `Plan #7: Words`, `GAP-7: Words`, `7. Words` and the like; a kind without a number (`RFC: Words`) is left out too.
    """
    found = _numbered(text)
    if found is None:
        return "", text
    start, end = found
    at = skip(text, end, BLANKS)
    if char(text, at) in _AFTER_NUMBER:
        at = skip(text, at + 1, BLANKS)
    return text[start:end], text[at:]


def _after_bullet(line: str) -> int:
    """The offset behind at most three blanks and the mark of a list item."""
    at = 0
    while at < 3 and char(line, at) in (" ", "\t"):
        at += 1
    if char(line, at) in ("-", "*", "+") and char(line, at + 1) in (" ", "\t"):
        at = skip(line, at + 1, BLANKS)
    return at


def _unmarked(line: str, start: int, longest: int, lead: str = "") -> Label | None:
    colon = line.find(":", start)
    if colon < 0 or char(line, colon + 1) not in ("", " ", "\t"):
        return None
    end = start + len(line[start:colon].rstrip(BLANKS))
    return _label(line, start, end, colon + 1, "_ -", longest, lead)


def _label(line: str, start: int, end: int, after: int, allowed: str, longest: int, lead: str = "") -> Label | None:
    """The label whose name stands from `start` to `end`, unless that is too long or holds what no name does."""
    name = line[start:end]
    if not (name[:1].isascii() and name[:1].isalpha()) and name[:1] not in tuple(lead):
        return None
    if len(name) > longest or not all(one.isalnum() or one in allowed for one in name):
        return None
    at = skip(line, after, BLANKS)
    return Label(name, start, end, line[at:], at)


def _numbered(text: str) -> tuple[int, int] | None:
    """Where the number of a title stands, which may be nowhere behind a kind; None for a title that names neither."""
    head = text[:4].lower()
    kind = next((one for one in _KINDS if head.startswith(one)), "")
    if not kind:
        start = 1 if text.startswith("#") else 0
        end = digits_end(text, start)
        at = skip(text, end, BLANKS)
        separated = char(text, at) in _AFTER_NUMBER and char(text, at + 1) in ("", " ", "\t")
        return (start, end) if 0 < end - start <= _LONGEST_NUMBER and separated else None
    at = skip(text, len(kind), BLANKS)
    if char(text, at) == "#":
        start = skip(text, at + 1, BLANKS)
        end = digits_end(text, start)
        return (start, end) if 0 < end - start <= _LONGEST_NUMBER else None
    start = skip(text, at, " \t-")
    end = digits_end(text, start)
    if 0 < end - start <= _LONGEST_NUMBER and char(text, skip(text, end, BLANKS)) in ("", *_AFTER_NUMBER):
        return start, end
    if char(text, at) == ":" or (char(text, at) in _DASHES and char(text, at + 1) in (" ", "\t")):
        return at, at
    return None
