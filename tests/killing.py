"""SIGKILL at a step of a real process: before or after the k-th time that it changes the disk, starts git, or asks a forge.

A `sitecustomize` counts these calls in the process that is to be killed, and is all that is added to it.
"""

from __future__ import annotations

import os
import random
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


def _started(real):
    # programs that subprocess starts: pushes, fetches, what verifies a merge
    def call(*args):
        global _done
        _done += 1
        mine = _done == _AT
        words = " ".join(os.fsdecode(word) for word in args[0])
        if mine or not _AT:
            with open(_LOG, "a") as log:
                log.write(f"fork_exec {words}\\n")
        if mine and _WHEN == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        pid = real(*args)
        if mine:
            os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
            os.kill(os.getpid(), signal.SIGKILL)
        return pid
    return call


import _posixsubprocess

_posixsubprocess.fork_exec = _started(_posixsubprocess.fork_exec)

if os.environ.get("KILL_HTTP"):
    import http.client

    def _method(real, name):
        def call(self, *args, **named):
            return _counted(f"http {name} {' '.join(map(str, args[:2]))}", lambda *_: real(self, *args, **named))(self)
        return call

    http.client.HTTPConnection.request = _method(http.client.HTTPConnection.request, "request")
    http.client.HTTPConnection.getresponse = _method(http.client.HTTPConnection.getresponse, "response")

for _name in ("link", "rename", "replace", "unlink", "rmdir", "mkdir", "fsync", "ftruncate", "posix_spawnp"):
    setattr(os, _name, _counted(_name, getattr(os, _name)))
"""


def killed_at(folder: Path, step: int, when: str) -> dict[str, str]:
    """An environment in which a Python process dies at that step; with step 0 it only writes down its steps."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "sitecustomize.py").write_text(_COUNTER)
    log = str(folder / "steps")
    return {"PYTHONPATH": str(folder), "KILL_AT": str(step), "KILL_WHEN": when, "KILL_LOG": log}


def chosen(count: int, seed: str, sample: int) -> list[tuple[int, str]]:
    """Each step, before and after it; by default some of them, the same in every run of one day's code."""
    every = [(step, when) for step in range(1, count + 1) for when in ("before", "after")]
    return every if PROVE else random.Random(seed).sample(every, min(sample, len(every)))


def steps(folder: Path) -> list[str]:
    """The steps that a process wrote down."""
    path = folder / "steps"
    return path.read_text().splitlines() if path.exists() else []


PROVE = os.environ.get("HYPOTHESIS_PROFILE") == "prove"
