"""The main branch of this clone moves on: its files first where it is checked out, then the branch, or neither."""

from __future__ import annotations

import contextlib
from shlex import quote

from holdfast.adapters import checkout, locks, merging, refs, registration
from holdfast.adapters.git import Git
from holdfast.adapters.refs import HEADS, Update
from holdfast.domain.condition import named
from holdfast.domain.value import TYPE_CHECKING, NamedTuple
from holdfast.usecases import marks, surroundings
from holdfast.usecases.finish.outcome import DONE, FAILED, KEPT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from holdfast.adapters.intents import Intent
    from holdfast.domain.snapshot import Worktree
    from holdfast.usecases.surroundings import Ground
    from holdfast.usecases.workspace import Workspace

LOCK = "main.lock"
"""The lock of whoever moves the main branch of this clone, and the files where it is checked out."""


class Move(NamedTuple):
    """A branch that is to move from one commit to another."""

    branch: str
    old: str
    new: str


@contextlib.contextmanager
def ahead(place: Workspace, tree: Worktree | None, move: Move, intent: Intent) -> Iterator[str | None]:
    """The files of a branch, where it is checked out, moved ahead of it for the block; taken back if it did not follow.

    Says what is in the way. A mark lets the commit gate refuse commits there meanwhile.
    """
    if tree is None:
        yield None
        return
    git, git_dir = Git(tree.path, place.environment), git_dir_of(place, tree)
    intent.note(staged=tree.path, staged_from=move.old, staged_to=move.new)
    marks.ahead(git_dir, intent.path)
    said = checkout.forward(git, move.old, move.new)
    try:
        yield said
    finally:
        if refs.read(git, HEADS + move.branch).get(HEADS + move.branch) == move.old:
            checkout.back(git, move.old, move.new)
        marks.not_ahead(git_dir)
        intent.note(staged="")


def git_dir_of(place: Workspace, tree: Worktree) -> str:
    """The git folder of a worktree."""
    common = place.repository.common_dir
    return common if tree.main else registration.of(common, tree.path) or common


def bring_along(place: Workspace, main: str, commit: str, intent: Intent, note: str) -> tuple[str, str] | None:
    """Fast-forward the main branch here to a commit; how that ended and in what words, None where it holds it already."""
    with locks.held(place.state(LOCK)):
        ground = surroundings.of(place)
        here = ground.refs.get(HEADS + main)
        if here is None or here == commit or merging.holds(place.git, here, commit):
            return None
        by_hand = f"`git pull --rebase {ground.remote or ''}`".replace(" `", "`")
        if not merging.holds(place.git, commit, here):
            return KEPT, f"{main} has commits of its own here: {by_hand} there brings it along"
        return _moved(place, ground, main, here, commit, intent, note)


def _moved(
    place: Workspace, ground: Ground, main: str, here: str, commit: str, intent: Intent, note: str
) -> tuple[str, str]:
    tree = next((one for one in ground.worktrees if one.branch == main and not one.gone), None)
    git = Git(tree.path, place.environment) if tree is not None else place.git
    by_hand = f"`git -C {quote(git.cwd)} merge --ff-only {commit[:12]}` brings it along"
    under_way = operation(place, tree)
    if under_way is not None:
        return KEPT, f"{under_way} is under way in {git.cwd}: {by_hand} when that is over"
    in_the_way = checkout.in_the_way(git, here, commit) if tree is not None else ()
    if in_the_way:
        return KEPT, f"{git.cwd} holds what would be overwritten ({named(in_the_way)}): {by_hand} when that is away"
    with ahead(place, tree, Move(main, here, commit), intent) as said:
        if said is not None:
            return KEPT, f"{said.splitlines()[0].removeprefix('error: ')}: {by_hand}"
        failed = refs.transact(git, [Update(HEADS + main, commit, here)], note)
    if failed is not None:
        return FAILED, f"{failed.splitlines()[-1].removeprefix('fatal: ')}: {by_hand}"
    return DONE, f"{main} is at {commit[:9]} here" + (
        f", and so are the files in {git.cwd}" if tree is not None else ""
    )


def operation(place: Workspace, tree: Worktree | None) -> str | None:
    """What is under way in a worktree, in words."""
    return registration.operation(git_dir_of(place, tree)) if tree is not None else None
