"""What stands for a script that `migrate` has pointed to Holdfast: the command that does its work now, in its own language."""

from __future__ import annotations

import re

from holdfast.domain.older import CLAIMS, COMPLETE, DOES, FINISH, INDEX, PYTHON, REMOVE, SHELL
from holdfast.domain.value import NamedTuple


class Replacement(NamedTuple):
    """What people are told, and the command that stands for a script, as its text in a shell and in Python.

    Both are empty where nothing clearly stands for it.
    """

    told: str
    shell: str = "exit 1"
    python: str = "None"


def _passing(command: str) -> Replacement:
    """A command that takes the arguments of the script as they are."""
    words = ", ".join(f'"{word}"' for word in command.split())
    return Replacement(f"this is `{command}` now", f'exec {command} "$@"', f"[{words}, *sys.argv[1:]]")


REPLACED = {
    CLAIMS: Replacement(
        "claims are branches now: `holdfast claims` lists, `holdfast start N` claims, `holdfast unclaim N` gives back"
    ),
    INDEX: Replacement(
        "this is `holdfast index` now",
        'case " $* " in *" --check "*) exec holdfast index --check ;; esac\nexec holdfast index --write',
        '["holdfast", "index", "--check" if "--check" in sys.argv else "--write"]',
    ),
    COMPLETE: Replacement(
        "a plan is completed with its work now: `holdfast finish N --evidence TEXT`, or `holdfast plan set N`"
    ),
    FINISH: _passing("holdfast finish"),
    REMOVE: _passing("holdfast worktree remove"),
}
"""What stands for each thing that older scripts do."""

_SHEBANGS = {PYTHON: "#!/usr/bin/env python3", SHELL: "#!/bin/sh"}
_PLACEHOLDER = re.compile("@(SHEBANG|PATH|WHAT|TOLD|COMMAND)@")
_SAFE = re.compile(r"[A-Za-z0-9_./ -]+")


def can_name(path: str) -> bool:
    """True for a path that a comment and a quoted text can hold as it is."""
    return bool(_SAFE.fullmatch(path))


def text(template: str, language: str, path: str, role: str, before: str) -> str:
    """The text of the shim for the script `path` that held `before`; it begins with the line that started that."""
    replacement = REPLACED[role]
    first = before.split("\n", 1)[0].rstrip("\r")
    words = {
        "SHEBANG": first if first.startswith("#!") else _SHEBANGS[language],
        "PATH": path,
        "WHAT": DOES[role],
        "TOLD": replacement.told.replace("`", "'"),
        "COMMAND": replacement.python if language == PYTHON else replacement.shell,
    }
    return _PLACEHOLDER.sub(lambda match: words[match[1]], template)
