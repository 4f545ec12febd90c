"""Give a claim back: on the remote first, then here; what is not merged is kept or refused."""

from __future__ import annotations

import os

from holdfast.adapters import processes, worktrees
from holdfast.adapters.git import Git
from holdfast.adapters.refs import HEADS
from holdfast.adapters.remote import Unreachable
from holdfast.domain import unclaim
from holdfast.domain.blockers import blocker
from holdfast.domain.unclaim import Standing
from holdfast.domain.value import TYPE_CHECKING, NamedTuple
from holdfast.usecases import claim_refs, claims, contact, journal, recover, worker
from holdfast.usecases.claim_refs import ABANDONED, ClaimRefs

if TYPE_CHECKING:
    from holdfast.domain.claim import Claim
    from holdfast.domain.moment import Moment
    from holdfast.domain.problem import Problem
    from holdfast.usecases.claims import Claims
    from holdfast.usecases.contact import Contact
    from holdfast.usecases.workspace import Workspace

_NO_PLAN = -1
"""Stands for the plan of a `feature-*` branch."""

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
    if seen.ground.remote is not None:
        try:
            there = contact.ask(contact.remote_for(place, seen.ground, seen.ground.remote))
        except contact.Refused as refused:
            return Unclaimed(REFUSED, name, blockers=(refused.problem,))
        changed = recover.unfinished(place, there)
        there = contact.ask(there.remote) if changed else there
        wanted = [branch for branch in {**there.heads(), **_branches(seen)} if _named(seen, name, branch)]
        if contact.bring(place, there, [seen.ground.main, *wanted], seen.ground.refs) or changed:
            seen = claims.observe(place, now, there.requests())
    elif recover.unfinished(place, None):
        seen = claims.observe(place, now)
    held = [one for one in seen.all if _named(seen, name, one.branch)]
    problems = _which(name, held)
    if not problems:
        problems = unclaim.blockers(held[0], _standing(place, seen, held[0], owner), abandon)
    if problems:
        return Unclaimed(REFUSED, held[0].branch if len(held) == 1 else name, blockers=tuple(problems))
    if dry_run:
        return Unclaimed(RELEASED, held[0].branch, held[0].plan, notes=(f"would give back {held[0].branch}",))
    return _release(place, seen, held[0], there)


def _branches(seen: Claims) -> dict[str, None]:
    return {one.branch: None for one in seen.all}


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
    tip = here or held.commit
    claim = ClaimRefs(held.plan if held.plan is not None else _NO_PLAN, held.branch, held.commit, tip, keep)
    intent = recover.begin_unclaim(place, claim)
    try:
        journal.note(place, "unclaim-begun", plan=held.plan, branch=held.branch, durable=True, commit=tip)
        if there is not None:
            _on_remote(claim, there)
        notes = tuple(leave(place, one.path, one.main) for one in seen.ground.worktrees if one.branch == held.branch)
        said = claim_refs.unmake_here(place.git, claim, seen.ground.remote, giving_up=True)
        if said is not None:
            raise Unreachable(said.splitlines()[-1])
    except BaseException:
        intent.leave()
        raise
    intent.done()
    kept = claim.keep(tip) if keep else None
    journal.note(place, "unclaim", plan=held.plan, branch=held.branch, kept=kept)
    return Unclaimed(RELEASED, held.branch, held.plan, kept, (), notes)


def _on_remote(claim: ClaimRefs, there: Contact) -> None:
    outcome = claim_refs.give_up(claim, there)
    if outcome is not None and outcome.result != contact.WON:
        raise Unreachable(f"{there.remote.name}: {outcome.words or 'the claim changed meanwhile'}")


def leave(place: Workspace, path: str, main: bool) -> str:
    """Remove a worktree that is clean, holds no ignored files and that nobody stands in; detach any other."""
    empty = processes.standing_in(path, os.getpid()) == () and not worktrees.holds_ignored(Git(path, place.environment))
    if (
        not main
        and empty
        and os.path.realpath(place.top) != os.path.realpath(path)
        and worktrees.remove(place.git, path)
    ):
        return f"removed the worktree {path}"
    worktrees.detach(Git(path, place.environment))
    return f"{path} is left as it is, on no branch"
