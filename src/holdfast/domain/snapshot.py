"""What was observed of a repository at one instant: branches, worktrees and the remote, frozen."""

from __future__ import annotations

from holdfast.domain.value import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from holdfast.domain.claim_commit import Origin
    from holdfast.domain.integration import Facts
    from holdfast.domain.moment import Moment


class Worktree(NamedTuple):
    """A worktree as git lists it; `branch` is None for a detached HEAD, `locked` the reason of a lock or None.

    `gone` is true where its folder is not there.
    """

    path: str
    branch: str | None
    head: str | None
    main: bool
    locked: str | None = None
    gone: bool = False


class Trace(NamedTuple):
    """What the reflog of a branch tells: the moment of its last entry, and whether its tip has commits made on it.

    `worked` is None where the log does not tell: the branch came from elsewhere, or the log is cut off.
    """

    at: Moment
    worked: bool | None


class Branch(NamedTuple):
    """A branch that may be a claim: the ids of the local and of the remote-tracking ref, None where there is none.

    `remote_ref` is the full name of the latter; `trace` and `touched` (a file in its worktree) are None where nothing is
    known or nobody asked. `fence` is what the plan's fence says, where this clone has seen it.
    """

    name: str
    plan: int | None
    local: str | None
    remote: str | None
    remote_ref: str | None
    worktree: Worktree | None = None
    trace: Trace | None = None
    touched: Moment | None = None
    fetched: Moment | None = None
    fence: Origin | None = None

    @property
    def tips(self) -> tuple[str, ...]:
        """The commits that the branch stands for, here and on the remote."""
        if self.local is None or self.remote is None or self.local == self.remote:
            one = self.local or self.remote
            return (one,) if one is not None else ()
        return self.local, self.remote

    def fits(self, origin: Origin) -> bool:
        """True for what a claim commit of this branch says, or of its plan; another branch's claim is not its own."""
        return origin.branch == self.name or (self.plan is not None and origin.plan == self.plan)


class RemoteView(NamedTuple):
    """The remote that claims are shared through, as this clone saw it last; `fetched_at` None for never."""

    name: str
    fetched_at: Moment | None


class Snapshot(NamedTuple):
    """Everything that is known about claims at one instant.

    `facts` are what each tip is against each main branch there is (here, on the remote); `main` its short name.
    `phases` are the plans that declare phases, with the names of these.
    """

    main: str
    branches: tuple[Branch, ...]
    worktrees: tuple[Worktree, ...]
    facts: Mapping[str, tuple[Facts, ...]]
    remote: RemoteView | None
    phases: Mapping[int, tuple[str, ...]]
