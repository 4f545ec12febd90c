"""What an agent's command would do to others' work: simple commands in, deeds out. Whether one harms is judged elsewhere."""

from __future__ import annotations

from holdfast.domain.shell_words import UNKNOWN, Word, joined
from holdfast.domain.value import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from holdfast.domain.command_line import Command

REMOVE_WORKTREE = "remove-worktree"
MOVE_WORKTREE = "move-worktree"
DELETE_TREE = "delete-tree"
MOVE_TREE = "move-tree"
CLEAN_NESTED = "clean-nested"
DELETE_BRANCH = "delete-branch"
RENAME_BRANCH = "rename-branch"
DELETE_REMOTE_BRANCH = "delete-remote-branch"
HOOKS_PATH = "hooks-path"
SKIP_HOOKS = "skip-hooks"

WORKTREE_IN_USE = "worktree_in_use"
CLAIM_BRANCH = "claim_branch"
DELETED_TREE = "delete_tree"
HOOKS_SETTING = "hooks_path"
NO_VERIFY = "no_verify"
OTHER_WORKTREE = "other_worktree"
MAIN_WORKTREE = "main_worktree"
"""What `[agents]` in the configuration calls each thing that is refused, warned of or let pass."""

KEY_OF = {
    REMOVE_WORKTREE: WORKTREE_IN_USE,
    MOVE_WORKTREE: WORKTREE_IN_USE,
    DELETE_TREE: DELETED_TREE,
    MOVE_TREE: DELETED_TREE,
    CLEAN_NESTED: DELETED_TREE,
    DELETE_BRANCH: CLAIM_BRANCH,
    RENAME_BRANCH: CLAIM_BRANCH,
    DELETE_REMOTE_BRANCH: CLAIM_BRANCH,
    HOOKS_PATH: HOOKS_SETTING,
    SKIP_HOOKS: NO_VERIFY,
}


class Deed(NamedTuple):
    """One thing that a command would do.

    `target` is the path, the branch or the setting as it was written, empty for the branch that is checked out; it holds
    `UNKNOWN` where nobody can tell. `folder` is where the command would run (None: nobody can tell), in which git then
    acts. `pattern` is true for a path that stands for others, `ignored` where files that git ignores are meant too. `words`
    is the command, for people.
    """

    kind: str
    folder: str | None
    target: str = ""
    pattern: bool = False
    ignored: bool = False
    words: str = ""

    @property
    def path(self) -> str | None:
        """The target as a path from the root; None where nobody can tell."""
        return joined(self.folder, self.target)


def deeds(commands: Iterable[Command]) -> tuple[Deed, ...]:
    """All deeds of some commands, in their order."""
    found: list[Deed] = []
    for command in commands:
        shown = " ".join(word.text.replace(UNKNOWN, "…") for word in command.words)[:200]
        found += (deed._replace(words=shown) for deed in _deeds(command))
    return tuple(found)


def _deeds(command: Command) -> Iterator[Deed]:
    if any(_sets_hooks_path(name, value) for name, value in command.settings):
        yield Deed(HOOKS_PATH, command.folder, "core.hooksPath")
    if not command.words:
        return
    name = command.words[0].text.rpartition("/")[2]
    rest = command.words[1:]
    if name == "git":
        yield from _git(rest, command.folder)
    elif name in ("rm", "unlink", "trash", "trash-put", "rimraf"):
        yield from _remove(name, rest, command.folder)
    elif name in ("npx", "bunx", "pnpx") and [word.text for word in rest[:1]] == ["rimraf"]:
        yield from _remove("rimraf", rest[1:], command.folder)
    elif name == "mv":
        yield from _move(rest, command.folder)
    elif name == "find":
        yield from _find(rest, command.folder)


def _sets_hooks_path(name: str, value: str) -> bool:
    """Variables that configure git (git-config(1)): `GIT_CONFIG_KEY_<n>` and what `git -c` hands on."""
    return (name.startswith("GIT_CONFIG_KEY_") or name == "GIT_CONFIG_PARAMETERS") and _HOOKS in value.lower()


_HOOKS = "core.hookspath"


def _options(words: Sequence[Word], letters: str = "", names: Sequence[str] = ()) -> tuple[list[str], list[Word]]:
    """The options and the other words of a command; a cluster is taken apart, `--name=value` is cut to its name.

    `letters` are those that take a value, in their own word or in the next; so do the long options `names`, by any
    unambiguous beginning.
    """
    flags: list[str] = []
    others: list[Word] = []
    rest = list(reversed(words))
    while rest:
        word = rest.pop()
        text = word.text
        if text == "--":
            others += reversed(rest)
            break
        if text.startswith("--"):
            name, equals, _ = text.partition("=")
            flags.append(name)
            if not equals and rest and any(_abbreviates(name, known) for known in names):
                rest.pop()
        elif text.startswith("-") and len(text) > 1:
            for at, letter in enumerate(text[1:], 2):
                flags.append("-" + letter)
                if letter in letters:
                    if at == len(text) and rest:
                        rest.pop()
                    break
                if letter in "uSU" and letters:  # a value that only stands in the same word
                    break
        else:
            others.append(word)
    return flags, others


def _abbreviates(text: str, name: str, least: int = 3) -> bool:
    """True for a long option that git takes for `name`: any beginning of it, `--` and all, of that length at least."""
    return len(text) >= least and name.startswith(text)


def _has(flags: Sequence[str], short: str, *names: str) -> bool:
    return any(flag[1:] in short if len(flag) == 2 else any(_abbreviates(flag, one) for one in names) for flag in flags)


# Files


def _remove(name: str, words: Sequence[Word], folder: str | None) -> Iterator[Deed]:
    flags, targets = _options(words)
    whole = name not in ("rm", "unlink") or _has(flags, "rR", "--recursive")
    for word in targets:
        if whole or word.text.rstrip("/").rpartition("/")[2] == ".git":
            yield Deed(DELETE_TREE, folder, word.text, word.pattern)


def _move(words: Sequence[Word], folder: str | None) -> Iterator[Deed]:
    flags, paths = _options(words, "tS", ("--target-directory", "--suffix"))
    sources = paths if _has(flags, "t", "--target-directory") else paths[:-1]
    for word in sources:
        yield Deed(MOVE_TREE, folder, word.text, word.pattern)


_WHOLE = frozenset(("-delete", "-depth", "-d", "-xdev", "-mount", "-print", "-print0", "-H", "-L", "-P"))
_WITH_VALUE = frozenset(("-mindepth", "-maxdepth"))


def _find(words: Sequence[Word], folder: str | None) -> Iterator[Deed]:
    """`find PATH -delete` takes a tree away when nothing restricts what it finds."""
    roots = []
    rest = list(reversed(words))
    while rest and (not rest[-1].text.startswith(("-", "(", "!")) or rest[-1].text in ("-H", "-L", "-P")):
        word = rest.pop()
        if not word.text.startswith("-"):
            roots.append(word)
    deletes = False
    while rest:
        text = rest.pop().text
        if text in ("-exec", "-execdir"):
            inner = []
            while rest and rest[-1].text not in (";", "+"):
                inner.append(rest.pop().text)
            rest[-1:] = []
            deletes = deletes or (inner[:1] == ["rm"] and _has(_options([Word(one) for one in inner[1:]])[0], "rR"))
        elif rest and (text in _WITH_VALUE or (text == "-type" and rest[-1].text == "d")):
            rest.pop()
        elif text not in _WHOLE:
            return
        deletes = deletes or text == "-delete"
    if deletes:
        for word in roots or [Word(".")]:
            yield Deed(DELETE_TREE, folder, word.text, word.pattern)


# git

_GLOBAL_VALUES = frozenset(
    ("--git-dir", "--work-tree", "--namespace", "--super-prefix", "--config-env", "--attr-source")
)
_COMMIT_VALUES = (
    "--message", "--file", "--author", "--date", "--template", "--reuse-message", "--reedit-message", "--fixup", "--squash",
    "--cleanup", "--trailer", "--pathspec-from-file",
)  # fmt: skip


def _git(words: Sequence[Word], folder: str | None) -> Iterator[Deed]:
    rest = list(words)
    while rest and rest[0].text.startswith("-"):
        option, equals, value = rest.pop(0).text.partition("=")
        if option in ("-C", "-c") or (option in _GLOBAL_VALUES and not equals):
            value = (option == "-c" and equals and value) or (rest.pop(0).text if rest else "")
        if (option == "-C" and value) or option == "--git-dir":
            folder = joined(folder, value)
        elif option in ("-c", "--config-env") and value.lower().startswith(_HOOKS):
            yield Deed(HOOKS_PATH, folder, "core.hooksPath")
    if rest:
        act = _GIT.get(rest[0].text)
        if act is not None:
            yield from act(rest[1:], folder)


def _worktree(words: Sequence[Word], folder: str | None) -> Iterator[Deed]:
    _, rest = _options(words)
    if rest and rest[0].text in ("remove", "move"):
        kind = REMOVE_WORKTREE if rest[0].text == "remove" else MOVE_WORKTREE
        for word in rest[1:] if kind == REMOVE_WORKTREE else rest[1:2]:
            yield Deed(kind, folder, word.text, word.pattern)


def _branch(words: Sequence[Word], folder: str | None) -> Iterator[Deed]:
    flags, names = _options(words, "u", ("--set-upstream-to", "--contains", "--no-contains", "--points-at", "--sort"))
    if _has(flags, "r", "--remotes"):
        return
    if _has(flags, "dD", "--delete"):
        for word in names:
            yield Deed(DELETE_BRANCH, folder, _bare(word.text), word.pattern)
    elif _has(flags, "mM", "--move"):
        yield Deed(RENAME_BRANCH, folder, _bare(names[0].text) if len(names) > 1 else "")


def _bare(name: str) -> str:
    """A branch by its own name; what git would have to look up first is unknown."""
    return UNKNOWN if any(sign in name for sign in ("@{", "^", "~", ":")) or name == "-" else name


def _push(words: Sequence[Word], folder: str | None) -> Iterator[Deed]:
    flags, rest = _options(words, "o", ("--push-option", "--repo", "--receive-pack", "--exec"))
    if any(_abbreviates(flag, "--no-verify", 6) for flag in flags):
        yield Deed(SKIP_HOOKS, folder, "push")
    if any(_abbreviates(flag, one) for flag in flags for one in ("--mirror", "--prune")):
        yield Deed(DELETE_REMOTE_BRANCH, folder, UNKNOWN)
    deletes = _has(flags, "d", "--delete")
    for word in rest[1:]:
        source, colon, target = word.text.lstrip("+").partition(":")
        if deletes or (colon and not source and target):
            name = target if colon else source
            if not name.startswith("refs/") or name.startswith(_HEADS):
                yield Deed(DELETE_REMOTE_BRANCH, folder, name.removeprefix(_HEADS))


_HEADS = "refs/heads/"


def _update_ref(words: Sequence[Word], folder: str | None) -> Iterator[Deed]:
    flags, rest = _options(words, "m")
    nothing = len(rest) > 1 and rest[1].text.strip("0") == ""  # the id of no object, or no text: to delete
    if rest and rest[0].text.startswith(_HEADS) and (_has(flags, "d") or nothing):
        yield Deed(DELETE_BRANCH, folder, rest[0].text.removeprefix(_HEADS))


_READS = ("--get", "--get-all", "--get-regexp", "--get-urlmatch", "--list", "--get-color", "--get-colorbool")


def _config(words: Sequence[Word], folder: str | None) -> Iterator[Deed]:
    flags, rest = _options(words, "f", ("--file", "--blob", "--type", "--default", "--comment", "--value", "--url"))
    texts = [word.text for word in rest]
    if any(flag in _READS for flag in flags) or _has(flags, "l") or texts[:1] in (["get"], ["list"]):
        return
    section = any(flag in ("--remove-section", "--rename-section") for flag in flags)
    if texts[:1] in (["set"], ["unset"], ["remove-section"], ["rename-section"]):
        section = section or texts[0].endswith("section")
        texts = [*texts[1:], ""]
    unset = any(flag.startswith("--unset") for flag in flags)
    if not texts:
        return
    if section and texts[0].lower() == "core":
        yield Deed(HOOKS_PATH, folder, "core")
    elif texts[0].lower() == _HOOKS and (unset or len(texts) > 1):
        yield Deed(HOOKS_PATH, folder, "core.hooksPath")


def _clean(words: Sequence[Word], folder: str | None) -> Iterator[Deed]:
    """Forced twice, `git clean` deletes worktrees that lie in this one (git-clean(1))."""
    flags, rest = _options(words, "e", ("--exclude",))
    forced = sum(1 for flag in flags if flag == "-f" or _abbreviates(flag, "--force"))
    if forced > 1 and _has(flags, "d") and not _has(flags, "n", "--dry-run"):
        for word in rest or [Word(".")]:
            yield Deed(CLEAN_NESTED, folder, word.text, word.pattern, _has(flags, "xX"))


def _commit(words: Sequence[Word], folder: str | None) -> Iterator[Deed]:
    flags, _ = _options(words, "mFCct", _COMMIT_VALUES)
    if "-n" in flags or any(_abbreviates(flag, "--no-verify", 6) for flag in flags):
        yield Deed(SKIP_HOOKS, folder, "commit")


def _am(words: Sequence[Word], folder: str | None) -> Iterator[Deed]:
    flags, _ = _options(words, "pC", ("--directory", "--exclude", "--include", "--patch-format", "--resolvemsg"))
    if "-n" in flags or any(_abbreviates(flag, "--no-verify", 6) for flag in flags):
        yield Deed(SKIP_HOOKS, folder, "am")


def _merge(words: Sequence[Word], folder: str | None) -> Iterator[Deed]:
    flags, _ = _options(
        words, "mFsXx", ("--message", "--file", "--strategy", "--strategy-option", "--into-name", "--exec")
    )
    if any(_abbreviates(flag, "--no-verify", 6) for flag in flags):
        yield Deed(SKIP_HOOKS, folder, "merge")


_GIT = {
    "worktree": _worktree,
    "branch": _branch,
    "push": _push,
    "update-ref": _update_ref,
    "config": _config,
    "clean": _clean,
    "commit": _commit,
    "am": _am,
    "merge": _merge,
    "pull": _merge,
    "rebase": _merge,
}
