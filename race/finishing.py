"""Several finish at once: the same work, which is merged once, or each its own, which is merged after the others'."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Sequence

import worlds
from claims import same_moment
from finish_verdict import LOSER, MERGED, Landed, Scene, Work, idle, one_work, result, works_apart
from setting import Setting
from tally import Tally
from workers import WON, Attempt, Worker, at_once, in_turn
from worlds import SetUpError, World

_ROUNDS_OF_A_WORLD = 10
_ENOUGH = 10
"""After so many rounds somebody must have met somebody."""
_EVIDENCE = "seen in a race"


def run(setting: Setting, transport: str, rounds: int, *, apart: bool) -> Tally:
    """So many rounds over one transport; `apart` gives each finisher work of its own."""
    tally = Tally(f"{transport}: finish, {'each its own work' if apart else 'the same work'}")
    overtaken = 0
    for at, begin in enumerate(range(0, rounds, _ROUNDS_OF_A_WORLD)):
        count = min(_ROUNDS_OF_A_WORLD, rounds - begin)
        each = setting.workers if apart else 1
        world = setting.world(transport, count * each, setting.workers)
        if at % 2 == apart:
            _adopt(setting, world)
        for number in range(count):
            started = time.monotonic()
            plans = range(number * each + 1, (number + 1) * each + 1)
            _round(setting, world, plans, tally, begin + number, apart=apart)
            tally.spent += time.monotonic() - started
        tally.complain("objects", _checked(world))
        overtaken += _overtaken(world)
    if rounds >= _ENOUGH:
        tally.complain("all rounds", idle(rounds, tally.results[LOSER], overtaken))
    return tally


def _adopt(setting: Setting, world: World) -> None:
    """Let a world have a plan index, a merge driver and hooks, everywhere; others have nothing of it."""
    for place in world.places if world.remote else world.places[:1]:
        one = in_turn([Worker("adopter", place, (*setting.command, "init", "--yes"))], world.home.environment)[0]
        if one.code != WON:
            raise SetUpError(f"`init` ended with {one.code}: {one.last_words}")
        if place == world.places[0]:
            worlds.git(world.home, place, "add", "--all")
            worlds.git(world.home, place, "commit", "--quiet", "-m", "Adopt Holdfast")
            if world.remote is not None:
                worlds.git(world.home, place, "push", "--quiet", "origin", "HEAD:refs/heads/main")
            else:
                worlds.git(world.home, os.path.dirname(world.clones[0]), "merge", "--quiet", "--ff-only", "worktree-0")
        else:
            worlds.git(world.home, place, "clean", "--quiet", "-dff")
            worlds.git(world.home, place, "checkout", "--quiet", ".")
            worlds.git(world.home, place, "pull", "--quiet", "--ff-only")


def _round(setting: Setting, world: World, plans: Sequence[int], tally: Tally, number: int, *, apart: bool) -> None:
    named, worktree = next(setting.races) % 2 == 0, number % 2 == 0
    base = _main_of(world)
    places = world.places if apart else [world.places[number % len(world.places)]]
    works = _works(setting, world, plans, places, worktree)
    workers = []
    for at in range(setting.workers):
        work = works[at % len(works)]
        owner = ("env", f"HOLDFAST_OWNER=worker-{at}") if named else ()
        # Where the plan index is, a plan is to be complete; where nobody asked for anything, just the same.
        command = (*owner, *setting.command, "finish", str(work.plan), "--evidence", _EVIDENCE, "--json")
        workers.append(Worker(f"worker-{at}", world.places[at], command))
    by_name = {one.name: works[at % len(works)] for at, one in enumerate(workers)}
    setting.chance.shuffle(workers)
    attempts = at_once(workers, same_moment(world))
    tally.add(attempts)
    tally.results.update(result(one) for one in attempts)
    about = f"round {number + 1} (plan {plans[0]}{f' to {plans[-1]}' if apart else ''})"
    if not apart:
        tally.complain(about, one_work(_observe(world, base, works), works[0], attempts))
        tally.taken += 1
        return
    tally.complain(about, works_apart(_observe(world, base, works), by_name, attempts))
    tally.taken += 1
    late = [one.worker for one in attempts if result(one) == LOSER]
    if late:
        tally.complain(f"{about}, afterwards", _afterwards(world, works, by_name, late))


def _afterwards(world: World, works: list[Work], by_name: dict[str, Work], late: list[Worker]) -> list[str]:
    """Whoever lost finishes alone, and merges."""
    base = _main_of(world)
    again = in_turn(late, same_moment(world))
    complaints = [
        f"{one.worker.name} alone is {result(one)}: {one.last_words}" for one in again if result(one) != MERGED
    ]
    return complaints + works_apart(_observe(world, base, works), by_name, again)


def _works(setting: Setting, world: World, plans: Sequence[int], places: Sequence[str], worktree: bool) -> list[Work]:
    """Claims of the plans, each with a commit of work that is pushed."""
    flags = () if worktree else ("--no-worktree",)
    workers = [
        Worker(f"worker-{at}", place, (*setting.command, "start", str(plan), "--json", *flags))
        for at, (plan, place) in enumerate(zip(plans, places, strict=True))
    ]
    started = at_once(workers, world.home.environment)
    broken = [one for one in started if one.code != WON or not one.document.get("branch")]
    if broken:
        raise SetUpError(f"a claim ended with {broken[0].code}: {broken[0].last_words}")
    return [_worked(world, plan, one) for plan, one in zip(plans, started, strict=True)]


def _worked(world: World, plan: int, started: Attempt) -> Work:
    home, place, document = world.home, started.worker.place, started.document
    branch, claim, tree = str(document["branch"]), str(document["commit"]), str(document.get("worktree") or "")
    blob = worlds.git(home, place, "hash-object", "-w", "--stdin", stdin=_text(plan)).strip()
    lines = worlds.git(home, place, "ls-tree", claim) + f"100644 blob {blob}\t{_file(plan)}\n"
    made = worlds.git(home, place, "mktree", stdin=lines.encode()).strip()
    head = worlds.git(home, place, "commit-tree", "-p", claim, "-m", f"Work on plan {plan}", made).strip()
    worlds.git(home, place, "update-ref", f"refs/heads/{branch}", head, claim)
    if tree:
        worlds.git(home, tree, "reset", "--quiet", "--hard")
    if world.remote is not None:
        worlds.git(home, place, "push", "--quiet", "origin", f"refs/heads/{branch}")
    fence = worlds.refs(home, world.remote or place, f"refs/holdfast/plans/{plan}")
    return Work(plan, branch, head, next(iter(fence.values()), ""), tree, place)


def _observe(world: World, base: str, works: Sequence[Work]) -> Scene:
    """Look at every repository of a world for what a round left."""
    home = world.home
    patterns = [name for one in works for name in (f"refs/heads/{one.branch}", f"refs/holdfast/plans/{one.plan}")]
    clones = world.clones
    finished = {clone: worlds.refs(home, clone, "refs/holdfast/finished/") for clone in clones}
    mains = {clone: worlds.refs(home, clone, "refs/heads/main")["refs/heads/main"] for clone in clones}
    folders = {clone: _worktrees(world, clone) for clone in clones}
    return Scene(
        base, _landed(world, base, works),
        worlds.refs(home, world.remote, *patterns) if world.remote else None,
        world.common, {clone: worlds.refs(home, clone, *patterns) for clone in clones},
        kept={clone: frozenset(found.values()) for clone, found in finished.items()},
        mains=mains,
        intents={clone: tuple(worlds.files_below(os.path.join(clone, "holdfast", "finishing"))) for clone in clones},
        damaged=tuple(text for clone in clones for text in _damaged(world, clone, folders[clone])),
        worktrees=frozenset(path for found in folders.values() for path in found),
    )  # fmt: skip


def _landed(world: World, base: str, works: Sequence[Work]) -> tuple[Landed, ...]:
    """What the main branch gained since `base`, oldest first."""
    where = world.remote or world.clones[0]
    shown = "--format=%H %P%x09%(trailers:key=Merged-Branch,valueonly,separator=%x2C)"
    lines = worlds.git(world.home, where, "log", "--reverse", "--first-parent", shown, f"{base}..main").splitlines()
    found = []
    for line in lines:
        ids, _, branch = line.partition("\t")
        commit, _, parents = ids.partition(" ")
        holds = frozenset(one.plan for one in works if _holds(world, where, commit, one.plan))
        found.append(Landed(commit, parents.split(" ")[0], branch.strip(), holds))
    return tuple(found)


def _holds(world: World, where: str, commit: str, plan: int) -> bool:
    """True where a commit has the work of a plan, and the plan complete with its evidence."""
    try:
        work = worlds.git(world.home, where, "cat-file", "-p", f"{commit}:{_file(plan)}")
        text = worlds.git(world.home, where, "cat-file", "-p", f"{commit}:docs/plans/{plan:02d}_race_{plan}.md")
    except SetUpError:
        return False
    return work.encode() == _text(plan) and "Complete" in text and _EVIDENCE in text


def _worktrees(world: World, clone: str) -> list[str]:
    lines = worlds.git(world.home, clone, "worktree", "list", "--porcelain").splitlines()
    return [path for line in lines if (path := line.removeprefix("worktree ")) != line and os.path.isdir(path)]


def _damaged(world: World, clone: str, folders: Iterable[str]) -> list[str]:
    """Files or git's index that are not as their commit has them, and locks that nobody holds any more."""
    found = [f"a lock is left: {path}" for path in worlds.locks_of_git(clone)]
    for folder in folders:
        status = worlds.git(world.home, folder, "status", "--porcelain", "--untracked-files=all").splitlines()
        found += [f"{os.path.relpath(folder, world.home.folder)} has {line}" for line in status[:5]]
    marks = [path for path in worlds.files_below(clone) if path.endswith("holdfast/ahead")]
    return found + [f"a mark is left: {path}" for path in marks]


def _checked(world: World) -> list[str]:
    """What `git fsck` finds in any repository of a world."""
    complaints = []
    for repository in (*([world.remote] if world.remote else ()), *world.clones):
        try:
            worlds.git(world.home, repository, "fsck", "--no-dangling", "--no-progress")
        except SetUpError as error:
            complaints.append(f"{os.path.relpath(repository, world.home.folder)}: {error}")
    return complaints


def _overtaken(world: World) -> int:
    """How often somebody found that something had moved, as the journals tell."""
    found = 0
    for clone in world.clones:
        path = os.path.join(clone, "holdfast", "journal.jsonl")
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                found += sum(json.loads(line).get("event") == "finish-lost" for line in file)
    return found


def _main_of(world: World) -> str:
    return worlds.git(world.home, world.remote or world.clones[0], "rev-parse", "refs/heads/main").strip()


def _file(plan: int) -> str:
    return f"work-{plan}.txt"


def _text(plan: int) -> bytes:
    return b"The work of plan %d.\n" % plan
