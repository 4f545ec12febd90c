"""A commit made again with the right plan index: same message, author and dates, by plumbing."""

from __future__ import annotations

import os

from holdfast.adapters.git import GitError, decode, encode
from holdfast.domain.value import TYPE_CHECKING
from holdfast.usecases import index_file

if TYPE_CHECKING:
    from collections.abc import Sequence

    from holdfast.adapters.git import Git
    from holdfast.domain.plan_set import PlanSet


def rebuilt_commit(git: Git, git_dir: str, commit: str, plans: PlanSet, parents: Sequence[str] | None = None) -> str:
    """A commit like `commit`, with the plan index that `plans` make and other `parents` if given; its id.

    Author, committer, dates, message and encoding stay; a signature is made anew when `commit.gpgsign` is set,
    because the old one cannot hold for other content.
    """
    tree = _tree_with(git, git_dir, commit, plans)
    raw = git.run("cat-file", "commit", commit)
    header, _, message = raw.partition(b"\n\n")
    kept, skipping = [], False
    for line in header.split(b"\n"):
        if line.startswith(b" "):
            if not skipping:
                kept.append(line)
            continue
        name = line.split(b" ", 1)[0]
        skipping = name in (b"tree", b"parent", b"gpgsig", b"gpgsig-sha256", b"mergetag")
        if not skipping:
            kept.append(line)
    above = list(parents) if parents is not None else git.text("rev-parse", f"{commit}^@").split()
    lines = [b"tree " + encode(tree), *(b"parent " + encode(one) for one in above), *kept]
    new = decode(
        git.run("hash-object", "-t", "commit", "-w", "--stdin", data=b"\n".join(lines) + b"\n\n" + message)
    ).strip()
    return _signed(git, new, commit, above, tree) if git.config("commit.gpgsign") == "true" else new


def _signed(git: Git, new: str, commit: str, parents: Sequence[str], tree: str) -> str:
    """The same commit with a signature, made by git itself; the unsigned one where signing is not possible."""
    who = git.text("show", "-s", "--format=%an%n%ae%n%ad%n%cn%n%ce%n%cd", "--date=raw", commit).split("\n")
    names = (
        "GIT_AUTHOR_NAME",
        "GIT_AUTHOR_EMAIL",
        "GIT_AUTHOR_DATE",
        "GIT_COMMITTER_NAME",
        "GIT_COMMITTER_EMAIL",
        "GIT_COMMITTER_DATE",
    )
    message = git.run("cat-file", "commit", commit).partition(b"\n\n")[2]
    arguments = [part for parent in parents for part in ("-p", parent)]
    code, out, _ = git.attempt(
        "commit-tree", "-S", tree, *arguments, data=message, env=dict(zip(names, who, strict=True))
    )
    return decode(out).strip() if code == 0 else new


def _tree_with(git: Git, git_dir: str, commit: str, plans: PlanSet) -> str:
    """The tree of `commit` with the right plan index, built in an index of its own."""
    beside = {"GIT_INDEX_FILE": os.path.join(git_dir, f"holdfast-index-{os.getpid()}")}
    try:
        _must(git.attempt("read-tree", commit, env=beside))
        for due in index_file.wrong(plans):
            path = due.state.folder.index_path
            mode = next((entry.mode for entry in git.tree(commit, [path])), "100644")
            entry = f"{mode} {git.write_blob(due.expected)}\t{path}\0"
            _must(git.attempt("update-index", "-z", "--index-info", data=encode(entry), env=beside))
        return decode(_must(git.attempt("write-tree", env=beside))).strip()
    finally:
        if os.path.exists(beside["GIT_INDEX_FILE"]):
            os.unlink(beside["GIT_INDEX_FILE"])


def _must(answer: tuple[int, bytes, bytes]) -> bytes:
    code, out, err = answer
    if code != 0:
        raise GitError(decode(err).strip() or "git could not write the tree")
    return out
