"""The removal matrix: nothing in use is removed, nothing removed is lost, and the refusal names the reason.

Beside each of its rows stands what git itself does with the same worktree.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from at_work import Agent, begun, mark, session
from claiming import Clone, document, executable, git_that, sound
from conftest import plan_text
from holdfast.adapters import host
from holdfast.domain.moment import DAY
from removing import (
    BRANCH,
    common,
    listed,
    refused,
    registration,
    removed,
    restored,
    state,
    waiting,
    worktree,
)

LOSES, REFUSES = "git removes it", "git refuses"


class Row(NamedTuple):
    """What is done to a worktree, the codes that refuse its removal, what git does, and whether `--force` helps."""

    name: str
    arrange: Callable[[Clone, Clone, Agent], object]
    codes: list[str]
    git: str
    forced: bool = False


def conflict(work: Clone) -> None:
    work.git("checkout", "-q", "-b", "other", "HEAD~1")
    work.write("work.txt", "other\n")
    work.git("add", "-A")
    work.git("commit", "-qm", "Other")
    work.git("checkout", "-q", BRANCH)


def paused_rebase(alone: Clone, work: Clone, agent: Agent) -> None:
    """Stopped at a commit, with nothing that is not committed."""
    work.try_git("-c", "sequence.editor=sed -i s/^pick/edit/", "rebase", "-q", "-i", "HEAD~1")
    assert work.status() == ""


def paused_merge(alone: Clone, work: Clone, agent: Agent) -> None:
    conflict(work)
    work.try_git("merge", "-q", "--no-commit", "-s", "ours", "other")


def paused_pick(alone: Clone, work: Clone, agent: Agent) -> None:
    conflict(work)
    assert work.try_git("cherry-pick", "other").code != 0
    work.write("work.txt", "work\n")
    work.git("add", "work.txt")


def bisecting(alone: Clone, work: Clone, agent: Agent) -> None:
    work.git("bisect", "start")
    work.git("bisect", "good", "HEAD~1")


def unmerged(alone: Clone, work: Clone, agent: Agent) -> None:
    conflict(work)
    assert work.try_git("merge", "other").code != 0


def detached(alone: Clone, work: Clone, agent: Agent) -> None:
    work.git("checkout", "-q", "--detach")
    work.git("commit", "-q", "--allow-empty", "-m", "On no branch")


def submodule(alone: Clone, work: Clone, agent: Agent) -> None:
    source = alone.path.parent / "source"
    alone.at(alone.path).git("init", "-q", "-b", "main", str(source))
    inner = alone.at(source)
    inner.git("commit", "-q", "--allow-empty", "-m", "Inner")
    work.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(source), "inner")
    work.git("commit", "-qm", "A submodule")


def nested(alone: Clone, work: Clone, agent: Agent) -> None:
    alone.git("worktree", "add", "-q", "-b", "inner", str(work.path / "inner"))
    (common(alone) / "info" / "exclude").write_text("/.worktrees/\n/inner/\n")


def elsewhere(alone: Clone, work: Clone, agent: Agent) -> None:
    mark(work, "s1", host="elsewhere", boot="another")


def recycled(alone: Clone, work: Clone, agent: Agent) -> None:
    """A marker whose process number is another process by now."""
    mark(work, "s1", pid=agent().pid, birth=1)


def hidden(alone: Clone, work: Clone, agent: Agent) -> None:
    """Locked as `git worktree lock` does it, without a reason."""
    alone.git("worktree", "lock", str(work.path))


ROWS = [
    Row("clean, with commits that are not merged", lambda alone, work, agent: None, [], LOSES),
    Row("tracked edits", lambda alone, work, agent: work.write("work.txt", "more\n"), ["worktree-dirty"], REFUSES, True),
    Row("staged", lambda alone, work, agent: (work.write("new", ""), work.git("add", "new")), ["worktree-dirty"], REFUSES, True),
    Row("untracked", lambda alone, work, agent: work.write("notes", "mine\n"), ["worktree-untracked"], REFUSES, True),
    Row("ignored .env", lambda alone, work, agent: work.write(".env", "secret\n"), [], LOSES),
    Row("a process inside", lambda alone, work, agent: agent(work.path), ["worktree-in-use"], LOSES),
    Row("a process below", lambda alone, work, agent: agent(work.path / "docs"), ["worktree-in-use"], LOSES),
    Row("a session without a process", elsewhere, ["worktree-in-use"], LOSES),
    Row("a session", lambda alone, work, agent: begun(work, "s1", agent().pid), ["worktree-in-use"], REFUSES),
    Row("a waiting session", lambda alone, work, agent: (begun(work, "s1", agent().pid), session(work, "wait", "--id", "s1")),
        ["worktree-in-use"], REFUSES),
    Row("a marker file", lambda alone, work, agent: (work.write(".claude/session-marker", ""), work.git("add", "-Af"),
        work.git("commit", "-qm", "Marker")), ["worktree-in-use"], LOSES),
    Row("a recycled number", recycled, [], LOSES),
    Row("locked by others", lambda alone, work, agent: alone.git("worktree", "lock", "--reason", "mine", str(work.path)),
        ["worktree-locked"], REFUSES),
    Row("locked without a reason", hidden, ["worktree-locked"], REFUSES),
    Row("a paused rebase", paused_rebase, ["worktree-busy"], LOSES, True),
    Row("a paused merge", paused_merge, ["worktree-busy"], LOSES, True),
    Row("a paused pick", paused_pick, ["worktree-busy"], LOSES, True),
    Row("a bisection", bisecting, ["worktree-busy"], LOSES, True),
    Row("an unmerged index", unmerged, ["worktree-busy", "worktree-unmerged"], REFUSES),
    Row("own commits on no branch", detached, ["worktree-own-commits"], LOSES, True),
    Row("a submodule", submodule, ["worktree-submodules"], REFUSES),
    Row("a worktree inside", nested, ["worktree-nested"], LOSES),
]  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
def test_what_is_refused_and_what_is_not(alone: Clone, work: Clone, agent: Agent, row: Row) -> None:
    alone.write(".gitignore", "")
    (common(alone) / "info" / "exclude").write_text("/.worktrees/\n.env\n")
    row.arrange(alone, work, agent)
    listed(alone)  # lets git's locks say what is
    git_dir = registration(alone, work.path)
    before, refs = state(work.path, git_dir), alone.refs("refs/heads", "refs/holdfast/trash")
    if row.codes:
        assert refused(alone, work.path) == row.codes
        assert (state(work.path, git_dir), alone.refs("refs/heads", "refs/holdfast/trash")) == (before, refs)
        forced = refused(alone, work.path, "--force") if not row.forced else []
        assert set(forced) <= set(row.codes)
    if row.forced or not row.codes:
        head = work.id_of("HEAD")
        found = removed(alone, work.path, *(["--force"] if row.codes else []))
        assert not work.path.exists() and not git_dir.exists()
        assert found["branch_outcome"] in (None, "kept")
        alone.git("reflog", "expire", "--all", "--expire=now")
        alone.git("gc", "-q", "--prune=now")
        restored(alone, found["trash"])
        assert state(work.path, git_dir) == before
        assert work.id_of("HEAD") == head and work.try_git("fsck", "--no-dangling").code == 0
        assert alone.refs("refs/heads", "refs/holdfast/trash") == refs
    assert alone.intents() == []


@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
def test_what_git_does_with_the_same(alone: Clone, work: Clone, agent: Agent, row: Row) -> None:
    alone.write(".gitignore", "")
    (common(alone) / "info" / "exclude").write_text("/.worktrees/\n.env\n")
    row.arrange(alone, work, agent)
    ran = alone.try_git("worktree", "remove", str(work.path))
    assert (ran.code == 0) is (row.git == LOSES), ran
    assert work.path.exists() is (row.git == REFUSES)


def test_all_blockers_are_told_at_once(alone: Clone, work: Clone, agent: Agent) -> None:
    paused_rebase(alone, work, agent)
    work.write("work.txt", "more\n")
    work.write("notes", "mine\n")
    agent(work.path)
    alone.git("worktree", "lock", "--reason", "mine", str(work.path))
    found = refused(alone, work.path)
    assert found == ["worktree-in-use", "worktree-locked", "worktree-dirty", "worktree-untracked", "worktree-busy"]


def test_a_refusal_names_who_and_what_in_three_lines(alone: Clone, work: Clone, agent: Agent) -> None:
    process = agent(work.path)
    ran = worktree(alone, "remove", BRANCH)
    assert ran.code == 1 and ran.out == ""
    what, why, way = ran.err.splitlines()
    assert what.startswith(f"refused: {work.path} is in use by process {process.pid} (sleep, for ")
    assert why == "   why:  Work would be lost, and an agent's shell broken for good. [worktree-in-use]"
    assert "worktree list" in way


def test_the_main_worktree_is_never_removed(alone: Clone, work: Clone) -> None:
    assert refused(work, "main", "--force-in-use") == ["worktree-main"]
    alone.git("checkout", "-q", "-b", "plan-3-third")
    assert refused(alone, "plan-3-third", "--force") == ["worktree-main"]


def test_the_caller_stands_in_it(alone: Clone, work: Clone) -> None:
    assert refused(work, BRANCH) == ["worktree-caller-inside"]
    assert refused(alone.at(work.path / "docs"), BRANCH) == ["worktree-caller-inside"]
    assert refused(alone, BRANCH, cwd=work.path) == ["worktree-caller-inside"]


def test_a_shell_above_the_caller_stands_in_it(alone: Clone, work: Clone) -> None:
    """Agents keep a shell; its command goes elsewhere first."""
    command = f"cd {alone.path} && {sys.executable} -m holdfast worktree remove {BRANCH}"
    ran = work.run("sh", "-c", f"sh -c {command!r}; true")
    assert "[worktree-in-use]" in ran.err and "(sh, for " in ran.err
    assert work.path.is_dir()


def test_force_is_never_for_somebody_inside(alone: Clone, work: Clone, agent: Agent) -> None:
    process = agent(work.path)
    assert refused(alone, BRANCH, "--force") == ["worktree-in-use"]
    removed(alone, BRANCH, "--force-in-use")
    assert not work.path.exists()
    where = os.readlink(f"/proc/{process.pid}/cwd")
    assert "(deleted)" not in where and Path(where).is_dir(), "it stands in the trash, and its folder is whole"
    restored(alone, BRANCH)
    assert os.readlink(f"/proc/{process.pid}/cwd") == str(work.path)


def test_a_lock_of_a_session_that_is_over_is_no_lock(alone: Clone, work: Clone, agent: Agent) -> None:
    process = agent()
    begun(work, "s1", process.pid)
    process.kill()
    process.wait()
    assert alone.try_git("worktree", "remove", str(work.path)).code != 0, "git does not know that it is over"
    removed(alone, BRANCH)


# The branch


def test_a_branch_that_is_merged_goes_however_it_was_merged(alone: Clone, work: Clone) -> None:
    alone.git("merge", "-q", "--squash", BRANCH)
    alone.git("commit", "-qm", "Squashed (#1)")
    found = removed(alone, BRANCH)
    assert found["branch_outcome"] == "deleted" and alone.refs("refs/heads/plan-*") == {}
    assert any("merged: main has its whole change as one commit" in note for note in found["notes"])


def test_a_branch_with_work_that_is_not_merged_stays(alone: Clone, work: Clone) -> None:
    found = removed(alone, BRANCH)
    assert found["branch_outcome"] == "kept"
    assert f"branch {BRANCH} is kept: it has 1 commit that is not merged" in found["notes"]
    assert f"refs/heads/{BRANCH}" in alone.refs("refs/heads")


def test_a_branch_without_work_of_its_own_goes(alone: Clone) -> None:
    found = alone.claimed(1)
    assert removed(alone, 1)["branch_outcome"] == "deleted"
    alone.git("worktree", "add", "-q", "-b", "loose", str(alone.path.parent / "loose"))
    assert removed(alone, "loose")["branch_outcome"] == "deleted"
    assert found["branch"] not in "".join(alone.refs("refs/heads"))


def test_a_branch_that_brings_its_plan_stays(alone: Clone) -> None:
    alone.write("docs/plans/05_fifth.md", plan_text(5, "Fifth"))
    found = alone.claimed(5)
    assert removed(alone, 5)["branch_outcome"] == "kept"
    assert f"refs/heads/{found['branch']}" in alone.refs("refs/heads")


def test_a_branch_that_two_worktrees_share_stays(alone: Clone) -> None:
    path = Path(alone.claimed(1)["worktree"])
    second = path.parent / "second"
    alone.git("worktree", "add", "-q", "--force", str(second), BRANCH)
    assert refused(alone, BRANCH) == ["worktree-ambiguous"]
    found = removed(alone, second)
    assert found["branch_outcome"] == "kept" and "another worktree stands on it" in " ".join(found["notes"])
    assert alone.at(path).id_of("HEAD")


def test_a_branch_that_moves_in_that_moment_is_left_alone(alone: Clone, tmp_path: Path) -> None:
    alone.claimed(1)
    tip = alone.id_of(BRANCH)
    tree = alone.id_of(f"{tip}^{{tree}}")
    moved = (
        f"{shutil.which('git')} -C {alone.path} update-ref refs/heads/{BRANCH} $(git commit-tree -p {tip} -m x {tree})"
    )
    env = git_that(
        tmp_path / "bin",
        f'case " $* " in *" is not needed any more "*) if mkdir {tmp_path}/once 2>/dev/null; then {moved}; fi;; esac',
    )
    found = removed(alone, BRANCH, env=env)
    assert found["branch_outcome"] == "raced"
    assert alone.id_of(BRANCH) != tip


# Names


def test_by_branch_number_and_folder(alone: Clone) -> None:
    for name in (BRANCH, "1", "#1", ".worktrees/plan-1-first"):
        path = Path(alone.claimed(1)["worktree"])
        removed(alone, name)
        assert not path.exists()
        restored(alone, name)
        removed(alone, name)
        sound(alone.holdfast("trash", "empty"))
    assert refused(alone, "plan-1") == ["worktree-unknown"]


def test_what_was_removed_already_is_said(alone: Clone, work: Clone) -> None:
    removed(alone, BRANCH)
    assert refused(alone, BRANCH) == refused(alone, 1) == refused(alone, work.path) == ["worktree-removed"]
    ran = worktree(alone, "remove", BRANCH)
    assert f"`holdfast worktree restore {BRANCH}` brings it back" in ran.err


def test_names_with_blanks_and_newlines(alone: Clone) -> None:
    path = alone.path.parent / "a b\nc'd"
    alone.git("worktree", "add", "-q", "-b", "odd", str(path))
    assert listed(alone)[str(path)]["occupancy"] == "free"
    (path / "x y\nz").write_text("x")
    assert refused(alone, "odd") == ["worktree-untracked"]
    git_dir = registration_of_odd(alone)
    before = state(path, git_dir)
    found = removed(alone, "odd", "--force")
    assert not path.exists()
    restored(alone, found["trash"])
    assert state(path, git_dir) == before
    ran = worktree(alone, "list")
    assert "\\n" in ran.out and len(ran.out.splitlines()) == 2


def registration_of_odd(alone: Clone) -> Path:
    (found,) = (common(alone) / "worktrees").iterdir()
    return found


def test_a_worktree_under_a_symlink(alone: Clone, agent: Agent) -> None:
    real = alone.path.parent / "real"
    real.mkdir()
    (alone.path.parent / "alias").symlink_to(real)
    path = alone.path.parent / "alias" / "tree"
    alone.git("worktree", "add", "-q", "-b", "linked", str(path))
    process = agent(real / "tree")
    assert refused(alone, "linked") == ["worktree-in-use"]
    assert refused(alone, real / "tree") == ["worktree-in-use"]
    process.kill()
    process.wait()
    removed(alone, path)
    assert not (real / "tree").exists()


# Folders that are not as they should be


def test_a_folder_that_was_deleted_by_hand(alone: Clone, work: Clone) -> None:
    blob = work.git("hash-object", "-w", "--stdin", input="staged and nowhere else\n").strip()
    work.git("update-index", "--add", "--cacheinfo", f"100644,{blob},staged.txt")
    shutil.rmtree(work.path)
    assert "its folder is gone" in " ".join(listed(alone)[str(work.path)]["reasons"])
    assert refused(alone, BRANCH) == ["worktree-gone"]
    found = removed(alone, BRANCH, "--force")
    alone.git("gc", "-q", "--prune=now")
    assert alone.git("cat-file", "-t", blob).strip() == "blob"
    assert found["branch_outcome"] == "kept" and str(work.path) not in alone.worktrees()
    notes = restored(alone, BRANCH)["notes"]
    assert any("worktree repair" in note for note in notes)
    assert str(work.path) in alone.worktrees(), "git knows it again: it may only have been moved"


def test_a_folder_that_was_deleted_by_hand_while_it_was_locked(alone: Clone, work: Clone, agent: Agent) -> None:
    process = agent()
    begun(work, "s1", process.pid)
    shutil.rmtree(work.path)
    assert refused(alone, BRANCH) == ["worktree-in-use", "worktree-gone"]
    process.kill()
    process.wait()
    removed(alone, BRANCH, "--force")
    alone.git("worktree", "add", "-q", str(work.path), BRANCH)
    alone.git("worktree", "lock", "--reason", "a disk of mine", str(work.path))
    shutil.rmtree(work.path)
    assert refused(alone, BRANCH, "--force") == ["worktree-locked"]


def test_a_folder_that_was_moved_by_hand(alone: Clone, work: Clone) -> None:
    moved = work.path.parent / "moved"
    work.path.rename(moved)
    assert refused(alone, BRANCH) == ["worktree-gone"]
    removed(alone, BRANCH, "--force")
    assert moved.is_dir()
    restored(alone, BRANCH)
    alone.git("worktree", "repair", str(moved))
    assert alone.at(moved).status() == "", "and it is whole again"


def test_a_disk_that_is_not_there(alone: Clone) -> None:
    disk = alone.path.parent / "disk"
    alone.git("worktree", "add", "-q", "-b", "far", str(disk / "tree"))
    disk.rename(alone.path.parent / "unmounted")
    assert "disk that is not there" in " ".join(listed(alone)[str(disk / "tree")]["reasons"])
    assert refused(alone, "far", "--force") == ["worktree-away"]
    (alone.path.parent / "unmounted").rename(disk)
    removed(alone, "far")


def test_a_registration_that_is_broken(alone: Clone, work: Clone) -> None:
    """Without its `.git` git would take the folder for a part of the repository around it."""
    (work.path / ".git").unlink()
    assert refused(alone, BRANCH, "--force") == ["worktree-broken"]
    (work.path / ".git").write_text(f"gitdir: {alone.path}/.git\n")
    assert refused(alone, BRANCH, "--force") == ["worktree-broken"]
    assert "does not lead to what git keeps of it" in " ".join(listed(alone)[str(work.path)]["reasons"])
    alone.git("worktree", "repair", str(work.path))
    assert alone.status() == ""


def test_what_git_lists_and_does_not_keep(alone: Clone, work: Clone, tmp_path: Path) -> None:
    """Between git's list and our look somebody else ended it."""
    other = alone.at(alone.claimed(3)["worktree"])
    folder = registration(alone, work.path)
    env = git_that(
        tmp_path / "bin",
        f'case " $* " in *" worktree list "*) {shutil.which("git")} "$@"; rm -rf {folder}; exit;; esac',
    )
    assert refused(alone, BRANCH, "--force", env=env) == ["worktree-broken"]
    assert work.path.is_dir() and other.status() == ""


def test_git_that_cannot_read_the_index(alone: Clone, work: Clone) -> None:
    (registration(alone, work.path) / "index").write_bytes(b"no index")
    assert refused(alone, BRANCH, "--force") == ["worktree-broken"]
    assert work.path.is_dir()


def test_a_parent_that_cannot_be_written(alone: Clone, work: Clone, tmp_path: Path) -> None:
    """Nothing is changed where the rename fails: a read-only parent, another file system."""
    git_dir = registration(alone, work.path)
    before = state(work.path, git_dir)
    (work.path.parent / ".holdfast-trash").write_text("something else")
    found = document(worktree(alone, "remove", BRANCH, "--json"))
    assert [one["code"] for one in found["blockers"]] == ["worktree-unmovable"]
    assert ".holdfast-trash" in found["blockers"][0]["message"]
    assert state(work.path, git_dir) == before
    assert alone.refs("refs/holdfast/trash") == {} and waiting(alone) == [] and alone.intents() == []


def test_a_parent_that_is_read_only(alone: Clone, work: Clone) -> None:
    above = work.path.parent
    remount = f"mount --bind {above} {above} && mount -o remount,bind,ro {above}"
    if subprocess.run(["unshare", "-rm", "sh", "-c", remount], capture_output=True, check=False).returncode != 0:
        pytest.skip("no mount of one's own here")
    command = f"{sys.executable} -m holdfast worktree remove {BRANCH} --json"
    ran = alone.run("unshare", "-rm", "sh", "-c", f"{remount} && {command}")
    assert '"worktree-unmovable"' in ran.out and "Read-only file system" in ran.out, ran
    assert alone.refs("refs/holdfast/trash") == {} and alone.intents() == [] and work.status() == ""


def test_a_mount_point_cannot_be_renamed(alone: Clone) -> None:
    """What stands on a file system of its own would have to be copied: refused, nothing changed."""
    path = alone.path.parent / "mounted"
    script = (
        f"mkdir {path} && mount -t tmpfs none {path} && git -C {alone.path} worktree add -q -b far {path} && "
        f"cd {alone.path} && {sys.executable} -m holdfast worktree remove far --json; git -C {path} status --short"
    )
    if subprocess.run(["unshare", "-rm", "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("no mount of one's own here")
    ran = alone.run("unshare", "-rm", "sh", "-c", script)
    assert '"worktree-unmovable"' in ran.out and f"is mounted at {path}" in ran.out, ran
    assert alone.refs("refs/holdfast/trash") == {} and alone.intents() == []


# Two at once, and somebody who comes in


def test_of_two_removals_at_once_one_wins(alone: Clone, work: Clone) -> None:
    command = [sys.executable, "-m", "holdfast", "worktree", "remove", BRANCH, "--json"]
    running = [
        subprocess.Popen(command, cwd=alone.path, env=alone.env, stdout=subprocess.PIPE, text=True) for _ in range(4)
    ]
    said = [process.communicate()[0] for process in running]
    assert sorted(process.returncode for process in running) == [0, 1, 1, 1]
    assert sum('"worktree-removed"' in one for one in said) == 3
    assert len(waiting(alone)) == 1


def test_somebody_comes_in_during_the_removal(alone: Clone, work: Clone, tmp_path: Path) -> None:
    """Between the first look and the rename: the second look sees him, and everything is put back."""
    git_dir = registration(alone, work.path)
    before = state(work.path, git_dir)
    enter = f"(cd {work.path} && exec sleep 60 >/dev/null 2>&1 </dev/null) & echo $! >{tmp_path}/pid; sleep 0.1"
    env = git_that(
        tmp_path / "bin",
        f'case " $* " in *" kept for the trash "*) if mkdir {tmp_path}/once 2>/dev/null; then {enter}; fi;; esac',
    )
    assert refused(alone, BRANCH, env=env) == ["worktree-in-use"]
    pid = int((tmp_path / "pid").read_text())
    try:
        assert os.readlink(f"/proc/{pid}/cwd") == str(work.path)
        assert state(work.path, git_dir) == before
        assert waiting(alone) == [] and alone.refs("refs/holdfast/trash") == {} and alone.intents() == []
        assert not (work.path.parent / ".holdfast-trash").exists()
    finally:
        os.kill(pid, 9)


# What cannot be told


def test_without_proc_psutil_and_lsof_it_is_refused(alone: Clone, work: Clone, tmp_path: Path) -> None:
    """In a namespace without `/proc`, with a Python that has no psutil."""
    if subprocess.run(["unshare", "-rm", "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("no mount of one's own here")
    executable(tmp_path / "bin" / "lsof", "#!/bin/sh\nexit 127\n")
    (tmp_path / "lib" / "psutil").mkdir(parents=True)
    (tmp_path / "lib" / "psutil" / "__init__.py").write_text("raise ImportError('none here')\n")
    path = f"{tmp_path}/bin:{os.environ['PATH']}"
    remove = f"PYTHONPATH={tmp_path}/lib {sys.executable} -m holdfast worktree remove {BRANCH} --json"
    script = f"mount -t tmpfs none /proc && {remove}"
    ran = alone.run("unshare", "-rm", "sh", "-c", script, env={"PATH": path})
    found = document(ran)
    assert [one["code"] for one in found["blockers"]] == ["worktree-unknown-use"], found
    assert "install psutil" in found["blockers"][0]["message"]
    assert work.path.is_dir()


@pytest.mark.skipif(os.geteuid() == 0, reason="root sees where every process stands")
def test_a_process_like_a_key_agent_does_not_block(alone: Clone, work: Clone) -> None:
    """Where it stands only root may see; what it shares with nobody inside says nothing."""
    hide = "import ctypes, sys; ctypes.CDLL(None).prctl(4, 0, 0, 0, 0); print(flush=True); sys.stdin.read()"
    hidden = subprocess.Popen(
        [sys.executable, "-c", hide],
        cwd=work.path,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        assert hidden.stdout is not None and hidden.stdout.readline()
        assert listed(alone)[str(work.path)]["occupancy"] == "free"
        removed(alone, BRANCH)
    finally:
        hidden.kill()
        hidden.wait()


# What an attacker found: each of these once lost something


def test_git_clean_in_the_main_worktree_spares_the_trash(alone: Clone, work: Clone) -> None:
    work.write("notes", "mine\n")
    removed(alone, BRANCH, "--force")
    assert "Skipping repository .worktrees/.holdfast-trash" in alone.git("clean", "-fdx", "-e", "docs")
    restored(alone, BRANCH)
    assert work.read("notes") == "mine\n"


def test_a_worktree_that_is_a_symlink_is_not_moved(alone: Clone, work: Clone) -> None:
    real = alone.path.parent / "real"
    work.path.rename(real)
    work.path.symlink_to(real)
    assert refused(alone, BRANCH, "--force-in-use") == ["worktree-unmovable"]
    assert real.is_dir() and work.status() == ""


def test_a_registration_whose_pointer_is_broken(alone: Clone, work: Clone) -> None:
    """What git lists is not what it keeps: nothing may be moved by that name."""
    other = alone.at(alone.claimed(3)["worktree"])
    (registration(alone, work.path) / "gitdir").write_text(f"{work.path.parent}/plan\n")
    assert set(refused(alone, BRANCH, "--force")) <= {"worktree-broken", "worktree-away"}
    assert other.status() == "" and len(list((common(alone) / "worktrees").iterdir())) == 2


def test_a_branch_comes_back_with_its_configuration_and_its_reflog(ada: Clone) -> None:
    found = ada.claimed(1)
    path = ada.at(found["worktree"])
    tip = ada.id_of(BRANCH)
    lost = ada.git("commit-tree", "-p", tip, "-m", "Lost", f"{tip}^{{tree}}").strip()
    for oid in (lost, tip):  # moved from elsewhere: no HEAD knows of it
        ada.git("update-ref", f"refs/heads/{BRANCH}", oid)
    assert path.status() == ""
    ada.git("config", f"branch.{BRANCH}.description", "what it is about")
    settings = ada.git("config", "--get-regexp", f"branch.{BRANCH}.*")
    log = (ada.path / ".git/logs/refs/heads" / BRANCH).read_text()
    assert removed(ada, BRANCH)["branch_outcome"] == "deleted"
    assert ada.try_git("config", "--get-regexp", f"branch.{BRANCH}.*").out == ""
    ada.git("gc", "-q", "--prune=now")
    restored(ada, BRANCH)
    assert sorted(ada.git("config", "--get-regexp", f"branch.{BRANCH}.*").splitlines()) == sorted(settings.splitlines())
    assert (ada.path / ".git/logs/refs/heads" / BRANCH).read_text() == log
    assert ada.git("cat-file", "-t", lost).strip() == "commit"


def test_a_branch_that_a_paused_rebase_needs_is_kept(alone: Clone, work: Clone, agent: Agent) -> None:
    """git lists that worktree as on no branch."""
    paused_rebase(alone, work, agent)
    assert refused(alone, BRANCH) == ["worktree-busy"], "and it is found by the branch that it will go back to"
    alone.git("merge", "-q", "--no-edit", BRANCH)
    other = work.path.parent / "other"
    alone.git("worktree", "add", "-q", "--detach", str(other))
    alone.at(other).git("checkout", "-q", "--ignore-other-worktrees", BRANCH)
    assert removed(alone, other)["branch_outcome"] == "kept"
    work.git("rebase", "--continue")
    assert work.git("symbolic-ref", "--short", "HEAD").strip() == BRANCH


def test_another_repository_inside_is_refused(alone: Clone, work: Clone) -> None:
    work.git("init", "-q", "inner")
    inner = alone.at(work.path / "inner")
    inner.git("commit", "-q", "--allow-empty", "-m", "Only here")
    work.git("add", "inner")
    work.git("commit", "-qm", "Taken for a submodule")
    assert refused(alone, BRANCH) == ["worktree-submodules"]
    work.git("rm", "-q", "--cached", "inner")
    work.git("commit", "-qm", "Not any more")
    (common(alone) / "info" / "exclude").write_text("/.worktrees/\n/inner/\n")
    assert refused(alone, BRANCH) == ["worktree-nested"]


def test_a_broken_configuration_ends_no_branch(alone: Clone, work: Clone) -> None:
    alone.git("merge", "-q", "--no-edit", BRANCH)
    alone.write("holdfast.toml", "[oops")
    ran = sound(alone.holdfast("clean"))
    assert ran.code == 1 and work.path.is_dir()
    assert removed(alone, BRANCH)["branch_outcome"] == "kept"


def test_what_is_added_in_that_moment_is_seen(alone: Clone, work: Clone, tmp_path: Path) -> None:
    """Nobody stands there when the second look comes, but git's index is another one."""
    late = f"cd {work.path} && echo late >late && {shutil.which('git')} add late"
    env = git_that(
        tmp_path / "bin",
        f'case " $* " in *" kept for the trash "*) if mkdir {tmp_path}/once 2>/dev/null; then ({late}); fi;; esac',
    )
    assert refused(alone, BRANCH, env=env) == ["worktree-changed"]
    assert work.status() == "A  late\n" and waiting(alone) == [] and alone.refs("refs/holdfast/trash") == {}


def test_a_lock_that_comes_in_that_moment_is_respected(alone: Clone, work: Clone) -> None:
    lock = common(alone) / "holdfast" / "worktrees.lock"
    listed(alone)
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        command = [sys.executable, "-m", "holdfast", "worktree", "remove", BRANCH]
        waits = subprocess.Popen(command, cwd=alone.path, env=alone.env, stderr=subprocess.PIPE, text=True)
        time.sleep(1)
        alone.git("worktree", "lock", "--reason", "mine", str(work.path))
    assert "[worktree-locked]" in waits.communicate()[1] and work.path.is_dir()


def test_a_very_long_reflog_is_kept_by_its_end(alone: Clone, work: Clone) -> None:
    work.git("checkout", "-q", "--detach")
    work.git("commit", "-q", "--allow-empty", "-m", "Lost")
    lost = work.id_of("HEAD")
    work.git("checkout", "-q", BRANCH)
    log = registration(alone, work.path) / "logs" / "HEAD"
    last = log.read_text()
    log.write_text(last.splitlines()[0].replace(lost, "0" * 40) + "\n")
    with log.open("a") as file:
        for _ in range(30_000):
            file.write(f"{'0' * 40} {'0' * 40} A <a@b> 1 +0000\tlong ago, {'x' * 60}\n")
        file.write(last)
    removed(alone, BRANCH)
    alone.git("reflog", "expire", "--all", "--expire=now")
    alone.git("gc", "-q", "--prune=now")
    assert alone.git("cat-file", "-t", lost).strip() == "commit"


def test_emptying_that_stops_half_way_is_no_way_back(alone: Clone, work: Clone) -> None:
    found = removed(alone, BRANCH)
    (common(alone) / "holdfast" / "trash" / found["trash"] / "emptying").touch()
    assert waiting(alone) == []
    assert document(worktree(alone, "restore", BRANCH, "--json"))["blockers"][0]["code"] == "trash-unknown"
    assert document(sound(alone.holdfast("trash", "empty", "--expired", "--json")))["deleted"] == [found["trash"]]


def test_a_restoration_that_cannot_be_stays_in_the_trash(alone: Clone, work: Clone) -> None:
    found = removed(alone, BRANCH)
    away = work.path.parent
    away.rename(away.parent / "elsewhere")
    away.write_text("something else")  # where the folder above must be
    told = document(worktree(alone, "restore", BRANCH, "--json"))
    assert told["result"] == "refused"
    away.unlink()
    (away.parent / "elsewhere").rename(away)
    assert [one["id"] for one in waiting(alone)] == [found["trash"]]
    restored(alone, BRANCH)


def test_the_trash_of_a_disk_that_is_away_is_not_forgotten(alone: Clone) -> None:
    disk = alone.path.parent / "disk"
    alone.git("worktree", "add", "-q", "-b", "far", str(disk / "tree"))
    found = removed(alone, "far")
    disk.rename(alone.path.parent / "unmounted")
    told = document(sound(alone.holdfast("trash", "empty", "--json")))
    assert told["exit"] == 1 and "its disk may be away" in told["kept"][0]["reason"]
    (alone.path.parent / "unmounted").rename(disk)
    restored(alone, found["trash"])


def test_a_name_that_is_a_branch_comes_before_a_number(alone: Clone) -> None:
    alone.claimed(3)
    removed(alone, 3)
    path = alone.path.parent / "three"
    alone.git("worktree", "add", "-q", "-b", "3", str(path))
    removed(alone, "3")
    done = document(sound(alone.holdfast("resume", "3", "--json")))
    assert done["branch"] == "plan-3-third", "a plan is meant, not a branch of that name"
    restored(alone, "3")
    assert path.is_dir()
    assert refused(alone, "9" * 5000) == ["worktree-unknown"]


# In the trash


def test_the_trash_says_what_waits_and_is_emptied(alone: Clone, work: Clone) -> None:
    (common(alone) / "info" / "exclude").write_text("/.worktrees/\n*.bin\n")
    (work.path / "large.bin").write_bytes(b"x" * 3_000_000)
    found = removed(alone, BRANCH)
    (one,) = waiting(alone)
    assert (one["id"], one["branch"], one["path"]) == (found["trash"], BRANCH, str(work.path))
    assert one["size"] > 3_000_000 and one["restore_until"] == found["restore_until"] > one["removed_at"]
    assert "3.0 MB" in sound(alone.holdfast("trash", "list")).out
    assert alone.status() == "", "nobody sees it"
    kept = document(sound(alone.holdfast("trash", "empty", "--expired", "--json")))
    assert kept["deleted"] == []
    gone = document(sound(alone.holdfast("trash", "empty", "--json")))
    assert gone["deleted"] == [found["trash"]] and gone["freed"] == one["size"]
    assert waiting(alone) == [] and alone.refs("refs/holdfast/trash") == {}
    assert not (work.path.parent / ".holdfast-trash").exists()
    assert refused(alone, BRANCH) == ["worktree-unknown"]
    nothing = document(worktree(alone, "restore", BRANCH, "--json"))
    assert nothing["blockers"][0]["code"] == "trash-unknown"


def test_what_has_waited_long_enough_goes_and_what_is_too_much(alone: Clone) -> None:
    for plan in (1, 3):
        path = Path(alone.claimed(plan)["worktree"])
        (common(alone) / "info" / "exclude").write_text("/.worktrees/\n*.bin\n")
        (path / "large.bin").write_bytes(b"x" * 800_000)
        removed(alone, plan)
        time.sleep(1)
    alone.write("holdfast.toml", "[trash]\nmegabytes = 1\n")
    found = document(sound(alone.holdfast("trash", "empty", "--expired", "--json")))
    assert len(found["deleted"]) == 1 and [one["branch"] for one in waiting(alone)] == ["plan-3-third"], (
        "the oldest went"
    )
    alone.write("holdfast.toml", "[trash]\ndays = 0\n")
    assert len(document(sound(alone.holdfast("trash", "empty", "--expired", "--json")))["deleted"]) == 1


def test_what_has_waited_long_enough_goes_by_itself(alone: Clone) -> None:
    for plan in (1, 3):
        alone.claimed(plan)
    first = removed(alone, 1)["trash"]
    record = common(alone) / "holdfast" / "trash" / first / "record.json"
    old = json.loads(record.read_text())
    record.write_text(json.dumps({**old, "at": old["at"] - 8 * DAY}))
    second = removed(alone, 3)["trash"]
    for _ in range(200):
        if [one["id"] for one in waiting(alone)] == [second]:
            break
        time.sleep(0.05)
    assert [one["id"] for one in waiting(alone)] == [second]
    assert not Path(old["folder"]).exists() and "trash-emptied" in alone.journal()


def test_who_holds_files_open_is_named_and_does_not_block(alone: Clone, work: Clone) -> None:
    with (work.path / "work.txt").open() as file:
        server = subprocess.Popen(["sleep", "60"], stdin=file, cwd="/")
    try:
        assert any(
            note.startswith(f"process {server.pid} (sleep) holds files of it open")
            for note in removed(alone, BRANCH)["notes"]
        )
    finally:
        server.kill()
        server.wait()


def test_who_stands_in_the_trash_keeps_it(alone: Clone, work: Clone, agent: Agent) -> None:
    process = agent(work.path)
    removed(alone, BRANCH, "--force-in-use")
    found = document(sound(alone.holdfast("trash", "empty", "--json")))
    assert found["exit"] == 1 and "in use by process" in found["kept"][0]["reason"]
    assert "(deleted)" not in os.readlink(f"/proc/{process.pid}/cwd")
    process.kill()
    process.wait()
    assert document(sound(alone.holdfast("trash", "empty", "--json")))["kept"] == []


def test_folders_without_permissions_are_deleted_too(alone: Clone, work: Clone) -> None:
    (common(alone) / "info" / "exclude").write_text("/.worktrees/\ncache/\n")
    work.write("cache/a/b", "x")
    (work.path / "cache" / "a").chmod(0o500)
    removed(alone, BRANCH)
    assert document(sound(alone.holdfast("trash", "empty", "--json")))["kept"] == []


def test_a_record_that_leads_elsewhere_deletes_nothing(alone: Clone, work: Clone) -> None:
    found = removed(alone, BRANCH)
    record = common(alone) / "holdfast" / "trash" / found["trash"] / "record.json"
    victim = alone.path.parent / "victim"
    victim.mkdir()
    folder = str(work.path.parent / ".holdfast-trash" / found["trash"])
    record.write_text(record.read_text().replace(folder, str(victim)))
    told = document(sound(alone.holdfast("trash", "empty", "--json")))
    assert told["exit"] == 1 and "is no place of the trash" in told["kept"][0]["reason"]
    assert victim.is_dir()


# Restoring


def test_exactly_as_it_was_after_gc(alone: Clone, work: Clone) -> None:
    """Staged, changed, deleted, untracked, ignored, renamed; a mode, a symlink; a commit that only the reflog knows."""
    (common(alone) / "info" / "exclude").write_text("/.worktrees/\n.env\n")
    work.git("commit", "-q", "--allow-empty", "-m", "Lost")
    lost = work.id_of("HEAD")
    work.git("reset", "-q", "--hard", "HEAD~1")
    work.write(".env", "secret\n")
    work.write("staged.txt", "only in git's index\n")
    work.git("add", "staged.txt")
    work.write("staged.txt", "and changed after that\n")
    work.git("mv", "work.txt", "moved.txt")
    (work.path / "README.md").unlink()
    work.write("run.sh", "#!/bin/sh\n").chmod(0o755)
    (work.path / "link").symlink_to("nowhere")
    work.write("intended.txt", "x")
    work.git("add", "--intent-to-add", "intended.txt")
    work.git("update-ref", "refs/worktree/mine", work.id_of("HEAD~1"))
    blob = work.git("hash-object", "-w", "--stdin", input="kept by a ref of its own\n").strip()
    work.git("update-ref", "refs/worktree/blob", blob)
    git_dir = registration(alone, work.path)
    before, status = state(work.path, git_dir), work.git("status", "--porcelain=v2", "--ignored")
    found = work.try_git("fsck", "--no-dangling").out
    removed(alone, BRANCH, "--force")
    for command in (("reflog", "expire", "--all", "--expire=now"), ("gc", "-q", "--prune=now"), ("worktree", "prune")):
        alone.git(*command)
    restored(alone, BRANCH)
    assert state(work.path, git_dir) == before
    assert work.git("status", "--porcelain=v2", "--ignored") == status
    assert work.git("show", ":staged.txt") == "only in git's index\n"
    assert work.git("cat-file", "-t", lost).strip() == "commit"
    assert work.git("cat-file", "-p", "refs/worktree/blob") == "kept by a ref of its own\n"
    assert work.try_git("fsck", "--no-dangling").out == found


def test_a_branch_that_is_gone_is_made_again(alone: Clone, work: Clone) -> None:
    tip = alone.id_of(BRANCH)
    removed(alone, BRANCH)
    alone.git("branch", "-D", BRANCH)
    notes = restored(alone, BRANCH)["notes"]
    assert alone.id_of(BRANCH) == tip and work.git("symbolic-ref", "--short", "HEAD").strip() == BRANCH
    assert f"branch {BRANCH} was gone, and is there again" in notes


def test_a_branch_that_moved_on_is_left_alone(alone: Clone, work: Clone) -> None:
    work.write("dirty.txt", "x")
    tip = alone.id_of(BRANCH)
    removed(alone, BRANCH, "--force")
    alone.git("update-ref", f"refs/heads/{BRANCH}", "main")
    notes = restored(alone, BRANCH)["notes"]
    assert any("has moved on" in note and "on no branch" in note for note in notes)
    assert work.id_of("HEAD") == tip and work.try_git("symbolic-ref", "-q", "HEAD").code == 1
    assert work.status() == "?? dirty.txt\n" and alone.id_of(BRANCH) == alone.id_of("main")


def test_a_branch_that_is_checked_out_elsewhere_is_left_there(alone: Clone, work: Clone) -> None:
    removed(alone, BRANCH)
    other = work.path.parent / "other"
    alone.git("worktree", "add", "-q", str(other), BRANCH)
    notes = restored(alone, work.path)["notes"]
    assert any(f"is checked out in {other}" in note for note in notes)
    assert work.status() == "" and alone.at(other).git("symbolic-ref", "--short", "HEAD").strip() == BRANCH


def test_the_name_of_its_registration_was_taken(alone: Clone, work: Clone) -> None:
    work.write("dirty.txt", "x")
    removed(alone, BRANCH, "--force")
    other = alone.path.parent / "elsewhere" / work.path.name
    alone.git("worktree", "add", "-q", "-b", "other", str(other))
    restored(alone, BRANCH)
    assert work.status() == "?? dirty.txt\n" and alone.at(other).status() == ""
    assert len(alone.worktrees()) == 3
    removed(alone, BRANCH, "--force")
    restored(alone, BRANCH)
    assert work.status() == "?? dirty.txt\n"


def test_what_stands_there_now_is_not_written_over(alone: Clone, work: Clone) -> None:
    removed(alone, BRANCH)
    work.path.mkdir()
    found = document(worktree(alone, "restore", BRANCH, "--json"))
    assert [one["code"] for one in found["blockers"]] == ["restore-occupied"]
    work.path.rmdir()
    restored(alone, BRANCH)


def test_files_that_were_deleted_from_the_trash_are_missed(alone: Clone, work: Clone) -> None:
    found = removed(alone, BRANCH)
    shutil.rmtree(work.path.parent / ".holdfast-trash")
    told = document(worktree(alone, "restore", BRANCH, "--json"))
    assert [one["code"] for one in told["blockers"]] == ["trash-damaged"]
    assert "git worktree add" in told["blockers"][0]["remedy"]
    assert document(sound(alone.holdfast("trash", "empty", "--json")))["deleted"] == [found["trash"]]


def test_it_says_what_happened_meanwhile(alone: Clone, work: Clone) -> None:
    removed(alone, BRANCH)
    time.sleep(1.1)
    for _ in range(2):
        alone.git("commit", "-q", "--allow-empty", "-m", "More")
    assert "main has 2 commits more than when it was removed" in restored(alone, BRANCH)["notes"]


def test_what_was_removed_last_comes_back_first(alone: Clone) -> None:
    ids = []
    for text in ("one", "two"):
        path = Path(alone.claimed(1)["worktree"])
        (path / text).write_text(text)
        ids.append(removed(alone, 1, "--force")["trash"])
        time.sleep(1.1)
    restored(alone, 1)
    assert (path / "two").exists() and [one["id"] for one in waiting(alone)] == ids[:1]


# Clean


def test_clean_takes_what_is_free_clean_and_merged_and_nothing_else(alone: Clone, agent: Agent) -> None:
    trees = {plan: alone.at(alone.claimed(plan)["worktree"]) for plan in (1, 3, 4)}
    for plan, tree in trees.items():
        tree.write(f"{plan}.txt", "x\n")
        tree.git("add", "-A")
        tree.git("commit", "-qm", f"Work on {plan}")
    extra = {}
    for name in ("used", "dirty", "locked", "fresh"):
        extra[name] = alone.at(alone.path.parent / name)
        alone.git("worktree", "add", "-q", "-b", name, str(extra[name].path))
        if name != "fresh":
            extra[name].write(f"{name}.txt", "x\n")
            extra[name].git("add", "-A")
            extra[name].git("commit", "-qm", name)
    alone.git("merge", "-q", "--no-ff", "-m", "merge", "plan-1-first", "used", "dirty", "locked")
    alone.git("merge", "-q", "--squash", "plan-3-third")
    alone.git("commit", "-qm", "Third (#3)")
    agent(extra["used"].path)
    extra["dirty"].write("notes", "x")
    alone.git("worktree", "lock", str(extra["locked"].path))
    plan = document(sound(alone.holdfast("clean", "--dry-run", "--json")))
    assert len(alone.worktrees()) == 8
    done = document(sound(alone.holdfast("clean", "--json")))
    for found in (plan, done):
        assert sorted(one["branch"] for one in found["removals"]) == ["plan-1-first", "plan-3-third"]
        assert sorted(Path(one["path"]).name for one in found["kept"]) == ["dirty", "locked", "used"]
    assert {one["branch_outcome"] for one in done["removals"]} == {"deleted"}
    left = sorted(Path(path).name for path in alone.worktrees())
    assert left == sorted(["alone", "plan-4-fourth", "used", "dirty", "locked", "fresh"])
    assert sorted(alone.refs("refs/heads")) == [
        f"refs/heads/{name}" for name in sorted(["main", "used", "dirty", "locked", "fresh", "plan-4-fourth"])
    ]
    again = document(sound(alone.holdfast("clean", "--json")))
    assert again["removals"] == []


# Resume


def test_resume_finds_the_worktree_and_the_agents_own_command(alone: Clone, work: Clone, agent: Agent) -> None:
    begun(work, "abc-1", agent().pid, "--agent", "claude")
    session(work, "end", "--id", "abc-1")
    found = document(sound(alone.holdfast("resume", "1", "--json")))
    assert (found["result"], found["worktree"], found["command"]) == ("found", str(work.path), "claude --resume abc-1")
    removed(alone, 1)
    ran = sound(alone.holdfast("resume", "1"))
    assert ran.out == f"{work.path}\n" and "claude --resume abc-1" in ran.err and work.path.is_dir()
    alone.git("checkout", "-q", "--detach")
    refusal = sound(alone.holdfast("resume", "3"))
    assert refusal.code == 1 and "`holdfast start 3` takes it" in refusal.err


def test_resume_of_a_claim_without_a_worktree(alone: Clone) -> None:
    alone.claimed(1, "--no-worktree")
    ran = sound(alone.holdfast("resume", "1"))
    assert ran.code == 1 and "`holdfast start 1` makes one" in ran.err


# The list


def test_the_list_shows_everything(alone: Clone, work: Clone, agent: Agent) -> None:
    (common(alone) / "info" / "exclude").write_text("/.worktrees/\n.env\n")
    process = agent(work.path)
    begun(work, "s1", agent().pid, "--agent", "claude")
    work.write("work.txt", "more\n")
    work.write("notes", "x")
    work.write(".env", "x")
    work.git("bisect", "start")
    found = listed(alone)
    assert list(found) == [str(alone.path), str(work.path)] and found[str(alone.path)]["main"]
    one = found[str(work.path)]
    assert (one["branch"], one["occupancy"], one["dirty"], one["untracked"], one["ignored"]) == (
        BRANCH,
        "in-use",
        1,
        1,
        1,
    )
    assert one["operation"] == "a bisection" and one["locked"].startswith("holdfast: ")
    assert [who["pid"] for who in one["occupants"] if who["kind"] == "process"] == [process.pid]
    assert one["occupants"][1]["session"] == "s1" and one["occupants"][1]["since"]
    ran = worktree(alone, "list")
    assert "in-use" in ran.out and "1 changed, 1 untracked, 1 ignored" in ran.out and "session s1 (claude" in ran.out


def test_a_worktree_that_git_makes_at_this_moment(alone: Clone, tmp_path: Path) -> None:
    """Its `commondir` is there and empty for a moment, and `git worktree list` fails over it."""
    half = common(alone) / "worktrees" / "half"
    begin = f"mkdir -p {half} && echo {tmp_path}/half/.git >{half}/gitdir && : >{half}/commondir"
    begin += f" && cp {common(alone)}/HEAD {half}"
    end = f"(sleep 0.1; rm -rf {half}) >/dev/null 2>&1 &"
    script = f'case " $* " in *" worktree list "*) if mkdir {tmp_path}/once 2>/dev/null; then {begin}; {end} fi;; esac'
    assert sound(alone.holdfast("claims", env=git_that(tmp_path / "bin", script))).code == 0
    assert (tmp_path / "once").is_dir()


def test_the_list_of_a_bare_repository(alone: Clone) -> None:
    bare = alone.path.parent / "bare.git"
    alone.git("clone", "-q", "--bare", str(alone.path), str(bare))
    path = alone.path.parent / "tree"
    alone.at(bare).git("worktree", "add", "-q", "-b", "one", str(path))
    found = listed(alone.at(path))
    assert [one["main"] for one in found.values()] == [True, False]
    assert refused(alone.at(path), "one") == ["worktree-caller-inside"]


def test_dry_run_changes_nothing(alone: Clone, work: Clone) -> None:
    git_dir = registration(alone, work.path)
    before = state(work.path, git_dir)
    found = removed(alone, BRANCH, "--dry-run")
    assert found["branch_outcome"] is None and state(work.path, git_dir) == before and waiting(alone) == []
    removed(alone, BRANCH)
    restored(alone, BRANCH, "--dry-run")
    assert not work.path.exists()
    assert document(sound(alone.holdfast("trash", "empty", "--dry-run", "--json")))["deleted"]
    assert len(waiting(alone)) == 1


def test_each_change_is_in_the_journal(alone: Clone, work: Clone) -> None:
    removed(alone, BRANCH)
    restored(alone, BRANCH)
    removed(alone, BRANCH)
    sound(alone.holdfast("trash", "empty"))
    events = [name for name in alone.journal() if name.startswith(("worktree", "trash"))]
    assert events == ["worktree-removed", "worktree-restored", "worktree-removed", "trash-emptied"]


def test_this_machine_is_known() -> None:
    """What decides whether a process can be looked up: without it every session would count by its heartbeat alone."""
    here = host.machine()
    assert here.host and here.reads(here)
