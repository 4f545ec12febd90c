"""Where all processes stand: straight from `/proc`, else from psutil, else from `lsof`."""

from __future__ import annotations

import os
import time

from holdfast.adapters import files, proc, spawn
from holdfast.domain.moment import Moment
from holdfast.domain.occupancy import Folder, Process, Standing, Unreadable
from holdfast.domain.value import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from holdfast.domain.occupancy import Spot

_GONE = " (deleted)"
_REMEDY = "this system has no /proc: install psutil (`pip install psutil`) or lsof"


def standing(root: str = proc.ROOT) -> Standing:
    """All folders in which processes stand, with those whose folder may not be read; `blind` says why that cannot be told.

    A folder is known by device and inode, so that another name of it, a rename and a container make no difference.
    """
    if os.path.isdir(f"{root}/self"):
        return _of_proc(root)
    try:
        return _of_psutil()
    except Exception:  # it is not there, or cannot read this system (a Linux without /proc)
        return _of_lsof()


def described(pids: Iterable[int], root: str = proc.ROOT) -> tuple[Process, ...]:
    """What can be told of processes, without those that have ended, this one, and what it started (gone in a moment)."""
    me = os.getpid()
    if not os.path.isdir(f"{root}/self"):
        return tuple(found for pid in pids if pid != me for found in _by_other_means(pid))
    zero, hertz = _booted(root), os.sysconf("SC_CLK_TCK")
    found = []
    for pid in pids:
        stat = proc.stat(pid, root)
        if stat is not None and me not in (pid, stat.parent):
            since = Moment(zero + stat.ticks // hertz) if zero else None
            words = proc.arguments(pid, root)
            if not words and proc.has_ended(pid, root):
                continue  # meanwhile: whoever has ended stands nowhere
            command = proc.name(words)
            found.append(Process(pid, command, since, stat.session, stat.tty, stat.group))
    return tuple(found)


def holding(folder: str, seconds: float, root: str = proc.ROOT) -> tuple[int, ...]:
    """The processes that hold a file below a resolved folder open, as far as they are found within so many seconds.

    None of them stands there: a language server, an editor's helper. The newest processes are asked first.
    """
    lead, until, found = folder.rstrip("/") + "/", time.monotonic() + seconds, []
    pids = sorted((int(name) for name in files.names(root) if name.isdigit()), reverse=True)
    for pid in pids:
        if time.monotonic() > until:
            break
        if pid != os.getpid() and any(one.startswith(lead) for one in _open_files(f"{root}/{pid}/fd")):
            found.append(pid)
    return tuple(found)


def _open_files(handles: str) -> Iterable[str]:
    try:
        for name in os.listdir(handles):
            yield os.readlink(f"{handles}/{name}")
    except OSError:
        return


def birth(pid: int, root: str = proc.ROOT) -> int | None:
    """When a process began, in a unit of the system's own: with its number it tells a process from all others.

    None where there is none; `PermissionError` where there is one of which nothing can be read.
    """
    stat = proc.stat(pid, root)
    if stat is not None:
        return stat.ticks
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return None
    if os.path.isdir(f"{root}/self"):
        raise PermissionError(pid)
    try:
        import psutil

        return int(psutil.Process(pid).create_time() * 100)
    except Exception as error:  # no psutil, or one that cannot read this system
        raise PermissionError(pid) from error


def spot(path: str) -> Spot | None:
    """Device and inode of the folder at a path; None where there is none."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _of_proc(root: str) -> Standing:
    """One pass: each process costs one question, each folder in which any stands a few more."""
    by_spot: dict[Spot, list[int]] = {}
    gone: set[Spot] = set()
    hidden: list[int] = []
    for name in os.listdir(root):
        if not name.isdigit():
            continue
        try:
            found = os.stat(f"{root}/{name}/cwd")
        except PermissionError:
            hidden.append(int(name))
            continue
        except OSError:  # it has ended, or is a part of the kernel
            continue
        at = (found.st_dev, found.st_ino)
        if found.st_nlink == 0:
            gone.add(at)
        by_spot.setdefault(at, []).append(int(name))
    folders = (_folder(root, at, pids, at in gone) for at, pids in by_spot.items())
    return Standing(tuple(one for one in folders if one is not None), tuple(_kin(root, hidden)))


def _folder(root: str, at: Spot, pids: list[int], gone: bool) -> Folder | None:
    """A folder by its name and what lies above it, as one of the processes that stand there sees it."""
    for pid in pids:
        here = f"{root}/{pid}/cwd"
        try:
            name = os.readlink(here)
            spots = _spots(here, at)
        except OSError:
            continue
        return Folder(name.removesuffix(_GONE) if gone else name, spots, tuple(pids), gone)
    return None


def _spots(path: str, at: Spot) -> tuple[Spot, ...]:
    """A folder and those above it: also above one that was deleted, and within another root."""
    spots = [at]
    while True:
        path += "/.."
        above = os.stat(path)
        if (above.st_dev, above.st_ino) == spots[-1]:
            return tuple(spots)
        spots.append((above.st_dev, above.st_ino))


def _kin(root: str, pids: Iterable[int]) -> Iterable[Unreadable]:
    for pid in pids:
        stat = proc.stat(pid, root)
        if stat is not None:
            yield Unreadable(pid, stat.session, stat.tty, stat.group)


def _booted(root: str) -> int:
    """When the system started, in seconds since 1970; 0 where it does not say."""
    try:
        with open(f"{root}/stat", "rb") as file:
            return next((int(line.split()[1]) for line in file if line.startswith(b"btime ")), 0)
    except (OSError, ValueError):
        return 0


# Where there is no /proc


def _of_psutil() -> Standing:
    import psutil

    by_path: dict[str, list[int]] = {}
    hidden = []
    for one in psutil.process_iter(["cwd"]):
        path = one.info["cwd"]
        if path:
            by_path.setdefault(path, []).append(one.pid)
        else:
            hidden.append(one.pid)
    return Standing(_by_path(by_path), tuple(_kin_by_number(hidden)))


def _kin_by_number(pids: Iterable[int]) -> Iterable[Unreadable]:
    """What unreadable processes share with others, as far as the system tells without `/proc`: no terminal."""
    for pid in pids:
        try:
            yield Unreadable(pid, os.getsid(pid), 0, os.getpgid(pid))
        except OSError:
            continue


def _of_lsof() -> Standing:
    """What `lsof` tells in its form for programs (lsof(8), OUTPUT FOR OTHER PROGRAMS)."""
    try:
        done = spawn.Running(["lsof", "-w", "-n", "-P", "-d", "cwd", "-F", "pn0"], os.environ).done()
    except OSError:
        return Standing((), (), _REMEDY)
    by_path: dict[str, list[int]] = {}
    pid = 0
    for field in done.out.decode("utf-8", "surrogateescape").replace("\n", "").split("\0"):
        if field.startswith("p") and field[1:].isdigit():
            pid = int(field[1:])
        elif field.startswith("n/"):
            by_path.setdefault(field[1:], []).append(pid)
    if not by_path:
        return Standing((), (), f"lsof told nothing; {_REMEDY}")
    return Standing(_by_path(by_path), ())


def _by_path(found: dict[str, list[int]]) -> tuple[Folder, ...]:
    folders = []
    for path, pids in found.items():
        at = spot(path)
        try:
            spots = _spots(path, at) if at is not None else ()
        except OSError:
            spots = ()
        folders.append(Folder(path, spots, tuple(pids), at is None))
    return tuple(folders)


def _by_other_means(pid: int) -> Iterable[Process]:
    try:
        session, group = os.getsid(pid), os.getpgid(pid)
    except ProcessLookupError:
        return
    except OSError:
        session, group = 0, 0
    since = None
    try:
        import psutil

        known = psutil.Process(pid)
        if known.ppid() == os.getpid():
            return
        since = Moment(int(known.create_time()))
    except Exception:  # noqa: S110 - no psutil, or no such process any more: its age is not known
        pass
    yield Process(pid, proc.name(proc.arguments(pid)), since, session, 0, group)
