"""`make race`: many workers want the same plans and numbers, or finish, at once; a table of what came of it, and what broke."""

from __future__ import annotations

import argparse
import json
import os
import random
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator

import allocation
import claims
import finishing
import ready_plans
from http_server import serve
from setting import NONE, TRANSPORTS, Setting, deal, modes
from tally import Tally, render, render_codes, render_results
from worlds import SetUpError, seal

_ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
COMMAND = os.path.join(_ROOT, ".venv", "bin", "holdfast")
PARTS = ("claims", "numbers", "next", "finish")
_SHOWN = 60


def main(arguments: list[str] | None = None) -> int:
    """Exit status: 0, or 1 when anything happened that must never be, 2 when it could not be tried."""
    asked = _arguments(arguments)
    begin = time.monotonic()
    print(
        f"seed {asked.seed}: {asked.workers} workers, {asked.plans:,} plans, {asked.numbers:,} numbers, {asked.rounds:,} rounds",
        flush=True,
    )
    folder = tempfile.mkdtemp(prefix="holdfast-race-") if asked.keep else ""
    with tempfile.TemporaryDirectory(prefix="holdfast-race-") as thrown_away:
        home = seal(os.path.realpath(folder or thrown_away))
        running: set[subprocess.Popen[bytes]] = set()
        with serve(home.folder, running=running) as url:
            chance = random.Random(asked.seed)
            sizes = (asked.workers, asked.clones, asked.kill)
            setting = Setting(home, url, running, tuple(asked.command), *sizes, chance)
            try:
                tallies = list(_run(setting, asked))
            except SetUpError as error:
                print(f"race: {error}", file=sys.stderr)
                return 2
    _show(tallies, asked.seed, time.monotonic() - begin)
    if asked.json:
        _keep(tallies, asked, time.monotonic() - begin)
    if folder:
        print(f"kept: {folder}")
    return 1 if any(one.violations for one in tallies) else 0


def _run(setting: Setting, asked: argparse.Namespace) -> Iterator[Tally]:
    """Run all parts that were asked for; says each that is done."""
    transports = asked.transport or TRANSPORTS
    if "claims" in asked.only:
        chosen = [mode for mode in modes() if mode.transport in transports and (setting.kill or not mode.killed)]
        for mode, plans in deal(asked.plans, chosen):
            yield _said(claims.run(setting, mode, plans))
    shares = len(transports)
    for at, transport in enumerate(transports):
        numbers = asked.numbers // shares + (at < asked.numbers % shares)
        if "numbers" in asked.only and numbers:
            yield _said(allocation.run(setting, transport, numbers, asked.number_clones))
    for transport in transports:
        if "next" in asked.only and asked.ready:
            yield _said(ready_plans.run(setting, transport, asked.ready))
    kinds = [(transport, apart) for transport in transports for apart in (False, True)]
    for at, (transport, apart) in enumerate(kinds):
        rounds = asked.rounds // len(kinds) + (at < asked.rounds % len(kinds))
        if "finish" in asked.only and rounds:
            yield _said(finishing.run(setting, transport, rounds, apart=apart))


def _said(tally: Tally) -> Tally:
    found = f", {len(tally.violations)} violations" if tally.violations else ""
    print(f"  {tally.mode}: {tally.taken:,} in {tally.spent:.0f} s{found}", flush=True)
    return tally


def _show(tallies: list[Tally], seed: int, seconds: float) -> None:
    print("\n" + render(tallies))
    print("\n" + render_codes(tallies))
    results = render_results(tallies)
    if results:
        print(results)
    locks = sum(one.locks for one in tallies)
    if locks:
        print(f"{locks} lock files of git, left by those that were killed, were removed as git advises")
    violations = [violation for one in tallies for violation in one.violations]
    for one in violations[:_SHOWN]:
        print(f"VIOLATION  {one.mode}, {one.about}: {one.text}")
    if len(violations) > _SHOWN:
        print(f"... and {len(violations) - _SHOWN:,} more")
    verdict = f"{len(violations):,} violations" if violations else "no violation"
    print(f"{verdict} in {seconds:.0f} s; the same again, as far as chance is ours: --seed {seed}")


def _keep(tallies: list[Tally], asked: argparse.Namespace, seconds: float) -> None:
    modes = [
        {"mode": one.mode, "taken": one.taken, "outcomes": dict(one.outcomes), "violations": len(one.violations)}
        for one in tallies
    ]
    with open(asked.json, "w", encoding="utf-8") as file:
        json.dump(
            {"seed": asked.seed, "workers": asked.workers, "seconds": round(seconds), "modes": modes}, file, indent=1
        )


def _arguments(given: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="race/run.py", description="Let many workers want the same plans and numbers at once."
    )
    add = parser.add_argument
    add("--plans", type=int, default=1000, help="plans to race for, over all modes (%(default)s)")
    add("--workers", type=int, default=4, help="workers that want the same plan (%(default)s)")
    add(
        "--clones", type=int, default=2, help="clones that workers share (%(default)s); in other modes each has its own"
    )
    add("--transport", action="append", choices=TRANSPORTS, help=f"file, http or {NONE} (no remote); all three")
    add("--numbers", type=int, default=500, help="plan numbers to take, over all transports (%(default)s)")
    add("--number-clones", type=int, default=8, help="clones that take numbers at once (%(default)s)")
    add("--ready", type=int, default=42, help="plans that `start --next` hands out, per transport (%(default)s)")
    add("--rounds", type=int, default=100, help="rounds of finishers, over all transports (%(default)s)")
    add(
        "--kill",
        type=float,
        default=0.3,
        metavar="P",
        help="how likely a worker is killed, where some are (%(default)s)",
    )
    add("--seed", type=int, default=random.SystemRandom().randrange(10**6), help="what chance begins with")
    add("--only", action="append", choices=PARTS, help="only this part")
    add("--command", type=shlex.split, default=[COMMAND], help="the command under test (this checkout's holdfast)")
    add("--json", metavar="FILE", help="write what came of it into FILE, too")
    add("--keep", action="store_true", help="keep the repositories")
    asked = parser.parse_args(given)
    asked.only = asked.only or PARTS
    if min(asked.workers, asked.clones, asked.number_clones) < 1 or not 0 <= asked.kill <= 1:
        parser.error("--workers, --clones and --number-clones: at least 1; --kill: from 0 to 1")
    return asked


if __name__ == "__main__":
    sys.exit(main())
