"""One plan boiled down to what other plans, lists and the plan index need of it."""

from __future__ import annotations

from holdfast.domain import plan_index, status
from holdfast.domain.plan import BLOCKED_BY, BLOCKS
from holdfast.domain.rules import content, header
from holdfast.domain.value import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from holdfast.domain.plan import Plan
    from holdfast.domain.policy import FolderPolicy, Policy
    from holdfast.domain.problem import Problem
    from holdfast.domain.references import Reference


class Summary(NamedTuple):
    """One plan as the others see it; `oid` is the id of its blob, `row` its line of the plan index.

    `declares_blocked_by` and `declares_blocks` are true where the header has the field at all, even as `None`.
    """

    path: str
    oid: str
    number: int
    title: str
    status: str
    status_text: str
    priority: str
    blocked_by: tuple[Reference, ...]
    blocks: tuple[Reference, ...]
    mentions: tuple[Reference, ...]
    declares_blocked_by: bool
    declares_blocks: bool
    archived: bool
    row: str
    problems: tuple[Problem, ...]

    @property
    def open(self) -> bool:
        """True for work that is still to be done."""
        return self.status in status.OPEN

    @property
    def references(self) -> tuple[Reference, ...]:
        """Every plan that this one names, in its header or its text."""
        return (*self.blocked_by, *self.blocks, *self.mentions)


def summarize(plan: Plan, oid: str, folder: FolderPolicy, policy: Policy) -> Summary:
    """What the others need of a plan, with everything that is wrong with it alone."""
    archived = folder.archived(plan.path)
    problems: list[Problem] = []
    if not archived:
        problems += header.check(plan, folder, policy)
        problems += content.check(plan, folder, policy)
    if len(policy.folders) > 1:
        problems = [one._replace(subject=f"{folder.path}: {one.subject}") for one in problems]
    return Summary(
        path=plan.path,
        oid=oid,
        number=plan.number,
        title=plan.title,
        status=plan.status,
        status_text=plan.status_text,
        priority=plan.priority,
        blocked_by=plan.blocked_by,
        blocks=plan.blocks,
        mentions=plan.mentions,
        declares_blocked_by=plan.field(BLOCKED_BY) is not None,
        declares_blocks=plan.field(BLOCKS) is not None,
        archived=archived,
        row="" if archived else str(plan_index.row(plan, folder)),
        problems=tuple(problems),
    )
