"""What is looked at all day: `status` and `doctor` on a large repository, and a screen that watches while nothing happens."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Callable
from typing import NamedTuple

import report
from adopt import COMMAND
from branches import Mix, add_worktrees, make_with, newest_open
from repositories import Home, SetUpError
from setting import Setting
from timing import Contender, interleave

PLANS, BRANCHES, WORKTREES = 2_000, 500, 50
INTERRUPTED = 130
"""The exit code of a command that was asked to end."""
SETTLED, IDLE = 3.0, 20.0
"""Seconds after which the screen that watches is drawn and still, and for which nothing happens then."""

SCREEN, CHECKED, SHARE = 200.0, 1_000.0, 10.0
"""Milliseconds that `status` and `doctor` may take, and those of CPU that watching may use in each second: 1 % of a core."""

STATUS, JSON = "holdfast status", "holdfast status --json"
DOCTOR = "holdfast doctor --no-self-test"
GIT = "git status, git for-each-ref, git worktree list"
WATCH = "holdfast status --watch"

_DOCTOR = '"$1" doctor --no-self-test; test $? -le 1'
"""It ends with 1 here: many of these claims are as they should not be."""


def measure(setting: Setting) -> report.Outcome:
    """Both commands beside git's own three, all of them warm; then the one that watches."""
    outcome = report.Outcome()
    print(f"  setting up: {PLANS:,} plans, {BRANCHES} branches and {WORKTREES} worktrees", flush=True)
    mix = Mix(BRANCHES, shared=True, claimed=True, plans=PLANS)
    folder = make_with(setting.home, "status", mix)
    add_worktrees(setting.home, folder, newest_open(mix.branches(), WORKTREES))
    _look(setting, outcome, folder)
    _watch(setting, outcome, folder)
    return outcome


def _look(setting: Setting, outcome: report.Outcome, folder: str) -> None:
    title = f"Look at {PLANS:,} plans, {BRANCHES} branches and {WORKTREES} worktrees"
    given = setting.home.environment
    by_hand = ("sh", "-c", "git status && git for-each-ref && git worktree list")
    contenders = [
        Contender(STATUS, (COMMAND, "status"), folder, given, None, _says("main")),
        Contender(JSON, (COMMAND, "status", "--json"), folder, given, None, _says(f'"total": {PLANS}')),
        Contender(DOCTOR, ("sh", "-c", _DOCTOR, "sh", COMMAND), folder, given, None, _says("left; ")),
        Contender(GIT, by_hand, folder, given, None, _says("refs/heads/plan-")),
    ]
    series = interleave(contenders, max(setting.runs // 3, 5))
    raw = series[GIT].wall
    rows = tuple(
        (name, report.milliseconds(one.wall), report.milliseconds(one.cpu), report.times(report.ratio(one.wall, raw)))
        for name, one in series.items()
    )
    columns = ("command", "wall ms", "CPU ms", "wall / git")
    outcome.add(title, series, report.Table(title, columns, rows, report.failures(series)))
    for name, limit in ((STATUS, SCREEN), (JSON, SCREEN), (DOCTOR, CHECKED)):
        outcome.budgets.append(report.Budget(f"{title}: {name}", series[name].wall, limit, "ms"))


def _says(word: str) -> Callable[[str], str | None]:
    """Proof that something was told."""
    return lambda printed: None if word in printed else f"it does not say {word!r}"


class _Watched(NamedTuple):
    """What watching used, in milliseconds of CPU: until the screen stood still, and in each second after that."""

    begin: float
    idle: float


def _watch(setting: Setting, outcome: report.Outcome, folder: str) -> None:
    title = f"Watch {PLANS:,} plans, {BRANCHES} branches and {WORKTREES} worktrees for {IDLE:.0f} s in which nothing happens"
    print(f"  watching for {IDLE:.0f} s, some times", flush=True)
    found = [_watched(setting.home, folder) for _ in range(1 if setting.quick else 3)]
    begin, idle = (statistics.median(values) for values in zip(*found, strict=True))
    rows = (
        ("until it stands still", report.milliseconds(begin)),
        ("in each second after that", report.milliseconds(idle)),
    )
    outcome.add(title, {}, report.Table(title, (WATCH, "CPU ms"), rows))
    outcome.budgets.append(report.Budget(f"{title}: CPU in each second, 1 % of a core", idle, SHARE, "ms"))


def _watched(home: Home, folder: str) -> _Watched:
    """The difference of two that watch, one of them longer: what a process used is known when it has ended."""
    begin, whole = (_cpu(home, folder, seconds) for seconds in (SETTLED, SETTLED + IDLE))
    return _Watched(begin, max(whole - begin, 0.0) / IDLE)


def _cpu(home: Home, folder: str, seconds: float) -> float:
    """The CPU that one which watches used in so many seconds, with all that it started, in milliseconds."""
    output = os.path.join(home.environment["HOME"], "watched")
    with open(output, "w+", encoding="utf-8") as file:
        process = subprocess.Popen(
            (COMMAND, "status", "--watch"),
            cwd=folder,
            env=dict(home.environment),
            stdin=subprocess.DEVNULL,
            stdout=file,
        )
        time.sleep(seconds)
        process.terminate()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        file.seek(0)
        if process.returncode != INTERRUPTED or "main" not in file.read():
            raise SetUpError(f"{WATCH}: it did not watch")
    return (usage.ru_utime + usage.ru_stime) * 1000
