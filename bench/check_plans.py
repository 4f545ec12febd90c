"""`holdfast check` over a whole folder of plans, with its cache and without."""

from __future__ import annotations

import plan_texts
import report
from adopt import COMMAND, adopt, forget
from repositories import Home, SetUpError, make
from setting import Setting
from timing import Contender, interleave


def measure(setting: Setting) -> report.Outcome:
    """1,000 and 10,000 plans, cold and warm; there is no budget for it."""
    outcome = report.Outcome()
    for count in (1_000,) if setting.quick else (1_000, 10_000):
        print(f"  setting up: {count:,} plans", flush=True)
        title = f"Check {count:,} plans"
        contenders: list[Contender] = []
        notes: list[str] = []
        try:
            contenders += _contenders(setting.home, count)
        except SetUpError as error:
            notes.append(f"Holdfast: {error}")
        series = interleave(contenders, max(setting.runs // 4, 5))
        rows = tuple(
            (name, report.milliseconds(one.wall), report.milliseconds(one.cpu)) for name, one in series.items()
        )
        table = report.Table(title, ("command", "wall ms", "CPU ms"), rows, (*notes, *report.failures(series)))
        outcome.add(title, series, table)
    return outcome


def _contenders(home: Home, count: int) -> list[Contender]:
    files = plan_texts.plans(count)
    warm, cold = make(home, f"check-{count}-warm", files), make(home, f"check-{count}-cold", files)
    for folder in (warm, cold):
        adopt(home, folder, count)

    def prepare(number: int) -> None:
        del number
        forget(home, cold)

    return [
        Contender("holdfast check", (COMMAND, "check"), warm, home.environment),
        Contender("holdfast check, no cache", (COMMAND, "check"), cold, home.environment, prepare),
    ]
