"""A commit that touches one plan of many: no hooks and Holdfast side by side."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

import plan_texts
import report
from adopt import adopt
from repositories import Home, SetUpError, change, make
from setting import Setting
from timing import Contender, Series, interleave

LIMIT = 60.0
"""Milliseconds that a commit of one plan among 1,000 may take longer than without hooks."""

GROWTH = 3.0
"""How many times that limit it may be among 10,000."""

NONE = "no hooks"
HOLDFAST = "Holdfast"

_POOL = 12


def measure(setting: Setting) -> report.Outcome:
    """A status that changes and text that changes, among 1,000 plans and among 10,000."""
    outcome = report.Outcome()
    added: dict[tuple[int, str], float | None] = {}
    for count in (1_000,) if setting.quick else (1_000, 10_000):
        print(f"  setting up: {count:,} plans", flush=True)
        folders, notes = _repositories(setting.home, count)
        for what, message, edit in _CHANGES:
            title = f"Commit that changes {what} of one plan of {count:,}"
            series = _race(setting, count, folders, message, edit)
            added[count, what] = _added(series)
            grown = report.ratio(added[count, what], added.get((1_000, what)))
            remark = [f"added, beside 1,000 plans: {report.times(grown)}"] if count > 1_000 else []
            outcome.add(title, series, _table(title, series, [*notes, *remark]))
            limit = LIMIT if count == 1_000 else LIMIT * GROWTH
            outcome.budgets.append(report.Budget(f"{title}: added", added[count, what], limit, "ms"))
    return outcome


def _repositories(home: Home, count: int) -> tuple[dict[str, str], list[str]]:
    files = {**plan_texts.plans(count), **plan_texts.other_files(200)}
    found = {NONE: make(home, f"with-{count}-none", files)}
    folder = make(home, f"with-{count}-holdfast", files)
    try:
        adopt(home, folder, count)
    except SetUpError as error:
        return found, [f"{HOLDFAST}: {error}"]
    return {**found, HOLDFAST: folder}, []


def _race(
    setting: Setting, count: int, folders: Mapping[str, str], message: str, edit: Callable[[str, int], str]
) -> dict[str, Series]:
    numbers = plan_texts.calm(count, _POOL)
    contenders = [_contender(setting.home, name, folder, numbers, message, edit) for name, folder in folders.items()]
    return interleave(contenders, max(setting.runs // 3, 5))


def _contender(
    home: Home,
    name: str,
    folder: str,
    numbers: tuple[int, ...],
    message: str,
    edit: Callable[[str, int], str],
) -> Contender:
    def prepare(number: int) -> None:
        path = plan_texts.path(numbers[number % len(numbers)])
        with open(os.path.join(folder, path), encoding="utf-8") as file:
            text = file.read()
        change(home, folder, path, edit(text, number).encode())

    command = ("git", "commit", "-q", "-m", message)
    return Contender(name, command, folder, home.environment, prepare)


def _edit_status(text: str, number: int) -> str:
    del number
    return plan_texts.toggled(text)


def _edit_text(text: str, number: int) -> str:
    marker = "## Acceptance Criteria"
    return text.replace(marker, f"Seen again in round {number}.\n\n{marker}", 1)


def _added(series: Mapping[str, Series]) -> float | None:
    return report.difference(series[HOLDFAST].wall, series[NONE].wall) if HOLDFAST in series else None


def _table(title: str, series: Mapping[str, Series], notes: list[str]) -> report.Table:
    base = series[NONE]
    rows = []
    for name, one in series.items():
        low, high = one.spread or (None, None)
        rows.append(
            (
                name,
                report.milliseconds(one.wall),
                f"{report.milliseconds(low)}..{report.milliseconds(high)}",
                report.milliseconds(one.cpu),
                report.milliseconds(report.difference(one.wall, base.wall) if name != NONE else None),
            )
        )
    columns = ("variant", "wall ms", "quartiles", "CPU ms", "added ms")
    return report.Table(title, columns, tuple(rows), (*notes, *report.failures(series)))


_CHANGES = (
    ("the status", "[Plan #12] Take it up", _edit_status),
    ("the text", "Say what was seen", _edit_text),
    ("the status, in a message that names plans,", "Update the status of plan 12", _edit_status),
)
"""What changes, the commit message, and the edit."""
