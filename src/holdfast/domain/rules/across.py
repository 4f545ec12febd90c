"""Rules over all plans together: numbers and references."""

from __future__ import annotations

from holdfast.domain import status
from holdfast.domain.policy import RECORD
from holdfast.domain.problem import ERROR, WARNING
from holdfast.domain.rules.catalogue import finding
from holdfast.domain.value import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from holdfast.domain.plan_set import FolderState, History, PlanSet, Summary
    from holdfast.domain.policy import Policy
    from holdfast.domain.problem import Problem
    from holdfast.domain.references import Reference

_STARTED = frozenset({status.IN_PROGRESS, status.REVIEW})


def check(plans: PlanSet, history: History) -> Iterator[Problem]:
    """What is wrong between plans: shared numbers, references, blockers and circles."""
    mentionable = mentionable_numbers(plans)
    once = {number for state in _mentionable(plans) for number in history.numbers(state.folder.path)}
    for state in plans.folders:
        found = _Folder(state, plans.policy, history)
        for problem in (*found.numbers(), *found.relations(), *found.circles(), *found.mentions(mentionable, once)):
            yield _named(problem, state, plans.policy)


def dangling(plans: PlanSet) -> set[tuple[int, int]]:
    """Pairs (plan, number) of all references to numbers that no plan here has: only these need the history."""
    mentionable = mentionable_numbers(plans)
    pairs = set()
    for state in plans.folders:
        own = {one.number for one in state.summaries}
        for one in state.summaries:
            if one.blocked_by or one.blocks:
                pairs |= {(one.number, to.number) for to in (*one.blocked_by, *one.blocks) if to.number not in own}
            if one.mentions and not one.archived:
                pairs |= {(one.number, to.number) for to in one.mentions if to.number not in mentionable}
    return pairs


def mentionable_numbers(plans: PlanSet) -> set[int]:
    """The numbers that `[Plan #N]` can mean: those of plan and task folders, of records where there are no others."""
    return {one.number for state in _mentionable(plans) for one in state.summaries}


def _mentionable(plans: PlanSet) -> Sequence[FolderState]:
    return [state for state in plans.folders if state.folder.profile != RECORD] or plans.folders


def _named(problem: Problem, state: FolderState, policy: Policy) -> Problem:
    if len(policy.folders) < 2:
        return problem
    return problem._replace(subject=f"{state.folder.path}: {problem.subject}")


class _Folder:
    """The rules between the plans of one folder."""

    def __init__(self, state: FolderState, policy: Policy, history: History) -> None:
        self.policy = policy
        self.history = history
        self.once = history.numbers(state.folder.path)
        self.summaries = state.summaries
        self.by_number: dict[int, Summary] = {}
        self.again: list[Summary] = []
        for one in state.summaries:
            if one.number in self.by_number:
                self.again.append(one)
            else:
                self.by_number[one.number] = one

    def numbers(self) -> Iterator[Problem]:
        for one in self.again:
            first = self.by_number[one.number]
            yield from finding(
                self.policy, "number-shared", "number", f"plan #{one.number} is two files: {first.path} and {one.path}",
                f"give the younger one the next free number: `git mv {one.path} ...`, and correct its title",
                path=one.path, plan=one.number,
            )  # fmt: skip

    def relations(self) -> Iterator[Problem]:
        for one in self.summaries:
            if not one.blocked_by and not one.blocks:
                continue
            for to in one.blocked_by:
                yield from self._blocked_by(one, to)
            for to in one.blocks:
                yield from self._blocks(one, to)

    def _blocked_by(self, one: Summary, to: Reference) -> Iterator[Problem]:
        other = self.by_number.get(to.number)
        if to.number == one.number:
            yield from self._itself(one, to)
        elif other is None:
            yield from self._nobody(one, to, "Blocked By")
        else:
            if other.open and one.status == status.COMPLETE:
                yield from self._relation(
                    "complete-while-blocked", one, to,
                    f"plan #{one.number} says Complete, but #{to.number} blocks it and is {other.status}",
                    f"finish plan #{to.number}, or take it out of Blocked By in {one.path}",
                )  # fmt: skip
            elif other.open and one.status in _STARTED:
                yield from self._relation(
                    "started-while-blocked", one, to,
                    f"plan #{one.number} is {one.status}, but #{to.number} blocks it and is {other.status}",
                    f"finish plan #{to.number}, or take it out of Blocked By in {one.path}",
                )  # fmt: skip
            if one.open and other.declares_blocks and not _names(other.blocks, one):
                yield from self._relation(
                    "not-reciprocal", one, to,
                    f"plan #{one.number} is blocked by #{to.number}, but #{to.number} does not say that it blocks it",
                    f"add #{one.number} to Blocks in {other.path}",
                )  # fmt: skip

    def _blocks(self, one: Summary, to: Reference) -> Iterator[Problem]:
        other = self.by_number.get(to.number)
        if to.number == one.number:
            yield from self._itself(one, to)
        elif other is None:
            yield from self._nobody(one, to, "Blocks")
        elif other.open and one.open and other.declares_blocked_by and not _names(other.blocked_by, one):
            yield from self._relation(
                "not-reciprocal", one, to,
                f"plan #{one.number} says it blocks #{to.number}, but #{to.number} does not say so",
                f"add #{one.number} to Blocked By in {other.path}",
            )  # fmt: skip

    def _itself(self, one: Summary, to: Reference) -> Iterator[Problem]:
        yield from self._relation(
            "blocks-itself", one, to, f"plan #{one.number} names itself as its blocker",
            f"take #{one.number} out of the header of {one.path}",
        )  # fmt: skip

    def _nobody(self, one: Summary, to: Reference, field: str) -> Iterator[Problem]:
        if to.number in self.once:
            yield from self._relation(
                "reference-removed", one, to, f"plan #{one.number}: {field} names #{to.number}, which was removed"
            )
        else:
            yield from self._relation(
                "blocker-unknown", one, to, f"plan #{one.number}: {field} names #{to.number}, which never existed"
            )

    def mentions(self, known: set[int], once: set[int]) -> Iterator[Problem]:
        for one in self.summaries:
            if not one.mentions or one.archived:
                continue
            for to in one.mentions:
                if to.number in known:
                    continue
                if to.number in once:
                    yield from self._relation(
                        "reference-removed",
                        one,
                        to,
                        f"plan #{one.number} refers to plan #{to.number}, which was removed",
                    )
                else:
                    yield from self._relation(
                        "reference-unknown", one, to,
                        f"plan #{one.number} refers to plan #{to.number}, which never existed",
                    )  # fmt: skip

    def circles(self) -> Iterator[Problem]:
        waits: dict[int, set[int]] = {}
        for one in self.summaries:
            for to in one.blocked_by:
                if to.number != one.number and to.number in self.by_number:
                    waits.setdefault(one.number, set()).add(to.number)
            for to in one.blocks:
                if to.number != one.number and to.number in self.by_number:
                    waits.setdefault(to.number, set()).add(one.number)
        # Plans mostly wait for older ones: where all do, there is no circle to look for.
        if all(to < number for number, others in waits.items() for to in others):
            return
        for circle in circles(waits):
            if not any(self.by_number[number].open for number in circle):
                continue
            path = " -> ".join(f"#{number}" for number in (*circle, circle[0]))
            first = self.by_number[circle[0]]
            yield from finding(
                self.policy, "blocked-in-circle", path, f"plans wait for each other: {path}",
                f"remove one link, as the Blocked By in {first.path}", path=first.path, plan=first.number,
            )  # fmt: skip

    def _relation(self, code: str, one: Summary, to: Reference, message: str, remedy: str = "") -> Iterator[Problem]:
        for problem in finding(
            self.policy, code, f"#{to.number}", message, remedy or _remedy(code, one, to),
            path=one.path, line=to.line, column=to.column, plan=one.number,
        ):  # fmt: skip
            certain = self.history.complete or code not in ("blocker-unknown", "reference-unknown")
            yield problem if certain or problem.severity != ERROR else problem._replace(severity=WARNING)


def circles(waits: dict[int, set[int]]) -> list[tuple[int, ...]]:
    """One circle for each knot of plans that wait for each other, beginning at its smallest number.

    `waits` maps a plan to those it waits for. Knots are strongly connected components (Tarjan 1972), found
    without recursion, so that a chain of 10,000 plans does not exhaust the stack.
    """
    found = []
    for knot in _knots(waits):
        if len(knot) > 1:
            found.append(_circle_in(knot, waits))
    return sorted(found)


def _circle_in(knot: set[int], waits: dict[int, set[int]]) -> tuple[int, ...]:
    """The shortest way from the knot's smallest plan back to itself."""
    start = min(knot)
    came: dict[int, int] = {}
    wave = [start]
    while wave:
        following = []
        for at in wave:
            for to in sorted(waits.get(at, set()) & knot):
                if to == start:
                    path = [at]
                    while path[-1] != start:
                        path.append(came[path[-1]])
                    return tuple(reversed(path))
                if to not in came:
                    came[to] = at
                    following.append(to)
        wave = following
    return (start,)


def _knots(waits: dict[int, set[int]]) -> Iterator[set[int]]:
    order: dict[int, int] = {}
    low: dict[int, int] = {}
    stack: list[int] = []
    on_stack: set[int] = set()
    for root in sorted(waits):
        if root in order:
            continue
        work = [(root, iter(sorted(waits.get(root, ()))))]
        order[root] = low[root] = len(order)
        stack.append(root)
        on_stack.add(root)
        while work:
            at, rest = work[-1]
            for to in rest:
                if to not in order:
                    order[to] = low[to] = len(order)
                    stack.append(to)
                    on_stack.add(to)
                    work.append((to, iter(sorted(waits.get(to, ())))))
                    break
                if to in on_stack:
                    low[at] = min(low[at], order[to])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[at])
                if low[at] == order[at]:
                    knot = set()
                    while True:
                        member = stack.pop()
                        on_stack.discard(member)
                        knot.add(member)
                        if member == at:
                            break
                    yield knot


def _names(references: Iterable[Reference], one: Summary) -> bool:
    return any(to.number == one.number for to in references)


def _remedy(code: str, one: Summary, to: Reference) -> str:
    if code == "reference-removed":
        return ""
    return f"correct the number in {one.path}, line {to.line}"
