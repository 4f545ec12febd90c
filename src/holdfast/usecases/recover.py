"""Commands that were killed half-way: the next one finishes what is whole and takes back what is not."""

from __future__ import annotations

import os

from holdfast.adapters import clock, files, intents, locks, refs, worktrees
from holdfast.adapters.git import Git
from holdfast.adapters.intents import Intent
from holdfast.domain.moment import HOUR
from holdfast.domain.occupancy import without_mine
from holdfast.domain.value import TYPE_CHECKING
from holdfast.usecases import claim_refs, contact, journal, unpublished
from holdfast.usecases.claim_refs import ClaimRefs, EndingRefs
from holdfast.usecases.worktrees import making, occupancy
from holdfast.usecases.worktrees import unfinished as removals
from holdfast.usecases.worktrees.anchors import TRASH
from holdfast.usecases.worktrees.put_away import LOCK

if TYPE_CHECKING:
    from collections.abc import Mapping

    from holdfast.adapters.intents import Left
    from holdfast.domain.claim_commit import Origin
    from holdfast.domain.snapshot import Worktree
    from holdfast.usecases.contact import Contact, Outcome
    from holdfast.usecases.start.outcome import Options
    from holdfast.usecases.workspace import Workspace

START, UNCLAIM, WORKTREE = "start", "unclaim", "worktree"
_HERE, _MADE, _NONE = "here", "made", "none"
_CLEAR, _WAITS, _LATE = "clear", "waits", "late"
_LATEST = HOUR
"""How long after its start a push may still land that was not seen to end: a server works on without its client."""


def begin(place: Workspace, claim: ClaimRefs, origin: Origin, options: Options, shared: bool) -> Intent:
    """Write down that a claim is about to be made; what follows is finished or taken back by whoever comes next.

    `shared` says that the remote will know of it.
    """
    intent = Intent(folder(place), origin.claim_id)
    wanted = _HERE if options.here else _MADE if options.worktree else _NONE
    unpublished_ = "yes" if options.offline else ""
    intent.note(
        kind=START,
        worktree=wanted,
        shared="yes" if shared else "",
        offline=unpublished_,
        **unpublished.fields_of(claim),
    )
    return intent


def begin_unclaim(place: Workspace, ending: EndingRefs, shared: bool, away: bool) -> Intent:
    """Write down that a claim is about to be given back; `away` while the remote does not answer, which never had it."""
    name = f"{UNCLAIM}-{(ending.tip or ending.there or '')[:16]}-{os.getpid()}"
    intent = Intent(folder(place), name)
    intent.note(
        kind=UNCLAIM, shared="yes" if shared or away else "", away="yes" if away else "",
        plan="" if ending.plan is None else str(ending.plan),
        branch=ending.branch, tip=ending.tip or "", there=ending.there or "", fences=" ".join(ending.fences),
        kept=ending.kept,
    )  # fmt: skip
    return intent


def begin_worktree(place: Workspace, branch: str) -> Intent:
    """Write down that the worktree of a claim that stands is about to be made; its path is noted later."""
    intent = Intent(folder(place), f"{WORKTREE}-{os.urandom(4).hex()}-{os.getpid()}")
    intent.note(kind=WORKTREE, branch=branch)
    return intent


def unfinished(place: Workspace, there: Contact | None) -> bool:
    """Clear what killed commands left; True when something changed. What needs a remote that was not asked stays."""
    changed = _removals(place)
    if os.path.isdir(folder(place)):
        with intents.left(folder(place)) as found:
            for one in found:
                outcome = _clear(place, one, there)
                if outcome == _LATE:
                    intents.move(one.path, _late(place))
                elif outcome == _CLEAR:
                    intents.forget(one.path)
                changed = changed or outcome != _WAITS
    return _landed_late(place, there) or changed


def _removals(place: Workspace) -> bool:
    """Clear what is left of removals and restorations, unless somebody is at work on worktrees at this moment."""
    if not files.names(place.state(TRASH)):
        return False
    with locks.tried(place.state(LOCK)) as mine:
        return mine and removals.clear(place)


def may_be_late(place: Workspace) -> bool:
    """True where a push of this clone may still land that was not seen to end."""
    return bool(os.path.isdir(_late(place)) and os.listdir(_late(place)))


def settled(outcome: Outcome | None) -> bool:
    """True when what was to be undone on the remote is undone, is not ours, or cannot be; False when nobody knows."""
    return outcome is None or outcome.result not in (contact.UNCLEAR, contact.NOTHING_DONE)


def folder(place: Workspace) -> str:
    """Where it is written down what commands have begun."""
    return place.state("intents")


def _late(place: Workspace) -> str:
    """Where intents are kept whose push may still land."""
    return place.state("late")


def _clear(place: Workspace, one: Left, there: Contact | None) -> str:
    """Clear one intent; tells whether it is cleared, must wait for the remote, or may still land there."""
    if one.fields.get("kind") == WORKTREE:
        _half_made(place, one.fields.get("branch"), one.fields.get("path"))
        return _CLEAR
    ending = _ending(one.fields)
    if ending is not None:
        return _unclaim(place, one.fields, ending, there)
    claim = unpublished.claim_of(one.fields)
    # One that was torn was written before anything was done.
    return _CLEAR if claim is None else _start(place, one.fields, claim, there)


def _start(place: Workspace, fields: Mapping[str, str], claim: ClaimRefs, there: Contact | None) -> str:
    here = refs.read(place.git, claim.head).get(claim.head)
    listed = _listed(place, claim.branch, fields.get("path"))
    if here == claim.tip and _whole(place, fields, listed):
        _stands(place, fields, claim, listed)
        return _CLEAR
    if here not in (None, claim.tip, claim.old):
        return _CLEAR  # the branch has gone on: whoever works on it was told
    shared = bool(fields.get("shared"))
    outcome = None
    if shared:
        if there is None:
            return _WAITS
        outcome = claim_refs.unpublish(claim, there)
        if not settled(outcome):
            return _WAITS
    _leave_all(place, listed, fields.get("path"))
    claim_refs.unmake_here(place.git, claim, there.remote.name if there is not None else None)
    journal.note(place, "claim-taken-back", plan=claim.plan, branch=claim.branch, recovered=True)
    return _LATE if shared and outcome is None and "published" not in fields else _CLEAR


def _half_made(place: Workspace, branch: str | None, path: str | None) -> None:
    """Clear the worktree of a claim that stands, where it was begun and not finished: the next start makes it."""
    listed = _listed(place, None, path)
    _leave_all(place, listed, path)
    if listed:
        journal.note(place, "worktree-taken-back", branch=branch, worktree=path, recovered=True)


def _stands(place: Workspace, fields: Mapping[str, str], claim: ClaimRefs, listed: list[Worktree]) -> None:
    """Finish a claim that lacks nothing but the word that it is made."""
    if fields.get("offline"):
        unpublished.remember(place, claim)
    where = next((one.path for one in listed), None)
    shared = bool(fields.get("shared"))
    journal.note(place, "claim", plan=claim.plan, branch=claim.branch, worktree=where, published=shared, recovered=True)


def _whole(place: Workspace, fields: Mapping[str, str], listed: list[Worktree]) -> bool:
    """True for a claim whose worktree, if one was wanted, is there and finished."""
    if fields.get("worktree") == _NONE:
        return True
    return any(not worktrees.initializing(place.repository.common_dir, found.path) for found in listed)


def _listed(place: Workspace, branch: str | None, path: str | None) -> list[Worktree]:
    """The worktrees of a branch, and the one that git had begun to make at a path."""
    common = place.repository.common_dir
    return [
        one
        for one in worktrees.read(place.git)
        if (branch is not None and one.branch == branch)
        or (one.path == path and worktrees.initializing(common, one.path))
    ]


def _leave_all(place: Workspace, listed: list[Worktree], begun: str | None) -> None:
    """Take worktrees off their branch; those that git had only begun to make go, `begun` too, which it may not list yet."""
    common = place.repository.common_dir
    for found in listed:
        if worktrees.initializing(common, found.path):
            worktrees.drop_unfinished(place.git, found.path)
        elif found.gone:
            making.leave(place, found)
        else:
            worktrees.detach(Git(found.path, place.environment))
    if begun is not None:
        worktrees.drop_begun(common, begun)


def _landed_late(place: Workspace, there: Contact | None) -> bool:
    """Take back what landed on the remote after its worker had been told that it did not; True when something did."""
    if there is None or not may_be_late(place):
        return False
    changed = False
    with intents.left(_late(place)) as found:
        for one in found:
            claim = unpublished.claim_of(one.fields)
            outcome = claim_refs.unpublish(claim, there) if claim is not None else None
            if claim is not None and outcome is not None and settled(outcome):
                journal.note(place, "claim-taken-back", plan=claim.plan, branch=claim.branch, recovered=True, late=True)
                changed = True
            old = clock.now() - intents.written(one.path) > _LATEST
            if claim is None or (settled(outcome) and (outcome is not None or old)):
                intents.forget(one.path)
    return changed


# Claims that were being given back


def _ending(fields: Mapping[str, str]) -> EndingRefs | None:
    if fields.get("kind") != UNCLAIM or not {"plan", "branch", "tip", "there", "fences", "kept"} <= fields.keys():
        return None
    return EndingRefs(
        int(fields["plan"]) if fields["plan"].isdecimal() else None, fields["branch"], fields["tip"] or None,
        fields["there"] or None, tuple(fields["fences"].split()), fields["kept"],
    )  # fmt: skip


def _unclaim(place: Workspace, fields: Mapping[str, str], ending: EndingRefs, there: Contact | None) -> str:
    """Finish giving back, unless nothing has been done and somebody works there."""
    here = refs.read(place.git, ending.head).get(ending.head)
    listed = _listed(place, ending.branch, None)
    if there is None and fields["shared"]:
        return _WAITS
    if fields.get("here"):  # it ended here, while the remote was away: a branch of that name is a new one
        return _CLEAR if there is None or settled(claim_refs.end_there(ending, there)) else _WAITS
    if here not in (None, ending.tip):
        return _CLEAR  # the branch has gone on
    away = bool(fields.get("away"))
    gone_there = (
        there is not None and not away and ending.there is not None and there.id_of(ending.head) != ending.there
    )
    begun = here != ending.tip or gone_there
    if not begun and any(_in_work(place, one.path) for one in listed if not one.gone):
        return _CLEAR
    outcome = claim_refs.end_there(ending, there) if there is not None else None
    if not settled(outcome):
        return _WAITS
    if outcome is not None and outcome.result == contact.DECLINED:
        return _CLEAR
    for one in listed:
        making.leave(place, one)
    claim_refs.end_here(place.git, ending, there.remote.name if there is not None else None)
    journal.note(place, "unclaim", plan=ending.plan, branch=ending.branch, recovered=True)
    return _CLEAR


def _in_work(place: Workspace, path: str) -> bool:
    if not os.path.isdir(path):
        return False
    others = without_mine(occupancy.one(place, path))
    return bool(others.occupants) or worktrees.dirty(Git(path, place.environment))
