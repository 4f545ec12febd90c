"""Merges in memory: the tree that two commits make, the commits of a branch, and commits that no branch holds yet."""

from __future__ import annotations

import os

from holdfast.adapters import files, locks
from holdfast.adapters.git import Git, GitError, decode, encode, failure
from holdfast.domain.claim_commit import CLAIM_ID
from holdfast.domain.finish_message import Authored
from holdfast.domain.value import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from holdfast.domain.finish_message import Person

_FIELDS = f"%H%x1f%P%x1f%an%x1f%ae%x1f%ad%x1f%B%x1f%(trailers:key={CLAIM_ID},valueonly)"
_NOBODY = {
    "GIT_AUTHOR_NAME": "Holdfast", "GIT_AUTHOR_EMAIL": "holdfast@localhost",
    "GIT_COMMITTER_NAME": "Holdfast", "GIT_COMMITTER_EMAIL": "holdfast@localhost",
}  # fmt: skip
_NO_RELATION = b"unrelated histories"


class MergedTree(NamedTuple):
    """The tree that a merge makes, and the paths that conflict in it, empty for none."""

    tree: str
    conflicts: tuple[str, ...]


class TooShallow(GitError):
    """A shallow clone lacks the history that two commits have in common."""

    remedy = "run `git fetch --unshallow`, then run it again"


def neutral(git: Git, common: str, folder: str, attributes: bytes | None) -> Git:
    """git for merges that come out the same wherever they are asked for: it reads attributes from the files around it.

    `folder` is made, and holds the `.gitattributes` of the main branch and nothing else; those below it are not looked at.
    `common` is the git folder that all worktrees share.
    """
    files.make_folder(folder)
    path = os.path.join(folder, ".gitattributes")
    if attributes is not None and not os.path.exists(path):
        with locks.held(folder + ".lock"):  # who finishes in this very moment writes it, too
            files.put(path, files.State(attributes))
    return Git(folder, {**git.environment, "GIT_DIR": common, "GIT_WORK_TREE": folder})


def merged(git: Git, ours: str, theirs: str, driver: str, runs: str) -> MergedTree:
    """The merge of two commits (git-merge-tree, `--write-tree`), with the command `runs` in place of a merge `driver`.

    What has no common history conflicts in everything; `TooShallow` where that cannot be told.
    """
    code, out, err = git.attempt(
        "-c", f"merge.{driver}.driver={runs}", "merge-tree", "--write-tree", "-z", "--name-only", "--no-messages",
        ours, theirs,
    )  # fmt: skip
    if code not in (0, 1):
        if _NO_RELATION in err:
            if git.text("rev-parse", "--is-shallow-repository") == "true":
                raise TooShallow("this clone is shallow, and lacks what the two have in common")
            return MergedTree("", ("everything: the two have no common history",))
        raise failure(err, f"git merge-tree exited with {code}")
    tree, *rest = decode(out).split("\0")
    return MergedTree(tree, tuple(dict.fromkeys(path for path in rest if path)))


def base_of(git: Git, one: str, other: str) -> str | None:
    """A newest commit that two have in common; None for none."""
    code, out, _ = git.attempt("merge-base", one, other)
    return decode(out).split("\n")[0] if code == 0 else None


def holds(git: Git, tip: str, commit: str) -> bool:
    """True where `tip` is that commit or stands on it."""
    return git.attempt("merge-base", "--is-ancestor", commit, tip)[0] == 0


def distance(git: Git, one: str, other: str) -> tuple[int, int]:
    """How many commits each of two has that the other lacks."""
    left, right = git.text("rev-list", "--left-right", "--count", f"{one}...{other}").split()
    return int(left), int(right)


def of_branch(git: Git, base: str, head: str) -> tuple[Authored, ...]:
    """The commits that `head` has and `base` lacks, oldest first."""
    out = git.run(
        "log", "-z", "--reverse", "--topo-order", "--no-color", "--no-show-signature", "--no-mailmap", "--encoding=UTF-8",
        "--date=raw", f"--format={_FIELDS}", f"{base}..{head}", "--",
    )  # fmt: skip
    return tuple(_authored(record) for record in decode(out).split("\0") if record)


def _authored(record: str) -> Authored:
    oid, parents, name, address, date, body, claim = record.split("\x1f")
    return Authored(oid, tuple(parents.split()), name, address, date, body, bool(claim.strip()))


def commit(git: Git, tree: str, parents: Sequence[str], message: str, author: Person | None, sign: bool) -> str:
    """Make a commit that no branch holds yet, by whoever runs this now, and of an `author` where that is another one.

    `commit-tree` does not look at `commit.gpgsign`: `sign` says it.
    """
    options = [word for parent in parents for word in ("-p", parent)] + (["-S"] if sign else [])
    env = {}
    if author is not None:
        env = {"GIT_AUTHOR_NAME": author.name, "GIT_AUTHOR_EMAIL": author.address, "GIT_AUTHOR_DATE": author.date}
    code, out, err = git.attempt("commit-tree", *options, "-F", "-", tree, data=encode(message), env=env)
    if code != 0:
        if b"user.email" in err:
            from holdfast.adapters.commits import NoIdentity

            raise NoIdentity("git does not know who you are, and a merge says so")
        raise failure(err, "git commit-tree failed")
    return decode(out).strip()


def picked(git: Git, onto: str, one: Authored, driver: str, runs: str) -> MergedTree:
    """The tree that a commit makes on top of another commit, as `git cherry-pick` does it.

    `merge-tree` takes the merge base from history alone (it has no `--merge-base` before git 2.40): so a commit is made
    that has the tree to stand on and the parent that the picked one has.
    """
    return merged(git, stand_in(git, tree_of(git, onto), one.parents), one.oid, driver, runs)


def stand_in(git: Git, tree: str, parents: Sequence[str]) -> str:
    """A commit that nobody will ever see, for git to compare with."""
    options = [word for parent in parents for word in ("-p", parent)]
    code, out, err = git.attempt("commit-tree", *options, "-m", "stand-in", tree, env=_NOBODY)
    if code != 0:
        raise failure(err, "git commit-tree failed")
    return decode(out).strip()


def tree_of(git: Git, revision: str) -> str:
    """The id of a commit's tree."""
    code, out, err = git.attempt("rev-parse", "--verify", "--quiet", f"{revision}^{{tree}}")
    if code != 0:
        raise GitError(decode(err).strip() or f"{revision} has no tree")
    return decode(out).strip()
