"""When files of worktrees were changed last; for lists that of a moment ago, because a look reads thousands of dates."""

from __future__ import annotations

from holdfast.adapters import worktrees
from holdfast.adapters.git import decode, encode
from holdfast.domain.claim import TOLERANCE
from holdfast.domain.moment import HOUR, MINUTE, Moment
from holdfast.domain.value import TYPE_CHECKING

if TYPE_CHECKING:
    from holdfast.adapters.cache import Cache

_NAME = "worktree-touched"
_LASTS = 5 * MINUTE
"""So old may be what a list shows: a claim is stale after two days."""


class Touched:
    """The dates of one look; with `lasting` those that a look of the last minutes found are used again, and kept.

    What would make a claim stale, which nothing touched for `stale` hours, is always looked at anew.
    """

    def __init__(self, cache: Cache, now: Moment, lasting: bool, stale: int) -> None:
        self._cache, self._now, self._lasting, self._stale = cache, now, lasting, stale * HOUR
        self._known = _read(cache) if lasting else {}
        self._fresh = False

    def newest(self, path: str, others: frozenset[str]) -> Moment | None:
        """When a file of the worktree at a path was last changed, `others` inside it not counted; None for none.

        What happened within the hour ends the search, and what is dated ahead tells nothing.
        """
        looked, newest = self._known.get(path, (Moment(0), None))
        if newest is not None and looked <= self._now < looked + _LASTS and self._now - newest < self._stale:
            return newest
        newest = worktrees.newest_file(path, others, Moment(self._now - HOUR), Moment(self._now + TOLERANCE))
        self._known[path], self._fresh = (self._now, newest), True
        return newest

    def keep(self) -> None:
        """Keep what was found, for the next list."""
        if self._lasting and self._fresh:
            words = (word for path, (at, newest) in self._known.items() for word in (path, str(at), str(newest or 0)))
            self._cache.write(_NAME, encode("\0".join(words)))


def _read(cache: Cache) -> dict[str, tuple[Moment, Moment | None]]:
    words = decode(cache.read(_NAME) or b"").split("\0")
    rows = zip(words[::3], words[1::3], words[2::3], strict=False)
    found = {}
    for path, at, newest in rows:
        if at.isdecimal() and newest.isdecimal():
            found[path] = Moment(int(at)), Moment(int(newest)) if newest != "0" else None
    return found
