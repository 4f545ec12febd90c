"""What a hook manager has put aside while its hooks run, and whether it can be brought back over what we stage.

pre-commit and prek keep unstaged changes in a patch meanwhile, lefthook those of files that are staged in part. A patch that does
not fit any more is not applied: pre-commit stops with an error then and leaves the working tree without those changes
(pre_commit/staged_files_only.py). So the gate looks whether it still fits, and else takes back what it staged, and refuses.
"""

from __future__ import annotations

import os
from shlex import quote

from holdfast.adapters import files, proc
from holdfast.adapters.git import Git, scrubbed
from holdfast.domain.blockers import blocker
from holdfast.domain.value import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from holdfast.domain.problem import Problem
    from holdfast.usecases.workspace import Workspace


def staged(
    place: Workspace, pid: str, paths: Iterable[str], stage: Callable[[], list[str]]
) -> tuple[list[str], list[Problem]]:
    """What `stage` staged of the plan index files `paths`; or nothing, and why it could not stay.

    `pid` is the process that started the hook: the manager, or what that has started.
    """
    # What does not fit before we stage anything is none of our doing: a manager that was killed may have left it.
    patches = [patch for patch in _patches(place, pid) if _fits(place, patch)]
    if not patches:
        return stage(), []
    before = _Before.of(place, list(paths))
    try:
        done = stage()
        if not done or all(_fits(place, patch) for patch in patches):
            return done, []
    except BaseException:
        before.bring_back(place)
        raise
    return [], [_in_the_way(path) for path in before.bring_back(place)]


class _Patch(NamedTuple):
    """A patch of changes put aside; a `bare` one has no lines around its changes."""

    path: str
    bare: bool = False


class _Before(NamedTuple):
    """What git's index and the working tree hold of each plan index file: mode and object, and the file."""

    entries: dict[str, tuple[str, str]]
    texts: dict[str, files.State]

    @staticmethod
    def of(place: Workspace, paths: list[str]) -> _Before:
        entries = {one.path: (one.mode, one.oid) for one in place.git.staged(paths)}
        return _Before(entries, {path: files.state(os.path.join(place.top, path)) for path in paths})

    def bring_back(self, place: Workspace) -> list[str]:
        """Make the files and git's index as they were; the paths of those that had changed."""
        now = {one.path: (one.mode, one.oid) for one in place.git.staged(list(self.texts))}
        changed = []
        for path, text in self.texts.items():
            full = os.path.join(place.top, path)
            if files.state(full).same(text) and now.get(path) == self.entries.get(path):
                continue
            changed.append(path)
            files.put(full, text)
            if path in self.entries:
                place.git.stage_blob(path, *self.entries[path])
            else:
                place.git.run("update-index", "--force-remove", "--", path)
            place.git.refresh([path])
        return changed


def _patches(place: Workspace, pid: str) -> Iterator[_Patch]:
    """The patches in which a manager that started us keeps unstaged changes: most end with the number of its process.

    pre-commit: `patch<time>-<pid>` in its store (pre_commit/staged_files_only.py); prek: `<time>-<pid>.patch` in the folder
    `patches` of its own; lefthook: `info/lefthook-unstaged.patch`, with the name of a linked worktree before the last dot,
    and without lines around its changes (internal/git/repository.go).
    Seen while they ran (pre-commit 4.7, prek 0.5, lefthook 2.2).
    """
    above = proc.with_callers(int(pid)) if pid.isdigit() else ()
    for folder in _stores(place):
        for name in files.names(folder):
            number = name.removesuffix(".patch").rpartition("-")[2]
            if ("patch" in name) and number.isdigit() and int(number) in above:
                yield _Patch(os.path.join(folder, name))
    if any(os.path.basename((proc.arguments(one) or [""])[0]).startswith("lefthook") for one in above):
        linked = place.repository.git_dir != place.repository.common_dir
        name = f".{os.path.basename(place.repository.git_dir)}" if linked else ""
        patch = os.path.join(place.repository.common_dir, "info", f"lefthook-unstaged{name}.patch")
        if os.path.isfile(patch):
            yield _Patch(patch, bare=True)


def _stores(place: Workspace) -> list[str]:
    known = place.environment
    home = known.get("HOME") or os.path.expanduser("~")
    cache = known.get("XDG_CACHE_HOME") or os.path.join(home, ".cache")
    return [
        known.get("PRE_COMMIT_HOME") or os.path.join(cache, "pre-commit"),
        os.path.join(known.get("PREK_HOME") or os.path.join(cache, "prek"), "patches"),
    ]


def _fits(place: Workspace, patch: _Patch) -> bool:
    """True where the patch can be applied to the working tree as it is now, as its manager applies it."""
    how = ("--unidiff-zero", "--recount") if patch.bare else ()
    git = Git(place.top, scrubbed(place.environment))
    code, _, _ = git.attempt("apply", "--check", "--whitespace=nowarn", *how, "--", patch.path)
    return code == 0


def _in_the_way(path: str) -> Problem:
    message = (
        f"{path} has changes that are not staged, and the hook manager, which has put them aside, could not bring them back "
        "over this commit's plan index"
    )
    return blocker("index-put-aside", path, message, f"`git stash push -- {quote(path)}`, then commit again")
