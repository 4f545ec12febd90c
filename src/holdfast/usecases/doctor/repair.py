"""The repairs: each does what a command of Holdfast does anyway, in an order that converges in one run."""

from __future__ import annotations

import os
import sys

from holdfast.adapters import files, locks, refs
from holdfast.adapters.refs import Update
from holdfast.adapters.remote import Lease
from holdfast.domain import diagnosis
from holdfast.domain.diagnosis import mended, repairs
from holdfast.domain.problem import Unable
from holdfast.domain.value import TYPE_CHECKING, NamedTuple
from holdfast.usecases import claims_fetch, contact, indexes, journal, numbers, recover, setup, surroundings, workspace
from holdfast.usecases.doctor import claims, examine, look, worktrees
from holdfast.usecases.doctor import hooks as hook_room
from holdfast.usecases.finish import leftover, resume
from holdfast.usecases.setup import record
from holdfast.usecases.surroundings import FENCES, SEEN_FENCES, Refused
from holdfast.usecases.worktrees import sessions, trash, unfinished
from holdfast.usecases.worktrees.put_away import LOCK

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from holdfast.domain.diagnosis import Diagnosis
    from holdfast.domain.moment import Moment
    from holdfast.domain.problem import Problem
    from holdfast.usecases.doctor.look import Look
    from holdfast.usecases.workspace import Workspace

_ROUNDS = 3
"""A repair can bring to light what another one mends; that is over after so many rounds at most."""


class Repaired(NamedTuple):
    """What was found, what of it is mended, and why repairs could not be made."""

    diagnoses: tuple[Diagnosis, ...]
    failures: tuple[Problem, ...] = ()


def repair(place: Workspace, environment: Mapping[str, str], now: Moment, tries: bool = True) -> Repaired:
    """Mend what is safe to mend, journal it, and look again; the hooks are tried once, at the end."""
    found = examine.examine(place, environment, now, tries)
    made: set[str] = set()
    failures: dict[Problem, None] = {}
    for _ in range(_ROUNDS):
        wanted = repairs(one for one in found if not one.fixed)
        if not wanted or failures:
            break
        for name in wanted:
            failures |= dict.fromkeys(_done(name, place, environment, now))
        made |= set(wanted)
        place = workspace.at(place.top, place.environment)  # what was read before may be another by now
        after = examine.examine(place, environment, now, tries=False)
        found = mended(found, after)
    if made and tries:
        found = mended(found, examine.examine(place, environment, now))
    fixed = sorted({one.problem.code for one in found if one.fixed})
    if fixed:
        journal.here(place, "doctor", fixed=fixed)
    return Repaired(tuple(found), tuple(failures))


def _done(name: str, place: Workspace, environment: Mapping[str, str], now: Moment) -> list[Problem]:
    """Make one repair; why that could not be. Where the configuration is not what its author meant, no policy is acted on."""
    try:
        seen = look.at(place, environment, now)
        if name not in _WITHOUT_POLICY:
            surroundings.check(seen.ground.configured)
        return list(_REPAIRS[name](seen) or ())
    except Refused as refused:
        return list(refused.problems)
    except Unable as error:
        return [_failed(name, str(error), error.remedy)]
    except OSError as error:
        return [_failed(name, f"{error.filename or 'a file'}: {error.strerror}", "")]


def _failed(name: str, why: str, remedy: str) -> Problem:
    return diagnosis.diagnosis("repair-failed", name, f"a repair could not be made: {why}", remedy).problem


def _aside(seen: Look) -> None:
    """Keep what cannot be read where nothing reads it, and say where."""
    place, kept = seen.place, seen.place.state("aside")
    with locks.held(place.state(LOCK)):
        moved = unfinished.set_aside_unreadable(place, kept)
    moved += sessions.set_aside_unreadable(place, kept)
    for path, to in moved:
        journal.here(place, "set-aside", path=path, to=to)
    journal.set_aside_unreadable(place)


def _cache(seen: Look) -> None:
    cache = seen.place.cache
    for name in cache.unreadable():
        if name:
            cache.drop(name)
        else:
            files.set_aside(cache.folder, seen.place.state("aside"))


def _setup(seen: Look) -> None:
    """Write the local parts anew, or complete an `init` that was cut off."""
    written = record.load(seen.site)
    cut_off = written is not None and not written.complete
    hooks = hook_room.wanted(seen.site)
    options = setup.Options(local=not cut_off, hooks=hooks)
    proposal = setup.propose(seen.place.top, seen.environment, options, sys.executable)
    if proposal.blockers:
        raise Refused(proposal.blockers)
    setup.apply(proposal, after=lambda: _put_index(seen))


def _put_index(seen: Look) -> None:
    indexes.put(workspace.at(seen.place.top, seen.place.environment))


def _moved(seen: Look) -> None:
    """Let git know where worktrees are that were moved by hand."""
    for old, new in worktrees.moved(seen).items():
        seen.place.git.run("worktree", "repair", new)
        journal.note(seen.place, "worktree-repaired", worktree=new, moved_from=old)


def _commands(seen: Look) -> list[Problem]:
    """Finish or take back what commands had begun; what the remote must be asked about waits where it is away."""
    try:
        there = _there(seen)
    except Unable as away:
        recover.unfinished(seen.place, None)
        left = os.path.isdir(recover.folder(seen.place)) and os.listdir(recover.folder(seen.place))
        return [_failed("commands", str(away), away.remedy)] if left else []
    recover.unfinished(seen.place, there)
    return []


def _sessions(seen: Look) -> None:
    sessions.settle(seen.place, seen.ground.worktrees, seen.ground.policy.sessions)


def _finishes(seen: Look) -> list[Problem]:
    """Complete or undo merges; what stands in the way of one is said."""
    return [problem for one in resume.all_left(seen.place, seen.now) for problem in one.blockers]


def _put_off(seen: Look) -> None:
    leftover.clear(seen.place, seen.now)


def _fences(seen: Look) -> None:
    """Take marks away that no claim holds, as the remote has both now; each only where it still is what was seen."""
    if seen.ground.remote is not None:
        claims_fetch.observe(seen.place, seen.now)
        seen = look.at(seen.place, seen.environment, seen.now)
    held = claims.held(seen)
    over = {plan: oid for plan, oid in surroundings.fences(seen.ground.refs).items() if plan not in held}
    _end(seen, {f"{FENCES}{plan}": oid for plan, oid in over.items()}, (FENCES, SEEN_FENCES))


def _numbers(seen: Look) -> None:
    over = numbers.over(seen.place, seen.ground.configured, seen.now)
    _end(seen, over, (numbers.RESERVED, numbers.SEEN))


def _end(seen: Look, over: Mapping[str, str], places: tuple[str, str]) -> None:
    """End refs that mark something, each only where it still is what was seen: on the remote first, then here."""
    there = _there(seen)
    if there is not None:
        leases = [Lease(there.there(name), None, oid) for name, oid in over.items() if there.id_of(name) == oid]
        if leases:
            there.remote.push(leases, atomic=False)
            journal.here(seen.place, "marks-ended", refs=[one.name for one in leases], remote=there.remote.name)
            there = contact.ask(there.remote)
        over = {name: oid for name, oid in over.items() if there.id_of(name) is None}
    known = surroundings.refs_now(seen.place)
    first, second = places
    both = [(name, oid) for ref, oid in over.items() for name in (ref, second + ref.removeprefix(first))]
    updates = [Update(name, None, oid) for name, oid in both if known.get(name) == oid]
    if not updates:
        return
    said = refs.transact(seen.place.git, updates, "holdfast: doctor")
    if said is not None:
        raise _Kept(said.splitlines()[-1])
    journal.here(seen.place, "marks-ended", refs=[one.name for one in updates])


class _Kept(Unable):
    remedy = "see that no git is at work, then run `holdfast doctor --fix` again"


def _there(seen: Look) -> contact.Contact | None:
    """The remote as it is now; None where claims are shared through none."""
    if seen.ground.remote is None:
        return None
    return contact.ask(contact.remote_for(seen.place, seen.ground, seen.ground.remote))


def _trash(seen: Look) -> list[Problem]:
    """Delete for good what may go; why the rest stays."""
    kept = trash.empty(seen.place, seen.now, only_expired=True, dry_run=False).kept
    return [
        _failed("trash", f"{one.removed.branch or one.removed.id} stays in the trash: {why}", "") for one, why in kept
    ]


def _index(seen: Look) -> None:
    indexes.write(seen.place)


_WITHOUT_POLICY = frozenset({diagnosis.ASIDE, diagnosis.CACHE, diagnosis.SETUP, diagnosis.MOVED, diagnosis.SESSIONS})
"""Repairs that nothing in the configuration changes."""

_REPAIRS: dict[str, Callable[[Look], list[Problem] | None]] = {
    diagnosis.ASIDE: _aside,
    diagnosis.CACHE: _cache,
    diagnosis.SETUP: _setup,
    diagnosis.MOVED: _moved,
    diagnosis.COMMANDS: _commands,
    diagnosis.SESSIONS: _sessions,
    diagnosis.FINISHES: _finishes,
    diagnosis.PUT_OFF: _put_off,
    diagnosis.FENCES: _fences,
    diagnosis.NUMBERS: _numbers,
    diagnosis.TRASH: _trash,
    diagnosis.INDEX: _index,
}
