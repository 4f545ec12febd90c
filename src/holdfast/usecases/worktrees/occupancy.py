"""Who is inside each worktree at this moment: one pass over all processes, and the markers of sessions."""

from __future__ import annotations

import os

from holdfast.adapters import clock, files, proc, processes
from holdfast.domain import occupancy
from holdfast.domain.moment import MINUTE, Moment, ago
from holdfast.domain.occupancy import Occupancy, Occupant, Place
from holdfast.domain.session import TOLERANCE, WORKING
from holdfast.domain.value import TYPE_CHECKING
from holdfast.usecases.worker import SESSION
from holdfast.usecases.worktrees import sessions

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from holdfast.domain.occupancy import Standing
    from holdfast.domain.policy import SessionPolicy
    from holdfast.domain.snapshot import Worktree
    from holdfast.usecases.workspace import Workspace
    from holdfast.usecases.worktrees.sessions import Live

_MARKER = os.path.join(".claude", "session-marker")
"""A file that agents' own set-ups touch; its age tells whether somebody is at work."""


def of(place: Workspace, worktrees: Iterable[Worktree], now: Moment, policy: SessionPolicy) -> dict[str, Occupancy]:
    """Who is inside each worktree, by its path as git lists it."""
    return at(place, {one.path: one.path for one in worktrees}, now, policy)


def at(place: Workspace, moved: dict[str, str], now: Moment, policy: SessionPolicy) -> dict[str, Occupancy]:
    """The same of folders, by the path that sessions know them by; each stands at the path that is given for it now."""
    live = sessions.live(place, now, policy)
    seen = processes.standing()
    places = {path: Place(os.path.realpath(there), processes.spot(there)) for path, there in moved.items()}
    inside = occupancy.inside(seen.folders, tuple(places.values()))
    return {
        path: _judged(place, path, where.path, inside.get(where.path, ()), seen, now, policy, live)
        for path, where in places.items()
    }


def _judged(
    place: Workspace,
    path: str,
    there: str,
    pids: tuple[int, ...],
    seen: Standing,
    now: Moment,
    policy: SessionPolicy,
    live: Sequence[Live],
) -> Occupancy:
    known_by = os.path.realpath(path) if live else path
    here = [(one.session, one.activity) for one in live if one.top == known_by]
    callers = proc.with_callers(os.getpid()) if pids or here else ()
    known = processes.described(pids)
    found = occupancy.judge(known, here, seen, callers, now, place.environment.get(SESSION))
    marked = _touched(there, now, policy)
    if marked is None:
        return found
    why = f"{_MARKER} was touched {ago(marked, now)}"
    occupants = (*found.occupants, Occupant(occupancy.SESSION, None, "claude", None, None, False, WORKING, marked))
    reasons = (*found.reasons[: len(found.occupants)], why, *found.reasons[len(found.occupants) :])
    return Occupancy(occupancy.IN_USE, occupants, reasons)


def _touched(path: str, now: Moment, policy: SessionPolicy) -> Moment | None:
    """When the marker file of a worktree was touched, if that was not long ago."""
    at = files.touched(os.path.join(path, _MARKER))
    held = at is not None and -TOLERANCE <= now - at <= policy.minutes * MINUTE
    return min(at, now) if at is not None and held else None


def one(place: Workspace, path: str, policy: SessionPolicy | None = None) -> Occupancy:
    """Who is inside the worktree at a path, now."""
    now = clock.now()
    policy = policy or place.configurations.of_worktree().policy.sessions
    return at(place, {path: path}, now, policy)[path]
