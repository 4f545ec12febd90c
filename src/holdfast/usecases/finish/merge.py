"""The one irreversible step of a merge without a request: all refs at once, each only where it is as it was validated."""

from __future__ import annotations

import os

from holdfast.adapters import locks, merging, refs
from holdfast.adapters.git import Git
from holdfast.adapters.refs import HEADS, REMOTES, Update
from holdfast.adapters.remote import Lease, Unreachable
from holdfast.domain.value import TYPE_CHECKING, NamedTuple
from holdfast.usecases import claim_refs, contact, surroundings
from holdfast.usecases.claim_refs import FINISHED
from holdfast.usecases.contact import How
from holdfast.usecases.finish.main_branch import LOCK, Move, ahead
from holdfast.usecases.surroundings import FENCES
from holdfast.usecases.worktrees import branch_end

if TYPE_CHECKING:
    from holdfast.adapters.intents import Intent
    from holdfast.usecases.contact import Contact, Outcome
    from holdfast.usecases.finish.record import Record
    from holdfast.usecases.surroundings import Ground
    from holdfast.usecases.workspace import Workspace

WON, MOVED, DECLINED, UNCLEAR, QUEUED = "won", "moved", "declined", "unclear", "queued"
"""Merged; something has moved since it was looked at, and nothing was changed; refused, and nothing was changed; not known;
in a merge queue of the forge."""


class Merged(NamedTuple):
    """How it ended, and in whose words; the remote as it was read back, and the commit of the main branch."""

    result: str
    words: str = ""
    there: Contact | None = None
    commit: str = ""


def here(place: Workspace, one: Record, intent: Intent) -> Merged:
    """Merge in a repository without a remote: the files where the main branch is checked out first, then the refs."""
    with locks.held(place.state(LOCK)), ahead(place, Move(one.main, one.base, one.merge), intent) as said:
        if said is not None:
            return Merged(MOVED if said.again else DECLINED, said.words)
        ground = surroundings.of(place)  # as it is now: what verified the merge may have taken long
        top = next((tree.path for tree in ground.worktrees if tree.branch == one.main and not tree.gone), place.top)
        git = Git(top, place.environment)
        with intent.handed_on():
            failed = refs.transact(git, _updates(place, ground, one), f"holdfast: finish {one.branch}")
        if failed is None:
            intent.note(merged=one.merge)
            return Merged(WON, commit=one.merge)
        return _not_moved(git, one, failed)


def _updates(place: Workspace, ground: Ground, one: Record) -> list[Update]:
    """The main branch forward; the branch away where nobody has it checked out, and kept under another name; its fence."""
    found = [Update(HEADS + one.main, one.merge, one.base)]
    known = ground.refs
    kept = claim_refs.kept_as(FINISHED, one.branch, one.head)
    if kept not in known:
        found.append(Update(kept, one.head, None))
    checked_out = any(tree.branch == one.branch for tree in ground.worktrees)
    if not checked_out and branch_end.under_way(place, ground, one.branch) is None:
        found.append(Update(HEADS + one.branch, None, one.head))
    fence = f"{FENCES}{one.plan}"
    if one.plan is not None and known.get(fence) in one.fences:
        found.append(Update(fence, None, known[fence]))
    return found


def _not_moved(git: Git, one: Record, said: str) -> Merged:
    """Why a transaction did not happen: something has moved, or git or a hook of its own refused."""
    now = refs.read(git, HEADS + one.main, HEADS + one.branch)
    moved = now.get(HEADS + one.main) != one.base or now.get(HEADS + one.branch) not in (one.head, None)
    words = said.splitlines()[-1].removeprefix("fatal: ")
    return Merged(MOVED if moved or now.get(HEADS + one.branch) is None else DECLINED, words)


def there(place: Workspace, ask: Contact, one: Record, intent: Intent) -> Merged:
    """Merge on the remote: one atomic push that is leased at both ends; the user's pre-push hook is asked.

    A remote that cannot change several refs at once, or declines to end the branch, gets the main branch alone: the branch
    is deleted afterwards. `Unreachable` where it got no answer and nothing has changed.
    """
    main = Lease(HEADS + one.main, one.merge, one.base)
    leases = [main, *_ending(one, ask)]
    split = len(leases) == 1 or _updates_files(ask)
    with intent.handed_on():
        outcome = contact.change(ask, [main] if split else leases, How(atomic=not split, hooks=True))
        if not split and (outcome.result == contact.NOT_ATOMIC or _declined_there(outcome)):
            outcome = contact.change(ask, [main], How(atomic=False, hooks=True))
    return _judged(place, one, intent, outcome)


def _ending(one: Record, ask: Contact) -> list[Lease]:
    """What ends with the claim: its branch and its fence."""
    found = []
    if one.there and ask.id_of(HEADS + one.branch) == one.there:
        found.append(Lease(HEADS + one.branch, None, one.there))
    fence = f"{FENCES}{one.plan}"
    if one.plan is not None and ask.id_of(fence) in one.fences:
        found.append(Lease(fence, None, ask.id_of(fence)))
    return found


def _declined_there(outcome: Outcome) -> bool:
    """True where the server declined something: that may be the end of the branch alone, whatever it says of the rest."""
    return outcome.result == contact.DECLINED and bool(outcome.declined)


def _updates_files(ask: Contact) -> bool:
    """True for a repository with files on this machine: with `updateInstead` an atomic push can leave them half changed."""
    address = ask.remote.address
    if address == ask.remote.name:
        address = ask.remote.git.config(f"remote.{address}.url") or address
    path = os.path.join(ask.remote.git.cwd, address.removeprefix("file://"))
    return os.path.isdir(os.path.join(path, ".git"))


def _judged(place: Workspace, one: Record, intent: Intent, outcome: Outcome) -> Merged:
    after = outcome.contact
    if outcome.result == contact.UNCLEAR:
        return Merged(UNCLEAR, outcome.words, after)
    won = outcome.result == contact.WON
    if won or has_landed(place, after, one):
        intent.note(merged=one.merge)
        return Merged(WON, "", after, one.merge)
    if outcome.result == contact.NOTHING_DONE:
        raise Unreachable(f"{after.remote.name}: {outcome.words}")
    if outcome.result == contact.LOST:
        return Merged(MOVED, outcome.words, after)
    return Merged(DECLINED, outcome.words, after)


def has_landed(place: Workspace, after: Contact, one: Record) -> bool:
    """True where the main branch of the remote holds the merge: others may have gone on on top of it by now."""
    tip = after.id_of(HEADS + one.main)
    if tip is None or not one.merge:
        return False
    if tip == one.merge:
        return True
    if place.git.attempt("cat-file", "-e", f"{tip}^{{commit}}")[0] != 0:
        after.remote.fetch([f"+{HEADS}{one.main}:{REMOTES}{after.remote.name}/{one.main}"])
    return merging.holds(place.git, tip, one.merge)
