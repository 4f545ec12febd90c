"""What waits in the trash: removed worktrees, how big they are, and until when they can be restored."""

from __future__ import annotations

import argparse
import os

from holdfast.domain.value import TYPE_CHECKING
from holdfast.entrypoints import face, render

if TYPE_CHECKING:
    from typing import Any

    from holdfast.domain.policy import TrashPolicy
    from holdfast.domain.trash import Waiting
    from holdfast.entrypoints.face import Face
    from holdfast.usecases.workspace import Workspace

EXAMPLE = """examples:
  holdfast trash list
  holdfast trash empty --expired   what waited long enough, or is too much
  holdfast trash empty             everything: nothing comes back after that

How long and how much: `trash.days` and `trash.megabytes` in holdfast.toml.
What has waited long enough also goes by itself, when something else is removed."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """The subcommands of `trash`."""
    from holdfast.entrypoints.cli import SHAPE, add_common

    verbs = parser.add_subparsers(dest="verb", required=True, metavar="list|empty")
    some = verbs.add_parser("list", help="what waits", epilog="example: holdfast trash list", **SHAPE)
    empty = verbs.add_parser(
        "empty", help="delete it for good", epilog="example: holdfast trash empty --expired", **SHAPE
    )
    empty.add_argument("--expired", action="store_true", help="only what has waited long enough, or is too much")
    for verb in (some, empty):
        add_common(verb)


def run(face_: Face, parsed: argparse.Namespace) -> int:
    """Run one subcommand."""
    place = face_.workspace()
    return _list(face_, place) if parsed.verb == "list" else _empty(face_, place, parsed)


def _list(face_: Face, place: Workspace) -> int:
    from holdfast.domain.moment import iso
    from holdfast.domain.trash import size_in_words
    from holdfast.usecases.worktrees import trash

    found = trash.waiting(place)
    if face_.json:
        shown = [fields(one, found.policy) for one in found.waiting]
        face_.document("trash.list", {"waiting": shown, "size": found.size})
        return face.DONE
    rows = [
        (
            one.removed.branch or one.removed.head[:9],
            size_in_words(one.size or 0),
            f"until {iso(one.removed.until(found.policy))[:10]}",
            one.removed.id,
            os.path.relpath(one.removed.path, face_.cwd),
        )
        for one in found.waiting
    ]
    face_.data(render.lines(face_.columns(rows, yields=0)))
    count = len(found.waiting)
    face_.say(f"{count} removed worktree{'' if count == 1 else 's'}, {size_in_words(found.size)}")
    return face.DONE


def fields(one: Waiting, policy: TrashPolicy) -> dict[str, Any]:
    """What waits as JSON; the size is in bytes."""
    from holdfast.domain.moment import iso

    removed = one.removed
    return {
        "id": removed.id,
        "branch": removed.branch,
        "path": removed.path,
        "commit": removed.head or None,
        "branch_outcome": removed.outcome or None,
        "removed_at": iso(removed.at),
        "removed_by": removed.by,
        "restore_until": iso(removed.until(policy)),
        "size": one.size,
        "folder": removed.folder or None,
    }


def _empty(face_: Face, place: Workspace, parsed: argparse.Namespace) -> int:
    from holdfast.domain.trash import size_in_words
    from holdfast.usecases import clock
    from holdfast.usecases.worktrees import trash

    if face_.interactive and not face_.dry_run and not parsed.expired:
        found = trash.waiting(place)
        what = f"{len(found.waiting)} removed worktrees, {size_in_words(found.size)}"
        if found.waiting and not face_.ask(f"Delete {what} for good?"):
            face_.say("nothing was deleted")
            return face.REFUSED
    done = trash.empty(place, clock.now(), parsed.expired, face_.dry_run)
    code = face.REFUSED if done.kept else face.DONE
    freed = sum(one.size or 0 for one in done.gone)
    if face_.json:
        kept = [{"id": one.removed.id, "reason": why} for one, why in done.kept]
        gone = [one.removed.id for one in done.gone]
        face_.document("trash.empty", {"deleted": gone, "kept": kept, "freed": freed})
        return code
    for one, why in done.kept:
        name = one.removed.branch or one.removed.id
        face_.complain(f"{name} stays in the trash", why, "end that, then run it again")
    would = "would delete" if face_.dry_run else "deleted"
    face_.say(f"{would} {len(done.gone)} removed worktree{'' if len(done.gone) == 1 else 's'}, {size_in_words(freed)}")
    return code
