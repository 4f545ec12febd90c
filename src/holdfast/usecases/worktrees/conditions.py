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
    from collections.abc import Iterable, Sequence

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
    where = [_where(place, one) for one in wanted]
    whole = [one for one, (word, _) in zip(wanted, where, strict=True) if word == HERE]
    contents = _contents(place, whole)
    inside = occupancy.of(place, listed, now, policy.sessions)
    tops = {one.path: os.path.realpath(one.path) for one in listed}
    found = []
    for one, (word, why) in zip(wanted, where, strict=True):
        there = contents.get(one.path, Contents())
        if isinstance(there, str):
            word, why, there = BROKEN, there, Contents()
        found.append(_condition(place, one, tops, inside.get(one.path, _NOBODY), word, why, there))
    return found


_NOBODY = Occupancy(UNKNOWN, (), ("nobody looked",))


def _condition(
    place: Workspace, one: Worktree, tops: dict[str, str], inside: Occupancy, where: str, why: str, contents: Contents
) -> Condition:
    here = Condition(one, inside, where, why, contents)
    if where != HERE:
        return here
    top = tops[one.path]
    folder = _git_dir(place, one)
    nested = (
        tuple(path for path, other in tops.items() if other != top and is_within(other, top)) if not one.main else ()
    )
    return here._replace(
        operation=registration.operation(folder),
        own_commits=_own_commits(place, one),
        nested=nested,
        submodules=registration.holds_submodules(folder) or _submodules(place, one.path),
        caller=_started_in(top, tops.values()),
    )


def _where(place: Workspace, one: Worktree) -> tuple[str, str]:
    """Where the folder of a worktree is, and what is wrong with it."""
    if one.main:
        return HERE, ""
    folder = registration.of(place.repository.common_dir, one.path)
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


def _git_dir(place: Workspace, one: Worktree) -> str:
    common = place.repository.common_dir
    return common if one.main else registration.of(common, one.path) or common


def _own_commits(place: Workspace, one: Worktree) -> int:
    """The commits that nothing but the HEAD of a worktree holds, which is on no branch."""
    if one.branch is not None or one.head is None or not one.head.strip("0"):
        return 0
    out = place.git.text("rev-list", "--count", one.head, "--not", *_OTHERS_REFS)
    return int(out)


def _submodules(place: Workspace, top: str) -> bool:
    """True for a worktree with a submodule that is set up (gitmodules(5))."""
    if not os.path.lexists(os.path.join(top, ".gitmodules")):
        return False
    code, out, _ = Git(top, place.environment).attempt(
        "config", "--file", ".gitmodules", "--null", "--get-regexp", r"^submodule\..*\.path$"
    )
    paths = [entry.partition("\n")[2] for entry in out.decode("utf-8", "surrogateescape").split("\0") if entry]
    return code == 0 and any(os.path.lexists(os.path.join(top, path, ".git")) for path in paths)


def _started_in(top: str, tops: Iterable[str]) -> bool:
    """True where this command was started in that worktree, and in no deeper one."""
    here = files.current_folder()
    if here is None:
        return False
    holding = [other for other in tops if is_within(here, other)]
    return max(holding, key=len, default="") == top
