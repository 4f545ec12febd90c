"""The condition of worktrees at this moment: every face that lists, removes or cleans them looks here."""

from __future__ import annotations

import os

from holdfast.adapters import files, registration
from holdfast.adapters.contents import AskedContents
from holdfast.adapters.git import Git, GitError
from holdfast.domain.condition import AWAY, BROKEN, GONE, HERE, Condition, Contents
from holdfast.domain.occupancy import UNKNOWN, Occupancy, is_within
from holdfast.domain.value import TYPE_CHECKING
from holdfast.usecases.worktrees import occupancy

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from holdfast.domain.moment import Moment
    from holdfast.domain.policy import Policy
    from holdfast.domain.snapshot import Worktree
    from holdfast.usecases.workspace import Workspace

_OTHERS_REFS = ("--exclude=refs/holdfast/trash/*", "--exclude=refs/bisect/*", "--exclude=refs/worktree/*",
                "--exclude=refs/rewritten/*", "--glob=refs/*")  # fmt: skip
"""All refs but those that go with a worktree, or keep what went with one."""

_AT_ONCE = 8
"""So many worktrees are looked at side by side."""


def of(
    place: Workspace, wanted: Sequence[Worktree], listed: Sequence[Worktree], policy: Policy, now: Moment
) -> list[Condition]:
    """The conditions of the `wanted` worktrees among all that are `listed`, in their order."""
    kept = registration.every(place.repository.common_dir)
    dirs = [_git_dir(place, one, kept) for one in wanted]
    where = [_where(one, folder) for one, folder in zip(wanted, dirs, strict=True)]
    stamps = [registration.stamp(folder) if folder is not None else () for folder in dirs]  # before anything is asked
    bare = [one for one in wanted if one.main and one.head is None]
    whole = [one for one, (word, _) in zip(wanted, where, strict=True) if word == HERE and one not in bare]
    contents = _contents(place, whole)
    inside = occupancy.of(place, listed, now, policy.sessions)
    tops = {one.path: os.path.realpath(one.path) for one in listed}
    found = []
    for one, folder, (word, why), stamp in zip(wanted, dirs, where, stamps, strict=True):
        there = contents.get(one.path, Contents())
        if isinstance(there, str):
            word, why, there = BROKEN, there, Contents()
        here = Condition(one, inside.get(one.path, _NOBODY), word, why, there, stamp=stamp)
        found.append(_condition(place, here, folder, tops) if folder is not None else here)
    return found


def places(place: Workspace, listed: Sequence[Worktree]) -> list[tuple[Worktree, str, str]]:
    """Where each worktree is, as `Condition.where` has it, and what is wrong with it; nothing in it is looked at."""
    kept = registration.every(place.repository.common_dir)
    return [(one, *_where(one, _git_dir(place, one, kept))) for one in listed]


_NOBODY = Occupancy(UNKNOWN, (), ("nobody looked",))


def _condition(place: Workspace, here: Condition, folder: str, tops: dict[str, str]) -> Condition:
    """A condition with all that only some worktrees have; `folder` is where git keeps what it knows of it."""
    one = here.worktree
    if here.where not in (HERE, GONE):
        return here
    top = tops[one.path]
    here = here._replace(operation=registration.operation(folder), own_commits=_own_commits(place, one))
    if here.where == GONE:
        return here
    nested = (
        tuple(path for path, other in tops.items() if other != top and is_within(other, top)) if not one.main else ()
    )
    others = tuple(name for name in here.contents.ignored if os.path.lexists(os.path.join(top, name, ".git")))
    return here._replace(
        nested=(*nested, *others) if not one.main else (),
        submodules=registration.holds_submodules(folder) or _submodules(place, one.path, folder),
        caller=_started_in(top, tops.values()),
        unmovable=_unmovable(one.path, top),
    )


def _unmovable(path: str, top: str) -> str:
    """Why the folder of a worktree cannot be renamed as a whole, in words; empty where nothing speaks against it."""
    if os.path.islink(path):
        return f"it is a symlink to {top}"
    mounted = files.mounts_below(top)
    return f"another file system is mounted at {mounted[0]}" if mounted else ""


def _where(one: Worktree, folder: str | None) -> tuple[str, str]:
    """Where a worktree is, of which git keeps what it knows in `folder`, and what is wrong with it."""
    if one.main:
        return HERE, ""
    if folder is None:
        return BROKEN, "git keeps nothing of it under its name"
    if not os.path.isdir(one.path):
        return (GONE, "") if os.path.isdir(os.path.dirname(one.path)) else (AWAY, "")
    if registration.initializing(folder):
        return BROKEN, "git has not finished making it"
    if not registration.leads_to(one.path, folder):
        return BROKEN, "its `.git` does not lead to what git keeps of it"
    return HERE, ""


def _contents(place: Workspace, wanted: Sequence[Worktree]) -> dict[str, Contents | str]:
    """What is in each worktree that no commit has, or why git could not tell; some are looked at side by side."""
    found: dict[str, Contents | str] = {}
    for start in range(0, len(wanted), _AT_ONCE):
        group = wanted[start : start + _AT_ONCE]
        asked = [AskedContents(Git(one.path, place.environment)) for one in group]
        for one, answer in zip(group, asked, strict=True):
            try:
                found[one.path] = answer.all()
            except GitError as error:
                found[one.path] = str(error)
    return found


def _git_dir(place: Workspace, one: Worktree, kept: Mapping[str, str]) -> str | None:
    return place.repository.common_dir if one.main else kept.get(os.path.normpath(one.path))


def _own_commits(place: Workspace, one: Worktree) -> int:
    """The commits that nothing but the HEAD of a worktree holds, which is on no branch."""
    if one.branch is not None or one.head is None or not one.head.strip("0"):
        return 0
    out = place.git.text("rev-list", "--count", one.head, "--not", *_OTHERS_REFS)
    return int(out)


def _submodules(place: Workspace, top: str, folder: str) -> bool:
    """True for a worktree that has a submodule, or another repository that git took for one, with a repository in it."""
    if not registration.may_hold_gitlinks(folder):
        return False
    out = Git(top, place.environment).run("ls-files", "-s", "-z").decode("utf-8", "surrogateescape")
    paths = [entry.partition("\t")[2] for entry in out.split("\0") if entry.startswith("160000 ")]
    return any(os.path.lexists(os.path.join(top, path, ".git")) for path in paths)


def _started_in(top: str, tops: Iterable[str]) -> bool:
    """True where this command was started in that worktree, and in no deeper one."""
    here = files.current_folder()
    if here is None:
        return False
    holding = [other for other in tops if is_within(here, other)]
    return max(holding, key=len, default="") == top
