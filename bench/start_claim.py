"""Taking a plan in a repository without a remote: Holdfast beside the git commands for it by hand."""

from __future__ import annotations

import os

import plan_texts
import report
from adopt import COMMAND, PYTHON, adopt
from repositories import Home, make, run
from setting import Setting
from timing import Contender, interleave

PLANS = 200
FREE = 20
"""So many plans at most are taken in turn, each given back before the next is taken."""

FACTOR = 1.5
"""How many times the time of the git commands it may be, beside the start of Python."""

GIT = "git by hand"
BLIND = "git by hand, unlooked"
HOLDFAST = "holdfast start"
START = "python -c pass"

_LOOK = """\
top=$(git rev-parse --show-toplevel)
taken=$(git for-each-ref --format='%(refname)' "refs/heads/plan-$1-*" "refs/holdfast/plans/$1")
test -z "$taken"
git worktree list --porcelain >/dev/null
owner=$(git config user.name)
path=$(git ls-tree --name-only main docs/plans/ | grep "/0*$1[_-]")
git cat-file -p "main:$path" | grep -qi status
"""
"""What somebody looks at who does not want to collide: refs, worktrees, the plan and its status."""

_TAKE = """\
commit=$(git commit-tree -p main -m "[Plan #$1] Claim" -m "Claim-Plan: $1" 'main^{tree}')
git update-ref -m "claim of plan $1" --stdin <<END
start
create refs/heads/plan-$1-by-hand $commit
create refs/holdfast/plans/$1 $commit
prepare
commit
END
"""
"""A claim commit on main, branch and fence in one transaction."""

_CHECK_OUT = 'git worktree add --quiet ".worktrees/plan-$1-by-hand" "plan-$1-by-hand"\n'


def measure(setting: Setting) -> report.Outcome:
    """With a worktree and without."""
    outcome = report.Outcome()
    print(f"  setting up: {PLANS} plans, twice", flush=True)
    files = plan_texts.plans(PLANS)
    ours, by_hand = make(setting.home, "start-holdfast", files), make(setting.home, "start-git", files)
    for folder in (ours, by_hand):
        adopt(setting.home, folder, PLANS)
    for worktree in (False, True):
        _compare(setting, outcome, ours, by_hand, worktree)
    return outcome


def _compare(setting: Setting, outcome: report.Outcome, ours: str, by_hand: str, worktree: bool) -> None:
    title = f"Take a plan {'with a' if worktree else 'without'} worktree"
    home = setting.home
    take = _TAKE + _CHECK_OUT if worktree else _TAKE
    flags = () if worktree else ("--no-worktree",)
    contenders = [
        _contender(home, HOLDFAST, (COMMAND, "start", *flags), ours, worktree),
        _contender(home, GIT, ("sh", "-c", "set -e\n" + _LOOK + take, "sh"), by_hand, worktree),
        _contender(home, BLIND, ("sh", "-c", "set -e\n" + take, "sh"), by_hand, worktree),
        Contender(START, (PYTHON, "-c", "pass"), by_hand, home.environment),
    ]
    series = interleave(contenders, max(setting.runs // 3, 5))
    raw, start = series[GIT].wall, series[START].wall
    rows = tuple(
        (name, report.milliseconds(one.wall), report.milliseconds(one.cpu), report.times(report.ratio(one.wall, raw)))
        for name, one in series.items()
    )
    columns = ("command", "wall ms", "CPU ms", f"wall / {GIT}")
    outcome.add(title, series, report.Table(title, columns, rows, report.failures(series)))
    limit = raw * FACTOR + start if raw is not None and start is not None else None
    what = f"{title}: 1.5 x git by hand and a Python start"
    outcome.budgets.append(report.Budget(what, series[HOLDFAST].wall, limit, "ms"))


def _contender(home: Home, name: str, command: tuple[str, ...], folder: str, worktree: bool) -> Contender:
    """One that takes another plan in each round: the last word of its command is the plan's number."""
    numbers = plan_texts.calm(PLANS, FREE)
    words = [*command, ""]

    def prepare(number: int) -> None:
        _give_back(home, folder)
        words[-1] = str(numbers[number % len(numbers)])

    def proof(printed: str) -> str | None:
        del printed
        return _missing(home, folder, int(words[-1]), worktree)

    return Contender(name, words, folder, home.environment, prepare, proof)


def _missing(home: Home, folder: str, number: int, worktree: bool) -> str | None:
    """Why a plan is not taken: one branch, a fence at the same commit, and its worktree if there shall be one."""
    patterns = (f"refs/heads/plan-{number}-*", f"refs/holdfast/plans/{number}")
    printed = run(home, folder, "git", "for-each-ref", "--format=%(objectname) %(parent) %(refname)", *patterns)
    refs = [line.split() for line in printed.splitlines()]
    main = run(home, folder, "git", "rev-parse", "refs/heads/main").strip()
    if len(refs) != 2 or refs[0][:2] != refs[1][:2] or refs[0][1] != main:
        return f"it made {len(refs)} refs, not a branch and its fence on main"
    branch = refs[0][2].removeprefix("refs/heads/")
    plan = os.path.join(folder, ".worktrees", branch, plan_texts.path(number))
    return None if os.path.exists(plan) == worktree else f"{os.path.basename(plan)} is not as it should be"


def _give_back(home: Home, folder: str) -> None:
    """Leave no claim, no fence and no worktree."""
    place = os.path.join(folder, ".worktrees")
    for name in os.listdir(place) if os.path.isdir(place) else ():
        run(home, folder, "git", "worktree", "remove", "--force", os.path.join(place, name))
    wanted = ("refs/heads/plan-*", "refs/holdfast/plans/")
    doomed = run(home, folder, "git", "for-each-ref", "--format=delete %(refname)", *wanted)
    run(home, folder, "git", "update-ref", "--stdin", stdin=doomed.encode())
