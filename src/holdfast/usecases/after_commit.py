"""After a commit, merge, pick or rebase: put right what git undid, and report a plan index that came in wrong."""

from __future__ import annotations

import os

from holdfast.adapters import files
from holdfast.adapters.callers import calling_git
from holdfast.adapters.git import decode
from holdfast.domain.rules import index
from holdfast.domain.value import TYPE_CHECKING, NamedTuple
from holdfast.usecases import index_file, marks
from holdfast.usecases.rebuild import rebuilt_commit
from holdfast.usecases.workspace import branch, holds_index

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from holdfast.domain.problem import Problem
    from holdfast.usecases.workspace import Workspace

_SEQUENCES = ("rebase-merge", "rebase-apply", "sequencer", "CHERRY_PICK_HEAD", "REVERT_HEAD", "BISECT_LOG")


class Report(NamedTuple):
    """What is wrong with the plan index of commits, and the command that mends it; empty when all is right."""

    problems: tuple[Problem, ...] = ()
    mend: str = ""
    rebuilt: str = ""


NOTHING = Report()


def after_commit(place: Workspace, git_pid: str) -> Report:
    """The post-commit hook: heal git's index after a partial commit, and look at a commit that no gate saw.

    Only a mark of this very git process counts: a partial commit that was given up leaves one behind.
    """
    git_dir = place.repository.git_dir
    pid, passed = marks.passed_by(git_dir)
    seen = pid != "" and (pid == git_pid or pid == calling_git(git_pid).pid)
    if seen and passed == marks.HEAL and not any(os.path.exists(os.path.join(git_dir, name)) for name in _SEQUENCES):
        _heal(place, marks.healing(git_dir))
    return look(place, "HEAD", seen=seen)


def after_merge(place: Workspace) -> Report:
    """The post-merge hook: rebuild a fresh merge commit whose plan index is wrong, report a fast-forward to one."""
    report = look(place, "HEAD")
    if not report.problems or not _fresh_merge(place):
        return report
    rebuilt = _rebuild_head(place)
    return Report(rebuilt=rebuilt) if rebuilt else report


def after_rewrite(place: Workspace, rewritten: Sequence[str]) -> Report:
    """The post-rewrite hook after a rebase: look at each commit that it made (`OLD NEW` lines), oldest first."""
    commits = [line.split()[1] for line in rewritten if len(line.split()) >= 2] or _rebased(place)
    head = place.objects.id_of("HEAD^{commit}")
    order = [*dict.fromkeys(commits), *([head] if head and head not in commits else [])]
    for commit in order:
        report = look(place, commit)
        if report.problems:
            return report
    return NOTHING


def _rebased(place: Workspace) -> list[str]:
    """The commits that the last rebase made, oldest first, by HEAD's reflog: pre-commit keeps git's list of them to itself."""
    code, out, _ = place.git.attempt("log", "--walk-reflogs", "--format=%H %gs", "--max-count=1000", "HEAD")
    made: list[str] = []
    for line in decode(out).splitlines() if code == 0 else []:
        oid, _, said = line.partition(" ")
        if said.partition(": ")[0].endswith("(start)"):  # `rebase (start): checkout main`; a subject may say that, too
            break
        made.insert(0, oid)
    else:
        return []  # no rebase began here, as far as is remembered
    return made


def look(place: Workspace, commit: str, seen: bool = False) -> Report:
    """Is the plan index of `commit` the one that its plans make? If so that is remembered for HEAD.

    `seen` tells that the gate let this very commit pass.
    """
    oid = place.objects.id_of(f"{commit}^{{commit}}")
    if oid is None:
        return NOTHING
    observer = place.observer
    configured = observer.configurations.of_tree(oid)
    marks.watch(place.repository.git_dir, configured.policy)
    if not holds_index(place, configured.policy):
        _verified(place, oid, seen)
        return NOTHING
    found = tuple(index.check(observer.of_tree(oid, configured)))
    if not found:
        if oid == place.objects.id_of("HEAD^{commit}"):
            _verified(place, oid, seen)
        return NOTHING
    return Report(found, _mend(place, oid))


def _mend(place: Workspace, oid: str) -> str:
    """The command that mends a wrong commit: a new one on top, or rewriting what nobody else has."""
    code, out, _ = place.git.attempt(
        "for-each-ref", "--count=1", f"--contains={oid}", "--format=%(refname)", "refs/remotes"
    )
    short = oid[:10]
    if code == 0 and not out.strip() and place.objects.id_of(f"{oid}^1"):
        return f"holdfast index --mend {short}^.."
    return "holdfast index --write, then `git commit` the file"


def _heal(place: Workspace, paths: list[str]) -> None:
    observer = place.observer
    plans = observer.of_tree("HEAD", observer.configurations.of_tree("HEAD"))
    for state in plans.folders:
        if state.folder.index_path in paths:
            index_file.heal(place.git, state.folder, state.computed)
    _note(place, "index-heal", paths=paths)


def _fresh_merge(place: Workspace) -> bool:
    """True when HEAD is the merge commit that git has just made here: its `MERGE_HEAD` is still there."""
    merged = decode(files.read(os.path.join(place.repository.git_dir, "MERGE_HEAD")) or b"").split()
    return bool(merged) and merged[0] == place.objects.id_of("HEAD^2")


def _rebuild_head(place: Workspace) -> str:
    """Replace the fresh merge commit by one with the same parents and message and the right plan index.

    Gives the new commit's id, or nothing when HEAD moved meanwhile.
    """
    old = place.objects.id_of("HEAD^{commit}")
    assert old is not None
    observer = place.observer
    plans = observer.of_tree(old, observer.configurations.of_tree(old))
    new = rebuilt_commit(place.git, place.repository.git_dir, old, plans)
    code, _, _ = place.git.attempt("update-ref", "-m", "holdfast: plan index of the merge", "HEAD", new, old)
    if code != 0:
        return ""
    for due in index_file.wrong(plans):
        index_file.stage(place.git, place.top, due)
    _verified(place, new, seen=False)
    _note(place, "merge-rebuild", before=old, after=new)
    return new


def _note(place: Workspace, event: str, **data: Any) -> None:
    from holdfast.usecases import journal  # most hooks rewrite nothing, and need not wait for it

    journal.here(place, event, **data)


def _verified(place: Workspace, commit: str, seen: bool) -> None:
    oid = place.objects.id_of(f"{commit}^{{commit}}")
    name = branch(place)
    if oid is not None:
        marks.verified(place.repository.git_dir, oid, f"refs/heads/{name}" if name else "HEAD", seen)
