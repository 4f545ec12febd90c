"""Take a plan: observe, decide, then one step that only one worker can win, and a worktree to work in."""

from __future__ import annotations

import os
from shlex import quote

from holdfast.adapters.refs import HEADS, REMOTES
from holdfast.domain import session, start
from holdfast.domain.blockers import blocker
from holdfast.domain.naming import slug_of
from holdfast.domain.rivalry import phase_of, standing
from holdfast.domain.value import TYPE_CHECKING
from holdfast.usecases import (
    claims,
    contact,
    here,
    recover,
    surroundings,
    unpublished,
    worker,
)
from holdfast.usecases.start import again, taking
from holdfast.usecases.start.outcome import CLAIMED, LOST, REFUSED, Started, refused
from holdfast.usecases.start.source import find, ready
from holdfast.usecases.start.taking import Scene
from holdfast.usecases.unpublished import Told
from holdfast.usecases.worktrees import making

if TYPE_CHECKING:
    from holdfast.domain.moment import Moment
    from holdfast.domain.problem import Problem
    from holdfast.domain.snapshot import Worktree
    from holdfast.usecases.claims import Claims
    from holdfast.usecases.start.outcome import Options
    from holdfast.usecases.start.source import NewPlan, Source
    from holdfast.usecases.surroundings import Asked
    from holdfast.usecases.workspace import Workspace


def one(
    place: Workspace,
    number: int,
    now: Moment,
    options: Options,
    text: NewPlan | None = None,
    asked: Asked | None = None,
) -> Started:
    """Take the plan with that number; `Unreachable` where the remote does not answer.

    `text` is that of a plan which stands nowhere yet: it becomes the second commit of the claim. What was `asked` before is
    used.
    """
    with contact.or_offline("claims"):
        done = _once(place, number, now, options, text, asked)
        if done.result != LOST:
            return done
        # Maybe to ourselves: the same worker was faster elsewhere, or a push that was given up has landed.
        named = worker.of(place.environment, {}, options.owner).name is not None
        again = _once(place, number, now, options, text) if named or recover.may_be_late(place) else done
        return done if again.result == REFUSED else again


def _once(
    place: Workspace, number: int, now: Moment, options: Options, text: NewPlan | None, asked: Asked | None = None
) -> Started:
    try:
        scene = _observe(place, number, now, options, asked)
    except surroundings.Refused as error:
        return refused(number, error.problems)
    mine = again.held(place, scene, number, options.phase)
    if mine is not None:
        return _with(again.go_on(place, scene, mine, options), scene.told)
    return _with(_decide(place, scene, number, now, options, text), scene.told)


def following(place: Workspace, now: Moment, options: Options, asked: Asked | None = None) -> Started:
    """Take the first ready plan by priority and number that nobody else wins."""
    try:
        with contact.or_offline("claims"):
            scene = _observe(place, None, now, options, asked)
    except surroundings.Refused as error:
        return refused(None, error.problems)
    if scene.base is None:
        return refused(None, [_no_main(scene)])
    lost: Started | None = None
    told = scene.told
    for number in ready(place, scene.base, scene.claims if options.phase is None else None):
        tried = one(place, number, now, options)
        if tried.result == LOST:
            lost = tried
        if tried.result == CLAIMED or not _taken_by_others(tried, options.phase):
            return _with(tried, told)
    return _with(lost or refused(None, [blocker("nothing-ready", "plans", "no plan is ready to be taken")]), told)


def _with(done: Started, told: Told) -> Started:
    """The same, and what became of claims that were made offline."""
    return done._replace(notes=(*told.lines, *done.notes))


def _taken_by_others(tried: Started, phase: str | None) -> bool:
    """True for a plan that `--next` passes over; with a phase that is asked for also one that does not declare it."""
    passed = {"claimed", "contested", "plan-invalid"} | ({"plan-unknown"} if phase is not None else set())
    return tried.result == LOST or {one.code for one in tried.blockers} <= passed


def _observe(place: Workspace, number: int | None, now: Moment, options: Options, asked: Asked | None) -> Scene:
    """The claims and the remote as it is now; unfinished starts of this clone are finished or taken back first."""
    seen = claims.observe(place, now, asked=asked)
    surroundings.check(seen.ground.configured)
    there, told = None, Told()
    if seen.ground.remote is not None and not options.offline:
        there = contact.ask(contact.remote_for(place, seen.ground, seen.ground.remote))
        changed = not options.dry_run and recover.unfinished(place, there)
        told = unpublished.publish(place, there) if not options.dry_run else Told()
        if changed or told != Told():
            there = contact.ask(there.remote)
        if number is not None:
            there, brought = contact.bring_plan(place, there, number, seen.ground)
        else:
            main = seen.ground.main
            there, brought = contact.bring(place, there, lambda name: name == main, seen.ground.refs)
        if brought or changed or told != Told():
            seen = claims.observe(place, now, there.requests())
    elif not options.dry_run and recover.unfinished(place, None):
        seen = claims.observe(place, now)
    base = _base(seen, there is not None, options.offline)
    return Scene(seen, there, base, worker.of(place.environment, seen.ground.settings, options.owner), told)


def _base(seen: Claims, shared: bool, offline: bool) -> str | None:
    """The main branch as the remote has it, or had it when it was asked last; without a remote as it is here."""
    refs, main = seen.ground.refs, seen.ground.main
    fetched = refs.get(f"{REMOTES}{seen.ground.remote}/{main}") if shared or offline else None
    return fetched if shared or fetched is not None else refs.get(HEADS + main)


def _decide(
    place: Workspace, scene: Scene, number: int, now: Moment, options: Options, text: NewPlan | None
) -> Started:
    """All blockers at once, or the claim."""
    problems: list[Problem] = []
    source: Source | None = None
    holding = scene.claims.of_plan(number)
    policy = scene.claims.ground.policy.claims
    if scene.base is not None:
        source = find(place, scene.base, number, text)
    phases = source.phases if source is not None else ()
    every = [one for one in scene.claims.all if one.plan == number]
    root = making.root(place, scene.claims.ground)
    taken = start.claim_blockers(number, every, options.steal, now, policy, options.phase, phases, root)
    if source is None:
        problems.append(_no_main(scene))
    elif source.found or not taken:  # a plan that is not merged yet can be known to its claim alone
        problems += start.plan_blockers(number, source.found, source.plans)
    problems += taken
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
    stolen = next((one for one in standing(holding) if phase_of(one.branch, phases, policy) == options.phase), None)
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
            f"remove that worktree when nobody needs it: `{_removal(one)}`, then run it again",
        )
        for one in found
    ]  # fmt: skip


def _removal(one: Worktree) -> str:
    locked = one.locked is not None and not session.is_ours(one.locked)
    unlock = f"git worktree unlock {quote(one.path)} && " if locked else ""
    return f"{unlock}holdfast worktree remove {quote(one.path)}"


def _in_the_way(scene: Scene, name: str) -> list[Problem]:
    """Branches that git, which keeps them as files in folders, cannot have beside one of that name."""
    refs = scene.claims.ground.refs
    heads = {ref[len(HEADS) :]: "" for ref in refs if ref.startswith(HEADS)}
    if scene.there is not None:
        heads |= {other: f" on {scene.there.remote.name}" for other in scene.there.heads() if other not in heads}
    found = [other for other in heads if other.startswith(f"{name}/") or name.startswith(f"{other}/")]
    return [
        blocker("branch-in-the-way", name, f"there is a branch {other}{heads[other]}: git cannot have {name} beside it")
        for other in found
    ]


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
