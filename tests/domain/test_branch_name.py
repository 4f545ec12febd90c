"""Which branch claims which plan, by its name alone."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.domain.branch_name import BranchPattern, BranchPatternError

USUAL = BranchPattern()


@pytest.mark.parametrize(
    ("name", "number", "slug"),
    [
        ("plan-5-x", 5, "x"),
        ("plan-5-some-words", 5, "some-words"),
        ("plan-05-x", 5, "x"),
        ("plan-0-x", 0, "x"),
        ("plan-123456789-x", 123_456_789, "x"),
        ("plan-5-6-x", 5, "6-x"),
        ("plan-5--", 5, "-"),
        ("alice/plan-5-x", 5, "x"),
        ("a/b/plan-5-x", 5, "x"),
        ("plan-5-x/y", 5, "x/y"),
        ("plan-5-x/plan-6-y", 5, "x/plan-6-y"),
        ("plan-x/plan-6-y", 6, "y"),
        ("plan-5-\udcff", 5, "\udcff"),
        ("add-plan-60-docs", None, ""),
        ("add/plan-60", None, ""),
        ("plan-5", None, ""),
        ("plan-5-", None, ""),
        ("plan--x", None, ""),
        ("plan-x-5", None, ""),
        ("plan-5x-y", None, ""),
        ("plan-1234567890-x", None, ""),
        ("plan-٥-x", None, ""),
        ("plan-5²-x", None, ""),
        ("Plan-5-x", None, ""),
        ("plan-+5-x", None, ""),
        ("plan- 5-x", None, ""),
        ("plan_5_x", None, ""),
        ("myplan-5-x", None, ""),
        ("", None, ""),
        ("main", None, ""),
    ],
)
def test_the_usual_pattern(name: str, number: int | None, slug: str) -> None:
    assert (USUAL.number(name), USUAL.slug(name)) == (number, slug)
    assert USUAL.claims(name) == (number is not None)


@pytest.mark.parametrize(
    ("name", "claims"),
    [
        ("feature-x", True), ("feature-", True), ("alice/feature-x", True), ("feature", False), ("features-x", False),
        ("my-feature-x", False), ("feature-x/y", True), ("feature/x", False),
    ],
)  # fmt: skip
def test_features_are_claims_without_a_plan(name: str, claims: bool) -> None:
    assert USUAL.claims(name) == claims and USUAL.number(name) is None


@pytest.mark.parametrize(
    ("pattern", "name", "number"),
    [
        ("task/{number}_{slug}", "task/5_x", 5),
        ("task/{number}_{slug}", "alice/task/5_x", 5),
        ("task/{number}_{slug}", "5_x", None),
        ("task/{number}_{slug}", "task/5-x", None),
        ("{number}-{slug}", "5-x", 5),
        ("{number}-{slug}", "alice/5-x", 5),
        ("{number}-{slug}", "x-5-y", None),
        ("{number}/{slug}", "5/x", 5),
        ("{number}/{slug}", "a/5/x", 5),
        ("p{number}--{slug}", "p5--x", 5),
        ("p{number}--{slug}", "p5-x", None),
    ],
)
def test_other_patterns(pattern: str, name: str, number: int | None) -> None:
    assert BranchPattern.parse(pattern).number(name) == number


@pytest.mark.parametrize(
    "pattern",
    [
        "", "plan", "{number}", "{slug}", "{slug}-{number}", "{number}{slug}", "{number}5{slug}", "{number}-{slug}-x",
        "{number}-{number}-{slug}", "{number}-{slug}-{slug}", "{name}-{number}-{slug}", "{number}-{slug", "-{number}-{slug}",
        "/{number}-{slug}", ".{number}-{slug}", "a b{number}-{slug}", "a..b{number}-{slug}", "a~{number}-{slug}",
        "a:{number}-{slug}", "a//{number}-{slug}", "a\x07{number}-{slug}", "a\\{number}-{slug}", "@{number}-{slug}",
    ],
)  # fmt: skip
def test_what_is_no_pattern(pattern: str) -> None:
    with pytest.raises(BranchPatternError):
        BranchPattern.parse(pattern)


PATTERNS = st.sampled_from(["plan-{number}-{slug}", "work/{number}_{slug}", "{number}/{slug}", "{number}-{slug}"])
SLUGS = st.from_regex(r"[a-z]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True)


@given(PATTERNS, st.integers(0, 999_999_999), SLUGS, st.sampled_from(["", "alice/", "a/b/"]))
def test_a_name_that_is_made_is_read(pattern: str, number: int, slug: str, lead: str) -> None:
    parsed = BranchPattern.parse(pattern)
    name = lead + parsed.name(number, slug)
    assert (parsed.number(name), parsed.slug(name), parsed.claims(name)) == (number, slug, True)


@given(PATTERNS, st.text(st.sampled_from("plan-work/_0159x"), max_size=40))
def test_any_name_has_an_answer(pattern: str, name: str) -> None:
    parsed = BranchPattern.parse(pattern)
    assert (parsed.number(name) is None) == (parsed.slug(name) == "")


def test_no_name_takes_long() -> None:
    began = time.monotonic()
    for name in ("/" * 4000, "plan-" * 800, "plan-1/" * 600, "plan-" + "1" * 4000 + "-x", "1" * 4000):
        USUAL.claims(name)
        BranchPattern.parse("{number}-{slug}").claims(name)
    assert time.monotonic() - began < 2
