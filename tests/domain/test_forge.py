"""Addresses of forges, and what their answers mean: tables, and whatever else may come."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from holdfast.domain import forge
from holdfast.domain.forge import (
    BASE_MOVED,
    BEHIND,
    CAN_MERGE,
    CHECKING,
    CONFLICTS,
    DENIED,
    DONE,
    FAILURE,
    GITEA,
    GITHUB,
    GITLAB,
    HEAD_MOVED,
    MISSING,
    NOT_YET,
    PENDING,
    QUEUED,
    REFUSED,
    SUCCESS,
    UNCLEAR,
    Check,
)
from holdfast.domain.forge_address import address_of, host_of, token_may_go
from holdfast.domain.forge_answers import (
    NO_ANSWER,
    gitlab_in_the_way,
    gitlab_merge_status,
    merge_answer,
    words_of,
)
from holdfast.domain.forge_checks import Needed, Reported, checks
from holdfast.domain.policy import ForgePolicy

HUB = "https://api.github.com"


@pytest.mark.parametrize(
    ("remote", "expected"),
    [
        ("https://github.com/ada/project", (GITHUB, HUB, "ada/project")),
        ("https://github.com/ada/project.git", (GITHUB, HUB, "ada/project")),
        ("https://github.com/ada/project.git/", (GITHUB, HUB, "ada/project")),
        ("https://GitHub.com./ada/project/", (GITHUB, HUB, "ada/project")),
        ("https://ada:secret@github.com/ada/project.git", (GITHUB, HUB, "ada/project")),
        ("https://github.com:443/ada/project", (GITHUB, HUB, "ada/project")),
        ("http://github.com/ada/project", (GITHUB, HUB, "ada/project")),
        ("git@github.com:ada/project.git", (GITHUB, HUB, "ada/project")),
        ("github.com:ada/project", (GITHUB, HUB, "ada/project")),
        ("git@github.com:/ada/project.git", (GITHUB, HUB, "ada/project")),
        ("ssh://git@github.com/ada/project.git", (GITHUB, HUB, "ada/project")),
        ("ssh://git@github.com:22/ada/project.git", (GITHUB, HUB, "ada/project")),
        ("ssh://git@ssh.github.com:443/ada/project.git", (GITHUB, HUB, "ada/project")),
        ("git+ssh://git@github.com/ada/project.git", (GITHUB, HUB, "ada/project")),
        ("https://octo.ghe.com/ada/project", (GITHUB, "https://api.octo.ghe.com", "ada/project")),
        ("https://github.com/ada/.github", (GITHUB, HUB, "ada/.github")),
        ("git@gitlab.com:ada/project.git", (GITLAB, "https://gitlab.com/api/v4", "ada/project")),
        ("git@gitlab.com:group/sub/deep/project.git", (GITLAB, "https://gitlab.com/api/v4", "group/sub/deep/project")),
        ("ssh://git@altssh.gitlab.com:443/ada/project.git", (GITLAB, "https://gitlab.com/api/v4", "ada/project")),
        ("https://gitlab.example.org/a/b", (GITLAB, "https://gitlab.example.org/api/v4", "a/b")),
        ("https://gitlab.example.org:8443/a/b", (GITLAB, "https://gitlab.example.org:8443/api/v4", "a/b")),
        ("ssh://git@gitlab.example.org:2222/a/b", (GITLAB, "https://gitlab.example.org/api/v4", "a/b")),
        ("https://codeberg.org/ada/project.git", (GITEA, "https://codeberg.org/api/v1", "ada/project")),
        ("https://gitea.com/ada/project", (GITEA, "https://gitea.com/api/v1", "ada/project")),
        ("https://gitea.example.org/ada/project", (GITEA, "https://gitea.example.org/api/v1", "ada/project")),
        ("forgejo@forgejo.example.org:ada/project", (GITEA, "https://forgejo.example.org/api/v1", "ada/project")),
        ("https://git.example.org/ada/project", None),
        ("https://notgithub.com/ada/project", None),
        ("https://github.com.evil.example/ada/project", None),
        ("https://github.com@evil.example/ada/project", None),
        ("https://github.com/ada", None),
        ("https://github.com/ada/project/tree", None),
        ("https://github.com/ada/..", None),
        ("https://github.com/ada/pro ject", None),
        ("https://github.com/ada/project?x=1#y", (GITHUB, HUB, "ada/project")),
        ("https://github.com:port/ada/project", None),
        ("https://[::1/ada/project", None),
        ("/srv/git/project.git", None),
        ("../project.git", None),
        ("./github.com:ada/project", None),
        ("file:///srv/git/project.git", None),
        ("C:\\git\\project", None),
        ("", None),
    ],
)
def test_the_address_of_a_remote(remote: str, expected: tuple[str, str, str] | None) -> None:
    assert address_of(remote, ForgePolicy()) == expected


OWN = "git@git.example.org:ada/project.git"


@pytest.mark.parametrize(
    ("remote", "policy", "expected"),
    [
        (OWN, ForgePolicy("github"), (GITHUB, "https://git.example.org/api/v3", "ada/project")),
        (OWN, ForgePolicy("gitlab"), (GITLAB, "https://git.example.org/api/v4", "ada/project")),
        (OWN, ForgePolicy("gitea"), (GITEA, "https://git.example.org/api/v1", "ada/project")),
        ("git@github.com:a/b", ForgePolicy("github"), (GITHUB, HUB, "a/b")),
        ("git@github.com:a/b", ForgePolicy("none"), None),
        ("git@github.com:a/b", ForgePolicy("none", "https://x.org/api/v4", "c/d"), None),
        ("git@github.com:a/b", ForgePolicy(repository="c/d"), (GITHUB, HUB, "c/d")),
        (OWN, ForgePolicy("auto", "https://git.example.org/api/v1/"), (GITEA, "https://git.example.org/api/v1", "ada/project")),
        (OWN, ForgePolicy("auto", "https://git.example.org/sub/api/v4"),
         (GITLAB, "https://git.example.org/sub/api/v4", "ada/project")),
        (OWN, ForgePolicy("auto", HUB), (GITHUB, HUB, "ada/project")),
        (OWN, ForgePolicy("auto", "https://git.example.org/rest"), None),
        ("/srv/project.git", ForgePolicy("gitea", "http://127.0.0.1:3000/api/v1", "ada/project"),
         (GITEA, "http://127.0.0.1:3000/api/v1", "ada/project")),
        ("/srv/project.git", ForgePolicy("gitea", "http://127.0.0.1:3000/api/v1"), None),
        ("/srv/project.git", ForgePolicy("gitea", repository="ada/project"), None),
        ("http://127.0.0.1:3000/ada/project", ForgePolicy("gitea"), (GITEA, "http://127.0.0.1:3000/api/v1", "ada/project")),
        ("http://git.example.org:3000/a/b", ForgePolicy("gitea"), (GITEA, "https://git.example.org/api/v1", "a/b")),
        (OWN, ForgePolicy("gitea", "ftp://git.example.org/api/v1"), None),
        (OWN, ForgePolicy("gitea", "https://user:word@git.example.org/api/v1"), None),
        (OWN, ForgePolicy("gitea", "https://git.example.org/api/v1?x=1"), None),
    ],
)  # fmt: skip
def test_what_is_configured_goes_first(remote: str, policy: ForgePolicy, expected: tuple[str, str, str] | None) -> None:
    assert address_of(remote, policy) == expected


@pytest.mark.parametrize(
    ("remote", "api", "may"),
    [
        ("git@github.com:a/b", HUB, True),
        ("https://github.com/a/b", HUB, True),
        ("https://octo.ghe.com/a/b", "https://api.octo.ghe.com", True),
        ("git@git.example.org:a/b", "https://git.example.org/api/v4", True),
        ("https://git.example.org:8443/a/b", "https://git.example.org:8443/api/v4", True),
        ("http://127.0.0.1:3000/a/b", "http://127.0.0.1:3000/api/v1", True),
        ("http://localhost:3000/a/b", "http://localhost:3000/api/v1", True),
        ("git@github.com:a/b", "http://api.github.com", False),
        ("git@github.com:a/b", "https://api.github.com:8443", False),
        ("git@github.com:a/b", "https://api.github.com.evil.example", False),
        ("git@github.com:a/b", "https://evil.example/api/v3", False),
        ("git@github.com:a/b", "https://github.com@evil.example/api/v3", False),
        ("git@git.example.org:a/b", "https://api.git.example.org", False),
        ("git@git.example.org:a/b", "http://git.example.org/api/v4", False),
        ("http://git.example.org/a/b", "http://git.example.org/api/v4", False),
        ("git@git.example.org:a/b", "https://git.example.org:8443/api/v4", False),
        ("https://git.example.org/a/b", "https://git.example.org:8443/api/v4", False),
        ("http://127.0.0.1:3000/a/b", "http://127.0.0.1:4000/api/v1", False),
        ("git@github.com:a/b", "http://127.0.0.1:4000/api/v1", False),
        ("/srv/project.git", "http://127.0.0.1:4000/api/v1", False),
        ("/srv/project.git", "https://api.github.com", False),
        ("http://127.0.0.1.evil.example/a/b", "http://127.0.0.1.evil.example/api/v1", False),
        ("git@github.com:a/b", "nonsense", False),
    ],
)
def test_where_a_token_may_go(remote: str, api: str, may: bool) -> None:
    assert token_may_go(remote, api) is may


def test_the_host_of_a_remote() -> None:
    assert host_of("ssh://git@ssh.github.com:443/a/b") == "github.com"
    assert host_of("/srv/project.git") is None


@given(
    some.text() | some.from_regex(r"(https?|ssh)://[^/]*/[^ ]*|[^ ]*:[^ ]*"),
    some.sampled_from(forge.KINDS),
    some.text(),
)
def test_no_address_makes_it_fail(remote: str, kind: str, url: str) -> None:
    for policy in (ForgePolicy(kind), ForgePolicy(kind, url), ForgePolicy(kind, url, "a/b")):
        found = address_of(remote, policy)
        assert found is None or (found.api.startswith(("https://", "http://")) and not found.api.endswith("/"))
    token_may_go(remote, url)
    token_may_go(url, remote)


MERGED_TEXT = {"merged": True, "sha": "1" * 40, "message": "Pull Request successfully merged"}


def said(message: object) -> dict[str, object]:
    return {"message": message}


@pytest.mark.parametrize(
    ("kind", "status", "document", "meaning"),
    [
        (GITHUB, 200, MERGED_TEXT, DONE),
        (GITHUB, 200, {"merged": False, "message": "no"}, UNCLEAR),
        (GITHUB, 200, None, UNCLEAR),
        (GITHUB, 200, [], UNCLEAR),
        (GITHUB, 202, MERGED_TEXT, UNCLEAR),
        (GITHUB, 409, said("Head branch was modified. Review and try the merge again."), HEAD_MOVED),
        (GITHUB, 409, None, HEAD_MOVED),
        (GITHUB, 409, said("Base branch was modified. Review and try the merge again."), BASE_MOVED),
        (GITHUB, 405, said("Base branch was modified. Review and try the merge again."), BASE_MOVED),
        (GITHUB, 405, said("Head branch was modified. Review and try the merge again."), HEAD_MOVED),
        (GITHUB, 405, said("Repository rule violations found\n\nChanges must be made through the merge queue"), QUEUED),
        (GITHUB, 405, said("Merge already in progress"), NOT_YET),
        (GITHUB, 405, said("Pull Request is not mergeable"), REFUSED),
        (GITHUB, 405, said('Required status check "tests" is expected.'), REFUSED),
        (GITHUB, 405, None, REFUSED),
        (GITHUB, 422, said("Validation Failed"), UNCLEAR),
        (GITHUB, 401, said("Bad credentials"), DENIED),
        (GITHUB, 403, said("Resource not accessible by personal access token"), DENIED),
        (GITHUB, 403, said("You have exceeded a secondary rate limit."), NOT_YET),
        (GITHUB, 429, None, NOT_YET),
        (GITHUB, 404, said("Not Found"), DENIED),
        (GITLAB, 200, {"state": "merged"}, DONE),
        (GITLAB, 200, {"state": "locked"}, UNCLEAR),
        (GITLAB, 200, {"state": "opened"}, UNCLEAR),
        (GITLAB, 200, {"state": "opened", "merge_when_pipeline_succeeds": True}, QUEUED),
        (GITLAB, 200, None, UNCLEAR),
        (GITLAB, 400, said("SHA must be provided when merging"), REFUSED),
        (GITLAB, 401, said("401 Unauthorized"), DENIED),
        (GITLAB, 405, said("405 Method Not Allowed"), REFUSED),
        (GITLAB, 406, said("Branch cannot be merged"), REFUSED),
        (GITLAB, 409, said("SHA does not match HEAD of source branch: 1234"), HEAD_MOVED),
        (GITLAB, 409, said("Merge request is locked"), NOT_YET),
        (GITLAB, 422, said("Branch cannot be merged"), UNCLEAR),
        (GITEA, 200, None, DONE),
        (GITEA, 200, {}, DONE),
        (GITEA, 201, None, QUEUED),
        (GITEA, 405, said("Please try again later"), NOT_YET),
        (GITEA, 405, said("User not allowed to merge PR"), DENIED),
        (GITEA, 405, said("Work in progress PRs cannot be merged"), REFUSED),
        (GITEA, 405, said(""), UNCLEAR),
        (GITEA, 409, said("head out of date"), HEAD_MOVED),
        (GITEA, 409, said("merge push out of date"), BASE_MOVED),
        (GITEA, 409, said("PushRejected with remote message: no"), REFUSED),
        (GITEA, 409, {"Style": "squash", "StdErr": "CONFLICT", "Err": {}}, REFUSED),
        (GITEA, 423, said("archived"), REFUSED),
    ],
)
def test_what_an_answer_to_a_merge_call_means(kind: str, status: int, document: object, meaning: str) -> None:
    assert merge_answer(kind, status, document, empty=document is None).meaning == meaning


@pytest.mark.parametrize("kind", [GITHUB, GITLAB, GITEA])
@pytest.mark.parametrize("status", [NO_ANSWER, 302, 307, 408, 500, 502, 503, 504, 599])
def test_an_error_or_no_answer_never_means_refused(kind: str, status: int) -> None:
    assert merge_answer(kind, status, said("anything")).meaning == UNCLEAR


def test_a_web_page_with_status_200_is_unclear_where_nothing_would_be_done() -> None:
    assert merge_answer(GITEA, 200, None, empty=False).meaning == UNCLEAR


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"message": "No."}, "No."),
        ({"message": {"base": ["is gone", "is old"]}}, "base: is gone; is old"),
        ({"message": ["one", "two"]}, "one; two"),
        ({"error": "x", "error_description": "y"}, "x; y"),
        ({"message": "Validation Failed", "errors": [{"message": "It exists."}]}, "Validation Failed; It exists."),
        ({}, ""),
        (None, ""),
        ("text", ""),
    ],
)
def test_words_of_an_answer(document: object, words: str) -> None:
    assert words_of(document) == words


JSON = some.recursive(
    some.none() | some.booleans() | some.integers() | some.text(),
    lambda inner: some.lists(inner) | some.dictionaries(
        some.sampled_from(["message", "error", "errors", "merged", "state", "Style"]) | some.text(), inner
    ),
)  # fmt: skip
MEANINGS = {DONE, QUEUED, HEAD_MOVED, BASE_MOVED, NOT_YET, REFUSED, DENIED, UNCLEAR}


@given(some.sampled_from([GITHUB, GITLAB, GITEA, "other"]), some.integers(), JSON, some.text(), some.booleans())
def test_any_answer_has_a_meaning(kind: str, status: int, document: object, words: str, empty: bool) -> None:
    found = merge_answer(kind, status, document, words, empty)
    assert found.meaning in MEANINGS and isinstance(found.words, str)
    assert found.meaning not in (DONE, QUEUED) or 200 <= status < 300 or "merge queue" in found.words.lower()


@pytest.mark.parametrize(
    ("word", "mergeable", "in_the_way"),
    [
        ("mergeable", CAN_MERGE, ""),
        ("checking", CHECKING, ""),
        ("unchecked", CHECKING, ""),
        ("preparing", CHECKING, ""),
        ("approvals_syncing", CHECKING, ""),
        ("", CHECKING, ""),
        ("conflict", CONFLICTS, ""),
        ("broken_status", CONFLICTS, ""),
        ("need_rebase", BEHIND, ""),
        ("not_approved", CAN_MERGE, ""),
        ("ci_must_pass", CAN_MERGE, ""),
        ("draft_status", CAN_MERGE, ""),
        ("blocked_status", CAN_MERGE, "another request must be merged first"),
        ("policies_denied", CAN_MERGE, "a policy denies it"),
        ("something_new", CAN_MERGE, "GitLab says something_new"),
    ],
)
def test_gitlabs_words_for_what_is_in_the_way(word: str, mergeable: str, in_the_way: str) -> None:
    assert (gitlab_merge_status(word), gitlab_in_the_way(word)) == (mergeable, in_the_way)


def test_conflicts_go_before_gitlabs_word() -> None:
    assert gitlab_merge_status("not_approved", conflicts=True) == CONFLICTS


def test_the_worst_report_of_a_check_counts() -> None:
    found = checks([Reported("t", SUCCESS), Reported("t", FAILURE, "u"), Reported("t", PENDING)], [Needed("t")])
    assert found == [Check("t", FAILURE, True, "u")]


def test_a_required_check_that_never_reported_is_missing() -> None:
    found = checks([Reported("a", SUCCESS)], [Needed("b"), Needed("b")])
    assert found == [Check("a", SUCCESS, False), Check("b", MISSING, True)]


def test_a_report_of_another_program_is_no_report() -> None:
    found = checks([Reported("t", SUCCESS, app=7)], [Needed("t", app=8)])
    assert found == [Check("t", SUCCESS, False), Check("t", MISSING, True)]
    assert checks([Reported("t", SUCCESS, app=8)], [Needed("t", app=8)]) == [Check("t", SUCCESS, True)]


def test_a_pattern_needs_one_that_fits_and_all_that_fit() -> None:
    needed = [Needed("ci/*", pattern=True)]
    found = checks([Reported("ci/a/b", SUCCESS), Reported("ci/c", FAILURE), Reported("d", SUCCESS)], needed)
    assert [(one.name, one.required) for one in found] == [("ci/a/b", True), ("ci/c", True), ("d", False)]
    assert checks([Reported("d", SUCCESS)], needed)[-1] == Check("ci/*", MISSING, True)
