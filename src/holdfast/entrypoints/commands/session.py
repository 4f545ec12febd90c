"""Markers of sessions, for agents and people without hooks: a worktree with a live session cannot be removed."""

from __future__ import annotations

import argparse

from holdfast.domain.value import TYPE_CHECKING
from holdfast.entrypoints import face, render

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from holdfast.domain.problem import Problem
    from holdfast.domain.session import Session
    from holdfast.entrypoints.face import Face

EXAMPLE = """examples:
  export HOLDFAST_SESSION="$(holdfast session start --agent mine)"
  holdfast session beat          still at work, in the worktree of this folder
  holdfast session wait          at rest until its user answers
  holdfast session end

A session holds its worktree while its process lives: the one that called
`session start`, or `--pid`. Where that cannot be looked up, as from another
host, it holds for 30 minutes after it was last heard of (`sessions.minutes`)."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """The subcommands of `session`."""
    from holdfast.entrypoints.cli import SHAPE, add_common

    verbs = parser.add_subparsers(dest="verb", required=True, metavar="start|beat|wait|end")
    start = verbs.add_parser(
        "start", help="begin: prints its id", epilog="example: holdfast session start --agent mine", **SHAPE
    )
    start.add_argument("--agent", metavar="NAME", default="", help="what it is, as others shall see it")
    start.add_argument("--pid", metavar="PID", type=int, help="the process that it lives by (else: what called this)")
    beat = verbs.add_parser("beat", help="still at work", epilog="example: holdfast session beat", **SHAPE)
    wait = verbs.add_parser("wait", help="it waits for its user", epilog="example: holdfast session wait", **SHAPE)
    end = verbs.add_parser("end", help="over: its worktree is free", epilog="example: holdfast session end", **SHAPE)
    for verb in (start, beat, wait, end):
        verb.add_argument("--id", metavar="ID", help="its id (else $HOLDFAST_SESSION, else the caller's own session)")
        add_common(verb)


def run(face_: Face, parsed: argparse.Namespace) -> int:
    """Run one subcommand."""
    from holdfast.usecases import surroundings
    from holdfast.usecases.worktrees import sessions

    place = face_.workspace()
    try:
        id = sessions.id_of(place, parsed.id, new=parsed.verb == "start", agent=getattr(parsed, "agent", ""))
    except surroundings.Refused as refused:
        return _refused(face_, place.top, refused.problems)
    if face_.dry_run:
        face_.say(f"would tell of the session {id}")
        return face.DONE
    one: Session | None
    if parsed.verb == "start":
        try:
            one = sessions.start(place, id, parsed.agent, parsed.pid)
        except surroundings.Refused as refused:
            return _refused(face_, place.top, refused.problems)
    elif parsed.verb == "end":
        one = sessions.end(place, id)
        if one is not None and place.has_put_off:
            from holdfast.usecases.finish import leftover

            leftover.when_over(place, one)
    else:
        one = sessions.beat(place, id, "working" if parsed.verb == "beat" else "waiting")
    if one is None:
        return _refused(face_, place.top, [sessions.unknown(id)])
    return _told(face_, parsed.verb, one)


def _refused(face_: Face, top: str, problems: Sequence[Problem]) -> int:
    if face_.json:
        blockers = [face.problem_fields(one, top) for one in problems]
        face_.document("session", {"result": "refused", "session": None, "blockers": blockers})
        return face.REFUSED
    return face_.refuse(problems)


def _told(face_: Face, verb: str, one: Session) -> int:
    if face_.json:
        result = {"start": "started", "end": "ended"}.get(verb, "heard")
        face_.document("session", {"result": result, "session": fields(one), "blockers": []})
    elif verb == "start":
        face_.data(one.id)
        by = f"as long as process {one.pid} lives" if one.birth is not None else "as long as it is heard of"
        face_.say(render.shown(f"{one.worktree} is in use {by}"))
    return face.DONE


def fields(one: Session) -> dict[str, Any]:
    """A session as JSON."""
    from holdfast.domain.moment import iso

    return {
        "id": one.id,
        "agent": one.agent,
        "pid": one.pid,
        "host": one.machine.host,
        "worktree": one.worktree,
        "activity": one.activity,
        "began": iso(one.began),
    }
