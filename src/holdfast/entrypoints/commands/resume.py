"""Back to work on a plan: prints where its worktree is, from the trash if need be, and how its agent goes on."""

from __future__ import annotations

from holdfast.domain.value import TYPE_CHECKING
from holdfast.entrypoints import face, render

if TYPE_CHECKING:
    import argparse

    from holdfast.entrypoints.face import Face

EXAMPLE = """examples:
  holdfast resume 12             the folder, and how its agent goes on
  cd "$(holdfast resume 12)"
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """The argument of `resume`."""
    from holdfast.entrypoints.commands.plan import plan_number

    parser.add_argument("number", metavar="N", type=plan_number, help="a plan's number")


def run(face_: Face, parsed: argparse.Namespace) -> int:
    """Find, or bring back, the worktree of a plan."""
    from holdfast.usecases import clock
    from holdfast.usecases.worktrees import resume

    place = face_.workspace()
    done = resume.resume(place, parsed.number, clock.now(), face_.dry_run)
    code = face.REFUSED if done.blockers else face.DONE
    if face_.json:
        blockers = [face.problem_fields(one, place.top) for one in done.blockers]
        face_.document("resume", {**done._asdict(), "notes": list(done.notes), "blockers": blockers})
        return code
    if done.blockers:
        return face_.refuse(done.blockers)
    for note in done.notes:
        face_.say(render.shown(note))
    if done.command is not None:
        face_.say(render.shown(f"its agent goes on with `{done.command}`"))
    assert done.worktree is not None
    face_.data(done.worktree)
    return code
