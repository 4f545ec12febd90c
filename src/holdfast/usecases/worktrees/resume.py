"""Back to work on a plan: its worktree, from the trash if need be, and the agent's own way to go on."""

from __future__ import annotations

import itertools

from holdfast.adapters import trash
from holdfast.domain.agents import AGENTS
from holdfast.domain.blockers import blocker
from holdfast.domain.trash import newest_of
from holdfast.domain.value import TYPE_CHECKING, NamedTuple
from holdfast.usecases import claims, journal
from holdfast.usecases.worktrees import restore
from holdfast.usecases.worktrees.anchors import TRASH

if TYPE_CHECKING:
    from holdfast.domain.claim import Claim
    from holdfast.domain.moment import Moment
    from holdfast.domain.problem import Problem
    from holdfast.usecases.workspace import Workspace

FOUND, RESTORED, REFUSED = "found", "restored", "refused"

_LOOK_BACK = 5_000


class Resumed(NamedTuple):
    """Where to go on, and the agent's own command for that; what speaks against it."""

    result: str
    plan: int
    branch: str | None = None
    worktree: str | None = None
    command: str | None = None
    notes: tuple[str, ...] = ()
    blockers: tuple[Problem, ...] = ()


def resume(place: Workspace, plan: int, now: Moment, dry_run: bool) -> Resumed:
    """Find the worktree of a plan that is claimed in this clone, or was until it was removed."""
    held = [one for one in claims.observe(place, now).of_plan(plan) if one.local is not None]
    there = next((one for one in held if one.worktree is not None), None)
    if there is not None and there.worktree is not None:
        command = _command(place, there.branch, there.worktree)
        return Resumed(FOUND, plan, there.branch, there.worktree, command)
    pattern = place.configurations.of_worktree().policy.claims.branch
    last = newest_of(trash.read_all(place.state(TRASH)), plan, pattern)
    done = restore.restore(place, last.id if last is not None else "", "", dry_run)
    if done.removed is None:
        return Resumed(REFUSED, plan, blockers=(_nothing(plan, held),))
    if done.blockers:
        return Resumed(REFUSED, plan, blockers=done.blockers)
    branch, path = done.removed.branch, done.removed.path
    return Resumed(RESTORED, plan, branch, path, _command(place, branch, path), done.notes)


def _nothing(plan: int, held: list[Claim]) -> Problem:
    if held:
        message = f"plan #{plan} is claimed as {held[0].branch}, without a worktree here"
        return blocker("not-claimed", f"plan #{plan}", message, f"`holdfast start {plan}` makes one", plan=plan)
    message = f"plan #{plan} is not claimed in this clone, and nothing of it is in the trash"
    return blocker("not-claimed", f"plan #{plan}", message, f"`holdfast start {plan}` takes it", plan=plan)


def _command(place: Workspace, branch: str | None, path: str) -> str | None:
    """The agent's own command for its last session there, by the journal."""
    events = itertools.islice(reversed(journal.events(place, _LOOK_BACK).events), _LOOK_BACK)
    for event in events:
        session, agent = event.data.get("session"), event.data.get("agent")
        here = event.worktree == path or (branch is not None and event.branch == branch)
        if here and isinstance(session, str) and isinstance(agent, str) and agent in AGENTS:
            return AGENTS[agent].resume.format(session=session)
    return None
