"""What called this process: with which arguments the git that called a hook was started."""

from __future__ import annotations

import os

from holdfast.adapters import proc

_GENERATIONS = 6


def arguments_of_git(pid: int) -> list[str] | None:
    """The arguments of the git process `pid`, or of the nearest git above it (hook managers stand between).

    None where it cannot be told: no such process, no permission, an unknown system.
    """
    for _ in range(_GENERATIONS):
        arguments = proc.arguments(pid)
        if arguments is None:
            return None
        if os.path.basename(arguments[0]) == "git":
            return arguments
        parent = proc.parent(pid)
        if parent is None or parent <= 1:
            return None
        pid = parent
    return None
