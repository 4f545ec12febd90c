"""File names: which are plans, and what a new one is called."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.domain import naming, policy
from holdfast.domain.naming import Pattern, PatternError

TOLERANT = [
    ("01_rate.md", 1), ("1_rate.md", 1), ("0001-rate.md", 1), ("121_a_b.md", 121), ("12.md", 12), ("12 - Some title.md", 12),
    ("task-12 - Some title.md", 12), ("plan-12-x.md", 12), ("Plan_12.md", 12), ("ADR-0012-use-git.md", 12), ("12.x.md", 12),
    ("12_a'b \"c\".md", 12), ("12_a\nb.md", 12), ("12_ü.markdown", 12), ("12_X.MD", 12),
    ("CLAUDE.md", None), ("AGENTS.md", None), ("README.md", None), ("TEMPLATE.md", None), ("notes.md", None),
    ("2024-01-02-notes.md", None), ("12_x.txt", None), ("12", None), ("12x.md", None), ("x_12.md", None), ("", None),
    ("١٢_x.md", None), ("1234567890_x.md", None), (".md", None), ("-12_x.md", None), ("12_x.md.bak", None),
]  # fmt: skip


@pytest.mark.parametrize(("name", "number"), TOLERANT)
def test_usual_names(name: str, number: int | None) -> None:
    assert Pattern("").number(name) == number


EXPLICIT = [
    ("{number:02}_{slug}.md", "07_x.md", 7, True),
    ("{number:02}_{slug}.md", "107_x.md", 107, True),
    ("{number:02}_{slug}.md", "7_x.md", 7, False),
    ("{number:02}_{slug}.md", "007_x.md", 7, False),
    ("{number:02}_{slug}.md", "07_.md", None, True),
    ("{number:02}_{slug}.md", "07_x.txt", None, True),
    ("{number:02}_{slug}.md", "x07_x.md", None, True),
    ("{number}.md", "7.md", 7, True),
    ("{number}.md", "7_x.md", None, True),
    ("plan-{number:4}-{slug}.md", "plan-0007-x.md", 7, True),
    ("plan-{number:4}-{slug}.md", "Plan-0007-x.md", None, True),
    ("(a+)+{number}-{slug}$", "(a+)+7-x$", 7, True),
    ("(a+)+{number}-{slug}$", "aaaa7-x$", None, True),
]


@pytest.mark.parametrize(("pattern", "name", "number", "canonical"), EXPLICIT)
def test_names_by_pattern(pattern: str, name: str, number: int | None, canonical: bool) -> None:
    parsed = Pattern.parse(pattern)
    assert (parsed.number(name), parsed.canonical(name)) == (number, canonical)


@pytest.mark.parametrize(
    ("name", "canonical"),
    [
        ("7_x.md", True),
        ("07_x.md", True),
        ("0007_x.md", True),
        ("00007_x.md", False),
        ("0_x.md", False),
        ("12345_x.md", True),
    ],
)
def test_numbers_in_usual_names(name: str, canonical: bool) -> None:
    assert Pattern("").canonical(name) is canonical


@pytest.mark.parametrize(
    "text",
    ["", "x.md", "{slug}.md", "{slug}_{number}.md", "{number}{slug}.md", "{number}_{number}.md", "{number}_{slug}_{slug}.md",
     "a/{number}.md", "{number}_{title}.md", "{number:123}.md", "{number", "{}", "{number}_{{slug}}.md"],
)  # fmt: skip
def test_what_is_no_pattern(text: str) -> None:
    with pytest.raises(PatternError):
        Pattern.parse(text)


@pytest.mark.parametrize("pattern", ["", "{number:02}_{slug}.md", "{number}1{slug}1.md", "a" * 5000 + "{number}.md"])
@pytest.mark.parametrize(
    "name",
    ["1" * 10_000, "1_" * 5_000, "a" * 10_000, "plan-" * 2_000, "1" + " .md" * 2_500, "1-" + "x" * 9_994 + ".md"],
    ids=["digits", "numbers", "letters", "leads", "endings", "slug"],
)
def test_no_pattern_runs_for_ever(pattern: str, name: str) -> None:
    parsed = Pattern.parse(pattern) if pattern else Pattern("")
    start = time.process_time()
    for _ in range(50):
        parsed.number(name)
        parsed.canonical(name)
    assert time.process_time() - start < 1


@given(st.text(max_size=40))
def test_any_text_is_a_pattern_or_refused(text: str) -> None:
    try:
        pattern = Pattern.parse(text)
    except PatternError:
        return
    name = pattern.name(7, "a-slug")
    assert pattern.number(name) is not None or any(character.isdigit() for character in text)
    pattern.number(text)


@pytest.mark.parametrize(
    ("like", "name"),
    [
        ((), "07_a_slug.md"),
        (("01_a.md", "02_b.md"), "07_a_slug.md"),
        (("1_a.md", "2_b.md"), "7_a_slug.md"),
        (("001-a.md", "002-b.md"), "007-a-slug.md"),
        (("0001-a.md",), "0007-a-slug.md"),
        (("task-1 - A.md", "task-2 - B.md"), "task-7 - a slug.md"),
        (("08_a.md", "121_b.md"), "07_a_slug.md"),
    ],
)
def test_a_new_name_is_like_the_others(like: tuple[str, ...], name: str) -> None:
    assert Pattern("").name(7, "a-slug", like) == name
    assert Pattern("").number(name) == 7


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("12_do_it.md", "do-it"), ("012-Do-It.md", "do-it"), ("task-12 - Do it!.md", "do-it"), ("ADR-0012-use-git.md", "use-git"),
        ("docs/plans/12_x.md", "x"), ("12.md", "plan"), ("12_日本.md", "plan"), ("12_Ünï.md", "uni"),
        ("12_a'; rm -rf $(x).md", "a-rm-rf-x"),
        ("12_" + "long-" * 40 + ".md", "-".join(["long"] * 12)), ("12_" + "x" * 100 + ".md", "x" * 60),
    ],
)  # fmt: skip
def test_the_slug_of_a_name(name: str, slug: str) -> None:
    assert naming.slug_of(name) == slug
    assert naming.slug_of(name) == slug


FOLDERS = [
    ("docs/plans/07_x.md", 7, False),
    ("docs/plans/archive/07_x.md", 7, True),
    ("docs/plans/other/07_x.md", None, True),
    ("docs/plans/archive/deep/07_x.md", None, True),
    ("docs/plansX/07_x.md", None, False),
    ("07_x.md", None, False),
    ("docs/plans/README.md", None, False),
]


@pytest.mark.parametrize(("path", "number", "archived"), FOLDERS)
def test_plans_of_a_folder(path: str, number: int | None, archived: bool) -> None:
    folder = policy.folder("docs/plans")
    assert (folder.number_of(path), folder.archived(path)) == (number, archived)


def test_the_file_of_the_plan_index_is_no_plan_whatever_its_name() -> None:
    folder = policy.folder("docs/plans", index_name="00_index.md")
    assert folder.number_of("docs/plans/00_index.md") is None
    assert folder.number_of("docs/plans/01_index.md") == 1
