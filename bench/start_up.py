"""What it costs to start: `holdfast version` beside an empty Python."""

from __future__ import annotations

import report
from adopt import COMMAND, PYTHON
from repositories import make
from setting import Setting
from timing import Contender, interleave


def measure(setting: Setting) -> report.Outcome:
    """The shortest command, beside Python with and without its site packages; there is no budget for it."""
    title = "Start"
    environment = setting.home.environment
    folder = make(setting.home, "start", {"README.txt": b"A project\n"})
    contenders = [
        Contender("git --version", ("git", "--version"), folder, environment),
        Contender("python -I -S -c pass", (PYTHON, "-I", "-S", "-c", "pass"), folder, environment),
        Contender("python -c pass", (PYTHON, "-c", "pass"), folder, environment),
        Contender("holdfast version", (COMMAND, "version"), folder, environment),
    ]
    series = interleave(contenders, setting.runs)
    base = series["python -c pass"].wall
    rows = tuple(
        (
            name,
            report.milliseconds(one.wall),
            report.milliseconds(one.cpu),
            report.times(report.ratio(one.wall, base)),
        )
        for name, one in series.items()
    )
    table = report.Table(title, ("command", "wall ms", "CPU ms", "wall / python"), rows, report.failures(series))
    outcome = report.Outcome()
    outcome.add(title, series, table)
    return outcome
