"""Claims that were made offline: written down until the remote knows of them, or is seen to know of another."""

from __future__ import annotations

import os

from holdfast.adapters import files, refs
from holdfast.adapters.refs import HEADS
from holdfast.domain.value import TYPE_CHECKING, NamedTuple
from holdfast.usecases import claim_refs, contact, journal, rivals
from holdfast.usecases.claim_refs import ClaimRefs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from holdfast.usecases.contact import Contact
    from holdfast.usecases.workspace import Workspace


class Told(NamedTuple):
    """What became of them at this contact: the branches that are published now, those that were lost, and those that wait.

    Of the last each with the words of whoever did not take it.
    """

    published: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    waits: tuple[tuple[str, str], ...] = ()

    @property
    def lines(self) -> tuple[str, ...]:
        """The same for people."""
        return (
            *(f"{branch} was claimed offline and is published now" for branch in self.published),
            *(
                f"{branch} was claimed offline and is lost: somebody else holds its plan on the remote; "
                "`holdfast claims` says who, and how to keep its commits"
                for branch in self.lost
            ),
            *(f"{branch} is in this clone alone, and was not published: {words}" for branch, words in self.waits),
        )


def fields_of(claim: ClaimRefs) -> dict[str, str]:
    """A claim as fields of text."""
    return {
        "plan": str(claim.plan),
        "branch": claim.branch,
        "commit": claim.commit,
        "tip": claim.tip,
        "kept": claim.kept,
        "old": claim.old or "",
        "old_there": claim.old_there or "",
        "old_fence": claim.old_fence or "",
    }


def claim_of(fields: Mapping[str, str]) -> ClaimRefs | None:
    """The claim that such fields tell; None where any is missing."""
    if not {"plan", "branch", "commit", "tip", "kept", "old", "old_there", "old_fence"} <= fields.keys():
        return None
    if not fields["plan"].isdecimal():
        return None
    return ClaimRefs(
        int(fields["plan"]), fields["branch"], fields["commit"], fields["tip"], fields["kept"], fields["old"] or None,
        fields["old_there"] or None, fields["old_fence"] or None,
    )  # fmt: skip


def remember(place: Workspace, claim: ClaimRefs) -> None:
    """Write down a claim that the remote does not know of yet; the next contact publishes it, or reports it lost."""
    text = "".join(f"{key}\t{value}\n" for key, value in fields_of(claim).items())
    target = os.path.join(_folder(place), claim.commit)
    files.put(target, files.State(text.encode("utf-8", "surrogateescape")), durable=True)


def publish(place: Workspace, there: Contact) -> Told:
    """Publish what was claimed offline. What does not get an answer waits for the next contact."""
    won: list[str] = []
    lost: list[str] = []
    waits: list[tuple[str, str]] = []
    for name in files.names(_folder(place)):
        target = os.path.join(_folder(place), name)
        raw = (files.read_regular(target) or b"").decode("utf-8", "surrogateescape")
        claim = claim_of(dict(line.partition("\t")[::2] for line in raw.split("\n") if line))
        tip = refs.read(place.git, HEADS + claim.branch).get(HEADS + claim.branch) if claim is not None else None
        if claim is None or tip is None or not _holds(place, tip, claim.commit):
            files.put(target, files.ABSENT)  # given back, or another claim of that name
            continue
        outcome, words = _publish(place, claim._replace(tip=tip), there)
        if outcome not in (contact.WON, contact.LOST):
            waits.append((claim.branch, words))
            continue
        (won if outcome == contact.WON else lost).append(claim.branch)
        event = "claim-published" if outcome == contact.WON else "claim-lost"
        journal.note(place, event, plan=claim.plan, branch=claim.branch)
        files.put(target, files.ABSENT)
    return Told(tuple(won), tuple(lost), tuple(waits))


def _publish(place: Workspace, claim: ClaimRefs, there: Contact) -> tuple[str, str]:
    """How it ended, as an outcome of a push, and what was said against it."""
    held = rivals.on_remote(place, there, claim)
    pushed = there.id_of(claim.head)
    if pushed is not None and _holds(place, pushed, claim.commit):  # by hand: what it lacks is the fence
        held = tuple(one for one in held if one.branch != claim.branch)
        claim = claim._replace(tip=pushed)
    elif pushed is not None:  # merged, or it would be held: what is replaced is kept, as `start` keeps it
        claim = claim._replace(kept=claim.kept or claim_refs.FINISHED)
    if held:
        return contact.LOST, ""
    outcome = claim_refs.publish(claim._replace(old_there=pushed, old_fence=there.id_of(claim.fence)), there)
    if outcome.result == contact.WON:
        claim_refs.mark_published(place.git, claim, there.remote.name)
    return outcome.result, outcome.words


def _holds(place: Workspace, tip: str, commit: str) -> bool:
    """True when a branch with that tip has the commit."""
    return place.git.attempt("merge-base", "--is-ancestor", commit, tip)[0] == 0


def _folder(place: Workspace) -> str:
    return place.state("unpublished")
