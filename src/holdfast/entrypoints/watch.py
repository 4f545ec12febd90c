"""`status --watch`: the screen drawn again when something changes; nothing is computed while nothing does."""

from __future__ import annotations

import os
import signal
import sys
import time

from holdfast.domain.value import TYPE_CHECKING
from holdfast.entrypoints import face, paint, screen
from holdfast.entrypoints.status_document import document

if TYPE_CHECKING:
    from collections.abc import Callable

    from holdfast.entrypoints.face import Face
    from holdfast.usecases.changes import Word
    from holdfast.usecases.status import Status
    from holdfast.usecases.workspace import Workspace

_POLL = 1.0
_EDITS = 5
"""Every so many seconds plan files are looked at, too."""
_ANYWAY = 60.0
"""Seconds after which it is drawn again although no file has changed: who is inside a worktree leaves no trace in files."""
_ENTER, _LEAVE = "\x1b[?1049h\x1b[?25l", "\x1b[?25h\x1b[?1049l"
_HOME, _TO_END_OF_LINE, _TO_END = "\x1b[H", "\x1b[K", "\x1b[J"


def run(face_: Face, place: Workspace, every: bool) -> int:
    """Show the status until nobody looks any more."""
    full = sys.stdout.isatty() and not face_.json
    for number in (signal.SIGTERM, signal.SIGHUP):  # whoever is ended politely gives the screen back
        signal.signal(number, signal.default_int_handler)
    if full:
        sys.stdout.write(_ENTER)
    try:
        _loop(face_, place, every, full)
    finally:
        if full:
            sys.stdout.write(_LEAVE)
            sys.stdout.flush()
    return face.DONE


def _loop(face_: Face, place: Workspace, every: bool, full: bool) -> None:
    from holdfast.usecases import changes, clock, status, workspace

    said: object = None
    while True:
        place = workspace.at(place.top, place.environment)  # what was read before may be another by now
        folders = tuple(one.path for one in place.configurations.of_worktree().policy.folders)
        before = (changes.word(place), changes.of_plans(place, folders))
        found = status.observe(place, os.environ, clock.now())
        same = document(found, every=True) | {"at": ""}
        if full or same != said:
            _draw(face_, found, every, full)
        said = same
        size = _size(full)
        _wait(lambda: changes.word(place), lambda: changes.of_plans(place, folders), before, size, full)  # noqa: B023


def _draw(face_: Face, found: Status, every: bool, full: bool) -> None:
    if face_.json:
        face_.entry("status", document(found, every))
    elif full:
        drawn = screen.lines(found, face_.cwd, face_.width, face_.height)
        painted = paint.painted(sys.stdout, drawn, face_.environment)
        # Line by line over what is there, in one write: nothing flickers.
        sys.stdout.write(_HOME + "\r\n".join(text + _TO_END_OF_LINE for text in painted) + _TO_END)
    else:
        paint.show(sys.stdout, [*screen.lines(found, face_.cwd, None, None), screen.Line("")], face_.environment)
    sys.stdout.flush()


def _wait(
    done: Callable[[], Word],
    edited: Callable[[], Word],
    before: tuple[Word, Word],
    size: os.terminal_size | None,
    full: bool,
) -> None:
    """Wait until something changes: a file, or the size of the terminal; or until it is time to look all the same.

    What is done by commands is looked for each second, edits of plans now and then: there are thousands of those files.
    """
    until = time.monotonic() + _ANYWAY
    rounds = 0
    while time.monotonic() < until:
        time.sleep(_POLL)
        rounds += 1
        face.leave_with_the_reader()
        if done() != before[0] or _size(full) != size or (rounds % _EDITS == 0 and edited() != before[1]):
            return


def _size(full: bool) -> os.terminal_size | None:
    return os.get_terminal_size(sys.stdout.fileno()) if full else None
