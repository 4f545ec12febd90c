"""From hand-kept claims files, a hand-kept plan index and older scripts to Holdfast: one step at a time, each confirmed."""

from __future__ import annotations

import os

from holdfast.domain.value import TYPE_CHECKING, NamedTuple
from holdfast.entrypoints import face, render

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence
    from typing import Any

    from holdfast.domain.problem import Problem
    from holdfast.entrypoints.face import Face
    from holdfast.usecases.migration.fates import Fate, Found
    from holdfast.usecases.migration.step import Step
    from holdfast.usecases.workspace import Workspace

EXAMPLE = """examples:
  holdfast migrate --dry-run       what every step would do, and what becomes of each claim
  holdfast migrate                 show each step, ask, do it
  holdfast migrate --yes           without asking
  holdfast migrate --only scripts --only make

steps: plans, index, hooks, claims, scripts, make, agents. Each names the command that takes it back; nothing is
committed. Stop after any of them: the next run goes on with what is left."""

_WIDEST = 72
"""Characters of a task that are shown."""

PROPOSED, DONE, SKIPPED, NOTHING, WAITING = "proposed", "done", "skipped", "nothing", "waits"


class _Taken(NamedTuple):
    """One step by name with what came of it."""

    name: str
    title: str
    step: Step
    state: str


def arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of `migrate`."""
    parser.add_argument(
        "--only", action="append", default=[], metavar="STEP", help="only this step (may be given several times)"
    )


def run(face_: Face, parsed: argparse.Namespace) -> int:
    """Show each step, ask, do it; at the end what is left, and how to commit and to go back."""
    from holdfast.usecases.migration import steps

    for name in parsed.only:
        if name not in steps.ROOMS:
            why = f"the steps are {', '.join(steps.ROOMS)}"
            return face_.unknown(f"`holdfast migrate --only {name}`", why, name, list(steps.ROOMS), "migrate --only")
    place = face_.workspace()
    names = [name for name in steps.ROOMS if name in parsed.only or not parsed.only]
    asks = face_.interactive and not face_.dry_run
    taken: list[_Taken] = []
    try:
        for name in names:
            taken.append(_take(face_, place, name, asks))
    except BaseException:
        _done(face_, place, taken)  # what was done before stays, and can be taken back
        raise
    problems = [problem for one in taken for problem in one.step.problems]
    left = _left(place) if "plans" in names else []
    refused = not (face_.dry_run or face_.yes or asks) and any(one.state == PROPOSED for one in taken)
    if face_.json:
        _document(face_, place, taken, [*problems, *left])
    else:
        _end(face_, place, taken, problems, left)
    if refused:
        face_.complain(
            "`holdfast migrate`", "nobody is here to confirm the steps above", "run `holdfast migrate --yes`"
        )
    elif all(one.state in (WAITING, NOTHING) for one in taken) and any(one.state == WAITING for one in taken):
        refused = True
        face_.complain(
            "`holdfast migrate`", "Holdfast is not configured here", "run `holdfast migrate --only index` first"
        )
    return _code(taken, [one for one in (*problems, *left) if one.severity == "error"], refused)


def _code(taken: Sequence[_Taken], errors: Sequence[Problem], refused: bool) -> int:
    """0 when all is done and right; 5 where only a sandbox or a read-only disk is in the way."""
    if errors and all(one.code.endswith("-read-only") for one in errors):
        return face.UNREACHABLE
    return face.REFUSED if errors or refused or any(one.state == SKIPPED for one in taken) else face.DONE


def _take(face_: Face, place: Workspace, name: str, asks: bool) -> _Taken:
    """Show one step and do it, unless nobody agrees; without anybody who could, it looks ahead over all of them."""
    from holdfast.usecases.migration import steps

    room = steps.ROOMS[name]
    does = (face_.yes or asks) and not face_.dry_run
    step = room.propose(place, not does)
    if not face_.json:
        _show(face_, place, _Taken(name, room.title, step, PROPOSED))
    if not step.lines:
        return _Taken(name, room.title, step, WAITING if step.waits else NOTHING)
    if not does:
        return _Taken(name, room.title, step, PROPOSED)
    if asks and not face_.ask("do this?"):
        return _Taken(name, room.title, step, SKIPPED)
    room.apply(place, step)
    return _Taken(name, room.title, step, DONE)


def _left(place: Workspace) -> list[Problem]:
    from holdfast.usecases.migration import plan_mends

    return plan_mends.left(place)


def _show(face_: Face, place: Workspace, one: _Taken) -> None:
    for found in _files(one.step):
        path = face_.shown(found.path, place.top)
        face_.data(render.lines(f"{path}:{fate.entry.line}: {_who(fate)}: {_words(fate)}" for fate in found.fates))
    if one.step.lines or one.step.notes:
        face_.say(f"{one.name}: {one.title}")
    for line in one.step.lines:
        face_.say(f"  {line.kind:<7} {render.shown(line.what)}")
    for note in one.step.notes:
        face_.say(f"  note    {render.shown(note)}")


def _files(step: Step) -> tuple[Found, ...]:
    """The claims files of the step that is about them."""
    from holdfast.usecases.migration.claims_step import Work

    return step.work.files if isinstance(step.work, Work) else ()


def _end(
    face_: Face, place: Workspace, taken: Sequence[_Taken], problems: Sequence[Problem], left: Sequence[Problem]
) -> None:
    """What is left for people, and then what was done."""
    for problem in left:
        where = (
            problem.place.replace(problem.path, face_.shown(problem.path, place.top), 1) + ": " if problem.path else ""
        )
        next_ = f"    next: {render.shown(problem.remedy)}"
        face_.data(f"{where}{problem.severity}: {render.shown(problem.message)} [{problem.code}]\n{next_}")
    errors = [problem for problem in problems if problem.severity == "error"]
    for problem in problems:
        if problem not in errors:
            face_.say(render.warning(problem) + f"\n    next: {render.shown(problem.remedy)}")
    if not _done(face_, place, taken) and not problems and all(one.state == NOTHING for one in taken):
        face_.say("nothing to migrate")
    if left:
        count = f"{len(left)} problem{'' if len(left) == 1 else 's'}"
        face_.say(
            f"{count} in plans need{'s' if len(left) == 1 else ''} a decision; they block no commit that adds none"
        )
    if errors:
        face_.refuse(errors)


def _done(face_: Face, place: Workspace, taken: Sequence[_Taken]) -> bool:
    """Say what was done, how to commit it and how to take it back; false where nothing was."""
    from holdfast.usecases.migration import steps

    done = [one.step for one in taken if one.state == DONE]
    if done and not face_.json:
        count = sum(len(step.lines) for step in done)
        commit = render.shown(steps.commit(place, done))
        face_.say(
            f"done: {count} step{'' if count == 1 else 's'}; nothing is committed yet: `{commit}`. To undo before that:"
        )
        undo = dict.fromkeys(command for step in reversed(done) for command in step.undo)
        face_.say(render.lines(f"  {render.shown(command)}" for command in undo))
    return bool(done)


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


def _document(face_: Face, place: Workspace, taken: Sequence[_Taken], problems: Sequence[Problem]) -> None:
    from holdfast.usecases.migration import steps

    done = [one.step for one in taken if one.state == DONE]
    files = [
        {
            "path": os.path.join(place.top, found.path),
            "kind": found.kind,
            "tracked": found.tracked,
            "entries": [_fields(fate) for fate in found.fates],
        }
        for one in taken
        for found in _files(one.step)
    ]
    fields = {
        "files": files,
        "steps": [_step_fields(one, place.top) for one in taken],
        "problems": [face.problem_fields(one, place.top) for one in problems],
        "commit": steps.commit(place, done) if done else None,
        "done": bool(done),
    }
    face_.document("migrate", fields)


def _step_fields(one: _Taken, top: str) -> dict[str, Any]:
    return {
        "name": one.name,
        "title": one.title,
        "state": one.state,
        "lines": [{"kind": line.kind, "what": line.what} for line in one.step.lines],
        "notes": list(one.step.notes),
        "undo": list(one.step.undo),
        "problems": [face.problem_fields(problem, top) for problem in one.step.problems],
    }


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
