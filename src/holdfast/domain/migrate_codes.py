"""What can be left of a former way of working: entries like those of the rule catalogue, which nothing can turn off."""

from __future__ import annotations

from holdfast.domain.problem import ERROR, WARNING, Problem
from holdfast.domain.rules.catalogue import Rule

OLDER_RULES: tuple[Rule, ...] = (
    Rule(
        "older-writer",
        ERROR,
        "Something older still writes the plan index or keeps claims.",
        "There are two writers: each undoes what the other wrote, and both believe that they are right.",
        "Take the lines out that are named, or commit the file and let `holdfast migrate` point it to Holdfast.",
    ),
    Rule(
        "older-script",
        WARNING,
        "An older script still does what Holdfast does.",
        "It knows nothing of sessions, the trash or claims: what it merges or removes can be somebody's work.",
        "Remove it, or let `holdfast migrate` point it to Holdfast.",
    ),
)
"""All of them, in the order in which they are documented."""

_BY_CODE = {rule.code: rule for rule in OLDER_RULES}


def left(code: str, path: str, message: str, remedy: str, line: int | None = None) -> Problem:
    """What `migrate` cannot do by itself, and how it is done by hand."""
    rule = _BY_CODE[code]
    return Problem(code, rule.severity, path, message, remedy, rule.who, path, line)
