"""Rules over the guide: the block in CLAUDE.md and AGENTS.md, and the pages that it names."""

from __future__ import annotations

from holdfast.domain import guide
from holdfast.domain.rules.finding import finding
from holdfast.domain.value import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from holdfast.domain.guide import Texts
    from holdfast.domain.policy import Policy
    from holdfast.domain.problem import Problem


def check(files: Mapping[str, str | None], ours: Texts, policy: Policy) -> list[Problem]:
    """What is wrong with the guide in the texts of its files, by path; None for a file that is not there.

    A file without the guide is its owner's. What a newer Holdfast wrote is taken as right.
    """
    problems = []
    for path, text in files.items():
        if text is not None:
            problems += check_file(path, text, ours, policy)
    if any(_holds(path, files.get(path)) for path in guide.BLOCKS):
        for path in guide.PAGES:
            if files.get(path) is None:
                problems += finding(policy, "guide-missing", path, f"the guide names {path}, which is not there")
    return problems


def check_file(path: str, text: str, ours: Texts, policy: Policy) -> list[Problem]:
    """What is wrong with the guide in one file."""
    try:
        part = guide.found(text, path)
    except guide.Broken as broken:
        what, line = broken.args
        return finding(policy, "guide-broken", path, f"the guide in {path} has {what}", path=path, line=line, column=1)
    state = guide.judged(part, ours.of(path)) if part is not None else guide.CURRENT
    if part is None or state not in _CODES:
        return []
    code, words = _CODES[state]
    line = text.count("\n", 0, part.start) + 1
    return finding(policy, code, path, f"the guide in {path} {words}", path=path, line=line, column=1)


_CODES = {
    guide.EDITED: ("guide-edited", "was edited by hand"),
    guide.OLD: ("guide-outdated", "is not what this version of Holdfast writes"),
}


def _holds(path: str, text: str | None) -> bool:
    try:
        return text is not None and guide.found(text, path) is not None
    except guide.Broken:
        return True
