"""What is a reference to a plan, and what only looks like one."""

from __future__ import annotations

import pytest
from reading import read

from holdfast.domain import markdown

MENTIONS = [
    ("[Plan #12]", [12]),
    ("[Plan 12]", [12]),
    ("[plan #12] does it", [12]),
    ("see Plan #12.", [12]),
    ("see plan #12, #13", [12, 13]),
    ("[Plan #169/180]", [169, 180]),
    ("[Plan #169/#180]", [169, 180]),
    ("Plans #103 and #104", [103, 104]),
    ("Plans #103, #104, and #105", [103, 104, 105]),
    ("Plans #103 & #104", [103, 104]),
    ("[Plans #251, #252]", [251, 252]),
    ("[Plans 251 and 252]", [251, 252]),
    ("[Plan #12: the title](12_x.md)", [12]),
    ("**Plan #12**", [12]),
    ("Plan #12 and [Plan #13]", [12, 13]),
    ("PLAN: [PLAN #12]", [12]),
    ("[Plan #N]", []),
    ("[Plan #NN] and [Plan #X]", []),
    ("Plan 12 of the year", []),
    ("plan to ship #12", []),
    ("issue #12", []),
    ("PR #12", []),
    ("Explan #12", []),
    ("`[Plan #12]`", []),
    ("``a ` [Plan #12]``", []),
    ("` [Plan #12]", [12]),
    ("` a `` [Plan #12]", [12]),
    ("`a` [Plan #12] `b`", [12]),
    ("<!-- [Plan #12] -->", []),
    ("Plan #1234567890", []),
    ("Plan #12a", []),
    ("Plan #12, 13 days later", [12]),
]


@pytest.mark.parametrize(("line", "numbers"), MENTIONS)
def test_what_a_line_mentions(line: str, numbers: list[int]) -> None:
    plan = read(f"# T\n\n{line}\n")
    assert sorted(one.number for one in plan.mentions) == numbers
    assert all(line[one.column - 1 :].startswith(str(one.number)) and one.line == 3 for one in plan.mentions)


HIDDEN = [
    "```\n[Plan #12]\n```\n",
    "~~~\n[Plan #12]\n~~~\n",
    "````\n```\n[Plan #12]\n```\n````\n",
    "```python\n# [Plan #12]\n```\n",
    "- item\n  ```\n  [Plan #12]\n  ```\n",
    "- ```\n  [Plan #12]\n  ```\n",
    "1. ```\n   [Plan #12]\n   ```\n",
    "> ```\n> [Plan #12]\n> ```\n",
    "<!--\n[Plan #12]\n-->\n",
    "<!-- a\n[Plan #12] -->\n",
]
OPEN = ["```\n[Plan #12]\n", "~~~\n```\n[Plan #12]\n", "```\n~~~\n[Plan #12]\n", "<!--\n[Plan #12]\n\nmore\n"]


@pytest.mark.parametrize("block", HIDDEN)
def test_code_and_comments_hide_what_they_hold_and_nothing_behind_them(block: str) -> None:
    assert [one.number for one in read(f"# T\n\n{block}\n[Plan #13]\n").mentions] == [13]


@pytest.mark.parametrize("block", OPEN)
def test_a_fence_or_comment_that_is_never_closed_reaches_to_the_end(block: str) -> None:
    assert read(f"# T\n\n{block}\n[Plan #13]\n").mentions == ()


@pytest.mark.parametrize(
    ("text", "closing"),
    [
        ("a\n", ""),
        ("```\na\n", "```"),
        ("~~~~\na\n", "~~~~"),
        ("<!-- a\n", "-->"),
        ("```\n```\n", ""),
        ("a `<!--` b\n", ""),
    ],
)
def test_what_closes_a_text(text: str, closing: str) -> None:
    assert markdown.unclosed(text) == closing


def test_a_quoted_fence_ends_with_its_quotation() -> None:
    assert [one.number for one in read("> ```\n> [Plan #12]\n\n[Plan #13]\n").mentions] == [13]


@pytest.mark.parametrize(
    ("line", "level", "text"),
    [
        ("# A", 1, "A"), ("### A b", 3, "A b"), ("###### A", 6, "A"), ("  ## A", 2, "A"), ("## A ##", 2, "A"), ("## A #", 2, "A"),
        ("## C#", 2, "C#"), ("#", 1, ""), ("## ##", 2, ""), ("#\tA", 1, "A"),
    ],
)  # fmt: skip
def test_headings(line: str, level: int, text: str) -> None:
    found = markdown.heading(line)
    assert found is not None
    assert (found.level, found.text) == (level, text)
    assert line[found.offset :].startswith(text)


@pytest.mark.parametrize("line", ["#A", "#12", "####### A", "    # A", "text # A", "", "- # A"])
def test_no_headings(line: str) -> None:
    assert markdown.heading(line) is None


@pytest.mark.parametrize("line", ["a `b` c", "a ``b ` c`` d", "``", "`a", "a`", "``a` b", "`a` `b", "```"])
def test_blanked_code_keeps_its_columns(line: str) -> None:
    assert len(markdown.without_code(line)) == len(line)
