"""Requests on a forge: pull requests of GitHub, Gitea and Forgejo, merge requests of GitLab, as values that all have alike."""

from __future__ import annotations

from holdfast.domain.value import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Protocol
else:
    Protocol = object

GITHUB, GITLAB, GITEA = "github", "gitlab", "gitea"
AUTO, NONE = "auto", "none"
KINDS = (AUTO, NONE, GITHUB, GITLAB, GITEA)
"""What `forge.kind` can be; Gitea stands for Forgejo, too."""

SQUASH, MERGE, REBASE = "squash", "merge", "rebase"
METHODS = (SQUASH, MERGE, REBASE)

OPEN, CLOSED, MERGED = "open", "closed", "merged"
"""The state of a request."""

CAN_MERGE, CONFLICTS, CHECKING, BEHIND = "can-merge", "conflicts", "checking", "behind"
"""What a forge says of merging: it can, it met conflicts, it has not found out yet, the branch lacks commits of its base."""

SUCCESS, PENDING, FAILURE, MISSING = "success", "pending", "failure", "missing"
"""The state of a check on one commit; a required one that never reported is missing, and that is not green."""

DONE, QUEUED, HEAD_MOVED, BASE_MOVED, NOT_YET, REFUSED, DENIED, UNCLEAR = (
    "done", "queued", "head-moved", "base-moved", "not-yet", "refused", "denied", "unclear",
)  # fmt: skip
"""What an answer to a merge call means. None of them is believed: the request is read again before anything is said."""


class Address(NamedTuple):
    """Where a repository is on a forge: `api` without a slash at its end, `repository` as `owner/name`."""

    kind: str
    api: str
    repository: str

    @property
    def host(self) -> str:
        """The host of the API, with its port if it has one of its own."""
        return self.api.partition("://")[2].partition("/")[0]


class Request(NamedTuple):
    """One request. `branch` and `head` are the source and its commit, `base` the branch that it would be merged into.

    `fork` is the repository that the source is in where that is another one, empty for one that is gone, None for the same.
    `mergeable` is one of the words above; `queued` where the forge will merge it by itself. `may_push` tells whether those
    who maintain the base may push to a fork's branch.
    """

    number: int
    url: str
    title: str
    body: str
    state: str
    draft: bool
    branch: str
    head: str
    base: str
    fork: str | None = None
    merge_commit: str | None = None
    mergeable: str = CHECKING
    queued: bool = False
    may_push: bool = True


class Check(NamedTuple):
    """What a check says of exactly one commit: a word above, and the page that tells more."""

    name: str
    state: str
    required: bool
    url: str = ""


class Gates(NamedTuple):
    """What stands between a request and its merge.

    `checks` are all that reported on exactly its head and the required ones that did not. `approvals_missing` counts
    reviews; `changes_requested` names who asked for changes. `methods` are those that the repository allows; `linear`
    where its base takes no merge commits; `queue` where requests are merged by a queue. `may_merge` is False for a token
    that may not. `others` is whatever else the forge says is in the way, in words, one each.
    """

    checks: Sequence[Check] = ()
    approvals_missing: int = 0
    changes_requested: Sequence[str] = ()
    discussions_open: bool = False
    methods: Sequence[str] = METHODS
    linear: bool = False
    queue: bool = False
    may_merge: bool = True
    others: Sequence[str] = ()


class Answer(NamedTuple):
    """What a forge answered to a merge call, as one of the words above, and in its own words."""

    meaning: str
    words: str = ""


class Forge(Protocol):
    """A repository on a forge. Every method raises `Unable` where the forge cannot be asked or makes no sense."""

    address: Address

    def by_number(self, number: int) -> Request | None:
        """The request of that number; None where there is none."""

    def by_branch(self, branch: str) -> Sequence[Request]:
        """The requests whose source is that branch of this very repository or of a fork: open ones first, newest first."""

    def based_on(self, branch: str) -> Sequence[Request]:
        """The open requests that would be merged into that branch."""

    def gates(self, request: Request) -> Gates:
        """What stands between a request and its merge."""

    def merge(self, request: Request, method: str, title: str, message: str) -> Answer:
        """Ask once, and never again by itself, to merge exactly `request.head`; the branch is never deleted along with it."""

    def make(self, branch: str, base: str, title: str, body: str) -> Request:
        """Open a request."""

    def change(self, request: Request, title: str, body: str) -> Request:
        """Give a request another title and text."""
