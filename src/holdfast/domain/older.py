"""Scripts, hooks and entries that did by hand what Holdfast does: told by their names and what their text says.

A name alone says little: `check_claims.py` may check those of an insurance. So a text must say too that it is about a claims
file, a plan index, worktrees or merging. Nothing is executed, and what is not sure is left out.
"""

from __future__ import annotations

import re

from holdfast.domain.command_line import commands
from holdfast.domain.shell_words import UNKNOWN
from holdfast.domain.value import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

SCRIPT, HOOK, TARGET, CONFIG, CI = "script", "hook", "make-target", "hook-config", "ci"
"""What an older thing is: `hook-config` is an entry of a hook manager's file, `ci` a line of a workflow."""

CLAIMS, INDEX, COMPLETE, FINISH, REMOVE = "claims", "index", "complete", "finish", "remove"
DOES = {
    CLAIMS: "keeps claims by hand",
    INDEX: "writes the plan index",
    COMPLETE: "sets plans complete",
    FINISH: "merges the work of a plan",
    REMOVE: "removes worktrees",
}
"""Each thing that is done, in words."""

PYTHON, SHELL = "python", "sh"

SHIM = "# holdfast shim: "
"""How the line begins that a script holds which `migrate` has pointed to Holdfast."""

LARGEST = 262_144
"""Bytes of a file that is looked into."""


class Older(NamedTuple):
    """Something older: its path from the top (absolute outside the worktree), its kind, and what it does (`role`, `what`).

    `line` is where it says so, None for a script. `active` is true where something starts it, and `starters` names that.
    """

    path: str
    kind: str
    role: str
    what: str
    line: int | None = None
    active: bool = False
    starters: tuple[str, ...] = ()

    @property
    def writes(self) -> bool:
        """True for a second writer of what Holdfast writes; a hook that nothing starts is none."""
        return self.role in (CLAIMS, INDEX, COMPLETE) and (self.active or self.kind != HOOK)


_FOLDERS = frozenset((
    "scripts", "script", "tools", "tool", "bin", "dev", "hooks", ".hooks", ".githooks", "githooks", ".husky", "meta",
    "meta-process", "ci", ".claude",
))  # fmt: skip
_NOT_OURS = frozenset(("test", "tests", "testing", "node_modules", "vendor", "third_party", "fixtures", "examples"))
_ENDINGS = (".py", ".sh", ".bash", "")

_SURE = {"sync_plan_status": INDEX, "finish_pr": FINISH, "safe_worktree_remove": REMOVE}
"""Names that say it all."""
_NAMES = (
    (CLAIMS, re.compile(
        r"claims?|(?:check|manage|list|show|add|make|take|release|update|sync|clean|cleanup)_claims?(?:_[a-z]+)*"
        r"|claim_(?:plan|work|task|worktree|branch)|(?:create|new|start)_worktree")),
    (INDEX, re.compile(
        r"(?:sync|update|generate|gen|build|rebuild|refresh|regenerate|write)_plans?(?:_(?:index|status|statuses|table|list))?"
        r"|(?:sync|update|generate|gen|build|refresh)_index|plans?_index")),
    (COMPLETE, re.compile(r"(?:complete|close|finish)_plan")),
    (FINISH, re.compile(r"(?:finish|merge|land|complete)_(?:prs?|pull_request|branch|work)")),
    (REMOVE, re.compile(
        r"(?:safe_|force_)?(?:worktrees?_(?:remove|rm|cleanup|clean|delete)"
        r"|(?:remove|cleanup|clean|delete|rm|prune)_(?:[a-z]+_)?worktrees?)")),
)  # fmt: skip

_CLAIMS_FILE = re.compile(r"active-work\.ya?ml|\.claim\.ya?ml")
_INDEX_FILE = re.compile(r"(?:README|CLAUDE|INDEX|AGENTS|PLANS)\.md", re.I)
_PLANS = re.compile(r"(?<![\w-])plans(?![\w-])")
_WRITES = re.compile(r"write_text|\.write\(|open\([^)\n]*[\"'][wa]|>>?\s*[\"$\w./{]|\bsed\s+-i|\btee\b")
_MERGES = re.compile(r"\b(?:gh\W+pr|glab\W+mr|git)\W+merge\b")
_PROCESS = re.compile(r"\b(?:worktrees?|claims?|plans?)\b", re.I)
_COMPLETES = re.compile(r"\bComplete\b")
_REMOVES = re.compile(r"\bworktree\W+(?:remove|prune)\b")


def candidate(path: str) -> str | None:
    """What a script may do by its place and name (its role), or None for any other file."""
    *folders, name = path.split("/")
    if not _FOLDERS.intersection(folders) or _NOT_OURS.intersection(folders):
        return None
    stem, ending = _parts(name)
    if ending not in _ENDINGS:
        return None
    named = (role for role, names in _NAMES if names.fullmatch(stem))
    return _SURE.get(stem) or next(named, None)


def does(path: str, role: str, text: str, keeps_claims: bool) -> bool:
    """Whether the text of a candidate says that it does that; `keeps_claims`: a claims file is in the repository."""
    if is_shim(text):
        return False
    stem = _parts(path.rpartition("/")[2])[0]
    if stem in _SURE or (stem == "check_claims" and keeps_claims):
        return True
    if role == CLAIMS:
        return bool(_CLAIMS_FILE.search(text))
    if role == INDEX:
        return all(one.search(text) for one in (_PLANS, _INDEX_FILE, _WRITES))
    if role == COMPLETE:
        return all(one.search(text) for one in (_PLANS, _COMPLETES, _WRITES))
    if role == FINISH:
        return bool(_MERGES.search(text) and _PROCESS.search(text))
    return bool(_REMOVES.search(text))


def is_shim(text: str) -> bool:
    """True for a script that `migrate` has pointed to Holdfast."""
    return any(line.startswith(SHIM) for line in text.split("\n", 4)[:4])


def language(path: str, text: str) -> str | None:
    """The language of a script by its first line, else by the ending of its name; None for any other."""
    first = text.split("\n", 1)[0]
    if first.startswith("#!"):
        program = first.replace("/usr/bin/env ", "").removeprefix("#!").strip().split(" ")[0].rpartition("/")[2]
        if re.fullmatch(r"python[0-9.]*", program):
            return PYTHON
        return SHELL if program in ("sh", "bash", "dash", "zsh", "ksh", "ash") else None
    ending = _parts(path.rpartition("/")[2])[1]
    return {".py": PYTHON, ".sh": SHELL, ".bash": SHELL}.get(ending)


def writing(path: str, text: str, targets: Sequence[str]) -> int | None:
    """The line at which a hook writes or stages one of `targets` (paths from the top), or None where it does not."""
    if language(path, text) == PYTHON:
        return _python_writing(text, targets)
    return _shell_writing(text, targets)


def starting(text: str, path: str) -> int | None:
    """The first line of a text that names the script `path` where it is no comment, or None."""
    named = re.compile(rf"(?<![\w.-])(?:[\w.${{}}()-]*/)*{re.escape(_from_its_folder(path))}(?![\w.-])")
    for at, line in _code(text):
        if named.search(line):
            return at
    return None


def _parts(name: str) -> tuple[str, str]:
    """A file's name as its stem, in small letters and with underscores, and its ending."""
    stem, dot, ending = name.rpartition(".")
    if not stem:
        stem, dot, ending = name, "", ""
    return stem.casefold().replace("-", "_"), (dot + ending).casefold()


def _from_its_folder(path: str) -> str:
    """A path without what stands before its last folder: scripts are named from many places."""
    return "/".join(path.split("/")[-2:])


def _code(text: str) -> Iterable[tuple[int, str]]:
    """The lines of a script that are no comments, with their numbers."""
    for at, line in enumerate(text.split("\n"), 1):
        if line.strip() and not line.lstrip().startswith("#"):
            yield at, line


def _shell_writing(text: str, targets: Sequence[str]) -> int | None:
    wanted = set(targets)
    held: dict[str, str] = {}
    for command in commands(text, "/"):
        held.update(command.settings)
        words = [word.text for word in command.words]
        for target in _written(words):
            if (found := _plain(target)) in wanted:
                return _line_of(text, found)
    names = [name for name, value in held.items() if _plain(value) in wanted]
    return _redirected(text, targets, names)


def _written(words: list[str]) -> list[str]:
    """What a simple command writes or stages by its own arguments."""
    program = words[0].rpartition("/")[2] if words else ""
    files = [word for word in words[1:] if not word.startswith("-")]
    if program == "git":
        staging = next((at for at, word in enumerate(files) if word in ("add", "stage")), None)
        return files[staging + 1 :] if staging is not None else []
    if program == "tee":
        return files
    if program == "sed" and any(re.match(r"-[a-zA-Z]*i|--in-place", word) for word in words[1:]):
        return files
    return files[-1:] if program in ("cp", "mv", "install") else []


def _plain(word: str) -> str:
    """A path as it is from the top, where the word begins with what may be the top."""
    return word.removeprefix("./").removeprefix(UNKNOWN + "/")


def _redirected(text: str, targets: Sequence[str], names: list[str]) -> int | None:
    variables = [rf"\$\{{?{name}\}}?" for name in names]
    places = [r"(?:\./|\$[\w{}]+/)?" + re.escape(target) for target in targets]
    redirection = re.compile(rf">>?\|?\s*[\"']?(?:{'|'.join([*places, *variables])})[\"']?(?=[\s;&|)]|$)")
    for at, line in _code(text):
        found = redirection.search(line)
        if found and all(line[: found.start()].count(quote) % 2 == 0 for quote in "\"'"):
            return at
    return None


def _python_writing(text: str, targets: Sequence[str]) -> int | None:
    for at, line in _code(text):
        for target in targets:
            path = rf"[\"'](?:\./)?{re.escape(target)}[\"']"
            staged = rf"[\"']git[\"'],\s*[\"'](?:add|stage)[\"'][^)]*{path}|git add [^\"']*{re.escape(target)}"
            if re.search(rf"{staged}|{path}\)?\.write_|open\(\s*{path},\s*[\"'][wa]", line):
                return at
    return None


def _line_of(text: str, target: str) -> int:
    """The line that names a path, or its file alone where a variable holds the folder; the first where none does."""
    for named in (target, target.rpartition("/")[2]):
        for at, line in _code(text):
            if named in line:
                return at
    return 1
