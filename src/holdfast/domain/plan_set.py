"""All plans of a tree at one instant, each boiled down to what other plans, lists and the plan index need."""

from __future__ import annotations

from operator import itemgetter

from holdfast.domain import plan_index, status
from holdfast.domain.plan import BLOCKED_BY, BLOCKS
from holdfast.domain.policy import COMPUTED, RECORD
from holdfast.domain.rules import content, header
from holdfast.domain.value import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

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


class FolderState(NamedTuple):
    """One plan folder in a tree: its plans by number and path, its plan index file and template as bytes."""

    folder: FolderPolicy
    summaries: tuple[Summary, ...]
    index_file: bytes | None = None
    template: bytes | None = None

    @property
    def computed(self) -> str:
        """The plan index that these plans make."""
        return plan_index.text(one.row for one in self.summaries if one.row)


class PlanSet(NamedTuple):
    """Everything that rules look at: the policy of a tree and the folders that it configures."""

    policy: Policy
    folders: tuple[FolderState, ...]

    @property
    def summaries(self) -> list[Summary]:
        """The plans of all folders."""
        return [one for state in self.folders for one in state.summaries]

    def find(self, number: int) -> list[Summary]:
        """The plans with that number, those of plan folders before records."""
        ordered = sorted(self.folders, key=lambda state: state.folder.profile == RECORD)
        return [one for state in ordered for one in state.summaries if one.number == number]


class History(NamedTuple):
    """Which plan numbers ever existed in which folder, with the slugs they had; not `complete` in a shallow clone."""

    by_folder: Mapping[str, Mapping[int, frozenset[str]]]
    complete: bool = True

    def slugs(self, folder: str, number: int) -> frozenset[str]:
        """The slugs of all plans that ever had this number in the folder."""
        return self.by_folder.get(folder, {}).get(number, frozenset())

    def numbers(self, folder: str) -> set[int]:
        """All numbers that plans of the folder ever had."""
        return set(self.by_folder.get(folder, {}))


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


def in_order(summaries: Iterable[Summary]) -> tuple[Summary, ...]:
    """Summaries in the order of the plan index: by number, then by path."""
    return tuple(sorted(summaries, key=itemgetter(2, 0)))


def place_of_index(state: FolderState) -> None:
    """`plan_index.NoPlace` when the file of the plan index has no single place for it."""
    if state.template is None and state.index_file is not None:
        plan_index.find(_text(state.index_file))


def expected_file(state: FolderState, policy: Policy) -> bytes | None:
    """The bytes that the file of the plan index should have, or None where git holds no plan index.

    `plan_index.NoPlace` when the file has no single place for it.
    """
    if policy.mode == COMPUTED:
        return None
    if state.template is not None:
        whole = plan_index.from_template(_text(state.template), state.computed)
    elif state.index_file is None:
        whole = plan_index.appended("# Plans\n", state.computed)
    else:
        whole = plan_index.placed(_text(state.index_file), state.computed)
    return whole.encode("utf-8", "surrogateescape")


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")
