"""What a CI service says of its run: what to compare with, and the branch on which the plan index may be put right.

GitHub Actions: docs.github.com/en/actions/reference/workflows-and-actions/variables and the webhook payload in
`$GITHUB_EVENT_PATH` (docs.github.com/en/webhooks/webhook-events-and-payloads). GitLab: docs.gitlab.com/ci/variables/
predefined_variables. Anything else: nothing is known, and the command line says it.
"""

from __future__ import annotations

from holdfast.domain.value import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

GITHUB, GITLAB = "github", "gitlab"

_BRANCHES = "refs/heads/"


class Run(NamedTuple):
    """One run of a CI service.

    `base` is the commit that the change stands on, where the service tells; `head` the newest commit of a request.
    `branch` is the branch that was pushed, or that a request wants to have merged; `into` the one that it is compared
    with where `base` says nothing. `request` is true for a request, `foreign` where its branch is in another repository.
    """

    service: str = ""
    base: str | None = None
    head: str | None = None
    branch: str | None = None
    into: str | None = None
    request: bool = False
    foreign: bool = False


def of(environment: Mapping[str, str], event: Any) -> Run:
    """The run that the environment tells of; `event` is the parsed payload of GitHub, or None."""
    if environment.get("GITHUB_ACTIONS") == "true":
        return _github(environment, event if isinstance(event, dict) else {})
    if environment.get("GITLAB_CI") == "true":
        return _gitlab(environment)
    return Run()


def identity(service: str, environment: Mapping[str, str]) -> tuple[str, str]:
    """The name and the address of commits that a run makes where git knows neither.

    Those of GitHub are its own bot's (github.com/actions/checkout, README).
    """
    if service == GITHUB:
        return "github-actions[bot]", "41898282+github-actions[bot]@users.noreply.github.com"
    return "Holdfast", f"holdfast@{environment.get('CI_SERVER_HOST') or 'localhost'}"


def _github(environment: Mapping[str, str], event: dict[str, Any]) -> Run:
    request = _part(event, "pull_request")
    if request:
        base, head = _part(request, "base"), _part(request, "head")
        own = _part(head, "repo").get("full_name") == _part(base, "repo").get("full_name")
        return Run(
            GITHUB, _commit(base.get("sha")), _commit(head.get("sha")), _text(head.get("ref")), _text(base.get("ref")),
            request=True, foreign=not own,
        )  # fmt: skip
    group = _part(event, "merge_group")
    if group:
        return Run(GITHUB, _commit(group.get("base_sha")), into=_short(_text(group.get("base_ref"))), request=True)
    default = _text(_part(event, "repository").get("default_branch"))
    ref = environment.get("GITHUB_REF", "")
    branch = _short(ref) if ref.startswith(_BRANCHES) else None
    return Run(GITHUB, _commit(event.get("before")), branch=branch, into=default if branch != default else None)


def _gitlab(environment: Mapping[str, str]) -> Run:
    named = environment.get
    base = _commit(named("CI_MERGE_REQUEST_DIFF_BASE_SHA"))
    if named("CI_MERGE_REQUEST_IID"):
        own = named("CI_MERGE_REQUEST_SOURCE_PROJECT_ID") == named("CI_PROJECT_ID")
        source, target = named("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME"), named("CI_MERGE_REQUEST_TARGET_BRANCH_NAME")
        head = _commit(named("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA"))
        return Run(GITLAB, base, head, source or None, target or None, request=True, foreign=not own)
    branch, default = named("CI_COMMIT_BRANCH") or None, named("CI_DEFAULT_BRANCH") or None
    before = _commit(named("CI_COMMIT_BEFORE_SHA"))
    return Run(GITLAB, before, branch=branch, into=default if branch != default else None)


def _part(event: Mapping[str, Any], name: str) -> dict[str, Any]:
    found = event.get(name)
    return found if isinstance(found, dict) else {}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _short(ref: str | None) -> str | None:
    return ref.removeprefix(_BRANCHES) if ref else None


def _commit(value: Any) -> str | None:
    """An object id; None for the zeros that stand for a branch that was not there before, and for anything else."""
    if not isinstance(value, str) or len(value) not in (40, 64) or not value.strip("0"):
        return None
    return value if all(letter in "0123456789abcdef" for letter in value) else None
