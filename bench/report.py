"""What a scenario found, as a table to read and as data to keep."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from timing import Series


@dataclass(frozen=True, slots=True)
class Budget:
    """A promise beside what was measured; both in `unit` (ms, x or n for a count), either may be unknown."""

    what: str
    measured: float | None
    limit: float | None
    unit: str

    @property
    def verdict(self) -> str:
        """`within`, `OVER` or `not measured`."""
        if self.measured is None or self.limit is None:
            return "not measured"
        return "within" if self.measured <= self.limit else "OVER"


@dataclass(frozen=True, slots=True)
class Table:
    """One comparison: a title, columns, rows and notes below it."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class Outcome:
    """Everything that a family of scenarios found."""

    tables: list[Table] = field(default_factory=list)
    budgets: list[Budget] = field(default_factory=list)
    series: dict[str, dict[str, Series]] = field(default_factory=dict)

    def add(self, title: str, series: Mapping[str, Series], table: Table) -> None:
        """Keep one comparison."""
        self.series[title] = dict(series)
        self.tables.append(table)

    def extend(self, other: Outcome) -> None:
        """Take over what another outcome found."""
        self.tables += other.tables
        self.budgets += other.budgets
        self.series |= other.series


def milliseconds(value: float | None) -> str:
    """A time as text."""
    return "-" if value is None else f"{value:.1f}"


def times(value: float | None) -> str:
    """A ratio as text."""
    return "-" if value is None else f"{value:.2f}x"


def number(value: float | None) -> str:
    """A count as text."""
    return "-" if value is None else f"{value:.0f}"


def ratio(above: float | None, below: float | None) -> float | None:
    """`above / below`, None where either is unknown or there is nothing to divide by."""
    return above / below if above is not None and below is not None and below > 0 else None


def difference(above: float | None, below: float | None) -> float | None:
    """`above - below`, None where either is unknown."""
    return above - below if above is not None and below is not None else None


def failures(series: Mapping[str, Series]) -> tuple[str, ...]:
    """A note for each contender that did not finish."""
    return tuple(f"{name}: {one.failure}" for name, one in series.items() if one.failure)


def render(table: Table) -> str:
    """A table as text: the first column to the left, the others to the right."""
    rows = (table.columns, *table.rows)
    widths = [max(_width(row[at]) for row in rows) for at in range(len(table.columns))]
    lines = [table.title]
    for row in rows:
        cells = [_pad(cell, width, left=at == 0) for at, (cell, width) in enumerate(zip(row, widths, strict=True))]
        lines.append("  " + "  ".join(cells).rstrip())
    return "\n".join([*lines, *(f"  note: {note}" for note in table.notes)])


def render_budgets(budgets: list[Budget]) -> str:
    """All budgets with their verdicts."""
    show = {"ms": milliseconds, "x": times, "n": number}
    rows = tuple(
        (one.what, show[one.unit](one.measured), "<= " + show[one.unit](one.limit), one.verdict) for one in budgets
    )
    return render(Table("Budgets", ("what", "measured", "budget", "verdict"), rows))


def data(outcome: Outcome) -> dict[str, Any]:
    """The outcome as plain data: medians, quartiles and every sample in milliseconds."""
    return {
        "budgets": [
            {
                "what": one.what,
                "measured": one.measured,
                "limit": one.limit,
                "unit": one.unit,
                "verdict": one.verdict,
            }
            for one in outcome.budgets
        ],
        "tables": [
            {"title": one.title, "columns": one.columns, "rows": one.rows, "notes": one.notes} for one in outcome.tables
        ],
        "scenarios": {
            title: {name: _series(one) for name, one in series.items()} for title, series in outcome.series.items()
        },
    }


def _series(series: Series) -> dict[str, Any]:
    return {
        "runs": len(series.samples),
        "wall_ms": series.wall,
        "cpu_ms": series.cpu,
        "quartiles_ms": series.spread,
        "failure": series.failure,
        "samples_ms": [[round(sample.wall, 3), round(sample.cpu, 3)] for sample in series.samples],
    }


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def _pad(text: str, width: int, *, left: bool) -> str:
    space = " " * (width - _width(text))
    return text + space if left else space + text
