"""Where a refusal finds the recovery page of its repository."""

from __future__ import annotations

import os

from holdfast.adapters import files

_PAGE = os.path.join("docs", "RECOVERY.md")
_MARK = b"<!-- holdfast guide "
_LARGEST = 4_000_000


def page(folder: str) -> str:
    """The recovery page of the worktree around `folder`, as a path from there; empty where it has none of ours."""
    top = _top(folder)
    if top is None or not (files.read_regular(os.path.join(top, _PAGE), _LARGEST) or b"").startswith(_MARK):
        return ""
    return os.path.relpath(os.path.join(top, _PAGE), folder)


def _top(folder: str) -> str | None:
    """The nearest folder upwards that is the top of a worktree, as git finds it."""
    while not os.path.lexists(os.path.join(folder, ".git")):
        above = os.path.dirname(folder)
        if above == folder:
            return None
        folder = above
    return folder
