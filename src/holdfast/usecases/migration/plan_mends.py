"""The step that mends plans where no decision is needed, and the list of what is left in them."""

from __future__ import annotations

from holdfast.domain.problem import errors
from holdfast.domain.value import TYPE_CHECKING
from holdfast.usecases import journal, judge, mend
from holdfast.usecases.migration import adopted
from holdfast.usecases.migration.step import Changed, Line, Step, restore, unchanged

if TYPE_CHECKING:
    from holdfast.domain.problem import Problem
    from holdfast.usecases.workspace import Workspace


def propose(place: Workspace, _ahead: bool) -> Step:
    """What would be mended: only in files that git holds as they are, because only they can be taken back."""
    configured = adopted.configured(place)
    if configured is None or configured.errors:
        return Step()
    found = mend.plans(place, place.observer.of_worktree(configured), dry_run=True)
    paths = list(dict.fromkeys(path for path, _ in found))
    held = unchanged(place, paths)
    notes = tuple(
        f"{path} has edits that git does not hold, so it is left: `holdfast check --mend` mends it too"
        for path in paths
        if path not in held
    )
    mended = tuple(path for path in paths if path in held)
    lines = tuple(Line("mend", f"{path}: {what}") for path, what in found if path in held)
    return Step(lines, tuple(map(restore, mended)), notes, paths=mended)


def apply(place: Workspace, step: Step) -> None:
    """Mend them; `Changed` where one was edited since they were shown: to undo that would take the edit along."""
    if unchanged(place, step.paths) != frozenset(step.paths):
        raise Changed("a plan has changed meanwhile")
    configured = adopted.configured(place)
    if configured is not None:
        mend.plans(place, place.observer.of_worktree(configured), only=step.paths)
        journal.here(place, "migrate", step="plans", paths=list(step.paths))


def left(place: Workspace) -> list[Problem]:
    """The problems of error level in the plans as they are, each with its line."""
    configured = adopted.configured(place)
    if configured is None:
        return []
    observer = place.observer
    return judge.in_order(errors(judge.everything(observer.of_worktree(configured), observer, configured)))
