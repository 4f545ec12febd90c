"""What every look at claims stands on: refs, worktrees, settings, configuration, main branch and remote."""

from __future__ import annotations

from holdfast.adapters.git import Git, scrubbed
from holdfast.adapters.refs import HEADS, REMOTES, AskedRefs
from holdfast.adapters.worktrees import AskedWorktrees
from holdfast.domain.value import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from holdfast.adapters.git import AskedSettings
    from holdfast.domain.policy import Policy
    from holdfast.domain.problem import Problem
    from holdfast.domain.snapshot import Worktree
    from holdfast.usecases.configured import Configured
    from holdfast.usecases.workspace import Workspace

FENCES = "refs/holdfast/plans/"
SEEN_FENCES = "refs/holdfast/seen/plans/"
"""Fences as the remote had them when it was asked last; `FENCES` are those of a repository without a remote."""

_REFS = (HEADS, REMOTES, "refs/holdfast/")
_MASTER = "master"


class Refused(Exception):
    """Nothing can be claimed or reserved here; `problems` say why."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        super().__init__()
        self.problems = tuple(problems)


class Ground(NamedTuple):
    """What every look at claims stands on: refs, settings of git, configuration, worktrees, main branch and remote.

    `stamp` is the same as long as no ref moves.
    """

    refs: Mapping[str, str]
    stamp: bytes
    settings: Mapping[str, str]
    configured: Configured
    worktrees: tuple[Worktree, ...]
    main: str
    remote: str | None

    @property
    def policy(self) -> Policy:
        """The policy of the working tree."""
        return self.configured.policy


class Asked(NamedTuple):
    """git, looking around; where there is no repository that is told by whoever opens it."""

    refs: AskedRefs
    worktrees: AskedWorktrees
    settings: AskedSettings


def ask(cwd: str, environment: Mapping[str, str]) -> Asked:
    """Let git look around the folder `cwd` while its asker does something else."""
    git = Git(cwd, scrubbed(environment))
    return Asked(AskedRefs(git, _REFS), AskedWorktrees(git), git.asked_settings())


def of(place: Workspace, asked: Asked | None = None) -> Ground:
    """What there is now, by three git processes that work side by side and may have been `asked` before."""
    asked = asked or ask(place.top, place.environment)
    configured = place.configurations.of_worktree()
    refs = asked.refs.ids()
    settings = asked.settings.all()
    main = main_of(configured.policy, refs)
    remote = remote_of(configured.policy, settings, main)
    return Ground(refs, asked.refs.stamp, settings, configured, asked.worktrees.all(), main, remote)


def check(configured: Configured) -> None:
    """`Refused` where the configuration is not what its author meant: nothing is taken or given back on that ground."""
    if configured.errors:
        raise Refused(configured.errors)


def refs_now(place: Workspace) -> dict[str, str]:
    """The refs that claims rest on, as they are at this moment."""
    return AskedRefs(place.git, _REFS).ids()


def fences(refs: Mapping[str, str]) -> dict[int, str]:
    """The commits of the fences by plan, as far as this clone has seen them: those of the remote before its own."""
    found = {}
    for lead in (FENCES, SEEN_FENCES):
        for ref, oid in refs.items():
            number = ref[len(lead) :] if ref.startswith(lead) else ""
            if number.isascii() and number.isdecimal():
                found[int(number)] = oid
    return found


def main_of(policy: Policy, refs: Mapping[str, str]) -> str:
    """The short name of the main branch: the configured one, or `master` where nothing is configured and that exists."""
    if policy.origin is None and HEADS + policy.main_branch not in refs and HEADS + _MASTER in refs:
        return _MASTER
    return policy.main_branch


def remote_of(policy: Policy, settings: Mapping[str, str], main: str) -> str | None:
    """The remote that claims are shared through: as configured, else that of the main branch, `origin`, or the only one."""
    names = list(dict.fromkeys(key[7:-4] for key in settings if key.startswith("remote.") and key.endswith(".url")))
    if policy.claims.remote is not None:
        return policy.claims.remote
    followed = settings.get(f"branch.{main}.remote")
    if followed in names:
        return followed
    if "origin" in names:
        return "origin"
    return names[0] if len(names) == 1 else None
