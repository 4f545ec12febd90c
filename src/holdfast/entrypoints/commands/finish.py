"""Merge the work of a plan or branch, all or nothing: everything that speaks against it at once, one merge, clean-up."""

from __future__ import annotations

import os

from holdfast.domain.value import TYPE_CHECKING
from holdfast.entrypoints import face, render

if TYPE_CHECKING:
    import argparse
    from typing import Any

    from holdfast.entrypoints.face import Face
    from holdfast.usecases.finish.outcome import Finished, Options
    from holdfast.usecases.surroundings import Asked
    from holdfast.usecases.workspace import Workspace

EXAMPLE = """examples:
  holdfast finish 12 --dry-run   what speaks against it, or what would be done
  holdfast finish 12 --evidence "make test: 212 passed"
  holdfast finish                the branch of the worktree you stand in
  holdfast finish 12 --request   open or update the request, merge nothing
  holdfast finish --resume       after a merge that was cut off"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `finish`."""
    parser.add_argument("name", nargs="?", metavar="N|BRANCH", help="a plan's number, or a branch")
    parser.add_argument("--branch", metavar="BRANCH", help="the branch, by its name alone")
    parser.add_argument("--pr", type=int, metavar="P", help="the number of its request on the forge")
    parser.add_argument("--evidence", metavar="TEXT", help="complete the plan along with the merge, with this evidence")
    parser.add_argument("--partial", action="store_true", help="a part of a plan: it need not be complete")
    parser.add_argument("--request", action="store_true", help="push, and open or update the request; merge nothing")
    parser.add_argument(
        "--update-branch", action="store_true", help="merge the main branch into it, row by row, and push that"
    )
    parser.add_argument("--keep-worktree", action="store_true", help="leave its worktree and branch as they are")
    parser.add_argument("--wait", action="store_true", help="wait for checks that have not ended")
    parser.add_argument("--resume", action="store_true", help="complete or take back merges that were cut off")


def run(face_: Face, parsed: argparse.Namespace) -> int:
    """Merge, or do the part that was asked for."""
    wrong = _wrong(parsed, face_.dry_run)
    if wrong:
        face_.complain("`holdfast finish`", wrong, "run `holdfast finish --help`")
        return face.USAGE
    from holdfast.usecases import surroundings

    asked = surroundings.ask(face_.cwd, face_.environment)
    from holdfast.domain.finish import Asked as Wanted
    from holdfast.usecases import clock  # while git is at work
    from holdfast.usecases.finish import run as finish
    from holdfast.usecases.finish.outcome import Options

    place = face_.workspace()
    _end_by_hand()
    if parsed.resume:
        return _show_all(face_, place, finish.go_on(place, clock.now()))
    wanted = Wanted(parsed.evidence, parsed.partial, parsed.keep_worktree)
    name, exact = parsed.branch or parsed.name, parsed.branch is not None
    options = Options(name, exact, parsed.pr, wanted, face_.dry_run, parsed.wait)
    return _show_all(face_, place, (_done(face_, place, parsed, options, asked),))


def _end_by_hand() -> None:
    """Let a plain `kill`, or a terminal that is closed, end this as Ctrl-C does: what verifies a merge ends with it."""
    import signal

    for one in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(one) is signal.SIG_IGN:
            continue  # under nohup
        signal.signal(one, signal.default_int_handler)


def _done(face_: Face, place: Workspace, parsed: argparse.Namespace, options: Options, asked: Asked) -> Finished:
    from holdfast.usecases import clock
    from holdfast.usecases.finish import request, run, update

    if parsed.request:
        return request.open_or_change(place, options, clock.now(), asked)
    if parsed.update_branch:
        return update.bring_in(place, options, clock.now(), asked)
    return run.one(place, options, clock.now(), face_.say, asked)


def _wrong(parsed: argparse.Namespace, dry_run: bool) -> str:
    """What is wrong with the command line as a whole; empty for nothing."""
    if "" in (parsed.branch, parsed.name):
        return "the name is empty: a variable may not be set"
    if parsed.branch and parsed.name:
        return "it takes one branch: by its place, or by --branch"
    ways = [name for name in ("request", "update_branch", "resume") if getattr(parsed, name)]
    if len(ways) > 1:
        return f"--{ways[0].replace('_', '-')} and --{ways[1].replace('_', '-')} are two things"
    if parsed.pr is not None and (parsed.name or parsed.branch):
        return "a request's number says which branch is meant: name no other"
    if parsed.resume and dry_run:
        return "--resume has no dry run: it completes or takes back what is there"
    if parsed.resume and (parsed.name or parsed.branch or parsed.pr):
        return "--resume goes on with every merge that was cut off, and takes no name"
    return ""


def _show_all(face_: Face, place: Workspace, found: tuple[Finished, ...]) -> int:
    worst = max(found, key=lambda one: one.exit)
    if face_.json:
        fields = _fields(worst, place.top)
        if len(found) > 1:
            fields["resumed"] = [_fields(one, place.top) for one in found]
        face_.document("finish", {**fields, "dry_run": face_.dry_run})
        return worst.exit
    for one in found:
        _show(face_, one)
    return worst.exit


def _show(face_: Face, one: Finished) -> None:
    for note in one.notes:
        face_.say(render.shown(note))
    if one.blockers:
        face_.refuse(one.blockers)
        return
    for at, step in enumerate(one.steps, 1):
        face_.data(render.shown(f"{at}. {_relative(step.words, face_.cwd)}"))
    if not one.steps:
        face_.say(render.shown(_words(one)))
    for done in one.cleanup:
        mark = "" if done.outcome == "done" else f"{done.outcome}: "
        face_.say(render.shown(f"  {mark}{_relative(done.message, face_.cwd)}"))


def _words(one: Finished) -> str:
    commit = f" as {one.merge_commit[:9]}" if one.merge_commit else ""
    what = f"plan #{one.plan} ({one.branch})" if one.plan is not None else str(one.branch)
    return {
        "merged": f"{what} is merged{commit}",
        "already-merged": f"{what} is merged already{commit}",
        "queued": f"{what} waits in the merge queue of the forge",
        "undone": f"{what}: a merge that was cut off is taken back, nothing was merged; `holdfast finish` begins anew",
        "nothing": "no merge was cut off",
        "updated": f"{what} holds the main branch now{commit}",
        "requested": f"{what} has request {one.request.url}" if one.request is not None else what,
    }.get(one.result, f"{what}: {one.result}")


def _relative(message: str, cwd: str) -> str:
    """The message with the folder that one stands in left out of paths."""
    return message.replace(os.path.join(cwd, ""), "")


def _fields(one: Finished, top: str) -> dict[str, Any]:
    request = one.request
    return {
        "result": one.result,
        "branch": one.branch,
        "plan": one.plan,
        "head": one.head,
        "base": one.base,
        "merge_commit": one.merge_commit,
        "request": {"number": request.number, "url": request.url} if request is not None else None,
        "blockers": [face.problem_fields(problem, top) for problem in one.blockers],
        "cleanup": [done._asdict() for done in one.cleanup],
        "steps": [{"step": step.name, "message": step.words} for step in one.steps],
    }
