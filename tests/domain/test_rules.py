"""Every rule of the catalogue: where it is found, and a near miss where it is not."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from holdfast.domain import plan_index, policy, summary
from holdfast.domain.plan import absent
from holdfast.domain.plan_reader import parse
from holdfast.domain.plan_set import FolderState, History, PlanSet
from holdfast.domain.plans import Plans
from holdfast.domain.policy import FolderPolicy, Policy
from holdfast.domain.problem import SEVERITIES, Problem
from holdfast.domain.rules import across, index, transitions
from holdfast.domain.rules.catalogue import BY_CODE, CODES
from holdfast.domain.summary import Summary

NO_HISTORY = History({})


def plans(
    *bodies: str | bytes, folder: FolderPolicy | None = None, names: tuple[str, ...] = (), **changes: object
) -> PlanSet:
    """A folder with plans 1, 2, 3, ... (or the file `names`), each by what stands below its title."""
    place = folder or policy.folder()
    rules = policy.default()._replace(folders=(place,), **changes)
    return PlanSet(rules, (FolderState(place, Plans(_summaries(bodies, names, place, rules))),))


def _summaries(
    bodies: tuple[str | bytes, ...], names: tuple[str, ...], place: FolderPolicy, rules: Policy
) -> Iterable[Summary]:
    for at, body in enumerate(bodies, 1):
        name = names[at - 1] if names else f"{at:02}_plan.md"
        path = f"{place.path}/{name}"
        number = place.number_of(path)
        assert number is not None
        text = (
            body
            if isinstance(body, bytes) or body.startswith(("#", "---", "\ufeff"))
            else f"# Plan #{number}: T\n\n{body}"
        )
        content = text if isinstance(text, bytes) else text.encode()
        yield summary.summarize(parse(path, number, content, place), str(hash(content)), place, rules)


def found(these: PlanSet, history: History = NO_HISTORY) -> list[Problem]:
    """Everything wrong with the plans, taken alone and together."""
    return [problem for one in these.summaries for problem in one.problems] + list(across.check(these, history))


def codes(problems: Iterable[Problem]) -> set[str]:
    return {problem.code for problem in problems}


OPEN = "**Status:** 📋 Planned\n\n## Plan\n\nDo it.\n"
DONE = "**Status:** ✅ Complete\n\n## Plan\n\nDo it.\n\n## Verification Evidence\n\nran it\n"


def header(*lines: str, status: str = "📋 Planned", body: str = "## Plan\n\nDo it.\n") -> str:
    return "\n".join((f"**Status:** {status}", *lines, "", body))


def task(status: str) -> str:
    return f"---\ntitle: A task\nstatus: {status}\n---\n\n## Description\n"


RECORD = policy.folder("docs/adr", policy.RECORD)
TASKS = policy.folder("backlog/tasks", policy.TASKS)
ASKS = policy.folder(required_fields=("Owner",), sections=(("planned", ("Risks",)),))

# What is found, in which plans; and the plans that are the nearest where it is not.
ALONE: list[tuple[str, PlanSet, list[PlanSet]]] = [
    ("status-missing", plans("## Plan\n\nDo it.\n"), [plans(OPEN), plans("# T\n\n## Status\n\nPlanned\n\n## Plan\n\nDo it.\n")]),
    ("status-missing", plans("**Status:**\n\n## Plan\n\nDo it.\n"), [plans(OPEN)]),
    ("status-unknown", plans(header(status="Planed")), [plans(header(status="planned (soon)"))]),
    ("status-unknown", plans("# T\n\n## Status\n\nPlanned\n", folder=RECORD), [plans("# T\n\n## Status\n\nAccepted\n",
    folder=RECORD)]),
    ("status-unknown", plans(task("Accepted"), folder=TASKS), [plans(task("To Do"), folder=TASKS)]),
    ("status-sign", plans(header(status="✅ Planned")), [plans(header(status="🧭 Planned")), plans(header(status="Planned"))]),
    ("priority-unknown", plans(header("**Priority:** Whenever")), [
        plans(header("**Priority:** **high** (for Ada)")), plans(header("**Priority:** P2 - process")),
        plans(header("**Priority:** None")),
        plans("# T\n\nPriority: Whenever\n\n## Status\n\nAccepted\n", folder=RECORD),
    ]),
    ("title-missing", plans("## Plan\n\n**Status:** Planned\n"), [plans(OPEN), plans(task("To Do"), folder=TASKS)]),
    ("title-number", plans("# Plan #2: T\n\n" + OPEN), [plans("# Plan #01: T\n\n" + OPEN),
    plans("# 10-second timeout\n\n" + OPEN)]),
    ("field-duplicate", plans(header("**Priority:** High", "**Priority:** Low")), [
        plans(header("**Priority:** High", "**Priority:** High")), plans(header("**Note:** a", "**Note:** b")),
        plans(header("**Priority:** High", body="## Plan\n\n**Priority:** Low\n")),
    ]),
    ("field-missing", plans(header("**Team:** a"), folder=ASKS), [plans(header("**owner:** Ada"), folder=ASKS), plans(OPEN)]),
    ("file-not-utf8", plans(b"# T\n\n**Status:** Planned \xff\n"), [plans("# T \ufffd\n\n" + OPEN)]),
    ("file-bom", plans("\ufeff# T\n\n" + OPEN), [plans("# T\ufeff\n\n" + OPEN)]),
    ("file-garbled", plans(header(status="ðŸ“‹ Planned")), [plans(header("**Note:** Größe, naïve, “É”"))]),
    ("file-conflict", plans(OPEN + "<<<<<<< HEAD\n"), [plans(OPEN + "=======\n"), plans(OPEN + "    <<<<<<< HEAD\n")]),
    ("number-not-canonical", plans(OPEN, names=("00001_x.md",)), [plans(OPEN, names=("0001_x.md",)),
    plans(OPEN, names=("1_x.md",))]),
    ("plan-section-missing", plans(header(body="## Problem\n\nIt is slow.\n")), [
        plans(OPEN), plans(header(body="## Implementation Steps\n\nDo it.\n")),
        plans(header(body="## Proposed Fixes\n\nDo it.\n")),
        plans(header(body="## Solutions Implemented\n\nDid it.\n")), plans(header(body="## Phase 1: begin\n\nDo it.\n")),
        plans(header(status="Needs Plan", body="## Problem\n")), plans(header(status="Deferred", body="## Problem\n")),
        plans("# T\n\n## Status\n\nAccepted\n", folder=RECORD), plans(task("In Progress"), folder=TASKS),
    ]),
    ("plan-section-missing", plans(header(body="```\n## Plan\n\nDo it.\n```\n")), [plans(OPEN)]),
    ("plan-section-missing", plans(header(body="## Planning notes\n\nDo it.\n")),
    [plans(header(body="## Plan of work\n\nDo it.\n"))]),
    ("evidence-missing", plans(header(status="Complete")), [
        plans(DONE), plans(OPEN), plans(header("**Verification Evidence:** ran it", status="Complete")),
        plans(header(status="Complete", body="## Plan\n\nDo it.\n\n## Verification\n\n**CI Evidence:**\n- all passed\n")),
        plans("# T\n\n## Status\n\nAccepted\n", folder=RECORD), plans(task("Done"), folder=TASKS),
    ]),
    ("evidence-missing", plans(DONE.replace("ran it", "TBD")), [plans(DONE)]),
    ("evidence-missing", plans(DONE.replace("Verification Evidence", "Evidence")), [plans(DONE)]),
    ("boxes-open", plans(DONE + "\n## Acceptance Criteria\n\n- [x] a\n- [ ] b\n"), [
        plans(DONE + "\n## Acceptance Criteria\n\n- [x] a\n- [X] b\n"), plans(DONE + "\n## Ideas\n\n- [ ] b\n"),
        plans(OPEN + "\n## Acceptance Criteria\n\n- [ ] b\n"), plans(DONE + "\n## Acceptance Criteria\n\n```\n- [ ] b\n```\n"),
    ]),
    ("successor-missing", plans(header(status="Superseded")), [
        plans(header(status="Superseded by Plan #9")), plans(header("**Superseded By:** the new hooks", status="Superseded")),
        plans(header(status="Superseded by the new hooks")), plans(header(status="Deferred")),
    ]),
    ("successor-missing", plans(header("**Superseded By:** None", status="Superseded")), []),
    ("blocker-missing", plans(header(status="Blocked")), [
        plans(header(status="Blocked (the vendor)")), plans(header("**Blocked By:** the vendor", status="Blocked")), plans(OPEN),
    ]),
    ("section-empty", plans(header(body="## Plan\n\nTBD\n")), [plans(header(body="## Plan\n\nTBD by Ada\n")),
    plans(header(body="## Plan\n\n## Steps\n\nDo it.\n"))]),
    ("section-missing", plans(header("**Owner:** Ada"), folder=ASKS), [
        plans(header("**Owner:** Ada", body="## Plan\n\nDo.\n\n## Risks\n\nNone known.\n"), folder=ASKS),
        plans(header("**Owner:** Ada", status="In Progress"), folder=ASKS),
    ]),
    ("blocker-prose", plans(header("**Blocks:** everything else")), [
        plans(header("**Blocks:** None")), plans(header("**Blocks:** None (was the vendor)")),
        plans(header("**Blocks:** ADR-0020 (accepted)")),
        plans(header("**Note:** everything else")),
    ]),
]  # fmt: skip

TOGETHER: list[tuple[str, PlanSet, list[PlanSet]]] = [
    ("number-shared", plans(OPEN, OPEN, names=("01_a.md", "1_b.md")), [plans(OPEN, OPEN, names=("01_a.md", "11_a.md"))]),
    ("reference-unknown", plans(OPEN + "See Plan #9.\n"), [
        plans(OPEN + "See Plan #1.\n"), plans(OPEN + "See [Plan #N].\n"), plans(OPEN + "See `Plan #9`.\n"),
        plans(OPEN + "See #9.\n"),
    ]),
    ("blocker-unknown", plans(header("**Blocked By:** #9")), [
        plans(header("**Blocked By:** #2"), OPEN), plans(header("**Blocked By:** None (was #9)")),
        plans(header("**Blocked By:** ADR-0009")),
    ]),
    ("blocker-unknown", plans(header("**Blocks:** #9")), [plans(header("**Blocks:** #2"), OPEN)]),
    ("not-reciprocal", plans(header("**Blocked By:** #2"), header("**Blocks:** None")), [
        plans(header("**Blocked By:** #2"), header("**Blocks:** #1")), plans(header("**Blocked By:** #2"), OPEN),
        plans(DONE.replace("\n\n##", "\n**Blocked By:** #2\n\n##", 1), DONE.replace("\n\n##", "\n**Blocks:** None\n\n##", 1)),
    ]),
    ("not-reciprocal", plans(header("**Blocks:** #2"), header("**Blocked By:** None")), [
        plans(header("**Blocks:** #2"), header("**Blocked By:** #1")), plans(header("**Blocks:** #2"), OPEN),
    ]),
    ("blocks-itself", plans(header("**Blocked By:** #1")), [plans(header("**Blocked By:** #2"), OPEN)]),
    ("blocked-in-circle", plans(header("**Blocked By:** #2"), header("**Blocked By:** #1")), [
        plans(header("**Blocked By:** #2"), OPEN), plans(header("**Blocked By:** #1")),
        plans(DONE.replace("\n\n##", "\n**Blocked By:** #2\n\n##", 1), DONE.replace("\n\n##", "\n**Blocked By:** #1\n\n##", 1)),
    ]),
    ("blocked-in-circle", plans(header("**Blocks:** #2"), header("**Blocks:** #1")), [plans(header("**Blocks:** #2"), OPEN)]),
    ("complete-while-blocked", plans(DONE.replace("\n\n##", "\n**Blocked By:** #2\n\n##", 1), OPEN), [
        plans(DONE.replace("\n\n##", "\n**Blocked By:** #2\n\n##", 1), DONE), plans(header("**Blocked By:** #2"), OPEN),
        plans(DONE.replace("\n\n##", "\n**Blocked By:** #2\n\n##", 1), header(status="Won't Do")),
    ]),
    ("started-while-blocked", plans(header("**Blocked By:** #2", status="In Progress"), OPEN), [
        plans(header("**Blocked By:** #2", status="In Progress"), DONE), plans(header("**Blocked By:** #2"), OPEN),
    ]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("code", "wrong", "near"), [*ALONE, *TOGETHER], ids=lambda value: value if isinstance(value, str) else ""
)
def test_a_rule_finds_what_it_names_and_not_its_near_misses(code: str, wrong: PlanSet, near: list[PlanSet]) -> None:
    assert code in codes(found(wrong))
    for these in near:
        assert code not in codes(found(these)), [(problem.code, problem.message) for problem in found(these)]


@pytest.mark.parametrize(
    ("code", "wrong", "near"), [*ALONE, *TOGETHER], ids=lambda value: value if isinstance(value, str) else ""
)
def test_a_finding_says_where_and_what_to_do(code: str, wrong: PlanSet, near: list[PlanSet]) -> None:
    for problem in found(wrong):
        if problem.code == code:
            rule = BY_CODE[code]
            assert problem.severity == rule.severity
            assert problem.path is not None and problem.plan is not None
            assert problem.message and problem.remedy
            assert problem.line is None or problem.line > 0
            assert problem.path not in problem.subject or code == "blocked-in-circle"


@pytest.mark.parametrize(("code", "wrong", "near"), TOGETHER, ids=lambda value: value if isinstance(value, str) else "")
def test_a_rule_can_be_a_warning_or_off(code: str, wrong: PlanSet, near: list[PlanSet]) -> None:
    for severity, expected in (("warning", {"warning"}), ("error", {"error"}), ("off", set())):
        again = wrong._replace(policy=wrong.policy._replace(severities=((code, severity),)))
        assert {problem.severity for problem in found(again) if problem.code == code} == expected


def test_severities_hold_for_rules_over_one_plan() -> None:
    for severity, expected in (("off", []), ("warning", ["warning"]), ("error", ["error"])):
        these = plans(header(status="Planed"), severities=(("status-unknown", severity),))
        assert [problem.severity for problem in found(these)] == expected


@pytest.mark.parametrize("code", ["file-too-large", "file-not-regular"])
def test_a_file_that_cannot_be_read_is_one_finding_and_has_a_row(code: str) -> None:
    place, rules = policy.folder(), policy.default()
    one = summary.summarize(absent("docs/plans/07_big-thing.md", 7, code, "9 bytes"), "", place, rules)
    assert [problem.code for problem in one.problems] == [code]
    assert one.row == "| 7 | [big thing](07_big-thing.md) | - | ❓ no status | - |"
    assert code not in codes(found(plans(OPEN)))


# References and the history


def history(*numbers: int, complete: bool = True) -> History:
    return History({"docs/plans": {number: frozenset({"old"}) for number in numbers}}, complete)


@pytest.mark.parametrize("text", [OPEN + "See Plan #9.\n", header("**Blocked By:** #9"), header("**Blocks:** #9")])
def test_a_plan_that_once_existed_is_not_unknown(text: str) -> None:
    assert codes(found(plans(text), history(9))) == {"reference-removed"}
    assert "reference-removed" not in codes(found(plans(text), history(8)))
    assert {problem.severity for problem in found(plans(text), history(9))} == {"warning"}


@pytest.mark.parametrize("text", [OPEN + "See Plan #9.\n", header("**Blocked By:** #9")])
def test_an_unknown_reference_is_only_a_warning_in_a_shallow_clone(text: str) -> None:
    assert [problem.severity for problem in found(plans(text), history())] == ["error"]
    assert [problem.severity for problem in found(plans(text), history(complete=False))] == ["warning"]


def test_an_archived_plan_exists_and_is_not_judged() -> None:
    these = plans(OPEN + "See Plan #2.\n", "nothing at all, see Plan #9\n", names=("01_a.md", "archive/02_b.md"))
    assert found(these) == []
    assert [one.row for one in these.summaries][1] == ""


def test_records_have_numbers_of_their_own() -> None:
    rules = policy.default()._replace(folders=(policy.folder(), RECORD))
    plan_state = plans(OPEN + "See Plan #2.\n").folders[0]
    record_state = plans(
        "# 1. A\n\n## Status\n\nAccepted\n", "# 2. B\n\n## Status\n\nAccepted\n", folder=RECORD
    ).folders[0]
    problems = list(across.check(PlanSet(rules, (plan_state, record_state)), NO_HISTORY))
    assert [(problem.code, problem.subject) for problem in problems] == [("reference-unknown", "docs/plans: #2")]


# Circles


def waiting(*edges: tuple[int, int]) -> dict[int, set[int]]:
    waits: dict[int, set[int]] = {}
    for one, other in edges:
        waits.setdefault(one, set()).add(other)
    return waits


@pytest.mark.parametrize(
    ("edges", "expected"),
    [
        ([], []),
        ([(1, 2), (2, 3), (1, 3)], []),
        ([(1, 2), (2, 1)], [(1, 2)]),
        ([(3, 1), (1, 2), (2, 3)], [(1, 2, 3)]),
        ([(1, 2), (2, 3), (3, 1), (2, 1)], [(1, 2)]),
        ([(1, 2), (2, 1), (8, 9), (9, 8), (2, 8)], [(1, 2), (8, 9)]),
        ([(5, 6), (6, 5), (6, 7), (7, 6)], [(5, 6)]),
    ],
)
def test_circles(edges: list[tuple[int, int]], expected: list[tuple[int, ...]]) -> None:
    assert across.circles(waiting(*edges)) == expected


def test_a_circle_is_printed_as_the_path() -> None:
    these = plans(header("**Blocked By:** #2"), header("**Blocked By:** #3"), header("**Blocked By:** #1"))
    problems = [problem for problem in found(these) if problem.code == "blocked-in-circle"]
    assert [problem.message for problem in problems] == ["plans wait for each other: #1 -> #2 -> #3 -> #1"]
    assert [problem.plan for problem in problems] == [1]


def test_long_chains_and_circles_do_not_exhaust_the_stack() -> None:
    chain = [(number, number + 1) for number in range(1, 10_000)]
    assert across.circles(waiting(*chain)) == []
    assert across.circles(waiting(*chain, (10_000, 1))) == [tuple(range(1, 10_001))]


# Transitions


def steps(after: PlanSet, *before: PlanSet, history: History = NO_HISTORY) -> list[str]:
    return [problem.code for problem in transitions.check(after, before, history)]


def test_reopening_needs_a_note() -> None:
    assert steps(plans(OPEN), plans(DONE)) == ["reopened-silently"]
    assert steps(plans(header(status="Planned (reopened: it broke)")), plans(DONE)) == []
    assert steps(plans(OPEN), plans(OPEN)) == []
    assert steps(plans(DONE), plans(OPEN)) == []
    assert steps(plans(header(status="Superseded by #9")), plans(DONE)) == []
    assert steps(plans(OPEN), plans(DONE), plans(OPEN)) == []  # a merge in which one parent reopened it
    assert steps(plans(OPEN), plans(DONE), plans(DONE)) == ["reopened-silently"]
    assert steps(plans(OPEN)) == []


def test_a_rename_must_not_change_the_number() -> None:
    before = plans(OPEN, names=("01_do-it.md",))
    assert steps(plans("# Plan #2: T\n\n" + OPEN, names=("02_do-it.md",)), before) == ["number-renamed"]
    assert steps(plans(OPEN, names=("01_do-it-well.md",)), before) == []
    assert steps(plans("# Plan #2: Other\n\n" + DONE, names=("02_other.md",)), before) == []
    twice = plans(OPEN, "# Plan #1: Other\n\n" + DONE, names=("01_do-it.md", "01_other.md"))
    moved = plans(OPEN, "# Plan #2: Other\n\n" + DONE, names=("01_do-it.md", "02_other.md"))
    assert steps(moved, twice) == []


def test_a_number_is_not_given_again() -> None:
    before, after = plans(OPEN), plans(OPEN, OPEN, names=("01_plan.md", "02_new.md"))
    assert steps(after, before, history=history(2)) == ["number-reused"]
    assert steps(after, before, history=history(3)) == []
    assert steps(after, after, history=history(2)) == []
    again = History({"docs/plans": {2: frozenset({"new"})}})
    assert steps(after, before, history=again) == []  # the plan itself came back


# The plan index


def held(these: PlanSet, text: str | None, template: bytes | None = None) -> PlanSet:
    return PlanSet(
        these.policy,
        tuple(
            state._replace(index_file=None if text is None else text.encode(), template=template)
            for state in these.folders
        ),
    )


def right(these: PlanSet) -> str:
    return plan_index.appended("# Plans\n", these.folders[0].computed)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda text: text, None),
        (lambda text: "Mine.\n" + text + "Mine.\n", None),
        (lambda text: text.replace("\n", "\r\n"), None),
        (lambda text: text.replace("Planned", "Complete"), "index-differs"),
        (lambda text: text.replace("| 1 |", "<<<<<<< ours\n| 1 |"), "index-conflict"),
        (lambda text: text.replace(plan_index.END, ""), "index-markers"),
        (lambda text: text + text, "index-markers"),
        (lambda text: "# Plans\n", "index-markers"),
        (lambda text: None, "index-differs"),
    ],
)  # fmt: skip
def test_the_plan_index_of_a_folder(change: object, code: str | None) -> None:
    these = plans(OPEN, DONE)
    there = held(these, change(right(these)))  # type: ignore[operator]
    assert [problem.code for problem in index.check(there)] == ([code] if code else [])


def test_an_edit_by_hand_is_told_from_a_plan_index_that_is_only_behind() -> None:
    old, new = plans(OPEN), plans(OPEN, OPEN)
    before, behind = held(old, right(old)), held(new, right(old))
    edited = held(new, right(old).replace("Planned", "Complete"))
    assert index.edited_by_hand(behind.folders[0], [before.folders[0]], new.policy) == []
    assert index.edited_by_hand(edited.folders[0], [edited.folders[0]], new.policy) == []  # it came in by a parent
    assert [problem.code for problem in index.edited_by_hand(edited.folders[0], [before.folders[0]], new.policy)] == [
        "index-edited"
    ]


COVERED_ABOVE = {code for code, _, _ in (*ALONE, *TOGETHER)} | {
    "file-too-large", "file-not-regular", "reference-removed", "reopened-silently", "number-renamed", "number-reused",
    "index-differs", "index-conflict", "index-markers", "index-edited",
}  # fmt: skip
COVERED_ELSEWHERE = {
    "merge-driver-missing", "tag-missing", "commit-on-main", "message-reference",  # what git and the hooks see
    "config-unreadable", "config-unknown-key", "config-value",  # test_policy.py, and the reader of the file
    "shallow-history",
    "guide-edited", "guide-outdated", "guide-broken", "guide-missing", "guide-file",  # test_guide.py
}  # fmt: skip


def test_every_rule_of_the_catalogue_is_tested() -> None:
    rules = {code for code in CODES if not code.startswith("init-")}  # refusals of `init`: tests/test_setup.py
    assert rules - COVERED_ABOVE - COVERED_ELSEWHERE == set()
    assert set() == (COVERED_ABOVE | COVERED_ELSEWHERE) - CODES


def test_every_rule_says_what_to_do() -> None:
    for rule in BY_CODE.values():
        assert rule.title.endswith(".") and rule.consequence.endswith(".") and rule.remedy
        assert rule.severity in SEVERITIES and rule.who in ("you", "wait", "human")
