"""Worktrees to remove: what is in them, who is inside, and whether everything of it is still there."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
from pathlib import Path
from typing import Any

import pytest

from claiming import Clone, document, lone, sound, undated
from conftest import Ran, copied


@pytest.fixture(scope="session")
def work_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the repository of `work` is a copy of."""
    folder = tmp_path_factory.mktemp("work")
    clone = lone(folder, undated(folder / "home"))
    made = clone.at(clone.claimed(1)["worktree"])
    made.write("work.txt", "work\n")
    made.git("add", "-A")
    made.git("commit", "-qm", "Work")
    return clone.path


@pytest.fixture
def work(work_once: Path, alone: Clone) -> Clone:
    """The worktree of a claim on plan 1, with a commit that is not merged."""
    shutil.rmtree(alone.path)
    copied(work_once, alone.path, alone.env)
    return alone.at(alone.path / ".worktrees" / BRANCH)


BRANCH = "plan-1-first"


def worktree(clone: Clone, *args: object, **more: Any) -> Ran:
    return sound(clone.holdfast("worktree", *map(str, args), **more))


def removed(clone: Clone, *args: object, **more: Any) -> dict[str, Any]:
    """A removal that must succeed."""
    found = document(worktree(clone, "remove", *args, "--json", **more))
    assert (found["exit"], found["result"]) == (0, "removed"), found
    return found


def refused(clone: Clone, *args: object, **more: Any) -> list[str]:
    """The codes of what refuses a removal; everything of the worktree must be as it was."""
    found = document(worktree(clone, "remove", *args, "--json", **more))
    assert (found["exit"], found["result"]) == (1, "refused"), found
    return [one["code"] for one in found["blockers"]]


def restored(clone: Clone, *args: object, **more: Any) -> dict[str, Any]:
    found = document(worktree(clone, "restore", *args, "--json", **more))
    assert (found["exit"], found["result"]) == (0, "restored"), found
    return found


def listed(clone: Clone) -> dict[str, dict[str, Any]]:
    """What `worktree list` says, by path."""
    found = document(worktree(clone, "list", "--json"))
    assert found["exit"] == 0
    return {one["path"]: one for one in found["worktrees"]}


def waiting(clone: Clone) -> list[dict[str, Any]]:
    return list(document(sound(clone.holdfast("trash", "list", "--json")))["waiting"])


def common(clone: Clone) -> Path:
    return Path(clone.git("rev-parse", "--path-format=absolute", "--git-common-dir").strip())


def registration(clone: Clone, path: Path) -> Path:
    """The folder in which git keeps what it knows of a worktree, found by hand."""
    for folder in (common(clone) / "worktrees").iterdir():
        if Path((folder / "gitdir").read_text().strip()) == path / ".git":
            return folder
    raise AssertionError(path)


def state(path: Path, git_dir: Path) -> dict[str, Any]:
    """Everything of a worktree: each file and its mode, and what git keeps of it, byte for byte but for its clock."""
    found: dict[str, Any] = {}
    for top, name in ((path, "files"), (git_dir, "git")):
        for at, folders, files in os.walk(top):
            for one in (*folders, *files):
                where = Path(at) / one
                mode = stat.S_IMODE(where.lstat().st_mode)
                if where.is_symlink():
                    found[f"{name}/{where.relative_to(top)}"] = os.readlink(where)
                elif where.is_file():
                    digest = hashlib.sha256(where.read_bytes()).hexdigest()
                    found[f"{name}/{where.relative_to(top)}"] = (mode, digest)
                else:
                    found[f"{name}/{where.relative_to(top)}"] = mode
    return found
