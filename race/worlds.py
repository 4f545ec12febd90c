"""Where a race is run: a remote with plans and clones of it, or one repository with linked worktrees."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

REMOTE = "remote.git"
USER = "Racer"
"""The user name of every worker: who won is not to be told by it."""

_CONFIGURATION = f"""\
[user]
	name = {USER}
	email = racer@example.invalid
[init]
	defaultBranch = main
	templateDir =
[gc]
	auto = 0
[receive]
	autogc = false
[commit]
	gpgSign = false
[worktree]
	guessRemote = false
"""
_PLAN = """\
# Plan #{number}: Race {number}

**Status:** 📋 Planned
**Priority:** Medium
**Blocked By:** None
**Blocks:** None

## Plan

Be the only one who starts it.
"""
# Like a server that a client reaches over ssh: a client that is killed does not take it along. A receive-pack that is
# killed leaves the locks of the remote's refs behind for good, which is no fault of the client. What it begins it also
# ends, so a file says that it is at work.
_APART = """\
import os, sys
os.setsid()
busy = os.path.join(sys.argv[-1], f"busy-{os.getpid()}")
open(busy, "w").close()
try:
    code = os.spawnvp(os.P_WAIT, "git", ["git", "receive-pack", *sys.argv[1:]])
finally:
    os.unlink(busy)
sys.exit(code)
"""


class SetUpError(Exception):
    """A world could not be made; the text says which step failed and why."""


@dataclass(frozen=True, slots=True)
class Home:
    """The folder in which one run lives, and the environment that knows no other."""

    folder: str
    environment: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class World:
    """One remote (`remote` is its folder, None without one), and the places in which workers stand.

    `places` are working trees; `common` has the common directory of each.
    """

    home: Home
    remote: str | None
    places: tuple[str, ...]
    common: Mapping[str, str]

    @property
    def clones(self) -> tuple[str, ...]:
        """The common directories, each once."""
        return tuple(dict.fromkeys(self.common[place] for place in self.places))


def seal(folder: str) -> Home:
    """Make `folder` a home of its own."""
    home = os.path.join(folder, "home")
    os.makedirs(home)
    _write(os.path.join(home, ".gitconfig"), _CONFIGURATION)
    _write(os.path.join(home, "receive_pack.py"), _APART)
    environment = {
        "HOME": home,
        "PATH": os.environ.get("PATH", os.defpath),
        "LC_ALL": "C.UTF-8",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_EDITOR": "false",
        "NO_COLOR": "1",
    }
    return Home(folder, environment)


def git(home: Home, folder: str, *arguments: str, stdin: bytes | None = None) -> str:
    """What `git ARGUMENTS` prints in a folder; `SetUpError` when it fails."""
    done = subprocess.run(
        ("git", *arguments), cwd=folder, env=dict(home.environment), input=stdin, capture_output=True, check=False
    )
    if done.returncode != 0:
        said = (done.stderr or done.stdout).decode(errors="replace").strip().splitlines() or ["nothing printed"]
        raise SetUpError(f"`git {' '.join(arguments[:2])}` ended with {done.returncode}: {said[-1][:200]}")
    return done.stdout.decode(errors="replace")


def with_remote(home: Home, name: str, plans: int, clones: int, base: str, apart: bool) -> World:
    """A bare remote with so many plans, and clones of it; `base` is the URL of the home's folder, or empty for paths.

    `apart` lets pushes to a path outlive a client that is killed, as they do on a server.
    """
    folder = os.path.join(home.folder, name)
    remote = os.path.join(folder, REMOTE)
    os.makedirs(folder)
    git(home, folder, "init", "--quiet", "--bare", remote)
    git(home, remote, "fast-import", "--quiet", stdin=_stream(plans))
    url = f"{base}/{name}/{REMOTE}" if base else remote
    places = tuple(os.path.join(folder, f"clone-{at}") for at in range(clones))
    for place in places:
        git(home, folder, "clone", "--quiet", url, place)
        if apart:
            program = (sys.executable, "-I", "-S", os.path.join(home.folder, "home", "receive_pack.py"))
            git(home, place, "config", "remote.origin.receivepack", shlex.join(program))
    return World(home, remote, places, {place: os.path.join(place, ".git") for place in places})


def alone(home: Home, name: str, plans: int, worktrees: int) -> World:
    """One repository without a remote and linked worktrees of it, each on a branch of its own."""
    main = os.path.join(home.folder, name, "main")
    os.makedirs(main)
    git(home, main, "init", "--quiet")
    git(home, main, "fast-import", "--quiet", stdin=_stream(plans))
    git(home, main, "reset", "--quiet", "--hard")
    places = tuple(os.path.join(home.folder, name, f"worktree-{at}") for at in range(worktrees))
    for place in places:
        git(home, main, "worktree", "add", "--quiet", "-b", os.path.basename(place), place)
    return World(home, None, places, dict.fromkeys(places, os.path.join(main, ".git")))


def move_main(world: World, followers: Iterable[str]) -> None:
    """Let the remote's main branch gain a commit; only the `followers` fetch it, the others stay behind."""
    if world.remote is None:
        return
    ahead = git(world.home, world.remote, "commit-tree", "-p", "main", "-m", "Go on", "main^{tree}").strip()
    git(world.home, world.remote, "update-ref", "refs/heads/main", ahead)
    for place in followers:
        git(world.home, place, "fetch", "--quiet", "origin", "+refs/heads/main:refs/remotes/origin/main")
        git(world.home, place, "update-ref", "--no-deref", "refs/heads/main", ahead)


def refs(home: Home, repository: str, *patterns: str) -> dict[str, str]:
    """The refs of a repository that match, with the commit of each."""
    lines = git(home, repository, "for-each-ref", "--format=%(refname) %(objectname)", *patterns).splitlines()
    return dict(line.split(" ", 1) for line in lines)


def trailers(home: Home, repository: str, commit: str) -> dict[str, str]:
    """The trailers of a commit's message; none where the commit does not exist."""
    try:
        text = git(home, repository, "log", "-1", "--format=%(trailers:only,unfold)", commit, "--")
    except SetUpError:
        return {}
    return {name: value.strip() for name, colon, value in (line.partition(":") for line in text.splitlines()) if colon}


def busy(world: World) -> bool:
    """True while a push that may have outlived its client is under way, over a path."""
    return world.remote is not None and any(name.startswith("busy-") for name in os.listdir(world.remote))


def files_below(folder: str) -> list[str]:
    """The files in a folder and in the folders of it, by their paths in it; none where it does not exist."""
    return sorted(os.path.relpath(os.path.join(at, name), folder) for at, _, names in os.walk(folder) for name in names)


def locks_of_git(common: str) -> list[str]:
    """The lock files that a git that was killed left in a repository."""
    found = []
    for at, folders, names in os.walk(common):
        folders[:] = [name for name in folders if name not in ("objects", "holdfast")]
        found += [os.path.join(at, name) for name in names if name.endswith(".lock")]
    return found


def _stream(plans: int) -> bytes:
    """A `git fast-import` stream with one commit on main."""
    parts = [b"commit refs/heads/main\ncommitter Racer <racer@example.invalid> 1700000000 +0000\ndata 5\nBegin\n"]
    for number in range(1, plans + 1):
        content = _PLAN.format(number=number).encode()
        parts.append(b"M 100644 inline docs/plans/%02d_race_%d.md\n" % (number, number))
        parts.append(b"data %d\n%s\n" % (len(content), content))
    return b"".join(parts)


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
