"""Edits of a header leave every other byte alone, and what is written is read back."""

from __future__ import annotations

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from reading import FOLDER, read

from holdfast.domain import front_matter, plan_index, plan_table, policy, status, summary
from holdfast.domain.garbled import garbled, ungarble
from holdfast.domain.header_edit import CannotEdit, with_evidence, with_field
from holdfast.domain.naming import Pattern
from holdfast.domain.new_plan import text as new_text
from holdfast.domain.plan import Field, Plan, find_section
from holdfast.domain.plan_index import Row
from holdfast.domain.plan_reader import parse
from holdfast.domain.plans import Plans
from holdfast.domain.problem import Problem
from holdfast.domain.references import Reference
from holdfast.domain.summary import Summary

TASKS = policy.folder("backlog/tasks", policy.TASKS)
ENDINGS = st.sampled_from(["\n", "\r\n"])
LINES = st.lists(
    st.one_of(
        st.sampled_from(
            [
                "", "# Plan #7: T", "# T", "**Status:** 📋 Planned", "**Status:**", "**Status**: Complete  ",
                "- **Status:** Planned",
                "Status: Planned", "Status:", "## Status", "## Status: Planned", "Accepted", "**Priority:** High",
                "**Blocked By:** #3",
                "Blocks: None", "## Plan", "Do it.", "```", "~~~", "> ```", "<!--", "-->", "---", "status: To Do",
                "status:", "- #3",
                "blocked_by:", "blocked_by: [3, 4]", "  - 3", "title: 'It''s'", "**Verification Evidence:**",
                "## Verification Evidence",
                "âœ… words", "<<<<<<< HEAD", "\udcff bytes", "\ufeff", "📋", "   ", "\u2028", "## Acceptance Criteria", "- [ ] a",
            ]
        ),
        st.text(st.characters(exclude_characters="\n\r", exclude_categories=["Cs"]), max_size=30),
    ),
    max_size=14,
)  # fmt: skip
MARKS = st.sampled_from(["", "\ufeff"])
FIELDS = st.sampled_from(["status", "priority", "blocked by", "blocks", "superseded by"])
VALUES = st.sampled_from(
    ["✅ Complete", "📋 Planned", "Critical", "#3, #4", "None", "[3]", "a: b", "it's", '"x"', "# no", "- x", "a # b"]
)


def whole(mark: str, lines: list[str], ending: str, last: bool) -> bytes:
    return (mark + ending.join(lines) + (ending if last else "")).encode("utf-8", "surrogateescape")


def text_of(content: bytes) -> str:
    return content.decode("utf-8", "surrogateescape")


@given(MARKS, LINES, ENDINGS, st.booleans(), FIELDS, VALUES, st.sampled_from([FOLDER, TASKS]))
@example("", ["## Status", "Planned"], "\n", False, "status", "# no", FOLDER)
def test_an_edited_field_has_the_new_value_and_every_other_byte_stays(
    mark: str, lines: list[str], ending: str, last: bool, name: str, value: str, folder: policy.FolderPolicy
) -> None:
    before = whole(mark, lines, ending, last)
    plan = read(before, folder)
    try:
        after = with_field(before, plan, name, value)
    except CannotEdit:
        alone = name == "status" and value.startswith("#")  # below a heading `## Status` it would be one itself
        assert (plan.field(name) is None and not plan.title_line) or alone
        return
    old, new = text_of(before), text_of(after)
    field = plan.field(name)
    if field is not None:
        assert new.startswith(old[: field.start]) and new.endswith(old[field.end :])
    else:
        assert _added_line(old, new) is not None
    again = read(after, folder)
    found = again.field(name)
    assert found is not None, (old, new)
    assert found.value == value
    if name == "status":
        assert again.status == status.read(value, folder.statuses).key
    _nothing_else_changed(plan, again, name)


def _added_line(old: str, new: str) -> str | None:
    """The text that was put into `old` to make `new`, or None when more than one place changed."""
    at = 0
    while at < len(old) and old[at] == new[at]:
        at += 1
    for start in range(at, -1, -1):
        size = len(new) - len(old)
        if old == new[:start] + new[start + size :]:
            return new[start : start + size]
    return None


def _nothing_else_changed(before: Plan, after: Plan, name: str) -> None:
    others = [(key, field.value) for key, field in before.fields if key != name]
    assert [(key, field.value) for key, field in after.fields if key != name] == others
    assert (after.title, after.title_number) == (before.title, before.title_number)
    assert [
        (one.title, one.level, one.filled, one.open_boxes)
        for one in after.sections
        if not one.title.startswith("status")
    ] == [
        (one.title, one.level, one.filled, one.open_boxes)
        for one in before.sections
        if not one.title.startswith("status")
    ]


def test_evidence_below_a_status_heading_is_no_status() -> None:
    """Text below `## Status` is the status: there evidence goes to the end, whatever section is in between."""
    before = "## Status\n**Verification Evidence:**\n**Status:** 📋 Planned\n".encode()
    after = with_evidence(before, read(before), FOLDER, "ran it")
    assert read(after).status == read(before).status == "planned"
    assert after.startswith(before) and text_of(after).endswith("## Verification Evidence\n\nran it\n")


@given(MARKS, LINES, ENDINGS, st.booleans(), st.sampled_from(["ran it", "- all passed\n- twice", "  it works  "]))
def test_evidence_is_added_and_every_byte_stays(
    mark: str, lines: list[str], ending: str, last: bool, evidence: str
) -> None:
    before = whole(mark, lines, ending, last)
    plan = read(before)
    after = with_evidence(before, plan, FOLDER, evidence)
    added = _added_line(text_of(before), text_of(after))
    assert added is not None and evidence.split("\n")[0].strip() in added
    again = read(after)
    assert any(section.filled for section in find_section(again, FOLDER.evidence_sections)), text_of(after)
    assert again.status == plan.status
    if ending == "\r\n" and b"\r\n" in before:
        assert "\n" not in added.replace("\r\n", "").strip("\n")


FORMS = [
    # before, field, value, after
    ("# T\n\n**Status:** a\n", "priority", "Low", "# T\n\n**Status:** a\n**Priority:** Low\n"),
    ("# T\n\n**Status:** a", "priority", "Low", "# T\n\n**Status:** a\n**Priority:** Low"),
    ("# T\n\n- **Status:** a\n\nwords\n", "priority", "Low", "# T\n\n- **Status:** a\n- **Priority:** Low\n\nwords\n"),
    ("# T\n\nStatus: a\n", "blocked by", "#3", "# T\n\nStatus: a\nBlocked By: #3\n"),
    ("# T\n\n**Status**: a\n", "blocks", "#3", "# T\n\n**Status**: a\n**Blocks**: #3\n"),
    ("# T\n\n**Status:**\n", "status", "Planned", "# T\n\n**Status:** Planned\n"),
    ("# T\n\n**Status:** a  \n", "status", "b", "# T\n\n**Status:** b  \n"),
    ("# T\r\n\r\n**Status:** a\r\n", "priority", "Low", "# T\r\n\r\n**Status:** a\r\n**Priority:** Low\r\n"),
    ("# T\n", "status", "Planned", "# T\n\n**Status:** Planned\n"),
    ("# T", "status", "Planned", "# T\n\n**Status:** Planned\n"),
    ("# T\n\n## Status\n\nAccepted\n", "status", "Rejected", "# T\n\n## Status\n\nRejected\n"),
    ("# T\n\n## Status: a\n", "status", "b", "# T\n\n## Status: b\n"),
    ("# T\n\n## Status\n\nAccepted\n", "priority", "Low", "# T\n\n**Priority:** Low\n\n## Status\n\nAccepted\n"),
    ("# T\n\n**Status:** a\n**Verification Evidence:**\n- ran it\n", "priority", "Low",
     "# T\n\n**Status:** a\n**Priority:** Low\n**Verification Evidence:**\n- ran it\n"),
    ("---\nstatus: To Do\n---\n\n# T\n", "priority", "low", "---\nstatus: To Do\npriority: low\n---\n\n# T\n"),
    ("---\nstatus: To Do  # now\n---\n", "status", "Done", "---\nstatus: Done  # now\n---\n"),
    ("---\nstatus:\n---\n", "status", "Done", "---\nstatus: Done\n---\n"),
    ("---\nblocked_by:\n  - 3\n  - 4\n---\n", "blocked by", "[5]", "---\nblocked_by: '[5]'\n---\n"),
    ("---\nblocked_by: [3]\n---\n", "blocked by", "#5", "---\nblocked_by: '#5'\n---\n"),
    ("---\ntitle: a\n---\n", "superseded by", "4", "---\ntitle: a\nsuperseded_by: 4\n---\n"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "name", "value", "after"), FORMS)
def test_an_edit_takes_the_form_of_the_header(before: str, name: str, value: str, after: str) -> None:
    assert with_field(before.encode(), read(before), name, value).decode() == after


@pytest.mark.parametrize("value", ["a\nb", "a\r\nb"])
def test_a_value_of_two_lines_is_refused(value: str) -> None:
    with pytest.raises(CannotEdit):
        with_field(b"# T\n", read("# T\n"), "status", value)


@given(st.text(st.characters(exclude_characters="\n\r", exclude_categories=["Cs"])))
def test_a_front_matter_scalar_is_read_back(value: str) -> None:
    assume(value == value.strip() and value)
    entries = front_matter.read(f"---\nkey: {front_matter.scalar(value)}\n---\n").entries
    assert [(one.key, one.value, one.items) for one in entries] == [("key", value, ())]


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("To Do", "To Do"), ("✅ Complete (why)", "✅ Complete (why)"), ("task-3", "task-3"), ("a: b", "'a: b'"),
        ("#3, #4", "'#3, #4'"),
        ("a #3", "'a #3'"), ("[3]", "'[3]'"), ("it's", "it's"), ("'it'", "'''it'''"), ("- x", "'- x'"), ("end:", "'end:'"),
    ],
)  # fmt: skip
def test_a_front_matter_scalar_is_quoted_where_yaml_needs_it(value: str, written: str) -> None:
    assert front_matter.scalar(value) == written


# The plan index


ANY = st.text(st.characters(codec=None), max_size=30)
NASTY = st.one_of(ANY, st.text("|\\[]()<>`*_~\n\r\t #\x00\x1f\x7f\x85\u2028\ud800\udcff❓é", max_size=12))


@given(NASTY, NASTY, NASTY, NASTY, st.integers(1, 99_999))
def test_rows_are_read_back_whatever_plans_say(title: str, priority: str, words: str, slug: str, number: int) -> None:
    name = f"{number}_{slug.replace('/', '').replace(chr(0), '')}.md".encode("utf-8", "replace").decode()
    plan = parse(f"docs/plans/{name}", number, b"", FOLDER)._replace(title=title, status_text=words)
    plan = plan._replace(fields=(("priority", Field(priority, 3, 15, 0, 0)),))
    row = plan_index.row(plan, FOLDER)
    index = plan_index.text([str(row)])
    assert index.encode("utf-8").decode() == index
    assert all(character >= " " or character == "\n" for character in index)
    assert plan_index.rows_of(index) == [row]
    assert index.count("\n") == 3
    file = plan_index.appended("# Plans\n\nwords\n", index)
    assert plan_index.inside(file) == index
    assert plan_index.merge(index, index, index) == index


@given(st.lists(st.tuples(st.integers(1, 50), st.text(max_size=8)), max_size=12))
def test_a_merge_of_the_same_text_is_that_text(pairs: list[tuple[int, str]]) -> None:
    rows = {}
    for number, title in pairs:
        plan = parse(f"docs/plans/{number:02}_x.md", number, b"", FOLDER)._replace(title=title)
        rows[number] = plan_index.row(plan, FOLDER)
    index = plan_index.text(str(one) for one in plan_index.sorted_rows(rows.values()))
    assert plan_index.merge(index, index, index) == index
    assert plan_index.merge("", index, index) == index
    assert plan_index.rows_of(index) == plan_index.sorted_rows(rows.values())


def test_a_row_is_one_line_of_five_cells() -> None:
    row = Row(7, "07_a%20b.md", "a \\| b", "High", "📋 Planned", "#8, #9")
    assert str(row) == "| 7 | [a \\| b](07_a%20b.md) | High | 📋 Planned | #8, #9 |"


# Tables of summaries


NUMBERS = st.integers(0, 999_999_999)
REFERENCES = st.lists(st.builds(Reference, NUMBERS, NUMBERS, NUMBERS), max_size=3).map(tuple)
WORDS = st.text(max_size=12)
HEX = st.text("0123456789abcdef", max_size=40)
MAYBE = st.none() | NUMBERS
PROBLEMS = st.lists(
    st.builds(Problem, WORDS, WORDS, WORDS, WORDS, WORDS, WORDS, st.none() | WORDS.filter(bool), MAYBE, MAYBE, MAYBE),
    max_size=3,
).map(tuple)
SUMMARIES = st.lists(
    st.builds(
        Summary, WORDS, HEX, NUMBERS, WORDS, st.sampled_from(status.KEYS),
        WORDS, WORDS, REFERENCES, REFERENCES, REFERENCES, st.booleans(),
        st.booleans(), st.booleans(), WORDS, PROBLEMS,
    ),
    max_size=4,
).map(tuple)  # fmt: skip


def load(raw: bytes) -> tuple[Summary, ...]:
    table = plan_table.Table("t", raw)
    return tuple(table.at(place) for place in range(len(table)))


@given(SUMMARIES)
def test_a_table_of_summaries_is_read_back(summaries: tuple[Summary, ...]) -> None:
    summaries = tuple(Plans(summaries))
    table = plan_table.dump(summaries)
    if table is not None:
        assert load(table) == summaries
        rows = [one.row for one in summaries]
        assert [plan_table.Table("t", table).row(place) for place in range(len(rows))] == rows
    else:
        marks = ("\\x1c", "\\x1d", "\\x1e", "\\x1f", "\\x00")
        assert any(mark in repr(summaries) for mark in marks) or any("\n" in one.row for one in summaries)


@given(st.binary(max_size=200))
def test_summaries_of_any_plan_are_read_back(content: bytes) -> None:
    plan = parse("docs/plans/07_x.md", 7, content, FOLDER)
    one = summary.summarize(plan, "ab12", FOLDER, policy.default())
    table = plan_table.dump([one])
    assert table is None or load(table) == (one,)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"x",
        b"\0\0\0",
        b"\0\0\0\0\0",
        b"x\0\0\0\0",
        b"1\0\0\0\0",
        b"1\0a\x1fb\0" + b"\x1f" * 3 + b"\0\0",
        b"1\0" + b"\x1f" * 6 + b"\0a\0\0",
        b"2 1\0" + b"\x1f" * 6 + b"\x1e" + b"\x1f" * 6 + b"\0" + b"\x1f" * 3 + b"\x1e" + b"\x1f" * 3 + b"\0\n\0",
        b"1\0" + b"\x1f" * 6 + b"\0" + b"\x1f" * 3 + b"\0a\nb\0",
    ],
)
def test_what_is_no_table_is_refused(raw: bytes) -> None:
    with pytest.raises((ValueError, TypeError, IndexError)):
        plan_table.Table("t", raw)


# Text that was encoded twice


def encoded_twice(text: str) -> str:
    """What a program shows that reads UTF-8 as Windows-1252 (WHATWG: undefined bytes are control characters)."""
    return "".join(_as_windows(byte) for byte in text.encode())


def _as_windows(byte: int) -> str:
    try:
        return bytes([byte]).decode("cp1252")
    except UnicodeDecodeError:
        return chr(byte)


WRITTEN = st.text(
    st.sampled_from("aZ 09.-#📋✅🚧⏸️❌🟡→—–“”‘’…•™€éèüßñçÄÖÅÉÜąęłșığКириллицаΕλληνικά日本語한국어עברعر½«»·°×\u00a0")
)


@given(WRITTEN)
def test_text_encoded_twice_is_put_right(text: str) -> None:
    twice = encoded_twice(text)
    assert ungarble(twice) == text
    assert (garbled(twice) is not None) == (not text.isascii())


@pytest.mark.parametrize(
    "text",
    [
        "plain",
        "📋 Planned",
        "Größe",
        "naïve café",
        "“CAFÉ”",
        "Spaß” und „Muß“",
        "MENÜ – klein",
        "½ à 20 €",
        "Ça",
        "Привет",
        "日本語",
        "Ã",
        "À…",
    ],
)
def test_text_encoded_once_stays(text: str) -> None:
    assert ungarble(text) == text
    assert garbled(text) is None


# New plans


@pytest.mark.parametrize(
    "folder", [FOLDER, TASKS, policy.folder("docs/adr", policy.RECORD)], ids=["plan", "tasks", "record"]
)
@pytest.mark.parametrize(
    "title", ["Do it", 'It\'s: a "test" #3 # 4', "[x] | y", "{number} \\1 $x", "日本", "- a", "10-second rule"]
)
def test_a_new_plan_is_read_back(folder: policy.FolderPolicy, title: str) -> None:
    content = new_text(12, title, folder, None, "High", (3, 4) if folder.profile != policy.RECORD else ())
    plan = read(content, folder, 12)
    assert plan.title == title
    assert plan.title_number in (12, None)
    assert plan.status != "unknown"
    assert [one.number for one in plan.blocked_by] == ([] if folder.profile == policy.RECORD else [3, 4])
    assert [problem.code for problem in summary.summarize(plan, "", folder, policy.default()).problems] == []


TEMPLATE = """\
# Plan #NN: [Short Title]

> How to use this template: `make plan`.

**Status:** 📋 Planned | 🚧 In Progress
**Priority:** High
**Blocked By:** #1
**Blocks:** None

## Plan

### Steps
"""


def test_a_template_is_filled_in_and_nothing_else_changes() -> None:
    content = new_text(12, r"Do \1 {it}", FOLDER, TEMPLATE.replace("\n", "\r\n").encode(), "Low", (3,)).decode()
    expected = (
        TEMPLATE.replace("# Plan #NN: [Short Title]", r"# Plan #12: Do \1 {it}")
        .replace("📋 Planned | 🚧 In Progress", "❌ Needs Plan")
        .replace("Priority:** High", "Priority:** Low")
        .replace("By:** #1", "By:** #3")
    )
    assert content == expected.replace("\n", "\r\n")


def test_the_name_of_a_new_plan_is_a_plan_name() -> None:
    for pattern in (Pattern(""), Pattern.parse("{number:03}-{slug}.md"), Pattern.parse("plan_{number}.md")):
        assert pattern.number(pattern.name(12, "a-slug")) == 12
