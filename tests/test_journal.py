"""The journal: every state change is one line, whole under concurrent writers, complete after a crash."""

from __future__ import annotations

import errno
import itertools
import json
import os
import random
import re
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from conftest import Ran, Repo, bound, plan_text
from holdfast.adapters import journal as adapter
from holdfast.adapters.journal import START, Journal
from holdfast.domain import event_words
from holdfast.domain.event import Event, Unreadable, from_line, to_line
from holdfast.domain.moment import Moment
from holdfast.usecases import journal, workspace
from test_cli import CONTROL, clean, on_terminal, passed, refused

THIRD = "docs/plans/03_third.md"
HOSTILE = 'a\x1b[2J\x1b]0;owned\x07\nb\r\u202ec\udcff"\\\x9b'


def event(at: int = 0, who: str = "Ada", **data: Any) -> Event:
    return Event(Moment(1_795_411_811), "test", who, "box", 7, None, None, None, {"at": at, **data})


def journal_of(repo: Repo) -> Path:
    return repo.path / ".git/holdfast/journal.jsonl"


def files_of(folder: Path) -> list[Path]:
    """All files of a journal, oldest first."""
    rotated = sorted(folder.glob("journal.[0-9]*.jsonl"), key=lambda path: int(path.suffixes[0][1:]), reverse=True)
    return [path for path in (*rotated, folder / "journal.jsonl") if path.exists()]


def lines_of(folder: Path) -> list[bytes]:
    return [line for path in files_of(folder) for line in path.read_bytes().splitlines(keepends=True)]


def whole(folder: Path) -> list[Event]:
    """Every event; each line of each file must be one."""
    found = []
    for line in lines_of(folder):
        one = from_line(line.decode("ascii"))
        assert one is not None and line.endswith(b"\n"), line
        found.append(one)
    return found


def numbers(events: list[Event] | tuple[Event, ...]) -> list[int]:
    return [one.data["at"] for one in events if one.event == "test"]


def read(of: Journal) -> list[Event | Unreadable]:
    with of.reading() as reading:
        return list(reading.items)[::-1]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "holdfast"
    path.mkdir()
    return path


# Writers at once

WRITER = """
import itertools, os, sys
from holdfast.adapters.journal import Journal
from holdfast.domain import event_words
from holdfast.domain.event import Event
folder, who, first, count, padding, largest, kept = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:])
journal = Journal(folder, largest, kept) if largest else Journal(folder)
numbers = range(first, first + count) if count else itertools.count(first)
for at in numbers:
    journal.append(Event(1795411811, "test", who, "box", os.getpid(), None, None, None, {"at": at, "x": "x" * padding}))
    if not count:
        os.write(1, b"%d\\n" % at)
"""


def writer(
    folder: Path, who: str, first: int, count: int, padding: int, largest: int, kept: int
) -> subprocess.Popen[str]:
    """A process that writes `count` events; without a count it goes on for ever and prints the number of each."""
    arguments = [str(one) for one in (folder, who, first, count, padding, largest, kept)]
    return subprocess.Popen([sys.executable, "-c", WRITER, *arguments], stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize(("padding", "largest", "kept"), [(0, 100_000, 1_000), (600, 0, 0)])
def test_eight_writers_of_10_000_events(folder: Path, padding: int, largest: int, kept: int) -> None:
    """Across rotations: every line whole, none lost, each writer's in their order; readers meanwhile see no gap."""
    running = [writer(folder, f"writer {at}", 0, 1_250, padding, largest, kept) for at in range(8)]
    reader = Journal(str(folder), largest, kept) if largest else Journal(str(folder))
    readings = 0
    while any(process.poll() is None for process in running):
        seen = read(reader)
        assert not [one for one in seen if isinstance(one, Unreadable)]
        for at in range(8):
            mine = numbers([one for one in seen if isinstance(one, Event) and one.actor == f"writer {at}"])
            assert mine == list(range(len(mine)))
        readings += 1
    assert [process.wait() for process in running] == [0] * 8
    assert readings >= 1
    found = whole(folder)
    assert len(found) == 10_000
    for at in range(8):
        assert numbers([one for one in found if one.actor == f"writer {at}"]) == list(range(1_250))
    assert read(reader) == found
    assert len(files_of(folder)) >= (10 if largest else 2)
    assert not (folder / "journal.torn.jsonl").exists()


def test_eight_writers_through_the_use_case(adopted: Repo) -> None:
    script = (
        "import os, sys\nfrom holdfast.usecases import journal, workspace\n"
        "place = workspace.at('.', os.environ)\n"
        "for at in range(100): assert journal.note(place, 'test', plan=at, durable=at % 20 == 0, at=at)\n"
    )
    running = [
        subprocess.Popen(
            [sys.executable, "-c", script], cwd=adopted.path, env={**adopted.env, "HOLDFAST_OWNER": f"writer {at}"}
        )
        for at in range(8)
    ]
    assert [process.wait() for process in running] == [0] * 8
    found = whole(journal_of(adopted).parent)
    for at in range(8):
        assert numbers([one for one in found if one.actor == f"writer {at}"]) == list(range(100))


def test_a_file_above_its_largest_is_rotated_and_five_stay(folder: Path) -> None:
    line = len(to_line(event(10)))
    small = Journal(str(folder), largest=3 * line)
    for at in range(10, 60):
        small.append(event(at))
    assert [path.name for path in files_of(folder)] == [
        *(f"journal.{number}.jsonl" for number in (5, 4, 3, 2, 1)), "journal.jsonl",
    ]  # fmt: skip
    assert all(path.stat().st_size == 4 * line for path in files_of(folder)[:-1]), "above, not at the limit"
    assert numbers(whole(folder)) == list(range(38, 60)), "each rotated file is full, only the oldest went"
    assert Journal(str(folder)).largest == 4 * 1024 * 1024 and Journal(str(folder)).kept == 5


# Crashes


def test_writers_killed_in_a_loop(folder: Path) -> None:
    """Whatever was acknowledged is there, every other line is whole, and the next writer goes on."""
    chance = random.Random(20260102)
    acknowledged: dict[str, int] = {}
    for round_ in range(12):
        running = {f"{round_} {at}": writer(folder, f"{round_} {at}", 0, 0, 2_000, 100_000, 1_000) for at in range(3)}
        for process in running.values():
            assert process.stdout is not None and process.stdout.readline() == "0\n"
        time.sleep(chance.random() * 0.1)
        for process in running.values():
            process.send_signal(signal.SIGKILL)
        for who, process in running.items():
            assert process.stdout is not None
            acknowledged[who] = max([int(line) for line in process.stdout.read().split()], default=0)
            process.wait()
    Journal(str(folder), 100_000, 1_000).append(event(7, "the next"))
    found = whole(folder)
    assert found[-1].actor == "the next"
    for who, last in acknowledged.items():
        mine = numbers([one for one in found if one.actor == who])
        assert mine == list(range(len(mine))) and len(mine) > last
    assert len(files_of(folder)) > 3


@pytest.mark.parametrize("before", [0, 2])
def test_a_torn_last_line_at_every_byte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: int) -> None:
    monkeypatch.setattr(os, "fsync", lambda handle: None)  # 250 of them take 10 s
    monkeypatch.setattr("holdfast.adapters.journal._SETTLE", 0.0)  # nobody is at work on the line
    line = to_line(event(7, HOSTILE)).encode()
    for cut in range(1, len(line)):
        folder = tmp_path / f"{before}-{cut}"
        folder.mkdir()
        path, torn = folder / "journal.jsonl", Journal(str(folder))
        for at in range(before):
            torn.append(event(at))
        with path.open("ab") as file:
            file.write(line[:cut])
        only_its_break_is_missing = cut == len(line) - 1
        kept = [*range(before), 7] if only_its_break_is_missing else [*range(before)]
        seen = read(torn)
        assert numbers([one for one in seen if isinstance(one, Event)]) == kept
        left = [] if only_its_break_is_missing else [Unreadable("journal.jsonl", before + 1)]
        assert [one for one in seen if isinstance(one, Unreadable)] == left
        torn.append(event(8, "Grace"))
        found = whole(folder)
        assert numbers(found) == [*kept, 8]
        told = [one for one in found if one.event == "journal-torn"]
        if only_its_break_is_missing:
            assert told == [] and not (folder / "journal.torn.jsonl").exists()
        else:
            assert [(one.actor, dict(one.data)) for one in told] == [("Grace", {"bytes": cut})]
            assert (folder / "journal.torn.jsonl").read_bytes() == line[:cut] + b"\n"
        assert read(torn) == found


class Killed(BaseException):
    """Stands for the end of the process: nothing may run after it."""


def killed_at(monkeypatch: pytest.MonkeyPatch, name: str, at: int) -> Callable[[], None]:
    """Let the process end before its call number `at` of `os.NAME`; what gives it back."""
    real, calls = getattr(os, name), itertools.count()

    def call(*arguments: Any) -> Any:
        if next(calls) == at:
            raise Killed
        return real(*arguments)

    monkeypatch.setattr(os, name, call)
    return lambda: monkeypatch.setattr(os, name, real)


@pytest.mark.parametrize("at", range(6))
@pytest.mark.parametrize("again", range(6))
def test_a_rotation_killed_at_any_step_loses_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch, at: int, again: int
) -> None:
    """Also when the next one is killed too: only the oldest file goes, once."""
    each = Journal(str(folder), largest=1)
    for number in range(9):
        each.append(event(number))
    assert numbers(whole(folder)) == [3, 4, 5, 6, 7, 8]
    for step in (at, again):
        give_back = killed_at(monkeypatch, "replace", step)
        try:
            each.append(event(9))
        except Killed:
            seen = [one for one in read(each) if isinstance(one, Event)]
            assert numbers(seen) == numbers(whole(folder)), "what is left is read as it stands"
        else:
            break
        finally:
            give_back()
        assert numbers(whole(folder))[-5:] == [4, 5, 6, 7, 8]
    else:
        each.append(event(9))
    found = numbers(whole(folder))
    assert found[-6:] == [4, 5, 6, 7, 8, 9] and len(found) == len(set(found))


@pytest.mark.parametrize(("name", "at"), [("write", 0), ("fsync", 0), ("ftruncate", 0), ("write", 1), ("write", 2)])
def test_setting_a_torn_line_aside_killed_at_any_step(
    folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, at: int
) -> None:
    torn = Journal(str(folder))
    torn.append(event(1))
    with open(torn.path, "ab") as file:
        file.write(b'{"at":"torn')
    give_back = killed_at(monkeypatch, name, at)
    with pytest.raises(Killed):
        torn.append(event(2))
    give_back()
    torn.append(event(3))
    assert numbers(whole(folder)) == [1, 3]
    assert set((folder / "journal.torn.jsonl").read_bytes().splitlines()) == {b'{"at":"torn'}


def test_a_torn_line_that_cannot_be_set_aside_stays_where_it_is(folder: Path, tmp_path: Path) -> None:
    torn = Journal(str(folder))
    torn.append(event(1))
    with open(torn.path, "ab") as file:
        file.write(b'{"at":"torn')
    (folder / "journal.torn.jsonl").symlink_to(tmp_path / "elsewhere")
    torn.append(event(2))
    assert not (tmp_path / "elsewhere").exists()
    assert [from_line(line.decode()) is None for line in lines_of(folder)] == [False, True, False, False]
    assert [one for one in read(torn) if isinstance(one, Unreadable)] == [Unreadable("journal.jsonl", 2)]


def test_durable_is_on_the_disk_before_it_returns(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[tuple[str, bytes]] = []
    real = os.fsync

    def fsync(handle: int) -> None:
        path = os.readlink(f"/proc/self/fd/{handle}")
        synced.append((path, Path(path).read_bytes() if os.path.isfile(path) else b""))
        real(handle)

    if not os.path.isdir("/proc/self/fd"):
        pytest.skip("needs /proc to tell which file a handle is")
    monkeypatch.setattr(os, "fsync", fsync)
    Journal(str(folder)).append(event(1))
    assert synced == []
    Journal(str(folder)).append(event(2), durable=True)
    text = (to_line(event(1)) + to_line(event(2))).encode()
    assert synced == [(str(folder / "journal.jsonl"), text), (str(folder), b"")]


# Disks and folders that refuse


def limited(folder: Path, size: int) -> int:
    """Append in a process that may write files of that size only, as on a full disk; gives its exit code."""
    script = (
        "import resource, sys\nfrom holdfast.adapters.journal import Journal\nfrom holdfast.domain.event import Event\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))\n"
        "try:\n    Journal(sys.argv[1]).append(Event(0, 'test', 'A', 'b', 7, None, None, None, {'at': 2}))\n"
        "except OSError as error:\n    sys.exit(error.errno)\n"
    )
    return subprocess.run([sys.executable, "-B", "-c", script, str(folder), str(size)], check=False).returncode


def test_a_disk_that_fills_up_takes_a_line_back(folder: Path) -> None:
    Journal(str(folder)).append(event(1))
    size = (folder / "journal.jsonl").stat().st_size
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY
    for room in (1, 20, 60):
        assert limited(folder, size + room) == errno.ENOSPC
        assert numbers(whole(folder)) == [1], "no part of a line stays"
    assert limited(folder, size) == errno.EFBIG
    assert limited(folder, size + 1_000) == 0
    assert numbers(whole(folder)) == [1, 2]


def place_of(repo: Repo, **more: str) -> workspace.Workspace:
    return workspace.at(str(repo.path), {**repo.env, **more})


OBSTACLES: dict[str, Callable[[Path, Path], object]] = {
    "a symlink to a file": lambda path, other: (other.write_text("mine\n"), path.symlink_to(other)),
    "a dangling symlink": lambda path, other: path.symlink_to(other),
    "a folder": lambda path, other: path.mkdir(),
    "a pipe": lambda path, other: os.mkfifo(path),
}


@pytest.mark.parametrize("what", OBSTACLES)
def test_what_stands_in_the_place_of_the_journal_is_left_alone(adopted: Repo, tmp_path: Path, what: str) -> None:
    path, other = journal_of(adopted), tmp_path / "other"
    path.unlink()
    OBSTACLES[what](path, other)
    before = other.read_bytes() if other.exists() else None
    ran = adopted.holdfast("plan", "new", "Third")
    assert ran.code == 5 and "journal.jsonl" in ran.err and adopted.status() == "", "what no line tells is not done"
    place = place_of(adopted)
    assert journal.note(place, "test") is False
    with pytest.raises(PermissionError):
        journal.note(place, "test", durable=True)
    ran = passed(adopted.holdfast("log"))
    assert ran.out == "" and "journal.jsonl" in ran.err
    assert (other.read_bytes() if other.exists() else None) == before


def test_a_folder_that_cannot_be_written(adopted: Repo) -> None:
    python = (*bound(), sys.executable)
    folder = journal_of(adopted).parent
    before = journal_of(adopted).read_bytes()
    script = (
        "import os\nfrom holdfast.usecases import journal, workspace\nplace = workspace.at('.', os.environ)\n"
        "assert journal.note(place, 'test') is False\n"
        "try:\n    journal.note(place, 'test', durable=True)\nexcept PermissionError:\n    pass\nelse:\n    raise SystemExit(1)\n"
    )
    for path in (journal_of(adopted), folder / "journal.lock"):
        path.chmod(0o444)
    folder.chmod(0o555)
    try:
        passed(adopted.run(*python, "-m", "holdfast", "plan", "set", "1", "--status", "review"))
        passed(adopted.run(*python, "-c", script))
        assert len(passed(adopted.run(*python, "-m", "holdfast", "log")).out.splitlines()) == 1
        journal_of(adopted).chmod(0)
        ran = passed(adopted.run(*python, "-m", "holdfast", "log"))
        assert ran.out == "" and "journal.jsonl" in ran.err, "what cannot be read is not passed over in silence"
    finally:
        folder.chmod(0o755)
        for path in (journal_of(adopted), folder / "journal.lock"):
            path.chmod(0o644)
    assert journal_of(adopted).read_bytes() == before


# Reading


def test_the_last_events_are_read_from_the_end(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    many = Journal(str(folder), largest=20_000)
    for at in range(400):
        many.append(event(at))
    parsed, contents = [], []
    real, really = adapter.from_line, adapter._content
    monkeypatch.setattr(adapter, "from_line", lambda line: parsed.append(line) or real(line))
    monkeypatch.setattr(adapter, "_content", lambda file: contents.append(file) or really(file))
    with many.reading() as reading:
        assert numbers([next(reading.items) for _ in range(3)]) == [399, 398, 397]  # type: ignore[misc]
    assert len(parsed) < 8 and len(contents) == 1


def test_lines_that_are_no_event_are_counted_with_their_places(adopted: Repo) -> None:
    folder = journal_of(adopted).parent
    good = to_line(event(1)).encode()
    (folder / "journal.2.jsonl").write_bytes(b"garbage\n" + good + b"\xff\xfe\n")
    (folder / "journal.1.jsonl").write_bytes(good + b"\n\n" + b"\0" * 50 + good + good)
    journal_of(adopted).write_bytes(b"[" * 100_000 + b"\n" + good + b"{}")
    ran = passed(adopted.holdfast("log", "-n", "0", "--json"))
    assert len(ran.out.splitlines()) == 4
    assert ran.err == (
        "holdfast: 5 lines are no event and left out: journal.2.jsonl:1, journal.2.jsonl:3, journal.1.jsonl:4, "
        "journal.jsonl:1, journal.jsonl:3\n"
    )
    ran = passed(adopted.holdfast("log", "-n", "1"))
    assert ran.err == "holdfast: 1 line is no event and left out: journal.jsonl:3\n"
    journal_of(adopted).write_bytes(b"no\n" * 20)
    assert passed(adopted.holdfast("log")).err.endswith("journal.jsonl:1, journal.jsonl:2, ...\n")


@pytest.mark.parametrize("writes", [1, 3])
@pytest.mark.parametrize("at", range(6))
def test_a_reader_that_meets_rotations_misses_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch, at: int, writes: int
) -> None:
    """Rotations between any two files that it opens, and while it reads: nothing twice, all in order."""
    each = Journal(str(folder), largest=1, kept=100)
    for number in range(4):
        each.append(event(number))
    real, calls, more = adapter._opened_to_read, itertools.count(), itertools.count(4)

    def opened(path: str) -> Any:
        if next(calls) == at:
            for _ in range(writes):
                each.append(event(next(more)))
        return real(path)

    monkeypatch.setattr(adapter, "_opened_to_read", opened)
    found = [numbers([one])[0] for one in read(each) if isinstance(one, Event)]
    assert found == list(range(4 + writes))
    with each.reading() as reading:
        first = next(reading.items)
        for _ in range(5):
            each.append(event(next(more)))
        rest = [one for one in reading.items if isinstance(one, Event)]
    assert isinstance(first, Event) and numbers([first, *rest])[::-1] == found
    assert len(os.listdir("/dev/fd")) < 40, "every file is closed again"


def test_a_reader_that_meets_a_rotation_between_two_steps(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that moves on from the slot just read to the next one is met twice, and given once."""
    each = Journal(str(folder), largest=1)
    for number in range(4):
        each.append(event(number))
    real = adapter._opened_to_read

    def opened(path: str) -> Any:
        if path.endswith("journal.4.jsonl"):
            os.rename(folder / "journal.3.jsonl", path)
        return real(path)

    monkeypatch.setattr(adapter, "_opened_to_read", opened)
    assert [numbers([one])[0] for one in read(each) if isinstance(one, Event)] == [0, 1, 2, 3]


def test_a_line_that_is_being_written_is_not_called_torn(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader takes no lock: it may see the first part of a line, and looks once more."""
    growing = Journal(str(folder))
    growing.append(event(1))
    line = to_line(event(2)).encode()
    with open(growing.path, "ab", buffering=0) as file:
        file.write(line[:50])
        monkeypatch.setattr(time, "sleep", lambda _: file.write(line[50:]))
        assert read(growing) == [event(1), event(2)]


def test_no_journal_is_an_empty_one(repo: Repo) -> None:
    repo.git("commit", "-q", "--allow-empty", "-m", "x")
    ran = passed(repo.holdfast("log"))
    assert (ran.out, ran.err) == ("", "no such event is in the journal\n")
    assert not (repo.path / ".git/holdfast").exists(), "reading makes nothing"
    assert journal.events(place_of(repo)) == journal.Read((), ())


# Who and where


def test_who_writes(adopted: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    def named(**environment: str) -> str:
        place = place_of(adopted, **environment)
        assert journal.note(place, "test")
        return journal.events(place, last=1).events[0].actor

    assert named(GIT_AUTHOR_NAME="") == passed(adopted.run("id", "-un")).out.strip()
    adopted.git("config", "user.name", "Ada of git")
    assert named() == "Ada", "as git names authors"
    assert named(GIT_AUTHOR_NAME="", HOLDFAST_OWNER="", HOLDFAST_SESSION="") == "Ada of git"
    assert named(HOLDFAST_SESSION="session 7") == "session 7"
    assert named(HOLDFAST_SESSION="session 7", HOLDFAST_OWNER=HOSTILE) == HOSTILE
    found = journal.events(place_of(adopted), last=1).events[0]
    assert (found.host, found.pid) == (os.uname().nodename, os.getpid())
    assert abs(found.at - time.time()) < 60


def test_a_linked_worktree_writes_into_the_same_journal(adopted: Repo, tmp_path: Path) -> None:
    adopted.git("worktree", "add", "-q", "-b", "plan-2-second", str(tmp_path / "tree"))
    passed(adopted.holdfast("plan", "new", "Third", cwd=tmp_path / "tree"))
    one = last(adopted)
    assert (one["event"], one["plan"], one["branch"]) == ("plan-new", 3, "plan-2-second")
    assert one["worktree"] == str(tmp_path / "tree")
    adopted.git("checkout", "-q", "--detach", cwd=tmp_path / "tree")
    passed(adopted.holdfast("plan", "new", "Fourth", cwd=tmp_path / "tree"))
    assert last(adopted)["branch"] is None


# State changes


def log(repo: Repo, *args: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in passed(repo.holdfast("log", "--json", "-n", "0", *args)).out.splitlines()]


def last(repo: Repo) -> dict[str, Any]:
    return log(repo)[-1]


def test_each_state_change_is_one_line(adopted: Repo) -> None:
    assert [one["event"] for one in log(adopted)] == ["init"]
    assert log(adopted)[0]["data"]["adopts"] is True and "holdfast.toml" in log(adopted)[0]["data"]["paths"]
    garbled = b"\xef\xbb\xbf" + plan_text(4, "Fourth").encode()
    steps: list[tuple[tuple[str, ...], str, int | None, dict[str, Any]]] = [
        (("plan", "new", "Third"), "plan-new", 3, {"path": THIRD, "title": "Third"}),
        (("index", "--write"), "index-write", None, {"paths": ["docs/plans/README.md"]}),
        (("plan", "set", "1", "--status", "complete", "--evidence", "make test"), "plan-set", 1,
         {"path": "docs/plans/01_first.md", "before": "📋 Planned", "after": "✅ Complete",
          "evidence": "make test"}),
        (("check", "--mend"), "check-mend", None, {"paths": ["docs/plans/04_fourth.md", "docs/plans/README.md"]}),
    ]  # fmt: skip
    for command, name, plan, data in steps:
        if name == "check-mend":
            adopted.write("docs/plans/04_fourth.md", garbled)
        before = log(adopted)
        clean(adopted.holdfast(*command, "--dry-run"))
        assert log(adopted) == before, f"{command}: nothing was done"
        clean(adopted.holdfast(*command))
        assert log(adopted)[:-1] == before, f"{command}: one line"
        one = last(adopted)
        assert (one["event"], one["plan"], one["data"]) == (name, plan, data)
        assert (one["branch"], one["worktree"]) == ("main", str(adopted.path))
    before = log(adopted)
    for command in (("index", "--write"), ("check", "--mend"), ("init", "--yes"), ("index",), ("check",), ("log",)):
        clean(adopted.holdfast(*command))
    passed(adopted.holdfast("plan", "set", "1", "--status", "complete"))
    refused(adopted.holdfast("plan", "set", "2", "--status", "complete"))
    refused(adopted.holdfast("plan", "set", "2", "--status", "nonsense"))
    refused(adopted.holdfast("plan", "new", "X", "--blocked-by", "99"))
    assert log(adopted) == before, "nothing to do, or refused: nothing is told"


def test_a_commit_made_by_git_is_no_line(adopted: Repo) -> None:
    adopted.write(THIRD, plan_text(3, "Third"))
    passed(adopted.commit("third"))
    passed(adopted.commit("nothing", "--allow-empty"))
    assert [one["event"] for one in log(adopted)] == ["init"], "git keeps a history of those itself"


def test_mended_commits(adopted: Repo) -> None:
    base = adopted.git("rev-parse", "HEAD").strip()
    for number in (3, 4):
        adopted.write(f"docs/plans/0{number}_x.md", plan_text(number, "X"))
        adopted.git("add", "-A")
        adopted.git("commit", "-q", "--no-verify", "-m", str(number))
    head = adopted.git("rev-parse", "HEAD").strip()
    before = log(adopted)
    passed(adopted.holdfast("index", "--mend", f"{base}..", "--dry-run"))
    assert log(adopted) == before
    passed(adopted.holdfast("index", "--mend", f"{base}.."))
    assert log(adopted)[:-1] == before
    new = adopted.git("rev-parse", "HEAD").strip()
    assert (last(adopted)["event"], last(adopted)["data"]) == (
        "index-mend", {"before": head, "after": new, "rewritten": 2},
    )  # fmt: skip
    passed(adopted.holdfast("index", "--mend", f"{base}.."))
    assert len(log(adopted)) == len(before) + 1, "nothing was left to mend"


def test_a_merge_commit_made_again_and_a_partial_commit(adopted: Repo) -> None:
    adopted.git("checkout", "-q", "-b", "side")
    adopted.write(THIRD, plan_text(3, "Third"))
    passed(adopted.commit("third"))
    adopted.git("checkout", "-q", "main")
    adopted.write("docs/plans/04_fourth.md", plan_text(4, "Fourth"))
    passed(adopted.commit("fourth"))
    adopted.git("config", "--remove-section", "merge.holdfast-plan-index")
    before = log(adopted)
    ran = passed(adopted.try_git("merge", "--no-edit", "-Xours", "side"))
    assert "made again" in ran.err
    (one,) = log(adopted)[len(before) :]
    assert (one["event"], one["branch"], one["data"]["after"]) == (
        "merge-rebuild", "main", adopted.git("rev-parse", "HEAD").strip(),
    )  # fmt: skip
    adopted.write(THIRD, plan_text(3, "Third", "🚧 In Progress"))
    passed(adopted.try_git("commit", "-q", "-m", "part", "--", THIRD))
    (one,) = log(adopted)[len(before) + 1 :]
    assert (one["event"], one["data"]) == ("index-heal", {"paths": ["docs/plans/README.md"]})


def test_uninstalling_takes_the_journal_along(adopted: Repo) -> None:
    for number in range(1, 4):
        journal_of(adopted).with_name(f"journal.{number}.jsonl").write_bytes(b"older\n")
    passed(adopted.holdfast("init", "--uninstall", "--yes"))
    assert not journal_of(adopted).parent.exists()
    assert passed(adopted.holdfast("log")).out == ""


def test_an_uninstall_that_is_killed_has_said_so(adopted: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    from holdfast.adapters import files
    from holdfast.usecases import setup

    def put(*_: object, **__: object) -> None:
        raise Killed

    monkeypatch.setattr(files, "put", put)
    with pytest.raises(Killed):
        setup.uninstall(setup.propose_uninstall(str(adopted.path), adopted.env))
    assert whole(journal_of(adopted).parent)[-1].event == "uninstall"


# The command


def test_filters_and_how_many(adopted: Repo) -> None:
    place = place_of(adopted)
    for at in range(30):
        journal.note(place, f"event-{at % 3}", plan=at % 5, branch=f"plan-{at % 2}", at=at)
    ours = log(adopted)[1:]
    assert [one["data"]["at"] for one in ours] == list(range(30)), "oldest first"

    def numbered(*args: str) -> list[int]:
        rows = passed(adopted.holdfast("log", "--json", *args)).out.splitlines()
        return [row["data"]["at"] for row in map(json.loads, rows)]

    assert numbered() == list(range(10, 30)), "20 of them"
    assert numbered("-n", "3") == [27, 28, 29]
    assert numbered("-n", "0", "--plan", "2") == numbered("--plan", "#2") == [2, 7, 12, 17, 22, 27]
    assert numbered("--event", "event-1", "-n", "2") == [25, 28]
    assert numbered("--branch", "plan-1", "--event", "event-0", "--plan", "3") == [3]
    assert numbered("--actor", "nobody") == numbered("--since", "2999-01-01") == []
    assert numbered("--since", "1h") == numbered("--since", "2020-01-01T00:00:00Z", "-n", "20") == list(range(10, 30))
    assert numbered("--branch", "plan-9") == numbered("--plan", "99") == []
    assert len(passed(adopted.holdfast("log")).out.splitlines()) == 20
    assert len(passed(adopted.holdfast("log", "-n", "0")).out.splitlines()) == 31
    for wrong in (
        ("-n", "x"),
        ("-n", "-1"),
        ("--plan", "x"),
        ("--since", "soon"),
        ("--since", ""),
        ("--since", "9" * 20 + "d"),
        ("--folow",),
        ("-n",),
    ):
        refused(adopted.holdfast("log", *wrong), 2)
    assert "--follow" in refused(adopted.holdfast("log", "--folow"), 2).err


def test_text_is_one_line_in_words(adopted: Repo) -> None:
    place = place_of(adopted, HOLDFAST_OWNER="Ada")
    journal.note(place, "claim", plan=3, branch="plan-3-x", worktree="/x", title="Faster start", paths=["a", "b"], n=7)
    host = os.uname().nodename
    line = passed(adopted.holdfast("log", "-n", "1")).out
    assert line[:4].isdigit() and line[19:22] == "Z  "
    assert line[22:] == f"claim             Ada@{host} claimed plan #3 as plan-3-x\n"
    journal.note(place, "bare")
    assert passed(adopted.holdfast("log", "-n", "1")).out[22:] == f"bare              Ada@{host}\n"
    journal.note(place, "unknown-here", plan=3, paths=["a", "b"], n=7)
    line = passed(adopted.holdfast("log", "-n", "1")).out
    assert line[22:] == f"unknown-here      Ada@{host} plan 3, paths a, b, n 7\n"


def test_every_event_has_its_words() -> None:
    """Each name that some command writes, with the fields that it writes, so that none is shown as bare data."""
    written = set()
    for path in Path(journal.__file__).parent.rglob("*.py"):
        text = path.read_text()
        written |= set(re.findall(r"(?:journal\.(?:note|here)|_note|_tell)\(\s*[\w.]+,\s*\"([a-z-]+)\"", text))
        written |= set(re.findall(r"\b_(?:note|tell)\(\"([a-z-]+)\"", text))
    assert len(written) > 30 and written - set(event_words.KNOWN) == set()


def test_hostile_names_are_safe_on_a_terminal_and_whole_in_json(adopted: Repo) -> None:
    place = place_of(adopted, HOLDFAST_OWNER=HOSTILE)
    assert journal.note(place, HOSTILE, plan=3, branch=HOSTILE, worktree=HOSTILE, **{HOSTILE: HOSTILE, "x": [HOSTILE]})
    for ran in (passed(adopted.holdfast("log", "-n", "1")), passed(adopted.holdfast("log", "-n", "1", "--json"))):
        assert ran.out.count("\n") == 1 and not CONTROL.search(ran.out[:-1]) and "\u202e" not in ran.out
    for args in ((), ("--json",)):
        shown = on_terminal(adopted, "log", "-n", "1", *args).replace("\r\n", "\n")
        assert not CONTROL.search(shown) and shown.count("\n") == 1
    (one,) = log(adopted, "--plan", "3")
    assert one["actor"] == one["event"] == one["branch"] == one["worktree"] == HOSTILE
    assert one["data"] == {HOSTILE: HOSTILE, "x": [HOSTILE]}
    assert log(adopted, "--branch", HOSTILE) == [one]


def test_json_fits_its_schema(adopted: Repo) -> None:
    schema = json.loads(passed(adopted.holdfast("schema", "log")).out)
    place = place_of(adopted, HOLDFAST_OWNER=HOSTILE)
    journal.note(place, HOSTILE, plan=0, branch=HOSTILE, worktree=HOSTILE, x=None, y=[1, {"z": 1.5}])
    journal.note(place, "bare")
    rows = log(adopted)
    assert len(rows) == 3
    for row in rows:
        jsonschema.Draft202012Validator(schema).validate(row)
        assert list(row) == [
            "schema", "at", "event", "actor", "host", "pid", "plan", "branch", "worktree", "data",
        ]  # fmt: skip
        for field in row:
            with pytest.raises(jsonschema.ValidationError):
                jsonschema.validate({key: value for key, value in row.items() if key != field}, schema)


def test_a_terminal_cuts_and_a_pipe_does_not(adopted: Repo) -> None:
    journal.note(place_of(adopted), "test", title="A long title " * 20)
    assert "A long title " * 19 in passed(adopted.holdfast("log")).out
    shown = on_terminal(adopted, "log").splitlines()
    assert max(map(len, shown)) == 60 and shown[-1].endswith("…")


# Following


class Follower:
    """`holdfast log --follow` as a process, and the lines that it has printed so far."""

    def __init__(self, repo: Repo, *args: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "holdfast", "log", "--follow", *args], cwd=repo.path, env=repo.env, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        self.lines: list[str] = []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        self.lines.extend(self.process.stdout)

    def wait(self, count: int) -> list[str]:
        until = time.monotonic() + 20
        while len(self.lines) < count and time.monotonic() < until:
            time.sleep(0.02)
        assert len(self.lines) == count, self.lines
        return self.lines

    def end(self) -> Ran:
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(timeout=20)
        assert self.process.stderr is not None
        return clean(Ran(code, "".join(self.lines), self.process.stderr.read()))


def test_follow_sees_what_others_write(adopted: Repo) -> None:
    follower = Follower(adopted, "--json", "-n", "1")
    assert json.loads(follower.wait(1)[0])["event"] == "init"
    passed(adopted.holdfast("plan", "new", "Third"))
    assert json.loads(follower.wait(2)[1])["data"]["title"] == "Third"
    # Over a rotation, with a line torn on the way, and over several rotations at once.
    each = Journal(str(journal_of(adopted).parent), largest=1)
    each.append(event(1))
    each.append(event(2))
    follower.wait(4)
    with journal_of(adopted).open("ab") as file:
        file.write(b'{"at":"torn')
    time.sleep(0.6)
    for number in range(3, 7):
        each.append(event(number))
    rows = [json.loads(line) for line in follower.wait(9)[2:]]
    assert [row["data"].get("at") for row in rows if row["event"] == "test"] == [1, 2, 3, 4, 5, 6]
    assert [row["data"] for row in rows if row["event"] == "journal-torn"] == [{"bytes": 11}]
    ran = follower.end()
    assert (ran.code, ran.err) == (130, "")


def test_follow_begins_before_there_is_a_journal_and_filters(adopted: Repo) -> None:
    journal_of(adopted).unlink()
    follower = Follower(adopted, "--plan", "3")
    time.sleep(0.5)
    place = place_of(adopted, HOLDFAST_OWNER="Ada")
    for plan in (2, 3, 4, 3):
        journal.note(place, "claim", plan=plan)
    lines = follower.wait(2)
    assert all("Ada@" in line and "plan #3" in line for line in lines)
    with journal_of(adopted).open("ab") as file:
        file.write(b"no event\n")
    journal.note(place, "claim", plan=3)
    follower.wait(3)
    time.sleep(0.3)
    ran = follower.end()
    assert (ran.code, ran.err) == (130, "holdfast: 1 line is no event and left out: journal.jsonl:5\n")


def test_follow_ends_with_its_reader_also_when_nothing_happens(adopted: Repo) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "holdfast", "log", "--follow"], cwd=adopted.path, env=adopted.env, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None and process.stderr is not None
    assert "init" in process.stdout.readline()
    process.stdout.close()
    assert process.wait(timeout=20) == 0
    assert process.stderr.read() == ""


def test_follow_gives_each_event_once_while_eight_write(folder: Path) -> None:
    """Over rotations, with a slow reader: nothing twice, nothing lost, nothing out of its writer's order."""
    followed = Journal(str(folder), 20_000, 1_000)
    running = [writer(folder, f"writer {at}", 0, 200, 100, 20_000, 1_000) for at in range(8)]
    found: list[Event] = []
    for item in followed.follow(START):
        assert not isinstance(item, Unreadable)
        if item is not None:
            found.append(item)
        elif len(found) >= 1_600 or all(process.poll() not in (None, 0) for process in running):
            break
    assert [process.wait() for process in running] == [0] * 8
    assert found == whole(folder)
    for at in range(8):
        assert numbers([one for one in found if one.actor == f"writer {at}"]) == list(range(200))


def test_follow_goes_on_behind_what_it_said_when_the_journal_was_mended(folder: Path) -> None:
    followed = Journal(str(folder))
    followed.append(event(1))
    (folder / "journal.jsonl").open("a").write("no event\n")
    followed.append(event(2))
    (folder / "journal.jsonl").open("a").write("no event either\n")
    following = followed.follow(START)
    said = list(itertools.islice(following, 5))
    assert numbers([one for one in said if isinstance(one, Event)]) == [1, 2] and said[-1] is None
    assert followed.set_aside_unreadable() == 2
    followed.append(event(3))
    more = [one for one in itertools.islice(following, 3) if one is not None]
    assert all(isinstance(one, Event) for one in more) and numbers([one for one in more if isinstance(one, Event)]) == [
        3
    ]


def test_follow_finds_its_place_in_several_files_that_were_mended(folder: Path) -> None:
    """The new file of one may have the number that the old file of another had."""
    followed = Journal(str(folder), 2_000, 100)
    for at in range(40):
        followed.append(event(at))
        if at % 7 == 0:
            (folder / "journal.jsonl").open("a").write("no event\n")
    assert len(files_of(folder)) > 2
    following = followed.follow(START)
    said = list(itertools.islice(following, 40 + 6 + 1))
    assert numbers([one for one in said if isinstance(one, Event)]) == list(range(40)) and said[-1] is None
    for at in range(40, 44):
        (folder / "journal.1.jsonl").open("a").write("no event\n")
        (folder / "journal.jsonl").open("a").write("no event\n")
        followed.set_aside_unreadable()
        followed.append(event(at))
        more = [one for one in itertools.islice(following, 2) if one is not None]
        assert numbers([one for one in more if isinstance(one, Event)]) == [at] and len(more) == 1


def test_follow_polls_at_most_every_quarter_of_a_second(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    opened: list[str] = []
    real = adapter._opened_to_read
    monkeypatch.setattr(time, "sleep", slept.append)
    monkeypatch.setattr(adapter, "_opened_to_read", lambda path: opened.append(path) or real(path))
    quiet = Journal(str(folder))
    quiet.append(event(1))
    with quiet.reading() as reading:
        following = quiet.follow(reading.end)
    opened.clear()
    assert list(itertools.islice(following, 5)) == [None] * 5
    assert slept == [0.25] * 4 and opened == [], "a file that did not grow is not opened"
