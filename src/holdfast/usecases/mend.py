"""Mends in the working tree that need no decision: signs, byte order marks, doubly encoded text, the plan index."""

from __future__ import annotations

import os

from holdfast.adapters import files
from holdfast.domain import status
from holdfast.domain.garbled import ungarble
from holdfast.domain.header_edit import CannotEdit, with_field
from holdfast.domain.plan import BOM
from holdfast.domain.plan_reader import parse
from holdfast.domain.value import TYPE_CHECKING
from holdfast.usecases import indexes, journal

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from holdfast.domain.plan_set import PlanSet
    from holdfast.domain.policy import FolderPolicy
    from holdfast.usecases.workspace import Workspace

_MENDED = frozenset(("status-sign", "file-bom", "file-garbled"))
"""The problems of a plan's own text that have an automatic mend."""


def worktree(place: Workspace, dry_run: bool = False) -> list[tuple[str, str]]:
    """Mend the plans and the plan index of the working tree; gives what was mended as path and words."""
    observer = place.observer
    done = plans(place, observer.of_worktree(observer.configurations.of_worktree()), dry_run)
    done += [(path, "the computed plan index") for path in indexes.put(place, dry_run)]
    if done and not dry_run:
        journal.here(place, "check-mend", paths=list(dict.fromkeys(path for path, _ in done)))
    return done


def plans(
    place: Workspace, found: PlanSet, dry_run: bool = False, only: Collection[str] | None = None
) -> list[tuple[str, str]]:
    """Mend these plans of the working tree (`only` those paths) as a part of something else that is one event."""
    done: list[tuple[str, str]] = []
    for state in found.folders:
        for one in state.summaries:
            codes = {problem.code for problem in one.problems}
            if codes & _MENDED and (only is None or one.path in only):
                done += _plan(place, one.path, one.number, state.folder, dry_run)
    return done


def _plan(place: Workspace, path: str, number: int, folder: FolderPolicy, dry_run: bool) -> Iterator[tuple[str, str]]:
    target = os.path.join(place.top, path)
    before = files.read(target)
    if before is None:
        return
    content = before
    for mend, words in ((_without_bom, "byte order mark removed"), (_ungarbled, "text decoded once more")):
        after = mend(content)
        if after != content:
            content = after
            yield path, words
    plan = parse(path, number, content, folder)
    written = status.written(plan.status_text, folder.statuses) if plan.sign_says is not None else None
    if written is not None:
        try:
            content = with_field(content, plan, "status", written)
        except CannotEdit:
            written = None
        else:
            yield path, f"status written as {written}"
    if content != before and not dry_run:
        files.put(target, files.State(content, files.state(target).mode))


def _without_bom(content: bytes) -> bytes:
    return content.removeprefix(BOM.encode())


def _ungarbled(content: bytes) -> bytes:
    return ungarble(content.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
