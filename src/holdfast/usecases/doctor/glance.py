"""A glance: what can be seen to be wrong without looking into files, for whoever asks how things are."""

from __future__ import annotations

from holdfast.domain.value import TYPE_CHECKING
from holdfast.usecases.doctor import adopted, claims, hooks, left
from holdfast.usecases.doctor.room import in_order, looked_at

if TYPE_CHECKING:
    from holdfast.domain.diagnosis import Diagnosis
    from holdfast.usecases.doctor.look import Look
    from holdfast.usecases.doctor.room import Room

_ROOMS: tuple[tuple[str, Room], ...] = (
    ("the configuration", adopted.configuration), ("git hooks", hooks.hooks), ("claims", claims.claims),
    ("unfinished commands", left.commands), ("unfinished merges", left.finishes),
)  # fmt: skip
"""What is cheap to see, and what somebody has to do something about."""


def glance(seen: Look) -> list[Diagnosis]:
    """What can be seen to be wrong, errors first; where nothing was adopted no hooks are missed."""
    found = [one for name, room in _ROOMS for one in looked_at(room, name, seen)]
    if any(one.problem.code == "not-adopted" for one in found):
        found = [one for one in found if not one.problem.code.startswith("hook")]
    return in_order(found)
