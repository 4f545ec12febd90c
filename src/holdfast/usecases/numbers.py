"""Plan numbers that no clone can have taken too: reserved by one push that only one can win."""

from __future__ import annotations

import os

from holdfast.adapters import commits, files, refs, worktrees
from holdfast.adapters.refs import Update
from holdfast.adapters.remote import Lease, Unreachable
from holdfast.domain.blockers import blocker
from holdfast.domain.moment import DAY, HOUR
from holdfast.domain.naming import slugify
from holdfast.domain.value import TYPE_CHECKING, NamedTuple
from holdfast.usecases import contact, history, surroundings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from holdfast.domain.moment import Moment
    from holdfast.domain.policy import FolderPolicy
    from holdfast.usecases.configured import Configured
    from holdfast.usecases.contact import Contact
    from holdfast.usecases.workspace import Workspace

RESERVED = "refs/holdfast/numbers/"
SEEN = "refs/holdfast/seen/numbers/"
_LASTS = 7 * DAY
_SETTLED = HOUR
"""So old is a reservation before it is removed: nobody who saw the remote without it is still choosing a number."""
_ATTEMPTS = 200


class Known(NamedTuple):
    """What numbers there are: of plans anywhere, and of reservations that still count, by their number."""

    plans: frozenset[int]
    reserved: frozenset[int]

    @property
    def free(self) -> int:
        """The next number that nobody has."""
        return max(self.plans | self.reserved, default=0) + 1


def used(place: Workspace, folder: FolderPolicy, configured: Configured) -> frozenset[int]:
    """Every number that a plan of this folder has or had, in any branch, worktree or removed file that is known here."""
    found: set[int] = set()
    for one in worktrees.read(place.git):
        for sub in ("", folder.archive):
            for name in files.names(os.path.join(one.path, folder.path, sub)):
                number = folder.pattern.number(name)
                if number is not None:
                    found.add(number)
    found |= {
        number
        for entry in place.git.staged([folder.path or "."])
        if (number := folder.number_of(entry.path)) is not None
    }
    return frozenset(found | history.read(place.observer, configured).numbers(folder.path))


def free(place: Workspace, folder: FolderPolicy, configured: Configured, now: Moment) -> int:
    """The number that a plan would get now, as far as this clone knows; nothing is reserved."""
    lead = _lead(RESERVED, folder, configured)
    reserved = {**_here(place, lead), **_here(place, _lead(SEEN, folder, configured))}
    return Known(used(place, folder, configured), _counting(place, reserved, now)).free


def over(place: Workspace, configured: Configured, now: Moment) -> dict[str, str]:
    """The reservations that have ended, as far as this clone has seen them: refs of `RESERVED` with their ids."""
    ended: dict[str, str] = {}
    for folder in configured.policy.folders:
        lead, seen = _lead(RESERVED, folder, configured), _lead(SEEN, folder, configured)
        found = {**_here(place, lead), **_here(place, seen)}
        if found:
            known = Known(used(place, folder, configured), _counting(place, found, now))
            ended |= {f"{lead}{number}": oid for number, oid in _ended(place, found, known, now).items()}
    return ended


def reserve(place: Workspace, folder: FolderPolicy, configured: Configured, now: Moment, offline: bool) -> int:
    """Reserve a number: on the remote where there is one, else in this repository.

    `surroundings.Refused` for a remote that cannot be used or declines, `Unreachable` for one that does not answer.
    """
    ground = surroundings.of(place)
    if ground.remote is None or offline:
        return _reserve_here(place, folder, configured, now)
    with contact.or_offline("takes a number"):
        there = contact.ask(contact.remote_for(place, ground, ground.remote))
        return _reserve_there(place, folder, configured, there, now)


def _reserve_there(
    place: Workspace,
    folder: FolderPolicy,
    configured: Configured,
    there: Contact,
    now: Moment,
) -> int:
    """Ask what is reserved, then bring what is published: a reservation only ends after its plan can be seen."""
    name = _lead(RESERVED, folder, configured)
    for _ in range(_ATTEMPTS):
        there, _ = contact.bring(place, there, lambda _name: True, surroundings.refs_now(place))
        found = _by_number(there.below(name), name)
        _bring_reservations(place, folder, configured, there, found)
        known = Known(used(place, folder, configured), _counting(place, found, now))
        number = known.free
        made = _commit(place, number, now)
        outcome = contact.change(there, [Lease(f"{name}{number}", made, found.get(number))])
        if outcome.result == contact.WON:
            _end(outcome.contact, name, known, found, place, now)
            return number
        _give_in(outcome)
        there = outcome.contact
    raise Unreachable(f"{there.remote.name}: every number was taken by somebody faster, {_ATTEMPTS} times")


def _give_in(outcome: contact.Outcome) -> None:
    """Raise for an outcome that is not simply a number lost to somebody faster."""
    name = outcome.contact.remote.name
    if outcome.result in (contact.UNCLEAR, contact.NOTHING_DONE):
        raise Unreachable(f"{name}: {outcome.words}")
    if outcome.result in (contact.DECLINED, contact.NOT_ATOMIC):
        code = "remote-declined" if outcome.result == contact.DECLINED else "remote-not-atomic"
        message = f"{name} does not take the reservation of a number: {outcome.words}"
        raise surroundings.Refused([blocker(code, name, message)])


def _reserve_here(place: Workspace, folder: FolderPolicy, configured: Configured, now: Moment) -> int:
    name = _lead(RESERVED, folder, configured)
    for _ in range(_ATTEMPTS):
        found = _here(place, name)
        seen = _here(place, _lead(SEEN, folder, configured))
        plans = used(place, folder, configured)
        ages = commits.named(place.git, found.values()).commits() if found else {}
        # As on a remote: whoever looked before the reservation was made may still be choosing this very number.
        ended = {
            number: oid
            for number, oid in found.items()
            if number in plans and oid in ages and now - ages[oid].at > _SETTLED
        }
        number = Known(plans, _counting(place, {**seen, **found}, now)).free
        updates = [Update(f"{name}{number}", _commit(place, number, now), found.get(number))]
        updates += [Update(f"{name}{one}", None, oid) for one, oid in ended.items()]
        if refs.transact(place.git, updates, f"holdfast: plan number {number} reserved") is None:
            return number
    raise Unreachable("the reservation of a number could not be written")


def _commit(place: Workspace, number: int, now: Moment) -> str:
    """An object of its own for each reservation: a push of an equal one would succeed for everybody."""
    text = f"Reserve plan number {number}\n\nReserved-Id: {os.urandom(8).hex()}\n"
    return commits.make(place.git, place.git.store_empty_tree(), [], text, now, sign=False)


def _bring_reservations(
    place: Workspace, folder: FolderPolicy, configured: Configured, there: Contact, found: Mapping[int, str]
) -> None:
    """Bring the reservations that this clone has not seen: their dates tell whether they still count."""
    seen = _here(place, _lead(SEEN, folder, configured))
    if any(seen.get(number) != oid for number, oid in found.items()):
        source, target = there.there(_lead(RESERVED, folder, configured)), _lead(SEEN, folder, configured)
        there.remote.fetch([f"+{source}*:{target}*"])


def _counting(place: Workspace, found: Mapping[int, str], now: Moment) -> frozenset[int]:
    """The reservations that are not older than a week, and those whose age nobody can tell."""
    ages = commits.named(place.git, found.values()).commits() if found else {}
    return frozenset(number for number, oid in found.items() if oid not in ages or now - ages[oid].at <= _LASTS)


def _end(there: Contact, name: str, known: Known, found: Mapping[int, str], place: Workspace, now: Moment) -> None:
    """Remove reservations that have ended. Failing that, the next one does it."""
    over = [
        Lease(f"{name}{number}", None, oid)
        for number, oid in _ended(place, found, known, now).items()
        if there.id_of(f"{name}{number}") == oid
    ]
    if over:
        there.remote.push([one._replace(name=there.there(one.name)) for one in over], atomic=False)


def _ended(place: Workspace, found: Mapping[int, str], known: Known, now: Moment) -> dict[int, str]:
    """The reservations of those found that have ended: the plan can be seen, or a week went by."""
    ages = commits.named(place.git, found.values()).commits() if found else {}
    return {
        number: oid
        for number, oid in found.items()
        if oid in ages and now - ages[oid].at > _SETTLED and (number in known.plans or number not in known.reserved)
    }


def _lead(below: str, folder: FolderPolicy, configured: Configured) -> str:
    """Where the reservations of a folder are: the first folder's have no name, so that all clones agree on it."""
    if folder.path == configured.policy.folders[0].path:
        return below
    return f"{below}{slugify(folder.path)}/"


def _here(place: Workspace, lead: str) -> dict[int, str]:
    return _by_number(refs.read(place.git, lead), lead)


def _by_number(found: Mapping[str, str], lead: str) -> dict[int, str]:
    """The reservations directly below a lead, by number: further folders have theirs below the first one's."""
    return {int(tail): oid for ref, oid in found.items() if (tail := ref.removeprefix(lead)).isdecimal()}
