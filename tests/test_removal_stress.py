"""Processes come into worktrees and leave them while they are removed: none ever stands in a folder that is deleted."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from claiming import Clone

SECONDS = 60 if os.environ.get("HYPOTHESIS_PROFILE") == "prove" else 6
TREES = 3

_VISITOR = """
import os, random, sys, time
trees, log, until = sys.argv[1].split(":"), sys.argv[2], float(sys.argv[3])
inside = visits = 0
while time.time() < until:
    try:
        os.chdir(random.choice(trees))
        time.sleep(random.random() * 0.02)
        here = os.readlink("/proc/self/cwd")
        visits += 1
        if here.endswith(" (deleted)") or not os.listdir("."):
            open(log, "a").write(f"{here}\\n")
        if random.random() < 0.3:
            child = os.fork()
            if child == 0:
                time.sleep(random.random() * 0.05)
                here = os.readlink("/proc/self/cwd")
                if here.endswith(" (deleted)"):
                    open(log, "a").write(f"child {here}\\n")
                os._exit(0)
            os.waitpid(child, 0)
        os.chdir("/")
        time.sleep(random.random() * 0.05)
    except FileNotFoundError:
        os.chdir("/")
        time.sleep(0.005)
print(visits)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc tells where a process stands")
def test_nobody_ends_in_a_folder_that_is_deleted(alone: Clone, tmp_path: Path) -> None:
    trees = [alone.path.parent / f"tree-{at}" for at in range(TREES)]
    for at, path in enumerate(trees):
        alone.git("worktree", "add", "-q", "-b", f"branch-{at}", str(path))
        alone.at(path).git("commit", "-q", "--allow-empty", "-m", "Work")
    log, until = tmp_path / "deleted", time.time() + SECONDS
    command = [sys.executable, "-c", _VISITOR, ":".join(map(str, trees)), str(log), str(until)]
    visitors = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    removed = refused = 0
    while time.time() < until:
        for at in range(TREES):
            ran = alone.holdfast("worktree", "remove", f"branch-{at}")
            assert ran.code in (0, 1), ran
            if ran.code == 0:
                removed += 1
                assert alone.holdfast("worktree", "restore", f"branch-{at}").code == 0
            else:
                assert "in use by" in ran.err, ran
                refused += 1
    visits = sum(int(visitor.communicate()[0]) for visitor in visitors)
    assert not log.exists(), log.read_text()
    assert removed and refused and visits > 10, (removed, refused, visits)
    for at, path in enumerate(trees):
        assert alone.at(path).status() == "" and alone.at(path).id_of("HEAD") == alone.id_of(f"branch-{at}")
