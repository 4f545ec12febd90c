"""A branch of work, pushed exactly from what the remote has; the user's pre-push hook is asked."""

from __future__ import annotations

from holdfast.adapters import refs
from holdfast.adapters.refs import HEADS, REMOTES, Update
from holdfast.adapters.remote import Lease, Unreachable
from holdfast.domain.blockers import blocker
from holdfast.domain.value import TYPE_CHECKING
from holdfast.usecases import contact
from holdfast.usecases.contact import How

if TYPE_CHECKING:
    from holdfast.domain.finish import Tip
    from holdfast.domain.problem import Problem
    from holdfast.usecases.contact import Contact
    from holdfast.usecases.workspace import Workspace


def push(place: Workspace, there: Contact, tip: Tip, commit: str) -> Problem | None:
    """Push a commit to the branch; None when it is there, else why it is not. `Unreachable` where nobody knows."""
    name = there.remote.name
    outcome = contact.change(there, [Lease(HEADS + tip.branch, commit, tip.there)], How(atomic=False, hooks=True))
    if outcome.result == contact.WON:
        tracking = f"{REMOTES}{name}/{tip.branch}"
        known = refs.read(place.git, tracking).get(tracking)
        if known != commit:
            refs.transact(place.git, [Update(tracking, commit, known)], "holdfast: pushed")
        return None
    if outcome.result in (contact.UNCLEAR, contact.NOTHING_DONE):
        raise Unreachable(f"{name}: {outcome.words}")
    if outcome.result == contact.LOST:
        return blocker("finish-lost", tip.branch, f"somebody pushed to {tip.branch} in this very moment", plan=tip.plan)
    message = f"{name} declined the push of {tip.branch}: {outcome.words}"
    return blocker("finish-declined", tip.branch, message, plan=tip.plan)
