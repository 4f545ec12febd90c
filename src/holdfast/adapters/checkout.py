"""A branch that is checked out moves from one commit to another: its files first, nothing of anybody's overwritten."""

from __future__ import annotations

import contextlib
import os
from shlex import quote

from holdfast.adapters import clock
from holdfast.adapters.git import Git, GitError, decode, failure
from holdfast.adapters.spawn import OVERDUE
from holdfast.domain.value import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

    from holdfast.adapters.git import Change

_HELD = b"index.lock"
_PAUSES = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2)
"""Seconds between attempts at git's index while another command holds it."""
_NAMED = (b"error: Entry '", b"error: Untracked working tree file '", b"error: Updating the following directories")


class IndexHeld(GitError):
    """Another command holds git's index, or one that was killed has left its lock."""

    def __init__(self, git: Git) -> None:
        lock = git.text("rev-parse", "--path-format=absolute", "--git-path", "index.lock")
        super().__init__(f"git's index of {git.cwd} is locked by {lock}")
        self.remedy = f"wait for the git command there; if none runs, `rm {quote(lock)}`, then run it again"


def in_the_way(git: Git, old: str, new: str) -> tuple[str, ...]:
    """The paths that moving from `old` to `new` would overwrite; nothing is changed.

    A dry run of `read-tree` alone would let ignored files be overwritten: so each added path is looked at first.
    """
    changes = _changes(git, old, new)
    leaving = {os.path.join(git.cwd, one.path) for one in changes if one.status == "D"}
    found = [one.path for one in changes if one.status == "A" and _is_there(git.cwd, one.path, leaving)]
    code, _, err = _moved(git, "-n", "-u", old, new)
    if code == OVERDUE:
        raise failure(err, "git read-tree gave no answer")
    if code != 0:
        found += _named(err) or [decode(err).strip().splitlines()[-1].removeprefix("fatal: ")]
    return tuple(dict.fromkeys(found))


def forward(git: Git, old: str, new: str) -> str | None:
    """Move files and git's index from `old` to `new`; edits elsewhere stay. None when done, else what git said.

    Then nothing has changed, or some files have and git's index has not (a filter that failed): see `back`.
    """
    code, _, err = _moved(git, "-u", old, new)
    return None if code == 0 else decode(err).strip() or f"git read-tree exited with {code}"


def back(git: Git, old: str, new: str) -> str | None:
    """Take `forward` back, also one that was cut off in the middle; None when done, else what git said.

    A file is taken back only where it is exactly what `forward` wrote.
    """
    changes = _changes(git, old, new)
    if _has_moved(git, old, changes):
        said = forward(git, new, old)
        if said is not None:
            return said
    for change in changes:
        _undo(git, change)
    return None


def taken_over(git: Git, tip: str, old: str, new: str) -> bool:
    """True where a commit has all that the move from `old` to `new` changes: somebody has committed it."""
    changes = _changes(git, old, new)
    there = {one.path: one.oid for one in git.tree(tip, [one.path for one in changes])} if changes else {}
    return all(there.get(one.path, "0" * len(one.new_oid)) == one.new_oid for one in changes)


def _has_moved(git: Git, old: str, changes: Sequence[Change]) -> bool:
    """False where git's index still is at `old` as far as the move goes: it is written last."""
    staged = git.staged_changes(old, ["."])
    paths = {one.path for one in changes}
    return any(one.path in paths for one in staged)


def _undo(git: Git, change: Change) -> None:
    """Give one path its old file where it still has exactly the new one and git's index the old entry."""
    path = os.path.join(git.cwd, change.path)
    staged = [one for one in git.staged([change.path]) if one.path == change.path]
    held = staged[0].oid if staged else "0" * len(change.old_oid)
    if held != change.old_oid or os.path.lexists(path) != bool(change.new_oid.strip("0")):
        return
    if os.path.lexists(path) and _blob(git, change.path) != change.new_oid:
        return
    if change.old_oid.strip("0"):
        git.attempt("checkout-index", "-f", "-q", "--", change.path)
        git.refresh([change.path])
    else:
        with contextlib.suppress(OSError):
            os.unlink(path)
            os.removedirs(os.path.dirname(path))


def _blob(git: Git, path: str) -> str:
    target = os.path.join(git.cwd, path)
    if os.path.islink(target):
        return decode(git.run("hash-object", "--stdin", data=os.fsencode(os.readlink(target)))).strip()
    if not os.path.isfile(target):
        return ""
    return git.text("hash-object", f"--path={path}", "--", target)


def _changes(git: Git, old: str, new: str) -> list[Change]:
    changes = git.tree_changes(old, new).changes()
    if changes is None:
        raise GitError(f"git cannot compare {old[:9]} and {new[:9]}")
    return changes


def _is_there(top: str, name: str, leaving: Container[str]) -> bool:
    """True where something stands at a path that is to be added, or where one of its folders would be.

    Files that are `leaving` with the same move are in nobody's way.
    """
    path = os.path.join(top, name)
    if os.path.isdir(path) and not os.path.islink(path):
        return any(os.path.join(at, one) not in leaving for at, _, files in os.walk(path) for one in files)
    parts = name.split("/")
    above = (os.path.join(top, *parts[:at]) for at in range(1, len(parts)))
    blocked = [one for one in above if os.path.lexists(one) and (os.path.islink(one) or not os.path.isdir(one))]
    return os.path.lexists(path) or any(one not in leaving for one in blocked)


def _named(err: bytes) -> list[str]:
    """The paths that git complains about, where it names any."""
    lines = [line for line in err.split(b"\n") if line.startswith(_NAMED)]
    return [decode(line.split(b"'")[1]) for line in lines if line.count(b"'") > 1]


def _moved(git: Git, *arguments: str) -> tuple[int, bytes, bytes]:
    """A two-way merge (git-read-tree). Where git takes a file for edited that was only touched, it looks again."""
    code, out, err = _patient(git, "read-tree", "-m", *arguments)
    if code == 0:
        return code, out, err
    _patient(git, "update-index", "-q", "--refresh")
    return _patient(git, "read-tree", "-m", *arguments)


def _patient(git: Git, *arguments: str) -> tuple[int, bytes, bytes]:
    """A command that needs git's index, which another may hold at this moment."""
    for pause in (*_PAUSES, None):
        code, out, err = git.attempt(*arguments, env={"GIT_OPTIONAL_LOCKS": "1"})
        if code == 0 or _HELD not in err or pause is None:
            if code == 128 and _HELD in err:
                raise IndexHeld(git)
            return code, out, err
        clock.pause(pause)
    raise AssertionError("the loop returns")
