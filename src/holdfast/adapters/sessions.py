"""The markers of sessions: a file that says who, and a beat file whose date is the heartbeat.

A hook refreshes the beat file without starting anything: it writes two lines, what the session is doing and the top of the
worktree that it is in now.
"""

from __future__ import annotations

import contextlib
import json
import os

from holdfast.adapters import files
from holdfast.adapters.files import State
from holdfast.adapters.git import decode, encode
from holdfast.domain.moment import Moment
from holdfast.domain.session import ACTIVITIES, WORKING, Machine, Session, is_id
from holdfast.domain.value import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

MARKER, _BEAT = ".json", ".beat"
_LARGEST = 65_536
_FAMILY = "holdfast.session/"
_SCHEMA = f"{_FAMILY}1"


def read_all(folder: str) -> tuple[Session, ...]:
    """All sessions that have a marker, by id; what is no marker is passed over."""
    found = []
    for name in files.names(folder):
        if name.endswith(MARKER):
            one = read(folder, name.removesuffix(MARKER))
            if one is not None:
                found.append(one)
    return tuple(found)


def read(folder: str, session: str) -> Session | None:
    """The session of that id, as its marker and its last heartbeat tell; None without a marker that can be read."""
    if not is_id(session):
        return None
    path = os.path.join(folder, session + MARKER)
    try:
        data = json.loads(files.read_regular(path, _LARGEST) or b"")
        known = _session(session, data, Moment(int(os.stat(path).st_mtime)))
    except (OSError, ValueError, KeyError, TypeError, RecursionError, OverflowError):
        return None
    return _with_beat(known, os.path.join(folder, session + _BEAT))


def is_unreadable(folder: str, session: str) -> bool:
    """True for a marker that is there and is none of any version: torn, or another's. One that may not be read is a marker."""
    return read(folder, session) is None and files.is_torn_json(os.path.join(folder, session + MARKER), _FAMILY)


def write(folder: str, one: Session) -> None:
    """Write the marker of a session, whole, and its heartbeat: now. `OSError` where that cannot be."""
    data = {
        "schema": _SCHEMA,
        "id": one.id,
        "agent": one.agent,
        "pid": one.pid,
        "birth": one.birth,
        **one.machine._asdict(),
        "worktree": one.worktree,
        "began": one.began,
        "activity": one.activity,
    }
    files.put(os.path.join(folder, one.id + MARKER), State((json.dumps(data) + "\n").encode()))
    beat(folder, one.id, one.activity, one.worktree)


def beat(folder: str, session: str, activity: str, worktree: str) -> None:
    """Say that a session is alive, what it is doing and where; `OSError` where that cannot be."""
    path = os.path.join(folder, session + _BEAT)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
    with os.fdopen(handle, "wb") as file:
        file.write(encode(f"{activity}\n{worktree}\n"))


def forget(folder: str, session: str) -> None:
    """Remove the marker of a session, and its heartbeat."""
    for ending in (MARKER, _BEAT):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(os.path.join(folder, session + ending))


def _session(session: str, data: Any, written: Moment) -> Session:
    texts = [data[key] for key in ("agent", "host", "boot", "space", "worktree")]
    if not all(isinstance(text, str) for text in texts) or data["schema"] != _SCHEMA:
        raise ValueError(session)
    pid, birth = data["pid"], data["birth"]
    if not all(number is None or (isinstance(number, int) and number >= 0) for number in (pid, birth)):
        raise ValueError(session)
    agent, host, boot, space, worktree = texts
    if not _is_folder(worktree):
        raise ValueError(session)
    activity = data["activity"] if data["activity"] in ACTIVITIES else WORKING
    began = Moment(int(data["began"]))
    return Session(session, agent, pid, birth, Machine(host, boot, space), worktree, began, written, activity)


def _with_beat(one: Session, path: str) -> Session:
    """The session with what its last heartbeat said; one that is being written at this moment says nothing yet."""
    said = files.read_regular(path, _LARGEST)
    if said is None:
        return one
    try:
        at = Moment(int(os.stat(path).st_mtime))
    except OSError:
        return one
    activity, _, rest = decode(said).partition("\n")
    worktree = rest.removesuffix("\n")
    return one._replace(
        heartbeat=max(at, one.heartbeat),
        activity=activity if activity in ACTIVITIES else one.activity,
        worktree=worktree if _is_folder(worktree) else one.worktree,
    )


def _is_folder(path: str) -> bool:
    return path.startswith("/") and "\0" not in path
