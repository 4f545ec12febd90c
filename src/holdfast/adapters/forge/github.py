"""Pull requests of GitHub, on github.com and on hosts of enterprises (docs.github.com/rest, version 2022-11-28)."""

from __future__ import annotations

from urllib.parse import quote, urlsplit, urlunsplit

from holdfast.adapters.forge.errors import ForgeDenied
from holdfast.domain.forge import (
    BEHIND,
    CAN_MERGE,
    CHECKING,
    CLOSED,
    CONFLICTS,
    FAILURE,
    GITHUB,
    MERGE,
    MERGED,
    OPEN,
    PENDING,
    QUEUED,
    REBASE,
    REFUSED,
    SQUASH,
    SUCCESS,
    Answer,
    Gates,
    Request,
)
from holdfast.domain.forge_answers import merge_answer
from holdfast.domain.forge_checks import Needed, Reported, checks
from holdfast.domain.value import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from holdfast.adapters.forge.client import Client
    from holdfast.adapters.forge.fields import Fields
    from holdfast.domain.forge import Address

_MERGEABLE = {"behind": BEHIND, "dirty": CONFLICTS}
_STATES = {"success": SUCCESS, "pending": PENDING, "failure": FAILURE, "error": FAILURE}
_CONCLUSIONS = {"success": SUCCESS, "neutral": SUCCESS, "skipped": SUCCESS}
_INSIDERS = ("OWNER", "MEMBER", "COLLABORATOR")
"""Whose reviews count: others may write them, and GitHub counts them for nothing."""
_ALLOWS = (("allow_squash_merge", SQUASH), ("allow_merge_commit", MERGE), ("allow_rebase_merge", REBASE))
_HARMLESS = frozenset({
    "creation", "update", "deletion", "non_fast_forward", "pull_request", "required_status_checks", "merge_queue",
    "required_linear_history",
})  # fmt: skip
"""Rules that are read, or that stand in no merge's way."""
_ENQUEUE = "mutation($id:ID!,$head:GitObjectID!){enqueuePullRequest(input:{pullRequestId:$id,expectedHeadOid:$head})" \
           "{mergeQueueEntry{state}}}"  # fmt: skip
_QUEUED = "query($owner:String!,$name:String!,$number:Int!){repository(owner:$owner,name:$name)" \
          "{pullRequest(number:$number){mergeQueueEntry{state}}}}"  # fmt: skip


class _Rules(NamedTuple):
    """What a base asks for, by classic protection and by rulesets together; `hints` are rules that cannot be judged here."""

    needed: tuple[Needed, ...] = ()
    approvals: int = 0
    methods: tuple[str, ...] = (SQUASH, MERGE, REBASE)
    linear: bool = False
    queue: bool = False
    hints: tuple[str, ...] = ()

    def plus(self, other: _Rules) -> _Rules:
        """Both together: the stricter of each."""
        return _Rules(
            tuple(dict.fromkeys(self.needed + other.needed)),
            max(self.approvals, other.approvals),
            tuple(method for method in self.methods if method in other.methods),
            self.linear or other.linear,
            self.queue or other.queue,
            tuple(dict.fromkeys(self.hints + other.hints)),
        )


class GitHub:
    """A repository on GitHub; see `holdfast.domain.forge.Forge`."""

    def __init__(self, address: Address, client: Client) -> None:
        self.address = address
        self._client = client
        self._at = "/repos/" + quote(address.repository)
        self._queues: dict[str, bool] = {}

    def by_number(self, number: int) -> Request | None:
        """The request of that number; None where there is none."""
        found = self._client.find(f"{self._at}/pulls/{number}", "a request")
        if found is None:
            self._repository()  # one that cannot be seen has no requests for us, which is another thing
            return None
        return self._whole(found)

    def by_branch(self, branch: str) -> Sequence[Request]:
        """The requests from that branch; those of forks only where they are open and among the newest hundred."""
        owner = self.address.repository.partition("/")[0]
        query: dict[str, Any] = {"state": "all", "sort": "created", "direction": "desc"}
        own = self._client.pages(f"{self._at}/pulls", "requests", head=f"{owner}:{branch}", **query)
        forks = self._client.first(f"{self._at}/pulls", "requests", **{**query, "state": "open"})
        by_number = {one.whole("number"): one for one in (*own, *forks) if one.child("head").text("ref") == branch}
        found = sorted(map(self._request, by_number.values()), key=lambda one: (one.state != OPEN, -one.number))
        # A list does not say whether they can be merged.
        return [self.by_number(one.number) or one if one.state == OPEN else one for one in found]

    def based_on(self, branch: str) -> Sequence[Request]:
        """The open requests into that branch."""
        found = self._client.pages(f"{self._at}/pulls", "requests", state="open", base=branch)
        return [self._request(one) for one in found if one.child("base").text("ref") == branch]

    def gates(self, request: Request) -> Gates:
        """What stands between a request and its merge.

        Of what nobody may read but administrators only the sum is known: where GitHub says `blocked` and nothing else
        tells why, `others` says so.
        """
        repository = self._repository()
        rules = self._rules(request.base)
        found = checks(self._reports(request.head), rules.needed)
        approving, against = self._reviews(request.number)
        missing = max(0, rules.approvals - approving)
        told = missing or against or any(one.required and one.state != SUCCESS for one in found)
        return Gates(
            checks=found,
            approvals_missing=missing,
            changes_requested=against,
            methods=tuple(method for method in _methods(repository) if method in rules.methods),
            linear=rules.linear,
            queue=rules.queue,
            may_merge=repository.child("permissions").flag("push"),
            others=self._others(request, repository, rules, bool(told)),
        )

    def merge(self, request: Request, method: str, title: str, message: str) -> Answer:
        """Ask once to merge exactly `request.head`; where its base has a merge queue, to put it there."""
        if self._has_queue(request.base):
            return self._queue(request)
        body = {"sha": request.head, "merge_method": method}
        if method != REBASE:
            body |= {"commit_title": title, "commit_message": message}
        reply = self._client.once("PUT", f"{self._at}/pulls/{request.number}/merge", body)
        return merge_answer(GITHUB, reply.status, reply.document, reply.words, reply.empty)

    def _queue(self, request: Request) -> Answer:
        """Put a request into the queue of its base, at exactly its head (GraphQL `enqueuePullRequest`)."""
        node = self._client.get(f"{self._at}/pulls/{request.number}", "a request").text("node_id")
        asked = {"query": _ENQUEUE, "variables": {"id": node, "head": request.head}}
        reply = self._client.once("POST", "", asked, _graphql(self.address.api))
        if reply.status != 200 or not isinstance(reply.document, dict):
            return merge_answer(GITHUB, reply.status, reply.document, reply.words, reply.empty)
        errors = reply.document.get("errors")
        if not errors:
            return Answer(QUEUED, "it is in the merge queue")
        said = (
            [str(one.get("message", "")) for one in errors if isinstance(one, dict)] if isinstance(errors, list) else []
        )
        return Answer(REFUSED, "; ".join(said) or "it was not put into the merge queue")

    def make(self, branch: str, base: str, title: str, body: str) -> Request:
        """Open a request."""
        asked = {"title": title, "head": branch, "base": base, "body": body}
        return self._whole(self._client.send("POST", f"{self._at}/pulls", asked, "a request"))

    def change(self, request: Request, title: str, body: str) -> Request:
        """Give a request another title and text."""
        path = f"{self._at}/pulls/{request.number}"
        return self._whole(self._client.send("PATCH", path, {"title": title, "body": body}, "a request"))

    # Requests

    def _whole(self, found: Fields) -> Request:
        """A request as it is answered alone; one into a base with a queue may wait there, which only GraphQL tells."""
        request = self._request(found)
        if request.state == OPEN and not request.queued and self._has_queue(request.base):
            return request._replace(queued=self._in_queue(request.number))
        return request

    def _request(self, found: Fields) -> Request:
        head, base = found.child("head"), found.child("base")
        merged = found.flag("merged") or found.has("merged_at")
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
            draft=found.flag("draft"),
            branch=head.text("ref"),
            head=head.text("sha"),
            base=base.text("ref"),
            fork=fork,
            merge_commit=found.text("merge_commit_sha", "") or None if merged else None,
            mergeable=CHECKING if merged else _mergeable(found),
            queued=found.has("auto_merge"),
            may_push=fork is None or found.flag("maintainer_can_modify"),
        )

    def _has_queue(self, base: str) -> bool:
        if base not in self._queues:
            self._queues[base] = self._ruleset(base).queue
        return self._queues[base]

    def _in_queue(self, number: int) -> bool:
        """Whether a request waits in the queue of its base; False where GraphQL cannot be asked."""
        owner, _, name = self.address.repository.partition("/")
        asked = {"query": _QUEUED, "variables": {"owner": owner, "name": name, "number": number}}
        try:
            found = self._client.ask(_graphql(self.address.api), asked, "the queue")
        except ForgeDenied:
            return False
        return found.child("data").child("repository").child("pullRequest").has("mergeQueueEntry")

    # Gates

    def _repository(self) -> Fields:
        return self._client.get(self._at, "a repository")

    def _rules(self, base: str) -> _Rules:
        return self._protection(base).plus(self._ruleset(base))

    def _protection(self, base: str) -> _Rules:
        """The classic protection of a branch. Whoever reads sees its checks, administrators alone the rest."""
        path = f"{self._at}/branches/{quote(base, safe='', errors='surrogateescape')}"
        branch = self._client.find(path, "a branch", hidden=True)
        if branch is None or not branch.flag("protected"):
            return _Rules()
        found = _Rules(_needed(branch.child("protection").child("required_status_checks")))
        whole = self._client.find(f"{path}/protection", "the protection of a branch", hidden=True)
        if whole is None:
            return found
        reviews = whole.child("required_pull_request_reviews")
        hints = {
            "required_conversation_resolution": "all conversations must be resolved",
            "required_signatures": "its commits must be signed",
            "lock_branch": "its base is locked",
        }
        return found.plus(
            _Rules(
                needed=_needed(whole.child("required_status_checks")),
                approvals=reviews.whole("required_approving_review_count", 0),
                linear=whole.child("required_linear_history").flag("enabled"),
                hints=tuple(words for key, words in hints.items() if whole.child(key).flag("enabled")),
            )
        )

    def _ruleset(self, base: str) -> _Rules:
        """The rules that rulesets have for a branch; hosts of enterprises can be too old to know any."""
        path = f"{self._at}/rules/branches/{quote(base, safe='', errors='surrogateescape')}"
        found = _Rules()
        for rule in self._client.pages(path, "rules", absent=True):
            found = found.plus(_of_rule(rule.text("type"), rule.child("parameters")))
        return found

    def _reports(self, commit: str) -> list[Reported]:
        """What check runs and statuses say of exactly one commit."""
        at = f"{self._at}/commits/{quote(commit, safe='')}"
        runs = self._client.pages(f"{at}/check-runs", "check runs", "check_runs", filter="latest")
        statuses = self._client.pages(f"{at}/status", "statuses", "statuses")
        return [_of_run(one) for one in runs] + [
            Reported(one.text("context"), _STATES.get(one.text("state"), FAILURE), one.text("target_url", ""))
            for one in statuses
        ]

    def _reviews(self, number: int) -> tuple[int, list[str]]:
        """How many approve, and who asked for changes: the last word of each who may write counts."""
        last: dict[str, str] = {}
        for one in self._client.pages(f"{self._at}/pulls/{number}/reviews", "reviews"):
            if one.text("state") in ("COMMENTED", "PENDING") or one.text("author_association", "NONE") not in _INSIDERS:
                continue
            last[one.child("user").text("login", "a user that is gone")] = one.text("state")
        approving = sum(state == "APPROVED" for state in last.values())
        return approving, [name for name, state in last.items() if state == "CHANGES_REQUESTED"]

    def _others(self, request: Request, repository: Fields, rules: _Rules, told: bool) -> list[str]:
        if repository.flag("archived"):
            return ["the repository is archived"]
        if told or request.draft or request.state != OPEN:
            return []
        now = self._client.get(f"{self._at}/pulls/{request.number}", "a request")
        if now.text("mergeable_state", "unknown") != "blocked":
            return []
        return list(rules.hints) or [
            "GitHub says that it is blocked, and not why to who may not administer the repository"
        ]


def _mergeable(found: Fields) -> str:
    state = found.text("mergeable_state", "unknown")
    able = found.maybe("mergeable")
    if able is None:
        return CHECKING
    return _MERGEABLE.get(state, CAN_MERGE) if able else CONFLICTS


def _methods(repository: Fields) -> list[str]:
    """What a repository allows; one that does not say (to who may not write) allows all, as far as we know."""
    return [method for key, method in _ALLOWS if repository.flag(key, True)]


def _needed(found: Fields) -> tuple[Needed, ...]:
    """Required checks: `checks` say which app counts, `contexts` have the names alone."""
    if found.text("enforcement_level", "everyone") == "off":
        return ()
    named = [Needed(one.text("context"), _app(one.whole("app_id", -1))) for one in found.items("checks")]
    known = {one.name for one in named}
    return (*named, *(Needed(name) for name in found.texts("contexts") if name not in known))


def _of_rule(kind: str, parameters: Fields) -> _Rules:
    if kind == "required_status_checks":
        asked = parameters.items("required_status_checks")
        return _Rules(tuple(Needed(one.text("context"), _app(one.whole("integration_id", -1))) for one in asked))
    if kind == "required_linear_history":
        return _Rules(linear=True)
    if kind == "merge_queue":
        return _Rules(queue=True)
    if kind == "pull_request":
        return _of_review_rule(parameters)
    words = {"required_signatures": "its commits must be signed", "required_deployments": "it must be deployed first"}
    return _Rules(hints=() if kind in _HARMLESS else (words.get(kind, f"the rule {kind} of its base must be met"),))


def _of_review_rule(parameters: Fields) -> _Rules:
    allowed = tuple(parameters.texts("allowed_merge_methods"))
    hints = {
        "required_review_thread_resolution": "all conversations must be resolved",
        "require_code_owner_review": "a code owner must approve it",
        "require_last_push_approval": "somebody else than who pushed last must approve it",
    }
    return _Rules(
        approvals=parameters.whole("required_approving_review_count", 0),
        methods=allowed or (SQUASH, MERGE, REBASE),
        hints=tuple(words for key, words in hints.items() if parameters.flag(key)),
    )


def _of_run(run: Fields) -> Reported:
    done = run.text("status") == "completed"
    state = _CONCLUSIONS.get(run.text("conclusion", ""), FAILURE) if done else PENDING
    url = run.text("html_url", "") or run.text("details_url", "")
    return Reported(run.text("name"), state, url, _app(run.child("app").whole("id", -1)))


def _app(number: int) -> int | None:
    return number if number >= 0 else None


def _graphql(api: str) -> str:
    """Where GraphQL is asked: beside the REST API, on hosts of enterprises at `/api/graphql`."""
    parts = urlsplit(api)
    return urlunsplit(parts._replace(path=parts.path.removesuffix("/v3").rstrip("/") + "/graphql"))
