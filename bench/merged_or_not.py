"""Whether each branch is merged: what Holdfast needs for an answer that it does not remember, beside `git cherry`."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Sequence

import report
from adopt import COMMAND
from branches import MERGED, REBASED, Branch, Mix, make_with
from claims import forgetting, lists
from repositories import Home, SetUpError, run
from setting import Setting
from timing import Contender, interleave

BRANCHES = 200
FEW = 20
SAMPLE = 7
"""Every so many branches are asked of `git cherry`, which takes a process each; no kind of branch is left out by it."""

LIMIT = 10.0
"""Milliseconds that a branch may take which nothing is remembered of."""

WARM = "holdfast claims --all"
COLD = "holdfast claims --all, no cache"
CHERRY = "git cherry main BRANCH"

_COMMAND = (COMMAND, "claims", "--all")
_CHERRY = 'for branch in "$@"; do git cherry main "$branch" || exit; done'


def measure(setting: Setting) -> report.Outcome:
    """200 branches, merged in three ways, not merged and without commits of their own."""
    title = f"Merged or not, {BRANCHES} branches"
    print(f"  setting up: {BRANCHES} branches, twice", flush=True)
    home, mix = setting.home, Mix(BRANCHES)
    warm, cold = make_with(home, "merged-warm", mix), make_with(home, "merged-cold", mix)
    branches = mix.branches()
    sample = branches[::SAMPLE]
    cherry = ("sh", "-c", _CHERRY, "sh", *(one.name for one in sample))
    proof = lists(branches, merged_too=True)
    contenders = [
        Contender(WARM, _COMMAND, warm, home.environment, None, proof),
        Contender(COLD, _COMMAND, cold, home.environment, forgetting(home, cold), proof),
        Contender(CHERRY, cherry, warm, home.environment, None, _compared(sample)),
    ]
    series = interleave(contenders, max(setting.runs // 6, 5))
    added = report.difference(series[COLD].wall, series[WARM].wall)
    each = {COLD: report.ratio(added, BRANCHES), CHERRY: report.ratio(series[CHERRY].wall, len(sample))}
    rows = tuple(
        (name, report.milliseconds(one.wall), report.milliseconds(one.cpu), report.milliseconds(each.get(name)))
        for name, one in series.items()
    )
    outcome = report.Outcome()
    columns = ("command", "wall ms", "CPU ms", "ms per branch")
    notes = [f"{CHERRY}: one sh script over {len(sample)} of them", *report.failures(series)]
    outcome.add(title, series, report.Table(title, columns, rows, tuple(notes)))
    outcome.budgets.append(report.Budget(f"{title}: per branch, no cache", each[COLD], LIMIT, "ms"))
    few = make_with(home, "merged-few", Mix(FEW))
    grown = _processes(home, warm) - _processes(home, few)
    what = f"{title}: git processes when warm, more than for {FEW} branches"
    outcome.budgets.append(report.Budget(what, grown, 0, "n"))
    return outcome


def _compared(sample: Sequence[Branch]) -> Callable[[str], str | None]:
    """Proof that `git cherry` compared every commit: it knows rebased ones again, and never one that is only open."""
    ahead = sum(one.own for one in sample if one.kind != MERGED)
    again = sum(one.own for one in sample if one.kind == REBASED)
    missing = {one.kind for one in sample} ^ {one.kind for one in Mix(BRANCHES).branches()}

    def proof(printed: str) -> str | None:
        lines = printed.splitlines()
        same = sum(1 for line in lines if line.startswith("- "))
        if missing:
            return f"nothing is asked about branches that are {', '.join(sorted(missing))}"
        return None if len(lines) == ahead and again <= same < ahead else f"it compared {len(lines)} of {ahead} commits"

    return proof


def _processes(home: Home, folder: str) -> int:
    """How many git processes a warm run starts."""
    trace = home.place("processes")
    with contextlib.suppress(FileNotFoundError):
        os.unlink(trace)
    run(home, folder, *_COMMAND)
    run(Home(home.folder, {**home.environment, "GIT_TRACE": trace}), folder, *_COMMAND)
    with open(trace, encoding="utf-8", errors="replace") as file:
        found = sum(1 for line in file if "trace: built-in: git " in line)
    if not found:
        raise SetUpError(f"{WARM}: git wrote down none of its processes")
    return found
