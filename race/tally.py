"""What a run found: counts, times and complaints, as tables to read."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from workers import Attempt

_KNOWN = ("won", "refused", "lost", "killed")


@dataclass(frozen=True, slots=True)
class Violation:
    """Something that must never be: in which mode, about which plan, and what."""

    mode: str
    about: str
    text: str


@dataclass(slots=True)
class Tally:
    """What one mode found; `taken` counts plans, numbers or rounds, `locks` the lock files that a killed git left.

    `results` counts what finishers said of themselves.
    """

    mode: str
    taken: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    codes: Counter[int] = field(default_factory=Counter)
    results: Counter[str] = field(default_factory=Counter)
    seconds: dict[str, list[float]] = field(default_factory=dict)
    violations: list[Violation] = field(default_factory=list)
    locks: int = 0
    spent: float = 0.0

    def add(self, attempts: Iterable[Attempt]) -> None:
        """Count what became of workers."""
        for one in attempts:
            self.outcomes[one.outcome] += 1
            self.codes[one.code] += 1
            self.seconds.setdefault(one.outcome, []).append(one.seconds)

    def complain(self, about: str, texts: Iterable[str]) -> None:
        """Keep complaints about one plan or number."""
        self.violations += [Violation(self.mode, about, text) for text in texts]


def render(tallies: Sequence[Tally]) -> str:
    """All modes as one table: counts, the median times in milliseconds, and what broke."""
    columns = ("mode", "taken", *_KNOWN, "other", "won ms", "refused ms", "lost ms", "max ms", "s", "violations")
    rows = [columns, *(_row(one) for one in tallies), _row(_total(tallies))]
    widths = [max(len(row[at]) for row in rows) for at in range(len(columns))]
    lines = []
    for row in rows:
        cells = [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        lines.append("  ".join([row[0].ljust(widths[0]), *cells]))
    return "\n".join(lines)


def render_codes(tallies: Iterable[Tally]) -> str:
    """The exit codes of all workers, and how often each came."""
    codes: Counter[int] = sum((one.codes for one in tallies), Counter())
    shown = (f"{f'signal {-code}' if code < 0 else code}: {count:,}" for code, count in sorted(codes.items()))
    return "exit codes  " + ", ".join(shown)


def render_results(tallies: Iterable[Tally]) -> str:
    """What finishers said of themselves, mode by mode; empty where nobody finished anything."""
    lines = []
    for one in tallies:
        shown = ", ".join(f"{name}: {count:,}" for name, count in sorted(one.results.items()))
        lines += [f"{one.mode}  {shown}"] if shown else []
    return "\n".join(lines)


def _row(tally: Tally) -> tuple[str, ...]:
    other = sum(count for outcome, count in tally.outcomes.items() if outcome not in _KNOWN)
    every = [seconds for some in tally.seconds.values() for seconds in some]
    return (
        tally.mode,
        f"{tally.taken:,}",
        *(f"{tally.outcomes[outcome]:,}" for outcome in _KNOWN),
        f"{other:,}",
        *(_milliseconds(tally.seconds.get(outcome)) for outcome in ("won", "refused", "lost")),
        f"{max(every) * 1000:.0f}" if every else "-",
        f"{tally.spent:.0f}",
        f"{len(tally.violations):,}",
    )


def _milliseconds(seconds: Sequence[float] | None) -> str:
    return f"{statistics.median(seconds) * 1000:.0f}" if seconds else "-"


def _total(tallies: Iterable[Tally]) -> Tally:
    total = Tally("together")
    for one in tallies:
        total.taken += one.taken
        total.outcomes += one.outcomes
        total.spent += one.spent
        total.violations += one.violations
        for outcome, seconds in one.seconds.items():
            total.seconds.setdefault(outcome, []).extend(seconds)
    return total
