"""Plan numbers taken in many clones at once: none twice, none again after its plan was thrown away."""

from __future__ import annotations

import os
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import worlds
from setting import Setting
from tally import Tally
from workers import WON, Attempt, Worker, at_once
from worlds import SetUpError, World

_THERE = 3
"""So many plans are there before anybody asks for a number."""


@dataclass(slots=True)
class _Queue:
    """Who takes which turn; threads share it."""

    wanted: int
    taken: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    attempts: list[Attempt] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def turn(self) -> int | None:
        """The next turn, None when enough were taken."""
        with self.lock:
            if self.taken == self.wanted:
                return None
            self.taken += 1
            return self.taken

    def note(self, attempt: Attempt, complaints: list[str]) -> None:
        """Keep what became of a turn."""
        with self.lock:
            self.attempts.append(attempt)
            self.complaints += complaints


def run(setting: Setting, transport: str, numbers: int, clones: int) -> Tally:
    """Let every clone take numbers, as fast as it can, until so many are taken."""
    tally = Tally(f"{transport}: plan new in {clones} clones")
    world = setting.world(transport, _THERE, clones)
    queue, gate, begin = _Queue(numbers), threading.Barrier(clones), time.monotonic()

    def work(place: str) -> None:
        gate.wait()
        while (turn := queue.turn()) is not None:
            queue.note(*_take(setting, world, place, turn))

    with ThreadPoolExecutor(clones) as pool:
        list(pool.map(work, world.places))
    tally.spent = time.monotonic() - begin
    tally.add(queue.attempts)
    tally.complain("a number", queue.complaints + _judge(world, queue.attempts))
    tally.taken = len({one.document.get("number") for one in queue.attempts if one.code == WON})
    return tally


def _take(setting: Setting, world: World, place: str, turn: int) -> tuple[Attempt, list[str]]:
    """One `plan new`, and what its author does next: publish the plan, throw it away, or leave it."""
    command = (*setting.command, "plan", "new", f"Turn {turn}", "--json")
    attempt = at_once([Worker(os.path.basename(place), place, command)], world.home.environment)[0]
    path, number = attempt.document.get("path"), attempt.document.get("number")
    if attempt.code != WON or not isinstance(number, int) or not isinstance(path, str):
        return attempt, [f"turn {turn} ended with {attempt.code}: {attempt.last_words}"]
    if not os.path.isfile(path):
        return attempt, [f"plan {number} is not where it was said to be: {path}"]
    if turn % 3 == 0 and world.remote is not None:
        os.unlink(path)  # only a remote remembers a number that nobody holds any more
    elif turn % 3 == 1:
        return attempt, _publish(world, place, path, number)
    return attempt, []


def _publish(world: World, place: str, path: str, number: int) -> list[str]:
    try:
        worlds.git(world.home, place, "add", "--", path)
        worlds.git(world.home, place, "commit", "--quiet", "-m", f"Think of plan {number}")
        if world.remote is not None:
            worlds.git(world.home, place, "push", "--quiet", "origin", f"HEAD:refs/heads/idea-{number}")
    except SetUpError as error:
        return [f"plan {number} could not be published: {error}"]
    return []


def _judge(world: World, attempts: list[Attempt]) -> list[str]:
    counts = Counter(number for one in attempts if isinstance(number := one.document.get("number"), int))
    complaints = [f"{number} was taken {count} times" for number, count in sorted(counts.items()) if count > 1]
    complaints += [f"{number} was there before" for number in sorted(counts) if number <= _THERE]
    if world.remote is not None:
        reserved = worlds.refs(world.home, world.remote, "refs/holdfast/numbers/")
        missing = [number for number in sorted(counts) if f"refs/holdfast/numbers/{number}" not in reserved]
        complaints += [f"{number} is not reserved on the remote" for number in missing]
    return complaints
