"""A claim: the fact that someone works on a plan, which is a branch and what is known about it."""

from __future__ import annotations

from holdfast.domain.value import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from holdfast.domain.moment import Moment

IN_USE, ACTIVE, STALE, FRESH, INTEGRATED = "in-use", "active", "stale", "fresh", "integrated"
STATES = (IN_USE, ACTIVE, STALE, FRESH, INTEGRATED)

CLAIMED, COMMITTED, REFLOG, FILE, SESSION, REMOTE = "claim", "commit", "reflog", "file", "session", "remote"
SOURCES = (CLAIMED, COMMITTED, REFLOG, FILE, SESSION, REMOTE)
"""What the last activity of a claim can rest on."""


class Claim(NamedTuple):
    """One branch that is a claim.

    `branch` is its name without `refs/heads/` or the remote; `local` and `remote` are the full names of the refs that
    carry it, or None. `plan` is None for a `feature-*` branch, which is never exclusive. `owner`, `host` and `claim_id`
    come from the claim commit, where there is one. `state` is one of `STATES`; `own_commits` counts commits that the
    main branch lacks, without those that made the claim. `reasons` say in words why the state is what it is.
    """

    plan: int | None
    branch: str
    local: str | None
    remote: str | None
    commit: str
    owner: str | None
    host: str | None
    claim_id: str | None
    state: str
    contested: bool
    published: bool
    last_activity: Moment
    activity_source: str
    worktree: str | None
    own_commits: int
    reasons: tuple[str, ...]

    @property
    def ended(self) -> bool:
        """True for a branch whose work is merged: it claims nothing any more."""
        return self.state == INTEGRATED
