"""What an agent is told when it begins: where it is, what is its plan, what to do next, and what its clone lacks."""

from __future__ import annotations

import os

from holdfast.domain.problem import Problem
from holdfast.domain.value import TYPE_CHECKING
from holdfast.usecases import claims, plan_files, workspace
from holdfast.usecases.setup import adoption, hook_files, hook_folder
from holdfast.usecases.setup.hook_files import HOOKS
from holdfast.usecases.setup.proposal import Site

if TYPE_CHECKING:
    from holdfast.domain.claim import Claim
    from holdfast.domain.moment import Moment
    from holdfast.usecases.claims import Listed
    from holdfast.usecases.workspace import Workspace

_TAKE = 'take a plan with `cd "$(holdfast start --next)"`, and work in its worktree'


def lines(place: Workspace, now: Moment) -> list[str]:
    """A few lines for an agent whose session begins in the worktree of `place`."""
    listed = claims.listed(place, now)
    top = os.path.realpath(place.top)
    here = next((one for one in listed.ground.worktrees if os.path.realpath(one.path) == top), None)
    on = workspace.branch(place)
    main = "the main worktree" if here is not None and here.main else "the worktree"
    said = [f"Holdfast: you are in {main} {top}, on {f'the branch {on}' if on else 'no branch'}."]
    mine = next((one for one in listed.claims if one.branch == on and one.local is not None and not one.ended), None)
    said += _of_claim(place, listed, mine) if mine is not None else _without_claim(listed)
    return said + _lacking(place)


def _of_claim(place: Workspace, listed: Listed, mine: Claim) -> list[str]:
    if mine.plan is None:
        return [f"{mine.branch} is work without a plan.", f"Next: commit here; to work on a plan, {_TAKE}."]
    found = plan_files.find(place, listed.ground.configured, mine.commit, mine.plan)
    summaries = plan_files.summaries(place, listed.ground.configured, found)
    what = f": {summaries[0].title} ({found[0].path})" if found else ""
    said = [f"Your plan is #{mine.plan}{what}."]
    if mine.lost or mine.contested:
        said.append("Careful, the claim is disputed: `holdfast claims` says with whom.")
    said.append(f"Next: read the plan (`holdfast plan show {mine.plan}`), do it here, and commit on this branch.")
    return said


def _without_claim(listed: Listed) -> list[str]:
    number = len([one for one in listed.claims if not one.ended])
    others = f"{number} {'claims are' if number > 1 else 'claim is'} open (`holdfast claims`)" if number else ""
    said = ["No plan is claimed by this branch" + (f"; {others}." if others else ".")]
    return [*said, f"Next: {_TAKE}."]


def _lacking(place: Workspace) -> list[str]:
    """What this clone lacks of an adopted repository."""
    if not adoption.adopted(place.git, place.top) or _hooked(place):
        return []
    return ["This clone lacks Holdfast's git hooks, so nothing is checked here: run `holdfast init --local`."]


def _hooked(place: Workspace) -> bool:
    """True when git, or the hook manager that it calls, comes to our gate."""
    where = hook_folder.folder(place.git, Site(place.top, place.repository.common_dir), place.environment)
    if isinstance(where, Problem):
        return False
    return hook_files.calls_us(os.path.join(where.path, HOOKS[0]))
