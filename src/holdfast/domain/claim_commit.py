"""The claim commit: what its message says about who claimed what, written and read as git trailers."""

from __future__ import annotations

from holdfast.domain.value import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

CLAIMED_BY, HOST, CLAIM_ID, PLAN, BRANCH, WORKER, OFFLINE, ADDS = (
    "Claimed-By", "Claim-Host", "Claim-Id", "Claim-Plan", "Claim-Branch", "Claim-Worker", "Claim-Offline", "Claim-Adds",
)  # fmt: skip
TRAILERS = (CLAIMED_BY, HOST, CLAIM_ID, PLAN, BRANCH, WORKER, OFFLINE, ADDS)
_LONGEST = 200


class Origin(NamedTuple):
    """Who made a claim: `owner` at `host`, for `plan` on `branch`.

    `worker` is the name that the worker gave itself (`--owner`, a session's id), None for one who gave none: many agents
    share one user and one host. A trailer that is missing is None; whoever writes commits can write anything here.
    """

    claim_id: str
    owner: str | None = None
    host: str | None = None
    plan: int | None = None
    branch: str | None = None
    worker: str | None = None
    offline: bool = False
    adds: tuple[str, ...] = ()

    @property
    def who(self) -> str:
        """The owner and where, as people say it."""
        owner = self.owner or "somebody"
        return f"{owner} on {self.host}" if self.host else owner


def message(subject: str, origin: Origin) -> str:
    """The message of a claim commit: the subject, a blank line, the trailers."""
    values: Mapping[str, str | None] = {
        CLAIMED_BY: origin.owner,
        HOST: origin.host,
        CLAIM_ID: origin.claim_id,
        PLAN: str(origin.plan) if origin.plan is not None else None,
        BRANCH: origin.branch,
        WORKER: origin.worker,
        OFFLINE: "yes" if origin.offline else None,
    }
    lines = [f"{key}: {one_line(value)}" for key, value in values.items() if value]
    lines += [f"{ADDS}: {path}" for path in origin.adds if path.isprintable()]
    return f"{one_line(subject)}\n\n" + "\n".join(lines) + "\n"


def origin_of(trailers: str) -> Origin | None:
    """The origin that the trailers of a commit tell, one `Key: value` a line; None without a Claim-Id."""
    found: dict[str, str] = {}
    adds: list[str] = []
    for line in trailers.split("\n"):
        key, colon, value = line.partition(":")
        if colon and key == ADDS:
            adds.append(value.strip())
        elif colon and key in TRAILERS:
            found.setdefault(key, one_line(value))
    if not found.get(CLAIM_ID):
        return None
    number = found.get(PLAN, "").removeprefix("#")
    return Origin(
        claim_id=found[CLAIM_ID],
        owner=found.get(CLAIMED_BY) or None,
        host=found.get(HOST) or None,
        plan=int(number) if number.isascii() and number.isdecimal() and len(number) <= 9 else None,
        branch=found.get(BRANCH) or None,
        worker=found.get(WORKER) or None,
        offline=found.get(OFFLINE) == "yes",
        adds=tuple(adds),
    )


def one_line(text: str) -> str:
    """Text as a trailer holds it: one line, without control characters, at most 200 characters."""
    return "".join(one if one.isprintable() else " " for one in text).strip()[:_LONGEST].rstrip()
