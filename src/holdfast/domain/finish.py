"""May this work be merged: everything that speaks against it, at once, or the steps of the merge and of its clean-up."""

from __future__ import annotations

from shlex import quote

from holdfast.domain import finish_request, removal, status
from holdfast.domain.blockers import blocker
from holdfast.domain.condition import AWAY, GONE, commits, named
from holdfast.domain.forge import REBASE
from holdfast.domain.occupancy import without_mine
from holdfast.domain.policy import FROM_MAIN
from holdfast.domain.problem import ERROR
from holdfast.domain.removal import Force
from holdfast.domain.value import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from holdfast.domain.condition import Condition
    from holdfast.domain.finish_request import Outside
    from holdfast.domain.policy import FinishPolicy
    from holdfast.domain.problem import Problem


class Asked(NamedTuple):
    """What the caller wants: `evidence` sets the plan's status with it, `partial` merges a part of a plan."""

    evidence: str | None = None
    partial: bool = False
    keep_worktree: bool = False


class Tip(NamedTuple):
    """The branch: its commits here and on the remote, None where it is not, and by how many one is ahead of the other.

    `shared` is False in a repository without a remote; `other` is the commit of a request from a fork.
    """

    branch: str
    plan: int | None
    here: str | None
    there: str | None
    shared: bool
    ahead: int = 0
    behind: int = 0
    other: str | None = None

    @property
    def head(self) -> str:
        """The commit that is merged."""
        found = self.other or self.here or self.there
        assert found is not None
        return found


class Tree(NamedTuple):
    """What the merge would make: paths that conflict, what it adds that breaks a rule, and the plan as it is in it.

    `index_alone` is true where nothing but the plan index conflicts, `changed` where it differs from the main branch at
    all, `merges` where the branch holds merges. `status` is None where there is no such plan.
    """

    conflicts: tuple[str, ...] = ()
    index_alone: bool = False
    problems: tuple[Problem, ...] = ()
    status: str | None = None
    status_text: str = ""
    changed: bool = True
    merges: bool = False


class Checkout(NamedTuple):
    """Where the main branch is checked out: what is under way there, and the files that a merge would overwrite.

    `beside` are other worktrees in which it is checked out too.
    """

    path: str
    operation: str | None = None
    in_the_way: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()


class Seen(NamedTuple):
    """Everything that a merge is decided on, of one moment.

    `rivals` are other branches that claim the plan; `running` says who is merging it at this moment; `from_main` is true
    where the command runs in the main worktree; `verify` is the command for the merged tree, and whether it may run.
    """

    tip: Tip
    main: str
    remote: str | None
    tree: Tree
    rivals: tuple[str, ...] = ()
    running: str = ""
    from_main: bool = True
    worktree: Condition | None = None
    checkout: Checkout | None = None
    outside: Outside | None = None
    verify: str = ""
    approved: bool = True


class Step(NamedTuple):
    """One step of a merge, by its name and in words."""

    name: str
    words: str


class FinishPlan(NamedTuple):
    """A merge that nothing speaks against: its steps in their order, of which `MERGE` alone cannot be undone."""

    steps: tuple[Step, ...]


class Refused(NamedTuple):
    """A merge that is not to be, and all reasons."""

    blockers: tuple[Problem, ...]


VERIFY, MERGE, MAIN, WORKTREE, BRANCH, REMOTE, INDEX = (
    "verify", "merge", "main", "worktree", "branch", "remote", "index",
)  # fmt: skip


def decide(seen: Seen, asked: Asked, policy: FinishPolicy) -> Refused | FinishPlan:
    """All blockers at once, or the steps."""
    found = blockers(seen, asked, policy)
    return Refused(tuple(found)) if found else FinishPlan(tuple(_steps(seen, asked, policy)))


def blockers(seen: Seen, asked: Asked, policy: FinishPolicy) -> list[Problem]:
    """Everything that speaks against the merge now."""
    return [
        *_from_here(seen, policy),
        *_of_branch(seen),
        *_of_tree(seen, asked, policy),
        *_of_request(seen, policy),
        *_of_worktree(seen, asked),
        *_of_checkout(seen),
    ]


def _of_request(seen: Seen, policy: FinishPolicy) -> Iterator[Problem]:
    """What the forge says against it; conflicts that are known by their files are not said twice, nor looked for."""
    if seen.outside is None:
        return
    found = finish_request.blockers(seen.outside, seen.tip.head, seen.main, policy)
    known = ("request-conflicts", "request-undecided") if seen.tree.conflicts else ()
    yield from (one for one in found if one.code not in known)


def _from_here(seen: Seen, policy: FinishPolicy) -> Iterator[Problem]:
    tip = seen.tip
    if policy.run_from == FROM_MAIN and not seen.from_main:
        yield blocker("finish-elsewhere", tip.branch, "this is not the main worktree")
    if seen.running:
        yield blocker("finish-under-way", tip.branch, f"{tip.branch} is being merged: {seen.running}", plan=tip.plan)
    if seen.verify and not seen.approved:
        message = f"finish.verify is not approved here: {seen.verify}"
        yield blocker("verify-unapproved", "finish.verify", message)


def _of_branch(seen: Seen) -> Iterator[Problem]:
    tip, name = seen.tip, quote(seen.tip.branch)
    if seen.rivals:
        others = ", ".join(seen.rivals)
        message = f"plan #{tip.plan} is claimed by {tip.branch} and by {others}"
        remedy = f"agree on one, and give the other back: `holdfast unclaim {quote(seen.rivals[0])}`"
        yield blocker("contested", tip.branch, message, remedy, plan=tip.plan)
    if not tip.shared or tip.here is None or tip.other is not None:
        return
    if tip.there is None or (tip.ahead and not tip.behind):
        what = f"lacks {commits(tip.ahead)} of" if tip.there is not None else "has no branch"
        message, push = f"{seen.remote} {what} {tip.branch}", f"`git push {seen.remote} {name}`"
        yield blocker("head-not-pushed", tip.branch, message, f"{push}, then run it again", plan=tip.plan)
    yield from push_blockers(tip, seen.remote)


def push_blockers(tip: Tip, remote: str | None) -> list[Problem]:
    """What speaks against pushing a branch: commits on the remote that are not here."""
    name = quote(tip.branch)
    if not tip.behind or tip.other is not None:
        return []
    if tip.ahead:
        message = (
            f"{tip.branch} has {commits(tip.ahead)} here and {commits(tip.behind)} on {remote} that the other lacks"
        )
        again = f"`git push --force-with-lease {remote} {name}`, then run it again"
        remedy = f"`git fetch {remote}` and `git rebase {remote}/{name}` in its worktree, {again}"
        return [blocker("head-diverged", tip.branch, message, remedy, plan=tip.plan)]
    message = f"{remote} has {commits(tip.behind)} of {tip.branch} that are not here"
    remedy = f"`git pull --ff-only {remote} {name}` in its worktree, then run it again"
    return [blocker("head-behind", tip.branch, message, remedy, plan=tip.plan)]


def _of_tree(seen: Seen, asked: Asked, policy: FinishPolicy) -> Iterator[Problem]:
    tip, tree = seen.tip, seen.tree
    if tree.conflicts:
        yield _conflicts(seen)
        return  # of what conflicts nothing more can be told
    if not tree.changed:
        message = f"{tip.branch} changes nothing of {seen.main}"
        yield blocker("finish-nothing", tip.branch, message, plan=tip.plan)
    if tree.merges and policy.method == REBASE:
        yield blocker("branch-has-merges", tip.branch, f"{tip.branch} holds merges", plan=tip.plan)
    yield from (one for one in tree.problems if one.severity == ERROR)
    if tip.plan is None:
        return
    if tree.status is None:
        message = f"there is no plan #{tip.plan} in what would be merged"
        yield blocker("plan-unknown", f"plan #{tip.plan}", message, plan=tip.plan)
    elif tree.status != status.COMPLETE and policy.require_complete and not asked.partial:
        word = tree.status_text or tree.status
        message = f"plan #{tip.plan} is {word!r} in what would be merged"
        yield blocker("plan-not-complete", f"plan #{tip.plan}", message, _complete(seen), plan=tip.plan)


def _complete(seen: Seen) -> str:
    if seen.outside is not None and seen.outside.request is not None:
        return (
            f"`holdfast plan set {seen.tip.plan} --status complete --evidence TEXT` on the branch, commit and push it; "
            "`--partial` merges a part"
        )
    return f"`holdfast finish {seen.tip.plan} --evidence TEXT` sets it along with the merge; `--partial` merges a part"


def _conflicts(seen: Seen) -> Problem:
    tip, tree = seen.tip, seen.tree
    if tree.index_alone:
        message = f"{tip.branch} conflicts with {seen.main} in the plan index alone: {named(tree.conflicts)}"
        remedy = f"`holdfast finish {quote(tip.branch)} --update-branch`, then run it again"
        return blocker("index-conflicts", tip.branch, message, remedy, plan=tip.plan)
    other = f"{seen.remote}/{seen.main}" if tip.shared else seen.main
    push = ", commit, push" if tip.shared else ", commit"
    message = f"{tip.branch} conflicts with {seen.main}: {named(tree.conflicts, 5)}"
    remedy = f"`git merge {other}` in its worktree, resolve{push}, then run it again"
    return blocker("finish-conflicts", tip.branch, message, remedy, plan=tip.plan)


_PEOPLE = {
    "worktree-in-use": "wait until that is over (`holdfast worktree list`)",
    "worktree-unknown-use": "make sure that nobody is there",
}
"""What to do about people in a worktree: a merge forces nobody out."""


def _of_worktree(seen: Seen, asked: Asked) -> Iterator[Problem]:
    """What speaks against removing its worktree afterwards; whoever runs this is not counted, nor is one that is gone."""
    one = seen.worktree
    if one is None or asked.keep_worktree or one.where in (GONE, AWAY):
        return
    if one.worktree.main:
        if not one.contents.clean:
            path = one.worktree.path
            held = (*one.contents.changed, *one.contents.unmerged, *one.contents.untracked)
            message = f"{path} holds what is not committed: {named(held)}"
            yield blocker("worktree-dirty", path, message, f"commit it there; {_anyway(seen)}")
        return
    others = one._replace(occupancy=without_mine(one.occupancy), caller=False)
    for problem in removal.blockers(others, Force()):
        first = _PEOPLE.get(problem.code) or problem.remedy.partition("; or `holdfast worktree remove")[0]
        yield problem._replace(remedy=f"{first.rstrip('.')}; {_anyway(seen)}")


def _anyway(seen: Seen) -> str:
    return f"or `holdfast finish {quote(seen.tip.branch)} --keep-worktree`, which leaves it as it is"


def _of_checkout(seen: Seen) -> Iterator[Problem]:
    one = seen.checkout
    if one is None:
        return
    if one.operation is not None:
        message = f"{one.operation} is under way in {one.path}, where {seen.main} is checked out"
        yield blocker("main-busy", one.path, message)
    if one.beside:
        message = f"{seen.main} is checked out in {one.path} and in {', '.join(one.beside)}"
        remedy = f"`git -C {quote(one.beside[0])} switch --detach`, then run it again"
        yield blocker("main-twice", seen.main, message, remedy)
    if one.in_the_way:
        message = f"{one.path} holds what the merge would overwrite: {named(one.in_the_way, 5)}"
        yield blocker("main-in-the-way", one.path, message)


def _steps(seen: Seen, asked: Asked, policy: FinishPolicy) -> Iterator[Step]:
    tip = seen.tip
    if seen.verify:
        yield Step(VERIFY, f"run `{seen.verify}` on the merged tree, in a worktree of its own")
    if seen.outside is not None and seen.outside.request is not None:
        where = f"request #{seen.outside.request.number}"
        yield Step(MERGE, f"merge {where} into {seen.main} ({policy.method}), exactly {tip.head[:9]}")
    else:
        on = f" on {seen.remote}" if tip.shared else ""
        yield Step(MERGE, f"merge {tip.branch} into {seen.main}{on} ({policy.method}), exactly {tip.head[:9]}")
    if seen.checkout is not None:
        yield Step(MAIN, f"bring {seen.main} in {seen.checkout.path} along")
    one = seen.worktree
    if one is not None and not asked.keep_worktree and not one.worktree.main:
        mine = one.caller or any(who.mine for who in one.occupancy.occupants)
        when = "as soon as you have left it" if mine else "it can be restored"
        yield Step(WORKTREE, f"move {one.worktree.path} to the trash, {when}")
    if tip.here is not None and not (one is not None and (asked.keep_worktree or one.worktree.main)):
        yield Step(BRANCH, f"delete {tip.branch} here; its commits are kept under refs/holdfast/finished/")
    if tip.there is not None:
        yield Step(REMOTE, f"delete {tip.branch} on {seen.remote}")
