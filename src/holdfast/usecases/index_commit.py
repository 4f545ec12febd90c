"""A commit on top of another one that puts the plan index right there, made without any working tree."""

from __future__ import annotations

from holdfast.adapters import merging
from holdfast.domain.value import TYPE_CHECKING, NamedTuple
from holdfast.usecases import index_file, plan_commit

if TYPE_CHECKING:
    from holdfast.adapters.git import Git
    from holdfast.usecases.configured import Configured
    from holdfast.usecases.workspace import Workspace

_MESSAGE = "Plan index\n\nComputed from the plans of the commit before.\n"


class Made(NamedTuple):
    """A commit that no branch holds yet, and the paths that it changes."""

    commit: str
    paths: tuple[str, ...]


def on(place: Workspace, tip: str, configured: Configured, sign: bool, git: Git | None = None) -> Made | None:
    """The commit on top of `tip`; None where the plan index is right there, or has no place.

    `configured` is the configuration of `tip`; `git` knows who commits, that of `place` without it.
    """
    due = index_file.wrong(place.observer.of_tree(tip, configured))
    if not due:
        return None
    files = {one.state.folder.index_path: one.expected for one in due}
    tree = plan_commit.tree(place, tip, files)
    commit = merging.commit(git or place.git, tree, [tip], _MESSAGE, None, sign)
    return Made(commit, tuple(files))
