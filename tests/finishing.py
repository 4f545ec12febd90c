"""Work to merge: a clone with a claim on plan 1 whose branch is pushed, and what `finish` says of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from claiming import Clone, Team, as_in, document, lone, remote_of, sound, undated
from conftest import Ran, copied

BRANCH = "plan-1-first"
EVIDENCE = ("--evidence", "make test: 212 passed")
CONFIGURED = "main_branch = 'main'\n"


def adopted(clone: Clone, config: str = CONFIGURED) -> None:
    """A plan index, its merge driver and hooks, in a repository that says so in its configuration."""
    clone.write("holdfast.toml", config)
    ran = clone.holdfast("init", "--yes")
    assert ran.code == 0, ran
    clone.git("add", "-A")
    clone.git("commit", "-qm", "Adopt Holdfast")
    if clone.try_git("remote", "get-url", "origin").code == 0:
        clone.git("push", "-q", "origin", "main")


def worked(clone: Clone, plan: int = 1, name: str = "work.txt", text: str = "work\n", push: bool = True) -> Clone:
    """The worktree of a new claim with a commit of work, pushed where there is a remote."""
    made = clone.at(clone.claimed(plan)["worktree"])
    made.write(name, text)
    made.git("add", "-A")
    made.git("commit", "-qm", "Work on it")
    if push and clone.try_git("remote", "get-url", "origin").code == 0:
        made.git("push", "-q", "origin", "HEAD")
    return made


@pytest.fixture(scope="session")
def own_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `own` is a copy of."""
    folder = tmp_path_factory.mktemp("own")
    made = lone(folder, undated(folder / "home"))
    adopted(made)
    worked(made)
    return made.path


@pytest.fixture
def own(own_once: Path, tmp_path: Path, env: dict[str, str]) -> Clone:
    """A repository without a remote that has adopted Holdfast, with work on plan 1."""
    return Clone(copied(own_once, tmp_path / "alone", env), env)


@pytest.fixture(scope="session")
def shared_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `shared` and its remote are copies of."""
    folder = tmp_path_factory.mktemp("shared")
    made = remote_of(folder, undated(folder / "home")).clone("ada")
    adopted(made)
    worked(made)
    return folder


@pytest.fixture
def shared(shared_once: Path, team: Team) -> Clone:
    """A clone of a remote, with work on plan 1 that is pushed."""
    return as_in(shared_once, team)


def tree_of(clone: Clone, plan: int = 1) -> Clone:
    """The worktree of the claim of a plan."""
    found = [Path(path) for path in clone.worktrees() if Path(path).name.startswith(f"plan-{plan}-")]
    return clone.at(found[0])


def finish(clone: Clone, *args: object, **more: Any) -> Ran:
    return sound(clone.holdfast("finish", *map(str, args), **more))


def ended(clone: Clone, *args: object, **more: Any) -> dict[str, Any]:
    """What `finish --json` says, valid against its schema; `exit` is the exit code."""
    return document(finish(clone, *args, "--json", **more))


def merged(clone: Clone, *args: object, **more: Any) -> dict[str, Any]:
    """A merge that must succeed."""
    found = ended(clone, *args, **more)
    assert (found["exit"], found["result"]) == (0, "merged"), found
    return found


def state(clone: Clone) -> dict[str, Any]:
    """Everything that a refused merge must leave as it was: refs here and on the remote, worktrees, files, git's index."""
    seen = ("refs/remotes/", "refs/holdfast/seen/")  # what the remote has is looked at anew, and that is all
    refs = {name: oid for name, oid in clone.refs().items() if not name.startswith(seen)}
    found: dict[str, Any] = {"refs": refs, "worktrees": sorted(clone.worktrees()), "intents": unfinished(clone)}
    for path in clone.worktrees():
        if Path(path).is_dir():
            found[path] = clone.at(path).status()
    if clone.try_git("remote", "get-url", "origin").code == 0:
        found["remote"] = clone.git("ls-remote", "origin")
    return found


def refused(clone: Clone, *args: object, **more: Any) -> list[str]:
    """The codes of what refuses a merge; nothing may have changed."""
    before = state(clone)
    found = ended(clone, *args, **more)
    assert (found["exit"], found["result"]) == (1, "refused"), found
    assert state(clone) == before
    return [one["code"] for one in found["blockers"]]


def unfinished(clone: Clone) -> list[str]:
    """What is written down of merges that are under way or were cut off."""
    folder = common(clone) / "holdfast" / "finishing"
    return sorted(one.name for one in folder.iterdir()) if folder.is_dir() else []


def common(clone: Clone) -> Path:
    return Path(clone.git("rev-parse", "--path-format=absolute", "--git-common-dir").strip())


def plan_of(clone: Clone, number: int = 1, rev: str = "main") -> str:
    names = clone.git("ls-tree", "--name-only", rev, "docs/plans/").split()
    (name,) = [one for one in names if Path(one).name.startswith(f"{number:02d}_")]
    return clone.show(name, rev)


def row(clone: Clone, number: int, rev: str = "main") -> str:
    """The line of the plan index about a plan."""
    lines = clone.show("docs/plans/README.md", rev).splitlines()
    (found,) = [line for line in lines if line.startswith(f"| {number} ")]
    return found


def completed(clone: Clone, number: int = 1) -> None:
    """Complete the plan on its own branch, as people do it."""
    ran = clone.holdfast("plan", "set", str(number), "--status", "complete", "--evidence", "seen by Ada")
    assert ran.code == 0, ran
    assert clone.commit("Complete it").code == 0
    if clone.try_git("remote", "get-url", "origin").code == 0:
        clone.git("push", "-q", "origin", "HEAD")


def on_main(clone: Clone, files: dict[str, str], message: str = "Go on", *flags: str) -> None:
    """Let the main branch gain a commit, on the remote too where there is one."""
    for name, text in files.items():
        clone.write(name, text)
    assert clone.commit(message, *flags).code == 0
    if clone.try_git("remote", "get-url", "origin").code == 0:
        clone.git("push", "-q", "origin", "main")
