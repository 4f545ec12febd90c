"""Workers: processes that begin at one signal, or one after another, and what became of each."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Any

WON, REFUSED, LOST = 0, 1, 4
"""The exit codes that a race may have."""

LIMIT = 180.0
"""Seconds after which a worker counts as hung."""

# It says that it is there, waits until the parent closes the gate, and becomes the command.
_BARRIER = 'printf . && { read -r _; exec "$@" </dev/null; }'


@dataclass(frozen=True, slots=True)
class Worker:
    """Someone who starts a plan: a name, where it stands, and what it runs."""

    name: str
    place: str
    command: tuple[str, ...]


@dataclass(frozen=True)
class Attempt:
    """What became of a worker: `code` is negative for a signal, `killed` tells that the signal was ours."""

    worker: Worker
    code: int
    out: str
    err: str
    seconds: float
    killed: bool = False
    hung: bool = False

    @cached_property
    def document(self) -> dict[str, Any]:
        """What it printed as JSON; empty where that is no JSON object."""
        try:
            found = json.loads(self.out)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    @property
    def won(self) -> bool:
        """True when it was told to have the plan."""
        return self.code == WON and not self.killed

    @property
    def outcome(self) -> str:
        """One word, for the table."""
        if self.killed:
            return "killed"
        return {WON: "won", LOST: "lost", REFUSED: "refused"}.get(self.code, f"exit {self.code}")

    @property
    def last_words(self) -> str:
        """The end of what it said, on one line."""
        return " | ".join((self.err or self.out).strip().splitlines()[-3:])[:400] or "nothing printed"


def at_once(
    workers: Sequence[Worker], environment: Mapping[str, str], doom: Mapping[int, float] | None = None
) -> list[Attempt]:
    """Let all begin at one signal; `doom` has the seconds after which a worker, by its place in the row, is killed."""
    gate, signal_end = os.pipe()
    started: list[subprocess.Popen[bytes]] = []
    try:
        started = [_wait_at(gate, worker, environment) for worker in workers]
        for process in started:
            assert process.stdout is not None
            process.stdout.read(1)
    finally:
        os.close(gate)
        begin = time.perf_counter()
        os.close(signal_end)
    limits = [(doom or {}).get(at) for at in range(len(workers))]
    with ThreadPoolExecutor(len(workers)) as pool:
        return list(pool.map(_finish, workers, started, limits, [begin] * len(workers)))


def in_turn(workers: Sequence[Worker], environment: Mapping[str, str]) -> list[Attempt]:
    """Let each begin when the one before it has ended."""
    return [at_once([worker], environment)[0] for worker in workers]


def _wait_at(gate: int, worker: Worker, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        ("sh", "-c", _BARRIER, "sh", *worker.command), cwd=worker.place, env=dict(environment), stdin=gate,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0, start_new_session=True,
    )  # fmt: skip


def _finish(worker: Worker, process: subprocess.Popen[bytes], doom: float | None, begin: float) -> Attempt:
    killed = hung = False
    try:
        left = LIMIT if doom is None else max(begin + doom - time.perf_counter(), 0.0)
        out, err = process.communicate(timeout=left)
    except subprocess.TimeoutExpired:
        killed, hung = doom is not None, doom is None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        out, err = process.communicate()
    seconds = time.perf_counter() - begin
    # It may have ended by itself between the two.
    killed = killed and process.returncode == -signal.SIGKILL
    return Attempt(
        worker, process.returncode, out.decode(errors="replace"), err.decode(errors="replace"), seconds, killed, hung
    )
