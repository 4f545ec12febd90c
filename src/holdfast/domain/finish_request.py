"""May this request be merged: what its forge says against it, all at once."""

from __future__ import annotations

from holdfast.domain.blockers import blocker
from holdfast.domain.forge import BEHIND, CHECKING, CLOSED, CONFLICTS, FAILURE, MERGE, MISSING, PENDING, SUCCESS, Check
from holdfast.domain.problem import WAIT
from holdfast.domain.value import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from holdfast.domain.forge import Gates, Request
    from holdfast.domain.policy import FinishPolicy
    from holdfast.domain.problem import Problem


class Outside(NamedTuple):
    """What a forge says of a branch: its request and what stands before its merge, both None for none.

    `based` are the open requests that the end of the branch would close.
    """

    request: Request | None
    gates: Gates | None = None
    based: Sequence[Request] = ()


def blockers(outside: Outside, head: str, main: str, policy: FinishPolicy) -> Iterator[Problem]:
    """Everything that speaks against merging the request at exactly `head` into `main`."""
    for one in outside.based:
        message = f"request #{one.number} ({one.title}) is based on this branch"
        yield blocker("requests-based", f"request #{one.number}", message, f"give it another base: {one.url}")
    request = outside.request
    if request is None:
        return
    yield from _itself(request, head, main)
    if outside.gates is not None:
        yield from _gates(request, outside.gates, policy)


def _itself(request: Request, head: str, main: str) -> Iterator[Problem]:
    subject = f"request #{request.number}"
    if request.state == CLOSED:
        yield blocker("request-closed", subject, f"{subject} was closed without being merged: {request.url}")
        return
    if request.draft:
        yield blocker("request-draft", subject, f"{subject} is a draft", f"mark it as ready: {request.url}")
    if request.base != main:
        message = f"{subject} would be merged into {request.base}, not into {main}"
        yield blocker("request-base", subject, message, f"change its base: {request.url}")
    if request.fork is not None and (not request.fork or not request.may_push):
        where = request.fork or "a repository that is gone"
        yield blocker("request-fork", subject, f"{subject} comes from {where}, whose branch you may not push to")
    if request.head != head:
        message = f"{subject} is at {request.head[:9]}, and {head[:9]} is what was looked at"
        remedy = f"push the branch, wait until the forge has seen it, then run it again: {request.url}"
        yield blocker("head-not-pushed", subject, message, remedy, who=WAIT)
    if request.mergeable == CHECKING:
        yield blocker("request-undecided", subject, f"whether {subject} can be merged is still being found out")
    if request.mergeable == CONFLICTS:
        message = f"the forge finds conflicts in {subject}"
        yield blocker("request-conflicts", subject, message)
    if request.mergeable == BEHIND:
        yield blocker("request-behind", subject, f"{subject} lacks commits of {main}")


def _gates(request: Request, gates: Gates, policy: FinishPolicy) -> Iterator[Problem]:
    subject = f"request #{request.number}"
    if not gates.may_merge:
        yield blocker("forge-denied", subject, f"this token may not merge {subject}")
    yield from (problem for one in _required(gates, policy) if (problem := _of_check(one, request)) is not None)
    if gates.approvals_missing:
        count = gates.approvals_missing
        message = f"{subject} lacks {count} approving review{'' if count == 1 else 's'}"
        yield blocker("review-missing", subject, message, f"ask for a review: {request.url}")
    if gates.changes_requested:
        message = f"{', '.join(gates.changes_requested)} asked for changes in {subject}"
        yield blocker("review-changes", subject, message)
    if gates.discussions_open:
        yield blocker("review-discussions", subject, f"{subject} has open discussions: {request.url}")
    yield from (blocker("request-held", subject, f"{subject}: {words}") for words in gates.others)
    if not gates.queue:
        yield from _method(subject, gates, policy)


def _method(subject: str, gates: Gates, policy: FinishPolicy) -> Iterator[Problem]:
    if policy.method == MERGE and gates.linear:
        message = "the main branch takes no merge commits (linear history)"
        yield blocker("method-not-allowed", subject, message, 'set `finish.method = "squash"`')
    elif policy.method not in gates.methods:
        allowed = ", ".join(gates.methods) or "none"
        message = f"the repository does not allow to {policy.method} (it allows: {allowed})"
        remedy = f'set `finish.method = "{gates.methods[0]}"`' if gates.methods else ""
        yield blocker("method-not-allowed", subject, message, remedy)


def _required(gates: Gates, policy: FinishPolicy) -> list[Check]:
    """The checks that count: those that the forge requires, and those that the configuration adds."""
    known = {one.name for one in gates.checks}
    added = [Check(name, MISSING, True) for name in policy.checks if name not in known]
    return [one for one in gates.checks if one.required or one.name in policy.checks] + added


def _of_check(one: Check, request: Request) -> Problem | None:
    subject, at = f"check {one.name}", request.head[:9]
    see = f": {one.url}" if one.url else ""
    if one.state == SUCCESS:
        return None
    if one.state == FAILURE:
        return blocker("check-failing", subject, f"{one.name} failed on {at}{see}")
    if one.state == PENDING:
        return blocker("check-pending", subject, f"{one.name} is still running on {at}{see}")
    return blocker("check-missing", subject, f"{one.name} never reported on {at}")
