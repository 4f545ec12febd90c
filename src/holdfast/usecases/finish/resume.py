"""Merges that were not finished: what is true now is read, and the rest completed or taken back."""

from __future__ import annotations

from shlex import quote

from holdfast.adapters import checkout, clock, intents, locks, merging, refs
from holdfast.adapters.git import Git
from holdfast.adapters.refs import HEADS
from holdfast.domain.blockers import blocker
from holdfast.domain.forge import MERGED as MERGED_THERE
from holdfast.domain.forge import OPEN
from holdfast.domain.problem import Problem, Unable
from holdfast.domain.value import TYPE_CHECKING
from holdfast.usecases import contact, journal, marks, surroundings
from holdfast.usecases.finish import clean_up, main_branch, merge, record, verify
from holdfast.usecases.finish.clean_up import Done
from holdfast.usecases.finish.main_branch import Move
from holdfast.usecases.finish.outcome import MERGED, REFUSED, UNDONE, UPDATED, Finished

if TYPE_CHECKING:
    from holdfast.adapters.intents import Left
    from holdfast.domain.moment import Moment
    from holdfast.domain.snapshot import Worktree
    from holdfast.usecases.contact import Contact
    from holdfast.usecases.finish.record import Record
    from holdfast.usecases.surroundings import Ground
    from holdfast.usecases.workspace import Workspace


def all_left(place: Workspace, now: Moment) -> tuple[Finished, ...]:
    """Complete every merge whose process is gone, or take it back; how each ended.

    `Unreachable` where the remote must be asked and does not answer: then it waits for the next time.
    """
    with record.left(place) as found:
        return tuple(done for one in found if (done := _one(place, one, now)) is not None)


def _one(place: Workspace, left: Left, now: Moment) -> Finished | None:
    one = record.read(left.fields)
    if one is None:
        intents.forget(left.path)  # it was cut off before anything was done
        return None
    if one.verify:
        verify.remove(place, one.verify)
    merged, there = _truth(place, one, left)
    stuck = _back(place, one, left)
    if stuck is not None:
        return stuck
    if not merged:
        return _undone(place, one, left)
    if one.update:
        main_branch.bring_along(place, one.branch, merged, left.again, "holdfast: main branch merged")
        intents.forget(left.path)
        return Finished(UPDATED, one.branch, one.plan, one.head, one.base, merged)
    done = Done(place, one._replace(merged=merged), there, left.again, now)
    cleanup = clean_up.run(done)
    journal.note(
        place, "finish", plan=one.plan, branch=one.branch, actor=one.actor, head=one.head, commit=merged, recovered=True
    )
    intents.forget(left.path)
    return Finished(MERGED, one.branch, one.plan, one.head, one.base, merged, cleanup=cleanup)


def _truth(place: Workspace, one: Record, left: Left) -> tuple[str, Contact | None]:
    """The commit that brought the work to the main branch, empty where it is not there; and the remote as it is now."""
    if one.request:
        return _of_request(place, one, left)
    if not one.remote:
        tip = refs.read(place.git, HEADS + one.main).get(HEADS + one.main)
        landed = tip is not None and bool(one.merge) and merging.holds(place.git, tip, one.merge)
        return one.merge if landed else "", None
    ground = surroundings.of(place)
    there = contact.ask(contact.remote_for(place, ground, _remote(ground, one)))
    there, _ = contact.bring(place, there, lambda name: name == one.main, ground.refs)
    return one.merge if merge.has_landed(place, there, one) else "", there


def _remote(ground: Ground, one: Record) -> str:
    """The remote of a merge, also after it was given another name."""
    return one.remote if f"remote.{one.remote}.url" in ground.settings else ground.remote or one.remote


def _of_request(place: Workspace, one: Record, left: Left) -> tuple[str, Contact | None]:
    """The same where a forge makes the merge: it is asked; `Unable` where it does not answer."""
    from holdfast.usecases.finish import by_request, found, outside

    ground = surroundings.of(place)
    reach = outside.reach(place, ground, found.policy_of(place, one.base))
    if reach is None or isinstance(reach, Problem):
        why = reach.message if reach is not None else f"{one.remote} is no forge that Holdfast knows any more"
        raise _Unasked(f"whether request #{one.request} was merged cannot be told: {why}")
    request = reach.forge.by_number(int(one.request))
    if request is not None and request.state == OPEN:
        clock.pause(1)  # a call that was cut off may be carried out at this moment
        request = reach.forge.by_number(int(one.request))
    if request is None or request.state != MERGED_THERE:
        return "", None
    landed = by_request.landed(place, one, request, left.again)
    return landed.commit, landed.there


class _Unasked(Unable):
    remedy = "configure the forge again (`forge.kind`, `forge.url`), then run `holdfast finish --resume`"


def _back(place: Workspace, one: Record, left: Left) -> Finished | None:
    """Take files back that were moved ahead of their branch; None when that is done, else what is in the way."""
    if not one.staged:
        return None
    with locks.held(place.state(main_branch.LOCK)):
        ground = surroundings.of(place)
        tree = _marked(place, ground, left)
        if tree is not None:
            git, move = Git(tree.path, place.environment), Move(one.staged_branch, one.staged_from, one.staged_to)
            if not main_branch.followed(git, ground.refs.get(HEADS + one.staged_branch), move):
                said = checkout.back(git, one.staged_from, one.staged_to)
                if said is not None:
                    return _stuck(one, tree.path, said)
            marks.not_ahead(main_branch.git_dir_of(place, tree))
        left.again.note(staged="")
    return None


def _marked(place: Workspace, ground: Ground, left: Left) -> Worktree | None:
    """The worktree whose files a merge has moved ahead, wherever it is and whatever it stands on by now."""
    marked = (one for one in ground.worktrees if marks.ahead_by(main_branch.git_dir_of(place, one)) == left.path)
    return next(marked, None)


def _stuck(one: Record, path: str, said: str) -> Finished:
    """Somebody has edited the very files since: they are theirs."""
    first = said.splitlines()[0].removeprefix("error: ")
    message = f"the files of {path} cannot be taken back: {first}"
    stash = f"`git -C {quote(path)} stash -u`, `holdfast finish --resume`, then `git -C {quote(path)} stash pop`"
    problem = blocker("finish-staged", path, message, stash, plan=one.plan)
    return Finished(REFUSED, one.branch, one.plan, one.head, one.base, blockers=(problem,))


def _undone(place: Workspace, one: Record, left: Left) -> Finished:
    journal.note(
        place, "finish-undone", plan=one.plan, branch=one.branch, actor=one.actor, head=one.head, recovered=True
    )
    intents.forget(left.path)
    return Finished(UNDONE, one.branch, one.plan, one.head, one.base)
