"""The fence of a claim: the commits that it may be, and whose it is."""

from __future__ import annotations

from holdfast.adapters import commits
from holdfast.domain.value import TYPE_CHECKING
from holdfast.usecases.surroundings import FENCES, SEEN_FENCES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from holdfast.domain.claim import Claim
    from holdfast.domain.claim_commit import Origin
    from holdfast.usecases.contact import Contact
    from holdfast.usecases.workspace import Workspace


def left_by(place: Workspace, refs: Mapping[str, str], held: Claim, there: Contact | None) -> tuple[str, ...]:
    """The values of the fence that this claim left; another claim of the plan has one of its own."""
    if held.plan is None:
        return ()
    name = f"{FENCES}{held.plan}"
    found = (refs.get(name), refs.get(f"{SEEN_FENCES}{held.plan}"), there.id_of(name) if there is not None else None)
    said = commits.named(place.git, [one for one in dict.fromkeys(found) if one is not None]).commits()
    return tuple(oid for oid, one in said.items() if one.origin is not None and _left(one.origin, held))


def _left(fence: Origin, held: Claim) -> bool:
    """True for the fence that this very claim left; of a branch without a claim of its own, for one that names it."""
    return fence.claim_id == held.claim_id if held.claim_id is not None else fence.branch == held.branch
