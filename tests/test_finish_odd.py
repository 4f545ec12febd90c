"""Finish where something else happens at the wrong moment, or somebody means harm: no work is lost, and no lie is told."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from claiming import Clone, Team, executable
from finishing import (
    BRANCH,
    EVIDENCE,
    adopted,
    common,
    completed,
    ended,
    finish,
    merged,
    on_main,
    refused,
    tree_of,
    unfinished,
    worked,
)
from killing import killed_at, steps


def verifying(clone: Clone, command: str, more: str = "") -> None:
    """A configuration with that command, which does something else while the merge waits for it."""
    clone.write("holdfast.toml", f"main_branch = 'main'\n[finish]\nverify = '''{command}'''\n{more}")
    assert clone.commit("Configure").code == 0
    if clone.try_git("remote", "get-url", "origin").code == 0:
        clone.git("push", "-q", "origin", "main")
    assert clone.holdfast("approve", "finish.verify", "--yes").code == 0


def once(command: str) -> str:
    return (
        f'test -e "$HOLDFAST_ROOT/../once" || {{ touch "$HOLDFAST_ROOT/../once"; cd "$HOLDFAST_ROOT" && {command}; }}'
    )


# Asked in a worktree that nobody stands in


@pytest.mark.parametrize("reached", ["shared", "own"])
def test_a_finish_that_was_asked_in_its_worktree_from_elsewhere_leaves_nothing(
    reached: str, request: pytest.FixtureRequest
) -> None:
    clone: Clone = request.getfixturevalue(reached)
    tree = tree_of(clone)
    completed(tree)
    found = merged(clone, "-C", tree.path, cwd=Path("/"))
    assert {one["outcome"] for one in found["cleanup"]} == {"done"}, found["cleanup"]
    assert clone.worktrees() == [str(clone.path)]
    assert clone.refs("refs/heads/", "refs/holdfast/plans/", "refs/holdfast/seen/").keys() == {"refs/heads/main"}
    assert clone.claims("--all") == []


# Something moves while the merge is verified


def test_the_main_branch_gains_a_commit_meanwhile(own: Clone) -> None:
    verifying(own, once("git commit -q --allow-empty -m Meanwhile"))
    merged(own, 1, *EVIDENCE)
    assert own.git("log", "--format=%s", "-2", "main").splitlines() == ["[Plan #1] First", "Meanwhile"]
    assert own.status() == ""


def test_the_main_branch_gains_commits_for_ever(own: Clone) -> None:
    verifying(own, 'cd "$HOLDFAST_ROOT" && git commit -q --allow-empty -m Meanwhile')
    found = ended(own, 1, *EVIDENCE)
    assert (found["exit"], found["result"]) == (4, "lost")
    assert own.status() == "" and unfinished(own) == [] and own.id_of(BRANCH)


def test_somebody_switches_to_the_main_branch_meanwhile(own: Clone) -> None:
    own.git("switch", "-qc", "side")
    verifying_on_main(own, once("git switch -q main"))
    own.git("switch", "-q", "side")
    merged(own, 1, *EVIDENCE)
    assert own.status() == "" and own.read("work.txt") == "work\n"


def test_somebody_switches_away_from_it_meanwhile(own: Clone) -> None:
    verifying(own, once("git switch -qc side"))
    merged(own, 1, *EVIDENCE)
    assert own.status() == "" and not (own.path / "work.txt").exists() and own.show("work.txt", "main") == "work\n"


def verifying_on_main(own: Clone, command: str) -> None:
    own.git("switch", "-q", "main")
    verifying(own, command)


def test_somebody_checks_the_branch_out_meanwhile(own: Clone) -> None:
    own.git("branch", "feature-x", "main")
    made = own.path.parent / "x"
    own.git("worktree", "add", "-q", str(made), "feature-x")
    own.at(made).write("x.txt", "x\n")
    assert own.at(made).commit("X").code == 0
    own.git("worktree", "remove", str(made))
    verifying(own, once(f'git worktree add -q "{made}" feature-x'))
    merged(own, "feature-x")
    assert not made.exists() or own.at(made).status() == ""
    assert own.refs("refs/holdfast/finished")


def test_an_ignored_file_appears_in_the_way_meanwhile(own: Clone) -> None:
    with (common(own) / "info" / "exclude").open("a") as file:
        file.write("work.txt\n")
    verifying(own, once("echo precious > work.txt"))
    found = ended(own, 1, *EVIDENCE)
    assert [one["code"] for one in found["blockers"]] == ["main-in-the-way"]
    assert own.read("work.txt") == "precious\n"


# Where the main branch is checked out


def test_a_main_branch_that_is_checked_out_twice(own: Clone) -> None:
    own.git("worktree", "add", "-qf", str(own.path.parent / "second"), "main")
    assert refused(own, 1, *EVIDENCE) == ["main-twice"]


def test_a_main_branch_in_the_middle_of_a_rebase(own: Clone) -> None:
    own.git("branch", "old", "main~1")
    env = {"GIT_SEQUENCE_EDITOR": "sed -i s/^pick/edit/"}
    assert own.try_git("rebase", "-i", "--onto", "old", "main~1", "main", env=env).code == 0
    assert refused(own, 1, *EVIDENCE) == ["main-busy"]


def test_a_filter_that_fails_in_the_middle(own: Clone) -> None:
    work = tree_of(own)
    work.write(".gitattributes", "*.big filter=big\n")
    work.write("a.txt", "a\n")
    work.write("b.big", "big\n")
    assert work.commit("Big files").code == 0
    own.git("config", "filter.big.smudge", "false")
    own.git("config", "filter.big.clean", "cat")
    own.git("config", "filter.big.required", "true")
    main = own.id_of("main")
    assert finish(own, 1, *EVIDENCE).code in (1, 4)
    assert own.id_of("main") == main and own.status() == "" and not (own.path / "work.txt").exists()
    own.git("config", "filter.big.smudge", "cat")
    merged(own, 1, *EVIDENCE)
    assert own.read("b.big") == "big\n" and own.status() == ""


# Killed, and its children go on


def test_a_transaction_that_outlives_its_command(own: Clone) -> None:
    """What git still does is waited for: nobody takes back what it is about to complete."""
    begun = own.path.parent / "begun"
    slow = f'#!/bin/sh\n[ "$1" = prepared ] && grep -q refs/heads/main && touch "{begun}" && sleep 3\nexit 0\n'
    executable(own.path / ".git" / "hooks" / "reference-transaction", slow)
    process = subprocess.Popen(
        [sys.executable, "-m", "holdfast", "finish", "1", *EVIDENCE], cwd=own.path, env=own.env,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    for _ in range(500):
        if begun.exists():
            break
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    found = ended(own, "--resume")
    assert found["result"] == "nothing"
    time.sleep(3.5)
    (own.path / ".git" / "hooks" / "reference-transaction").unlink()
    assert ended(own, "--resume")["result"] == "merged"
    assert own.show("work.txt", "main") == "work\n" and own.status() == ""


def test_what_verifies_ends_with_the_command(own: Clone) -> None:
    verifying(own, 'echo $$ > "$HOLDFAST_ROOT/../pid"; sleep 60')
    process = subprocess.Popen(
        [sys.executable, "-m", "holdfast", "finish", "1", *EVIDENCE], cwd=own.path, env=own.env,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    pid = own.path.parent / "pid"
    for _ in range(500):
        if pid.exists() and pid.read_text().strip():
            break
        time.sleep(0.01)
    process.terminate()
    assert process.wait() == 130
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)
    assert own.worktrees() == [str(own.path), str(tree_of(own).path)]


def test_after_a_kill_somebody_switches_branches(own: Clone, tmp_path: Path) -> None:
    own.git("branch", "side", "main")
    env = killed_at(tmp_path / "count", 0, "")
    assert own.run(sys.executable, "-m", "holdfast", "finish", "1", *EVIDENCE, "--dry-run", env=env).code == 0
    counted = len(steps(tmp_path / "count"))
    for step in range(counted, counted + 60):  # the first after which the files are ahead
        ran = own.run(
            sys.executable, "-m", "holdfast", "finish", "1", *EVIDENCE,
            env=killed_at(tmp_path / str(step), step, "after"),
        )  # fmt: skip
        assert ran.code == -signal.SIGKILL, ran
        if (own.path / "work.txt").exists():
            break
        finish(own, "--resume")
    main = own.id_of("main")
    own.git("switch", "-q", "side")
    assert ended(own, "--resume")["result"] == "undone"
    assert own.status() == "" and own.id_of("main") == main and not (own.path / "work.txt").exists()


# What is said to be merged


def test_a_message_alone_makes_nothing_merged(own: Clone) -> None:
    """Whoever writes a commit can write anything into its message."""
    head = own.id_of(BRANCH)
    on_main(own, {"other.txt": "other\n"}, f"Other\n\nMerged-Branch: {BRANCH}\nMerged-Head: {head}\n")
    assert [one["state"] for one in own.claims()] == ["active"]
    work = worked(own, 3, "third.txt", "third\n")
    work.git("commit", "-q", "--amend", "-m", f"Third\n\nMerged-Branch: {BRANCH}\nMerged-Head: {head}")
    merged(own, 3, "--partial")
    assert own.git("log", "-1", "--format=%B", "main").count("Merged-Head") == 1
    merged(own, 1, *EVIDENCE)
    assert own.show("work.txt", "main") == "work\n"


def test_a_merge_that_was_reverted(own: Clone) -> None:
    merged(own, 1, *EVIDENCE, "--keep-worktree")
    assert own.try_git("revert", "--no-edit", "HEAD").code == 0
    assert refused(own, 1) == ["finish-reverted"] and tree_of(own).path.is_dir()
    own.git("worktree", "remove", "--force", str(tree_of(own).path))
    own.git("branch", "-D", BRANCH)
    assert refused(own, 1) == ["finish-reverted"]


# Who decides


def test_the_main_branch_decides_how_it_is_merged_into(own: Clone) -> None:
    verifying(own, "false")
    work = worked(own, 3, "three.txt")
    work.write("holdfast.toml", "main_branch = 'main'\n[finish]\nrequire_complete = false\n")
    assert work.commit("No rules").code == 0
    assert refused(work, 3, "--keep-worktree") == ["plan-not-complete"]
    assert refused(work, 3, "--partial", "--keep-worktree") == ["verify-failed"]
    on_main(own, {"holdfast.toml": "[finish]\nverify = 3\n"}, "Break it", "--no-verify")
    assert refused(work, 3, "--partial", "--keep-worktree") == ["config-value"]


def test_a_branch_cannot_name_another_main_branch(own: Clone) -> None:
    own.git("branch", "release", "main")
    work = tree_of(own)
    work.write("holdfast.toml", "main_branch = 'release'\n")
    assert work.commit("Another main").code == 0
    assert refused(work, 1, *EVIDENCE) == ["finish-main"]


def test_the_same_merge_wherever_it_is_asked_for(own: Clone) -> None:
    """Attributes are those of the main branch: what merges here must not conflict there."""
    work = tree_of(own)
    work.write(".gitattributes", "list.txt merge=union\n")
    work.write("list.txt", "branch\n")
    assert work.commit("List").code == 0
    on_main(own, {"list.txt": "main\n"})
    assert refused(own, 1, *EVIDENCE) == refused(work, 1, *EVIDENCE) == ["finish-conflicts"]


# Names


def test_a_branch_whose_name_is_a_number(own: Clone) -> None:
    own.git("branch", "1", "main")
    assert refused(own, "--branch", "1") == ["finish-nothing"]
    assert refused(own, "--branch", "12") == ["finish-unknown"]
    assert finish(own, "").code == 2 and finish(own, "--branch", "").code == 2
    merged(own, "#1", *EVIDENCE)


# What cannot be written, read or found


def test_a_journal_that_fails_after_the_merge(own: Clone) -> None:
    journal = common(own) / "holdfast" / "journal.jsonl"
    verifying(own, f'rm -f "{journal}" && mkdir "{journal}"')
    found = merged(own, 1, *EVIDENCE)
    assert ("journal", "failed") in [(one["step"], one["outcome"]) for one in found["cleanup"]]
    assert own.worktrees() == [str(own.path)]


def test_a_record_that_is_garbage(own: Clone) -> None:
    folder = common(own) / "holdfast" / "finishing"
    folder.mkdir(parents=True)
    (folder / "garbage").write_text("\udcff\x00\nwhole\tyes\nbranch\tx\nrequest\tabc\n", errors="surrogateescape")
    (folder / "other").write_bytes(os.urandom(100))
    merged(own, 1, *EVIDENCE)
    assert unfinished(own) == []


def test_a_remote_that_got_another_name_after_a_kill(team: Team, shared: Clone, tmp_path: Path) -> None:
    away = team.remote.path.with_name("away.git")
    team.hook("post-receive", f"#!/bin/sh\nmv {team.remote.path} {away}\n")
    assert ended(shared, 1, *EVIDENCE)["result"] == "unknown"
    away.rename(team.remote.path)
    (team.remote.path / "hooks" / "post-receive").unlink()
    shared.git("remote", "rename", "origin", "upstream")
    assert ended(shared, "--resume")["result"] == "merged"


def test_a_remote_that_refuses_the_end_of_a_branch_with_the_whole_push(team: Team, shared: Clone) -> None:
    team.hook(
        "pre-receive",
        "#!/bin/sh\nwhile read old new ref; do case $new in *[!0]*) ;; *) echo 'no deletions' >&2; exit 1;; esac; done\n",
    )
    found = merged(shared, 1, *EVIDENCE)
    assert {one["step"]: one["outcome"] for one in found["cleanup"]}["remote"] == "failed"


def test_a_pre_push_hook_that_takes_its_time(shared: Clone) -> None:
    shared.write("holdfast.toml", "main_branch = 'main'\n[claims]\ntimeout = 2\n")
    assert shared.commit("Hurry").code == 0
    shared.git("push", "-q", "origin", "main")
    executable(shared.path / ".git" / "hooks" / "pre-push", "#!/bin/sh\nsleep 3\n")
    merged(shared, 1, *EVIDENCE)


def test_a_shallow_clone_says_that_it_is_one(team: Team, shared: Clone) -> None:
    made = team.clone("thin")
    thin = Clone(team.root / "shallow", shared.env)
    made.git("clone", "-q", "--depth", "1", f"file://{team.remote.path}", str(thin.path))
    thin.git("fetch", "-q", "--depth", "1", "origin", f"{BRANCH}:refs/remotes/origin/{BRANCH}")
    ran = finish(thin, 1, *EVIDENCE)
    assert ran.code == 1 and "git fetch --unshallow" in ran.err, ran


def test_an_update_that_was_killed_after_its_push(team: Team, shared: Clone, tmp_path: Path) -> None:
    on_main(shared, {"other.txt": "other\n"})
    env = killed_at(tmp_path / "count", 0, "")
    ran = shared.run(sys.executable, "-m", "holdfast", "finish", "1", "--update-branch", "--dry-run", env=env)
    assert ran.code == 0
    for step in range(len(steps(tmp_path / "count")), 400):
        env = killed_at(tmp_path / str(step), step, "after")
        ran = shared.run(sys.executable, "-m", "holdfast", "finish", "1", "--update-branch", env=env)
        if ran.code == 0 or team.remote.id_of(BRANCH) != shared.id_of(BRANCH):
            break
        finish(shared, "--resume")
    assert ran.code == -signal.SIGKILL
    assert ended(shared, "--resume")["result"] == "updated"
    assert team.remote.id_of(BRANCH) == shared.id_of(BRANCH) and tree_of(shared).status() == ""
    merged(shared, 1, *EVIDENCE)


def test_two_plans_at_once_in_one_repository(alone: Clone) -> None:
    """The second waits for the first where their files meet, and goes onto what is there then."""
    adopted(alone)
    worked(alone, 1, "one.txt")
    worked(alone, 3, "three.txt")
    command = [sys.executable, "-m", "holdfast", "finish", "--partial", "--json"]
    both = [
        subprocess.Popen([*command, name], cwd=alone.path, env=alone.env, stdout=subprocess.PIPE, text=True)
        for name in ("1", "3")
    ]
    said = [process.communicate()[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert alone.show("one.txt", "main") == alone.show("three.txt", "main") == "work\n"
    assert alone.status() == "" and alone.worktrees() == [str(alone.path)]
