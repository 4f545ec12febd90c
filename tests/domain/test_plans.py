"""A folder's plans out of a table and what differs from it: the same as a plain list; judging a change by its scope."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from hypothesis import example, given, settings
from hypothesis import strategies as st

from holdfast.domain import plan_table, policy, status
from holdfast.domain.plan_set import FolderState, History, PlanSet
from holdfast.domain.plans import Plans
from holdfast.domain.problem import Problem, added
from holdfast.domain.references import Reference
from holdfast.domain.rules import across
from holdfast.domain.summary import Summary

NUMBERS = st.integers(0, 6)
REFERENCES = st.lists(st.builds(Reference, NUMBERS, st.just(3), st.just(1)), max_size=2).map(tuple)
OWN = st.sampled_from(["status-missing", "section-empty"])


@st.composite
def summaries(draw: st.DrawFn) -> Summary:
    number = draw(NUMBERS)
    path = f"docs/plans/{draw(st.sampled_from(['', 'archive/']))}{number:02}_{draw(st.sampled_from('ab'))}.md"
    codes = draw(st.lists(OWN, max_size=2))
    return Summary(
        path, draw(st.text("0123456789abcdef", min_size=1, max_size=2)), number, "T",
        draw(st.sampled_from([status.PLANNED, status.IN_PROGRESS, status.COMPLETE])), "x", "",
        draw(REFERENCES), draw(REFERENCES), draw(REFERENCES), draw(st.booleans()), draw(st.booleans()),
        "archive/" in path, "" if "archive/" in path else f"| {number} | {path} |",
        tuple(Problem(code, "error", "s", "m", "r", path=path, plan=number) for code in codes),
    )  # fmt: skip


Changes = list[tuple[str, Summary]]


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[Summary], Changes, Changes]:
    """A folder (each path once) and two lists of changes; equal blobs at one path are equal plans."""
    known: dict[tuple[str, str], Summary] = {}

    def once(one: Summary) -> Summary:
        return known.setdefault((one.path, one.oid), one)

    folder = draw(st.lists(summaries().map(once), max_size=8, unique_by=lambda one: one.path))
    steps = st.lists(st.tuples(st.sampled_from(["put", "drop"]), summaries().map(once)), max_size=4)
    return folder, draw(steps), draw(steps)


def in_a_table(these: list[Summary], name: str = "table") -> Plans:
    raw = plan_table.dump(list(Plans(these)))
    assert raw is not None
    return Plans(table=plan_table.Table(name, raw))


def changed(plans: Plans, model: dict[str, Summary], changes: Changes) -> Plans:
    for what, one in changes:
        fresh = [one] if what == "put" else []
        plans = plans.changed([(one.path, one.number)], fresh)
        model.pop(one.path, None)
        model.update({new.path: new for new in fresh})
    return plans


often = settings(max_examples=max(settings().max_examples, 300))


@often
@given(histories())
def test_plans_are_what_a_plain_list_would_be(these: tuple[list[Summary], Changes, Changes]) -> None:
    first, changes, others = these
    model, other_model = ({one.path: one for one in first} for _ in range(2))
    base = in_a_table(first)
    plans, other = changed(base, model, changes), changed(base, other_model, others)
    expected = sorted(model.values(), key=lambda one: (one.number, one.path))
    assert list(plans) == expected and len(plans) == len(expected) and bool(plans) is bool(expected)
    assert plans.rows() == [one.row for one in expected if one.row]
    assert {one.path for one in plans.referring()} >= {one.path for one in expected if one.references}
    for number in range(8):
        assert plans.numbered(number) == [one for one in expected if one.number == number]
        assert plans.has(number) is any(one.number == number for one in expected)
        naming = [one for one in expected if any(to.number == number for to in one.references)]
        assert sorted(plans.referring_to(number)) == sorted(naming)
    different = {(one.path, one.oid, one.number) for one in model.values()} ^ {
        (one.path, one.oid, one.number) for one in other_model.values()
    }
    # Where both came out of one table, a plan that changed and changed back may count as different: never less.
    assert plans.differing(other) >= {number for _, _, number in different}
    assert plans.differing(Plans(other_model.values())) == {number for _, _, number in different}
    if plans.identity == other.identity:
        assert list(plans) == list(other)


NOT_HERE = History({"docs/plans": {5: frozenset({"gone"})}})


def everything(plans: PlanSet) -> list[Problem]:
    return [problem for one in plans.summaries for problem in one.problems] + list(across.check(plans, NOT_HERE))


def looked_at(plans: PlanSet, scope: across.Scope) -> list[Problem]:
    own = [one for state in plans.folders for one in state.summaries.among(scope.numbers)]
    return [problem for one in own for problem in one.problems] + list(across.check(plans, NOT_HERE, scope))


def states(*these: Plans) -> list[PlanSet]:
    rules = policy.default()
    return [PlanSet(rules, (FolderState(rules.folders[0], plans),)) for plans in these]


def linked(number: int, *waits_for: int, key: str = status.PLANNED, oid: str = "1") -> Summary:
    links = tuple(Reference(one, 3, 1) for one in waits_for)
    path = f"docs/plans/{number:02}_a.md"
    return Summary(path, oid, number, "T", key, "x", "", links, (), (), True, False, False, "", ())


@often
@given(histories(), st.sampled_from([in_a_table, Plans]))
@example(([linked(1, 2), linked(2, 3), linked(3, 1)], [], [("put", linked(3, 2, oid="2"))]), in_a_table)
@example(([linked(1, 2), linked(2, 1)], [], [("put", linked(2, 1, key=status.COMPLETE, oid="2"))]), in_a_table)
@example(([linked(1, 2), linked(3, 2)], [], [("put", linked(2, 3, oid="2"))]), in_a_table)
def test_a_change_is_judged_by_its_scope_as_by_everything(
    these: tuple[list[Summary], Changes, Changes], make: Callable[[list[Summary]], Plans]
) -> None:
    first, earlier, changes = these
    parent = changed(make(first), {one.path: one for one in first}, earlier)
    before, after = states(parent, changed(parent, {one.path: one for one in parent}, changes))
    scope = across.scope_of(after, [before])
    now, then = looked_at(after, scope), looked_at(before, scope)
    assert Counter(added(now, [then])) == Counter(added(everything(after), [everything(before)]))
    assert len(everything(after)) == len(everything(before)) + len(now) - len(then)
    missing = across.dangling(after) - across.dangling(before)
    assert missing == across.dangling(after, scope.numbers) - across.dangling(before, scope.numbers)
