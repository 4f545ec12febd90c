"""SIGKILL at a step of a real process: before or after the k-th time that it changes anything on the disk or starts git.

A `sitecustomize` counts these calls in the process that is to be killed, and is all that is added to it.
"""

from __future__ import annotations

import os
from pathlib import Path

_COUNTER = """
import os, signal

_AT, _WHEN = int(os.environ["KILL_AT"]), os.environ["KILL_WHEN"]
_LOG = os.environ["KILL_LOG"]
_done = 0


def _counted(name, real):
    def call(*args, **named):
        global _done
        _done += 1
        mine = _done == _AT
        if mine or not _AT:
            with open(_LOG, "a") as log:
                log.write(f"{name} {args[0] if name != 'posix_spawnp' else args[1][3:5]}\\n")
        if mine and _WHEN == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        found = None
        try:
            found = real(*args, **named)
        except OSError:
            if not mine:
                raise
        if mine:
            if found and name == "posix_spawnp" and "--batch-command" not in args[1]:  # which ends with this process
                os.waitid(os.P_PID, found, os.WEXITED | os.WNOWAIT)
            os.kill(os.getpid(), signal.SIGKILL)
        return found
    return call


for _name in ("rename", "replace", "unlink", "rmdir", "mkdir", "fsync", "ftruncate", "posix_spawnp"):
    setattr(os, _name, _counted(_name, getattr(os, _name)))
"""


def killed_at(folder: Path, step: int, when: str) -> dict[str, str]:
    """An environment in which a Python process dies at that step; with step 0 it only writes down its steps."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "sitecustomize.py").write_text(_COUNTER)
    log = str(folder / "steps")
    return {"PYTHONPATH": str(folder), "KILL_AT": str(step), "KILL_WHEN": when, "KILL_LOG": log}


def steps(folder: Path) -> list[str]:
    """The steps that a process wrote down."""
    path = folder / "steps"
    return path.read_text().splitlines() if path.exists() else []


PROVE = os.environ.get("HYPOTHESIS_PROFILE") == "prove"
