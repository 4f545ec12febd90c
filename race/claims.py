"""Races for one plan after another: several workers want the same, exactly one gets it, and nothing is left half done."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Iterable, Sequence

import worlds
from setting import Mode, Setting, split
from tally import Tally
from verdict import Scene, judge
from workers import Attempt, Worker, at_once, in_turn
from worlds import SetUpError, World

_GUESS = 0.5
"""Seconds that a worker takes, as long as none was seen."""

_SETTLE = 0.1
"""Seconds in which what a killed worker said reaches the remote."""

_PATIENCE = 20.0
"""Seconds that a remote may take to end what a killed worker began."""

_EVERY = 5
"""One plan in so many is started with a worktree."""


def run(setting: Setting, mode: Mode, plans: int) -> Tally:
    """Race for so many plans in one mode."""
    tally = Tally(mode.title)
    for count in split(plans):
        clones = 1 if mode.single else setting.workers if mode.own else setting.clones
        world = setting.world(mode.transport, count, clones, apart=mode.killed)
        for plan in range(1, count + 1):
            begin = time.monotonic()
            _race(setting, mode, world, plan, tally)
            tally.spent += time.monotonic() - begin
    return tally


def _race(setting: Setting, mode: Mode, world: World, plan: int, tally: Tally) -> None:
    serial = next(setting.races)
    named, worktree = serial % 2 == 0, serial % _EVERY == 0
    if mode.behind:
        worlds.move_main(world, world.places[::2])
    workers = _workers(setting, world, plan, named, worktree)
    environment = same_moment(world)
    if not mode.at_once:
        attempts = in_turn(workers, environment)
    else:
        attempts = at_once(workers, environment, _doom(setting, tally) if mode.killed else None)
    tally.add(attempts)
    if any(one.killed for one in attempts):
        _settle(setting, world)
        attempts += _again(world, attempts, tally)
    tally.taken += 1
    tally.complain(f"plan {plan}", judge(observe(world, plan, attempts), attempts, named=named))


def same_moment(world: World) -> dict[str, str]:
    """The environment of workers whose commits all have one date: only what Holdfast adds can tell them apart."""
    moment = f"{int(time.time())} +0000"
    return {**world.home.environment, "GIT_AUTHOR_DATE": moment, "GIT_COMMITTER_DATE": moment}


def observe(world: World, plan: int, attempts: Iterable[Attempt]) -> Scene:
    """Look at every repository of a world for what concerns one plan."""
    home, fence = world.home, f"refs/holdfast/plans/{plan}"
    patterns = (f"refs/heads/plan-{plan}-*", fence)
    remote = worlds.refs(home, world.remote, *patterns) if world.remote else None
    clones = {clone: worlds.refs(home, clone, *patterns) for clone in world.clones}
    documents = [one.document for one in attempts if one.won]
    commits = {str(document.get("commit")) for document in documents}
    commits |= {commit for found in (remote or {}, *clones.values()) for commit in found.values()}
    worktrees = [str(document["worktree"]) for document in documents if document.get("worktree")]
    return Scene(
        plan, remote, clones, world.common,
        trailers={commit: worlds.trailers(home, world.remote or world.clones[0], commit) for commit in commits},
        heads={path: _head(world, path) for path in worktrees},
        worktrees={clone: _worktrees(clone, plan) for clone in world.clones},
        intents={clone: tuple(worlds.files_below(os.path.join(clone, "holdfast", "intents"))) for clone in world.clones},
    )  # fmt: skip


def _workers(setting: Setting, world: World, plan: int, named: bool, worktree: bool) -> list[Worker]:
    found = []
    for at in range(setting.workers):
        name = f"worker-{at}"
        owner = ("--owner", name) if named else ()
        without = () if worktree else ("--no-worktree",)
        command = (*setting.command, "start", str(plan), "--json", *owner, *without)
        found.append(Worker(name, world.places[at % len(world.places)], command))
    setting.chance.shuffle(found)
    return found


def _doom(setting: Setting, tally: Tally) -> dict[int, float]:
    """Who is killed, and after how many seconds: any moment of its life is as likely as another."""
    seen = [seconds for outcome, some in tally.seconds.items() if outcome != "killed" for seconds in some]
    life = statistics.median(seen) if seen else _GUESS
    chance = setting.chance
    return {at: chance.uniform(0, life * 1.1) for at in range(setting.workers) if chance.random() < setting.kill}


def _settle(setting: Setting, world: World) -> None:
    """Wait until the remote has ended what killed workers began: it may yet land."""
    end = time.monotonic() + _PATIENCE
    time.sleep(_SETTLE)
    while (setting.serving or worlds.busy(world)) and time.monotonic() < end:
        time.sleep(_SETTLE)


def _again(world: World, attempts: Sequence[Attempt], tally: Tally) -> list[Attempt]:
    """Let those who were killed run the same command again, one after another."""
    for clone in world.clones:
        # What a killed git leaves locked is git's own; a person removes it, as git says.
        for path in worlds.locks_of_git(clone):
            os.unlink(path)
            tally.locks += 1
    again = in_turn([one.worker for one in attempts if one.killed], same_moment(world))
    tally.add(again)
    return again


def _head(world: World, path: str) -> str:
    try:
        return worlds.git(world.home, path, "rev-parse", "HEAD").strip()
    except (SetUpError, OSError):
        return ""


def _worktrees(clone: str, plan: int) -> tuple[str, ...]:
    """The folders beside a clone that were made for a plan."""
    root = os.path.join(os.path.dirname(clone), ".worktrees")
    names = os.listdir(root) if os.path.isdir(root) else []
    return tuple(os.path.join(root, name) for name in sorted(names) if name.startswith(f"plan-{plan}-"))
