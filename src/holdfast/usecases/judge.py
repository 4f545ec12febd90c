"""All problems of a set of plans, and which of them a change adds to the states it came from."""

from __future__ import annotations

from holdfast.domain import plan_set
from holdfast.domain.plan_index import NoPlace
from holdfast.domain.plan_set import NO_HISTORY
from holdfast.domain.policy import COMPUTED
from holdfast.domain.problem import Problem, added
from holdfast.domain.rules import across, transitions
from holdfast.domain.value import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from holdfast.domain.plan_set import History, PlanSet
    from holdfast.domain.rules.across import Scope
    from holdfast.usecases.observe import Configured, Observer


def everything(plans: PlanSet, observer: Observer, configured: Configured) -> list[Problem]:
    """All problems of the plans themselves; the plan index is judged apart, by `rules.index`."""
    known = _history(observer, configured) if across.dangling(plans) else NO_HISTORY
    return in_order([*configured.problems, *_of(plans, known, None)])


class Change:
    """A step from the states of the parents to another, and what it adds.

    The configuration of `after` judges both sides; `old_configuration` holds what was wrong with the parents'
    own configuration. Without a parent (the first commit) everything counts as added.
    """

    def __init__(
        self,
        after: PlanSet,
        before: Sequence[PlanSet],
        observer: Observer,
        configured: Configured,
        old_configuration: Sequence[tuple[Problem, ...]],
    ) -> None:
        self.after = after
        self.before = before
        self.configured = configured
        self._observer = observer
        self._scope = across.scope_of(after, before) if before else None
        known = self._needed_history()
        found = _of(after, known, self._scope)
        now = [*configured.problems, *found, *_places(after)]
        old = [_of(plans, known, self._scope) for plans in before]
        baselines = [
            _renumbered([*problems, *one, *_places(plans)], after, plans)
            for one, plans, problems in zip(old, before, old_configuration, strict=True)
        ]
        new = added(now, baselines)
        self.added = tuple(in_order([*new, *transitions.check(after, before, known)]))
        """What the step adds, in the order of the plans."""
        self._stays = len(now) - len(new)
        self._looked_at = len(found)
        self._grows = len(found) - len(old[0]) if old else 0

    def older(self) -> int:
        """How many older problems stay: those that were looked at, and all others.

        Outside the scope both sides have the same, so that the number of all follows from the state before.
        """
        if self._scope is None:
            return self._stays
        all_now = self._observer.standing(self.before[0], self.configured, _count_all) + self._grows
        self._observer.remember_standing(self.after, self.configured, all_now)
        return self._stays + all_now - self._looked_at

    def _needed_history(self) -> History:
        """The history, asked only when the change refers to something new that is not there, or takes a new number."""
        numbers = self._scope.numbers if self._scope is not None else None
        old = {pair for one in self.before for pair in across.dangling(one, numbers)}
        if across.dangling(self.after, numbers) - old or transitions.added_numbers(self.after, self.before):
            return _history(self._observer, self.configured)
        return NO_HISTORY


def in_order(problems: list[Problem]) -> list[Problem]:
    """Problems by path and line; those without a path first."""
    return sorted(problems, key=lambda one: (one.path or "", one.line or 0, one.column or 0, one.code))


def _history(observer: Observer, configured: Configured) -> History:
    from holdfast.usecases import history  # few changes need it

    return history.read(observer, configured)


def _count_all(plans: PlanSet) -> int:
    return len(_of(plans, NO_HISTORY, None))


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
