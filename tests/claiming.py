"""Clones of one remote, or one repository alone, with plans: where tests take plans and give them back."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import stat
import sys
import time
import zlib
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from conftest import Ran, Repo, copied, plan_text, sealed
from holdfast.adapters import host

GIT = shutil.which("git") or "git"
HOST = host.name()
SCHEMAS = Path(__file__).parent.parent / "src" / "holdfast" / "schemas"
HOUR = 3600

_serial = itertools.count()


class Clone(Repo):
    """A clone in which somebody works; `start` and `unclaim` are whole processes."""

    def start(self, *args: object, **more: Any) -> Ran:
        return sound(self.holdfast("start", *map(str, args), **more))

    def unclaim(self, *args: object, **more: Any) -> Ran:
        return sound(self.holdfast("unclaim", *map(str, args), **more))

    def started(self, *args: object, **more: Any) -> dict[str, Any]:
        """What `start --json` says, after its schema was held against it; `exit` is the exit code."""
        return document(self.start(*args, "--json", **more))

    def claimed(self, *args: object, **more: Any) -> dict[str, Any]:
        """A start that must succeed."""
        found = self.started(*args, **more)
        assert (found["exit"], found["result"]) == (0, "claimed"), found
        return found

    def unclaimed(self, *args: object, **more: Any) -> dict[str, Any]:
        return document(self.unclaim(*args, "--json", **more))

    def claims(self, *args: str) -> list[dict[str, Any]]:
        return list(document(sound(self.holdfast("claims", "--json", *args)))["claims"])

    def refs(self, *prefixes: str) -> dict[str, str]:
        """The ids of refs by name."""
        out = self.git("for-each-ref", "--format=%(refname) %(objectname)", *prefixes)
        return dict(line.split(" ") for line in out.splitlines())

    def id_of(self, revision: str) -> str:
        return self.git("rev-parse", "--verify", revision).strip()

    def trailers(self, commit: str) -> dict[str, str]:
        out = self.git("log", "-1", "--format=%(trailers:only,unfold)", commit)
        return dict(line.split(": ", 1) for line in out.splitlines() if line)

    def at(self, path: Path | str) -> Clone:
        """The same repository, standing somewhere else."""
        return Clone(Path(path), self.env)

    def journal(self) -> list[str]:
        """The names of the events, oldest first."""
        path = self.path / ".git" / "holdfast" / "journal.jsonl"
        return [json.loads(line)["event"] for line in path.read_text().splitlines()] if path.exists() else []

    def intents(self) -> list[str]:
        folder = self.path / ".git" / "holdfast" / "intents"
        return sorted(os.listdir(folder)) if folder.is_dir() else []

    def worktrees(self) -> list[str]:
        lines = self.git("worktree", "list", "--porcelain").splitlines()
        return [line.removeprefix("worktree ") for line in lines if line.startswith("worktree ")]


class Team:
    """A bare remote and clones of it (`remote` is None for a repository alone)."""

    def __init__(self, root: Path, env: dict[str, str]) -> None:
        self.root, self.env = root, env
        self.remote = Clone(root / "remote.git", env)

    def clone(self, name: str, url: str | None = None) -> Clone:
        made = Clone(self.root / name, dict(self.env))
        Repo(self.root, self.env).git("clone", "-q", url or str(self.remote.path), str(made.path))
        return made

    def hook(self, name: str, text: str) -> None:
        """A hook of the remote."""
        executable(self.remote.path / "hooks" / name, text)

    def on_main(self, files: dict[str, str], message: str = "Go on") -> str:
        """Let the remote's main branch gain a commit; no clone knows of it yet."""
        work = Clone(self.root / f"work-{next(_serial)}", self.env)
        Repo(self.root, self.env).git("clone", "-q", str(self.remote.path), str(work.path))
        for name, text in files.items():
            work.write(name, text)
        work.git("add", "-A")
        work.git("commit", "-qm", message)
        work.git("push", "-q", "origin", "main")
        return work.id_of("HEAD")

    def old_claim(
        self, number: int, slug: str, owner: str = "Bob", hours: float = 100, trailers: str | None = None, **more: Any
    ) -> str:
        """A claim that somebody made on another machine, so many hours ago; gives its commit."""
        return old_claim(self.remote, number, slug, owner, hours, trailers, **more)


def old_claim(
    repo: Clone, number: int, slug: str, owner: str = "Bob", hours: float = 100, trailers: str | None = None,
    work: bool = False, fence: bool = True,
) -> str:  # fmt: skip
    stamp = f"{int(time.time() - hours * HOUR)} +0000"
    env = {"GIT_COMMITTER_DATE": stamp, "GIT_AUTHOR_DATE": stamp, "GIT_COMMITTER_NAME": owner, "GIT_AUTHOR_NAME": owner}
    branch = f"plan-{number}-{slug}"
    claim_id = f"{number:08x}{zlib.crc32(f'{slug} {owner}'.encode('utf-8', 'surrogateescape')):08x}"
    text = trailers if trailers is not None else (
        f"Claimed-By: {owner}\nClaim-Host: elsewhere\nClaim-Id: {claim_id}\nClaim-Plan: {number}\nClaim-Branch: {branch}\n"
    )  # fmt: skip
    message = f"Claim plan #{number}\n\n{text}"
    commit = repo.git("commit-tree", "-p", "main", "main^{tree}", input=message, env=env).strip()
    tip = commit
    if work:
        blob = repo.git("hash-object", "-w", "--stdin", input=f"work of {owner}\n").strip()
        lines = repo.git("ls-tree", "main") + f"100644 blob {blob}\twork-{number}.txt\n"
        tree = repo.git("mktree", input=lines).strip()
        tip = repo.git("commit-tree", "-p", commit, tree, input="Work\n", env=env).strip()
    repo.git("update-ref", f"refs/heads/{branch}", tip)
    if fence:
        repo.git("update-ref", f"refs/holdfast/plans/{number}", commit)
    return tip


def sound(ran: Ran) -> Ran:
    """What every command keeps: a documented exit code, and no traceback."""
    assert ran.code in (0, 1, 2, 4, 5), ran
    assert "Traceback" not in ran.out + ran.err, ran
    return ran


def document(ran: Ran) -> dict[str, Any]:
    """The JSON that was printed, valid against its schema."""
    found: dict[str, Any] = json.loads(ran.out)
    name = found["schema"].removeprefix("holdfast.").partition("/")[0]
    jsonschema.validate(found, json.loads((SCHEMAS / f"{name}.json").read_text()))
    found["exit"] = ran.code
    return found


def codes(found: dict[str, Any]) -> list[str]:
    """The codes of the blockers."""
    assert "blockers" in found, found
    return [one["code"] for one in found["blockers"]]


def executable(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def git_that(folder: Path, script: str) -> dict[str, str]:
    """An environment in which `git` runs a shell script first; `$*` are its words."""
    executable(folder / "git", f'#!/bin/sh\n{script}\nexec {GIT} "$@"\n')
    return {"PATH": f"{folder}:{os.environ['PATH']}"}


def before(folder: Path, word: str, command: str) -> dict[str, str]:
    """An environment in which something else happens once, just before the first git call with that word in it."""
    mark = folder / "happened"
    lines = f'case " $* " in *" {word} "*) if mkdir {mark} 2>/dev/null; then {command}; fi;; esac'
    return git_that(folder, lines)


def holdfast_words(*args: object) -> str:
    return " ".join([sys.executable, "-m", "holdfast", *map(str, args)])


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


PLANS = {
    "docs/plans/01_first.md": plan_text(1, "First"),
    "docs/plans/02_second.md": plan_text(2, "Second", blocked_by="#1"),
    "docs/plans/03_third.md": plan_text(3, "Third"),
    "docs/plans/04_fourth.md": plan_text(4, "Fourth").replace("Medium", "High"),
    "README.md": "# A project\n",
}


def stream(files: dict[str, str]) -> bytes:
    parts = [b"commit refs/heads/main\ncommitter Ada <ada@example.org> 1767322800 +0000\ndata 5\nBegin\n"]
    for name, text in files.items():
        content = text.encode()
        parts.append(b"M 100644 inline %s\ndata %d\n%s\n" % (name.encode(), len(content), content))
    return b"".join(parts)


def undated(home: Path) -> dict[str, str]:
    """A sealed home in which the clock goes as it goes."""
    found = sealed(home)
    for key in ("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"):
        del found[key]
    return found


def remote_of(root: Path, env: dict[str, str]) -> Team:
    """A bare remote with the plans, and no clone of it yet."""
    made = Team(root, env)
    Repo(root, env).git("init", "-q", "--bare", "-b", "main", str(made.remote.path))
    made.remote.git("fast-import", "--quiet", input=stream(PLANS).decode())
    return made


def as_in(source: Path, team: Team, name: str = "ada") -> Clone:
    """Make a remote and one clone of it what they are in another folder; the clone."""
    for path in (team.remote.path, team.root / name):
        shutil.rmtree(path, ignore_errors=True)
    copied(source, team.root, team.env)
    return Clone(team.root / name, dict(team.env))


def lone(root: Path, env: dict[str, str]) -> Clone:
    """The plans in a repository without a remote."""
    made = Clone(root / "alone", env)
    made.path.mkdir()
    made.git("init", "-q", "-b", "main")
    made.git("fast-import", "--quiet", input=stream(PLANS).decode())
    made.git("reset", "-q", "--hard")
    return made


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return undated(tmp_path / "home")


@pytest.fixture
def team(tmp_path: Path, env: dict[str, str]) -> Team:
    """A remote with four plans: #2 waits for #1, #4 is more urgent than the others."""
    return remote_of(tmp_path, env)


@pytest.fixture
def ada(team: Team) -> Clone:
    return team.clone("ada")


@pytest.fixture
def bob(team: Team) -> Clone:
    made = team.clone("bob")
    made.env |= {"GIT_AUTHOR_NAME": "Bob", "GIT_COMMITTER_NAME": "Bob"}
    return made


@pytest.fixture
def alone(tmp_path: Path, env: dict[str, str]) -> Clone:
    """The same plans in a repository without a remote."""
    return lone(tmp_path, env)
