"""SIGKILL at each step of `start` and `unclaim`: what is left is a full claim, or nothing that stands in anybody's way.

`git` is a script that counts: at its k-th call it kills the whole process group of Holdfast, before or after git has done
its work. By default some of the steps are tried; HYPOTHESIS_PROFILE=prove tries all.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from claiming import GIT, PLANS, Clone, Team, codes, executable, old_claim, stream
from conftest import Ran, Repo, plan_text, sealed

PROVE = os.environ.get("HYPOTHESIS_PROFILE") == "prove"
LAST = 30
"""No command takes so many steps: those beyond its last are not killed, and must be done."""

# In a session of its own git outlives the group: what is killed is Holdfast, and git is run or not, as asked.
_KILLER = """#!/bin/sh
case " $* " in *"$WORD"*) ;; *) exec {git} "$@";; esac
printf x >>"$COUNT"
[ "$(wc -c <"$COUNT")" -ge "$AT" ] && mkdir "$COUNT.killed" 2>/dev/null || exec {git} "$@"
[ "$WHEN" = before ] && {{ kill -9 -"$VICTIM"; exit 1; }}
[ "$WHEN" = orphan ] && {{ kill -9 -"$VICTIM"; sleep "$LATE"; exec {git} "$@"; }}
{git} "$@"
kill -9 -"$VICTIM"
"""


class Scene(NamedTuple):
    """A world, what is run and killed in it, the plan that is wanted, and the tip of a stale claim on it."""

    team: Team | None
    clone: Clone
    command: tuple[str, ...]
    plan: int = 1
    stale: str = ""


def _shared(team: Team, clone: Clone) -> Scene:
    return Scene(team, clone, ("start", "1"))


def _without_worktree(team: Team, clone: Clone) -> Scene:
    return Scene(team, clone, ("start", "1", "--no-worktree"))


def _here(team: Team | None, clone: Clone) -> Scene:
    path = clone.path.parent / "agent"
    clone.git("worktree", "add", "-q", "-b", "agent", str(path))
    agent = clone.at(path)
    agent.write("new.txt", "new\n")
    return Scene(team, agent, ("start", "1", "--here"))


def _steal(team: Team, clone: Clone) -> Scene:
    return Scene(team, clone, ("start", "1", "--steal"), stale=team.old_claim(1, "first", work=True))


def _steal_here(team: Team | None, clone: Clone) -> Scene:
    old_claim(clone, 1, "first", work=True)
    (clone.path / ".git/logs/refs/heads/plan-1-first").unlink()
    return Scene(team, clone, ("start", "1", "--steal"))


def _offline(team: Team, clone: Clone) -> Scene:
    return Scene(team, clone, ("start", "1", "--offline"))


def _new_plan(team: Team | None, clone: Clone) -> Scene:
    clone.write("docs/plans/05_fifth.md", plan_text(5, "Fifth"))
    return Scene(team, clone, ("start", "5"), 5)


def _alone(team: Team | None, clone: Clone) -> Scene:
    return Scene(team, clone, ("start", "1"))


def _merged(team: Team, clone: Clone) -> Scene:
    tip = old_claim(clone, 1, "first", work=True, fence=False)
    clone.git("push", "-q", "origin", "plan-1-first", f"{tip}:refs/heads/main")
    clone.git("fetch", "-q")
    return Scene(team, clone, ("start", "1"))


def _unclaim(team: Team | None, clone: Clone) -> Scene:
    clone.claimed(1)
    return Scene(team, clone, ("unclaim", "1"))


def _abandon(team: Team | None, clone: Clone) -> Scene:
    work = clone.at(clone.claimed(1)["worktree"])
    work.write("one.txt", "one\n")
    work.git("add", "-A")
    work.git("commit", "-qm", "One")
    return Scene(team, clone, ("unclaim", "1", "--abandon"))


def _worktree_again(team: Team | None, clone: Clone) -> Scene:
    shutil.rmtree(clone.claimed(1, "--owner", "one")["worktree"])
    return Scene(team, clone, ("start", "1", "--owner", "one"))


SHARED: dict[str, Callable[..., Scene]] = {
    "start": _shared, "no worktree": _without_worktree, "here": _here, "steal": _steal, "offline": _offline,
    "new plan": _new_plan, "merged": _merged, "unclaim": _unclaim, "abandon": _abandon,
    "worktree again": _worktree_again,
}  # fmt: skip
ELSEWHERE = {name: scene for name, scene in SHARED.items() if scene is not _worktree_again}
"""A folder that is gone is nobody's business elsewhere."""
ALONE: dict[str, Callable[..., Scene]] = {
    "start": _alone, "here": _here, "steal": _steal_here, "new plan": _new_plan, "unclaim": _unclaim, "abandon": _abandon,
    "worktree again": _worktree_again,
}  # fmt: skip


def _world(folder: Path, shared: bool) -> None:
    env = _environment(folder)
    root = Repo(folder, env)
    if shared:
        root.git("init", "-q", "--bare", "-b", "main", "remote.git")
        Repo(folder / "remote.git", env).git("fast-import", "--quiet", input=stream(PLANS).decode())
        for name in ("clone", "other"):
            root.git("clone", "-q", "remote.git", name)
            Repo(folder / name, env).git("remote", "set-url", "origin", "../remote.git")
    else:
        root.git("init", "-q", "-b", "main", "clone")
        clone = Repo(folder / "clone", env)
        clone.git("fast-import", "--quiet", input=stream(PLANS).decode())
        clone.git("reset", "-q", "--hard")


def _environment(folder: Path) -> dict[str, str]:
    env = sealed(folder / "home")
    del env["GIT_AUTHOR_DATE"], env["GIT_COMMITTER_DATE"]
    return env


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Callable[[bool], Path]:
    made: dict[bool, Path] = {}

    def of(shared: bool) -> Path:
        if shared not in made:
            made[shared] = tmp_path_factory.mktemp("template")
            _world(made[shared], shared)
        return made[shared]

    return of


Make = Callable[[str, bool], Scene]


@pytest.fixture
def make(tmp_path: Path, template: Callable[[bool], Path]) -> Make:
    def of(name: str, shared: bool) -> Scene:
        root = tmp_path / "world"
        shutil.copytree(template(shared), root, symlinks=True)
        env = _environment(root)
        env["HOME"] = str(root / "home")
        team = Team(root, env) if shared else None
        return (SHARED if shared else ALONE)[name](team, Clone(root / "clone", env))

    return of


def _run(scene: Scene, env: dict[str, str], delay: float | None = None) -> Ran:
    """The command in a process group of its own, which may be killed from inside, or after a while."""
    line = 'export VICTIM=$$; exec "$@"'
    process = subprocess.Popen(
        ("sh", "-c", line, "sh", sys.executable, "-m", "holdfast", *scene.command), cwd=scene.clone.path,
        env={**scene.clone.env, **env}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip
    if delay is not None:
        time.sleep(delay)
        os.killpg(process.pid, signal.SIGKILL)
    try:
        out, err = process.communicate(timeout=60)
    except subprocess.TimeoutExpired:  # an orphan keeps a pipe open
        os.killpg(process.pid, signal.SIGKILL)
        raise
    return Ran(process.returncode, out, err)


def _kill(scene: Scene, folder: Path, at: int, when: str, word: str = "", late: float = 0.0) -> Ran:
    executable(folder / "bin" / "git", _KILLER.format(git=GIT))
    env = {
        "PATH": f"{folder / 'bin'}:{scene.clone.env['PATH']}", "COUNT": str(folder / "count"), "AT": str(at), "WHEN": when,
        "WORD": word, "LATE": str(late),
    }  # fmt: skip
    ran = _run(scene, env)
    assert ran.code in (0, -signal.SIGKILL), ran
    return ran


# What must hold afterwards


def _invariants(scene: Scene, clones: list[Clone]) -> None:
    for clone in clones:
        _sound(clone, scene)
    if scene.team is not None:
        remote = scene.team.remote
        refs = remote.refs("refs/heads/plan-*", "refs/holdfast/plans")
        branches = [name for name in refs if name.startswith("refs/heads/")]
        fence = refs.get(f"refs/holdfast/plans/{scene.plan}")
        assert len(branches) <= 1
        assert bool(branches) == (fence is not None), refs
        if branches:
            assert remote.try_git("merge-base", "--is-ancestor", str(fence), branches[0]).code == 0
        assert remote.git("fsck", "--no-dangling", "--no-progress") == ""
        winners = [one for one in clones if branches and refs[branches[0]] in one.refs("refs/heads").values()]
        assert len(winners) <= 1


def _sound(clone: Clone, scene: Scene) -> None:
    common = Path(clone.git("rev-parse", "--path-format=absolute", "--git-common-dir").strip())
    folder = common / "holdfast" / "intents"
    assert not folder.is_dir() or os.listdir(folder) == []
    left = [name for _, _, names in os.walk(common) for name in names if name.endswith((".lock", "-new"))]
    assert [name for name in left if name != "journal.lock"] == []
    assert not [name for name in os.listdir(common) if name.startswith("holdfast-")]
    ran = clone.try_git("fsck", "--no-dangling", "--no-progress")
    assert (ran.code, ran.out) == (0, ""), ran
    main = clone.at(common.parent)
    assert [line for line in main.status().splitlines() if "05_fifth.md" not in line] == []
    heads = clone.refs("refs/heads")
    registered = sorted(os.listdir(common / "worktrees")) if (common / "worktrees").is_dir() else []
    for name in registered:
        assert (common / "worktrees" / name / "gitdir").exists(), name
        assert not (common / "worktrees" / name / "locked").exists(), name
    for path in main.worktrees():
        assert clone.at(path).try_git("status", "--porcelain").code == 0
        branch = clone.at(path).try_git("symbolic-ref", "-q", "HEAD").out.strip()
        assert not branch or branch in heads
    stray = [path for path in (common.parent / ".worktrees").glob("*") if str(path) not in main.worktrees()]
    assert stray == []


def _full(scene: Scene, found: dict[str, object]) -> bool:
    """True for a claim that lacks nothing: its branch, its worktree if one is wanted, and both on the remote."""
    clone = scene.clone
    heads = [name for name in clone.refs("refs/heads") if name.startswith(f"refs/heads/plan-{scene.plan}-")]
    if len(heads) != 1 or codes(found) not in (["claimed"], ["not-stale"]):
        return False
    (claim,) = [one for one in clone.claims() if one["plan"] == scene.plan]
    wanted = "--no-worktree" not in scene.command and scene.command[0] == "start"
    if wanted and (claim["worktree"] is None or not Path(claim["worktree"]).is_dir()):
        return False
    if scene.team is None or "--offline" in scene.command:
        return True
    there = scene.team.remote.refs(*heads)
    return list(there) == heads and clone.try_git("merge-base", "--is-ancestor", there[heads[0]], heads[0]).code == 0


def _again(scene: Scene) -> tuple[str, ...]:
    return scene.command[1:] if scene.command[0] == "start" else ("1",)


def _then_here(scene: Scene) -> None:
    """The next start in the same clone succeeds, or names a claim that lacks nothing."""
    found = scene.clone.started(*_again(scene))
    assert found["exit"] in (0, 1), found
    assert found["exit"] == 0 or _full(scene, found), found
    clones = [scene.clone]
    if scene.team is not None:
        clones.append(Clone(scene.team.root / "other", scene.clone.env))
    _invariants(scene, clones)
    if "--offline" in scene.command:
        assert scene.clone.holdfast("claims", "--fetch").code == 0
        assert scene.team is not None
        assert scene.team.remote.refs("refs/heads/plan-*"), "an offline claim is published at the next contact"


def _then_there(scene: Scene) -> None:
    """The next start is in another clone: it succeeds at once, or after the first clone had a chance to clear up."""
    assert scene.team is not None
    other = Clone(scene.team.root / "other", scene.clone.env)
    steal = ("--steal",) if "--steal" in scene.command else ()
    if scene.plan == 5:
        other.write("docs/plans/05_fifth.md", plan_text(5, "Fifth"))
    found = other.started(scene.plan, *steal)
    assert found["exit"] in (0, 1), found
    assert scene.clone.holdfast("claims", "--fetch").code == 0
    if found["exit"] == 0:
        (tip,) = set(scene.team.remote.refs("refs/heads/plan-*").values())
        assert tip == other.id_of(found["branch"]), "who was told to have won has it"
    else:
        found = other.started(scene.plan, *steal)
        # Where the other clone met the stolen branch, it saw it move when that was taken back: it takes that for work.
        there = set(scene.team.remote.refs("refs/heads/plan-*").values())
        stolen = "--steal" in scene.command and codes(found) == ["not-stale"] and there == {scene.stale}
        assert found["exit"] == 0 or stolen or (codes(found) in (["claimed"], ["not-stale"]) and _held_by(scene)), found
    _invariants(scene._replace(team=scene.team), [scene.clone, other])


def _held_by(scene: Scene) -> bool:
    """True when the killed worker's clone has the claim, branch and worktree, as the remote has it."""
    assert scene.team is not None
    there = scene.team.remote.refs("refs/heads/plan-*")
    return bool(there) and all(
        scene.clone.try_git("merge-base", "--is-ancestor", oid, name).code == 0 for name, oid in there.items()
    )


# Each step


def _steps(names: dict[str, Callable[..., Scene]], offset: int, stride: int) -> Iterator[tuple[str, int, str]]:
    for number, name in enumerate(names):
        for at in range(1, LAST):
            for side, when in enumerate(("before", "after")):
                if PROVE or (2 * at + side + 5 * number + offset) % stride == 0:
                    yield name, at, when


@pytest.mark.parametrize(("name", "at", "when"), list(_steps(SHARED, 0, 23)))
def test_killed_with_a_remote_and_started_again_here(make: Make, tmp_path: Path, name: str, at: int, when: str) -> None:
    scene = make(name, True)
    _kill(scene, tmp_path, at, when)
    _then_here(scene)


@pytest.mark.parametrize(("name", "at", "when"), list(_steps(ELSEWHERE, 7, 29)))
def test_killed_with_a_remote_and_started_elsewhere(make: Make, tmp_path: Path, name: str, at: int, when: str) -> None:
    scene = make(name, True)
    _kill(scene, tmp_path, at, when)
    _then_there(scene)


@pytest.mark.parametrize(("name", "at", "when"), list(_steps(ALONE, 3, 19)))
def test_killed_without_a_remote(make: Make, tmp_path: Path, name: str, at: int, when: str) -> None:
    scene = make(name, False)
    _kill(scene, tmp_path, at, when)
    _then_here(scene)


# Between the steps


@pytest.mark.parametrize("serial", range(40 if PROVE else 4))
@pytest.mark.parametrize("shared", [True, False])
def test_killed_at_any_moment(make: Make, tmp_path: Path, shared: bool, serial: int) -> None:
    """What git itself leaves locked when it is killed is git's own; a person removes it, as git says."""
    chance = random.Random(f"{serial} {shared}")
    elsewhere = shared and serial % 2 == 1
    name = chance.choice(list(ELSEWHERE if elsewhere else SHARED if shared else ALONE))
    scene = make(name, shared)
    _run(scene, {}, chance.uniform(0.05, 0.5))
    time.sleep(0.3)  # a push that was under way ends by itself
    for path in [path for path in scene.clone.path.parent.rglob("*.lock") if path.name != "journal.lock"]:
        path.unlink()
    (_then_there if elsewhere else _then_here)(scene)


def test_killed_while_git_checks_out(make: Make) -> None:
    scene = make("start", True)
    clone = scene.clone
    clone.write(".gitattributes", "README.md filter=deadly\n")
    clone.git("add", "-A")
    clone.git("commit", "-qm", "Attributes")
    clone.git("push", "-q", "origin", "main")
    clone.git("config", "filter.deadly.smudge", '[ -z "$VICTIM" ] || kill -9 -$VICTIM; cat')
    assert _run(scene, {}).code == -signal.SIGKILL
    assert [one for one in clone.worktrees() if ".worktrees" in one], "git had begun"
    found = clone.claimed(1)
    assert found["worktree"] == str(clone.path / ".worktrees/plan-1-first")
    _invariants(scene, [clone])


@pytest.mark.parametrize("step", ["symbolic-ref", "reset"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_inside_git_worktree_add(make: Make, tmp_path: Path, step: str, when: str) -> None:
    """git makes a worktree in steps of its own: it is on no branch at first."""
    scene = make("start", True)
    real = Path(scene.clone.git("--exec-path").strip())
    programs = tmp_path / "exec"
    programs.mkdir()
    for one in real.iterdir():
        if one.name != "git":
            (programs / one.name).symlink_to(one)
    kill = 'kill -9 -"$VICTIM"'
    body = kill if when == "before" else f'{GIT} "$@"; {kill}'
    executable(programs / "git", f'#!/bin/sh\ncase "$1" in {step}) {body};; esac\nexec {GIT} "$@"\n')
    assert _run(scene, {"GIT_EXEC_PATH": str(programs)}).code == -signal.SIGKILL
    assert len(scene.clone.worktrees()) == 2, "git had begun"
    found = scene.clone.claimed(1)
    assert found["worktree"] == str(scene.clone.path / ".worktrees/plan-1-first")
    _invariants(scene, [scene.clone])


@pytest.mark.parametrize(
    "written", [("locked",), ("locked", "gitdir"), ("locked", "gitdir", "pointer"), ("locked", "HEAD.lock")]
)
def test_killed_before_git_wrote_the_head_of_a_worktree(make: Make, tmp_path: Path, written: tuple[str, ...]) -> None:
    """git lists such a worktree nowhere and never prunes it."""
    scene = make("start", True)
    path = scene.clone.path / ".worktrees/plan-1-first"
    registered = scene.clone.path / ".git/worktrees/plan-1-first"
    _kill(scene, tmp_path, 1, "before", "worktree add")
    registered.mkdir(parents=True)
    path.mkdir(parents=True)
    for name in written:
        content = {
            "locked": "initializing\n",
            "gitdir": f"{path}/.git\n",
            "HEAD.lock": "",
            "pointer": f"gitdir: {registered}\n",
        }
        (path / ".git" if name == "pointer" else registered / name).write_text(content[name])
    assert not registered.joinpath("HEAD").exists()
    (path / "own.txt").write_text("Somebody's.\n")
    found = scene.clone.claimed(1)
    assert found["worktree"] == f"{path}-2", "what somebody left there is not touched"
    assert os.listdir(path) == ["own.txt"]
    shutil.rmtree(path)
    _invariants(scene, [scene.clone])


def test_killed_in_the_set_up(make: Make) -> None:
    """The claim is whole by then: whoever comes next is told so."""
    scene = make("start", True)
    scene.clone.write("holdfast.toml", '[worktree]\nsetup = "kill -9 -$VICTIM"\n')
    scene.clone.git("add", "-A")
    scene.clone.git("commit", "-qm", "Configure")
    assert scene.clone.holdfast("approve", "worktree.setup", "--yes").code == 0
    assert _run(scene, {}).code == -signal.SIGKILL
    found = scene.clone.started(1)
    assert codes(found) == ["claimed"]
    assert _full(scene, found)
    _invariants(scene, [scene.clone])
    assert scene.clone.journal() == ["approve", "claim-begun", "claim"]


# Pushes that outlive their worker


def test_a_push_that_lands_after_its_worker_was_killed(make: Make, tmp_path: Path) -> None:
    """It lands after the next command has cleared up: the one after that takes it back."""
    scene = make("no worktree", True)
    _kill(scene, tmp_path, 1, "orphan", " push ", late=2.0)
    assert scene.clone.holdfast("claims", "--fetch").code == 0
    assert scene.team is not None
    remote = scene.team.remote
    assert remote.refs("refs/heads/plan-1-*") == {}
    for _ in range(100):
        if remote.refs("refs/heads/plan-1-*"):
            break
        time.sleep(0.1)
    assert remote.refs("refs/heads/plan-1-*"), "it has landed"
    assert scene.clone.claimed(1)["published"]
    late = scene.clone.path / ".git/holdfast/late"
    assert os.listdir(late) == []
    _invariants(scene._replace(team=None), [scene.clone])


def test_a_push_that_lands_between_the_look_and_the_push_of_the_next(make: Make, tmp_path: Path) -> None:
    """The next worker loses the race to nobody: it finds that out, takes it back and wins."""
    scene = make("no worktree", True)
    _kill(scene, tmp_path, 1, "before", " push ")
    assert scene.team is not None
    killed = next((scene.clone.path / ".git/holdfast/intents").iterdir())
    fields = dict(line.split("\t") for line in killed.read_text().splitlines())
    tip = fields["tip"]
    mark = tmp_path / "landed"
    land = f"{GIT} push -q origin {tip}:refs/heads/plan-1-first {tip}:refs/holdfast/plans/1"
    executable(
        tmp_path / "bin" / "git",
        f'#!/bin/sh\ncase " $* " in *" push "*) mkdir {mark} 2>/dev/null && (cd {scene.clone.path}; {land});; esac\n'
        f'exec {GIT} "$@"\n',
    )
    found = scene.clone.started(1, "--no-worktree", env={"PATH": f"{tmp_path / 'bin'}:{scene.clone.env['PATH']}"})
    assert mark.exists()
    assert (found["exit"], found["result"]) == (0, "claimed"), found
    assert found["commit"] != tip
    assert scene.team.remote.id_of("refs/heads/plan-1-first") == found["commit"]
    assert scene.team.remote.id_of("refs/holdfast/plans/1") == found["commit"]


def test_what_might_land_late_is_forgotten_after_an_hour(make: Make, tmp_path: Path) -> None:
    scene = make("no worktree", True)
    _kill(scene, tmp_path, 1, "before", " push ")
    late = scene.clone.path / ".git/holdfast/late"
    for hours, left in ((0, 1), (0.9, 1), (1.1, 0)):
        for path in late.glob("*"):
            moment = time.time() - hours * 3600
            os.utime(path, (moment, moment))
        assert scene.clone.holdfast("claims", "--fetch").code == 0
        assert len(os.listdir(late)) == left


def test_an_unclaim_that_was_killed_at_its_end_takes_nothing_from_who_came_after(make: Make, tmp_path: Path) -> None:
    scene = make("unclaim", True)
    assert scene.team is not None
    other = Clone(scene.team.root / "other", scene.clone.env)
    trace = tmp_path / "count"
    _kill(scene, tmp_path, LAST * 10, "before")  # counts only: nothing is killed
    steps = len(trace.read_text())
    scene.clone.claimed(1)
    trace.unlink()
    _kill(scene, tmp_path, steps - 1, "after")
    assert scene.team.remote.refs("refs/heads/plan-*") == {}
    assert scene.clone.at(scene.clone.path).intents() != []
    theirs = other.claimed(1)
    assert scene.clone.holdfast("claims", "--fetch").code == 0
    assert scene.team.remote.id_of("refs/heads/plan-1-first") == theirs["commit"]
    assert scene.team.remote.id_of("refs/holdfast/plans/1") == theirs["commit"]
    assert scene.clone.intents() == []
