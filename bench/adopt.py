"""Holdfast's own side: its command, and a repository that adopted it."""

from __future__ import annotations

import os
import shutil

import plan_texts
from repositories import Home, SetUpError, commit_all, commit_hooks, run

_ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PROGRAMS = os.path.join(_ROOT, ".venv", "bin")
COMMAND = os.path.join(PROGRAMS, "holdfast")
PYTHON = os.path.join(PROGRAMS, "python")


def adopt(home: Home, folder: str, count: int) -> tuple[str, ...]:
    """Let a repository of `count` plans adopt Holdfast; the hooks that now run on a commit.

    `SetUpError` says why it could not be done, or that the hooks do not do their work.
    """
    run(home, folder, COMMAND, "init", "--yes")
    hooks = commit_hooks(home, folder)
    if not hooks:
        raise SetUpError("`holdfast init --yes` left no hook that runs on a commit")
    commit_all(home, folder, "Adopt Holdfast")
    _prove(home, folder, count)
    return hooks


def forget(home: Home, folder: str) -> None:
    """Throw the cache away, so that the next command reads everything anew."""
    common = run(home, folder, "git", "rev-parse", "--git-common-dir").rstrip("\n")
    shutil.rmtree(os.path.join(folder, common, "holdfast", "cache"), ignore_errors=True)


def _prove(home: Home, folder: str, count: int) -> None:
    """Commit a plan with another status: hooks that work put a new plan index beside it."""
    path = plan_texts.path(plan_texts.calm(count, 1)[0])
    with open(os.path.join(folder, path), "r+", encoding="utf-8") as file:
        text = plan_texts.toggled(file.read())
        file.seek(0)
        file.write(text)
        file.truncate()
    commit_all(home, folder, "Change the status of one plan")
    changed = run(home, folder, "git", "diff", "--name-only", "-z", "HEAD~1", "HEAD").split("\0")
    if not set(changed) - {path, ""}:
        raise SetUpError("its hooks let a changed status pass without a new plan index")
