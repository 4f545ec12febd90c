"""`guide --write` and `guide --check`: what its files hold, what they shall hold, and how they come to it."""

from __future__ import annotations

import contextlib
import os

from holdfast.adapters import files
from holdfast.adapters.files import State
from holdfast.adapters.git import decode, encode
from holdfast.domain import guide
from holdfast.domain.guide import AGENTS, BLOCKS, CLAUDE, IMPORT
from holdfast.domain.policy import GUIDE
from holdfast.domain.problem import ERROR, Problem, Unable
from holdfast.domain.rules.catalogue import BY_CODE
from holdfast.domain.value import TYPE_CHECKING, NamedTuple
from holdfast.usecases import journal
from holdfast.usecases.guide import texts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from holdfast.usecases.workspace import Workspace


class Spot(NamedTuple):
    """A file of the guide: its path in the repository, the file behind that (a symlink is followed), what is there."""

    path: str
    real: str
    state: State

    @property
    def text(self) -> str:
        """What stands in it, nothing for no file."""
        return decode(self.state.content or b"")


class Step(NamedTuple):
    """One file to change: the rule that wants it, what is done in words, what it holds and what it shall hold."""

    code: str
    path: str
    what: str
    real: str
    before: State
    after: State

    @property
    def kind(self) -> str:
        """`create` or `edit`."""
        return "edit" if self.before.exists else "create"


class Proposal(NamedTuple):
    """What will be done, what stands in the way, and what is good to know."""

    place: Workspace
    steps: tuple[Step, ...]
    blockers: tuple[Problem, ...]
    notes: tuple[str, ...]

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is not as it should be, in the words of the rules; all of it of error level."""
        wanted = (_problem(step.code, step.path, _MISSES[step.code].format(step.path)) for step in self.steps)
        return (*self.blockers, *wanted)


class ChangedError(Unable):
    """A file is not as the proposal saw it; nothing was changed."""

    remedy = "run it again"


def propose(place: Workspace) -> Proposal:
    """How the guide comes into this worktree, or is brought up to date; nothing is changed yet."""
    seen = {path: _spot(place.top, path) for path in GUIDE}
    blockers = [one for one in seen.values() if isinstance(one, Problem)]
    # Where CLAUDE.md and AGENTS.md are one file under two names, that one is AGENTS.md, and is written once.
    spots = {one.real: one for one in seen.values() if isinstance(one, Spot)}
    ours = texts.ours()
    steps: list[Step] = []
    notes: list[str] = []
    for spot in spots.values():
        try:
            made = _wanted(spot, ours.of(spot.path))
        except guide.Broken as broken:
            message = f"the guide in {spot.path} has {broken.args[0]}"
            blockers.append(_problem("guide-broken", spot.path, message, broken.args[1]))
            continue
        if isinstance(made, str):
            notes += [made] if made else []
        else:
            steps.append(made)
    return Proposal(place, tuple(steps), tuple(blockers), tuple(notes))


def apply(proposal: Proposal) -> tuple[Step, ...]:
    """Do what was proposed; all of it or, after an error, none of it. The steps done.

    Raises `ChangedError` when a file is not as it was seen, and what the disk raises.
    """
    if proposal.blockers or not proposal.steps:
        return ()
    for step in proposal.steps:
        if not files.state(step.real).same(step.before):
            raise ChangedError(f"{step.path} has changed meanwhile")
    done: list[Step] = []
    try:
        for step in proposal.steps:
            done.append(step)
            files.put(step.real, step.after)
    except BaseException:
        _take_back(done)
        raise
    journal.here(proposal.place, "guide", paths=[step.path for step in done])
    return proposal.steps


def _take_back(done: Sequence[Step]) -> None:
    for step in reversed(done):
        with contextlib.suppress(OSError):  # what cannot be put back keeps nothing else from being
            files.put(step.real, step.before)


def _spot(top: str, path: str) -> Spot | Problem:
    """What stands where a part of the guide belongs, or why nothing can be written there."""
    real = os.path.realpath(os.path.join(top, path))
    inside = os.path.realpath(top)
    if os.path.commonpath((real, inside)) != inside or os.path.relpath(real, inside).split(os.sep)[0] == ".git":
        return _problem("guide-file", path, f"{path} leads out of the repository, to {real}")
    above = os.path.dirname(real)
    while not os.path.lexists(above):
        above = os.path.dirname(above)
    if not os.path.isdir(above):
        return _problem("guide-file", path, f"{os.path.relpath(above, inside)} is no folder, so {path} cannot be there")
    try:
        state = files.state(real)
    except files.NotAFileError:
        return _problem("guide-file", path, f"{path} is no regular file")
    if state.link is not None:
        return _problem("guide-file", path, f"{path} is a symlink that leads nowhere")
    if path in BLOCKS and not _is_utf8(state.content or b""):
        return _problem("guide-file", path, f"{path} is not valid UTF-8")
    return Spot(path, real, state)


def _wanted(spot: Spot, ours: str) -> Step | str:
    """The step that a file needs; else a note, empty where the file is as it should be. `Broken` as the guide says."""
    part = guide.found(spot.text, spot.path)
    if part is None:
        return _new(spot, ours)
    judged = guide.judged(part, ours)
    if judged == guide.NEWER:
        return f"the guide in {spot.path} was written by a newer Holdfast, and stays"
    if judged == guide.CURRENT:
        return ""
    code, why = _WHY[judged]
    return _step(
        spot, code, f"write the guide in {spot.path} again: it {why}", guide.placed(spot.text, spot.path, ours)
    )


def _new(spot: Spot, ours: str) -> Step | str:
    """How the guide comes into a file that has nothing of it."""
    if spot.path not in BLOCKS and spot.state.exists:
        return f"{spot.path} is your own, and stays; `holdfast explain CODE` says what that page would"
    if spot.path == CLAUDE and guide.imports_agents(spot.text):
        return ""
    if spot.path == CLAUDE and not spot.state.exists:
        # Claude Code reads CLAUDE.md alone. One line there shows it all of AGENTS.md, the project's own words too, and
        # nothing stands twice.
        return _step(spot, "guide-missing", f"write {CLAUDE}, which takes in {AGENTS}", IMPORT + "\n")
    what = f"write {spot.path}" if not spot.state.exists else f"add the guide to {spot.path}, at its end"
    return _step(spot, "guide-missing", what, guide.placed(spot.text, spot.path, ours))


def _step(spot: Spot, code: str, what: str, text: str) -> Step:
    return Step(code, spot.path, what, spot.real, spot.state, State(encode(text), spot.state.mode))


_WHY = {
    guide.EDITED: ("guide-edited", "was edited by hand"),
    guide.OLD: ("guide-outdated", "is not what this version of Holdfast writes"),
}
_MISSES = {
    "guide-missing": "the guide is not in {}",
    **{code: f"the guide in {{}} {why}" for code, why in _WHY.values()},
}


def _problem(code: str, path: str, message: str, line: int | None = None) -> Problem:
    rule = BY_CODE[code]
    column = 1 if line is not None else None
    return Problem(code, ERROR, path, message, rule.remedy, rule.who, path, line, column)


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True
