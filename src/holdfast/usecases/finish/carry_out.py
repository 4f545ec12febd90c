"""What was decided is carried out: written down, verified, merged by one step, cleaned up; or nothing of it was done."""

from __future__ import annotations

from collections.abc import Callable
from shlex import quote

from holdfast.adapters import clock, merging
from holdfast.domain.blockers import blocker
from holdfast.domain.problem import Problem, Unable
from holdfast.domain.value import TYPE_CHECKING, NamedTuple
from holdfast.usecases import contact, fences, journal, surroundings, worker
from holdfast.usecases.finish import by_request, clean_up, making, merge, record, verify
from holdfast.usecases.finish.clean_up import Done
from holdfast.usecases.finish.outcome import (
    ALREADY,
    FAILED,
    LOST,
    MERGED,
    QUEUED,
    REFUSED,
    UNKNOWN,
    Cleaned,
    Finished,
    Requested,
)
from holdfast.usecases.finish.record import Record

if TYPE_CHECKING:
    from typing import Any

    from holdfast.adapters.intents import Intent
    from holdfast.domain.claim import Claim
    from holdfast.domain.moment import Moment
    from holdfast.usecases.finish.found import Found
    from holdfast.usecases.finish.outcome import Options
    from holdfast.usecases.finish.scene import Scene
    from holdfast.usecases.finish.target import Target
    from holdfast.usecases.workspace import Workspace

Tell = Callable[[str], None]
"""Says to a person what is going on."""


class Again(NamedTuple):
    """Something moved since it was looked at, and nothing was changed."""

    words: str


def requested(seen: Scene) -> Requested | None:
    """The request by which the merge is made, as people see it; None for none."""
    outside = seen.seen.outside
    request = outside.request if outside is not None else None
    return Requested(request.number, request.url) if request is not None else None


def merge_once(
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
    ground, tip, request = seen.found.on.ground, seen.target.tip, requested(seen)
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
        assert found.reach is not None
        return by_request.merge(place, seen, found.reach, one, intent)
    if found.on.there is not None:
        return merge.there(place, found.on.there, one, intent)
    return merge.here(place, one, intent)


def _stand_in(place: Workspace, seen: Scene) -> str:
    """A commit of the merged tree for what verifies it, where a forge makes the real one."""
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


def clean_up_after(
    place: Workspace, found: Found, wanted: Target, held: Claim, options: Options, now: Moment
) -> Finished:
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
