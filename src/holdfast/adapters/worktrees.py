"""git's worktrees: which there are, and new ones."""

from __future__ import annotations

import contextlib
import os

from holdfast.adapters import clock, files, registration
from holdfast.adapters.git import GitError, decode
from holdfast.domain.moment import Moment
from holdfast.domain.snapshot import Worktree
from holdfast.domain.value import TYPE_CHECKING

if TYPE_CHECKING:
    from holdfast.adapters import spawn
    from holdfast.adapters.git import Git

_HEADS = "refs/heads/"
_LIST = ("worktree", "list", "--porcelain", "-z")
_HALF_MADE = b"failed to read"
_PAUSES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.4)
"""Seconds."""


class AskedWorktrees:
    """All worktrees of a repository; git looks while its asker does something else."""

    def __init__(self, git: Git) -> None:
        self._git = git
        self._asked: spawn.Running = git.start(*_LIST)

    def all(self) -> tuple[Worktree, ...]:
        """The worktrees, the main one first; may be asked once.

        While git makes one its files are there before what is in them, and git itself fails over that: it is asked again.
        """
        code, out, err = self._asked.done()
        for pause in _PAUSES:
            if code == 0 or _HALF_MADE not in err:
                break
            clock.pause(pause)
            code, out, err = self._git.attempt(*_LIST)
        if code != 0:
            raise GitError(decode(err).strip() or "git worktree list failed")
        blocks = decode(out).split("\0\0")
        return tuple(_worktree(block.split("\0"), at == 0) for at, block in enumerate(blocks) if block)


def read(git: Git) -> tuple[Worktree, ...]:
    """All worktrees, the main one first."""
    return AskedWorktrees(git).all()


def _worktree(lines: list[str], main: bool) -> Worktree:
    fields = dict(line.partition(" ")[::2] for line in lines if line)
    branch, path, locked = fields.get("branch"), fields.get("worktree", ""), fields.get("locked")
    not_there = locked is not None and not os.path.isdir(path)  # git calls nothing prunable that is locked
    return Worktree(
        path=path,
        branch=branch.removeprefix(_HEADS) if branch is not None else None,
        head=fields.get("HEAD"),
        main=main,
        locked=locked,
        gone="prunable" in fields or not_there,
    )


def add(git: Git, path: str, branch: str) -> str | None:
    """Make a worktree of a branch that exists; None when it is done, else what git said against it.

    Making the branch in the same call would write `.git/config`, on whose lock concurrent calls fail.
    """
    for pause in (*_PAUSES, None):
        code, _, err = git.attempt("worktree", "add", "--quiet", "--", path, branch)
        if code == 0:
            return None
        # git reads what it keeps of all others, and one of them may be ended at this very moment.
        if pause is None or b"failed to read" not in err:
            break
        clock.pause(pause)
    return decode(err).strip() or f"git worktree add exited with {code}"


def add_detached(git: Git, path: str, commit: str) -> str | None:
    """Make a worktree on no branch, at a commit; None when it is done, else what git said against it."""
    code, _, err = git.attempt("worktree", "add", "--quiet", "--detach", "--", path, commit)
    return None if code == 0 else decode(err).strip() or f"git worktree add exited with {code}"


def move(git: Git, path: str, target: str) -> bool:
    """Move a worktree; True when it is there."""
    return git.attempt("worktree", "move", "--", path, target)[0] == 0


def forget(common_dir: str, path: str) -> None:
    """Forget the worktree at a path, whose folder is gone: what `git worktree prune` does, of this one alone."""
    for folder in registration.all_of(common_dir, path):
        if not os.path.lexists(os.path.join(folder, "locked")):
            files.remove_tree(folder)


def drop_unfinished(git: Git, path: str) -> None:
    """Remove a worktree that git had begun to make when it was killed: nobody was ever told of it."""
    git.attempt("worktree", "remove", "--force", "--force", "--", path)


def drop_begun(common_dir: str, path: str) -> None:
    """Remove what git writes first of a new worktree, where it was killed before it wrote the HEAD of it.

    git lists such a worktree nowhere, and its own lock keeps it from `git worktree prune`.
    """
    for folder in registration.all_of(common_dir, path):
        if registration.initializing(folder):
            files.remove_tree(folder)
            with contextlib.suppress(OSError):
                os.unlink(os.path.join(path, ".git"))
            files.remove_if_empty(path)  # no file was checked out yet: what is in it is somebody else's


def only_committed(git: Git, common_dir: str, path: str) -> bool:
    """True for what is left of a worktree where git was killed while it removed it: no file but as it was committed."""
    for folder in registration.all_of(common_dir, path):
        asked = ("status", "--porcelain", "-z", "--ignored", "--untracked-files=all")
        code, out, _ = git.attempt(f"--git-dir={folder}", f"--work-tree={path}", *asked)
        return code == 0 and all(one.startswith(b" D ") for one in out.split(b"\0") if one)
    return False


def dirty(git: Git) -> bool:
    """True for a worktree with changes that are not committed, files that git does not know among them."""
    return bool(git.run("status", "--porcelain", "-z", "--untracked-files=normal"))


def holds_ignored(git: Git) -> bool:
    """True for a worktree with files that git ignores, which `git worktree remove` would delete without a word."""
    return bool(git.run("ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--directory"))


def lock(git: Git, path: str, reason: str) -> bool:
    """Lock a worktree, so that git removes it for nobody; False where it is locked already, or cannot be."""
    return git.attempt("worktree", "lock", "--reason", reason, "--", path)[0] == 0


def unlock(git: Git, path: str) -> bool:
    """Take the lock off a worktree; True when it was locked."""
    return git.attempt("worktree", "unlock", "--", path)[0] == 0


def remove(git: Git, path: str) -> bool:
    """Remove a worktree, unless git finds anything in it that would be lost; True when it is gone."""
    return git.attempt("worktree", "remove", "--", path)[0] == 0


def detach(git: Git) -> None:
    """Take a worktree off its branch, to the commit that it stands on; no file changes."""
    head = git.text("rev-parse", "--verify", "HEAD")
    git.run("update-ref", "-m", "holdfast: detached", "--no-deref", "HEAD", head)


def newest_file(top: str, others: frozenset[str], enough: Moment, ahead: Moment, most: int = 20_000) -> Moment | None:
    """When a file of a worktree was last changed; None for none.

    Everything but `.git` and the worktrees `others` counts, whether git knows it or not, up to so many entries: the newest
    of the first ones seen. One that was changed after `enough` ends the search; a date after `ahead` tells nothing.
    """
    newest = 0.0
    folders = [top]
    for folder in folders:  # grows while it is walked
        try:
            with os.scandir(folder) as found:
                for entry in found:
                    most -= 1
                    if entry.name == ".git" or entry.path in others:
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
                    changed = entry.stat(follow_symlinks=False).st_mtime
                    if newest < changed <= ahead:
                        newest = changed
                        if newest > enough:
                            return Moment(int(newest))
        except OSError:
            continue
        if most <= 0:
            break
    return Moment(int(newest)) if newest else None


def initializing(common_dir: str, path: str) -> bool:
    """True for a worktree that git has begun to make and not finished."""
    return any(registration.initializing(folder) for folder in registration.all_of(common_dir, path))
