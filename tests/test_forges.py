"""Each forge's adapter against a forge over a real repository: every field, and every way to misbehave."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import threading
import time
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

import forges
from conftest import Repo, sealed
from forges import GITEA, GITHUB, GITLAB, Fake
from holdfast.adapters.forge import client, wire
from holdfast.adapters.forge.errors import ForgeDenied, ForgeOdd, ForgeRefused, ForgeUnreachable
from holdfast.adapters.forge.fields import Fields
from holdfast.adapters.forge.forges import connect
from holdfast.adapters.forge.wire import Wire
from holdfast.domain.forge import (
    BASE_MOVED,
    BEHIND,
    CAN_MERGE,
    CHECKING,
    CLOSED,
    CONFLICTS,
    DENIED,
    DONE,
    FAILURE,
    HEAD_MOVED,
    MERGE,
    MERGED,
    MISSING,
    NOT_YET,
    OPEN,
    PENDING,
    QUEUED,
    REBASE,
    REFUSED,
    SQUASH,
    SUCCESS,
    UNCLEAR,
    Address,
    Check,
    Forge,
)
from holdfast.domain.forge_address import address_of
from holdfast.domain.policy import ForgePolicy
from holdfast.domain.problem import Unable

KINDS = [GITHUB, GITLAB, GITEA]
BRANCH = "plan-1-ünïcode/x"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bare repository: `main`, a branch of two commits, and one that conflicts with it."""
    top = tmp_path_factory.mktemp("forge")
    work = Repo(top / "work", sealed(top / "home"))
    work.path.mkdir()
    work.git("init", "-q", "-b", "main")
    work.write("a", "1\n")
    work.commit("Begin")
    work.git("switch", "-q", "-c", BRANCH)
    work.git("commit", "-q", "--allow-empty", "-m", "Claim")
    work.write("b", "1\n")
    work.commit("Add b")
    work.git("switch", "-q", "-c", "other", "main")
    work.write("b", "2\n")
    work.commit("Add another b")
    work.git("clone", "-q", "--bare", "--template=", ".", str(top / "bare.git"))
    return top / "bare.git"


@pytest.fixture
def bare(template: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(template, tmp_path / "bare.git"))


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses before a read is tried again are not what is tested."""
    monkeypatch.setattr(client, "_PAUSES", (0.01, 0.01))


@pytest.fixture(params=KINDS)
def fake(request: pytest.FixtureRequest, bare: Path) -> Iterator[Fake]:
    """Each kind of forge, with one request."""
    with Fake(request.param, bare) as running:
        running.request(BRANCH, title="Add b", body="It is *needed*.\n")
        yield running


@pytest.fixture
def hub(bare: Path) -> Iterator[Fake]:
    """GitHub with one request."""
    with Fake(GITHUB, bare) as running:
        running.request(BRANCH)
        yield running


def asked(fake: Fake, token: str | None = "", timeout: float = 5, **more: Any) -> Forge:
    address = Address(fake.kind, fake.url, fake.repository)
    return connect(address, fake.token if token == "" else token, Wire(timeout, **more))


def one(fake: Fake) -> Any:
    found = asked(fake).by_number(1)
    assert found is not None
    return found


def test_the_lines_of_configuration_that_name_a_fake(fake: Fake) -> None:
    policy = ForgePolicy(**tomllib.loads(fake.toml)["forge"])
    assert address_of(str(fake.repo), policy) == Address(fake.kind, fake.url, fake.repository)


# What requests say


def test_a_request_as_it_is(fake: Fake) -> None:
    found = one(fake)
    assert (found.number, found.title, found.state, found.draft) == (1, "Add b", OPEN, False)
    assert (found.branch, found.head, found.base) == (BRANCH, fake.tip(BRANCH), "main")
    assert (found.fork, found.merge_commit, found.queued, found.may_push) == (None, None, False, True)
    assert found.body.startswith("It is *needed*") and found.url.startswith(fake.origin)
    assert found.mergeable == CAN_MERGE


def test_a_push_moves_it(fake: Fake) -> None:
    fake.git("update-ref", f"refs/heads/{BRANCH}", fake.tip("other") or "")
    assert one(fake).head == fake.tip("other")


def test_a_request_that_is_not_there(fake: Fake) -> None:
    assert asked(fake).by_number(2) is None


def test_a_draft(fake: Fake) -> None:
    fake.requests[1].draft = True
    assert one(fake).draft is True


def test_a_draft_by_its_title_where_there_is_no_field(bare: Path) -> None:
    with Fake(GITEA, bare) as fake:
        fake.request(BRANCH, title="WIP: add b")
        assert one(fake).draft is True


def test_conflicts(fake: Fake) -> None:
    fake.git("update-ref", "refs/heads/main", fake.tip("other") or "")
    # Gitea says as much while it looks.
    assert one(fake).mergeable == (CHECKING if fake.kind == GITEA else CONFLICTS)


def test_a_forge_that_is_still_looking(fake: Fake) -> None:
    fake.mergeable_null = 1
    assert [one(fake).mergeable, one(fake).mergeable] == [CHECKING, CAN_MERGE]


def test_a_branch_that_lacks_commits_of_its_base(hub: Fake, bare: Path) -> None:
    hub.strict = True
    code, commit = hub.git("commit-tree", "main^{tree}", "-p", "main", data="More")
    assert code == 0
    hub.git("update-ref", "refs/heads/main", commit)
    assert one(hub).mergeable == BEHIND
    with Fake(GITLAB, bare, gitlab_method="ff") as lab:
        lab.request(BRANCH)
        assert one(lab).mergeable == BEHIND


def test_a_request_of_a_fork(fake: Fake) -> None:
    made = fake.request(BRANCH, fork="eve/project", head=fake.tip("other"))
    made.may_push = False
    found = asked(fake).by_number(2)
    assert found is not None
    assert (found.fork, found.branch, found.head, found.may_push) == ("eve/project", BRANCH, fake.tip("other"), False)
    assert [(each.number, each.fork) for each in asked(fake).by_branch(BRANCH)] == [(2, "eve/project"), (1, None)]


def test_a_fork_that_is_gone(fake: Fake) -> None:
    fake.request(BRANCH, fork="", head=fake.tip("other"))
    found = asked(fake).by_number(2)
    assert found is not None and found.fork == ""


def test_a_closed_and_a_merged_one(fake: Fake) -> None:
    fake.requests[1].state = "closed"
    assert (one(fake).state, one(fake).merge_commit) == (CLOSED, None)
    fake.requests[1].state, fake.requests[1].merge_commit = "merged", fake.tip("main")
    assert (one(fake).state, one(fake).merge_commit) == (MERGED, fake.tip("main"))


def test_a_repository_that_has_another_name_now(bare: Path, forge_of: Callable[..., Fake]) -> None:
    for kind in (GITHUB, GITEA):
        fake = forge_of(kind, bare, repository="ada/renamed")
        fake.request(BRANCH)
        fake.faults.append(("GET", "/ada/project/", forges.redirect(f"{fake.url}/repos/ada/renamed/pulls/1", 301)))
        found = connect(Address(kind, fake.url, "ada/project"), fake.token, Wire(5)).by_number(1)
        assert found is not None and found.fork is None


def test_by_branch_open_ones_first_newest_first(fake: Fake) -> None:
    fake.requests[1].state = "closed"
    fake.request("other")
    fake.request(BRANCH)
    fake.request(BRANCH).state = "closed"
    assert [(each.number, each.state) for each in asked(fake).by_branch(BRANCH)] == [
        (3, OPEN),
        (4, CLOSED),
        (1, CLOSED),
    ]
    assert asked(fake).by_branch("plan-9-none") == []


def test_by_branch_finds_a_merged_one_whose_branch_is_gone(fake: Fake) -> None:
    fake.delete_branch = True
    assert asked(fake).merge(one(fake), SQUASH, "Add b", "").meaning == DONE
    assert fake.tip(BRANCH) is None
    assert [(each.number, each.state) for each in asked(fake).by_branch(BRANCH)] == [(1, MERGED)]


def test_requests_that_are_based_on_a_branch(fake: Fake) -> None:
    fake.request("other", BRANCH)
    fake.request("other", BRANCH).state = "closed"
    assert [each.number for each in asked(fake).based_on(BRANCH)] == [2]


def test_lists_come_in_many_pages(fake: Fake) -> None:
    fake.page = 3
    for _ in range(11):
        fake.request(BRANCH)
    fake.always = {f"check {number}": "success" for number in range(10)}
    assert len(asked(fake).by_branch(BRANCH)) == 12
    assert len([check for check in asked(fake).gates(one(fake)).checks if check.name.startswith("check")]) == 10
    assert len(asked(fake).based_on("main")) == 12


def test_a_list_without_an_end_is_given_up(hub: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "_PAGES", 3)
    hub.page = 1
    for _ in range(5):
        hub.request(BRANCH)
    with pytest.raises(ForgeOdd, match="more than 3 pages"):
        asked(hub).based_on("main")


def test_the_same_page_again_and_again(hub: Fake) -> None:
    link = {"Link": '<http://x/?per_page=100&state=open&base=main>; rel="next"'}
    for _ in range(3):
        hub.faults.append(("GET", "/pulls$", forges.Fault("status", (200, []), more=link)))
    with pytest.raises(ForgeOdd, match="again and again"):
        asked(hub).based_on("main")


def test_waiting_in_a_queue(bare: Path) -> None:
    for kind in (GITHUB, GITLAB):
        with Fake(kind, bare, queue=True) as fake:
            fake.request(BRANCH)
            assert one(fake).queued is False
            fake.requests[1].queued = True
            assert one(fake).queued is True
            fake.requests[1].queued = False
            fake.requests[1].auto_merge = True
            assert one(fake).queued is True


# What stands in the way


def test_nothing_in_the_way(fake: Fake) -> None:
    gates = asked(fake).gates(one(fake))
    assert (gates.checks, gates.approvals_missing, gates.changes_requested, gates.others) == ([], 0, [], [])
    assert (gates.discussions_open, gates.linear, gates.queue, gates.may_merge) == (False, False, False, True)
    assert list(gates.methods) == ([SQUASH, MERGE] if fake.kind == GITLAB else [SQUASH, MERGE, REBASE])


def test_checks_of_exactly_the_head(fake: Fake) -> None:
    fake.required = ["tests", "pipeline"]
    fake.report("other", "tests", "success")
    request = one(fake)
    states = {check.name: (check.state, check.required) for check in asked(fake).gates(request).checks}
    if fake.kind == GITLAB:
        assert states == {"pipeline": (MISSING, True)}
    else:
        assert states == {"tests": (MISSING, True), "pipeline": (MISSING, True)}
    fake.report(BRANCH, "tests", "failure")
    fake.report(BRANCH, "lint", "pending")
    fake.report(BRANCH, "docs", "success")
    found = {check.name: check for check in asked(fake).gates(request).checks}
    assert (found["tests"].state, found["lint"].state, found["docs"].state) == (FAILURE, PENDING, SUCCESS)
    assert found["tests"].url.startswith(fake.origin) and found["docs"].required is False
    assert found["pipeline"].state == (FAILURE if fake.kind == GITLAB else MISSING) and found["pipeline"].required


def test_jobs_that_may_fail_and_pipelines_on_the_result_of_the_merge(bare: Path, forge_of: Callable[..., Fake]) -> None:
    fake = forge_of(GITLAB, bare, required=["pipeline"])
    fake.request(BRANCH)
    request = one(fake)
    words = {
        "a": ("failed", True),
        "b": ("failed", False),
        "c": ("skipped", False),
        "d": ("manual", False),
        "e": ("new", False),
    }
    told = [{"name": name, "status": word, "allow_failure": may} for name, (word, may) in words.items()]
    pipeline = {"sha": "1" * 40, "ref": "refs/merge-requests/1/merge", "status": "success"}
    whole = {"iid": 1, "sha": request.head, "detailed_merge_status": "mergeable", "head_pipeline": pipeline}
    fake.faults += [("GET", "/statuses$", forges.answer(told)), ("GET", "/merge_requests/1$", forges.answer(whole))]
    states = {check.name: check.state for check in asked(fake).gates(request).checks}
    assert states == {"a": SUCCESS, "b": FAILURE, "c": SUCCESS, "d": PENDING, "e": PENDING, "pipeline": SUCCESS}


def test_a_pipeline_that_was_skipped(bare: Path, forge_of: Callable[..., Fake]) -> None:
    fake = forge_of(GITLAB, bare, required=["pipeline"])
    fake.request(BRANCH)
    request = one(fake)
    whole = {"iid": 1, "sha": request.head, "head_pipeline": {"sha": request.head, "status": "skipped"}}
    fake.faults.append(("GET", "/merge_requests/1$", forges.answer(whole)))
    assert [check.state for check in asked(fake).gates(request).checks] == [FAILURE]


def test_a_pipeline_of_an_older_commit_is_missing(bare: Path) -> None:
    with Fake(GITLAB, bare, required=["pipeline"], always={"tests": "success"}) as fake:
        fake.request(BRANCH)
        request = one(fake)
        assert asked(fake).gates(request).checks[-1].state == SUCCESS
        fake.git("update-ref", f"refs/heads/{BRANCH}", fake.tip("other") or "")
        assert asked(fake).gates(request).checks[-1] == Check("pipeline", MISSING, True)


def test_conclusions_that_are_no_failures(hub: Fake) -> None:
    for word in ("neutral", "skipped", "cancelled", "timed_out", "action_required", "stale"):
        hub.report(BRANCH, word, word)
    states = {check.name: check.state for check in asked(hub).gates(one(hub)).checks}
    assert [name for name, state in states.items() if state == SUCCESS] == ["neutral", "skipped"]
    assert {state for name, state in states.items() if name not in ("neutral", "skipped")} == {FAILURE}


def test_statuses_beside_check_runs(hub: Fake) -> None:
    hub.statuses, hub.required = True, ["ci/tests"]
    hub.report(BRANCH, "ci/tests", "error")
    assert asked(hub).gates(one(hub)).checks == [Check("ci/tests", FAILURE, True)]


def test_required_checks_of_classic_protection_on_an_older_host(hub: Fake) -> None:
    hub.rulesets, hub.protected, hub.required = False, True, ["tests"]
    assert asked(hub).gates(one(hub)).checks == [Check("tests", MISSING, True)]


def test_all_that_administrators_see_of_classic_protection(hub: Fake) -> None:
    hub.rulesets, hub.protected = False, True
    whole = {
        "required_status_checks": {"strict": True, "contexts": ["seen"], "checks": [{"context": "seen", "app_id": 5}]},
        "required_pull_request_reviews": {"required_approving_review_count": 2},
        "required_linear_history": {"enabled": True},
    }
    hub.faults.append(("GET", "/protection$", forges.answer(whole)))
    gates = asked(hub).gates(one(hub))
    assert (gates.checks, gates.approvals_missing, gates.linear) == ([Check("seen", MISSING, True)], 2, True)


def test_rules_that_name_an_app_and_methods(hub: Fake) -> None:
    hub.report(BRANCH, "tests", "success")
    request = one(hub)
    needed = {"required_status_checks": [{"context": "tests", "integration_id": 1}]}
    reviewed = {"required_approving_review_count": 3, "allowed_merge_methods": ["squash", "rebase"]}
    rules = [
        {"type": "required_status_checks", "parameters": needed},
        {"type": "pull_request", "parameters": reviewed},
        {
            "type": "pull_request",
            "parameters": {"required_approving_review_count": 1, "allowed_merge_methods": ["squash"]},
        },
    ]
    hub.faults.append(("GET", "/rules/", forges.answer(rules)))
    gates = asked(hub).gates(request)
    states = [(check.state, check.required) for check in gates.checks if check.name == "tests"]
    assert states == [(SUCCESS, False), (MISSING, True)], "another app says so"
    assert (gates.approvals_missing, list(gates.methods)) == (3, [SQUASH])


def test_a_queue_that_cannot_be_asked_for(hub: Fake) -> None:
    hub.queue, hub.requests[1].queued = True, True
    for fault in (forges.status(403), forges.answer({"data": None, "errors": [{"message": "no"}]})):
        hub.faults.append(("POST", "/graphql", fault))
        assert one(hub).queued is False
    assert one(hub).queued is True


def test_a_pattern_of_required_checks(bare: Path) -> None:
    with Fake(GITEA, bare, required=["ci/*"]) as fake:
        fake.request(BRANCH)
        assert asked(fake).gates(one(fake)).checks == [Check("ci/*", MISSING, True)]
        fake.report(BRANCH, "ci/tests", "success")
        found = asked(fake).gates(one(fake)).checks
        assert [(check.name, check.state, check.required) for check in found] == [("ci/tests", SUCCESS, True)]


def test_reviews(fake: Fake) -> None:
    fake.approvals = 2
    fake.reviews[1] = [
        ("bob", "changes"),
        ("eve", "comment"),
        ("bob", "approved"),
        ("cid", "changes"),
        ("cid", "comment"),
    ]
    gates = asked(fake).gates(one(fake))
    # GitLab's reviewers have one word each, the last.
    expected = [] if fake.kind == GITLAB else ["cid"]
    assert (gates.approvals_missing, gates.changes_requested) == (1, expected)


def test_reviews_that_count_for_nothing(fake: Fake) -> None:
    if fake.kind == GITLAB:
        pytest.skip("GitLab counts approvals itself")
    fake.approvals = 1
    fake.reviews[1] = [
        ("stranger:mal", "approved"),
        ("stranger:mo", "changes"),
        ("bob", "approved"),
        ("bob", "dismissed"),
    ]
    gates = asked(fake).gates(one(fake))
    assert (gates.approvals_missing, gates.changes_requested) == (1, [])


def test_an_approval_of_an_older_commit(bare: Path) -> None:
    with Fake(GITEA, bare, approvals=1) as fake:
        fake.request(BRANCH)
        fake.reviews[1] = [("bob", "stale")]
        assert asked(fake).gates(one(fake)).approvals_missing == 1


def test_methods(fake: Fake) -> None:
    fake.methods = ("squash",)
    assert list(asked(fake).gates(one(fake)).methods) == [SQUASH]
    fake.methods = ("merge",)
    assert list(asked(fake).gates(one(fake)).methods) == [MERGE]


def test_methods_of_gitlab_that_only_moves_forward(bare: Path) -> None:
    with Fake(GITLAB, bare, gitlab_method="ff") as fake:
        fake.request(BRANCH)
        gates = asked(fake).gates(one(fake))
        assert (list(gates.methods), gates.linear) == ([SQUASH, REBASE], True)


def test_linear_history_and_a_queue(hub: Fake, bare: Path) -> None:
    hub.linear = hub.queue = True
    gates = asked(hub).gates(one(hub))
    assert (gates.linear, gates.queue) == (True, True)
    with Fake(GITLAB, bare, queue=True) as lab:
        lab.request(BRANCH)
        assert asked(lab).gates(one(lab)).queue is True


def test_discussions(bare: Path) -> None:
    with Fake(GITLAB, bare, discussions=True) as lab:
        lab.request(BRANCH)
        assert asked(lab).gates(one(lab)).discussions_open is True
    with Fake(GITHUB, bare, discussions=True) as hub:
        hub.request(BRANCH)
        assert asked(hub).gates(one(hub)).others == ["all conversations must be resolved"]


def test_whatever_else_is_in_the_way(fake: Fake) -> None:
    fake.archived = True
    assert len(asked(fake).gates(one(fake)).others) == 1
    fake.archived = False
    if fake.kind == GITHUB:
        fake.signatures = True
        assert asked(fake).gates(one(fake)).others == ["its commits must be signed"]
        fake.rulesets = False
        assert "blocked" in asked(fake).gates(one(fake)).others[0]
    if fake.kind == GITLAB:
        fake.reviews[1] = [("bob", "changes")]
        gates = asked(fake).gates(one(fake))
        assert (list(gates.changes_requested), gates.others) == (["bob"], ["a reviewer asked for changes"])


def test_a_token_that_may_not_write(fake: Fake) -> None:
    fake.rights = "read"
    request = one(fake)
    assert asked(fake).gates(request).may_merge is False
    assert asked(fake).merge(request, SQUASH, "t", "m").meaning == DENIED
    with pytest.raises(ForgeDenied):
        asked(fake).make("other", "main", "t", "b")
    assert fake.tip("main") == request_base(fake)


def request_base(fake: Fake) -> str:
    return fake.requests[1].began


# Merging


@pytest.mark.parametrize("method", [SQUASH, MERGE, REBASE])
def test_a_merge(fake: Fake, method: str) -> None:
    if fake.kind == GITLAB and method == REBASE:
        fake.gitlab_method = "ff"
    request, before = one(fake), fake.tip("main")
    found = asked(fake).merge(request, method, "Add b (#1)", "Because.")
    assert found.meaning == DONE
    tip, now = fake.tip("main"), one(fake)
    assert (now.state, now.merge_commit) == (MERGED, tip) and tip != before
    parents = fake.git("log", "-1", "--format=%P", "main")[1].split()
    assert (len(parents) == 2) == (method == MERGE or (fake.kind == GITLAB and method == SQUASH))
    if not (fake.kind == GITLAB and method == SQUASH) and method != REBASE:
        assert fake.git("log", "-1", "--format=%B", "main")[1] == "Add b (#1)\n\nBecause."
    assert fake.git("show", "main:b") == (0, "1")
    assert fake.tip(BRANCH) == request.head, "the branch is ours to end"
    assert len(fake.merges) == 1


def test_no_merge_call_asks_to_end_a_branch_or_to_merge_later(fake: Fake) -> None:
    asked(fake).merge(one(fake), SQUASH, "t", "m")
    body = fake.merges[0].body
    later = [
        key
        for key, value in body.items()
        if value and any(word in key for word in ("remove", "delete", "when", "auto"))
    ]
    assert later == []
    if fake.kind == GITLAB:
        assert body["should_remove_source_branch"] is False
    if fake.kind == GITEA:
        assert body["delete_branch_after_merge"] is False


def test_a_head_that_moved(fake: Fake) -> None:
    request = one(fake)
    fake.git("update-ref", f"refs/heads/{BRANCH}", fake.tip("other") or "")
    assert asked(fake).merge(request, SQUASH, "t", "m").meaning == HEAD_MOVED
    assert one(fake).state == OPEN


def test_a_merge_that_is_refused(fake: Fake) -> None:
    request = one(fake)
    fake.required = ["tests", "pipeline"]
    found = asked(fake).merge(request, SQUASH, "t", "m")
    assert found.meaning == REFUSED and found.words
    fake.required = []
    fake.git("update-ref", "refs/heads/main", fake.tip("other") or "")
    # Gitea says of conflicts what it says while it looks.
    assert asked(fake).merge(request, SQUASH, "t", "m").meaning == (NOT_YET if fake.kind == GITEA else REFUSED)
    assert one(fake).state == OPEN


def test_a_queue_and_a_base_that_moved(hub: Fake) -> None:
    hub.queue = True
    assert asked(hub).merge(one(hub), SQUASH, "t", "m").meaning == QUEUED
    assert hub.requests[1].queued and hub.merges == []
    hub.queue = False
    said = "Base branch was modified. Review and try the merge again."
    hub.faults.append(("PUT", "/merge", forges.status(405, said)))
    assert asked(hub).merge(one(hub), SQUASH, "t", "m").meaning == BASE_MOVED


FAULTS: list[tuple[Callable[[], forges.Fault], bool]] = [
    (lambda: forges.status(500), False),
    (lambda: forges.status(502), False),
    (lambda: forges.html(502), False),
    (lambda: forges.html(200), False),
    (lambda: forges.cut_before(), False),
    (lambda: forges.cut_after(), True),
    (lambda: forges.merged_but(500), True),
    (lambda: forges.merged_but(422), True),
    (lambda: forges.redirect("https://elsewhere.example/api"), False),
    (lambda: forges.redirect("/login", 303), False),
    (lambda: forges.raw(b"\xff\xfe{", 200), False),
]


@pytest.mark.parametrize("fault", FAULTS, ids=range(len(FAULTS)))
def test_a_merge_call_is_made_once_whatever_is_answered(
    fake: Fake, fault: tuple[Callable[[], forges.Fault], bool]
) -> None:
    request = one(fake)
    fake.faults.append(("*", "/merge$", fault[0]()))
    assert asked(fake).merge(request, SQUASH, "t", "m").meaning == UNCLEAR
    assert len(fake.merges) == 1
    assert (one(fake).state == MERGED) is fault[1], "reading again tells"


def test_a_merge_call_that_is_answered_too_late(hub: Fake) -> None:
    request = one(hub)
    hub.faults.append(("*", "/merge$", forges.slow(1.0)))
    found = asked(hub, timeout=0.6).merge(request, SQUASH, "t", "m")
    assert found.meaning == UNCLEAR and "no answer" in found.words  # whichever of two clocks ends first
    forges.wait_for(lambda: hub.requests[1].state == "merged")
    assert len(hub.merges) == 1


def test_an_answer_that_lies_and_one_of_405_after_the_merge(fake: Fake) -> None:
    request = one(fake)
    fake.faults.append(("*", "/merge$", forges.not_merged_but_200()))
    assert asked(fake).merge(request, SQUASH, "t", "m").meaning == DONE
    assert one(fake).state == OPEN, "reading again tells"
    fake.faults.append(("*", "/merge$", forges.merged_but(405)))
    asked(fake).merge(request, SQUASH, "t", "m")
    assert one(fake).state == MERGED


def test_a_merge_call_follows_only_to_the_same_server(fake: Fake) -> None:
    request = one(fake)
    path = f"{forges.PREFIX[fake.kind]}/renamed/merge"
    for code in (307, 308):
        fake.faults.append(("*", "/1/merge$", forges.redirect(path, code)))
        assert asked(fake).merge(request, SQUASH, "t", "m").meaning == DENIED  # the fake has no such path: 404
    assert [call.path.endswith("/renamed/merge") for call in fake.merges] == [False, True] * 2
    with Fake(fake.kind, fake.repo) as other:
        fake.faults.append(("*", "/1/merge$", forges.redirect(other.url + "/x/merge", 307)))
        found = asked(fake).merge(request, SQUASH, "t", "m")
    assert found.meaning == UNCLEAR and "it moved to" in found.words and other.log == []


def test_a_forge_that_is_not_there_cannot_have_merged(fake: Fake) -> None:
    request = one(fake)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nobody = Address(fake.kind, f"http://127.0.0.1:{free.getsockname()[1]}/api", "ada/project")
        with pytest.raises(ForgeUnreachable):
            connect(nobody, "t" * 20).merge(request, SQUASH, "t", "m")


# Making and changing


def test_making_and_changing_a_request(fake: Fake) -> None:
    made = asked(fake).make("other", "main", "Another", "Text")
    assert (made.number, made.branch, made.base, made.title, made.body) == (2, "other", "main", "Another", "Text")
    changed = asked(fake).change(made, "New title", "New text")
    assert (changed.number, changed.title, changed.body) == (2, "New title", "New text")
    with pytest.raises(ForgeRefused, match="exists"):
        asked(fake).make("other", "main", "Another", "Text")


@pytest.mark.parametrize("fault", [forges.cut_after, lambda: forges.status(502), lambda: forges.merged_but(500)])
def test_a_request_is_made_once_whatever_is_answered(fake: Fake, fault: Callable[[], forges.Fault]) -> None:
    fake.faults.append(("POST", "(pulls|merge_requests)$", fault()))
    with pytest.raises(ForgeUnreachable):
        asked(fake).make("other", "main", "Another", "Text")
    assert len(fake.calls("POST")) == 1


# Reads that go wrong


@pytest.mark.parametrize("fault", [lambda: forges.status(503), forges.cut_before, forges.cut_after, forges.cut_within])
def test_a_read_is_tried_again(fake: Fake, fault: Callable[[], forges.Fault]) -> None:
    fake.faults += [("GET", ".", fault()), ("GET", ".", fault())]
    assert one(fake).number == 1
    fake.faults += [("GET", ".", fault())] * 3
    with pytest.raises(ForgeUnreachable):
        one(fake)


ODD = [
    forges.html(), forges.empty(), forges.raw(b"\xff\xfe\xfa"), forges.raw(b"{"), forges.raw(b"[" * 100_000),
    forges.raw(b'{"number": 1' + b"0" * 5000 + b"}"), forges.answer([]), forges.answer("text"), forges.answer(None),
    forges.answer({}), forges.answer({"number": "1"}), forges.answer({"number": True}), forges.raw(b"null"),
    forges.answer({"number": 1, "iid": 1, "state": "open", "head": "x", "base": [], "source_project_id": "7"}),
    forges.status(304), forges.status(100),
]  # fmt: skip


@pytest.mark.parametrize("fault", ODD, ids=range(len(ODD)))
def test_an_answer_that_makes_no_sense_is_told_in_one_line(fake: Fake, fault: forges.Fault) -> None:
    fake.faults += [("GET", r"/1$", fault)] * 3
    with pytest.raises(Unable) as told:
        one(fake)
    assert isinstance(told.value, ForgeOdd | ForgeUnreachable)
    assert "\n" not in told.value.args[0] and len(told.value.args[0]) < 400 and told.value.remedy


@pytest.mark.parametrize(
    ("read", "value"),
    [("text", 1), ("text", None), ("whole", "1"), ("whole", True), ("whole", 1.5), ("flag", 0), ("flag", "true"),
     ("child", []), ("child", "x"), ("items", {}), ("items", [1]), ("texts", "x"), ("texts", [1])],
)  # fmt: skip
def test_a_value_of_another_type_is_named(read: str, value: object) -> None:
    with pytest.raises(ForgeOdd, match="`key` of a thing"):
        getattr(Fields({"key": value}, "a thing"), read)("key")


def test_lists_that_are_none(fake: Fake) -> None:
    for fault in (forges.answer({}), forges.answer([1]), forges.answer(["x"]), forges.answer(7)):
        fake.faults.append(("GET", "(pulls|merge_requests)$", fault))
        with pytest.raises(ForgeOdd):
            asked(fake).based_on("main")


def test_an_answer_that_is_too_large(hub: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "LARGEST", 1 << 20)
    hub.faults.append(("GET", "/1$", forges.raw(b'"' + b"x" * (2 << 20) + b'"')))
    with pytest.raises(ForgeOdd, match="more than 1 MB"):
        one(hub)


def test_an_answer_without_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "LARGEST", 1 << 16)
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()

        def pour() -> None:
            connection, _ = server.accept()
            with connection, contextlib.suppress(OSError):
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
                while True:
                    connection.sendall(b" " * 65536)

        threading.Thread(target=pour, daemon=True).start()
        address = Address(GITHUB, f"http://127.0.0.1:{server.getsockname()[1]}", "a/b")
        with pytest.raises(ForgeOdd, match="answered with more than"):
            connect(address, None, Wire(2)).by_number(1)


def test_an_answer_that_drips_ends_at_the_deadline(hub: Fake) -> None:
    hub.faults.append(("GET", "/1$", forges.drip(0.05)))
    begun = time.monotonic()
    with pytest.raises(ForgeUnreachable, match=r"no answer within 0\.5 seconds"):
        asked(hub, timeout=0.5).by_number(1)
    assert time.monotonic() - begun < 2


def test_a_server_that_takes_calls_and_never_answers() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        address = Address(GITHUB, f"http://127.0.0.1:{server.getsockname()[1]}", "a/b")
        begun = time.monotonic()
        with pytest.raises(ForgeUnreachable):
            connect(address, None, Wire(0.3)).by_number(1)
        assert time.monotonic() - begun < 2


def test_a_bug_of_ours_is_not_lost_in_a_thread(hub: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: Any, **more: Any) -> None:
        raise AttributeError("ours")

    monkeypatch.setattr(socket, "create_connection", broken)
    with pytest.raises(AttributeError, match="ours"):
        one(hub)


def test_what_was_not_sent_in_time_is_never_sent(hub: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that comes about after its deadline must not merge behind our back."""
    request, slow = one(hub), threading.Event()
    real = socket.create_connection

    def late(*args: Any, **more: Any) -> socket.socket:
        slow.wait(5)
        return real(*args, **more)

    monkeypatch.setattr(socket, "create_connection", late)
    with pytest.raises(ForgeUnreachable):
        asked(hub, timeout=0.2).merge(request, SQUASH, "t", "m")
    slow.set()
    time.sleep(0.2)
    assert hub.merges == []


# Rights and limits


def test_no_token_a_wrong_one_and_one_without_rights(fake: Fake) -> None:
    with pytest.raises(ForgeDenied, match="without a token"):
        asked(fake, None).by_number(1)
    with pytest.raises(ForgeDenied, match="does not accept the token") as told:
        asked(fake, "wrong-token-wrong-token").by_number(1)
    assert "wrong-token" not in str(told.value), "the forge echoed it"
    fake.rights = "none"
    with pytest.raises(ForgeDenied, match="has no ada/project, or the token may not see it"):
        asked(fake).by_number(1)


def test_a_rate_limit_is_waited_for_or_told(hub: Fake) -> None:
    hub.faults.append(("GET", "/1$", forges.rate_limited(after=0)))
    assert one(hub).number == 1
    hub.faults.append(("GET", "/1$", forges.rate_limited(reset=int(time.time()) + 3600)))
    with pytest.raises(ForgeUnreachable, match=r"takes no more calls until 20\d\d-"):
        one(hub)
    hub.faults.append(("GET", "/1$", forges.rate_limited(after=120, code=429)))
    with pytest.raises(ForgeUnreachable, match="until"):
        one(hub)
    hub.faults.append(("GET", "/1$", forges.rate_limited(reset=10**11)))
    with pytest.raises(ForgeUnreachable):
        one(hub)
    request = one(hub)
    hub.faults.append(("PUT", "/merge", forges.rate_limited(after=0)))
    assert asked(hub).merge(request, SQUASH, "t", "m").meaning == NOT_YET
    assert len(hub.merges) == 1


# Where the token goes


def test_a_redirect_within_the_server_keeps_the_token(hub: Fake) -> None:
    hub.faults.append(("GET", "/1$", forges.redirect(f"{hub.url}/repos/ada/project/pulls/1?moved", 301)))
    assert one(hub).number == 1
    assert all("authorization" in call.headers for call in hub.log)


def test_a_redirect_elsewhere_drops_the_token_for_good(hub: Fake, bare: Path) -> None:
    with Fake(GITHUB, bare, token=None) as other:
        back = f"{hub.url}/repos/ada/project/pulls/1"
        hub.faults.append(("GET", "/1$", forges.redirect(f"{other.url}/x", 302)))
        other.faults.append(("GET", "/x", forges.redirect(back, 302)))
        with pytest.raises(ForgeDenied):
            one(hub)
        assert ["authorization" in call.headers for call in other.log] == [False]
        assert ["authorization" in call.headers for call in hub.log] == [True, False]
        assert not any(hub.token in str(call) for call in other.log if hub.token)


@pytest.mark.parametrize("target", ["ftp://127.0.0.1/y", "file:///etc/passwd", "", "http://[::1/"])
def test_a_redirect_that_must_not_be_followed(hub: Fake, target: str) -> None:
    hub.faults.append(("GET", "/1$", forges.redirect(target)))
    with pytest.raises(ForgeOdd, match="must not be followed"):
        one(hub)


def test_redirects_without_an_end(hub: Fake) -> None:
    for at in range(8):
        hub.faults.append(("GET", ".", forges.redirect(f"{hub.url}/{at}")))
    with pytest.raises(ForgeOdd, match="more than 5 times"):
        one(hub)
    assert len(hub.log) == 6


def test_links_to_pages_never_lead_to_another_host(hub: Fake) -> None:
    """The fake names a host of its own in its links, as forges behind a proxy do."""
    hub.page = 1
    hub.request(BRANCH)
    assert len(asked(hub).based_on("main")) == 2
    assert all(call.headers["host"] == hub.origin.partition("//")[2] for call in hub.log)


def test_the_token_is_in_no_text(fake: Fake) -> None:
    token = fake.token or ""
    forge = asked(fake)
    fake.requests[1].title = f"My token is {token}"
    assert one(fake).title == "My token is ***"
    texts = [repr(forge), repr(vars(forge))]
    for fault in (forges.status(500, f"x {token} y"), forges.status(403, token), forges.status(418, token)):
        fake.faults += [("GET", "/1$", fault)] * 3
        with pytest.raises(Unable) as told:
            forge.by_number(1)
        texts += [str(told.value), repr(told.value), repr(told.value.__cause__)]
        fake.faults.clear()
    for document in ({"message": f"no {token}"}, {"message": {token: [token]}}):
        fake.faults.append(("*", "/merge$", forges.answer(document, 405)))
        texts.append(forge.merge(one(fake), SQUASH, "t", "m").words)
    assert not any(token in text for text in texts), texts
    assert all(token not in str((call.path, call.query)) for call in fake.log)


@pytest.mark.parametrize("token", ["two words", "line\nbreak", "tökén", ""])
def test_a_token_that_cannot_be_one(token: str) -> None:
    with pytest.raises(ForgeDenied) as told:
        connect(Address(GITHUB, "https://api.github.com", "a/b"), token)
    assert not token or token not in str(told.value)


def test_half_characters_do_not_come_through(fake: Fake) -> None:
    fake.requests[1].title = "a \ud800 b \U0001f600 \x1b[31m"
    assert one(fake).title == "a � b \U0001f600 \x1b[31m"


# Proxies


def test_a_proxy_of_the_environment_and_of_git(hub: Fake) -> None:
    """The fake is its own proxy: it gets the whole address to ask for."""
    through = hub.origin.replace("http://", "http://user:pa%40ss@")
    for more in ({"environment": {"http_proxy": through}}, {"proxy": through}, {"environment": {"ALL_PROXY": through}}):
        hub.log.clear()
        assert asked(hub, **more).by_number(1) is not None  # type: ignore[arg-type]
        assert hub.log[0].headers["proxy-authorization"] == "Basic dXNlcjpwYUBzcw=="


@pytest.mark.parametrize("spared", ["*", "127.0.0.1", "example.org, 127.0.0.1", ".0.0.1"])
def test_hosts_that_need_no_proxy(hub: Fake, spared: str) -> None:
    away = {"http_proxy": "http://127.0.0.1:1", "no_proxy": spared}
    assert asked(hub, environment=away).by_number(1) is not None


def test_a_proxy_that_is_not_there_or_not_supported(hub: Fake) -> None:
    for proxy, words in (
        ("http://user:geheim@127.0.0.1:1", "refused"),
        ("socks5://127.0.0.1:1", "socks5"),
        ("http://[", "sense"),
    ):
        with pytest.raises(ForgeUnreachable, match=words) as told:
            asked(hub, proxy=proxy).by_number(1)
        assert "geheim" not in str(told.value)


def test_certificates_that_are_not_there(hub: Fake) -> None:
    address = Address(GITHUB, hub.url.replace("http:", "https:"), "a/b")
    with pytest.raises(ForgeUnreachable, match=r"/none\.pem"):
        connect(address, None, Wire(2, ca="/none.pem")).by_number(1)
    with pytest.raises(ForgeUnreachable):
        connect(address, None, Wire(2)).by_number(1)  # it speaks no TLS


def test_a_token_with_signs_is_in_no_text_either_way(hub: Fake) -> None:
    hub.token = "sign/token+with=signs"
    for echoed in (hub.token, "sign%2Ftoken%2Bwith%3Dsigns"):
        hub.faults.append(("GET", "/1$", forges.status(418, f"x {echoed} y")))
        with pytest.raises(ForgeRefused, match=r"x \*\*\* y"):
            one(hub)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """A certificate for 127.0.0.1 that nobody trusts, and its key."""
    top = tmp_path_factory.mktemp("tls")
    made = (str(top / "cert.pem"), str(top / "key.pem"))
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
               "-subj", "/CN=forge", "-addext", "subjectAltName=IP:127.0.0.1", "-out", made[0], "-keyout", made[1]]  # fmt: skip
    if shutil.which("openssl") is None or subprocess.run(command, capture_output=True, check=False).returncode != 0:
        pytest.skip("no openssl that makes certificates")
    return made


def test_a_certificate_of_ones_own(bare: Path, certificate: tuple[str, str], forge_of: Callable[..., Fake]) -> None:
    fake = forge_of(GITHUB, bare, tls=certificate)
    fake.request(BRANCH)
    with pytest.raises(ForgeUnreachable, match="certificate is not trusted"):
        asked(fake).by_number(1)
    assert fake.log == [], "nothing was said before that was known"
    for more in ({"ca": certificate[0]}, {"environment": {"GIT_SSL_CAINFO": certificate[0]}},
                 {"environment": {"SSL_CERT_FILE": certificate[0]}}):  # fmt: skip
        assert asked(fake, **more).by_number(1) is not None  # type: ignore[arg-type]
    wrong = Address(GITHUB, fake.url.replace("127.0.0.1", "localhost"), fake.repository)
    with pytest.raises(ForgeUnreachable, match="certificate is not trusted"):
        connect(wrong, None, Wire(5, ca=certificate[0])).by_number(1)


def test_no_way_from_https_to_http(
    bare: Path, hub: Fake, certificate: tuple[str, str], forge_of: Callable[..., Fake]
) -> None:
    fake = forge_of(GITHUB, bare, tls=certificate)
    fake.faults.append(("GET", "/1$", forges.redirect(f"{hub.url}/repos/ada/project/pulls/1")))
    with pytest.raises(ForgeOdd, match="must not be followed"):
        asked(fake, ca=certificate[0]).by_number(1)
    assert hub.log == []


def test_a_tunnel_through_a_proxy(bare: Path, certificate: tuple[str, str], forge_of: Callable[..., Fake]) -> None:
    fake = forge_of(GITHUB, bare, tls=certificate)
    fake.request(BRANCH)
    asked_for: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as proxy:

        def pump(source: socket.socket, target: socket.socket) -> None:
            with contextlib.suppress(OSError):
                while data := source.recv(65536):
                    target.sendall(data)
                target.shutdown(socket.SHUT_WR)

        def serve(there: socket.socket) -> None:
            asked_for.append(there.recv(65536))
            behind = socket.create_connection(("127.0.0.1", int(fake.origin.rpartition(":")[2])))
            there.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
            threading.Thread(target=pump, args=(behind, there), daemon=True).start()
            pump(there, behind)

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    threading.Thread(target=serve, args=(proxy.accept()[0],), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        through = f"http://ada:word@127.0.0.1:{proxy.getsockname()[1]}"
        assert asked(fake, ca=certificate[0], environment={"HTTPS_PROXY": through}).by_number(1) is not None
    assert asked_for[0].startswith(b"CONNECT 127.0.0.1:")
    assert b"Proxy-Authorization: Basic" in asked_for[0] and b"Bearer" not in asked_for[0], "the proxy sees no token"
    assert "proxy-authorization" not in fake.log[0].headers


# Whatever comes


@pytest.fixture(scope="module")
def babbler() -> Iterator[tuple[str, list[bytes]]]:
    """A server that answers every call with the bytes that it is told to."""
    said: list[bytes] = [b""]
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(64)

        def answer() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection, contextlib.suppress(OSError):
                    connection.recv(65536)
                    connection.sendall(said[0])

        threading.Thread(target=answer, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}", said
        server.shutdown(socket.SHUT_RDWR)


HEADS = [b"", b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n",
         b"HTTP/1.1 405 No\r\n\r\n", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"HTTP/1.1 999 x\r\n\r\n",
         b"HTTP/1.1 302 x\r\nLocation: "]  # fmt: skip


@settings(max_examples=40)
@given(some.sampled_from(KINDS), some.sampled_from(HEADS), some.binary() | some.just(b'{"state": "open"}'))
def test_any_bytes_end_in_an_answer_or_in_one_line(
    babbler: tuple[str, list[bytes]], kind: str, head: bytes, body: bytes
) -> None:
    url, said = babbler
    said[0] = head + body
    forge = connect(Address(kind, url, "ada/project"), "t" * 20, Wire(1))
    for call in (lambda: forge.by_number(1), lambda: forge.by_branch("x"), lambda: forge.based_on("x")):
        with contextlib.suppress(Unable):
            call()
