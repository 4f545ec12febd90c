"""Remove every worktree that is free, clean and merged, however it was merged; its branch goes with it."""

from __future__ import annotations

import os

from holdfast.domain.value import TYPE_CHECKING
from holdfast.entrypoints import face, render

if TYPE_CHECKING:
    import argparse

    from holdfast.entrypoints.face import Face

EXAMPLE = """examples:
  holdfast clean --dry-run       what would go
  holdfast clean                 it goes to the trash"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """`clean` has no flags of its own."""


def run(face_: Face, parsed: argparse.Namespace) -> int:
    """Clean up."""
    from holdfast.entrypoints.commands.worktree import removal_fields, said
    from holdfast.usecases import clock, surroundings
    from holdfast.usecases.worktrees import clean

    place = face_.workspace()
    try:
        done = clean.clean(place, clock.now(), face_.dry_run)
    except surroundings.Refused as stop:
        return face_.refuse(stop.problems)
    refused = [problem for one in done.removals for problem in one.blockers]
    code = face.REFUSED if refused else face.DONE
    if face_.json:
        kept = [{"path": path, "reasons": list(reasons)} for path, reasons in done.kept]
        removals = [removal_fields(one, place.top) for one in done.removals]
        face_.document("clean", {"removals": removals, "kept": kept})
        return code
    for one in done.removals:
        if not one.blockers:
            said(face_, one)
    for path, reasons in done.kept:
        face_.say(render.shown(f"{os.path.relpath(path, face_.cwd)} is merged and stays: {'; '.join(reasons)}"))
    if not done.removals and not done.kept:
        face_.say("nothing to clean: no worktree is merged")
    return face_.refuse(refused) if refused else code
