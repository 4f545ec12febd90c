"""git's refs: what they are now, and changes that state the value which they expect to find."""

from __future__ import annotations

from holdfast.adapters.git import GitError, decode, encode
from holdfast.domain.value import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from holdfast.adapters import spawn
    from holdfast.adapters.git import Git

HEADS, REMOTES = "refs/heads/", "refs/remotes/"


class Update(NamedTuple):
    """One ref of a transaction: the id that it shall have and the one that it must have, None for no such ref."""

    name: str
    new: str | None
    old: str | None


class AskedRefs:
    """The refs below some prefixes; git looks while its asker does something else.

    Once they are known `stamp` is what git said: the same as long as none has moved.
    """

    stamp = b""

    def __init__(self, git: Git, prefixes: Iterable[str]) -> None:
        self._asked: spawn.Running = git.start(
            "for-each-ref", "--format=%(objectname) %(refname) %(symref)", *(prefix.rstrip("/") for prefix in prefixes)
        )

    def ids(self) -> dict[str, str]:
        """Ids by full name, without refs that only lead to another; may be asked once."""
        code, out, err = self._asked.done()
        if code != 0:
            raise GitError(decode(err).strip() or f"git for-each-ref exited with {code}")
        self.stamp = out
        # Three words for each, and no blank stands in the name of a ref. Line by line it takes three times as long.
        words = decode(out).replace("\n", " ").split(" ")
        found = dict(zip(words[1::3], words[::3], strict=False))
        for name in [name for name, symbolic in zip(words[1::3], words[2::3], strict=False) if symbolic]:
            del found[name]
        return found


def read(git: Git, *prefixes: str) -> dict[str, str]:
    """The ids of all refs below some prefixes, by full name."""
    return AskedRefs(git, prefixes).ids()


def transact(git: Git, updates: Iterable[Update], message: str) -> str | None:
    """Change all refs or none (git-update-ref, `--stdin`); None when it is done, else what git said against it.

    `message` goes into the reflogs. End of input before `commit` leaves everything as it was.
    """
    lines = ["start"]
    for one in updates:
        zero = "0" * len(one.new or one.old or "")
        if one.new is None:
            lines.append(f"delete {one.name} {one.old}")
        else:
            lines.append(f"update {one.name} {one.new} {one.old or zero}")
    lines += ["prepare", "commit", ""]
    code, _, err = git.attempt(
        "-c", "core.logAllRefUpdates=true", "update-ref", "-m", message, "--stdin", data=encode("\n".join(lines))
    )
    return None if code == 0 else decode(err).strip() or f"git update-ref exited with {code}"
