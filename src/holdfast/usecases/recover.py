"""Commands that were killed half-way: the next one finishes what is whole and takes back what is not."""

from __future__ import annotations

import os

from holdfast.adapters import files, intents, refs, worktrees
from holdfast.adapters.git import Git
from holdfast.adapters.intents import Intent
from holdfast.adapters.refs import HEADS
from holdfast.domain.value import TYPE_CHECKING
from holdfast.usecases import claim_refs, contact, journal
from holdfast.usecases.claim_refs import ClaimRefs

if TYPE_CHECKING:
    from holdfast.adapters.intents import Left
    from holdfast.domain.claim_commit import Origin
    from holdfast.domain.snapshot import Worktree
    from holdfast.usecases.contact import Contact
    from holdfast.usecases.start import Options
    from holdfast.usecases.workspace import Workspace

START, UNCLAIM = "start", "unclaim"
_HERE, _MADE, _NONE = "here", "made", "none"


def folder(place: Workspace) -> str:
    """Where intents are kept."""
    return os.path.join(place.repository.common_dir, "holdfast", "intents")


def begin(place: Workspace, claim: ClaimRefs, origin: Origin, options: Options) -> Intent:
    """Write down that a claim is about to be made; what follows is finished or taken back by whoever comes next."""
    intent = Intent(folder(place), origin.claim_id)
    wanted = _HERE if options.here else _MADE if options.worktree else _NONE
    intent.note(kind=START, worktree=wanted, shared="" if options.offline else "yes", **_fields(claim))
    return intent


def begin_unclaim(place: Workspace, claim: ClaimRefs) -> Intent:
    """Write down that a claim is about to be given back."""
    intent = Intent(folder(place), f"{UNCLAIM}-{claim.tip[:16]}-{os.getpid()}")
    intent.note(kind=UNCLAIM, **_fields(claim))
    return intent


def unfinished(place: Workspace, there: Contact | None) -> bool:
    """Clear what killed commands left; True when a ref changed. What needs a remote that was not asked stays for later."""
    if not os.path.isdir(folder(place)):
        return False
    changed = False
    with intents.left(folder(place)) as found:
        for one in found:
            claim = _claim(one)
            if claim is None or _clear(place, one, claim, there):
                intents.forget(one.path)
                changed = True
    return changed


def _fields(claim: ClaimRefs) -> dict[str, str]:
    return {
        "plan": str(claim.plan),
        "branch": claim.branch,
        "commit": claim.commit,
        "tip": claim.tip,
        "kept": claim.kept,
    }


def _claim(one: Left) -> ClaimRefs | None:
    """The claim that an intent is about; None for one that was torn before anything was done."""
    fields = one.fields
    if not {"kind", "plan", "branch", "commit", "tip", "old"} <= fields.keys():
        return None
    plan = int(fields["plan"]) if fields["plan"].isdecimal() else -1
    return ClaimRefs(
        plan, fields["branch"], fields["commit"], fields["tip"], fields.get("kept", ""), fields["old"] or None
    )


def _clear(place: Workspace, one: Left, claim: ClaimRefs, there: Contact | None) -> bool:
    """Clear one intent; False when it must wait for the remote."""
    giving_up = one.fields["kind"] == UNCLAIM
    here = refs.read(place.git, claim.head).get(claim.head)
    listed = [found for found in worktrees.read(place.git) if found.branch == claim.branch]
    if here is not None and (here != claim.tip or (not giving_up and _whole(place, one, listed))):
        return True
    if there is None and one.fields.get("shared", "yes") and _has_remote(place):
        return False
    if there is not None:
        outcome = claim_refs.give_up(claim, there) if giving_up else claim_refs.unpublish(claim, there)
        if outcome is not None and outcome.result in (contact.UNCLEAR, contact.NOTHING_DONE):
            return False
    for found in listed:
        if worktrees.initializing(place.repository.common_dir, found.path):
            worktrees.drop_unfinished(place.git, found.path)
        else:
            worktrees.detach(Git(found.path, place.environment))
    claim_refs.unmake_here(place.git, claim, there.remote.name if there is not None else None, giving_up)
    what = "unclaim" if giving_up else "claim-taken-back"
    journal.note(place, what, plan=claim.plan if claim.plan >= 0 else None, branch=claim.branch, recovered=True)
    return True


def _whole(place: Workspace, one: Left, listed: list[Worktree]) -> bool:
    """True for a claim whose branch is here and whose worktree, if one was wanted, is there and finished."""
    if one.fields.get("worktree") == _NONE:
        return True
    ready = [found for found in listed if not worktrees.initializing(place.repository.common_dir, found.path)]
    return bool(ready)


def _has_remote(place: Workspace) -> bool:
    return place.git.attempt("config", "--get-regexp", r"^remote\..*\.url$")[0] == 0


# Claims that were made offline


def remember_unpublished(place: Workspace, claim: ClaimRefs) -> None:
    """Write down a claim that the remote does not know of yet; the next contact publishes it, or reports it lost."""
    target = os.path.join(_unpublished(place), claim.tip)
    text = "".join(f"{key}\t{value}\n" for key, value in _fields(claim).items())
    files.put(target, files.State(text.encode("utf-8", "surrogateescape")), durable=True)


def publish_unpublished(place: Workspace, there: Contact) -> tuple[list[ClaimRefs], list[ClaimRefs]]:
    """Publish the claims that were made offline; gives those that are published now, and those that were lost."""
    won: list[ClaimRefs] = []
    lost: list[ClaimRefs] = []
    for name in files.names(_unpublished(place)):
        target = os.path.join(_unpublished(place), name)
        raw = (files.read_regular(target) or b"").decode("utf-8", "surrogateescape")
        fields = {"kind": START, **dict(line.partition("\t")[::2] for line in raw.split("\n") if line)}
        claim = _claim(intents.Left(target, fields))
        tip = refs.read(place.git, HEADS + claim.branch).get(HEADS + claim.branch) if claim is not None else None
        if claim is None or tip is None:
            files.put(target, files.ABSENT)
            continue
        outcome = _publish_late(place, claim._replace(tip=tip), there)
        if outcome is None:
            continue
        (won if outcome else lost).append(claim)
        files.put(target, files.ABSENT)
    return won, lost


def _publish_late(place: Workspace, claim: ClaimRefs, there: Contact) -> bool | None:
    """True when the claim is published, False when somebody else holds the plan, None when it must wait."""
    from holdfast.usecases import rivals

    if rivals.on_remote(place, there, claim.plan):
        return False
    outcome = claim_refs.publish(claim, there)
    if outcome.result == contact.WON:
        claim_refs.mark_published(place.git, claim, there.remote.name)
        return True
    return False if outcome.result == contact.LOST else None


def _unpublished(place: Workspace) -> str:
    return os.path.join(place.repository.common_dir, "holdfast", "unpublished")
