"""The claims that were seen last, while no ref has moved: for thousands of branches without a look at each.

A branch that nobody has checked out changes only with its ref. One that has a worktree is looked at again each time, and
after an hour everything is: by then a date that lay ahead of the clock may have come.
"""

from __future__ import annotations

from holdfast.adapters.git import decode, encode
from holdfast.domain.claim import INTEGRATED, STATES, Claim, state_at
from holdfast.domain.moment import HOUR, Moment
from holdfast.domain.value import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from holdfast.adapters.cache import Cache
    from holdfast.domain.policy import ClaimPolicy

_NAME = "claims-open"
_COLUMN, _CELL, _PART = "\x1d", "\x1e", "\x1f"


class Known(NamedTuple):
    """The open claims as they were seen last, by plan and branch, and the branches among them that had a worktree then."""

    claims: list[Claim]
    checked_out: frozenset[str]


def read(cache: Cache, stamp: str, now: Moment, policy: ClaimPolicy) -> Known | None:
    """What is known under a `stamp`, with the states of `now`; None where nothing is."""
    raw = cache.read(_NAME)
    if raw is None or not raw.startswith(encode(stamp + _COLUMN)):
        return None
    try:
        _, at, checked_out, *columns = decode(raw).split(_COLUMN)
        if not int(at) <= now < int(at) + HOUR:
            return None
        return Known(_claims(columns, now, policy), frozenset(checked_out.split(_CELL)))
    except (ValueError, IndexError):
        return None


def keep(cache: Cache, stamp: str, now: Moment, settled: Iterable[Claim]) -> None:
    """Keep the open ones of settled claims; nothing where one holds a character that parts them here."""
    held = [one for one in settled if not one.ended]
    columns = [_CELL.join(column) for column in zip(*map(_cells, held), strict=True)]
    checked_out = _CELL.join(one.branch for one in held if one.worktree is not None)
    text = _COLUMN.join((stamp, str(now), checked_out, *columns))
    cells = len(columns) * (len(held) - 1) + checked_out.count(_CELL)
    if held and text.count(_COLUMN) == 2 + len(columns) and text.count(_CELL) == cells:
        cache.write(_NAME, encode(text))


def _cells(one: Claim) -> tuple[str, ...]:
    """A claim as text, without its worktree: who has one is looked at again."""
    return (
        "" if one.plan is None else str(one.plan), one.branch, one.local or "", one.remote or "", one.commit, one.owner or "",
        one.host or "", one.claim_id or "", one.state, "1" if one.contested else "", "1" if one.published else "",
        str(one.last_activity), one.activity_source, str(one.own_commits), _PART.join(one.grounds), one.worker or "",
    )  # fmt: skip


def _claims(columns: Sequence[str], now: Moment, policy: ClaimPolicy) -> list[Claim]:
    plans, names, local, remote, commits, owners, hosts, ids, states, contested, published, at, sources, own, grounds, workers = (
        column.split(_CELL) for column in columns
    )  # fmt: skip
    if not set(states) <= set(STATES) - {INTEGRATED}:
        raise ValueError(states)
    moments = list(map(Moment, map(int, at)))
    rows = zip(
        (int(plan) if plan else None for plan in plans), names, _optional(local), _optional(remote), commits,
        _optional(owners), _optional(hosts), _optional(ids),
        (state_at(state, moment, now, policy) for state, moment in zip(states, moments, strict=True)),
        map(bool, contested), map(bool, published), moments, sources, (None for _ in names), map(int, own),
        (tuple(text.split(_PART)) for text in grounds), _optional(workers), strict=True,
    )  # fmt: skip
    return list(map(Claim._make, rows))


def _optional(column: Iterable[str]) -> Iterable[str | None]:
    return (cell or None for cell in column)
