"""Where a token for a forge comes from: the environment, the forge's own command line, git's credential helpers."""

from __future__ import annotations

import contextlib
import os

from holdfast.adapters import spawn
from holdfast.adapters.git import decode, encode
from holdfast.domain.forge import GITEA, GITHUB, GITLAB
from holdfast.domain.value import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Mapping, Sequence

    from holdfast.adapters.git import Git

_SECONDS = 10
"""For a program that knows tokens: a key ring that waits for its user never answers."""
_ENTERPRISE = ("GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN")
_GITHUB = ("GH_TOKEN", "GITHUB_TOKEN")
_NAMES = {GITLAB: ("GITLAB_TOKEN", "GITLAB_ACCESS_TOKEN"), GITEA: ("GITEA_TOKEN", "FORGEJO_TOKEN")}
_QUIET = {
    "GIT_TERMINAL_PROMPT": "0", "GIT_ASKPASS": "", "SSH_ASKPASS_REQUIRE": "never", "GCM_INTERACTIVE": "never",
    "GH_PROMPT_DISABLED": "1", "GH_NO_UPDATE_NOTIFIER": "1", "NO_PROMPT": "1", "NO_COLOR": "1",
}  # fmt: skip


class Token(NamedTuple):
    """A token, and in words where it came from; it shows itself to nobody."""

    text: str
    source: str

    def __repr__(self) -> str:
        return f"Token from {self.source}"


def token_for(kind: str, host: str, git: Git, environment: Mapping[str, str], scheme: str = "https") -> Token | None:
    """The token that a forge of that kind on that host is asked with; None where nobody knows one.

    `host` is the remote's or the API's (`api.github.com` is `github.com`), with a port if it has one of its own. Nobody is
    asked, and each program has ten seconds.
    """
    host = host.removeprefix("api.") if kind == GITHUB and _is_githubs(host.removeprefix("api.")) else host
    return (
        _from_environment(kind, host, environment)
        or _from_program(kind, host, environment)
        or _from_git(host, git, scheme)
    )


def _is_githubs(host: str) -> bool:
    return host == "github.com" or host.endswith(".ghe.com")


def _from_environment(kind: str, host: str, environment: Mapping[str, str]) -> Token | None:
    for name in _names(kind, host, environment):
        if _is_token(environment.get(name, "")):
            return Token(environment[name].strip(), name)
    return None


def _names(kind: str, host: str, environment: Mapping[str, str]) -> Sequence[str]:
    """Variables to look at. As with `gh`, one for github.com is not for other hosts, unless the environment is one of those."""
    if kind != GITHUB:
        return _NAMES.get(kind, ())
    if _is_githubs(host):
        return _GITHUB
    own = environment.get("GITHUB_SERVER_URL", "").rpartition("//")[2].rstrip("/")
    return (*_ENTERPRISE, *(_GITHUB if host in (environment.get("GH_HOST"), own) else ()))


def _from_program(kind: str, host: str, environment: Mapping[str, str]) -> Token | None:
    commands = {
        GITHUB: ["gh", "auth", "token", "--hostname", host],
        GITLAB: ["glab", "config", "get", "token", "--host", host],
    }
    command = commands.get(kind)
    if command is None:
        return None
    # They would give a token of the environment for any host.
    kept = {key: value for key, value in environment.items() if key not in (*_GITHUB, *_ENTERPRISE, *_NAMES[GITLAB])}
    said = decode(_run(command, {**kept, **_QUIET}) or b"").strip()
    return Token(said, f"`{' '.join(command[:3])}`") if _is_token(said) else None


def _from_git(host: str, git: Git, scheme: str) -> Token | None:
    command = git.command("credential", "fill")
    said = _run(command, {**git.allowed(command), **_QUIET}, encode(f"protocol={scheme}\nhost={host}\n\n"))
    pairs = dict(line.split("=", 1) for line in decode(said or b"").split("\n") if "=" in line)
    password = pairs.get("password", "")
    return Token(password, "`git credential fill`") if _is_token(password) else None


def _is_token(text: str) -> bool:
    text = text.strip()
    return bool(text) and text.isascii() and text.isprintable() and " " not in text


def _run(command: Sequence[str], environment: Mapping[str, str], data: bytes = b"") -> bytes | None:
    """What a program says, with nobody to ask; None where there is none, it fails or takes too long.

    It writes into a file: what it leaves behind (a key ring's daemon) would keep a pipe open.
    """
    import shutil
    import subprocess

    program = shutil.which(command[0], path=environment.get("PATH", os.defpath))
    if program is None:
        return None
    given, out = spawn.nameless(data), spawn.nameless()
    try:
        process = subprocess.Popen(  # noqa: S603 - gh, glab or git, by their own names on PATH
            [program, *command[1:]], env=dict(environment), stdin=given, stdout=out, stderr=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
        try:
            code = process.wait(timeout=_SECONDS)
        except BaseException as error:
            _end(process)
            if isinstance(error, subprocess.TimeoutExpired):
                return None
            raise
        return spawn.whole(out) if code == 0 else None
    except OSError:
        return None
    finally:
        os.close(given)
        os.close(out)


def _end(process: subprocess.Popen[bytes]) -> None:
    import signal

    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
