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


def events(
    place: Workspace,
    last: int | None = None,
    plan: int | None = None,
    event: str | None = None,
    branch: str | None = None,
) -> Read:
    """The `last` events (all without it) about that plan, of that name, on that branch; oldest first."""
    with _journal(place).reading() as reading:
        return _read(reading.items, last, _Wanted(plan, event, branch))


def follow(
    place: Workspace,
    last: int | None = None,
    plan: int | None = None,
    event: str | None = None,
    branch: str | None = None,
) -> Iterator[Event | Unreadable | None]:
    """What `events` gives, then what comes, as it comes; None each time that there is nothing more for now."""
    journal, wanted = _journal(place), _Wanted(plan, event, branch)
    with journal.reading() as reading:
        before = _read(reading.items, last, wanted)
    yield from before.unreadable
    yield from before.events
    for item in journal.follow(reading.end):
        if not isinstance(item, Event) or wanted.fits(item):
            yield item


class _Wanted(NamedTuple):
    plan: int | None
    event: str | None
    branch: str | None

    def fits(self, one: Event) -> bool:
        """True for an event that has all that is asked for."""
        return self.plan in (None, one.plan) and self.event in (None, one.event) and self.branch in (None, one.branch)


def _journal(place: Workspace) -> Journal:
    return Journal(os.path.join(place.repository.common_dir, "holdfast"))


def _read(newest_first: Iterable[Event | Unreadable], last: int | None, wanted: _Wanted) -> Read:
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
