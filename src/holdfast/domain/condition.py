"""The condition of a worktree at one instant: who is inside, what in it is not committed, what is under way."""

from __future__ import annotations

from holdfast.domain.occupancy import FREE, Occupancy
from holdfast.domain.session import is_ours
from holdfast.domain.value import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from holdfast.domain.snapshot import Worktree

HERE, GONE, AWAY, BROKEN = "here", "gone", "away", "broken"
"""Where the folder of a worktree is: there; deleted or moved by hand; on a disk that is not there; there, but git's words
for it and its own do not fit together."""


class Contents(NamedTuple):
    """What `git status` finds in a worktree: paths that are changed, unmerged, unknown to git, or ignored.

    A folder of which git knows nothing counts once, however many files are in it. `staged` is true where git's index
    holds what no commit has, `intended` where it knows of files that are only meant to be added (`git add --intent-to-add`).
    """

    changed: tuple[str, ...] = ()
    unmerged: tuple[str, ...] = ()
    untracked: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    staged: bool = False
    intended: bool = False

    @property
    def clean(self) -> bool:
        """True where everything that git does not ignore is committed."""
        return not (self.changed or self.unmerged or self.untracked)


class Condition(NamedTuple):
    """A worktree with everything that speaks for or against removing it.

    `where` is one of the words above, with `why` for a broken one. `operation` is under way in it; `own_commits` counts
    the commits that nothing but its detached HEAD holds, None where nobody looked; `nested` are worktrees inside it;
    `submodules` is true where it has any; `caller` where this command was started in it; `unmovable` says why a rename
    would not do. `stamp` is another one whenever git has changed what it keeps of the worktree.
    """

    worktree: Worktree
    occupancy: Occupancy
    where: str = HERE
    why: str = ""
    contents: Contents = Contents()
    operation: str | None = None
    own_commits: int | None = None
    nested: tuple[str, ...] = ()
    submodules: bool = False
    caller: bool = False
    unmovable: str = ""
    stamp: tuple[object, ...] = ()

    @property
    def locked(self) -> str | None:
        """The reason of a lock that somebody else put there; ours goes with the session that it is for."""
        return None if is_ours(self.worktree.locked) else self.worktree.locked

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why it is not simply free, in words."""
        where = {
            GONE: "its folder is gone: deleted or moved by hand",
            AWAY: "its folder is on a disk that is not there",
            BROKEN: self.why,
        }
        found = [*self.occupancy.reasons]
        if self.where in where:
            found.append(where[self.where])
        if self.operation is not None:
            found.append(f"{self.operation} is under way")
        if self.locked is not None:
            found.append(f"locked: {self.locked or 'no reason given'}")
        if self.own_commits:
            found.append(f"{commits(self.own_commits)} that only its HEAD holds")
        return tuple(found)

    @property
    def free(self) -> bool:
        """True for a linked worktree that is there, in which nobody is and nothing would be lost."""
        held = (
            self.worktree.main
            or self.locked is not None
            or self.nested
            or self.submodules
            or self.caller
            or self.unmovable
        )
        busy = self.operation is not None or bool(self.own_commits) or not self.contents.clean
        return self.where == HERE and self.occupancy.verdict == FREE and not held and not busy


def commits(count: int) -> str:
    """A number of commits in words."""
    return f"{count} commit{'' if count == 1 else 's'}"


def named(paths: tuple[str, ...], most: int = 3) -> str:
    """Some paths in words: the first ones, and how many more there are."""
    shown = ", ".join(paths[:most])
    return shown if len(paths) <= most else f"{shown} and {len(paths) - most} more"
