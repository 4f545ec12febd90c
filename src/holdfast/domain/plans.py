"""The plans of one folder in the order of the plan index: a remembered table, and what differs from it."""

from __future__ import annotations

from operator import itemgetter

from holdfast.domain.plan_table import Table
from holdfast.domain.value import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from holdfast.domain.summary import Summary

_EMPTY = Table("", b"\0\0\0\0")
_BY_NUMBER_AND_PATH = itemgetter(2, 0)


class Plans:
    """Plans by number, then by path.

    Most of them lie in a table and are made when they are asked for: a change of one plan among 10,000 asks for few.
    Two states of one folder mostly share their table, and then what differs is known without looking at the rest.
    """

    __slots__ = ("_by_number", "_by_reference", "_fresh", "_gone", "_order", "_table")

    def __init__(
        self, fresh: Iterable[Summary] = (), table: Table = _EMPTY, gone: frozenset[int] = frozenset()
    ) -> None:
        self._fresh = tuple(sorted(fresh, key=_BY_NUMBER_AND_PATH))
        self._table = table
        self._gone = gone
        self._order: list[int] | None = None
        self._by_number: dict[int, list[Summary]] | None = None
        self._by_reference: dict[int, list[Summary]] | None = None

    def __iter__(self) -> Iterator[Summary]:
        for place in self._places():
            yield self._table.at(place) if place >= 0 else self._fresh[-1 - place]

    def __len__(self) -> int:
        return len(self._table) - len(self._gone) + len(self._fresh)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Plans) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Plans({list(self)!r})"

    @property
    def identity(self) -> str | None:
        """A word that only the same plans have; None where these did not come out of a remembered table."""
        if not self._table.name:
            return None
        fresh = (f"{one.path}\t{one.oid}" for one in self._fresh)
        return "\n".join((self._table.name, " ".join(map(str, sorted(self._gone))), *fresh))

    def rows(self) -> list[str]:
        """The lines of the plan index."""
        table, fresh = self._table, self._fresh
        rows = (table.row(place) if place >= 0 else fresh[-1 - place].row for place in self._places())
        return [row for row in rows if row]

    def numbered(self, number: int) -> list[Summary]:
        """The plans with a number; two where it was given twice."""
        found = [self._table.at(place) for place in self._table.places_of(number) if place not in self._gone]
        found += self._fresh_numbered(number)
        return sorted(found, key=_BY_NUMBER_AND_PATH) if len(found) > 1 else found

    def has(self, number: int) -> bool:
        """True when a plan has that number."""
        return any(place not in self._gone for place in self._table.places_of(number)) or bool(
            self._fresh_numbered(number)
        )

    def among(self, numbers: Iterable[int]) -> list[Summary]:
        """The plans with one of these numbers, in order."""
        return [one for number in sorted(set(numbers)) for one in self.numbered(number)]

    def referring_to(self, number: int) -> list[Summary]:
        """The plans that name a number in their header or text."""
        found = [self._table.at(place) for place in self._table.referring_to(number) if place not in self._gone]
        if self._by_reference is None:
            self._by_reference = {}
            for one in self._fresh:
                for named in {to.number for to in one.references}:
                    self._by_reference.setdefault(named, []).append(one)
        return found + self._by_reference.get(number, [])

    def referring(self) -> list[Summary]:
        """The plans that name any other, in no order."""
        found = [self._table.at(place) for place in self._table.referring() if place not in self._gone]
        return found + [one for one in self._fresh if one.references]

    def changed(self, paths: Iterable[tuple[str, int]], fresh: Iterable[Summary]) -> Plans:
        """These plans without those of `paths` (each with the number in it), and with the `fresh` ones."""
        leaving = dict(paths)
        gone = {
            place
            for path, number in leaving.items()
            for place in self._table.places_of(number)
            if self._table.at(place).path == path
        }
        kept = (one for one in self._fresh if one.path not in leaving)
        return Plans((*kept, *fresh), self._table, self._gone | gone)

    def differing(self, other: Plans) -> set[int]:
        """The numbers of all plans that are not the same, by path and blob, in both."""
        if self._table is other._table:
            numbers = {self._table.numbers[place] for place in self._gone ^ other._gone}
            mine, others = ({(one.path, one.oid): one.number for one in plans._fresh} for plans in (self, other))
        else:
            numbers = set()
            mine, others = ({(one.path, one.oid): one.number for one in plans} for plans in (self, other))
        different = mine.keys() ^ others.keys()
        return numbers | {mine.get(key) or others.get(key, 0) for key in different}

    def _fresh_numbered(self, number: int) -> list[Summary]:
        if self._by_number is None:
            self._by_number = {}
            for one in self._fresh:
                self._by_number.setdefault(one.number, []).append(one)
        return self._by_number.get(number, [])

    def _places(self) -> list[int]:
        """Where each plan stands, in order: in the table from 0, among the fresh ones from -1 downward."""
        if self._order is None:
            order: list[int] = []
            at = 0
            for index, one in enumerate(self._fresh):
                same = self._table.places_of(one.number)
                smaller = [place for place in same if self._table.at(place).path < one.path]
                behind = max(at, (smaller[-1] + 1) if smaller else same.start)
                order += [*range(at, behind), -1 - index]
                at = behind
            order += range(at, len(self._table))
            self._order = [place for place in order if place not in self._gone] if self._gone else order
        return self._order
