"""Commits and what they changed, many at a time: each function is one git process, however many commits it asks about."""

from __future__ import annotations

from holdfast.adapters.git import GitError, decode, failure
from holdfast.domain.claim_commit import CLAIM_ID, TRAILERS, origin_of
from holdfast.domain.integration import Changed, Commit, Landed
from holdfast.domain.moment import Moment
from holdfast.domain.value import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from holdfast.adapters import spawn
    from holdfast.adapters.git import Git
    from holdfast.domain.integration import Changes

_KEYS = ",".join(f"key={key}" for key in TRAILERS)
_FIELDS = f"%x01%H%n%P%n%T%n%ct%n%an%n%s%n%(trailers:{_KEYS},unfold)"
_LOG = (
    "log",
    "-z",
    "--ignore-missing",  # before --stdin, or it holds for nothing
    "--stdin",
    "--no-show-signature",
    "--no-mailmap",
    "--no-color",
    "--encoding=UTF-8",
    "--no-decorate",
)
_WHOLE = ("--no-renames", "--ignore-submodules=none", "--no-relative")
"""Against configuration that leaves something out of a change: submodules, what lies outside the folder git runs in."""
_RAW = ("--raw", "--root", "--no-abbrev", *_WHOLE)
_PLAIN = ("-c", "diff.suppressBlankEmpty=false", "-c", "diff.algorithm=myers", "-c", "diff.indentHeuristic=true")
_END_OF_FIELDS = "\x02"

Pair = tuple[str, str]
"""A commit and one that it is compared with: what changed from the second to the first."""


class NoIdentity(GitError):
    """git has no name and address to put into commits."""

    remedy = 'run `git config user.name "Your Name"` and `git config user.email you@example.org`'


class Asked(NamedTuple):
    """A log that git is still writing."""

    process: spawn.Running

    def commits(self) -> dict[str, Commit]:
        """The commits of the log by id; where git cannot tell (an id that is gone), those that it named before."""
        return {one.commit.oid: one.commit for one in self.landed()}

    def landed(self) -> list[Landed]:
        """The commits of the log with what their messages say, newest first."""
        return _landed(decode(self.process.done().out))


def named(git: Git, oids: Iterable[str]) -> Asked:
    """Exactly these commits, with what they changed (nothing for merges)."""
    return Asked(_log(git, *_RAW, "--no-walk=unsorted", f"--format={_FIELDS}", lines=oids))


def beyond(git: Git, tips: Iterable[str], target: str) -> Asked:
    """What the tips reach and `target` does not, with what each commit changed (nothing for merges)."""
    return Asked(_log(git, *_RAW, f"--format={_FIELDS}", lines=(*tips, f"^{target}")))


def landed(git: Git, target: str, since: str | None) -> Asked:
    """What `target` reaches and `since` does not, with changes and whole messages."""
    lines = (target, f"^{since}") if since is not None else (target,)
    return Asked(_log(git, *_RAW, f"--format={_FIELDS}{_END_OF_FIELDS}%B", lines=lines))


def first_parents(git: Git, target: str) -> Asked:
    """The main line of a branch: its tip, that one's first parent, and so on, without changes."""
    return Asked(_log(git, "--first-parent", f"--format={_FIELDS}", lines=(target,)))


def telling(git: Git, target: str) -> Asked:
    """Every commit that `target` reaches whose message says that it reverts another or that it made a claim."""
    greps = ("--grep=^This reverts commit [0-9a-f]", f"--grep=^{CLAIM_ID}: ")
    return Asked(_log(git, *greps, f"--format={_FIELDS}{_END_OF_FIELDS}%B", lines=(target,)))


def changed(git: Git, pairs: Sequence[Pair]) -> list[Changes]:
    """What changed in each pair, by paths and blobs."""
    if not pairs:
        return []
    out = decode(_diff_tree(git, ("--raw", "-z", "--no-abbrev"), pairs))
    found: list[set[Changed]] = []
    records = iter(out.split("\0"))
    for record in records:
        if record.startswith(":"):
            found[-1].add(_changed(record, next(records)))
        elif record:
            found.append(set())
    return [frozenset(one) for one in found]


def diffs(git: Git, pairs: Sequence[Pair], context: int = 3, paths: Sequence[str] = ()) -> list[list[bytes]]:
    """The lines of each pair's diff, limited to the literal `paths`."""
    if not pairs:
        return []
    out = _diff_tree(git, ("-p", f"-U{context}", "--full-index", "--no-ext-diff", "--no-textconv"), pairs, paths)
    found: list[list[bytes]] = []
    for line in out.removesuffix(b"\n").split(b"\n"):
        if len(line) in (40, 64) and not line.strip(b"0123456789abcdef"):
            found.append([])  # lines of a diff begin with a word, a blank or a sign: this is the next pair's header
        elif found:
            found[-1].append(line)
    return found


def make(git: Git, tree: str, parents: Sequence[str], message: str, moment: Moment, sign: bool) -> str:
    """Make a commit that no branch holds yet, dated by our own clock; gives its id.

    `commit-tree` does not look at `commit.gpgsign`: `sign` says it.
    """
    stamp = f"{moment} +0000"
    options = [word for parent in parents for word in ("-p", parent)] + (["-S"] if sign else [])
    code, out, err = git.attempt(
        "commit-tree", *options, "-F", "-", tree, data=message.encode("utf-8", "surrogateescape"),
        env={"GIT_AUTHOR_DATE": stamp, "GIT_COMMITTER_DATE": stamp},
    )  # fmt: skip
    if code != 0:
        if b"user.email" in err:
            raise NoIdentity("git does not know who you are, and a claim says so")
        raise failure(err, "git commit-tree failed")
    return decode(out).strip()


def _log(git: Git, *options: str, lines: Iterable[str]) -> spawn.Running:
    return git.start(*_PLAIN, *_LOG, *options, data="".join(f"{line}\n" for line in lines).encode())


def _diff_tree(git: Git, options: Sequence[str], pairs: Sequence[Pair], paths: Sequence[str] = ()) -> bytes:
    return git.run(
        "--literal-pathspecs", *_PLAIN, "diff-tree", "--stdin", "--always", "-r", *_WHOLE, *options, "--", *paths,
        data="".join(f"{new} {old}\n" for new, old in pairs).encode(),
    )  # fmt: skip


def _landed(out: str) -> list[Landed]:
    found: list[tuple[str, set[Changed]]] = []
    records = iter(out.split("\0"))
    for record in records:
        bare = record.lstrip("\n")
        if bare.startswith("\x01"):
            found.append((bare[1:], set()))
        elif bare.startswith(":"):
            found[-1][1].add(_changed(bare, next(records)))
    return [_read(fields, frozenset(changes)) for fields, changes in found]


def _read(record: str, changes: Changes) -> Landed:
    from holdfast.domain import finish_message, request

    fields, told, body = record.partition(_END_OF_FIELDS)
    oid, parents, tree, at, author, subject, trailers = (*fields.split("\n", 6), "", "", "", "", "", "")[:7]
    moment = Moment(int(at)) if at.lstrip("-").isdecimal() else Moment(0)
    commit = Commit(oid, tuple(parents.split()), tree, moment, author, subject, origin_of(trailers), changes)
    if not told:
        return Landed(commit, None, ())
    return Landed(commit, request.number_in(body), request.reverted_in(body), finish_message.heads_in(body))


def _changed(meta: str, path: str) -> Changed:
    old_mode, new_mode, old, new, _ = meta.removeprefix(":").split(" ")
    return Changed(path, f"{old_mode} {old}", f"{new_mode} {new}")
