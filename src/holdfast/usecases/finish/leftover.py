"""The worktree and the branch of merged work: put away and kept, at once or as soon as whoever asked for it has left."""

from __future__ import annotations

import contextlib
import os
from shlex import quote

from holdfast.adapters import clock, files, intents, locks, proc, refs
from holdfast.adapters.intents import Intent
from holdfast.adapters.objects import blob_id
from holdfast.adapters.refs import HEADS, Update
from holdfast.domain import removal
from holdfast.domain.occupancy import without, without_mine
from holdfast.domain.problem import Unable
from holdfast.domain.removal import DELETED, KEPT, RACED, Force
from holdfast.domain.value import TYPE_CHECKING, NamedTuple
from holdfast.usecases import claim_refs, journal, surroundings
from holdfast.usecases.claim_refs import FINISHED
from holdfast.usecases.finish import outcome
from holdfast.usecases.workspace import PUT_OFF
from holdfast.usecases.worktrees import branch_end, conditions, unfinished
from holdfast.usecases.worktrees import removal as removals
from holdfast.usecases.worktrees.branch_end import Ended
from holdfast.usecases.worktrees.put_away import LOCK
from holdfast.usecases.worktrees.removal import Ways

if TYPE_CHECKING:
    from collections.abc import Mapping

    from holdfast.adapters.git import Git
    from holdfast.domain.condition import Condition
    from holdfast.domain.moment import Moment
    from holdfast.domain.session import Session
    from holdfast.domain.snapshot import Worktree
    from holdfast.usecases.surroundings import Ground
    from holdfast.usecases.workspace import Workspace
    from holdfast.usecases.worktrees.branch_end import Keep

    Answer = tuple[str, str] | None


class Work(NamedTuple):
    """Merged work: its branch, the commit of it that was merged, its plan, and who merged it."""

    branch: str
    head: str
    plan: int | None
    actor: str


def put_away(place: Workspace, work: Work, now: Moment) -> Answer:
    """Move the worktree of merged work to the trash, and end its branch; put off while only its caller stands in it."""
    with locks.held(place.state(LOCK)):
        unfinished.clear(place)
        ground = surroundings.of(place)
        tree = _tree(place, ground, work)
        if tree is None:
            return None
        if tree.main:
            by_hand = f"`git -C {quote(tree.path)} switch {ground.main} && git branch -D {quote(work.branch)}`"
            return outcome.KEPT, f"{tree.path} is the main worktree, and stays on {work.branch}: {by_hand} ends it"
        (one,) = conditions.of(place, [tree], ground.worktrees, ground.policy, now)
        alone = one._replace(occupancy=without_mine(one.occupancy), caller=False)
        problems = removal.blockers(alone, Force())
        if problems:
            return outcome.KEPT, f"{problems[0].message}: `{removal.command(one)}` when that is mended"
        if _gone_on(ground, work):
            return outcome.KEPT, f"{tree.path} stays: {work.branch} has gone on since"
        if removal.blockers(one, Force()):
            _remember(place, work)
            when = "with the next `holdfast` command elsewhere, or at the end of your session"
            return outcome.KEPT, f"{tree.path} stays while you stand in it; it goes {when}"
        return _taken(place, ground, one, work, now, frozenset())


def end_branch(place: Workspace, work: Work) -> Answer:
    """End a branch that nobody has checked out and that still is what was merged; its commits are kept."""
    ground = surroundings.of(place)
    if HEADS + work.branch not in ground.refs:
        return None
    if _tree(place, ground, work) is not None:
        return None  # it goes with its worktree
    ended = _end(place, place.git, ground, work)
    if ended.outcome == DELETED:
        return outcome.DONE, f"{work.branch} is deleted here; its commits are kept as {_kept(work)}"
    return outcome.KEPT, f"{work.branch} stays: {ended.why}"


def when_over(place: Workspace, session: Session) -> None:
    """Do what was put off at the end of a session: its process, and what that started of this one, are about to leave."""
    callers = proc.with_callers(os.getpid())
    until = callers.index(session.pid) + 1 if session.pid in callers else 1
    clear(place, clock.now(), frozenset(callers[:until]))


def clear(place: Workspace, now: Moment, leaving: frozenset[int] = frozenset()) -> None:
    """Do what was put off, where whoever asked for it has left; processes that are `leaving` have."""
    folder = place.state(PUT_OFF)
    if not files.names(folder):
        return
    with locks.tried(place.state(LOCK)) as mine, intents.left(folder) as found:
        if mine:
            unfinished.clear(place)
        for one in found if mine else ():
            work = _read(one.fields)
            with contextlib.suppress(Unable, OSError):  # what cannot be done now waits, and is in nobody's way
                if work is None or _cleared(place, work, now, leaving):
                    intents.forget(one.path)


def _cleared(place: Workspace, work: Work, now: Moment, leaving: frozenset[int]) -> bool:
    """True for what is done, or is not to be done any more."""
    ground = surroundings.of(place)
    tree = _tree(place, ground, work)
    if _gone_on(ground, work):
        journal.note(place, "finish-put-off-ended", plan=work.plan, branch=work.branch, why="the branch has gone on")
        return True
    if tree is None:
        if HEADS + work.branch in ground.refs:
            _end(place, place.git, ground, work)
        return True
    (one,) = conditions.of(place, [tree], ground.worktrees, ground.policy, now)
    if leaving:
        one = one._replace(occupancy=without(one.occupancy, leaving), caller=False)
    if removal.blockers(one, Force()):
        return False
    answer = _taken(place, ground, one, work, now, leaving)
    return answer is not None and answer[0] == outcome.DONE


def _taken(
    place: Workspace, ground: Ground, one: Condition, work: Work, now: Moment, leaving: frozenset[int]
) -> Answer:
    def end(place: Workspace, git: Git, ground: Ground, _branch: str, _now: Moment, keep: Keep) -> Ended:
        keep({key: value for key, value in ground.settings.items() if key.startswith(f"branch.{work.branch}.")})
        return _end(place, git, ground, work)

    done = removals.take(place, ground, one, now, Force(), False, Ways(end, leaving))
    path = one.worktree.path
    if done.blockers:
        return outcome.KEPT, f"{done.blockers[0].message}: `{removal.command(one)}` when that is mended"
    back = f"`holdfast worktree restore {quote(work.branch)}` brings it back"
    became = "is deleted" if done.outcome == DELETED else "stays"
    return outcome.DONE, f"{path} is in the trash, branch {work.branch} {became}; {back}"


def _end(place: Workspace, git: Git, ground: Ground, work: Work) -> Ended:
    """Delete the branch exactly as it was merged, and keep its commits, by one transaction."""
    under_way = branch_end.under_way(place, ground, work.branch)
    if under_way is not None:
        return Ended(KEPT, f"a rebase or bisection of it is under way in {under_way.path}")
    if _gone_on(ground, work):
        return Ended(RACED, "it has gone on since")
    updates = [Update(HEADS + work.branch, None, work.head)]
    if _kept(work) not in ground.refs:
        updates.append(Update(_kept(work), work.head, None))
    said = refs.transact(git, updates, f"holdfast: finish {work.branch}")
    if said is not None:
        return Ended(RACED, said.splitlines()[-1].removeprefix("fatal: "))
    if any(key.startswith(f"branch.{work.branch}.") for key in ground.settings):
        git.attempt("config", "--remove-section", f"branch.{work.branch}")
    return Ended(DELETED, "it is merged", True)


def _kept(work: Work) -> str:
    return claim_refs.kept_as(FINISHED, work.branch, work.head)


def _gone_on(ground: Ground, work: Work) -> bool:
    return ground.refs.get(HEADS + work.branch, work.head) != work.head


def _tree(place: Workspace, ground: Ground, work: Work) -> Worktree | None:
    found = next((one for one in ground.worktrees if one.branch == work.branch), None)
    return found or branch_end.under_way(place, ground, work.branch)


def _remember(place: Workspace, work: Work) -> None:
    """Write down what is put off, and say so in the journal."""
    name = blob_id(work.branch.encode("utf-8", "surrogateescape"))
    intents.forget(os.path.join(place.state(PUT_OFF), name))  # of an earlier branch of that name
    intent = Intent(place.state(PUT_OFF), name)
    fields = {"branch": work.branch, "head": work.head, "actor": work.actor}
    intent.note(**fields, plan=str(work.plan or ""), whole="yes")
    intent.leave()
    journal.note(place, "finish-put-off", plan=work.plan, branch=work.branch, actor=work.actor, head=work.head)


def _read(fields: Mapping[str, str]) -> Work | None:
    if "whole" not in fields:
        return None
    plan = fields.get("plan", "")
    return Work(fields["branch"], fields["head"], int(plan) if plan.isdecimal() else None, fields["actor"])
