"""After a merge: each step looks again, acts, and is written down; none of them can make the merge fail."""

from __future__ import annotations

import os
from shlex import quote

from holdfast.adapters import merging, refs
from holdfast.adapters.refs import HEADS, REMOTES, Update
from holdfast.adapters.remote import Lease
from holdfast.adapters.worktrees import AskedWorktrees
from holdfast.domain import finish
from holdfast.domain.policy import MAIN
from holdfast.domain.problem import Unable
from holdfast.domain.value import TYPE_CHECKING, NamedTuple
from holdfast.usecases import contact, index_commit, journal, surroundings, workspace
from holdfast.usecases.contact import How
from holdfast.usecases.finish import leftover, main_branch, making
from holdfast.usecases.finish.outcome import DONE, FAILED, KEPT, Cleaned
from holdfast.usecases.surroundings import FENCES, SEEN_FENCES
from holdfast.usecases.worktrees import anchors

if TYPE_CHECKING:
    from collections.abc import Callable

    from holdfast.adapters.intents import Intent
    from holdfast.domain.moment import Moment
    from holdfast.usecases.contact import Contact
    from holdfast.usecases.finish.record import Record
    from holdfast.usecases.workspace import Workspace

    Answer = tuple[str, str] | None
    """How a step ended and in what words; None where there was nothing to do."""


class Done(NamedTuple):
    """A merge that is done, and where its end is written down; the remote as it is now, None for none."""

    place: Workspace
    record: Record
    there: Contact | None
    intent: Intent
    now: Moment


def run(done: Done) -> tuple[Cleaned, ...]:
    """All steps, one after the other."""
    found = []
    for name, step in STEPS:
        answer = _guarded(done, step)
        if answer is None:
            continue
        cleaned = Cleaned(name, *answer)
        one = done.record
        journal.note(
            done.place, "finish-cleanup", plan=one.plan, branch=one.branch, actor=one.actor, step=name,
            outcome=cleaned.outcome, message=cleaned.message,
        )  # fmt: skip
        found.append(cleaned)
    return tuple(found)


def _standing(done: Done) -> Done:
    """The same from another worktree, the main one where there is one, once the one that this was asked in is gone.

    `holdfast -C WORKTREE finish` stands elsewhere, so nothing keeps that worktree; git can start in no folder that is gone.
    """
    if os.path.isdir(done.place.top):
        return done
    there = AskedWorktrees(anchors.git_of(done.place)).all()
    tops = [one.path for one in there if one.head is not None and os.path.isdir(one.path)]
    return done._replace(place=workspace.at(tops[0], done.place.environment)) if tops else done


def _guarded(done: Done, step: Callable[[Done], Answer]) -> Answer:
    try:
        return step(_standing(done))
    except (Unable, OSError) as error:
        return FAILED, f"{error}: `holdfast finish {quote(done.record.branch)}` tries again"
    except surroundings.Refused as refused:
        return FAILED, "; ".join(one.message for one in refused.problems)


def _remote(done: Done) -> Answer:
    """The branch on the remote goes where it still is what was merged, and the fence of its claim with it."""
    one, there = done.record, done.there
    if there is None:
        return None
    name = there.remote.name
    leases = [Lease(HEADS + one.branch, None, one.there)] if one.there else []
    now = there.id_of(HEADS + one.branch) if one.there else None
    fence = f"{FENCES}{one.plan}"
    ends = [Lease(fence, None, there.id_of(fence))] if there.id_of(fence) in one.fences else []
    wanted = [*(lease for lease in leases if now == one.there), *ends]
    answer: Answer = None
    if wanted:
        answer = _deleted(there, wanted, one.branch)
    if now is not None and now != one.there:
        by_hand = f"`git push {name} --delete {quote(one.branch)}`"
        answer = KEPT, f"{one.branch} has moved on {name}: look at it, then {by_hand}"
    _forget(done, name)
    return answer


def _deleted(there: Contact, wanted: list[Lease], branch: str) -> Answer:
    """Delete refs on the remote, each for itself: one that is refused keeps no other."""
    name, failed = there.remote.name, ""
    for lease in wanted:
        outcome = contact.change(there, [lease], How(atomic=False))
        if lease.name == HEADS + branch and outcome.contact.id_of(lease.name) is not None:
            failed = outcome.words or "it is still there"
    if failed:
        return (
            FAILED,
            f"{name} did not delete {branch}: {failed}; `git push {name} --delete {quote(branch)}` tries again",
        )
    return DONE, f"{branch} is deleted on {name}"


def _forget(done: Done, name: str) -> None:
    """Let this clone know what the remote has now: neither the branch nor its fence, and the main branch as it was merged."""
    one, git = done.record, done.place.git
    tracking, seen, main = f"{REMOTES}{name}/{one.branch}", f"{SEEN_FENCES}{one.plan}", f"{REMOTES}{name}/{one.main}"
    known = refs.read(git, tracking, seen, main)
    gone = [Update(tracking, None, known[tracking])] if known.get(tracking) == one.there else []
    gone += [Update(seen, None, known[seen])] if known.get(seen) in one.fences else []
    if known.get(main) == one.base and one.merged:
        gone.append(Update(main, one.merged, one.base))
    if gone:
        refs.transact(git, gone, f"holdfast: finish {one.branch}")


def _index(done: Done) -> Answer:
    """The plan index of a main branch that alone holds it, and that a forge has merged without it."""
    one, there = done.record, done.there
    tip = there.id_of(HEADS + one.main) if there is not None else None
    if not one.request or there is None or tip is None:
        return None
    configured = done.place.configurations.of_tree(tip)
    if configured.policy.mode != MAIN or configured.errors:
        return None
    made = index_commit.on(done.place, tip, configured, making.signed(done.place.git.settings()))
    if made is None:
        return None
    outcome = contact.change(there, [Lease(HEADS + one.main, made.commit, tip)], How(atomic=False, hooks=True))
    if outcome.result != contact.WON:
        by_hand = f"`holdfast index --write` on {one.main}, commit it and bring it in as you do there"
        return KEPT, f"{there.remote.name} did not take the plan index: {outcome.words}; {by_hand}"
    done.place.git.attempt("update-ref", f"{REMOTES}{there.remote.name}/{one.main}", made.commit)
    return DONE, f"{one.main} has its plan index ({made.commit[:9]})"


def _main(done: Done) -> Answer:
    one = done.record
    if not one.remote:
        return None
    note = f"holdfast: finish {one.branch}"
    known = refs.read(done.place.git, f"{REMOTES}{one.remote}/{one.main}")
    newest = next(iter(known.values()), one.merged)  # as the remote has it now: others may have gone on
    target = newest if merging.holds(done.place.git, newest, one.merged) else one.merged
    return main_branch.bring_along(done.place, one.main, target, done.intent, note)


def _worktree(done: Done) -> Answer:
    """The worktree goes to the trash, and the branch with it; while its caller stands in it that is put off."""
    one = done.record
    if one.keep or one.fork:
        return None
    return leftover.put_away(done.place, leftover.Work(one.branch, one.head, one.plan, one.actor), done.now)


def _branch(done: Done) -> Answer:
    """The branch goes where nobody has it checked out and it still is what was merged; its commits are kept."""
    one = done.record
    if one.fork:
        return None
    return leftover.end_branch(done.place, leftover.Work(one.branch, one.head, one.plan, one.actor))


def _fence(done: Done) -> Answer:
    """The fence of the claim in a repository without a remote."""
    one, git = done.record, done.place.git
    fence = f"{FENCES}{one.plan}"
    known = refs.read(git, fence).get(fence) if one.plan is not None else None
    if known is not None and known in one.fences:
        refs.transact(git, [Update(fence, None, known)], f"holdfast: finish {one.branch}")
    return None


STEPS: tuple[tuple[str, Callable[[Done], Answer]], ...] = (
    (finish.REMOTE, _remote),
    (finish.INDEX, _index),
    (finish.MAIN, _main),
    (finish.WORKTREE, _worktree),
    (finish.BRANCH, _branch),
    ("claim", _fence),
)
"""The clean-up, in its order."""
