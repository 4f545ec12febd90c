"""Where a plan says what: title, status, fields, front matter, and the text of the file itself."""

from __future__ import annotations

import pytest
from reading import codes, read

from holdfast.domain import policy

TITLES = [
    # heading, title, number in it
    ("# Plan #12: Do it", "Do it", 12),
    ("# Plan 12: Do it", "Do it", 12),
    ("# Gap 12: Do it", "Do it", 12),
    ("# Gap #12: Do it", "Do it", 12),
    ("# Gap #12 - Do it", "Do it", 12),
    ("# Plan #12 — Do it", "Do it", 12),
    ("# Plan-12: Do it", "Do it", 12),
    ("# Plan #12 Do it", "Do it", 12),
    ("# Plan #12", "", 12),
    ("# Plan: Do it", "Do it", None),
    ("# ADR-0012: Do it", "Do it", 12),
    ("# RFC 12: Do it", "Do it", 12),
    ("# 12. Do it", "Do it", 12),
    ("# 12 - Do it", "Do it", 12),
    ("# #12: Do it", "Do it", 12),
    ("# **Plan #12: Do it**", "Do it", 12),
    ("# plan #12: do it", "do it", 12),
    ("#  Plan #12:   Do it   ##", "Do it", 12),
    ("# Do it", "Do it", None),
    ("# Plan #12: a `--flag` and [a link](x.md)", "a `--flag` and [a link](x.md)", 12),
    ("# Plan #12: C#", "C#", 12),
    ("# 10-second timeout", "10-second timeout", None),
    ("# 1.5 times faster", "1.5 times faster", None),
    ("# Plan-based work", "Plan-based work", None),
    ("# Task-specific prompts: a study", "Task-specific prompts: a study", None),
    ("# Planning the plan", "Planning the plan", None),
    ("# Plan 9 from outer space", "Plan 9 from outer space", None),
]


@pytest.mark.parametrize(("heading", "title", "number"), TITLES)
def test_titles(heading: str, title: str, number: int | None) -> None:
    plan = read(f"{heading}\n\n**Status:** Planned\n")
    assert (plan.title, plan.title_number, plan.title_line) == (title, number, 1)


STATUSES = [
    # text, status, line of it
    ("# T\n\n**Status:** Planned\n", "planned", 3),
    ("# T\n\n**Status**: Planned\n", "planned", 3),
    ("# T\n\n**status:** Planned\n", "planned", 3),
    ("# T\n**Status:**Planned\n", "planned", 2),
    ("# T\n\n- **Status:** Planned\n", "planned", 3),
    ("# T\n\n* **Status:** Planned\n", "planned", 3),
    ("# T\n\n- Status: Planned\n", "planned", 3),
    ("# T\n\nStatus: Planned\n", "planned", 3),
    ("**Status:** Planned\n\n# T\n", "planned", 1),
    ("# T\n\n**Status:** Planned\n**Status:** Complete\n", "planned", 3),
    ("# T\n\nwords\n\nmore\n\nand more\n\nstill\n\nlong\n\n**Status:** Planned\n", "planned", 13),
    ("# T\n\n> a note\n\n**Status:** Planned\n", "planned", 5),
    ("# T\n\n## Status: Planned\n", "planned", 3),
    ("# T\n\n## Status: ✅ Complete (why)\n", "complete", 3),
    ("# T\n\n## Status\n\nPlanned\n", "planned", 5),
    ("# T\n\n## Status\n\n**Planned**\n", "planned", 5),
    ("# T\n\n## Status\n\n**Status:** Planned\n", "planned", 5),
    ("# T\n\n## Status\n\n**Date:** today\n\nPlanned\n", "planned", 7),
    ("# T\n\n## Status\n\n<!-- one of ... -->\nPlanned\n", "planned", 6),
    ("# T\n\n**Status:** Planned\n\n## Status: Complete\n", "planned", 3),
    ("# T\n\n**Status:** Planned\n\n## A\n\n- **Status:** ❓ OPEN\n- **Status:** ❌ Not implemented\n", "planned", 3),
    ("# T\n\n**Status:** Planned\n\n## A\n\n**Status:** Complete\n", "planned", 3),
    ("# T\n\n```\n**Status:** Complete\n```\n\n**Status:** Planned\n", "planned", 7),
    ("# T\n\n> ```\n> **Status:** Complete\n> ```\n\n**Status:** Planned\n", "planned", 7),
    ("# T\n\n1. ```\n   **Status:** Complete\n   ```\n\n**Status:** Planned\n", "planned", 7),
    ("# T\n\n<!-- **Status:** Complete -->\n**Status:** Planned\n", "planned", 4),
    ("# T\n\n<!--\n**Status:** Complete\n-->\n**Status:** Planned\n", "planned", 6),
    ("# T\n\nUse `<!-- begin` as the mark.\n\n**Status:** Planned\n", "planned", 5),
    ("# T\n\nA stray <!-- in a paragraph.\n\n**Status:** Planned\n", "planned", 5),
    ("# T\r\n\r\n**Status:** Planned\r\n", "planned", 3),
    ("\ufeff# T\n\n**Status:** Planned\n", "planned", 3),
    ("# T\n\n**Status:** Planned   \n", "planned", 3),
    ("# T\n\n    **Status:** Complete\n", "unknown", None),
    ("# T\n\n## A\n\n**Status:** Complete\n", "unknown", None),
    ("# T\n\n**Priority:** High\n", "unknown", None),
    ("# T\n\nStatus:Planned\n", "unknown", None),
    ("# T\n\n`**Status:** Planned`\n", "unknown", None),
    ("# T\n\n```\n**Status:** Complete\n", "unknown", None),
    ("# T\n\n<!--\n**Status:** Complete\n", "unknown", None),
    ("", "unknown", None),
]


@pytest.mark.parametrize(("text", "key", "line"), STATUSES)
def test_where_a_status_stands(text: str, key: str, line: int | None) -> None:
    plan = read(text)
    field = plan.field("status")
    assert (plan.status, field.line if field else None) == (key, line)


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize(("text", "key", "line"), [row for row in STATUSES if row[2] and "\r" not in row[0]])
def test_the_place_of_a_status_is_its_bytes(text: str, key: str, line: int, mark: str, ending: str) -> None:
    whole = mark + text.removeprefix("\ufeff").replace("\n", ending)
    plan = read(whole)
    field = plan.field("status")
    assert field is not None
    assert (plan.status, field.line) == (key, line)
    assert whole[field.start : field.end] == field.value == plan.status_text


def test_records_are_read_from_their_status_section() -> None:
    record = policy.folder("docs/adr", policy.RECORD)
    text = "# 12. Use git\n\nDate: 2024-01-02\n\n## Status\n\nSuperseded by [ADR-0013](0013-x.md)\n\n## Context\n\nWords.\n"
    plan = read(text, record, 12)
    assert (plan.title, plan.title_number, plan.status, plan.status_text) == (
        "Use git", 12, "superseded", "Superseded by [ADR-0013](0013-x.md)",
    )  # fmt: skip


TASK = """\
---
id: task-12
title: 'It''s a "task": really'
status: In Progress  # since Monday
priority: high
dependencies: [task-3, "task-4"]
labels:
  - one
blocks:
- task-9
- 'task-10'
nested:
  key: value
---

## Description

See plan #5.
"""


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_tasks_are_read_from_their_front_matter(ending: str) -> None:
    plan = read(TASK.replace("\n", ending), policy.folder("backlog/tasks", policy.TASKS), 12)
    assert (plan.title, plan.status, plan.priority) == ('It\'s a "task": really', "in-progress", "high")
    assert [one.number for one in plan.blocked_by] == [3, 4]
    assert [one.number for one in plan.blocks] == [9, 10]
    assert [one.number for one in plan.mentions] == [5]
    assert [(one.line, one.column) for one in plan.mentions] == [(18, 11)]


@pytest.mark.parametrize(
    ("block", "key", "value"),
    [
        ("---\nstatus: To Do\n---\n", "status", "To Do"),
        ("---\nstatus: To Do\n...\n", "status", "To Do"),
        ("---\nStatus: 'To Do'\n---\n", "status", "To Do"),
        ('---\nstatus: "To \\"Do\\""\n---\n', "status", 'To "Do"'),
        ("---\nstatus:\n---\n", "status", ""),
        ("---\nstatus: Done # yes\n---\n", "status", "Done"),
        ("---\nblocked_by: #3\n---\n", "blocked by", ""),
        ("---\ndepends_on: '#3'\n---\n", "blocked by", "#3"),
        ("---\nsuperseded-by: 4\n---\n", "superseded by", "4"),
        ("---\nid: 3\n---\n", "id", "3"),
        ("---\nid: 3\n", "id", None),
        ("text\n---\nid: 3\n---\n", "id", None),
        ("----\nid: 3\n---\n", "id", None),
    ],
)
def test_front_matter_forms(block: str, key: str, value: str | None) -> None:
    field = read(block + "\n# T\n", policy.folder("backlog", policy.TASKS)).field(key)
    assert (field.value if field else None) == value


PRIORITIES = [
    ("High", "High"), ("**High**", "High"), ("high", "high"), ("Critical", "Critical"), ("*Medium*", "Medium"),
    ("P2 - Process improvement", "P2 - Process improvement"), ("None", ""), ("-", ""), ("", ""), ("TBD", ""),
    ("as soon as there is time", "as soon as there is time"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "priority"), PRIORITIES)
def test_priorities(text: str, priority: str) -> None:
    assert read(f"# T\n\n**Priority:** {text}\n").priority == priority


BLOCKERS = [
    ("None", []), ("-", []), ("—", []), ("", []), ("n/a", []), ("[]", []), ("None.", []),
    ("#103", [103]),
    ("#103, #104", [103, 104]),
    ("#103 and #104", [103, 104]),
    ("#103/#104", [103, 104]),
    ("103, 104", [103, 104]),
    ("[103, 104]", [103, 104]),
    ("#14 (Interface for #3) - ✅ Complete", [14]),
    ("Plan #269, #270", [269, 270]),
    ("Plans #269, 270, and #271", [269, 270, 271]),
    ("Plan 70 (Complete)", [70]),
    ("None (was #95, now complete)", []),
    ("ADR-0020 (accepted)", []),
    ("task-3, task-14", [3, 14]),
    ("Gap 3", [3]),
    ("#3, 2 days later", [3]),
    ("Waiting for 3 reviewers", []),
    ("issue org/repo#12", []),
    ("the design, then #12", [12]),
]  # fmt: skip


@pytest.mark.parametrize("name", ["Blocked By", "Blocks", "Depends On"])
@pytest.mark.parametrize(("text", "numbers"), BLOCKERS)
def test_blockers(name: str, text: str, numbers: list[int]) -> None:
    line = f"**{name}:** {text}"
    plan = read(f"# T\n\n{line}\n")
    found = plan.blocks if name == "Blocks" else plan.blocked_by
    assert [one.number for one in found] == numbers
    assert all(line[one.column - 1 :].startswith(str(one.number)) and one.line == 3 for one in found)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# T\n", []),
        ("\ufeff# T\n", ["file-bom"]),
        (b"# T\n\xff\n", ["file-not-utf8"]),
        (b"\xef\xbb\xbf# T \xc3\n", ["file-not-utf8", "file-bom"]),
        (b"# T \xed\xa0\x80\n", ["file-not-utf8"]),
        ("<<<<<<< HEAD\n=======\n>>>>>>> other\n", ["file-conflict", "file-conflict"]),
        ("```\n<<<<<<< HEAD\n```\n", ["file-conflict"]),
        ("# T\n\n    <<<<<<< HEAD\n", []),
        ("a\n=======\n", []),
        ("<<<<<<<\n", []),
        ("**Status:** ðŸ“‹ Planned\n", ["file-garbled"]),
        ("**Status:** âœ… Complete\n", ["file-garbled"]),
        ("donâ€™t\n", ["file-garbled"]),
        ("`ðŸ“‹`\n", ["file-garbled"]),
        ("**Status:** 📋 Planned\n", []),
        ("Ça va? “É” – «Ü»… 20 € für Spaß”\n", []),
        ("```\nðŸ“‹\n```\n", []),
    ],
)
def test_faults_of_the_text(text: str | bytes, expected: list[str]) -> None:
    assert codes(read(text)) == expected


def test_a_fault_names_its_place() -> None:
    plan = read("# T\n\nwörds \n".encode() + b"\xc3\xb6 \xff\n")
    assert [(fault.detail, fault.line, fault.column) for fault in plan.faults] == [("byte 0xff", 4, 3)]


SECTIONS = [
    # body, is there a filled plan section
    ("## Plan\n\nDo it.\n", True),
    ("## Plan\n\n### Step one\n\nDo it.\n", True),
    ("## Plan\n\n```\ncode\n```\n", True),
    ("## Plan\n\n| a | b |\n|---|---|\n| 1 | 2 |\n", True),
    ("## Plan\n\n- [ ] one\n", True),
    ("## Plan\n", False),
    ("## Plan\n\n### Step one\n", False),
    ("## Plan\n\nTBD\n", False),
    ("## Plan\n\n*TODO*\n\n---\n", False),
    ("## Plan\n\n<!-- what to do -->\n", False),
    ("## Plan\n\n```\n```\n", False),
    ("## Plan\n\n## Notes\n\nDo it.\n", False),
]


@pytest.mark.parametrize(("body", "filled"), SECTIONS)
def test_sections_that_say_something(body: str, filled: bool) -> None:
    assert read(f"# T\n\n{body}").sections[0].filled is filled


EVIDENCE = [
    ("**Verification Evidence:** ran it\n\n## Plan\n", True),
    ("**Verification Evidence:**\n```yaml\ntests: passed\n```\n**Priority:** High\n", True),
    ("**Verification Evidence:**\n\n## Plan\n\nwords\n", False),
    ("**Verification Evidence:**\n**Priority:** High\n", False),
    ("## Verification Evidence\n\nran it\n", True),
    ("## Verification Evidence (2026-01-16)\n\nran it\n", True),
    ("## Verification\n\n**CI Evidence:**\n- All checks passed\n", True),
    ("## Verification\n\n**Verification Evidence:**\n**PR:** #12\n", True),
    ("## Verification\n\n**Verification Evidence:**\n\n## Notes\n\nwords\n", False),
    ("## Completion Evidence\n\nran it\n", True),
    ("## Evidence\n\nthe bug happens every day\n", False),
    ("## Plan\n\n**Evidence of Problem:** it breaks\n", False),
    ("```\n## Verification Evidence\n\nran it\n```\n", False),
]


@pytest.mark.parametrize(("body", "there"), EVIDENCE)
def test_evidence(body: str, there: bool) -> None:
    from holdfast.domain.plan import find_section

    plan = read(f"# T\n\n**Status:** Complete\n{body}")
    found = find_section(plan, policy.folder().evidence_sections)
    assert any(section.filled for section in found) is there


def test_open_boxes_are_counted_with_the_line_of_the_first() -> None:
    plan = read(
        "# T\n\n## Acceptance Criteria\n\n- [x] a\n- [ ] b\n* [ ] c\n1. [ ] d\n- [ ]\n- [link] e\n```\n- [ ] f\n```\n"
    )
    assert [(section.open_boxes, section.open_line) for section in plan.sections] == [(4, 6)]


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("<<<<<<< HEAD", True),
        (">>>>>>> side", True),
        ("<<<<<<<< HEAD:docs/plans/01_a.md", True),
        ("<<<<<<<", False),
        ("<<<<<< six", False),
        ("=======", False),
        ("text <<<<<<< HEAD", False),
    ],
)
def test_conflict_markers_of_any_length(line: str, found: bool) -> None:
    from holdfast.domain import markdown

    assert markdown.conflict_marker(line) is found
