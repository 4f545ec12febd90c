"""What is asked of a merge, and how it ended."""

from __future__ import annotations

from holdfast.domain.branch_name import plan_number
from holdfast.domain.finish import Asked
from holdfast.domain.value import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from holdfast.domain.finish import Step
    from holdfast.domain.problem import Problem

MERGED, ALREADY, REFUSED, REQUESTED, UPDATED, QUEUED, LOST, UNKNOWN, UNDONE, NOTHING = (
    "merged", "already-merged", "refused", "requested", "updated", "queued", "lost", "unknown", "undone", "nothing",
)  # fmt: skip
"""`undone`: a merge that was cut off is taken back, nothing was merged; `nothing`: there is none to go on with."""
DONE, KEPT, FAILED = "done", "kept", "failed"

_LOST_A_RACE, _UNCLEAR = 4, 5
"""Exit codes of the public contract."""
_WHO_IS_FIRST = frozenset({"finish-under-way", "finish-lost"})


class Options(NamedTuple):
    """What is to be merged and how: the plan's number or branch, None for that of this worktree, or a request's number.

    An `exact` name is never a number.
    """

    name: str | None = None
    exact: bool = False
    request: int | None = None
    asked: Asked = Asked()
    dry_run: bool = False
    wait: bool = False


class Cleaned(NamedTuple):
    """One step of the clean-up: done, or kept back or failed, with the reason and the command that does it."""

    step: str
    outcome: str
    message: str


class Requested(NamedTuple):
    """A request on a forge as people see it."""

    number: int
    url: str


class Finished(NamedTuple):
    """How it ended: `result` is one of the words above; `steps` are those of a dry run; `notes` are lines for people."""

    result: str
    branch: str | None
    plan: int | None = None
    head: str | None = None
    base: str | None = None
    merge_commit: str | None = None
    request: Requested | None = None
    blockers: tuple[Problem, ...] = ()
    cleanup: tuple[Cleaned, ...] = ()
    steps: tuple[Step, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def exit(self) -> int:
        """The exit code: lost to somebody else, not known, refused, or done."""
        if self.result == UNKNOWN:
            return _UNCLEAR
        if self.result == LOST or (self.blockers and {one.code for one in self.blockers} <= _WHO_IS_FIRST):
            return _LOST_A_RACE
        return 1 if self.result == REFUSED else 0


def refused(branch: str | None, blockers: list[Problem] | tuple[Problem, ...]) -> Finished:
    """A merge that is not to be; lost, where all that is in its way is somebody who was faster."""
    lost = bool(blockers) and {one.code for one in blockers} <= _WHO_IS_FIRST
    number = plan_number(branch) if branch is not None else None
    named = branch if number is None else None
    return Finished(LOST if lost else REFUSED, named, number, blockers=tuple(blockers))
