"""docs/benchmarks.md: what the last whole run of `make bench` found, with its growth curves as plots."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import growth

_HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(os.path.dirname(_HERE), "tools"))
import markdown_table  # noqa: E402 - beside the other tools that write pages

RESULTS = os.path.join(_HERE, "results.json")
ROOT = os.path.dirname(_HERE)
PAGE = "docs/benchmarks.md"
PLOTS = "docs/benchmarks"
_CURVES = (growth.WITH_PLANS, growth.WITH_BRANCHES, growth.WITH_WORKTREES)
_BESIDE = frozenset((growth.RAW_COMMIT, growth.BACKLOG, growth.REFS, growth.RAW_LIST, growth.PEER))
"""What is drawn with a broken line: others, beside Holdfast."""
_UNITS = {"ms": "{:.1f} ms", "x": "{:.2f} times", "n": "{:.0f}"}

_METHOD = """\
Whole processes are timed, from their start to their end, as a person or a hook waits for them. The contenders of a comparison
take turns in each round, each round begins with another one, and the first two rounds do not count; medians are over the
rounds. CPU is user and system of a process and all that it waited for. Repositories are made for the run, with a home of
their own and no configuration of the machine. A contender that fails, or whose output shows that it did not do the work, is
left out, and its table says why. Peers are the newest releases on PyPI and npm. What each scenario does stands in the
docstrings of `bench/`."""


def write() -> list[str]:
    """Write the page and its plots from the results that are kept; gives their paths from the project's folder."""
    with open(RESULTS, encoding="utf-8") as file:
        kept = json.load(file)
    os.makedirs(os.path.join(ROOT, PLOTS), exist_ok=True)
    written = [plot for title in _CURVES if (plot := _plot(kept, title))]
    with open(os.path.join(ROOT, PAGE), "w", encoding="utf-8") as file:
        file.write("\n".join(_lines(kept, written)) + "\n")
    return [PAGE, *written]


def _lines(kept: dict[str, Any], plots: Sequence[str]) -> Iterator[str]:
    yield "<!-- written by `make bench` -->"
    yield "# Benchmarks"
    yield ""
    yield f"Measured on {kept['at'][:10]} by `make bench`, over {kept['runs']} rounds, fewer for the slowest."
    yield ""
    yield from markdown_table.lines(("what", "here"), [(name, value) for name, value in kept["machine"].items()])
    yield ""
    yield "## Method"
    yield ""
    yield _METHOD
    yield ""
    for remark in kept["remarks"]:
        yield f"Remark: {remark}."
        yield ""
    yield "## Budgets"
    yield ""
    rows = [(one["what"], _amount(one, "measured"), _amount(one, "limit"), one["verdict"]) for one in kept["budgets"]]
    yield from markdown_table.lines(("what", "measured", "budget", "verdict"), rows)
    yield ""
    yield "## How time grows"
    yield ""
    for path in plots:
        yield f"![{os.path.basename(path)[:-4].replace('-', ' ')}]({os.path.relpath(path, 'docs')})"
        yield ""
    curves = [one for one in kept["tables"] if one["title"] in _CURVES]
    for table in curves:
        yield from _section(table, "###")
    yield "## Each comparison"
    yield ""
    for table in kept["tables"]:
        if table not in curves:
            yield from _section(table, "###")


def _section(table: dict[str, Any], level: str) -> Iterator[str]:
    yield f"{level} {table['title']}"
    yield ""
    yield from markdown_table.lines(table["columns"], table["rows"])
    yield ""
    for note in table["notes"]:
        yield f"{note}."
        yield ""


def _amount(budget: dict[str, Any], name: str) -> str:
    value = budget[name]
    return "-" if value is None else _UNITS[budget["unit"]].format(value)


def _plot(kept: dict[str, Any], title: str) -> str:
    """Draw a curve; the path of its picture, empty where nothing was measured or it cannot be drawn."""
    points = {int(name.rpartition(" ")[2].replace(",", "")): series for name, series in kept["scenarios"].items()
              if name.startswith(title + ": ")}  # fmt: skip
    if not points:
        return ""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "holdfast"  # the same picture for the same numbers
    matplotlib.rcParams["svg.fonttype"] = "none"
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7.5, 4.2))
    for name in dict.fromkeys(name for series in points.values() for name in series):
        at = [(size, series[name]["wall_ms"]) for size, series in sorted(points.items()) if name in series]
        known = [(size, wall) for size, wall in at if wall is not None]
        axes.plot(*zip(*known, strict=True), marker="o", linestyle="--" if name in _BESIDE else "-", label=name)
    axes.set(xscale="log", yscale="log", title=title, xlabel=title.rpartition(" ")[2], ylabel="ms, median")
    axes.grid(visible=True, which="both", alpha=0.25)
    axes.legend(fontsize="small")
    path = f"{PLOTS}/{title.lower().replace(' ', '-')}.svg"
    figure.savefig(os.path.join(ROOT, path), bbox_inches="tight", metadata={"Date": None, "Creator": None})
    pyplot.close(figure)
    return path
