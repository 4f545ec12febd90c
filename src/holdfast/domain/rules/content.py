"""Rules over one plan's content against its status."""

from __future__ import annotations

from holdfast.domain import status
from holdfast.domain.plan import find_section, plain
from holdfast.domain.rules.finding import finding
from holdfast.domain.value import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from holdfast.domain.plan import Plan, Section
    from holdfast.domain.policy import FolderPolicy, Policy
    from holdfast.domain.problem import Problem

_NEED_A_PLAN = frozenset({status.PLANNED, status.IN_PROGRESS, status.BLOCKED, status.REVIEW, status.COMPLETE})


def check(plan: Plan, folder: FolderPolicy, policy: Policy) -> Iterator[Problem]:
    """What a plan's sections lack for the status that it claims."""
    if plan.status in _NEED_A_PLAN:
        yield from _plan_section(plan, folder, policy)
    if plan.status == status.COMPLETE:
        yield from _evidence(plan, folder, policy)
        yield from _open_boxes(plan, folder, policy)
    if plan.status == status.SUPERSEDED:
        yield from _successor(plan, policy)
    if plan.status == status.BLOCKED:
        yield from _blocker(plan, policy)
    for key, names in folder.sections:
        if key == plan.status:
            yield from _required(plan, names, policy)


def _plan_section(plan: Plan, folder: FolderPolicy, policy: Policy) -> Iterator[Problem]:
    if not folder.plan_sections:
        return
    sections = find_section(plan, folder.plan_sections)
    if any(section.filled for section in sections):
        return
    if sections:
        yield from _empty(plan, sections[0], policy)
        return
    # A plan whose phases stand directly as headings ("Phase 1: ...") was found above; nothing is left here.
    yield from finding(
        policy, "plan-section-missing", "plan section",
        f"plan #{plan.number} says {_label(plan, folder)}, but has no section that says how (as `## Plan`)",
        f"write `## Plan` in {plan.path}, or run `holdfast plan set {plan.number} --status needs-plan`",
        path=plan.path, line=_status_line(plan), column=1, plan=plan.number,
    )  # fmt: skip


def _evidence(plan: Plan, folder: FolderPolicy, policy: Policy) -> Iterator[Problem]:
    if not folder.evidence_sections:
        return
    sections = find_section(plan, folder.evidence_sections)
    if any(section.filled for section in sections):
        return
    found = f"its {folder.evidence_sections[0]!r} is only a heading" if sections else "it has no verification evidence"
    yield from finding(
        policy, "evidence-missing", "evidence", f"plan #{plan.number} says {_label(plan, folder)}, but {found}",
        f'run `holdfast plan set {plan.number} --status complete --evidence "what you ran and what it said"`',
        path=plan.path, line=sections[0].line if sections else _status_line(plan), column=1, plan=plan.number,
    )  # fmt: skip


def _open_boxes(plan: Plan, folder: FolderPolicy, policy: Policy) -> Iterator[Problem]:
    for section in find_section(plan, folder.required_lists):
        if section.open_boxes:
            boxes = "box is" if section.open_boxes == 1 else "boxes are"
            yield from finding(
                policy, "boxes-open", section.title,
                f"plan #{plan.number} says {_label(plan, folder)}, but {section.open_boxes} {boxes} open in {section.title!r}",
                f"tick what is done in {plan.path}, line {section.open_line}; move the rest into a plan of its own",
                path=plan.path, line=section.open_line, column=1, plan=plan.number,
            )  # fmt: skip


def _successor(plan: Plan, policy: Policy) -> Iterator[Problem]:
    field = plan.field("superseded by")
    if plan.successors or (field is not None and not field.empty) or plan.status_note.startswith("by "):
        return
    if any(character.isdigit() for character in plan.status_note):
        return
    yield from finding(
        policy, "successor-missing", "successor", f"plan #{plan.number} is superseded, but does not say by which plan",
        f'run `holdfast plan set {plan.number} --status "superseded by plan #M"`',
        path=plan.path, line=_status_line(plan), column=1, plan=plan.number,
    )  # fmt: skip


def _blocker(plan: Plan, policy: Policy) -> Iterator[Problem]:
    field = plan.field("blocked by")
    if (field is not None and not field.empty) or plan.status_note:
        return
    yield from finding(
        policy, "blocker-missing", "blocker", f"plan #{plan.number} is blocked, but does not say by what",
        path=plan.path, line=_status_line(plan), column=1, plan=plan.number,
    )  # fmt: skip


def _required(plan: Plan, names: tuple[str, ...], policy: Policy) -> Iterator[Problem]:
    for name in names:
        sections = find_section(plan, (name,))
        if not sections:
            yield from finding(
                policy, "section-missing", plain(name), f"plan #{plan.number} is {plan.status} and has no section {name!r}",
                f"write `## {name}` in {plan.path}", path=plan.path, line=_status_line(plan), column=1, plan=plan.number,
            )  # fmt: skip
        elif not any(section.filled for section in sections):
            yield from _empty(plan, sections[0], policy)


def _empty(plan: Plan, section: Section, policy: Policy) -> Iterator[Problem]:
    yield from finding(
        policy, "section-empty", section.title, f"plan #{plan.number}: the section {section.title!r} says nothing",
        f"write it in {plan.path}, line {section.line}", path=plan.path, line=section.line, column=1, plan=plan.number,
    )  # fmt: skip


def _label(plan: Plan, folder: FolderPolicy) -> str:
    words = status.words_for(plan.status, folder.statuses)
    return words.words[0] if words is not None else plan.status


def _status_line(plan: Plan) -> int:
    field = plan.field("status")
    return field.line if field is not None else 1
