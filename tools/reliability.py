"""docs/reliability.md: what the last `make prove` tried, on what, and what such runs have found so far."""

from __future__ import annotations

import ast
import datetime
import json
import platform
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import markdown_table

ROOT = Path(__file__).parent.parent
PROOF = ROOT / ".proof"
PAGE = ROOT / "docs" / "reliability.md"

FOUND = (
    ("races", "Two finishers of one name in one second made the same commit, and both were told that they had won."),
    ("races", "A loser without a remote was told that the work is in use, instead of who won."),
    ("races", "Two finishers met in a file of the merge that both were writing, and one ended with a bug report."),
    ("races", "Two removals at once: what git keeps of one worktree was moved twice."),
    (
        "races",
        "`git worktree list` fails over a worktree that git is making in that very moment: it is asked again now.",
    ),
    (
        "kills",
        "An `init` that was killed while it held git's `config.lock` left it, and every later one ended in a bug report.",
    ),
    ("kills", "A git that was killed while it removed a worktree could leave the main worktree on no branch."),
    ("kills", "A program that outlived its killed finish went on merging: it holds the lock of that merge now."),
    ("kills", "A steal that was taken back counted as activity of the one who had been stolen from."),
    (
        "models",
        "Plans that share a number, renamed and edited on two sides: a row was lost by the merge; it is reported at once.",
    ),
    (
        "models",
        "git 2.39 itself ends with a failed assertion on some renames, and leaves its index.lock; nothing of ours is lost.",
    ),
    (
        "hostile input",
        "`holdfast index` showed a terminal characters that turn text round; every command is held to that now.",
    ),
)
"""What such runs found, by what found it; all of it is mended, or named in CHANGELOG.md as a known limit."""


def main() -> int:
    """Write the page; 1 where `make prove` has not left its numbers, or something was violated."""
    try:
        tests = json.loads((PROOF / "tests.json").read_text())
        races = json.loads((PROOF / "race.json").read_text())
    except OSError as error:
        print(f"refused: {PAGE.name} is written from what `make prove` leaves", file=sys.stderr)
        print(f"   why:  {error.filename}: {error.strerror}\n   next: make prove", file=sys.stderr)
        return 1
    PAGE.write_text("\n".join(_lines(tests, races)) + "\n")
    print(f"wrote {PAGE.relative_to(ROOT)}")
    return 1 if any(one["violations"] for one in races["modes"]) else 0


def _lines(tests: dict[str, dict[str, int]], races: dict[str, Any]) -> Iterator[str]:
    yield "<!-- written by `make prove` -->"
    yield "# Reliability"
    yield ""
    yield from _totals(tests, races)
    yield from _section("Races", _races(races))
    yield from _section(
        "Kills", (*_KILLS, "", *markdown_table.lines(("tests", "commands killed"), _rows(tests, "killed")))
    )
    examples = markdown_table.lines(("tests", "examples"), _rows(tests, "examples"))
    yield from _section("Properties and fuzzing", (_FUZZING, "", *examples))
    yield from _section("What they have found", markdown_table.lines(("by", "what"), FOUND))
    yield from _section("What they do not show", _NOT_SHOWN)


_KILLS = (
    "SIGKILL before and after each step that a command takes: each change of the disk, each program it starts, each",
    "question to a forge. Afterwards the next run must come to the same end, and nothing may be lost.",
)
_FUZZING = (
    "Examples made by Hypothesis: random plans, repositories, histories, merges and bytes; "
    "the smallest that fails is kept."
)
_NOT_SHOWN = (
    "They ran on one Linux machine. macOS, network file systems and real forges were not among them; nor was a power",
    "failure of a disk that lies about `fsync`.",
)


def _section(title: str, lines: Iterable[str]) -> Iterator[str]:
    yield ""
    yield f"## {title}"
    yield ""
    yield from lines


def _totals(tests: dict[str, dict[str, int]], races: dict[str, Any]) -> Iterator[str]:
    """What was tried in all, and on what."""
    total = {key: sum(one.get(key, 0) for one in tests.values()) for key in _COUNTED}
    yield f"What `make prove` tried on {datetime.datetime.now(datetime.UTC).date()}, with {_on()}: real git, real"
    yield "processes, real HTTP, real SIGKILL. Played are the answers of forges alone, and they stand over real repositories."
    yield ""
    yield f"**{total['passed']:,} tests passed, {total['failed']} failed, {total['skipped']} were skipped**; "
    yield f"{total['examples']:,} examples of properties, {total['killed']:,} commands killed at a chosen step, and"
    yield f"{_sum(races, None):,} workers in races."


def _races(races: dict[str, Any]) -> Iterator[str]:
    """Each way in which workers raced, and what became of them."""
    yield f"{races['workers']} workers at once want the same plan, number or merge; some are killed. Exactly one may win, every"
    yield f"loser must be told who did, and no claim may be half made. {races['seconds']:,} s, seed {races['seed']}."
    yield ""
    modes = races["modes"]
    rows = [
        _race(one["mode"], one["taken"], [one["outcomes"].get(name, 0) for name in _OUTCOMES], one["violations"])
        for one in modes
    ]
    taken, violations = (sum(one[key] for one in modes) for key in ("taken", "violations"))
    rows.append(_race("**all**", taken, [_sum(races, name) for name in _OUTCOMES], violations))
    yield from markdown_table.lines(("mode", "rounds", *_OUTCOMES, "violations"), rows)


def _race(mode: str, taken: int, outcomes: list[int], violations: int) -> tuple[str, ...]:
    return (mode, f"{taken:,}", *(f"{count:,}" for count in outcomes), str(violations))


_COUNTED = ("passed", "failed", "skipped", "killed", "examples")
_OUTCOMES = ("won", "lost", "refused", "killed")


def _sum(races: dict[str, Any], outcome: str | None) -> int:
    counts = (one["outcomes"] for one in races["modes"])
    return sum(sum(one.values()) if outcome is None else one.get(outcome, 0) for one in counts)


def _rows(tests: dict[str, dict[str, int]], key: str) -> list[tuple[str, str]]:
    known = [(name, counts.get(key, 0)) for name, counts in tests.items() if counts.get(key)]
    return [(_words(name), f"{number:,}") for name, number in sorted(known, key=lambda one: -one[1])]


def _words(name: str) -> str:
    """What a test file says of itself."""
    path = ROOT / name
    said = ast.get_docstring(ast.parse(path.read_text())) if path.exists() else None
    return (said or name).split("\n")[0].rstrip(".")


def _on() -> str:
    git = subprocess.run(["git", "--version"], capture_output=True, text=True, check=True).stdout.split()[2]
    return f"Python {platform.python_version()}, git {git}, {platform.system()}"


if __name__ == "__main__":
    sys.exit(main())
