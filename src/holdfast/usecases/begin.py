"""What a hook asks git before it has loaded the rest of itself: git answers while Python imports."""

from __future__ import annotations

import os

from holdfast.adapters import files
from holdfast.adapters.git import Asked, Git, Objects, Repository, decode, for_this_commit
from holdfast.domain.value import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


class Begun(NamedTuple):
    """git in the worktree of a hook, a reader of its objects, and what is staged (None where nobody will ask)."""

    git: Git
    repository: Repository
    objects: Objects
    staged: Asked | None
    environment: Mapping[str, str]


def in_hook(cwd: str, environment: Mapping[str, str], asks_what_is_staged: bool) -> Begun:
    """Begin in the worktree that a git hook serves.

    git starts hooks at its top and says which git folder and index it means.
    """
    git = Git(cwd, for_this_commit(environment))
    staged = git.staged_against_head() if asks_what_is_staged else None
    objects = git.objects()
    git_dir = os.path.join(cwd, environment.get("GIT_DIR", ".git"))
    repository = Repository(cwd, git_dir, _common(git_dir)) if os.path.isdir(git_dir) else git.locate()
    return Begun(git, repository, objects, staged, environment)


def _common(git_dir: str) -> str:
    named = files.read(os.path.join(git_dir, "commondir"))
    return os.path.normpath(os.path.join(git_dir, decode(named).strip())) if named else git_dir
