"""Sessions: they begin, are heard of, wait and end; while one lives git's own lock is on its worktree."""

from __future__ import annotations

import contextlib
import os

from holdfast.adapters import clock, files, host, locks, proc, processes, worktrees
from holdfast.adapters import sessions as markers
from holdfast.adapters.git import GitError
from holdfast.domain import session
from holdfast.domain.blockers import blocker
from holdfast.domain.session import LOCK_REASON, WAITING, WORKING, Session
from holdfast.domain.value import TYPE_CHECKING, NamedTuple
from holdfast.usecases import journal
from holdfast.usecases.surroundings import Refused
from holdfast.usecases.worker import SESSION, host_of
from holdfast.usecases.workspace import branch

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager
    from typing import Any

    from holdfast.domain.moment import Moment
    from holdfast.domain.policy import SessionPolicy
    from holdfast.domain.problem import Problem
    from holdfast.domain.snapshot import Worktree
    from holdfast.usecases.workspace import Workspace

_SHELLS = frozenset({"sh", "bash", "dash", "zsh", "fish", "ksh", "busybox"})


class Live(NamedTuple):
    """A session that holds its worktree at this moment, what it is doing, and the resolved path of that worktree."""

    session: Session
    activity: str
    top: str


def folder(place: Workspace) -> str:
    """Where the markers are: in the git folder that all worktrees share."""
    return place.state("sessions")


def known(place: Workspace) -> tuple[Session, ...]:
    """Every session that has a marker which can be read, also those that are over."""
    return markers.read_all(folder(place))


def unreadable(place: Workspace) -> list[str]:
    """The paths of markers that cannot be read."""
    every = [name for name in files.names(folder(place)) if name.endswith(markers.MARKER)]
    broken = [name for name in every if markers.is_unreadable(folder(place), name.removesuffix(markers.MARKER))]
    return [os.path.join(folder(place), name) for name in broken]


def set_aside_unreadable(place: Workspace, kept: str) -> list[tuple[str, str]]:
    """Keep markers that cannot be read in the folder `kept`, where nothing reads them; from where and to where each went."""
    with _locked(place):
        return [(path, files.set_aside(path, kept)) for path in unreadable(place)]


def live(place: Workspace, now: Moment, policy: SessionPolicy) -> tuple[Live, ...]:
    """The sessions of all worktrees that hold at this moment."""
    marked = known(place)
    here = host.machine(host_of(place.environment)) if marked else None
    return tuple(
        Live(one, session.activity_at(one, now, policy), os.path.realpath(one.worktree))
        for one in marked
        if here is not None and session.holds(one, _alive(one, here), now, policy)
    )


def id_of(place: Workspace, given: str | None, new: bool, agent: str) -> str:
    """The id of the session that is meant: the given one, else that of the environment, else the caller's own.

    A `new` one without any gets a new one, which begins with the name of the agent. `Refused` for none.
    """
    named = given or place.environment.get(SESSION, "")
    if named:
        if not session.is_id(named):
            raise Refused([_no_id(named)])
        return named
    callers = proc.with_callers(os.getpid())
    mine = [one.id for one in markers.read_all(folder(place)) if one.pid in callers]
    if mine:
        return mine[-1]
    if not new:
        raise Refused([unknown("")])
    lead = "".join(letter for letter in agent if session.is_id(letter)) or "session"
    return f"{lead[:40]}-{os.urandom(6).hex()}"


def unknown(id: str) -> Problem:
    """Why nothing can be told of a session that never began, or has ended."""
    message = f"there is no session {id}" if id else "no session of the process that called this is known"
    return blocker("session-unknown", id or "session", message)


def start(place: Workspace, id: str, agent: str, pid: int | None) -> Session:
    """Begin a session that lives by the process `pid`, else by the one that this command was called by.

    `Refused` for a process that is not there, and for the id of a session that is another process which lives.
    """
    if pid is not None and not _is_there(pid):
        raise Refused([blocker("session-unknown", id, f"there is no process {pid}", "run it with another `--pid`")])
    by = pid if pid is not None else caller()
    before = markers.read(folder(place), id)
    machine = host.machine(host_of(place.environment))
    if before is not None and before.pid != by and _alive(before, machine):
        message = f"session {id} is process {before.pid}, at work in {before.worktree}"
        raise Refused([blocker("session-taken", id, message)])
    return begin(place, id, agent or "session", by)


def begin(place: Workspace, id: str, agent: str, pid: int | None, activity: str = WORKING) -> Session:
    """Begin a session in the worktree of `place`, or renew it: its marker is written, and its worktree locked.

    `pid` is the process that it lives by, None for one that cannot be looked up. `OSError` where it cannot be written.
    """
    now = clock.now()
    before = markers.read(folder(place), id)
    began = before.began if before is not None else now
    machine = host.machine(host_of(place.environment))
    one = Session(id, agent, pid, _birth(pid), machine, os.path.realpath(place.top), began, now, activity)
    with _locked(place):
        markers.write(folder(place), one)
    if before is None:
        _note(place, "session-start", one, process=pid)
    settle(place)
    _waits(place, one, before)
    return one


def beat(place: Workspace, id: str, activity: str) -> Session | None:
    """Say that a session is alive, in the worktree of `place` now; None for one that never began.

    A heartbeat changes nothing that others hold, and is no event of the journal: hooks give thousands of them.
    """
    before = markers.read(folder(place), id)
    if before is None:
        return None
    top = os.path.realpath(place.top)
    markers.beat(folder(place), id, activity, top)
    if before.worktree != top:
        settle(place)
    after = before._replace(activity=activity, worktree=top)
    _waits(place, after, before)
    return after


def _waits(place: Workspace, now: Session, before: Session | None) -> None:
    """Tell the user of a session that begins to wait for him."""
    if now.activity == WAITING and (before is None or before.activity != WAITING):
        from holdfast.usecases import notify  # only then

        notify.tell(place, now)


def end(place: Workspace, id: str) -> Session | None:
    """End a session: its marker goes, and the lock of its worktree unless another session is there. None for none."""
    with _locked(place):
        before = markers.read(folder(place), id)
        if before is not None:
            markers.forget(folder(place), id)
    if before is not None:
        _note(place, "session-end", before)
    settle(place)
    return before


def settle(place: Workspace, listed: Sequence[Worktree] | None = None, policy: SessionPolicy | None = None) -> bool:
    """Let markers and git's locks say what is: sessions that are over go, worktrees with a live one are locked, no others.

    True when something changed. Locks of others are never touched, and what cannot be written stays for the next time.
    """
    policy = policy or place.configurations.of_worktree().policy.sessions
    if not os.path.isdir(folder(place)):
        return False
    changed = False
    with contextlib.suppress(OSError, GitError), _locked(place):
        now = clock.now()
        held = live(place, now, policy)
        for one in markers.read_all(folder(place)):
            if all(one.id != other.session.id for other in held):
                markers.forget(folder(place), one.id)
                _note(place, "session-end", one, why="its process is gone, or it was not heard of")
                changed = True
        tops = frozenset(one.top for one in held)
        for tree in worktrees.read(place.git) if listed is None or changed else listed:
            changed = _settled(place, tree, tops) or changed
    return changed


def caller() -> int | None:
    """The process that a session lives by which this command was called for: the nearest that stays.

    A shell that was started for one command (`sh -c ...`) is gone in a moment; what started it is meant.
    """
    for pid in proc.with_callers(os.getpid())[1:]:
        words = proc.arguments(pid)
        if words is None:
            return None
        program = os.path.basename(words[0]).lstrip("-")
        passing = program in _SHELLS and len(words) > 1 and not words[1].startswith(("-i", "-l", "--"))
        if not passing and program not in ("holdfast", "make", "env"):
            return pid
    return None


def _settled(place: Workspace, tree: Worktree, held: frozenset[str]) -> bool:
    """Lock or unlock one worktree, as live sessions `held` some by their resolved paths; True when that changed something."""
    if tree.main or tree.gone:
        return False
    wanted = bool(held) and os.path.realpath(tree.path) in held
    if wanted and tree.locked is None and worktrees.lock(place.git, tree.path, LOCK_REASON):
        journal.note(place, "worktree-locked", branch=tree.branch, worktree=tree.path)
        return True
    if not wanted and tree.locked == LOCK_REASON and worktrees.unlock(place.git, tree.path):
        journal.note(place, "worktree-unlocked", branch=tree.branch, worktree=tree.path)
        return True
    return False


def _alive(one: Session, here: session.Machine) -> bool | None:
    """Whether the very process that a session lives by is there; None where that cannot be looked up."""
    if one.pid is None or one.birth is None or not here.reads(one.machine):
        return None
    try:
        return processes.birth(one.pid) == one.birth
    except PermissionError:
        return None


def _is_there(pid: int) -> bool:
    try:
        return processes.birth(pid) is not None
    except PermissionError:
        return True


def _birth(pid: int | None) -> int | None:
    try:
        return processes.birth(pid) if pid is not None else None
    except PermissionError:
        return None


def _no_id(text: str) -> Problem:
    message = f"{text!r} is no id of a session: letters, digits, `.`, `_` and `-`, at most {session.LONGEST_ID}"
    return blocker("session-unknown", text, message, "run it with another `--id`")


def _locked(place: Workspace) -> AbstractContextManager[None]:
    return locks.held(place.state("sessions.lock"))


def _note(place: Workspace, event: str, one: Session, **data: Any) -> None:
    """Write what became of a session, on the branch that its worktree is on."""
    on = branch(place) if os.path.realpath(place.top) == one.worktree else None
    actor = f"{one.agent} {one.id}"
    journal.note(place, event, branch=on, worktree=one.worktree, actor=actor, session=one.id, agent=one.agent, **data)
