"""Contact with the remote: what it has now, the objects that a decision needs, and pushes that are read back."""

from __future__ import annotations

import contextlib
import os

from holdfast.adapters import clock, commits, remote
from holdfast.adapters.git import Git
from holdfast.adapters.refs import HEADS, REMOTES
from holdfast.adapters.remote import Lease, Remote
from holdfast.domain.blockers import blocker
from holdfast.domain.branch_name import is_feature, plan_number
from holdfast.domain.value import TYPE_CHECKING, NamedTuple
from holdfast.usecases import surroundings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from holdfast.domain.claim_commit import Origin
    from holdfast.usecases.surroundings import Ground
    from holdfast.usecases.workspace import Workspace

OURS = "refs/holdfast/"
OURS_IN_HEADS = "refs/heads/holdfast/"
"""Where refs of ours go on a server that takes branches only."""

FENCES = surroundings.FENCES
WON, LOST, DECLINED, NOT_ATOMIC, UNCLEAR, NOTHING_DONE = (
    "won",
    "lost",
    "declined",
    "not-atomic",
    "unclear",
    "nothing-done",
)


_BUSY = "busy"
_PAUSES = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6)
"""Seconds between attempts at refs that another push has locked on the remote."""
_ATTEMPTS = 3
"""So often is fetched again what changed on the remote meanwhile."""


class Contact(NamedTuple):
    """A remote and every ref that it had when it was asked; `in_heads` where our own refs are kept as branches."""

    remote: Remote
    refs: Mapping[str, str]
    in_heads: bool = False

    def there(self, ref: str) -> str:
        """The name that a ref of ours has on this remote."""
        return OURS_IN_HEADS + ref[len(OURS) :] if self.in_heads and ref.startswith(OURS) else ref

    def id_of(self, ref: str) -> str | None:
        """What a ref was when the remote was asked."""
        return self.refs.get(self.there(ref))

    def below(self, prefix: str) -> dict[str, str]:
        """The refs of ours below a prefix."""
        lead = self.there(prefix)
        return {ref: oid for ref, oid in self.refs.items() if ref.startswith(lead)}

    def heads(self) -> dict[str, str]:
        """The branches of the remote by short name, without refs of ours."""
        return {
            ref[len(HEADS) :]: oid
            for ref, oid in self.refs.items()
            if ref.startswith(HEADS) and not ref.startswith(OURS_IN_HEADS)
        }

    def requests(self) -> dict[str, int]:
        """The numbers of requests by the commit that is their head, as hosts publish them."""
        found = {}
        for ref, oid in self.refs.items():
            parts = ref.split("/")
            if (
                len(parts) == 4
                and parts[1] in ("pull", "merge-requests")
                and parts[3] == "head"
                and parts[2].isdecimal()
            ):
                found[oid] = int(parts[2])
        return found


def remote_for(place: Workspace, ground: Ground, name: str) -> Remote:
    """The remote of that name; `surroundings.Refused` where it does not exist or pushes to several places.

    It is asked from the main worktree: git takes an address such as `../remote.git` from where it stands.
    """
    settings = ground.settings
    if f"remote.{name}.url" not in settings:
        raise surroundings.Refused([blocker("remote-unknown", name, f"there is no remote {name}")])
    addresses = remote.address_of(place.git, name)
    if len(addresses) != 1:
        raise surroundings.Refused([blocker("remote-unknown", name, f"{name} pushes to {len(addresses)} places")])
    git = Git(_standing(place, ground), place.environment)
    return Remote(git, name, addresses[0], ground.policy.claims.timeout, settings.get("core.sshcommand", ""))


def _standing(place: Workspace, ground: Ground) -> str:
    """Where git is asked about the remote: the main worktree, or the bare repository itself."""
    first = ground.worktrees[0]
    return first.path if first.head is not None else place.repository.common_dir


def main_top(place: Workspace, ground: Ground) -> str:
    """The main worktree's folder; of a bare repository the folder around it."""
    first = ground.worktrees[0]
    return first.path if first.head is not None else os.path.dirname(place.repository.common_dir)


def ask(one: Remote) -> Contact:
    """Ask the remote what it has; `Unreachable` where it does not answer."""
    refs = one.refs()
    return Contact(one, refs, any(ref.startswith(OURS_IN_HEADS) for ref in refs))


@contextlib.contextmanager
def or_offline(what: str) -> Iterator[None]:
    """Where the remote does not answer, the way out names `--offline`, too, and `what` it does."""
    try:
        yield
    except remote.Unreachable as error:
        error.remedy = f"{error.remedy}; `--offline` {what} for this clone alone"
        raise


def bring(
    place: Workspace, contact: Contact, wanted: Callable[[str], bool], known: Mapping[str, str]
) -> tuple[Contact, bool]:
    """Bring the wanted branches here as the remote has them: the remote as it was then, False when all were here already.

    Remote-tracking branches that the remote does not have any more are dropped: whoever deleted them ended the claim.
    A branch that goes away while it is fetched makes git fail: then the remote is asked again.
    """
    for attempt in range(_ATTEMPTS):
        try:
            return contact, _brought(place, contact, wanted, known)
        except remote.Unreachable:
            before, contact = contact, ask(contact.remote)
            if contact.refs == before.refs or attempt == _ATTEMPTS - 1:
                raise
    raise AssertionError("the loop returns or raises")


def bring_plan(place: Workspace, contact: Contact, plan: int, ground: Ground) -> tuple[Contact, bool]:
    """Bring the main branch, and whatever holds a plan: branches that are claims of it by their name or by its fence.

    A claim that was made under another pattern of names holds, too: its fence says which branch it is.
    """
    pattern = ground.policy.claims.branch
    fenced, moved = _fenced(place, contact, plan, ground.refs)
    contact, brought = bring(
        place, contact, lambda name: name == ground.main or name in fenced or pattern.number(name) == plan, ground.refs
    )
    return contact, brought or moved


def bring_meant(
    place: Workspace, contact: Contact, name: str, ground: Ground, exact: bool = False
) -> tuple[Contact, bool]:
    """Bring what may be meant by a plan's number or a branch: the claims of the plan, else one branch and all fences.

    Fences are brought where the branch's name says nothing. False when all of it was here already.
    """
    number = None if exact else plan_number(name)
    if number is None:
        number = ground.policy.claims.branch.number(name)
    if number is not None:
        return bring_plan(place, contact, number, ground)
    if not is_feature(name) and name in contact.heads():
        bring_fences(contact)
    return bring(place, contact, lambda branch: branch in (name, ground.main), ground.refs)


def _fenced(place: Workspace, contact: Contact, plan: int, known: Mapping[str, str]) -> tuple[set[str | None], bool]:
    """The branches that a plan's fence names, there and as this clone saw it last, and whether there is a new one there."""
    fence = f"{FENCES}{plan}"
    seen = _seen(contact.remote, fence)
    before, now = known.get(seen), contact.id_of(fence)
    said = [_said_by(place, contact, fence)] if now is not None else []
    moved = now not in (None, before)
    if before is not None and before != now:
        earlier = commits.named(place.git, [before]).commits().get(before)
        said.append(earlier.origin if earlier is not None else None)
    if now is not None and moved:
        place.git.attempt("update-ref", seen, now)
    return {one.branch for one in said if one is not None}, moved


def _brought(place: Workspace, contact: Contact, wanted: Callable[[str], bool], known: Mapping[str, str]) -> bool:
    heads = contact.heads()
    branches = [name for name in {**heads, **tracked(contact.remote.name, known)} if wanted(name)]
    lead = f"{REMOTES}{contact.remote.name}/"
    missing = [name for name in branches if name in heads and known.get(lead + name) != heads[name]]
    if missing:
        contact.remote.fetch([f"+{HEADS}{name}:{lead}{name}" for name in missing])
    gone = [name for name in branches if name not in heads and lead + name in known]
    for name in gone:
        place.git.attempt("update-ref", "-d", lead + name, known[lead + name])
    return bool(missing or gone)


def tracked(name: str, refs: Mapping[str, str]) -> dict[str, str]:
    """The branches that this clone remembers of a remote."""
    lead = f"{REMOTES}{name}/"
    return {ref[len(lead) :]: oid for ref, oid in refs.items() if ref.startswith(lead)}


def renew(contact: Contact) -> None:
    """Renew the view of everything: branches and fences, without those that are gone there."""
    name = contact.remote.name
    contact.remote.fetch(
        [f"+{HEADS}*:{REMOTES}{name}/*", f"+{contact.there(FENCES)}*:{surroundings.SEEN_FENCES}*"], whole=True
    )


def bring_fences(contact: Contact) -> None:
    """Bring what all fences say."""
    contact.remote.fetch([f"+{contact.there(FENCES)}*:{surroundings.SEEN_FENCES}*"])


class Outcome(NamedTuple):
    """How a change on the remote ended, the words of git or the server, and the contact that was read back.

    `declined` are the refs that the server itself declined.
    """

    result: str
    words: str
    contact: Contact
    declined: tuple[str, ...] = ()


class How(NamedTuple):
    """How a push is made: all refs or none, and whether the user's pre-push hook is asked."""

    atomic: bool = True
    hooks: bool = False


_PLAIN = How()


def change(contact: Contact, leases: Sequence[Lease], how: How = _PLAIN) -> Outcome:
    """Change refs on the remote, all or none, each only where it is as expected; then read back what is there.

    Where a race was lost and yet nothing has changed, another push still holds git's locks on these refs: it is asked
    again until that one has ended. What stays so is no race: the remote does not want it.
    """
    for pause in (*_PAUSES, None):
        pushed, contact = _pushed(contact, leases, how)
        if pushed.outcome == remote.NOT_ATOMIC:
            return Outcome(NOT_ATOMIC, pushed.words, contact)
        try:
            after = contact._replace(refs=contact.remote.refs())
        except remote.Unreachable as error:
            return Outcome(UNCLEAR, str(error), contact)
        result = _result(pushed.outcome, leases, contact, after)
        if result != _BUSY:
            return Outcome(result, pushed.words, after, pushed.declined)
        if pause is not None:
            clock.pause(pause)
    return Outcome(DECLINED, pushed.words, after, pushed.declined)


def _pushed(contact: Contact, leases: Sequence[Lease], how: How) -> tuple[remote.Pushed, Contact]:
    """One push; a server that takes branches only is asked again with our refs as branches."""
    pushed = contact.remote.push(_there(contact, leases), *how)
    ours = any(name.startswith(OURS) for name in pushed.declined)
    if pushed.outcome != remote.DECLINED or not ours or contact.in_heads:
        return pushed, contact
    moved = contact._replace(in_heads=True)
    second = moved.remote.push(_there(moved, leases), *how)
    return (pushed, contact) if second.outcome == remote.DECLINED else (second, moved)


def _there(contact: Contact, leases: Iterable[Lease]) -> list[Lease]:
    """The leases by the names that their refs have on this remote; a branch of ours was never there under its own name."""
    return [
        one._replace(
            name=contact.there(one.name), old=contact.id_of(one.name) if one.name.startswith(OURS) else one.old
        )
        for one in leases
    ]


def _result(outcome: str, leases: Sequence[Lease], before: Contact, after: Contact) -> str:
    if all(after.id_of(one.name) == one.new for one in leases):
        return WON
    if outcome == remote.DECLINED:
        return DECLINED
    if any(after.id_of(one.name) != one.old for one in _there(before, leases)):
        return LOST
    return {remote.UNCLEAR: NOTHING_DONE, remote.PUSHED: UNCLEAR}.get(outcome, _BUSY)


def winner_of(place: Workspace, contact: Contact, names: Sequence[str]) -> Origin | None:
    """Who made the claim that one of these refs of the remote shows; None where nothing tells it.

    A server changes the refs of one push one after the other: what is not there yet is asked for again.
    """
    for wait in _PAUSES:
        found = [origin for name in names if (origin := _said_by(place, contact, name)) is not None]
        if found:
            return found[0]
        clock.pause(wait)
        try:
            contact = contact._replace(refs=contact.remote.refs())
        except remote.Unreachable:
            return None
    return None


def _said_by(place: Workspace, contact: Contact, ref: str) -> Origin | None:
    """What the claim commit at a ref says; None where there is none or it cannot be read."""
    oid = contact.id_of(ref)
    if oid is None:
        return None
    if oid not in commits.named(place.git, [oid]).commits():
        try:
            contact.remote.fetch([f"+{contact.there(ref)}:{_seen(contact.remote, ref)}"])
        except remote.Unreachable:
            return None
    found = commits.named(place.git, [oid]).commits()
    return found[oid].origin if oid in found else None


def _seen(one: Remote, ref: str) -> str:
    """Where this clone keeps what it saw of a remote's ref."""
    if ref.startswith(HEADS):
        return f"{REMOTES}{one.name}/{ref[len(HEADS) :]}"
    return f"{OURS}seen/{ref.removeprefix(OURS)}"
