"""Where a token comes from: real programs on PATH, a real credential helper of git, and nobody who is asked."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import sealed
from forges import GITEA, GITHUB, GITLAB
from holdfast.adapters.forge import tokens
from holdfast.adapters.forge.tokens import Token, token_for
from holdfast.adapters.git import Git

Find = Callable[..., "Token | None"]


class Machine:
    """A home with programs of its own on PATH, and git's configuration."""

    def __init__(self, top: Path) -> None:
        self.bin, self.top = top / "bin", top
        self.bin.mkdir()
        self.env = sealed(top / "home")
        self.env["PATH"] = f"{self.bin}:{os.environ['PATH']}"

    def program(self, name: str, script: str) -> None:
        path = self.bin / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def helper(self, script: str) -> None:
        """A credential helper of git's."""
        self.program("git-credential-own", script)
        (self.top / "home" / ".gitconfig").write_text("[credential]\n\thelper = own\n")

    def find(self, kind: str, host: str, **environment: str) -> Token | None:
        env = {**self.env, **environment}
        return token_for(kind, host, Git(str(self.top), env), env)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.mark.parametrize(
    ("kind", "host", "environment", "expected"),
    [
        (GITHUB, "github.com", {"GITHUB_TOKEN": "b", "GH_TOKEN": "a"}, ("a", "GH_TOKEN")),
        (GITHUB, "api.github.com", {"GITHUB_TOKEN": "b"}, ("b", "GITHUB_TOKEN")),
        (GITHUB, "octo.ghe.com", {"GITHUB_TOKEN": "b"}, ("b", "GITHUB_TOKEN")),
        (GITHUB, "github.com", {"GH_ENTERPRISE_TOKEN": "e"}, None),
        (GITHUB, "git.example.org", {"GH_TOKEN": "a", "GITHUB_ENTERPRISE_TOKEN": "f", "GH_ENTERPRISE_TOKEN": "e"},
         ("e", "GH_ENTERPRISE_TOKEN")),
        (GITHUB, "git.example.org", {"GITHUB_ENTERPRISE_TOKEN": "f"}, ("f", "GITHUB_ENTERPRISE_TOKEN")),
        (GITHUB, "git.example.org", {"GH_TOKEN": "a"}, None),
        (GITHUB, "git.example.org", {"GH_TOKEN": "a", "GH_HOST": "git.example.org"}, ("a", "GH_TOKEN")),
        (GITHUB, "git.example.org", {"GITHUB_TOKEN": "a", "GITHUB_SERVER_URL": "https://git.example.org"},
         ("a", "GITHUB_TOKEN")),
        (GITLAB, "gitlab.com", {"GITLAB_ACCESS_TOKEN": "b", "GITLAB_TOKEN": "a"}, ("a", "GITLAB_TOKEN")),
        (GITLAB, "gitlab.com", {"GH_TOKEN": "a"}, None),
        (GITEA, "codeberg.org", {"FORGEJO_TOKEN": "b"}, ("b", "FORGEJO_TOKEN")),
        (GITEA, "codeberg.org", {"GITEA_TOKEN": "a", "FORGEJO_TOKEN": "b"}, ("a", "GITEA_TOKEN")),
        (GITHUB, "github.com", {"GH_TOKEN": " ", "GITHUB_TOKEN": " b\n"}, ("b", "GITHUB_TOKEN")),
        (GITHUB, "github.com", {"GH_TOKEN": "two words"}, None),
        (GITHUB, "github.com", {}, None),
    ],
)  # fmt: skip
def test_the_environment(
    machine: Machine, kind: str, host: str, environment: dict[str, str], expected: tuple[str, str] | None
) -> None:
    machine.program("gh", "exit 1")
    machine.program("glab", "exit 1")
    assert machine.find(kind, host, **environment) == expected


def test_the_forges_own_programs_are_asked_for_the_host(machine: Machine) -> None:
    machine.program("gh", 'test "$*" = "auth token --hostname git.example.org" && echo gh-token')
    machine.program("glab", 'test "$*" = "config get token --host gitlab.com" && echo glab-token')
    assert machine.find(GITHUB, "git.example.org") == ("gh-token", "`gh auth token`")
    assert machine.find(GITLAB, "gitlab.com") == ("glab-token", "`glab config get`")
    assert machine.find(GITHUB, "github.com") is None


def test_a_token_of_the_environment_is_not_given_to_another_host_by_a_program(machine: Machine) -> None:
    machine.program("gh", 'echo "$GH_TOKEN"')
    assert machine.find(GITHUB, "git.example.org", GH_TOKEN="for-github-com") is None


def test_gits_credential_helper_is_asked_last(machine: Machine) -> None:
    machine.helper('test "$1" = get && cat >"$HOME/asked" && echo username=ada && echo password=from-git')
    assert machine.find(GITEA, "git.example.org:3000") == ("from-git", "`git credential fill`")
    asked = (machine.top / "home" / "asked").read_text().split()
    assert "protocol=https" in asked and "host=git.example.org:3000" in asked
    machine.program("gh", "echo gh-token")
    assert machine.find(GITHUB, "github.com") == ("gh-token", "`gh auth token`")


def test_nobody_is_asked(machine: Machine) -> None:
    """A helper that knows nothing makes git ask its user; here it must give up at once."""
    machine.helper("exit 0")
    machine.program("ask", 'touch "$HOME/somebody-was-asked"; echo secret')
    ask = str(machine.bin / "ask")
    assert machine.find(GITEA, "codeberg.org", SSH_ASKPASS=ask, GIT_ASKPASS=ask, DISPLAY=":0") is None
    assert not (machine.top / "home" / "somebody-was-asked").exists()


def test_a_program_that_hangs_is_ended_with_all_that_it_started(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens, "_SECONDS", 0.3)
    machine.program("gh", 'sleep 60 & echo $! >"$HOME/child"; wait')
    begun = time.monotonic()
    assert machine.find(GITHUB, "github.com") is None
    assert time.monotonic() - begun < 5
    child = int((machine.top / "home" / "child").read_text())
    for _ in range(100):
        status = Path(f"/proc/{child}/stat")
        if not status.exists() or status.read_text().split()[2] == "Z":
            break
        time.sleep(0.02)
    else:
        pytest.fail("its child lives on")


def test_a_daemon_that_stays_behind_keeps_nobody_waiting(machine: Machine) -> None:
    machine.program("gh", "sleep 3 & echo gh-token")
    begun = time.monotonic()
    assert machine.find(GITHUB, "github.com") == ("gh-token", "`gh auth token`")
    assert time.monotonic() - begun < 2


@pytest.mark.parametrize(
    "said", ["echo", "printf '\\377\\376'", "echo two words", "echo one; echo two", "exit 3", "kill $$"]
)
def test_what_is_no_token(machine: Machine, said: str) -> None:
    machine.program("gh", said)
    assert machine.find(GITHUB, "github.com") is None


def test_a_program_that_cannot_be_started(machine: Machine) -> None:
    (machine.bin / "gh").write_text("\x7fELF nonsense")
    (machine.bin / "gh").chmod(0o755)
    assert machine.find(GITHUB, "github.com") is None


def test_a_token_does_not_show_itself(machine: Machine) -> None:
    found = machine.find(GITHUB, "github.com", GH_TOKEN="very-secret")
    assert found is not None
    assert "very-secret" not in f"{found} {found!r} {[found]}"
