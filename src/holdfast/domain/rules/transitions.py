"""Rules over what a change does to plans, against the states that it came from."""

from __future__ import annotations

from holdfast.domain import status
from holdfast.domain.naming import slug_of
from holdfast.domain.rules.finding import finding
from holdfast.domain.value import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from holdfast.domain.plan_set import FolderState, History, PlanSet
    from holdfast.domain.policy import Policy
    from holdfast.domain.problem import Problem
    from holdfast.domain.summary import Summary

_BACK = frozenset({status.NEEDS_PLAN, status.PLANNED, status.PROPOSED, status.IN_PROGRESS, status.BLOCKED})


def check(after: PlanSet, before: Sequence[PlanSet], history: History) -> Iterator[Problem]:
    """What the step from the `before` states (the parents) to `after` must not do.

    With several parents only what differs from every one of them counts: the rest came in by a parent.
    """
    for state in after.folders:
        befores = [old for old in (folder_in(one, state.folder.path) for one in before) if old is not None]
        if befores:
            yield from _reopened(state, befores, after.policy)
            yield from _renumbered(state, befores, after.policy)
        yield from _reused(state, befores, after.policy, history)


def folder_in(plans: PlanSet, path: str) -> FolderState | None:
    """The state of the folder `path` in a plan set, or None."""
    return next((state for state in plans.folders if state.folder.path == path), None)


def added_numbers(after: PlanSet, before: Sequence[PlanSet]) -> set[int]:
    """Numbers that no parent has: only these can reuse one, so only these need the history."""
    known = [old.summaries for plans in before for old in plans.folders]
    found: set[int] = set()
    for state in after.folders:
        befores = [old for old in (folder_in(one, state.folder.path) for one in before) if old is not None]
        found |= {number for number in _new_in(state, befores) if not any(old.has(number) for old in known)}
    return found


def _new_in(state: FolderState, befores: Sequence[FolderState]) -> set[int]:
    """The numbers of a folder's plans that differ from every state before."""
    differing = [state.summaries.differing(old.summaries) for old in befores]
    return set.intersection(*differing) if differing else {one.number for one in state.summaries}


def renumbered(after: FolderState, before: FolderState) -> dict[str, Summary]:
    """Plans whose file name took another number: old path to what it became.

    A plan is known again by its bytes, else by the words of its file name or its title.
    """
    touched = after.summaries.differing(before.summaries)
    news, olds = after.summaries.among(touched), before.summaries.among(touched)
    new_paths = {one.path for one in news}
    gone = [one for one in olds if one.path not in new_paths]
    if not gone:
        return {}
    old_paths = {one.path for one in olds}
    come = [one for one in news if one.path not in old_paths]
    by_oid = {one.oid: one for one in reversed(come)}
    by_slug = {slug_of(one.path): one for one in reversed(come)}
    by_title = {one.title: one for one in reversed(come) if one.title}
    found: dict[str, Summary] = {}
    for old in gone:
        match = by_oid.get(old.oid) or by_slug.get(slug_of(old.path)) or by_title.get(old.title)
        if match is not None and match.number != old.number:
            found[old.path] = match
    return found


def _reopened(state: FolderState, befores: list[FolderState], policy: Policy) -> Iterator[Problem]:
    touched = _new_in(state, befores)
    back = [one for one in state.summaries.among(touched) if one.status in _BACK]
    complete = [
        {one.path for one in before.summaries.among(touched) if one.status == status.COMPLETE} for before in befores
    ]
    for one in back:
        if not all(one.path in paths for paths in complete):
            continue
        if status.read(one.status_text, state.folder.statuses).note:
            continue
        yield from finding(
            policy, "reopened-silently", "status", f"plan #{one.number} was Complete and is {one.status} without a note",
            f'run `holdfast plan set {one.number} --status "{one.status} (reopened: what was found)"`',
            path=one.path, plan=one.number,
        )  # fmt: skip


def _renumbered(state: FolderState, befores: list[FolderState], policy: Policy) -> Iterator[Problem]:
    moved = [renumbered(state, before) for before in befores]
    for path, new in moved[0].items():
        if not all(path in one for one in moved[1:]):
            continue
        number = state.folder.number_of(path)
        olds = befores[0].summaries.numbered(number) if number is not None else []
        old = next(one for one in olds if one.path == path)
        if len(olds) > 1:
            continue  # one of two plans with this number: it has to take another
        yield from finding(
            policy, "number-renamed", f"from #{old.number}", f"the rename made plan #{old.number} plan #{new.number}",
            f"run `git mv {new.path} {path}`", path=new.path, plan=new.number,
        )  # fmt: skip


def _reused(state: FolderState, befores: list[FolderState], policy: Policy, history: History) -> Iterator[Problem]:
    free = 0
    for one in state.summaries.among(_new_in(state, befores)):
        if any(before.summaries.has(one.number) for before in befores):
            continue
        slugs = history.slugs(state.folder.path, one.number)
        if not slugs or slug_of(one.path) in slugs:
            continue
        free = free + 1 if free else state.unused(history)
        yield from finding(
            policy, "number-reused", "number",
            f"plan #{one.number} is new, but {sorted(slugs)[0]!r} had this number before it",
            f"take the next free number: `{state.renumber(one.path, free)}`, and correct its title",
            path=one.path, plan=one.number,
        )  # fmt: skip
