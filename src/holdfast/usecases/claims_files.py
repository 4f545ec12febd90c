"""Hand-kept claims files as they stand: in this worktree and in each other one, on disk and in git's index."""

from __future__ import annotations

import os
import shlex
import stat

from holdfast.adapters import files
from holdfast.adapters.git import Git, decode
from holdfast.domain import claims_file
from holdfast.domain.claims_file import PATHS, Reading
from holdfast.domain.value import TYPE_CHECKING, NamedTuple
from holdfast.domain.yaml_nodes import LARGEST

if TYPE_CHECKING:
    from collections.abc import Iterator

    from holdfast.adapters.git import Entry
    from holdfast.usecases.workspace import Workspace


class Spot(NamedTuple):
    """Where a claims file can stand: `relative` below the top of a worktree; `path` is what it is called here.

    That is the same in this worktree, and absolute in another one.
    """

    top: str
    relative: str
    path: str
    kind: str

    @property
    def here(self) -> bool:
        """True in the worktree that we stand in."""
        return self.path == self.relative


class Standing(NamedTuple):
    """A claims file that is there, what it says, and what git's index of its worktree holds of it."""

    spot: Spot
    reading: Reading
    tracked: tuple[Entry, ...]


def standing(place: Workspace) -> list[Standing]:
    """All claims files that are there: both of this worktree, and the claim of each other one."""
    spots = [Spot(place.top, relative, relative, kind) for relative, kind in PATHS.items()]
    for top in _other_worktrees(place):
        spots += [
            Spot(top, relative, os.path.join(top, relative), kind)
            for relative, kind in PATHS.items()
            if kind == claims_file.CLAIM
        ]
    return [found for spot in spots if (found := _look(place, spot)) is not None]


def _other_worktrees(place: Workspace) -> Iterator[str]:
    here = os.path.realpath(place.top)
    for block in decode(place.git.run("worktree", "list", "--porcelain", "-z")).split("\0\0"):
        top = block.partition("\0")[0].removeprefix("worktree ")
        if top and os.access(top, os.X_OK) and os.path.realpath(top) != here:
            yield top


def _look(place: Workspace, spot: Spot) -> Standing | None:
    """What stands at one place; None where nothing does."""
    git = place.git if spot.here else Git(spot.top, place.environment)
    code, unmerged, _ = git.attempt("--literal-pathspecs", "ls-files", "-u", "-z", "--", spot.relative)
    tracked = tuple(git.staged([spot.relative])) if code == 0 else ()  # git's part of a worktree can be gone
    if unmerged:
        message = f"git's index holds the sides of a conflict of {spot.path}"
        remedy = f"resolve the conflict, `git add {shlex.quote(spot.path)}`, then run `holdfast migrate`"
        return _refused("claims-file-unmerged", spot, tracked, message, remedy)
    path = os.path.join(spot.top, spot.relative)
    wrong = _wrong(path, spot)
    if wrong is not None:
        return _refused(wrong[0], spot, tracked, wrong[1])
    content = files.read_regular(path, LARGEST)
    if content is None and os.path.lexists(path):
        return _refused("claims-file-no-file", spot, tracked, f"{spot.path} may not be read")
    if content is None and tracked:  # not on disk: what git holds is what there is
        content = git.run("cat-file", "blob", tracked[0].oid)
    return Standing(spot, claims_file.read(content, spot.kind, spot.path), tracked) if content is not None else None


def _wrong(path: str, spot: Spot) -> tuple[str, str] | None:
    """The code and the sentence that say why what stands at a path cannot be read, or None."""
    folder = os.path.join(os.path.realpath(spot.top), os.path.dirname(spot.relative)).rstrip("/")
    try:
        found = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        return "claims-file-no-file", f"{spot.path} cannot be read: {error.strerror}"
    if stat.S_ISLNK(found.st_mode) or os.path.realpath(os.path.dirname(path)) != folder:
        return "claims-file-no-file", f"{spot.path} is a symlink, or stands behind one"
    if not stat.S_ISREG(found.st_mode):
        return "claims-file-no-file", f"{spot.path} is no regular file"
    if found.st_size > LARGEST:
        return "claims-file-large", f"{spot.path} holds {found.st_size:,} bytes, more than {LARGEST:,}"
    return None


def _refused(code: str, spot: Spot, tracked: tuple[Entry, ...], message: str, remedy: str = "") -> Standing:
    remedy = remedy or f"put a claims file there or remove {shlex.quote(spot.path)}, then run `holdfast migrate`"
    return Standing(spot, Reading((), (claims_file.refuse(code, spot.path, 1, spot.kind, message, remedy),)), tracked)
