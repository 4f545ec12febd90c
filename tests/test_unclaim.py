"""`holdfast unclaim`: a claim is given back on the remote first, then here; what is not merged is refused, or kept."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from claiming import HOST, Clone, Team, before, codes, holdfast_words
from conftest import plan_text


def _work(clone: Clone, path: str) -> str:
    """A commit in the worktree of a claim; gives the new tip."""
    work = clone.at(path)
    work.write("one.txt", "one\n")
    work.git("add", "-A")
    work.git("commit", "-qm", "One")
    return work.id_of("HEAD")


def test_everything_of_the_claim_is_gone(team: Team, ada: Clone, bob: Clone) -> None:
    there, here = team.remote.refs(), ada.refs()
    found = ada.claimed(1)
    ran = ada.unclaim(1)
    assert (ran.code, ran.out) == (0, "")
    assert ran.err == f"removed the worktree {found['worktree']}\nplan-1-first is no claim any more\n"
    assert (team.remote.refs(), ada.refs()) == (there, here)
    assert (ada.worktrees(), ada.intents(), ada.claims()) == ([str(ada.path)], [], [])
    assert not Path(found["worktree"]).exists()
    assert ada.journal() == ["claim-begun", "claim", "unclaim-begun", "unclaim"]
    assert bob.claimed(1)["branch"] == "plan-1-first"


def test_without_a_remote(alone: Clone) -> None:
    here = alone.refs()
    alone.claimed(1)
    assert alone.unclaimed(1) == {
        "schema": "holdfast.unclaim/1", "result": "released", "plan": 1, "branch": "plan-1-first", "kept": None,
        "blockers": [], "exit": 0,
    }  # fmt: skip
    assert alone.refs() == here
    assert alone.claimed(1)


def test_by_branch_and_features(team: Team, ada: Clone) -> None:
    ada.claimed(1)
    assert ada.unclaimed("plan-1-first")["plan"] == 1
    ada.git("branch", "feature-search")
    assert ada.unclaimed("feature-search")["result"] == "released"
    assert ada.refs("refs/heads") == {"refs/heads/main": ada.id_of("main")}
    assert codes(ada.unclaimed("feature-search")) == ["not-claimed"]
    assert codes(ada.unclaimed(3)) == ["not-claimed"]


def test_work_is_refused_in_three_lines(ada: Clone) -> None:
    found = ada.claimed(1)
    _work(ada, found["worktree"])
    ran = ada.unclaim(1)
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == (
        "refused: plan-1-first has 1 commit that is not merged\n"
        "   why:  It would be lost. [work-unmerged]\n"
        "   next: finish it, or run `holdfast unclaim plan-1-first --abandon`: its commits are kept\n"
    )
    assert ada.claims()[0]["state"] == "active"


@pytest.mark.parametrize("pushed", [True, False])
def test_abandoned_work_is_kept_here_and_there(team: Team, ada: Clone, pushed: bool) -> None:
    found = ada.claimed(1)
    tip = _work(ada, found["worktree"])
    if pushed:
        ada.at(found["worktree"]).git("push", "-q", "origin", "plan-1-first")
    done = ada.unclaimed(1, "--abandon")
    kept = f"refs/holdfast/abandoned/plan-1-first/{tip[:12]}"
    assert (done["result"], done["kept"]) == ("released", kept)
    assert ada.id_of(kept) == tip
    assert ada.show("one.txt", kept) == "one\n"
    assert set(team.remote.refs("refs/heads", "refs/holdfast/plans")) == {"refs/heads/main"}
    if pushed:
        assert team.remote.id_of(kept) == tip


@pytest.mark.parametrize("behind", [0, 600])
def test_work_that_only_the_remote_has_is_refused(team: Team, ada: Clone, bob: Clone, behind: int) -> None:
    """Another clone pushed to the claim's branch, with a clock that is behind; here it is as it was made."""
    stamp = f"{int(time.time()) - behind} +0000"
    bob.env |= {"GIT_COMMITTER_DATE": stamp, "GIT_AUTHOR_DATE": stamp}
    found = ada.claimed(1, "--owner", "team")
    bob.git("fetch", "-q")
    bob.git("checkout", "-q", "plan-1-first")
    tip = _work(bob, str(bob.path))
    bob.git("push", "-q", "origin", "plan-1-first")
    assert codes(ada.unclaimed(1, "--owner", "team")) == ["work-unmerged"]
    assert team.remote.id_of("refs/heads/plan-1-first") == tip
    done = ada.unclaimed(1, "--owner", "team", "--abandon")
    assert done["result"] == "released"
    assert team.remote.id_of(f"refs/holdfast/abandoned/plan-1-first/{tip[:12]}") == tip
    assert not Path(found["worktree"]).exists()


def test_all_blockers_at_once(ada: Clone) -> None:
    found = ada.claimed(1)
    _work(ada, found["worktree"])
    ada.at(found["worktree"]).write("dirty.txt", "dirty\n")
    assert codes(ada.unclaimed(1)) == ["work-unmerged", "worktree-dirty"]
    ran = ada.unclaim(1)
    assert ran.err.count("refused: ") == 2
    assert len(ran.err.splitlines()) == 6


def test_ignored_files_keep_the_worktree(ada: Clone) -> None:
    found = ada.claimed(1)
    work = ada.at(found["worktree"])
    (ada.path / ".git/info/exclude").open("a").write(".env\n")
    work.write(".env", "secret\n")
    ran = ada.unclaim(1)
    assert f"{found['worktree']} is left as it is, on no branch" in ran.err
    assert work.read(".env") == "secret\n"
    assert work.try_git("symbolic-ref", "-q", "HEAD").code == 1


def test_the_caller_inside_keeps_its_folder(ada: Clone) -> None:
    found = ada.claimed(1)
    inside = ada.at(found["worktree"])
    assert inside.unclaim(1).code == 0
    assert inside.status() == ""
    assert ada.refs("refs/heads/plan-*") == {}


def test_somebody_inside_is_named(ada: Clone) -> None:
    found = ada.claimed(1)
    process = subprocess.Popen(["sleep", "60"], cwd=found["worktree"])
    try:
        refused = ada.unclaimed(1)
        assert codes(refused) == ["claim-of-another"]
        assert f"in use by process {process.pid} (sleep, for " in refused["blockers"][0]["message"]
        assert ada.refs("refs/heads/plan-*")
    finally:
        process.kill()
        process.wait()


def test_the_claim_of_another_machine_is_refused(team: Team, ada: Clone) -> None:
    team.old_claim(1, "first", "Bob", 1)
    found = ada.unclaimed(1)
    assert codes(found) == ["claim-of-another"]
    assert found["blockers"][0]["message"] == "plan-1-first is the claim of Bob on elsewhere, active"
    assert team.remote.refs("refs/heads/plan-*")
    team.old_claim(3, "third", "Bob", 100)
    assert ada.unclaimed(3)["result"] == "released", "a stale claim can be given back by anybody"


def test_the_same_name_gives_back_from_another_clone(team: Team, ada: Clone, bob: Clone) -> None:
    ada.claimed(1, "--owner", "agent")
    assert codes(bob.unclaimed(1)) == ["claim-of-another"]
    assert bob.unclaimed(1, "--owner", "agent")["result"] == "released"
    assert set(team.remote.refs()) == {"refs/heads/main"}


def test_a_worker_with_a_name_is_another_one_in_the_same_clone(ada: Clone) -> None:
    """Twenty agents share one clone, one user and one host."""
    found = ada.claimed(1, "--owner", "one")
    for others in (("--owner", "two"), ()):
        refused = ada.unclaimed(1, "--abandon", *others)
        assert codes(refused) == ["claim-of-another"]
        assert "adds `--owner` and the name given then" in refused["blockers"][0]["remedy"]
    assert ada.at(found["worktree"]).unclaimed(1)["result"] == "released", "whoever stands in it is who made it"


def test_what_is_merged_is_no_work_to_lose(team: Team, ada: Clone) -> None:
    """Merged commit by commit, which leaves the branch with commits that main lacks by their ids."""
    found = ada.claimed(1)
    tip = _work(ada, found["worktree"])
    ada.git("push", "-q", "origin", "plan-1-first")
    team.on_main({"other.txt": "other\n"})
    ada.git("pull", "-q")
    ada.git("cherry-pick", tip)
    ada.git("push", "-q")
    (claim,) = ada.claims("--all")
    assert (claim["state"], claim["own_commits"]) == ("integrated", 1)
    done = ada.unclaimed(1)
    assert (done["result"], done["kept"]) == ("released", None)


def test_of_several_branches_one_must_be_named(team: Team, ada: Clone) -> None:
    team.old_claim(1, "first", "Bob", 100)
    team.old_claim(1, "other", "Cy", 100, fence=False)
    fence = team.remote.id_of("refs/holdfast/plans/1")
    assert codes(ada.unclaimed(1)) == ["contested"]
    assert ada.unclaimed("plan-1-other")["result"] == "released"
    assert team.remote.refs("refs/heads/plan-*", "refs/holdfast/plans") == {
        "refs/heads/plan-1-first": fence, "refs/holdfast/plans/1": fence,
    }, "the fence of the other one stays"  # fmt: skip


def test_dry_run_changes_nothing(team: Team, ada: Clone) -> None:
    ada.claimed(1)
    there = team.remote.refs()
    ran = ada.unclaim(1, "--dry-run")
    assert (ran.code, ran.err) == (0, "would give back plan-1-first\n")
    assert team.remote.refs() == there


def test_a_worktree_that_was_deleted_by_hand(ada: Clone) -> None:
    found = ada.claimed(1)
    subprocess.run(["rm", "-rf", found["worktree"]], check=True)
    assert ada.unclaim(1).code == 0
    assert ada.worktrees() == [str(ada.path)]
    assert ada.claimed(1)["worktree"] == found["worktree"]


@pytest.mark.parametrize("edited", [False, True])
def test_a_worktree_that_git_was_killed_in_removing(ada: Clone, edited: bool) -> None:
    """Its `.git` went first: in what is left git would find the repository around it, and work on that."""
    found = ada.claimed(1)
    left = Path(found["worktree"])
    (left / ".git").unlink()
    (left / "docs/plans/03_third.md").unlink()
    if edited:
        (left / "README.md").write_text("mine\n")
    ran = ada.unclaim(1)
    assert ran.code == 0
    assert ada.git("symbolic-ref", "HEAD").strip() == "refs/heads/main", "the main worktree is as it was"
    assert (left.exists(), "what is left of its folder stays" in ran.err) == (edited, edited)
    assert (ada.worktrees(), ada.status()) == ([str(ada.path)], "")


def test_a_claim_that_was_made_offline_leaves_nothing_to_publish(team: Team, ada: Clone) -> None:
    ada.claimed(1, "--offline")
    assert ada.unclaim(1).code == 0
    ada.claimed(1)
    ran = ada.holdfast("claims", "--fetch")
    assert "offline" not in ran.err
    assert [one["state"] for one in ada.claims()] == ["active"]


# A plan that is on its claim's branch alone


@pytest.mark.parametrize("how", ["start", "plan new --start", "without a remote"])
def test_a_plan_that_the_claim_brought_is_work_too(ada: Clone, alone: Clone, how: str) -> None:
    """`start` took the file along: it is on the branch, and nowhere else."""
    clone, text = (alone if how == "without a remote" else ada), "hours of writing"
    if how == "plan new --start":
        found = json.loads(clone.holdfast("plan", "new", "Fifth", "--start", "--json").out)
        text = "# Plan #5: Fifth"
        path = os.path.relpath(found["path"], clone.path / ".worktrees/plan-5-fifth")
    else:
        path = "docs/plans/05_fifth.md"
        clone.write(path, plan_text(5, "Fifth") + text)
        clone.claimed(5)
    assert not (clone.path / path).exists()
    refused = clone.unclaimed(5)
    assert codes(refused) == ["work-unmerged"]
    assert refused["blockers"][0]["message"] == "plan-5-fifth brings plan #5, which is nowhere else"
    ran = clone.unclaim(5, "--abandon")
    (advised,) = re.findall(r"`git ([^`]*)` brings its files here", ran.err)
    clone.git(*advised.split())
    assert text in clone.read(path)


def test_where_nobody_can_tell_what_is_merged_nothing_is_dropped(alone: Clone) -> None:
    _work(alone, alone.claimed(1)["worktree"])
    alone.git("branch", "-m", "main", "trunk")
    assert codes(alone.unclaimed(1)) == ["work-unmerged"]
    assert alone.unclaimed(1, "--abandon")["kept"]


def test_a_plan_that_main_has_by_now_is_not_kept(team: Team, ada: Clone) -> None:
    ada.write("docs/plans/05_fifth.md", plan_text(5, "Fifth"))
    ada.claimed(5)
    team.on_main({"docs/plans/05_fifth.md": plan_text(5, "Fifth")})
    assert ada.unclaimed(5)["kept"] is None


# Claims that are lost: somebody else holds the plan on the remote, on a branch of the same name


def _faster(team: Team, ada: Clone, bob: Clone) -> None:
    """Ada claims while she is away from the remote, Bob with it."""
    ada.claimed(1, "--offline", "--owner", "Zoe")
    bob.claimed(1)


def _stolen(team: Team, ada: Clone, bob: Clone) -> None:
    found = ada.claimed(1, "--owner", "Zoe")
    _aged(team, ada, found["worktree"])
    bob.git("config", "gc.auto", "0")
    bob.claimed(1, "--steal")


def _deleted_and_taken(team: Team, ada: Clone, bob: Clone) -> None:
    ada.claimed(1, "--owner", "Zoe")
    team.remote.git("update-ref", "-d", "refs/heads/plan-1-first")
    bob.claimed(1)


def _aged(team: Team, clone: Clone, worktree: str) -> None:
    """The claim of a clone as it would have been made four days ago, here and on the remote."""
    stamp = {"GIT_COMMITTER_DATE": f"{int(time.time()) - 350_000} +0000"}
    clone.at(worktree).git("commit", "-q", "--amend", "--no-edit", "--allow-empty", env=stamp)
    clone.git("push", "-q", "--force", "origin", "plan-1-first", "plan-1-first:refs/holdfast/plans/1")


LOST = {"faster": _faster, "stolen": _stolen, "deleted and taken": _deleted_and_taken}


@pytest.mark.parametrize("how", LOST)
def test_of_a_lost_claim_the_branch_here_alone_is_given_back(team: Team, ada: Clone, bob: Clone, how: str) -> None:
    LOST[how](team, ada, bob)
    _work(ada, str(ada.path / ".worktrees/plan-1-first"))
    there = team.remote.refs()
    ran = ada.holdfast("claims", "--fetch")
    rows = [re.split("  +", line) for line in ran.out.splitlines()]
    assert [(row[0], row[1], row[2], row[4]) for row in rows] == [
        ("#1", "plan-1-first", "lost", "1 commit"), ("#1", "plan-1-first", "contested", "0 commits"),
    ], ran  # fmt: skip
    way_out = "holdfast unclaim plan-1-first --abandon --owner Zoe"
    told = (
        f"plan-1-first here is lost: plan #1 is held on origin by Bob on {HOST}, as plan-1-first; `{way_out}` keeps its"
    )
    for options in ((), ("--fetch",), ("--stale",)):
        assert told in ada.holdfast("claims", *options).err
    for command in (("--owner", "Zoe"), ()):
        refused = ada.started(1, *command)
        (blocker,) = refused["blockers"]
        assert (refused["exit"], blocker["code"]) == (1, "claimed")
        assert blocker["message"].startswith(f"plan #1 is claimed by Bob on {HOST} on branch plan-1-first, active")
        assert blocker["message"].endswith("; plan-1-first here is another claim, and lost")
        assert blocker["remedy"] == f"run `{way_out}`, which keeps its commits; then `holdfast start --next`"
    assert codes(ada.unclaimed(1)) == ["claim-of-another", "work-unmerged"], "Zoe has a name, and it is not given"
    ran = ada.unclaim(1, "--abandon", "--dry-run", "--owner", "Zoe")
    assert (
        ran.err
        == f"would give back plan-1-first here alone: plan-1-first on origin stays, the claim of Bob on {HOST}\n"
    )
    mine = ada.id_of("plan-1-first")
    found = ada.unclaimed(*way_out.split()[2:])
    assert (found["result"], ada.id_of(found["kept"])) == ("released", mine)
    assert team.remote.refs() == there, "Bob's claim is untouched"
    assert ada.refs("refs/heads") == {"refs/heads/main": ada.id_of("main")}
    assert [(one["owner"], one["local"], one["contested"]) for one in ada.claims()] == [("Bob", None, False)]
    assert codes(ada.started(1)) == ["claimed"]
    assert codes(ada.unclaimed(1)) == ["claim-of-another"]


def test_who_lost_a_claim_can_hold_it_elsewhere(ada: Clone, bob: Clone) -> None:
    """One worker in two clones: what is lost here is its own claim there."""
    ada.claimed(1, "--offline", "--owner", "Zoe")
    there = bob.claimed(1, "--owner", "Zoe")
    ada.holdfast("claims", "--fetch")
    (blocker,) = ada.started(1, "--owner", "Zoe")["blockers"]
    way_out = "holdfast unclaim plan-1-first --abandon --owner Zoe"
    assert blocker["message"] == "the branch plan-1-first here is another claim, and lost"
    assert blocker["remedy"] == f"run `{way_out}`, which keeps its commits; then run it again"
    assert ada.unclaim(*way_out.split()[2:]).code == 0
    found = ada.claimed(1, "--owner", "Zoe")
    assert (found["claim_id"], found["worktree"]) == (there["claim_id"], str(ada.path / ".worktrees/plan-1-first"))
    assert ada.at(found["worktree"]).id_of("HEAD") == there["commit"]


def test_another_phase_is_nobodys_loss(team: Team, ada: Clone, bob: Clone) -> None:
    """Claimed offline while somebody held another phase: published, and not lost."""
    team.on_main({"docs/plans/05_five.md": plan_text(5, "Five", phases="api, docs, web")})
    for clone in (ada, bob):
        clone.git("pull", "-q")
    bob.claimed(5, "--phase", "api")
    ada.git("fetch", "-q")
    ada.claimed(5, "--phase", "docs", "--offline", "--owner", "Zoe")
    ran = ada.holdfast("claims", "--fetch")
    assert "lost" not in ran.out + ran.err
    assert "plan-5-docs was claimed offline and is published now\n" in ran.err
    assert ada.git("branch", "plan-5-api-mine", "main") == ""
    assert "plan-5-api-mine here is lost: plan #5 is held on origin by Bob on " in ada.holdfast("claims").err
    assert "plan-5-docs" not in ada.holdfast("claims").err + ada.unclaim("plan-5-api-mine", "--dry-run").err
    found = {one["branch"]: one for one in ada.claims()}
    assert [found[name]["contested"] for name in ("plan-5-api", "plan-5-api-mine", "plan-5-docs")] == [
        True,
        True,
        False,
    ]
    assert ada.claimed(5, "--phase", "docs", "--owner", "Zoe")["branch"] == "plan-5-docs"


def test_work_on_top_of_another_claims_branch_is_ones_own(ada: Clone) -> None:
    """A rebase dropped the empty claim commit: what lies below is another plan's claim, and tells nothing of this one."""
    work = ada.at(ada.claimed(1, "--owner", "Zoe")["worktree"])
    _work(ada, str(work.path))
    work.git("push", "-q", "origin", "plan-1-first")
    ada.claimed(3, "--owner", "Zoe")
    work.git("rebase", "-q", "--onto", "plan-3-third", "HEAD~1")
    found = {one["branch"]: one for one in ada.claims()}
    assert (len(ada.claims()), found["plan-1-first"]["contested"]) == (2, False)


def test_the_advised_line_is_safe_in_a_shell(ada: Clone, bob: Clone) -> None:
    ada.git("branch", "plan-1-$(touch${IFS}pwned)", "main")
    bob.claimed(1)
    ran = ada.holdfast("claims", "--fetch")
    (advised,) = re.findall(r"`(holdfast unclaim [^`]*)` keeps", ran.err)
    ran = ada.run("sh", "-c", advised.replace("holdfast", holdfast_words(), 1))
    assert (ran.code, ada.refs("refs/heads/plan-*"), list(ada.path.rglob("pwned"))) == (0, {}, [])
    assert "stays, the claim of Bob" in ran.err


def test_a_stale_winner_can_be_stolen_from_and_both_are_kept(team: Team, ada: Clone) -> None:
    ada.claimed(1, "--offline", "--no-worktree")
    theirs = team.old_claim(1, "first", "Bob", 100, work=True)
    mine = ada.id_of("plan-1-first")
    ada.holdfast("claims", "--fetch")
    assert ada.claimed(1, "--steal")["branch"] == "plan-1-first"
    assert f"refs/holdfast/abandoned/plan-1-first/{theirs[:12]}" in team.remote.refs()
    assert f"refs/holdfast/abandoned/plan-1-first/{mine[:12]}" in ada.refs()


# Configuration that is not what its author meant


@pytest.mark.parametrize("text", ["[claims\n", "[claims]\nstale_hours = 'soon'\n"], ids=["no TOML", "a wrong value"])
def test_a_broken_configuration_gives_nothing_back(team: Team, ada: Clone, text: str) -> None:
    ada.claimed(1)
    there = team.remote.refs()
    ada.write("holdfast.toml", text)
    refused = ada.unclaimed(1)
    assert (refused["exit"], codes(refused)[0].startswith("config-"), team.remote.refs()) == (1, True, there)


# Remotes that do not want it, and races


def test_an_unreachable_remote_changes_nothing(team: Team, ada: Clone) -> None:
    ada.claimed(1)
    team.remote.path.rename(team.root / "away.git")
    ran = ada.unclaim(1)
    assert (ran.code, ran.out) == (5, "")
    assert len(ran.err.splitlines()) == 3
    assert ada.refs("refs/heads/plan-*")
    document = json.loads(ada.unclaim(1, "--json").out)
    assert (document["schema"], document["exit"]) == ("holdfast.error/1", 5)


def test_what_the_remote_never_knew_of_ends_without_it(team: Team, ada: Clone) -> None:
    found = ada.claimed(1, "--offline")
    team.remote.path.rename(team.root / "away.git")
    ran = ada.unclaim(1)
    assert ran.code == 0
    assert "; plan-1-first was never seen there\n" in ran.err
    assert (ada.refs("refs/heads/plan-*"), Path(found["worktree"]).exists()) == ({}, False)
    (team.root / "away.git").rename(team.remote.path)
    assert ada.holdfast("claims", "--fetch").code == 0
    assert (set(team.remote.refs()), ada.claims(), ada.intents()) == ({"refs/heads/main"}, [], [])
    assert ada.claimed(1)["published"]


def test_what_landed_unseen_ends_at_the_next_contact(team: Team, ada: Clone) -> None:
    """A claim made offline, pushed by something that this clone did not see, and given back while the remote is away."""
    found = ada.claimed(1, "--offline")
    work = team.clone("courier")
    work.git("fetch", "-q", str(ada.path), "plan-1-first")
    work.git("push", "-q", "origin", "FETCH_HEAD:refs/heads/plan-1-first", f"{found['commit']}:refs/holdfast/plans/1")
    team.remote.path.rename(team.root / "away.git")
    assert ada.unclaim(1).code == 0
    (team.root / "away.git").rename(team.remote.path)
    assert ada.holdfast("claims", "--fetch").code == 0
    assert (set(team.remote.refs()), ada.intents()) == ({"refs/heads/main"}, [])


def test_what_began_anew_meanwhile_is_left_alone(team: Team, ada: Clone) -> None:
    """Given back while the remote was away; then somebody took the branch up again, and edits."""
    found = ada.claimed(1, "--offline")
    _work(ada, found["worktree"])
    team.remote.path.rename(team.root / "away.git")
    kept = ada.unclaimed(1, "--abandon")["kept"]
    ada.git("branch", "plan-1-first", kept)
    ada.git("worktree", "add", "-q", found["worktree"], "plan-1-first")
    (Path(found["worktree"]) / "notes.txt").write_text("mine\n")
    (team.root / "away.git").rename(team.remote.path)
    assert ada.holdfast("claims", "--fetch").code == 0
    assert ada.at(found["worktree"]).git("symbolic-ref", "HEAD").strip() == "refs/heads/plan-1-first"
    assert (Path(found["worktree"]) / "notes.txt").exists()


def test_nothing_is_said_to_end_that_does_not(team: Team, ada: Clone) -> None:
    found = ada.claimed(1, "--offline")
    (Path(found["worktree"]) / "notes.txt").write_text("mine\n")
    team.remote.path.rename(team.root / "away.git")
    ran = ada.unclaim(1)
    assert (ran.code, "never seen" in ran.err) == (1, False)


def test_dry_run_publishes_nothing(team: Team, ada: Clone) -> None:
    ada.claimed(1, "--offline")
    there = team.remote.refs()
    for command in (("unclaim", "1"), ("start", "3"), ("start", "--next"), ("claims", "--fetch")):
        assert ada.holdfast(*command, "--dry-run").code == 0
    assert team.remote.refs() == there


def test_a_remote_that_keeps_its_branches(team: Team, ada: Clone) -> None:
    """What the remote declines is not done here either, now or by the next command."""
    found = ada.claimed(1)
    team.remote.git("config", "receive.denyDeletes", "true")
    refused = ada.unclaimed(1)
    assert (refused["exit"], codes(refused)) == (1, ["remote-declined"])
    assert "deletion prohibited" in refused["blockers"][0]["message"]
    assert ada.holdfast("claims", "--fetch").code == 0
    assert (ada.refs("refs/heads/plan-*"), ada.intents()) == ({"refs/heads/plan-1-first": found["commit"]}, [])
    assert Path(found["worktree"]).is_dir()


def test_a_remote_that_cannot_change_two_refs_at_once(team: Team, ada: Clone) -> None:
    ada.claimed(1)
    team.remote.git("config", "receive.advertiseAtomic", "false")
    assert codes(ada.unclaimed(1)) == ["remote-not-atomic"]
    assert ada.refs("refs/heads/plan-*")


def test_a_claim_that_moves_meanwhile_is_not_dropped(team: Team, ada: Clone, bob: Clone) -> None:
    ada.claimed(1)
    bob.git("fetch", "-q")
    bob.git("checkout", "-q", "plan-1-first")
    tip = _work(bob, str(bob.path))
    env = before(team.root / "bin", "push", f"PATH=$OLDPATH; (cd {bob.path} && git push -q origin plan-1-first)")
    found = ada.unclaimed(1, env={**env, "OLDPATH": ada.env["PATH"]})
    assert (found["exit"], codes(found)) == (1, ["claim-moved"])
    assert team.remote.id_of("refs/heads/plan-1-first") == tip
    assert ada.refs("refs/heads/plan-*")
    assert ada.intents() == []


def test_a_start_while_it_is_given_back(team: Team, ada: Clone, bob: Clone) -> None:
    """The branch goes away between the look and the fetch of the other: it looks again, and wins."""
    ada.claimed(1)
    env = before(
        team.root / "bin", "fetch", f"PATH=$OLDPATH; (cd {ada.path} && {holdfast_words('unclaim', 1)} 2>/dev/null)"
    )
    found = bob.claimed(1, env={**env, "OLDPATH": bob.env["PATH"]})
    assert team.remote.id_of("refs/heads/plan-1-first") == found["commit"]


def test_two_give_it_back_at_once(team: Team, ada: Clone) -> None:
    ada.claimed(1)
    command = [sys.executable, "-m", "holdfast", "unclaim", "1", "--json"]
    running = [subprocess.Popen(command, cwd=ada.path, env=ada.env, stdout=-1, stderr=-1, text=True) for _ in range(3)]
    answers = [(*one.communicate(), one.returncode) for one in running]
    assert all("Traceback" not in out + err and code in (0, 1, 5) for out, err, code in answers), answers
    assert any(code == 0 for *_, code in answers)
    assert set(team.remote.refs()) == {"refs/heads/main"}
    assert (ada.refs("refs/heads"), ada.worktrees()) == ({"refs/heads/main": ada.id_of("main")}, [str(ada.path)])
    assert ada.claimed(1)


@pytest.mark.parametrize("order", [("api", "docs"), ("docs", "api")])
def test_no_fence_is_left_behind(team: Team, ada: Clone, order: tuple[str, str]) -> None:
    team.on_main({"docs/plans/05_five.md": plan_text(5, "Five", phases="api, docs")})
    for phase in ("api", "docs"):
        ada.claimed(5, "--phase", phase)
    for phase in order:
        assert ada.unclaimed(f"plan-5-{phase}")["result"] == "released"
    assert set(team.remote.refs()) == {"refs/heads/main"}
    assert ada.refs("refs/holdfast") == {}


def test_phases_are_given_back_one_by_one(team: Team, ada: Clone) -> None:
    team.on_main({"docs/plans/05_five.md": plan_text(5, "Five", phases="api, docs")})
    for phase in ("api", "docs"):
        ada.claimed(5, "--phase", phase)
    assert codes(ada.unclaimed(5)) == ["contested"]
    assert ada.unclaimed("plan-5-api")["result"] == "released"
    assert "refs/holdfast/plans/5" in team.remote.refs()
    assert ada.unclaimed(5)["branch"] == "plan-5-docs"
    assert set(team.remote.refs()) == {"refs/heads/main"}


def test_owner_and_host_are_told(ada: Clone) -> None:
    ada.claimed(1, "--owner", "x")
    (claim,) = ada.claims()
    assert (claim["owner"], claim["host"], claim["plan"]) == ("x", HOST, 1)
