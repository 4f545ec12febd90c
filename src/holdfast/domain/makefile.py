"""The text of a Makefile: its explicit rules, and those of a former process; only read, never run."""

from __future__ import annotations

import re

from holdfast.domain import older
from holdfast.domain.claims_file import PATHS
from holdfast.domain.value import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

NAMES = ("claims", "claim", "release", "finish", "worktree", "worktree-remove", "status")
"""The targets that Holdfast has an answer to."""

_TELLING = frozenset(("claims", "claim", "finish", "worktree", "worktree-remove"))
"""Those of them that nearly every other Makefile lacks: `release` and `status` mean other things elsewhere."""

_RULE = re.compile(r"((?:[\w./%-]+[ \t]+)*[\w./%-]+)[ \t]*(::?)(?![:=])")
_SCRIPT = re.compile(r"(?:[\w.-]+/)+[\w.-]+")
_WORKTREE = re.compile(r"\bgit\b[^\n]*\bworktree\s+(?:add|remove)\b")
_GLOB = re.compile(r"[ ]*-?s?include[ \t]+[^#]*[*?\[]")
_INCLUDE = re.compile(r"[ ]*-?s?include[ \t]+(.+)")


class Rule(NamedTuple):
    """One explicit rule: its targets, the index of its first line, and that behind its last one; `recipe` is its text."""

    targets: tuple[str, ...]
    first: int
    end: int
    recipe: str


def rules(text: str) -> list[Rule]:
    """All explicit rules, in their order; lines that are continued with a backslash belong together."""
    lines = text.split("\n")
    found = []
    at = 0
    while at < len(lines):
        named = _RULE.match(lines[at])
        if named is None or lines[at].startswith("\t"):
            at += 1
            continue
        end = _end_of(lines, at)
        found.append(Rule(tuple(named[1].split()), at, end, "\n".join(lines[at:end])))
        at = end
    return found


def is_programmed(text: str) -> bool:
    """True where it cannot be told from its lines what a Makefile's rules are, or what it includes.

    It has recipes that begin otherwise, makes rules by functions, or includes whatever lies there.
    """
    return any(
        line.startswith((".RECIPEPREFIX", "define ", "override define ")) or _GLOB.match(line) is not None
        for line in text.splitlines()
    )


def offers(text: str) -> bool:
    """True for a Makefile that has one of the targets which tell that a process like Holdfast's is here."""
    return any(_TELLING.intersection(rule.targets) for rule in rules(text))


def old(text: str) -> list[Rule]:
    """The rules of one target each that do by hand what Holdfast does."""
    return [rule for rule in rules(text) if len(rule.targets) == 1 and rule.targets[0] in NAMES and _is_old(rule)]


def taken(text: str, gone: Collection[Rule]) -> frozenset[str]:
    """The targets that the Makefile defines but for the rules in `gone`."""
    return frozenset(name for rule in rules(text) if rule not in gone for name in rule.targets)


def included(text: str) -> Iterator[str]:
    """What the Makefile includes, word by word, as it is written."""
    for line in text.split("\n"):
        found = _INCLUDE.match(line)
        if found is not None:
            yield from found[1].split("#")[0].split()


def handed_over(text: str, gone: Collection[Rule], name: str) -> str:
    """The Makefile with the rules in `gone` as comments, and with a last line that includes `name`."""
    newline = "\r\n" if "\r\n" in text else "\n"
    lines = text.split("\n")
    for rule in gone:
        for at in range(rule.first, rule.end):
            lines[at] = "# " + lines[at] if lines[at].strip() else lines[at]
    whole = "\n".join(lines)
    if name in included(text):
        return whole
    return whole + ("" if not whole or whole.endswith("\n") else newline) + f"include {name}{newline}"


def _end_of(lines: list[str], at: int) -> int:
    """Behind the last line of the rule that begins at `at`: recipes begin with a tab, and blank lines may be among them."""
    end = at + 1
    while end < len(lines) and lines[end - 1].rstrip("\r").endswith("\\"):
        end += 1
    last = end
    while end < len(lines) and (lines[end].startswith("\t") or not lines[end].strip()):
        continued = lines[end].startswith("\t")
        end += 1
        while continued and end < len(lines) and lines[end - 1].rstrip("\r").endswith("\\"):
            end += 1
        last = end if continued else last
    return last


def _is_old(rule: Rule) -> bool:
    body = rule.recipe.split("\n", 1)[1] if "\n" in rule.recipe else ""
    scripts = (found[0] for found in _SCRIPT.finditer(body))
    return (
        any(path in body for path in PATHS)
        or any(older.candidate(path) is not None for path in scripts)
        or bool(_WORKTREE.search(body))
    )
