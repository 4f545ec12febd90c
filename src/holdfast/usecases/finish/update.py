"""Merge the main branch into a branch, the plan index row by row, and push that: so a host meets no conflict in it."""

from __future__ import annotations

from holdfast.adapters import checkout, locks, merging, refs
from holdfast.adapters.git import Git
from holdfast.adapters.refs import HEADS, Update
from holdfast.domain.blockers import blocker
from holdfast.domain.condition import named
from holdfast.domain.finish import Step, push_blockers
from holdfast.domain.occupancy import FREE, without_mine
from holdfast.domain.value import TYPE_CHECKING
from holdfast.usecases import journal, surroundings, worker
from holdfast.usecases.finish import main_branch, making, record, resume, tree
from holdfast.usecases.finish.found import find, open_target
from holdfast.usecases.finish.main_branch import LOCK, Move, ahead
from holdfast.usecases.finish.outcome import LOST, REFUSED, UPDATED, Finished, refused
from holdfast.usecases.finish.pushing import push
from holdfast.usecases.finish.record import Record
from holdfast.usecases.worktrees import occupancy

if TYPE_CHECKING:
    from holdfast.adapters.intents import Intent
    from holdfast.domain.moment import Moment
    from holdfast.domain.problem import Problem
    from holdfast.domain.snapshot import Worktree
    from holdfast.usecases.finish.found import Found
    from holdfast.usecases.finish.outcome import Options
    from holdfast.usecases.finish.target import Target
    from holdfast.usecases.surroundings import Asked
    from holdfast.usecases.workspace import Workspace


def bring_in(place: Workspace, options: Options, now: Moment, asked: Asked | None = None) -> Finished:
    """Let a branch hold what the main branch holds; its worktree comes along, its claim stays."""
    try:
        if not options.dry_run and resume.all_left(place, now):
            asked = None
        found = find(place, options, now, asked)
    except surroundings.Refused as error:
        return refused(options.name, error.problems)
    if isinstance(found, Finished):
        return found
    target = open_target(found)
    return target if isinstance(target, Finished) else _updated(place, found, target, options)


def _updated(place: Workspace, found: Found, one: Target, options: Options) -> Finished:
    tip, base, main = one.tip, found.on.base or "", found.on.ground.main
    said = Finished(UPDATED, tip.branch, tip.plan, tip.head, base, notes=found.on.notes)
    if merging.holds(place.git, tip.head, base):
        return said._replace(merge_commit=tip.head, notes=(*said.notes, f"{tip.branch} holds all of {main} already"))
    at = next((tree for tree in found.on.ground.worktrees if tree.branch == tip.branch and not tree.gone), None)
    made = tree.into_branch(place, tip.head, base)
    problems = _blockers(place, found, one, at, made)
    if problems:
        return said._replace(result=REFUSED, blockers=tuple(problems))
    if options.dry_run:
        push = f", and push it to {found.on.ground.remote}" if tip.there else ""
        words = f"merge {main} ({base[:9]}) into {tip.branch}{push}"
        return said._replace(steps=(Step("update", words),))
    return _moved(place, found, one, at, made.id, said)


def _blockers(place: Workspace, found: Found, one: Target, at: Worktree | None, made: tree.Made) -> list[Problem]:
    tip, main = one.tip, found.on.ground.main
    problems = push_blockers(tip, found.on.ground.remote)
    if tip.other is not None:
        problems.append(blocker("request-fork", tip.branch, "its branch is in another repository", plan=tip.plan))
    if not made.id:
        message = f"{tip.branch} conflicts with {main}: {named(made.tree.conflicts, 5)}"
        problems.append(blocker("finish-conflicts", tip.branch, message, plan=tip.plan))
    if at is None or not made.id or tip.here is None:
        return problems
    others = without_mine(occupancy.one(place, at.path))
    if others.verdict != FREE:
        message = f"{at.path} is in use by {'; '.join(others.reasons)}"
        problems.append(blocker("worktree-in-use", at.path, message, "do it there, or wait until that is over"))
    operation = main_branch.operation(place, at)
    if operation is not None:
        problems.append(
            blocker("worktree-busy", at.path, f"{operation} is under way in {at.path}", "finish or abort it")
        )
    in_the_way = checkout.in_the_way(Git(at.path, place.environment), tip.here, made.id)
    if in_the_way:
        message = f"{at.path} holds what would be overwritten: {named(in_the_way, 5)}"
        problems.append(blocker("worktree-dirty", at.path, message))
    return problems


def _moved(place: Workspace, found: Found, one: Target, at: Worktree | None, made: str, said: Finished) -> Finished:
    """The commit, then the remote, then the branch here and the files where it is checked out."""
    tip, ground, base = one.tip, found.on.ground, found.on.base or ""
    actor = worker.of(place.environment, ground.settings).owner
    sign = making.signed(ground.settings)
    text = f"Merge branch '{ground.main}' into {tip.branch}\n"
    commit = merging.commit(place.git, made, [tip.head, base], text, None, sign)
    written = Record(
        tip.branch, tip.plan, tip.branch, (ground.remote or "") if tip.there is not None else "", tip.head, tip.there or "",
        base, commit, actor=actor, update=True,
    )  # fmt: skip
    try:
        intent = record.begin(place, written)
    except FileExistsError:
        message = f"{tip.branch} is being merged or updated by somebody else in this repository"
        problem = blocker("finish-under-way", tip.branch, message, plan=tip.plan)
        return said._replace(result=LOST, blockers=(problem,))
    told = ""
    try:
        there = found.on.there if tip.there is not None else None
        refusal = push(place, there, tip, commit) if there is not None else None
        if refusal is None and tip.here is not None:
            told = _here(place, one, at, commit, intent)
        intent.done()
    except BaseException:
        intent.leave()
        raise
    if refusal is not None:
        return said._replace(result=LOST if refusal.code == "finish-lost" else REFUSED, blockers=(refusal,))
    if told and tip.there is None:
        problem = blocker("finish-declined", tip.branch, told, plan=tip.plan)
        return said._replace(result=REFUSED, blockers=(problem,))
    journal.note(place, "branch-updated", plan=tip.plan, branch=tip.branch, actor=actor, head=commit, base=base)
    return said._replace(merge_commit=commit, notes=(*said.notes, told) if told else said.notes)


def _here(place: Workspace, one: Target, at: Worktree | None, commit: str, intent: Intent) -> str:
    """Move the branch here, its files first where it is checked out; why that could not be, in words, empty for done."""
    tip = one.tip
    assert tip.here is not None
    with locks.held(place.state(LOCK)), ahead(place, Move(tip.branch, tip.here, commit), intent) as said:
        git = Git(at.path, place.environment) if at is not None else place.git
        hindered = said.words if said is not None else None
        if hindered is None:
            hindered = refs.transact(
                git, [Update(HEADS + tip.branch, commit, tip.here)], "holdfast: main branch merged"
            )
    if hindered is None:
        return ""
    why = hindered.splitlines()[-1].removeprefix("fatal: ")
    return f"{tip.branch} could not be moved here: {why}; `git merge --ff-only {commit[:12]}` in its worktree brings it along"
