"""Plans for people and agents: listed, shown and drawn."""

from __future__ import annotations

import os

from holdfast.adapters import files
from holdfast.adapters.git import decode
from holdfast.domain import status
from holdfast.domain.policy import RECORD
from holdfast.domain.problem import Unable
from holdfast.domain.value import TYPE_CHECKING, NamedTuple
from holdfast.usecases.workspace import branch

if TYPE_CHECKING:
    from collections.abc import Container

    from holdfast.domain.plan_set import FolderState, PlanSet
    from holdfast.domain.policy import FolderPolicy
    from holdfast.domain.summary import Summary
    from holdfast.usecases.configured import Configured
    from holdfast.usecases.workspace import Workspace


class NoSuchPlan(Unable):
    """No plan has the number that was asked for, or more than one has."""

    remedy = "run `holdfast plan list` to see all plans"


class Unplaceable(Unable):
    """A plan that is no regular file of this worktree, or could not become one."""

    remedy = "run `holdfast check` to see what stands there"


class Listed(NamedTuple):
    """One plan in a list: `ready` when it can be taken up now, `on` the branch it was read from.

    `claimed_by` names whoever works on it, None for nobody.
    """

    summary: Summary
    folder: str
    ready: bool
    on: str | None
    claimed_by: str | None = None


def observe(place: Workspace) -> tuple[PlanSet, Configured]:
    """The plans of the working tree and its configuration."""
    observer = place.observer
    configured = observer.configurations.of_worktree()
    return observer.of_worktree(configured), configured


def listed(place: Workspace, plans: PlanSet) -> list[Listed]:
    """All plans that are not archived, by folder and number."""
    on = branch(place)
    found = []
    for state in plans.folders:
        known = {one.number: one for one in state.summaries}
        for one in state.summaries:
            if not one.archived:
                found.append(Listed(one, state.folder.path, _ready(one, known, state.folder), on))
    return found


def ready(place: Workspace, plans: PlanSet, claimed: Container[int]) -> list[Listed]:
    """The plans that can be taken up now and that nobody has claimed, the most urgent first."""
    priorities = tuple(name for state in plans.folders for name in state.folder.priorities)
    found = [one for one in listed(place, plans) if one.ready and one.summary.number not in claimed]
    return by_urgency(found, priorities)


def first_folder(plans: PlanSet) -> FolderState:
    """The folder that a plan belongs to where none is named: the first one that holds no records."""
    return next((state for state in plans.folders if state.folder.profile != RECORD), plans.folders[0])


def by_urgency(plans: list[Listed], priorities: tuple[str, ...]) -> list[Listed]:
    """Plans by priority, then by number: the order in which ready ones are offered."""
    ranks = {name.casefold(): rank for rank, name in enumerate(priorities)}

    def rank(one: Listed) -> tuple[int, int]:
        word = one.summary.priority.casefold().split(" ")[0]
        return ranks.get(
            word, int(word[1]) if len(word) == 2 and word[0] == "p" and word[1].isdigit() else len(ranks)
        ), one.summary.number

    return sorted(plans, key=rank)


def find(plans: PlanSet, number: int) -> Summary:
    """The plan with that number; `NoSuchPlan` when there is none, or two of one folder share it."""
    found = plans.find(number)
    if not found:
        raise NoSuchPlan(f"there is no plan #{number}")
    same = [one for one in found if os.path.dirname(one.path) == os.path.dirname(found[0].path)]
    if len(same) > 1:
        raise NoSuchPlan(f"plan #{number} is {len(same)} files: {', '.join(one.path for one in same)}")
    return found[0]


def text_of(place: Workspace, one: Summary) -> str:
    """The whole text of a plan, also of one that a sparse checkout leaves out; `Unplaceable` for what is no file."""
    return decode(file_of(place, one, or_staged=True).content or b"")


def graph(plans: PlanSet) -> str:
    """The plans that wait for each other as a Mermaid graph: an arrow leads from a blocker to what it blocks."""
    lines = ["graph LR"]
    for at, state in enumerate(plans.folders):
        lead = f"p{at}_" if len(plans.folders) > 1 else "p"
        edges = _edges(state)
        linked = {number for edge in edges for number in edge}
        for one in state.summaries:
            if one.number in linked and not one.archived:
                label = f"#{one.number} {one.title}".replace('"', "'").replace("\n", " ")
                lines.append(f'    {lead}{one.number}["{label}"]:::{one.status.replace("-", "")}')
        lines += [f"    {lead}{blocker} --> {lead}{blocked}" for blocker, blocked in sorted(edges)]
    lines += [
        "    classDef complete fill:#d4edda",
        "    classDef inprogress fill:#fff3cd",
        "    classDef blocked fill:#f8d7da",
    ]
    return "\n".join(lines)


def file_of(place: Workspace, one: Summary, or_staged: bool = False) -> files.State:
    """The file of a plan as it is on disk; a symlink is not followed, for it can lead anywhere.

    `Unplaceable` for what is no file.
    """
    try:
        found = files.state(os.path.join(place.top, one.path))
    except files.NotAFileError as error:
        raise Unplaceable(f"{one.path} is no regular file") from error
    if found.link is not None:
        raise Unplaceable(f"{one.path} is a symlink")
    if not found.exists:
        staged = place.objects.content(f":{one.path}") if or_staged else None
        if staged is None:
            raise Unplaceable(f"{one.path} is not in this working tree (a sparse checkout?)")
        return files.State(staged)
    return found


def _ready(one: Summary, known: dict[int, Summary], folder: FolderPolicy) -> bool:
    if folder.profile == RECORD or one.status not in status.READY:
        return False
    return not any(to.number in known and known[to.number].open for to in one.blocked_by)


def _edges(state: FolderState) -> set[tuple[int, int]]:
    known = {one.number for one in state.summaries}
    edges = set()
    for one in state.summaries:
        edges |= {(to.number, one.number) for to in one.blocked_by if to.number in known}
        edges |= {(one.number, to.number) for to in one.blocks if to.number in known}
    return edges
