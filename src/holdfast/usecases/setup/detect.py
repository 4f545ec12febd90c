"""What a repository is like before it is adopted: plan folders and plan index files, main branch, remote."""

from __future__ import annotations

import os
import re
from collections import Counter

from holdfast.adapters import files
from holdfast.adapters.git import decode
from holdfast.domain import front_matter, policy, takeover
from holdfast.domain.agents import AGENTS
from holdfast.domain.naming import Pattern
from holdfast.domain.value import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from holdfast.adapters.git import Git

_PLANS = (
    "docs/plans", "doc/plans", "plans", ".plans", "docs/plan", "docs/planning", "docs/gaps", "docs/tasks",
    "docs/dev/plans", "docs/internal/plans", ".agents/plans", ".claude/plans", "tasks", "backlog/tasks",
    ".backlog/tasks",
)  # fmt: skip
_RECORDS = (
    "docs/adr", "docs/adrs", "doc/adr", "doc/adrs", "adr", "adrs", "docs/decisions", "doc/decisions",
    "decisions", "docs/architecture/decisions", "doc/architecture/decisions", "docs/architecture/adr",
    "docs/rfcs", "docs/rfc", "doc/rfcs", "rfcs", "rfc",
)  # fmt: skip
_RECORD_NAMES = frozenset({"adr", "adrs", "decisions", "rfcs", "rfc", "decision-records"})
_INDEX_NAMES = ("claude.md", "readme.md", "index.md", "agents.md", "plans.md", "plan-index.md")
_TASK_NAME = re.compile(r"task-\d+ - .*\.md", re.I | re.S)
_MAIN_NAMES = ("main", "master", "trunk")
_SCP = re.compile(r"(?:[^@/:\s]+@)?([^/:\s]{2,}):(?!//)")
_WITH_HOST = re.compile(r"(?:https?|ssh|git|git\+ssh|ssh\+git)://(?:[^@/]*@)?([^/:]+)", re.I)
_GUIDES = ("CLAUDE.md", "AGENTS.md", "GEMINI.md", ".github/copilot-instructions.md")
_AGENTS = (*(sign for agent in AGENTS.values() for sign in agent.signs), *_GUIDES)

INSERT = "insert"
APPEND = "append"
CREATE = "create"
LEAVE = "leave"


class IndexFile(NamedTuple):
    """The file in which a folder's plan index will stand, and how its place in it comes to be.

    `how` is `insert` (markers around a table that is there), `append`, `create`, or `leave` (it has markers,
    or a template makes it); `others` counts further tables that look like a plan index.
    """

    name: str
    how: str
    table: takeover.Table | None = None
    others: int = 0


class Folder(NamedTuple):
    """One plan folder: path from the top, profile, the file names of its plans, and its plan index file."""

    path: str
    profile: str
    plans: tuple[str, ...]
    index_file: IndexFile


class Remote(NamedTuple):
    """The remote that work goes to; `host` is empty for a folder on this machine."""

    name: str
    host: str


def tracked_paths(git: Git) -> list[str]:
    """Every path that git tracks or would track: tracked files and untracked ones that are not ignored."""
    return decode(git.run("ls-files", "-co", "-z", "--exclude-standard", "--full-name")).split("\0")[:-1]


def usual_folders(top: str, paths: Iterable[str]) -> list[Folder]:
    """The plan folders found at the usual places, with at least one plan in each."""
    by_folder: dict[str, list[str]] = {}
    for path in paths:
        folder, _, name = path.rpartition("/")
        if Pattern("").number(name) is not None:
            by_folder.setdefault(folder, []).append(name)
    usual = {place: at for at, place in enumerate((*_PLANS, *_RECORDS))}
    found = sorted(
        (folder for folder in by_folder if folder.casefold() in usual), key=lambda one: usual[one.casefold()]
    )
    return [described(top, folder, by_folder[folder]) for folder in found]


def chosen_folder(top: str, path: str, paths: Iterable[str]) -> Folder:
    """The plan folder that the user named, with whatever plans it holds."""
    lead = path + "/" if path else ""
    inside = (name.removeprefix(lead) for name in paths if name.startswith(lead))
    return described(top, path, [name for name in inside if "/" not in name and Pattern("").number(name) is not None])


def described(top: str, path: str, plans: Sequence[str]) -> Folder:
    """A plan folder with the profile that its name and its files ask for."""
    names = tuple(sorted(set(plans)))
    folder = os.path.join(top, path) if path else top
    archived = [name for name in files.names(os.path.join(folder, "archive")) if Pattern("").number(name) is not None]
    profile = _profile(folder, path, names)
    return Folder(path, profile, names, _index_file(folder, frozenset((*names, *archived))))


def main_branch(git: Git, remote: Remote | None) -> str:
    """The name of the branch that work is merged into; it may have no commit yet."""
    if remote is not None:
        lead = f"refs/remotes/{remote.name}/"
        code, out, _ = git.attempt("symbolic-ref", "--quiet", lead + "HEAD")
        if code == 0 and decode(out).startswith(lead):
            return decode(out).strip().removeprefix(lead)
    configured = git.config("init.defaultBranch")
    names: list[str] = [*_MAIN_NAMES, *([configured] if configured else [])]
    for name in names:
        places = [
            f"refs/heads/{name}",
            *((f"refs/remotes/{remote.name}/{name}",) if remote is not None else ()),
        ]
        if any(git.attempt("show-ref", "--verify", "--quiet", place)[0] == 0 for place in places):
            return name
    code, out, _ = git.attempt("symbolic-ref", "--quiet", "--short", "HEAD")
    return _first_worktrees_branch(git) or (decode(out).strip() if code == 0 else "") or configured or "main"


def remote(git: Git) -> Remote | None:
    """The remote `origin`, else the only one, else None."""
    names = decode(git.run("remote")).split("\n")[:-1]
    name = "origin" if "origin" in names else (names[0] if len(names) == 1 else None)
    if name is None:
        return None
    code, out, _ = git.attempt("remote", "get-url", name)
    return Remote(name, host_of(decode(out).removesuffix("\n")) if code == 0 else "")


def host_of(url: str) -> str:
    """The host in a remote's URL (git-fetch(1), GIT URLS), or empty for a path, `file://` or a helper."""
    match = _WITH_HOST.match(url)
    if match is None and "::" not in url and not url.startswith(("/", ".", "~")):
        match = _SCP.match(url)  # host:path; one letter before the colon is a drive
    return match[1] if match is not None else ""


def helpers(top: str) -> list[str]:
    """What is good to know about the agents that work in this repository already."""
    agents = [name for name in _AGENTS if os.path.lexists(os.path.join(top, name))]
    said = []
    if agents:
        said.append(
            f"coding agents work here ({', '.join(agents)}): `holdfast guide --write` tells them the rules, "
            "`holdfast agents install NAME` adds their hooks"
        )
    return said


def _profile(folder: str, path: str, plans: Sequence[str]) -> str:
    if path.rpartition("/")[2].casefold() in _RECORD_NAMES:
        return policy.RECORD
    tasks = Counter(_is_task(folder, name) for name in plans)
    return policy.TASKS if tasks[True] > tasks[False] else policy.PLAN


def _is_task(folder: str, name: str) -> bool:
    if _TASK_NAME.fullmatch(name):
        return True
    head = (files.read(os.path.join(folder, name)) or b"")[:4096]
    ids = [entry.value for entry in front_matter.read(decode(head)).entries if entry.key.casefold() == "id"]
    return any(value.casefold().startswith("task-") for value in ids)


def _index_file(folder: str, plans: frozenset[str]) -> IndexFile:
    names = files.names(folder)
    templates = {name.removesuffix(".template") for name in names if name.endswith(".template")}
    known = {name.casefold(): name for name in (*names, *templates) if name.casefold() in _INDEX_NAMES}
    candidates = [known[name] for name in _INDEX_NAMES if name in known]
    for name in candidates:
        if name in templates:
            return IndexFile(name, LEAVE)
    texts = {name: text for name in candidates if (text := _text(os.path.join(folder, name))) is not None}
    for name, text in texts.items():
        if takeover.marked(text):
            return IndexFile(name, LEAVE)
    return _best_table(texts, plans) or _readme(folder, known, texts)


def _best_table(texts: dict[str, str], plans: frozenset[str]) -> IndexFile | None:
    found = {name: takeover.tables(text, plans) for name, text in texts.items()}
    every = [(table.rows, name, table) for name, tables in found.items() for table in tables]
    if not every:
        return None
    _, name, table = max(every, key=lambda one: one[0])
    return IndexFile(name, INSERT, table, len(every) - 1)


def _readme(folder: str, known: dict[str, str], texts: dict[str, str]) -> IndexFile:
    """README.md, or the next free name where a symlink or a folder has that one."""
    for wanted in ("README.md", "INDEX.md", "PLANS.md"):
        name = known.get(wanted.casefold(), wanted)
        if name in texts:
            return IndexFile(name, APPEND)
        if not os.path.lexists(os.path.join(folder, name)):
            return IndexFile(name, CREATE)
    return IndexFile("PLAN-INDEX.md", CREATE)


def _text(path: str) -> str | None:
    """The text of a regular file, or None for anything else: where a symlink leads is not ours."""
    try:
        content = files.state(path).content
    except OSError:
        return None
    return decode(content) if content is not None and b"\0" not in content else None


def _first_worktrees_branch(git: Git) -> str:
    """The branch of the main worktree, born or unborn; empty when HEAD is detached or the repository bare."""
    for line in decode(git.run("worktree", "list", "--porcelain", "-z")).split("\0"):
        if line == "":
            return ""
        if line.startswith("branch refs/heads/"):
            return line.removeprefix("branch refs/heads/")
    return ""
