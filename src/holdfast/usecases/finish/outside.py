"""The forge of the remote: where it is, who asks it, and what it says of a branch."""

from __future__ import annotations

from holdfast.adapters.refs import HEADS
from holdfast.domain.blockers import blocker
from holdfast.domain.finish_request import Outside
from holdfast.domain.forge import CLOSED, NONE, OPEN
from holdfast.domain.problem import Problem
from holdfast.domain.value import TYPE_CHECKING, NamedTuple
from holdfast.usecases import approvals

if TYPE_CHECKING:
    from collections.abc import Sequence

    from holdfast.domain.finish import Tip
    from holdfast.domain.forge import Address, Forge, Request
    from holdfast.domain.policy import Policy
    from holdfast.usecases.contact import Contact
    from holdfast.usecases.surroundings import Ground
    from holdfast.usecases.workspace import Workspace

URL = "forge.url"
SEEN_REQUESTS = "refs/holdfast/seen/requests/"


class Reach(NamedTuple):
    """A forge, its address, and whether it is asked with a token."""

    forge: Forge
    address: Address
    known: bool


def reach(place: Workspace, ground: Ground, policy: Policy) -> Reach | Problem | None:
    """The forge of the remote; None where it is none, a problem where its address must be approved first."""
    if ground.remote is None or policy.forge.kind == NONE:
        return None
    from holdfast.domain import forge_address  # only where there is a remote

    code, out, _ = place.git.attempt("remote", "get-url", "--", ground.remote)
    url = out.decode("utf-8", "surrogateescape").strip() if code == 0 else ""
    address = forge_address.address_of(url, policy.forge)
    if address is None:
        return None
    sure = forge_address.token_may_go(url, address.api)
    if not sure and not (policy.forge.url and approvals.is_approved(place, URL, policy.forge.url)):
        message = f"the API of the forge is configured as {address.api}, which is not on the remote's own host"
        return blocker("forge-unapproved", URL, message)
    return _connected(place, ground, policy, address, forge_address.host_of(url))


def _connected(place: Workspace, ground: Ground, policy: Policy, address: Address, host: str | None) -> Reach:
    from holdfast.adapters.forge.forges import connect  # HTTP takes 40 ms to load
    from holdfast.adapters.forge.tokens import token_for
    from holdfast.adapters.forge.wire import Wire

    settings = ground.settings
    token = token_for(address.kind, host or address.host, place.git, place.environment, address.api.partition("://")[0])
    wire = Wire(
        policy.forge.timeout, settings.get("http.proxy", ""), settings.get("http.sslcainfo", ""), place.environment
    )
    return Reach(connect(address, token.text if token is not None else None, wire), address, token is not None)


def request_of(found: Reach, branch: str, main: str) -> Request | Problem | None:
    """The request of a branch: the open one, else the one that was closed last without being merged."""
    every = [one for one in found.forge.by_branch(branch) if one.fork is None]
    opened = [one for one in every if one.state == OPEN]
    wanted = [one for one in opened if one.base == main] or opened
    if len(wanted) > 1:
        numbers = ", ".join(f"#{one.number}" for one in wanted)
        return blocker("request-ambiguous", branch, f"{branch} has the open requests {numbers}")
    if wanted:
        return found.forge.by_number(wanted[0].number)
    last = max(every, key=lambda one: one.number, default=None)
    return last if last is not None and last.state == CLOSED else None


def of(found: Reach, tip: Tip, main: str, request: Request | None) -> Outside | Problem:
    """What the forge says of a branch, by its request where that is known already."""
    asked = request if request is not None else request_of(found, tip.branch, main)
    if isinstance(asked, Problem):
        return asked
    based: Sequence[Request] = found.forge.based_on(tip.branch) if tip.other is None else ()
    gates = found.forge.gates(asked) if asked is not None and asked.state == OPEN else None
    return Outside(asked, gates, tuple(one for one in based if asked is None or one.number != asked.number))


def elsewhere(tip: Tip, there: Contact | None, policy: Policy) -> Problem | None:
    """What refuses a merge past a request that the remote shows, and whose forge nobody can ask."""
    if there is None or policy.forge.kind == NONE:
        return None
    number = there.requests().get(tip.head)
    if number is None:
        return None
    message = f"{tip.branch} is the head of request #{number} on {there.remote.name}, which cannot be asked about it"
    return blocker("request-elsewhere", tip.branch, message, plan=tip.plan)


def bring_head(there: Contact, request: Request) -> bool:
    """Bring the commit of a request from a fork here; False where the remote does not show it."""
    shown = [ref for ref, oid in there.refs.items() if oid == request.head and not ref.startswith(HEADS)]
    if not shown:
        return False
    there.remote.fetch([f"+{shown[0]}:{SEEN_REQUESTS}{request.number}"])
    return True
