"""Finishing a plan among 2,000 without a forge: Holdfast beside the git commands that do it by hand and look at nothing."""

from __future__ import annotations

import os

import plan_texts
import report
from adopt import COMMAND, adopt
from repositories import Home, make, run
from setting import Setting
from timing import Contender, interleave

PLANS = 2_000
LIMIT, FACTOR = 400.0, 3.0
"""What it may take in milliseconds, and how many times the time of the git commands."""

HOLDFAST, GIT = "holdfast finish", "git by hand"
WORK = "src/work.txt"

_MERGE = """\
set -e
tree=$(git merge-tree --write-tree main "$1")
commit=$(git commit-tree -p main -m "Finish $1" "$tree")
"""
_BROUGHT = """\
git merge --quiet --ff-only "$commit"
git worktree remove ".worktrees/$1"
git branch --quiet -D "$1"
"""
_FENCE = 'number=${1#plan-}; number=${number%%-*}; fence="refs/holdfast/plans/$number"\n'
_ALONE = _MERGE + _BROUGHT + _FENCE + 'git update-ref -d "$fence"\n'
_SHARED = (
    "set -e\ngit fetch --quiet origin\n"
    + _MERGE
    + _FENCE
    + 'git push --quiet --atomic origin "$commit:refs/heads/main"\n'
    + _BROUGHT
    + 'git push --quiet origin --delete "$1" "$fence"\n'
)


def measure(setting: Setting) -> report.Outcome:
    """With a bare remote on this machine, and without one."""
    outcome = report.Outcome()
    for shared in (False, True):
        _compare(setting, outcome, shared)
    return outcome


def _compare(setting: Setting, outcome: report.Outcome, shared: bool) -> None:
    title = f"Finish a plan of {PLANS:,} {'over a bare remote' if shared else 'without a remote'}"
    print(f"  setting up: {title[0].lower()}{title[1:]}", flush=True)
    runs = max(setting.runs // 3, 5)
    numbers = plan_texts.calm(PLANS, runs + 3)
    contenders = []
    for name, command in ((HOLDFAST, (COMMAND, "finish")), (GIT, ("sh", "-c", _SHARED if shared else _ALONE, "sh"))):
        folder = _repository(setting.home, f"finish-{'holdfast' if name == HOLDFAST else 'git'}", shared)
        contenders.append(_contender(setting.home, name, command, folder, numbers, shared))
    series = interleave(contenders, runs)
    ours, raw = series[HOLDFAST].wall, series[GIT].wall
    rows = tuple(
        (name, report.milliseconds(one.wall), report.milliseconds(one.cpu), report.times(report.ratio(one.wall, raw)))
        for name, one in series.items()
    )
    columns = ("command", "wall ms", "CPU ms", f"wall / {GIT}")
    outcome.add(title, series, report.Table(title, columns, rows, report.failures(series)))
    outcome.budgets.append(report.Budget(title, ours, LIMIT, "ms"))
    outcome.budgets.append(report.Budget(f"{title}, to {GIT}", report.ratio(ours, raw), FACTOR, "x"))


def _repository(home: Home, name: str, shared: bool) -> str:
    """A repository that adopted Holdfast, with a plan index, and a bare remote of it where it is `shared`."""
    name = f"{name}-{'shared' if shared else 'alone'}"
    folder = make(home, name, plan_texts.plans(PLANS) | plan_texts.other_files(100))
    if shared:
        run(home, folder, "git", "init", "--quiet", "--bare", home.place(f"{name}.git"))
        run(home, folder, "git", "remote", "add", "origin", home.place(f"{name}.git"))
        run(home, folder, "git", "push", "--quiet", "--set-upstream", "origin", "main")
    adopt(home, folder, PLANS)
    if shared:
        run(home, folder, "git", "push", "--quiet", "origin", "main")
    return folder


def _contender(
    home: Home, name: str, command: tuple[str, ...], folder: str, numbers: tuple[int, ...], shared: bool
) -> Contender:
    """One that finishes another plan in each round: the last word of its command is the branch.

    Each round begins with a look at the one before, which lies outside the clock.
    """
    words = [*command, ""]
    proofs: list[str] = []

    def prepare(number: int) -> None:
        if proofs:
            run(home, folder, "sh", "-c", proofs.pop())
        if name == HOLDFAST:
            run(home, folder, COMMAND, "trash", "empty", "--yes")
        words[-1] = _worked(home, folder, numbers[number], shared)
        proofs.append(_proof(numbers[number], words[-1], folder, shared))

    def proof(printed: str) -> str | None:
        del printed
        run(home, folder, "sh", "-c", proofs[-1])
        return None

    return Contender(name, words, folder, home.environment, prepare, proof)


def _worked(home: Home, folder: str, number: int, shared: bool) -> str:
    """A claim with a worktree, work and the plan complete on its branch, pushed where there is a remote; its branch."""
    run(home, folder, COMMAND, "start", str(number))
    branch = f"plan-{number}-{plan_texts.slug(number)}"
    tree = os.path.join(folder, ".worktrees", branch)
    plan = os.path.join(tree, plan_texts.path(number))
    with open(plan, encoding="utf-8") as file:
        text = file.read()
    with open(plan, "w", encoding="utf-8") as file:
        file.write(text.replace("[ ]", "[x]"))
    with open(os.path.join(tree, f"{WORK}.{number}"), "w", encoding="utf-8") as file:
        file.write(f"The work of plan {number}.\n")
    run(
        home,
        tree,
        COMMAND,
        "plan",
        "set",
        str(number),
        "--status",
        "complete",
        "--evidence",
        "The recorded load passes.",
    )
    run(home, tree, "git", "add", "--all")
    run(home, tree, "git", "commit", "--quiet", "-m", f"Work on plan {number}")
    if shared:
        run(home, tree, "git", "push", "--quiet", "origin", "HEAD")
    return branch


def _proof(number: int, branch: str, folder: str, shared: bool) -> str:
    """A shell script that fails unless the work is in main here, and on the remote, and nothing of its branch is left."""
    where = ["main", *(["origin/main"] if shared else [])]
    lines = [f'git cat-file -e "{one}:{WORK}.{number}" || exit 1' for one in where]
    lines += [f'test -f "{folder}/{WORK}.{number}" && test ! -e "{folder}/.worktrees/{branch}" || exit 1']
    lines += [f'test -z "$(git for-each-ref "refs/heads/{branch}" "refs/holdfast/plans/{number}")" || exit 1']
    if shared:
        lines += ['test "$(git ls-remote origin refs/heads/main | cut -c1-40)" = "$(git rev-parse main)" || exit 1']
        lines += [f'test -z "$(git ls-remote origin "refs/heads/{branch}" "refs/holdfast/plans/{number}")" || exit 1']
    return "\n".join([*lines, 'test -z "$(git status --porcelain)"'])
