"""The one shape of everything that is not as it should be: finding, blocker and diagnosis."""

from __future__ import annotations

from holdfast.domain.value import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

ERROR = "error"
WARNING = "warning"
OFF = "off"
SEVERITIES = (ERROR, WARNING, OFF)

YOU = "you"
WAIT = "wait"
HUMAN = "human"


class Problem(NamedTuple):
    """One thing that is not as it should be.

    `subject` names what it is about in words that survive moving text (never a line or a path of a
    numbered plan); with `code` and `plan` it is the problem's identity. `who` is `you` (run the remedy,
    retry), `wait` (do other work) or `human` (stop and ask). `line` and `column` count from 1.
    """

    code: str
    severity: str
    subject: str
    message: str
    remedy: str
    who: str = YOU
    path: str | None = None
    line: int | None = None
    column: int | None = None
    plan: int | None = None

    @property
    def identity(self) -> tuple[str, int | None, str]:
        """What makes two problems the same one, before and after text moved."""
        return (self.code, self.plan, self.subject)

    @property
    def place(self) -> str:
        """`path:line:column`, as far as it is known; empty without a path."""
        if self.path is None:
            return ""
        parts = [self.path, *(str(n) for n in (self.line, self.column) if n is not None)]
        return ":".join(parts)


def added(after: Iterable[Problem], baselines: Iterable[Iterable[Problem]]) -> list[Problem]:
    """The problems of `after` that no baseline explains, by identity and count.

    With several baselines (the parents of a merge) the union counts: for each identity the largest
    number that any one of them holds.
    """
    allowed: dict[tuple[str, int | None, str], int] = {}
    for baseline in baselines:
        for identity, count in _counted(baseline).items():
            allowed[identity] = max(count, allowed.get(identity, 0))
    new = []
    for problem in after:
        left = allowed.get(problem.identity, 0)
        if left > 0:
            allowed[problem.identity] = left - 1
        else:
            new.append(problem)
    return new


def _counted(problems: Iterable[Problem]) -> dict[tuple[str, int | None, str], int]:
    counts: dict[tuple[str, int | None, str], int] = {}
    for problem in problems:
        counts[problem.identity] = counts.get(problem.identity, 0) + 1
    return counts


def errors(problems: Iterable[Problem]) -> list[Problem]:
    """Those of error level, in their order."""
    return [problem for problem in problems if problem.severity == ERROR]


class Unable(Exception):
    """We could not do the job, which is no finding: `args[0]` says why, in one line; `remedy` is the next command."""

    remedy = ""
    exit = 1
