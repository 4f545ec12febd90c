"""A branch that may be checked out moves on: its files first, then the branch, or neither; one at a time in a clone."""

from __future__ import annotations

import contextlib
from shlex import quote

from holdfast.adapters import checkout, locks, merging, refs, registration
from holdfast.adapters.git import Git
from holdfast.adapters.refs import HEADS, Update
from holdfast.domain.condition import named
from holdfast.domain.finish import Checkout
from holdfast.domain.value import TYPE_CHECKING, NamedTuple
from holdfast.usecases import marks, surroundings
from holdfast.usecases.finish.outcome import DONE, FAILED, KEPT
from holdfast.usecases.worktrees import branch_end

if TYPE_CHECKING:
    from collections.abc import Iterator

    from holdfast.adapters.intents import Intent
    from holdfast.domain.snapshot import Worktree
    from holdfast.usecases.surroundings import Ground
    from holdfast.usecases.workspace import Workspace

LOCK = "main.lock"
"""The lock of whoever moves the main branch of this clone, and the files where it is checked out."""


class Moved(Exception):
    """The branch is not where it was when it was looked at."""


class Move(NamedTuple):
    """A branch that is to move from one commit to another."""

    branch: str
    old: str
    new: str


def look(place: Workspace, branch: str, old: str, new: str) -> Checkout | None:
    """Where a branch is checked out, and what is in the way of its move to the tree or commit `new`; None for nowhere.

    `Moved` where it is not at `old` any more. Nobody else moves it while this looks.
    """
    with locks.held(place.state(LOCK)):
        ground = surroundings.of(place)
        if ground.refs.get(HEADS + branch) != old:
            raise Moved(f"{branch} has moved")
        return _looked(place, ground, branch, old, new)


def _looked(place: Workspace, ground: Ground, branch: str, old: str, new: str) -> Checkout | None:
    trees = _trees(ground, branch)
    paused = branch_end.under_way(place, ground, branch)
    if not trees:
        return Checkout(paused.path, operation(place, paused)) if paused is not None else None
    one = trees[0]
    beside = tuple(tree.path for tree in trees[1:])
    in_the_way = checkout.in_the_way(Git(one.path, place.environment), old, new)
    return Checkout(one.path, operation(place, one), in_the_way, beside)


class Hindered(NamedTuple):
    """Why files could not move along, in words; `again` where another look may find it otherwise."""

    words: str
    again: bool = True


@contextlib.contextmanager
def ahead(place: Workspace, move: Move, intent: Intent) -> Iterator[Hindered | None]:
    """The files of a branch, where it is checked out, moved ahead of it for the block; taken back if it did not follow.

    Says what is in the way, looked at again: then nothing was moved. A mark lets the commit gate refuse commits there
    meanwhile. Whoever calls this holds the lock on the main branch.
    """
    ground = surroundings.of(place)
    if ground.refs.get(HEADS + move.branch) != move.old:
        yield Hindered(f"{move.branch} has moved")
        return
    seen = _looked(place, ground, move.branch, move.old, move.new)
    if seen is None:
        yield None
        return
    if seen.operation is not None or seen.beside or seen.in_the_way:
        yield Hindered(_hindrance(seen))
        return
    tree = _trees(ground, move.branch)[0]
    git, git_dir = Git(tree.path, place.environment), git_dir_of(place, tree)
    intent.note(staged=tree.path, staged_branch=move.branch, staged_from=move.old, staged_to=move.new)
    marks.ahead(git_dir, intent.path)
    intent.unsettled = True
    said = checkout.forward(git, move.old, move.new)
    try:
        yield Hindered(said.splitlines()[0].removeprefix("error: "), again=False) if said is not None else None
    finally:
        tip = refs.read(git, HEADS + move.branch).get(HEADS + move.branch)
        if followed(git, tip, move) or checkout.back(git, move.old, move.new) is None:
            marks.not_ahead(git_dir)
            intent.note(staged="")
            intent.unsettled = False


def followed(git: Git, tip: str | None, move: Move) -> bool:
    """True where a branch at `tip` has what its files were moved to: by the move itself, or because somebody committed it."""
    if tip is None or tip == move.old:
        return False
    return merging.holds(git, tip, move.new) or checkout.taken_over(git, tip, move.old, move.new)


def _hindrance(seen: Checkout) -> str:
    """Why the files of a branch cannot move along, in words."""
    if seen.operation is not None:
        return f"{seen.operation} is under way in {seen.path}"
    if seen.beside:
        return f"it is checked out in {seen.path} and in {', '.join(seen.beside)}"
    return f"{seen.path} holds what would be overwritten: {named(seen.in_the_way)}"


def _trees(ground: Ground, branch: str) -> list[Worktree]:
    return [one for one in ground.worktrees if one.branch == branch and not one.gone]


def git_dir_of(place: Workspace, tree: Worktree) -> str:
    """The git folder of a worktree."""
    common = place.repository.common_dir
    return common if tree.main else registration.of(common, tree.path) or common


def operation(place: Workspace, tree: Worktree | None) -> str | None:
    """What is under way in a worktree, in words."""
    return registration.operation(git_dir_of(place, tree)) if tree is not None else None


def bring_along(place: Workspace, branch: str, commit: str, intent: Intent, note: str) -> tuple[str, str] | None:
    """Fast-forward a branch here to a commit; how that ended and in what words, None where it holds it already."""
    with locks.held(place.state(LOCK)):
        ground = surroundings.of(place)
        here = ground.refs.get(HEADS + branch)
        if here is None or here == commit or merging.holds(place.git, here, commit):
            return None
        if not merging.holds(place.git, commit, here):
            pull = (
                f"`git pull --rebase {ground.remote}`" if ground.remote is not None else f"`git rebase {commit[:12]}`"
            )
            return KEPT, f"{branch} has commits of its own here: {pull} there brings it along"
        top = next((one.path for one in _trees(ground, branch)), place.top)
        by_hand = f"`git -C {quote(top)} merge --ff-only {commit[:12]}` brings it along"
        with ahead(place, Move(branch, here, commit), intent) as said:
            if said is not None:
                return KEPT, f"{branch} stays where it is: {said.words}; {by_hand}"
            git = Git(top, place.environment)
            failed = refs.transact(git, [Update(HEADS + branch, commit, here)], note)
        if failed is not None:
            return FAILED, f"{failed.splitlines()[-1].removeprefix('fatal: ')}; {by_hand}"
        along = f", and so are the files in {top}" if _trees(ground, branch) else ""
        return DONE, f"{branch} is at {commit[:9]} here{along}"
