"""YAML front matter as people write it above a plan: flat keys, scalars and lists, each with its place."""

from __future__ import annotations

from holdfast.domain import header_line
from holdfast.domain.regex import lazy
from holdfast.domain.scan import BLANKS, char
from holdfast.domain.value import NamedTuple

_QUOTED = lazy(r"'(?:[^']|'')*'|\"(?:[^\"\\]|\\.)*\"")
_INDICATORS = frozenset("-?:,[]{}#&*!|>'\"%@`")
_AMBIGUOUS = lazy(r": |:$| #")


class Entry(NamedTuple):
    """One `key: value`; `items` holds a list's values (block or flow), `start` the offset of the value."""

    key: str
    value: str
    items: tuple[str, ...]
    line: int
    column: int
    start: int
    end: int


class Block(NamedTuple):
    """The front matter of a text: its entries and the offset where the body begins (0 without any)."""

    entries: tuple[Entry, ...]
    end: int
    last_line: int


NONE = Block((), 0, 0)


def read(text: str) -> Block:
    """The front matter of `text`: what stands between a first line `---` and the next `---` or `...`.

    Only the flat part of YAML that such headers use is read (YAML 1.2, sections 7.3 and 7.4: plain, quoted and
    flow values on one line, block lists of scalars); nested values are passed over.
    """
    if not text.startswith("---"):
        return NONE
    found: list[Entry] = []
    items: dict[int, list[str]] = {}
    start = 0
    for number, raw in enumerate(text.split("\n"), 1):
        line = raw.removesuffix("\r")
        if number == 1:
            if line.rstrip() != "---":
                return NONE
        elif line.rstrip() in ("---", "..."):
            entries = [one._replace(items=tuple(items.get(at, one.items))) for at, one in enumerate(found)]
            return Block(tuple(entries), start + len(raw) + 1, number)
        else:
            _take(line, number, start, found, items)
        start += len(raw) + 1
    return NONE


def scalar(value: str) -> str:
    """`value` as it is written behind a key: quoted where YAML would take a part of it for something else."""
    read_back = _unquote(_without_comment(value).rstrip())
    if read_back == value and value[:1] not in _INDICATORS and not _AMBIGUOUS.search(value):
        return value
    return "'" + value.replace("'", "''") + "'"


def _take(line: str, number: int, start: int, found: list[Entry], items: dict[int, list[str]]) -> None:
    """Add the entry that a line holds; the items of a block list go to `items`, by the place of their entry."""
    item = line.lstrip(BLANKS)
    if item.startswith("-") and char(item, 1) in (" ", "\t"):
        if found and not found[-1].value and not found[-1].items:
            items.setdefault(len(found) - 1, []).append(_unquote(item[1:].lstrip(BLANKS)))
            found[-1] = found[-1]._replace(end=start + len(line))
        return
    label = header_line.key(line)
    if label is None:
        return
    value = _without_comment(label.value).rstrip()
    flow = _flow(value) if value.startswith("[") else ()
    found.append(
        Entry(
            label.name.strip(),
            "" if flow else _unquote(value),
            flow,
            number,
            label.at + 1,
            start + label.at,
            start + label.at + len(value),
        )
    )


def _flow(value: str) -> tuple[str, ...]:
    inner = value.strip("[] \t")
    return tuple(item for part in inner.split(",") if (item := _unquote(part.strip())))


def _unquote(value: str) -> str:
    bare = value.strip()
    if len(bare) >= 2 and bare[0] == bare[-1] and bare[0] in "'\"":
        return bare[1:-1].replace("''", "'") if bare[0] == "'" else bare[1:-1].replace('\\"', '"')
    return bare


def _without_comment(value: str) -> str:
    if value[:1] in ("'", '"'):
        quoted = _QUOTED.match(value)
        return quoted[0] if quoted is not None else value
    if value.startswith("#"):
        return ""
    at = value.find(" #")
    # `blocked_by: [#3]` and `status: Planned (#12)` are not comments; only a lone " # words" is.
    return value[:at] if at >= 0 and value[at + 2 : at + 3] == " " else value
