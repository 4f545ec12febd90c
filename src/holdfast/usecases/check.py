"""All rules over the working tree, git's index or a commit; or only over what was added since another commit."""

from __future__ import annotations

from holdfast.domain import plan_index, takeover
from holdfast.domain.plan_set import NO_HISTORY
from holdfast.domain.policy import COMPUTED, MAIN
from holdfast.domain.problem import ERROR, WARNING, Problem, Unable, added
from holdfast.domain.rules import index, transitions
from holdfast.domain.rules.finding import finding
from holdfast.domain.value import TYPE_CHECKING, NamedTuple
from holdfast.usecases import history, judge
from holdfast.usecases.guide import check as guide
from holdfast.usecases.workspace import branch as branch_of

if TYPE_CHECKING:
    from holdfast.domain.plan_set import FolderState, PlanSet
    from holdfast.usecases.configured import Configured
    from holdfast.usecases.workspace import Workspace

DRIVER = f"merge.{takeover.DRIVER}.driver"


class Checked(NamedTuple):
    """What a check found: problems in order, and how many plans it looked at."""

    problems: tuple[Problem, ...]
    plans: int

    def count(self, severity: str) -> int:
        """The number of problems of that severity."""
        return sum(problem.severity == severity for problem in self.problems)

    @property
    def errors(self) -> int:
        """Problems that make a check fail."""
        return self.count(ERROR)

    @property
    def warnings(self) -> int:
        """Problems that do not."""
        return self.count(WARNING)


class UnknownRevision(Unable):
    """A revision that git does not know."""

    remedy = (
        "name a commit, branch or tag that `git rev-parse` knows (a shallow clone may lack it: `git fetch --unshallow`)"
    )


def worktree(place: Workspace, since: str | None = None) -> Checked:
    """Check the working tree; with `since` only what it adds to that commit."""
    observer = place.observer
    configured = observer.configurations.of_worktree()
    plans = observer.of_worktree(configured)
    head = place.objects.id_of("HEAD^{commit}")
    found = _all(place, plans, configured, [head] if head else [], _holds_index(place, plans))
    if head and _holds_index(place, plans):
        before = observer.of_tree(head, configured)
        found = [one for one in found if not _pending(one, plans, before)]
        for state in plans.folders:
            old = transitions.folder_in(before, state.folder.path)
            found += index.edited_by_hand(state, [old] if old is not None else [], plans.policy)
    found += _merge_driver(place, plans)
    found += guide.of_worktree(place, configured.policy)
    return _since(place, since, head, found, configured, plans)


def staged(place: Workspace, since: str | None = None) -> Checked:
    """Check git's index: what the next commit would hold, before its hook stages the plan index."""
    observer = place.observer
    configured = observer.configurations.of_tree("")
    head = place.objects.id_of("HEAD^{commit}")
    plans = observer.of_index(head, configured)
    found = _all(place, plans, configured, [head] if head else [], _holds_index(place, plans))
    if head:
        found = [one for one in found if not _pending(one, plans, observer.of_tree(head, configured))]
    found += guide.of_tree(place, "", configured.policy)
    return _since(place, since, head, found, configured, plans)


def revision(place: Workspace, name: str, since: str | None = None, branch: str | None = None) -> Checked:
    """Check a commit; `branch` is the one that it is on, where the caller knows better than HEAD."""
    commit = _commit(place, name)
    observer = place.observer
    configured = observer.configurations.of_tree(commit)
    plans = observer.of_tree(commit, configured)
    main = configured.policy.main_branch
    on_main = main in (branch, name) or name in (f"origin/{main}", f"refs/heads/{main}", f"refs/remotes/origin/{main}")
    holds = _holds_index(place, plans) or (configured.policy.mode == MAIN and on_main)
    parents = place.git.text("rev-parse", f"{commit}^@").split()
    found = _all(place, plans, configured, parents, holds) + guide.of_tree(place, commit, configured.policy)
    return _since(place, since, commit, found, configured, plans)


def _merge_driver(place: Workspace, plans: PlanSet) -> list[Problem]:
    """What keeps the plan index from merging by field here: no driver in this clone, or no attribute that names it."""
    policy = plans.policy
    if policy.origin is None or policy.mode == COMPUTED:
        return []
    if not place.git.config(DRIVER):
        message = "this clone lacks the merge driver of the plan index"
        return finding(policy, "merge-driver-missing", "merge driver", message)
    found = []
    for state in plans.folders:
        path = state.folder.index_path
        if state.index_file is None or place.git.attribute("merge", path) == takeover.DRIVER:
            continue
        message = f"no line of .gitattributes gives {path} the merge driver of the plan index"
        remedy = f"add this line to .gitattributes: {takeover.attribute_line(path)}"
        found += finding(policy, "merge-driver-missing", path, message, remedy, path=path, line=1, column=1)
    return found


def _all(
    place: Workspace, plans: PlanSet, configured: Configured, parents: list[str], holds_index: bool
) -> list[Problem]:
    observer = place.observer
    before = [observer.of_tree(parent, configured) for parent in parents]
    found = judge.everything(plans, observer, configured)
    known = NO_HISTORY
    if before and transitions.added_numbers(plans, before):
        known = history.read(observer, configured)
    if before:
        found += transitions.check(plans, before, known)
    if holds_index:
        found += index.check(plans)
    return found


def _since(
    place: Workspace,
    since: str | None,
    commit: str | None,
    found: list[Problem],
    configured: Configured,
    plans: PlanSet,
) -> Checked:
    """Everything found, or only what the change since the merge base of `since` and `commit` added."""
    if since is not None:
        base = _base(place, _commit(place, since), commit)
        observer = place.observer
        old = observer.of_tree(base, configured)
        # The configuration of `commit` judges both sides, but is itself judged against the one that was there before.
        known = judge.everything(old, observer, configured._replace(problems=()))
        known += observer.configurations.of_tree(base).problems if configured.problems else ()
        if any(one.code.startswith("index-") for one in found):
            known += index.check(old)
        if any(one.code.startswith("guide-") for one in found):
            known += guide.of_tree(place, base, configured.policy)
        steps = history.read(observer, configured) if transitions.added_numbers(plans, [old]) else NO_HISTORY
        found = [one for one in found if one.code not in ("reopened-silently", "number-reused", "number-renamed")]
        found = [*added(found, [known]), *transitions.check(plans, [old], steps)]
    return Checked(tuple(judge.in_order(found)), len(plans.summaries))


def _holds_index(place: Workspace, plans: PlanSet) -> bool:
    mode = plans.policy.mode
    return mode != COMPUTED and (mode != MAIN or branch_of(place) == plans.policy.main_branch)


def _pending(problem: Problem, plans: PlanSet, head: PlanSet) -> bool:
    """True for a plan index that is only behind uncommitted plans: the next commit computes it."""
    if problem.code != "index-differs":
        return False
    now = next(state for state in plans.folders if state.folder.index_path == problem.path)
    old = transitions.folder_in(head, now.folder.path)
    return old is not None and _inside(now) == old.computed != now.computed


def _inside(state: FolderState) -> str:
    try:
        return plan_index.inside((state.index_file or b"").decode("utf-8", "surrogateescape"))
    except plan_index.NoPlace:
        return ""


def _commit(place: Workspace, name: str) -> str:
    oid = place.git.resolve(name)
    if oid is None:
        raise UnknownRevision(f"git knows no commit {name!r}")
    return oid


def _base(place: Workspace, since: str, commit: str | None) -> str:
    if commit is None:
        return since
    code, out, _ = place.git.attempt("merge-base", since, commit)
    return out.decode().strip() if code == 0 else since
