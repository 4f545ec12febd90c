"""Paths as whoever looks would type them."""

from __future__ import annotations

import os
import re

from holdfast.domain.value import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from holdfast.usecases.workspace import Workspace


class Near(NamedTuple):
    """Folders as whoever looks would write them: the `worktrees`, the one that he stands in (`own`), and where in it."""

    worktrees: tuple[str, ...]
    own: str
    cwd: str

    def place(self, worktree: str) -> str:
        """A worktree: `here`, or its path from the current folder."""
        return "here" if worktree == self.own else os.path.relpath(worktree, self.cwd)

    def text(self, text: str) -> str:
        """A text in which paths inside worktrees lead there from the current folder: absolute ones fill a line."""
        for path in sorted(self.worktrees, key=len, reverse=True):
            if path in text:
                from_here = os.path.relpath(path, self.cwd)
                inside = "" if from_here == os.curdir else from_here + os.sep
                text = text.replace(path + os.sep, inside)
                place = self.place(path).replace("\\", "\\\\")
                text = re.sub(re.escape(path) + r"(?![^\s,;:'\"])", place, text)
        return text


def around(place: Workspace, cwd: str) -> Near:
    """Paths of the worktree that one stands in, and of the main one, as they are from the folder `cwd`."""
    return Near((place.top, os.path.dirname(place.repository.common_dir)), place.top, cwd)
