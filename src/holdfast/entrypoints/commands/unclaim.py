"""Give a claim back. Work that is not merged is refused, or kept under refs/holdfast/abandoned/."""

from __future__ import annotations

from holdfast.domain.value import TYPE_CHECKING
from holdfast.entrypoints import face, render

if TYPE_CHECKING:
    import argparse

    from holdfast.entrypoints.face import Face

EXAMPLE = """examples:
  holdfast unclaim 12
  holdfast unclaim feature-search
  holdfast unclaim 12 --abandon  its commits are kept, its branch is gone"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `unclaim`."""
    parser.add_argument("claim", metavar="N|BRANCH", help="a plan's number, or a branch")
    parser.add_argument(
        "--abandon", action="store_true", help="also with work that is not merged: keep it, drop the branch"
    )
    parser.add_argument("--owner", metavar="NAME", help="the name that the claim was made under (else $HOLDFAST_OWNER)")


def run(face_: Face, parsed: argparse.Namespace) -> int:
    """Give one claim back."""
    from holdfast.usecases import clock, surroundings, unclaim

    place = face_.workspace()
    try:
        done = unclaim.give_back(place, parsed.claim, clock.now(), parsed.owner, parsed.abandon, face_.dry_run)
    except surroundings.Refused as refused:
        done = unclaim.Unclaimed(unclaim.REFUSED, parsed.claim, blockers=refused.problems)
    code = face.REFUSED if done.blockers else face.DONE
    if face_.json:
        blockers = [face.problem_fields(one, place.top) for one in done.blockers]
        fields = {
            "result": done.result,
            "plan": done.plan,
            "branch": done.branch,
            "kept": done.kept,
            "blockers": blockers,
        }
        face_.document("unclaim", fields)
        return code
    for note in done.notes:
        face_.say(render.shown(note))
    if done.blockers:
        return face_.refuse(done.blockers)
    kept = f"; its commits are kept as {done.kept}" if done.kept else ""
    if not face_.dry_run:
        face_.say(render.shown(f"{done.branch} is no claim any more{kept}"))
    return code
