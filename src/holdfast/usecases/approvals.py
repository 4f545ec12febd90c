"""Commands from the configuration: each runs only after the user of this clone approved its exact text."""

from __future__ import annotations

from holdfast.adapters import files
from holdfast.domain.value import TYPE_CHECKING
from holdfast.usecases import journal

if TYPE_CHECKING:
    from holdfast.domain.policy import Policy
    from holdfast.usecases.workspace import Workspace

NOTIFY = "notify.command"
KEYS = ("worktree.setup", "finish.verify", NOTIFY, "forge.url")
"""The configuration keys whose value is a command, or an address that secrets are sent to."""

MARK = "notify"
"""A file that the shell hook of agents looks for: only where it is there, a user may have to be told."""


def command(policy: Policy, key: str) -> str:
    """The command or address that is configured under a key, empty for none."""
    return {
        "worktree.setup": policy.worktree.setup, "finish.verify": policy.finish.verify, "forge.url": policy.forge.url,
        NOTIFY: policy.notify.command,
    }[key]  # fmt: skip


def is_approved(place: Workspace, key: str, text: str) -> bool:
    """True when exactly this text was approved under this key, in this clone."""
    return _line(key, text) in (files.read_regular(_file(place)) or b"").split(b"\n")


def approve(place: Workspace, key: str, text: str) -> None:
    """Approve exactly this text; it is kept in the git common directory, where no branch can bring it along."""
    before = files.read_regular(_file(place)) or b""
    if not is_approved(place, key, text):
        journal.note(place, "approve", durable=True, key=key, command=text)
        files.put(_file(place), files.State(before + _line(key, text) + b"\n", 0o600), durable=True)
    if key == NOTIFY:
        files.put(place.state(MARK), files.State(b""))


def _file(place: Workspace) -> str:
    return place.state("approvals")


def _line(key: str, text: str) -> bytes:
    import hashlib  # only where a command is configured: it loads OpenSSL

    return f"{key} {hashlib.sha256(text.encode('utf-8', 'surrogateescape')).hexdigest()}".encode()
