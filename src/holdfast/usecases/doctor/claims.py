"""Claims, what marks plans as taken, and reservations of plan numbers."""

from __future__ import annotations

from holdfast.domain import health
from holdfast.domain.value import TYPE_CHECKING
from holdfast.usecases import numbers, surroundings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from holdfast.domain.diagnosis import Diagnosis
    from holdfast.usecases.doctor.look import Look


def claims(look: Look) -> Iterator[Diagnosis]:
    """Contested, lost, stale and unpublished claims."""
    return health.of_claims(look.listed.claims, look.now, look.ground.remote)


def fences(look: Look) -> Iterator[Diagnosis]:
    """Plans that are marked as taken, and that nobody claims."""
    return health.of_fences(surroundings.fences(look.ground.refs), held(look), where(look))


def reservations(look: Look) -> Iterator[Diagnosis]:
    """Plan numbers that are reserved for nothing."""
    over = numbers.over(look.place, look.ground.configured, look.now)
    return health.of_numbers([name.removeprefix(numbers.RESERVED) for name in over], where(look))


def held(look: Look) -> frozenset[int]:
    """The plans that claims hold."""
    return frozenset(one.plan for one in look.listed.claims if one.plan is not None and not one.ended)


def where(look: Look) -> str:
    """What holds the marks: the remote, or this repository where there is none."""
    return look.ground.remote or "this repository"
