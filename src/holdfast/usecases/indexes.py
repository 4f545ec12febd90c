"""The plan index on demand: shown, checked, written into the working tree, or put right in commits nobody else has."""

from __future__ import annotations

import os

from holdfast.adapters import files
from holdfast.adapters.git import decode, encode
from holdfast.domain import plan_index
from holdfast.domain.plan_set import expected_file
from holdfast.domain.problem import Problem, Unable
from holdfast.domain.rules import index
from holdfast.domain.value import TYPE_CHECKING, NamedTuple
from holdfast.usecases import index_file, journal
from holdfast.usecases.check import UnknownRevision
from holdfast.usecases.rebuild import rebuilt_commit

if TYPE_CHECKING:
    from holdfast.domain.plan_set import FolderState, PlanSet
    from holdfast.domain.policy import FolderPolicy
    from holdfast.usecases.workspace import Workspace


class CannotMend(Unable):
    """Commits that cannot be rewritten; `args[0]` says why."""

    def __init__(self, why: str, remedy: str = "run `holdfast index --write` and commit the file") -> None:
        super().__init__(why)
        self.remedy = remedy


class Mended(NamedTuple):
    """How many commits were looked at and rewritten, and the new head."""

    commits: int
    rewritten: int
    head: str


def observe(place: Workspace, revision: str | None = None) -> PlanSet:
    """The plans of the working tree, or of a commit."""
    observer = place.observer
    if revision is None:
        return observer.of_worktree(observer.configurations.of_worktree())
    oid = place.git.resolve(revision)
    if oid is None:
        raise UnknownRevision(f"git knows no commit {revision!r}")
    return observer.of_tree(oid, observer.configurations.of_tree(oid))


def check(plans: PlanSet) -> list[Problem]:
    """What is wrong with the plan index of each folder."""
    return list(index.check(plans))


def write(place: Workspace, dry_run: bool = False) -> list[str]:
    """Write the plan index of the working tree's plans into its files; gives the paths that changed."""
    written = put(place, dry_run)
    if written and not dry_run:
        journal.here(place, "index-write", paths=written)
    return written


def put(place: Workspace, dry_run: bool = False) -> list[str]:
    """What `write` does, as a part of something else that is one event in the journal.

    Markers are added at the end of a file that has none.
    """
    plans = observe(place)
    written = []
    for state in plans.folders:
        if not state.summaries and state.index_file is None:
            continue
        target = os.path.join(place.top, state.folder.index_path)
        if os.path.islink(target) or leads_away(place, state.folder):
            continue  # a symlink can lead anywhere: `check` says that it is no plan index
        content = _content(state, plans)
        if content is None or content == state.index_file:
            continue
        written.append(state.folder.index_path)
        if not dry_run:
            files.put(target, files.State(content, files.state(target).mode))
    return written


def leads_away(place: Workspace, folder: FolderPolicy) -> bool:
    """True when a symlink stands on the way to a plan folder, so that writing there would write elsewhere."""
    top = os.path.realpath(place.top)
    return os.path.realpath(os.path.join(top, folder.path)) != os.path.join(top, folder.path).rstrip("/")


def mend(place: Workspace, base: str, dry_run: bool = False) -> Mended:
    """Make each commit after `base` (as `BASE..`) again with the right plan index; the branch moves last, by compare-and-swap.

    `CannotMend` when a commit is on a remote already, when something is staged, or when HEAD moved meanwhile.
    """
    start = base.removesuffix("HEAD").removesuffix("..")
    since = place.git.resolve(start)
    head = place.objects.id_of("HEAD^{commit}")
    if since is None or head is None:
        raise UnknownRevision(f"git knows no commit {start!r}")
    commits = place.git.text("rev-list", "--reverse", "--topo-order", f"{since}..{head}").split()
    _refuse(place, commits)
    observer = place.observer
    became: dict[str, str] = {}
    for commit in commits:
        plans = observer.of_tree(commit, observer.configurations.of_tree(commit))
        parents = place.git.text("rev-parse", f"{commit}^@").split()
        moved = [became.get(parent, parent) for parent in parents]
        if index_file.wrong(plans) or moved != parents:
            became[commit] = rebuilt_commit(place.git, place.repository.git_dir, commit, plans, moved)
    if head not in became:
        return Mended(len(commits), 0, head)
    if not dry_run:
        _move(place, head, became[head])
        journal.here(place, "index-mend", before=head, after=became[head], rewritten=len(became))
    return Mended(len(commits), len(became), became[head])


def _refuse(place: Workspace, commits: list[str]) -> None:
    for name in ("rebase-merge", "rebase-apply", "sequencer", "MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD"):
        if os.path.exists(os.path.join(place.repository.git_dir, name)):
            raise CannotMend("a rebase, merge or pick is not finished here", "finish it, then run this again")
    if commits:
        published = place.git.text(
            "for-each-ref", "--count=1", f"--contains={commits[0]}", "--format=%(refname:short)", "refs/remotes"
        )
        if published:
            raise CannotMend(f"{commits[0][:10]} is on {published} already: others have it")
    code, _, _ = place.git.attempt("diff-index", "--cached", "--quiet", "HEAD", "--")
    if code != 0:
        raise CannotMend("something is staged", "commit it or `git stash`, then run this again")


def _move(place: Workspace, old: str, new: str) -> None:
    code, _, err = place.git.attempt("update-ref", "-m", "holdfast: index --mend", "HEAD", new, old)
    if code != 0:
        raise CannotMend(decode(err).strip() or "HEAD moved meanwhile")
    observer = place.observer
    before = observer.of_tree(old, observer.configurations.of_tree(old))
    for due in index_file.wrong(before):
        index_file.stage(place.git, place.top, due)


def _content(state: FolderState, plans: PlanSet) -> bytes | None:
    try:
        return expected_file(state, plans.policy)
    except plan_index.NoPlace as place:
        text = decode(state.index_file or b"")
        if str(place) != "no markers":
            text = _without_markers(text)
        return encode(plan_index.appended(text, state.computed))


def _without_markers(text: str) -> str:
    kept = [
        line for line in text.splitlines(keepends=True) if plan_index.BEGIN not in line and plan_index.END not in line
    ]
    return "".join(kept)
