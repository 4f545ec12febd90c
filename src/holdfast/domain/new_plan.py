"""The text of a new plan, from the folder's own template or a short one."""

from __future__ import annotations

import re

from holdfast.domain import status
from holdfast.domain.header_edit import CannotEdit, with_field
from holdfast.domain.naming import slugify
from holdfast.domain.plan import BLOCKED_BY, PRIORITY, STATUS
from holdfast.domain.plan_reader import parse
from holdfast.domain.policy import RECORD, TASKS, FolderPolicy

_PLAN = """\
# Plan #{number}: {title}

**Status:** {status}
**Priority:** {priority}
**Blocked By:** {blocked_by}
**Blocks:** None

## Problem

## Plan

## Acceptance Criteria

## Verification Evidence
"""
_RECORD = """\
# ADR-{number:04}: {title}

**Status:** {status}

## Context

## Decision

## Consequences
"""
_TASK = """\
---
id: task-{number}
title: '{quoted}'
status: {status}
priority: {lower}
dependencies: [{tasks}]
---

## Description

## Acceptance Criteria
"""
_FIRST_HEADING = re.compile(r"^#[ \t]+(?:(plan|gap|task|adr|rfc)[ \t]*([-#]*))?[^\r\n]*", re.I | re.M)


def slug(title: str) -> str:
    """The words of a title for a file name; `plan` where it has no letter or digit."""
    return slugify(title) or "plan"


def text(
    number: int,
    title: str,
    folder: FolderPolicy,
    template: bytes | None,
    priority: str | None,
    blocked_by: tuple[int, ...],
) -> bytes:
    """The bytes of a new plan. A template is data: its first heading and header fields are filled in, nothing is run."""
    key = (
        status.PROPOSED
        if folder.profile == RECORD
        else status.PLANNED
        if folder.profile == TASKS
        else status.NEEDS_PLAN
    )
    words = status.words_for(key, folder.statuses) or folder.statuses[0]
    blockers = ", ".join(f"#{one}" for one in blocked_by) or "None"
    if template is not None:
        return _filled(template, number, title, folder, words.label, priority, blockers)
    known = folder.priorities
    default = "Medium" if "Medium" in known or not known else known[len(known) // 2]
    tasks = ", ".join(f"task-{one}" for one in blocked_by)
    shape = {RECORD: _RECORD, TASKS: _TASK}.get(folder.profile, _PLAN)
    return shape.format(
        number=number, title=title, status=words.label, priority=priority or default, blocked_by=blockers,
        quoted=title.replace("'", "''"), lower=(priority or default).lower(), tasks=tasks,
    ).encode("utf-8", "surrogateescape")  # fmt: skip


def _filled(
    template: bytes, number: int, title: str, folder: FolderPolicy, label: str, priority: str | None, blockers: str
) -> bytes:
    raw = template.decode("utf-8", "surrogateescape")

    def heading(match: re.Match[str]) -> str:
        lead = f"{match[1]} {match[2] or ''}".rstrip("-") if match[1] else "Plan #"
        return f"# {lead}{number}: {title}"

    content = _FIRST_HEADING.sub(heading, raw, count=1).encode("utf-8", "surrogateescape")
    fields = [(STATUS, label), (PRIORITY, priority), (BLOCKED_BY, blockers), ("blocks", "None")]
    for name, value in fields:
        plan = parse("new.md", number, content, folder)
        if value is None or (name != STATUS and plan.field(name) is None):
            continue
        try:
            content = with_field(content, plan, name, value)
        except CannotEdit:
            continue
    return content
