"""Give a claim back: on the remote first, then here; what is not merged is kept or refused."""

from __future__ import annotations

import os

from holdfast.adapters import worktrees
from holdfast.adapters.git import CannotWrite, Git
from holdfast.adapters.refs import HEADS
from holdfast.adapters.remote import Unreachable
from holdfast.domain import rivalry, unclaim
from holdfast.domain.blockers import blocker
from holdfast.domain.branch_name import plan_number
from holdfast.domain.occupancy import UNKNOWN, without_mine
from holdfast.domain.unclaim import Standing
from holdfast.domain.value import TYPE_CHECKING, NamedTuple
from holdfast.usecases import claim_refs, claims, contact, fences, journal, recover, surroundings, unpublished, worker
from holdfast.usecases.claim_refs import ABANDONED, EndingRefs
from holdfast.usecases.unpublished import Told
from holdfast.usecases.worktrees import branch_end, making, occupancy

if TYPE_CHECKING:
    from holdfast.domain.claim import Claim
    from holdfast.domain.moment import Moment
    from holdfast.domain.problem import Problem
    from holdfast.usecases.claims import Claims
    from holdfast.usecases.contact import Contact
    from holdfast.usecases.workspace import Workspace

RELEASED, REFUSED = "released", "refused"


class Unclaimed(NamedTuple):
    """How it ended: `kept` is the ref that keeps commits that are not merged; `notes` are lines for people."""

    result: str
    branch: str
    plan: int | None = None
    kept: str | None = None
    blockers: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()


def give_back(
    place: Workspace, name: str, now: Moment, owner: str | None, abandon: bool, dry_run: bool = False
) -> Unclaimed:
    """Give back the claim on a plan's number or of a branch.

    `Unreachable` where the remote does not answer, unless it never knew of the claim; `surroundings.Refused` where the
    configuration or the remote does not allow it.
    """
    seen = claims.observe(place, now)
    surroundings.check(seen.ground.configured)
    if seen.ground.remote is None:
        if not dry_run and recover.unfinished(place, None):
            seen = claims.observe(place, now)
        return _decide(place, seen, name, owner, abandon, dry_run, None)
    try:
        there = contact.ask(contact.remote_for(place, seen.ground, seen.ground.remote))
    except Unreachable as error:
        if not _never_published(seen, name):
            raise
        done = _decide(place, seen, name, owner, abandon, dry_run, None)
        away = (f"{error.args[0]}; {done.branch} was never seen there",) if done.result == RELEASED else ()
        return done._replace(notes=(*away, *done.notes))
    changed = not dry_run and recover.unfinished(place, there)
    told = unpublished.publish(place, there) if not dry_run else Told()
    if changed or told != Told():
        there = contact.ask(there.remote)
    there, brought = contact.bring_meant(place, there, name, seen.ground)
    if brought or name in there.heads() or changed or told != Told():
        seen = claims.observe(place, now, there.requests())
    done = _decide(place, seen, name, owner, abandon, dry_run, there)
    return done._replace(notes=(*told.lines, *done.notes))


def _never_published(seen: Claims, name: str) -> bool:
    """True where all that can be meant is in this clone alone: it can be given back while the remote is away."""
    held = _meant(seen, name)
    return bool(held) and not any(one.published for one in held)


def _decide(
    place: Workspace, seen: Claims, name: str, owner: str | None, abandon: bool, dry_run: bool, there: Contact | None
) -> Unclaimed:
    held = _chosen(_meant(seen, name))
    if len(held) != 1:
        return Unclaimed(REFUSED, name, blockers=(_unclear(name, held),))
    one = held[0]
    standing = _standing(place, seen, one, owner)
    problems = unclaim.blockers(one, standing, abandon)
    if problems:
        return Unclaimed(REFUSED, one.branch, blockers=tuple(problems))
    if dry_run:
        return Unclaimed(RELEASED, one.branch, one.plan, notes=(f"would give back {_what(seen, one)}",))
    keep = ABANDONED if (one.own_commits > 0 or standing.brings) and not one.ended else ""
    actor = worker.of(place.environment, seen.ground.settings, owner).owner
    done = _release(place, seen, one, there, keep, actor)
    stays = (f"given back is {_what(seen, one)}",) if one.lost and done.result == RELEASED else ()
    files = (f"`git checkout {done.kept} -- .` brings its files here",) if standing.brings and done.kept else ()
    return done._replace(notes=(*done.notes, *stays, *files))


def _meant(seen: Claims, name: str) -> list[Claim]:
    number = plan_number(name)
    return [one for one in seen.all if (one.plan == number if number is not None else one.branch == name)]


def _chosen(meant: list[Claim]) -> list[Claim]:
    """What is given back: lost claims go first, then those that hold, then those that have ended."""
    return [one for one in meant if one.lost] or [one for one in meant if not one.ended] or meant


def _unclear(name: str, held: list[Claim]) -> Problem:
    """Why nothing can be given back by that name."""
    if not held:
        return blocker("not-claimed", name, f"{name} is not claimed")
    names = ", ".join(one.branch for one in held)
    remedy = f"name the branch: `{unclaim.command(held[0])}`"
    return blocker("contested", name, f"{name} is claimed by several branches: {names}", remedy)


def _what(seen: Claims, held: Claim) -> str:
    """What is given back; of a lost claim nothing but the branch here."""
    others = [one for one in _rivals(seen, held) if one.published] if held.lost else []
    stays = "; ".join(f"{one.branch} on {seen.ground.remote} stays, the claim of {one.who}" for one in others)
    return f"{held.branch}{' here alone: ' if stays else ''}{stays}"


def _rivals(seen: Claims, held: Claim) -> tuple[Claim, ...]:
    assert held.plan is not None
    phases = seen.observed.snapshot.phases.get(held.plan, ())
    return rivalry.against(held, seen.of_plan(held.plan), phases, seen.ground.policy.claims)


def _standing(place: Workspace, seen: Claims, held: Claim, owner: str | None) -> Standing:
    me = worker.of(place.environment, seen.ground.settings, owner)
    inside: tuple[str, ...] | None = ()
    dirty = False
    if held.worktree is not None:
        others = without_mine(occupancy.one(place, held.worktree))
        inside = others.reasons if others.verdict != UNKNOWN else None
        dirty = worktrees.dirty(Git(held.worktree, place.environment))
    in_its_worktree = held.worktree is not None and os.path.realpath(held.worktree) == os.path.realpath(place.top)
    made_here = held.local is not None and held.host in (None, me.host) and held.worker is None
    return Standing(
        me.made(held) or in_its_worktree, made_here, dirty, inside, branch_end.brings(place, seen.ground, held)
    )


def _release(place: Workspace, seen: Claims, held: Claim, there: Contact | None, keep: str, actor: str) -> Unclaimed:
    away = there is None and seen.ground.remote is not None
    here = seen.ground.refs.get(held.local) if held.local is not None else None
    on_remote = here if away else there.id_of(HEADS + held.branch) if there is not None and held.published else None
    tip = here or on_remote or held.commit
    ending = EndingRefs(
        held.plan, held.branch, here, on_remote, fences.left_by(place, seen.ground.refs, held, there), keep
    )
    intent = recover.begin_unclaim(place, ending, there is not None, away)
    try:
        journal.note(place, "unclaim-begun", plan=held.plan, branch=held.branch, durable=True, actor=actor, commit=tip)
        problem = _on_remote(ending, there) if there is not None else None
        if problem is not None:
            intent.done()
            return Unclaimed(REFUSED, held.branch, held.plan, blockers=(problem,))
        checked_out = [one for one in seen.ground.worktrees if here is not None and one.branch == held.branch]
        notes = tuple(making.leave(place, one) for one in checked_out)
        said = claim_refs.end_here(place.git, ending, seen.ground.remote)
        if said is not None:
            raise CannotWrite(said.splitlines()[-1].removeprefix("fatal: "))
    except BaseException:
        intent.leave()
        raise
    if away:  # a push that got no answer may have landed: the next contact ends that, too
        intent.note(here="ended")
        intent.leave()
    else:
        intent.done()
    kept = ending.keep(tip) if keep else None
    journal.note(place, "unclaim", plan=held.plan, branch=held.branch, actor=actor, kept=kept)
    claims.guard_anew(place, seen.ground, seen.observed.at)
    return Unclaimed(RELEASED, held.branch, held.plan, kept, (), notes)


def _on_remote(ending: EndingRefs, there: Contact) -> Problem | None:
    """End it on the remote; gives what refuses that, `Unreachable` where it gets no answer."""
    outcome = claim_refs.end_there(ending, there)
    if outcome is None or outcome.result == contact.WON:
        return None
    name = there.remote.name
    if outcome.result == contact.DECLINED:
        message = f"{name} declined to end the claim: {outcome.words}"
        return blocker("remote-declined", name, message, plan=ending.plan)
    if outcome.result == contact.NOT_ATOMIC:
        return blocker("remote-not-atomic", name, outcome.words, plan=ending.plan)
    if outcome.result == contact.LOST:
        message = f"{ending.branch} has changed on {name} meanwhile"
        return blocker("claim-moved", ending.branch, message, plan=ending.plan)
    raise Unreachable(f"{name}: {outcome.words}")
