"""What is text and what is code in a Markdown document: lines, headings and inline code."""

from __future__ import annotations

from holdfast.domain.regex import lazy
from holdfast.domain.scan import BLANKS, char, skip
from holdfast.domain.value import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_NESTED = lazy(r"[ \t]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+|>[ \t]*)+(?=```|~~~)")


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
    state = _State()
    start = 0
    for number, raw in enumerate(text.split("\n"), 1):
        line = raw.removesuffix("\r")
        code = hidden = False
        if state.fence or state.comment or "```" in line or "~~~" in line or "<!--" in line:
            code, hidden = state.step(line)
        yield Line(number, start, line, code, hidden)
        start += len(raw) + 1


def unclosed(text: str) -> str:
    """What ends the code fence or comment that is open where `text` ends; empty when none is."""
    state = _State()
    for raw in text.split("\n"):
        state.step(raw.removesuffix("\r"))
    if state.fence:
        return "" if state.quoted else state.fence  # a quotation ends by itself, as does a paragraph
    return "-->" if state.comment and not state.inline else ""


def heading(line: str) -> Heading | None:
    """The heading that a line of prose is, or None."""
    if "#" not in line[:4]:
        return None
    start = skip(line, 0, " ")
    end = skip(line, start, "#")
    if start > 3 or not 1 <= end - start <= 6 or char(line, end) not in ("", " ", "\t"):
        return None
    at = skip(line, end, BLANKS)
    text = line[at:].rstrip(BLANKS)
    bare = text.rstrip("#")
    if not bare or bare[-1] in BLANKS:
        text = bare
    return Heading(end - start, text.strip(), at)


def conflict_marker(line: str) -> bool:
    """True for a line that git puts around one side of a conflict; nested conflicts have longer marks than seven."""
    if not line.startswith(("<<<<<<<", ">>>>>>>")):
        return False
    return line.lstrip(line[0]).startswith(" ")


def without_code(line: str) -> str:
    """The line with inline code blanked by spaces, so that columns stay."""
    if "`" not in line:
        return line
    runs = list(_runs(line))
    parts = []
    end = 0
    for opening, closing in _code_spans(runs):
        parts += [line[end:opening], " " * (closing - opening)]
        end = closing
    return "".join((*parts, line[end:]))


def _runs(line: str) -> Iterator[tuple[int, int]]:
    """Start and end of each run of backticks."""
    at = line.find("`")
    while at >= 0:
        end = skip(line, at, "`")
        yield at, end
        at = line.find("`", end)


def _code_spans(runs: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Start and end of each code span: a run of backticks to the next run of its length (spec 0.31, section 6.1)."""
    last: dict[int, int] = {}
    partner: list[int] = [-1] * len(runs)
    for at in range(len(runs) - 1, -1, -1):
        length = runs[at][1] - runs[at][0]
        partner[at] = last.get(length, -1)
        last[length] = at
    at = 0
    while at < len(runs):
        if partner[at] >= 0:
            yield runs[at][0], runs[partner[at]][1]
            at = partner[at]
        at += 1


class _State:
    """Whether a fence or a comment is open, line by line."""

    __slots__ = ("comment", "fence", "inline", "quoted")

    def __init__(self) -> None:
        self.fence = ""
        self.quoted = False
        self.comment = False
        self.inline = False

    def step(self, line: str) -> tuple[bool, bool]:
        """Take the next line: is it code, is it hidden?"""
        if self.fence:
            if not self.quoted or line.lstrip().startswith(">"):
                if self._closes(line):
                    self.fence = ""
                return True, False
            self.fence = ""  # the quotation ended, and the fence in it
        if self.comment and not (self.inline and not line.strip()):
            self.comment = "-->" not in line
            return False, True
        self.comment = False
        if ("```" in line or "~~~" in line) and self._opens(line):
            return True, False
        if "<!--" not in line:
            return False, False
        visible = without_code(line)
        hidden = visible.lstrip().startswith("<!--")
        at = visible.rfind("<!--")
        # A comment within a paragraph ends with it at the latest (spec 0.31, sections 4.6 and 6.6).
        self.comment = at >= 0 and "-->" not in visible[at:]
        self.inline = not hidden
        return False, hidden

    def _opens(self, line: str) -> bool:
        bare = line.lstrip(BLANKS)
        if bare.startswith(("```", "~~~")):
            return self._begins(bare, quoted=False)
        nested = _NESTED.match(line)  # in a list item, in a quotation
        return nested is not None and self._begins(line[nested.end() :], quoted=">" in nested[0])

    def _begins(self, marked: str, quoted: bool) -> bool:
        end = skip(marked, 0, marked[0])
        if marked[0] == "`" and "`" in marked[end:]:
            return False
        self.fence = marked[:end]
        self.quoted = quoted
        return True

    def _closes(self, line: str) -> bool:
        bare = (line.lstrip("> \t") if self.quoted else line).strip()
        return len(bare) >= len(self.fence) and bare == self.fence[0] * len(bare)
