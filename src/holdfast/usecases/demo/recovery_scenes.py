"""The very end: a repository damaged in a dozen ways at once, told what is wrong, and healthy again."""

from __future__ import annotations

import os

from holdfast.adapters import files
from holdfast.domain.value import TYPE_CHECKING
from holdfast.usecases.demo.stage import Line, Stage, Step

if TYPE_CHECKING:
    from collections.abc import Iterator

_HOOKS = ("pre-commit", "commit-msg", "post-commit", "post-merge")


def _damaged(stage: Stage) -> Iterator[Line]:
    yield Line(
        "scene", "How are things in Ada's clone, which never got its hooks? They are installed, and one screen tells."
    )
    ada = os.path.join(stage.folder, "ada")
    yield from stage.type(
        Step("holdfast init --local --yes", 0, "ada"),
        Step("holdfast status", 0, "ada"),
    )
    _damage(stage, ada)
    yield Line("scene", "Then somebody tidies up there, and the machine loses power. What is wrong, and what mends it?")
    yield from stage.type(Step("holdfast doctor", 1, "ada"))


def _healed(stage: Stage) -> Iterator[Line]:
    yield Line("scene", "What is safe to mend is mended, in one run; what needs a decision is left to people.")
    yield from stage.type(
        Step("holdfast doctor --fix", 0, "ada"),
        Step("holdfast doctor", 0, "ada"),
        Step("holdfast explain hook-python-gone", 0, "ada"),
    )


def _damage(stage: Stage, top: str) -> None:
    """A dozen kinds of damage at once."""
    git = os.path.join(top, ".git")
    hooks, own = os.path.join(git, "hooks"), os.path.join(git, "holdfast")
    deleted, silent, foreign, moved = (os.path.join(hooks, name) for name in _HOOKS)
    files.put(deleted, files.ABSENT)
    _edit(silent, mode=0o644)
    files.put(foreign, files.State(b"#!/bin/sh\necho tests passed\n", 0o755))
    _edit(moved, b"python='", b"python='/opt/removed")
    _edit(os.path.join(hooks, "post-rewrite"), b"#!/bin/sh\n", b"#!/bin/sh\n# tidied up\n")
    stage.git("-C", top, "config", "--unset", "merge.holdfast-plan-index.driver")
    _edit(os.path.join(top, "docs/plans/README.md"), b"Faster start", b"Fastest start")
    _put(os.path.join(own, "sessions", "s9.json"), b'{"schema": "holdfast.sess')
    _edit(os.path.join(own, "journal.jsonl"), b'{"at"', b'\0\0\0\n{"at"')
    _put(os.path.join(own, "cache", "config-" + "0" * 40), b"holdfast cache 2\ntorn")
    _put(os.path.join(own, "intents", "worktree-0a0a-1"), b"kind\tworktree\nbranch\tplan-5-dark-mode\n")
    _put(os.path.join(own, "put-off", "0a0a"), b"branch\tplan-8-gone\nhead\t0a0a\nactor\tAda\nplan\t8\nwhole\tyes\n")


def _put(path: str, content: bytes) -> None:
    files.make_folder(os.path.dirname(path))
    files.put(path, files.State(content))


def _edit(path: str, old: bytes = b"", new: bytes = b"", mode: int | None = None) -> None:
    there = files.state(path)
    files.put(path, files.State((there.content or b"").replace(old, new, 1), mode or there.mode))


SCENES = (_damaged, _healed)
