"""The trash: what was removed, where it waits, and until when it can be restored."""

from __future__ import annotations

from holdfast.domain.branch_name import plan_number
from holdfast.domain.moment import DAY, Moment
from holdfast.domain.value import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from holdfast.domain.branch_name import BranchPattern
    from holdfast.domain.policy import TrashPolicy

FOLDER = ".holdfast-trash"
"""The folder beside removed worktrees, on the same file system, in which theirs wait."""

ANCHORS = "refs/holdfast/trash/"
"""Refs that keep from git's `gc` what only a removed worktree knew of."""


class Removed(NamedTuple):
    """A removed worktree: where it was, on which branch (None for none) and commit ('' before the first one).

    `folder` is where its files wait, '' for one that was gone already; `name` is that of its registration.
    `outcome` is what became of its branch. `at` is when, and `by` who removed it.
    """

    id: str
    path: str
    branch: str | None
    head: str
    name: str
    folder: str
    at: Moment
    by: str
    outcome: str = ""

    @property
    def anchors(self) -> str:
        """What the names of its refs begin with."""
        return f"{ANCHORS}{self.id}/"

    def until(self, policy: TrashPolicy) -> Moment:
        """When it may be deleted for good."""
        return Moment(self.at + policy.days * DAY)

    def is_named(self, name: str, path: str) -> bool:
        """True for the name of its branch or its id, and for a path that is its own."""
        return name in (self.branch, self.id) or path == self.path

    def is_of(self, plan: int | None, pattern: BranchPattern) -> bool:
        """True for a worktree that was on the branch of a plan."""
        return plan is not None and self.branch is not None and pattern.number(self.branch) == plan


class Waiting(NamedTuple):
    """A removed worktree and how many bytes it takes; None where nobody looked."""

    removed: Removed
    size: int | None


def expired(waiting: Iterable[Waiting], now: Moment, policy: TrashPolicy) -> list[Waiting]:
    """What may be deleted for good: what has waited long enough, and the oldest of what is too much together."""
    found, total = [], 0
    for at, one in enumerate(sorted(waiting, key=lambda one: one.removed.at, reverse=True)):
        total += one.size or 0
        too_much = at > 0 and total > policy.megabytes * 1_000_000  # what was removed last is never too much
        if now >= one.removed.until(policy) or too_much:
            found.append(one)
    return found[::-1]


def newest(removed: Iterable[Removed], name: str, path: str, pattern: BranchPattern) -> Removed | None:
    """What was removed last under a name: of a branch, an id or a path; else under a plan's number."""
    every = list(removed)
    named = [one for one in every if one.is_named(name, path)]
    return _last(named) or newest_of(every, plan_number(name), pattern)


def newest_of(removed: Iterable[Removed], plan: int | None, pattern: BranchPattern) -> Removed | None:
    """What was removed last of a plan's branches."""
    return _last([one for one in removed if one.is_of(plan, pattern)])


def _last(removed: list[Removed]) -> Removed | None:
    return max(removed, key=lambda one: (one.at, one.id), default=None)


def size_in_words(size: int) -> str:
    """A number of bytes in the largest sensible unit, as `3.4 MB`."""
    amount, unit = float(size), "bytes"
    for larger in ("kB", "MB", "GB", "TB"):
        if amount < 1000:
            break
        amount, unit = amount / 1000, larger
    return f"{size} bytes" if unit == "bytes" else f"{amount:.1f} {unit}"
