"""Files that Holdfast shares with their owner: a plan index inside a text, and lines in git's files."""

from __future__ import annotations

import re

from holdfast.domain import markdown, plan_index
from holdfast.domain.naming import Pattern
from holdfast.domain.value import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

DRIVER = "holdfast-plan-index"
"""The name of the merge driver in git's configuration and attributes."""
MERGE = f"merge={DRIVER}"

_MARKERS = ("<!-- holdfast:plan-index begin", "<!-- holdfast:plan-index end")

_RULE = re.compile(r" {0,3}\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$")
_CELLS = re.compile(r"(?<!\\)\|")
_LINK = re.compile(r"\]\(\s*<?([^)>]+?)>?\s*\)")
_NUMBER = re.compile(r"[\W_]*(?:(?:plan|gap|task|adr|rfc)[\W_]*)?(\d{1,9})(?!\d|[.-]\d)", re.I)
_NUMBER_HEADS = frozenset({
    "#", "no", "no.", "nr", "nr.", "№", "num", "num.", "number", "plan", "plans", "plan #", "plan no",
    "plan number", "id", "gap", "gap #", "task", "tasks", "task id", "adr", "adr #", "rfc", "rfc #",
    "decision", "record",
})  # fmt: skip
_STATUS_HEADS = frozenset({"status", "state"})
_SPECIAL = re.compile(r"[\\*?\[\]]")


class Table(NamedTuple):
    """A Markdown table that is a plan index: its place in the text, and how many of its rows name plans."""

    start: int
    end: int
    rows: int


def tables(text: str, plans: Collection[str]) -> list[Table]:
    """The tables of `text` that list the plans with the file names `plans`, in their order.

    A table is a plan index when its first column is headed as a number and a row links a plan, or when most
    of its rows begin with a plan's number and it links plans or has a Status column. A table that only counts
    1, 2, 3 is none.
    """
    numbers = {number for name in plans if (number := Pattern("").number(name)) is not None}
    found = []
    for head, body, start, end in _tables(text):
        linked = sum(_links(row, plans) for row in body)
        counted = sum(_number(row) in numbers for row in body)
        heads = [_bare(cell) for cell in _cells(head)]
        numbered = bool(heads) and heads[0] in _NUMBER_HEADS
        most = 2 * counted > len(body)
        if (linked and (numbered or most)) or (most and numbered and _STATUS_HEADS & set(heads)):
            found.append(Table(start, end, max(linked, counted)))
    return found


def marked(text: str) -> bool:
    """True when a marker stands in the text already, as a line of its own."""
    return any(_is_marker(line) for line in text.split("\n"))


def enclosed(text: str, table: Table) -> str:
    """The text with the markers around that table; every other byte stays."""
    newline = _newline(text)
    body = text[table.start : table.end]
    gap = "" if body.endswith("\n") else newline
    ending = newline if table.end < len(text) or not gap else ""
    return text[: table.start] + plan_index.BEGIN + newline + body + gap + plan_index.END + ending + text[table.end :]


def appended(text: str, heading: str) -> str:
    """The text with a heading and empty markers below it at its end."""
    newline = _newline(text)
    gap = "" if not text.strip("\ufeff") else (newline if text.endswith("\n") else newline * 2)
    lines = (f"## {heading}", "", plan_index.BEGIN, plan_index.END, "")
    return text + gap + newline.join(lines)


def created(heading: str) -> str:
    """A new file that holds nothing but the plan index."""
    return f"# {heading}\n\n{plan_index.BEGIN}\n{plan_index.END}\n"


def without_markers(text: str) -> str:
    """The text without the marker lines; every other byte stays."""
    return "".join(line for line in _lines(text) if not _is_marker(line))


def hollow(text: str) -> str:
    """The text with nothing between its markers; the text itself when it has no one place for them."""
    try:
        return plan_index.placed(text, "")
    except plan_index.NoPlace:
        return text


def attribute_line(path: str) -> str:
    """The line of `.gitattributes` for `path`: a pattern, quoted as in C where need be (gitattributes(5))."""
    pattern = _SPECIAL.sub(lambda match: "\\" + match[0], path)
    if "/" not in pattern:
        pattern = "/" + pattern  # without a slash it would mean every file of that name
    if pattern[0] in "#!" or any(ord(character) <= 32 or character in '"\\' for character in pattern):
        pattern = '"' + pattern.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return f"{pattern} {MERGE}"


def with_lines(text: str, lines: Iterable[str]) -> str:
    """The text with those of `lines` at its end that it does not hold yet."""
    newline = _newline(text)
    held = {line.removesuffix("\r") for line in text.split("\n")}
    for line in lines:
        if line not in held:
            text += ("" if not text or text.endswith("\n") else newline) + line + newline
    return text


def without_lines(text: str, lines: Collection[str]) -> str:
    """The text without the lines in `lines`; every other byte stays."""
    return "".join(line for line in _lines(text) if line.rstrip("\r\n") not in lines)


def _lines(text: str) -> list[str]:
    """The lines with their endings; only a line feed ends one, as for git."""
    return [line + "\n" for line in text.split("\n")[:-1]] + [last for last in text.split("\n")[-1:] if last]


def _is_marker(line: str) -> bool:
    return line.lstrip().startswith(_MARKERS)


def _tables(text: str) -> list[tuple[str, list[str], int, int]]:
    """Header, body rows, start and end offset of each table outside code and comments."""
    lines = list(markdown.lines(text))
    found = []
    at = 0
    while at + 1 < len(lines):
        head, rule = lines[at], lines[at + 1]
        if not (head.prose and _is_row(head.text) and _RULE.match(rule.text) and "|" in rule.text):
            at += 1
            continue
        last = at + 1
        while last + 1 < len(lines) and lines[last + 1].prose and _is_row(lines[last + 1].text):
            last += 1
        end = lines[last + 1].start if last + 1 < len(lines) else len(text)
        found.append((head.text, [line.text for line in lines[at + 2 : last + 1]], head.start, end))
        at = last + 1
    return found


def _is_row(line: str) -> bool:
    return "|" in line and not line.startswith(("    ", "\t"))


def _cells(row: str) -> list[str]:
    return [cell.strip() for cell in _CELLS.split(row.strip().removeprefix("|").removesuffix("|"))]


def _bare(cell: str) -> str:
    return cell.strip(" *_`").casefold()


def _number(row: str) -> int | None:
    match = _NUMBER.match(_cells(row)[0])
    return int(match[1]) if match is not None and match[1].isascii() else None


def _links(row: str, plans: Collection[str]) -> bool:
    from urllib.parse import unquote

    targets = [unquote(target.split("#")[0]).rpartition("/")[2] for target in _LINK.findall(row)]
    return any(target in plans for target in targets)


def _newline(text: str) -> str:
    at = text.find("\n")
    return "\r\n" if at > 0 and text[at - 1] == "\r" else "\n"
