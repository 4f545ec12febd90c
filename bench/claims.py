"""Listing claims: Holdfast beside raw git and beside claude-worktree; and among so many branches that they alone count."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence

import report
from adopt import COMMAND, PYTHON, forget
from branches import Branch, Mix, add_worktrees, make_with, newest_open
from repositories import Home, SetUpError
from setting import Setting
from timing import Contender, Series, interleave

BRANCHES, WORKTREES = 500, 50

LIMIT = 100.0
"""Milliseconds that listing claims may take while the cache fits."""

SHARE = 1 / 6
"""The part of claude-worktree's time that Holdfast may use."""

GROWTH = 3.0
"""How many times the time of raw git it may be among very many branches, beside the start of Python."""

WARM = "holdfast claims"
COLD = "holdfast claims, no cache"
GIT = "git for-each-ref, git worktree list"
PEER = "cw list"
REFS = "git for-each-ref"
START = "python -c pass"


def measure(setting: Setting) -> report.Outcome:
    """500 branches and 50 linked worktrees beside the others; 10,000 branches beside raw git."""
    outcome = report.Outcome()
    _list(setting, outcome)
    _list_many(setting, outcome, 2_000 if setting.quick else 10_000)
    return outcome


def _list(setting: Setting, outcome: report.Outcome) -> None:
    title = f"List the claims of {BRANCHES} branches and {WORKTREES} worktrees"
    print(f"  setting up: {BRANCHES} branches and {WORKTREES} worktrees, three times", flush=True)
    mix = Mix(BRANCHES, shared=True, claimed=True)
    contenders: list[Contender] = []
    notes: list[str] = []
    for build in (_holdfast, _peer):
        try:
            contenders += build(setting, mix)
        except SetUpError as error:
            notes.append(str(error))
    series = interleave(contenders, max(setting.runs // 6, 5))
    outcome.add(title, series, _table(title, series, PEER, notes))
    ours, peer = _wall(series, WARM), _wall(series, PEER)
    outcome.budgets.append(report.Budget(f"{title}: warm", ours, LIMIT, "ms"))
    limit = peer * SHARE if peer is not None else None
    outcome.budgets.append(report.Budget(f"{title}: warm, 1/6 of claude-worktree", ours, limit, "ms"))


def _holdfast(setting: Setting, mix: Mix) -> list[Contender]:
    home, branches = setting.home, mix.branches()
    warm, cold = (_with_worktrees(home, f"claims-{name}", mix) for name in ("warm", "cold"))
    command = (COMMAND, "claims")
    both = ("sh", "-c", "git for-each-ref && git worktree list")
    return [
        Contender(WARM, command, warm, home.environment, None, lists(branches)),
        Contender(COLD, command, cold, home.environment, forgetting(home, cold), lists(branches)),
        Contender(GIT, both, warm, home.environment, None, _names(branches, newest_open(branches, WORKTREES))),
    ]


def _peer(setting: Setting, mix: Mix) -> list[Contender]:
    """claude-worktree with what `cw new` writes into git's configuration, and without its daily look for updates."""
    home, command = setting.home, setting.peers.worktree
    if command is None:
        raise SetUpError(f"{PEER}: not available")
    folder = _with_worktrees(home, "claims-peer", mix)
    checked_out = newest_open(mix.branches(), WORKTREES)
    with open(os.path.join(folder, ".git", "config"), "a", encoding="utf-8") as file:
        for one in checked_out:
            file.write(f'[branch "{one.name}"]\n\tworktreeBase = main\n')
            file.write(f'[worktree "{one.name}"]\n\tbasePath = {folder}\n\tintendedBranch = {one.name}\n')
    settings = os.path.join(home.environment["HOME"], ".config", "claude-worktree")
    os.makedirs(settings, exist_ok=True)
    with open(os.path.join(settings, "config.json"), "w", encoding="utf-8") as file:
        json.dump({"update": {"auto_check": False}}, file)
    return [Contender(PEER, (command, "list"), folder, home.environment, None, _names(checked_out))]


def _with_worktrees(home: Home, name: str, mix: Mix) -> str:
    folder = make_with(home, name, mix)
    add_worktrees(home, folder, newest_open(mix.branches(), WORKTREES))
    return folder


def _list_many(setting: Setting, outcome: report.Outcome, count: int) -> None:
    title = f"List the claims of {count:,} branches"
    print(f"  setting up: {count:,} branches", flush=True)
    contenders: list[Contender] = []
    notes: list[str] = []
    try:
        contenders += _among_many(setting.home, Mix(count))
    except SetUpError as error:
        notes.append(str(error))
    series = interleave(contenders, max(setting.runs // 6, 5))
    outcome.add(title, series, _table(title, series, REFS, notes))
    raw, start = _wall(series, REFS), _wall(series, START)
    limit = raw * GROWTH + start if raw is not None and start is not None else None
    what = f"{title}: warm, 3 x git for-each-ref and a Python start"
    outcome.budgets.append(report.Budget(what, _wall(series, WARM), limit, "ms"))


def _among_many(home: Home, mix: Mix) -> list[Contender]:
    folder, branches = make_with(home, f"claims-{mix.count}", mix), mix.branches()
    return [
        Contender(WARM, (COMMAND, "claims"), folder, home.environment, None, lists(branches)),
        Contender(REFS, ("git", "for-each-ref", "refs/heads"), folder, home.environment, None, _names(branches)),
        Contender(START, (PYTHON, "-c", "pass"), folder, home.environment),
    ]


def lists(branches: Sequence[Branch], *, merged_too: bool = False) -> Callable[[str], str | None]:
    """Proof that exactly the claims that hold were listed; with `merged_too` the merged ones, and as such."""

    def proof(printed: str) -> str | None:
        rows = [line.split() for line in printed.splitlines() if line.startswith("#")]
        found = {row[1]: row[2] == "integrated" for row in rows if len(row) > 2}
        wanted = {one.name: one.ended for one in branches if merged_too or not one.ended}
        wrong = [name for name in {**found, **wanted} if found.get(name) != wanted.get(name)]
        return f"it is wrong about {len(wrong)} of {len(wanted)} branches, {wrong[0]} first" if wrong else None

    return proof


def forgetting(home: Home, folder: str) -> Callable[[int], None]:
    """A preparation that throws the cache of a repository away."""

    def prepare(number: int) -> None:
        del number
        forget(home, folder)

    return prepare


def _names(branches: Sequence[Branch], checked_out: Sequence[Branch] = ()) -> Callable[[str], str | None]:
    """Proof that the branches were listed, and worktrees with those that are `checked_out` as git lists them."""
    wanted = [*(one.name for one in branches), *(f"[{one.name}]" for one in checked_out)]

    def proof(printed: str) -> str | None:
        words = set(printed.replace("refs/heads/", "").split())
        shown = sum(1 for name in wanted if name in words)
        return None if shown == len(wanted) else f"it listed {shown} of {len(wanted)}"

    return proof


def _wall(series: Mapping[str, Series], name: str) -> float | None:
    return series[name].wall if name in series else None


def _table(title: str, series: Mapping[str, Series], beside: str, notes: Sequence[str]) -> report.Table:
    base = _wall(series, beside)
    rows = []
    for name, one in series.items():
        low, high = one.spread or (None, None)
        rows.append(
            (
                name,
                report.milliseconds(one.wall),
                f"{report.milliseconds(low)}..{report.milliseconds(high)}",
                report.milliseconds(one.cpu),
                report.times(report.ratio(one.wall, base)),
            )
        )
    columns = ("command", "wall ms", "quartiles", "CPU ms", f"wall / {beside}")
    return report.Table(title, columns, tuple(rows), (*notes, *report.failures(series)))
