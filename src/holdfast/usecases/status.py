"""The status: one observation of everything that concerns whoever looks, from the same snapshot as every other face."""

from __future__ import annotations

import os
from collections import Counter

from holdfast.adapters import intents, registration
from holdfast.adapters.contents import AskedContents
from holdfast.adapters.git import GitError
from holdfast.adapters.refs import HEADS, REMOTES
from holdfast.domain import health, overview
from holdfast.domain.claim import STALE
from holdfast.domain.overview import Next, Operation, Ready, You
from holdfast.domain.problem import ERROR
from holdfast.domain.session import WAITING
from holdfast.domain.value import TYPE_CHECKING, NamedTuple
from holdfast.usecases import claims, journal, plan_list, plans, recover, worker
from holdfast.usecases.doctor import worktrees
from holdfast.usecases.doctor.glance import glance
from holdfast.usecases.doctor.look import Look
from holdfast.usecases.finish import record
from holdfast.usecases.worker import SESSION
from holdfast.usecases.workspace import branch
from holdfast.usecases.worktrees import conditions, occupancy, sessions

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from holdfast.domain.claim import Claim
    from holdfast.domain.event import Event
    from holdfast.domain.moment import Moment
    from holdfast.domain.occupancy import Occupancy
    from holdfast.domain.problem import Problem
    from holdfast.domain.snapshot import RemoteView, Worktree
    from holdfast.usecases.plans import Listed
    from holdfast.usecases.surroundings import Asked, Ground
    from holdfast.usecases.workspace import Workspace


class Status(NamedTuple):
    """Everything that concerns whoever looks.

    `claims` are in the order in which they concern him, `mine` the branches of his own. `plans` counts by status.
    """

    at: Moment
    you: You
    next: tuple[Next, ...]
    attention: tuple[Problem, ...]
    ready: tuple[Ready, ...]
    claims: tuple[Claim, ...]
    mine: frozenset[str]
    plans: Mapping[str, int]
    worktrees: tuple[tuple[Worktree, Occupancy], ...]
    operations: tuple[Operation, ...]
    events: tuple[Event, ...]
    remote: RemoteView | None


def observe(
    place: Workspace, environment: Mapping[str, str], now: Moment, last: int = 5, asked: Asked | None = None
) -> Status:
    """Look at everything once; nothing is changed. What was `asked` before is used."""
    contents = AskedContents(place.git)  # git looks while we do something else
    listed = claims.listed(place, now, asked=asked)
    ground = listed.ground
    seen, configured = plans.observe(place)
    every = plan_list.effective(place, seen, configured, now, listed)
    mine = _mine(place, listed.claims, worker.of(environment, ground.settings))
    inside = occupancy.of(place, ground.worktrees, now, ground.policy.sessions)
    under_way = _git_operations(place, ground)
    attention = [*_waiting(place, ground, now), *_glance(Look(place, environment, now, listed), mine)]
    ready = _ready(every, listed.claims, [name for state in seen.folders for name in state.folder.priorities])
    you = _you(place, ground, listed.claims, every, environment, contents, under_way)
    own = next((one for one in listed.claims if one.branch == you.branch and one.local is not None), None)
    others = [one for one in listed.claims if one is not own and _is_idle(one, mine)][:3]
    return Status(
        now,
        you,
        tuple(overview.steps(you, own, others, mine, ready, attention)),
        tuple(attention),
        tuple(ready),
        tuple(_in_order(listed.claims, mine)),
        mine,
        Counter(one.summary.status for one in every),
        tuple((one, inside[one.path]) for one in ground.worktrees),
        (*_commands(place), *under_way),
        journal.events(place, last).events,
        listed.remote,
    )


def _mine(place: Workspace, held: Iterable[Claim], me: worker.Worker) -> frozenset[str]:
    """The branches of the caller's own claims: in whose worktree he stands, or made under the name that he gives."""
    top = os.path.realpath(place.top)
    return frozenset(
        one.branch
        for one in held
        if me.made(one) or (one.worktree is not None and os.path.realpath(one.worktree) == top)
    )


def _is_idle(one: Claim, mine: frozenset[str]) -> bool:
    """True for a claim of this clone that the caller could go on with: his own, or one in whose worktree nobody is."""
    return (
        one.local is not None
        and not one.ended
        and (one.branch in mine or not one.occupants)
        and one.worktree is not None
    )


def _in_order(held: Iterable[Claim], mine: frozenset[str]) -> list[Claim]:
    """Claims as they concern the caller: his own, those at work in this clone, the others of it, those of others."""
    return sorted(
        held, key=lambda one: (one.branch not in mine, not one.occupants, one.local is None, one.state == STALE)
    )


def _ready(every: Sequence[Listed], held: Iterable[Claim], priorities: Sequence[str]) -> list[Ready]:
    taken = {one.plan for one in held if not one.ended}
    free = [one for one in every if one.ready and one.summary.number not in taken]
    found = plans.by_urgency(free, tuple(priorities))
    return [Ready(one.summary.number, one.summary.title, one.summary.priority or None) for one in found]


def _you(
    place: Workspace,
    ground: Ground,
    held: Iterable[Claim],
    every: Iterable[Listed],
    environment: Mapping[str, str],
    contents: AskedContents,
    under_way: Iterable[Operation],
) -> You:
    top = os.path.realpath(place.top)
    tree = next((one for one in ground.worktrees if os.path.realpath(one.path) == top), None)
    on = branch(place)
    own = next((one for one in held if one.branch == on and one.local is not None), None)
    plan = own.plan if own is not None else None
    summary = next((one.summary for one in every if plan is not None and one.summary.number == plan), None)
    here = tree.path if tree is not None else place.top
    ahead, behind, pushed = _against_remote(place, ground, on)
    return You(
        here,
        tree is not None and tree.main,
        on,
        plan,
        summary.title if summary is not None else "",
        summary.status if summary is not None else "",
        _changed(contents),
        ahead,
        behind,
        pushed,
        environment.get(SESSION) or None,
        next((one.what for one in under_way if one.worktree == here), None),
    )


def _changed(contents: AskedContents) -> int:
    try:
        found = contents.all()
    except GitError:
        return 0  # doctor says what is wrong with it
    return len(found.changed) + len(found.unmerged) + len(found.untracked)


def _against_remote(place: Workspace, ground: Ground, on: str | None) -> tuple[int, int, bool | None]:
    """Commits ahead of and behind the branch on the remote, else the main branch; and whether the remote has all of it."""
    tip = ground.refs.get(HEADS + on) if on is not None else None
    if on is None or tip is None:
        return 0, 0, None
    there = ground.refs.get(f"{REMOTES}{ground.remote}/{on}")
    base = there or ground.refs.get(f"{REMOTES}{ground.remote}/{ground.main}") or ground.refs.get(HEADS + ground.main)
    ahead, behind = _distance(place, tip, base)
    return ahead, behind, None if ground.remote is None else there is not None and not ahead


def _distance(place: Workspace, tip: str, base: str | None) -> tuple[int, int]:
    if base is None or base == tip:
        return 0, 0
    behind, ahead = place.git.text("rev-list", "--left-right", "--count", f"{base}...{tip}").split()
    return int(ahead), int(behind)


def _waiting(place: Workspace, ground: Ground, now: Moment) -> list[Problem]:
    live = [one for one in sessions.live(place, now, ground.policy.sessions) if one.activity == WAITING]
    where = {os.path.realpath(one.path): one for one in ground.worktrees}
    named = ((one.session, _name(one.top, where.get(one.top))) for one in live)
    return [one.problem for one in health.of_waiting(named)]


def _name(top: str, tree: Worktree | None) -> str:
    return tree.branch if tree is not None and tree.branch is not None else top


def _glance(seen: Look, mine: frozenset[str]) -> list[Problem]:
    """What is wrong and concerns everybody, or the caller's own claims."""
    found = [one.problem for one in glance(seen)]
    gone = [one for one in seen.ground.worktrees if one.gone]
    moved = worktrees.moved(seen) if gone else {}
    found += [one.problem for one in health.of_worktrees(conditions.places(seen.place, gone), (), moved, ())]
    return [one for one in found if one.severity == ERROR or not one.code.startswith("claim-") or one.subject in mine]


def _git_operations(place: Workspace, ground: Ground) -> list[Operation]:
    """Merges, rebases and the like that are under way in worktrees."""
    common = place.repository.common_dir
    kept = registration.every(common)
    folders = {one.path: common if one.main else kept.get(os.path.normpath(one.path)) for one in ground.worktrees}
    found = []
    for one in ground.worktrees:
        folder = folders[one.path]
        what = registration.operation(folder) if folder is not None else None
        if what is not None:
            found.append(Operation(what, one.path, one.branch))
    return found


def _commands(place: Workspace) -> list[Operation]:
    """Commands of Holdfast that are at work at this moment."""
    found = [Operation(f"finish, {who}", None, name) for name, who in record.all_running(place)]
    words = {recover.START: "start", recover.UNCLAIM: "unclaim", recover.WORKTREE: "start"}
    for fields in intents.under_way(recover.folder(place)):
        found.append(Operation(words.get(fields.get("kind", ""), "a command"), None, fields.get("branch")))
    return found
