"""What is text and what is code in a Markdown document: lines, headings and inline code."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_FENCE = re.compile(r"[ \t]*(?:[-*+>][ \t]+)*(`{3,}|~{3,})(.*)")
_HEADING = re.compile(r"[ ]{0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*$")
_CODE_SPAN = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)")


class Line(NamedTuple):
    """One line: number from 1, offset of its first character, text without the line ending.

    `code` is true inside a code fence (its own marker lines too), `hidden` inside an HTML comment.
    """

    number: int
    start: int
    text: str
    code: bool
    hidden: bool

    @property
    def prose(self) -> bool:
        """True for a line that a reader sees as text."""
        return not self.code and not self.hidden


class Heading(NamedTuple):
    """An ATX heading: level 1 to 6 and its text without the closing marks; offset of that text in the line."""

    level: int
    text: str
    offset: int


def lines(text: str) -> Iterator[Line]:
    """The lines of `text`, each marked as prose, code or comment.

    A fence that is never closed reaches to the end, as CommonMark has it (spec 0.31, section 4.5). Fences may
    be indented at will, because they stand in list items.
    """
    fence = ""
    comment = False
    start = 0
    for number, raw in enumerate(text.split("\n"), 1):
        line = raw.removesuffix("\r")
        code, hidden = bool(fence), comment
        if fence:
            if _closes(line, fence):
                fence = ""
        elif comment:
            comment = "-->" not in line
        elif "```" in line or "~~~" in line:
            fence = _opens(line)
            code = bool(fence)
        if not code and not hidden and "<!--" in line:
            hidden = line.lstrip().startswith("<!--")
            comment = "-->" not in line[line.rindex("<!--") :]
        yield Line(number, start, line, code, hidden)
        start += len(raw) + 1


def heading(line: str) -> Heading | None:
    """The heading that a line of prose is, or None."""
    if "#" not in line[:4]:
        return None
    match = _HEADING.match(line)
    if match is None:
        return None
    return Heading(len(match[1]), (match[2] or "").strip(), match.start(2) if match[2] else len(line))


def without_code(line: str) -> str:
    """The line with inline code blanked by spaces, so that columns stay."""
    if "`" not in line:
        return line
    return _CODE_SPAN.sub(lambda match: " " * len(match[0]), line)


def _opens(line: str) -> str:
    match = _FENCE.match(line)
    if match is None or (match[1][0] == "`" and "`" in match[2]):
        return ""
    return match[1]


def _closes(line: str, fence: str) -> bool:
    bare = line.strip()
    return len(bare) >= len(fence) and bare == fence[0] * len(bare)
