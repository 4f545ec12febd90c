"""Short races of the real command, over each transport; `make race` runs the long ones."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from killing import PROVE

pytest.importorskip("holdfast.entrypoints.commands.start")

RUN = Path(__file__).parent.parent / "race" / "run.py"


@pytest.mark.parametrize("transport", ["file", "http", "none"])
def test_one_winner_and_no_number_twice(transport: str) -> None:
    plans, numbers = ("6", "12") if PROVE else ("4", "8")
    sizes = ("--plans", plans, "--workers", "4", "--numbers", numbers, "--number-clones", "4")
    more = ("--ready", plans, "--rounds", "0")
    command = (sys.executable, str(RUN), "--command", f"{sys.executable} -m holdfast", "--transport", transport)
    done = subprocess.run((*command, *sizes, *more), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("transport", "rounds"), [("file", 2), ("http", 1), ("none", 2)])
def test_of_several_finishers_one_merges(transport: str, rounds: int) -> None:
    command = (sys.executable, str(RUN), "--command", f"{sys.executable} -m holdfast", "--transport", transport)
    done = subprocess.run(
        (*command, "--only", "finish", "--rounds", str(rounds)), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
