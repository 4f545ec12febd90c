"""What was read before and holds as long as its name does: tables of plans, and how many problems a state has."""

from __future__ import annotations

from holdfast.adapters.git import decode, encode
from holdfast.domain import plan_table
from holdfast.domain.plan_table import Table
from holdfast.domain.plans import Plans
from holdfast.domain.value import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from holdfast.adapters.cache import Cache
    from holdfast.domain.plan_set import PlanSet
    from holdfast.domain.summary import Summary

FEW = 64
"""So many plans that differ from a remembered table are read one by one; more, and a new table is written."""
_STATES = 4
"""Of so many states, beside the newest, the number of problems is remembered."""

ByBlob = dict[tuple[str, str], "Summary"]
"""Plans by path and blob."""


class Remembered:
    """The memory of one repository. `key` stands for one plan folder under one configuration."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self._tables: dict[str, Table] = {}

    def table(self, name: str) -> Table | None:
        """The table of that name, or None where there is none that can be read."""
        if name not in self._tables:
            raw = self._cache.read(name)
            if raw is None:
                return None
            try:
                self._tables[name] = Table(name, raw)
            except (ValueError, TypeError, IndexError):
                return None
        return self._tables[name]

    def keep(self, name: str, plans: Plans) -> Table | None:
        """Keep a table of plans; None for plans that cannot be kept."""
        raw = plan_table.dump(list(plans))
        if raw is None:
            return None
        self._tables[name] = Table(name, raw)
        self._cache.write(name, raw)
        return self._tables[name]

    def latest(self, key: str) -> str | None:
        """The name of the newest table of a whole tree."""
        raw = self._cache.read(f"latest-{key}")
        return decode(raw) if raw is not None else None

    def keep_tree(self, key: str, name: str, plans: Plans) -> Table | None:
        """Keep the table of a whole tree, which is the newest then; None for plans that cannot be kept."""
        table = self.keep(name, plans)
        if table is not None:
            self._cache.write(f"latest-{key}", name.encode())
        return table

    def pool(self, key: str) -> ByBlob:
        """All plans that are at hand: of the newest table, and of the working tree when that was read last."""
        latest = self.latest(key)
        found: ByBlob = {}
        for name in (*([latest] if latest else []), f"worktree-{key}"):
            found |= self._by_blob(name)
        return found

    def keep_worktree(self, key: str, plans: Plans) -> None:
        """Keep what differs in the working tree."""
        self.keep(f"worktree-{key}", plans)

    def recent(self, key: str) -> ByBlob:
        """The plans that were read last."""
        return self._by_blob(f"recent-{key}")

    def keep_recent(self, key: str, fresh: list[Summary]) -> None:
        """Keep plans that were just read, beside those before them while there are few."""
        known = {**self.recent(key), **{(one.path, one.oid): one for one in fresh}}
        self.keep(f"recent-{key}", Plans(known.values() if len(known) <= 2 * FEW else fresh))

    def of_branches(self, key: str) -> ByBlob:
        """The plans that branches had otherwise than the main branch, when they were read last."""
        return self._by_blob(f"branches-{key}")

    def keep_of_branches(self, key: str, plans: Iterable[Summary]) -> None:
        """Keep what branches have otherwise."""
        self.keep(f"branches-{key}", Plans(plans))

    def standing(self, plans: PlanSet, digest: str, count: Callable[[PlanSet], int]) -> int:
        """How many problems a state has, remembered for the states of the last commits, else by `count`."""
        known = self._standings(digest).get(plans.identity or "")
        return int(known) if known is not None and known.isdecimal() else count(plans)

    def keep_standing(self, plans: PlanSet, digest: str, problems: int) -> None:
        """Remember how many problems a state has, which is the parent of the next commit."""
        identity = plans.identity
        known = self._standings(digest)
        if identity is None or known.get(identity) == str(problems):
            return
        kept = [*list(known.items())[-_STATES:], (identity, str(problems))]
        self._cache.write(f"standing-{digest}", encode("\0".join(word for pair in kept for word in pair)))

    def _standings(self, digest: str) -> Mapping[str, str]:
        words = decode(self._cache.read(f"standing-{digest}") or b"").split("\0")
        return dict(zip(words[::2], words[1::2], strict=False))

    def _by_blob(self, name: str) -> ByBlob:
        table = self.table(name)
        return {(one.path, one.oid): one for one in Plans(table=table)} if table is not None else {}
