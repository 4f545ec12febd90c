"""From hand-kept claims files to claims that are branches: say what each entry becomes, and take the files out of git."""

from __future__ import annotations

import os

from holdfast.domain.value import TYPE_CHECKING
from holdfast.entrypoints import face, render

if TYPE_CHECKING:
    import argparse
    from typing import Any

    from holdfast.entrypoints.face import Face
    from holdfast.usecases.migrate import Fate, Proposal
    from holdfast.usecases.workspace import Workspace

EXAMPLE = """examples:
  holdfast migrate --dry-run       what every entry becomes, and what would be done
  holdfast migrate                 show it, ask, do it
  holdfast migrate --yes           without asking

A claim is an unmerged branch `plan-N-*`: nothing else is stored. The files stay on disk as they are."""

_WIDEST = 72
"""Characters of a task that are shown."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """`migrate` has no flags of its own."""


def run(face_: Face, parsed: argparse.Namespace) -> int:
    """Show what everything becomes, ask once, do it."""
    from holdfast.usecases import migrate

    place = face_.workspace()
    proposal = migrate.propose(place)
    if proposal.problems:
        return _refused(face_, place, proposal)
    if not face_.json:
        _show(face_, place, proposal)
    if not proposal.steps or face_.dry_run:
        return _answer(face_, place, proposal, done=False)
    if not face_.yes and not _confirmed(face_):
        _answer(face_, place, proposal, done=False)
        return face.REFUSED
    migrate.apply(place, proposal)
    return _answer(face_, place, proposal, done=True)


def _refused(face_: Face, place: Workspace, proposal: Proposal) -> int:
    if face_.json:
        _document(face_, place, proposal, done=False)
        return face.REFUSED
    return face_.refuse(proposal.problems)


def _show(face_: Face, place: Workspace, proposal: Proposal) -> None:
    for found in proposal.files:
        path = face_.shown(found.path, place.top)
        face_.data(render.lines(f"{path}:{fate.entry.line}: {_who(fate)}: {_words(fate)}" for fate in found.fates))
    if not proposal.steps:
        face_.say("nothing to migrate")
    for step in proposal.steps:
        face_.say(f"  {step.kind:<7} {render.shown(step.what)}")
    for note in proposal.notes:
        face_.say(f"  note    {render.shown(note)}")


def _who(fate: Fate) -> str:
    entry = fate.entry
    task = entry.task if len(entry.task) <= _WIDEST else entry.task[: _WIDEST - 1] + "…"
    return render.shown(f"{entry.section} {entry.name}" + (f' "{task}"' if task else ""))


def _words(fate: Fate) -> str:
    command = render.shown(fate.command or "")
    if fate.becomes == "merged":
        return "merged: nothing to do"
    if fate.becomes == "none":
        lead = "" if command.startswith("holdfast") else "work without a plan is a `feature-*` branch: "
        return f"no branch and so no claim: {lead}`{command}`"
    if command:
        return f"already a branch, but its name makes it no claim: `{command}`"
    if fate.branch != fate.entry.name:
        return f"already a branch: {render.shown(fate.branch or '')} is the claim"
    return "already a branch: it is the claim by itself"


def _confirmed(face_: Face) -> bool:
    if not face_.interactive:
        face_.complain(
            "`holdfast migrate`", "nobody is here to confirm the steps above", "run `holdfast migrate --yes`"
        )
        return False
    return face_.ask("do this?")


def _answer(face_: Face, place: Workspace, proposal: Proposal, done: bool) -> int:
    if face_.json:
        _document(face_, place, proposal, done)
    elif done:
        steps = len(proposal.steps)
        face_.say(f"done: {steps} step{'' if steps == 1 else 's'}; commit what is staged. To undo:")
        face_.say(render.lines(f"  {render.shown(step.undo)}" for step in proposal.steps))
    return face.DONE


def _document(face_: Face, place: Workspace, proposal: Proposal, done: bool) -> None:
    files = [
        {
            "path": os.path.join(place.top, found.path),
            "kind": found.kind,
            "tracked": found.tracked,
            "entries": [_fields(fate) for fate in found.fates],
        }
        for found in proposal.files
    ]
    problems = [face.problem_fields(one, place.top) for one in proposal.problems]
    face_.document("migrate", {"files": files, "problems": problems, "done": done})


def _fields(fate: Fate) -> dict[str, Any]:
    from holdfast.domain.moment import iso

    entry = fate.entry
    return {
        "line": entry.line,
        "section": entry.section,
        "branch": fate.branch,
        "plan": entry.plan,
        "task": entry.task,
        "at": iso(entry.at) if entry.at is not None else None,
        "becomes": fate.becomes,
        "command": fate.command,
    }
