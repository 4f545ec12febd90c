"""Edit a plan's header; refused when the plan would then hold an error that it does not hold now."""

from __future__ import annotations

import os

from holdfast.adapters import files
from holdfast.domain import status
from holdfast.domain.header_edit import CannotEdit, with_evidence, with_field
from holdfast.domain.plan_reader import parse
from holdfast.domain.plan_set import PlanSet
from holdfast.domain.problem import ERROR, Problem, Unable
from holdfast.domain.summary import summarize
from holdfast.domain.value import TYPE_CHECKING, NamedTuple
from holdfast.usecases import indexes, journal, judge, plans

if TYPE_CHECKING:
    from holdfast.domain.policy import FolderPolicy
    from holdfast.domain.summary import Summary
    from holdfast.usecases.configured import Configured
    from holdfast.usecases.workspace import Workspace


class Edited(NamedTuple):
    """An edit of a plan's header: what was there, what is, and what refused it."""

    path: str
    before: str
    after: str
    refused: tuple[Problem, ...]


def set_status(place: Workspace, number: int, wanted: str, evidence: str | None, dry_run: bool = False) -> Edited:
    """Set a plan's status in its header; refused when the plan would then hold an error that it does not hold now."""
    observed, configured = plans.observe(place)
    one = plans.find(observed, number)
    folder = next(state.folder for state in observed.folders if one in state.summaries)
    written = status.written(wanted, folder.statuses)
    if written is None:
        near = status.nearest(wanted, folder.statuses)
        known = ", ".join(entry.words[0] for entry in folder.statuses)
        raise _UnknownStatus(f"{wanted!r} is no status here" + (f"; did you mean {near!r}?" if near else ""), known)
    target = os.path.join(place.top, one.path)
    _refuse_outside(place, folder)
    before = plans.file_of(place, one).content or b""
    content = with_status(one.path, number, before, folder, written, evidence)
    refused = _refused(place, observed, configured, one, folder, content)
    if not refused and not dry_run and content != before:
        files.put(target, files.State(content, files.state(target).mode))
        data = {"path": one.path, "before": one.status_text, "after": written}
        journal.here(place, "plan-set", plan=number, **data, **({"evidence": evidence} if evidence is not None else {}))
    return Edited(one.path, one.status_text, written, refused)


def with_status(
    path: str, number: int, content: bytes, folder: FolderPolicy, written: str, evidence: str | None
) -> bytes:
    """The file of a plan with its status `written` and, if there is any, evidence; `Unable` where it has no place for them."""
    plan = parse(path, number, content, folder)
    if evidence is not None:
        content = with_evidence(content, plan, folder, evidence)
        plan = parse(path, number, content, folder)
    try:
        return with_field(content, plan, "status", written)
    except CannotEdit as error:
        raise Unable(f"{path}: {error}") from error


class _UnknownStatus(Unable):
    def __init__(self, message: str, known: str) -> None:
        super().__init__(message)
        self.remedy = f"name one of: {known}"


def _refused(
    place: Workspace, before: PlanSet, configured: Configured, one: Summary, folder: FolderPolicy, content: bytes
) -> tuple[Problem, ...]:
    edited = summarize(parse(one.path, one.number, content, folder), "edited", folder, configured.policy)
    states = tuple(
        state._replace(summaries=state.summaries.changed([(one.path, one.number)], [edited]))
        if state.folder == folder
        else state
        for state in before.folders
    )
    found = judge.change(PlanSet(before.policy, states), [before], place.observer, configured, [configured.problems])
    return tuple(problem for problem in found.added if problem.severity == ERROR)


def _refuse_outside(place: Workspace, folder: FolderPolicy) -> None:
    if indexes.leads_away(place, folder):
        raise plans.Unplaceable(f"the plan folder {folder.path} is reached through a symlink")
