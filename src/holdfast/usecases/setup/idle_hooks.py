"""Worktrees in which none of our hooks runs, because `core.hooksPath` leads to another folder in each."""

from __future__ import annotations

import os

from holdfast.adapters import files
from holdfast.domain.diagnosis import diagnosis
from holdfast.domain.quoting import quoted
from holdfast.domain.value import TYPE_CHECKING
from holdfast.usecases.setup import hook_folder
from holdfast.usecases.setup.hook_files import HOOKS, calls_us, line_to_add

if TYPE_CHECKING:
    from holdfast.adapters.git import Git
    from holdfast.domain.problem import Problem


def inside(top: str, git: Git) -> Problem | None:
    """Why none of our hooks runs in the worktree `top` where `core.hooksPath` leads into each; None where they run.

    What a relative one leads to is often not tracked, and then a new worktree has none of it. Of a setting that only one
    worktree has, nothing is said.
    """
    scope, value = hook_folder.setting(git)
    if scope != "local" or not value or os.path.isabs(value) or not os.path.exists(os.path.join(top, ".git")):
        return None
    folder, name = os.path.normpath(os.path.join(top, value)), HOOKS[0]
    husky = folder.endswith("/.husky/_")
    hook = os.path.join(os.path.dirname(folder) if husky else folder, name)
    here = f"cd {quoted(top)} && "
    if husky and not os.path.exists(os.path.join(folder, name)):
        remedy = here + "npx husky"
    elif calls_us(hook):
        return None
    elif value.startswith(".git/"):  # a file, in every worktree but the main one
        remedy = (
            f'git config --local core.hooksPath "$(git rev-parse --path-format=absolute --git-common-dir)/{value[5:]}"'
        )
    elif files.read_regular(hook) is not None:
        remedy = f"add this line to {hook}: {line_to_add(name)}"
    else:
        remedy = here + "holdfast init --local"
    message = f"none of Holdfast's git hooks runs in {top}: core.hooksPath is {value}, another folder in each worktree"
    return diagnosis("worktree-without-hooks", top, message, remedy).problem
