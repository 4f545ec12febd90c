"""`make bench`: run every scenario, print the tables, and keep the numbers in bench/results.json."""

from __future__ import annotations

import argparse
import datetime
import json
import os
import sys
import tempfile

import agent_hook
import check_plans
import claims
import commit_with_plan
import commit_without_plan
import finish
import growth
import guard
import machine
import merged_or_not
import page
import peers
import plan_list
import report
import start_claim
import start_up
import status
import worktrees
from adopt import PROGRAMS
from repositories import SetUpError, seal
from setting import Setting

SCENARIOS = {
    "start": start_up.measure,
    "commit-without-plan": commit_without_plan.measure,
    "commit-with-plan": commit_with_plan.measure,
    "plan-list": plan_list.measure,
    "check": check_plans.measure,
    "claims": claims.measure,
    "merged-or-not": merged_or_not.measure,
    "start-claim": start_claim.measure,
    "finish": finish.measure,
    "guard": guard.measure,
    "worktrees": worktrees.measure,
    "status": status.measure,
    "agent-hook": agent_hook.measure,
    "growth": growth.measure,
}
RESULTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "results.json")


def main() -> int:
    """Exit status: 0, or 1 with `--strict` when a budget is over or was not measured."""
    arguments = _arguments()
    about = {**machine.describe(), "load before": f"{machine.load():.2f} per core"}
    print("Installing what Holdfast stands beside ...", flush=True)
    beside = peers.install()
    outcome = report.Outcome()
    remarks = list(beside.missing)
    with tempfile.TemporaryDirectory(prefix="holdfast-bench-") as folder:
        setting = Setting(seal(os.path.realpath(folder), (PROGRAMS,)), beside, arguments.runs, arguments.quick)
        for name in arguments.only or SCENARIOS:
            print(f"{name} ...", flush=True)
            try:
                found = SCENARIOS[name](setting)
            except SetUpError as error:
                remarks.append(f"{name}: {error}")
                continue
            outcome.extend(found)
    busy = machine.load()
    about |= {"load after": f"{busy:.2f} per core", **beside.versions}
    if busy > machine.BUSY:
        remarks.append("the machine was busy with other work: differences of a few ms say little")
    _show(about, outcome, remarks, arguments.runs)
    _keep(about, outcome, remarks, arguments.runs)
    if not arguments.only:
        for path in page.write():
            print(f"wrote {path}")
    unkept = [one for one in outcome.budgets if one.limit is not None and one.verdict != "within"]
    return 1 if arguments.strict and (unkept or remarks) else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench/run.py", description="Time whole processes beside their peers.")
    parser.add_argument(
        "--only", action="append", choices=SCENARIOS, metavar="NAME", help=f"one of {', '.join(SCENARIOS)}"
    )
    parser.add_argument("--runs", type=int, help="timed rounds of the short commands (61, with --quick 11)")
    parser.add_argument("--quick", action="store_true", help="fewer rounds, nothing above 2,000 plans or branches")
    parser.add_argument("--strict", action="store_true", help="exit 1 unless every budget was measured and is kept")
    arguments = parser.parse_args()
    if arguments.runs is None:
        arguments.runs = 11 if arguments.quick else 61
    if arguments.runs < 2:
        parser.error("--runs: at least 2")
    return arguments


def _show(about: dict[str, str], outcome: report.Outcome, remarks: list[str], runs: int) -> None:
    print("\n" + ", ".join(f"{name} {value}" for name, value in about.items()))
    print(f"Medians of whole processes over {runs} interleaved rounds, fewer for the slowest.")
    print("CPU is user and system of the whole process tree.\n")
    for table in outcome.tables:
        print(report.render(table) + "\n")
    if outcome.budgets:
        print(report.render_budgets(outcome.budgets))
    for remark in remarks:
        print(f"remark: {remark}")


def _keep(about: dict[str, str], outcome: report.Outcome, remarks: list[str], runs: int) -> None:
    at = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    kept = {"at": at, "machine": about, "runs": runs, "remarks": remarks, **report.data(outcome)}
    with open(RESULTS, "w", encoding="utf-8") as file:
        json.dump(kept, file, indent=1, ensure_ascii=False)
        file.write("\n")


if __name__ == "__main__":
    sys.exit(main())
