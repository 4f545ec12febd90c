"""What every step of `migrate` gives: what it would do, how that is taken back, and what is left for people."""

from __future__ import annotations

import os
import shlex

from holdfast.adapters import files
from holdfast.adapters.files import State
from holdfast.domain.problem import Unable
from holdfast.domain.value import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from holdfast.domain.problem import Problem
    from holdfast.usecases.workspace import Workspace


class Line(NamedTuple):
    """One change in words for people; `kind` is create, edit, remove, hook, config, index or mend."""

    kind: str
    what: str


class Step(NamedTuple):
    """One step: its lines (none where nothing is to do), the commands that take it back, notes, and what is left.

    `paths` are the files from the top of the worktree that it changes and does not stage. `work` is what its room needs to
    do it; `waits` is true where the step `index` must come first.
    """

    lines: tuple[Line, ...] = ()
    undo: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    paths: tuple[str, ...] = ()
    work: Any = None
    waits: bool = False


class Writing(NamedTuple):
    """One file: its path from the top, what it holds, and what it shall hold."""

    path: str
    before: State
    after: State


class Changed(Unable):
    """A file is not as the step saw it; nothing was changed."""

    remedy = "run `holdfast migrate` again"


def write(place: Workspace, writings: Iterable[Writing]) -> None:
    """Write the files in their order; `Changed`, and nothing written, when one is not as it was seen."""
    wanted = list(writings)
    for one in wanted:
        if not files.state(os.path.join(place.top, one.path)).same(one.before):
            raise Changed(f"{one.path} has changed meanwhile")
    for one in wanted:
        files.put(os.path.join(place.top, one.path), one.after)


def unchanged(place: Workspace, paths: Iterable[str]) -> frozenset[str]:
    """Those of `paths` (from the top) whose file is as git's index holds it: only they come back with `git restore`."""
    asked = list(paths)
    if not asked:
        return frozenset()
    held = {entry.path for entry in place.git.staged(asked)}
    return frozenset(path for path in asked if path in held and _same(place, path))


def addable(place: Workspace, paths: Iterable[str]) -> tuple[str, ...]:
    """Those of `paths`, absolute ones, that `git add` takes, from the top: in this worktree, and not ignored."""
    inside = place.top.rstrip("/") + "/"
    common = place.repository.common_dir.rstrip("/") + "/"
    found = [path for path in dict.fromkeys(paths) if path.startswith(inside) and not path.startswith(common)]
    names = [os.path.relpath(path, place.top) for path in found]
    return tuple(name for name in names if place.git.attempt("check-ignore", "--quiet", "--", name)[0] != 0)


def restore(path: str) -> str:
    """The command that puts the file back which git's index holds, from any folder of the worktree."""
    return f"git restore -- {shlex.quote(':/' + path)}"


def _same(place: Workspace, path: str) -> bool:
    """True where `git restore` would write the very bytes that are there, whatever git was told to overlook or convert."""
    code, out, _ = place.git.attempt("cat-file", "--filters", f":{path}")
    return code == 0 and files.read_regular(os.path.join(place.top, path)) == out
