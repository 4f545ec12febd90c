"""`functools.lru_cache` for what hooks import: `functools` alone takes 1 ms."""

from __future__ import annotations

from holdfast.domain.value import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar, TypeVarTuple

    Given = TypeVarTuple("Given")
    Made = TypeVar("Made")

_MOST = 4096


def remembered(function: Callable[[*Given], Made]) -> Callable[[*Given], Made]:
    """The function, asked once for each tuple of arguments; these must be hashable."""
    known: dict[object, Made] = {}

    def remembering(*arguments: *Given) -> Made:
        if arguments not in known:
            if len(known) >= _MOST:
                known.clear()
            known[arguments] = function(*arguments)
        return known[arguments]

    remembering.__doc__ = function.__doc__
    return remembering
