"""A plan that this worker holds already: the claim is found by the worker's name or place, and gone on with."""

from __future__ import annotations

import os

from holdfast.adapters import commits
from holdfast.domain import start
from holdfast.domain.rivalry import phase_of, standing
from holdfast.domain.value import TYPE_CHECKING
from holdfast.usecases import journal, recover, surroundings, taking, unpublished, worktree
from holdfast.usecases.claim_refs import ClaimRefs
from holdfast.usecases.taking import CLAIMED, Options, Scene, Started, refused

if TYPE_CHECKING:
    from holdfast.domain.claim import Claim
    from holdfast.usecases.contact import Contact
    from holdfast.usecases.workspace import Workspace


def by_this_worker(place: Workspace, scene: Scene, number: int, phase: str | None) -> Claim | None:
    """The claim that this very worker holds on the plan: it stands in its worktree, or gave the same name.

    A phase that is asked for is a claim of its own; one that is lost is held no more.
    """
    policy = scene.claims.ground.policy.claims
    for held in standing(scene.claims.of_plan(number)):
        if phase is not None and phase_of(held.branch, (phase,), policy) is None:
            continue
        inside = held.worktree is not None and os.path.realpath(held.worktree) == os.path.realpath(place.top)
        if (inside and not _is_main(scene, held.worktree)) or scene.worker.made(held):
            return held
    return None


def go_on(place: Workspace, scene: Scene, held: Claim, options: Options) -> Started:
    """The same answer as the first time; what the remote does not have is published, a worktree that is gone made again."""
    assert held.plan is not None
    lost = start.lost_blockers(held, [one for one in scene.claims.of_plan(held.plan) if one.lost])
    if lost:
        return refused(held.plan, lost)
    ground = scene.claims.ground
    fence = surroundings.fences(ground.refs).get(held.plan)
    said = commits.named(place.git, [fence]).commits().get(fence) if fence is not None else None
    mine = said is not None and said.origin is not None and said.origin.claim_id == held.claim_id
    done = Started(
        CLAIMED, held.plan, held.branch, held.worktree, fence if mine and fence is not None else held.commit, scene.base,
        held.published, held.owner, held.claim_id,
        notes=(f"plan #{held.plan} is yours already",),
    )  # fmt: skip
    if options.dry_run:
        return done
    if scene.there is not None and not held.published:
        done = _published(place, scene.there, held, done)
    if done.result != CLAIMED or held.worktree is not None or not options.worktree or options.here:
        return done
    intent = recover.begin_worktree(place, held.branch)
    try:
        made = worktree.make_again(place, ground, held, options.ask, lambda path: intent.note(path=path))
    except BaseException:
        intent.leave()
        raise
    intent.done()
    if made.path is not None:
        actor = scene.worker.owner
        journal.note(place, "worktree-made", plan=held.plan, branch=held.branch, worktree=made.path, actor=actor)
    return done._replace(worktree=made.path, warnings=made.problems, notes=(*done.notes, *made.notes))


def _published(place: Workspace, there: Contact, held: Claim, done: Started) -> Started:
    """A claim that the remote does not have: never published, made before there was a remote, or deleted there by hand."""
    assert held.plan is not None and done.commit is not None
    unpublished.remember(place, ClaimRefs(held.plan, held.branch, done.commit, held.commit))
    told = unpublished.publish(place, there)
    if held.branch in told.lost:
        return taking.lost(held.plan, held.branch, "somebody else", None)
    return done._replace(published=held.branch in told.published, notes=(*done.notes, *told.lines))


def _is_main(scene: Scene, path: str | None) -> bool:
    return any(one.main and one.path == path for one in scene.claims.ground.worktrees)
