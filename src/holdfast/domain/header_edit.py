"""Edits of a plan that change the bytes they mean and no others."""

from __future__ import annotations

from holdfast.domain import front_matter, header_line, markdown
from holdfast.domain.plan import BOM, LABEL, find_section
from holdfast.domain.plan_reader import parse
from holdfast.domain.value import TYPE_CHECKING

if TYPE_CHECKING:
    from holdfast.domain.plan import Field, Plan
    from holdfast.domain.policy import FolderPolicy


class CannotEdit(Exception):
    """A header edit that is not possible in this text; `args[0]` says why."""


def with_field(content: bytes, plan: Plan, name: str, value: str) -> bytes:
    """The plan's bytes with the header field `name` set to `value`; no other byte changes.

    A field that is not there yet is written below the last one, in the header's own form and line ending.
    `CannotEdit` where the plan has no header to add it to, and for a value that would be read as something else.
    """
    if "\n" in value or "\r" in value:
        raise CannotEdit("a header value stands on one line")
    text = content.decode("utf-8", "surrogateescape")
    field = plan.field(name)
    if field is not None:
        start = 1 if text.startswith(BOM) else 0
        if field.start < start + front_matter.read(text[start:]).end:
            value = front_matter.scalar(value)
        if not text[field.start - field.column + 1 : field.start].strip() and markdown.heading(value) is not None:
            raise CannotEdit("on a line of its own this value would be a heading")
        before = text[field.start - 1 : field.start]
        gap = " " if before == ":" or (field.start == field.end and before not in (" ", "\t")) else ""
        edited = text[: field.start] + gap + value + text[field.end :]
    else:
        edited = _with_new_field(text, plan, name, value)
    return edited.encode("utf-8", "surrogateescape")


def with_evidence(content: bytes, plan: Plan, folder: FolderPolicy, evidence: str) -> bytes:
    """The plan's bytes with verification evidence: below its heading where there is one, else in a section at the end."""
    text = content.decode("utf-8", "surrogateescape")
    newline = "\r\n" if "\r\n" in text else "\n"
    body = newline.join(evidence.strip().splitlines())
    sections = find_section(plan, folder.evidence_sections)
    if sections:
        at = _after_line(text, sections[0].line)
        edited = (text[:at] + newline + body + newline + text[at:]).encode("utf-8", "surrogateescape")
        # Below a heading `## Status`, a text is the status: then it goes to the end as well.
        if parse(plan.path, plan.number, edited, folder).status == plan.status:
            return edited
    gap = "" if text.endswith("\n") or not text else newline
    heading = folder.evidence_sections[0] if folder.evidence_sections else "Verification Evidence"
    # A code fence or comment that is never closed would swallow what is added: it ends here.
    closing = markdown.unclosed(text)
    gap += closing + newline if closing else ""
    return (text + gap + newline.join(("", f"## {heading}", "", body, ""))).encode("utf-8", "surrogateescape")


def _after_line(text: str, number: int) -> int:
    """The offset behind line `number`."""
    at = 0
    for _ in range(number):
        end = text.find("\n", at)
        if end < 0:
            return len(text)
        at = end + 1
    return at


def _with_new_field(text: str, plan: Plan, name: str, value: str) -> str:
    newline = "\r\n" if "\r\n" in text else "\n"
    start = 1 if text.startswith(BOM) else 0
    block = front_matter.read(text[start:])
    if block.end and (not plan.fields or plan.fields[0][1].line <= block.last_line):
        at = text.rfind("\n", 0, start + block.end - 1) + 1
        return text[:at] + f"{name.replace(' ', '_')}: {front_matter.scalar(value)}{newline}" + text[at:]
    last = _last_of_header(plan)
    if last is not None:
        label = _labelled_like(text[last.start - last.column + 1 : last.start], name, value)
        at = text.find("\n", last.end)
        return text + newline + label if at < 0 else text[: at + 1] + label + newline + text[at + 1 :]
    if not plan.title_line:
        raise CannotEdit("the plan has neither a header nor a title")
    at = _after_line(text, plan.title_line)
    gap = "" if text[at - 1 : at] == "\n" else newline
    return text[:at] + gap + newline + f"**{name.title()}:** {value}" + newline + text[at:]


def _last_of_header(plan: Plan) -> Field | None:
    """The last field above the first heading; not the label of evidence, which begins a text of its own."""
    labels = {section.line for section in plan.sections if section.level == LABEL}
    below = min((section.line for section in plan.sections if section.level != LABEL), default=None)
    fields = (field for _, field in plan.fields if field.line not in labels and (below is None or field.line < below))
    return max(fields, key=lambda field: field.line, default=None)


def _labelled_like(lead: str, name: str, value: str) -> str:
    """A header line in the form of another one's `lead`, which is all of it that stands before the value."""
    label = header_line.bold(lead) or header_line.plain(lead)
    if label is None:
        return f"**{name.title()}:** {value}"
    return f"{lead[: label.start]}{name.title()}{lead[label.end :].rstrip()} {value}"
