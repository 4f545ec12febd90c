"""Each line of SECURITY.md names tests, and those tests are there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

TESTS = Path(__file__).parent
PAGE = TESTS.parent / "SECURITY.md"
ASKED = ("branch", "plan file", "configuration", "remote", "forge", "agent", "symlink", "escape")


def lines() -> list[tuple[str, list[str]]]:
    rows = [line.strip("|").split("|") for line in PAGE.read_text().splitlines() if line.startswith("| ")]
    return [(row[0].strip(), re.findall(r"`(test_\w+)`", row[-1])) for row in rows[1:] if len(row) == 4]


def known() -> set[str]:
    found: set[str] = set()
    for path in TESTS.rglob("test_*.py"):
        found |= {one.name for one in ast.parse(path.read_text()).body if isinstance(one, ast.FunctionDef)}
    return found


def test_each_threat_names_tests_that_are_there() -> None:
    there = known()
    assert len(lines()) > 20
    assert not [(threat, tests) for threat, tests in lines() if not tests or set(tests) - there]


def test_every_source_of_harm_has_its_lines() -> None:
    sources = [threat for threat, _ in lines()]
    assert not [asked for asked in ASKED if not any(asked in source for source in sources)]
