"""An event: one state change, as one line of the journal."""

from __future__ import annotations

import json

from holdfast.domain import moment
from holdfast.domain.value import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from holdfast.domain.moment import Moment

TORN = "journal-torn"


class Event(NamedTuple):
    """One state change: when, what, by whom and where.

    `event` is a word such as `plan-new`; `plan`, `branch` and `worktree` say what it was about, as far as there is
    one; `data` holds JSON values of its own.
    """

    at: Moment
    event: str
    actor: str
    host: str
    pid: int
    plan: int | None
    branch: str | None
    worktree: str | None
    data: Mapping[str, Any]

    @property
    def fields(self) -> dict[str, Any]:
        """The event as JSON values: the moment as ISO 8601 in UTC."""
        return {**self._asdict(), "at": moment.iso(self.at)}


class Unreadable(NamedTuple):
    """A line of a journal file that is no event; `line` 0 stands for a file that cannot be read at all."""

    file: str
    line: int


def to_line(event: Event) -> str:
    """The event as one line of ASCII with its line break: whatever a name holds is escaped (JSON)."""
    return json.dumps(event.fields, ensure_ascii=True, allow_nan=False, separators=(",", ":")) + "\n"


def from_line(text: str) -> Event | None:
    """The event that a line holds, or None for a line that is none; fields that it does not know are left out."""
    try:
        found = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):  # brackets in brackets without end, in a line of somebody else's
        return None
    return _event(found) if isinstance(found, dict) else None


def torn(by: Event, size: int) -> Event:
    """The event that the writer of `by` found the last line torn, and set its `size` bytes aside."""
    return by._replace(event=TORN, plan=None, branch=None, worktree=None, data={"bytes": size})


def _event(found: Mapping[str, Any]) -> Event | None:
    known: dict[str, Any] = {name: found.get(name) for name in Event._fields}
    fits = (
        all(isinstance(known[name], str) for name in ("at", "event", "actor", "host"))
        and all(known[name] is None or isinstance(known[name], str) for name in ("branch", "worktree"))
        and _is_number(known["pid"])
        and (known["plan"] is None or _is_number(known["plan"]))
        and isinstance(known["data"], dict)
    )
    at = moment.parse(known["at"]) if fits else None
    if at is None:
        return None
    known["at"] = at
    return Event(**known)


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")
