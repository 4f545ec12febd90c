"""The words of a repository that can stand on a command line: plans, claims, branches, worktrees; and what each of them is."""

from __future__ import annotations

from holdfast.adapters import trash
from holdfast.adapters.git import decode
from holdfast.domain.policy import RECORD
from holdfast.domain.value import TYPE_CHECKING
from holdfast.usecases import claims, clock, plans, surroundings
from holdfast.usecases.worktrees.anchors import TRASH

if TYPE_CHECKING:
    from collections.abc import Iterable

    from holdfast.usecases.workspace import Workspace

Told = tuple[str, str]
"""A word, and what it is."""


def every_plan(place: Workspace) -> list[Told]:
    """The number of each plan of the working tree, with its title."""
    found = plans.listed(place, plans.observe(place)[0])
    return [(str(one.summary.number), one.summary.title) for one in found]


def open_plans(place: Workspace) -> list[Told]:
    """The same of plans that can be claimed: work that is still to be done, and no records."""
    folders = [state for state in plans.observe(place)[0].folders if state.folder.profile != RECORD]
    found = [one for state in folders for one in state.summaries if one.open and not one.archived]
    return [(str(one.number), one.title) for one in found]


def claimed(place: Workspace) -> list[Told]:
    """The plan and the branch of each claim, with whose it is."""
    found = claims.listed(place, clock.now()).claims
    numbers = {one.plan: f"{one.branch}, {one.owner or 'nobody is named'}" for one in found if one.plan is not None}
    return [(str(number), about) for number, about in sorted(numbers.items())] + [
        (one.branch, one.owner or "") for one in found
    ]


def claim_branches(place: Workspace) -> list[Told]:
    """The branch of each claim, with whose it is."""
    return [(one.branch, one.owner or "") for one in claims.listed(place, clock.now()).claims]


def worktrees(place: Workspace) -> list[Told]:
    """The branch of each linked worktree, with its folder."""
    found = surroundings.of(place).worktrees
    return [(one.branch, one.path) for one in found if one.branch is not None and not one.main]


def removed(place: Workspace) -> list[Told]:
    """What waits in the trash: the branch, or the id of what had none, with the folder that it was."""
    found = trash.read_all(place.state(TRASH), False)
    return [(one.branch or one.id, one.path) for one in found]


def revisions(place: Workspace) -> list[Told]:
    """Each branch, also those of remotes, and each tag."""
    _, out, _ = place.git.attempt("for-each-ref", "--format=%(refname)", "refs/heads", "refs/remotes", "refs/tags")
    return [(name, "") for name in _short(decode(out).splitlines()) if not name.endswith("/HEAD")]


def _short(names: Iterable[str]) -> Iterable[str]:
    return (name.split("/", 2)[2] for name in names)
