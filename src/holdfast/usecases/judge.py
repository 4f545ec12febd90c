"""All problems of a set of plans, and which of them a change adds to the states it came from."""

from __future__ import annotations

from holdfast.domain import plan_set
from holdfast.domain.plan_index import NoPlace
from holdfast.domain.plan_set import NO_HISTORY
from holdfast.domain.policy import COMPUTED
from holdfast.domain.problem import Problem, added
from holdfast.domain.rules import across, transitions
from holdfast.domain.value import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from holdfast.domain.plan_set import History, PlanSet
    from holdfast.domain.rules.across import Scope
    from holdfast.usecases.configured import Configured
    from holdfast.usecases.observe import Observer


def everything(plans: PlanSet, observer: Observer, configured: Configured) -> list[Problem]:
    """All problems of the plans themselves; the plan index is judged apart, by `rules.index`."""
    return in_order([*configured.problems, *_all_of(plans, observer, configured)])


class Judgement(NamedTuple):
    """What a change adds, in the order of the plans; and of the problems that were `looked_at` in the new state, how
    many stay from before, and by how many there are more than in the first parent."""

    added: tuple[Problem, ...]
    looked_at: int
    stay: int
    more: int


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
    scope = across.scope_of(after, before) if before else None
    known = _history_for(after, before, scope, observer, configured)
    found = _of(after, known, scope)
    olds = [_of(plans, known, scope) for plans in before]
    now = [*configured.problems, *found, *_places(after)]
    baselines = [
        _renumbered([*problems, *old, *_places(plans)], after, plans)
        for old, plans, problems in zip(olds, before, old_configuration, strict=True)
    ]
    new = added(now, baselines)
    steps = transitions.check(after, before, known)
    more = len(found) - len(olds[0]) if olds else len(found)
    return Judgement(tuple(in_order([*new, *steps])), len(found), len(now) - len(new), more)


def older(
    judged: Judgement, after: PlanSet, before: Sequence[PlanSet], observer: Observer, configured: Configured
) -> int:
    """How many older problems stay: those that were looked at, and all others; remembered for the next commit.

    What was not looked at is the same on both sides: how many there are in all follows from the state before.
    """
    if not before:
        return judged.stay
    in_all = judged.more + observer.remembered.standing(
        before[0], configured.digest, lambda plans: len(_all_of(plans, observer, configured))
    )
    observer.remembered.keep_standing(after, configured.digest, in_all)
    return judged.stay + in_all - judged.looked_at


def in_order(problems: list[Problem]) -> list[Problem]:
    """Problems by path and line; those without a path first."""
    return sorted(problems, key=lambda one: (one.path or "", one.line or 0, one.column or 0, one.code))


def _history(observer: Observer, configured: Configured) -> History:
    from holdfast.usecases import history  # few changes need it

    return history.read(observer, configured)


def _history_for(
    after: PlanSet, before: Sequence[PlanSet], scope: Scope | None, observer: Observer, configured: Configured
) -> History:
    """The history, asked only where plans refer to what is not there, or a change takes a new number."""
    numbers = scope.numbers if scope is not None else None
    if any(across.dangling(one, numbers) for one in (after, *before)) or transitions.added_numbers(after, before):
        return _history(observer, configured)
    return NO_HISTORY


def _all_of(plans: PlanSet, observer: Observer, configured: Configured) -> list[Problem]:
    return _of(plans, _history(observer, configured) if across.dangling(plans) else NO_HISTORY, None)


def _of(plans: PlanSet, known: History, scope: Scope | None) -> list[Problem]:
    """The problems of the plans in a scope, or of all: of each alone, and between them."""
    local = [
        problem
        for state in plans.folders
        for one in (state.summaries if scope is None else state.summaries.among(scope.numbers))
        for problem in one.problems
    ]
    return [*local, *across.check(plans, known, scope)]


def _places(plans: PlanSet) -> list[Problem]:
    """Files that have no place for the plan index: what a commit cannot mend by itself."""
    found: list[Problem] = []
    if plans.policy.mode == COMPUTED:
        return found
    for state in plans.folders:
        try:
            plan_set.place_of_index(state)
        except NoPlace:
            from holdfast.domain.rules import index

            found += index.check_folder(state, plans.policy)
    return found


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
