"""The summaries of a whole folder as bytes, and read back one by one: what the cache of a folder holds."""

from __future__ import annotations

from holdfast.domain.problem import Problem
from holdfast.domain.references import Reference
from holdfast.domain.summary import Summary
from holdfast.domain.value import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

# Columns of text, not JSON: reading 10,000 plans back is what a commit waits for. Only the columns are split then;
# a plan is made of them when it is asked for, and a commit asks for a few.
_RECORD, _FIELD, _GROUP, _PART = "\x1e", "\x1f", "\x1c", "\x1d"
_SEPARATORS = (_RECORD, _FIELD, _GROUP, _PART, "\0")
_COLUMN = b"\0"
_FACTS, _TEXTS = 7, 4
"""How many fields the records of the two columns have."""


def dump(summaries: Sequence[Summary]) -> bytes | None:
    """The table of summaries in the order of the plan index; None when one holds a separator and cannot be kept."""
    facts, texts = [], []
    referring: dict[int, list[int]] = {}
    for at, one in enumerate(summaries):
        words = (one.title, one.status_text, one.priority)
        problems = [[_word(value) for value in problem] for problem in one.problems]
        values = (one.path, one.row, *words, *(value for problem in problems for value in problem))
        if "\n" in one.row or any(separator in value for value in values for separator in _SEPARATORS):
            return None
        flags = f"{one.declares_blocked_by:d}{one.declares_blocks:d}{one.archived:d}"
        links = (_references(one.blocked_by), _references(one.blocks), _references(one.mentions))
        facts.append(_FIELD.join((one.path, one.oid, one.status, *links, flags)))
        texts.append(_FIELD.join((*words, _GROUP.join(_PART.join(problem) for problem in problems))))
        for number in dict.fromkeys(to.number for to in one.references):
            referring.setdefault(number, []).append(at)
    columns = (
        " ".join(str(one.number) for one in summaries),
        _RECORD.join(facts),
        _RECORD.join(texts),
        "\n".join(one.row for one in summaries),
        "".join(f"\n{number}:{','.join(map(str, places))}\n" for number, places in referring.items()),
    )
    return _COLUMN.join(column.encode("utf-8", "surrogateescape") for column in columns)


class Table:
    """Plans by number, then by path, each made when it is asked for; `name` tells one table from another.

    `ValueError` for bytes that are no table.
    """

    __slots__ = ("_facts", "_made", "_referring", "_rows", "_texts", "name", "numbers")

    def __init__(self, name: str, raw: bytes) -> None:
        numbers, facts, texts, rows, self._referring = raw.split(_COLUMN)
        self.name = name
        self.numbers = [int(number) for number in numbers.split()]
        self._facts = facts.split(_RECORD.encode()) if self.numbers else []
        self._texts = texts.split(_RECORD.encode()) if self.numbers else []
        self._rows = rows.decode("utf-8", "surrogateescape").split("\n") if self.numbers else []
        self._made: dict[int, Summary] = {}
        if {len(self._facts), len(self._texts), len(self._rows)} != {len(self.numbers)}:
            raise ValueError("columns of different lengths")
        if sorted(self.numbers) != self.numbers or not _even(self._facts, _FACTS) or not _even(self._texts, _TEXTS):
            raise ValueError("no table of plans")

    def __len__(self) -> int:
        return len(self.numbers)

    def at(self, place: int) -> Summary:
        """The plan at a place from 0."""
        if place not in self._made:
            self._made[place] = self._make(place)
        return self._made[place]

    def row(self, place: int) -> str:
        """The line of the plan index that the plan at a place has."""
        return self._rows[place]

    def places_of(self, number: int) -> range:
        """Where the plans with a number stand."""
        start = _first(self.numbers, number)
        end = start
        while end < len(self.numbers) and self.numbers[end] == number:
            end += 1
        return range(start, end)

    def referring_to(self, number: int) -> list[int]:
        """Where the plans stand that name a number in their header or text."""
        key = b"\n%d:" % number
        start = self._referring.find(key)
        if start < 0:
            return []
        return sorted(self._places(self._referring[start : self._referring.find(b"\n", start + 1)]))

    def referring(self) -> list[int]:
        """Where the plans stand that name any number."""
        return sorted({place for line in self._referring.split() for place in self._places(line)})

    def _places(self, line: bytes) -> set[int]:
        """The places in a line `NUMBER:PLACE,PLACE`."""
        places = line.partition(b":")[2].split(b",")
        return {int(place) for place in places if place.isdigit() and int(place) < len(self.numbers)}

    def _make(self, place: int) -> Summary:
        fact = self._facts[place].decode("utf-8", "surrogateescape").split(_FIELD)
        text = self._texts[place].decode("utf-8", "surrogateescape").split(_FIELD)
        path, oid, key, by, blocks, mentions, flags = fact
        title, status_text, priority, problems = text
        declares_by, declares_blocks, archived = (flag == "1" for flag in f"{flags:3.3}")
        return Summary(
            path, oid, self.numbers[place], title, key, status_text, priority, _refs(by), _refs(blocks), _refs(mentions),
            declares_by, declares_blocks, archived, self._rows[place],
            tuple(one for raw in problems.split(_GROUP) if (one := _read_problem(raw)) is not None),
        )  # fmt: skip


def _even(records: list[bytes], fields: int) -> bool:
    """True when each record has so many fields."""
    separator = _FIELD.encode()
    return all([record.count(separator) == fields - 1 for record in records])  # noqa: C419 - a list is faster


def _first(numbers: list[int], number: int) -> int:
    """The first place in ascending numbers where `number` stands or would stand (`bisect_left`)."""
    low, high = 0, len(numbers)
    while low < high:
        middle = (low + high) // 2
        if numbers[middle] < number:
            low = middle + 1
        else:
            high = middle
    return low


def _references(references: tuple[Reference, ...]) -> str:
    return ",".join(f"{one.number}@{one.line}:{one.column}" for one in references)


def _refs(text: str) -> tuple[Reference, ...]:
    found = []
    for part in text.split(",") if text else ():
        numbers = part.replace("@", ":").split(":")
        if len(numbers) == 3 and all(number.isdecimal() for number in numbers):
            found.append(Reference(*map(int, numbers)))
    return tuple(found)


def _word(value: str | int | None) -> str:
    return "" if value is None else str(value)


def _read_problem(text: str) -> Problem | None:
    parts = text.split(_PART)
    if len(parts) != 10:
        return None
    code, severity, subject, message, remedy, who, path, line, column, plan = parts
    return Problem(code, severity, subject, message, remedy, who, path or None, _int(line), _int(column), _int(plan))


def _int(text: str) -> int | None:
    return int(text) if text.isdecimal() else None
