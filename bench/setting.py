"""What every scenario is given: where it works, how often it repeats, and who takes part."""

from __future__ import annotations

from dataclasses import dataclass

from peers import Peers
from repositories import Home


@dataclass(frozen=True, slots=True)
class Setting:
    """One run of the benchmarks; `runs` counts the timed rounds, `quick` asks for small repositories only."""

    home: Home
    peers: Peers
    runs: int
    quick: bool
