"""Older scripts and hooks that do what Holdfast does: two writers would undo each other's work."""

from __future__ import annotations

from holdfast.domain.diagnosis import diagnosis
from holdfast.domain.older import HOOK, TARGET
from holdfast.domain.value import TYPE_CHECKING
from holdfast.usecases import older

if TYPE_CHECKING:
    from collections.abc import Iterator

    from holdfast.domain.diagnosis import Diagnosis
    from holdfast.usecases.doctor.look import Look


def others(look: Look) -> Iterator[Diagnosis]:
    """What writes what Holdfast writes, and older scripts that go round what it looks at."""
    for one in older.found(look.place):
        if one.kind == TARGET or (one.kind == HOOK and not one.active):
            continue
        code = "older-writer" if one.writes else "older-script"
        where = f"{one.path}:{one.line}" if one.line is not None else one.path
        yield diagnosis(code, where, f"{where} {one.what}", "holdfast migrate")
