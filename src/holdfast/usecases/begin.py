"""What a hook asks git before it has loaded the rest of itself: git answers while Python imports."""

from __future__ import annotations

import os

from holdfast.adapters import files
from holdfast.adapters.git import Git, NotARepository, Repository, decode
from holdfast.adapters.objects import Objects
from holdfast.domain.value import TYPE_CHECKING
from holdfast.usecases.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Mapping


def in_hook(cwd: str, environment: Mapping[str, str], asks_what_is_staged: bool = False) -> Workspace:
    """The worktree that a git hook serves, with git at work on what is staged where that will be asked.

    git starts hooks at its top and says which git folder and index it means.
    """
    git = Git(cwd, environment)
    staged = git.staged_against_head() if asks_what_is_staged else None
    objects = Objects(git)
    git_dir = os.path.join(cwd, environment.get("GIT_DIR", ".git"))
    repository = Repository(cwd, git_dir, _common(git_dir)) if os.path.isdir(git_dir) else git.locate()
    if repository.top is None:
        raise NotARepository("there is no worktree here")
    return Workspace(git, repository, repository.top, objects, environment, staged)


def _common(git_dir: str) -> str:
    named = files.read(os.path.join(git_dir, "commondir"))
    return os.path.normpath(os.path.join(git_dir, decode(named).strip())) if named else git_dir
