"""Who runs this command: the name that goes into claims and the journal, and whether two are the same worker."""

from __future__ import annotations

from holdfast.adapters import host
from holdfast.domain.claim_commit import one_line
from holdfast.domain.value import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from holdfast.domain.claim import Claim

OWNER, SESSION, HOST = "HOLDFAST_OWNER", "HOLDFAST_SESSION", "HOLDFAST_HOST"
"""What the environment can say about a worker; a host of its own where containers get a new name each time."""


class Worker(NamedTuple):
    """`owner` is the name that people see; `name` what this worker calls itself (`--owner`, a session), or None.

    User and host tell nothing: twenty agents share both. So only a name that was given makes two calls one worker.
    """

    owner: str
    host: str
    name: str | None

    def made(self, claim: Claim) -> bool:
        """True for a claim that was made under the name that this worker gives."""
        return self.name is not None and claim.worker == self.name


def of(environment: Mapping[str, str], settings: Mapping[str, str], owner: str | None = None) -> Worker:
    """The worker that an explicit owner, the environment and git's configuration name; a blank name is none.

    Names are as a claim commit holds them: so two calls with one name are one worker.
    """
    name = one_line(owner or "") or one_line(environment.get(OWNER, "")) or one_line(environment.get(SESSION, ""))
    person = environment.get("GIT_AUTHOR_NAME") or settings.get("user.name") or host.user()
    return Worker(name or one_line(person), host_of(environment), name or None)


def host_of(environment: Mapping[str, str]) -> str:
    """The name of this machine, as claims and the journal have it."""
    return one_line(environment.get(HOST, "")) or host.name()
