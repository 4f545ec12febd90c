"""Give a claim back: on the remote first, then here; what is not merged is kept or refused."""

from __future__ import annotations

import os

from holdfast.adapters import processes, worktrees
from holdfast.adapters.git import CannotWrite, Git
from holdfast.adapters.refs import HEADS
from holdfast.adapters.remote import Unreachable
from holdfast.domain import unclaim
from holdfast.domain.blockers import blocker
from holdfast.domain.unclaim import Standing
from holdfast.domain.value import TYPE_CHECKING, NamedTuple
from holdfast.usecases import claim_refs, claims, contact, journal, recover, unpublished, worker, worktree
from holdfast.usecases.claim_refs import ABANDONED, EndingRefs
from holdfast.usecases.surroundings import FENCES, fence_of
from holdfast.usecases.unpublished import Told

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
    """Give back the claim on a plan's number or of a branch; `Unreachable` where the remote does not answer."""
    seen = claims.observe(place, now)
    there: Contact | None = None
    told = Told()
    if seen.ground.remote is not None:
        try:
            there = contact.ask(contact.remote_for(place, seen.ground, seen.ground.remote))
        except contact.Refused as refused:
            return Unclaimed(REFUSED, name, blockers=(refused.problem,))
        changed = recover.unfinished(place, there)
        told = unpublished.publish(place, there)
        there = contact.ask(there.remote) if changed or told != Told() else there
        before = seen

        def wanted(branch: str) -> bool:
            return branch == before.ground.main or _named(before, name, branch)

        there, brought = contact.bring(place, there, wanted, seen.ground.refs)
        if brought or changed or told != Told():
            seen = claims.observe(place, now, there.requests())
    elif recover.unfinished(place, None):
        seen = claims.observe(place, now)
    done = _decide(place, seen, name, owner, abandon, dry_run, there)
    return done._replace(notes=(*told.lines, *done.notes))


def _decide(
    place: Workspace, seen: Claims, name: str, owner: str | None, abandon: bool, dry_run: bool, there: Contact | None
) -> Unclaimed:
    held = [one for one in seen.all if _named(seen, name, one.branch)]
    problems = _which(name, held)
    if not problems:
        problems = unclaim.blockers(held[0], _standing(place, seen, held[0], owner), abandon)
    if problems:
        return Unclaimed(REFUSED, held[0].branch if len(held) == 1 else name, blockers=tuple(problems))
    if dry_run:
        return Unclaimed(RELEASED, held[0].branch, held[0].plan, notes=(f"would give back {held[0].branch}",))
    return _release(place, seen, held[0], there)


def _named(seen: Claims, name: str, branch: str) -> bool:
    bare = name.removeprefix("#")
    if bare.isascii() and bare.isdecimal():
        return seen.ground.policy.claims.branch.number(branch) == int(bare)
    return branch == name


def _which(name: str, held: list[Claim]) -> list[Problem]:
    """One claim that holds; with several of a plan the branch must be named."""
    holding = [one for one in held if not one.ended]
    if not held:
        return [blocker("not-claimed", name, f"{name} is not claimed")]
    if len(held) > 1 and len(holding) != 1:
        names = ", ".join(one.branch for one in held)
        return [blocker("contested", name, f"{name} is claimed by several branches: {names}", "name the branch")]
    held[:] = holding or held
    return []


def _standing(place: Workspace, seen: Claims, held: Claim, owner: str | None) -> Standing:
    me = worker.of(place.environment, seen.ground.settings, owner)
    inside: tuple[str, ...] | None = ()
    dirty = False
    if held.worktree is not None and os.path.isdir(held.worktree):
        inside = processes.standing_in(held.worktree, os.getpid())
        dirty = worktrees.dirty(Git(held.worktree, place.environment))
    in_its_worktree = held.worktree is not None and os.path.realpath(held.worktree) == os.path.realpath(place.top)
    made_here = held.local is not None and held.host in (None, me.host)
    return Standing(me.made(held) or in_its_worktree, made_here, dirty, inside)


def _release(place: Workspace, seen: Claims, held: Claim, there: Contact | None) -> Unclaimed:
    here = seen.ground.refs.get(HEADS + held.branch)
    keep = ABANDONED if held.own_commits > 0 and not held.ended else ""
    on_remote = there.id_of(HEADS + held.branch) if there is not None else None
    tip = here or on_remote or held.commit
    ending = EndingRefs(held.plan, held.branch, here, on_remote, _fences(seen, held, there), keep)
    intent = recover.begin_unclaim(place, ending, there is not None)
    try:
        journal.note(place, "unclaim-begun", plan=held.plan, branch=held.branch, durable=True, commit=tip)
        problem = _on_remote(ending, there) if there is not None else None
        if problem is not None:
            intent.done()
            return Unclaimed(REFUSED, held.branch, held.plan, blockers=(problem,))
        notes = tuple(
            worktree.leave(place, one.path, one.main) for one in seen.ground.worktrees if one.branch == held.branch
        )
        said = claim_refs.end_here(place.git, ending, seen.ground.remote)
        if said is not None:
            raise CannotWrite(said.splitlines()[-1].removeprefix("fatal: "))
    except BaseException:
        intent.leave()
        raise
    intent.done()
    kept = ending.keep(tip) if keep else None
    journal.note(place, "unclaim", plan=held.plan, branch=held.branch, kept=kept)
    return Unclaimed(RELEASED, held.branch, held.plan, kept, (), notes)


def _fences(seen: Claims, held: Claim, there: Contact | None) -> tuple[str, ...]:
    """The values of the fence that go with this claim: none where another branch holds the plan too."""
    if held.plan is None or any(one.branch != held.branch for one in seen.of_plan(held.plan)):
        return ()
    name = f"{FENCES}{held.plan}"
    found = (
        seen.ground.refs.get(name),
        fence_of(held.plan, seen.ground.refs),
        there.id_of(name) if there else None,
    )
    return tuple(dict.fromkeys(one for one in found if one is not None))


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
