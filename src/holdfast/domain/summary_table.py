"""Summaries of plans as bytes and back: what the cache of a folder holds."""

from __future__ import annotations

from holdfast.domain.plan_set import Summary
from holdfast.domain.problem import Problem
from holdfast.domain.references import Reference
from holdfast.domain.value import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

# Columns of text, not JSON: reading 10,000 plans back is what a commit waits for, and JSON takes three times as long.
# What is mostly ASCII stands apart from what holds signs, because Python splits ASCII text twice as fast.
_RECORD, _FIELD, _GROUP, _PART = "\x1e", "\x1f", "\x1c", "\x1d"
_SEPARATORS = (_RECORD, _FIELD, _GROUP, _PART, "\0")
_HALVES = b"\0"


def dump(summaries: Iterable[Summary]) -> bytes | None:
    """The table as bytes, or None when a plan holds a separator character and cannot be kept."""
    facts, texts = [], []
    for one in summaries:
        words = (one.title, one.status_text, one.priority, one.row)
        problems = [[_word(value) for value in problem] for problem in one.problems]
        values = (one.path, *words, *(value for problem in problems for value in problem))
        if any(separator in value for value in values for separator in _SEPARATORS):
            return None
        flags = f"{one.declares_blocked_by:d}{one.declares_blocks:d}{one.archived:d}"
        links = (_references(one.blocked_by), _references(one.blocks), _references(one.mentions))
        facts.append(_FIELD.join((one.path, one.oid, str(one.number), one.status, *links, flags)))
        texts.append(_FIELD.join((*words, _GROUP.join(_PART.join(problem) for problem in problems))))
    halves = (_RECORD.join(half).encode("utf-8", "surrogateescape") for half in (facts, texts))
    return _HALVES.join(halves)


def load(raw: bytes) -> tuple[Summary, ...]:
    """The summaries of a table's bytes; `ValueError` when they are none."""
    if raw == _HALVES:
        return ()
    facts, texts = (half.decode("utf-8", "surrogateescape").split(_RECORD) for half in raw.split(_HALVES))
    found = []
    make = Summary._make
    for fact, text in zip(facts, texts, strict=True):
        path, oid, number, key, by, blocks, mentions, flags = fact.split(_FIELD)
        title, status_text, priority, row, problems = text.split(_FIELD)
        found.append(
            make(
                (
                    path, oid, int(number), title, key, status_text, priority,
                    _refs(by) if by else (), _refs(blocks) if blocks else (), _refs(mentions) if mentions else (),
                    flags[0] == "1", flags[1] == "1", flags[2] == "1", row,
                    tuple(_read_problem(one) for one in problems.split(_GROUP)) if problems else (),
                )
            )
        )  # fmt: skip
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


def _word(value: str | int | None) -> str:
    return "" if value is None else str(value)


def _read_problem(text: str) -> Problem:
    code, severity, subject, message, remedy, who, path, line, column, plan = text.split(_PART)
    return Problem(code, severity, subject, message, remedy, who, path or None, _int(line), _int(column), _int(plan))


def _int(text: str) -> int | None:
    return int(text) if text else None
