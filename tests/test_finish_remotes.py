"""Finish over remotes that refuse, cannot, vanish or act by themselves: nothing changed, or the truth told."""

from __future__ import annotations

from pathlib import Path

import pytest

from claiming import Clone, Team, before, executable, holdfast_words
from finishing import BRANCH, EVIDENCE, adopted, ended, finish, merged, refused, tree_of, unfinished, worked

REFUSE = "#!/bin/sh\nwhile read old new ref; do case $ref in {what}) echo 'not here' >&2; exit 1;; esac; done\n"


def steps(found: dict[str, object]) -> dict[str, str]:
    cleanup = found["cleanup"]
    assert isinstance(cleanup, list)
    return {one["step"]: one["outcome"] for one in cleanup}


@pytest.mark.parametrize("what", ["*", "refs/heads/main"])
def test_a_remote_that_declines_the_merge(team: Team, shared: Clone, what: str) -> None:
    team.hook("pre-receive", REFUSE.format(what=what))
    assert refused(shared, 1, *EVIDENCE) == ["finish-declined"]
    assert "not here" in finish(shared, 1, *EVIDENCE).err
    (team.remote.path / "hooks" / "pre-receive").unlink()
    merged(shared, 1, *EVIDENCE)


def test_a_remote_that_deletes_no_branches(team: Team, shared: Clone) -> None:
    team.remote.git("config", "receive.denyDeletes", "true")
    found = merged(shared, 1, *EVIDENCE)
    assert steps(found)["remote"] == "failed" and team.remote.id_of("main") == found["merge_commit"]
    (one,) = [done for done in found["cleanup"] if done["step"] == "remote"]
    assert f"git push origin --delete {BRANCH}" in one["message"]
    assert shared.claims() == [] and team.remote.id_of(BRANCH)
    team.remote.git("config", "receive.denyDeletes", "false")
    assert ended(shared, BRANCH)["result"] == "already-merged"
    assert BRANCH not in team.remote.git("branch")


def test_a_remote_that_cannot_change_two_refs_at_once(team: Team, shared: Clone) -> None:
    team.remote.git("config", "receive.advertiseAtomic", "false")
    found = merged(shared, 1, *EVIDENCE)
    assert team.remote.git("for-each-ref", "--format=%(refname)").split() == ["refs/heads/main"]
    assert steps(found)["remote"] == "done"


def test_the_pre_push_hook_of_the_user_is_asked(shared: Clone) -> None:
    hook = executable(shared.path / ".git" / "hooks" / "pre-push", "#!/bin/sh\necho tests fail >&2\nexit 1\n")
    assert refused(shared, 1, *EVIDENCE) == ["finish-declined"]
    hook.write_text(f'#!/bin/sh\ncat > "{shared.path.parent}/pushed"\n')
    found = merged(shared, 1, *EVIDENCE)
    assert found["merge_commit"] in (shared.path.parent / "pushed").read_text()


def test_a_remote_that_goes_away_before_the_push(team: Team, shared: Clone, tmp_path: Path) -> None:
    away = team.remote.path.with_name("away.git")
    env = before(tmp_path / "bin", "push", f"mv {team.remote.path} {away}")
    main = shared.id_of("main")
    ran = finish(shared, 1, *EVIDENCE, env=env)
    assert ran.code == 5 and "next:" in ran.err, ran
    assert shared.id_of("main") == main and tree_of(shared).read("work.txt") == "work\n"
    assert finish(shared, "--resume").code == 5
    away.rename(team.remote.path)
    assert ended(shared, "--resume")["result"] == "undone"
    merged(shared, 1, *EVIDENCE)


def test_a_push_that_lands_and_whose_answer_never_comes(team: Team, shared: Clone) -> None:
    shared.write("holdfast.toml", "[claims]\ntimeout = 2\n")
    assert shared.commit("Hurry").code == 0
    shared.git("push", "-q", "origin", "main")
    team.hook("post-receive", "#!/bin/sh\nsleep 4\n")
    found = merged(shared, 1, *EVIDENCE)
    assert team.remote.id_of("main") == found["merge_commit"] == shared.id_of("main")


def test_nobody_can_be_asked_what_became_of_the_push(team: Team, shared: Clone, tmp_path: Path) -> None:
    """The push lands, then the remote is gone: it is not known, and the next command finds out."""
    away = team.remote.path.with_name("away.git")
    team.hook("post-receive", f"#!/bin/sh\nmv {team.remote.path} {away}\n")
    found = ended(shared, 1, *EVIDENCE)
    assert (found["exit"], found["result"]) == (5, "unknown"), found
    assert [one["code"] for one in found["blockers"]] == ["finish-unclear"] and unfinished(shared)
    away.rename(team.remote.path)
    (team.remote.path / "hooks" / "post-receive").unlink()
    done = ended(shared, "--resume")
    assert (done["exit"], done["result"]) == (0, "merged")
    assert shared.id_of("main") == team.remote.id_of("main") and shared.worktrees() == [str(shared.path)]


def test_a_host_that_deletes_merged_branches_itself(team: Team, shared: Clone) -> None:
    team.remote.git("config", "receive.advertiseAtomic", "false")
    team.hook("post-receive", f"#!/bin/sh\ngit update-ref -d refs/heads/{BRANCH}\n")
    found = merged(shared, 1, *EVIDENCE)
    assert "failed" not in steps(found).values() and BRANCH not in shared.git("branch", "-a")


def test_a_remote_with_files_of_its_own(tmp_path: Path, shared: Clone) -> None:
    """A push that updates files there and is atomic can leave half of it: so the main branch goes alone."""
    other = Clone(tmp_path / "with-files", shared.env)
    shared.git("clone", "-q", shared.git("remote", "get-url", "origin").strip(), str(other.path))
    other.git("config", "receive.denyCurrentBranch", "updateInstead")
    shared.git("remote", "set-url", "origin", str(other.path))
    shared.git("push", "-q", "origin", BRANCH)
    merged(shared, 1, *EVIDENCE)
    assert other.read("work.txt") == "work\n" and other.status() == ""


def test_the_branch_moves_on_the_remote_in_the_very_moment(
    team: Team, shared: Clone, bob: Clone, tmp_path: Path
) -> None:
    bob.git("fetch", "-q")
    bob.git("switch", "-q", BRANCH)
    bob.write("bob.txt", "bob\n")
    bob.git("add", "-A")
    bob.git("commit", "-qm", "Bob")
    env = before(tmp_path / "bin", "push", f"env -u GIT_DIR git -C {bob.path} push -q origin HEAD")
    main = team.remote.id_of("main")
    found = ended(shared, 1, *EVIDENCE, env=env)
    assert (found["exit"], found["result"]) == (4, "lost"), found
    assert team.remote.id_of("main") == main and team.remote.id_of(BRANCH) == bob.id_of("HEAD")


def test_somebody_else_merges_the_same_work_first(team: Team, shared: Clone, bob: Clone, tmp_path: Path) -> None:
    theirs = holdfast_words("-C", bob.path, "finish", 1, "--evidence", "seen-by-Bob")
    env = before(tmp_path / "bin", "push", f"PATH={bob.env['PATH']} {theirs} >/dev/null 2>&1")
    found = ended(shared, 1, *EVIDENCE, env=env)
    assert (found["exit"], found["result"]) == (4, "lost"), found
    assert team.remote.git("rev-list", "--count", "main").strip() == "3"
    assert ended(shared, 1)["result"] == "already-merged"
    assert shared.worktrees() == [str(shared.path)] and shared.id_of("main") == team.remote.id_of("main")


def test_somebody_is_merging_the_same_work_in_this_repository(shared: Clone, tmp_path: Path) -> None:
    inner = holdfast_words("-C", shared.path, "finish", 1, "--evidence", "x", "--json")
    said = tmp_path / "said"
    env = before(tmp_path / "bin", "push", f"PATH={shared.env['PATH']} {inner} > {said} 2>&1; echo $? >> {said}")
    merged(shared, 1, *EVIDENCE, env=env)
    told = said.read_text()
    assert "finish-under-way" in told and told.strip().endswith("4"), told


def test_a_plan_index_that_the_main_branch_alone_holds(team: Team, ada: Clone) -> None:
    adopted(ada, "[index]\nmode = 'main'\n")
    work = worked(ada)
    assert "✅" not in work.read("docs/plans/README.md")
    merged(ada, 1, *EVIDENCE)
    assert "✅ Complete" in ada.show("docs/plans/README.md", "origin/main")
