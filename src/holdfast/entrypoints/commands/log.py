"""The journal: every state change, who made it, when and where."""

from __future__ import annotations

import argparse
import json
import select
import sys

from holdfast.domain.value import TYPE_CHECKING
from holdfast.entrypoints import face, render
from holdfast.entrypoints.commands.plan import plan_number

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from holdfast.domain.event import Event, Unreadable
    from holdfast.entrypoints.face import Face
    from holdfast.usecases.workspace import Workspace

EXAMPLE = """examples:
  holdfast log                   the last 20 events
  holdfast log -n 0 --plan 12    all that happened to a plan
  holdfast log --event plan-new  all plans that were made lately
  holdfast log --follow --json   what happens from now on, for a program"""

_LAST = 20
_NAMED = 5
"""How many lines that are no event are named."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of `log`."""
    parser.add_argument(
        "-n", dest="last", metavar="K", type=_count, default=_LAST, help="the last K events (20; 0: all)"
    )
    parser.add_argument("--plan", metavar="N", type=plan_number, help="only events about that plan")
    parser.add_argument("--event", metavar="NAME", help="only events of that name")
    parser.add_argument("--branch", metavar="B", help="only events about that branch")
    parser.add_argument("--follow", action="store_true", help="go on with what comes, until Ctrl-C")


def run(face_: Face, parsed: argparse.Namespace) -> int:
    """Print events, oldest first."""
    from holdfast.usecases import journal

    place = face_.workspace()
    asked = (parsed.last or None, parsed.plan, parsed.event, parsed.branch)
    if parsed.follow:
        return _follow(face_, place, asked)
    found = journal.events(place, *asked)
    for one in found.events:
        _print(face_, one)
    if not found.events:
        face_.say("no such event is in the journal")
    _report(face_, found.unreadable)
    return face.DONE


def _follow(face_: Face, place: Workspace, asked: tuple[Any, ...]) -> int:
    from holdfast.domain.event import Event
    from holdfast.usecases import journal

    for item in journal.follow(place, *asked):
        if isinstance(item, Event):
            _print(face_, item)
        elif item is not None:
            _report(face_, [item])
        else:
            sys.stdout.flush()
            _leave_with_the_reader()
    return face.DONE


def _leave_with_the_reader() -> None:
    """Stop when nobody reads the pipe any more, also while there is nothing to write into it."""
    poll = select.poll()
    poll.register(sys.stdout.fileno(), 0)
    if any(event & select.POLLERR for _, event in poll.poll(0)):
        raise BrokenPipeError


def _print(face_: Face, one: Event) -> None:
    if face_.json:
        face_.entry("log", one.fields)
    else:
        face_.data(render.fitted(render.shown(_words(one)), face_.width))


def _words(one: Event) -> str:
    """`2026-11-23T05:30:11Z  plan-new  plan #3 on main by Ada@box: path docs/plans/03_x.md, title X`."""
    plan = f"plan #{one.plan} " if one.plan is not None else ""
    branch = f"on {one.branch} " if one.branch is not None else ""
    data = ", ".join(f"{key} {_value(value)}" for key, value in one.data.items())
    line = f"{one.fields['at']}  {one.event:<12} {plan}{branch}by {one.actor}@{one.host}"
    return f"{line}: {data}" if data else line


def _value(value: object) -> str:
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return " ".join(value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _report(face_: Face, unreadable: Iterable[Unreadable]) -> None:
    places = [f"{one.file}:{one.line}" if one.line else one.file for one in unreadable]
    if places:
        what = "1 line is" if len(places) == 1 else f"{len(places)} lines are"
        more = "" if len(places) <= _NAMED else ", ..."
        face_.say(f"holdfast: {what} no event and left out: {', '.join(places[:_NAMED])}{more}")


def _count(text: str) -> int:
    if not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is no number of events")
    return int(text)
