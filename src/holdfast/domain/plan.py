"""A plan read from its file: number, header, sections and references."""

from __future__ import annotations

from itertools import dropwhile

from holdfast.domain import references, status
from holdfast.domain.memory import remembered
from holdfast.domain.references import Reference
from holdfast.domain.value import NamedTuple

BOM = "\ufeff"

STATUS = "status"
PRIORITY = "priority"
BLOCKED_BY = "blocked by"
BLOCKS = "blocks"
SUPERSEDED_BY = "superseded by"
TITLE = "title"

LABEL = 7  # the level of a bold label that begins a section: deeper than any heading


class Field(NamedTuple):
    """One header field: its value, where the value stands (line and column from 1; character offsets)."""

    value: str
    line: int
    column: int
    start: int
    end: int

    @property
    def empty(self) -> bool:
        """True for a value that says nothing: absent text, a dash, `None`."""
        return self.value.strip(" *_`").casefold() in _NOTHING


_NOTHING = frozenset({"", "-", "—", "–", "none", "n/a", "nothing", "no", "tbd", "[]", "null", "~"})


class Section(NamedTuple):
    """A heading and what stands below it up to the next heading of its level or a higher one.

    `filled` is false when nothing but headings, comments and placeholders stands there; `open_boxes` counts
    unticked check boxes and `open_line` is the line of the first.
    """

    title: str
    level: int
    line: int
    filled: bool
    open_boxes: int
    open_line: int


class Fault(NamedTuple):
    """Something wrong with the text itself: its rule's code, a word about it, line and column from 1."""

    code: str
    detail: str
    line: int
    column: int


class Plan(NamedTuple):
    """One plan as its file says it is. Equal bytes under equal settings give equal plans, but for the path."""

    path: str
    number: int
    title: str
    title_line: int
    title_number: int | None
    status_text: str
    status: str
    sign_says: str | None
    status_note: str
    fields: tuple[tuple[str, Field], ...]
    repeated: tuple[tuple[str, Field], ...]
    blocked_by: tuple[Reference, ...]
    blocks: tuple[Reference, ...]
    mentions: tuple[Reference, ...]
    sections: tuple[Section, ...]
    faults: tuple[Fault, ...]

    def field(self, name: str) -> Field | None:
        """The header field of that name (lower case), or None."""
        return next((field for key, field in self.fields if key == name), None)

    @property
    def priority(self) -> str:
        """The priority as text without markup; empty when there is none."""
        field = self.field(PRIORITY)
        return field.value.strip(" *_`") if field is not None and not field.empty else ""

    @property
    def successors(self) -> tuple[int, ...]:
        """The plans that the status or the `Superseded By` field names."""
        field = self.field(SUPERSEDED_BY)
        numbers = [number for number, _ in references.listed(self.status_text)]
        if field is not None:
            numbers += [number for number, _ in references.listed(field.value)]
        return tuple(dict.fromkeys(numbers))


def absent(path: str, number: int, code: str, detail: str) -> Plan:
    """A plan whose file cannot be read as one: a symlink, a submodule, a file over the size limit."""
    return Plan(
        path, number, "", 0, None, "", status.UNKNOWN, None, "", (), (), (), (), (), (), (Fault(code, detail, 1, 1),)
    )  # fmt: skip


def find_section(plan: Plan, names: tuple[str, ...]) -> tuple[Section, ...]:
    """The sections whose heading is one of `names`, or begins with one ("Implementation Steps")."""
    wanted = plain_names(names)
    return tuple(section for section in plan.sections if _named(section.title, wanted))


def plain(heading: str) -> str:
    """A heading as lower-case words without numbering, signs and markup."""
    words = "".join(one if one.isalnum() or one in "_'/" else " " for one in heading.casefold()).split()
    return " ".join(dropwhile(str.isdigit, words))


@remembered
def plain_names(names: tuple[str, ...]) -> tuple[str, ...]:
    """Headings as `plain` gives them, remembered: the same few are looked for in each plan."""
    return tuple(plain(name) for name in names)


def _named(title: str, wanted: tuple[str, ...]) -> bool:
    return any(title.startswith(name) and title[len(name) : len(name) + 1] in ("", " ") for name in wanted)
