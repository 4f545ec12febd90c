"""What commits prove, on graphs written down by hand."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from holdfast.domain import integration
from holdfast.domain.claim_commit import Origin
from holdfast.domain.integration import Changed, Changes, Commit, Landed, Main, Texts, Verdict, landed_as
from holdfast.domain.moment import Moment
from holdfast.domain.request import number_in, reverted_in, title_of


def changes(*words: str) -> Changes:
    """`path:old>new` each."""
    return frozenset(Changed(path, *sides.split(">")) for path, _, sides in (word.partition(":") for word in words))


def commit(oid: str, *parents: str, made: Changes = frozenset(), subject: str = "", claim: str = "") -> Commit:
    origin = Origin(claim) if claim else None
    return Commit(oid, parents, f"tree-{oid}", Moment(0), "Ada", subject, origin, made)


def graph(*commits: Commit) -> Mapping[str, Commit]:
    return {one.oid: one for one in commits}


def landed(oid: str, made: Changes = frozenset(), *reverts: str, parent: str = "p", subject: str = "") -> Landed:
    return Landed(commit(oid, parent, made=made, subject=subject), number_in(subject), reverts)


# Words


@pytest.mark.parametrize("how", [*integration.WORDS])
def test_every_verdict_has_words(how: str) -> None:
    verdict = Verdict(how, "0123456789abcdef")
    words = verdict.words("trunk")
    assert words.startswith("merged: ") == verdict.merged
    assert "{" not in words and "9abcdef" not in words
    assert verdict._replace(reverted=True).words("trunk") == f"{words}, and reverted later"


def test_the_number_of_a_request_is_not_cut() -> None:
    assert "(#1234567890)" in Verdict(integration.BY_TITLE, "#1234567890").words("main")


# Work


def test_work_is_what_main_lacks() -> None:
    known = graph(commit("c", "b"), commit("b", "a", claim="x"), commit("a", "base"))
    work = integration.work_of("c", known)
    assert [one.oid for one in work.commits] == ["c", "b", "a"] and work.bases == ("base",)
    assert [one.oid for one in work.own] == ["c", "a"]
    assert work.claim is not None and work.claim.oid == "b"


def test_work_over_merges_counts_each_commit_once() -> None:
    known = graph(commit("m", "b", "c"), commit("b", "a"), commit("c", "a", "main2"), commit("a", "main1"))
    work = integration.work_of("m", known)
    assert sorted(one.oid for one in work.commits) == ["a", "b", "c", "m"]
    assert sorted(work.bases) == ["main1", "main2"]


def test_a_history_of_its_own_has_no_base() -> None:
    assert integration.work_of("b", graph(commit("b", "a"), commit("a"))).bases == ()


def test_a_long_history_needs_no_deep_stack() -> None:
    known = graph(*(commit(str(at), str(at + 1)) for at in range(50_000)))
    assert len(integration.work_of("0", known).own) == 50_000


@pytest.mark.parametrize(
    ("one", "made_claim"),
    [
        (commit("a", "b", claim="x"), True),
        (commit("a", claim="x"), True),
        (commit("a", "b"), False),
        (commit("a", "b", claim="x", made=changes("f:1>2")), False),
        (commit("a", "b", "c", claim="x"), False),
    ],
)
def test_a_claim_commit_is_empty(one: Commit, made_claim: bool) -> None:
    assert one.made_claim == made_claim
    assert len(integration.work_of("a", {"a": one}).own) == (not made_claim)


@pytest.mark.parametrize(
    ("known", "chain"),
    [
        (graph(commit("t", "base")), ("t",)),
        (graph(commit("t", "a", "main"), commit("a", "base")), ("t", "a")),
        (graph(commit("t", "s", "main2"), commit("s", "a", "main1"), commit("a", "base")), ("t", "s", "a")),
        (graph(commit("t", "s"), commit("s", "a", "main1"), commit("a", "base")), ("t",)),
        (graph(commit("t", "a", "b"), commit("a", "base"), commit("b", "base")), ("t",)),  # another branch's work
        (graph(commit("t", "main", "a"), commit("a", "base")), ("t",)),  # the branch was merged into main's line
        (graph(commit("t", "main1", "main2")), ("t",)),
        (graph(commit("t", "a", "main1", "main2"), commit("a", "base")), ("t", "a")),
    ],
)
def test_below_merges_of_main(known: Mapping[str, Commit], chain: tuple[str, ...]) -> None:
    assert integration.below_merges_of_main("t", known) == chain


# Which commit of main it is


MINE = changes("f:1>2", "g:->1")
BACK = changes("f:2>1", "g:1>-")
ELSE = changes("f:1>3", "g:->1")


@pytest.mark.parametrize(
    ("newest_first", "expected"),
    [
        ([], None),
        ([landed("a", ELSE)], None),
        ([landed("a", MINE)], ("a", False)),
        ([landed("b", ELSE), landed("a", MINE)], ("a", False)),
        ([landed("b", BACK), landed("a", MINE)], ("a", True)),
        ([landed("c", MINE), landed("b", BACK), landed("a", MINE)], ("c", False)),
        ([landed("d", BACK), landed("c", MINE), landed("b", BACK), landed("a", MINE)], ("c", True)),
        ([landed("b", MINE), landed("a", BACK)], ("b", False)),
        ([landed("a", BACK)], None),
    ],
)
def test_landed_as(newest_first: list[Landed], expected: tuple[str, bool] | None) -> None:
    assert landed_as(MINE, None, newest_first, lambda oid: None) == expected


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ({}, None),
        ({"a": b"forward"}, ("a", False)),
        ({"a": b"forward", "b": b"backward"}, ("a", True)),
        ({"a": b"backward", "b": b"forward"}, ("b", False)),
        ({"a": b"other", "b": b"other"}, None),
    ],
)
def test_landed_as_by_text(texts: dict[str, bytes], expected: tuple[str, bool] | None) -> None:
    candidates = [landed("b", ELSE), landed("a", ELSE)]
    assert landed_as(MINE, Texts(b"forward", b"backward"), candidates, texts.get) == expected


@pytest.mark.parametrize(
    ("newest_first", "expected"),
    [
        ([], set()),
        ([landed("r", MINE, "a")], {"a"}),
        ([landed("r2", MINE, "r1"), landed("r1", MINE, "a")], {"r1"}),
        ([landed("r3", MINE, "r2"), landed("r2", MINE, "r1"), landed("r1", MINE, "a")], {"r2", "a"}),
        ([landed("r", MINE, "a", "b")], {"a", "b"}),
    ],
)
def test_taken_back(newest_first: list[Landed], expected: set[str]) -> None:
    assert integration.taken_back(newest_first) == expected


def test_only_what_came_after_the_base_counts() -> None:
    main = Main([landed("c", MINE, parent="b"), landed("b", MINE, parent="a"), landed("a", MINE, parent="z")])
    for base, expected in (("z", ["c", "b", "a"]), ("a", ["c", "b"]), ("b", ["c"]), ("c", [])):
        assert [one.commit.oid for one in main.alike(MINE, base)] == expected
    assert main.alike(changes("h:1>2"), "z") == []


def test_what_a_merge_brought_came_with_the_merge() -> None:
    """m2 - m1 - b - a - z, where m1 brings s2 - s1, which began at a, and m2 brings t, which began at s1."""

    def at(oid: str, *parents: str) -> Landed:
        return Landed(commit(oid, *parents, made=MINE), None, ())

    main = Main(
        [
            at("m2", "m1", "t"),
            at("m1", "b", "s2"),
            at("s2", "s1"),
            at("t", "s1"),
            at("s1", "a"),
            at("b", "a"),
            at("a", "z"),
        ]
    )
    for base, expected in (
        ("z", "m2 m1 s2 t s1 b a"), ("a", "m2 m1 s2 t s1 b"), ("b", "m2 m1 s2 t s1"), ("m1", "m2 t"), ("m2", ""),
        ("s1", "m2 m1 s2 t b"), ("s2", "m2 m1 t b"), ("t", "m2 m1 s2 b"),
    ):  # fmt: skip
        assert [one.commit.oid for one in main.alike(MINE, base)] == expected.split(), base


def test_main_by_request_and_title() -> None:
    main = Main([landed("b", MINE, subject="Parse (#12)"), landed("a", MINE, subject="Parse")])
    assert [one.commit.oid for one in main.naming(12, "z")] == ["b"] and main.naming(13, "z") == []
    assert [one.commit.oid for one in main.titled("Parse", "z")] == ["b"] and main.titled("Parse (#12)", "z") == []


def test_undone_by_name_or_by_content() -> None:
    one = landed("a", MINE)
    assert not Main([one]).undone(one)
    assert Main([landed("r", ELSE, "a"), one]).undone(one)
    assert Main([landed("r", BACK), one]).undone(one)
    assert not Main([one, landed("r", BACK)]).undone(one)


def test_a_shape_is_that_of_the_reverse() -> None:
    assert integration.shape(MINE) == integration.shape(BACK) == integration.shape(ELSE)
    assert integration.shape(MINE) != integration.shape(changes("f:1>2"))
    assert integration.shape(changes("\udcff:1>2")) != integration.shape(changes("\udcfe:1>2"))


def test_past_of() -> None:
    known = graph(commit("m", "a", "b"), commit("a", "z"), commit("b", "z"), commit("z"))
    assert integration.past_of(["m"], known) == {"m", "a", "b", "z"}
    assert integration.past_of(["a"], known) == {"a", "z"}
    assert integration.past_of(["unknown"], known) == {"unknown"}


# What messages say


@pytest.mark.parametrize(
    ("message", "number"),
    [
        ("Parse words (#12)", 12),
        ("Parse words (!12)", 12),
        ("Parse words (#12) ", 12),
        ("Parse words (#12)\n\n* One\n", 12),
        ("Merge pull request #12 from o/plan-5-x\n\nTitle", 12),
        ("Merge pull request 'Title' (#12) from plan-5-x into main", 12),
        ("Merge branch 'x' into 'main'\n\nTitle\n\nSee merge request o/r!12", 12),
        ("Fix #12", None),
        ("Parse words (#12) and more", None),
        ("Parse words (#)", None),
        ("Parse words (#1234567890)", None),
        ('Revert "Parse words (#12)"', None),
        ('Revert "Parse words (#12)" (#13)', 13),
        ("Parse words\n\n(#12)", None),
        ("", None),
    ],
)
def test_number_in(message: str, number: int | None) -> None:
    assert number_in(message) == number


@pytest.mark.parametrize(
    ("subject", "title"),
    [
        ("Parse words (#12)", "Parse words"),
        ("Parse words (!12)", "Parse words"),
        ("Parse (#1) words (#12)", "Parse (#1) words"),
        ("Parse words", None),
        ("(#12)", ""),
    ],
)
def test_title_of(subject: str, title: str | None) -> None:
    assert title_of(subject) == title


A, B = "a" * 40, "b" * 64


@pytest.mark.parametrize(
    ("message", "reverts"),
    [
        (f"Revert\n\nThis reverts commit {A}.", (A,)),
        (f"Revert\n\nThis reverts commit {B}.", (B,)),
        (f"Revert\n\nThis reverts commit {A}, reversing\nchanges made to {'c' * 40}.", (A,)),
        (f"Two\n\nThis reverts commit {A}.\nThis reverts commit {B}.", (A, B)),
        (f"> This reverts commit {A}.", ()),
        ("This reverts commit abc1234.", ()),
    ],
)
def test_reverted_in(message: str, reverts: tuple[str, ...]) -> None:
    assert reverted_in(message) == reverts
