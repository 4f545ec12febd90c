"""Sealed throw-away repositories: a fresh home, a fixed identity, commits made by plumbing."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

HOOKS_OF_A_COMMIT = (
    "pre-commit",
    "prepare-commit-msg",
    "commit-msg",
    "post-commit",
    "post-index-change",
    "reference-transaction",
)
"""Every hook that a plain `git commit` may start."""

_CONFIGURATION = """\
[user]
	name = Bench
	email = bench@example.invalid
[init]
	defaultBranch = main
	templateDir =
[gc]
	auto = 0
[commit]
	gpgSign = false
"""


class SetUpError(Exception):
    """A repository could not be set up; the text says which step failed and why."""


@dataclass(frozen=True, slots=True)
class Home:
    """The folder in which one run of the benchmarks lives, and the environment that knows no other."""

    folder: str
    environment: Mapping[str, str]

    def place(self, name: str) -> str:
        """The path that a repository of that name has."""
        return os.path.join(self.folder, name)


def seal(folder: str, programs: Iterable[str]) -> Home:
    """Make `folder` a home of its own; `programs` are folders that come first on its PATH."""
    home = os.path.join(folder, "home")
    os.makedirs(home)
    with open(os.path.join(home, ".gitconfig"), "w", encoding="utf-8") as file:
        file.write(_CONFIGURATION)
    environment = {
        "HOME": home,
        "PATH": os.pathsep.join([*programs, os.environ.get("PATH", os.defpath)]),
        "LANG": "C.UTF-8",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_EDITOR": "false",
    }
    return Home(folder, environment)


def run(home: Home, folder: str, *command: str, stdin: bytes | None = None) -> str:
    """What a set-up command prints; `SetUpError` when it fails."""
    done = subprocess.run(
        command, cwd=folder, env=dict(home.environment), input=stdin, capture_output=True, check=False
    )
    if done.returncode != 0:
        said = (done.stderr or done.stdout).decode(errors="replace").strip().splitlines() or ["nothing printed"]
        raise SetUpError(
            f"`{' '.join(map(os.path.basename, command[:3]))}` ended with {done.returncode}: {said[-1][:200]}"
        )
    return done.stdout.decode(errors="replace")


def make(home: Home, name: str, files: Mapping[str, bytes]) -> str:
    """A repository with one commit that holds `files`, checked out; its path."""
    folder = home.place(name)
    os.makedirs(folder)
    run(home, folder, "git", "init", "--quiet")
    run(home, folder, "git", "fast-import", "--quiet", stdin=_stream(files))
    run(home, folder, "git", "reset", "--quiet", "--hard")
    return folder


def commit_all(home: Home, folder: str, message: str) -> None:
    """Commit whatever is in the working tree, if there is anything."""
    run(home, folder, "git", "add", "--all")
    if run(home, folder, "git", "status", "--porcelain"):
        run(home, folder, "git", "commit", "--quiet", "-m", message)


def linked(home: Home, folder: str) -> str:
    """The path of a new linked worktree of a repository, on a branch of its own."""
    path = folder + "-linked"
    run(home, folder, "git", "worktree", "add", "--quiet", "--no-track", "-b", "linked", path)
    return path


def hooks_folder(home: Home, folder: str) -> str:
    """Where git looks for the hooks of a repository."""
    path = run(home, folder, "git", "rev-parse", "--git-path", "hooks").rstrip("\n")
    return os.path.join(folder, path)


def commit_hooks(home: Home, folder: str) -> tuple[str, ...]:
    """The hooks of a repository that run on a plain commit."""
    hooks = hooks_folder(home, folder)
    return tuple(name for name in HOOKS_OF_A_COMMIT if os.access(os.path.join(hooks, name), os.X_OK))


def write_no_op_hooks(home: Home, folder: str, names: Iterable[str]) -> None:
    """Give a repository POSIX shell hooks that do nothing."""
    hooks = hooks_folder(home, folder)
    os.makedirs(hooks, exist_ok=True)
    for name in names:
        path = os.path.join(hooks, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write("#!/bin/sh\nexit 0\n")
        os.chmod(path, 0o755)


def change(home: Home, folder: str, path: str, content: bytes) -> None:
    """Write one file and stage it."""
    target = os.path.join(folder, path)
    os.makedirs(os.path.dirname(target), exist_ok=True)
    with open(target, "wb") as file:
        file.write(content)
    run(home, folder, "git", "add", "--", path)


def _stream(files: Mapping[str, bytes]) -> bytes:
    """A `git fast-import` stream with one commit on main."""
    parts = [b"commit refs/heads/main\ncommitter Bench <bench@example.invalid> 1700000000 +0000\ndata 5\nBegin\n"]
    for path, content in files.items():
        parts.append(b"M 100644 inline %s\ndata %d\n%s\n" % (_quoted(path), len(content), content))
    return b"".join(parts)


def _quoted(path: str) -> bytes:
    return b'"' + path.encode().replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'
