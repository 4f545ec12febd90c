"""All problems of a set of plans, and which of them a change adds to the states it came from."""

from __future__ import annotations

from holdfast.domain import plan_set
from holdfast.domain.plan_index import NoPlace
from holdfast.domain.policy import COMPUTED
from holdfast.domain.problem import Problem, added
from holdfast.domain.rules import across, index, transitions
from holdfast.domain.value import TYPE_CHECKING, NamedTuple
from holdfast.usecases import history

if TYPE_CHECKING:
    from collections.abc import Sequence

    from holdfast.domain.plan_set import History, PlanSet
    from holdfast.usecases.observe import Configured, Observer


class Judgement(NamedTuple):
    """What a change adds (`added`, in the order of the plans) and how many older problems stay (`older`)."""

    added: tuple[Problem, ...]
    older: int


def everything(plans: PlanSet, observer: Observer, configured: Configured) -> list[Problem]:
    """All problems of the plans themselves; the plan index is judged apart, by `rules.index`."""
    needed = bool(across.dangling(plans))
    known = history.read(observer, configured) if needed else history.NONE
    return in_order([*configured.problems, *_of(plans, known)])


def change(
    after: PlanSet,
    before: Sequence[PlanSet],
    observer: Observer,
    configured: Configured,
    old_configuration: Sequence[tuple[Problem, ...]],
) -> Judgement:
    """What the step from the parents `before` to `after` adds.

    The configuration of `after` judges both sides; `old_configuration` holds what was wrong with the parents'
    own configuration. Without a parent (the first commit) everything counts as added.
    """
    known = _history_for(after, before, observer, configured)
    now = [*configured.problems, *_of(after, known), *_places(after)]
    baselines = []
    for old, problems in zip(before, old_configuration, strict=True):
        found = [*problems, *_of(old, known), *_places(old)]
        baselines.append(_renumbered(found, after, old))
    new = added(now, baselines)
    older = len(now) - len(new)
    return Judgement(tuple(in_order([*new, *transitions.check(after, before, known)])), older)


def in_order(problems: list[Problem]) -> list[Problem]:
    """Problems by path and line; those without a path first."""
    return sorted(problems, key=lambda one: (one.path or "", one.line or 0, one.column or 0, one.code))


def _of(plans: PlanSet, known: History) -> list[Problem]:
    local = [problem for one in plans.summaries if one.problems for problem in one.problems]
    return [*local, *across.check(plans, known)]


def _places(plans: PlanSet) -> list[Problem]:
    """Files that have no place for the plan index: what a commit cannot mend by itself."""
    found: list[Problem] = []
    if plans.policy.mode == COMPUTED:
        return found
    for state in plans.folders:
        try:
            plan_set.place_of_index(state)
        except NoPlace:
            found += index.check_folder(state, plans.policy)
    return found


def _history_for(after: PlanSet, before: Sequence[PlanSet], observer: Observer, configured: Configured) -> History:
    """The history, asked only when the change refers to something new that is not there, or takes a new number."""
    old = {pair for one in before for pair in across.dangling(one)}
    if across.dangling(after) - old or transitions.added_numbers(after, before):
        return history.read(observer, configured)
    return history.NONE


def _renumbered(problems: list[Problem], after: PlanSet, before: PlanSet) -> list[Problem]:
    """A baseline in which plans that took another number already have it: old mess moves with its plan."""
    moved: dict[str, int] = {}
    for state in after.folders:
        old = transitions.folder_in(before, state.folder.path)
        if old is not None:
            moved |= {path: new.number for path, new in transitions.renumbered(state, old).items()}
    if not moved:
        return problems
    return [one._replace(plan=moved[one.path]) if one.path in moved else one for one in problems]
