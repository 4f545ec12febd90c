"""Merge requests of GitLab (docs.gitlab.com/api/merge_requests)."""

from __future__ import annotations

from urllib.parse import quote

from holdfast.domain.forge import (
    CHECKING,
    CLOSED,
    FAILURE,
    GITLAB,
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
from holdfast.domain.forge_answers import gitlab_in_the_way, gitlab_merge_status, merge_answer
from holdfast.domain.forge_checks import Needed, Reported, checks
from holdfast.domain.value import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from holdfast.adapters.forge.client import Client
    from holdfast.adapters.forge.fields import Fields
    from holdfast.domain.forge import Address, Answer, Check

PIPELINE = "pipeline"
"""The check that the whole pipeline of a request is."""
_STATES = {"opened": OPEN, "locked": OPEN, "merged": MERGED, "closed": CLOSED}
"""`locked` is a request that is being merged."""
_RUNS = {"success": SUCCESS, "failed": FAILURE, "canceled": FAILURE, "canceling": FAILURE}


class GitLab:
    """A project on GitLab; see `holdfast.domain.forge.Forge`."""

    def __init__(self, address: Address, client: Client) -> None:
        self.address = address
        self._client = client
        self._at = "/projects/" + quote(address.repository, safe="")
        self._trains: bool | None = None
        self._forks: dict[int, str] = {}

    def by_number(self, number: int) -> Request | None:
        """The request of that number; None where there is none."""
        found = self._client.find(f"{self._at}/merge_requests/{number}", "a request")
        if found is None:
            self._project()  # one that cannot be seen has no requests for us, which is another thing
            return None
        return self._whole(found)

    def by_branch(self, branch: str) -> Sequence[Request]:
        """The requests from that branch, of the project and of its forks."""
        found = self._client.pages(f"{self._at}/merge_requests", "requests", source_branch=branch, state="all")
        requests = [self._request(one) for one in found if one.text("source_branch") == branch]
        requests.sort(key=lambda one: (one.state != OPEN, -one.number))
        # A list can hold an older state of what stands in the way.
        return [self.by_number(one.number) or one if one.state == OPEN else one for one in requests]

    def based_on(self, branch: str) -> Sequence[Request]:
        """The open requests into that branch."""
        found = self._client.pages(f"{self._at}/merge_requests", "requests", target_branch=branch, state="opened")
        return [self._request(one) for one in found if one.text("target_branch") == branch]

    def gates(self, request: Request) -> Gates:
        """What stands between a request and its merge."""
        project = self._project()
        now = self._client.get(f"{self._at}/merge_requests/{request.number}", "a request")
        told = gitlab_in_the_way(now.text("detailed_merge_status", ""))
        archived = ["the project is archived"] if project.flag("archived") else []
        unresolved = now.has("blocking_discussions_resolved") and not now.flag("blocking_discussions_resolved")
        return Gates(
            checks=self._checks(project, now, request.head),
            approvals_missing=self._approvals_left(request.number),
            changes_requested=self._against(request.number),
            discussions_open=unresolved and project.flag("only_allow_merge_if_all_discussions_are_resolved"),
            methods=_methods(project),
            linear=project.text("merge_method", "merge") == "ff",
            queue=project.flag("merge_trains_enabled"),
            may_merge=now.child("user").flag("can_merge"),
            others=archived + ([told] if told else []),
        )

    def merge(self, request: Request, method: str, title: str, message: str) -> Answer:
        """Ask once to merge exactly `request.head`, now and not when its pipeline has succeeded."""
        whole = f"{title}\n\n{message}".strip()
        body = {"sha": request.head, "squash": method == SQUASH, "should_remove_source_branch": False}
        words = {SQUASH: {"squash_commit_message": whole}, MERGE: {"merge_commit_message": whole}}.get(method, {})
        path = f"{self._at}/merge_requests/{request.number}/merge"
        reply = self._client.once("PUT", path, {**body, **words})
        return merge_answer(GITLAB, reply.status, reply.document, reply.words, reply.empty)

    def make(self, branch: str, base: str, title: str, body: str) -> Request:
        """Open a request."""
        asked = {
            "source_branch": branch, "target_branch": base, "title": title, "description": body,
            "remove_source_branch": False,
        }  # fmt: skip
        return self._whole(self._client.send("POST", f"{self._at}/merge_requests", asked, "a request"))

    def change(self, request: Request, title: str, body: str) -> Request:
        """Give a request another title and text."""
        path = f"{self._at}/merge_requests/{request.number}"
        return self._whole(self._client.send("PUT", path, {"title": title, "description": body}, "a request"))

    # Requests

    def _whole(self, found: Fields) -> Request:
        """A request as it is answered alone; in a project with merge trains it may be on one."""
        request = self._request(found)
        if request.state != OPEN or request.queued or not self._has_trains():
            return request
        car = self._client.find(
            f"{self._at}/merge_trains/merge_requests/{request.number}", "a merge train", hidden=True
        )
        return request._replace(queued=car is not None and car.text("status", "") not in ("merged", "skip_merged"))

    def _request(self, found: Fields) -> Request:
        state = _STATES.get(found.text("state"), CLOSED)
        merged = state == MERGED
        made = found.text("merge_commit_sha", "") or found.text("squash_commit_sha", "") or found.text("sha", "")
        conflicts = found.flag("has_conflicts")
        mergeable = gitlab_merge_status(
            found.text("detailed_merge_status", "") or found.text("merge_status", ""), conflicts
        )
        return Request(
            number=found.whole("iid"),
            url=found.text("web_url", ""),
            title=found.text("title", ""),
            body=found.text("description", ""),
            state=state,
            draft=found.flag("draft", found.flag("work_in_progress")),
            branch=found.text("source_branch"),
            head=found.text("sha", ""),
            base=found.text("target_branch"),
            fork=self._fork(found),
            merge_commit=made or None if merged else None,
            mergeable=mergeable if found.text("state") == "opened" else CHECKING,
            queued=found.flag("merge_when_pipeline_succeeds"),
            may_push=self._fork(found) is None or found.flag("allow_collaboration"),
        )

    def _fork(self, found: Fields) -> str | None:
        source = found.whole("source_project_id", -1)
        if source == found.whole("target_project_id"):
            return None
        if source not in self._forks:
            there = self._client.find(f"/projects/{source}", "a project", hidden=True) if source >= 0 else None
            self._forks[source] = there.text("path_with_namespace", "") if there is not None else ""
        return self._forks[source]

    def _has_trains(self) -> bool:
        if self._trains is None:
            self._trains = self._project().flag("merge_trains_enabled")
        return self._trains

    # Gates

    def _project(self) -> Fields:
        return self._client.get(self._at, "a project")

    def _checks(self, project: Fields, now: Fields, head: str) -> list[Check]:
        """The pipeline of exactly that commit, and each status that was reported on it."""
        at = f"{self._at}/repository/commits/{quote(head, safe='')}/statuses"
        reports = [_of_status(one) for one in self._client.pages(at, "statuses")]
        pipeline = now.child("head_pipeline")
        if now.has("head_pipeline") and now.text("sha", "") == head and _is_of(pipeline, head):
            skipped = project.flag("allow_merge_on_skipped_pipeline")
            reports.append(
                Reported(PIPELINE, _state(pipeline.text("status"), skipped=skipped), pipeline.text("web_url", ""))
            )
        needed = [Needed(PIPELINE)] if project.flag("only_allow_merge_if_pipeline_succeeds") else []
        return checks(reports, needed)

    def _approvals_left(self, number: int) -> int:
        """How many approvals are missing; editions without rules for them have none."""
        found = self._client.find(f"{self._at}/merge_requests/{number}/approvals", "approvals", hidden=True)
        return found.whole("approvals_left", 0) if found is not None else 0

    def _against(self, number: int) -> list[str]:
        """Reviewers whose last word asks for changes."""
        found = self._client.pages(f"{self._at}/merge_requests/{number}/reviewers", "reviewers", absent=True)
        return [one.child("user").text("username", "") for one in found if one.text("state", "") == "requested_changes"]


def _methods(project: Fields) -> list[str]:
    """The methods that a project allows, best first.

    GitLab has one way to merge for each project and a choice to squash: with `ff` a request is only moved forward, which
    is what a rebase comes to.
    """
    option = project.text("squash_option", "default_off")
    plain = REBASE if project.text("merge_method", "merge") == "ff" else MERGE
    return [*([SQUASH] if option != "never" else []), *([plain] if option != "always" else [])]


def _is_of(pipeline: Fields, head: str) -> bool:
    """Whether a pipeline ran on a commit, or on the result of merging it, which has an id of its own."""
    return pipeline.text("sha", "") == head or pipeline.text("ref", "").startswith("refs/merge-requests/")


def _of_status(one: Fields) -> Reported:
    state = _state(one.text("status"), skipped=True)
    if one.flag("allow_failure") and state == FAILURE:
        state = SUCCESS
    return Reported(one.text("name"), state, one.text("target_url", ""))


def _state(word: str, skipped: bool) -> str:
    """A word of GitLab's; what waits for a person or has not begun is pending."""
    if word == "skipped":
        return SUCCESS if skipped else FAILURE
    return _RUNS.get(word, PENDING)
