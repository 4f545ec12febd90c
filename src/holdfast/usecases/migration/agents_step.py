"""The step that lets those coding agents call Holdfast that work here already."""

from __future__ import annotations

from holdfast.domain.agents import AGENTS
from holdfast.domain.value import TYPE_CHECKING
from holdfast.usecases.agents import install
from holdfast.usecases.migration import adopted
from holdfast.usecases.migration.step import Line, Step, addable

if TYPE_CHECKING:
    from holdfast.usecases.workspace import Workspace


def propose(place: Workspace, ahead: bool) -> Step:
    """Hooks for the agents whose folder is here and whose settings do not call Holdfast yet."""
    if (waiting := adopted.waiting(place, ahead)) is not None:
        return waiting
    known = {agent.name for agent in install.registered(place)}
    names = [name for name, agent in AGENTS.items() if name not in known and install.works_here(place, agent)]
    if not names:
        return Step()
    proposal = install.propose_install(place, names, place.environment)
    lines = tuple(Line(step.kind, step.what) for step in proposal.steps) if not proposal.blockers else ()
    if not lines:
        return Step(problems=proposal.blockers)
    undo = (f"holdfast agents install --remove {' '.join(names)}",)
    return Step(lines, undo, proposal.notes, (), addable(place, (step.path for step in proposal.steps)), proposal)


def apply(_place: Workspace, step: Step) -> None:
    """Merge our hooks into their settings; every other byte of those stays."""
    install.apply(step.work)
