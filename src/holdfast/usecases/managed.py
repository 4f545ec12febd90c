"""What hook managers start among hooks of their own, in a repository that `init` need not have been in."""

from __future__ import annotations

from holdfast.domain.value import TYPE_CHECKING
from holdfast.usecases import after_commit, commit_gate

if TYPE_CHECKING:
    from holdfast.usecases.after_commit import Report
    from holdfast.usecases.commit_gate import Verdict
    from holdfast.usecases.workspace import Workspace


def gate(place: Workspace, pid: str) -> Verdict:
    """The gate before a commit or a merge commit, whichever git is about to make."""
    return (
        commit_gate.before_merge_commit(place) if commit_gate.merging(place) else commit_gate.before_commit(place, pid)
    )


def after(place: Workspace, pid: str) -> Report:
    """What comes after a commit, a merge or a rebase; the manager's environment tells which.

    pre-commit and prek name what a rebase or a merge was in `PRE_COMMIT_REWRITE_COMMAND` and `PRE_COMMIT_IS_SQUASH_MERGE`
    (pre_commit/commands/run.py); prek the second only for a squash, and each stage in `PREK_HOOK_STAGE` (seen, prek 0.5).
    """
    rewrites = place.environment.get("PRE_COMMIT_REWRITE_COMMAND")
    if rewrites is not None:
        return after_commit.after_rewrite(place, []) if rewrites == "rebase" else after_commit.NOTHING
    if "PRE_COMMIT_IS_SQUASH_MERGE" in place.environment or place.environment.get("PREK_HOOK_STAGE") == "post-merge":
        return after_commit.after_merge(place)
    return after_commit.after_commit(place, pid)
