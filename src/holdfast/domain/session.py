"""A session: an agent or a person at work in a worktree, known by a marker; whether it still holds its worktree."""

from __future__ import annotations

from holdfast.domain.moment import DAY, MINUTE, Moment
from holdfast.domain.value import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from holdfast.domain.policy import SessionPolicy

WORKING, WAITING, IDLE = "working", "waiting", "idle"
ACTIVITIES = (WORKING, WAITING, IDLE)

TOLERANCE = 5 * MINUTE
"""Clocks of two hosts differ by so much without anything being wrong; a heartbeat further ahead tells nothing."""

LONGEST_ID = 100
_FIRST = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
_LETTERS = _FIRST | frozenset("._-")

LOCK = "holdfast: "
"""What the reason of every lock of ours begins with; nobody else's is ever taken off."""

LOCK_REASON = LOCK + "in use by a session (`holdfast worktree list` says whose)"
REMOVAL_REASON = LOCK + "being removed"


class Machine(NamedTuple):
    """Where a process number means something: the host's name, its boot, and its space of process numbers.

    Containers have a space of their own; `boot` and `space` are empty where the system does not tell.
    """

    host: str
    boot: str
    space: str

    def reads(self, other: Machine) -> bool:
        """True where a process of `other` can be looked up from here: same boot, same space of numbers."""
        return bool(self.boot) and (self.boot, self.space) == (other.boot, other.space)


class Session(NamedTuple):
    """What a marker says. `pid` with `birth` (when it began, in the system's own unit) names the process that it lives by.

    `heartbeat` is when it was last heard of, `activity` what it said it was doing.
    """

    id: str
    agent: str
    pid: int | None
    birth: int | None
    machine: Machine
    worktree: str
    began: Moment
    heartbeat: Moment
    activity: str


def is_id(text: str) -> bool:
    """True for a session's id: letters, digits, `.`, `_` and `-`, not at the beginning; it names files."""
    return 0 < len(text) <= LONGEST_ID and text[0] in _FIRST and _LETTERS.issuperset(text)


def holds(one: Session, alive: bool | None, now: Moment, policy: SessionPolicy) -> bool:
    """True as long as a session is in its worktree.

    `alive` tells of its very process; None where that cannot be looked up (another host, a container, no process given):
    then it holds for some minutes after each heartbeat. A process alone, which may be a daemon's, holds for a day.
    """
    if alive is None:
        return -TOLERANCE <= now - one.heartbeat <= policy.minutes * MINUTE
    return alive and now - one.heartbeat <= DAY


def activity_at(one: Session, now: Moment, policy: SessionPolicy) -> str:
    """What a session is doing: one that said it was working and was not heard of for some minutes is idle.

    One that waits for its user is not idle, however long that takes.
    """
    silent = one.activity == WORKING and now - one.heartbeat > policy.minutes * MINUTE
    return IDLE if silent else one.activity


def together(activities: Iterable[str]) -> str | None:
    """What several sessions in one worktree are doing: the busiest counts; None for none."""
    found = set(activities)
    return next((one for one in ACTIVITIES if one in found), None)


def is_ours(lock: str | None) -> bool:
    """True for the reason of a lock that a session of ours put there."""
    return lock is not None and lock.startswith(LOCK)
