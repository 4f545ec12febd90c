"""Reads a plan from its file: title, header, sections and references, once from top to bottom."""

from __future__ import annotations

from holdfast.domain import header_line, markdown, references, status
from holdfast.domain.garbled import garbled
from holdfast.domain.plan import (
    BLOCKED_BY,
    BLOCKS,
    BOM,
    LABEL,
    PRIORITY,
    STATUS,
    SUPERSEDED_BY,
    TITLE,
    Fault,
    Field,
    Plan,
    Section,
    plain,
    plain_names,
)  # fmt: skip
from holdfast.domain.references import Reference
from holdfast.domain.scan import BLANKS
from holdfast.domain.value import TYPE_CHECKING

if TYPE_CHECKING:
    from holdfast.domain.policy import FolderPolicy

_SYNONYMS = {
    "depends on": BLOCKED_BY, "dependencies": BLOCKED_BY, "blocked_by": BLOCKED_BY, "blocked-by": BLOCKED_BY,
    "depends_on": BLOCKED_BY, "superseded_by": SUPERSEDED_BY, "superseded-by": SUPERSEDED_BY, "replaced by": SUPERSEDED_BY,
}  # fmt: skip
_PLAIN_FIELDS = frozenset({STATUS, PRIORITY, BLOCKED_BY, BLOCKS, SUPERSEDED_BY, "depends on"})

_EMPTY = frozenset(
    {"", "-", "—", "–", "...", "…", "tbd", "todo", "tba", "n/a", "pending", "fixme", "?", "none yet", "to do"}
)


def parse(path: str, number: int, content: bytes, folder: FolderPolicy) -> Plan:
    """Read a plan as tolerantly as people write them; what is wrong with the text itself is in `faults`."""
    text, faults = _decode(content)
    reader = _Reader(text, folder)
    reader.read()
    field = reader.status()
    reading = (
        status.read(field.value, folder.statuses) if field is not None else status.Reading(status.UNKNOWN, None, "")
    )
    if field is not None:
        reader.fields.setdefault(STATUS, field)
    heading, line, title_number = reader.title
    return Plan(
        path=path,
        number=number,
        title=heading,
        title_line=line,
        title_number=title_number,
        status_text=field.value if field is not None else "",
        status=reading.key,
        sign_says=reading.sign_says,
        status_note=reading.note,
        fields=tuple(reader.fields.items()),
        repeated=tuple(reader.repeated),
        blocked_by=_numbers(reader.field(BLOCKED_BY)),
        blocks=_numbers(reader.field(BLOCKS)),
        mentions=tuple(reader.mentions),
        sections=tuple(reader.sections()),
        faults=(*faults, *reader.faults),
    )


def _decode(content: bytes) -> tuple[str, list[Fault]]:
    faults = []
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        head = content[: error.start]
        line = head.count(b"\n") + 1
        column = len(head[head.rfind(b"\n") + 1 :].decode("utf-8", "replace")) + 1
        faults.append(Fault("file-not-utf8", f"byte 0x{content[error.start]:02x}", line, column))
        text = content.decode("utf-8", "surrogateescape")
    if text.startswith(BOM):
        faults.append(Fault("file-bom", "byte order mark", 1, 1))
    return text, faults


def _numbers(field: Field | None) -> tuple[Reference, ...]:
    if field is None or field.empty:
        return ()
    return tuple(Reference(number, field.line, field.column + at) for number, at in references.listed(field.value))


def _ruled(bare: str) -> bool:
    """True for a thematic break and for the line below a table's head."""
    marks = len(bare) - bare.count(" ") - bare.count("\t")
    return not bare.strip(" \t|:-") or (marks >= 3 and not bare.strip("-*_ \t"))


def _unticked(text: str) -> bool:
    """True for a list item that begins with an empty check box."""
    before, box, after = text.partition("[ ]")
    mark = before.strip(BLANKS)
    item = mark in ("-", "*", "+") or (mark[-1:] in (".", ")") and mark[:-1].isdecimal() and len(mark) <= 10)
    return bool(box) and item and before[-1] in BLANKS and after[:1] in ("", " ", "\t")


class _Part:
    """A section while it is read."""

    __slots__ = ("boxes", "filled", "level", "line", "open_line", "title")

    def __init__(self, title: str, level: int, line: int) -> None:
        self.title = title
        self.level = level
        self.line = line
        self.filled = False
        self.boxes = 0
        self.open_line = 0


class _Reader:
    """Reads one plan's text from top to bottom, once."""

    def __init__(self, text: str, folder: FolderPolicy) -> None:
        self.text = text
        self.folder = folder
        self.fields: dict[str, Field] = {}
        self.repeated: list[tuple[str, Field]] = []
        self.faults: list[Fault] = []
        self.mentions: list[Reference] = []
        self.title: tuple[str, int, int | None] = ("", 0, None)
        self.parts: list[_Part] = []
        self.open: list[_Part] = []
        self.in_header = True
        self.later_status: Field | None = None
        self.evidence: _Part | None = None
        self.evidence_names = plain_names(folder.evidence_sections)

    def read(self) -> None:
        start = 1 if self.text.startswith(BOM) else 0
        last = self._front_matter(start) if self.text.startswith("---", start) else 0
        for line in markdown.lines(self.text):
            if line.number <= last:
                continue
            if markdown.conflict_marker(line.text):
                self.faults.append(Fault("file-conflict", line.text[:7], line.number, 1))
            if line.code:
                self._content(line.text)
            elif not line.hidden:
                self._prose(line)
        named = self.field(TITLE)
        if not self.title[0] and named is not None:
            self.title = (named.value, named.line, None)

    def _front_matter(self, start: int) -> int:
        """Take the fields of the front matter at `start`; gives its last line, 0 where there is none."""
        from holdfast.domain import front_matter

        block = front_matter.read(self.text[start:])
        for entry in block.entries:
            value = ", ".join(entry.items) if entry.items else entry.value
            self._field(entry.key, Field(value, entry.line, entry.column, start + entry.start, start + entry.end))
        return block.last_line

    def field(self, name: str) -> Field | None:
        return self.fields.get(name)

    def status(self) -> Field | None:
        """The status: of the header, else of a heading `## Status: X` or the first line below `## Status`."""
        return self.field(STATUS) or self.later_status

    def sections(self) -> list[Section]:
        return [Section(p.title, p.level, p.line, p.filled, p.boxes, p.open_line) for p in self.parts]

    def _prose(self, line: markdown.Line) -> None:
        text = line.text
        if line.start == 0 and text.startswith(BOM):
            text = text[1:]
            line = line._replace(text=text, start=1)
        heading = markdown.heading(text)
        if heading is not None:
            self._heading(heading, line)
        elif not (self._header_line(line) if self.in_header else self._label(text, line.number)):
            self._content(text)
            if "[" in text:
                self._box(text, line.number)
            if self.later_status is None and text.strip() and self.open and self.open[-1].title == "status":
                self._later(text, line)
        for mention in references.mentions(text, line.number):
            # A title names its own plan: that is no reference.
            if line.number != self.title[1] or mention.number != self.title[2]:
                self.mentions.append(mention)
        if not text.isascii():
            self._garbled(text, line.number)

    def _heading(self, heading: markdown.Heading, line: markdown.Line) -> None:
        if heading.level == 1 and not self.title[1] and not self.parts:
            self._title(heading.text, line.number)
            return
        self.in_header = False
        self.evidence = None
        while self.open and self.open[-1].level >= heading.level:
            self.open.pop()
        name, colon, value = heading.text.partition(":")
        if colon and value.strip() and plain(name) == STATUS and self.later_status is None:
            self._later(heading.text[len(name) + 1 :], line, heading.offset + len(name) + 1)
        part = _Part(plain(heading.text), heading.level, line.number)
        self.parts.append(part)
        self.open.append(part)

    def _title(self, text: str, number: int) -> None:
        bare = text.strip("*_ ")
        digits, words = header_line.title(bare)
        self.title = (words.strip() if words != bare else text, number, int(digits) if digits else None)

    def _header_line(self, line: markdown.Line) -> bool:
        bold = header_line.bold(line.text)
        label = bold or header_line.plain(line.text)
        if label is None:
            return False
        name = _SYNONYMS.get(label.name.strip().casefold(), label.name.strip().casefold())
        if bold is None and name not in _PLAIN_FIELDS:
            return False
        raw, at = label.value.rstrip(), label.at
        self._field(name, Field(raw, line.number, at + 1, line.start + at, line.start + at + len(raw)))
        self.evidence = None
        self._evidence(name, raw, line.number)
        return True

    def _label(self, text: str, number: int) -> bool:
        """True for a bold label of evidence in the body, as `**CI Evidence:**`."""
        label = header_line.bold(text) if "**" in text else None
        if label is None or not self._evidence(label.name, label.value, number):
            return False
        for part in self.open:
            part.filled = True
        return True

    def _evidence(self, name: str, value: str, number: int) -> bool:
        """The heading of evidence may be a bold label: what follows it is a section of its own."""
        if plain(name) not in self.evidence_names:
            return False
        self.evidence = _Part(plain(name), LABEL, number)
        self.evidence.filled = value.strip(" *_`").casefold() not in _EMPTY
        self.parts.append(self.evidence)
        return True

    def _field(self, name: str, field: Field) -> None:
        name = _SYNONYMS.get(name.casefold(), name.casefold())
        if name in self.fields:
            self.repeated.append((name, field))
        else:
            self.fields[name] = field

    def _later(self, raw: str, line: markdown.Line, offset: int = 0) -> None:
        label = header_line.bold(raw)
        if label is not None:
            if label.name.strip().casefold() != STATUS:
                return
            offset, raw = offset + label.at, label.value
        value = raw.strip()
        at = offset + len(raw) - len(raw.lstrip())
        self.later_status = Field(value, line.number, at + 1, line.start + at, line.start + at + len(value))

    def _content(self, text: str) -> None:
        if not self.open and self.evidence is None:
            return
        bare = text.strip()
        if not bare or bare.startswith(("```", "~~~")) or _ruled(bare):
            return
        words = bare.strip("*_`[]()>. \t").lstrip("-+* ").casefold()
        if words in _EMPTY or bare.startswith("<!--"):
            return
        for part in self.open:
            part.filled = True
        if self.evidence is not None:
            self.evidence.filled = True

    def _box(self, text: str, number: int) -> None:
        if not _unticked(text):
            return
        for part in self.open:
            part.boxes += 1
            part.open_line = part.open_line or number

    def _garbled(self, text: str, number: int) -> None:
        found = garbled(text)
        if found is not None:
            self.faults.append(Fault("file-garbled", found[0], number, found[1] + 1))
