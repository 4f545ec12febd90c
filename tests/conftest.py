"""The sealed home: real git with no configuration but the test's own, fixed identity, fixed dates."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("default", deadline=None, max_examples=30, suppress_health_check=list(HealthCheck))
settings.register_profile("prove", deadline=None, max_examples=1000, suppress_health_check=list(HealthCheck))
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

pytest_plugins = ("proof", "claiming", "at_work", "removing", "finishing", "forges", "hosting")

CORPUS = Path(__file__).parent.parent.parent / "shared" / "corpus" / "plans"
"""A folder of real plans beside the checkout; tests that need it are skipped where it is absent."""

# A shell that runs the tests in the background lets them ignore Ctrl-C, and what they start would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def sealed(home: Path) -> dict[str, str]:
    """An environment in which git knows nothing but what a test tells it."""
    home.mkdir(parents=True, exist_ok=True)
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": str(home / ".gitconfig"),
        "GIT_AUTHOR_NAME": "Ada",
        "GIT_AUTHOR_EMAIL": "ada@example.org",
        "GIT_COMMITTER_NAME": "Ada",
        "GIT_COMMITTER_EMAIL": "ada@example.org",
        "GIT_AUTHOR_DATE": "2026-01-02T03:04:05Z",
        "GIT_COMMITTER_DATE": "2026-01-02T03:04:05Z",
        "GIT_EDITOR": "false",
        "GIT_TERMINAL_PROMPT": "0",
        "LC_ALL": "C.UTF-8",
        "NO_COLOR": "1",
    }


_COMPLAINT = re.compile(r"/hooks/[\w-]+: (?:line )?\d+: ")


class Ran:
    """A finished process: exit code, standard output, standard error."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    def __repr__(self) -> str:
        return f"exit {self.code}\n{self.out}\n{self.err}"


def bound() -> tuple[str, ...]:
    """What goes before a command whom permissions shall bind: root drops what overrides them, or the test is skipped."""
    if os.geteuid() != 0:
        return ()
    if shutil.which("setpriv") is None:
        pytest.skip("permissions do not bind root, and setpriv is not here")
    return ("setpriv", "--bounding-set", "-dac_override,-dac_read_search")


class Repo:
    """A repository in a sealed home, with the commands that a person would type."""

    def __init__(self, path: Path, env: dict[str, str]) -> None:
        self.path, self.env = path, env

    def run(
        self, *command: str, input: str | None = None, env: dict[str, str] | None = None, cwd: Path | None = None
    ) -> Ran:
        done = subprocess.run(
            command, cwd=cwd or self.path, env={**self.env, **(env or {})}, input=input, capture_output=True, text=True,
            encoding="utf-8", errors="surrogateescape", check=False,
        )  # fmt: skip
        # Every test holds this: no hook of ours makes the shell complain.
        assert not _COMPLAINT.search(done.stderr), done.stderr
        import proof  # a plugin: pytest wants to load it first

        proof.ended(done.returncode)
        return Ran(done.returncode, done.stdout, done.stderr)

    def git(self, *args: str, ok: bool = True, **more: Any) -> str:
        """`git ARGS`, which must succeed (`ok=None` does not look); gives its output."""
        ran = self.run("git", *args, **more)
        assert ran.code == 0 or not ok, f"git {args}: {ran}"
        return ran.out

    def try_git(self, *args: str, **more: Any) -> Ran:
        return self.run("git", *args, **more)

    def holdfast(self, *args: str, **more: Any) -> Ran:
        """`holdfast ARGS` as a process of its own."""
        return self.run(sys.executable, "-m", "holdfast", *args, **more)

    def json(self, *args: str) -> dict[str, Any]:
        ran = self.holdfast(*args, "--json")
        assert "Traceback" not in ran.err, ran
        document: dict[str, Any] = json.loads(ran.out)
        return document

    def write(self, name: str, text: str | bytes) -> Path:
        target = self.path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text if isinstance(text, bytes) else text.encode())
        return target

    def read(self, name: str) -> str:
        return (self.path / name).read_text()

    def show(self, name: str, rev: str = "HEAD") -> str:
        return self.git("show", f"{rev}:{name}")

    def commit(self, message: str = "change", *args: str) -> Ran:
        """Stage everything and commit it, hooks and all."""
        self.git("add", "-A")
        return self.try_git("commit", "-q", "-m", message, *args)

    def status(self) -> str:
        return self.git("status", "--porcelain", "--untracked-files=all")


def plan_text(number: int, title: str = "A plan", status: str = "📋 Planned", **fields: str) -> str:
    """A valid plan; more header fields by name (`blocked_by="#3"`), `body=` replaces what follows the header."""
    body = fields.pop("body", "## Plan\n\nDo it step by step.\n")
    header = "".join(f"**{key.replace('_', ' ').title()}:** {value}\n" for key, value in fields.items())
    return f"# Plan #{number}: {title}\n\n**Status:** {status}\n**Priority:** Medium\n{header}\n{body}"


def copied(source: Path, target: Path, env: dict[str, str]) -> Path:
    """A copy of a folder with repositories: what names the old place in it names the new one, and git knows the files."""
    shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True)
    old, new = bytes(source), bytes(target)
    for top, folders, files in os.walk(target):
        if "objects" in folders and "HEAD" in files:
            folders.remove("objects")
        for name in set(files) - {"index"}:
            path = Path(top, name)
            if not path.is_symlink() and old in (content := path.read_bytes()):
                path.write_bytes(content.replace(old, new))
    for path in target.rglob(".git"):
        # git takes a file with another inode for a changed one until it has looked.
        Repo(path.parent, env).git("update-index", "-q", "--refresh")
    return target


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """An empty repository on branch main."""
    path = tmp_path / "repo"
    path.mkdir()
    made = Repo(path, sealed(tmp_path / "home"))
    made.git("init", "-q", "-b", "main")
    return made


@pytest.fixture(scope="session")
def adopted_seed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `adopted` is a copy of: made once for each worker, because `init` is the slow part."""
    folder = tmp_path_factory.mktemp("adopted")
    made = Repo(folder / "repo", sealed(folder / "home"))
    made.write("docs/plans/01_first.md", plan_text(1, "First"))
    made.write("docs/plans/02_second.md", plan_text(2, "Second", blocked_by="#1"))
    made.write("README.md", "# A project\n")
    made.git("init", "-q", "-b", "main")
    ran = made.holdfast("init", "--yes")
    assert ran.code == 0, ran
    ran = made.commit("Adopt Holdfast")
    assert ran.code == 0, ran
    return made.path


@pytest.fixture
def adopted(adopted_seed: Path, tmp_path: Path) -> Repo:
    """A repository with two plans, adopted by `holdfast init`, and everything committed."""
    env = sealed(tmp_path / "home")
    return Repo(copied(adopted_seed, tmp_path / "repo", env), env)
