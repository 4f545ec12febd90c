"""The steps that are `init`: the computed plan index in the place of a hand-kept one, and the hooks that hold it."""

from __future__ import annotations

from holdfast.domain.value import TYPE_CHECKING
from holdfast.usecases import check, indexes, setup
from holdfast.usecases.migration import adopted
from holdfast.usecases.migration.step import Line, Step, addable, restore, unchanged
from holdfast.usecases.setup.proposal import ATTRIBUTES, INDEX, SETTINGS

if TYPE_CHECKING:
    from holdfast.usecases.setup import Proposal
    from holdfast.usecases.workspace import Workspace

UNDO = "holdfast init --uninstall"

_SHARED = frozenset((SETTINGS, INDEX, ATTRIBUTES))
"""What of `init` is committed."""


def propose_index(place: Workspace, _ahead: bool) -> Step:
    """Configuration, markers around the table that is there, and the merge driver; or the rows where they are not right."""
    if not adopted.may_be(place):
        return Step()
    known = adopted.here(place)
    proposal = setup.propose(place.top, place.environment, setup.Options(hooks=False))
    if proposal.steps or proposal.blockers or not known:
        return _as_step(place, proposal)
    # What is only behind uncommitted plans is right again with the next commit, and no problem of a check.
    wrong = any(one.code.startswith("index-") for one in check.worktree(place).problems)
    stale = indexes.put(place, dry_run=True) if wrong else []
    held = unchanged(place, stale)
    lines = tuple(Line("edit", f"write the computed plan index into {path}") for path in stale if path in held)
    paths = tuple(path for path in stale if path in held)
    return Step(lines, tuple(map(restore, paths)), paths=paths)


def apply_index(place: Workspace, step: Step) -> None:
    """Adopt, and compute the plan index; killed in between, the next run completes it."""
    if step.work is not None:
        setup.apply(step.work, after=lambda: _compute(place))
    else:
        indexes.write(place)


def propose_hooks(place: Workspace, ahead: bool) -> Step:
    """The git hooks and the merge driver of this clone: from then on a commit may add no new problem."""
    if (waiting := adopted.waiting(place, ahead)) is not None:
        return waiting
    return _as_step(place, setup.propose(place.top, place.environment, setup.Options(local=True)))


def apply_hooks(_place: Workspace, step: Step) -> None:
    """Install them; hooks of others go on running behind ours."""
    setup.apply(step.work)


def _compute(place: Workspace) -> None:
    indexes.put(place)


def _as_step(place: Workspace, proposal: Proposal) -> Step:
    lines = tuple(Line(one.kind, one.what) for one in proposal.steps) if not proposal.blockers else ()
    if not lines:
        return Step(problems=proposal.blockers)
    paths = addable(place, (one.path for one in proposal.edits if one.kind in _SHARED))
    return Step(lines, (UNDO,), proposal.notes, (), paths, proposal)
