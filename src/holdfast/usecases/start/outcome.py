"""How a plan is to be taken, and how that ended."""

from __future__ import annotations

from holdfast.domain.blockers import blocker
from holdfast.domain.value import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from holdfast.domain.claim_commit import Origin
    from holdfast.domain.problem import Problem
    from holdfast.usecases.worktrees.making import Ask

CLAIMED, REFUSED, LOST = "claimed", "refused", "lost"


class Options(NamedTuple):
    """How a plan is to be taken. `ask` asks the person at the terminal about a command, None where nobody is."""

    owner: str | None = None
    here: bool = False
    steal: bool = False
    offline: bool = False
    worktree: bool = True
    phase: str | None = None
    dry_run: bool = False
    ask: Ask | None = None


class Started(NamedTuple):
    """How it ended: `result` is claimed, refused or lost; `notes` are lines for people, `warnings` what went wrong later."""

    result: str
    plan: int | None
    branch: str | None = None
    worktree: str | None = None
    commit: str | None = None
    base: str | None = None
    published: bool = False
    owner: str | None = None
    claim_id: str | None = None
    blockers: tuple[Problem, ...] = ()
    winner: str | None = None
    warnings: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()
    exit: int = 0


def refused(number: int | None, problems: Iterable[Problem]) -> Started:
    """Nothing was taken, for these reasons."""
    return Started(REFUSED, number, blockers=tuple(problems), exit=1)


def lost(plan: int, branch: str, winner: str, origin: Origin | None) -> Started:
    """The plan went to somebody who was faster."""
    where = f", on branch {origin.branch}" if origin is not None and origin.branch else ""
    problem = blocker("claim-lost", f"plan #{plan}", f"plan #{plan} went to {winner}{where}", plan=plan)
    return Started(LOST, plan, branch, blockers=(problem,), winner=winner, exit=4)
