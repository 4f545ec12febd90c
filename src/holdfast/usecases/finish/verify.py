"""The command that must succeed on exactly the merged tree, before anything is merged, in a worktree of its own."""

from __future__ import annotations

import contextlib
import os

from holdfast.adapters import files, shell, worktrees
from holdfast.domain.blockers import blocker
from holdfast.domain.value import TYPE_CHECKING
from holdfast.usecases.contact import main_top
from holdfast.usecases.worktrees import making

if TYPE_CHECKING:
    from holdfast.adapters.intents import Intent
    from holdfast.domain.problem import Problem
    from holdfast.usecases.finish.scene import Scene
    from holdfast.usecases.workspace import Workspace

_LEAD = ".verify-"


def run(place: Workspace, scene: Scene, commit: str, intent: Intent) -> Problem | None:
    """Run the command on a commit that no branch holds yet; None when it succeeds. What it says goes to standard error."""
    ground, policy = scene.found.on.ground, scene.policy.finish
    main = main_top(place, ground)
    path = os.path.join(making.root(place, ground), f"{_LEAD}{os.urandom(4).hex()}")
    with contextlib.suppress(OSError):
        making.overlook(place, main, ground)
    intent.note(verify=path)
    try:
        said = worktrees.add_detached(place.git, path, commit)
        if said is not None and not os.path.lexists(os.path.join(path, ".git")):
            why = said.splitlines()[-1].removeprefix("fatal: ")
            return blocker("verify-failed", "finish.verify", f"git could not make a worktree for it: {why}")
        variables = {"HOLDFAST_ROOT": main, "HOLDFAST_PLAN": str(scene.target.tip.plan or "")}
        code = shell.run(policy.verify, path, {**place.environment, **variables}, policy.verify_timeout)
    finally:
        remove(place, path)
        intent.note(verify="")
    return _failed(policy.verify, code, policy.verify_timeout) if code else None


def remove(place: Workspace, path: str) -> None:
    """Remove a worktree that was made to verify something: nobody else was ever told of it."""
    worktrees.drop_unfinished(place.git, path)
    if os.path.basename(path).startswith(_LEAD) and os.path.lexists(path):
        files.remove_tree(path)
    worktrees.forget(place.repository.common_dir, path)
    worktrees.drop_begun(place.repository.common_dir, path)


def _failed(command: str, code: int, limit: int) -> Problem:
    how = f"was ended after {limit} s (`finish.verify_timeout`)" if code == shell.OVERDUE else f"ended with {code}"
    return blocker("verify-failed", "finish.verify", f"`{command}` {how} on the merged tree")
