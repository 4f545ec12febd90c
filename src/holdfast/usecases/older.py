"""What did by hand in this repository what Holdfast does: scripts, hooks that write a plan index, and what starts them."""

from __future__ import annotations

import os
import re

from holdfast.adapters import files
from holdfast.adapters.git import decode
from holdfast.domain import older
from holdfast.domain.agents import AGENTS
from holdfast.domain.claims_file import PATHS
from holdfast.domain.older import CI, CLAIMS, CONFIG, DOES, HOOK, INDEX, LARGEST, SCRIPT, TARGET, Older
from holdfast.domain.problem import Problem
from holdfast.domain.quoting import quoted
from holdfast.domain.value import TYPE_CHECKING, NamedTuple
from holdfast.usecases.setup import hook_files, hook_folder, lefthook, managers
from holdfast.usecases.setup.proposal import Site

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from holdfast.usecases.workspace import Workspace

MAKEFILES = ("GNUmakefile", "makefile", "Makefile")
"""Where make looks, in its order."""

_CONFIGS = (*managers.CONFIGURATIONS, *lefthook.NAMES)
_WORKFLOW = re.compile(r"\.(?:github|gitea|forgejo)/workflows/[^/]+\.ya?ml|\.gitlab-ci\.yml")
_SETTINGS = (".claude/settings.local.json", *(agent.path for agent in AGENTS.values() if agent.form is not None))
_HOOKS = frozenset((
    "applypatch-msg", "pre-applypatch", "post-applypatch", "pre-commit", "pre-merge-commit", "prepare-commit-msg",
    "commit-msg", "post-commit", "pre-rebase", "post-checkout", "post-merge", "pre-push", "post-rewrite", "pre-auto-gc",
))  # fmt: skip
_HOOK_FOLDERS = frozenset(("hooks", ".hooks", ".githooks", "githooks", ".husky", "git-hooks"))
_INDEX_NAMES = ("README.md", "CLAUDE.md", "INDEX.md")
_RULE = re.compile(r"([\w./-]+)\s*::?(?!=)")
_ENTRY = re.compile(r"\s*(?:-\s+)?(?:entry|run):\s*(.+)")


class _Scripts(NamedTuple):
    """Scripts as they stand: those that are older, and the paths of those that point to Holdfast already."""

    found: tuple[Older, ...]
    pointed: tuple[str, ...]

    def started(self, line: str) -> list[str]:
        """What the scripts do that a line starts, or did before they pointed to Holdfast."""
        every = [(one.path, one.role) for one in self.found]
        every += [(path, role) for path in self.pointed if (role := older.candidate(path)) is not None]
        return [role for path, role in every if older.starting(line, path) is not None]


class _Text(NamedTuple):
    """A file that may start others: what it is called, and what it says; `live` where git runs it as a hook."""

    path: str
    text: str
    live: bool = False


def found(place: Workspace) -> tuple[Older, ...]:
    """Everything older that is here, scripts first; nothing is executed, and no link is followed out of the repository.

    Raises `GitError` when git cannot be read.
    """
    tracked = _tracked(place)
    hooks = _hooks(place, tracked)
    makefile = [one for name in MAKEFILES[::-1] if (one := _read(place, name)) is not None][-1:]
    configs = [one for name in _CONFIGS if (one := _read(place, name)) is not None]
    settings = [one for name in _SETTINGS if (one := _read(place, name)) is not None]
    workflows = [one for path in tracked if _WORKFLOW.fullmatch(path) and (one := _read(place, path)) is not None]
    scripts = _scripts(place, tracked)
    starting = [*(hook for hook in hooks if hook.live), *makefile, *configs, *settings, *workflows]
    known = tuple(_with_starters(one, starting) for one in scripts.found)
    targets = _targets(place)
    return (
        *known,
        *(one for hook in hooks for one in _writing(hook, HOOK, targets)),
        *(one for text in makefile for one in _rules(text, known)),
        *(one for text in configs for one in _entries(text, scripts, targets)),
        *(one for text in workflows for one in _workflow_lines(text, scripts)),
    )


def folder_of_hooks(place: Workspace) -> hook_folder.Folder | None:
    """The folder that git reads hooks from here; None where that cannot be Holdfast's to look into."""
    where = hook_folder.folder(place.git, Site(place.top, place.repository.common_dir), place.environment)
    return None if isinstance(where, Problem) else where


def _tracked(place: Workspace) -> tuple[str, ...]:
    """The regular files that git's index holds."""
    out = decode(place.git.run("ls-files", "-s", "-z", "--full-name"))
    return tuple(record.partition("\t")[2] for record in out.split("\0") if record.startswith("100"))


def _read(place: Workspace, path: str) -> _Text | None:
    """A file of the worktree, unless a link leads to it or it is larger than anything that is meant."""
    full = os.path.join(place.top, path)
    folder = os.path.join(os.path.realpath(place.top), os.path.dirname(path)).rstrip("/")
    if os.path.realpath(os.path.dirname(full)) != folder:
        return None
    content = files.read_regular(full, LARGEST)
    return None if content is None else _Text(path, decode(content))


def _scripts(place: Workspace, tracked: Iterable[str]) -> _Scripts:
    keeps_claims = bool(PATHS.keys() & set(tracked)) or any(
        os.path.lexists(os.path.join(place.top, path)) for path in PATHS
    )
    known, pointed = [], []
    for path in tracked:
        role = older.candidate(path)
        text = _read(place, path) if role is not None else None
        if role is None or text is None:
            continue
        if older.is_shim(text.text):
            pointed.append(path)
        elif older.does(path, role, text.text, keeps_claims):
            known.append(Older(path, SCRIPT, role, DOES[role]))
    return _Scripts(tuple(known), tuple(pointed))


def _with_starters(script: Older, texts: Iterable[_Text]) -> Older:
    starters = tuple(
        f"{one.path}:{line}" for one in texts if (line := older.starting(one.text, script.path)) is not None
    )
    return script._replace(active=bool(starters), starters=starters)


# Hooks


def _hooks(place: Workspace, tracked: Iterable[str]) -> list[_Text]:
    """The hooks of others: those that git runs, by itself or behind one of ours, and those that are only in git."""
    where = folder_of_hooks(place)
    live = list(_in_folder(place, where.path)) if where is not None else []
    seen = {os.path.realpath(os.path.join(place.top, one.path)) for one in live}
    for path in tracked:
        *folders, name = path.split("/")
        if name in _HOOKS and _HOOK_FOLDERS.intersection(folders):
            one = _read(place, path)
            if one is not None and os.path.realpath(os.path.join(place.top, path)) not in seen:
                live.append(one)
    return live


def _in_folder(place: Workspace, folder: str) -> Iterator[_Text]:
    """The hooks in the folder that git looks into; one of ours runs the one that it names."""
    for name in files.names(folder):
        hook, _, kept = name.partition(hook_files.BEFORE)
        path = os.path.join(folder, name)
        if hook not in _HOOKS or (kept and not kept.startswith("-")) or hook_files.is_ours(path):
            continue
        text = _inside(place, path)
        if text is None:
            continue
        runs = files.executable(path)
        if name != hook:
            ours = decode(files.read(os.path.join(folder, hook)) or b"")
            runs = runs and f"chain={quoted(path)}\n" in ours
        yield _Text(Site(place.top, place.repository.common_dir).shown(path), text, runs)


def _inside(place: Workspace, path: str) -> str | None:
    """The text of a hook, or of the file of this repository that it is a link to."""
    real = os.path.realpath(path)
    roots = (os.path.realpath(place.top), os.path.realpath(place.repository.common_dir))
    if real != path and os.path.islink(path) and not any(real.startswith(root + "/") for root in roots):
        return None
    content = files.read_regular(real, LARGEST)
    return None if content is None else decode(content)


def _targets(place: Workspace) -> dict[str, tuple[str, ...]]:
    """What only Holdfast is to write, by what is done with it: plan indexes, and the files that claims were kept in."""
    policy = place.configurations.of_worktree().policy
    indexes = [folder.index_path for folder in policy.folders]
    indexes += [
        f"{folder.path}/{name}".lstrip("/") for folder in policy.folders if folder.path for name in _INDEX_NAMES
    ]
    return {INDEX: tuple(dict.fromkeys(indexes)), CLAIMS: tuple(PATHS)}


def _writing(hook: _Text, kind: str, targets: dict[str, tuple[str, ...]]) -> Iterator[Older]:
    for role, paths in targets.items():
        line = older.writing(hook.path, hook.text, paths)
        if line is not None:
            yield Older(hook.path, kind, role, DOES[role], line, hook.live)


# What starts scripts by name


def _rules(makefile: _Text, scripts: Iterable[Older]) -> Iterator[Older]:
    """The targets whose recipes start an older script."""
    target = ""
    for at, line in enumerate(makefile.text.split("\n"), 1):
        if not line.startswith("\t"):
            named = _RULE.match(line)
            target = named[1] if named else target if not line.strip() or line.startswith("#") else ""
            continue
        for one in scripts:
            if target and older.starting(line, one.path) is not None:
                yield Older(makefile.path, TARGET, one.role, f"`make {target}` {one.what}", at)


def _entries(config: _Text, scripts: _Scripts, targets: dict[str, tuple[str, ...]]) -> Iterator[Older]:
    """The entries of a hook manager that start a script which is older or was, or that write themselves."""
    for at, line in enumerate(config.text.split("\n"), 1):
        entry = _ENTRY.match(line)
        if entry is None:
            continue
        roles = scripts.started(entry[1])
        command = entry[1].strip().strip("\"'")
        roles += [role for role, paths in targets.items() if older.writing("x.sh", command, paths) is not None]
        yield from (Older(config.path, CONFIG, role, DOES[role], at, True) for role in roles[:1])


def _workflow_lines(workflow: _Text, scripts: _Scripts) -> Iterator[Older]:
    """The lines of a workflow that start such a script: Holdfast may not even be there where they run."""
    for at, line in enumerate(workflow.text.split("\n"), 1):
        yield from (Older(workflow.path, CI, role, DOES[role], at, True) for role in scripts.started(line)[:1])
