"""Where a text speaks of plans by number: `[Plan #12]`, its plural forms, and lists of numbers in headers."""

from __future__ import annotations

import re

from holdfast.domain.markdown import without_code
from holdfast.domain.regex import lazy
from holdfast.domain.value import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_MENTION = lazy(
    r"\b[Pp]lans?[ \t]+#(\d{1,9})\b((?:[ \t]*(?:,[ \t]*and|,|&|and|or)[ \t]*#\d{1,9}\b|[ \t]*/[ \t]*#?\d{1,9}\b)*)"
)
_BRACKETED = lazy(r"\[Plans?[ \t]*#?(\d{1,9})\b((?:[ \t]*(?:,[ \t]*and|,|&|and|or|/)[ \t]*#?\d{1,9}\b)*)", re.I)
_NUMBER = lazy(r"\d{1,9}")
_IN_HEADER = lazy(r"(?:\b(?:plan|task|gap)s?[ \t]*(?:[-#][ \t]*)?|(?<![\w/#-])#)(\d{1,9})\b", re.I)
_FURTHER = lazy(r"[ \t]*(?:,[ \t]*and|,|&|and|/)[ \t]*#?(\d{1,9})\b(?![ \t]*(?:days?|hours?|weeks?|%))", re.I)
_BARE_LIST = lazy(r"[\[(]?[ \t]*\d{1,9}(?:[ \t]*[,/&][ \t]*\d{1,9})*[ \t]*[\])]?")
_ASIDE = lazy(r"\([^()]*\)")


class Reference(NamedTuple):
    """A mention of plan `number`; line and column (from 1) of its digits."""

    number: int
    line: int
    column: int


def mentions(line: str, number: int) -> Iterator[Reference]:
    """The plans that a line of prose (line `number`) mentions outside inline code.

    `[Plan #N]` as a literal placeholder mentions none.
    """
    if "lan" not in line and "LAN" not in line:
        return
    visible = without_code(line)
    seen: set[int] = set()
    for pattern in (_BRACKETED, _MENTION):
        for match in pattern.finditer(visible):
            for digits in _NUMBER.finditer(visible, match.start(1), match.end()):
                if digits.start() not in seen:
                    seen.add(digits.start())
                    yield Reference(int(digits[0]), number, digits.start() + 1)


def listed(value: str) -> list[tuple[int, int]]:
    """The plan numbers that a `Blocked By` or `Blocks` value names, each with its offset in the value.

    Numbers in brackets are asides ("None (was #95, now complete)") and `ADR-0020` is no plan.
    """
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
