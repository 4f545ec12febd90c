"""The table of all plans: rows from plans, its place between two markers, and the three-way merge of its rows by field."""

from __future__ import annotations

from holdfast.domain import markdown, status
from holdfast.domain.references import listed
from holdfast.domain.regex import lazy
from holdfast.domain.value import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from holdfast.domain.plan import Plan
    from holdfast.domain.policy import FolderPolicy

BEGIN = "<!-- holdfast:plan-index begin: computed from the plan files, do not edit -->"
END = "<!-- holdfast:plan-index end -->"
_OPENS = "<!-- holdfast:plan-index begin"

_HEAD = ("| # | Plan | Priority | Status | Blocks |", "|---|------|----------|--------|--------|")
_MARKUP = str.maketrans({character: "\\" + character for character in "\\`*_[]<|~"})
_SAFE = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/!$&'+,;=:@")
_CELLS = lazy(r"(?<!\\)\|")
_LINK = lazy(r"(?s)\[(.*)\]\(([^()]*)\)")
_ENCODED = lazy(r"%([0-9A-F]{2})")
_LEAD = lazy(r"^[^0-9]*\d+[-_. ]*")


class Row(NamedTuple):
    """One line of the plan index, by field; each field is the text of its cell."""

    number: int
    path: str
    title: str
    priority: str
    status: str
    blocks: str

    def __str__(self) -> str:
        return f"| {self.number} | [{self.title}]({self.path}) | {self.priority} | {self.status} | {self.blocks} |"


_Rows = dict[tuple[int, str], Row]
_Keys = dict[tuple[int, str], tuple[int, str]]


class Block(NamedTuple):
    """Where the plan index stands in a file: offsets of the text between the marker lines, and its line ending."""

    start: int
    end: int
    newline: str


class NoPlace(ValueError):
    """A file has no markers, or not exactly one pair in order; `args[0]` says which."""


def row(plan: Plan, folder: FolderPolicy) -> Row:
    """The row of one plan: a function of that plan's file alone, so that rows merge as plans do."""
    words = status.words_for(plan.status, folder.statuses)
    field = plan.field("blocks")
    numbers = [] if field is None or field.empty else [number for number, _ in listed(field.value)]
    name = folder.relative(plan.path) or plan.path
    return Row(
        number=plan.number,
        path=_link(name),
        title=_escape(plan.title or _from_name(name)),
        priority=_escape(_capital(plan.priority, folder.priorities)) or "-",
        status=_escape(words.label) if words is not None else _escape(f"❓ {plan.status_text or 'no status'}"),
        blocks=", ".join(f"#{number}" for number in dict.fromkeys(numbers)) or "-",
    )


def text(rows: Iterable[str]) -> str:
    """The plan index from the rows in their order: no counts, no dates, the same bytes on every machine."""
    return "\n".join((*_HEAD, *rows)) + "\n"


def find(content: str) -> Block:
    """Where the plan index stands in a file's text; `NoPlace` when there is no single place."""
    begins, ends = _line_starts(content, _OPENS), _line_starts(content, END)
    if not begins and not ends:
        raise NoPlace("no markers")
    if len(begins) != 1 or len(ends) != 1 or ends[0] < begins[0]:
        raise NoPlace(f"{len(begins)} begin and {len(ends)} end markers")
    line_end = content.find("\n", begins[0])
    newline = "\r\n" if content[line_end - 1 : line_end] == "\r" else "\n"
    return Block(line_end + 1, ends[0], newline)


def _line_starts(content: str, marker: str) -> list[int]:
    """The offsets of the lines that begin with a marker, blanks before it allowed."""
    found = []
    at = content.find(marker)
    while at >= 0:
        start = content.rfind("\n", 0, at) + 1
        if not content[start:at].strip(" \t"):
            found.append(start)
        at = content.find(marker, at + 1)
    return found


def inside(content: str) -> str:
    """The plan index that stands in a file's text, with line feeds; `NoPlace` when there is no single place."""
    block = find(content)
    return content[block.start : block.end].replace("\r\n", "\n")


def placed(content: str, index: str) -> str:
    """The file's text with `index` between its markers and every other character as it was."""
    block = find(content)
    return content[: block.start] + index.replace("\n", block.newline) + content[block.end :]


def appended(content: str, index: str) -> str:
    """The file's text with markers and the plan index added at its end."""
    newline = "\r\n" if "\r\n" in content else "\n"
    gap = "" if not content or content.endswith("\n") else newline
    blank = newline if content else ""
    return (
        content
        + gap
        + blank
        + newline.join((BEGIN, "", "")).removesuffix(newline)
        + index.replace("\n", newline)
        + END
        + newline
    )


def from_template(template: str, index: str) -> str:
    """The whole file from a template: `$plan_index` becomes the plan index between its markers.

    Other `$words` stay as they are: a template is data and cannot run anything (string.Template).
    """
    from string import Template

    newline = "\r\n" if "\r\n" in template else "\n"
    block = f"{BEGIN}\n{index}{END}".replace("\n", newline)
    return Template(template).safe_substitute(plan_index=block)


def conflicted(content: str) -> bool:
    """True when conflict markers stand in the text."""
    return any(markdown.conflict_marker(line) for line in content.splitlines())


def rows_of(index: str) -> list[Row]:
    """The rows of a plan index text; what is no row (headings, conflict markers, prose) is passed over."""
    found = []
    for line in index.splitlines():
        cells = [cell.strip() for cell in _CELLS.split(line.strip())]
        if len(cells) != 7 or not cells[1].isdigit():
            continue
        link = _LINK.fullmatch(cells[2])
        title, path = (link[1], link[2]) if link else (cells[2], "")
        found.append(Row(int(cells[1]), path, title, *cells[3:6]))
    return found


def sorted_rows(rows: Iterable[Row]) -> list[Row]:
    """Rows in the order of the plan index: by number, then by the file name."""
    return sorted(rows, key=lambda one: (one.number, _name_in(one.path)))


def merge(base: str, ours: str, theirs: str) -> str:
    """The three-way merge of three plan index texts by field.

    A field that only one side changed takes that side's value; where both changed it, ours stays: the plan
    file itself conflicts there and stops the user. Rows are known by their number, and by number and path
    where a number is shared. An empty or conflicted base is tolerated.
    """
    versions = [rows_of(version) for version in (base, ours, theirs)]
    shared = {number for rows in versions for number in _twice(rows)} | _both_added(*versions)
    olds, *sides = ({_key(one, shared): one for one in rows} for rows in versions)
    renames = [_renames(side, olds, shared) for side in sides]
    mine, other = (_known_again(sides[at], renames[at], sides[1 - at], renames[1 - at]) for at in (0, 1))
    merged = [
        one
        for key in dict.fromkeys((*mine, *other))
        for one in _merge_row(olds.get(key), mine.get(key), other.get(key))
    ]
    return text(str(one) for one in sorted_rows(merged))


def merge_file(
    base: str, ours: str, theirs: str, merge_text: Callable[[str, str, str], tuple[str, bool]]
) -> tuple[str, bool]:
    """The three-way merge of three versions of the file that holds the plan index, and whether it is clean.

    The plan index merges by field; everything around it by `merge_text`, which gives the merged text and
    whether that was without conflict. A side without one place for the plan index is merged as plain text.
    """
    try:
        index = merge(_inside_or_empty(base), inside(ours), inside(theirs))
        hollow = [_hollow(version) for version in (base, ours, theirs)]
    except NoPlace:
        return merge_text(base, ours, theirs)
    merged, clean = merge_text(*hollow)
    try:
        return placed(merged, index), clean
    except NoPlace:
        return merged, False


def _hollow(content: str) -> str:
    try:
        return placed(content, "")
    except NoPlace:
        return content


def _inside_or_empty(content: str) -> str:
    try:
        return inside(content)
    except NoPlace:
        return content


def _merge_row(base: Row | None, ours: Row | None, theirs: Row | None) -> list[Row]:
    if ours is None or theirs is None:
        # Removed on one side: gone. If the other side changed it, the plan file itself conflicts and stops the user,
        # unless it was only moved into the archive, and then the row goes too. Under another name it is another plan
        # that took the number, or git stops at the rename.
        return [one for one in (ours, theirs) if one is not None and (base is None or one.path != base.path)]
    if base is not None and len({base.path, ours.path, theirs.path}) == 3:
        return [ours, theirs]  # two other plans took the number, or git stops at the two renames
    old = base if base is not None else ours
    return [Row(*(theirs[at] if ours[at] == old[at] else ours[at] for at in range(len(ours))))]  # type: ignore[arg-type]


def _renames(side: _Rows, olds: _Rows, shared: set[int]) -> _Keys:
    """Where plans of shared numbers took another file name: the key in the base to the key on this side."""
    found = {}
    for number in shared:
        gone = [key for key in olds if key[0] == number and key not in side]
        come = [key for key in side if key[0] == number and key not in olds]
        for old in list(gone):
            same = [new for new in come if _bare(side[new]) == _bare(olds[old])]
            if len(same) == 1 and sum(_bare(olds[key]) == _bare(olds[old]) for key in gone) == 1:
                found[old] = same[0]
                gone.remove(old)
                come.remove(same[0])
        if len(gone) == len(come) == 1:
            found[gone[0]] = come[0]
    return found


def _known_again(side: _Rows, renames: _Keys, beside: _Rows, renames_beside: _Keys) -> _Rows:
    """One side's rows by the key that they have in the base, where it has them under another name.

    A name that the other side has too, but not as the new name of the same plan, belongs to another plan.
    """
    found = dict(side)
    for old, new in renames.items():
        if new not in beside or renames_beside.get(old) == new:
            found[old] = found.pop(new)
    return found


def _bare(one: Row) -> Row:
    return one._replace(path="")


def _key(one: Row, shared: set[int]) -> tuple[int, str]:
    return (one.number, one.path if one.number in shared else "")


def _both_added(base: list[Row], ours: list[Row], theirs: list[Row]) -> set[int]:
    """Numbers that both sides gave to a new plan, each to another file."""
    known = {one.number for one in base}
    mine = {one.number: one.path for one in ours if one.number not in known}
    return {one.number for one in theirs if mine.get(one.number, one.path) != one.path}


def _twice(rows: list[Row]) -> set[int]:
    seen: set[int] = set()
    return {one.number for one in rows if one.number in seen or seen.add(one.number)}  # type: ignore[func-returns-value]


def _escape(value: str) -> str:
    """Text in a cell: on one line, markup shown as it is; what is not UTF-8 becomes U+FFFD."""
    flat = " ".join(value.split())
    clean = "".join(
        "\ufffd" if "\ud800" <= character <= "\udfff" or character < " " else character for character in flat
    )
    return clean.translate(_MARKUP)


def _link(name: str) -> str:
    """A file name as the target of a Markdown link: percent-encoded bytes (RFC 3986)."""
    raw = name.encode("utf-8", "surrogateescape")
    return "".join(chr(byte) if byte in _SAFE else f"%{byte:02X}" for byte in raw)


def _name_in(link: str) -> str:
    """The file name that `_link` encoded."""
    raw = link.encode("utf-8", "surrogateescape").decode("latin-1")
    return _ENCODED.sub(lambda match: chr(int(match[1], 16)), raw).encode("latin-1").decode("utf-8", "surrogateescape")


def _capital(priority: str, known: tuple[str, ...]) -> str:
    """A known priority as configured, whatever its case; anything else as it is written."""
    word = priority.split("(")[0].strip().casefold()
    return next((name for name in known if name.casefold() == word), priority)


def _from_name(name: str) -> str:
    stem = name.rpartition("/")[2].rsplit(".", 1)[0]
    words = _LEAD.sub("", stem).replace("_", " ").replace("-", " ").strip()
    return words or stem
