"""Rules over one plan's header and the text of its file."""

from __future__ import annotations

from holdfast.domain import status
from holdfast.domain.plan import BLOCKED_BY, BLOCKS, PRIORITY, STATUS
from holdfast.domain.references import listed
from holdfast.domain.rules.finding import finding
from holdfast.domain.value import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from holdfast.domain.plan import Plan
    from holdfast.domain.policy import FolderPolicy, Policy
    from holdfast.domain.problem import Problem


def check(plan: Plan, folder: FolderPolicy, policy: Policy) -> Iterator[Problem]:
    """What is wrong with a plan's header and file, taken alone."""
    yield from _faults(plan, policy)
    if any(fault.code in ("file-not-regular", "file-too-large") for fault in plan.faults):
        return
    yield from _status(plan, folder, policy)
    yield from _priority(plan, folder, policy)
    yield from _title(plan, policy)
    yield from _fields(plan, folder, policy)
    yield from _blockers_in_words(plan, policy)
    name = plan.path.rpartition("/")[2]
    if not folder.pattern.canonical(name):
        yield from finding(
            policy, "number-not-canonical", "file name",
            f"{_plan(plan)}: the number in the file name {name!r} is not written as the others are",
            path=plan.path, plan=plan.number,
        )  # fmt: skip


_FAULTS = {
    "file-not-utf8": "{plan} is not valid UTF-8 ({detail})",
    "file-bom": "{plan} begins with a byte order mark",
    "file-garbled": "{plan}: {detail!r} was encoded twice",
    "file-conflict": "{plan} holds the conflict marker {detail}",
    "file-too-large": "{plan} is too large: {detail}",
    "file-not-regular": "{plan}: {detail} stands in place of a file",
}


def _faults(plan: Plan, policy: Policy) -> Iterator[Problem]:
    for fault in plan.faults:
        message = _FAULTS[fault.code].format(plan=_plan(plan), detail=fault.detail)
        yield from finding(
            policy, fault.code, fault.detail if fault.code == "file-garbled" else "file", message,
            path=plan.path, line=fault.line, column=fault.column, plan=plan.number,
        )  # fmt: skip


def _status(plan: Plan, folder: FolderPolicy, policy: Policy) -> Iterator[Problem]:
    field = plan.field(STATUS)
    if field is None or not plan.status_text.strip():
        yield from finding(
            policy, "status-missing", STATUS, f"{_plan(plan)} has no status",
            f"run `holdfast plan set {plan.number} --status planned` (or another status)",
            path=plan.path, line=field.line if field else max(plan.title_line, 1), column=1, plan=plan.number,
        )  # fmt: skip
        return
    if plan.status == status.UNKNOWN:
        near = status.nearest(plan.status_text, folder.statuses)
        hint = f"; did you mean {near!r}?" if near else ""
        word = near or folder.statuses[0].words[0]
        yield from finding(
            policy, "status-unknown", plan.status_text.casefold(), f"{_plan(plan)}: unknown status {plan.status_text!r}{hint}",
            f"run `holdfast plan set {plan.number} --status {_shell(word)}`",
            path=plan.path, line=field.line, column=field.column, plan=plan.number,
        )  # fmt: skip
    elif plan.sign_says is not None:
        yield from finding(
            policy, "status-sign", STATUS,
            f"{_plan(plan)}: the sign of {plan.status_text!r} says {plan.sign_says}, its word says {plan.status}",
            f"run `holdfast plan set {plan.number} --status {plan.status}`",
            path=plan.path, line=field.line, column=field.column, plan=plan.number,
        )  # fmt: skip


def _priority(plan: Plan, folder: FolderPolicy, policy: Policy) -> Iterator[Problem]:
    field = plan.field(PRIORITY)
    if field is None or field.empty or not folder.priorities:
        return
    words = plan.priority.casefold().replace("*", " ").split()
    known = {name.casefold() for name in folder.priorities}
    if words and (words[0].strip("(,:;") in known or _ranked(words[0])):
        return
    yield from finding(
        policy, "priority-unknown", plan.priority.casefold(),
        f"{_plan(plan)}: unknown priority {plan.priority!r}; known: {', '.join(folder.priorities)}",
        path=plan.path, line=field.line, column=field.column, plan=plan.number,
    )  # fmt: skip


def _ranked(word: str) -> bool:
    return len(word) == 2 and word[0] == "p" and word[1].isdigit()


def _title(plan: Plan, policy: Policy) -> Iterator[Problem]:
    if not plan.title:
        yield from finding(
            policy, "title-missing", "title", f"{_plan(plan)} has no title",
            f"write `# Plan #{plan.number}: What it is about` as its first line", path=plan.path, line=1, column=1,
            plan=plan.number,
        )  # fmt: skip
    if plan.title_number is not None and plan.title_number != plan.number:
        yield from finding(
            policy, "title-number", str(plan.title_number),
            f"{_plan(plan)}: its title says #{plan.title_number}, its file name says {plan.number}",
            f"write #{plan.number} in the title of {plan.path}",
            path=plan.path, line=plan.title_line, column=1, plan=plan.number,
        )  # fmt: skip


def _fields(plan: Plan, folder: FolderPolicy, policy: Policy) -> Iterator[Problem]:
    for name, field in plan.repeated:
        first = plan.field(name) if name in _CONFLICTING else None
        if first is not None and first.value != field.value:
            yield from finding(
                policy, "field-duplicate", name,
                f"{_plan(plan)}: {name.title()} is {first.value!r} in line {first.line} and {field.value!r} here",
                path=plan.path, line=field.line, column=field.column, plan=plan.number,
            )  # fmt: skip
    for required in folder.required_fields:
        there = plan.field(required.casefold())
        if there is None or not there.value.strip():
            yield from finding(
                policy, "field-missing", required.casefold(), f"{_plan(plan)} has no {required}",
                f"write `**{required}:** ...` in the header of {plan.path}",
                path=plan.path, line=max(plan.title_line, 1), column=1, plan=plan.number,
            )  # fmt: skip


_CONFLICTING = frozenset({STATUS, PRIORITY, BLOCKED_BY, BLOCKS, "title", "id"})


def _blockers_in_words(plan: Plan, policy: Policy) -> Iterator[Problem]:
    for name in (BLOCKED_BY, BLOCKS):
        field = plan.field(name)
        if field is None or field.empty or listed(field.value):
            continue
        words = field.value.strip("*_` ").casefold()
        if words.startswith(("none ", "none(", "nothing ", "- ")) or words.startswith(("adr-", "rfc-", "[adr", "[rfc")):
            continue
        yield from finding(
            policy, "blocker-prose", name, f"{_plan(plan)}: {name.title()} {field.value!r} names no plan",
            path=plan.path, line=field.line, column=field.column, plan=plan.number,
        )  # fmt: skip


def _plan(plan: Plan) -> str:
    return f"plan #{plan.number}"


def _shell(word: str) -> str:
    import shlex

    return shlex.quote(word)
