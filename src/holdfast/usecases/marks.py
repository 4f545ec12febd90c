"""The small files by which hooks of one worktree tell each other what is known: gate, verified, heal, watch, known, ahead.

The shell writes most of them: see `templates/parts/state`, `verified` and `unchanged`.
"""

from __future__ import annotations

import os

from holdfast.adapters import files
from holdfast.domain.policy import GUIDE
from holdfast.domain.value import TYPE_CHECKING

if TYPE_CHECKING:
    from holdfast.domain.policy import Policy

WATCH_FORMAT = "5"
_AHEAD = "ahead"

OK, LOOK, HEAL = "ok", "look", "heal"
"""What the gate leaves to do after a commit that it let pass: nothing, to look at it, or to heal git's index as well."""


def folder(git_dir: str) -> str:
    """Where a worktree's marks are; for the main worktree that is the common `holdfast` folder."""
    return os.path.join(git_dir, "holdfast")


def gate_passed(git_dir: str, git_pid: str, passed: str) -> None:
    """Tell the post-commit hook of the same git process that the gate let this commit pass, and what is left to do."""
    _write(git_dir, "gate", f"{git_pid} {passed}\n")


def passed_by(git_dir: str) -> tuple[str, str]:
    """The git process that the gate let pass last, and `ok`, `look` or `heal`; two empty words where there is none.

    The shell adds the branch that HEAD was on.
    """
    words = _read(git_dir, "gate").partition("\n")[0].split()
    return (words[0], words[1]) if len(words) >= 2 else ("", "")


def to_heal(git_dir: str, paths: list[str]) -> None:
    """Remember the plan index files whose entries git will put back after a partial commit."""
    _write(git_dir, "heal", "".join(f"{path}\n" for path in paths))


def healing(git_dir: str) -> list[str]:
    """What `to_heal` remembered."""
    return _read(git_dir, "heal").splitlines()


def verified(git_dir: str, commit: str, ref: str, seen: bool) -> None:
    """Remember that `commit`, looked at from the branch `ref`, holds the plan index of its plans.

    Unless a gate has `seen` it, its plans may still be invalid.
    """
    _write(git_dir, "verified", f"{'' if seen else '-'}{commit} {ref}\n")


def ahead(git_dir: str, intent: str) -> None:
    """Mark a worktree whose files are moved ahead of its branch by the merge that is written down in the file `intent`."""
    files.put(os.path.join(folder(git_dir), _AHEAD), files.State(f"{intent}\n".encode("utf-8", "surrogateescape")))


def not_ahead(git_dir: str) -> None:
    """Take that mark off."""
    _forget(git_dir, _AHEAD)


def ahead_by(git_dir: str) -> str | None:
    """The file in which the merge is written down that moved the files of a worktree ahead of its branch; None for none."""
    intent = _read(git_dir, _AHEAD).rstrip("\n")
    return intent if intent and os.path.lexists(intent) else None


def watch(git_dir: str, policy: Policy) -> None:
    """Write what the shell hooks need to leave at once: what to look at, and which options.

    It has to fit the commit that was verified last: where it changes, that one is forgotten.
    """
    guarded = f"refs/heads/{policy.main_branch}" if not policy.allow_on_main else "-"
    options = ("tag" if policy.require_tag else "-", "prefix" if policy.tag_commits else "-")
    # The guide comes first: without Holdfast the shell refuses changes of what is behind it, and of nothing else.
    lines = [" ".join((WATCH_FORMAT, guarded, *options)), *GUIDE, *policy.watched]
    text = "".join(f"{line}\n" for line in lines)
    if text != _read(git_dir, "watch"):
        _forget(git_dir, "verified")
        _write(git_dir, "watch", text)


def _write(git_dir: str, name: str, text: str) -> None:
    place = os.path.join(folder(git_dir), name)
    try:
        files.put(place, files.State(text.encode("utf-8", "surrogateescape")))
    except OSError:
        return  # a read-only .git makes the hooks slower, never wrong


def _forget(git_dir: str, name: str) -> None:
    try:
        files.put(os.path.join(folder(git_dir), name), files.ABSENT)
    except OSError:
        return


def _read(git_dir: str, name: str) -> str:
    return (files.read(os.path.join(folder(git_dir), name)) or b"").decode("utf-8", "surrogateescape")
