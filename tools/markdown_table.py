"""A table of Markdown, for the pages that tools write."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def lines(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """The lines of a table; a bar in a cell is text, and so is a line break."""
    return [
        _row(columns),
        "|---" * len(columns) + "|",
        *(_row([cell.replace("\n", " ").replace("|", "\\|") for cell in row]) for row in rows),
    ]


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
