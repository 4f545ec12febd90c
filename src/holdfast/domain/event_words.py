"""What happened, in words: an event of the journal as people say it."""

from __future__ import annotations

from holdfast.domain.event import TORN
from holdfast.domain.value import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

    from holdfast.domain.event import Event

_WORDS = {
    "init": "set Holdfast up here",
    "uninstall": "took Holdfast out of this repository",
    "agents": "changed the hooks of coding agents",
    "approve": "approved {key}: {command}",
    "check-mend": "mended plans: {paths}",
    "index-write": "wrote the plan index: {paths}",
    "index-heal": "put the plan index right after a commit: {paths}",
    "ci-index": "put the plan index of {branch} right: {paths}",
    "index-mend": "made {rewritten} commits again with the right plan index",
    "merge-rebuild": "put the plan index of a merge right",
    "plan-new": "wrote plan #{plan}: {title}",
    "plan-set": "set plan #{plan} to {after}",
    "migrate": "migrated {step}: {paths}",
    "guide": "wrote the guide: {paths}",
    "doctor": "mended {fixed}",
    "set-aside": "set aside what cannot be read: {path} is {to} now",
    "notify": "told the user that session {session} waits",
    "claim-begun": "began to claim plan #{plan} as {branch}",
    "claim": "claimed plan #{plan} as {branch}",
    "claim-taken-back": "took the claim {branch} back: it was not made in full",
    "unclaim-begun": "began to give {branch} back",
    "unclaim": "gave {branch} back",
    "marks-ended": "took marks of claims and numbers away that nobody needs",
    "worktree-made": "made the worktree {worktree} of {branch}",
    "worktree-taken-back": "took a worktree of {branch} back that was not made in full",
    "worktree-repaired": "told git that {moved_from} is now {worktree}",
    "worktree-removed": "moved the worktree {worktree} to the trash",
    "worktree-restored": "brought the worktree {worktree} back from the trash",
    "worktree-removal-undone": "undid a removal of {worktree} that was cut off",
    "worktree-locked": "locked {worktree} for a session",
    "worktree-unlocked": "unlocked {worktree}",
    "trash-emptied": "deleted {worktree} for good",
    "session-start": "began a session in {worktree}",
    "session-end": "ended its session",
    "branch-updated": "merged the main branch into {branch}",
    "finish-begun": "began to merge {branch}",
    "finish": "merged {branch} into the main branch",
    "finish-cleanup": "cleaned up after the merge of {branch}: {step} {outcome}",
    "request": "opened or updated request #{number} for {branch}",
    "finish-lost": "did not merge {branch}: somebody was faster",
    "finish-queued": "put {branch} into the merge queue",
    "finish-refused": "did not merge {branch}: {why}",
    "finish-undone": "took a merge of {branch} back that was cut off",
    "finish-put-off": "put off removing the worktree of {branch} until it is left",
    "finish-put-off-ended": "did not remove the worktree of {branch}: {why}",
    TORN: "set a torn line of the journal aside",
}


KNOWN = frozenset(_WORDS)
"""The events that are known by name."""


def words(event: Event) -> str:
    """The event in words, without when and by whom; of one that is not known by name, all that it says."""
    known: dict[str, Any] = {"plan": event.plan, "branch": event.branch, "worktree": event.worktree, **event.data}
    template = _WORDS.get(event.event)
    if template is not None:
        try:
            said = template.format_map({key: _shown(value) for key, value in known.items()})
        except (KeyError, IndexError, ValueError):
            said = ""
        if said:
            return f"{said} (after a command was cut off)" if event.data.get("recovered") else said
    return ", ".join(f"{key} {_shown(value)}" for key, value in known.items() if value is not None)


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_shown(one) for one in value)
    return "-" if value is None else str(value)
