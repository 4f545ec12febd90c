"""The worktree of a new claim: made beside the others, with the ignored files that it needs, and set up."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from shlex import quote

from holdfast.adapters import copies, files, shell, worktrees
from holdfast.adapters.git import Git, decode
from holdfast.domain.blockers import blocker
from holdfast.domain.occupancy import FREE
from holdfast.domain.value import TYPE_CHECKING, NamedTuple
from holdfast.usecases import approvals
from holdfast.usecases.contact import main_top
from holdfast.usecases.worktrees import occupancy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from holdfast.domain.claim import Claim
    from holdfast.domain.problem import Problem
    from holdfast.domain.snapshot import Worktree
    from holdfast.usecases.surroundings import Ground
    from holdfast.usecases.workspace import Workspace

INCLUDE = ".worktreeinclude"
"""The file of the main worktree whose patterns name the ignored files that new worktrees get a copy of."""

Ask = Callable[[str, str], bool]
"""Asks a person whether the command of a key may run."""

_FIRST_PORT, _PORTS_EACH, _PLANS = 20_000, 10, 4_000


class Made(NamedTuple):
    """A worktree that was made, or None; what went wrong with it, and lines for people."""

    path: str | None
    problems: tuple[Problem, ...]
    notes: tuple[str, ...]


def make(
    place: Workspace,
    ground: Ground,
    plan: int,
    branch: str,
    ask: Ask | None,
    begun: Callable[[str], None],
    fresh: bool = False,
) -> Made:
    """Make a worktree on the branch of a claim; `path` is None where git could not. `begun` is told where, before that.

    A `fresh` one shares nothing with an earlier one of its name, whose folder somebody may only have moved: git knows
    worktrees by the name that they were made with.
    """
    main = main_top(place, ground)
    path = _free(os.path.join(root(place, ground), branch))
    at = f"{path}.{os.urandom(4).hex()}" if fresh else path
    begun(at)
    with contextlib.suppress(OSError):  # what cannot be overlooked is shown, and does no harm
        overlook(place, main, ground)
    said = worktrees.add(place.git, at, branch)
    problems = []
    if said is not None:
        last = said.splitlines()[-1].removeprefix("fatal: ")
        if not _made_all_the_same(place, at, branch):
            message = f"git could not make {path}: {last}"
            return Made(None, (blocker("worktree-unmade", branch, message, plan=plan),), ())
        message = f"the post-checkout hook failed: {last}; the claim and the worktree are there"
        problems.append(blocker("setup-failed", "post-checkout", message, f"mend the hook, then run it in {path}"))
    if fresh and not worktrees.move(place.git, at, path):
        path = at
    copied, failed = _include(place, main, path)
    notes = (f"copied {len(copied)} ignored file{'' if len(copied) == 1 else 's'} ({INCLUDE})",) if copied else ()
    unset = _set_up(place, ground, main, path, plan, ask)
    return Made(path, (*problems, *failed, *unset, *_without_hooks(place, ground, main, path)), notes)


def make_again(place: Workspace, ground: Ground, held: Claim, ask: Ask | None, begun: Callable[[str], None]) -> Made:
    """Make the worktree of a claim that stands: the one that it had is gone, or its branch is not in this clone yet."""
    assert held.plan is not None
    gone = [one for one in ground.worktrees if one.branch == held.branch and one.gone]
    for one in gone:
        if one.locked is not None:
            message = (
                f"its worktree {one.path} is not there, and git keeps it locked ({one.locked or 'no reason given'})"
            )
            remedy = f"`git worktree unlock {one.path}`, then run it again"
            return Made(None, (blocker("worktree-unmade", held.branch, message, remedy, plan=held.plan),), ())
        worktrees.forget(place.repository.common_dir, one.path)
    if held.local is None and held.remote is not None:
        code, _, err = place.git.attempt("branch", "--quiet", "--track", "--", held.branch, held.remote)
        if code != 0:
            message = f"git could not make the branch {held.branch}: {decode(err).strip().splitlines()[-1]}"
            return Made(None, (blocker("worktree-unmade", held.branch, message, plan=held.plan),), ())
    return make(place, ground, held.plan, held.branch, ask, begun, fresh=bool(gone))


def leave(place: Workspace, one: Worktree) -> str:
    """Remove a worktree that is clean, holds no ignored files and that nobody stands in; detach any other."""
    if one.gone:
        return _forgotten(place, one)
    path, git = one.path, Git(one.path, place.environment)
    empty = _free_of_people(place, path) and not worktrees.holds_ignored(git)
    here = os.path.realpath(place.top) == os.path.realpath(path)
    if not one.main and empty and not here and worktrees.remove(place.git, path):
        return f"removed the worktree {path}"
    worktrees.detach(git)
    return f"{path} is left as it is, on no branch"


def _forgotten(place: Workspace, one: Worktree) -> str:
    """Forget a worktree that is not there; in what is left of its folder git would find the repository around it."""
    path, common = one.path, place.repository.common_dir
    if one.locked is not None:
        return (
            f"the worktree {path} is gone, and locked: `git worktree unlock {path}` and `git worktree prune` forget it"
        )
    if not os.path.isdir(os.path.dirname(path)):  # a disk may be away
        return f"the worktree {path} is gone; `git worktree prune` forgets it"
    if _free_of_people(place, path) and worktrees.only_committed(place.git, common, path):
        files.remove_tree(path)
    worktrees.forget(common, path)
    return f"the worktree {path} is gone" + ("; what is left of its folder stays" if os.path.lexists(path) else "")


def _free_of_people(place: Workspace, path: str) -> bool:
    return occupancy.one(place, path).verdict == FREE


def port(plan: int) -> int:
    """The first of ten ports that are a plan's own, the same in every clone: from 20000 to 59990."""
    return _FIRST_PORT + plan % _PLANS * _PORTS_EACH


def root(place: Workspace, ground: Ground) -> str:
    """The folder in which worktrees are made."""
    return os.path.normpath(os.path.join(main_top(place, ground), os.path.expanduser(ground.policy.worktree.root)))


def _made_all_the_same(place: Workspace, path: str, branch: str) -> bool:
    """True for a worktree that git made although it failed in the end: a post-checkout hook said no."""
    return any(
        one.branch == branch
        and os.path.realpath(one.path) == os.path.realpath(path)
        and not worktrees.initializing(place.repository.common_dir, one.path)
        for one in worktrees.read(place.git)
    )


def _free(path: str) -> str:
    """The path, or the first with a number behind it where nothing stands yet: what is there is somebody's."""
    found, number = path, 2
    while os.path.lexists(found):
        found = f"{path}-{number}"
        number += 1
    return found


def overlook(place: Workspace, main: str, ground: Ground) -> None:
    """Let git overlook the folder of worktrees, through `info/exclude`: no file of the project changes."""
    inside = os.path.relpath(root(place, ground), main)
    if inside.startswith(".."):
        return
    escaped = "".join(f"\\{one}" if one in "\\*?[" else one for one in inside)
    line = f"/{escaped}/".encode("utf-8", "surrogateescape")
    target = os.path.join(place.repository.common_dir, "info", "exclude")
    there = files.read(target) or b""
    if line not in there.split(b"\n"):
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(target, "ab") as file:
            file.write((b"" if not there or there.endswith(b"\n") else b"\n") + line + b"\n")


def _include(place: Workspace, main: str, path: str) -> tuple[list[str], list[Problem]]:
    """Copy the ignored files that the include file names; gives the paths of those that were copied, and what failed."""
    patterns = os.path.join(main, INCLUDE)
    if not os.path.isfile(patterns):
        return [], []
    git = Git(main, place.environment)
    code, named, _ = git.attempt("ls-files", "-z", "--others", "--ignored", f"--exclude-from={patterns}")
    if code != 0 or not named:
        return [], []
    code, out, _ = git.attempt("check-ignore", "-z", "--stdin", data=named)
    copied, failed = [], []
    for name in decode(out).split("\0")[:-1] if code == 0 else ():
        try:
            if copies.copy(main, path, name):
                copied.append(name)
        except OSError as error:
            message = f"{name} ({INCLUDE}) was not copied: {error.strerror}; the claim and the worktree are there"
            failed.append(blocker("setup-failed", INCLUDE, message, f"copy it yourself: `cp {name} {path}`"))
    return copied, failed


def _set_up(place: Workspace, ground: Ground, main: str, path: str, plan: int, ask: Ask | None) -> list[Problem]:
    """Run the approved set-up; a failure keeps the claim and is told."""
    key = approvals.KEYS[0]
    command = approvals.command(ground.policy, key)
    if not command:
        return []
    variables = {"HOLDFAST_ROOT": main, "HOLDFAST_PLAN": str(plan), "HOLDFAST_PORT": str(port(plan))}
    by_hand = _by_hand(command, path, variables)
    if not approvals.is_approved(place, key, command):
        if ask is None or not ask(key, command):
            message = f"`{command}` ({key}) was not run: nobody approved it in this clone"
            return [blocker("setup-unapproved", key, message, f"run `holdfast approve {key}`, then `{by_hand}`")]
        approvals.approve(place, key, command)
    code = shell.run(command, path, {**place.environment, **variables}, ground.policy.worktree.setup_timeout)
    if code == 0:
        return []
    how = f"was ended after {ground.policy.worktree.setup_timeout} s" if code == shell.OVERDUE else f"ended with {code}"
    message = f"`{command}` ({key}) {how}; the claim and the worktree are there"
    return [blocker("setup-failed", key, message, f"mend it, then run it again: `{by_hand}`")]


def _without_hooks(place: Workspace, ground: Ground, main: str, path: str) -> list[Problem]:
    """What is to be said where the hooks that run in the main worktree do not in the new one."""
    if "core.hookspath" not in ground.settings:
        return []
    from holdfast.usecases.setup import husky, idle_hooks  # nearly nobody needs them

    with contextlib.suppress(OSError):  # what is missing then is said
        husky.carry(main, path, place.git)
    problem = idle_hooks.inside(path, place.git)
    return [problem] if problem is not None and idle_hooks.inside(main, place.git) is None else []


def _by_hand(command: str, path: str, variables: Mapping[str, str]) -> str:
    """The line that runs a set-up as it is run here, for a person's shell, which it leaves as it is."""
    named = " ".join(f"{name}={quote(value)}" for name, value in variables.items())
    return f"(cd {quote(path)} && {named} sh -c {quote(command)})"
