"""The step that takes hand-kept claims files out of git: claims are branches."""

from __future__ import annotations

from holdfast.domain.value import TYPE_CHECKING
from holdfast.usecases import migrate
from holdfast.usecases.migration.step import Line, Step

if TYPE_CHECKING:
    from holdfast.usecases.workspace import Workspace


def propose(place: Workspace, _ahead: bool) -> Step:
    """What becomes of the claims files; `work` is the whole proposal, with what each entry becomes."""
    proposal = migrate.propose(place)
    lines = tuple(Line(step.kind, step.what) for step in proposal.steps)
    return Step(lines, tuple(step.undo for step in proposal.steps), proposal.notes, proposal.problems, work=proposal)


def apply(place: Workspace, step: Step) -> None:
    """Take them out of git's index, and let git ignore them; `Moved` when something changed since."""
    migrate.apply(place, step.work)
