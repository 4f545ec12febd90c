"""Take a plan that nothing speaks against: the commits, the refs that only one worker can win, the worktree."""

from __future__ import annotations

import os

from holdfast.adapters import commits
from holdfast.adapters.git import CannotWrite
from holdfast.adapters.refs import HEADS
from holdfast.adapters.remote import Unreachable
from holdfast.domain import claim_commit
from holdfast.domain.blockers import blocker
from holdfast.domain.claim_commit import Origin
from holdfast.domain.value import TYPE_CHECKING, NamedTuple
from holdfast.usecases import (
    claim_refs,
    claims,
    contact,
    here,
    journal,
    plan_commit,
    recover,
    surroundings,
    unpublished,
)
from holdfast.usecases.claim_refs import ABANDONED, FINISHED, ClaimRefs
from holdfast.usecases.start.outcome import CLAIMED, Started, lost, refused
from holdfast.usecases.unpublished import Told
from holdfast.usecases.worktrees import making

if TYPE_CHECKING:
    from typing import Any

    from holdfast.adapters.intents import Intent
    from holdfast.domain.moment import Moment
    from holdfast.usecases.claims import Claims
    from holdfast.usecases.contact import Contact
    from holdfast.usecases.start.outcome import Options
    from holdfast.usecases.start.source import Source
    from holdfast.usecases.worker import Worker
    from holdfast.usecases.workspace import Workspace

_IN_HEADS = "what tells claimers apart is kept there under refs/heads/holdfast/"


class Scene(NamedTuple):
    """What a decision is made on: the claims, the remote if there is one, what the work starts from, and who starts.

    `told` is what became of claims that were made offline.
    """

    claims: Claims
    there: Contact | None
    base: str | None
    worker: Worker
    told: Told = Told()


def claim(
    place: Workspace, scene: Scene, source: Source, number: int, name: str, now: Moment, options: Options, stolen: bool
) -> Started:
    """Make the commits, win the refs, make the worktree."""
    ground = scene.claims.ground
    assert scene.base is not None
    origin = Origin(
        os.urandom(8).hex(), scene.worker.owner, scene.worker.host, number, name, scene.worker.name, options.offline
    )
    parent = here.head(place) if options.here else scene.base
    subject = ground.policy.claims.subject.replace("{number}", str(number)).replace("{title}", source.title)
    sign = ground.settings.get("commit.gpgsign", "").lower() in ("true", "yes", "on", "1")
    tree = place.objects.id_of(f"{parent}^{{tree}}")
    assert tree is not None
    commit = commits.make(place.git, tree, [parent], claim_commit.message(subject, origin), now, sign)
    tip = commit
    if source.new is not None and not options.here:
        files = source.files
        text = claim_commit.message(f"[Plan #{number}] {source.title}", origin._replace(adds=tuple(files)))
        tip = commits.make(place.git, plan_commit.tree(place, scene.base, files), [commit], text, now, sign)
    old = ground.refs.get(HEADS + name)
    there = scene.there.id_of(HEADS + name) if scene.there is not None else None
    kept = "" if old is None and there is None else ABANDONED if stolen else FINISHED
    refs = ClaimRefs(number, name, commit, tip, kept, old, there)
    fence = scene.there.id_of(refs.fence) if scene.there is not None else ground.refs.get(refs.fence)
    refs = refs._replace(old_fence=fence)
    intent = recover.begin(place, refs, origin, options, scene.there is not None)
    try:
        return _win(place, scene, refs, origin, source, options, intent)
    except BaseException:
        intent.leave()
        raise


def _win(
    place: Workspace, scene: Scene, refs: ClaimRefs, origin: Origin, source: Source, options: Options, intent: Intent
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
    ground = scene.claims.ground
    fresh = dict(ground.refs) if scene.there is None else surroundings.refs_now(place)
    remote = ground.remote if scene.there is not None else None
    said = claim_refs.make_here(place.git, refs, fresh, remote)
    if said is not None:
        return _not_made_here(place, scene, refs, said, intent)
    if options.offline and scene.claims.ground.remote is not None:
        unpublished.remember(place, refs)
    made = making.Made(None, (), ())
    if options.here:
        here.switch(place, refs)
        made = made._replace(path=place.top)
    elif options.worktree:
        made = making.make(
            place, scene.claims.ground, refs.plan, refs.branch, options.ask, lambda path: intent.note(path=path)
        )
        if made.path is None:
            _take_back(place, scene, refs, intent)
            return refused(refs.plan, list(made.problems))
        source.moved(place, refs)
    intent.done()
    _note(place, "claim", scene, refs, made.path, published=scene.there is not None, claim_id=origin.claim_id)
    claims.guard_anew(place, ground, scene.claims.observed.at)
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
        return refused(refs.plan, [problem])._replace(exit=Unreachable.exit)
    if outcome.result == contact.NOTHING_DONE:  # yet: it may still land, and the intent is left for that
        raise Unreachable(f"{outcome.contact.remote.name}: {outcome.words}")
    intent.done()
    if outcome.result == contact.NOT_ATOMIC:
        return refused(
            refs.plan, [blocker("remote-not-atomic", outcome.contact.remote.name, outcome.words, plan=refs.plan)]
        )
    if outcome.result == contact.DECLINED:
        message = f"{outcome.contact.remote.name} declined the claim: {outcome.words}"
        return refused(refs.plan, [blocker("remote-declined", outcome.contact.remote.name, message, plan=refs.plan)])
    winner = contact.winner_of(place, outcome.contact, (refs.fence, refs.head))
    return lost(refs.plan, refs.branch, winner.who if winner is not None else "somebody else", winner)


def _not_made_here(place: Workspace, scene: Scene, refs: ClaimRefs, said: str, intent: Intent) -> Started:
    """Another worker of this clone was faster; or git cannot write here."""
    _unpublish(refs, scene.there, intent)
    now = claims.observe(place, scene.claims.observed.at)
    held = [one for one in now.of_plan(refs.plan) if one.commit != refs.tip]
    if held:
        return lost(refs.plan, refs.branch, held[0].who, None)
    raise CannotWrite(said.splitlines()[-1])


def _take_back(place: Workspace, scene: Scene, refs: ClaimRefs, intent: Intent) -> None:
    there = contact.ask(scene.there.remote) if scene.there is not None else None
    claim_refs.unmake_here(place.git, refs, scene.claims.ground.remote)
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
    scene: Scene,
    refs: ClaimRefs,
    where: str | None = None,
    durable: bool = False,
    **data: Any,
) -> None:
    owner = scene.worker.owner
    journal.note(place, event, plan=refs.plan, branch=refs.branch, worktree=where, durable=durable, actor=owner, **data)
