"""SIGKILL at each step of `worktree remove` and `restore`: afterwards the list tells the truth, and nothing is lost."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from claiming import Clone
from killing import chosen, killed_at, steps
from removing import BRANCH, common, listed, registration, removed, restored, state, waiting, worktree

SAMPLE = 6


def dirt(alone: Clone, work: Clone) -> None:
    """What makes every step of a removal necessary."""
    (common(alone) / "info" / "exclude").write_text("/.worktrees/\n.env\n")
    work.git("commit", "-q", "--allow-empty", "-m", "Lost")
    work.git("reset", "-q", "--hard", "HEAD~1")
    work.write(".env", "secret\n")
    work.write("staged.txt", "staged\n")
    work.git("add", "staged.txt")
    work.write("staged.txt", "changed\n")
    work.write("notes", "mine\n")


def whole(alone: Clone, work: Clone, git_dir: Path, before: dict[str, object]) -> None:
    """The worktree is where it was, as it was, and nothing of a removal is left."""
    assert str(work.path) in listed(alone)
    assert state(work.path, git_dir) == before
    assert work.try_git("fsck", "--no-dangling").code == 0
    assert waiting(alone) == [] and alone.refs("refs/holdfast/trash") == {} and alone.intents() == []
    assert not (work.path.parent / ".holdfast-trash").exists()
    assert list((common(alone) / "holdfast" / "trash").glob("*")) == []


def test_every_step_of_a_removal(alone: Clone, work: Clone, tmp_path: Path) -> None:
    dirt(alone, work)
    git_dir = registration(alone, work.path)
    before = state(work.path, git_dir)
    removed(alone, BRANCH, "--force")
    restored(alone, BRANCH)
    removed(alone, BRANCH, "--force", env=killed_at(tmp_path / "count", 0, ""))  # what is remembered is remembered now
    restored(alone, BRANCH)
    undone = completed = 0
    for step, when in chosen(len(steps(tmp_path / "count")), "remove", SAMPLE):
        env = killed_at(tmp_path / f"{step}-{when}", step, when)
        ran = alone.run(sys.executable, "-m", "holdfast", "worktree", "remove", BRANCH, "--force", env=env)
        if ran.code == 0:
            completed += 1  # fewer steps than the first time
        else:
            assert ran.code == -signal.SIGKILL, ran
        alone.git("worktree", "prune")  # somebody tidies up before Holdfast looks
        there = str(work.path) in listed(alone)
        assert alone.intents() == []
        if there:
            undone += 1
        else:
            (one,) = waiting(alone)
            assert one["branch"] == BRANCH and not work.path.exists() and not git_dir.exists()
            alone.git("gc", "-q", "--prune=now")
            restored(alone, BRANCH)
        whole(alone, work, git_dir, before)
    assert completed < 3 and undone


def test_every_step_of_a_restoration(alone: Clone, work: Clone, tmp_path: Path) -> None:
    dirt(alone, work)
    git_dir = registration(alone, work.path)
    before = state(work.path, git_dir)
    removed(alone, BRANCH, "--force")
    alone.git("branch", "-D", BRANCH)
    restored(alone, BRANCH, env=killed_at(tmp_path / "count", 0, ""))
    done = 0
    for step, when in chosen(len(steps(tmp_path / "count")), "restore", SAMPLE):
        removed(alone, BRANCH, "--force")
        alone.git("branch", "-D", BRANCH)
        env = killed_at(tmp_path / f"{step}-{when}", step, when)
        ran = alone.run(sys.executable, "-m", "holdfast", "worktree", "restore", BRANCH, env=env)
        assert ran.code in (0, -signal.SIGKILL), ran
        if str(work.path) in listed(alone):
            done += 1
        else:
            assert worktree(alone, "restore", BRANCH).code == 0
        assert alone.id_of(BRANCH)
        assert work.git("symbolic-ref", "--short", "HEAD").strip() == BRANCH
        whole(alone, work, git_dir, before)
    assert done


def killed_when_all_is_back(alone: Clone, folder: Path) -> None:
    """A restoration that was killed when folder and registration were where they belong."""
    removed(alone, BRANCH)
    restored(alone, BRANCH, env=killed_at(folder / "count", 0, ""))
    removed(alone, BRANCH)
    renames = [at for at, step in enumerate(steps(folder / "count"), 1) if step.startswith("rename ")]
    env = killed_at(folder / "kill", renames[-1], "after")
    ran = alone.run(sys.executable, "-m", "holdfast", "worktree", "restore", BRANCH, env=env)
    assert ran.code == -signal.SIGKILL


def test_what_its_owner_did_after_a_killed_restoration_stands(alone: Clone, work: Clone, tmp_path: Path) -> None:
    killed_when_all_is_back(alone, tmp_path)
    work.git("commit", "-q", "--allow-empty", "-m", "Went on")
    head = work.id_of("HEAD")
    assert str(work.path) in listed(alone) and waiting(alone) == []
    assert work.git("symbolic-ref", "--short", "HEAD").strip() == BRANCH
    assert alone.id_of(BRANCH) == head and work.status() == ""
    assert alone.refs("refs/holdfast/trash") == {}


def test_a_worktree_that_was_ended_after_a_killed_restoration_is_over(
    alone: Clone, work: Clone, tmp_path: Path
) -> None:
    killed_when_all_is_back(alone, tmp_path)
    alone.git("worktree", "remove", "-f", "-f", str(work.path))
    alone.git("branch", "-f", BRANCH, "main")
    assert list(listed(alone)) == [str(alone.path)] and waiting(alone) == []
    assert alone.holdfast("clean").code == 0
    assert alone.id_of(BRANCH) == alone.id_of("main")


def test_every_step_of_emptying_the_trash(alone: Clone, work: Clone, tmp_path: Path) -> None:
    dirt(alone, work)
    removed(alone, BRANCH, "--force")
    assert alone.holdfast("trash", "empty", env=killed_at(tmp_path / "count", 0, "")).code == 0
    for step, when in chosen(len(steps(tmp_path / "count")), "empty", SAMPLE):
        alone.git("worktree", "add", "-q", str(work.path), BRANCH)
        removed(alone, BRANCH)
        env = killed_at(tmp_path / f"{step}-{when}", step, when)
        ran = alone.run(sys.executable, "-m", "holdfast", "trash", "empty", env=env)
        assert ran.code in (0, -signal.SIGKILL), ran
        assert alone.holdfast("trash", "empty").code == 0
        assert waiting(alone) == [] and alone.refs("refs/holdfast/trash") == {}
        assert not (work.path.parent / ".holdfast-trash").exists()
        assert list((common(alone) / "holdfast" / "trash").glob("*")) == []


def test_killed_between_the_two_renames(alone: Clone, work: Clone, tmp_path: Path) -> None:
    """The folder is in the trash and git still knows of it: nobody's `git worktree prune` may end what git keeps of it."""
    dirt(alone, work)
    git_dir = registration(alone, work.path)
    before = state(work.path, git_dir)
    removed(alone, BRANCH, "--force")
    restored(alone, BRANCH)
    removed(alone, BRANCH, "--force", env=killed_at(tmp_path / "count", 0, ""))
    restored(alone, BRANCH)
    renames = [at for at, step in enumerate(steps(tmp_path / "count"), 1) if step.startswith("rename ")]
    assert len(renames) == 2
    env = killed_at(tmp_path / "kill", renames[0], "after")
    ran = alone.run(sys.executable, "-m", "holdfast", "worktree", "remove", BRANCH, "--force", env=env)
    assert ran.code == -signal.SIGKILL and not work.path.exists() and git_dir.exists()
    alone.git("worktree", "prune")
    assert alone.try_git("worktree", "remove", "--force", str(work.path)).code != 0
    whole(alone, work, git_dir, before)
    assert "worktree-removal-undone" in alone.journal()
