"""Take a plan: observe, decide, then one step that only one worker can win, and a worktree to work in."""

from __future__ import annotations

import os

from holdfast.adapters.refs import HEADS, REMOTES
from holdfast.domain import start
from holdfast.domain.blockers import blocker
from holdfast.domain.claim import phase_of
from holdfast.domain.naming import slug_of
from holdfast.domain.problem import Problem
from holdfast.domain.value import TYPE_CHECKING, NamedTuple
from holdfast.usecases import (
    claim_refs,
    claims,
    contact,
    here,
    journal,
    plan_source,
    recover,
    snapshot,
    unpublished,
    worker,
    worktree,
)
from holdfast.usecases.claim_refs import ABANDONED, FINISHED, ClaimRefs
from holdfast.usecases.unpublished import Told

if TYPE_CHECKING:
    from typing import Any

    from holdfast.domain.claim import Claim
    from holdfast.domain.moment import Moment
    from holdfast.domain.problem import Problem
    from holdfast.usecases.claims import Claims
    from holdfast.usecases.plan_source import NewPlan, Source
    from holdfast.usecases.workspace import Workspace
    from holdfast.usecases.worktree import Ask

_IN_HEADS = "what tells claimers apart is kept there under refs/heads/holdfast/"

__all__ = ["Options", "Started", "following", "one"]


class Options(NamedTuple):
    """How a plan is to be taken. `ask` asks the person at the terminal about a command, None where nobody is."""

    owner: str | None = None
    here: bool = False
    steal: bool = False
    offline: bool = False
    worktree: bool = True
    phase: str | None = None
    dry_run: bool = False
    ask: Ask | None = None


class Started(NamedTuple):
    """How it ended: `result` is claimed, refused or lost; `notes` are lines for people, `warnings` what went wrong later."""

    result: str
    plan: int | None
    branch: str | None = None
    worktree: str | None = None
    commit: str | None = None
    base: str | None = None
    published: bool = False
    owner: str | None = None
    claim_id: str | None = None
    blockers: tuple[Problem, ...] = ()
    winner: str | None = None
    warnings: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()
    exit: int = 0


class _Scene(NamedTuple):
    """What a decision is made on: the claims, the remote if there is one, what the work starts from, and who starts.

    `told` is what became of claims that were made offline.
    """

    claims: Claims
    there: Contact | None
    base: str | None
    worker: Worker
    told: Told = Told()


def one(place: Workspace, number: int, now: Moment, options: Options) -> Started:
    """Take the plan with that number; `Unreachable` where the remote does not answer."""
    done = _once(place, number, now, options)
    if done.result == LOST and recover.may_be_late(place):  # maybe to ourselves: a push that was given up has landed
        done = _once(place, number, now, options)
    return done


def _once(place: Workspace, number: int, now: Moment, options: Options) -> Started:
    try:
        scene = _observe(place, number, now, options)
    except contact.Refused as refused:
        return _refused(number, [refused.problem])
    mine = _same_worker(place, scene, number, options.phase)
    done = _again(place, scene, mine) if mine is not None else _decide(place, scene, number, now, options)
    return _with(done, scene.told)


def following(place: Workspace, now: Moment, options: Options) -> Started:
    """Take the first ready plan by priority and number that nobody else wins."""
    try:
        scene = _observe(place, None, now, options)
    except contact.Refused as error:
        return refused(None, [error.problem])
    if scene.base is None:
        return refused(None, [_no_main(scene)])
    lost: Started | None = None
    told = scene.told
    for number in plan_source.ready(place, scene.base, scene.claims):
        tried = one(place, number, now, options)
        if tried.result == LOST:
            lost = tried
        if tried.result == CLAIMED or not _taken_by_others(tried):
            return _with(tried, told)
    return _with(lost or _refused(None, [blocker("nothing-ready", "plans", "no plan is ready to be taken")]), told)


def _with(done: Started, told: Told) -> Started:
    """The same, and what became of claims that were made offline."""
    return done._replace(notes=(*told.lines, *done.notes))


def _taken_by_others(tried: Started) -> bool:
    return tried.result == LOST or {one.code for one in tried.blockers} <= {"claimed", "contested", "plan-invalid"}


def _observe(place: Workspace, number: int | None, now: Moment, options: Options) -> Scene:
    """The claims and the remote as it is now; unfinished starts of this clone are finished or taken back first."""
    seen = claims.observe(place, now)
    there, told = None, Told()
    if seen.observed.remote is not None and not options.offline:
        there = contact.ask(contact.remote_for(place, seen.observed, seen.observed.remote))
        changed = recover.unfinished(place, there)
        told = unpublished.publish(place, there)
        if changed or told != Told():
            there = contact.ask(there.remote)
        main, pattern = seen.observed.main, seen.observed.policy.claims.branch

        def wanted(name: str) -> bool:
            return name == main or (number is not None and pattern.number(name) == number)

        there, brought = contact.bring(place, there, wanted, seen.observed.refs)
        if brought or changed or told != Told():
            seen = claims.observe(place, now, there.requests())
    elif recover.unfinished(place, None):
        seen = claims.observe(place, now)
    base = _base(seen, there is not None, options.offline)
    return _Scene(seen, there, base, worker.of(place.environment, seen.observed.settings, options.owner), told)


def _base(seen: Claims, shared: bool, offline: bool) -> str | None:
    """The main branch as the remote has it, or had it when it was asked last; without a remote as it is here."""
    refs, main = seen.observed.refs, seen.observed.main
    fetched = refs.get(f"{REMOTES}{seen.observed.remote}/{main}") if shared or offline else None
    return fetched if shared or fetched is not None else refs.get(HEADS + main)


def _same_worker(place: Workspace, scene: _Scene, number: int, phase: str | None) -> Claim | None:
    """The claim that this very worker holds on the plan: it stands in its worktree, or gave the same name.

    A phase that is asked for is a claim of its own.
    """
    policy = scene.claims.observed.policy.claims
    for held in scene.claims.of_plan(number):
        if phase is not None and phase_of(held.branch, (phase,), policy) is None:
            continue
        inside = held.worktree is not None and os.path.realpath(held.worktree) == os.path.realpath(place.top)
        if (inside and not _is_main(scene, held.worktree)) or scene.worker.made(held):
            return held
    return None


def _is_main(scene: Scene, path: str | None) -> bool:
    return any(one.main and one.path == path for one in scene.claims.ground.worktrees)


def _again(place: Workspace, scene: _Scene, held: Claim) -> Started:
    """The same answer as the first time."""
    assert held.plan is not None
    fence = snapshot.fence_of(held.plan, scene.claims.observed.refs)
    said = commits.named(place.git, [fence]).commits().get(fence) if fence is not None else None
    mine = said is not None and said.origin is not None and said.origin.claim_id == held.claim_id
    return Started(
        CLAIMED, held.plan, held.branch, held.worktree, fence if mine else held.commit, scene.base,
        held.published, held.owner, held.claim_id,
        notes=(f"plan #{held.plan} is yours already",),
    )  # fmt: skip


def _decide(
    place: Workspace, scene: Scene, number: int, now: Moment, options: Options, text: NewPlan | None
) -> Started:
    """All blockers at once, or the claim."""
    problems: list[Problem] = []
    source: Source | None = None
    if scene.base is None:
        problems.append(_no_main(scene))
    else:
        source = plan_source.find(place, scene.base, number, text)
        problems += start.plan_blockers(number, source.found, source.plans)
    held = scene.claims.of_plan(number)
    policy = scene.claims.ground.policy.claims
    phases = source.phases if source is not None else ()
    problems += start.claim_blockers(number, held, options.steal, now, policy, options.phase, phases)
    if options.phase is not None and options.phase not in phases:
        declared = ", ".join(phases) or "none"
        message = f"plan #{number} declares no phase {options.phase!r} (declared: {declared})"
        problems.append(
            blocker("plan-unknown", f"plan #{number}", message, "name one that `**Phases:**` in its header declares")
        )
    if options.here:
        problems += here.blockers(place, scene.claims)
    if problems or source is None or scene.base is None:
        return refused(number, problems)
    name = policy.branch.name(number, _slug(source, options.phase))
    stolen = next((one for one in held if phase_of(one.branch, phases, policy) == options.phase), None)
    name = stolen.branch if stolen is not None else name
    problems += _occupied(scene, name) + _in_the_way(scene, name)
    if problems:
        return refused(number, problems)
    if options.dry_run:
        return _planned(scene, number, name)
    return taking.claim(place, scene, source, number, name, now, options, stolen is not None)


def _slug(source: Source, phase: str | None) -> str:
    return phase if phase is not None else slug_of(os.path.basename(source.path))


def _occupied(scene: Scene, name: str) -> list[Problem]:
    """A branch of that name that is checked out somewhere would change under whoever works there."""
    found = [one for one in scene.claims.ground.worktrees if one.branch == name]
    return [
        blocker(
            "branch-in-worktree", name, f"branch {name} is checked out in {one.path}",
            f"remove that worktree when nobody needs it: `git worktree remove {one.path}`, then run it again",
        )
        for one in found
    ]  # fmt: skip


def _in_the_way(scene: _Scene, name: str) -> list[Problem]:
    """Branches that git, which keeps them as files in folders, cannot have beside one of that name."""
    refs = scene.claims.observed.refs
    heads = {ref[len(HEADS) :]: "" for ref in refs if ref.startswith(HEADS)}
    if scene.there is not None:
        heads |= {other: f" on {scene.there.remote.name}" for other in scene.there.heads() if other not in heads}
    found = [other for other in heads if other.startswith(f"{name}/") or name.startswith(f"{other}/")]
    return [
        blocker("branch-in-the-way", name, f"there is a branch {other}{heads[other]}: git cannot have {name} beside it")
        for other in found
    ]


def _planned(scene: _Scene, number: int, name: str) -> Started:
    where = f" and on {scene.there.remote.name}" if scene.there is not None else ""
    return Started(
        CLAIMED, number, name, base=scene.base, owner=scene.worker.owner,
        notes=(f"would claim plan #{number} as branch {name}{where}",),
    )  # fmt: skip


def _claim(
    place: Workspace, scene: _Scene, source: Source, number: int, name: str, now: Moment, options: Options, stolen: bool
) -> Started:
    """Make the commits, win the refs, make the worktree."""
    observed = scene.claims.observed
    assert scene.base is not None
    origin = Origin(
        secrets.token_hex(8), scene.worker.owner, scene.worker.host, number, name, scene.worker.name, options.offline
    )
    parent = here.head(place) if options.here else scene.base
    subject = observed.policy.claims.subject.replace("{number}", str(number)).replace("{title}", source.title)
    sign = observed.settings.get("commit.gpgsign", "").lower() in ("true", "yes", "on", "1")
    tree = place.objects.id_of(f"{parent}^{{tree}}")
    assert tree is not None
    commit = commits.make(place.git, tree, [parent], claim_commit.message(subject, origin), now, sign)
    tip = commit
    if source.new is not None and not options.here:
        text = claim_commit.message(f"[Plan #{number}] {source.title}", origin)
        tip = commits.make(place.git, source.tree(place, scene.base), [commit], text, now, sign)
    old = observed.refs.get(HEADS + name)
    there = scene.there.id_of(HEADS + name) if scene.there is not None else None
    kept = "" if old is None and there is None else ABANDONED if stolen else FINISHED
    refs = ClaimRefs(number, name, commit, tip, kept, old, there)
    intent = recover.begin(place, refs, origin, options, scene.there is not None)
    try:
        return _win(place, scene, refs, origin, source, options, intent)
    except BaseException:
        intent.leave()
        raise


def _win(
    place: Workspace, scene: _Scene, refs: ClaimRefs, origin: Origin, source: Source, options: Options, intent: Intent
) -> Started:
    there = scene.there.remote.name if scene.there is not None else None
    _note(place, "claim-begun", scene, refs, durable=True, remote=there, claim_id=origin.claim_id)
    notes: tuple[str, ...] = ()
    if scene.there is not None:
        outcome = claim_refs.publish(refs, scene.there)
        if outcome.result != contact.WON:
            return _not_won(place, refs, outcome, intent)
        if outcome.contact.in_heads and not scene.there.in_heads:
            notes = (f"{there} takes branches only: {_IN_HEADS}",)
        scene = scene._replace(there=outcome.contact)
        intent.note(published="yes")
    fresh = dict(scene.claims.observed.refs) if scene.there is None else snapshot.refs_now(place)
    remote = scene.claims.observed.remote if scene.there is not None else None
    said = claim_refs.make_here(place.git, refs, fresh, remote)
    if said is not None:
        return _not_made_here(place, scene, refs, said, intent)
    if options.offline and scene.claims.observed.remote is not None:
        unpublished.remember(place, refs)
    made = worktree.Made(None, (), ())
    if options.here:
        here.switch(place, refs)
        made = made._replace(path=place.top)
    elif options.worktree:
        made = worktree.make(place, scene.claims.observed, refs, options.ask, lambda path: intent.note(path=path))
        if made.path is None:
            _take_back(place, scene, refs, intent)
            return _refused(refs.plan, list(made.problems))
        source.moved(place, refs)
    intent.done()
    _note(place, "claim", scene, refs, made.path, published=scene.there is not None, claim_id=origin.claim_id)
    return Started(
        CLAIMED, refs.plan, refs.branch, made.path, refs.commit, scene.base, scene.there is not None, origin.owner,
        origin.claim_id, warnings=made.problems, notes=(*notes, *made.notes, *source.notes(options)),
    )  # fmt: skip


def _not_won(place: Workspace, refs: ClaimRefs, outcome: contact.Outcome, intent: Intent) -> Started:
    """Nothing of ours is on the remote, or it cannot be told."""
    if outcome.result == contact.UNCLEAR:
        intent.leave()
        problem = blocker(
            "remote-unclear", refs.branch, f"{outcome.contact.remote.name}: {outcome.words}", plan=refs.plan
        )
        return _refused(refs.plan, [problem])._replace(exit=Unreachable.exit)
    if outcome.result == contact.NOTHING_DONE:  # yet: it may still land, and the intent is left for that
        raise Unreachable(f"{outcome.contact.remote.name}: {outcome.words}")
    intent.done()
    if outcome.result == contact.NOT_ATOMIC:
        return _refused(
            refs.plan, [blocker("remote-not-atomic", outcome.contact.remote.name, outcome.words, plan=refs.plan)]
        )
    if outcome.result == contact.DECLINED:
        message = f"{outcome.contact.remote.name} declined the claim: {outcome.words}"
        return _refused(refs.plan, [blocker("remote-declined", outcome.contact.remote.name, message, plan=refs.plan)])
    winner = contact.said_by(place, outcome.contact, refs.fence) or contact.said_by(place, outcome.contact, refs.head)
    return _lost(refs, winner.who if winner is not None else "somebody else", winner)


def _not_made_here(place: Workspace, scene: _Scene, refs: ClaimRefs, said: str, intent: Intent) -> Started:
    """Another worker of this clone was faster; or git cannot write here."""
    _unpublish(refs, scene.there, intent)
    now = claims.observe(place, scene.claims.observed.at)
    held = [one for one in now.of_plan(refs.plan) if one.commit != refs.tip]
    if held:
        return _lost(refs, held[0].who, None)
    raise _CannotWrite(said.splitlines()[-1])


class _CannotWrite(Unreachable):
    remedy = "run it where `.git` can be written (outside a sandbox)"


def _lost(refs: ClaimRefs, winner: str, origin: Origin | None) -> Started:
    where = f", on branch {origin.branch}" if origin is not None and origin.branch else ""
    problem = blocker("claim-lost", f"plan #{refs.plan}", f"plan #{refs.plan} went to {winner}{where}", plan=refs.plan)
    return Started(LOST, refs.plan, refs.branch, blockers=(problem,), winner=winner, exit=4)


def _take_back(place: Workspace, scene: _Scene, refs: ClaimRefs, intent: Intent) -> None:
    there = contact.ask(scene.there.remote) if scene.there is not None else None
    claim_refs.unmake_here(place.git, refs, scene.claims.observed.remote)
    _unpublish(refs, there, intent)
    _note(place, "claim-taken-back", scene, refs)


def _unpublish(refs: ClaimRefs, there: Contact | None, intent: Intent) -> None:
    """Take the claim back on the remote; where that gets no answer, the next command does."""
    if there is None or recover.settled(claim_refs.unpublish(refs, there)):
        intent.done()
    else:
        intent.leave()


def _note(
    place: Workspace,
    event: str,
    scene: _Scene,
    refs: ClaimRefs,
    where: str | None = None,
    durable: bool = False,
    **data: Any,
) -> None:
    owner = scene.worker.owner
    journal.note(place, event, plan=refs.plan, branch=refs.branch, worktree=where, durable=durable, actor=owner, **data)


def _no_main(scene: _Scene) -> Problem:
    observed = scene.claims.observed
    where = (
        f"{ground.remote} has no branch {ground.main}"
        if scene.there is not None
        else f"there is no branch {ground.main}"
    )
    return blocker("main-unknown", ground.main, where)
