"""Checks of one commit: what reported, what must report, and what that makes together."""

from __future__ import annotations

from fnmatch import fnmatchcase

from holdfast.domain.forge import FAILURE, MISSING, PENDING, SUCCESS, Check
from holdfast.domain.value import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_WORST_FIRST = (FAILURE, PENDING, SUCCESS)


class Reported(NamedTuple):
    """One report; `app` is the number of the program that made it, None where the forge does not say."""

    name: str
    state: str
    url: str = ""
    app: int | None = None


class Needed(NamedTuple):
    """A check that must succeed, by its name or by a pattern with `*` and `?`; `app` is the only program that counts."""

    name: str
    app: int | None = None
    pattern: bool = False

    def met_by(self, report: Reported) -> bool:
        """Whether a report is one of this check."""
        if self.app is not None and report.app is not None and self.app != report.app:
            return False
        return report.name == self.name or (self.pattern and fnmatchcase(report.name, self.name))


def checks(reports: Iterable[Reported], needed: Sequence[Needed]) -> list[Check]:
    """Each check once, the worst of its reports; after them, missing, what must report and did not.

    A report of another program than the one that counts is no report of a required check.
    """
    by_name: dict[tuple[str, bool], Reported] = {}
    met = set[Needed]()
    for report in reports:
        fits = [need for need in needed if need.met_by(report)]
        met.update(fits)
        key = (report.name, bool(fits))
        if key not in by_name or _rank(report) < _rank(by_name[key]):
            by_name[key] = report
    found = [Check(one.name, one.state, required, one.url) for (_, required), one in by_name.items()]
    absent = dict.fromkeys(need.name for need in needed if need not in met)
    return found + [Check(name, MISSING, True) for name in absent]


def _rank(report: Reported) -> int:
    return _WORST_FIRST.index(report.state) if report.state in _WORST_FIRST else 0
