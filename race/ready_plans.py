"""`start --next` by several workers at once: nobody gets a plan twice, and nobody goes without while there are enough."""

from __future__ import annotations

import time

from claims import observe, same_moment
from setting import Setting
from tally import Tally
from verdict import judge, nobody
from workers import LOST, REFUSED, Attempt, Worker, at_once
from worlds import World


def run(setting: Setting, transport: str, plans: int) -> Tally:
    """Hand out so many ready plans, round by round, the last one to more workers than there are plans."""
    tally = Tally(f"{transport}: start --next")
    world = setting.world(transport, plans, setting.workers)
    begin, left, handed = time.monotonic(), set(range(1, plans + 1)), 0
    for number in range(-(-plans // setting.workers) + 1):
        attempts = at_once(_workers(setting, world, named=number % 2 == 0), same_moment(world))
        tally.add(attempts)
        due = min(len(left), setting.workers)
        won = [one for one in attempts if one.won]
        tally.complain(f"round {number + 1}", _round(attempts, left, due))
        for winner in won:
            plan = winner.document.get("plan")
            if plan in left:
                left.discard(plan)
                handed += 1
                scene = observe(world, plan, [winner])
                tally.complain(f"plan {plan}", judge(scene, [winner], named=number % 2 == 0))
    for plan in sorted(left):
        tally.complain(f"plan {plan}", nobody(observe(world, plan, [])))
    tally.taken, tally.spent = handed, time.monotonic() - begin
    return tally


def _workers(setting: Setting, world: World, named: bool) -> list[Worker]:
    found = []
    for at, place in enumerate(world.places):
        owner = ("--owner", f"worker-{at}") if named else ()
        command = (*setting.command, "start", "--next", "--json", "--no-worktree", *owner)
        found.append(Worker(f"worker-{at}", place, command))
    return found


def _round(attempts: list[Attempt], left: set[int], due: int) -> list[str]:
    """Did as many get a plan as there were plans, each its own, and did the others hear of it?"""
    won = [one.document.get("plan") for one in attempts if one.won]
    complaints = [f"plan {plan} was handed out again" for plan in sorted({str(p) for p in won if p not in left})]
    complaints += [f"plan {plan} went to several" for plan in sorted({str(p) for p in won if won.count(p) > 1})]
    if len(won) != due:
        told = "; ".join(f"{one.worker.name}: {one.last_words}" for one in attempts if not one.won)
        complaints.append(f"{len(won)} of {due} got a plan: {told}")
    odd = [one for one in attempts if not one.won and one.code not in (REFUSED, LOST)]
    return complaints + [f"{one.worker.name} ended with {one.code}: {one.last_words}" for one in odd]
