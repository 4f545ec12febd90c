"""The command that tells a user that a session waits for him: approved, or not run."""

from __future__ import annotations

from holdfast.adapters import spawn
from holdfast.domain.value import TYPE_CHECKING
from holdfast.usecases import approvals, journal
from holdfast.usecases.workspace import branch

if TYPE_CHECKING:
    from holdfast.domain.session import Session
    from holdfast.usecases.workspace import Workspace

_SECONDS = 60
"""So long the command may take: it tells somebody something."""


def tell(place: Workspace, session: Session) -> None:
    """Run the command for a session that has just begun to wait, where there is one that was approved.

    It goes on by itself, and nobody waits for it: an agent's hook has other work. It stands in no worktree, which it would
    keep in use: `HOLDFAST_WORKTREE` says which one is meant.
    """
    command = approvals.command(place.configurations.of_worktree().policy, approvals.NOTIFY)
    if not command or not approvals.is_approved(place, approvals.NOTIFY, command):
        return
    variables = {
        "HOLDFAST_SESSION": session.id, "HOLDFAST_AGENT": session.agent, "HOLDFAST_WORKTREE": place.top,
        "HOLDFAST_BRANCH": branch(place) or "",
    }  # fmt: skip
    spawn.begin(["/bin/sh", "-c", command], {**place.environment, **variables}, _SECONDS)
    journal.here(place, "notify", session=session.id, agent=session.agent)
