"""SIGKILL at each step of `finish`: after one `finish --resume` the work is merged or it is not, and nothing is lost.

The steps are those that the process itself takes, counted: each change of the disk, each program, each call to a forge.
"""

from __future__ import annotations

import shutil
import signal
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from claiming import Clone, Team
from conftest import Ran
from finishing import BRANCH, adopted, completed, ended, finish, tree_of, unfinished, worked
from forges import Fake
from hosting import KINDS, VARIABLES
from killing import PROVE, chosen, killed_at, steps

SAMPLE = 3
WORLDS = ("alone", "shared", *KINDS)


class World(NamedTuple):
    """One repository, made anew for each kill, and its forge, if it has one."""

    ada: Clone
    forge: Fake | None
    tip: str
    main: str

    @property
    def remote(self) -> bool:
        return self.ada.try_git("remote", "get-url", "origin").code == 0

    def main_there(self) -> str:
        if not self.remote:
            return self.ada.id_of("main")
        return self.ada.git("ls-remote", "origin", "refs/heads/main").split("\t")[0]


class Maker:
    """Makes a world once, and copies of it: the same bytes under the same path for each kill."""

    def __init__(
        self, kind: str, root: Path, env: dict[str, str], forge: Fake | None, team: Team, alone: Clone
    ) -> None:
        self.kind, self.root, self.forge = kind, root, forge
        self.ada = alone if kind == "alone" else team.clone("ada")
        if forge is not None:
            self.ada.env |= {VARIABLES[kind]: forge.token or ""}
        adopted(self.ada, forge.toml if forge is not None else "main_branch = 'main'\n")
        if forge is not None:
            assert self.ada.holdfast("approve", "forge.url", "--yes").code == 0
        work = worked(self.ada)
        completed(work)
        self.kept = [self.ada.path] + ([team.remote.path] if kind != "alone" else [])
        for path in self.kept:
            shutil.copytree(path, path.with_name(path.name + "-kept"), symlinks=True)

    def fresh(self) -> World:
        for path in self.kept:
            shutil.rmtree(path)
            shutil.copytree(path.with_name(path.name + "-kept"), path, symlinks=True)
        self.ada.write("README.md", "# A project, edited\n")
        self.ada.write("notes.txt", "mine\n")
        if self.forge is not None:
            self.forge.requests.clear()
            self.forge.checks.clear()
            self.forge.request(BRANCH, "main", title="First")
        return World(self.ada, self.forge, self.ada.id_of(BRANCH), self.ada.id_of("main"))


@pytest.fixture(params=WORLDS)
def maker(request: pytest.FixtureRequest, tmp_path: Path, env: dict[str, str], team: Team, alone: Clone) -> object:
    if request.param not in KINDS:
        yield Maker(request.param, tmp_path, env, None, team, alone)
        return
    with Fake(request.param, team.remote.path) as forge:
        yield Maker(request.param, tmp_path, env, forge, team, alone)


def killed(world: World, folder: Path, step: int, when: str) -> Ran:
    env = killed_at(folder, step, when) | ({"KILL_HTTP": "1"} if world.forge is not None else {})
    return world.ada.run(sys.executable, "-m", "holdfast", "finish", "1", env=env)


def check(world: World) -> bool:
    """The state is one of the two allowed ones; true for merged."""
    ada = world.ada
    assert unfinished(ada) == []
    assert not list((ada.path / ".worktrees").glob(".verify*"))
    assert ada.git("for-each-ref", f"--contains={world.tip}"), "no ref holds the work"
    assert ada.read("README.md") == "# A project, edited\n" and ada.read("notes.txt") == "mine\n"
    merged = world.main_there() != world.main
    if merged:
        assert ada.show("work.txt", "origin/main" if world.remote else "main") == "work\n"
        assert ada.id_of("main") == world.main_there()
        assert ada.worktrees() == [str(ada.path)] and BRANCH not in ada.git("branch", "-a")
        assert ada.read("work.txt") == "work\n"
    else:
        work = tree_of(ada)
        assert ada.id_of(BRANCH) == world.tip and work.read("work.txt") == "work\n" and work.status() == ""
        assert not (ada.path / "work.txt").exists()
        if world.remote:
            assert ada.git("ls-remote", "origin", f"refs/heads/{BRANCH}").startswith(world.tip)
    if world.forge is not None:
        assert world.forge.requests[1].state == ("merged" if merged else "open")
    assert sorted(ada.status().splitlines()) == [" M README.md", "?? notes.txt"]
    return merged


def test_every_step(maker: Maker, tmp_path: Path) -> None:
    world = maker.fresh()
    assert killed(world, tmp_path / "warm", 0, "").code == 0
    world = maker.fresh()
    assert killed(world, tmp_path / "count", 0, "").code == 0
    assert check(world)
    count = len(steps(tmp_path / "count"))
    assert count > 20
    either = set()
    for step, when in chosen(count, maker.kind, SAMPLE):
        world = maker.fresh()
        ran = killed(world, tmp_path / f"{step}-{when}", step, when)
        assert ran.code in (0, -signal.SIGKILL), ran
        done = ended(world.ada, "--resume")
        print(step, when, steps(tmp_path / f"{step}-{when}"), done)  # what the test was about when it fails
        assert done["exit"] == 0
        merged = check(world)
        either.add(merged)
        last = ended(world.ada, 1)
        assert (last["exit"], last["result"]) == (0, "already-merged" if merged else "merged"), (step, when, last)
        assert check(world)
    assert either == {True, False} or not PROVE


@pytest.mark.parametrize("maker", KINDS, indirect=True)
def test_a_forge_that_is_gone_from_every_call_on(maker: Maker) -> None:
    """The connection is cut at a call, carried out or not, and at each one after it: then the truth is found out."""
    world = maker.fresh()
    forge = maker.forge
    assert forge is not None
    before = len(forge.log)
    assert finish(world.ada, 1).code == 0
    either = set()
    for call, when in chosen(len(forge.log) - before, f"cut {maker.kind}", 2):
        world = maker.fresh()
        forge.gone_from = (len(forge.log) + call, when == "after")
        ran = finish(world.ada, 1)
        forge.gone_from = None
        assert ended(world.ada, "--resume")["exit"] == 0
        print(call, when, forge.log[-1].path, ran)  # what the test was about when it fails
        either.add(check(world))
        assert finish(world.ada, 1).code == 0 and check(world)
    assert either == {True, False} or not PROVE


@pytest.mark.parametrize("maker", ["alone", "shared"], indirect=True)
def test_a_commit_right_after_reverts_nothing(maker: Maker, tmp_path: Path) -> None:
    """Killed between the files and the branch: a commit of everything would take the merge over, and never take it back."""
    world = maker.fresh()
    killed(world, tmp_path / "warm", 0, "")
    world = maker.fresh()
    killed(world, tmp_path / "count", 0, "")
    found = steps(tmp_path / "count")
    moved = [at for at, one in enumerate(found, 1) if "read-tree" in one]
    assert moved, found
    staged = 0
    # The last `read-tree` moves the files; what follows moves the branch.
    for step, when in [(moved[-1], "after"), (moved[-1] + 1, "before"), (moved[-1] + 1, "after")]:
        for flags in ((), ("--no-verify",)):
            world = maker.fresh()
            assert killed(world, tmp_path / f"{step}-{when}-{len(flags)}", step, when).code == -signal.SIGKILL
            before = world.ada.id_of("main")
            ran = world.ada.try_git("commit", "-qam", "User", *flags)
            staged += "finish-staged" in ran.err
            if ran.code == 0:
                gone = world.ada.git("diff", "--name-only", "--diff-filter=D", before, "main").split()
                assert gone == [] and world.ada.read("README.md") == world.ada.show("README.md", "main")
                assert world.ada.show("README.md", "main") == "# A project, edited\n"
                if world.ada.try_git("cat-file", "-e", f"{before}:work.txt").code == 0:
                    assert world.ada.show("work.txt", "main") == "work\n"
            assert finish(world.ada, "--resume").code == 0
            assert "work.txt" not in world.ada.status()  # neither left staged nor staged to be taken back
            assert world.ada.git("for-each-ref", f"--contains={world.tip}")
            assert world.ada.read("README.md") == "# A project, edited\n"
            assert finish(world.ada, 1).code in (0, 1)
    assert staged, "the gate never refused"
