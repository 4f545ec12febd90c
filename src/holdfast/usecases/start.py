"""Take a plan: observe, decide, then one step that only one worker can win, and a worktree to work in."""

from __future__ import annotations

import os

from holdfast.adapters.refs import HEADS, REMOTES
from holdfast.domain import start
from holdfast.domain.blockers import blocker
from holdfast.domain.claim import phase_of
from holdfast.domain.naming import slug_of
from holdfast.domain.value import TYPE_CHECKING
from holdfast.usecases import claims, contact, here, plan_source, recover, taking, worker
from holdfast.usecases.taking import CLAIMED, LOST, Options, Scene, Started, refused

if TYPE_CHECKING:
    from holdfast.domain.claim import Claim
    from holdfast.domain.moment import Moment
    from holdfast.domain.problem import Problem
    from holdfast.usecases.claims import Claims
    from holdfast.usecases.plan_source import NewPlan, Source
    from holdfast.usecases.workspace import Workspace

__all__ = ["Options", "Started", "following", "one"]


def one(place: Workspace, number: int, now: Moment, options: Options, text: NewPlan | None = None) -> Started:
    """Take the plan with that number; `Unreachable` where the remote does not answer.

    `text` is that of a plan which stands nowhere yet: it becomes the second commit of the claim.
    """
    try:
        scene = _observe(place, number, now, options)
    except contact.Refused as error:
        return refused(number, [error.problem])
    mine = _same_worker(place, scene, number)
    if mine is not None:
        return _again(scene, mine)
    return _decide(place, scene, number, now, options, text)


def following(place: Workspace, now: Moment, options: Options) -> Started:
    """Take the first ready plan by priority and number that nobody else wins."""
    try:
        scene = _observe(place, None, now, options)
    except contact.Refused as error:
        return refused(None, [error.problem])
    if scene.base is None:
        return refused(None, [_no_main(scene)])
    lost: Started | None = None
    for number in plan_source.ready(place, scene.base, scene.claims):
        tried = one(place, number, now, options)
        if tried.result == LOST:
            lost = tried
        if tried.result == CLAIMED or not _taken_by_others(tried):
            return tried
    return lost or refused(None, [blocker("nothing-ready", "plans", "no plan is ready to be taken")])


def _taken_by_others(tried: Started) -> bool:
    return tried.result == LOST or {one.code for one in tried.blockers} <= {"claimed", "contested", "plan-invalid"}


def _observe(place: Workspace, number: int | None, now: Moment, options: Options) -> Scene:
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
    return Scene(seen, there, base, worker.of(place.environment, seen.ground.settings, options.owner))


def _tracked(seen: Claims) -> dict[str, str]:
    """The branches that this clone remembers of the remote: what was deleted there must go here too."""
    lead = f"{REMOTES}{seen.ground.remote}/"
    return {ref[len(lead) :]: oid for ref, oid in seen.ground.refs.items() if ref.startswith(lead)}


def _same_worker(place: Workspace, scene: Scene, number: int) -> Claim | None:
    """The claim that this very worker holds on the plan: it stands in its worktree, or gave the same name."""
    for held in scene.claims.of_plan(number):
        inside = held.worktree is not None and os.path.realpath(held.worktree) == os.path.realpath(place.top)
        if (inside and not _is_main(scene, held.worktree)) or scene.worker.made(held):
            return held
    return None


def _is_main(scene: Scene, path: str | None) -> bool:
    return any(one.main and one.path == path for one in scene.claims.ground.worktrees)


def _again(scene: Scene, held: Claim) -> Started:
    """The same answer as the first time."""
    return Started(
        CLAIMED, held.plan, held.branch, held.worktree, held.commit, scene.base, held.published, held.owner, held.claim_id,
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
    problems += _occupied(scene, name)
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


def _planned(scene: Scene, number: int, name: str) -> Started:
    where = f" and on {scene.there.remote.name}" if scene.there is not None else ""
    return Started(
        CLAIMED, number, name, base=scene.base, owner=scene.worker.owner,
        notes=(f"would claim plan #{number} as branch {name}{where}",),
    )  # fmt: skip


def _no_main(scene: Scene) -> Problem:
    ground = scene.claims.ground
    where = (
        f"{ground.remote} has no branch {ground.main}"
        if scene.there is not None
        else f"there is no branch {ground.main}"
    )
    return blocker("main-unknown", ground.main, where)
