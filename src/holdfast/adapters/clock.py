"""The one clock: everything that asks what time it is asks here, and passes the answer on as an argument."""

from __future__ import annotations

import random
import time

from holdfast.domain.moment import Moment


def now() -> Moment:
    """This moment, in whole seconds since 1970 (UTC)."""
    return Moment(int(time.time()))


def wait(seconds: float) -> None:
    """Let some time pass."""
    time.sleep(seconds)
