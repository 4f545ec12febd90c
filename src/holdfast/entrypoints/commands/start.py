"""Take a plan: its branch, a claim that two can never both win, and a worktree to work in."""

from __future__ import annotations

from holdfast.domain.value import TYPE_CHECKING
from holdfast.entrypoints import face, render
from holdfast.entrypoints.commands.approve import asking
from holdfast.entrypoints.commands.plan import plan_number

if TYPE_CHECKING:
    import argparse
    from typing import Any

    from holdfast.entrypoints.face import Face
    from holdfast.usecases.start.outcome import Started
    from holdfast.usecases.workspace import Workspace

EXAMPLE = """examples:
  cd "$(holdfast start 12)"
  holdfast start --next          the most urgent ready plan nobody else wins
  holdfast start 12 --here       for the linked worktree that you stand in
  holdfast start 12 --steal      a stale claim; the other's commits are kept"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `start`."""
    parser.add_argument("number", nargs="?", type=plan_number, metavar="N", help="the plan's number")
    parser.add_argument("--next", action="store_true", help="the first ready plan by priority and number")
    parser.add_argument(
        "--here", action="store_true", help="claim for the linked worktree you stand in; keeps commits and edits"
    )
    parser.add_argument("--owner", metavar="NAME", help="the name of this worker (else $HOLDFAST_OWNER)")
    parser.add_argument("--steal", action="store_true", help="take a stale claim; the other's commits are kept")
    parser.add_argument(
        "--offline", action="store_true", help="claim for this clone alone; published at the next contact"
    )
    parser.add_argument("--no-worktree", action="store_true", help="make no worktree")
    parser.add_argument("--phase", metavar="NAME", help="one of the phases that the plan declares")


def run(face_: Face, parsed: argparse.Namespace) -> int:
    """Take one plan."""
    if (parsed.number is None) == (not parsed.next):
        face_.complain("`holdfast start`", "it takes one plan: a number, or --next", "run `holdfast start --next`")
        return face.USAGE
    from holdfast.usecases import surroundings

    asked = surroundings.ask(face_.cwd, face_.environment)
    from holdfast.usecases import clock  # while git is at work
    from holdfast.usecases.start import outcome
    from holdfast.usecases.start import run as start

    place = face_.workspace()
    options = outcome.Options(
        parsed.owner, parsed.here, parsed.steal, parsed.offline, not parsed.no_worktree, parsed.phase, face_.dry_run,
        asking(face_),
    )  # fmt: skip
    now = clock.now()
    if parsed.next:
        done = start.following(place, now, options, asked)
    else:
        done = start.one(place, parsed.number, now, options, asked=asked)
    return _show(face_, place, done)


def _show(face_: Face, place: Workspace, done: Started) -> int:
    if face_.json:
        face_.document("start", _fields(done, place.top))
        return done.exit
    if done.worktree is not None:
        face_.data(done.worktree)
    for note in done.notes:
        face_.say(render.shown(note))
    if done.blockers:
        face_.refuse(done.blockers)
        return done.exit
    if done.claim_id is not None:
        shared = "" if done.published else " (in this clone alone)"
        face_.say(f"plan #{done.plan}: branch {render.shown(done.branch or '')}{shared}")
    for problem in done.warnings:
        face_.say(render.refusal(problem, "warning"))
    return done.exit


def _fields(done: Started, top: str) -> dict[str, Any]:
    return {
        "result": done.result,
        "plan": done.plan,
        "branch": done.branch,
        "worktree": done.worktree,
        "commit": done.commit,
        "base": done.base,
        "published": done.published,
        "owner": done.owner,
        "claim_id": done.claim_id,
        "blockers": [face.problem_fields(one, top) for one in (*done.blockers, *done.warnings)],
        "winner": done.winner,
    }
