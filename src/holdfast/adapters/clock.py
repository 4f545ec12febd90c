"""The one clock: everything that asks what time it is asks here, and passes the answer on as an argument."""

from __future__ import annotations

import time

from holdfast.domain.moment import Moment


def now() -> Moment:
    """This moment, in whole seconds since 1970 (UTC)."""
    return Moment(int(time.time()))


def pause(seconds: float) -> None:
    """Wait about so long, by chance half as long or half as long again: two who collided do not meet again."""
    import random  # 4 ms that only those who wait have a use for

    time.sleep(seconds * random.uniform(0.5, 1.5))  # noqa: S311 - no secret
