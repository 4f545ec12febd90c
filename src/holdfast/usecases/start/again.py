"""A start of what this worker holds already: its claim is found by the worker's name or place, and gone on with."""

from __future__ import annotations

import os

from holdfast.adapters import commits
from holdfast.domain import start
from holdfast.domain.rivalry import phase_of, standing
from holdfast.domain.value import TYPE_CHECKING
from holdfast.usecases import journal, recover, surroundings, unpublished
from holdfast.usecases.claim_refs import ClaimRefs
from holdfast.usecases.start.outcome import CLAIMED, Started, lost, refused
from holdfast.usecases.worktrees import making

if TYPE_CHECKING:
    from holdfast.domain.claim import Claim
    from holdfast.usecases.contact import Contact
    from holdfast.usecases.start.outcome import Options
    from holdfast.usecases.start.taking import Scene
    from holdfast.usecases.workspace import Workspace


def held(place: Workspace, scene: Scene, number: int, phase: str | None) -> Claim | None:
    """The claim that this very worker holds on the plan: it stands in its worktree, or gave the same name.

    A phase that is asked for is a claim of its own; one that is lost is held no more.
    """
    policy = scene.claims.ground.policy.claims
    for one in standing(scene.claims.of_plan(number)):
        if phase is not None and phase_of(one.branch, (phase,), policy) is None:
            continue
        inside = one.worktree is not None and os.path.realpath(one.worktree) == os.path.realpath(place.top)
        if (inside and not _is_main(scene, one.worktree)) or scene.worker.made(one):
            return one
    return None


def go_on(place: Workspace, scene: Scene, claim: Claim, options: Options) -> Started:
    """The same answer as the first time; what the remote does not have is published, a worktree that is gone made again."""
    assert claim.plan is not None
    in_the_way = start.lost_blockers(claim, [one for one in scene.claims.of_plan(claim.plan) if one.lost])
    if in_the_way:
        return refused(claim.plan, in_the_way)
    ground = scene.claims.ground
    fence = surroundings.fences(ground.refs).get(claim.plan)
    said = commits.named(place.git, [fence]).commits().get(fence) if fence is not None else None
    mine = said is not None and said.origin is not None and said.origin.claim_id == claim.claim_id
    done = Started(
        CLAIMED, claim.plan, claim.branch, claim.worktree, fence if mine and fence is not None else claim.commit, scene.base,
        claim.published, claim.owner, claim.claim_id,
        notes=(f"plan #{claim.plan} is yours already",),
    )  # fmt: skip
    if options.dry_run:
        return done
    if scene.there is not None and not claim.published:
        done = _published(place, scene.there, claim, done)
    if done.result != CLAIMED or claim.worktree is not None or not options.worktree or options.here:
        return done
    intent = recover.begin_worktree(place, claim.branch)
    try:
        made = making.make_again(place, ground, claim, options.ask, lambda path: intent.note(path=path))
    except BaseException:
        intent.leave()
        raise
    intent.done()
    if made.path is not None:
        actor = scene.worker.owner
        journal.note(place, "worktree-made", plan=claim.plan, branch=claim.branch, worktree=made.path, actor=actor)
    return done._replace(worktree=made.path, warnings=made.problems, notes=(*done.notes, *made.notes))


def _published(place: Workspace, there: Contact, claim: Claim, done: Started) -> Started:
    """A claim that the remote does not have: never published, made before there was a remote, or deleted there by hand."""
    assert claim.plan is not None and done.commit is not None
    unpublished.remember(place, ClaimRefs(claim.plan, claim.branch, done.commit, claim.commit))
    told = unpublished.publish(place, there)
    if claim.branch in told.lost:
        return lost(claim.plan, claim.branch, "somebody else", None)
    return done._replace(published=claim.branch in told.published, notes=(*done.notes, *told.lines))


def _is_main(scene: Scene, path: str | None) -> bool:
    return any(one.main and one.path == path for one in scene.claims.ground.worktrees)
