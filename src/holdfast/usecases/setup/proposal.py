"""What `init` and `init --uninstall` propose: small edits, for people to read and one function to do."""

from __future__ import annotations

import os

from holdfast.adapters.files import State
from holdfast.domain.problem import ERROR, YOU, Problem, Unable
from holdfast.domain.value import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from holdfast.adapters.git import Git

# What a file is to Holdfast; the record keeps the word, and uninstalling goes by it.
SETTINGS = "settings"
INDEX = "index"
ATTRIBUTES = "attributes"
EXCLUDE = "exclude"
HOOK = "hook"
KEPT = "kept"
COPY = "copy"
CONFIG = "config"
LINES = "lines"

# Where a path starts, so that the record holds when the repository moves.
TOP = "top"
COMMON = "common"
ELSEWHERE = "elsewhere"

SECTION = "merge.holdfast-plan-index"
"""The section of git's configuration that names the merge driver."""


class Step(NamedTuple):
    """One line for people: `kind` is create, edit, remove, hook or config; `what` says it in words."""

    kind: str
    path: str
    what: str


class Place(NamedTuple):
    """A path below the worktree's top, below the common git folder, or an absolute one elsewhere."""

    base: str
    path: str


class Site(NamedTuple):
    """The worktree and the common git folder in which all of this happens; absolute paths."""

    top: str
    common: str

    def absolute(self, place: Place) -> str:
        """The absolute path of a place."""
        if place.base == ELSEWHERE:
            return place.path
        return os.path.join(self.top if place.base == TOP else self.common, place.path)

    def place(self, path: str) -> Place:
        """The place that an absolute path is; the git folder goes before the worktree that it may lie in."""
        for base, folder in ((COMMON, self.common), (TOP, self.top)):
            if path.startswith(folder.rstrip("/") + "/"):
                return Place(base, path[len(folder.rstrip("/")) + 1 :])
        return Place(ELSEWHERE, path)

    def shown(self, path: str) -> str:
        """A path as people read it: relative to the worktree where it lies inside."""
        inside = path.startswith(self.top.rstrip("/") + "/")
        return os.path.relpath(path, self.top) if inside else path

    @property
    def own(self) -> str:
        """The folder of Holdfast's own state."""
        return os.path.join(self.common, "holdfast")


class Edit(NamedTuple):
    """One file to change: what it holds now, what it shall hold, and what uninstalling needs to know.

    `lines` are the lines of ours in a shared file; `kept` is where the hook that was here before rests;
    `ours` is true when something of ours stood there already.
    """

    kind: str
    path: str
    before: State
    after: State
    ours: bool = False
    lines: tuple[str, ...] = ()
    kept: str = ""


class Proposal(NamedTuple):
    """What will be done (`steps`), what stands in the way (`blockers`) and what is good to know (`notes`).

    The rest is for `apply` and `uninstall`. Nothing to do and nothing in the way: no steps, no blockers.
    """

    steps: tuple[Step, ...] = ()
    blockers: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()
    site: Site = Site("", "")
    git: Git | None = None
    edits: tuple[Edit, ...] = ()
    settings: tuple[tuple[str, str], ...] = ()
    adopts: bool = False
    drop_section: bool = False
    folders: tuple[str, ...] = ()

    @property
    def paths(self) -> list[str]:
        """What the steps are about, as people read it, each once."""
        return list(dict.fromkeys(self.site.shown(step.path) for step in self.steps))


class ChangedError(Unable):
    """A file is not as the proposal saw it: propose again. `args[0]` is its path. Nothing was changed."""

    remedy = "run `holdfast init` again"


def refuse(code: str, subject: str, message: str, remedy: str, who: str = YOU, path: str | None = None) -> Problem:
    """A blocker: what is refused and why in `message`, the exact next command in `remedy`."""
    return Problem(code, ERROR, subject, message, remedy, who, path)


def joined(parts: Iterable[Proposal]) -> Proposal:
    """Several proposals as one, in their order."""
    every = list(parts)
    return Proposal(
        steps=tuple(step for part in every for step in part.steps),
        blockers=tuple(problem for part in every for problem in part.blockers),
        notes=tuple(dict.fromkeys(note for part in every for note in part.notes)),
        edits=tuple(edit for part in every for edit in part.edits),
        settings=tuple(pair for part in every for pair in part.settings),
        drop_section=any(part.drop_section for part in every),
    )
