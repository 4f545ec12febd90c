"""What a run of the tests tried: how many examples of each property, and how many processes were killed.

With `HOLDFAST_PROOF=FILE` the numbers are written there when the run ends, by test file: `make prove` does so.
"""

from __future__ import annotations

import json
import os
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis.statistics import collector

_killed = 0
_files: dict[str, Counter[str]] = {}


def ended(code: int) -> None:
    """Count a process that a test ran, by its exit code."""
    global _killed
    _killed += code == -signal.SIGKILL


@pytest.hookimpl(hookwrapper=True, trylast=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Count what one test tries; the numbers travel to the controller with the test's report."""
    before, examples = _killed, 0
    others: Callable[[Any], None] | None = collector.value

    def note(statistics: dict[str, Any]) -> None:
        nonlocal examples
        phases = [phase for name, phase in statistics.items() if name.endswith("-phase")]
        examples += sum(len(phase["test-cases"]) for phase in phases)
        if others is not None:
            others(statistics)

    with collector.with_value(note):
        yield
    item.user_properties += [("examples", examples), ("killed", _killed - before)]


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Add up what the tests report, where they are gathered."""
    if report.when == "call" or report.skipped:
        counts = _files.setdefault(report.nodeid.partition("::")[0], Counter())
        counts[report.outcome] += 1
        for name, number in report.user_properties:
            if name in ("examples", "killed"):
                counts[name] += int(str(number))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the numbers down, in the process that gathered them."""
    path = os.environ.get("HOLDFAST_PROOF")
    if path and not hasattr(session.config, "workerinput"):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(json.dumps({name: dict(counts) for name, counts in sorted(_files.items())}, indent=1))
