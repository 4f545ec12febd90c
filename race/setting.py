"""What every race is given: where it works, the command under test, its sizes, and the modes it is run in."""

from __future__ import annotations

import itertools
import random
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from worlds import Home, World, alone, with_remote

FILE, HTTP, NONE = "file", "http", "none"
TRANSPORTS = (FILE, HTTP, NONE)

_PLANS_OF_A_WORLD = 60
"""More plans are raced for in another world, so that there are several of each kind."""


@dataclass(frozen=True, slots=True)
class Mode:
    """One way to race for a plan; `weight` is its share of the plans.

    `own` gives each worker a clone, else they share `--clones` of them, or one with `single`; `at_once` lets them begin
    at one signal; `behind` keeps some clones on an older main branch; `killed` kills some workers.
    """

    transport: str
    name: str
    weight: float
    own: bool = True
    single: bool = False
    at_once: bool = True
    behind: bool = False
    killed: bool = False

    @property
    def title(self) -> str:
        """What the table calls it."""
        return f"{self.transport}: {self.name}"


def modes() -> list[Mode]:
    """Every mode."""
    found = []
    for transport in (FILE, HTTP):
        found += [
            Mode(transport, "a clone each, at once", 9),
            Mode(transport, "different bases, at once", 9, behind=True),
            Mode(transport, "shared clones, at once", 8, own=False),
            Mode(transport, "one clone, at once", 4, own=False, single=True),
            Mode(transport, "shared clones, in turn", 4, own=False, at_once=False, behind=True),
            Mode(transport, "shared clones, kills", 6, own=False, killed=True),
        ]
    found += [
        Mode(NONE, "worktrees, at once", 12),
        Mode(NONE, "worktrees, in turn", 3, at_once=False),
        Mode(NONE, "worktrees, kills", 5, killed=True),
    ]
    return found


@dataclass(frozen=True, slots=True)
class Setting:
    """One run: `url` is where the home's folder is served over HTTP, `serving` what the server does at the moment."""

    home: Home
    url: str
    serving: Collection[object]
    command: tuple[str, ...]
    workers: int
    clones: int
    kill: float
    chance: random.Random
    worlds: Iterator[int] = field(default_factory=itertools.count)
    races: Iterator[int] = field(default_factory=itertools.count)

    def world(self, transport: str, plans: int, clones: int, *, apart: bool = False) -> World:
        """A new world: clones of a remote, or linked worktrees where there is none."""
        name = f"world-{next(self.worlds)}"
        if transport == NONE:
            return alone(self.home, name, plans, clones)
        return with_remote(self.home, name, plans, clones, self.url if transport == HTTP else "", apart)


def deal(plans: int, of: list[Mode]) -> list[tuple[Mode, int]]:
    """How many plans each mode gets: by its weight, at least one as long as there are enough."""
    left, weights, dealt = plans, sum(mode.weight for mode in of), []
    for at, mode in enumerate(of):
        fair = round(left * mode.weight / weights)
        count = min(max(fair, 1), max(left - (len(of) - at - 1), 1), left)
        dealt.append((mode, count))
        left, weights = left - count, weights - mode.weight
    return [(mode, count) for mode, count in dealt if count]


def split(plans: int) -> list[int]:
    """The plans of a mode, world by world."""
    worlds = -(-plans // _PLANS_OF_A_WORLD)
    return [plans // worlds + (at < plans % worlds) for at in range(worlds)]
