"""Pull requests of Gitea and Forgejo, which answer alike (their /swagger.v1.json)."""

from __future__ import annotations

from urllib.parse import quote

from holdfast.domain.forge import (
    CAN_MERGE,
    CHECKING,
    CLOSED,
    FAILURE,
    GITEA,
    MERGE,
    MERGED,
    OPEN,
    PENDING,
    REBASE,
    SQUASH,
    SUCCESS,
    Gates,
    Request,
)
from holdfast.domain.forge_answers import merge_answer
from holdfast.domain.forge_checks import Needed, Reported, checks
from holdfast.domain.value import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from holdfast.adapters.forge.client import Client
    from holdfast.adapters.forge.fields import Fields
    from holdfast.domain.forge import Address, Answer

_STATES = {
    "success": SUCCESS, "skipped": SUCCESS, "warning": FAILURE, "failure": FAILURE, "error": FAILURE, "pending": PENDING,
}  # fmt: skip
_ALLOWS = (("allow_squash_merge", SQUASH), ("allow_merge_commits", MERGE), ("allow_rebase", REBASE))
_UNFINISHED = ("WIP:", "[WIP]")
"""How a title begins where drafts have no field of their own."""
_PAGES_OF_CLOSED = 6
"""Closed requests cannot be asked for by their branch: the newest few hundred are looked through."""


class Gitea:
    """A repository on Gitea or Forgejo; see `holdfast.domain.forge.Forge`."""

    def __init__(self, address: Address, client: Client) -> None:
        self.address = address
        self._client = client
        self._at = "/repos/" + quote(address.repository)

    def by_number(self, number: int) -> Request | None:
        """The request of that number; None where there is none."""
        found = self._client.find(f"{self._at}/pulls/{number}", "a request")
        if found is None:
            self._repository()  # one that cannot be seen has no requests for us, which is another thing
            return None
        return self._request(found)

    def by_branch(self, branch: str) -> Sequence[Request]:
        """The requests from that branch; of closed ones those among the few hundred that were changed last."""
        found = self._client.pages(f"{self._at}/pulls", "requests", state="open")
        found += self._client.pages(
            f"{self._at}/pulls", "requests", most=_PAGES_OF_CLOSED, state="closed", sort="recentupdate"
        )
        by_number = {one.number: one for one in map(self._request, found) if one.branch == branch}
        return sorted(by_number.values(), key=lambda one: (one.state != OPEN, -one.number))

    def based_on(self, branch: str) -> Sequence[Request]:
        """The open requests into that branch."""
        found = self._client.pages(f"{self._at}/pulls", "requests", state="open")
        return [one for one in map(self._request, found) if one.base == branch]

    def gates(self, request: Request) -> Gates:
        """What stands between a request and its merge."""
        repository = self._repository()
        path = f"{self._at}/branches/{quote(request.base, safe='', errors='surrogateescape')}"
        branch = self._client.get(path, "a branch")
        needed = []
        if branch.flag("enable_status_check"):
            needed = [Needed(name, pattern=True) for name in branch.texts("status_check_contexts")]
        approving, against = self._reviews(request.number)
        return Gates(
            checks=checks(self._reports(request.head), needed),
            approvals_missing=max(0, branch.whole("required_approvals", 0) - approving),
            changes_requested=against,
            methods=[method for key, method in _ALLOWS if repository.flag(key, True)],
            may_merge=branch.flag("user_can_merge", repository.child("permissions").flag("push")),
            others=["the repository is archived"] if repository.flag("archived") else [],
        )

    def merge(self, request: Request, method: str, title: str, message: str) -> Answer:
        """Ask once to merge exactly `request.head`, now and not when its checks have succeeded."""
        body = {
            "Do": method, "head_commit_id": request.head, "MergeTitleField": title, "MergeMessageField": message,
            "delete_branch_after_merge": False,
        }  # fmt: skip
        reply = self._client.once("POST", f"{self._at}/pulls/{request.number}/merge", body)
        return merge_answer(GITEA, reply.status, reply.document, reply.words, reply.empty)

    def make(self, branch: str, base: str, title: str, body: str) -> Request:
        """Open a request."""
        asked = {"head": branch, "base": base, "title": title, "body": body}
        return self._request(self._client.send("POST", f"{self._at}/pulls", asked, "a request"))

    def change(self, request: Request, title: str, body: str) -> Request:
        """Give a request another title and text."""
        path = f"{self._at}/pulls/{request.number}"
        return self._request(self._client.send("PATCH", path, {"title": title, "body": body}, "a request"))

    def _request(self, found: Fields) -> Request:
        head, base = found.child("head"), found.child("base")
        merged = found.flag("merged")
        source = head.child("repo").text("full_name") if head.has("repo") else ""
        # The name that the base has now: the one that we ask by may be an older one.
        own = base.child("repo").text("full_name", self.address.repository)
        fork = None if source == own else source
        return Request(
            number=found.whole("number"),
            url=found.text("html_url", ""),
            title=found.text("title", ""),
            body=found.text("body", ""),
            state=MERGED if merged else OPEN if found.text("state") == "open" else CLOSED,
            draft=found.flag("draft") or found.text("title", "").upper().startswith(_UNFINISHED),
            branch=_branch(head),
            head=head.text("sha"),
            base=base.text("ref"),
            fork=fork,
            merge_commit=found.text("merge_commit_sha", "") or None if merged else None,
            # False is said of conflicts, of drafts, and as long as it has not found out.
            mergeable=CAN_MERGE if found.flag("mergeable") else CHECKING,
            may_push=fork is None or found.flag("allow_maintainer_edit"),
        )

    def _repository(self) -> Fields:
        return self._client.get(self._at, "a repository")

    def _reports(self, commit: str) -> list[Reported]:
        at = f"{self._at}/commits/{quote(commit, safe='')}/status"
        return [
            Reported(one.text("context"), _STATES.get(one.text("status"), FAILURE), one.text("target_url", ""))
            for one in self._client.pages(at, "statuses", "statuses")
        ]

    def _reviews(self, number: int) -> tuple[int, list[str]]:
        """How many approve, and who asked for changes: the last word of each whose review counts.

        What was dismissed counts for nothing, and an approval of an older commit is none of this one.
        """
        last: dict[str, str] = {}
        for one in self._client.pages(f"{self._at}/pulls/{number}/reviews", "reviews"):
            name, word = one.child("user").text("login", ""), one.text("state")
            if word not in ("APPROVED", "REQUEST_CHANGES") or not one.flag("official", True):
                continue
            if one.flag("dismissed") or (word == "APPROVED" and one.flag("stale")):
                last.pop(name, None)
            else:
                last[name] = word
        approving = sum(word == "APPROVED" for word in last.values())
        return approving, [name for name, word in last.items() if word == "REQUEST_CHANGES"]


def _branch(head: Fields) -> str:
    """The source branch; one that was deleted is named by its label alone, `owner:branch` for a fork."""
    ref = head.text("ref")
    return head.text("label", ref).rpartition(":")[2] if ref.startswith("refs/pull/") else ref
