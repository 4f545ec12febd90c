"""Listing 2,000 plans: Holdfast beside Backlog.md listing the same as 2,000 tasks."""

from __future__ import annotations

import os
from collections.abc import Callable

import plan_texts
import report
from adopt import COMMAND, adopt, forget
from repositories import Home, SetUpError, commit_all, make, run
from setting import Setting
from timing import Contender, interleave

PLANS = 2_000
SHARE = 1 / 15
"""The part of Backlog.md's CPU time that Holdfast may use."""

WARM = "holdfast plan list"
COLD = "holdfast plan list, no cache"
BACKLOG = "backlog task list --plain"
ALONE = "the same, without its launcher and branch checks"


def measure(setting: Setting) -> report.Outcome:
    """Warm and cold, beside Backlog.md as it is installed and in its fastest set-up."""
    title = f"List {PLANS:,} plans"
    print(f"  setting up: {PLANS:,} plans and {PLANS:,} tasks", flush=True)
    contenders: list[Contender] = []
    notes: list[str] = []
    for build in (_holdfast, _backlog):
        try:
            contenders += build(setting)
        except SetUpError as error:
            notes.append(str(error))
    series = interleave(contenders, max(setting.runs // 2, 5))
    outcome = report.Outcome()
    peer = series[BACKLOG].cpu if BACKLOG in series else None
    rows = tuple(
        (
            name,
            report.milliseconds(one.wall),
            report.milliseconds(one.cpu),
            report.times(report.ratio(one.cpu, peer)),
        )
        for name, one in series.items()
    )
    columns = ("command", "wall ms", "CPU ms", "CPU / Backlog.md")
    outcome.add(title, series, report.Table(title, columns, rows, (*notes, *report.failures(series))))
    ours = series[WARM].cpu if WARM in series else None
    limit = peer * SHARE if peer is not None else None
    outcome.budgets.append(report.Budget(f"{title}: CPU, 1/15 of Backlog.md", ours, limit, "ms"))
    return outcome


def _holdfast(setting: Setting) -> list[Contender]:
    home = setting.home
    files = plan_texts.plans(PLANS)
    warm, cold = make(home, "list-warm", files), make(home, "list-cold", files)
    try:
        for folder in (warm, cold):
            adopt(home, folder, PLANS)
    except SetUpError as error:
        raise SetUpError(f"{WARM}: {error}") from error
    command = (COMMAND, "plan", "list")
    return [
        Contender(WARM, command, warm, home.environment, None, _lists_all),
        Contender(COLD, command, cold, home.environment, _forgetting(home, cold), _lists_all),
    ]


def _backlog(setting: Setting) -> list[Contender]:
    home, backlog = setting.home, setting.peers.backlog
    if backlog is None:
        raise SetUpError(f"{BACKLOG}: not available")
    folder = _project(home, "list-backlog", backlog)
    found = [Contender(BACKLOG, (backlog, "task", "list", "--plain"), folder, home.environment, None, _lists_all)]
    program = setting.peers.backlog_program
    if program is not None:
        folder = _project(home, "list-backlog-alone", backlog)
        run(home, folder, backlog, "config", "set", "checkActiveBranches", "false")
        run(home, folder, backlog, "config", "set", "remoteOperations", "false")
        found.append(Contender(ALONE, (program, "task", "list", "--plain"), folder, home.environment, None, _lists_all))
    return found


def _project(home: Home, name: str, backlog: str) -> str:
    """A Backlog.md project whose tasks say what the plans say."""
    folder = make(home, name, {"README.txt": b"A project\n"})
    run(home, folder, backlog, "init", "Bench", "--defaults", "--integration-mode", "none")
    tasks = os.path.join(folder, "backlog", "tasks")
    os.makedirs(tasks, exist_ok=True)
    for number in range(1, PLANS + 1):
        with open(os.path.join(tasks, plan_texts.task_name(number)), "w", encoding="utf-8") as file:
            file.write(plan_texts.task(number, PLANS))
    commit_all(home, folder, "Add the tasks")
    return folder


def _lists_all(printed: str) -> str | None:
    shown = sum(1 for number in range(1, PLANS + 1) if plan_texts.title(number) in printed)
    return None if shown == PLANS else f"it listed {shown} of {PLANS}"


def _forgetting(home: Home, folder: str) -> Callable[[int], None]:
    def prepare(number: int) -> None:
        del number
        forget(home, folder)

    return prepare
