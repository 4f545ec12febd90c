"""Which problems a change adds: by identity and count, over one parent or several."""

from __future__ import annotations

import pytest
from test_rules import OPEN, found, plans

from holdfast.domain.problem import ERROR, Problem, added, errors


def problem(code: str = "a", plan: int | None = 1, subject: str = "s", line: int = 1) -> Problem:
    return Problem(code, ERROR, subject, "m", "r", path=f"p{line}.md", line=line, column=line, plan=plan)


A, B, MOVED = problem("a"), problem("b"), problem("a", line=99)


@pytest.mark.parametrize(
    ("after", "baselines", "new"),
    [
        ([], [], []),
        ([A], [], [A]),
        ([A], [[]], [A]),
        ([A], [[A]], []),
        ([MOVED], [[A]], []),
        ([A, A], [[A]], [A]),
        ([A, A, A], [[A, A]], [A]),
        ([A], [[A, A]], []),
        ([A, B], [[B]], [A]),
        ([problem(plan=2)], [[A]], [problem(plan=2)]),
        ([problem(subject="t")], [[A]], [problem(subject="t")]),
        # several parents: for each identity the most that any of them holds
        ([A, B], [[A], [B]], []),
        ([A, A], [[A], [A]], [A]),
        ([A, A], [[A], [A, A]], []),
        ([A, A, B], [[A], [B]], [A]),
    ],
)
def test_what_a_change_adds(after: list[Problem], baselines: list[list[Problem]], new: list[Problem]) -> None:
    assert added(after, baselines) == new


MESS = (
    "**Status:** Planed\n**Priority:** Whenever\n**Blocked By:** #9\n**Blocks:** people\n\n## Plan\n\nTBD, see Plan #8.\n"
    "\n<<<<<<< HEAD\nâœ…\n"
)


def test_moving_text_adds_nothing() -> None:
    before = found(plans(MESS))
    assert len(before) >= 6
    for moved in (
        "\n\n\n" + MESS,
        MESS.replace("TBD, see", "words\n\nmore words: see"),
        MESS.replace("\n\n## Plan", "\n\nA note.\n\n## Plan"),
    ):
        assert added(found(plans(moved)), [before]) == []


def test_renaming_a_file_adds_nothing() -> None:
    assert added(found(plans(MESS, names=("01_other.md",))), [found(plans(MESS))]) == []


def test_old_mess_does_not_hide_more_of_the_same() -> None:
    before = found(plans(MESS))
    assert [one.code for one in added(found(plans(MESS + "And Plan #8 again.\n")), [before])] == ["reference-unknown"]
    assert [one.code for one in added(found(plans(MESS, OPEN + "Plan #8.\n")), [before])] == ["reference-unknown"]
    assert [one.code for one in added(found(plans(MESS.replace("Planed", "Panned"))), [before])] == ["status-unknown"]


def test_errors_are_those_of_error_level() -> None:
    warning = A._replace(severity="warning")
    assert errors([A, warning, B]) == [A, B]


@pytest.mark.parametrize(
    ("one", "place"),
    [
        (A, "p1.md:1:1"),
        (A._replace(column=None), "p1.md:1"),
        (A._replace(line=None, column=None), "p1.md"),
        (A._replace(path=None), ""),
    ],
)
def test_the_place_of_a_problem(one: Problem, place: str) -> None:
    assert one.place == place
