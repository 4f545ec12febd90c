"""Who is inside: containment, kin, sessions, and the verdict, as tables of values."""

from __future__ import annotations

import pytest

from holdfast.domain import occupancy
from holdfast.domain.moment import DAY, HOUR, MINUTE, Moment
from holdfast.domain.occupancy import Folder, Occupancy, Place, Process, Standing, Unreadable, without_mine
from holdfast.domain.policy import SessionPolicy
from holdfast.domain.session import (
    IDLE,
    LONGEST_ID,
    WAITING,
    WORKING,
    Machine,
    Session,
    activity_at,
    holds,
    is_id,
    together,
)

NOW = Moment(1_800_000_000)
POLICY = SessionPolicy()
HERE = Machine("laptop", "boot-1", "pid:[1]")

MAIN, ONE, TEN = Place("/r", (1, 10)), Place("/r/.worktrees/plan-1", (1, 11)), Place("/r/.worktrees/plan-10", (1, 12))
PLACES = (MAIN, ONE, TEN)


def session(**changes: object) -> Session:
    one = Session("s1", "claude", 5, 77, HERE, "/r/.worktrees/plan-1", NOW, NOW, WORKING)
    return one._replace(**changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("folder", "held"),
    [
        (Folder("/r", ((1, 10), (1, 2)), (7,)), "/r"),
        (Folder("/r/.worktrees/plan-1", ((1, 11), (1, 9), (1, 10), (1, 2)), (7,)), "/r/.worktrees/plan-1"),
        (Folder("/r/.worktrees/plan-10/src", ((1, 40), (1, 12), (1, 9), (1, 10)), (7,)), "/r/.worktrees/plan-10"),
        (Folder("/r/.worktrees", ((1, 9), (1, 10), (1, 2)), (7,)), "/r"),
        # Another name of the same folder: a symlink's, or a container's.
        (Folder("/work", ((1, 12), (5, 1)), (7,)), "/r/.worktrees/plan-10"),
        # The same name in a container of its own, which is another folder.
        (Folder("/r/.worktrees/plan-1", ((9, 11), (9, 1)), (7,)), None),
        # Deleted below a worktree that is there.
        (Folder("/r/.worktrees/plan-1/gone", ((1, 50), (1, 11), (1, 9), (1, 10)), (7,), True), "/r/.worktrees/plan-1"),
        # The worktree itself was deleted, and is another folder by now: its name tells more than what is above.
        (Folder("/r/.worktrees/plan-1", ((1, 51), (1, 9), (1, 10)), (7,), True), "/r/.worktrees/plan-1"),
        # A system that knows no device and inode: names, component by component.
        (Folder("/r/.worktrees/plan-10", (), (7,)), "/r/.worktrees/plan-10"),
        (Folder("/r/.worktrees/plan-100", (), (7,)), "/r"),
        (Folder("/rx", (), (7,)), None),
        (Folder("/", ((1, 2),), (7,)), None),
    ],
)  # fmt: skip
def test_the_deepest_worktree_that_holds_a_folder_has_its_processes(folder: Folder, held: str | None) -> None:
    assert occupancy.inside([folder], PLACES) == ({} if held is None else {held: (7,)})


def test_a_worktree_that_is_gone_is_told_by_its_name() -> None:
    gone = Place("/r/.worktrees/plan-1", None)
    deleted = Folder("/r/.worktrees/plan-1/src", ((1, 60), (1, 61), (1, 9), (1, 10)), (7,), True)
    assert occupancy.inside([deleted], (MAIN, gone)) == {gone.path: (7,)}


def process(pid: int, session: int = 0, tty: int = 0, group: int = 0) -> Process:
    return Process(pid, "vim", NOW, session, tty, group)


def judged(
    processes: tuple[Process, ...] = (), sessions: tuple[tuple[Session, str], ...] = (),
    unreadable: tuple[Unreadable, ...] = (), blind: str = "", callers: tuple[int, ...] = (), me: str | None = None,
) -> Occupancy:  # fmt: skip
    return occupancy.judge(processes, sessions, Standing((), unreadable, blind), callers, NOW, me)


def test_verdicts() -> None:
    assert judged() == Occupancy("free")
    assert judged((process(5),)).verdict == "in-use"
    assert judged(sessions=((session(), WORKING),)).verdict == "in-use"
    assert judged(blind="nobody can tell") == Occupancy("unknown", (), ("nobody can tell",))
    assert judged((process(5),), blind="nobody can tell").verdict == "in-use"
    assert judged(unreadable=(Unreadable(9, 3, 2, 3),)) == Occupancy("free"), "such processes are on every machine"


@pytest.mark.parametrize("kin", [Unreadable(9, 3, 0, 8), Unreadable(9, 8, 2, 8), Unreadable(9, 8, 0, 4)])
def test_what_may_not_be_read_counts_where_it_belongs_to_the_caller(kin: Unreadable) -> None:
    """The caller stands inside and is passed over; a process of its terminal may stand there too."""
    found = judged((process(5, session=3, tty=2, group=4),), unreadable=(kin,), callers=(5,))
    assert found.verdict == "in-use"
    others = without_mine(found)
    assert others.verdict == "unknown"
    assert others.reasons == ("process 9 belongs to one that is inside, and where it stands may not be read",)


def test_nothing_is_shared_by_what_has_none() -> None:
    found = judged((process(5),), unreadable=(Unreadable(9, 0, 0, 0),), callers=(5,))
    assert without_mine(found).verdict == "free"


def test_the_callers_own_session_is_its_own() -> None:
    by_name = judged(sessions=((session(pid=None), WORKING),), me="s1")
    by_process = judged(sessions=((session(), WORKING),), callers=(5,))
    other = judged(sessions=((session(), WORKING),), callers=(6,), me="s2")
    assert [without_mine(one).verdict for one in (by_name, by_process, other)] == ["free", "free", "in-use"]


def test_reasons_name_everybody() -> None:
    since = Moment(NOW - 2 * HOUR)
    found = judged((Process(5, "vim", since, 0, 0, 0),), ((session(began=since), WAITING),))
    assert found.reasons == (
        "process 5 (vim, for 2 h)",
        "session s1 (claude, waiting for its user, for 2 h)",
    )


@pytest.mark.parametrize(
    ("alive", "silent", "held"),
    [
        (True, 0, True),
        (True, 5 * HOUR, True),
        (True, DAY, True),
        (True, DAY + 1, False),  # it may be a daemon's
        (False, 0, False),
        (None, 0, True),
        (None, 30 * MINUTE, True),
        (None, 30 * MINUTE + 1, False),
        (None, -MINUTE, True),  # the clock of another host
        (None, -HOUR, False),  # that far ahead it tells nothing, and would hold for ever
    ],
)
def test_how_long_a_session_holds(alive: bool | None, silent: int, held: bool) -> None:
    assert holds(session(heartbeat=Moment(NOW - silent)), alive, NOW, POLICY) is held


def test_who_waits_for_its_user_is_not_idle() -> None:
    long_ago = Moment(NOW - 5 * HOUR)
    assert activity_at(session(), NOW, POLICY) == WORKING
    assert activity_at(session(heartbeat=long_ago), NOW, POLICY) == IDLE
    assert activity_at(session(heartbeat=long_ago, activity=WAITING), NOW, POLICY) == WAITING


def test_of_several_the_busiest_counts() -> None:
    assert together([IDLE, WAITING, WORKING]) == WORKING
    assert together([IDLE, WAITING]) == WAITING
    assert together([]) is None


def test_a_process_number_means_something_in_one_boot_and_one_space() -> None:
    assert HERE.reads(HERE._replace(host="another name"))
    assert not HERE.reads(HERE._replace(boot="boot-2"))
    assert not HERE.reads(HERE._replace(space="pid:[2]"))
    nothing = Machine("laptop", "", "")
    assert not nothing.reads(nothing)


@pytest.mark.parametrize(
    ("text", "good"),
    [("a", True), ("0-a.b_C", True), ("", False), (".a", False), ("-a", False), ("a/b", False), ("a\nb", False),
     ("ä", False), ("a" * LONGEST_ID, True), ("a" * (LONGEST_ID + 1), False), ("..", False)],
)  # fmt: skip
def test_what_an_id_is(text: str, good: bool) -> None:
    assert is_id(text) is good
