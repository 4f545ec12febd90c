"""A diagnosis: a problem that `doctor` found, with the repair that mends it where one is safe."""

from __future__ import annotations

from holdfast.domain.codes import BY_CODE
from holdfast.domain.problem import Problem
from holdfast.domain.value import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

ASIDE, SETUP, COMMANDS, MOVED, SESSIONS, FINISHES, PUT_OFF, FENCES, NUMBERS, TRASH, INDEX, CACHE = (
    "aside", "setup", "commands", "moved", "sessions", "finishes", "put-off", "fences", "numbers", "trash", "index", "cache",
)  # fmt: skip
REPAIRS = (ASIDE, CACHE, SETUP, MOVED, COMMANDS, SESSIONS, FINISHES, PUT_OFF, FENCES, NUMBERS, TRASH, INDEX)
"""Every repair, in the order in which they converge in one run.

What cannot be read is set aside first: what clears unfinished commands would take it for nothing. Commands come before
sessions and merges, whose worktrees they may give back; the trash comes after whatever fills it.
"""


class Diagnosis(NamedTuple):
    """A problem and the name of its repair, empty where a person has to decide; `fixed` once that mended it."""

    problem: Problem
    repair: str = ""
    fixed: bool = False


def diagnosis(
    code: str,
    subject: str,
    message: str,
    remedy: str = "",
    repair: str = "",
    plan: int | None = None,
    severity: str = "",
) -> Diagnosis:
    """A diagnosis of that code; remedy, severity and who come from the catalogue where they are not given."""
    rule = BY_CODE[code]
    problem = Problem(code, severity or rule.severity, subject, message, remedy or rule.remedy, rule.who, plan=plan)
    return Diagnosis(problem, repair)


def repairs(found: Iterable[Diagnosis]) -> list[str]:
    """The repairs that these ask for, each once, in their order."""
    wanted = {one.repair for one in found if one.repair}
    return [name for name in REPAIRS if name in wanted]


def mended(before: Iterable[Diagnosis], after: Iterable[Diagnosis]) -> list[Diagnosis]:
    """What was found `before` the repairs, each as fixed where it is not found any more, and what came up since."""
    before, after = list(before), list(after)
    still = {one.problem.identity for one in after}
    known = {one.problem.identity for one in before}
    there = [one._replace(fixed=one.problem.identity not in still) for one in before]
    return [*there, *(one for one in after if one.problem.identity not in known)]
