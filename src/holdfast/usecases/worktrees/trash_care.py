"""The trash is kept small without anybody's doing: what has waited long enough is deleted by a process of its own."""

from __future__ import annotations

import sys

from holdfast.adapters import files, spawn
from holdfast.adapters import trash as trashed
from holdfast.domain.moment import DAY
from holdfast.domain.value import TYPE_CHECKING
from holdfast.usecases.contact import main_top
from holdfast.usecases.worktrees.anchors import TRASH

if TYPE_CHECKING:
    from holdfast.domain.moment import Moment
    from holdfast.usecases.surroundings import Ground
    from holdfast.usecases.workspace import Workspace

_LOOKED = "trash.looked"
"""A file whose date is when sizes were looked at last."""


def later(place: Workspace, ground: Ground, now: Moment) -> None:
    """Begin to delete what may go, if there is any; once a day also what is too much.

    Deleting many files takes long, and nobody shall wait for it: as `git gc --auto` it goes on by itself.
    """
    waiting = trashed.read_all(place.state(TRASH))
    looked = files.touched(place.state(_LOOKED))
    over = any(now >= one.until(ground.policy.trash) for one in waiting)
    if over or (len(waiting) > 1 and (looked is None or now - looked > DAY)):
        top = main_top(place, ground)
        command = [sys.executable, "-m", "holdfast", "-C", top, "trash", "empty", "--expired", "--quiet"]
        spawn.begin(command, place.environment)


def looked(place: Workspace) -> None:
    """Write down that sizes were looked at."""
    files.put(place.state(_LOOKED), files.State(b""))
