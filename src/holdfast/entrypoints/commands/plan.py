"""Make, list, show, edit and draw plans."""

from __future__ import annotations

import argparse
import os

from holdfast.domain.value import TYPE_CHECKING
from holdfast.entrypoints import face, render

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from holdfast.domain.plan_set import PlanSet
    from holdfast.entrypoints.face import Face
    from holdfast.usecases.make_plan import Made
    from holdfast.usecases.plans import Listed
    from holdfast.usecases.workspace import Workspace

EXAMPLE = """examples:
  holdfast plan new "Faster start" --priority High --blocked-by 3,4
  cd "$(holdfast plan new "Faster start" --start)"
  holdfast plan list --ready
  holdfast plan show 12
  holdfast plan set 12 --status complete --evidence "make test: 214 passed"
  holdfast plan graph"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """The subcommands of `plan`."""
    from holdfast.entrypoints.cli import SHAPE, add_common

    verbs = parser.add_subparsers(dest="verb", required=True, metavar="new|list|show|set|graph")
    new = verbs.add_parser(
        "new", help="a plan with the next free number", epilog='example: holdfast plan new "Faster start"', **SHAPE
    )
    new.add_argument("title")
    new.add_argument("--priority", metavar="P")
    new.add_argument("--blocked-by", metavar="N,M", type=_numbers, default=())
    new.add_argument("--folder", metavar="DIR", help="the plan folder, where there are several")
    new.add_argument("--start", action="store_true", help="claim it at once: the plan goes on its claim branch")
    new.add_argument("--owner", metavar="NAME", help="with --start: the name of this worker (else $HOLDFAST_OWNER)")
    new.add_argument("--offline", action="store_true", help="take a number without asking the remote")
    some = verbs.add_parser(
        "list", help="all plans", epilog="example: holdfast plan list --status in-progress", **SHAPE
    )
    some.add_argument("--status", metavar="S", action="append", default=[])
    some.add_argument("--ready", action="store_true", help="only plans that can be taken up now")
    show = verbs.add_parser("show", help="one plan", epilog="example: holdfast plan show 12", **SHAPE)
    show.add_argument("number", type=plan_number)
    edit = verbs.add_parser(
        "set", help="edit a plan's header", epilog="example: holdfast plan set 12 --status in-progress", **SHAPE
    )
    edit.add_argument("number", type=plan_number)
    edit.add_argument("--status", metavar="S", required=True)
    edit.add_argument("--evidence", metavar="TEXT", help="verification evidence, written into its section")
    graph = verbs.add_parser(
        "graph", help="what waits for what, as Mermaid", epilog="example: holdfast plan graph > plans.mmd", **SHAPE
    )
    for verb in (new, some, show, edit, graph):
        add_common(verb)


def run(face_: Face, parsed: argparse.Namespace) -> int:
    """Run one subcommand."""
    place = face_.workspace()
    verbs = {"new": _new, "list": _list, "show": _show, "set": _set, "graph": _graph}
    return verbs[parsed.verb](face_, place, parsed)


def listed_fields(place: Workspace, plans: PlanSet) -> list[dict[str, Any]]:
    """All plans as JSON."""
    from holdfast.usecases import plans as usecase

    return [fields(one, place.top) for one in usecase.listed(place, plans)]


def fields(one: Listed, top: str) -> dict[str, Any]:
    """One plan as JSON; the path is absolute."""
    plan = one.summary
    return {
        "number": plan.number,
        "title": plan.title,
        "path": os.path.join(top, plan.path),
        "folder": one.folder,
        "status": plan.status,
        "status_text": plan.status_text,
        "priority": plan.priority or None,
        "blocked_by": [to.number for to in plan.blocked_by],
        "blocks": [to.number for to in plan.blocks],
        "ready": one.ready,
        "claimed_by": one.claimed_by,
        "on": one.on,
    }


def _new(face_: Face, place: Workspace, parsed: argparse.Namespace) -> int:
    from holdfast.usecases import make_plan, surroundings

    wanted = make_plan.Wanted(parsed.title, parsed.priority, parsed.blocked_by, parsed.folder)
    try:
        made = make_plan.new(place, wanted, parsed.offline, face_.dry_run, write=not parsed.start)
    except surroundings.Refused as refused:
        return face_.refuse(refused.problems)
    if parsed.start and not face_.dry_run:
        return _started(face_, place, parsed, made)
    if face_.json:
        face_.document("plan.new", _made_fields(made, place.top))
    else:
        face_.data(face_.shown(made.path, place.top))
        face_.say(f"plan #{made.number}: {'would be made' if face_.dry_run else 'write it, then commit it'}")
    return face.DONE


def _started(face_: Face, place: Workspace, parsed: argparse.Namespace, made: Made) -> int:
    """Claim the plan that was just made; its file is on the claim's branch and nowhere else."""
    from holdfast.entrypoints.commands.approve import asking
    from holdfast.usecases import clock
    from holdfast.usecases.start import outcome
    from holdfast.usecases.start import run as start
    from holdfast.usecases.start.source import NewPlan

    options = outcome.Options(parsed.owner, offline=parsed.offline, ask=asking(face_))
    done = start.one(place, made.number, clock.now(), options, NewPlan(made.path, made.content))
    if done.blockers:
        code = face_.refuse(done.blockers)
        return done.exit or code
    if face_.json:
        face_.document("plan.new", _made_fields(made, done.worktree or place.top))
    else:
        face_.data(done.worktree or "")
        face_.say(f"plan #{made.number}: {render.shown(made.path)} on branch {render.shown(done.branch or '')}")
    for problem in done.warnings:
        face_.say(render.refusal(problem, "warning"))
    return face.DONE


def _made_fields(made: Made, top: str) -> dict[str, Any]:
    return {"number": made.number, "path": os.path.join(top, made.path), "branch": made.branch}


def _list(face_: Face, place: Workspace, parsed: argparse.Namespace) -> int:
    from holdfast.usecases import clock, plan_list, plans

    observed, configured = plans.observe(place)
    for problem in configured.errors:
        face_.say(render.refusal(problem, "warning"))
    found = plan_list.effective(place, observed, configured, clock.now())
    if parsed.status:
        wanted = {key for name in parsed.status for key in _keys(name, configured.policy.folders)}
        found = [one for one in found if one.summary.status in wanted]
    if parsed.ready:
        priorities = tuple(name for folder in configured.policy.folders for name in folder.priorities)
        found = plans.by_urgency([one for one in found if one.ready], priorities)
    if face_.json:
        face_.document("plan.list", {"plans": [fields(one, place.top) for one in found]})
    else:
        face_.data(render.lines(_table(found, face_.width)))
    return face.DONE


def _table(found: list[Listed], width: int | None) -> Iterable[str]:
    folders = {one.folder for one in found}
    column = max((len(folder) for folder in folders), default=0)
    for one in found:
        plan = one.summary
        lead = f"{one.folder:<{column}}  " if len(folders) > 1 else ""
        claimed = render.shown(f"  (claimed by {one.claimed_by})") if one.claimed_by is not None else ""
        line = f"{lead}#{plan.number:<5} {plan.status:<12} {plan.priority[:9]:<9} {render.shown(plan.title)}"
        room = max(width - len(claimed), width // 2) if width is not None else None
        yield render.fitted(render.fitted(line, room) + claimed, width)


def _show(face_: Face, place: Workspace, parsed: argparse.Namespace) -> int:
    from holdfast.usecases import clock, plan_list, plans

    observed, configured = plans.observe(place)
    one = plans.find(observed, parsed.number)
    text = plans.text_of(place, one)
    if face_.json:
        found = plan_list.effective(place, observed, configured, clock.now())
        listed = next(each for each in found if each.summary.number == one.number)._replace(summary=one)
        face_.document("plan.show", {**fields(listed, place.top), "text": text})
    else:
        face_.text(text)
    return face.DONE


def _set(face_: Face, place: Workspace, parsed: argparse.Namespace) -> int:
    from holdfast.usecases import plan_edit

    edited = plan_edit.set_status(place, parsed.number, parsed.status, parsed.evidence, face_.dry_run)
    if face_.json:
        refused = [face.problem_fields(one, place.top) for one in edited.refused]
        path = os.path.join(place.top, edited.path)
        face_.document("plan.set", {"path": path, "before": edited.before, "after": edited.after, "blockers": refused})
        return face.REFUSED if edited.refused else face.DONE
    if edited.refused:
        return face_.refuse(edited.refused)
    face_.say(f"{face_.shown(edited.path, place.top)}: {render.shown(edited.before or 'no status')} -> {edited.after}")
    return face.DONE


def _graph(face_: Face, place: Workspace, parsed: argparse.Namespace) -> int:
    from holdfast.usecases import plans

    text = plans.graph(plans.observe(place)[0])
    if face_.json:
        face_.document("plan.graph", {"mermaid": text})
    else:
        face_.text(text)
    return face.DONE


def _keys(name: str, folders: Iterable[Any]) -> list[str]:
    from holdfast.domain import status

    if name == status.UNKNOWN:
        return [status.UNKNOWN]
    found = [key for folder in folders if (key := status.key_of(name, folder.statuses)) is not None]
    if not found:
        raise _NoSuchStatus(f"{name!r} is no status here")
    return found


def plan_number(text: str) -> int:
    """A plan number of the command line, with or without its `#`."""
    bare = text.removeprefix("#")
    if not bare.isascii() or not bare.isdecimal() or len(bare) > 9:
        raise argparse.ArgumentTypeError(f"{text!r} is no plan number")
    return int(bare)


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(plan_number(part.strip()) for part in text.split(",") if part.strip())


from holdfast.domain.problem import Unable  # noqa: E402


class _NoSuchStatus(Unable):
    remedy = "name one of: needs-plan, planned, in-progress, blocked, review, complete, deferred, superseded, wont-do, proposed"
