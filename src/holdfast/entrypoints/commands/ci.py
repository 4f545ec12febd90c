"""In a run of a CI service: check what the change adds, tell it beside its lines, and put the plan index right."""

from __future__ import annotations

import os

from holdfast.domain.value import TYPE_CHECKING
from holdfast.entrypoints import annotate, face, render
from holdfast.entrypoints.commands import check as check_command

if TYPE_CHECKING:
    import argparse
    from typing import Any

    from holdfast.domain.ci import Run
    from holdfast.entrypoints.face import Face
    from holdfast.usecases.ci import Outcome
    from holdfast.usecases.workspace import Workspace

EXAMPLE = """examples:
  holdfast ci                    what this change adds, as GitHub Actions or GitLab CI tell of it
  holdfast ci --fix              and put the plan index right, by a commit on the branch
  holdfast ci --since main       in any other CI

exit codes: 0 no error-level problem, 1 problems, 5 the remote could not be reached"""

_LARGEST = 25 * 1024 * 1024
"""Bytes of an event that are read: GitHub's own limit for the payload of a webhook."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of `ci`."""
    parser.add_argument("--since", metavar="REV", help="the commit to compare with, instead of what the service says")
    parser.add_argument(
        "--fix", action="store_true", help="commit the computed plan index on the branch of this run, and push it"
    )
    parser.add_argument(
        "--format", choices=("text", "github"), default=None, help="how to print (what fits the service)"
    )
    parser.add_argument("--report", metavar="FILE", help="also write GitLab's code quality report into FILE")


def run(face_: Face, parsed: argparse.Namespace) -> int:
    """Check and mend; 1 when a problem of error level is left."""
    from holdfast.domain import ci as domain
    from holdfast.usecases import ci, surroundings

    run_ = domain.of(face_.environment, _event(face_.environment.get("GITHUB_EVENT_PATH", "")))
    place = face_.workspace()
    if parsed.report and not _report(face_, place, parsed.report, "[]\n"):  # before anything is pushed
        return face.REFUSED
    try:
        outcome = ci.check_and_fix(place, run_, parsed.since or None, parsed.fix, face_.dry_run)
    except surroundings.Refused as stop:
        return face_.refuse(stop.problems)
    _tell(face_, place, run_, outcome, parsed)
    return face.REFUSED if outcome.found.errors else face.DONE


def _event(path: str) -> Any:
    """The payload of the event; None where there is none that can be read."""
    import json

    if not path:
        return None
    try:
        with open(path, "rb") as file:
            return json.loads(file.read(_LARGEST))
    except (OSError, ValueError, RecursionError):
        return None


def _tell(face_: Face, place: Workspace, run_: Run, outcome: Outcome, parsed: argparse.Namespace) -> None:
    found, fixed = outcome.found, outcome.fixed
    for note in outcome.notes:
        _say(face_, run_, note)
    before = annotate.lead(place.top, face_.environment)
    if parsed.report:
        _report(face_, place, parsed.report, annotate.gitlab(found.problems, before) + "\n")
    if face_.json:
        mended = {"branch": fixed.branch, "commit": fixed.commit, "paths": list(fixed.paths)} if fixed else None
        face_.document("ci", {"service": run_.service, "since": outcome.since, "fixed": mended,
                              **check_command.fields(found, place.top)})  # fmt: skip
    elif (parsed.format or run_.service) == "github":
        face_.data(annotate.github(found.problems, before))
    else:
        check_command.show(face_, found, place.top)
    if fixed is not None and fixed.commit is not None:
        paths = ", ".join(render.shown(path) for path in fixed.paths)
        _say(face_, run_, f"put the plan index of {fixed.branch} right: {paths}, commit {fixed.commit[:10]}")
        _output(face_, f"fixed={fixed.commit}\n")


def _report(face_: Face, place: Workspace, path: str, text: str) -> bool:
    """Write the report; False where it cannot be written, which is said."""
    from holdfast.usecases import ci

    why = ci.write_report(place, os.path.join(face_.cwd, path), text)
    if why:
        face_.complain(f"`holdfast ci --report {path}`", f"it cannot be written: {why}", "name another FILE")
    return not why


def _say(face_: Face, run_: Run, text: str) -> None:
    """Say something; GitHub's runner obeys `##[` anywhere in a line, and a name of a branch may hold it (actions/runner)."""
    said = render.shown(text)
    face_.say(said.replace("##[", "#\\u0023[") if run_.service == "github" else said)


def _output(face_: Face, line: str) -> None:
    """Hand a value to the steps that come after this one (GitHub Actions: `GITHUB_OUTPUT`)."""
    path = face_.environment.get("GITHUB_OUTPUT", "")
    if not path:
        return
    try:
        with open(path, "a", encoding="utf-8") as file:
            file.write(line)
    except OSError as error:  # the commit is pushed all the same
        face_.say(render.shown(f"the output `fixed` could not be handed on: {path}: {error.strerror}"))
