"""Is the guide of a commit, of git's index or of the working tree as it should be? For `check` and the commit gate."""

from __future__ import annotations

import os

from holdfast.adapters import files
from holdfast.adapters.git import decode
from holdfast.domain.policy import GUIDE
from holdfast.domain.problem import Problem, added
from holdfast.domain.value import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from holdfast.domain.policy import Policy
    from holdfast.usecases.workspace import Workspace

_MARK = "<!-- holdfast guide"


def of_worktree(place: Workspace, policy: Policy) -> list[Problem]:
    """What is wrong with the guide in the working tree."""
    return _problems({path: _here(os.path.join(place.top, path)) for path in GUIDE}, policy)


def of_tree(place: Workspace, treeish: str, policy: Policy) -> list[Problem]:
    """What is wrong with the guide in a commit, or in git's index for the empty text."""
    place.objects.ask_ahead(f"{treeish}:{path}" for path in GUIDE)
    return _problems({path: _text(place.objects.content(f"{treeish}:{path}")) for path in GUIDE}, policy)


def of_change(place: Workspace, parents: Iterable[str], policy: Policy) -> list[Problem]:
    """What the step from the parents to git's index adds; what was wrong before blocks nobody."""
    now = of_tree(place, "", policy)
    return added(now, [of_tree(place, parent, policy) for parent in parents]) if now else []


def _problems(texts: Mapping[str, str | None], policy: Policy) -> list[Problem]:
    if not any(text is not None and _MARK in text for text in texts.values()):
        return []
    from holdfast.domain.rules import guide
    from holdfast.usecases.guide.texts import ours

    return guide.check(texts, ours(), policy)


def _here(path: str) -> str | None:
    """The text of a regular file; nothing that the guide stands in for anything else that is there."""
    content = files.read_regular(path)
    return _text(content if content is not None or not os.path.lexists(path) else b"")


def _text(content: bytes | None) -> str | None:
    return decode(content) if content is not None else None
