"""The only place that starts git: reads by porcelain and exit codes, writes that state what they expect."""

from __future__ import annotations

import os

from holdfast.adapters import spawn
from holdfast.domain.problem import Unable
from holdfast.domain.value import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_FATAL = 128
"""What git exits with when it could not even begin."""

REGULAR = ("100644", "100755")

_UNWRITABLE = (b"Read-only file system", b"insufficient permission", b"Permission denied", b"No space left on device",
               b"Disk quota exceeded", b"unable to create temporary file", b"File too large")  # fmt: skip

_STAGED = (
    "diff-index", "--cached", "--raw", "-z", "--no-renames", "--abbrev=64", "--ita-invisible-in-index",
)  # fmt: skip


_ENDS_REFS = frozenset({"update-ref", "push"})
_ALLOW = "HOLDFAST_ALLOW"
"""What the guard's hook (`guard.refs`) asks for: Holdfast has looked before it ends the branch of a claim."""


class GitError(Unable):
    """git could not do the job; `args[0]` is what it said, on one line."""

    remedy = "run `git status` to see what git says"


class CannotWrite(GitError):
    """git may not write where it keeps its objects and refs: a sandbox, a read-only disk, somebody else's folder."""

    exit = 5
    remedy = "run it where `.git` can be written (outside a sandbox)"


class NotARepository(GitError):
    """No git repository here, or none that git is willing to open."""

    remedy = "go into a repository (`cd`), or make one with `git init`"


class NotTrusted(NotARepository):
    """A repository of another user, which git opens only when it is told to; git's last line is the command for that."""

    def __init__(self, err: bytes) -> None:
        super().__init__(_one_line(err))
        self.remedy = f"if you trust it: `{decode(err).strip().splitlines()[-1].strip()}`"


class NoGit(GitError):
    """There is no git program that could be started."""

    remedy = "install git, or put the folder that it is in on PATH"


class Entry(NamedTuple):
    """One path of a tree or of git's index; `mode` is git's octal text, `oid` the blob's id."""

    mode: str
    oid: str
    path: str


class Change(NamedTuple):
    """One path that differs between two states; the ids are zeros where the path is absent."""

    old_mode: str
    new_mode: str
    old_oid: str
    new_oid: str
    status: str
    path: str


class Repository(NamedTuple):
    """Where a worktree and its git folders are; all absolute, `top` is None in a bare repository."""

    top: str | None
    git_dir: str
    common_dir: str


class AskedSettings:
    """All configuration keys, being read by git."""

    def __init__(self, asked: spawn.Running) -> None:
        self._asked = asked

    def all(self) -> dict[str, str]:
        """The keys with the last value that each was given, as git shows them; may be asked once."""
        code, out, err = self._asked.done()
        if code != 0:
            raise failure(err, f"git config exited with {code}")
        found = {}
        for entry in _records(out):
            key, given, value = entry.partition("\n")
            found[key] = value if given else "true"  # a key alone is a flag
        return found


class Git:
    """git in one worktree. `environment` is what git sees.

    A hook passes its own on: `GIT_DIR` and `GIT_INDEX_FILE` name *this* commit. See `scrubbed` for all others.
    """

    __slots__ = ("cwd", "environment")

    def __init__(self, cwd: str, environment: Mapping[str, str]) -> None:
        self.cwd = cwd
        self.environment = {**environment, "LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"}

    def run(self, *args: str, data: bytes | None = None, ok: Sequence[int] = (0,)) -> bytes:
        """Run `git ARGS`, give its standard output; `GitError` for an exit code that is not in `ok`."""
        code, out, err = self.attempt(*args, data=data)
        if code not in ok:
            raise failure(err, f"git {args[0]} exited with {code}")
        return out

    def attempt(
        self, *args: str, data: bytes | None = None, env: Mapping[str, str] | None = None
    ) -> tuple[int, bytes, bytes]:
        """Run `git ARGS` and give exit code, standard output and standard error as they are."""
        done = self._start(self.command(*args), {**self.environment, **env} if env else self.environment, data).done()
        if done.code == _FATAL and not os.access(self.cwd, os.X_OK):
            what = (
                "may not be entered"
                if os.path.isdir(self.cwd)
                else "is no folder"
                if os.path.lexists(self.cwd)
                else "does not exist"
            )
            raise NotARepository(f"{self.cwd} {what}")
        return done

    def command(self, *args: str) -> list[str]:
        """The words of `git ARGS` in this worktree."""
        return ["git", "-C", self.cwd, *args]

    def _start(
        self, command: Sequence[str], environment: Mapping[str, str] | None = None, data: bytes | None = None
    ) -> spawn.Running:
        try:
            return spawn.Running(command, self.allowed(command, environment), data)
        except FileNotFoundError as error:
            raise NoGit("git is not on PATH") from error

    def allowed(self, command: Sequence[str], environment: Mapping[str, str] | None = None) -> Mapping[str, str]:
        """The environment of a command of git's: those that end branches pass the guard.

        Only they, and only here: hooks of others, editors and set-up commands see nothing of it.
        """
        given = self.environment if environment is None else environment
        return given if _ENDS_REFS.isdisjoint(command) else {**given, _ALLOW: "1"}

    def start(self, *args: str, data: bytes | None = None) -> spawn.Running:
        """Start `git ARGS`; it works on its own until `done` is asked."""
        return self._start(self.command(*args), data=data)

    def text(self, *args: str, ok: Sequence[int] = (0,)) -> str:
        """The output of `git ARGS` without its final newline; odd bytes become surrogates."""
        return decode(self.run(*args, ok=ok)).removesuffix("\n")

    # Where we are

    def locate(self) -> Repository:
        """The worktree and git folders around `cwd`; `NotARepository` where there are none."""
        asked = ("--git-dir", "--git-common-dir", "--is-bare-repository")
        code, out, err = self.attempt("rev-parse", "--path-format=absolute", *asked, "--show-toplevel")
        lines = decode(out).split("\n")
        if code == 0 and len(lines) == len(asked) + 2:
            return Repository(lines[3], lines[0], lines[1])
        # No working tree here, which ends git after what it said, or a path with a newline: one after the other.
        code, out, err = self.attempt("rev-parse", "--path-format=absolute", *asked)
        if code != 0:
            raise NotTrusted(err) if b"safe.directory" in err else NotARepository(_one_line(err))
        git_dir, common_dir, bare = decode(out).removesuffix("\n").rsplit("\n", 2)
        if bare == "true":
            return Repository(None, git_dir, common_dir)
        code, out, err = self.attempt("rev-parse", "--path-format=absolute", "--show-toplevel")
        return Repository(decode(out).removesuffix("\n") if code == 0 else None, git_dir, common_dir)

    # Objects

    def resolve(self, revision: str) -> str | None:
        """The commit id that `revision` names, or None."""
        code, out, _ = self.attempt("rev-parse", "--verify", "--quiet", "--end-of-options", revision + "^{commit}")
        return decode(out).strip() if code == 0 else None

    def tree(self, treeish: str, paths: Sequence[str] = ()) -> list[Entry]:
        """All entries below `treeish` (recursive), limited to the literal `paths`."""
        out = self.run("--literal-pathspecs", "ls-tree", "-r", "-z", "--full-tree", treeish, "--", *paths)
        entries = []
        for record in _records(out):
            meta, path = record.split("\t", 1)
            mode, _, oid = meta.split(" ")
            entries.append(Entry(mode, oid, path))
        return entries

    def write_blob(self, content: bytes) -> str:
        """Store a blob, give its id."""
        return decode(self.run("hash-object", "-w", "--stdin", data=content)).strip()

    def store_tree(self, entries: Iterable[Entry]) -> str:
        """Store the tree that holds these entries, give its id; git sorts folders as if their names ended in `/`.

        `mktree` would look each of thousands of entries up.
        """
        ordered = sorted(entries, key=lambda one: encode(one.path) + (b"/" if one.mode.startswith("04") else b""))
        raw = b"".join(
            b"%s %s\0%s" % (one.mode.lstrip("0").encode(), encode(one.path), bytes.fromhex(one.oid)) for one in ordered
        )
        return decode(self.run("hash-object", "-t", "tree", "-w", "--stdin", data=raw)).strip()

    def store_empty_tree(self) -> str:
        """Store the tree that holds nothing, give its id."""
        return decode(self.run("mktree", data=b"")).strip()

    def merge_texts(self, base: bytes, ours: bytes, theirs: bytes) -> tuple[str, bool]:
        """The three-way merge of three texts, with conflict markers where they conflict, and whether it is clean."""
        import tempfile

        with tempfile.TemporaryDirectory() as folder:
            paths = []
            for name, content in (("ours", ours), ("base", base), ("theirs", theirs)):
                paths.append(os.path.join(folder, name))
                with open(paths[-1], "wb") as file:
                    file.write(content)
            code, out, err = self.attempt("merge-file", "-p", "-q", "-L", "ours", "-L", "base", "-L", "theirs", *paths)
        if code > 127:
            raise GitError(_one_line(err) or "git merge-file could not merge")
        return decode(out), code == 0

    # git's index

    def staged(self, paths: Sequence[str]) -> list[Entry]:
        """Entries of git's index below the literal `paths`; unmerged ones are left out."""
        out = self.run("--literal-pathspecs", "ls-files", "-s", "-z", "--full-name", "--", *paths)
        entries = []
        for record in _records(out):
            meta, path = record.split("\t", 1)
            mode, oid, stage = meta.split(" ")
            if stage == "0":
                entries.append(Entry(mode, oid, path))
        return entries

    def staged_changes(self, revision: str, paths: Sequence[str]) -> list[Change]:
        """What git's index changes against `revision` below the literal `paths`."""
        return _changes(self.run("--literal-pathspecs", *_STAGED, revision, "--", *paths))

    def staged_against_head(self) -> Asked:
        """What git's index changes against HEAD, asked now and read later."""
        return Asked(self._start(self.command(*_STAGED, "HEAD", "--")))

    def tree_changes(self, old: str, new: str) -> Asked:
        """What differs between two trees, asked now and read later."""
        command = self.command("diff-tree", "-r", "--raw", "-z", "--no-renames", "--abbrev=64", old, new)
        return Asked(self._start(command))

    def stage_blob(self, path: str, mode: str, oid: str) -> None:
        """Make `path` in git's index the blob `oid`; an entry that a sparse checkout leaves out stays left out."""
        left_out = self.left_out(path)
        self.run("update-index", "-z", "--index-info", data=encode(f"{mode} {oid}\t{path}\0"))
        if left_out:
            self.run("update-index", "--skip-worktree", "--", path)

    def left_out(self, path: str) -> bool:
        """True for a file that git's index holds and a sparse checkout leaves out of the working tree."""
        return self.run("--literal-pathspecs", "ls-files", "-t", "-z", "--", path).startswith(b"S ")

    def refresh(self, paths: Sequence[str]) -> None:
        """Let git's index see that the files at the literal `paths` are as it holds them; changed files stay unstaged.

        `update-index --really-refresh -- PATH` would *stage* what is changed; `add --refresh` does not.
        """
        self.attempt("--literal-pathspecs", "add", "--refresh", "--", *paths, env={"GIT_OPTIONAL_LOCKS": "1"})

    def empty_tree(self) -> str:
        """The id of the empty tree, in this repository's object format."""
        return decode(self.run("hash-object", "-t", "tree", "--stdin", data=b"")).strip()

    # Configuration

    def settings(self) -> dict[str, str]:
        """All configuration keys with the last value that each was given; names of keys are as git shows them."""
        return self.asked_settings().all()

    def asked_settings(self) -> AskedSettings:
        """The same; git reads them while its asker does something else."""
        return AskedSettings(self.start("config", "--null", "--list"))

    def attribute(self, name: str, path: str) -> str:
        """The value of a git attribute of `path`; `unspecified` where no line gives it one (git-check-attr)."""
        return decode(self.run("check-attr", "-z", name, "--", path)).split("\0")[2]

    def config(self, key: str, *scope: str) -> str | None:
        """The value of a configuration key, or None; `scope` as `--local` or `--global`."""
        code, out, _ = self.attempt("config", *scope, "--null", "--get", key)
        return decode(out).removesuffix("\0") if code == 0 else None


class Asked:
    """What differs between two states; git looks while its asker does something else."""

    def __init__(self, asked: spawn.Running) -> None:
        self._asked: spawn.Running | None = asked
        self._changes: list[Change] | None = None

    def changes(self) -> list[Change] | None:
        """The paths that differ; None when git could not tell, as where there is no such state."""
        if self._asked is not None:
            code, out, _ = self._asked.done()
            self._asked = None
            self._changes = _changes(out) if code == 0 else None
        return self._changes


def failure(err: bytes, otherwise: str) -> GitError:
    """The error that fits what git complained about; `otherwise` is what to say where it said nothing."""
    kind = CannotWrite if any(word in err for word in _UNWRITABLE) else GitError
    return kind(_one_line(err) or otherwise)


def scrubbed(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment without what ties git to one commit, for questions about any other worktree.

    A linked worktree's hooks inherit `GIT_DIR` and `GIT_INDEX_FILE`: with them git would answer for the
    wrong worktree.
    """
    tied = {
        "GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE", "GIT_PREFIX", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR",
        "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_NAMESPACE", "GIT_QUARANTINE_PATH", "GIT_REFLOG_ACTION",
        "GIT_CHERRY_PICK_HELP", "GIT_AUTHOR_DATE", "GIT_LITERAL_PATHSPECS",
        "GIT_GLOB_PATHSPECS", "GIT_NOGLOB_PATHSPECS", "GIT_ICASE_PATHSPECS",
    }  # fmt: skip
    return {key: value for key, value in environment.items() if key not in tied}


def decode(raw: bytes) -> str:
    """Bytes from git or the file system as text; what is not UTF-8 survives as surrogates."""
    return raw.decode("utf-8", "surrogateescape")


def encode(text: str) -> bytes:
    """The bytes that `decode` read."""
    return text.encode("utf-8", "surrogateescape")


def _records(out: bytes) -> list[str]:
    return decode(out).split("\0")[:-1]


def _changes(out: bytes) -> list[Change]:
    fields = _records(out)
    changes = []
    for meta, path in zip(fields[::2], fields[1::2], strict=True):
        old_mode, new_mode, old_oid, new_oid, status = meta.removeprefix(":").split(" ")
        changes.append(Change(old_mode, new_mode, old_oid, new_oid, status[:1], path))
    return changes


def _one_line(raw: bytes) -> str:
    """What git complains about: its last `fatal:` or `error:` line (hints may follow), else its last line."""
    lines = [line.strip() for line in decode(raw).splitlines() if line.strip()]
    named = [line for line in lines if line.startswith(("fatal: ", "error: "))]
    return (named or lines or [""])[-1].removeprefix("fatal: ").removeprefix("error: ")
