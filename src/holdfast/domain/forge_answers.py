"""What a forge's answer to a merge call means, by status and words; and GitLab's words for what is in a merge's way.

No meaning is proof: whoever asked reads the request again. `QUEUED` says that requests get into this base through its queue
alone (GitHub refuses the call so, and has queued nothing), or that the forge itself will merge later.
Sources: docs.github.com/rest/pulls/pulls, docs.gitlab.com/api/merge_requests, Gitea's routers/api/v1/repo/pull.go.
"""

from __future__ import annotations

from holdfast.domain.forge import (
    BASE_MOVED,
    BEHIND,
    CAN_MERGE,
    CHECKING,
    CONFLICTS,
    DENIED,
    DONE,
    GITHUB,
    GITLAB,
    HEAD_MOVED,
    NOT_YET,
    QUEUED,
    REFUSED,
    UNCLEAR,
    Answer,
)
from holdfast.domain.value import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

NO_ANSWER = 0
"""The status of a call that was cut or timed out: whether it was done is open."""

_TOO_MANY = ("rate limit", "abuse detection", "too many requests")
_BUSY = ("lock", "in progress", "being merged")


def merge_answer(kind: str, status: int, document: Any = None, words: str = "", empty: bool = False) -> Answer:
    """The meaning of what a forge of that kind answered to a merge call.

    `status` is its HTTP status or `NO_ANSWER`, `document` its JSON (None for none), `empty` whether it had no body at all;
    `words` are used where the document has none of its own.
    """
    said = words_of(document) or words
    low = said.lower()
    if 200 <= status < 300:
        return Answer(_success(kind, status, document, empty), said)
    if status == 429 or (status == 403 and any(word in low for word in _TOO_MANY)):
        return Answer(NOT_YET, said)
    if status in (401, 403, 404):
        return Answer(DENIED, said)
    if status == 405:
        return Answer(_not_allowed(kind, low), said)
    if status == 409:
        return Answer(_conflict(kind, low, document), said)
    # 422 of GitLab can follow a merge that was made; 408 and 425 are time-outs; of redirects and 5xx nobody knows.
    return Answer(REFUSED if status in (400, 406, 410, 413, 415, 423) else UNCLEAR, said)


def words_of(document: Any) -> str:
    """What an answer says in words, whatever shape the forge gives them; empty for none."""
    if not isinstance(document, dict):
        return ""
    told = [_flat(document.get(key)) for key in ("message", "error", "error_description", "errors")]
    return "; ".join(dict.fromkeys(word for word in told if word))


def gitlab_merge_status(status: str, conflicts: bool = False) -> str:
    """What GitLab's `detailed_merge_status` says of the merge itself: one of the words of `Request.mergeable`."""
    if conflicts or status in _GITLAB_CONFLICTS:
        return CONFLICTS
    if status in _GITLAB_CHECKING or not status:
        return CHECKING
    return BEHIND if status == "need_rebase" else CAN_MERGE


def gitlab_in_the_way(status: str) -> str:
    """What a `detailed_merge_status` says is in the way, in words; empty where other fields tell it better."""
    if status in _GITLAB_TOLD or status in _GITLAB_CONFLICTS or status in _GITLAB_CHECKING or not status:
        return ""
    return _GITLAB_OTHERS.get(status) or f"GitLab says {status}"


_GITLAB_CHECKING = frozenset({"checking", "unchecked", "preparing", "approvals_syncing", "cannot_be_merged_recheck"})
_GITLAB_CONFLICTS = frozenset({"conflict", "broken_status", "cannot_be_merged"})
_GITLAB_TOLD = frozenset({
    "mergeable", "can_be_merged", "need_rebase", "ci_must_pass", "ci_still_running", "discussions_not_resolved", "draft_status",
    "not_approved", "not_open",
})  # fmt: skip
_GITLAB_OTHERS = {
    "blocked_status": "another request must be merged first",
    "merge_request_blocked": "another request must be merged first",
    "commits_status": "its source branch is gone or has no commits",
    "external_status_checks": "external status checks must pass",
    "status_checks_must_pass": "external status checks must pass",
    "jira_association_missing": "its title or text must name a Jira issue",
    "locked_paths": "somebody locked paths that it changes",
    "locked_lfs_files": "somebody locked large files that it changes",
    "merge_time": "it may not be merged before its time",
    "policies_denied": "a policy denies it",
    "requested_changes": "a reviewer asked for changes",
    "security_policy_violations": "it violates a security policy",
    "security_policy_pipeline_check": "a pipeline of a security policy must succeed",
    "title_regex": "its title does not fit the pattern that the project asks for",
    "title_not_matching": "its title does not fit the pattern that the project asks for",
}


def _success(kind: str, status: int, document: Any, empty: bool) -> str:
    if kind == GITHUB:
        return DONE if status == 200 and isinstance(document, dict) and document.get("merged") is True else UNCLEAR
    if kind == GITLAB:
        return _gitlab_success(document)
    if status == 201:  # Gitea took it down to merge it later
        return QUEUED
    return DONE if status == 200 and (empty or document is not None) else UNCLEAR


def _gitlab_success(document: Any) -> str:
    if not isinstance(document, dict):
        return UNCLEAR
    if document.get("state") == "merged":
        return DONE
    later = document.get("merge_when_pipeline_succeeds") is True
    return QUEUED if later and document.get("state") == "opened" else UNCLEAR


def _not_allowed(kind: str, low: str) -> str:
    """405: mostly not mergeable, and a few things that are meant otherwise."""
    if kind == GITHUB:
        if "base branch was modified" in low:
            return BASE_MOVED
        if "head branch was modified" in low:
            return HEAD_MOVED
        if "merge queue" in low:
            return QUEUED
        return NOT_YET if "merge already in progress" in low else REFUSED
    if kind == GITLAB:
        return REFUSED
    if "try again later" in low:
        return NOT_YET
    if "not allowed to merge" in low:
        return DENIED
    return REFUSED if low else UNCLEAR  # Gitea says nothing at all of a request that is merged already


def _conflict(kind: str, low: str, document: Any) -> str:
    """409: mostly a head that moved."""
    if kind == GITHUB:
        return BASE_MOVED if "base branch was modified" in low else HEAD_MOVED
    if kind == GITLAB:
        return NOT_YET if "sha" not in low and any(word in low for word in _BUSY) else HEAD_MOVED
    if "push out of date" in low:
        return BASE_MOVED
    conflicts = isinstance(document, dict) and ("StdErr" in document or "Style" in document)
    return REFUSED if conflicts or "pushrejected" in low or "conflict" in low else HEAD_MOVED


def _flat(value: Any, depth: int = 0) -> str:
    """Text of a message that may be a text, a list of them, or an object of lists (GitLab)."""
    if isinstance(value, str):
        return value.strip()
    if depth > 3:
        return ""
    if isinstance(value, list):
        return "; ".join(filter(None, (_flat(one, depth + 1) for one in value[:10])))
    if isinstance(value, dict):
        if isinstance(value.get("message"), str):
            return str(value["message"]).strip()
        pairs = [(str(key), _flat(one, depth + 1)) for key, one in list(value.items())[:10]]
        return "; ".join(f"{key}: {text}" for key, text in pairs if text)
    return ""
