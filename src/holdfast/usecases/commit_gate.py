"""Before a commit: refuse what it would make wrong, and stage the plan index that its plans make."""

from __future__ import annotations

import os

from holdfast.adapters import files
from holdfast.adapters.callers import calling_git
from holdfast.adapters.git import decode
from holdfast.domain.policy import FILES, GUIDE
from holdfast.domain.problem import WARNING, Problem, errors
from holdfast.domain.value import TYPE_CHECKING, NamedTuple
from holdfast.usecases import index_file, judge, marks
from holdfast.usecases.workspace import branch, holds_index

if TYPE_CHECKING:
    from holdfast.adapters.callers import Caller
    from holdfast.domain.plan_set import PlanSet
    from holdfast.domain.policy import Policy
    from holdfast.usecases.configured import Configured
    from holdfast.usecases.observe import Observer
    from holdfast.usecases.workspace import Workspace


class Verdict(NamedTuple):
    """What the gate says: `refused` (all of error level that the commit adds), `warnings`, how many `older` stay."""

    refused: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    older: int


def before_commit(place: Workspace, git_pid: str) -> Verdict:
    """The pre-commit hook of the git process `git_pid`: judge git's index, stage the plan index, or refuse."""
    ahead = _ahead(place)
    if ahead:
        return Verdict(ahead, (), 0)
    head, observer, configured = _opened(place)
    git = calling_git(git_pid)
    parents = _parents(place, head, git)
    verdict, after = _judge(observer, configured, head, parents)
    verdict = _with_guide(place, observer, verdict, head, parents, configured.policy)
    refused = (*_on_main(place, configured.policy), *verdict.refused)
    if refused:
        return verdict._replace(refused=refused)
    managed = git.pid != git_pid
    staged, stuck = _staged(place, configured, after, git_pid if managed else "")
    if stuck:
        return Verdict(tuple(stuck), (), 0)
    if staged:
        verdict = verdict._replace(warnings=(*verdict.warnings, *_of_several(place, staged[0])))
    _let_pass(place, git.pid, staged, managed)
    marks.watch(place.repository.git_dir, configured.policy)
    return verdict


def _staged(place: Workspace, configured: Configured, after: PlanSet, manager: str) -> tuple[list[str], list[Problem]]:
    """The paths of the plan index that were staged, or why none could be; `manager` is a process between git and us, or empty."""
    if not manager:
        return _stage(place, configured, after), []
    from holdfast.usecases import put_aside

    paths = [folder.index_path for folder in configured.policy.folders]
    return put_aside.staged(place, manager, paths, lambda: _stage(place, configured, after))


def _let_pass(place: Workspace, git_pid: str, staged: list[str], managed: bool) -> None:
    """Tell post-commit what is left to do; a hook manager may run others after us, and then it looks at the commit."""
    partial = os.path.basename(place.environment.get("GIT_INDEX_FILE", "index")).startswith("next-index")
    if staged and partial:
        marks.to_heal(place.repository.git_dir, staged)
    passed = marks.HEAL if staged and partial else marks.LOOK if managed else marks.OK
    marks.gate_passed(place.repository.git_dir, git_pid, passed)


def judged(place: Workspace, git_pid: str) -> Verdict:
    """What the gate says where it may stage nothing: the plan index has to be right already."""
    ahead = _ahead(place)
    if ahead:
        return Verdict(ahead, (), 0)
    head, observer, configured = _opened(place)
    merges = merging(place)
    parents = _merge_parents(place, head) if merges else _parents(place, head, calling_git(git_pid))
    verdict, after = _judge(observer, configured, head, parents)
    verdict = _with_guide(place, observer, verdict, head, parents, configured.policy)
    from holdfast.domain.rules import index

    wrong = errors(index.check(after)) if holds_index(place, configured.policy) else []
    known = {one.identity for one in verdict.refused}
    direct = () if merges else _on_main(place, configured.policy)
    return verdict._replace(refused=(*direct, *verdict.refused, *(one for one in wrong if one.identity not in known)))


def merging(place: Workspace) -> bool:
    """True in the pre-merge-commit hook: git names the other sides in its environment, as `GITHEAD_<id>` (builtin/merge.c)."""
    return any(key.startswith("GITHEAD_") for key in place.environment)


def before_merge_commit(place: Workspace) -> Verdict:
    """The pre-merge-commit hook: judge what the merge made. What is staged here would not land in the commit."""
    ahead = _ahead(place)
    if ahead:
        return Verdict(ahead, (), 0)
    head, observer, configured = _opened(place)
    parents = _merge_parents(place, head)
    verdict, _ = _judge(observer, configured, head, parents)
    verdict = _with_guide(place, observer, verdict, head, parents, configured.policy)
    marks.watch(place.repository.git_dir, configured.policy)
    return verdict


def _ahead(place: Workspace) -> tuple[Problem, ...]:
    """What refuses a commit where a merge that was not finished has moved the files ahead of their branch."""
    if marks.ahead_by(place.repository.git_dir) is None:
        return ()
    from holdfast.domain.blockers import blocker

    message = f"a merge that is not finished has moved the files of {place.top} ahead of their branch"
    return (blocker("finish-staged", place.top, message),)


def _opened(place: Workspace) -> tuple[str | None, Observer, Configured]:
    """HEAD's commit, a reader of plans, and the configuration that is staged."""
    place.objects.ask_ahead(("HEAD^{commit}", *(f":{name}" for name in FILES)))
    head = place.objects.id_of("HEAD^{commit}")
    observer = place.observer
    return head, observer, observer.configurations.of_tree("")


def _judge(observer: Observer, configured: Configured, head: str | None, parents: list[str]) -> tuple[Verdict, PlanSet]:
    observer.ask_ahead(configured, ("", *parents))
    after = observer.of_index(head, configured)
    before = [observer.of_tree(parent, configured) for parent in parents]
    # A configuration that did not change was as wrong before as it is now.
    old = [observer.configurations.of_tree(parent).problems if configured.problems else () for parent in parents]
    found = judge.change(after, before, observer, configured, old)
    # An amended commit is judged against its parents, but the rows that stand there may be its own.
    amended = [observer.of_tree(head, configured)] if head is not None and head not in parents else []
    edited = [] if _merged_by_git(observer.repository.git_dir) else _edited(after, [*before, *amended])
    warnings = tuple(one for one in found.added if one.severity == WARNING)
    older = judge.older(found, after, before, observer, configured)
    return Verdict(tuple(errors(found.added)), (*warnings, *edited), older), after


def _with_guide(
    place: Workspace, observer: Observer, verdict: Verdict, head: str | None, parents: list[str], policy: Policy
) -> Verdict:
    """The verdict with what the commit does to the guide; that is read only where some of it is staged."""
    if not observer.stages(GUIDE, head):
        return verdict
    from holdfast.usecases.guide import check

    found = check.of_change(place, parents, policy)
    warnings = tuple(one for one in found if one.severity == WARNING)
    return verdict._replace(
        refused=(*verdict.refused, *errors(found)),
        warnings=(*verdict.warnings, *warnings),
    )


def _edited(after: PlanSet, before: list[PlanSet]) -> list[Problem]:
    found: list[Problem] = []
    for state in after.folders:
        olds = [old for plans in before for old in plans.folders if old.folder.path == state.folder.path]
        if any(old.index_file == state.index_file for old in olds):
            continue  # untouched, as in most commits
        from holdfast.domain.rules import index

        found += index.edited_by_hand(state, olds, after.policy)
    return found


def _merged_by_git(git_dir: str) -> bool:
    """True while a merge, pick or revert is concluded: then git, and no hand, wrote what stands between the markers."""
    return any(
        os.path.exists(os.path.join(git_dir, name)) for name in ("MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD")
    )


def _of_several(place: Workspace, path: str) -> list[Problem]:
    """What to know where git stops after a commit that concludes one of several picks or reverts.

    `git cherry-pick --continue` and `git revert --continue` compare the index that they read before the commit with
    HEAD (sequencer.c, sequencer_continue); what a hook staged is a difference, and they stop with an error.
    """
    todo = files.read(os.path.join(place.repository.git_dir, "sequencer", "todo"))
    if todo is None:
        return []
    verb = "revert" if os.path.exists(os.path.join(place.repository.git_dir, "REVERT_HEAD")) else "cherry-pick"
    more = len(todo.split(b"\n")) > 2  # the commit that is concluded stands there too
    then = f"run `git {verb} --continue` once more" if more else "nothing is missing: this was the last one"
    message = f"the plan index is put right in this commit; if git then says that local changes stop it, {then}"
    return [Problem("index-differs", WARNING, path, message, "", path=path)]


def _stage(place: Workspace, configured: Configured, after: PlanSet) -> list[str]:
    """Stage each plan index that is not right; gives their paths."""
    if not holds_index(place, configured.policy):
        return []
    staged = []
    for due in index_file.wrong(after):
        index_file.stage(place.git, place.top, due)
        staged.append(due.state.folder.index_path)
    return staged


def _on_main(place: Workspace, policy: Policy) -> tuple[Problem, ...]:
    if policy.allow_on_main or branch(place) != policy.main_branch or not place.objects.id_of("HEAD^{commit}"):
        return ()
    if os.path.exists(os.path.join(place.repository.git_dir, "MERGE_HEAD")):
        return ()
    from holdfast.domain.rules.finding import finding

    return tuple(
        finding(policy, "commit-on-main", policy.main_branch, f"this commit is made directly on {policy.main_branch}")
    )


def _parents(place: Workspace, head: str | None, git: Caller) -> list[str]:
    """The parents that the commit will have; of an amended commit those of HEAD."""
    if head is None:
        return []
    if _amends(git.arguments):
        return _parents_of(place, head)
    return [head, *_merge_heads(place)]


def _merge_parents(place: Workspace, head: str | None) -> list[str]:
    """The parents of the merge commit that git is about to make.

    `MERGE_HEAD` does not exist yet when pre-merge-commit runs; git names the other sides in its environment,
    as `GITHEAD_<id>` (builtin/merge.c).
    """
    named = [key.removeprefix("GITHEAD_") for key in place.environment if key.startswith("GITHEAD_")]
    others = _merge_heads(place) or [one for name in named if (one := place.objects.id_of(f"{name}^{{commit}}"))]
    return [*([head] if head else []), *others]


def _merge_heads(place: Workspace) -> list[str]:
    return decode(files.read(os.path.join(place.repository.git_dir, "MERGE_HEAD")) or b"").split()


def _parents_of(place: Workspace, commit: str) -> list[str]:
    found: list[str] = []
    while parent := place.objects.id_of(f"{commit}^{len(found) + 1}"):
        found.append(parent)
    return found


def _amends(arguments: list[str]) -> bool:
    """True for `git commit --amend`: nothing but the arguments of the calling process tells."""
    if "commit" not in arguments:
        return False
    options, takes_value = [], False
    for word in arguments[arguments.index("commit") + 1 :]:
        if word == "--":
            break
        if not takes_value:
            options.append(word)
        takes_value = not takes_value and _takes_next_word(word)
    return any(len(word) >= 4 and "--amend".startswith(word) for word in options)


_WITH_VALUE = frozenset(
    {"--message", "--file", "--author", "--date", "--template", "--reuse-message", "--reedit-message", "--fixup",
     "--squash", "--cleanup", "--trailer", "--pathspec-from-file"}
)  # fmt: skip


def _takes_next_word(word: str) -> bool:
    """True for an option whose value is the next word: `--message`, `-m`, also at the end of a cluster as in `-am`."""
    if word.startswith("--"):
        return word in _WITH_VALUE
    if not word.startswith("-"):
        return False
    found = next((at for at, letter in enumerate(word[1:]) if letter in "mFCct"), None)
    return found is not None and found == len(word) - 2
