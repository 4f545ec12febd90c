"""YAML front matter as people write it above a plan: flat keys, scalars and lists, each with its place."""

from __future__ import annotations

import re
from typing import NamedTuple

_KEY = re.compile(r"([A-Za-z_][\w -]*?)[ \t]*:(?:[ \t]+(.*))?$", re.S)
_ITEM = re.compile(r"[ \t]*-[ \t]+(.*)$", re.S)


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
    start = 0
    for number, raw in enumerate(text.split("\n"), 1):
        line = raw.removesuffix("\r")
        if number == 1:
            if line.rstrip() != "---":
                return NONE
        elif line.rstrip() in ("---", "..."):
            return Block(tuple(found), start + len(raw) + 1, number)
        else:
            _take(line, number, start, found)
        start += len(raw) + 1
    return NONE


def _take(line: str, number: int, start: int, found: list[Entry]) -> None:
    item = _ITEM.match(line)
    if item is not None:
        if found and (not found[-1].value or found[-1].items):
            last = found[-1]
            found[-1] = last._replace(items=(*last.items, _unquote(item[1])), end=start + len(line))
        return
    match = _KEY.match(line)
    if match is None:
        return
    raw = match[2] or ""
    value = _without_comment(raw).rstrip()
    at = match.start(2) if match[2] is not None else len(line)
    items = _flow(value) if value.startswith("[") else ()
    found.append(
        Entry(
            match[1].strip(),
            "" if items else _unquote(value),
            items,
            number,
            at + 1,
            start + at,
            start + at + len(value),
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
        close = value.find(value[0], 1)
        return value[: close + 1] if close > 0 else value
    if value.startswith("#"):
        return ""
    at = value.find(" #")
    # `blocked_by: [#3]` and `status: Planned (#12)` are not comments; only a lone " # words" is.
    return value[:at] if at >= 0 and value[at + 2 : at + 3] == " " else value
