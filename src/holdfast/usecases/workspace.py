"""One worktree and its repository, opened once for a hook or a command."""

from __future__ import annotations

import os

from holdfast.adapters import files
from holdfast.adapters.cache import Cache
from holdfast.adapters.git import Asked, Git, Repository, decode, scrubbed
from holdfast.adapters.objects import Objects
from holdfast.domain.policy import COMMITTED, MAIN
from holdfast.domain.problem import Unable
from holdfast.domain.value import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from holdfast.domain.policy import Policy
    from holdfast.usecases.configured import Configurations
    from holdfast.usecases.observe import Observer


class Workspace(NamedTuple):
    """A worktree (`top`), git in it, an open reader of its objects, and the environment it was opened in.

    `staged` is what git's index changes against HEAD, where that was asked ahead.
    """

    git: Git
    repository: Repository
    top: str
    objects: Objects
    environment: Mapping[str, str]
    staged: Asked | None = None

    def state(self, name: str) -> str:
        """The path of a part of Holdfast's own state, in the git folder that all worktrees share."""
        return os.path.join(self.repository.common_dir, "holdfast", name)

    @property
    def has_put_off(self) -> bool:
        """True where something waits to be removed."""
        return bool(files.names(self.state(PUT_OFF)))

    @property
    def cache(self) -> Cache:
        """What was computed before."""
        return Cache(self.state("cache"))

    @property
    def configurations(self) -> Configurations:
        """A reader of this worktree's configuration."""
        from holdfast.usecases.configured import Configurations

        return Configurations(self.top, self.objects, self.cache)

    @property
    def observer(self) -> Observer:
        """A reader of this worktree's plans."""
        from holdfast.usecases.observe import Observer  # and with it most of Holdfast, while git is at work

        return Observer(self.git, self.repository, self.objects, self.staged)


PUT_OFF = "put-off"
"""The part of Holdfast's state where removals are written down that wait until whoever asked for them has left."""


class Bare(Unable):
    """No working tree: a bare repository, or git's own folder of another."""

    remedy = "run it in a worktree (`git worktree list` names them; `git worktree add ../work main` makes one)"


def at(cwd: str, environment: Mapping[str, str]) -> Workspace:
    """The worktree around the folder `cwd`; `NotARepository` or `Bare` where there is none."""
    clean = scrubbed(environment)
    repository = Git(cwd, clean).locate()
    if repository.top is None:
        raise Bare(f"{cwd} is in a bare repository, or in git's own folder: there is no working tree")
    git = Git(repository.top, clean)
    return Workspace(git, repository, repository.top, Objects(git), clean)


def branch(place: Workspace) -> str | None:
    """The branch that HEAD is on (also before its first commit), or None when it is detached."""
    raw = decode(files.read(os.path.join(place.repository.git_dir, "HEAD")) or b"").strip()
    if raw.startswith("ref: ") and not raw.endswith("/.invalid"):
        return raw.removeprefix("ref: ").removeprefix("refs/heads/")
    # A repository with reftable keeps HEAD elsewhere.
    code, out, _ = place.git.attempt("symbolic-ref", "--quiet", "--short", "HEAD")
    return decode(out).strip() if code == 0 else None


def holds_index(place: Workspace, policy: Policy) -> bool:
    """True when commits on this branch hold the plan index: always, only on the main branch, or never."""
    if policy.mode == MAIN:
        return branch(place) == policy.main_branch
    return policy.mode == COMMITTED
