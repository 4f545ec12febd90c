"""What is in a worktree that no commit has: asked of git, which looks while its asker does something else."""

from __future__ import annotations

from holdfast.adapters.git import GitError, decode
from holdfast.domain.condition import Contents
from holdfast.domain.value import TYPE_CHECKING

if TYPE_CHECKING:
    from holdfast.adapters import spawn
    from holdfast.adapters.git import Git

_UNMERGED = frozenset({"DD", "AU", "UD", "UA", "DU", "AA", "UU"})
"""git-status(1), short format."""


class AskedContents:
    """`git status` of one worktree, asked now and read later.

    Of what is ignored git gives what a pattern names (`--ignored=matching`): for `node_modules/` that is one word, and git
    looks at none of the files in it. The default form reads all of them.
    """

    def __init__(self, git: Git) -> None:
        self._asked: spawn.Running = git.start(
            "-c", "status.showUntrackedFiles=normal", "status", "--porcelain=v1", "-z", "--no-renames",
            "--untracked-files=normal", "--ignored=matching", "--ignore-submodules=none",
        )  # fmt: skip

    def all(self) -> Contents:
        """What git found; may be asked once. `GitError` where it could not look."""
        code, out, err = self._asked.done()
        if code != 0:
            raise GitError(decode(err).strip().splitlines()[-1] if err.strip() else f"git status exited with {code}")
        return _contents(decode(out).split("\0")[:-1])


def _contents(records: list[str]) -> Contents:
    changed, unmerged, untracked, ignored = [], [], [], []
    staged, intended = False, False
    for record in records:
        state, path = record[:2], record[3:]
        if state == "??":
            untracked.append(path)
        elif state == "!!":
            ignored.append(path)
        elif state in _UNMERGED:
            unmerged.append(path)
        else:
            changed.append(path)
            staged = staged or state[0] != " "
            intended = intended or state == " A"
    return Contents(tuple(changed), tuple(unmerged), tuple(untracked), tuple(ignored), staged, intended)
