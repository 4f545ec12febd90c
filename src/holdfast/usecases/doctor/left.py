"""What was left: by commands that were cut off, in the trash, and what cannot be read any more."""

from __future__ import annotations

import os

from holdfast.adapters import intents, locks
from holdfast.domain import health
from holdfast.domain.diagnosis import ASIDE, CACHE, COMMANDS, FINISHES, PUT_OFF, Diagnosis, diagnosis
from holdfast.domain.moment import ago
from holdfast.domain.value import TYPE_CHECKING
from holdfast.usecases import journal, recover
from holdfast.usecases.finish import record
from holdfast.usecases.workspace import PUT_OFF as PUT_OFF_FOLDER
from holdfast.usecases.worktrees import sessions, trash, unfinished
from holdfast.usecases.worktrees.put_away import LOCK

if TYPE_CHECKING:
    from collections.abc import Iterator

    from holdfast.adapters.intents import Left
    from holdfast.usecases.doctor.look import Look
    from holdfast.usecases.workspace import Workspace

_DID = {recover.START: "claiming", recover.UNCLAIM: "giving back", recover.WORKTREE: "making the worktree of"}


def commands(look: Look) -> Iterator[Diagnosis]:
    """Claims, give-backs, removals and restorations that were cut off."""
    with intents.left(recover.folder(look.place)) as found:
        for one in found:
            what = _DID.get(one.fields.get("kind", ""), "a command about")
            message = f"{what} {one.fields.get('branch') or 'a branch'} was cut off {_when(one, look)}"
            yield diagnosis("command-unfinished", os.path.basename(one.path), message, repair=COMMANDS)
    for id in _half_moved(look):
        message = f"the removal or restoration {id} of a worktree was cut off"
        yield diagnosis("command-unfinished", id, message, repair=COMMANDS)


def at_work(place: Workspace) -> bool:
    """True while a command of Holdfast is at work here, as far as it is written down."""
    if intents.under_way(recover.folder(place)) or record.all_running(place):
        return True
    try:
        with locks.tried(place.state(LOCK)) as mine:
            return not mine
    except OSError:
        return False


def finishes(look: Look) -> Iterator[Diagnosis]:
    """Merges that were cut off, and removals that wait until somebody has left."""
    with record.left(look.place) as found:
        for one in found:
            message = f"the finish of {one.fields.get('branch') or 'a branch'} was cut off {_when(one, look)}"
            yield diagnosis("finish-unfinished", os.path.basename(one.path), message, repair=FINISHES)
    with intents.left(look.place.state(PUT_OFF_FOLDER)) as found:
        for one in found:
            message = f"the worktree of {one.fields.get('branch') or 'a branch'} waits to be removed"
            yield diagnosis("removal-put-off", os.path.basename(one.path), message, repair=PUT_OFF)


def in_trash(look: Look) -> Iterator[Diagnosis]:
    """What is in the trash and may go, or has lost its files."""
    found = trash.waiting(look.place)
    missing = frozenset(
        folder
        for one in found.waiting
        if (folder := one.removed.folder)
        and not os.path.lexists(folder)
        and os.path.isdir(os.path.dirname(os.path.dirname(folder)))
    )
    return health.of_trash(found.waiting, found.policy, missing, look.now)


def unreadable(look: Look) -> Iterator[Diagnosis]:
    """Records, markers, lines of the journal and memories that cannot be read."""
    for id in unfinished.unreadable(look.place):
        message = (
            f"the record of the removed worktree {id} cannot be read; its files are in a folder `.holdfast-trash/{id}`"
        )
        yield diagnosis("trash-unreadable", id, message, repair=ASIDE)
    for path in sessions.unreadable(look.place):
        yield diagnosis("session-unreadable", os.path.basename(path), f"{path} is no marker of a session", repair=ASIDE)
    lines = journal.events(look.place).unreadable
    if lines:
        where = f"{lines[0].file}:{lines[0].line}" if lines[0].line else lines[0].file
        more = f" and {len(lines) - 1} more" if len(lines) > 1 else ""
        whole = all(one.line for one in lines)
        yield diagnosis("journal-unreadable", "journal", f"no event: {where}{more}", repair=ASIDE if whole else "")
    broken = look.place.cache.unreadable()
    if broken:
        message = f"{len(broken)} remembered answer{'s' if len(broken) > 1 else ''} in {look.place.cache.folder}"
        yield diagnosis("cache-unreadable", "cache", f"{message} cannot be read", repair=CACHE)


def _when(one: Left, look: Look) -> str:
    return ago(intents.written(one.path), look.now)


def _half_moved(look: Look) -> list[str]:
    """Removals and restorations that were cut off; none while somebody is at work on worktrees."""
    if not unfinished.left(look.place):
        return []
    try:
        with locks.tried(look.place.state(LOCK)) as mine:
            return unfinished.left(look.place) if mine else []
    except OSError:  # nobody may lock it here, so nobody is at work
        return unfinished.left(look.place)
