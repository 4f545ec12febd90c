"""A new plan: a number that nobody else can have, and a file in the plan folder or on the plan's own claim branch."""

from __future__ import annotations

import os

from holdfast.adapters import clock, files
from holdfast.domain import new_plan
from holdfast.domain.naming import slug_of
from holdfast.domain.problem import Unable
from holdfast.domain.value import TYPE_CHECKING, NamedTuple
from holdfast.usecases import indexes, journal, numbers, plans, surroundings
from holdfast.usecases.plans import NoSuchPlan, Unplaceable

if TYPE_CHECKING:
    from holdfast.domain.plan_set import FolderState, PlanSet
    from holdfast.usecases.configured import Configured
    from holdfast.usecases.workspace import Workspace


class Wanted(NamedTuple):
    """What a new plan is to say: its title, and as far as given priority, blockers and folder."""

    title: str
    priority: str | None = None
    blocked_by: tuple[int, ...] = ()
    folder: str | None = None


class Made(NamedTuple):
    """A new plan: its number, its path from the top, the branch name of a claim on it, and its text."""

    number: int
    path: str
    branch: str
    content: bytes


def new(place: Workspace, wanted: Wanted, offline: bool = False, dry_run: bool = False, write: bool = True) -> Made:
    """Make a plan with the next number over all clones that share the remote.

    Without `write` the number is reserved and the text made, and no file is written. `surroundings.Refused` where the
    configuration or the remote does not allow it.
    """
    observed, configured = plans.observe(place)
    surroundings.check(configured)
    state = _folder(observed, wanted.folder)
    _check(wanted, state)
    if indexes.leads_away(place, state.folder):
        raise Unplaceable(f"the plan folder {state.folder.path} is reached through a symlink")
    now = clock.now()
    if dry_run:
        number = numbers.free(place, state.folder, configured, now)
    else:
        number = numbers.reserve(place, state.folder, configured, now, offline)
    made = _made(place, wanted, state, configured, number)
    if not dry_run and write:
        # First the line, which is on the disk then: a plan that nobody can find in the journal must not be.
        journal.here(place, "plan-new", plan=number, durable=True, path=made.path, title=wanted.title.strip())
        files.create(os.path.join(place.top, made.path), made.content)
    return made


def _made(place: Workspace, wanted: Wanted, state: FolderState, configured: Configured, number: int) -> Made:
    folder = state.folder
    names = tuple(os.path.basename(one.path) for one in state.summaries if not one.archived)
    name = folder.pattern.name(number, new_plan.slug(wanted.title), names)
    path = f"{folder.path}/{name}" if folder.path else name
    template = files.state(os.path.join(place.top, folder.path, "TEMPLATE.md")).content
    content = new_plan.text(number, wanted.title.strip(), folder, template, wanted.priority, wanted.blocked_by)
    return Made(number, path, configured.policy.claims.branch.name(number, slug_of(name)), content)


def _folder(observed: PlanSet, path: str | None) -> FolderState:
    if path is None:
        return plans.first_folder(observed)
    wanted = path.strip("/").removeprefix("./")
    for state in observed.folders:
        if state.folder.path == wanted:
            return state
    raise Unable(f"{path!r} is no plan folder; there are: {', '.join(state.folder.path for state in observed.folders)}")


def _check(wanted: Wanted, state: FolderState) -> None:
    known = {one.number for one in state.summaries}
    missing = [number for number in wanted.blocked_by if number not in known]
    if missing:
        raise NoSuchPlan(f"there is no plan {', '.join(f'#{number}' for number in missing)} to be blocked by")
    for what, text in (("a title", wanted.title), ("a priority", wanted.priority)):
        if text is not None and not _one_line(text):
            raise Unplaceable(f"{what} is one line of text, not {text!r}")


def _one_line(text: str) -> bool:
    """True for words on one line: no line break of any kind, no control character, nothing that is not UTF-8."""
    odd = any(
        ord(character) < 32 or 127 <= ord(character) < 160 or "\ud800" <= character <= "\udfff" for character in text
    )
    return bool(text.strip()) and len(text.splitlines()) == 1 and not odd
