"""What it costs to start: the console script of an installed wheel beside an empty one in the same environment."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from collections.abc import Mapping

import report
from adopt import PYTHON
from repositories import SetUpError, make
from setting import Setting
from timing import Contender, Series, interleave

LIMIT = 10.0
"""Milliseconds that the console script may take longer than one that does nothing."""

_ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_EMPTY = {
    "pyproject.toml": """\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "empty"
version = "1"

[project.scripts]
empty = "empty:main"
""",
    "empty.py": "def main():\n    return 0\n",
}


def measure(setting: Setting) -> report.Outcome:
    """What every command pays before it begins (`--help` of it all), and the shortest command, which asks git its version."""
    title = "Start"
    environment = setting.home.environment
    folder = make(setting.home, "start", {"README.txt": b"A project\n"})
    programs = installed(setting)
    empty, ours = (os.path.join(programs, name) for name in ("empty", "holdfast"))
    contenders = [
        Contender("git --version", ("git", "--version"), folder, environment),
        Contender("python -c pass", (os.path.join(programs, "python"), "-c", "pass"), folder, environment),
        Contender("empty console script", (empty,), folder, environment),
        Contender("holdfast --help", (ours, "--help"), folder, environment),
        Contender("holdfast version", (ours, "version"), folder, environment),
        Contender("holdfast completion --words", (ours, "completion", "--words", "zsh", "sta"), folder, environment),
    ]
    series = interleave(contenders, setting.runs)
    base = series["empty console script"]
    rows = tuple(
        (name, report.milliseconds(one.wall), report.milliseconds(one.cpu), report.milliseconds(more(one, base)))
        for name, one in series.items()
    )
    columns = ("command", "wall ms", "CPU ms", "ms more than the empty script, paired")
    outcome = report.Outcome()
    outcome.add(title, series, report.Table(title, columns, rows, report.failures(series)))
    for name in ("holdfast --help", "holdfast version"):
        what = f"{title}: {name}, more than an empty console script"
        outcome.budgets.append(report.Budget(what, more(series[name], base), LIMIT, "ms"))
    return outcome


def more(one: Series, base: Series) -> float | None:
    """The median of what one took longer than the other in the same round."""
    if not one.samples or not base.samples:
        return None
    return statistics.median(mine.wall - its.wall for mine, its in zip(one.samples, base.samples, strict=True))


def installed(setting: Setting) -> str:
    """The programs of a clean environment with our wheel and an empty one, both installed by the same pip."""
    place = setting.home.place("installed")
    source = setting.home.place("empty")
    os.makedirs(source)
    for name, text in _EMPTY.items():
        with open(os.path.join(source, name), "w", encoding="utf-8") as file:
            file.write(text)
    wheels = setting.home.place("wheels")
    for project in (_ROOT, source):
        _run(setting.home.environment, PYTHON, "-m", "build", "--no-isolation", "--wheel", "--outdir", wheels, project)
    _run(setting.home.environment, PYTHON, "-m", "venv", "--without-pip", place)
    python = os.path.join(place, "bin", "python")
    pip = (PYTHON, "-m", "pip", "--python", python, "install", "--quiet", "--no-index", "--no-deps")
    _run(setting.home.environment, *pip, *(os.path.join(wheels, name) for name in sorted(os.listdir(wheels))))
    return os.path.join(place, "bin")


def _run(environment: Mapping[str, str], *command: str) -> None:
    done = subprocess.run(command, env=dict(environment), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["nothing said"])[-1]
        raise SetUpError(f"{os.path.basename(sys.executable)} {' '.join(command[1:4])} failed: {last}")
