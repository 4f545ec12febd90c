"""Moments in time: whole seconds since 1970 in UTC, as text for people and for JSON. The clock itself is an adapter."""

from __future__ import annotations

from holdfast.domain.value import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import NewType

    Moment = NewType("Moment", int)
else:
    Moment = int

MINUTE, HOUR, DAY = 60, 3_600, 86_400
_LATEST = 253_402_300_799
"""The last second of the year 9999, the last that ISO 8601 writes with four digits."""


def iso(moment: Moment) -> str:
    """A moment as ISO 8601 in UTC, as `2026-11-23T05:30:11Z` (RFC 3339); what lies outside the years 1 to 9999 is cut."""
    import datetime

    first = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
    seconds = max(-62_135_596_800, min(moment, _LATEST))
    return (first + datetime.timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ").rjust(20, "0")


def parse(text: str) -> Moment | None:
    """The moment that an ISO 8601 text names, or None; a text without an offset is taken for UTC.

    Naive and aware times meet here and nowhere else.
    """
    import datetime

    try:
        found = datetime.datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    if found.tzinfo is None:
        found = found.replace(tzinfo=datetime.UTC)
    return Moment(int(found.timestamp()))


def ago(then: Moment, now: Moment) -> str:
    """How long ago `then` was, in one unit: `just now`, `5 min ago`, `3 h ago`, `4 days ago`; never in the future."""
    return "just now" if now - then < MINUTE else f"{span(now - then)} ago"


def span(seconds: int) -> str:
    """A length of time in its largest sensible unit."""
    if seconds < MINUTE:
        return f"{max(0, seconds)} s"
    if seconds < HOUR:
        return f"{seconds // MINUTE} min"
    if seconds < 2 * DAY:
        return f"{seconds // HOUR} h"
    return f"{seconds // DAY} days"
