"""The folder that git reads hooks from: where it is, whose it is, and what git tracks in it."""

from __future__ import annotations

import os

from holdfast.adapters.git import Git, decode, scrubbed
from holdfast.domain.quoting import quoted
from holdfast.domain.value import TYPE_CHECKING, NamedTuple
from holdfast.usecases.setup.proposal import Site, refuse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from holdfast.domain.problem import Problem


class Folder(NamedTuple):
    """Where git looks for hooks. `worktree` is the worktree that the folder lies in, or empty.

    `husky` is true for `.husky`, whose files are run by husky's own hooks in `.husky/_`. `relative` is true
    when each worktree has a folder of its own. `git` is git there.
    """

    path: str
    git: Git
    worktree: str = ""
    husky: bool = False
    relative: bool = False


def folder(git: Git, site: Site, environment: Mapping[str, str]) -> Folder | Problem:
    """The folder that git reads hooks from here, or why Holdfast cannot write there."""
    scope, value = setting(git)
    own = os.path.join(site.common, "hooks")
    command = f"git config --local core.hooksPath {quoted(own)}"
    if scope == "":
        path = own
    elif scope not in ("local", "worktree"):
        message = (
            f"refused to write hooks: the {scope} setting core.hooksPath = {value} makes git look for "
            "hooks outside this repository, for all repositories at once"
        )
        return refuse("init-hooks-path", "core.hooksPath", message, command)
    else:
        path = os.path.join(site.top, value)
    if value == "" and scope:
        return refuse(
            "init-hooks-path",
            "core.hooksPath",
            "refused to write hooks: core.hooksPath is set to nothing",
            command,
        )
    if os.path.lexists(path) and not os.path.isdir(path):
        return refuse(
            "init-hooks-path",
            "core.hooksPath",
            f"refused to write hooks: {path}, where git looks for them, is no folder, so no hook can run",
            command if scope else f"mv {quoted(path)} {quoted(path + '.old')}",
        )
    path = os.path.realpath(path)
    husky = path.endswith("/.husky/_")
    path = path.removesuffix("/_") if husky else path
    worktree = _worktree_around(git, site, path)
    relative = bool(worktree and value) and not os.path.isabs(value)
    return Folder(path, Git(worktree or site.top, scrubbed(environment)), worktree, husky, relative)


def tracked(where: Folder) -> frozenset[str]:
    """The absolute paths of hooks in the folder that git tracks."""
    if not where.worktree:
        return frozenset()
    name = os.path.relpath(where.path, where.worktree)
    out = where.git.run("--literal-pathspecs", "ls-files", "-z", "--full-name", "--", name)
    return frozenset(os.path.join(where.worktree, path) for path in decode(out).split("\0")[:-1])


def setting(git: Git) -> tuple[str, str]:
    """Scope and value of core.hooksPath as git goes by it, `("", "")` when unset.

    What stands on a command line or in the environment counts for that one command only.
    """
    code, out, _ = git.attempt("config", "--show-scope", "--null", "--type=path", "--get-all", "core.hooksPath")
    fields = decode(out).split("\0")[:-1] if code == 0 else []
    kept = [pair for pair in zip(fields[::2], fields[1::2], strict=True) if pair[0] != "command"]
    return kept[-1] if kept else ("", "")


def _worktree_around(git: Git, site: Site, path: str) -> str:
    """The deepest worktree that holds `path`; empty for none, and for the git folder inside a worktree."""
    if (path + "/").startswith(site.common + "/"):
        return ""
    out = decode(git.run("worktree", "list", "--porcelain", "-z"))
    tops = [line.removeprefix("worktree ") for line in out.split("\0") if line.startswith("worktree ")]
    around = [top for top in tops if path.startswith(top.rstrip("/") + "/") and os.path.isdir(top)]
    return max(around, key=len, default="")
