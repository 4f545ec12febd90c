"""Where a text speaks of plans by number: `[Plan #12]`, its plural forms, and lists of numbers in headers."""

from __future__ import annotations

from holdfast.domain.markdown import without_code
from holdfast.domain.regex import lazy
from holdfast.domain.scan import BLANKS, char, digits_end, skip, wordy
from holdfast.domain.value import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_NUMBER = lazy(r"\d{1,9}")
_IN_HEADER = lazy(r"(?i)(?:\b(?:plan|task|gap)s?[ \t]*(?:[-#][ \t]*)?|(?<![\w/#-])#)(\d{1,9})\b")
_FURTHER = lazy(r"(?i)[ \t]*(?:,[ \t]*and|,|&|and|/)[ \t]*#?(\d{1,9})\b(?![ \t]*(?:days?|hours?|weeks?|%))")
_BARE_LIST = lazy(r"[\[(]?[ \t]*\d{1,9}(?:[ \t]*[,/&][ \t]*\d{1,9})*[ \t]*[\])]?")
_ASIDE = lazy(r"\([^()]*\)")
_JOINTS = (",", "&", "/", "and", "or")
_LONGEST = 9
"""Digits of the largest number that a plan can have."""


class Reference(NamedTuple):
    """A mention of plan `number`; line and column (from 1) of its digits."""

    number: int
    line: int
    column: int


def mentions(line: str, number: int) -> Iterator[Reference]:
    """The plans that a line of prose (line `number`) mentions outside inline code.

    `[Plan #N]` as a literal placeholder mentions none.
    """
    if ("#" not in line and "[" not in line) or ("lan" not in line and "LAN" not in line):
        return
    visible = without_code(line)
    folded = visible.replace("İ", "I").lower()  # the one letter that lower case makes two of
    bracketed: list[int] = []
    spoken: list[int] = []
    at = folded.find("plan")
    while at >= 0:
        end = at + len("plans") if char(folded, at + 4) == "s" else at + len("plan")
        if char(visible, at - 1) == "[":
            bracketed += _numbered(folded, skip(folded, end, BLANKS), bare=True)
        if not wordy(char(visible, at - 1)) and visible[at + 1 : end] in ("lan", "lans"):
            start = skip(visible, end, BLANKS)
            spoken += _numbered(visible, start, bare=False) if start > end else ()
        at = folded.find("plan", end)
    for start in dict.fromkeys((*bracketed, *spoken)):
        yield Reference(int(visible[start : digits_end(visible, start)]), number, start + 1)


def _numbered(text: str, at: int, bare: bool) -> Iterator[int]:
    """The offsets of the numbers in a list, as `#1, #2 and #3`, that stands at `at`; `bare` when it needs no `#`."""
    marked = not bare
    while True:
        start = at + 1 if char(text, at) == "#" else at
        end = digits_end(text, start)
        if (marked and start == at) or not 0 < end - start <= _LONGEST or wordy(char(text, end)):
            return
        yield start
        joint, at = _joint(text, skip(text, end, BLANKS))
        if not joint:
            return
        marked = not bare and joint != "/"


def _joint(text: str, at: int) -> tuple[str, int]:
    """What joins two numbers of a list at `at`, empty for nothing that does, and the offset behind it and its blanks."""
    joint = next((one for one in _JOINTS if text.startswith(one, at)), "")
    at = skip(text, at + len(joint), BLANKS)
    if joint == "," and text.startswith("and", at):
        at = skip(text, at + len("and"), BLANKS)
    return joint, at


def listed(value: str) -> list[tuple[int, int]]:
    """The plan numbers that a `Blocked By` or `Blocks` value names, each with its offset in the value.

    Numbers in brackets are asides ("None (was #95, now complete)") and `ADR-0020` is no plan.
    """
    return _plain_list(value) or _listed(value)


def _listed(value: str) -> list[tuple[int, int]]:
    visible = _ASIDE.sub(lambda match: " " * len(match[0]), value)
    if _BARE_LIST.fullmatch(visible.strip()):
        return [(int(match[0]), match.start()) for match in _NUMBER.finditer(visible)]
    found: list[tuple[int, int]] = []
    position = 0
    while match := _IN_HEADER.search(visible, position):
        found.append((int(match[1]), match.start(1)))
        position = match.end()
        while further := _FURTHER.match(visible, position):
            found.append((int(further[1]), further.start(1)))
            position = further.end()
    return found


def _plain_list(value: str) -> list[tuple[int, int]]:
    """The numbers of the usual list, as `#12, #13` or `12, 13`; empty for any other value."""
    found: list[tuple[int, int]] = []
    at = 0
    bare = "#" not in value
    for part in value.split(","):
        start = at + len(part) - len(part.lstrip(BLANKS))
        start += char(value, start) == "#"
        end = digits_end(value, start)
        if not 0 < end - start <= _LONGEST or value[end : at + len(part)].strip(BLANKS):
            return []
        if not found and not bare and value[start - 1] != "#":
            return []  # "12, #13": only what follows a marked number may go without the mark
        found.append((int(value[start:end]), start))
        at += len(part) + 1
    return found
