"""All rules over the working tree, git's index, or a commit."""

from __future__ import annotations

from holdfast.domain.value import TYPE_CHECKING
from holdfast.entrypoints import annotate, face, render

if TYPE_CHECKING:
    import argparse
    from typing import Any

    from holdfast.entrypoints.face import Face
    from holdfast.usecases.check import Checked
    from holdfast.usecases.workspace import Workspace

EXAMPLE = """examples:
  holdfast check                          the working tree
  holdfast check --staged                 what the next commit would hold
  holdfast check --rev HEAD --since main  in CI: only what this branch adds
  holdfast check --mend                   mend what can be mended without a decision

exit codes: 0 no error-level problem, 1 problems"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of `check`."""
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--staged", action="store_true", help="check git's index")
    what.add_argument("--rev", metavar="REV", help="check a commit")
    parser.add_argument("--since", metavar="REV", help="only problems that were added since REV (its merge base)")
    parser.add_argument("--format", choices=("text", "json", "github"), default=None, help="how to print (text)")
    parser.add_argument("--mend", action="store_true", help="mend the working tree where no decision is needed")


def run(face_: Face, parsed: argparse.Namespace) -> int:
    """Check; print the problems; 1 when one of error level is among them."""
    from holdfast.usecases import check

    place = face_.workspace()
    if parsed.mend:
        _mend(face_, place)
    if parsed.rev is not None:
        found = check.revision(place, parsed.rev, parsed.since)
    elif parsed.staged:
        found = check.staged(place, parsed.since)
    else:
        found = check.worktree(place, parsed.since)
    form = "json" if face_.json else parsed.format or "text"
    if form == "json":
        face_.document("check", fields(found, place.top))
    elif form == "github":
        face_.data(annotate.github(found.problems, annotate.lead(place.top, face_.environment)))
    else:
        show(face_, found, place.top)
    return face.REFUSED if found.errors else face.DONE


def fields(found: Checked, top: str) -> dict[str, Any]:
    """What was found, as JSON."""
    return {
        "problems": [face.problem_fields(one, top) for one in found.problems],
        "summary": {"plans": found.plans, "errors": found.errors, "warnings": found.warnings},
    }


def _mend(face_: Face, place: Workspace) -> None:
    from holdfast.usecases import mend

    for path, what in mend.worktree(place, face_.dry_run):
        face_.say(f"{'would mend' if face_.dry_run else 'mended'}: {face_.shown(path, place.top)}: {what}")


def show(face_: Face, found: Checked, top: str) -> None:
    """The problems as text for people, and how many there are."""
    for one in found.problems:
        where = one.place.replace(one.path, face_.shown(one.path, top), 1) + ": " if one.path else ""
        face_.data(
            f"{where}{one.severity}: {render.shown(one.message)} [{one.code}]\n    next: {render.shown(one.remedy)}"
        )
    plans = f"{found.plans} plan{'' if found.plans == 1 else 's'}"
    if not found.problems:
        face_.say(f"{plans}: nothing wrong")
    else:
        face_.say(f"{plans}: {_count(found.errors, 'error')}, {_count(found.warnings, 'warning')}")


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
