"""One screen: what needs attention, where you are, what is next, what is ready, who works on what, what happened last."""

from __future__ import annotations

import os
import sys

from holdfast.domain.value import TYPE_CHECKING
from holdfast.entrypoints import face

if TYPE_CHECKING:
    import argparse

    from holdfast.entrypoints.face import Face
    from holdfast.usecases.status import Status

EXAMPLE = """examples:
  holdfast status
  holdfast status --watch        redrawn when git or Holdfast did something; Ctrl-C ends it
  holdfast status --json         at most 4 KB, yours first; --all for everything

Colour where `rich` is installed beside Holdfast (its extra `rich`) and a terminal shows it; NO_COLOR turns it off."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of `status`."""
    parser.add_argument("--watch", action="store_true", help="draw it again when something changes, until Ctrl-C")
    parser.add_argument("--all", action="store_true", help="everything, however long it is")


def run(face_: Face, parsed: argparse.Namespace) -> int:
    """Look once, or until nobody looks any more."""
    from holdfast.usecases import surroundings

    asked = surroundings.ask(face_.cwd, face_.environment) if not parsed.watch else None
    from holdfast.usecases import clock, status, workspace

    place = workspace.at(face_.cwd, face_.environment)
    if parsed.watch:
        from holdfast.entrypoints import watch

        return watch.run(face_, place, parsed.all)
    show(face_, status.observe(place, os.environ, clock.now(), asked=asked), parsed.all)
    return face.DONE


def show(face_: Face, found: Status, every: bool) -> None:
    """The status as text or as a document."""
    if face_.json:
        from holdfast.entrypoints.status_document import document

        face_.document("status", document(found, every))
        return
    from holdfast.entrypoints import paint, screen

    drawn = screen.lines(found, face_.cwd, face_.width, None if every else face_.height)
    paint.show(sys.stdout, drawn, face_.environment)
