"""The file of the plan index: written into git's index, into the working tree, and put right after partial commits."""

from __future__ import annotations

import os

from holdfast.adapters import files
from holdfast.adapters.git import decode, encode
from holdfast.domain import plan_index
from holdfast.domain.plan_set import expected_file
from holdfast.domain.value import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from holdfast.adapters.git import Git
    from holdfast.domain.plan_set import FolderState, PlanSet
    from holdfast.domain.policy import FolderPolicy


class Due(NamedTuple):
    """A plan index that is not the computed one, and the bytes that its file should have."""

    state: FolderState
    expected: bytes


def wrong(plans: PlanSet) -> list[Due]:
    """The folders whose plan index is not the computed one; those without a place for it are left out."""
    found = []
    for state in plans.folders:
        try:
            expected = expected_file(state, plans.policy)
        except plan_index.NoPlace:
            continue
        if expected is not None and expected != state.index_file and (state.summaries or state.index_file is not None):
            found.append(Due(state, expected))
    return found


def stage(git: Git, top: str, due: Due) -> None:
    """Make a plan index right in git's index and in the working tree.

    What the user changed in that file and did not stage stays in the working tree, unstaged.
    """
    path = due.state.folder.index_path
    if write_here(top, due.state, due.expected):
        git.run("--literal-pathspecs", "update-index", "--add", "--", path)
    else:
        git.stage_blob(path, _mode(git, path), git.write_blob(due.expected))


def write_here(top: str, state: FolderState, expected: bytes) -> bool:
    """Put the plan index into the file of the working tree.

    True when the file is now what git's index should hold; false when it is absent, no regular file, or
    carries changes of the user outside the plan index.
    """
    place = os.path.join(top, state.folder.index_path)
    folder = os.path.join(os.path.realpath(top), os.path.dirname(state.folder.index_path)).rstrip("/")
    if os.path.islink(place) or os.path.realpath(os.path.dirname(place)) != folder:
        return False  # a symlink leads elsewhere: nothing is written through it
    there = files.read(place)
    if there is None:
        # A file that git's index does not hold either is new; one that it holds was left out on purpose.
        if state.index_file is not None or os.path.lexists(place):
            return False
        files.put(place, files.State(expected))
        return True
    if there in (expected, state.index_file):
        if there != expected:
            _replace(place, expected)
        return True
    try:
        text = plan_index.placed(decode(there), state.computed)
    except plan_index.NoPlace:
        return False
    if encode(text) != there:
        _replace(place, encode(text))
    return _same_text(encode(text), expected)


def heal(git: Git, folder: FolderPolicy, computed: str) -> None:
    """After a partial commit: give git's index the plan index that was committed, and keep what else is staged.

    git put the entry from before the commit back; without this the next commit would revert the plan index.
    """
    path = folder.index_path
    staged, template = _staged(git, path), _staged(git, folder.template_path)
    if template is not None:
        content = encode(plan_index.from_template(decode(template), computed))
    elif staged is not None:
        try:
            content = encode(plan_index.placed(decode(staged), computed))
        except plan_index.NoPlace:
            return
    else:
        content = git.run("cat-file", "blob", f"HEAD:{path}")
    git.stage_blob(path, _mode(git, path), git.write_blob(content))
    git.refresh([path])


def _staged(git: Git, path: str) -> bytes | None:
    code, out, _ = git.attempt("cat-file", "blob", f":{path}")
    return out if code == 0 else None


def _replace(place: str, content: bytes) -> None:
    files.put(place, files.State(content, files.state(place).mode))


def _mode(git: Git, path: str) -> str:
    entries = git.staged([path])
    return entries[0].mode if entries else "100644"


def _same_text(one: bytes, other: bytes) -> bool:
    return one.replace(b"\r\n", b"\n") == other.replace(b"\r\n", b"\n")
