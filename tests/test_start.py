"""`holdfast start`: what a claim is, what refuses it, and how a worker gets the same answer again."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

import pytest

from claiming import HOST, Clone, Team, before, codes, executable, holdfast_words, old_claim
from conftest import plan_text

# What a claim is


def test_a_claim_is_a_branch_a_claim_commit_a_fence_and_a_worktree(team: Team, ada: Clone) -> None:
    ran = ada.start(1)
    path = ada.path / ".worktrees" / "plan-1-first"
    assert (ran.code, ran.out, ran.err) == (0, f"{path}\n", "plan #1: branch plan-1-first\n")
    (commit,) = set(team.remote.refs("refs/heads/plan-*", "refs/holdfast").values())
    assert set(team.remote.refs()) == {"refs/heads/main", "refs/heads/plan-1-first", "refs/holdfast/plans/1"}
    assert ada.id_of("refs/heads/plan-1-first") == ada.at(path).id_of("HEAD") == commit
    assert ada.id_of(f"{commit}^") == ada.id_of("origin/main")
    assert ada.id_of(f"{commit}^{{tree}}") == ada.id_of("origin/main^{tree}")
    trailers = ada.trailers(commit)
    claim_id = trailers.pop("Claim-Id")
    assert re.fullmatch("[0-9a-f]{16}", claim_id)
    assert trailers == {"Claimed-By": "Ada", "Claim-Host": HOST, "Claim-Plan": "1", "Claim-Branch": "plan-1-first"}
    assert ada.git("log", "-1", "--format=%s", commit) == "Claim plan #1: First\n"
    assert (ada.status(), ada.at(path).status(), ada.intents()) == ("", "", [])
    assert ada.at(path).git("branch", "--show-current") == "plan-1-first\n"
    assert ada.journal() == ["claim-begun", "claim"]


def test_json_says_all_of_it(team: Team, ada: Clone) -> None:
    base = ada.id_of("origin/main")
    found = ada.claimed(1, "--owner", "one")
    commit = team.remote.id_of("refs/heads/plan-1-first")
    assert found == {
        "schema": "holdfast.start/1", "result": "claimed", "plan": 1, "branch": "plan-1-first",
        "worktree": str(ada.path / ".worktrees/plan-1-first"), "commit": commit, "base": base, "published": True,
        "owner": "one", "claim_id": ada.trailers(commit)["Claim-Id"], "blockers": [], "winner": None, "exit": 0,
    }  # fmt: skip


def test_the_subject_and_the_branch_are_configurable(team: Team, ada: Clone) -> None:
    team.on_main(
        {"holdfast.toml": '[claims]\nsubject = "chore: take {number} ({title})"\nbranch = "work/{number}/{slug}"\n'}
    )
    ada.git("pull", "-q")
    found = ada.claimed(1)
    assert found["branch"] == "work/1/first"
    assert ada.git("log", "-1", "--format=%s", found["commit"]) == "chore: take 1 (First)\n"


def test_a_title_cannot_forge_trailers(team: Team, ada: Clone) -> None:
    team.on_main({"docs/plans/07_seventh.md": plan_text(7, "Seven\\n\\nClaimed-By: Eve {number}")})
    found = ada.claimed(7)
    assert ada.trailers(found["commit"])["Claimed-By"] == "Ada"


def test_the_base_is_the_main_branch_of_the_remote_as_it_is_now(team: Team, ada: Clone) -> None:
    ada.write("local.txt", "never pushed\n")
    ada.commit("Local work")
    there = team.on_main({"news.txt": "news\n"})
    found = ada.claimed(1)
    assert found["base"] == there == ada.id_of(f"{found['commit']}^")
    assert (ada.path / ".worktrees/plan-1-first/news.txt").exists()
    assert not (ada.path / ".worktrees/plan-1-first/local.txt").exists()


def test_a_plan_that_only_the_remote_has_is_found(team: Team, ada: Clone) -> None:
    team.on_main({"docs/plans/05_fifth.md": plan_text(5, "Fifth")})
    assert ada.claimed(5)["branch"] == "plan-5-fifth"


def test_a_plan_that_no_commit_has_yet_becomes_the_second_commit(team: Team, ada: Clone) -> None:
    text = plan_text(5, "Fifth")
    ada.write("docs/plans/05_fifth.md", text)
    ran = ada.start(5)
    assert ran.out == f"{ada.path}/.worktrees/plan-5-fifth\n"
    assert ran.err == "docs/plans/05_fifth.md is on the claim's branch now\nplan #5: branch plan-5-fifth\n"
    tip, commit = (team.remote.id_of(ref) for ref in ("refs/heads/plan-5-fifth", "refs/holdfast/plans/5"))
    assert ada.id_of(f"{tip}^") == commit
    assert ada.id_of(f"{commit}^") == ada.id_of("origin/main")
    assert ada.show("docs/plans/05_fifth.md", tip) == text
    assert ada.git("diff", "--name-only", commit, tip) == "docs/plans/05_fifth.md\n"
    assert ada.git("log", "-1", "--format=%s", tip) == "[Plan #5] Fifth\n"
    assert ada.status() == ""
    assert not (ada.path / "docs/plans/05_fifth.md").exists()
    (claim,) = ada.claims()
    assert (claim["state"], claim["own_commits"]) == ("active", 0)


def test_a_plan_that_main_lacks_and_the_caller_has_committed_is_taken_along(team: Team, ada: Clone) -> None:
    ada.write("docs/plans/05_fifth.md", plan_text(5, "Fifth"))
    ada.commit("A plan that is not pushed")
    found = ada.claimed(5)
    assert ada.show("docs/plans/05_fifth.md", found["branch"]) == plan_text(5, "Fifth")
    assert (ada.path / "docs/plans/05_fifth.md").exists()
    assert ada.status() == ""


def test_a_new_plan_brings_its_row_into_the_plan_index(team: Team, ada: Clone) -> None:
    ada.holdfast("init", "--yes", "--local")
    assert ada.holdfast("index", "--write").code == 0
    ada.commit("Plan index")
    ada.git("push", "-q", "--no-verify", "origin", "main")
    ada.write("docs/plans/sub.md", "no plan\n")
    ada.write("docs/plans/05_fifth.md", plan_text(5, "Fifth"))
    found = ada.claimed(5)
    names = ada.git("diff", "--name-only", "origin/main", found["branch"]).splitlines()
    assert "docs/plans/05_fifth.md" in names
    assert "docs/plans/sub.md" not in names
    worktree = ada.at(found["worktree"])
    assert worktree.holdfast("index", "--check").code == 0
    assert worktree.status() == ""


def test_without_a_remote_branch_and_fence_are_local(alone: Clone) -> None:
    ran = alone.start(1)
    assert (ran.code, ran.err) == (0, "plan #1: branch plan-1-first (in this clone alone)\n")
    refs = alone.refs("refs/heads/plan-*", "refs/holdfast")
    assert set(refs) == {"refs/heads/plan-1-first", "refs/holdfast/plans/1"}
    assert len(set(refs.values())) == 1
    assert alone.status() == ""


def test_no_worktree_prints_nothing_on_standard_output(ada: Clone) -> None:
    ran = ada.start(1, "--no-worktree")
    assert (ran.code, ran.out) == (0, "")
    assert ada.worktrees() == [str(ada.path)]


def test_dry_run_changes_nothing(team: Team, ada: Clone) -> None:
    before_, there = ada.refs(), team.remote.refs()
    ran = ada.start(1, "--dry-run")
    assert (ran.code, ran.out) == (0, "")
    assert ran.err == "would claim plan #1 as branch plan-1-first and on origin\n"
    assert (ada.refs(), team.remote.refs(), ada.worktrees()) == (before_, there, [str(ada.path)])


def test_started_from_a_subfolder_and_from_a_linked_worktree(ada: Clone) -> None:
    first = ada.claimed(1, cwd=ada.path / "docs")
    third = ada.at(first["worktree"]).at(f"{first['worktree']}/docs").claimed(3)
    assert third["worktree"] == str(ada.path / ".worktrees/plan-3-third")


# What refuses it


def test_all_blockers_at_once(team: Team, ada: Clone, bob: Clone) -> None:
    team.on_main({"docs/plans/06_bad.md": plan_text(6, "Bad", blocked_by="#1, #3", body="Nothing.\n")})
    old_claim(team.remote, 6, "bad", "Bob", 1)
    found = ada.started(6)
    assert (found["exit"], found["result"], found["winner"]) == (1, "refused", None)
    assert {"plan-waits", "plan-invalid", "claimed"} <= set(codes(found)), found
    ran = ada.start(6)
    assert ran.out == ""
    blocks = ran.err.count("refused: ")
    assert blocks == len(found["blockers"]) == ran.err.count("   why:  ") == ran.err.count("   next: ")
    assert len(ran.err.splitlines()) == 3 * blocks
    assert "claimed by Bob on elsewhere on branch plan-6-bad" in ran.err


@pytest.mark.parametrize(
    ("number", "text", "code", "words"),
    [
        (99, None, "plan-unknown", "there is no plan #99"),
        (5, plan_text(5, "Five", status="✅ Complete"), "plan-done", "plan #5 is complete"),
        (5, plan_text(5, "Five", status="🚫 Superseded"), "plan-done", "plan #5 is superseded"),
        (2, None, "plan-waits", "plan #2 is blocked by #1, still open"),
    ],
)
def test_one_blocker_in_three_lines(
    team: Team, ada: Clone, number: int, text: str | None, code: str, words: str
) -> None:
    if text:
        team.on_main({f"docs/plans/{number:02}_five.md": text})
    ran = ada.start(number)
    assert (ran.code, ran.out) == (1, "")
    assert code in codes(ada.started(number))
    lines = ran.err.splitlines()
    assert len(lines) % 3 == 0
    assert any(line == f"refused: {words}" for line in lines), ran


def test_a_number_that_two_plans_share(team: Team, ada: Clone) -> None:
    team.on_main({"docs/plans/03_other.md": plan_text(3, "Other")})
    assert codes(ada.started(3)) == ["plan-shared-number"]


def test_contested_names_all_branches(team: Team, ada: Clone) -> None:
    team.old_claim(1, "first", "Bob", 1)
    team.old_claim(1, "other", "Cy", 1, fence=False)
    found = ada.started(1)
    assert codes(found) == ["contested"]
    assert found["blockers"][0]["message"] == (
        "plan #1 is claimed by several: plan-1-first (Bob on elsewhere); plan-1-other (Cy on elsewhere)"
    )
    assert found["blockers"][0]["who"] == "human"


@pytest.mark.parametrize("fetched", [True, False])
def test_another_pattern_of_names_frees_no_plan(team: Team, ada: Clone, bob: Clone, fetched: bool) -> None:
    """Claims that were made before hold: their fence says which branch they are."""
    ada.claimed(1)
    toml = '[claims]\nbranch = "task-{number}-{slug}"\n'
    team.on_main({"holdfast.toml": toml})
    for clone in (ada, bob):
        clone.git("pull", "-q", "origin", "main")
    if fetched:
        bob.holdfast("claims", "--fetch")
    found = bob.started(1)
    assert (found["exit"], codes(found)) == (1, ["claimed"])
    assert "on branch plan-1-first, active" in found["blockers"][0]["message"]
    for clone in (ada, bob):
        for _ in range(2):
            assert [(one["plan"], one["branch"]) for one in clone.claims()] == [(1, "plan-1-first")]
    assert bob.started("--next")["plan"] == 4
    assert ada.unclaimed(1)["result"] == "released"
    assert bob.claimed(1)["branch"] == "task-1-first"


def test_another_pattern_and_a_merged_branch_by_the_old_one(team: Team, ada: Clone, bob: Clone) -> None:
    """The merged branch of an earlier phase is still there: that plan is claimed by the other one all the same."""
    _merged(team, ada)
    ada.write("holdfast.toml", '[claims]\nbranch = "task-{number}-{slug}"\n')
    assert ada.claimed(1)["branch"] == "task-1-first"
    bob.holdfast("claims", "--fetch")
    assert [(one["plan"], one["branch"]) for one in bob.claims()] == [(1, "task-1-first")]
    assert codes(bob.started(1)) == ["claimed"]


def test_a_branch_of_another_pattern_is_known_by_its_name_too(team: Team, ada: Clone, bob: Clone) -> None:
    ada.claimed(1, "--owner", "one")
    bob.write("holdfast.toml", '[claims]\nbranch = "task-{number}-{slug}"\n')
    assert bob.unclaimed("plan-1-first", "--owner", "one")["result"] == "released"
    assert set(team.remote.refs()) == {"refs/heads/main"}


def test_another_pattern_without_a_remote(alone: Clone) -> None:
    found = alone.claimed(1)
    alone.write("holdfast.toml", '[claims]\nbranch = "task-{number}-{slug}"\n')
    assert codes(alone.started(1)) == ["claimed"]
    work = alone.at(found["worktree"])
    work.write("one.txt", "one\n")
    work.git("add", "-A")
    work.git("commit", "-qm", "One")
    alone.git("merge", "-q", "--no-ff", "--no-edit", "plan-1-first")
    assert alone.claims() == []
    assert alone.claimed(1)["branch"] == "task-1-first", "merged as any other"


@pytest.mark.parametrize("text", ["[claims\n", "[claims]\nstale_hours = 'soon'\n"], ids=["no TOML", "a wrong value"])
def test_a_broken_configuration_takes_nothing(team: Team, ada: Clone, text: str) -> None:
    """Its author meant another remote, pattern or folder than the defaults; lists go on and say so."""
    ada.write("holdfast.toml", text)
    there = team.remote.refs()
    for refused in (ada.started(1), ada.started("--next")):
        assert (refused["exit"], codes(refused)[0].startswith("config-")) == (1, True)
    ran = ada.holdfast("plan", "new", "Something")
    assert (ran.code, "[config-" in ran.err, team.remote.refs()) == (1, True, there)
    assert ada.holdfast("claims", "--fetch").code == 1
    for command in (("claims",), ("plan", "list")):
        ran = ada.holdfast(*command)
        assert ran.code == 0
        assert ran.err.startswith("warning: holdfast.toml"), ran


def test_the_second_is_told_who_the_first_is(ada: Clone, bob: Clone) -> None:
    ada.claimed(1)
    ran = bob.start(1)
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == (
        f"refused: plan #1 is claimed by Ada on {HOST} on branch plan-1-first, active, last activity just now\n"
        "   why:  Two would do the same work, and one of them for nothing. [claimed]\n"
        "   next: take another: `holdfast start --next` (do other work meanwhile)\n"
    )
    assert bob.refs("refs/heads/plan-*") == {}


def test_a_plan_renamed_while_claimed_is_still_claimed(team: Team, ada: Clone, bob: Clone) -> None:
    ada.claimed(1)
    work = team.clone("work")
    work.git("mv", "docs/plans/01_first.md", "docs/plans/01_renamed.md")
    work.commit("Rename")
    work.git("push", "-q", "origin", "main")
    assert codes(bob.started(1)) == ["claimed"]
    assert ada.at(ada.path / ".worktrees/plan-1-first").claimed(1)["branch"] == "plan-1-first"


def test_the_command_line(ada: Clone) -> None:
    assert ada.start().code == 2
    assert ada.start(1, "--next").code == 2
    assert ada.start("x").code == 2
    assert ada.start(1, "--nonsense").code == 2


# Races


def test_who_loses_the_race_is_told_who_won(team: Team, ada: Clone, bob: Clone) -> None:
    faster = f"cd {bob.path} && {holdfast_words('start', 1, '--owner', 'bob-7', '--no-worktree')} >/dev/null 2>&1"
    env = before(team.root / "bin", "push", f"PATH=$OLDPATH; ({faster})")
    found = ada.started(1, env={**env, "OLDPATH": ada.env["PATH"]})
    assert (found["exit"], found["result"], found["winner"]) == (4, "lost", f"bob-7 on {HOST}")
    assert codes(found) == ["claim-lost"]
    assert found["blockers"][0]["message"] == f"plan #1 went to bob-7 on {HOST}, on branch plan-1-first"
    assert ada.refs("refs/heads/plan-*") == {}
    assert (ada.intents(), ada.worktrees()) == ([], [str(ada.path)])


def test_who_loses_to_a_branch_that_was_pushed_by_hand_is_told_whose_it_is(team: Team, ada: Clone) -> None:
    push = f"{sys.executable} -c pass; cd {team.root}/ada && git push -q origin main:refs/heads/plan-1-first"
    env = before(team.root / "bin", "push", f"PATH=$OLDPATH; ({push})")
    found = ada.started(1, env={**env, "OLDPATH": ada.env["PATH"]})
    assert (found["exit"], found["result"]) == (4, "lost")
    assert ada.refs("refs/heads/plan-*") == {}
    assert set(team.remote.refs("refs/heads/plan-*", "refs/holdfast")) == {"refs/heads/plan-1-first"}


def test_a_race_in_one_clone_without_a_remote(alone: Clone) -> None:
    faster = holdfast_words("start", 1, "--owner", "bob-7", "--no-worktree")
    env = before(alone.path.parent / "bin", "commit-tree", f"PATH=$OLDPATH; ({faster} >/dev/null 2>&1)")
    found = alone.started(1, env={**env, "OLDPATH": alone.env["PATH"]})
    assert (found["exit"], found["winner"]) == (4, f"bob-7 on {HOST}")
    assert alone.trailers(alone.id_of("plan-1-first"))["Claimed-By"] == "bob-7"


# The same worker


def test_a_caller_inside_the_worktree_gets_the_same_answer(ada: Clone) -> None:
    first = ada.claimed(1)
    inside = ada.at(first["worktree"])
    assert inside.claimed(1) == first
    ran = inside.start(1)
    assert (ran.out, ran.err) == (f"{first['worktree']}\n", "plan #1 is yours already\nplan #1: branch plan-1-first\n")


def test_the_same_name_gets_the_same_answer(ada: Clone) -> None:
    first = ada.claimed(1, "--owner", "agent-3")
    assert ada.claimed(1, "--owner", "agent-3") == first
    assert ada.claimed(1, env={"HOLDFAST_OWNER": "agent-3"}) == first
    assert codes(ada.started(1, "--owner", "agent-4")) == ["claimed"]
    third = ada.claimed(3, env={"HOLDFAST_SESSION": "s-1"})
    assert ada.claimed(3, env={"HOLDFAST_SESSION": "s-1"}) == third
    assert codes(ada.started(3, env={"HOLDFAST_SESSION": "s-2"})) == ["claimed"]


def test_the_answer_for_a_plan_that_was_taken_along_is_the_same_too(ada: Clone) -> None:
    ada.write("docs/plans/05_fifth.md", plan_text(5, "Fifth"))
    first = ada.claimed(5, "--owner", "agent-3")
    assert ada.claimed(5, "--owner", "agent-3") == first


@pytest.mark.parametrize("name", ["one ", " one", "one\t", "one\n", "o\x07ne", "x" * 300])
def test_a_name_is_the_same_however_it_is_written_down(ada: Clone, name: str) -> None:
    found = ada.claimed(1, "--owner", name)
    assert ada.claimed(1, "--owner", name) == found
    assert ada.started(1, env={"HOLDFAST_OWNER": name})["claim_id"] == found["claim_id"]
    assert ada.unclaimed(1, "--owner", name)["result"] == "released"


def test_a_blank_name_is_none(ada: Clone) -> None:
    found = ada.claimed(1, "--owner", " ", env={"HOLDFAST_OWNER": "\t", "HOLDFAST_SESSION": "", "HOLDFAST_HOST": " "})
    assert found["owner"] == "Ada"
    assert (ada.claims()[0]["owner"], ada.claims()[0]["host"]) == ("Ada", HOST)
    assert codes(ada.started(1, "--owner", " ")) == ["claimed"], "nobody is the same worker by a blank"


def test_the_same_name_gets_its_worktree_back(ada: Clone, bob: Clone) -> None:
    found = ada.claimed(1, "--owner", "one")
    shutil.rmtree(found["worktree"])
    (claim,) = ada.claims()
    assert (claim["worktree"], claim["reasons"][-1]) == (None, f"its worktree is gone: {found['worktree']}")
    (blocker,) = ada.started(1)["blockers"]
    assert blocker["remedy"].endswith("if that claim is yours, add `--owner` and the name given then")
    assert ada.started(1, "--owner", "one", "--dry-run")["worktree"] is None
    assert ada.started(1, "--owner", "one", "--no-worktree")["worktree"] is None
    again = ada.claimed(1, "--owner", "one")
    assert (again["worktree"], again["claim_id"]) == (found["worktree"], found["claim_id"])
    assert Path(found["worktree"], "README.md").exists()
    assert ada.claimed(1, "--owner", "one") == again
    assert ada.journal()[-1] == "worktree-made"
    assert bob.claimed(1, "--owner", "one")["worktree"] == str(bob.path / ".worktrees/plan-1-first"), (
        "in another clone, too"
    )
    assert bob.git("rev-parse", "--abbrev-ref", "plan-1-first@{upstream}").strip() == "origin/plan-1-first"


def test_a_worktree_that_was_moved_by_hand_shares_nothing_with_the_new_one(ada: Clone, tmp_path: Path) -> None:
    """git knows a worktree by a name in `.git/worktrees`: a second one under it would write into the first one's index."""
    found = ada.claimed(1, "--owner", "one")
    shutil.move(found["worktree"], tmp_path / "moved")
    again = ada.claimed(1, "--owner", "one")
    assert again["worktree"] == found["worktree"]
    assert (tmp_path / "moved/.git").read_text() != Path(found["worktree"], ".git").read_text()
    assert ada.at(tmp_path / "moved").try_git("status").code != 0, "git does not take it for the new one"
    assert ada.at(found["worktree"]).status() == ""


def test_a_foreign_folder_in_its_place_is_left_alone(ada: Clone) -> None:
    found = ada.claimed(1, "--owner", "one")
    shutil.rmtree(found["worktree"])
    Path(found["worktree"]).mkdir()
    Path(found["worktree"], "theirs.txt").write_text("theirs\n")
    assert ada.claimed(1, "--owner", "one")["worktree"] == found["worktree"] + "-2"
    assert Path(found["worktree"], "theirs.txt").exists()


def test_a_locked_worktree_that_is_gone_says_how_to_unlock_it(ada: Clone) -> None:
    found = ada.claimed(1, "--owner", "one")
    ada.git("worktree", "lock", "--reason", "on a stick", found["worktree"])
    shutil.rmtree(found["worktree"])
    said = ada.claimed(1, "--owner", "one")
    assert (said["worktree"], codes(said)) == (None, ["worktree-unmade"])
    assert "keeps it locked (on a stick)" in said["blockers"][0]["message"]
    (advised,) = re.findall(r"`git ([^`]*)`, then run it again", said["blockers"][0]["remedy"])
    ada.git(*advised.split())
    assert ada.claimed(1, "--owner", "one")["worktree"] == found["worktree"]


@pytest.mark.parametrize("gone", [("plan-1-first",), ("plan-1-first", "fence"), ("fence",)])
def test_what_the_remote_lost_is_published_again(team: Team, ada: Clone, bob: Clone, gone: tuple[str, ...]) -> None:
    """Somebody deleted the branch there. Who says `start` again wants the plan, and must not hold it in private."""
    found = ada.claimed(1, "--owner", "one")
    for name in gone:
        team.remote.git("update-ref", "-d", "refs/holdfast/plans/1" if name == "fence" else f"refs/heads/{name}")
    again = ada.claimed(1, "--owner", "one")
    assert (again["published"], again["claim_id"]) == (True, found["claim_id"])
    assert team.remote.id_of("refs/heads/plan-1-first") == found["commit"]
    assert codes(bob.started(1)) == ["claimed"]


def test_what_was_claimed_before_there_was_a_remote_is_published(team: Team, ada: Clone, bob: Clone) -> None:
    ada.git("remote", "remove", "origin")
    ada.claimed(1, "--owner", "one")
    ada.git("remote", "add", "origin", str(team.remote.path))
    assert ada.claimed(1, "--owner", "one")["published"]
    assert codes(bob.started(1)) == ["claimed"]


def test_what_the_remote_does_not_take_is_told(team: Team, ada: Clone) -> None:
    team.hook("pre-receive", "#!/bin/sh\necho 'no claims today' >&2\nexit 1\n")
    ada.claimed(1, "--offline", "--owner", "one")
    told = "plan-1-first is in this clone alone, and was not published: "
    for ran in (ada.holdfast("claims", "--fetch"), ada.start(1, "--owner", "one")):
        assert told in ran.err and "no claims today" in ran.err, ran


def test_a_worktree_that_cannot_be_made_again_leaves_the_claim(team: Team, ada: Clone) -> None:
    ada.claimed(1, "--owner", "one", "--no-worktree")
    there, here = team.remote.refs(), ada.refs()
    ada.write(".worktrees", "a file\n")
    found = ada.claimed(1, "--owner", "one")
    assert (found["worktree"], codes(found)) == (None, ["worktree-unmade"])
    assert (team.remote.refs(), ada.refs()) == (there, here)


def test_user_and_host_make_nobody_the_same_worker(ada: Clone) -> None:
    ada.claimed(1)
    found = ada.started(1)
    assert (found["exit"], codes(found)) == (1, ["claimed"])
    assert f"cd {ada.path}/.worktrees/plan-1-first" in found["blockers"][0]["remedy"]


def test_a_worktree_whose_name_begins_alike_is_not_inside(team: Team, ada: Clone) -> None:
    team.on_main({"docs/plans/10_first.md": plan_text(10, "First")})
    ada.claimed(1)
    tenth = ada.claimed(10)
    assert codes(ada.at(tenth["worktree"]).started(1)) == ["claimed"]


def test_another_phase_is_another_claim(team: Team, ada: Clone) -> None:
    team.on_main({"docs/plans/05_five.md": plan_text(5, "Five", phases="api, docs")})
    api = ada.claimed(5, "--phase", "api", "--owner", "agent")
    docs = ada.claimed(5, "--phase", "docs", "--owner", "agent")
    assert (api["branch"], docs["branch"]) == ("plan-5-api", "plan-5-docs")
    assert ada.claimed(5, "--phase", "api", "--owner", "agent") == api
    assert codes(ada.started(5, "--phase", "web")) == ["plan-unknown"]


def test_of_a_plan_with_phases_a_free_one_is_offered(team: Team, ada: Clone, bob: Clone) -> None:
    team.on_main({"docs/plans/05_five.md": plan_text(5, "Five", phases="api, docs, web")})
    for phase in ("api", "docs"):
        ada.claimed(5, "--phase", phase)
        (blocker,) = bob.started(5)["blockers"]
        free = "docs" if phase == "api" else "web"
        assert blocker["remedy"] == f"take a phase that is free: `holdfast start 5 --phase {free}`"
    (blocker,) = ada.unclaimed(5)["blockers"]
    assert blocker["remedy"] == "name the branch: `holdfast unclaim plan-5-api --abandon`"
    ran = ada.holdfast("plan", "list")
    assert ran.out.count("(claimed by Ada)") == 1, "one name once"
    assert bob.claimed("--next", "--phase", "web")["branch"] == "plan-5-web", "it passes over plans without that phase"
    (blocker,) = bob.started(5)["blockers"]
    assert (blocker["code"], blocker["remedy"]) == ("claimed", "take another: `holdfast start --next`")


# What was there before


def _merged(team: Team, ada: Clone, squash: bool = False) -> str:
    """An earlier phase of plan 1, merged on the remote; gives the tip of its branch."""
    first = ada.claimed(1)
    work = ada.at(first["worktree"])
    work.write("one.txt", "one\n")
    work.git("add", "-A")
    work.git("commit", "-qm", "One")
    tip = work.id_of("HEAD")
    work.git("push", "-q", "origin", "plan-1-first")
    other = team.clone("merger")
    other.git("merge", "-q", *(("--squash",) if squash else ("--no-ff", "-m", "Merge")), "origin/plan-1-first")
    if squash:
        other.git("commit", "-qm", "One, squashed")
    other.git("push", "-q", "origin", "main")
    ada.git("worktree", "remove", first["worktree"])
    return tip


@pytest.mark.parametrize("squash", [False, True])
def test_a_merged_branch_of_an_earlier_phase_is_replaced_and_kept(team: Team, ada: Clone, squash: bool) -> None:
    tip = _merged(team, ada, squash)
    found = ada.claimed(1)
    assert found["branch"] == "plan-1-first"
    kept = f"refs/holdfast/finished/plan-1-first/{tip[:12]}"
    for where in (team.remote, ada):
        assert where.refs(kept, "refs/heads/plan-1-first") == {kept: tip, "refs/heads/plan-1-first": found["commit"]}
    assert ada.id_of(f"{found['commit']}^") == team.remote.id_of("main")


def test_a_merged_branch_that_is_checked_out_is_left_alone(team: Team, ada: Clone) -> None:
    first = ada.claimed(3)
    work = ada.at(first["worktree"])
    work.write("one.txt", "one\n")
    work.git("add", "-A")
    work.git("commit", "-qm", "One")
    work.git("push", "-q", "origin", "plan-3-third")
    other = team.clone("merger")
    other.git("merge", "-q", "--no-ff", "-m", "Merge", "origin/plan-3-third")
    other.git("push", "-q", "origin", "main")
    before_ = team.remote.refs()
    found = ada.started(3)
    assert codes(found) == ["branch-in-worktree"], found
    assert f"holdfast worktree remove {first['worktree']}" in found["blockers"][0]["remedy"]
    assert team.remote.refs() == before_


def test_a_dead_fence_blocks_nobody(team: Team, ada: Clone, bob: Clone) -> None:
    ada.claimed(1)
    ada.git("push", "-q", "origin", ":plan-1-first")
    assert "refs/holdfast/plans/1" in team.remote.refs()
    assert bob.claimed(1)["published"]


def test_a_dead_fence_without_a_remote(alone: Clone) -> None:
    first = alone.claimed(1)
    alone.git("worktree", "remove", first["worktree"])
    alone.git("branch", "-D", "plan-1-first")
    assert alone.claimed(1)["commit"] != first["commit"]


# --steal


def test_a_stale_claim_is_stolen_and_its_commits_are_kept(team: Team, ada: Clone) -> None:
    tip = team.old_claim(1, "first", "Bob", 100, work=True)
    found = ada.started(1)
    assert codes(found) == ["claimed"]
    assert "run `holdfast start 1 --steal`" in found["blockers"][0]["remedy"]
    taken = ada.claimed(1, "--steal")
    kept = f"refs/holdfast/abandoned/plan-1-first/{tip[:12]}"
    assert team.remote.refs(kept, "refs/heads/plan-1-first") == {kept: tip, "refs/heads/plan-1-first": taken["commit"]}
    assert team.remote.id_of("refs/holdfast/plans/1") == taken["commit"]


def test_a_claim_that_is_not_stale_is_not_stolen(team: Team, ada: Clone) -> None:
    team.old_claim(1, "first", "Bob", 47)
    found = ada.started(1, "--steal")
    assert (found["exit"], codes(found)) == (1, ["not-stale"])
    assert "wait" in found["blockers"][0]["remedy"]
    team.old_claim(3, "third", "Bob", 49)
    assert ada.claimed(3, "--steal")


def test_steal_takes_what_nobody_holds_like_any_start(ada: Clone) -> None:
    assert ada.claimed(1, "--steal")["branch"] == "plan-1-first"


def test_a_stolen_claim_keeps_its_branch_name_after_the_plan_was_renamed(team: Team, ada: Clone) -> None:
    team.old_claim(1, "once", "Bob", 100)
    assert ada.claimed(1, "--steal")["branch"] == "plan-1-once"


def test_a_clone_that_is_behind_keeps_what_the_remote_had(team: Team, ada: Clone) -> None:
    """The local branch is older than the remote's: both tips are kept, each where it was."""
    old = team.old_claim(1, "first", "Bob", 200)
    ada.git("fetch", "-q")
    ada.git("branch", "plan-1-first", old)
    (ada.path / ".git/logs/refs/heads/plan-1-first").unlink()
    tip = team.old_claim(1, "first", "Bob", 100, work=True)
    ada.claimed(1, "--steal")
    assert f"refs/holdfast/abandoned/plan-1-first/{tip[:12]}" in team.remote.refs()
    assert f"refs/holdfast/abandoned/plan-1-first/{old[:12]}" in ada.refs()


# --next


def test_next_walks_by_priority_and_number(ada: Clone, bob: Clone) -> None:
    assert [ada.claimed("--next")["plan"] for _ in range(3)] == [4, 1, 3]
    found = bob.started("--next")
    assert (found["exit"], found["plan"], codes(found)) == (1, None, ["nothing-ready"])


def test_next_skips_what_others_win(team: Team, ada: Clone, bob: Clone) -> None:
    faster = f"cd {bob.path} && {holdfast_words('start', 4, '--no-worktree')} >/dev/null 2>&1"
    env = before(team.root / "bin", "push", f"PATH=$OLDPATH; ({faster})")
    assert ada.claimed("--next", env={**env, "OLDPATH": ada.env["PATH"]})["plan"] == 1
    assert team.remote.refs("refs/heads/plan-4-*")


def test_next_is_lost_when_the_only_ready_plan_is(team: Team, ada: Clone, bob: Clone) -> None:
    for number in (1, 3):
        bob.claimed(number, "--no-worktree")
    faster = f"cd {bob.path} && {holdfast_words('start', 4, '--no-worktree', '--owner', 'quick')} >/dev/null 2>&1"
    env = before(team.root / "bin", "push", f"PATH=$OLDPATH; ({faster})")
    found = ada.started("--next", env={**env, "OLDPATH": ada.env["PATH"]})
    assert (found["exit"], found["result"], found["plan"], found["winner"]) == (4, "lost", 4, f"quick on {HOST}")


# --here


def _agents_own(repo: Clone, name: str = "agent") -> Clone:
    """A linked worktree that an agent made by itself, with a commit, an edit and a new file."""
    path = repo.path.parent / f"{repo.path.name}-{name}"
    repo.git("worktree", "add", "-q", "-b", name, str(path))
    made = repo.at(path)
    made.write("done.txt", "done\n")
    made.git("add", "-A")
    made.git("commit", "-qm", "Done already")
    made.write("README.md", "# Edited\n")
    made.write("new.txt", "new\n")
    made.write("staged.txt", "staged\n")
    made.git("add", "staged.txt")
    return made


@pytest.mark.parametrize("shared", [True, False])
def test_here_keeps_commits_and_edits(team: Team, ada: Clone, alone: Clone, shared: bool) -> None:
    repo = ada if shared else alone
    agent = _agents_own(repo)
    head, status = agent.id_of("HEAD"), agent.status()
    found = agent.claimed(1, "--here")
    assert (found["branch"], found["worktree"]) == ("plan-1-first", str(agent.path))
    assert agent.git("branch", "--show-current") == "plan-1-first\n"
    assert agent.id_of("HEAD") == found["commit"]
    assert agent.id_of("HEAD^") == head == repo.id_of("refs/heads/agent")
    assert agent.status() == status
    assert agent.claimed(1)["claim_id"] == found["claim_id"]
    assert repo.status() == ""


def test_here_works_where_no_branch_is_checked_out(ada: Clone) -> None:
    path = ada.path.parent / "detached"
    ada.git("worktree", "add", "-q", "--detach", str(path))
    assert ada.at(path).claimed(1, "--here")["branch"] == "plan-1-first"


def test_here_leaves_a_new_plan_where_it_is(ada: Clone) -> None:
    agent = _agents_own(ada)
    agent.write("docs/plans/05_fifth.md", plan_text(5, "Fifth"))
    ran = agent.start(5, "--here")
    assert (ran.code, ran.out) == (0, f"{agent.path}\n")
    assert ran.err == (
        "docs/plans/05_fifth.md is not on the main branch yet: commit it here\nplan #5: branch plan-5-fifth\n"
    )
    assert "?? docs/plans/05_fifth.md" in agent.status()


def test_here_is_refused_in_the_main_worktree(ada: Clone, team: Team) -> None:
    there = team.remote.refs()
    ran = ada.start(1, "--here")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == (
        f"refused: {ada.path} is the main worktree\n"
        "   why:  Everybody's checkout would change its branch. [here-main]\n"
        "   next: Run it without `--here`: that makes a worktree.\n"
    )
    assert (team.remote.refs(), ada.git("branch", "--show-current")) == (there, "main\n")


def test_here_is_refused_on_another_claim_and_in_the_middle_of_things(ada: Clone) -> None:
    first = ada.claimed(1)
    assert codes(ada.at(first["worktree"]).started(3, "--here")) == ["here-claimed"]
    agent = _agents_own(ada)
    agent.git("stash", "-q", "-u")
    agent.git("checkout", "-q", "-b", "side", "HEAD~")
    agent.write("done.txt", "other\n")
    agent.git("add", "-A")
    agent.git("commit", "-qm", "Other")
    assert agent.try_git("merge", "agent").code != 0
    found = agent.started(3, "--here")
    assert codes(found) == ["here-busy"]
    assert "a merge is under way" in found["blockers"][0]["message"]


# --offline


def test_offline_is_shown_as_unpublished_and_published_at_the_next_contact(team: Team, ada: Clone) -> None:
    there = team.remote.refs()
    found = ada.claimed(1, "--offline", env={"GIT_SSH_COMMAND": "false"})
    assert (found["published"], team.remote.refs()) == (False, there)
    (claim,) = ada.claims()
    assert claim["published"] is False
    assert any("never published" in reason for reason in claim["reasons"])
    ran = ada.holdfast("claims", "--fetch")
    assert "plan-1-first was claimed offline and is published now\n" in ran.err
    assert team.remote.refs("refs/heads/plan-1-first", "refs/holdfast") == {
        "refs/heads/plan-1-first": found["commit"], "refs/holdfast/plans/1": found["commit"],
    }  # fmt: skip
    assert [one["published"] for one in ada.claims()] == [True]
    assert "claimed offline" not in ada.holdfast("claims", "--fetch").err


def test_offline_is_reported_lost_when_somebody_was_faster(team: Team, ada: Clone, bob: Clone) -> None:
    mine = ada.claimed(1, "--offline")
    theirs = bob.claimed(1)
    ran = ada.holdfast("claims", "--fetch")
    told = (
        f"plan-1-first here is lost: plan #1 is held on origin by Bob on {HOST}, as plan-1-first; "
        "`holdfast unclaim plan-1-first --abandon` keeps its commits and ends it\n"
    )
    assert told in ran.err
    assert team.remote.id_of("refs/heads/plan-1-first") == theirs["commit"]
    assert ada.id_of("refs/heads/plan-1-first") == mine["commit"]
    assert told in ada.holdfast("claims").err, "as long as it is so"


def test_every_contact_publishes_what_was_claimed_offline(team: Team, ada: Clone, bob: Clone) -> None:
    ada.claimed(1, "--offline")
    ran = ada.start(3)
    assert "plan-1-first was claimed offline and is published now\n" in ran.err
    assert "refs/heads/plan-1-first" in team.remote.refs()
    ada.claimed(4, "--offline")
    bob.claimed(4)
    ran = ada.unclaim(3)
    assert "plan-4-fourth was claimed offline and is lost: somebody else holds its plan on the remote; " in ran.err
    assert ada.journal().count("claim-published") == ada.journal().count("claim-lost") == 1


def test_offline_work_is_published_with_its_commits(team: Team, ada: Clone) -> None:
    found = ada.claimed(1, "--offline")
    work = ada.at(found["worktree"])
    work.write("one.txt", "one\n")
    work.git("add", "-A")
    work.git("commit", "-qm", "One")
    ada.holdfast("claims", "--fetch")
    assert team.remote.id_of("refs/heads/plan-1-first") == work.id_of("HEAD")
    assert team.remote.id_of("refs/holdfast/plans/1") == found["commit"]


def test_an_offline_claim_that_was_pushed_by_hand_is_not_lost(team: Team, ada: Clone) -> None:
    found = ada.claimed(1, "--offline")
    ada.at(found["worktree"]).git("push", "-q", "origin", "plan-1-first")
    ran = ada.holdfast("claims", "--fetch")
    assert "plan-1-first was claimed offline and is published now\n" in ran.err
    assert team.remote.id_of("refs/holdfast/plans/1") == found["commit"]


def test_offline_starts_from_the_main_branch_that_was_fetched_last(ada: Clone) -> None:
    fetched = ada.id_of("origin/main")
    ada.write("local.txt", "never pushed\n")
    ada.commit("Local work")
    assert ada.claimed(1, "--offline")["base"] == fetched


def test_offline_again_refuses_what_is_known_to_be_claimed(ada: Clone, bob: Clone) -> None:
    bob.claimed(1)
    ada.git("fetch", "-q")
    assert codes(ada.started(1, "--offline")) == ["claimed"]


def test_an_offline_claim_keeps_what_was_merged_there(team: Team, ada: Clone, bob: Clone) -> None:
    """The remote has a merged branch of that name: it is replaced as `start` replaces it, and kept."""
    ada.claimed(1, "--offline")
    work = bob.at(bob.claimed(1)["worktree"])
    work.write("one.txt", "one\n")
    work.git("add", "-A")
    work.git("commit", "-qm", "One")
    work.git("push", "-q", "origin", "plan-1-first")
    tip = work.id_of("HEAD")
    bob.git("merge", "-q", "--squash", "plan-1-first")
    bob.git("commit", "-qm", "Squashed")
    bob.git("push", "-q", "origin", "main")
    ran = ada.holdfast("claims", "--fetch")
    assert "plan-1-first was claimed offline and is published now\n" in ran.err
    assert team.remote.id_of(f"refs/holdfast/finished/plan-1-first/{tip[:12]}") == tip


# Servers and remotes of all kinds


def test_a_server_that_takes_branches_only(team: Team, ada: Clone, bob: Clone) -> None:
    team.hook("update", '#!/bin/sh\ncase "$1" in refs/heads/*) exit 0;; esac\necho "branches only" >&2\nexit 1\n')
    ran = ada.start(1)
    assert ran.code == 0, ran
    assert ran.err == (
        "origin takes branches only: what tells claimers apart is kept there under refs/heads/holdfast/\n"
        "plan #1: branch plan-1-first\n"
    )
    assert set(team.remote.refs()) == {"refs/heads/main", "refs/heads/plan-1-first", "refs/heads/holdfast/plans/1"}
    ran = ada.start(3)
    assert ran.err == "plan #3: branch plan-3-third\n"
    assert codes(bob.started(1)) == ["claimed"]
    assert bob.unclaim("plan-1-first").code == 1
    assert ada.unclaim(1).code == 0
    assert set(team.remote.refs()) == {"refs/heads/main", "refs/heads/plan-3-third", "refs/heads/holdfast/plans/3"}


def test_what_is_kept_as_a_branch_is_no_claim(team: Team, ada: Clone) -> None:
    team.hook("update", '#!/bin/sh\ncase "$1" in refs/heads/*) exit 0;; esac\nexit 1\n')
    work = ada.at(ada.claimed(1)["worktree"])
    work.write("one.txt", "one\n")
    work.git("add", "-A")
    work.git("commit", "-qm", "One")
    work.git("push", "-q", "origin", "plan-1-first")
    assert ada.unclaimed(1, "--abandon")["result"] == "released"
    ada.git("fetch", "-q")
    assert any(name.startswith("refs/heads/holdfast/abandoned/") for name in team.remote.refs())
    assert (ada.claims(), ada.claims("--all", "--fetch")) == ([], [])
    assert ada.claimed(1)["published"]
    assert [one["contested"] for one in ada.claims()] == [False]


def test_a_server_that_hides_refs(team: Team, ada: Clone) -> None:
    team.remote.git("config", "transfer.hideRefs", "refs/holdfast")
    assert ada.claimed(1)["published"]
    assert "refs/heads/holdfast/plans/1" in team.remote.refs()


def test_without_atomic_push_shared_claims_are_refused(team: Team, ada: Clone) -> None:
    team.remote.git("config", "receive.advertiseAtomic", "false")
    there = team.remote.refs()
    found = ada.started(1)
    assert (found["exit"], codes(found)) == (1, ["remote-not-atomic"])
    assert (team.remote.refs(), ada.intents(), ada.refs("refs/heads/plan-*")) == (there, [], {})
    assert ada.claimed(1, "--offline")["published"] is False


def test_claims_remote_for_fork_workflows(team: Team, ada: Clone) -> None:
    team.remote.git("clone", "-q", "--bare", ".", str(team.root / "fork.git"))
    ada.git("remote", "rename", "origin", "upstream")
    ada.git("remote", "add", "origin", str(team.root / "fork.git"))
    ada.write("holdfast.toml", '[claims]\nremote = "upstream"\n')
    assert ada.claimed(1)["published"]
    assert "refs/heads/plan-1-first" in team.remote.refs()
    assert "refs/heads/plan-1-first" not in Clone(team.root / "fork.git", ada.env).refs()
    ada.write("holdfast.toml", '[claims]\nremote = "nowhere"\n')
    found = ada.started(3)
    assert (codes(found), found["blockers"][0]["message"]) == (["remote-unknown"], "there is no remote nowhere")


# The worktree


def test_a_worktree_that_cannot_be_made_takes_the_claim_back(team: Team, ada: Clone) -> None:
    ada.write(".worktrees", "a file\n")
    there, here = team.remote.refs(), ada.refs("refs/heads")
    ran = ada.start(1)
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("refused: git could not make ")
    assert "A new claim was taken back; one that stood before stands. [worktree-unmade]" in ran.err
    assert (team.remote.refs(), ada.refs("refs/heads"), ada.intents()) == (there, here, [])
    assert ada.worktrees() == [str(ada.path)]
    assert ada.journal() == ["claim-begun", "claim-taken-back"]
    (ada.path / ".worktrees").unlink()
    assert ada.claimed(1)


def test_a_claim_that_is_taken_back_puts_the_others_branch_back(team: Team, ada: Clone) -> None:
    """A stolen claim whose worktree cannot be made: the remote has its old branch again, this clone none as before."""
    tip = team.old_claim(1, "first", "Bob", 100, work=True)
    ada.write(".worktrees", "a file\n")
    assert codes(ada.started(1, "--steal")) == ["worktree-unmade"]
    assert team.remote.id_of("refs/heads/plan-1-first") == tip
    assert ada.refs("refs/heads") == {"refs/heads/main": ada.id_of("main")}
    (ada.path / ".worktrees").unlink()
    assert ada.claimed(1, "--steal"), "what was taken back is no activity of the other"


def test_what_stands_in_the_worktrees_place_is_left_alone(ada: Clone) -> None:
    ada.write(".worktrees/plan-1-first/mine.txt", "mine\n")
    assert ada.claimed(1)["worktree"] == str(ada.path / ".worktrees/plan-1-first-2")
    assert ada.read(".worktrees/plan-1-first/mine.txt") == "mine\n"


def test_the_folder_of_worktrees_is_configurable(team: Team, ada: Clone) -> None:
    ada.write("holdfast.toml", '[worktree]\nroot = "../trees"\n')
    assert ada.claimed(1)["worktree"] == str(team.root / "trees/plan-1-first")
    assert "trees" not in (ada.path / ".git/info/exclude").read_text()


@pytest.mark.parametrize("root", ["w[1]t", "!w", "w t", "#w", "w*"])
def test_a_folder_of_any_name_is_ignored(ada: Clone, root: str) -> None:
    ada.write("holdfast.toml", f'[worktree]\nroot = "{root}"\n')
    ada.git("add", "-A")
    ada.git("commit", "-qm", "Configure")
    assert ada.claimed(1)["worktree"] == str(ada.path / root / "plan-1-first")
    assert ada.status() == ""


def test_the_folder_is_excluded_once(ada: Clone) -> None:
    exclude = ada.path / ".git/info/exclude"
    exclude.write_text("mine")
    ada.claimed(1)
    ada.claimed(3)
    assert exclude.read_text() == "mine\n/.worktrees/\n"


def test_a_failing_post_checkout_hook_keeps_the_claim_and_says_so(ada: Clone) -> None:
    executable(ada.path / ".hooks" / "post-checkout", "#!/bin/sh\necho no >&2\nexit 1\n")
    ada.git("config", "core.hooksPath", str(ada.path / ".hooks"))
    found = ada.claimed(1)
    assert codes(found) == ["setup-failed"]
    assert found["worktree"] == str(ada.path / ".worktrees/plan-1-first")
    assert ada.at(found["worktree"]).status() == ""
    assert ada.intents() == []
