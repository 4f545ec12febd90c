"""Finish where a forge merges: validated through its API, asked once, read back; every answer that lies or never comes."""

from __future__ import annotations

import json

import pytest

from claiming import Clone, document
from finishing import BRANCH, EVIDENCE, completed, ended, finish, merged, on_main, refused, tree_of, unfinished
from forges import (
    GITEA,
    GITHUB,
    GITLAB,
    cut_after,
    cut_before,
    empty,
    html,
    merged_but,
    not_merged_but_200,
    slow,
    status,
)
from hosting import KINDS, Hosted
from killing import PROVE


def pairs(*words: str) -> list[tuple[str, str]]:
    """Each word on each forge; by default on one of them each, in turn."""
    every = [(kind, word) for word in words for kind in KINDS]
    return every if PROVE else [(KINDS[at % len(KINDS)], word) for at, word in enumerate(words)]


MERGE = {GITHUB: ("PUT", "/merge"), GITLAB: ("PUT", "/merge"), GITEA: ("POST", "/merge")}


def fault(hosted: Hosted, *faults: object) -> None:
    for one in faults:
        hosted.forge.faults.append((*MERGE[hosted.forge.kind], one))  # type: ignore[arg-type]


def whole(hosted: Hosted, found: dict[str, object]) -> None:
    """Merged, everywhere: the request, the main branch there and here, and nothing left of the work."""
    ada, forge = hosted.ada, hosted.forge
    assert forge.requests[1].state == "merged"
    assert found["merge_commit"] == forge.requests[1].merge_commit
    assert hosted.team.remote.id_of("main") == ada.id_of("main") == ada.id_of("origin/main")
    assert ada.show("work.txt", "main") == "work\n" and ada.read("work.txt") == "work\n" and ada.status() == ""
    assert ada.worktrees() == [str(ada.path)] and BRANCH not in ada.git("branch", "-a")
    assert f"refs/heads/{BRANCH}" not in ada.git("ls-remote", "origin")
    assert ada.claims() == [] and unfinished(ada) == [] and "refs/holdfast/plans" not in ada.git("ls-remote", "origin")


def untouched(hosted: Hosted, tip: str) -> None:
    """Not merged, and nothing of the work is gone."""
    assert hosted.forge.requests[1].state == "open"
    assert hosted.team.remote.id_of(BRANCH) == hosted.ada.id_of(BRANCH) == tip
    assert hosted.ada.try_git("cat-file", "-e", "origin/main:work.txt").code != 0
    assert tree_of(hosted.ada).read("work.txt") == "work\n"


def test_a_request_is_merged_at_exactly_what_was_validated(hosted: Hosted) -> None:
    number, tip = hosted.opened(), hosted.ada.id_of(BRANCH)
    found = merged(hosted.ada, 1)
    assert found["request"] == {"number": number, "url": found["request"]["url"]} and found["head"] == tip
    whole(hosted, found)
    (call,) = hosted.forge.merges
    assert tip in json.dumps(call.body)
    message = hosted.ada.git("log", "--format=%B", "origin/main")
    assert "[Plan #1] First" in message and f"Merged-Head: {tip}" in message
    again = ended(hosted.ada, 1)
    assert (again["exit"], again["result"]) == (0, "already-merged")


def test_by_its_number(hosted: Hosted) -> None:
    number = hosted.opened()
    assert refused(hosted.ada, "--pr", 99) == ["request-unknown"]
    whole(hosted, merged(hosted.ada, "--pr", number))
    assert ended(hosted.ada, "--pr", number)["result"] == "already-merged"


def test_without_a_request_it_is_merged_with_git(hosted: Hosted) -> None:
    found = merged(hosted.ada, 1)
    assert found["request"] is None and hosted.forge.merges == []
    assert hosted.team.remote.id_of("main") == found["merge_commit"]


def test_everything_that_the_forge_says_against_it_at_once(hosted: Hosted) -> None:
    forge = hosted.forge
    hosted.opened(draft=True)
    forge.required += ["pipeline"] if forge.kind == GITLAB else ["tests", "lint", "docs"]
    forge.approvals = 1
    forge.protected = True
    if forge.kind != GITLAB:
        forge.report(BRANCH, "tests", "failure")
        forge.report(BRANCH, "lint", "pending")
        expected = {"request-draft", "check-failing", "check-pending", "check-missing", "review-missing"}
    else:
        forge.report(BRANCH, "tests", "failure")
        expected = {"request-draft", "check-failing", "review-missing"}
    assert set(refused(hosted.ada, 1)) >= expected
    assert hosted.forge.merges == []


def test_states_of_the_request(hosted: Hosted) -> None:
    hosted.opened()
    hosted.forge.requests[1].base = "release"
    hosted.team.remote.git("branch", "release", "main")
    assert "request-base" in refused(hosted.ada, 1)
    hosted.forge.requests[1].base = "main"
    hosted.forge.requests[1].state = "closed"
    assert refused(hosted.ada, 1) == ["request-closed"]


def test_requests_that_are_based_on_the_branch(hosted: Hosted) -> None:
    hosted.opened()
    hosted.team.remote.git("branch", "next", BRANCH)
    hosted.forge.request("next", BRANCH, title="Next")
    assert refused(hosted.ada, 1) == ["requests-based"]


def test_a_token_without_rights_or_none(hosted: Hosted) -> None:
    hosted.opened()
    hosted.forge.rights = "read"
    assert "forge-denied" in refused(hosted.ada, 1)
    hosted.forge.rights = "none"
    ran = finish(hosted.ada, 1)
    assert ran.code in (1, 5) and "Traceback" not in ran.err and hosted.forge.merges == []
    assert (hosted.forge.token or "?") not in ran.err + ran.out


def test_the_plan_is_not_complete(hosted: Hosted) -> None:
    work = tree_of(hosted.ada)
    assert work.holdfast("plan", "set", "1", "--status", "in-progress (reopened: more to do)").code == 0
    assert work.commit("Reopen").code == 0
    work.git("push", "-q", "origin", "HEAD")
    hosted.opened()
    assert refused(hosted.ada, 1, *EVIDENCE) == ["plan-not-complete"]
    merged(hosted.ada, 1, "--partial")


def test_conflicts_are_named_by_their_files(hosted: Hosted) -> None:
    on_main(hosted.ada, {"work.txt": "other\n"})
    hosted.opened()
    assert refused(hosted.ada, 1) == ["finish-conflicts"]


def test_a_conflict_in_the_plan_index_alone(hosted: Hosted) -> None:
    """Hosts merge it as text. `--update-branch` merges the main branch into the branch, row by row."""
    ada = hosted.ada
    from conftest import plan_text

    on_main(ada, {"docs/plans/02_second.md": plan_text(2, "Second", status="🚧 In Progress")})
    hosted.opened()
    assert refused(ada, 1) == ["index-conflicts"]
    found = ended(ada, 1, "--update-branch")
    assert (found["exit"], found["result"]) == (0, "updated"), found
    assert ada.id_of(BRANCH) == hosted.team.remote.id_of(BRANCH) == found["merge_commit"]
    assert tree_of(ada).status() == ""
    whole(hosted, merged(ada, 1))
    assert ada.holdfast("index", "--check").code == 0


# Answers that lie, or never come


@pytest.mark.parametrize(("hosted", "what"), pairs("500", "422", "405", "cut"), indirect=["hosted"])
def test_merged_and_said_otherwise(hosted: Hosted, what: str) -> None:
    hosted.opened()
    fault(hosted, cut_after() if what == "cut" else merged_but(int(what)))
    whole(hosted, merged(hosted.ada, 1))
    assert len(hosted.forge.merges) == 1


@pytest.mark.parametrize(
    ("hosted", "what"), pairs("200", "502", "422", "html", "empty", "cut", "403"), indirect=["hosted"]
)
def test_not_merged_whatever_it_says(hosted: Hosted, what: str) -> None:
    hosted.opened()
    tip = hosted.ada.id_of(BRANCH)
    faults = {"200": not_merged_but_200(), "html": html(), "empty": empty(500), "cut": cut_before()}
    fault(hosted, faults.get(what) or status(int(what)))
    found = ended(hosted.ada, 1)
    if what in ("200", "403"):
        assert [one["code"] for one in found["blockers"]] == ["finish-declined"], found
    elif found["result"] == "unknown":  # it may be carried out yet: that is said, and found out
        assert found["exit"] == 5 and ended(hosted.ada, "--resume")["result"] == "undone"
    else:
        assert what == "422" and found["result"] == "refused", found
    untouched(hosted, tip)
    assert len(hosted.forge.merges) == 1 and unfinished(hosted.ada) == []
    whole(hosted, merged(hosted.ada, 1))


def test_a_forge_that_is_asked_too_often(hosted: Hosted) -> None:
    """It says that it did nothing: so everything is looked at again, and then it is asked a second time."""
    hosted.opened()
    fault(hosted, status(429))
    whole(hosted, merged(hosted.ada, 1))
    assert len(hosted.forge.merges) == 2


def test_a_forge_that_is_gone_after_the_merge_call(hosted: Hosted) -> None:
    """Nobody can tell whether it was merged: so it is said, and the next command finds out."""
    hosted.opened()
    fault(hosted, cut_after())
    hosted.forge.faults += [("GET", "(pulls|merge_requests)/1$", cut_before())] * 40
    hosted.forge.faults.sort(key=lambda one: one[0] == "GET")

    class After(Exception):
        pass

    # The readings before the merge must get through.
    before = [one for one in hosted.forge.faults if one[0] == "GET"]
    hosted.forge.faults[:] = [one for one in hosted.forge.faults if one[0] != "GET"]
    real = hosted.forge.carry_out

    def carried(*args: object, **named: object) -> str:
        hosted.forge.faults += before
        return real(*args, **named)  # type: ignore[arg-type]

    hosted.forge.carry_out = carried  # type: ignore[method-assign]
    found = ended(hosted.ada, 1)
    assert (found["exit"], found["result"]) == (5, "unknown"), found
    assert [one["code"] for one in found["blockers"]] == ["finish-unclear"] and unfinished(hosted.ada)
    hosted.forge.faults.clear()
    done = ended(hosted.ada, "--resume")
    assert (done["exit"], done["result"]) == (0, "merged"), done
    whole(hosted, done)


def test_the_host_deletes_the_branch_itself(hosted: Hosted) -> None:
    hosted.opened()
    hosted.forge.delete_branch = True
    whole(hosted, merged(hosted.ada, 1))


def test_a_merge_queue(on_github: Hosted) -> None:
    """It is put there at exactly what was validated; when the forge has merged it, the next finish cleans up."""
    forge, ada = on_github.forge, on_github.ada
    on_github.opened()
    forge.queue = True
    found = ended(ada, 1)
    assert (found["exit"], found["result"]) == (0, "queued"), found
    assert forge.requests[1].queued and unfinished(ada) == [] and tree_of(ada).path.is_dir()
    assert ended(ada, 1)["result"] == "queued"
    forge.carry_out(forge.requests[1], "squash", "First (#1)\n")
    done = ended(ada, 1)
    assert (done["exit"], done["result"]) == (0, "already-merged"), done
    assert ada.worktrees() == [str(ada.path)] and BRANCH not in ada.git("branch", "-a")


def test_linear_history_takes_no_merge_commits(on_github: Hosted) -> None:
    ada = on_github.ada
    ada.write("holdfast.toml", ada.read("holdfast.toml") + "[finish]\nmethod = 'merge'\n")
    assert ada.commit("Merge commits").code == 0
    ada.git("push", "-q", "origin", "main")
    on_github.opened()
    on_github.forge.protected = on_github.forge.linear = True
    found = ended(ada, 1)
    assert [one["code"] for one in found["blockers"]] == ["method-not-allowed"]
    assert "squash" in found["blockers"][0]["remedy"]


def test_a_plan_index_that_is_wrong_in_what_a_host_would_merge(on_github: Hosted) -> None:
    work = tree_of(on_github.ada)
    text = work.read("docs/plans/README.md")
    work.write("docs/plans/README.md", text.replace("| Medium |", "| Low |"))
    work.git("commit", "-qanm", "By hand")
    work.git("push", "-q", "origin", "HEAD")
    on_github.opened()
    assert refused(on_github.ada, 1) == ["index-differs"]


def test_the_head_moves_in_between(hosted: Hosted) -> None:
    """Somebody pushes after the validation: the forge says so, and nothing unseen is merged."""
    hosted.opened()
    carl = hosted.team.clone("carl")
    carl.git("switch", "-q", BRANCH)
    carl.write("carl.txt", "carl\n")
    carl.git("add", "-A")
    carl.git("commit", "-qm", "Carl")
    real = hosted.forge.serve

    def served(method: str, path: str, *rest: object) -> object:
        if path.endswith("/merge") and method != "GET":
            hosted.forge.serve = real  # type: ignore[method-assign]
            carl.git("push", "-q", "origin", "HEAD")
        return real(method, path, *rest)  # type: ignore[arg-type]

    hosted.forge.serve = served  # type: ignore[method-assign, assignment]
    found = ended(hosted.ada, 1)
    assert found["result"] in ("refused", "lost"), found
    assert hosted.forge.requests[1].state == "open"
    assert [one["code"] for one in found["blockers"]] in (["finish-lost"], ["head-behind"])


def test_waiting_for_checks(hosted: Hosted) -> None:
    forge = hosted.forge
    hosted.opened()
    forge.protected = True
    forge.required.append("pipeline" if forge.kind == GITLAB else "tests")
    forge.report(BRANCH, forge.required[0], "pending")
    real, seen = forge.serve, []

    def served(method: str, path: str, *rest: object) -> object:
        seen.append(path)
        if len(seen) == 15:
            forge.report(BRANCH, forge.required[0], "success")
        return real(method, path, *rest)  # type: ignore[arg-type]

    forge.serve = served  # type: ignore[method-assign, assignment]
    ran = finish(hosted.ada, 1, "--wait", "--json")
    found = document(ran)
    assert (found["exit"], found["result"]) == (0, "merged"), ran
    assert "waiting:" in ran.err


def test_a_slow_forge_is_not_waited_for_for_ever(on_github: Hosted) -> None:
    ada = on_github.ada
    ada.write("holdfast.toml", ada.read("holdfast.toml") + "timeout = 1\n")
    assert ada.commit("Hurry").code == 0
    ada.git("push", "-q", "origin", "main")
    on_github.opened()
    fault(on_github, slow(2.5))
    found = ended(ada, 1)
    assert found["result"] in ("merged", "unknown", "refused")
    if found["result"] == "merged":
        whole(on_github, found)
    else:
        on_github.forge.faults.clear()
        assert ended(ada, 1)["result"] in ("merged", "already-merged")


# What the configuration may not do


def test_an_address_that_was_not_approved_gets_no_token(hosted: Hosted) -> None:
    (hosted.ada.path / ".git" / "holdfast" / "approvals").unlink()
    assert refused(hosted.ada, 1) == ["forge-unapproved"]
    assert hosted.forge.log == []


def test_a_request_on_a_forge_that_nobody_can_ask(shared: Clone) -> None:
    completed(tree_of(shared))
    shared.git("push", "-q", "origin", f"{BRANCH}:refs/pull/7/head")
    found = ended(shared, 1)
    assert [one["code"] for one in found["blockers"]] == ["request-elsewhere"]


# Opening a request


def test_a_request_is_opened_and_then_updated(hosted: Hosted) -> None:
    ada, work = hosted.ada, tree_of(hosted.ada)
    work.write("more.txt", "more\n")
    assert work.commit("More").code == 0
    found = ended(ada, 1, "--request", *EVIDENCE)
    assert (found["exit"], found["result"]) == (0, "requested"), found
    (one,) = hosted.forge.requests.values()
    assert found["request"]["number"] == one.number and hosted.team.remote.id_of(BRANCH) == ada.id_of(BRANCH)
    assert one.title == "[Plan #1] First" and "make test: 212 passed" in one.body and "01_first.md" in one.body
    one.body = f"Mine above.\n\n{one.body}\n\nMine below."
    again = ended(ada, 1, "--request", "--evidence", "seen again")
    assert again["request"]["number"] == one.number and len(hosted.forge.requests) == 1
    assert "Mine above." in one.body and "Mine below." in one.body
    assert "seen again" in one.body and "212 passed" not in one.body
    assert hosted.forge.merges == []


def test_no_forge_to_open_a_request_on(shared: Clone) -> None:
    assert refused(shared, 1, "--request") == ["forge-none"]
