"""What keeps a removed worktree's objects from `git gc`: refs to its commit, a commit of its index, and what reflogs name."""

from __future__ import annotations

import os

from holdfast.adapters import files, refs, registration
from holdfast.adapters.git import Git, GitError, decode
from holdfast.adapters.refs import Update
from holdfast.domain.condition import GONE
from holdfast.domain.value import TYPE_CHECKING

if TYPE_CHECKING:
    from holdfast.domain.condition import Condition
    from holdfast.domain.trash import Removed
    from holdfast.usecases.workspace import Workspace

TRASH = "trash"
"""The folder of records below Holdfast's own state."""

_MOST = 5_000
"""So many of the commits that a reflog names are kept: those that it was written about last."""
_NOBODY = {
    "GIT_AUTHOR_NAME": "Holdfast", "GIT_AUTHOR_EMAIL": "holdfast@localhost",
    "GIT_COMMITTER_NAME": "Holdfast", "GIT_COMMITTER_EMAIL": "holdfast@localhost",
}  # fmt: skip


def git_of(place: Workspace) -> Git:
    """git in the folder that all worktrees share: it stays where it is whatever is removed."""
    return Git(place.repository.common_dir, place.environment)


def keep(place: Workspace, one: Condition, removed: Removed, registered: str) -> str | None:
    """Keep what only this worktree holds; None when that is done, else what git said. `GitError` where git cannot.

    `registered` is the folder in which git keeps what it knows of it.
    """
    git = git_of(place)
    kept = {"head": removed.head} if removed.head else {}
    parents = [removed.head] if removed.head else []
    if one.contents.staged or one.where == GONE:
        kept["index"] = _commit(git, _tree_of_index(place, removed, registered), parents)
    if one.contents.intended:
        kept["empty"] = git.write_blob(b"")  # what git's index has for a file that is only meant to be added
    named = [*registration.remembered(registered), *_of_branch(place, removed)]
    others = [oid for oid in dict.fromkeys(named) if oid != removed.head][-_MOST:]
    if others:
        commits, rest = _known(git, others)
        if commits:
            tree = git.text("rev-parse", f"{commits[0]}^{{tree}}")
            kept["others"] = _commit(git, tree, commits)
        kept |= {f"other-{at}": oid for at, oid in enumerate(rest)}
    updates = [Update(removed.anchors + name, oid, None) for name, oid in kept.items()]
    return refs.transact(git, updates, "holdfast: kept for the trash") if updates else None


def drop(place: Workspace, removed: Removed) -> None:
    """Let go of what was kept for a removed worktree."""
    git = git_of(place)
    held = refs.read(git, removed.anchors)
    if held:
        refs.transact(git, [Update(name, None, oid) for name, oid in held.items()], "holdfast: no longer in the trash")


def _of_branch(place: Workspace, removed: Removed) -> tuple[str, ...]:
    """What the reflog of its branch names: that goes with the branch."""
    if removed.branch is None:
        return ()
    return registration.ids_in(registration.reflog_of(place.repository.common_dir, removed.branch))


def _tree_of_index(place: Workspace, removed: Removed, registered: str) -> str:
    """The tree of what is staged, from a copy of git's index: git writes the tree's id into the one that it is asked of."""
    copy = os.path.join(place.state(TRASH), removed.id, "index")
    files.put(copy, files.State(files.read(os.path.join(registered, "index"))))
    git = Git(place.repository.common_dir, {**place.environment, "GIT_INDEX_FILE": copy})
    tree = git.text(f"--git-dir={registered}", "write-tree")
    files.put(copy, files.ABSENT)
    return tree


def _commit(git: Git, tree: str, parents: list[str]) -> str:
    words = [word for parent in parents for word in ("-p", parent)]
    code, out, err = git.attempt("commit-tree", *words, "-m", "Kept by Holdfast's trash", tree, env=_NOBODY)
    if code != 0:
        raise GitError(decode(err).strip())
    return decode(out).strip()


def _known(git: Git, oids: list[str]) -> tuple[list[str], list[str]]:
    """Those of the objects that are there: commits, and others."""
    out = git.run("cat-file", "--batch-check", data="".join(f"{oid}\n" for oid in oids).encode())
    answers = [line.split(" ") for line in decode(out).splitlines()]
    commits = [answer[0] for answer in answers if answer[1] == "commit"]
    return commits, [answer[0] for answer in answers if answer[1] in ("tag", "tree", "blob")]
