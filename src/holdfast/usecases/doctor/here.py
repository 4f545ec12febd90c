"""The ground that all stands on: git, the disk, the clock, permissions, and locks that git left."""

from __future__ import annotations

import os
import stat
from shlex import quote

from holdfast.adapters import commits, files, registration
from holdfast.adapters.refs import HEADS, REMOTES
from holdfast.domain import git_version, health
from holdfast.domain.diagnosis import diagnosis
from holdfast.domain.value import TYPE_CHECKING
from holdfast.usecases import journal
from holdfast.usecases.worktrees import sessions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from holdfast.domain.diagnosis import Diagnosis
    from holdfast.usecases.doctor.look import Look
    from holdfast.usecases.workspace import Workspace

_SHARED_LOCKS = (
    "index.lock",
    "HEAD.lock",
    "packed-refs.lock",
    "config.lock",
    "shallow.lock",
    "objects/maintenance.lock",
)
_OWN_LOCKS = ("index.lock", "HEAD.lock")
_MOST = 2_000
_FOLDERS = ("", "sessions", "trash", "intents", "finishing", "put-off", "hooks")
"""The folders of Holdfast's own state."""


def version(place: Workspace) -> Iterator[Diagnosis]:
    """Whether git is new enough."""
    text = place.git.text("--version")
    return health.of_git(git_version.parse(text), text)


def disk(place: Workspace) -> Iterator[Diagnosis]:
    """Whether there is room on the disk."""
    where = place.repository.common_dir
    return health.of_disk(files.free_bytes(where), where)


def permissions(place: Workspace) -> Iterator[Diagnosis]:
    """Whether we may write what must be remembered."""
    common = place.repository.common_dir
    places = [common, *_below(os.path.join(common, "holdfast"), 2)]
    locked = [path for path in places if not files.writable(path) and os.path.lexists(path)]
    if locked:
        more = f" and {len(locked) - 1} more below it" if len(locked) > 1 else ""
        yield diagnosis("state-unwritable", common, f"this process may not write {locked[0]}{more}")
    own = [place.state(name).rstrip("/") for name in _FOLDERS]
    for path in (path for path in own if os.path.lexists(path) and not os.path.isdir(path)):
        remedy = f"mv {quote(path)} {quote(path + '.old')}"
        yield diagnosis("state-unwritable", path, f"{path} is no folder, and Holdfast keeps things in there", remedy)


def clock(look: Look) -> Iterator[Diagnosis]:
    """What is dated in the future: commits that claims rest on, sessions, the last event."""
    tips = {one.commit: one.branch for one in look.listed.claims}
    main = look.ground.main
    for ref in (HEADS + main, f"{REMOTES}{look.ground.remote}/{main}"):
        if ref in look.ground.refs:
            tips.setdefault(look.ground.refs[ref], main)
    dates = [
        (f"the last commit of {tips[oid]}", one.at)
        for oid, one in commits.named(look.place.git, tips).commits().items()
        if oid in tips
    ]
    known = sessions.known(look.place)
    dates += [(f"the heartbeat of session {one.id}", one.heartbeat) for one in known]
    dates += [("the last event of the journal", one.at) for one in journal.events(look.place, 1).events]
    return health.of_clock(dates, look.now)


def git_locks(look: Look) -> Iterator[Diagnosis]:
    """Locks that a git which was killed has left."""
    common = look.place.repository.common_dir
    paths = [os.path.join(common, name) for name in _SHARED_LOCKS]
    for folder in registration.every(common).values():
        paths += [os.path.join(folder, name) for name in _OWN_LOCKS]
    for folder, _, names in os.walk(os.path.join(common, "refs")):
        paths += [os.path.join(folder, name) for name in names if name.endswith(".lock")]
    made = [(path, at) for path in paths if (at := files.touched(path)) is not None]
    return health.of_git_locks(made, look.now)


def _below(folder: str, depth: int) -> list[str]:
    """A folder and what is in it, so many levels deep, as far as it is there."""
    found = [folder] if os.path.lexists(folder) else []
    for at, path in enumerate(found):
        if at > _MOST or path.count("/") - folder.count("/") >= depth:
            break
        if os.path.isdir(path) and not os.path.islink(path):
            found += [os.path.join(path, name) for name in files.names(path)]
    return [path for path in found if stat.S_IFMT(_mode(path)) in (stat.S_IFDIR, stat.S_IFREG)]


def _mode(path: str) -> int:
    try:
        return os.lstat(path).st_mode
    except OSError:
        return 0
