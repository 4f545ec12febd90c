"""How time grows: with plans, with branches, with worktrees; each size a repository of its own, contenders side by side."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

import plan_texts
import report
from adopt import COMMAND, adopt, forget
from branches import Branch, Mix, add_worktrees, make_with, newest_open
from repositories import Home, SetUpError, change, commit_all, make, run
from setting import Setting
from timing import Contender, Series, interleave

PLANS = (100, 300, 1_000, 3_000, 10_000)
BRANCHES = (10, 100, 1_000, 10_000)
WORKTREES = (1, 10, 50, 200)
_QUICK = 2_000
"""Nothing larger with `--quick`."""
_BACKLOG = 3_000
"""Backlog.md lists no more tasks than that here: it takes seconds for each list."""

WITH_PLANS, WITH_BRANCHES, WITH_WORKTREES = "Growth with plans", "Growth with branches", "Growth with worktrees"
COMMIT, RAW_COMMIT = "commit of one plan, Holdfast", "the same commit without hooks"
LIST, COLD, CHECK, BACKLOG = "plan list", "plan list, nothing remembered", "check", "Backlog.md task list"
CLAIMS, CLAIMS_COLD, REFS = "claims", "claims, nothing remembered", "git for-each-ref"
WORKTREE_LIST, RAW_LIST, PEER = "worktree list", "git worktree list", "claude-worktree list"


def measure(setting: Setting) -> report.Outcome:
    """Three curves: 100 to 10,000 plans, 10 to 10,000 branches, 1 to 200 worktrees."""
    outcome = report.Outcome()
    for title, sizes, contenders in (
        (WITH_PLANS, PLANS, _of_plans), (WITH_BRANCHES, BRANCHES, _of_branches), (WITH_WORKTREES, WORKTREES, _of_worktrees),
    ):  # fmt: skip
        _curve(setting, outcome, title, [size for size in sizes if not setting.quick or size <= _QUICK], contenders)
    return outcome


def name_of(title: str, size: int) -> str:
    """The name under which one point of a curve is kept."""
    return f"{title}: {size:,}"


def _curve(
    setting: Setting,
    outcome: report.Outcome,
    title: str,
    sizes: Sequence[int],
    contenders: Callable[[Setting, int], list[Contender]],
) -> None:
    points: dict[int, dict[str, Series]] = {}
    notes: list[str] = []
    for size in sizes:
        print(f"  setting up: {title.lower()}, {size:,}", flush=True)
        try:
            taking_part = contenders(setting, size)
        except SetUpError as error:
            notes.append(f"{size:,}: {error}")
            continue
        points[size] = interleave(taking_part, max(setting.runs // 8, 5))
        notes += [f"{size:,}: {note}" for note in report.failures(points[size])]
        outcome.series[name_of(title, size)] = points[size]
    names = list(dict.fromkeys(name for series in points.values() for name in series))
    rows = tuple(
        (name, *(report.milliseconds(series[name].wall if name in series else None) for series in points.values()))
        for name in names
    )
    columns = ("wall ms", *(f"{size:,}" for size in points))
    outcome.tables.append(report.Table(title, columns, rows, tuple(notes)))


def _of_plans(setting: Setting, size: int) -> list[Contender]:
    home, files = setting.home, plan_texts.plans(size)
    ours, bare, cold = (make(home, f"growth-{name}-{size}", files) for name in ("ours", "bare", "cold"))
    for folder in (ours, cold):
        adopt(home, folder, size)
    found = [
        Contender(COMMIT, _COMMIT, ours, home.environment, _editing(home, ours, size)),
        Contender(RAW_COMMIT, _COMMIT, bare, home.environment, _editing(home, bare, size)),
        Contender(LIST, (COMMAND, "plan", "list"), ours, home.environment, None, _names_plans(size)),
        Contender(COLD, (COMMAND, "plan", "list"), cold, home.environment, _forgetting(home, cold), _names_plans(size)),
        Contender(CHECK, (COMMAND, "check"), cold, home.environment),
    ]
    if setting.peers.backlog is not None and size <= _BACKLOG:
        folder = _tasks(home, setting.peers.backlog, size)
        command = (setting.peers.backlog, "task", "list", "--plain")
        found.append(Contender(BACKLOG, command, folder, home.environment, None, _names_plans(size)))
    return found


_COMMIT = ("git", "commit", "-q", "-m", "Take it up")


def _editing(home: Home, folder: str, size: int) -> Callable[[int], None]:
    numbers = plan_texts.calm(size, 12)

    def prepare(number: int) -> None:
        path = plan_texts.path(numbers[number % len(numbers)])
        with open(os.path.join(folder, path), encoding="utf-8") as file:
            text = plan_texts.toggled(file.read())
        change(home, folder, path, text.encode())

    return prepare


def _forgetting(home: Home, folder: str) -> Callable[[int], None]:
    def prepare(number: int) -> None:
        del number
        forget(home, folder)

    return prepare


def _names_plans(size: int) -> Callable[[str], str | None]:
    def proof(printed: str) -> str | None:
        shown = sum(1 for number in range(1, size + 1) if plan_texts.title(number) in printed)
        return None if shown == size else f"it listed {shown} of {size}"

    return proof


def _tasks(home: Home, backlog: str, size: int) -> str:
    """A Backlog.md project whose tasks say what the plans say, without its looks at other branches and remotes."""
    folder = make(home, f"growth-tasks-{size}", {"README.txt": b"A project\n"})
    run(home, folder, backlog, "init", "Bench", "--defaults", "--integration-mode", "none")
    for key in ("checkActiveBranches", "remoteOperations"):
        run(home, folder, backlog, "config", "set", key, "false")
    tasks = os.path.join(folder, "backlog", "tasks")
    os.makedirs(tasks, exist_ok=True)
    for number in range(1, size + 1):
        with open(os.path.join(tasks, plan_texts.task_name(number)), "w", encoding="utf-8") as file:
            file.write(plan_texts.task(number, size))
    commit_all(home, folder, "Add the tasks")
    return folder


def _of_branches(setting: Setting, size: int) -> list[Contender]:
    home, mix = setting.home, Mix(size)
    warm, cold = (make_with(home, f"growth-branches-{name}-{size}", mix) for name in ("warm", "cold"))
    lists = _names_claims(mix.branches())
    return [
        Contender(CLAIMS, (COMMAND, "claims"), warm, home.environment, None, lists),
        Contender(CLAIMS_COLD, (COMMAND, "claims"), cold, home.environment, _forgetting(home, cold), lists),
        Contender(REFS, ("git", "for-each-ref"), warm, home.environment),
    ]


def _names_claims(branches: Sequence[Branch]) -> Callable[[str], str | None]:
    def proof(printed: str) -> str | None:
        words = set(printed.split())
        wrong = [one.name for one in branches if (one.name in words) == one.ended]
        return f"it is wrong about {len(wrong)} of {len(branches)} branches, {wrong[0]} first" if wrong else None

    return proof


def _of_worktrees(setting: Setting, size: int) -> list[Contender]:
    home, mix = setting.home, Mix(max(2 * size, 20), shared=True, claimed=True)
    open_ones = newest_open(mix.branches(), size)
    ours = make_with(home, f"growth-worktrees-{size}", mix)
    add_worktrees(home, ours, open_ones)
    found = [
        Contender(
            WORKTREE_LIST, (COMMAND, "worktree", "list"), ours, home.environment, None, _names_worktrees(open_ones)
        ),
        Contender(CLAIMS, (COMMAND, "claims"), ours, home.environment),
        Contender(RAW_LIST, ("git", "worktree", "list"), ours, home.environment),
    ]
    if setting.peers.worktree is not None:
        found.append(
            Contender(PEER, (setting.peers.worktree, "list"), ours, home.environment, None, _names_worktrees(open_ones))
        )
    return found


def _names_worktrees(branches: Sequence[Branch]) -> Callable[[str], str | None]:
    def proof(printed: str) -> str | None:
        missing = [one.name for one in branches if one.name not in printed]
        return f"it did not list {len(missing)} of {len(branches)} worktrees" if missing else None

    return proof
