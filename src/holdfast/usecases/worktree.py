"""The worktree of a new claim: made beside the others, with the ignored files that it needs, and set up."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable

from holdfast.adapters import copies, files, processes, shell, worktrees
from holdfast.adapters.git import Git, decode
from holdfast.domain.blockers import blocker
from holdfast.domain.value import TYPE_CHECKING, NamedTuple
from holdfast.usecases import approvals
from holdfast.usecases.claim_refs import ClaimRefs
from holdfast.usecases.contact import main_top

if TYPE_CHECKING:
    from collections.abc import Mapping

    from holdfast.domain.claim import Claim
    from holdfast.domain.problem import Problem
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


def make(place: Workspace, ground: Ground, claim: ClaimRefs, ask: Ask | None, begun: Callable[[str], None]) -> Made:
    """Make the worktree of a claim; without one the claim is to be taken back. `begun` is told where, before it is made."""
    main = main_top(place, ground)
    path = _free(os.path.join(_root(main, ground), claim.branch))
    begun(path)
    with contextlib.suppress(OSError):  # what cannot be overlooked is shown, and does no harm
        _ignore(place, main, ground)
    said = worktrees.add(place.git, path, claim.branch)
    problems = []
    if said is not None:
        last = said.splitlines()[-1].removeprefix("fatal: ")
        if not _made_all_the_same(place, path, claim.branch):
            message = f"git could not make {path}: {last}"
            return Made(None, (blocker("worktree-unmade", claim.branch, message, plan=claim.plan),), ())
        message = f"the post-checkout hook failed: {last}; the claim and the worktree are there"
        problems.append(blocker("setup-failed", "post-checkout", message, f"mend the hook, then run it in {path}"))
    copied, failed = _include(place, main, path)
    notes = (f"copied {len(copied)} ignored file{'' if len(copied) == 1 else 's'} ({INCLUDE})",) if copied else ()
    return Made(path, (*problems, *failed, *_set_up(place, ground, main, path, claim, ask)), notes)


def make_again(place: Workspace, ground: Ground, held: Claim, ask: Ask | None) -> Made:
    """Make the worktree of a claim that stands: the one that it had is gone, was never finished, or is in another clone."""
    assert held.plan is not None
    common = place.repository.common_dir
    for one in ground.worktrees:
        if one.branch == held.branch and worktrees.initializing(common, one.path):
            worktrees.drop_unfinished(place.git, one.path)
        elif one.branch == held.branch and one.prunable:
            worktrees.remove(place.git, one.path)
    if held.local is None and held.remote is not None:
        code, _, err = place.git.attempt("branch", "--quiet", "--track", "--", held.branch, held.remote)
        if code != 0:
            message = f"git could not make the branch {held.branch}: {decode(err).strip().splitlines()[-1]}"
            return Made(None, (blocker("worktree-unmade", held.branch, message, plan=held.plan),), ())
    return make(place, ground, ClaimRefs(held.plan, held.branch, held.commit, held.commit), ask, lambda _path: None)


def leave(place: Workspace, path: str, main: bool) -> str:
    """Remove a worktree that is clean, holds no ignored files and that nobody stands in; detach any other."""
    if not os.path.isdir(path):
        known = os.path.isdir(os.path.dirname(path)) and worktrees.remove(place.git, path)  # else a disk may be away
        return f"the worktree {path} is gone" + ("" if known else "; `git worktree prune` forgets it")
    git = Git(path, place.environment)
    empty = processes.standing_in(path, os.getpid()) == () and not worktrees.holds_ignored(git)
    if (
        not main
        and empty
        and os.path.realpath(place.top) != os.path.realpath(path)
        and worktrees.remove(place.git, path)
    ):
        return f"removed the worktree {path}"
    worktrees.detach(git)
    return f"{path} is left as it is, on no branch"


def port(plan: int) -> int:
    """The first of ten ports that are a plan's own, the same in every clone: from 20000 to 59990."""
    return _FIRST_PORT + plan % _PLANS * _PORTS_EACH


def _root(main: str, ground: Ground) -> str:
    return os.path.normpath(os.path.join(main, os.path.expanduser(ground.policy.worktree.root)))


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


def _ignore(place: Workspace, main: str, ground: Ground) -> None:
    """Let git overlook the folder of worktrees, through `info/exclude`: no file of the project changes."""
    inside = os.path.relpath(_root(main, ground), main)
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


def _set_up(place: Workspace, ground: Ground, main: str, path: str, claim: ClaimRefs, ask: Ask | None) -> list[Problem]:
    """Run the approved set-up; a failure keeps the claim and is told."""
    key = approvals.KEYS[0]
    command = approvals.command(ground.policy, key)
    if not command:
        return []
    variables = {"HOLDFAST_ROOT": main, "HOLDFAST_PLAN": str(claim.plan), "HOLDFAST_PORT": str(port(claim.plan))}
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


def _by_hand(command: str, path: str, variables: Mapping[str, str]) -> str:
    """The line that runs a set-up as it is run here, for a person's shell, which it leaves as it is."""
    import shlex  # only where something went wrong

    named = " ".join(f"{name}={shlex.quote(value)}" for name, value in variables.items())
    return f"(cd {shlex.quote(path)} && {named} sh -c {shlex.quote(command)})"
