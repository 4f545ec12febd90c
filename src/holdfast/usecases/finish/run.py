"""Finish: observe, decide, write down, merge once, clean up."""

from __future__ import annotations

from collections.abc import Callable

from holdfast.domain import finish
from holdfast.domain.blockers import blocker
from holdfast.domain.finish import FinishPlan
from holdfast.domain.problem import Problem
from holdfast.domain.value import TYPE_CHECKING, NamedTuple
from holdfast.usecases import contact, fences, journal, surroundings, worker
from holdfast.usecases.finish import clean_up, making, merge, record, resume, scene, verify
from holdfast.usecases.finish.clean_up import Done
from holdfast.usecases.finish.outcome import ALREADY, LOST, MERGED, NOTHING, REFUSED, UNKNOWN, Finished, refused
from holdfast.usecases.finish.record import Record
from holdfast.usecases.finish.target import Over

if TYPE_CHECKING:
    from holdfast.adapters.intents import Intent
    from holdfast.domain.moment import Moment
    from holdfast.usecases.finish.outcome import Options
    from holdfast.usecases.finish.scene import Grounds, Scene
    from holdfast.usecases.finish.target import Target
    from holdfast.usecases.surroundings import Asked
    from holdfast.usecases.workspace import Workspace

_ATTEMPTS = 3
"""So often is looked again when the main branch has moved meanwhile."""

Tell = Callable[[str], None]
"""Says to a person what is going on."""


class Again(NamedTuple):
    """Something moved since it was looked at, and nothing was changed."""

    words: str


def one(place: Workspace, options: Options, now: Moment, tell: Tell, asked: Asked | None = None) -> Finished:
    """Merge one branch; `Unreachable` where the remote does not answer and nothing has changed."""
    told: tuple[str, ...] = ()
    try:
        if not options.dry_run:
            told = _told(resume.all_left(place, now))
        words = ""
        for attempt in range(_ATTEMPTS):
            done = _once(place, options, now, tell, asked if attempt == 0 else None)
            if isinstance(done, Finished):
                return done._replace(notes=(*told, *done.notes))
            words = done.words
    except surroundings.Refused as error:
        return refused(options.name, error.problems)
    message = f"the main branch moved each time that this was tried, {_ATTEMPTS} times: {words}"
    return refused(options.name, [blocker("finish-lost", options.name or "merge", message)])


def go_on(place: Workspace, now: Moment) -> tuple[Finished, ...]:
    """Complete or take back every merge that was cut off."""
    return resume.all_left(place, now) or (Finished(NOTHING, None),)


def _told(before: tuple[Finished, ...]) -> tuple[str, ...]:
    """What became of merges that were cut off, for people."""
    words = {MERGED: "was merged, and is cleaned up now", REFUSED: "waits: its files cannot be taken back"}
    return tuple(f"{one.branch}: a merge that was cut off {words.get(one.result, 'is taken back')}" for one in before)


def _once(place: Workspace, options: Options, now: Moment, tell: Tell, asked: Asked | None) -> Finished | Again:
    on = scene.grounds(place, options, asked)
    found = scene.found(place, on, options, now)
    if isinstance(found, Problem):
        return refused(options.name, [found])._replace(notes=on.notes)
    if isinstance(found, Over):
        return Finished(ALREADY, found.branch, found.plan, base=on.base, merge_commit=found.merge_commit)
    if found.held.ended:
        return _already(place, on, found, options, now)
    seen = scene.look(place, on, found, options, now, None)
    decided = finish.decide(seen.seen, options.asked, seen.policy.finish)
    tip = found.tip
    if not isinstance(decided, FinishPlan):
        return refused(tip.branch, decided.blockers)._replace(
            plan=tip.plan, head=tip.head, base=seen.base, notes=on.notes
        )
    if options.dry_run:
        return Finished(MERGED, tip.branch, tip.plan, tip.head, seen.base, steps=decided.steps, notes=on.notes)
    return _act(place, seen, options, now, tell)


def _act(place: Workspace, seen: Scene, options: Options, now: Moment, tell: Tell) -> Finished | Again:
    """Write down what is about to be done, verify it, merge it, clean up."""
    tip = seen.target.tip
    one = _record(place, seen, options)
    try:
        intent = record.begin(place, one)
    except FileExistsError:
        message = f"{tip.branch} is being merged by somebody else in this repository"
        return refused(tip.branch, [blocker("finish-under-way", tip.branch, message, plan=tip.plan)])
    try:
        return _merged(place, seen, one, intent, now, tell)
    except BaseException:
        intent.leave()
        raise


def _record(place: Workspace, seen: Scene, options: Options) -> Record:
    ground, tip = seen.grounds.ground, seen.target.tip
    return Record(
        tip.branch, tip.plan, ground.main, ground.remote or "", tip.head, tip.there or "", seen.base,
        fences=seen.fences, keep=options.asked.keep_worktree, actor=worker.of(place.environment, ground.settings).owner,
        merge=making.commit(place, seen),
    )  # fmt: skip


def _merged(place: Workspace, seen: Scene, one: Record, intent: Intent, now: Moment, tell: Tell) -> Finished | Again:
    said = Finished(MERGED, one.branch, one.plan, one.head, one.base, one.merge)
    if seen.policy.finish.verify:
        tell(f"verifying the merged tree: {seen.policy.finish.verify}")
        problem = verify.run(place, seen, one.merge, intent)
        if problem is not None:
            return _stopped(place, one, intent, said, problem)
    ended = (merge.there if seen.grounds.there is not None else merge.here)(place, seen, one, intent)
    if ended.result == merge.MOVED:
        return _moved(place, one, intent, said, ended.words)
    if ended.result == merge.UNCLEAR:
        intent.leave()
        message = f"{one.remote} stopped answering: {ended.words}"
        return said._replace(result=UNKNOWN, blockers=(blocker("finish-unclear", one.branch, message, plan=one.plan),))
    if ended.result == merge.DECLINED:
        who = f"{one.remote} declined" if one.remote else "git refused"
        problem = blocker("finish-declined", one.branch, f"{who} the merge: {ended.words}", plan=one.plan)
        return _stopped(place, one, intent, said, problem)
    one = one._replace(merged=one.merge)
    _note(place, one)
    cleanup = clean_up.run(Done(place, one, ended.there, intent, now))
    intent.done()
    return said._replace(cleanup=cleanup)


def _moved(place: Workspace, one: Record, intent: Intent, said: Finished, words: str) -> Finished | Again:
    """The main branch moved, or somebody was faster with this very branch: the next look tells which."""
    intent.done()
    journal.note(place, "finish-lost", plan=one.plan, branch=one.branch, actor=one.actor, why=words)
    if one.remote and _gone(place, one):
        message = f"{one.branch} was merged or changed by somebody else in this very moment"
        problem = blocker("finish-lost", one.branch, message, plan=one.plan)
        return said._replace(result=LOST, merge_commit=None, blockers=(problem,))
    return Again(words)


def _gone(place: Workspace, one: Record) -> bool:
    """True where the branch on the remote is no more what it was."""
    there = contact.ask(contact.remote_for(place, surroundings.of(place), one.remote))
    return there.heads().get(one.branch) != (one.there or None)


def _stopped(place: Workspace, one: Record, intent: Intent, said: Finished, problem: Problem) -> Finished:
    """Nothing was changed: forget what was about to be done."""
    intent.done()
    journal.note(place, "finish-refused", plan=one.plan, branch=one.branch, actor=one.actor, why=problem.message)
    return said._replace(result=REFUSED, merge_commit=None, blockers=(problem,))


def _note(place: Workspace, one: Record) -> None:
    journal.note(
        place, "finish", plan=one.plan, branch=one.branch, durable=True, actor=one.actor, head=one.head, base=one.base,
        commit=one.merged,
    )  # fmt: skip


def _already(place: Workspace, on: Grounds, found: Target, options: Options, now: Moment) -> Finished:
    """Work that is merged already: what is left of it is cleaned up."""
    tip, ground = found.tip, on.ground
    said = Finished(ALREADY, tip.branch, tip.plan, tip.head, on.base, notes=(*on.notes, found.held.grounds[0]))
    if options.dry_run:
        return said
    actor = worker.of(place.environment, ground.settings).owner
    one = Record(
        tip.branch, tip.plan, ground.main, ground.remote or "", tip.head, tip.there or "", on.base or "",
        keep=options.asked.keep_worktree, actor=actor, merge=on.base or "", merged=on.base or "",
        fences=fences.left_by(place, ground.refs, found.held, on.there),
    )  # fmt: skip
    try:
        intent = record.begin(place, one)
    except FileExistsError:
        return said
    try:
        return said._replace(cleanup=clean_up.run(Done(place, one, on.there, intent, now)))
    finally:
        intent.done()
