"""Take a plan: observe, decide, then one step that only one worker can win, and a worktree to work in."""

from __future__ import annotations

import os
import secrets

from holdfast.adapters import commits
from holdfast.adapters.git import CannotWrite
from holdfast.adapters.intents import Intent
from holdfast.adapters.refs import HEADS, REMOTES
from holdfast.adapters.remote import Unreachable
from holdfast.domain import claim_commit, start
from holdfast.domain.blockers import blocker
from holdfast.domain.claim import phase_of
from holdfast.domain.claim_commit import Origin
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
    worker,
    worktree,
)
from holdfast.usecases.claim_refs import ABANDONED, FINISHED, ClaimRefs

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from holdfast.domain.claim import Claim
    from holdfast.domain.moment import Moment
    from holdfast.usecases.claims import Claims
    from holdfast.usecases.contact import Contact
    from holdfast.usecases.plan_source import NewPlan, Source
    from holdfast.usecases.worker import Worker
    from holdfast.usecases.workspace import Workspace

CLAIMED, REFUSED, LOST = "claimed", "refused", "lost"


class Options(NamedTuple):
    """How a plan is to be taken. `ask` is called with a question for the person at the terminal, None where nobody is.

    `folder` is where the caller stands.
    """

    owner: str | None = None
    here: bool = False
    steal: bool = False
    offline: bool = False
    worktree: bool = True
    phase: str | None = None
    dry_run: bool = False
    ask: Callable[[str], bool] | None = None


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
    """What a decision is made on: the claims, the remote if there is one, what the work starts from, and who starts."""

    claims: Claims
    there: Contact | None
    base: str | None
    worker: Worker


def one(place: Workspace, number: int, now: Moment, options: Options, text: NewPlan | None = None) -> Started:
    """Take the plan with that number; `Unreachable` where the remote does not answer.

    `text` is that of a plan which stands nowhere yet: it becomes the second commit of the claim.
    """
    try:
        scene = _observe(place, number, now, options)
    except contact.Refused as refused:
        return _refused(number, [refused.problem])
    mine = _same_worker(place, scene, number)
    if mine is not None:
        return _again(scene, mine)
    return _decide(place, scene, number, now, options, text)


def following(place: Workspace, now: Moment, options: Options) -> Started:
    """Take the first ready plan by priority and number that nobody else wins."""
    try:
        scene = _observe(place, None, now, options)
    except contact.Refused as refused:
        return _refused(None, [refused.problem])
    if scene.base is None:
        return _refused(None, [_no_main(scene)])
    lost: Started | None = None
    for number in plan_source.ready(place, scene.base, scene.claims):
        tried = one(place, number, now, options)
        if tried.result == LOST:
            lost = tried
        if tried.result == CLAIMED or not _taken_by_others(tried):
            return tried
    return lost or _refused(None, [blocker("nothing-ready", "plans", "no plan is ready to be taken")])


def _taken_by_others(tried: Started) -> bool:
    return tried.result == LOST or {one.code for one in tried.blockers} <= {"claimed", "contested", "plan-invalid"}


def _observe(place: Workspace, number: int | None, now: Moment, options: Options) -> _Scene:
    """The claims and the remote as it is now; unfinished starts of this clone are finished or taken back first."""
    seen = claims.observe(place, now)
    there = None
    if seen.ground.remote is not None and not options.offline:
        ground = seen.ground
        remote = contact.remote_for(place, ground, seen.ground.remote)
        there = contact.ask(remote)
        if recover.unfinished(place, there):
            there = contact.ask(remote)
        pattern = ground.policy.claims.branch
        plans = [
            name
            for name in {**there.heads(), **_tracked(seen)}
            if number is not None and pattern.number(name) == number
        ]
        if contact.bring(place, there, [ground.main, *plans], ground.refs):
            seen = claims.observe(place, now, there.requests())
    elif recover.unfinished(place, None):
        seen = claims.observe(place, now)
    lead = f"{REMOTES}{seen.ground.remote}/" if there is not None else HEADS
    base = seen.ground.refs.get(lead + seen.ground.main)
    if options.offline and base is None:
        base = seen.ground.refs.get(f"{REMOTES}{seen.ground.remote}/{seen.ground.main}")
    return _Scene(seen, there, base, worker.of(place.environment, seen.ground.settings, options.owner))


def _tracked(seen: Claims) -> dict[str, str]:
    """The branches that this clone remembers of the remote: what was deleted there must go here too."""
    lead = f"{REMOTES}{seen.ground.remote}/"
    return {ref[len(lead) :]: oid for ref, oid in seen.ground.refs.items() if ref.startswith(lead)}


def _same_worker(place: Workspace, scene: _Scene, number: int) -> Claim | None:
    """The claim that this very worker holds on the plan: it stands in its worktree, or gave the same name."""
    for held in scene.claims.of_plan(number):
        inside = held.worktree is not None and os.path.realpath(held.worktree) == os.path.realpath(place.top)
        if (inside and not _is_main(scene, held.worktree)) or scene.worker.made(held):
            return held
    return None


def _is_main(scene: _Scene, path: str | None) -> bool:
    return any(one.main and one.path == path for one in scene.claims.ground.worktrees)


def _again(scene: _Scene, held: Claim) -> Started:
    """The same answer as the first time."""
    return Started(
        CLAIMED, held.plan, held.branch, held.worktree, held.commit, scene.base, held.published, held.owner, held.claim_id,
        notes=(f"plan #{held.plan} is yours already",),
    )  # fmt: skip


def _decide(
    place: Workspace, scene: _Scene, number: int, now: Moment, options: Options, text: NewPlan | None
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
        return _refused(number, problems)
    name = policy.branch.name(number, _slug(source, options.phase))
    stolen = next((one for one in held if phase_of(one.branch, phases, policy) == options.phase), None)
    name = stolen.branch if stolen is not None else name
    problems += _occupied(scene, name)
    if problems:
        return _refused(number, problems)
    if options.dry_run:
        return _planned(scene, number, name)
    return _claim(place, scene, source, number, name, now, options, stolen is not None)


def _slug(source: Source, phase: str | None) -> str:
    return phase if phase is not None else slug_of(os.path.basename(source.path))


def _occupied(scene: _Scene, name: str) -> list[Problem]:
    """A branch of that name that is checked out somewhere would change under whoever works there."""
    found = [one for one in scene.claims.ground.worktrees if one.branch == name]
    return [
        blocker(
            "branch-in-worktree", name, f"branch {name} is checked out in {one.path}",
            f"remove that worktree when nobody needs it: `git worktree remove {one.path}`, then run it again",
        )
        for one in found
    ]  # fmt: skip


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
    ground = scene.claims.ground
    assert scene.base is not None
    origin = Origin(
        secrets.token_hex(8), scene.worker.owner, scene.worker.host, number, name, scene.worker.name, options.offline
    )
    parent = here.head(place) if options.here else scene.base
    subject = ground.policy.claims.subject.replace("{number}", str(number)).replace("{title}", source.title)
    sign = ground.settings.get("commit.gpgsign", "").lower() in ("true", "yes", "on", "1")
    tree = place.objects.id_of(f"{parent}^{{tree}}")
    assert tree is not None
    commit = commits.make(place.git, tree, [parent], claim_commit.message(subject, origin), now, sign)
    tip = commit
    if source.new is not None and not options.here:
        text = claim_commit.message(f"[Plan #{number}] {source.title}", origin)
        tip = commits.make(place.git, source.tree(place, scene.base), [commit], text, now, sign)
    old = ground.refs.get(HEADS + name) or (scene.there.id_of(HEADS + name) if scene.there is not None else None)
    kept = "" if old is None else ABANDONED if stolen else FINISHED
    refs = ClaimRefs(number, name, commit, tip, kept, old)
    intent = recover.begin(place, refs, origin, options)
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
    if scene.there is not None:
        outcome = claim_refs.publish(refs, scene.there)
        if outcome.result != contact.WON:
            return _not_won(place, refs, outcome, intent)
        scene = scene._replace(there=outcome.contact)
        intent.note(published="yes")
    fresh = dict(scene.claims.ground.refs) if scene.there is None else snapshot.refs_now(place)
    remote = scene.claims.ground.remote if scene.there is not None else None
    said = claim_refs.make_here(place.git, refs, fresh, remote)
    if said is not None:
        return _not_made_here(place, scene, refs, said, intent)
    if options.offline and scene.claims.ground.remote is not None:
        recover.remember_unpublished(place, refs)
    made = worktree.Made(None, (), ())
    if options.here:
        here.switch(place, refs)
        made = made._replace(path=place.top)
    elif options.worktree:
        made = worktree.make(place, scene.claims.ground, refs, options.ask)
        if made.path is None:
            _take_back(place, scene, refs)
            intent.done()
            return _refused(refs.plan, list(made.problems))
        source.moved(place, refs)
    intent.done()
    _note(place, "claim", scene, refs, made.path, published=scene.there is not None, claim_id=origin.claim_id)
    return Started(
        CLAIMED, refs.plan, refs.branch, made.path, refs.commit, scene.base, scene.there is not None, origin.owner,
        origin.claim_id, warnings=made.problems, notes=(*made.notes, *source.notes(options)),
    )  # fmt: skip


def _not_won(place: Workspace, refs: ClaimRefs, outcome: contact.Outcome, intent: Intent) -> Started:
    """Nothing of ours is on the remote, or it cannot be told."""
    if outcome.result == contact.UNCLEAR:
        intent.leave()
        problem = blocker(
            "remote-unclear", refs.branch, f"{outcome.contact.remote.name}: {outcome.words}", plan=refs.plan
        )
        return _refused(refs.plan, [problem])._replace(exit=Unreachable.exit)
    intent.done()
    if outcome.result == contact.NOTHING_DONE:
        raise Unreachable(f"{outcome.contact.remote.name}: {outcome.words}")
    if outcome.result == contact.NOT_ATOMIC:
        return _refused(
            refs.plan, [blocker("remote-not-atomic", outcome.contact.remote.name, outcome.words, plan=refs.plan)]
        )
    if outcome.result == contact.DECLINED:
        message = f"{outcome.contact.remote.name} declined the claim: {outcome.words}"
        return _refused(refs.plan, [blocker("remote-declined", outcome.contact.remote.name, message, plan=refs.plan)])
    winner = contact.winner_of(place, outcome.contact, (refs.fence, refs.head))
    return _lost(refs, winner.who if winner is not None else "somebody else", winner)


def _not_made_here(place: Workspace, scene: _Scene, refs: ClaimRefs, said: str, intent: Intent) -> Started:
    """Another worker of this clone was faster; or git cannot write here."""
    if scene.there is not None:
        claim_refs.unpublish(refs, scene.there)
    intent.done()
    now = claims.observe(place, scene.claims.observed.at)
    held = [one for one in now.of_plan(refs.plan) if one.commit != refs.tip]
    if held:
        return _lost(refs, held[0].who, None)
    raise CannotWrite(said.splitlines()[-1])


def _lost(refs: ClaimRefs, winner: str, origin: Origin | None) -> Started:
    where = f", on branch {origin.branch}" if origin is not None and origin.branch else ""
    problem = blocker("claim-lost", f"plan #{refs.plan}", f"plan #{refs.plan} went to {winner}{where}", plan=refs.plan)
    return Started(LOST, refs.plan, refs.branch, blockers=(problem,), winner=winner, exit=4)


def _take_back(place: Workspace, scene: _Scene, refs: ClaimRefs) -> None:
    if scene.there is not None:
        claim_refs.unpublish(refs, contact.ask(scene.there.remote))
    claim_refs.unmake_here(place.git, refs, scene.claims.ground.remote)
    _note(place, "claim-taken-back", scene, refs)


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
    ground = scene.claims.ground
    where = (
        f"{ground.remote} has no branch {ground.main}"
        if scene.there is not None
        else f"there is no branch {ground.main}"
    )
    return blocker("main-unknown", ground.main, where)


def _refused(number: int | None, problems: list[Problem]) -> Started:
    return Started(REFUSED, number, blockers=tuple(problems), exit=1)
