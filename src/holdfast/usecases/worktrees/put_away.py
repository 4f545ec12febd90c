"""A worktree into the trash and back, step by step: killed between any two, the next command undoes or completes it."""

from __future__ import annotations

import contextlib
import errno
import os

from holdfast.adapters import files, refs, registration, trash, worktrees
from holdfast.adapters.git import Git, GitError, decode
from holdfast.adapters.refs import Update
from holdfast.domain.blockers import blocker
from holdfast.domain.condition import GONE
from holdfast.domain.session import REMOVAL_REASON
from holdfast.domain.value import TYPE_CHECKING
from holdfast.usecases import journal

if TYPE_CHECKING:
    from collections.abc import Callable

    from holdfast.domain.condition import Condition
    from holdfast.domain.problem import Problem
    from holdfast.domain.trash import Removed
    from holdfast.usecases.workspace import Workspace

TRASH = "trash"
"""The folder of records below Holdfast's own state."""
LOCK = "worktrees.lock"
"""The lock that whoever removes or restores a worktree holds for as long."""

_MOST = 5_000
"""So many of the commits that a reflog names are kept: those that it was written about last."""
_NOBODY = {
    "GIT_AUTHOR_NAME": "Holdfast", "GIT_AUTHOR_EMAIL": "holdfast@localhost",
    "GIT_COMMITTER_NAME": "Holdfast", "GIT_COMMITTER_EMAIL": "holdfast@localhost",
}  # fmt: skip


def git_of(place: Workspace) -> Git:
    """git in the folder that all worktrees share: it stays where it is whatever is removed."""
    return Git(place.repository.common_dir, place.environment)


def put_away(place: Workspace, one: Condition, removed: Removed, again: Callable[[], Problem | None]) -> Problem | None:
    """Move a worktree into the trash; None when it is there, else why everything is as it was.

    `again` looks a second time who is inside, when the folder has its new name: a process that is in keeps it, and nobody
    can come in by the old one. Whoever calls this holds the lock on all worktrees.
    """
    problem = _moved(place, one, removed, again)
    if problem is not None and not undo(place, removed):
        return None  # something new stands where it was: it is in the trash, and whole
    return problem


def _moved(place: Workspace, one: Condition, removed: Removed, again: Callable[[], Problem | None]) -> Problem | None:
    """The steps, each of which leaves what `undo` can take back."""
    if not removed.name:
        return _unmovable(removed, "git keeps nothing of it")
    registered = _registered(place, removed)
    records = place.state(TRASH)
    try:
        trash.write(records, removed)
        said = _anchor(place, one, removed, registered)
        if said is not None:
            return _unmovable(removed, f"what is in it cannot be kept from `git gc`: {said}")
        registration.hold(registered, REMOVAL_REASON)
        if removed.folder:
            trash.make_room(removed.folder)
            os.rename(removed.path, removed.folder)
            problem = again()
            if problem is not None:
                return problem
        if registration.stamp(registered) != one.stamp:
            message = f"{removed.path} changed while it was removed: somebody ran git there"
            return blocker("worktree-changed", removed.path, message)
        os.rename(registered, trash.registration(records, removed.id))
    except OSError as error:
        return _unmovable(removed, f"{error.filename or removed.path}: {error.strerror}")
    except GitError as error:
        return _unmovable(removed, f"what is in it cannot be kept from `git gc`: {error}")
    return None


def undo(place: Workspace, removed: Removed) -> bool:
    """Take back a removal that was not finished; False where it stands all the same: something else is where it was."""
    registered = _registered(place, removed)
    if removed.folder and os.path.isdir(removed.folder):
        if registration.leads_to(removed.path, registered):
            raise OSError(errno.EEXIST, "another worktree was made there under its name", removed.path)
        if os.path.lexists(removed.path):
            os.rename(registered, trash.registration(place.state(TRASH), removed.id))
            return False
        os.rename(removed.folder, removed.path)
    if removed.folder and not os.path.isdir(removed.path):
        raise OSError(errno.ENOENT, "neither there nor in the trash: its disk may be away", removed.path)
    if removed.folder:
        trash.leave_room(removed.folder)
    _unhold(registered)
    drop_anchors(place, removed)
    trash.forget(place.state(TRASH), removed.id)
    return True


def bring_back(place: Workspace, removed: Removed) -> str | None:
    """Move a worktree out of the trash to where it was; None when it is there, else why it could not be, in words.

    Done a second time it does what is left to do. Whoever calls this holds the lock on all worktrees.
    """
    records = place.state(TRASH)
    trash.begin_restoring(records, removed.id)
    kept, registered = trash.registration(records, removed.id), _registered(place, removed)
    try:
        if os.path.isdir(kept):
            registration.hold(kept, REMOVAL_REASON)  # until it is whole again nobody shall take it for one that is gone
            if os.path.lexists(registered):
                registered = _free(registered)
            os.makedirs(os.path.dirname(registered), exist_ok=True)
            os.rename(kept, registered)
        else:
            registered = registration.of(place.repository.common_dir, removed.path) or registered
        if removed.folder and os.path.isdir(removed.folder):
            os.makedirs(os.path.dirname(removed.path), exist_ok=True)
            os.rename(removed.folder, removed.path)
        if removed.folder:
            trash.leave_room(removed.folder)
        if os.path.isdir(removed.path) and not registration.leads_to(removed.path, registered):
            registration.lead_to(removed.path, registered)
    except OSError as error:
        return f"{error.filename or removed.path}: {error.strerror}"
    return None


def done_bringing_back(place: Workspace, removed: Removed) -> None:
    """Forget that a worktree was in the trash: it is whole again, and keeps its own objects."""
    if removed.folder:
        trash.leave_room(removed.folder)
    registered = registration.of(place.repository.common_dir, removed.path)
    if registered is not None:
        _unhold(registered)
    drop_anchors(place, removed)
    trash.forget(place.state(TRASH), removed.id)


def unfinished(place: Workspace) -> bool:
    """Undo or complete what killed commands left of removals and restorations; True when there was any.

    Whoever calls this holds the lock on all worktrees: then nobody is at work on any of it. A record without what git kept of
    the worktree is a removal that was not finished; a record that says so is a restoration.
    """
    records, changed = place.state(TRASH), False
    for id in files.names(records):
        if trash.is_restoring(records, id) or not os.path.isdir(trash.registration(records, id)):
            with contextlib.suppress(OSError, GitError):  # what cannot be cleared now waits, and is in nobody's way
                _clear(place, records, id)
                changed = True
    return changed


def _clear(place: Workspace, records: str, id: str) -> None:
    removed = trash.read(records, id)
    if removed is None:  # the record comes first and goes last: nothing else was done, or all of it
        trash.forget(records, id)
    elif trash.is_emptying(records, id):
        drop_anchors(place, removed)
        trash.forget(records, id)
    elif trash.is_restoring(records, id):
        _finish_bringing_back(place, removed)
    elif undo(place, removed):
        _tell(place, "worktree-removal-undone", removed)
    else:
        _tell(place, "worktree-removed", removed)


def _finish_bringing_back(place: Workspace, removed: Removed) -> None:
    """Complete a restoration. Where the worktree was back already, or somebody ended it since, it is its owner's again."""
    in_trash = is_in_trash(place, removed)
    if in_trash and bring_back(place, removed) is not None:
        return
    registered = registration.of(place.repository.common_dir, removed.path)
    if registered is not None and (in_trash or registration.lock_of(registered) == REMOVAL_REASON):
        attach(place, removed, in_trash)
    done_bringing_back(place, removed)
    _tell(place, "worktree-restored", removed)


def is_in_trash(place: Workspace, removed: Removed) -> bool:
    """True while anything of a removed worktree waits in the trash."""
    kept = os.path.isdir(trash.registration(place.state(TRASH), removed.id))
    return kept or bool(removed.folder and os.path.isdir(removed.folder))


def stay_in_trash(place: Workspace, removed: Removed) -> None:
    """Take back a restoration that could not be: what is not where it was, waits in the trash again."""
    kept, registered = trash.registration(place.state(TRASH), removed.id), _registered(place, removed)
    in_trash = not removed.folder or os.path.isdir(removed.folder)
    if in_trash and not os.path.isdir(kept) and registration.lock_of(registered) == REMOVAL_REASON:
        os.rename(registered, kept)
    if in_trash:
        trash.end_restoring(place.state(TRASH), removed.id)


def attach(place: Workspace, removed: Removed, moves: bool = True) -> str:
    """Put a restored worktree on its branch, as far as that is what it was; what is different now, in words.

    A branch that is gone is made again where it was; one that moved on, or is checked out elsewhere, is left alone: then the
    worktree stands on its commit and on no branch, unless nothing `moves` any more because its owner may have.
    """
    if removed.branch is None or not removed.head:
        return ""
    name, git = refs.HEADS + removed.branch, git_of(place)
    now = refs.read(git, name).get(name)
    elsewhere = _checked_out(git, removed)
    if now is None and elsewhere is None:
        said = _branch_again(place, git, removed, name)
        if said is None:
            return f"branch {removed.branch} was gone, and is there again"
        why = f"cannot be made again ({said})"
    elif now == removed.head and elsewhere is None:
        return ""
    else:
        why = f"is checked out in {elsewhere}" if elsewhere is not None else "has moved on"
    if not moves or not os.path.isdir(removed.path):
        return f"branch {removed.branch} {why}"
    Git(removed.path, place.environment).run(
        "update-ref", "-m", "holdfast: restored", "--no-deref", "HEAD", removed.head
    )
    return f"branch {removed.branch} {why}: the worktree stands on {removed.head[:9]}, where it was, and on no branch"


def _branch_again(place: Workspace, git: Git, removed: Removed, name: str) -> str | None:
    """Make a deleted branch again, with its configuration and its reflog; None when it is there, else what git said."""
    settings, reflog = trash.kept_branch(place.state(TRASH), removed.id)
    said = refs.transact(git, [Update(name, removed.head, None)], "holdfast: worktree restored")
    if said is not None:
        return said.splitlines()[-1].removeprefix("fatal: ")
    for key, value in settings.items():
        git.attempt("config", "--local", key, value)
    log = os.path.join(place.repository.common_dir, "logs", *name.split("/"))
    if reflog and os.path.isfile(log):
        files.put(log, files.State(reflog))
    return None


def drop_anchors(place: Workspace, removed: Removed) -> None:
    """Let go of what was kept for a removed worktree."""
    git = git_of(place)
    held = refs.read(git, removed.anchors)
    if held:
        refs.transact(git, [Update(name, None, oid) for name, oid in held.items()], "holdfast: no longer in the trash")


def _anchor(place: Workspace, one: Condition, removed: Removed, registered: str) -> str | None:
    """Keep what only this worktree holds from `git gc`: its commit, a commit of its index, and what its reflog names."""
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


def _unhold(registered: str) -> None:
    """Take our lock off a worktree that is whole again, and what a killed process left of writing it."""
    if registration.lock_of(registered) == REMOVAL_REASON:
        registration.release(registered)
    registration.sweep(registered)


def _checked_out(git: Git, removed: Removed) -> str | None:
    """The worktree, but for the restored one, that stands on its branch."""
    mine = os.path.realpath(removed.path)
    others = (one for one in worktrees.read(git) if one.branch == removed.branch and os.path.realpath(one.path) != mine)
    return next((one.path for one in others), None)


def _registered(place: Workspace, removed: Removed) -> str:
    return os.path.join(place.repository.common_dir, "worktrees", removed.name)


def _free(path: str) -> str:
    """A name for a registration that another worktree has not taken meanwhile, as git makes them."""
    number = 1
    while os.path.lexists(f"{path}{number}"):
        number += 1
    return f"{path}{number}"


def _unmovable(removed: Removed, why: str) -> Problem:
    return blocker("worktree-unmovable", removed.path, f"{removed.path} cannot be moved into the trash: {why}")


def _tell(place: Workspace, event: str, removed: Removed) -> None:
    journal.note(place, event, branch=removed.branch, worktree=removed.path, trash=removed.id, recovered=True)


def registered_name(place: Workspace, path: str) -> str:
    """The name under which git keeps what it knows of the worktree at a path."""
    return os.path.basename(registration.of(place.repository.common_dir, path) or "")
