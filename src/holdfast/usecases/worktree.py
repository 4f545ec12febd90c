"""The worktree of a new claim: made beside the others, with the ignored files that it needs, and set up."""

from __future__ import annotations

import os

from holdfast.adapters import copies, files, shell, worktrees
from holdfast.adapters.git import decode, encode
from holdfast.domain.blockers import blocker
from holdfast.domain.value import TYPE_CHECKING, NamedTuple
from holdfast.usecases import approvals
from holdfast.usecases.contact import main_top

if TYPE_CHECKING:
    from collections.abc import Callable

    from holdfast.domain.problem import Problem
    from holdfast.usecases.claim_refs import ClaimRefs
    from holdfast.usecases.snapshot import Ground
    from holdfast.usecases.workspace import Workspace

INCLUDE = ".worktreeinclude"
"""The file of the main worktree whose patterns name the ignored files that new worktrees get a copy of."""

_FIRST_PORT, _PORTS_EACH, _PLANS = 20_000, 10, 4_000


class Made(NamedTuple):
    """A worktree that was made, or None; what went wrong with it, and lines for people."""

    path: str | None
    problems: tuple[Problem, ...]
    notes: tuple[str, ...]


def make(place: Workspace, ground: Ground, claim: ClaimRefs, ask: Callable[[str], bool] | None) -> Made:
    """Make the worktree of a claim; without one the claim is to be taken back."""
    main = main_top(place, ground)
    path = _free(os.path.join(_root(main, ground), claim.branch))
    _ignore(place, main, ground)
    said = worktrees.add(place.git, path, claim.branch)
    if said is not None:
        message = f"git could not make {path}: {said.splitlines()[-1].removeprefix('fatal: ')}"
        return Made(None, (blocker("worktree-unmade", claim.branch, message, plan=claim.plan),), ())
    copied = _include(place, main, path)
    notes = (f"copied {len(copied)} ignored file{'' if len(copied) == 1 else 's'} ({INCLUDE})",) if copied else ()
    return Made(path, tuple(_set_up(place, ground, main, path, claim, ask)), notes)


def port(plan: int) -> int:
    """The first of ten ports that are a plan's own, the same in every clone: from 20000 to 59990."""
    return _FIRST_PORT + plan % _PLANS * _PORTS_EACH


def _root(main: str, ground: Ground) -> str:
    return os.path.normpath(os.path.join(main, os.path.expanduser(ground.policy.worktree.root)))


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
    line = f"/{inside}/".encode("utf-8", "surrogateescape")
    target = os.path.join(place.repository.common_dir, "info", "exclude")
    there = files.read(target) or b""
    if line not in there.split(b"\n"):
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(target, "ab") as file:
            file.write((b"" if not there or there.endswith(b"\n") else b"\n") + line + b"\n")


def _include(place: Workspace, main: str, path: str) -> list[str]:
    """Copy the ignored files that the include file names; gives the paths of those that were copied."""
    patterns = os.path.join(main, INCLUDE)
    if not os.path.isfile(patterns):
        return []
    git = type(place.git)(main, place.environment)
    named = decode(git.run("ls-files", "-z", "--others", "--ignored", f"--exclude-from={patterns}"))
    if not named:
        return []
    code, out, _ = git.attempt("check-ignore", "-z", "--stdin", data=encode(named))
    ignored = decode(out).split("\0")[:-1] if code == 0 else []
    return [name for name in ignored if copies.copy(os.path.join(main, name), os.path.join(path, name))]


def _set_up(
    place: Workspace, ground: Ground, main: str, path: str, claim: ClaimRefs, ask: Callable[[str], bool] | None
) -> list[Problem]:
    """Run the approved set-up; a failure keeps the claim and is told."""
    key = approvals.KEYS[0]
    command = approvals.command(ground.policy, key)
    if not command:
        return []
    if not approvals.is_approved(place, key, command):
        if ask is None or not ask(
            f"{key} wants to run in the new worktree:\n\n    {command}\n\nApprove it for this clone?"
        ):
            message = f"`{command}` ({key}) was not run: nobody approved it in this clone"
            return [
                blocker("setup-unapproved", key, message, f"run `holdfast approve {key}`, then the command in {path}")
            ]
        approvals.approve(place, key, command)
    variables = {"HOLDFAST_ROOT": main, "HOLDFAST_PLAN": str(claim.plan), "HOLDFAST_PORT": str(port(claim.plan))}
    code = shell.run(command, path, {**place.environment, **variables}, ground.policy.worktree.setup_timeout)
    if code == 0:
        return []
    how = f"was ended after {ground.policy.worktree.setup_timeout} s" if code == shell.OVERDUE else f"ended with {code}"
    remedy = f"mend it, then run it again: `cd {path} && {command}`"
    return [blocker("setup-failed", key, f"`{command}` ({key}) {how}; the claim and the worktree are there", remedy)]
