"""May this worktree be removed: all that speaks against it, at once. What is removed can be restored, and blocks all the same."""

from __future__ import annotations

from shlex import quote

from holdfast.domain.blockers import blocker
from holdfast.domain.condition import AWAY, BROKEN, GONE, commits, named
from holdfast.domain.occupancy import IN_USE, UNKNOWN
from holdfast.domain.value import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from holdfast.domain.condition import Condition
    from holdfast.domain.problem import Problem

DELETED, KEPT, RACED = "deleted", "kept", "raced"
OUTCOMES = (DELETED, KEPT, RACED)
"""What became of a removed worktree's branch: gone, still there, or moved by somebody in that very moment and left alone."""


class Force(NamedTuple):
    """What the caller takes upon himself: `dirt` that is not committed, and somebody who is `inside`."""

    dirt: bool = False
    inside: bool = False


def blockers(one: Condition, force: Force) -> list[Problem]:
    """Why the worktree cannot be removed now."""
    if one.worktree.main:
        path = one.worktree.path
        return [blocker("worktree-main", path, f"{path} is the main worktree")]
    found = [*_people(one, force), *_place(one)]
    if one.where not in (AWAY, BROKEN):
        found += [*_dirt(one, force), *_never(one)]
    return found


def command(one: Condition, *flags: str) -> str:
    """The command that removes the worktree."""
    name = one.worktree.branch or one.worktree.path
    return " ".join(["holdfast worktree remove", quote(name), *flags])


def _people(one: Condition, force: Force) -> Iterator[Problem]:
    path, occupancy = one.worktree.path, one.occupancy
    if force.inside:
        return
    if one.caller:
        yield blocker("worktree-caller-inside", path, f"this command was started in {path}")
    if occupancy.verdict == IN_USE:
        yield blocker("worktree-in-use", path, f"{path} is in use by {'; '.join(occupancy.reasons)}")
    elif occupancy.verdict == UNKNOWN:
        yield blocker("worktree-unknown-use", path, f"who is in {path} cannot be told: {'; '.join(occupancy.reasons)}")


def _place(one: Condition) -> Iterator[Problem]:
    path = one.worktree.path
    if one.locked is not None:
        reason = one.locked or "no reason given"
        remedy = f"ask whoever locked it; then `git worktree unlock {quote(path)}`"
        yield blocker("worktree-locked", path, f"{path} is locked: {reason}", remedy)
    if one.where == AWAY:
        yield blocker("worktree-away", path, f"{path} is not there, and neither is the folder that it was in")
    if one.where == BROKEN:
        remedy = f"`git worktree repair {quote(path)}`, then run it again"
        yield blocker("worktree-broken", path, f"{path} is broken: {one.why}", remedy)
    if one.nested:
        yield blocker("worktree-nested", path, f"{path} holds other worktrees: {named(one.nested)}")


def _dirt(one: Condition, force: Force) -> Iterator[Problem]:
    path, contents = one.worktree.path, one.contents
    if force.dirt:
        return
    if one.where == GONE:
        message = f"{path} is not there: deleted by hand, or only moved"
        remedy = f"`git worktree repair NEW-PLACE` where it was moved; `{command(one, '--force')}` lets git forget it"
        yield blocker("worktree-gone", path, message, remedy)
    anyway = f"or `{command(one, '--force')}`: `worktree restore` brings it back"
    if contents.changed:
        count = len(contents.changed)
        what = "a changed file that is" if count == 1 else f"{count} changed files that are"
        message = f"{path} holds {what} not committed: {named(contents.changed)}"
        yield blocker("worktree-dirty", path, message, f"commit them there; {anyway}")
    if contents.untracked:
        message = f"{path} holds what git does not know: {named(contents.untracked)}"
        yield blocker("worktree-untracked", path, message, f"commit or move it; {anyway}")
    if one.operation is not None:
        message = f"{one.operation} is under way in {path}"
        yield blocker("worktree-busy", path, message, f"finish or abort it (`git status` says how); {anyway}")
    if one.own_commits:
        message = f"{path} has {commits(one.own_commits)} that nothing but its HEAD holds"
        make = f"`git -C {quote(path)} branch NAME` keeps them"
        yield blocker("worktree-own-commits", path, message, f"{make}; {anyway}")


def _never(one: Condition) -> Iterator[Problem]:
    """What no flag allows: it could not be brought back as it was."""
    path = one.worktree.path
    if one.contents.unmerged:
        message = f"{path} holds conflicts that are not resolved: {named(one.contents.unmerged)}"
        yield blocker("worktree-unmerged", path, message)
    if one.unmovable:
        yield blocker("worktree-unmovable", path, f"{path} cannot be moved into the trash: {one.unmovable}")
    if one.submodules:
        yield blocker("worktree-submodules", path, f"{path} holds submodules")
