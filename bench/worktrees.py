"""Removing a worktree beside git and claude-worktree, however many files are in it; and who is inside of fifty."""

from __future__ import annotations

import os
import subprocess

import report
from adopt import COMMAND, PYTHON
from repositories import Home, SetUpError, make, run
from setting import Setting
from timing import Contender, interleave

FILES = 300
MANY, TRACKED = 100_000, 20_000
WORKTREES, PROCESSES = 50, 1_000

FACTOR, FLAT, PASS = 2.0, 1.2, 20.0
"""How many times git's time a removal may take, how many times its own among very many files, and what one look at who is
inside may take in milliseconds."""

HOLDFAST, GIT, PEER = "holdfast worktree remove", "git worktree remove, git branch -D", "cw delete"
LOOK, NOTHING = "who is inside", "the same program without looking"

_ASIDE = """
import sys
from holdfast.adapters import processes
from holdfast.domain import occupancy
from holdfast.domain.occupancy import Place
places = [Place(path, processes.spot(path)) for path in sys.argv[2:]]
for _ in range(int(sys.argv[1])):
    found = occupancy.inside(processes.standing().folders, places)
"""


def measure(setting: Setting) -> report.Outcome:
    """A removal with few files, with many that git ignores, with many that it tracks; one look at all processes."""
    outcome = report.Outcome()
    many, tracked = (5_000, 5_000) if setting.quick else (MANY, TRACKED)
    _remove(setting, outcome, f"Remove a worktree of {FILES} files", FILES, 0, peer=True)
    _remove(setting, outcome, f"Remove a worktree of {FILES} files and {many:,} that git ignores", FILES, many)
    _remove(setting, outcome, f"Remove a worktree of {tracked:,} files", tracked, 0)
    small, ignored = (_wall(outcome, title) for title in list(outcome.series)[:2])
    what = f"the same removal, {many:,} ignored files to none"
    outcome.budgets.append(report.Budget(what, report.ratio(ignored, small), FLAT, "x"))
    _inside(setting, outcome)
    return outcome


def _remove(
    setting: Setting, outcome: report.Outcome, title: str, files: int, ignored: int, peer: bool = False
) -> None:
    print(f"  setting up: {title[0].lower()}{title[1:]}", flush=True)
    home, runs = setting.home, max(setting.runs // (3 if files + ignored < TRACKED else 10), 3)
    name = f"remove-{files}-{ignored}"
    content = {f"src/{at // 100}/file-{at}.txt": b"%d\n" % at for at in range(files)} | {".gitignore": b"cache/\n"}
    folder = make(home, name, content)
    words = {
        HOLDFAST: (COMMAND, "worktree", "remove"),
        GIT: ("sh", "-c", 'git worktree remove "../$1-tree" && git branch -q -D "$1"', "sh"),
    }
    if peer and setting.peers.worktree is not None:
        words[PEER] = (setting.peers.worktree, "delete", "--branch")
    contenders = [_contender(home, key, command, folder, ignored) for key, command in words.items()]
    series = interleave(contenders, runs)
    raw = series[GIT].wall
    rows = tuple(
        (key, report.milliseconds(one.wall), report.milliseconds(one.cpu), report.times(report.ratio(one.wall, raw)))
        for key, one in series.items()
    )
    columns = ("command", "wall ms", "CPU ms", f"wall / {GIT}")
    outcome.add(title, series, report.Table(title, columns, rows, report.failures(series)))
    limit = raw * FACTOR if raw is not None else None
    outcome.budgets.append(report.Budget(f"{title}: 2 x git", series[HOLDFAST].wall, limit, "ms"))


def _contender(home: Home, key: str, command: tuple[str, ...], folder: str, ignored: int) -> Contender:
    """One that removes another worktree in each round."""
    words = [*command, ""]
    word = {HOLDFAST: "ours", GIT: "git", PEER: "cw"}[key]

    def prepare(number: int) -> None:
        if key == HOLDFAST:
            run(home, folder, COMMAND, "trash", "empty", "--yes")
        branch = f"{word}-{number}"
        tree = home.place(f"{branch}-tree")
        run(home, folder, "git", "worktree", "add", "-q", "-b", branch, tree)
        if ignored:
            os.makedirs(os.path.join(tree, "cache"))
        for at in range(ignored):
            with open(os.path.join(tree, "cache", str(at)), "w", encoding="utf-8"):
                pass
        words[-1] = branch

    def proof(printed: str) -> str | None:
        del printed
        left = run(home, folder, "git", "for-each-ref", f"refs/heads/{words[-1]}")
        return (
            "the worktree or its branch is there" if left or os.path.exists(home.place(f"{words[-1]}-tree")) else None
        )

    return Contender(key, words, folder, home.environment, prepare, proof)


def _inside(setting: Setting, outcome: report.Outcome) -> None:
    title = f"Who is inside of {WORKTREES} worktrees, one pass over {PROCESSES:,} processes"
    print(f"  setting up: {PROCESSES:,} processes", flush=True)
    home, times = setting.home, 10
    folder = make(home, "inside", {"README.md": b"# Inside\n"})
    trees = [home.place(f"inside-{at}") for at in range(WORKTREES)]
    for at, tree in enumerate(trees):
        run(home, folder, "git", "worktree", "add", "-q", "-b", f"inside-{at}", tree)
    standing = [subprocess.Popen(["sleep", "600"], cwd=trees[at % WORKTREES]) for at in range(PROCESSES)]
    try:
        contenders = [
            Contender(LOOK, (PYTHON, "-c", _ASIDE, str(times), *trees), folder, home.environment),
            Contender(NOTHING, (PYTHON, "-c", _ASIDE, "0", *trees), folder, home.environment),
        ]
        series = interleave(contenders, max(setting.runs // 3, 5))
    except SetUpError as error:
        series = {}
        print(f"  {error}")
    finally:
        for process in standing:
            process.kill()
        for process in standing:
            process.wait()
    both = report.difference(series[LOOK].wall, series[NOTHING].wall)
    each = both / times if both is not None else None
    rows = ((LOOK, report.milliseconds(each)),)
    outcome.add(title, series, report.Table(title, ("one pass", "wall ms"), rows, report.failures(series)))
    outcome.budgets.append(report.Budget(title, each, PASS, "ms"))


def _wall(outcome: report.Outcome, title: str) -> float | None:
    return outcome.series[title][HOLDFAST].wall
