"""The moment at which a command runs; it asks once and passes the answer on."""

from __future__ import annotations

from holdfast.adapters import clock
from holdfast.domain.value import TYPE_CHECKING

if TYPE_CHECKING:
    from holdfast.domain.moment import Moment


def now() -> Moment:
    """This moment, in whole seconds since 1970 (UTC)."""
    return clock.now()
