"""A problem out of a rule of the catalogue, with the severity that is configured."""

from __future__ import annotations

from holdfast.domain.problem import OFF, Problem
from holdfast.domain.value import TYPE_CHECKING

if TYPE_CHECKING:
    from holdfast.domain.policy import Policy


def finding(
    policy: Policy,
    code: str,
    subject: str,
    message: str,
    remedy: str = "",
    *,
    path: str | None = None,
    line: int | None = None,
    column: int | None = None,
    plan: int | None = None,
) -> list[Problem]:
    """What a rule found, with the severity configured; an empty list where the rule is switched off.

    A list, so that checks read `found += finding(...)`.
    """
    from holdfast.domain.rules.catalogue import BY_CODE  # all its words: most commits find nothing

    rule = BY_CODE[code]
    severity = policy.severity(code, rule.severity)
    if severity == OFF:
        return []
    return [Problem(code, severity, subject, message, remedy or rule.remedy, rule.who, path, line, column, plan)]
