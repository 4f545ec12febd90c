"""The remote that claims and merges go through: what it has, and pushes that state what they expect; nothing asks or hangs."""

from __future__ import annotations

import contextlib
import os

from holdfast.adapters import clock, spawn
from holdfast.adapters.git import CannotWrite, decode
from holdfast.domain.problem import Unable
from holdfast.domain.value import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Mapping, Sequence

    from holdfast.adapters.git import Git

PUSHED, LOST, DECLINED, NOT_ATOMIC, UNCLEAR = "pushed", "lost", "declined", "not-atomic", "unclear"

_RACES = ("stale info", "fetch first", "cannot lock ref", "failed to update ref", "already exists", "failed to lock",
          "incorrect old value", "reference already exists")  # fmt: skip
_MEANWHILE = (b"cannot lock ref", b"bad object worktrees/")
"""What git says when another command of this clone fetches the same ref, or makes a worktree, at the same moment."""
_UNWRITABLE = (b"FETCH_HEAD': ", b"insufficient permission for adding an object", b"Read-only file system")
"""What git says where it may not write into this clone: the remote is there."""
_PAUSES = (0.05, 0.2, 0.5)
_WITH_HOOK = 3_600
"""Seconds for a push with the user's own pre-push hook."""
_TOGETHER = ("atomic push failure", "atomic push failed", "atomic transaction failed", "transaction failed")


class Unreachable(Unable):
    """The remote could not be asked; `args[0]` is what git said about it."""

    exit = 5
    remedy = "look at the network and your access (`git ls-remote`), then run it again"


class Lease(NamedTuple):
    """One ref of a push: its name there, the id that it shall have (None to delete) and the one that it must have."""

    name: str
    new: str | None
    old: str | None


class Pushed(NamedTuple):
    """How a push ended: one of the outcomes above, git's words, and the refs that the server itself declined."""

    outcome: str
    words: str = ""
    declined: tuple[str, ...] = ()


class Remote(NamedTuple):
    """A remote by its name, and by the address that is pushed to: the address that is fetched from may be a mirror.

    `ssh` is the user's own `core.sshCommand`, empty for none.
    """

    git: Git
    name: str
    address: str
    timeout: int
    ssh: str = ""

    def refs(self) -> dict[str, str]:
        """Every ref that the remote has now, by full name; `Unreachable` where it does not answer."""
        code, out, err = self._run("ls-remote", "--quiet", "--", self.address)
        if code != 0:
            raise Unreachable(f"{self.name}: {_said(err, code)}")
        pairs = (line.split("\t", 1) for line in decode(out).split("\n") if "\t" in line)
        return {ref: oid for oid, ref in pairs if not ref.endswith("^{}")}

    def fetch(self, refspecs: Sequence[str], whole: bool = False) -> None:
        """Bring refs and their objects here; `whole` renews the view of everything and drops what is gone there."""
        kind = ("--prune",) if whole else ("--no-write-fetch-head",)
        for pause in (*_PAUSES, None):
            code, _, err = self._run(
                "fetch", "--quiet", "--no-tags", "--no-recurse-submodules", "--no-auto-maintenance", *kind, "--",
                self.address, *refspecs,
            )  # fmt: skip
            if code == 0:
                return
            if any(word in err for word in _UNWRITABLE):
                raise CannotWrite(_said(err, code))
            if pause is None or not any(word in err for word in _MEANWHILE):
                raise Unreachable(f"{self.name}: {_said(err, code)}")
            clock.pause(pause)

    def complete(self) -> None:
        """Bring the rest of the history of a shallow clone; `Unreachable` where that cannot be had."""
        code, _, err = self._run(
            "fetch", "--quiet", "--no-tags", "--no-recurse-submodules", "--unshallow", "--", self.address
        )
        if code != 0:
            raise Unreachable(f"{self.name}: {_said(err, code)}")

    def push(self, leases: Sequence[Lease], atomic: bool = True, hooks: bool = False) -> Pushed:
        """Push all refs or none, each only where it still is what it must be; with `hooks` the user's pre-push hook is asked."""
        expected = [f"--force-with-lease={one.name}:{one.old or ''}" for one in leases]
        refspecs = [f"{one.new or ''}:{one.name}" for one in leases]
        limit = _WITH_HOOK if hooks and self._has_hook() else self.timeout
        code, out, err = self._run_within(
            limit, "-c", f"remote.{self.name}.mirror=false", "push", "--porcelain",
            *(() if hooks else ("--no-verify",)), "--no-follow-tags", "--recurse-submodules=no", "--no-signed",
            *(("--atomic",) if atomic else ()), *expected, "--", self.address, *refspecs,
        )  # fmt: skip
        return _outcome(code, decode(out), decode(err))

    def _has_hook(self) -> bool:
        """True where the user has a pre-push hook, which may run tests: that is not the remote's time."""
        path = self.git.text("rev-parse", "--path-format=absolute", "--git-path", "hooks/pre-push")
        return os.access(path, os.X_OK)

    def _run(self, *arguments: str) -> tuple[int, bytes, bytes]:
        return self._run_within(self.timeout, *arguments)

    def _run_within(self, limit: int, *arguments: str) -> tuple[int, bytes, bytes]:
        """git, with nobody to ask and a time limit; it ends with everything that it started.

        What it says goes into files: a helper that it leaves behind (a shared ssh connection, a credential daemon) would
        keep a pipe open.
        """
        import subprocess  # only where there is a remote: it takes 4 ms

        out, err = spawn.nameless(), spawn.nameless()
        command = self.git.command(*arguments)
        try:
            process = subprocess.Popen(  # noqa: S603 - git, with an argument list that ends its options
                command, env=_unasked(self.git.allowed(command), self.ssh), stdin=subprocess.DEVNULL,
                stdout=out, stderr=err, start_new_session=True, close_fds=False,
            )  # fmt: skip
            try:
                process.wait(timeout=limit)
            except subprocess.TimeoutExpired:
                _end(process)
                return 124, b"", f"no answer within {limit} seconds".encode()
            except BaseException:
                _end(process)
                raise
            return process.returncode, spawn.whole(out), spawn.whole(err)
        finally:
            os.close(out)
            os.close(err)


def address_of(git: Git, name: str) -> tuple[str, ...]:
    """What is pushed to under a remote's name: the name itself, or addresses where those of pushes are others."""
    pushed, fetched = (
        decode(git.run("remote", "get-url", *option, "--all", "--", name)).split("\n")[:-1]
        for option in (("--push",), ())
    )
    return (name,) if pushed == fetched and len(pushed) == 1 else tuple(pushed)


def _unasked(environment: Mapping[str, str], ssh: str) -> dict[str, str]:
    """An environment in which neither git nor ssh asks anybody: who cannot log in without a question is refused."""
    found = {
        **environment, "GIT_TERMINAL_PROMPT": "0", "GIT_ASKPASS": "", "SSH_ASKPASS_REQUIRE": "never",
        "GCM_INTERACTIVE": "never",
    }  # fmt: skip
    if not ssh and not environment.get("GIT_SSH_COMMAND") and not environment.get("GIT_SSH"):
        found["GIT_SSH_COMMAND"] = "ssh -oBatchMode=yes -oConnectTimeout=20"
    return found


def _outcome(code: int, out: str, err: str) -> Pushed:
    """What a push came to, by the lines of `--porcelain`; its exit status alone is never trusted (read back)."""
    said = _said(err.encode(), code)
    if "does not support --atomic" in err:
        return Pushed(NOT_ATOMIC, said)
    lines = [line.split("\t") for line in out.split("\n") if line.startswith("!\t")]
    if not lines:
        # git fails otherwise (128) where it cannot reach anybody: with 1 the user's own pre-push hook said no.
        return Pushed({0: PUSHED, 1: DECLINED}.get(code, UNCLEAR), said)
    reasons = {fields[1].rpartition(":")[2]: fields[2] for fields in lines if len(fields) > 2}
    alone = {ref: why for ref, why in reasons.items() if not any(word in why for word in _TOGETHER)}
    words = "; ".join(dict.fromkeys((*alone.values(), *_remote_words(err)))) or said
    # A transaction that fails as a whole met a ref that another one holds, or that has moved: nobody declined anything.
    if not alone or any(word in why for why in alone.values() for word in _RACES):
        return Pushed(LOST, words)
    return Pushed(DECLINED, words, tuple(ref for ref, why in alone.items() if "remote rejected" in why))


def _remote_words(err: str) -> list[str]:
    """What the server or its hooks said, without what git explains about its locks."""
    lines = [line[7:].strip() for line in err.split("\n") if line.startswith("remote:")]
    told = lines[: lines.index("")] if "" in lines else lines
    return [line.removeprefix("error: ") for line in told]


def _said(err: bytes, code: int) -> str:
    """What git and those that it asked complain about, in one line: the last words up to git's own."""
    lines = [line.strip() for line in decode(err).splitlines() if line.strip() and not line.startswith("hint: ")]
    ends = [at for at, line in enumerate(lines, 1) if line.startswith(("fatal: ", "error: ", "remote: ", "ssh: "))]
    told = lines[: ends[-1] if ends else None][-3:]
    return "; ".join(dict.fromkeys(line.removeprefix("fatal: ").removeprefix("error: ") for line in told)) or (
        f"git exited with {code}"
    )


def _end(process: subprocess.Popen[bytes]) -> None:
    import signal

    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
