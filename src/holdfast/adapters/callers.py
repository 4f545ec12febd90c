"""What called this process: which git that started a hook, and with which arguments."""

from __future__ import annotations

import os

from holdfast.adapters import proc
from holdfast.domain.value import NamedTuple

_GENERATIONS = 8


class Caller(NamedTuple):
    """A git process: its number, and the words that it was started with; no words where they cannot be told."""

    pid: str
    arguments: list[str]


def calling_git(pid: str) -> Caller:
    """The git process `pid`, or the nearest git above it: hook managers stand between, and the shells that they start.

    `pid` itself where that cannot be told: no such process, no permission, an unknown system.
    """
    at = int(pid) if pid.isdigit() else None
    for _ in range(_GENERATIONS):
        arguments = proc.arguments(at) if at is not None and at > 1 else None
        if at is None or arguments is None:
            break
        if os.path.basename(arguments[0]) == "git":
            return Caller(str(at), arguments)
        at = proc.parent(at)
    return Caller(pid, [])
