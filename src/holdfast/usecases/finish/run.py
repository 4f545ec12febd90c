"""Finish: observe, decide, write down, merge once, clean up."""

from __future__ import annotations

from holdfast.adapters import clock
from holdfast.domain import finish
from holdfast.domain.blockers import blocker
from holdfast.domain.finish import FinishPlan
from holdfast.domain.integration import REVERTED
from holdfast.domain.moment import MINUTE
from holdfast.domain.occupancy import PROCESS, without_mine
from holdfast.domain.value import TYPE_CHECKING
from holdfast.usecases import surroundings
from holdfast.usecases.finish import carry_out, record, resume, scene, target, waiting
from holdfast.usecases.finish.carry_out import Again, requested
from holdfast.usecases.finish.found import find, policy_of
from holdfast.usecases.finish.main_branch import Moved
from holdfast.usecases.finish.outcome import (
    ALREADY,
    MERGED,
    NOTHING,
    QUEUED,
    REFUSED,
    UPDATED,
    Finished,
    refused,
)
from holdfast.usecases.finish.target import Over

if TYPE_CHECKING:
    from holdfast.domain.moment import Moment
    from holdfast.usecases.finish.carry_out import Tell
    from holdfast.usecases.finish.outcome import Options
    from holdfast.usecases.finish.scene import Scene
    from holdfast.usecases.surroundings import Asked
    from holdfast.usecases.workspace import Workspace

_ATTEMPTS = 4
"""So often is looked: once, and three times again when the main branch has moved meanwhile."""
_GIT_AT_WORK = "git is at work in its worktree"


def one(place: Workspace, options: Options, now: Moment, tell: Tell, asked: Asked | None = None) -> Finished:
    """Merge one branch; `Unreachable` where the remote does not answer and nothing has changed."""
    told: tuple[str, ...] = ()
    try:
        before = resume.all_left(place, now) if not options.dry_run else ()
        stuck = next((one for one in before if one.result == REFUSED), None)
        if stuck is not None:
            return stuck
        told = _told(before)
        done = _tried(place, options, now, tell, None if before else asked)
        if options.wait and not options.dry_run:
            limit = policy_of(place, done.base).finish.wait_minutes * MINUTE if done.base else 0
            done = waiting.until_it_passes(done, lambda: _tried(place, options, clock.now(), tell), limit, tell)
    except surroundings.Refused as error:
        done = refused(options.name, error.problems)
    return done._replace(notes=(*told, *done.notes))


def go_on(place: Workspace, now: Moment) -> tuple[Finished, ...]:
    """Complete or take back every merge that was cut off."""
    try:
        done = resume.all_left(place, now)
    except surroundings.Refused as error:
        return (refused(None, error.problems),)
    busy = tuple(f"{branch}: {who}, still at work" for branch, who in record.all_running(place))
    return done or (Finished(NOTHING, None, notes=busy),)


def _told(before: tuple[Finished, ...]) -> tuple[str, ...]:
    """What became of merges that were cut off, for people."""
    words = {MERGED: "was merged, and is cleaned up now", UPDATED: "has brought the main branch in"}
    return tuple(f"{one.branch}: a merge that was cut off {words.get(one.result, 'is taken back')}" for one in before)


def _tried(place: Workspace, options: Options, now: Moment, tell: Tell, asked: Asked | None = None) -> Finished:
    """Try it, and again on what the main branch is then when it moved meanwhile."""
    words = ""
    for attempt in range(_ATTEMPTS):
        if attempt and words == _GIT_AT_WORK:
            clock.pause(0.2)
        done = _once(place, options, now, tell, asked if attempt == 0 else None, attempt == _ATTEMPTS - 1)
        if isinstance(done, Finished):
            return done
        words = done.words
    message = f"something moved each time that this was tried, {_ATTEMPTS} times: {words}"
    return refused(options.name, [blocker("finish-lost", options.name or "merge", message)])


def _once(
    place: Workspace, options: Options, now: Moment, tell: Tell, asked: Asked | None, last: bool
) -> Finished | Again:
    found = find(place, options, now, asked)
    if isinstance(found, Finished):
        return found
    if isinstance(found.target, Over):
        over = found.target
        return Finished(ALREADY, over.branch, over.plan, base=found.on.base, merge_commit=over.merge_commit)
    held = found.target.held
    if held is not None and held.ended:
        if held.grounds[0].endswith(REVERTED):
            problem = target.reverted(held.branch, held.commit)
            return refused(held.branch, [problem])._replace(plan=held.plan, notes=found.on.notes)
        return carry_out.clean_up_after(place, found, found.target, held, options, now)
    try:
        seen = scene.look(place, found, found.target, options, now)
    except Moved as moved:
        return Again(str(moved))
    decided = finish.decide(seen.seen, options.asked, seen.policy.finish)
    tip = found.target.tip
    said = Finished(
        REFUSED, tip.branch, tip.plan, tip.head, seen.base, request=requested(seen), notes=found.on.notes
    )  # fmt: skip
    if seen.seen.outside is not None and seen.seen.outside.request is not None and seen.seen.outside.request.queued:
        return said._replace(result=QUEUED)
    if not last and _git_alone_inside(seen):
        return Again(_GIT_AT_WORK)
    if not isinstance(decided, FinishPlan):
        lost = refused(tip.branch, decided.blockers)
        return said._replace(result=lost.result, blockers=lost.blockers)
    if options.dry_run:
        return said._replace(result=MERGED, steps=decided.steps)
    return carry_out.merge_once(place, found, seen, said, options, now, tell)


def _git_alone_inside(seen: Scene) -> bool:
    """True where nobody is in the worktree but git: somebody looks at it, another finisher perhaps, and is gone in a moment."""
    others = without_mine(seen.worktree.occupancy).occupants if seen.worktree is not None else ()
    return bool(others) and all(one.kind == PROCESS and one.command == "git" for one in others)
