"""husky: what git runs of it is in no commit, so a new worktree has none of it until husky has been there."""

from __future__ import annotations

import os

from holdfast.adapters import files
from holdfast.domain.value import TYPE_CHECKING
from holdfast.usecases.setup import hook_folder
from holdfast.usecases.setup.hook_files import ALL, is_ours

if TYPE_CHECKING:
    from holdfast.adapters.git import Git

_FOLDER = ".husky/_"


def carry(main: str, new: str, git: Git) -> list[str]:
    """Copy what the main worktree has of husky, and git does not track, into the worktree `new`; the paths, from its top.

    That is the folder `.husky/_`, which husky writes and ignores in it (husky/index.js), and the hooks beside it that are ours.
    What is there already stays.
    """
    scope, value = hook_folder.setting(git)
    if scope != "local" or os.path.isabs(value) or not f"/{os.path.normpath(value)}".endswith(f"/{_FOLDER}"):
        return []
    beside = os.path.dirname(os.path.normpath(value))
    stubs = [os.path.join(beside, "_", name) for name in files.names(os.path.join(main, beside, "_"))]
    ours = [os.path.join(beside, name) for name in ALL if is_ours(os.path.join(main, beside, name))]
    if os.path.islink(os.path.join(new, beside)) or os.path.lexists(os.path.join(new, beside, "_")):
        stubs = []  # husky was here, or it leads elsewhere
    return [path for path in (*stubs, *ours) if _copied(os.path.join(main, path), os.path.join(new, path))]


def _copied(source: str, target: str) -> bool:
    content = files.read_regular(source)
    if (
        content is None
        or os.path.lexists(target)
        or os.path.realpath(os.path.dirname(target)) != os.path.dirname(target)
    ):
        return False
    files.put(target, files.State(content, files.state(source).mode))
    return True
