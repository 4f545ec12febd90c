"""A room of `doctor`: looks at one thing, and says what is wrong with it; one that cannot be looked at hides no other."""

from __future__ import annotations

from holdfast.domain.diagnosis import Diagnosis, diagnosis
from holdfast.domain.problem import ERROR, Unable
from holdfast.domain.value import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from holdfast.usecases.doctor.look import Look

    Room = Callable[[Look], Iterator[Diagnosis]]


def looked_at(room: Callable[..., Iterator[Diagnosis]], name: str, *seen: object) -> list[Diagnosis]:
    """What one room finds in what it is given, or that it cannot be looked at."""
    try:
        return list(room(*seen))
    except (Unable, OSError) as error:
        return [diagnosis("health-unseen", name, f"{name} could not be looked at: {error}")]


def in_order(found: Iterable[Diagnosis]) -> list[Diagnosis]:
    """Each once, errors first."""
    return sorted(dict.fromkeys(found), key=lambda one: one.problem.severity != ERROR)
