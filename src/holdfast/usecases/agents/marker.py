"""The marker of an agent's session, and the note that its hook need not ask again about edits in the main worktree."""

from __future__ import annotations

import contextlib
import os

from holdfast.adapters import files
from holdfast.adapters import sessions as markers
from holdfast.adapters.files import State
from holdfast.domain.agents import END, START, WAITS
from holdfast.domain.session import WAITING, WORKING
from holdfast.domain.value import TYPE_CHECKING
from holdfast.usecases import clock
from holdfast.usecases.worktrees import sessions

if TYPE_CHECKING:
    from holdfast.usecases.workspace import Workspace

_DAY = 86_400


def heard(place: Workspace, session: str, agent: str, moment: str | None, pid: int | None) -> None:
    """Note that an agent is at work in the worktree of `place`, or waits there, or has ended.

    What cannot be written stays as it is: the agent goes on all the same.
    """
    with contextlib.suppress(OSError):
        if moment == END:
            files.put(_note(place, session), files.ABSENT)
            over = sessions.end(place, session)
            if over is not None and place.has_put_off:
                from holdfast.usecases.finish import leftover  # only where somebody merged from within

                leftover.when_over(place, over)
            return
        activity = WAITING if moment == WAITS else WORKING
        known = markers.read(sessions.folder(place), session)
        if known is None or moment == START:  # one that is taken up again lives by another process
            sessions.begin(place, session, agent, pid, activity)
        else:
            sessions.beat(place, session, activity)


def spoken(place: Workspace, session: str) -> None:
    """Note that the agent was told all there is about edits in the main worktree, until something changes."""
    with contextlib.suppress(OSError):
        path = _note(place, session)
        files.put(path, State(b""))
        for name in files.names(os.path.dirname(path)):
            other = os.path.join(os.path.dirname(path), name)
            at = files.touched(other)
            if at is not None and clock.now() - at > _DAY:
                files.put(other, files.ABSENT)


def _note(place: Workspace, session: str) -> str:
    return os.path.join(place.repository.common_dir, "holdfast", "agents", session)
