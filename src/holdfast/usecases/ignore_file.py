"""Lines of ours in `.gitignore`: added once, staged only where nothing of its owner would be staged with them."""

from __future__ import annotations

import os

from holdfast.adapters import files
from holdfast.adapters.git import decode, encode
from holdfast.domain.takeover import with_lines
from holdfast.domain.value import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from holdfast.adapters.files import State
    from holdfast.adapters.git import Entry, Git
    from holdfast.usecases.workspace import Workspace

NAME = ".gitignore"


class Ignoring(NamedTuple):
    """What `.gitignore` holds and shall hold, the lines that this adds, and what git's index holds of it.

    `staged` is what git's index has for it; `stages` is true where the whole file is to be staged, because nothing in it
    but lines of ours is unstaged. Nothing to do: `lines` are empty and `stages` is false.
    """

    before: State
    after: State
    lines: tuple[str, ...]
    staged: Entry | None
    stages: bool


class NotRegular(Exception):
    """No regular file stands where `.gitignore` is."""


def propose(place: Workspace, paths: Iterable[str], ours: Iterable[str]) -> Ignoring:
    """How git comes to ignore `paths`; `ours` are all paths for which a line may have been added before.

    `NotRegular` where a symlink, a folder or a device stands there.
    """
    before = _state(os.path.join(place.top, NAME))
    text = decode(before.content or b"")
    wanted = [_line(path) for path in paths if not _ignored(place.git, path)]
    after = with_lines(text, wanted)
    staged = next(iter(place.git.staged([NAME])), None)
    left = _left_unstaged(place.git, before, staged, [_line(path) for path in ours])
    return Ignoring(
        before,
        files.State(encode(after), before.mode) if after != text else before,
        tuple(line for line in wanted if line not in _lines(text)),
        staged,
        left is not None and (left or after != text),
    )


def write(place: Workspace, ignoring: Ignoring) -> None:
    """Put the lines into the file of the working tree."""
    if ignoring.lines:
        files.put(os.path.join(place.top, NAME), ignoring.after, durable=True)


def blob(place: Workspace) -> str:
    """The id of a stored blob that is `.gitignore` as `git add` would stage it."""
    return decode(place.git.run("hash-object", "-w", "--", NAME)).strip()


def _line(path: str) -> str:
    return "/" + path


def _lines(text: str) -> set[str]:
    return {line.removesuffix("\r") for line in text.split("\n")}


def _state(path: str) -> State:
    try:
        found = files.state(path)
    except files.NotAFileError as error:
        raise NotRegular(path) from error
    if found.link is not None:
        raise NotRegular(path)
    return found


def _ignored(git: Git, path: str) -> bool:
    # Without --no-index git calls no tracked file ignored.
    return git.attempt("check-ignore", "--quiet", "--no-index", "--", path)[0] == 0


def _left_unstaged(git: Git, now: State, staged: Entry | None, ours: list[str]) -> bool | None:
    """True when lines of ours are all that is unstaged (a run was killed), false when nothing is, None for anything else."""
    if now.content is None:
        return False if staged is None else None
    before = ""
    if staged is not None:
        if decode(git.run("hash-object", f"--path={NAME}", "--stdin", data=now.content)).strip() == staged.oid:
            return False
        before = decode(git.run("cat-file", "--filters", f"--path={NAME}", staged.oid))
    text = decode(now.content)
    added = [line for line in ours if line in _lines(text) - _lines(before)]
    return True if added and with_lines(before, added) == text else None
