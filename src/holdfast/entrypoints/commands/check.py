"""All rules over the working tree, git's index, or a commit."""

from __future__ import annotations

from holdfast.domain.value import TYPE_CHECKING
from holdfast.entrypoints import face, render

if TYPE_CHECKING:
    import argparse

    from holdfast.domain.problem import Problem
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
        summary = {"plans": found.plans, "errors": found.errors, "warnings": found.warnings}
        problems = [face.problem_fields(one, place.top) for one in found.problems]
        face_.document("check", {"problems": problems, "summary": summary})
    elif form == "github":
        face_.data(render.lines(_annotation(one) for one in found.problems))
    else:
        _print(face_, found, place.top)
    return face.REFUSED if found.errors else face.DONE


def _mend(face_: Face, place: Workspace) -> None:
    from holdfast.usecases import mend

    for path, what in mend.worktree(place, face_.dry_run):
        face_.say(f"{'would mend' if face_.dry_run else 'mended'}: {face_.shown(path, place.top)}: {what}")


def _print(face_: Face, found: Checked, top: str) -> None:
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


def _annotation(problem: Problem) -> str:
    """A workflow command that shows a problem on its line of a pull request (GitHub Actions: workflow commands)."""
    fields = [f"title=holdfast {problem.code}"]
    if problem.path is not None:
        fields.append(f"file={_property(problem.path)}")
    if problem.line is not None:
        fields.append(f"line={problem.line}")
    if problem.column is not None:
        fields.append(f"col={problem.column}")
    level = "error" if problem.severity == "error" else "warning"
    return f"::{level} {','.join(fields)}::{_data(f'{problem.message}. {problem.remedy}')}"


def _data(text: str) -> str:
    """Text of a workflow command; what is no line break and not printable is spelled out."""
    escaped = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return render.shown(escaped)


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
