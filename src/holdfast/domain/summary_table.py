"""Summaries of plans as one text and back: what the cache of a folder holds."""

from __future__ import annotations

from holdfast.domain.plan_set import Summary
from holdfast.domain.problem import Problem
from holdfast.domain.references import Reference
from holdfast.domain.value import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# Columns of text, not JSON: reading 10,000 plans back is what a commit waits for, and JSON takes three times as long.
_RECORD, _FIELD, _GROUP, _PART = "\x1e", "\x1f", "\x1c", "\x1d"
_SEPARATORS = (_RECORD, _FIELD, _GROUP, _PART)
_WIDTH = 14


def dump(summaries: Iterable[Summary], written: Mapping[int, str] | None = None) -> str | None:
    """The table's text, or None when a plan holds a separator character and cannot be kept.

    `written` holds records by the `id` of the summaries that were loaded from them: a table of 10,000 plans of
    which one changed is not spelled out again.
    """
    records = []
    for one in summaries:
        record = written.get(id(one)) if written is not None else None
        if record is not None:
            records.append(record)
            continue
        texts = (one.path, one.title, one.status_text, one.priority, one.row)
        if any(separator in text for text in texts for separator in _SEPARATORS):
            return None
        problems = _GROUP.join(_problem(problem) for problem in one.problems)
        counts = (problems.count(_PART), problems.count(_GROUP))
        if (
            counts != (9 * len(one.problems), max(len(one.problems) - 1, 0))
            or _RECORD in problems
            or _FIELD in problems
        ):
            return None
        flags = f"{one.declares_blocked_by:d}{one.declares_blocks:d}{one.archived:d}"
        links = (_references(one.blocked_by), _references(one.blocks), _references(one.mentions))
        head = (one.path, one.oid, str(one.number), one.title, one.status, one.status_text, one.priority)
        records.append(_FIELD.join((*head, *links, flags, one.row, problems, "")))
    return _RECORD.join(records)


def records(text: str) -> list[str]:
    """The records of a table's text, one a summary."""
    return text.split(_RECORD) if text else []


def load(text: str) -> tuple[Summary, ...]:
    """The summaries of a table's text, one a record, in its order; `ValueError` when it is none."""
    if not text:
        return ()
    found = []
    make = Summary._make
    for record in text.split(_RECORD):
        fields = record.split(_FIELD)
        if len(fields) != _WIDTH:
            raise ValueError("not a table of plans")
        path, oid, number, title, key, status_text, priority, by, blocks, mentions, flags, row, problems, _ = fields
        head = (path, oid, int(number), title, key, status_text, priority)
        links = (_refs(by) if by else (), _refs(blocks) if blocks else (), _refs(mentions) if mentions else ())
        local = tuple(_read_problem(one) for one in problems.split(_GROUP)) if problems else ()
        found.append(make((*head, *links, flags[0] == "1", flags[1] == "1", flags[2] == "1", row, local)))
    return tuple(found)


def _references(references: tuple[Reference, ...]) -> str:
    return ",".join(f"{one.number}@{one.line}:{one.column}" for one in references)


def _refs(text: str) -> tuple[Reference, ...]:
    found = []
    for part in text.split(","):
        number, _, place = part.partition("@")
        line, _, column = place.partition(":")
        found.append(Reference(int(number), int(line), int(column)))
    return tuple(found)


def _problem(problem: Problem) -> str:
    return _PART.join("" if value is None else str(value) for value in problem)


def _read_problem(text: str) -> Problem:
    code, severity, subject, message, remedy, who, path, line, column, plan = text.split(_PART)
    return Problem(code, severity, subject, message, remedy, who, path or None, _int(line), _int(column), _int(plan))


def _int(text: str) -> int | None:
    return int(text) if text else None
