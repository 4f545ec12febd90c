"""The journal of a repository: every state change is one line in it, written by whoever made the change."""

from __future__ import annotations

import os

from holdfast.adapters import clock, host
from holdfast.adapters.journal import Journal
from holdfast.domain.event import Event, Unreadable
from holdfast.domain.problem import Unable
from holdfast.domain.value import TYPE_CHECKING, NamedTuple
from holdfast.usecases import workspace
from holdfast.usecases.worker import OWNER, SESSION, host_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from holdfast.domain.moment import Moment
    from holdfast.usecases.workspace import Workspace


class Read(NamedTuple):
    """Events, oldest first, and the lines among them that are none."""

    events: tuple[Event, ...]
    unreadable: tuple[Unreadable, ...]


def note(
    place: Workspace,
    event: str,
    *,
    plan: int | None = None,
    branch: str | None = None,
    worktree: str | None = None,
    durable: bool = False,
    actor: str | None = None,
    **data: Any,
) -> bool:
    """Write one event; true when it is written. `actor` is who acts, where the caller knows that already.

    A journal that cannot be written breaks nothing that has been done already: only a `durable` event, which is on
    the disk before something irreversible is done, raises its `OSError`.
    """
    try:
        made = Event(
            clock.now(),
            event,
            actor or who(place),
            host_of(place.environment),
            os.getpid(),
            plan,
            branch,
            worktree,
            data,
        )
        _journal(place).append(made, durable)
    except (OSError, Unable):
        if durable:
            raise
        return False
    return True


def here(place: Workspace, event: str, *, plan: int | None = None, **data: Any) -> bool:
    """Write one event about the worktree and the branch of `place`."""
    return note(place, event, plan=plan, branch=workspace.branch(place), worktree=place.top, **data)


def who(place: Workspace) -> str:
    """Who works here: the owner or session of the environment, git's name for authors, or the login name."""
    named = place.environment.get(OWNER) or place.environment.get(SESSION)
    return named or place.environment.get("GIT_AUTHOR_NAME") or place.git.config("user.name") or host.user()


class Wanted(NamedTuple):
    """Which events are asked for: about that plan, of that name, on that branch, by that actor, from that moment on."""

    plan: int | None = None
    event: str | None = None
    branch: str | None = None
    actor: str | None = None
    since: Moment | None = None

    def fits(self, one: Event) -> bool:
        """True for an event that has all that is asked for."""
        named = ((self.plan, one.plan), (self.event, one.event), (self.branch, one.branch), (self.actor, one.actor))
        return all(asked in (None, there) for asked, there in named) and (self.since is None or one.at >= self.since)


EVERYTHING = Wanted()


def events(place: Workspace, last: int | None = None, wanted: Wanted = EVERYTHING) -> Read:
    """The `last` events (all without it) that are wanted; oldest first."""
    with _journal(place).reading() as reading:
        return _read(reading.items, last, wanted)


def set_aside_unreadable(place: Workspace) -> int:
    """Take out of the journal what is no event; it is kept in a file beside. Gives how many lines those were."""
    return _journal(place).set_aside_unreadable()


def follow(
    place: Workspace, last: int | None = None, wanted: Wanted = EVERYTHING
) -> Iterator[Event | Unreadable | None]:
    """What `events` gives, then what comes, as it comes; None each time that there is nothing more for now."""
    journal = _journal(place)
    with journal.reading() as reading:
        before = _read(reading.items, last, wanted)
    yield from before.unreadable
    yield from before.events
    for item in journal.follow(reading.end):
        if not isinstance(item, Event) or wanted.fits(item):
            yield item


def _journal(place: Workspace) -> Journal:
    return Journal(os.path.join(place.repository.common_dir, "holdfast"))


def _read(newest_first: Iterable[Event | Unreadable], last: int | None, wanted: Wanted) -> Read:
    found: list[Event] = []
    unreadable: list[Unreadable] = []
    for item in newest_first:
        if isinstance(item, Unreadable):
            unreadable.append(item)
        elif wanted.fits(item):
            found.append(item)
            if len(found) == last:
                break
    return Read(tuple(found[::-1]), tuple(unreadable[::-1]))
