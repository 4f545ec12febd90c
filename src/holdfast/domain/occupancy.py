"""Who is inside a worktree: processes and sessions in, FREE, IN_USE or UNKNOWN out. What cannot be told blocks."""

from __future__ import annotations

from holdfast.domain.moment import Moment, span
from holdfast.domain.value import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Mapping, Sequence

    from holdfast.domain.session import Session

FREE, IN_USE, UNKNOWN = "free", "in-use", "unknown"
VERDICTS = (FREE, IN_USE, UNKNOWN)
PROCESS, SESSION = "process", "session"

Spot = tuple[int, int]
"""Device and inode of a folder: the same under each of its names, and in each container that it is mounted in."""


class Folder(NamedTuple):
    """A folder in which processes stand: its name, its spot and those of the folders above it, deepest first.

    `gone` is true for one that was deleted; then its name is that which it had. Without `spots` only the name tells.
    """

    path: str
    spots: tuple[Spot, ...]
    pids: tuple[int, ...]
    gone: bool = False


class Unreadable(NamedTuple):
    """A process whose folder may not be read, with its session, terminal and process group; 0 for none."""

    pid: int
    session: int
    tty: int
    group: int


class Standing(NamedTuple):
    """Where all processes stand; `blind` says why that cannot be told at all, in words with the way out."""

    folders: tuple[Folder, ...]
    unreadable: tuple[Unreadable, ...]
    blind: str = ""


class Process(NamedTuple):
    """A process: what people call it, since when it runs, and its session, terminal and process group."""

    pid: int
    command: str
    since: Moment | None
    session: int
    tty: int
    group: int


class Place(NamedTuple):
    """A worktree, or what was one: its resolved path, and its spot where it is there."""

    path: str
    spot: Spot | None


class Occupant(NamedTuple):
    """Who is inside: a process or a session. `mine` is true for the caller and what called it, and for its session.

    `since` is when a process or a session began; what a session is doing and when it was `heard` of last are a session's.
    """

    kind: str
    pid: int | None
    command: str
    session: str | None
    since: Moment | None
    mine: bool = False
    activity: str | None = None
    heard: Moment | None = None

    def words(self, now: Moment) -> str:
        """Who that is, as people say it."""
        since = f", for {span(max(now - self.since, 0))}" if self.since is not None else ""
        if self.kind == PROCESS:
            return f"process {self.pid} ({self.command}{since})"
        doing = {"waiting": ", waiting for its user", "idle": ", idle"}.get(self.activity or "", "")
        return f"session {self.session} ({self.command}{doing}{since})"


class Occupancy(NamedTuple):
    """The verdict on one worktree, who is inside, and in words why it is not free or cannot be told."""

    verdict: str
    occupants: tuple[Occupant, ...] = ()
    reasons: tuple[str, ...] = ()

    @property
    def processes(self) -> tuple[Occupant, ...]:
        """Those inside that are processes."""
        return tuple(one for one in self.occupants if one.kind == PROCESS)

    @property
    def sessions(self) -> tuple[Occupant, ...]:
        """Those inside that are sessions."""
        return tuple(one for one in self.occupants if one.kind == SESSION)


def inside(folders: Iterable[Folder], places: Sequence[Place]) -> dict[str, tuple[int, ...]]:
    """The processes in each place, by its path; one stands in the deepest place that holds its folder.

    A substring would not do: `plan-1` is the beginning of `plan-10`.
    """
    by_spot = {one.spot: one.path for one in places if one.spot is not None}
    found: dict[str, list[int]] = {}
    for folder in folders:
        held = _by_spot(folder, by_spot)
        if folder.gone or not folder.spots:  # its place may be gone with it, or be another folder by now
            held = max(held or "", _by_name(folder.path, places) or "", key=len) or None
        if held is not None:
            found.setdefault(held, []).extend(folder.pids)
    return {path: tuple(sorted(pids)) for path, pids in found.items()}


def _by_spot(folder: Folder, places: Mapping[Spot, str]) -> str | None:
    return next((places[spot] for spot in folder.spots if spot in places), None)


def _by_name(path: str, places: Sequence[Place]) -> str | None:
    held = (one.path for one in places if is_within(path, one.path))
    return max(held, key=len, default=None)


def is_within(path: str, folder: str) -> bool:
    """True for a resolved path that is a resolved folder or lies in it, component by component."""
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def judge(
    processes: Sequence[Process],
    sessions: Sequence[tuple[Session, str]],
    standing: Standing,
    callers: Sequence[int],
    now: Moment,
    me: str | None = None,
) -> Occupancy:
    """The verdict on a place: the processes in it, its live sessions, each with what it is doing, and what may not be read.

    `callers` are this process and what called it; `me` is the caller's own session. Processes that may not be read exist on
    every machine (other users', and key agents). They say nothing, unless they share session, terminal or process group with
    one that is inside: then they belong together.
    """
    occupants = [Occupant(PROCESS, one.pid, one.command, None, one.since, one.pid in callers) for one in processes]
    for one, activity in sessions:
        mine = one.id == me or (one.pid is not None and one.pid in callers)
        occupants.append(Occupant(SESSION, one.pid, one.agent, one.id, one.began, mine, activity, one.heartbeat))
    doubts = [standing.blind] if standing.blind else []
    doubts += [_doubt(one) for one in standing.unreadable if any(_kin(one, other) for other in processes)]
    reasons = [*(one.words(now) for one in occupants), *doubts]
    verdict = IN_USE if occupants else UNKNOWN if doubts else FREE
    return Occupancy(verdict, tuple(occupants), tuple(reasons))


def without_mine(found: Occupancy) -> Occupancy:
    """The same, as if the caller, what called it and its session were elsewhere; doubts remain."""
    return _without(found, lambda who: who.mine)


def without(found: Occupancy, pids: Container[int]) -> Occupancy:
    """The same, as if these processes, and the sessions that live by them, were elsewhere; doubts remain."""
    return _without(found, lambda who: who.pid in pids)


def _without(found: Occupancy, away: Callable[[Occupant], bool]) -> Occupancy:
    others = tuple(one for one in found.occupants if not away(one))
    doubts = found.reasons[len(found.occupants) :]
    reasons = tuple(why for who, why in zip(found.occupants, found.reasons, strict=False) if not away(who))
    return Occupancy(IN_USE if others else UNKNOWN if doubts else FREE, others, (*reasons, *doubts))


def _kin(one: Unreadable, other: Process) -> bool:
    pairs = ((one.session, other.session), (one.tty, other.tty), (one.group, other.group))
    return any(mine == theirs != 0 for mine, theirs in pairs)


def _doubt(one: Unreadable) -> str:
    return f"process {one.pid} belongs to one that is inside, and where it stands may not be read"
