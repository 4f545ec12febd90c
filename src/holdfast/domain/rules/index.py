"""Rules over the file that holds the plan index."""

from __future__ import annotations

from holdfast.domain import plan_index, status
from holdfast.domain.plan_set import expected_file
from holdfast.domain.rules.finding import finding
from holdfast.domain.value import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from holdfast.domain.plan_set import FolderState, PlanSet
    from holdfast.domain.policy import Policy
    from holdfast.domain.problem import Problem


def check(plans: PlanSet) -> Iterator[Problem]:
    """What is wrong with the plan index of each folder."""
    for state in plans.folders:
        yield from check_folder(state, plans.policy)


def check_folder(state: FolderState, policy: Policy) -> Iterator[Problem]:
    """What is wrong with one folder's plan index: nothing in mode `computed`, where git holds none."""
    path = state.folder.index_path
    if not state.summaries and state.index_file is None:
        return
    try:
        expected = expected_file(state, policy)
    except plan_index.NoPlace as place:
        kept = _difference(_text(state), state) if plan_index.rows_of(_text(state)) else ""
        message = f"{path} has no single place for the plan index: {place}" + (f"; {kept}" if kept else "")
        remedy = (
            ""
            if policy.origin is not None
            else "run `holdfast init`: it puts the markers around the table that is there"
        )
        yield from finding(policy, "index-markers", path, message, remedy, path=path, line=1, column=1)
        return
    if expected is None or expected == state.index_file:
        return
    text = (state.index_file or b"").decode("utf-8", "surrogateescape")
    if plan_index.conflicted(text):
        yield from finding(
            policy,
            "index-conflict",
            path,
            f"{path} holds conflict markers",
            path=path,
            line=_conflict_line(text),
            column=1,
        )
        return
    yield from finding(
        policy,
        "index-differs",
        path,
        f"{path}: {_difference(text, state)}",
        path=path,
        line=_difference_line(text, expected),
        column=1,
    )


def edited_by_hand(state: FolderState, before: list[FolderState], policy: Policy) -> list[Problem]:
    """The finding for a plan index that is neither the computed one nor that of any state before."""
    files = [one.index_file for one in before if one.index_file is not None]
    if not files or state.index_file in files:
        return []
    try:
        now = plan_index.inside(_text(state))
        old = {plan_index.inside(_text(one)) for one in before if one.index_file is not None}
    except plan_index.NoPlace:
        return []
    if now == state.computed or now in old or now in {one.computed for one in before}:
        return []
    path = state.folder.index_path
    return finding(policy, "index-edited", path, f"{path} was edited between its markers", path=path, line=1, column=1)


def _text(state: FolderState) -> str:
    return (state.index_file or b"").decode("utf-8", "surrogateescape")


def _difference(text: str, state: FolderState) -> str:
    """How the rows that stand there differ from the computed ones, in words and numbers."""
    if state.index_file is None:
        return "the file of the plan index is missing"
    there = {(one.number, one.path): one for one in plan_index.rows_of(text)}
    right = {(one.number, one.path): one for one in plan_index.rows_of(state.computed)}
    both = right.keys() & there.keys()
    statuses = {key for key in both if _status(there[key], state) != _status(right[key], state)}
    other = {key for key in both - statuses if there[key] != right[key]}
    groups = (
        (right.keys() - there.keys(), "missing row"),
        (there.keys() - right.keys(), "row without a plan"),
        (statuses, "wrong status"),
        (other, "row that is otherwise not as the plan says"),
    )
    parts = [_counted(keys, what) for keys, what in groups if keys]
    return "the plan index differs from its plans: " + ("; ".join(parts) or "its layout is another")


def _status(row: plan_index.Row, state: FolderState) -> str:
    cell = row.status.replace("\\", "").removeprefix("❓ ")
    key = status.read(cell, state.folder.statuses).key
    return key if key != status.UNKNOWN else cell


def _counted(keys: set[tuple[int, str]], what: str) -> str:
    numbers = [f"#{number}" for number, _ in sorted(keys)]
    named = ", ".join(numbers[:12]) + (", ..." if len(numbers) > 12 else "")
    several = {"row without a plan": "rows without a plan", "wrong status": "wrong statuses"}.get(
        what, what.replace("row", "rows", 1).replace("that is", "that are")
    )
    return f"{len(numbers)} {what if len(numbers) == 1 else several} ({named})"


def _conflict_line(text: str) -> int:
    return next((at for at, line in enumerate(text.splitlines(), 1) if line.startswith("<<<<<<<")), 1)


def _difference_line(text: str, expected: bytes) -> int:
    right = expected.decode("utf-8", "surrogateescape").splitlines()
    there = text.splitlines()
    pairs = enumerate(zip(there, right, strict=False), 1)
    return next((at for at, (one, other) in pairs if one != other), max(min(len(there), len(right)), 1))
