"""`--wait`: look again while all that is in the way passes by waiting, less and less often, and only so long."""

from __future__ import annotations

from holdfast.adapters import clock
from holdfast.domain.problem import WAIT
from holdfast.domain.value import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from holdfast.usecases.finish.carry_out import Tell
    from holdfast.usecases.finish.outcome import Finished

_PAUSES = (2, 4, 8, 15, 30)
"""Seconds between two looks; the last one again and again."""
_PASSES = frozenset({"check-pending", "check-missing", "request-undecided", "head-not-pushed"})
"""What passes by waiting: all of it is somebody else's to do, and on its way."""


def until_it_passes(done: Finished, again: Callable[[], Finished], limit: int, tell: Tell) -> Finished:
    """How it ends when it is looked at `again` and again, for at most `limit` seconds; says what is waited for."""
    began = clock.now()
    pauses = list(_PAUSES)
    said: tuple[str, ...] = ()
    while _passes(done) and clock.now() - began < limit:
        words = tuple(one.message for one in done.blockers)
        if words != said:
            tell("waiting: " + "; ".join(words))
        said = words
        clock.pause(pauses.pop(0) if len(pauses) > 1 else pauses[0])
        done = again()
    return done


def _passes(done: Finished) -> bool:
    waits = [one for one in done.blockers if one.code in _PASSES and one.who == WAIT]
    return bool(waits) and len(waits) == len(done.blockers)
