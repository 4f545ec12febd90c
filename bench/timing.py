"""How long whole processes take: wall time, and the CPU of a process with every descendant it waited for."""

from __future__ import annotations

import contextlib
import os
import shutil
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field


class TimingError(Exception):
    """A command that was to be timed did not do its work; the text says which and why."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One run: wall and CPU (user and system together) in milliseconds."""

    wall: float
    cpu: float


@dataclass(frozen=True, slots=True)
class Contender:
    """One command that takes part in a comparison.

    `prepare` gets the number of the round (0 is the first warm-up) and runs outside the clock. `proof` gets
    what the last warm-up printed and returns why the work was not done, or None when it was. `given` is a file that the
    command has as its standard input, nothing without it.
    """

    name: str
    command: Sequence[str]
    folder: str
    environment: Mapping[str, str]
    prepare: Callable[[int], None] | None = None
    proof: Callable[[str], str | None] | None = None
    given: str = os.devnull


@dataclass(frozen=True, slots=True)
class Series:
    """All timed runs of one contender; `failure` says why there are none."""

    name: str
    samples: tuple[Sample, ...] = ()
    failure: str | None = None

    @property
    def wall(self) -> float | None:
        """The median wall time in milliseconds, None without runs."""
        return statistics.median(sample.wall for sample in self.samples) if self.samples else None

    @property
    def cpu(self) -> float | None:
        """The median CPU time in milliseconds, None without runs."""
        return statistics.median(sample.cpu for sample in self.samples) if self.samples else None

    @property
    def spread(self) -> tuple[float, float] | None:
        """The first and third quartile of the wall time, None with fewer than two runs."""
        if len(self.samples) < 2:
            return None
        low, _, high = statistics.quantiles((sample.wall for sample in self.samples), n=4)
        return low, high


@dataclass(slots=True)
class _Lane:
    contender: Contender
    samples: list[Sample] = field(default_factory=list)
    failure: str | None = None


def interleave(contenders: Sequence[Contender], rounds: int, warm_ups: int = 2) -> dict[str, Series]:
    """Time every contender once in each round, each round beginning with another one, after the warm-ups.

    A contender that fails leaves the race and its series says why; the others go on.
    """
    lanes = [_Lane(contender) for contender in contenders]
    for number in range(warm_ups + rounds):
        turn = number % len(lanes) if lanes else 0
        for lane in lanes[turn:] + lanes[:turn]:
            if lane.failure is None:
                _take_turn(lane, number, warm_ups)
    return {
        lane.contender.name: Series(lane.contender.name, () if lane.failure else tuple(lane.samples), lane.failure)
        for lane in lanes
    }


def _take_turn(lane: _Lane, number: int, warm_ups: int) -> None:
    contender = lane.contender
    try:
        if contender.prepare is not None:
            contender.prepare(number)
        sample, printed = measure(contender.command, contender.folder, contender.environment, contender.given)
        if number == warm_ups - 1 and contender.proof is not None:
            complaint = contender.proof(printed)
            if complaint is not None:
                raise TimingError(complaint)
    except TimingError as error:
        lane.failure = str(error)
        return
    if number >= warm_ups:
        lane.samples.append(sample)


def measure(
    command: Sequence[str], folder: str, environment: Mapping[str, str], given: str = os.devnull
) -> tuple[Sample, str]:
    """Run one command to its end; what it took and printed, or `TimingError` unless it exits with 0.

    The CPU time is that of `wait4`: the process and all descendants that were waited for.
    """
    program = shutil.which(command[0], path=environment.get("PATH"))
    if program is None:
        raise TimingError(f"{command[0]}: not found")
    output = os.path.join(environment["HOME"], "output")
    to_file = (os.POSIX_SPAWN_OPEN, 1, output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    actions = [(os.POSIX_SPAWN_OPEN, 0, given, os.O_RDONLY, 0), to_file, (os.POSIX_SPAWN_DUP2, 1, 2)]
    with contextlib.chdir(folder):
        begin = time.perf_counter()
        pid = os.posix_spawn(program, list(command), environment, file_actions=actions)
        _, status, usage = os.wait4(pid, 0)
        end = time.perf_counter()
    with open(output, encoding="utf-8", errors="replace") as file:
        printed = file.read()
    code = os.waitstatus_to_exitcode(status)
    if code != 0:
        last = (printed.strip().splitlines() or ["nothing printed"])[-1]
        raise TimingError(f"{os.path.basename(command[0])} ended with {code}: {last[:200]}")
    return Sample((end - begin) * 1000, (usage.ru_utime + usage.ru_stime) * 1000), printed
