"""Worktrees: who is inside, what is in them; remove one into the trash, and bring it back."""

from __future__ import annotations

import argparse
import os

from holdfast.domain.value import TYPE_CHECKING
from holdfast.entrypoints import face, render

if TYPE_CHECKING:
    from typing import Any

    from holdfast.domain.condition import Condition
    from holdfast.domain.moment import Moment
    from holdfast.entrypoints.face import Face
    from holdfast.usecases.worktrees.removal import Removal
    from holdfast.usecases.worktrees.restore import Restored

EXAMPLE = """examples:
  holdfast worktree list
  holdfast worktree remove plan-12-faster-start
  holdfast worktree restore plan-12-faster-start"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """The subcommands of `worktree`."""
    from holdfast.entrypoints.cli import SHAPE, add_common

    verbs = parser.add_subparsers(dest="verb", required=True, metavar="list|remove|restore")
    some = verbs.add_parser(
        "list", help="all worktrees, and who is inside", epilog="example: holdfast worktree list", **SHAPE
    )
    remove = verbs.add_parser(
        "remove",
        help="move one into the trash",
        epilog="example: holdfast worktree remove plan-12-faster-start",
        **SHAPE,
    )
    remove.add_argument("name", metavar="BRANCH", help="a branch, a plan's number, or the worktree's folder")
    remove.add_argument("--force", action="store_true", help="also with what is not committed: it goes along")
    remove.add_argument("--force-in-use", action="store_true", help="the same, and from under whoever is inside")
    restore = verbs.add_parser(
        "restore",
        help="bring one back from the trash",
        epilog="example: holdfast worktree restore plan-12-faster-start",
        **SHAPE,
    )
    restore.add_argument("name", metavar="BRANCH", help="a branch, an id of `trash list`, or where it was")
    for verb in (some, remove, restore):
        add_common(verb)


def run(face_: Face, parsed: argparse.Namespace) -> int:
    """Run one subcommand."""
    verbs = {"list": _list, "remove": _remove, "restore": _restore}
    return verbs[parsed.verb](face_, parsed)


def _list(face_: Face, parsed: argparse.Namespace) -> int:
    from holdfast.usecases import clock
    from holdfast.usecases.worktrees import listing

    place = face_.workspace()
    now = clock.now()
    found = listing.listed(place, now)
    if face_.json:
        face_.document("worktree.list", {"worktrees": [fields(one) for one in found]})
        return face.DONE
    face_.data(render.lines(face_.columns([_row(face_, one, now) for one in found], yields=0)))
    return face.DONE


def fields(one: Condition) -> dict[str, Any]:
    """A worktree as JSON."""
    from holdfast.entrypoints.commands.claims import occupant_fields

    tree, contents = one.worktree, one.contents
    return {
        "path": tree.path,
        "branch": tree.branch,
        "main": tree.main,
        "occupancy": one.occupancy.verdict,
        "occupants": [occupant_fields(who) for who in one.occupancy.occupants],
        "dirty": len(contents.changed) + len(contents.unmerged),
        "untracked": len(contents.untracked),
        "ignored": len(contents.ignored),
        "operation": one.operation,
        "locked": tree.locked,
        "reasons": list(one.reasons),
    }


def _row(face_: Face, one: Condition, now: Moment) -> tuple[str, ...]:
    contents = one.contents
    counts = (
        (len(contents.changed), "changed"), (len(contents.unmerged), "unmerged"), (len(contents.untracked), "untracked"),
        (len(contents.ignored), "ignored"),
    )  # fmt: skip
    what = ", ".join(f"{count} {word}" for count, word in counts if count) or "clean"
    name = one.worktree.branch or (one.worktree.head or "")[:9]
    path = os.path.relpath(one.worktree.path, face_.cwd)
    return path, name, one.occupancy.verdict, what, "; ".join(one.reasons)


def _remove(face_: Face, parsed: argparse.Namespace) -> int:
    from holdfast.domain.removal import Force
    from holdfast.usecases import clock
    from holdfast.usecases.worktrees import removal

    place = face_.workspace()
    force = Force(parsed.force or parsed.force_in_use, parsed.force_in_use)
    path = os.path.normpath(os.path.join(face_.cwd, parsed.name))
    done = removal.remove(place, parsed.name, path, clock.now(), force, face_.dry_run)
    code = face.REFUSED if done.blockers else face.DONE
    if face_.json:
        face_.document("worktree.remove", removal_fields(done, place.top))
        return code
    if done.blockers:
        return face_.refuse(done.blockers)
    said(face_, done)
    return code


def removal_fields(done: Removal, top: str) -> dict[str, Any]:
    """A removal as JSON."""
    from holdfast.domain.moment import iso

    removed = done.removed
    return {
        "result": done.result,
        "branch": done.branch,
        "branch_outcome": done.outcome,
        "path": removed.path if removed is not None else None,
        "trash": removed.id if removed is not None else None,
        "restore_until": iso(done.until) if done.until is not None else None,
        "notes": list(done.notes),
        "blockers": [face.problem_fields(one, top) for one in done.blockers],
    }


def said(face_: Face, done: Removal) -> None:
    """Tell what was removed, what went along, what became of the branch, and the way back."""
    from holdfast.domain.moment import iso

    assert done.removed is not None and done.until is not None
    path = os.path.relpath(done.removed.path, face_.cwd)
    if face_.dry_run:
        face_.say(render.shown(f"would remove the worktree {path}"))
    else:
        face_.say(render.shown(f"removed the worktree {path}"))
    for note in done.notes:
        face_.say(render.shown(f"  {note}"))
    if not face_.dry_run:
        from shlex import quote

        name = done.removed.branch or done.removed.id
        until = iso(done.until)[:10]
        face_.say(render.shown(f"  `holdfast worktree restore {quote(name)}` brings it back, until {until}"))


def _restore(face_: Face, parsed: argparse.Namespace) -> int:
    from holdfast.usecases.worktrees import restore

    place = face_.workspace()
    done = restore.restore(place, parsed.name, os.path.normpath(os.path.join(face_.cwd, parsed.name)), face_.dry_run)
    code = face.REFUSED if done.blockers else face.DONE
    if face_.json:
        face_.document("worktree.restore", _restored_fields(done, place.top))
        return code
    if done.blockers:
        return face_.refuse(done.blockers)
    assert done.removed is not None
    would = "would restore" if face_.dry_run else "restored"
    face_.say(render.shown(f"{would} the worktree {os.path.relpath(done.removed.path, face_.cwd)}"))
    for note in done.notes:
        face_.say(render.shown(f"  {note}"))
    return code


def _restored_fields(done: Restored, top: str) -> dict[str, Any]:
    removed = done.removed
    return {
        "result": done.result,
        "branch": removed.branch if removed is not None else None,
        "path": removed.path if removed is not None else None,
        "notes": list(done.notes),
        "blockers": [face.problem_fields(one, top) for one in done.blockers],
    }
