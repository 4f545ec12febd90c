"""A commit that touches no plan: no hooks, no-op shell hooks, Holdfast, prek and pre-commit side by side.

Beside them what any such tool must add: no-op hooks of which one asks git what is staged.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

import plan_texts
import report
from adopt import adopt
from peers import NO_OP_CONFIGURATION
from repositories import Home, SetUpError, change, commit_all, linked, make, run, write_no_op_hooks
from setting import Setting
from timing import Contender, Series, interleave

PLANS = 1_000
OTHERS = 200

NONE = "no hooks"
SHELL = "no-op sh hooks"
LEAST = "the same, one asks git"
HOLDFAST = "Holdfast"
PREK = "prek, one no-op hook"
PRE_COMMIT = "pre-commit, one no-op hook"

_USUAL_HOOKS = ("pre-commit", "commit-msg", "post-commit")
_MESSAGE = "Change one part"
_TAGGED = "[Plan #12] Change"


def measure(setting: Setting) -> report.Outcome:
    """Plain, tagged, in a linked worktree, and beside plans that hold old problems."""
    outcome = report.Outcome()
    print("  setting up: 1,000 valid plans", flush=True)
    tidy, notes = _repositories(setting, "tidy", plan_texts.plans(PLANS))
    _compare(setting, outcome, "Commit that touches no plan", tidy, _MESSAGE, notes)
    _compare(setting, outcome, "Commit that touches no plan, tagged [Plan #12]", tidy, _TAGGED, notes)
    trees = {name: linked(setting.home, folder) for name, folder in tidy.items()}
    _compare(setting, outcome, "Commit that touches no plan, in a linked worktree", trees, _MESSAGE, notes)
    print("  setting up: 1,000 plans with old problems", flush=True)
    messy, notes = _repositories(setting, "messy", plan_texts.messy_plans(PLANS))
    _compare(setting, outcome, "Commit that touches no plan, beside messy plans", messy, _MESSAGE, notes)
    return outcome


def _repositories(setting: Setting, name: str, plans: Mapping[str, bytes]) -> tuple[dict[str, str], list[str]]:
    """One repository for each variant, equal but for the hooks; and a word about those not made."""
    home, peers = setting.home, setting.peers
    files = {**plans, **plan_texts.other_files(OTHERS)}
    found = {NONE: make(home, f"{name}-none", files)}
    notes: list[str] = []
    hooks: tuple[str, ...] = _USUAL_HOOKS
    folder = make(home, f"{name}-holdfast", files)
    try:
        hooks = adopt(home, folder, PLANS)
        found[HOLDFAST] = folder
    except SetUpError as error:
        notes.append(f"{HOLDFAST}: {error}")
    notes.append(f"{SHELL}: {', '.join(hooks)}")
    found[SHELL] = make(home, f"{name}-shell", files)
    write_no_op_hooks(home, found[SHELL], hooks)
    # What no hook can do without that is to know whether a plan is staged: one git process.
    found[LEAST] = make(home, f"{name}-least", files)
    write_no_op_hooks(home, found[LEAST], hooks)
    ask = f"#!/bin/sh\nLC_ALL=C git diff-index --cached --quiet HEAD -- {plan_texts.FOLDER}\n"
    with open(os.path.join(found[LEAST], ".git", "hooks", "pre-commit"), "w", encoding="utf-8") as file:
        file.write(ask)
    for label, command in ((PREK, peers.prek), (PRE_COMMIT, peers.pre_commit)):
        if command is None:
            notes.append(f"{label}: not available")
            continue
        folder = make(home, f"{name}-{os.path.basename(command)}", files)
        try:
            _install(home, folder, command)
            found[label] = folder
        except SetUpError as error:
            notes.append(f"{label}: {error}")
    order = (NONE, SHELL, LEAST, HOLDFAST, PREK, PRE_COMMIT)
    return {label: found[label] for label in order if label in found}, notes


def _install(home: Home, folder: str, command: str) -> None:
    with open(os.path.join(folder, ".pre-commit-config.yaml"), "wb") as file:
        file.write(NO_OP_CONFIGURATION)
    commit_all(home, folder, "Configure the no-op hook")
    run(home, folder, command, "install")


def _compare(
    setting: Setting,
    outcome: report.Outcome,
    title: str,
    folders: Mapping[str, str],
    message: str,
    notes: list[str],
) -> None:
    contenders = [_contender(setting.home, name, folder, message) for name, folder in folders.items()]
    series = interleave(contenders, setting.runs)
    outcome.add(title, series, _table(title, series, notes))
    outcome.budgets += _budgets(title, series)


def _contender(home: Home, name: str, folder: str, message: str) -> Contender:
    def prepare(number: int) -> None:
        content = f"Round {number} of {message}\n"
        change(home, folder, f"src/part_{number % OTHERS:03}.txt", content.encode())

    def proof(printed: str) -> str | None:
        passed = name not in (PREK, PRE_COMMIT) or "Passed" in printed
        return None if passed else "its hook did not run"

    return Contender(name, ("git", "commit", "-q", "-m", message), folder, home.environment, prepare, proof)


def _added(series: Mapping[str, Series], name: str) -> float | None:
    """The milliseconds that a variant adds to a commit without hooks."""
    if name not in series:
        return None
    return report.difference(series[name].wall, series[NONE].wall)


def _table(title: str, series: Mapping[str, Series], notes: list[str]) -> report.Table:
    shell = series[SHELL]
    rows = []
    for name, one in series.items():
        added = _added(series, name)
        low, high = one.spread or (None, None)
        rows.append(
            (
                name,
                report.milliseconds(one.wall),
                f"{report.milliseconds(low)}..{report.milliseconds(high)}",
                report.milliseconds(one.cpu),
                report.milliseconds(added if name != NONE else None),
                report.milliseconds(report.difference(one.cpu, series[NONE].cpu) if name != NONE else None),
                report.times(report.ratio(added, _added(series, SHELL)) if name != NONE else None),
                report.times(report.ratio(one.wall, shell.wall)),
            )
        )
    columns = ("variant", "wall ms", "quartiles", "CPU ms", "added ms", "added CPU", "added / sh", "whole / sh")
    return report.Table(title, columns, tuple(rows), (*notes, *report.failures(series)))


def _budgets(title: str, series: Mapping[str, Series]) -> list[report.Budget]:
    ours = _added(series, HOLDFAST)
    return [
        report.Budget(f"{title}: added / no-op sh hooks", report.ratio(ours, _added(series, SHELL)), 1.6, "x"),
        report.Budget(f"{title}: added, beside prek", ours, _added(series, PREK), "ms"),
    ]
