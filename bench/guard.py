"""The guard: a commit, a fetch of 500 refs and a rebase of 50 commits, which call its hook up to a thousand times.

Beside it a hook that does nothing, and no hook at all. Nothing else of Holdfast runs in these repositories.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping

import plan_texts
import report
from adopt import COMMAND
from repositories import Home, SetUpError, change, commit_all, hooks_folder, make, run, write_no_op_hooks
from setting import Setting
from timing import Contender, Series, interleave

PLANS = 40
CLAIMS = 20
REFS = 500
COMMITS = 50

HOOK = "reference-transaction"
NONE = "no hook"
SHELL = "no-op sh hook"
GUARD = "the guard"

FACTOR = 1.3
"""How many times a hook that does nothing the guard may take, each with the git that calls it."""

_TITLES = ("A commit, guarded", f"A fetch of {REFS} new refs, guarded", f"A rebase of {COMMITS} commits, guarded")


def measure(setting: Setting) -> report.Outcome:
    """Three commands in three repositories that differ in one hook."""
    outcome = report.Outcome()
    print(f"  setting up: {REFS} refs to fetch, {COMMITS} commits, {CLAIMS} claims", flush=True)
    home = setting.home
    source = _source(home)
    folders = {name: _repository(home, name, source) for name in (NONE, SHELL, GUARD)}
    _prove(home, folders[GUARD])
    few = max(setting.runs // 6, 5)
    _compare(setting, outcome, _TITLES[0], folders, ("commit", "-q", "-m", "Go on"), _edited, setting.runs)
    _compare(setting, outcome, _TITLES[1], folders, ("fetch", "-q", "origin"), _unfetched, few)
    _compare(setting, outcome, _TITLES[2], folders, ("rebase", "-q", "--force-rebase", "begin"), _rewound, few)
    return outcome


def _source(home: Home) -> str:
    """A repository with so many branches."""
    folder = make(home, "guard-source", {"README.md": b"# Source\n"})
    tip = run(home, folder, "git", "rev-parse", "HEAD").strip()
    lines = "".join(f"create refs/heads/branch-{number} {tip}\n" for number in range(REFS - 1))
    run(home, folder, "git", "update-ref", "--stdin", stdin=lines.encode())
    return folder


def _repository(home: Home, name: str, source: str) -> str:
    """One with plans, claims of them, a remote and a branch of commits; the hook is all that differs."""
    folder = make(home, f"guard-{name.replace(' ', '-')}", plan_texts.plans(PLANS))
    run(home, folder, "git", "remote", "add", "origin", source)
    run(home, folder, "git", "tag", "begin")
    for number in range(COMMITS):
        change(home, folder, f"src/part_{number}.txt", f"Part {number}\n".encode())
        run(home, folder, "git", "commit", "-q", "-m", f"Part {number}")
    run(home, folder, "git", "tag", "end")
    tree = run(home, folder, "git", "rev-parse", "HEAD^{tree}").strip()
    for number in range(1, CLAIMS + 1):
        commit = run(home, folder, "git", "commit-tree", "-p", "HEAD", "-m", f"Claim {number}", tree).strip()
        run(home, folder, "git", "branch", "--no-track", f"plan-{number}-work", commit)
    run(home, folder, "git", "checkout", "-q", "-b", "topic")
    if name == SHELL:
        write_no_op_hooks(home, folder, (HOOK,))
    if name == GUARD:
        _guard(home, folder)
    return folder


def _guard(home: Home, folder: str) -> None:
    """Let Holdfast install the guard, and take away everything else that it installs."""
    run(home, folder, COMMAND, "init", "--yes")
    with open(os.path.join(folder, "holdfast.toml"), "a", encoding="utf-8") as file:
        file.write("\n[guard]\nrefs = true\n")
    run(home, folder, COMMAND, "init", "--yes")
    hooks = hooks_folder(home, folder)
    for name in os.listdir(hooks):
        if name != HOOK:
            os.unlink(os.path.join(hooks, name))
    commit_all(home, folder, "Adopt Holdfast")
    run(home, folder, COMMAND, "claims")
    run(home, folder, "git", "tag", "-f", "end")


def _prove(home: Home, folder: str) -> None:
    """A guard that lets a claim be deleted is none."""
    try:
        run(home, folder, "git", "branch", "-D", "plan-1-work")
    except SetUpError:
        return
    raise SetUpError("the guard let the branch of a claim be deleted")


Prepare = Callable[[Home, str, int], None]


def _edited(home: Home, folder: str, number: int) -> None:
    change(home, folder, "src/part_0.txt", f"Round {number}\n".encode())


def _unfetched(_home: Home, folder: str, _number: int) -> None:
    """Forget all that came from the remote, as if it had never been asked."""
    for kind in ("refs", "logs/refs"):
        shutil.rmtree(os.path.join(folder, ".git", kind, "remotes"), ignore_errors=True)


def _rewound(home: Home, folder: str, _number: int) -> None:
    run(home, folder, "git", "reset", "-q", "--hard", "end")


def _compare(
    setting: Setting,
    outcome: report.Outcome,
    title: str,
    folders: Mapping[str, str],
    words: tuple[str, ...],
    prepare: Prepare,
    rounds: int,
) -> None:
    home = setting.home

    def contender(name: str, folder: str) -> Contender:
        return Contender(
            name, ("git", *words), folder, home.environment, lambda number: prepare(home, folder, number), _unrefused
        )

    series = interleave([contender(name, folder) for name, folder in folders.items()], rounds)
    outcome.add(title, series, _table(title, series))
    outcome.budgets.append(
        report.Budget(f"{title}: whole / no-op hook", report.ratio(series[GUARD].wall, series[SHELL].wall), FACTOR, "x")
    )


def _unrefused(printed: str) -> str | None:
    return "the guard refused it" if "refused" in printed else None


def _table(title: str, series: Mapping[str, Series]) -> report.Table:
    rows = []
    shell, none = series[SHELL].wall, series[NONE].wall
    for name, one in series.items():
        low, high = one.spread or (None, None)
        added = report.difference(one.wall, none) if name != NONE else None
        rows.append(
            (
                name,
                report.milliseconds(one.wall),
                f"{report.milliseconds(low)}..{report.milliseconds(high)}",
                report.milliseconds(one.cpu),
                report.milliseconds(added),
                report.times(report.ratio(added, report.difference(shell, none)) if added is not None else None),
                report.times(report.ratio(one.wall, shell)),
            )
        )
    columns = ("variant", "wall ms", "quartiles", "CPU ms", "added ms", "added / sh", "whole / sh")
    return report.Table(title, columns, tuple(rows), report.failures(series))
