"""The plans and tasks that fill the repositories: real in shape, valid throughout, or messy on purpose."""

from __future__ import annotations

from collections.abc import Callable

FOLDER = "docs/plans"

PLANNED = "📋 Planned"
IN_PROGRESS = "🚧 In Progress"
BLOCKED = "⏸️ Blocked"
COMPLETE = "✅ Complete"

_SUBJECTS = (
    "Rate limits",
    "Event store",
    "Audit trail",
    "Search page",
    "Import queue",
    "Access roles",
    "Cost report",
)
_ACTIONS = ("split by tenant", "survive restarts", "show progress", "retry with backoff", "cover edge cases")
_SENTENCES = (
    "Requests arrive faster than the worker can take them, so the queue grows until memory is the limit.",
    "The current code reads the whole table for each page and keeps nothing between two calls.",
    "A second process may write the same row; the later writer must see that and start again.",
    "Operators asked for one place where they can see what waits, since when, and for whom.",
    "Measure before and after with the recorded load of one ordinary working day.",
    "Old clients send no version; they get the behaviour of the first release and a warning in the log.",
    "The migration runs in batches of five hundred and can be stopped and taken up again at any point.",
)
_DONE_SHARE = 0.6
_ROUND = 20
_TWICE = 50


def file_name(number: int) -> str:
    """The name of a plan's file."""
    return f"{number:02}_{slug(number).replace('-', '_')}.md"


def slug(number: int) -> str:
    """The title of a plan as a branch has it."""
    return title(number).lower().replace(" ", "-")


def path(number: int) -> str:
    """The path of a plan in its repository."""
    return f"{FOLDER}/{file_name(number)}"


def title(number: int) -> str:
    """The title of a plan."""
    return f"{_SUBJECTS[number % len(_SUBJECTS)]} {_ACTIONS[number % len(_ACTIONS)]} {number}"


def plans(count: int) -> dict[str, bytes]:
    """`count` valid plans by path: the older complete, the newer open, 30 % waiting for earlier ones."""
    return {path(number): _plan(number, count).encode() for number in range(1, count + 1)}


def messy_plans(count: int) -> dict[str, bytes]:
    """As many plans, a good part of them with old problems of every common kind."""
    texts = plans(count)
    for number in range(1, count + 1):
        spoil = _SPOILS.get(number % _ROUND)
        if spoil is not None:
            texts[path(number)] = spoil(texts[path(number)], number)
    for number in range(5, count + 1, _TWICE):
        texts[f"{FOLDER}/{number:02}_written_twice.md"] = texts[path(number)]
    return texts


def other_files(count: int) -> dict[str, bytes]:
    """Files outside the plan folder."""
    return {f"src/part_{number:03}.txt": _paragraph(number, 10).encode() for number in range(count)}


def calm(count: int, wanted: int) -> tuple[int, ...]:
    """The numbers of `wanted` planned plans that block nothing, wait for nothing and are not messy."""
    blocking = {blocker for number in range(1, count + 1) for blocker in blockers(number)}
    found = (
        number
        for number in range(count, 0, -1)
        if status(number, count) == PLANNED
        and not blockers(number)
        and number not in blocking
        and number % _ROUND not in _SPOILS
        and number % _TWICE != 5
    )
    return tuple(number for number, _ in zip(found, range(wanted), strict=False))


def toggled(text: str) -> str:
    """The plan with its status set from planned to in progress, or back."""
    if PLANNED in text:
        return text.replace(PLANNED, IN_PROGRESS, 1)
    return text.replace(IN_PROGRESS, PLANNED, 1)


def blockers(number: int) -> tuple[int, ...]:
    """The earlier plans that a plan waits for: none for 70 %, one or two for the rest."""
    if number < 20 or number % 10 not in (3, 6, 9):
        return ()
    near = number - 7
    return (near, number // 2) if number % 3 == 0 else (near,)


def status(number: int, count: int) -> str:
    """The status of a plan among `count`: what is complete waits for nothing open."""
    if number <= count * _DONE_SHARE:
        return COMPLETE
    if any(blocker > count * _DONE_SHARE for blocker in blockers(number)):
        return BLOCKED
    return IN_PROGRESS if number % 12 == 0 else PLANNED


def task(number: int, count: int) -> str:
    """The same plan as a Markdown task with YAML front matter, as Backlog.md writes it."""
    words = {PLANNED: "To Do", BLOCKED: "To Do", IN_PROGRESS: "In Progress", COMPLETE: "Done"}[status(number, count)]
    waits = "".join(f"\n  - TASK-{blocker}" for blocker in blockers(number)) or " []"
    return f"""\
---
id: TASK-{number}
title: {title(number)}
status: {words}
assignee: []
created_date: '2025-01-01 00:00'
labels: []
dependencies:{waits}
priority: {_priority(number).lower()}
ordinal: {number * 1000}
---

## Description

<!-- SECTION:DESCRIPTION:BEGIN -->
{_paragraph(number, 10)}<!-- SECTION:DESCRIPTION:END -->

## Implementation Plan

<!-- SECTION:PLAN:BEGIN -->
{_paragraph(number + 3, 8)}<!-- SECTION:PLAN:END -->
"""


def task_name(number: int) -> str:
    """The file name of a task."""
    return f"task-{number} - {title(number).replace(' ', '-')}.md"


def _plan(number: int, count: int) -> str:
    state = status(number, count)
    box = "x" if state == COMPLETE else " "
    evidence = (
        "\n## Verification Evidence\n\nAll tests pass; the recorded load ran twice.\n" if state == COMPLETE else ""
    )
    return f"""\
# Plan {number}: {title(number)}

**Status:** {state}
**Priority:** {_priority(number)}
**Blocked By:** {_references(blockers(number))}
**Blocks:** {_references(_blocked(number, count))}

---

## Gap

{_paragraph(number, 4)}
## Plan

{_paragraph(number + 3, 14)}
## Acceptance Criteria

- [{box}] The recorded load passes
- [{box}] The page shows what waits
{evidence}"""


def _priority(number: int) -> str:
    return ("High", "Medium", "Low")[number % 3]


def _blocked(number: int, count: int) -> tuple[int, ...]:
    """The plans that wait for `number`."""
    candidates = {number + 7, number * 2, number * 2 + 1}
    return tuple(sorted(one for one in candidates if one <= count and number in blockers(one)))


def _references(numbers: tuple[int, ...]) -> str:
    return ", ".join(f"#{number}" for number in numbers) or "None"


def _paragraph(seed: int, sentences: int) -> str:
    return "".join(f"{_SENTENCES[(seed * 3 + at) % len(_SENTENCES)]}\n" for at in range(sentences))


def _without_status(content: bytes, _: int) -> bytes:
    return b"".join(line for line in content.splitlines(True) if not line.startswith(b"**Status"))


def _with_odd_status(content: bytes, _: int) -> bytes:
    return content.replace(b"**Status:**", b"**Status:** Somewhere between", 1)


def _waiting_for_nobody(content: bytes, _: int) -> bytes:
    return content.replace(b"**Blocked By:**", b"**Blocked By:** #99999,", 1)


def _waiting_for_itself(content: bytes, number: int) -> bytes:
    return content.replace(b"**Blocked By:**", b"**Blocked By:** #%d," % number, 1)


def _without_plan(content: bytes, _: int) -> bytes:
    return content.replace(b"## Plan\n", b"## Musings\n", 1)


def _unticked(content: bytes, _: int) -> bytes:
    return content.replace(b"[x]", b"[ ]")


def _with_carriage_returns(content: bytes, _: int) -> bytes:
    return content.replace(b"\n", b"\r\n")


def _misnumbered(content: bytes, _: int) -> bytes:
    return content.replace(b"# Plan ", b"# Plan 1", 1)


def _not_utf8(content: bytes, _: int) -> bytes:
    return content + b"\nOld words: caf\xe9\n"


_SPOILS: dict[int, Callable[[bytes, int], bytes]] = {
    0: _without_status,
    2: _with_odd_status,
    4: _waiting_for_nobody,
    7: _without_plan,
    8: _unticked,
    11: _waiting_for_itself,
    14: _with_carriage_returns,
    17: _misnumbered,
    18: _not_utf8,
}
"""What is done to a plan, by the remainder of its number divided by `_ROUND`."""
