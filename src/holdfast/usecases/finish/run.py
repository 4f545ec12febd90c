"""Finish: observe, decide, write down, merge once, clean up."""

from __future__ import annotations

from collections.abc import Callable
from shlex import quote

from holdfast.adapters import clock
from holdfast.domain import finish
from holdfast.domain.blockers import blocker
from holdfast.domain.finish import FinishPlan
from holdfast.domain.integration import REVERTED
from holdfast.domain.moment import MINUTE
from holdfast.domain.occupancy import PROCESS, without_mine
from holdfast.domain.problem import WAIT, Problem, Unable
from holdfast.domain.value import TYPE_CHECKING, NamedTuple
from holdfast.usecases import contact, fences, journal, surroundings, worker
from holdfast.usecases.finish import clean_up, merge, record, resume, scene, target, verify
from holdfast.usecases.finish.clean_up import Done
from holdfast.usecases.finish.found import find, policy_of
from holdfast.usecases.finish.main_branch import Moved
from holdfast.usecases.finish.outcome import (
    ALREADY,
    FAILED,
    LOST,
    MERGED,
    NOTHING,
    QUEUED,
    REFUSED,
    UNKNOWN,
    UPDATED,
    Cleaned,
    Finished,
    Requested,
    refused,
)
from holdfast.usecases.finish.record import Record
from holdfast.usecases.finish.target import Over, Target

if TYPE_CHECKING:
    from typing import Any

    from holdfast.adapters.intents import Intent
    from holdfast.domain.claim import Claim
    from holdfast.domain.moment import Moment
    from holdfast.usecases.finish.found import Found
    from holdfast.usecases.finish.outcome import Options
    from holdfast.usecases.finish.scene import Scene
    from holdfast.usecases.surroundings import Asked
    from holdfast.usecases.workspace import Workspace

_ATTEMPTS = 4
"""So often is looked: once, and three times again when the main branch has moved meanwhile."""
_PAUSES = (2, 4, 8, 15, 30)
"""Seconds between two looks at what `--wait` waits for; the last one again and again."""
_PASSES = frozenset({"check-pending", "check-missing", "request-undecided", "head-not-pushed"})
"""What passes by waiting: all of it is somebody else's to do, and on its way."""

_GIT_AT_WORK = "git is at work in its worktree"

Tell = Callable[[str], None]
"""Says to a person what is going on."""


class Again(NamedTuple):
    """Something moved since it was looked at, and nothing was changed."""

    words: str


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
            done = _waited(place, options, tell, done)
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


def _waited(place: Workspace, options: Options, tell: Tell, done: Finished) -> Finished:
    """Look again, less and less often, while all that is in the way passes by waiting, and only so long."""
    began = clock.now()
    limit = policy_of(place, done.base).finish.wait_minutes * MINUTE if done.base else 0
    pauses = list(_PAUSES)
    said: tuple[str, ...] = ()
    while _passes(done) and clock.now() - began < limit:
        words = tuple(one.message for one in done.blockers)
        if words != said:
            tell("waiting: " + "; ".join(words))
        said = words
        clock.pause(pauses.pop(0) if len(pauses) > 1 else pauses[0])
        done = _tried(place, options, clock.now(), tell)
    return done


def _passes(done: Finished) -> bool:
    waits = [one for one in done.blockers if one.code in _PASSES and one.who == WAIT]
    return bool(waits) and len(waits) == len(done.blockers)


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
        return _already(place, found, found.target, held, options, now)
    try:
        seen = scene.look(place, found, found.target, options, now)
    except Moved as moved:
        return Again(str(moved))
    decided = finish.decide(seen.seen, options.asked, seen.policy.finish)
    tip = found.target.tip
    said = Finished(
        REFUSED, tip.branch, tip.plan, tip.head, seen.base, request=_request(seen), notes=found.on.notes
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
    return _act(place, found, seen, said, options, now, tell)


def _git_alone_inside(seen: Scene) -> bool:
    """True where nobody is in the worktree but git: somebody looks at it, another finisher perhaps, and is gone in a moment."""
    others = without_mine(seen.worktree.occupancy).occupants if seen.worktree is not None else ()
    return bool(others) and all(one.kind == PROCESS and one.command == "git" for one in others)


def _request(seen: Scene) -> Requested | None:
    outside = seen.seen.outside
    request = outside.request if outside is not None else None
    return Requested(request.number, request.url) if request is not None else None


def _act(
    place: Workspace, found: Found, seen: Scene, said: Finished, options: Options, now: Moment, tell: Tell
) -> Finished | Again:
    """Write down what is about to be done, verify it, merge it, clean up."""
    one = _record(place, seen, options)
    try:
        intent = record.begin(place, one)
    except FileExistsError:
        message = f"{one.branch} is being merged by somebody else in this repository"
        problem = blocker("finish-under-way", one.branch, message, plan=one.plan)
        return said._replace(result=LOST, blockers=(problem,))
    try:
        return _merged(place, found, seen, one, intent, said, now, tell)
    except BaseException:
        intent.leave()
        raise


def _record(place: Workspace, seen: Scene, options: Options) -> Record:
    from holdfast.usecases.finish import making

    ground, tip, request = seen.found.on.ground, seen.target.tip, _request(seen)
    by_forge = request is not None
    return Record(
        tip.branch, tip.plan, ground.main, ground.remote or "", tip.head, tip.there or "", seen.base,
        fences=seen.fences, keep=options.asked.keep_worktree, actor=worker.of(place.environment, ground.settings).owner,
        merge="" if by_forge else making.commit(place, seen), request=str(request.number) if request is not None else "",
        fork=tip.other is not None,
    )  # fmt: skip


def _merged(
    place: Workspace, found: Found, seen: Scene, one: Record, intent: Intent, said: Finished, now: Moment, tell: Tell
) -> Finished | Again:
    if seen.policy.finish.verify:
        tell(f"verifying the merged tree: {seen.policy.finish.verify}")
        problem = verify.run(place, seen, one.merge or _stand_in(place, seen), intent)
        if problem is not None:
            return _stopped(place, one, intent, said, problem)
    ended = _irreversible(place, found, seen, one, intent)
    if ended.result == merge.MOVED:
        if one.request:
            clock.pause(1)  # the forge is still finding out
        return _moved(place, one, intent, said, ended.words)
    if ended.result == merge.UNCLEAR:
        intent.leave()
        message = f"{one.remote} stopped answering: {ended.words}"
        return said._replace(result=UNKNOWN, blockers=(blocker("finish-unclear", one.branch, message, plan=one.plan),))
    if ended.result == merge.QUEUED:
        intent.done()
        journal.note(place, "finish-queued", plan=one.plan, branch=one.branch, actor=one.actor, request=one.request)
        return said._replace(result=QUEUED)
    if ended.result == merge.DECLINED:
        who = "the forge" if one.request else one.remote or "git"
        remedy = _after_refusal(found, one)
        problem = blocker("finish-declined", one.branch, f"{who} declined the merge: {ended.words}", remedy, one.plan)
        return _stopped(place, one, intent, said, problem)
    one = one._replace(merged=ended.commit)
    told = _note(place, one)
    cleanup = clean_up.run(Done(place, one, ended.there, intent, now))
    intent.done()
    return said._replace(result=MERGED, merge_commit=one.merged, cleanup=(*told, *cleanup))


def _after_refusal(found: Found, one: Record) -> str:
    """What to do when the merge was declined: a forge takes a request where it takes no push."""
    if one.request or found.reach is None:
        return "do what it says, then run it again"
    return f"do what it says; where {one.main} is protected, `holdfast finish {quote(one.branch)} --request` opens a request"


def _irreversible(place: Workspace, found: Found, seen: Scene, one: Record, intent: Intent) -> merge.Merged:
    if one.request:
        from holdfast.usecases.finish import by_request

        assert found.reach is not None
        return by_request.merge(place, seen, found.reach, one, intent)
    if found.on.there is not None:
        return merge.there(place, found.on.there, one, intent)
    return merge.here(place, one, intent)


def _stand_in(place: Workspace, seen: Scene) -> str:
    """A commit of the merged tree for what verifies it, where a forge makes the real one."""
    from holdfast.adapters import merging

    return merging.stand_in(place.git, seen.made.id, (seen.base,))


def _moved(place: Workspace, one: Record, intent: Intent, said: Finished, words: str) -> Finished | Again:
    """The main branch moved, or somebody was faster with this very branch: the next look tells which."""
    intent.done()
    journal.note(place, "finish-lost", plan=one.plan, branch=one.branch, actor=one.actor, why=words)
    if one.remote and not one.fork and _gone(place, one):
        message = f"{one.branch} was merged or changed by somebody else in this very moment"
        problem = blocker("finish-lost", one.branch, message, plan=one.plan)
        return said._replace(result=LOST, blockers=(problem,))
    return Again(words)


def _gone(place: Workspace, one: Record) -> bool:
    """True where the branch on the remote is no more what it was."""
    there = contact.ask(contact.remote_for(place, surroundings.of(place), one.remote))
    return there.heads().get(one.branch) != (one.there or None)


def _stopped(place: Workspace, one: Record, intent: Intent, said: Finished, problem: Problem) -> Finished:
    """Nothing was changed: forget what was about to be done."""
    intent.done()
    journal.note(place, "finish-refused", plan=one.plan, branch=one.branch, actor=one.actor, why=problem.message)
    return said._replace(result=REFUSED, blockers=(problem,))


def _note(place: Workspace, one: Record) -> tuple[Cleaned, ...]:
    """Write down that it is merged; where that fails it is merged all the same, and told."""
    request: dict[str, Any] = {"request": one.request} if one.request else {}
    try:
        journal.note(
            place, "finish", plan=one.plan, branch=one.branch, durable=True, actor=one.actor, head=one.head,
            base=one.base, commit=one.merged, **request,
        )  # fmt: skip
    except (OSError, Unable) as error:
        message = f"the journal cannot be written ({error}): what happened is told here alone"
        return (Cleaned("journal", FAILED, message),)
    return ()


def _already(place: Workspace, found: Found, wanted: Target, held: Claim, options: Options, now: Moment) -> Finished:
    """Work that is merged already: what is left of it is cleaned up."""
    tip, ground, base = wanted.tip, found.on.ground, found.on.base or ""
    said = Finished(ALREADY, tip.branch, tip.plan, tip.head, base, notes=(*found.on.notes, held.grounds[0]))
    if options.dry_run:
        return said
    one = Record(
        tip.branch, tip.plan, ground.main, ground.remote or "", tip.head, tip.there or "", base,
        keep=options.asked.keep_worktree, actor=worker.of(place.environment, ground.settings).owner, merge=base,
        merged=base, fences=fences.left_by(place, ground.refs, held, found.on.there),
    )  # fmt: skip
    try:
        intent = record.begin(place, one)
    except FileExistsError:
        return said
    try:
        cleanup = clean_up.run(Done(place, one, found.on.there, intent, now))
    except BaseException:
        intent.leave()
        raise
    intent.done()
    return said._replace(cleanup=cleanup)
