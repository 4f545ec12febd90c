"""The journal: every state change, who made it, when and where."""

from __future__ import annotations

import argparse
import sys

from holdfast.domain.value import TYPE_CHECKING
from holdfast.entrypoints import face, render
from holdfast.entrypoints.commands.plan import plan_number
from holdfast.entrypoints.near import around

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from holdfast.domain.event import Event, Unreadable
    from holdfast.domain.moment import Moment
    from holdfast.entrypoints.face import Face
    from holdfast.entrypoints.near import Near
    from holdfast.usecases.workspace import Workspace

EXAMPLE = """examples:
  holdfast log                   the last 20 events
  holdfast log -n 0 --plan 12    all that happened to a plan
  holdfast log --event plan-new  all plans that were made lately
  holdfast log --since 2h --actor Ada
  holdfast log --follow --json   what happens from now on, for a program"""

_LAST = 20
_LONGEST = 10
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
    parser.add_argument("--actor", metavar="NAME", help="only events by that worker")
    parser.add_argument(
        "--since",
        metavar="WHEN",
        type=_since,
        help="only events since then: 30m, 2h, 3d, 2026-11-23 or 2026-11-23T05:30:11Z",
    )
    parser.add_argument("--follow", action="store_true", help="go on with what comes, until Ctrl-C")


def run(face_: Face, parsed: argparse.Namespace) -> int:
    """Print events, oldest first."""
    from holdfast.usecases import journal

    place = face_.workspace()
    wanted = journal.Wanted(parsed.plan, parsed.event, parsed.branch, parsed.actor, parsed.since)
    asked = (parsed.last or None, wanted)
    if parsed.follow:
        return _follow(face_, place, asked)
    found, near = journal.events(place, *asked), around(place, face_.cwd)
    for one in found.events:
        _print(face_, one, near)
    if not found.events:
        face_.say("no such event is in the journal")
    _report(face_, found.unreadable)
    return face.DONE


def _follow(face_: Face, place: Workspace, asked: tuple[Any, ...]) -> int:
    from holdfast.domain.event import Event
    from holdfast.usecases import journal

    near = around(place, face_.cwd)
    for item in journal.follow(place, *asked):
        if isinstance(item, Event):
            _print(face_, item, near)
        elif item is not None:
            _report(face_, [item])
        else:
            sys.stdout.flush()
            face.leave_with_the_reader()
    return face.DONE


def _print(face_: Face, one: Event, near: Near) -> None:
    if face_.json:
        face_.entry("log", one.fields)
    else:
        face_.data(render.fitted(render.shown(_words(one, near)), face_.width))


def _words(one: Event, near: Near) -> str:
    """`2026-11-23T05:30:11Z  plan-new          Ada@box wrote plan #3: Faster start`."""
    from holdfast.domain.event_words import words

    return f"{one.fields['at']}  {one.event:<16}  {one.actor}@{one.host} {near.text(words(one))}".rstrip()


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


def _since(text: str) -> Moment:
    """A moment so long ago, or on a date, or exactly that one (UTC)."""
    from holdfast.domain import moment
    from holdfast.usecases import clock

    seconds = {"m": moment.MINUTE, "h": moment.HOUR, "d": moment.DAY}.get(text[-1:])
    if seconds is not None and text[:-1].isdecimal() and len(text) < _LONGEST:
        return moment.Moment(clock.now() - int(text[:-1]) * seconds)
    found = moment.parse(text if "T" in text else f"{text}T00:00:00Z")
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no moment: 30m, 2h, 3d, 2026-11-23 or 2026-11-23T05:30:11Z")
    return found
