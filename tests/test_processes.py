"""Who stands in a folder, told by real processes: from `/proc`, from psutil and from lsof."""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from holdfast.adapters import proc, processes
from holdfast.domain import occupancy
from holdfast.domain.moment import Moment
from holdfast.domain.occupancy import Place, Standing

Enter = Callable[[Path], int]


@pytest.fixture
def enter() -> Iterator[Enter]:
    """Starts a process that stands in a folder; gives its number."""
    started = []

    def one(folder: Path) -> int:
        started.append(subprocess.Popen(["sleep", "60"], cwd=folder))
        return started[-1].pid

    yield one
    for process in started:
        process.kill()
        process.wait()


def place(path: Path) -> Place:
    return Place(os.path.realpath(path), processes.spot(str(path)))


def inside(seen: Standing, *places: Place) -> dict[str, tuple[int, ...]]:
    return occupancy.inside(seen.folders, places)


def test_by_folder_symlink_and_neighbour(tmp_path: Path, enter: Enter) -> None:
    one, ten = tmp_path / "plan-1", tmp_path / "plan-10"
    (one / "src").mkdir(parents=True)
    ten.mkdir()
    (tmp_path / "alias").symlink_to(one)
    pids = (enter(one), enter(one / "src"), enter(tmp_path / "alias"))
    assert inside(processes.standing(), place(one), place(ten)) == {str(one): tuple(sorted(pids))}


def test_a_name_with_spaces_and_a_newline(tmp_path: Path, enter: Enter) -> None:
    odd = tmp_path / "a b\nc (deleted)"
    odd.mkdir()
    pid = enter(odd)
    assert inside(processes.standing(), place(odd)) == {str(odd): (pid,)}


def test_a_folder_that_was_renamed_under_a_process(tmp_path: Path, enter: Enter) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    (before / "src").mkdir(parents=True)
    pid = enter(before / "src")
    before.rename(after)
    before.mkdir()
    assert inside(processes.standing(), place(before), place(after)) == {str(after): (pid,)}


def test_a_folder_that_was_deleted_under_a_process(tmp_path: Path, enter: Enter) -> None:
    tree, below = tmp_path / "tree", tmp_path / "tree" / "src" / "deep"
    below.mkdir(parents=True)
    pid = enter(below)
    shutil.rmtree(tree / "src")
    assert inside(processes.standing(), place(tree)) == {str(tree): (pid,)}
    shutil.rmtree(tree)
    assert inside(processes.standing(), place(tmp_path), Place(str(tree), None)) == {str(tree): (pid,)}
    tree.mkdir()  # another folder, of that name
    assert inside(processes.standing(), place(tmp_path), place(tree)) == {str(tree): (pid,)}


@pytest.fixture
def stranger(tmp_path: Path) -> Iterator[int]:
    """A process that stands in the test's folder and that nobody here started: what does so says nothing of others."""
    shell = ["sh", "-c", "sleep 60 >/dev/null 2>&1 & echo $!"]
    pid = int(subprocess.run(shell, cwd=tmp_path, capture_output=True, text=True, check=True).stdout)
    yield pid
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, 9)


def test_a_container_that_has_the_folder_under_another_name(tmp_path: Path) -> None:
    """Mounted elsewhere, in a mount namespace of its own: the name that `/proc` gives is the container's."""
    tree, there = tmp_path / "tree", tmp_path / "there"
    (tree / "src").mkdir(parents=True)
    there.mkdir()
    script = f"mount --bind {tree} {there} && cd {there}/src && echo ready && exec sleep 60"
    if subprocess.run(["unshare", "-rm", "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("no mount of one's own here")
    container = subprocess.Popen(["unshare", "-rm", "sh", "-c", script], stdout=subprocess.PIPE, text=True)
    try:
        assert container.stdout is not None and container.stdout.readline() == "ready\n"
        assert os.readlink(f"/proc/{container.pid}/cwd").startswith(str(there))
        assert inside(processes.standing(), place(tree)) == {str(tree): (container.pid,)}
        assert inside(processes.standing(), place(there)) == {}
    finally:
        container.kill()
        container.wait()


def test_what_is_told_of_a_process(stranger: int) -> None:
    pid = stranger
    (found,) = processes.described([pid])
    assert (found.pid, found.command) == (pid, "sleep")
    assert found.since is not None and abs(found.since - time.time()) < 10
    assert (found.session, found.group) == (os.getsid(pid), os.getpgid(pid))
    assert processes.described([os.getpid()]) == (), "not this one"
    birth = processes.birth(pid)
    assert birth is not None and birth == processes.birth(pid) != processes.birth(os.getpid())
    os.kill(pid, 9)
    for _ in range(500):
        if processes.birth(pid) is None:
            break
        time.sleep(0.01)
    assert processes.birth(pid) is None and processes.described([pid]) == ()


def test_what_this_process_started_says_nothing(tmp_path: Path, enter: Enter, no_proc: str) -> None:
    pid = enter(tmp_path)
    assert processes.described([pid]) == processes.described([pid], no_proc) == ()


@pytest.mark.parametrize(
    ("words", "name"),
    [(["/usr/bin/vim", "notes"], "vim"), (["python3.11", "/opt/serve.py", "--password", "x"], "python3.11 serve.py"),
     (["node", "/x/bin/claude"], "node claude"), (["-bash"], "bash"), (["sh", "-c", "secret"], "sh"), (None, "?"), ([""], "?")],
)  # fmt: skip
def test_what_people_call_a_process(words: list[str] | None, name: str) -> None:
    assert proc.name(words) == name


# Where there is no /proc


@pytest.fixture
def no_proc(tmp_path: Path) -> str:
    return str(tmp_path / "no-proc")


def test_without_proc_psutil_tells(tmp_path: Path, enter: Enter, stranger: int, no_proc: str) -> None:
    tree = tmp_path / "tree"
    (tree / "src").mkdir(parents=True)
    pid = enter(tree / "src")
    assert inside(processes.standing(no_proc), place(tree)) == {str(tree): (pid,)}
    (found,) = processes.described([stranger], no_proc)
    assert found.command == "sleep" and found.since is not None and abs(found.since - time.time()) < 10


@pytest.fixture
def no_psutil(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psutil", None)


@pytest.mark.skipif(shutil.which("lsof") is None, reason="there is no lsof")
def test_without_psutil_lsof_tells(tmp_path: Path, enter: Enter, no_proc: str, no_psutil: None) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    pid = enter(tree)
    assert inside(processes.standing(no_proc), place(tree)) == {str(tree): (pid,)}


def test_without_anything_nothing_is_told(
    no_proc: str, no_psutil: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    blind = processes.standing(no_proc)
    assert blind.folders == () and "install psutil" in blind.blind


def test_lsof_that_says_nothing_is_no_answer(
    no_proc: str, no_psutil: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "lsof").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "lsof").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert "lsof told nothing" in processes.standing(no_proc).blind


# What may not be read

_HIDDEN = """
import ctypes, os, sys
os.chdir(sys.argv[1])
if os.getuid() == 0:
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
assert ctypes.CDLL(None).prctl(4, 0, 0, 0, 0) == 0  # PR_SET_DUMPABLE: as key agents do
print("ready", flush=True)
sys.stdin.read()
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="prctl is Linux's")
def test_a_process_like_a_key_agent_is_no_occupant(tmp_path: Path) -> None:
    """Nobody but root may see where it stands: it is counted, and says nothing."""
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == os.getuid() and folder != Path("/"):
            folder.chmod(folder.stat().st_mode | 0o755)
    hidden = subprocess.Popen(
        [sys.executable, "-c", _HIDDEN, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert hidden.stdout is not None and hidden.stdout.readline() == "ready\n"
        child = os.fork()
        if child == 0:  # a user who is not root looks
            code = 1
            try:
                if os.getuid() == 0:
                    os.setgroups([])
                    os.setgid(65534)
                    os.setuid(65534)
                    ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)
                seen = processes.standing()
                known = {one.pid for one in seen.unreadable}
                told = all(hidden.pid not in one.pids for one in seen.folders)
                free = inside(seen, place(tmp_path)) == {}
                free = free and occupancy.judge((), (), seen, (), Moment(0)).verdict == occupancy.FREE
                code = 0 if hidden.pid in known and told and free else 2
            finally:
                os._exit(code)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    finally:
        hidden.kill()
        hidden.wait()
