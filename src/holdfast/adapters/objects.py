"""git's objects: ids by name and contents by id, all through one process that answers questions."""

from __future__ import annotations

from holdfast.adapters import spawn
from holdfast.adapters.git import Entry, GitError, NoGit, decode, encode
from holdfast.domain.value import TYPE_CHECKING

if TYPE_CHECKING:
    import hashlib
    from collections.abc import Callable, Iterable, Iterator
    from typing import TypeVar

    from holdfast.adapters.git import Git

    Answer = TypeVar("Answer")

TREE = "040000"
"""The mode of a folder in a tree."""

_SILENT = "git cat-file stopped answering"
_OVERDUE = f"git cat-file gave no answer within {spawn.LONGEST} seconds"
_NAMES, _IDS = 12, 200
"""So many names, of up to 4,096 bytes, and ids are asked for at once: neither fills a pipe."""


class Objects:
    """Objects read through one `git cat-file --batch-command`, one question after the other; it is started by the first."""

    def __init__(self, git: Git) -> None:
        self._asks = git
        self._open: spawn.Conversation | None = None
        self._asked: list[str] = []
        self._known: dict[str, str | None] = {}
        self._trees: dict[str, dict[str, Entry]] = {}

    def ask_ahead(self, names: Iterable[str]) -> None:
        """Ask for the ids of many names at once: `id_of` then gives the answers of this moment.

        Once, where the name can come to mean something else: HEAD moves and git's index changes.
        """
        new = [name for name in dict.fromkeys(names) if name not in self._known and "\n" not in name]
        for start in range(0, len(new), _NAMES):
            self._hear()  # so that neither side ever waits on a full pipe
            self._asked = new[start : start + _NAMES]
            self._say(b"".join(b"info " + encode(name) + b"\n" for name in self._asked))

    def id_of(self, name: str) -> str | None:
        """The object id that `name` (a revision, `REV:path` or `:path`) stands for, or None."""
        if "\n" in name:
            return None
        self._hear()
        if name not in self._known:
            return _id_in(self._ask("info", name))
        return self._known.pop(name) if name.startswith((":", "HEAD")) else self._known[name]

    def content(self, name: str) -> bytes | None:
        """The bytes of the object that `name` stands for, or None where there is none."""
        if "\n" in name:
            return None
        header = self._ask("contents", name)
        if len(header) != 3 or not header[2].isdigit():
            return None
        size = int(header[2])
        return self._patiently(lambda: self._body(size))

    def contents(self, oids: Iterable[str]) -> dict[str, bytes]:
        """The bytes of many blobs by id; ids that git does not have are left out.

        Questions go out in small groups, so that neither side ever waits on a full pipe.
        """
        self._hear()
        found: dict[str, bytes] = {}
        waiting = list(dict.fromkeys(oids))
        for start in range(0, len(waiting), _IDS):
            group = waiting[start : start + _IDS]
            self._say(b"".join(b"contents " + oid.encode() + b"\n" for oid in group))
            self._patiently(lambda asked=group: found.update(self._bodies(asked)))  # type: ignore[misc]
        return found

    def _bodies(self, oids: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        for oid in oids:
            header = self._header()
            if len(header) == 3 and header[2].isdigit():
                yield oid, self._body(int(header[2]))

    def entry(self, treeish: str, path: str) -> Entry | None:
        """What a tree has at a path, or None; folders are read once each."""
        oid = self.id_of(f"{treeish}^{{tree}}")
        *folders, name = path.split("/")
        for folder in folders:
            found = self.entries(oid).get(folder) if oid is not None else None
            oid = found.oid if found is not None and found.mode == TREE else None
        return self.entries(oid).get(name) if oid is not None else None

    def entries(self, tree: str) -> dict[str, Entry]:
        """What the tree with that id holds, by name and not recursive (gitformat: mode, blank, name, NUL, id)."""
        if tree not in self._trees:
            self._trees[tree] = _entries(self.content(tree) or b"", len(tree) // 2)
        return self._trees[tree]

    @property
    def _git(self) -> spawn.Conversation:
        if self._open is None:
            git = self._asks
            try:
                self._open = spawn.Conversation(git.command("cat-file", "--batch-command"), git.environment)
            except FileNotFoundError as error:
                raise NoGit("git is not on PATH") from error
        return self._open

    def _hear(self) -> None:
        """Read the answers to what was asked ahead."""
        if self._asked:
            self._patiently(lambda: self._known.update((name, _id_in(self._header())) for name in self._asked))
            self._asked.clear()

    def _ask(self, command: str, name: str) -> list[str]:
        self._hear()
        self._say(f"{command} ".encode() + encode(name) + b"\n")
        return self._patiently(self._header)

    def _patiently(self, read: Callable[[], Answer]) -> Answer:
        """What `read` hears; git is ended where it takes longer than anything may."""
        try:
            with spawn.Patience():
                return read()
        except spawn.Overdue as error:
            self._git.end()
            raise GitError(_OVERDUE) from error

    def _say(self, questions: bytes) -> None:
        try:
            self._git.questions.write(questions)
            self._git.questions.flush()
        except BrokenPipeError as error:  # not our reader, who may go: git, without which nothing is known
            raise GitError(_SILENT) from error

    def _header(self) -> list[str]:
        line = self._git.answers.readline()
        if not line:
            raise GitError(_SILENT)
        return decode(line).rstrip("\n").rsplit(" ", 2)

    def _body(self, size: int) -> bytes:
        body = self._git.answers.read(size)
        self._git.answers.read(1)
        return body


def _entries(raw: bytes, size: int) -> dict[str, Entry]:
    found = {}
    at = 0
    while at < len(raw):
        end = raw.index(b"\0", at)
        mode, _, name = raw[at:end].partition(b" ")
        at = end + 1 + size
        found[decode(name)] = Entry(decode(mode).zfill(6), raw[end + 1 : at].hex(), decode(name))
    return found


def blob_id(content: bytes) -> str:
    """The id that git gives these bytes (in a SHA-1 repository): a name for the content."""
    return _sha1(b"blob %d\0" % len(content) + content).hexdigest()


def _sha1(data: bytes) -> hashlib._Hash:
    """SHA-1 without OpenSSL, whose loading takes 3 to 10 ms; `random` of the standard library takes its SHA-512 so."""
    try:
        from _sha1 import sha1  # type: ignore[import-not-found]
    except ImportError:
        from hashlib import sha1
    return sha1(data, usedforsecurity=False)  # type: ignore[no-any-return]


def _id_in(header: list[str]) -> str | None:
    """The id in "ID TYPE SIZE"; none in "NAME missing", where the name may hold blanks."""
    return header[0] if len(header) == 3 and header[2].isdigit() else None
