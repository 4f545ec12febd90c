"""Rules over all plans together: numbers and references."""

from __future__ import annotations

import itertools

from holdfast.domain import status
from holdfast.domain.policy import RECORD
from holdfast.domain.problem import ERROR, WARNING
from holdfast.domain.rules.finding import finding
from holdfast.domain.value import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from holdfast.domain.plan_set import FolderState, History, PlanSet
    from holdfast.domain.policy import Policy
    from holdfast.domain.problem import Problem
    from holdfast.domain.references import Reference
    from holdfast.domain.summary import Summary

_STARTED = frozenset({status.IN_PROGRESS, status.REVIEW})


class Scope(NamedTuple):
    """Where to look: at the plans with these numbers, and (where a link changed) for circles."""

    numbers: frozenset[int]
    circles: bool


def check(plans: PlanSet, history: History, scope: Scope | None = None) -> Iterator[Problem]:
    """What is wrong between plans: shared numbers, references, blockers and circles; everywhere without a scope."""
    mentionable = _mentionable(plans)
    once = {number for state in mentionable for number in history.numbers(state.folder.path)}
    for state in plans.folders:
        found = _Folder(state, plans.policy, history, scope)
        circles = found.circles() if scope is None or scope.circles else ()
        for problem in (*found.numbers(), *found.relations(), *circles, *found.mentions(mentionable, once)):
            yield _named(problem, state, plans.policy)


def scope_of(after: PlanSet, before: Sequence[PlanSet]) -> Scope:
    """Where problems between plans can differ from one state to the others.

    What is wrong with a plan depends on its file and on the plans that it names: plans that are the same on both
    sides, and name none that is not, have the same problems.
    """
    touched: set[int] = set()
    for plans in before:  # of the same folders: one configuration judges all sides
        for state, old in zip(after.folders, plans.folders, strict=True):
            touched |= state.summaries.differing(old.summaries)
    links = [_links(plans, touched) for plans in (after, *before)]
    naming = {
        one.number
        for plans in (after, *before)
        for state in plans.folders
        for number in touched
        for one in state.summaries.referring_to(number)
    }
    return Scope(frozenset(touched | naming), any(one != links[0] for one in links))


def _links(plans: PlanSet, numbers: set[int]) -> list[tuple[object, ...]]:
    """What circles through these plans are made of: who waits for whom, and what is open."""
    return [
        (
            state.folder.path,
            one.number,
            one.open,
            [to.number for to in one.blocked_by],
            [to.number for to in one.blocks],
        )
        for state in plans.folders
        for one in state.summaries.among(numbers)
        if any(other.blocked_by or other.blocks for other in (one, *state.summaries.referring_to(one.number)))
    ]


def dangling(plans: PlanSet, numbers: Iterable[int] | None = None) -> set[tuple[int, int]]:
    """Pairs (plan, number) of all references to numbers that no plan here has: only these need the history."""
    mentionable = _mentionable(plans)
    pairs = set()
    for state in plans.folders:
        for one in state.summaries if numbers is None else state.summaries.among(numbers):
            for to in (*one.blocked_by, *one.blocks):
                if not state.summaries.has(to.number):
                    pairs.add((one.number, to.number))
            for to in one.mentions if not one.archived else ():
                if not _has(mentionable, to.number):
                    pairs.add((one.number, to.number))
    return pairs


def _mentionable(plans: PlanSet) -> Sequence[FolderState]:
    """The folders that `[Plan #N]` can mean: those of plans and tasks; those of records where there are no others."""
    return [state for state in plans.folders if state.folder.profile != RECORD] or plans.folders


def _has(states: Sequence[FolderState], number: int) -> bool:
    return any(state.summaries.has(number) for state in states)


def _named(problem: Problem, state: FolderState, policy: Policy) -> Problem:
    if len(policy.folders) < 2:
        return problem
    return problem._replace(subject=f"{state.folder.path}: {problem.subject}")


class _Folder:
    """The rules between the plans of one folder."""

    def __init__(self, state: FolderState, policy: Policy, history: History, scope: Scope | None) -> None:
        self.policy = policy
        self.history = history
        self.state = state
        self.once = history.numbers(state.folder.path)
        self.all = state.summaries
        self.summaries = list(self.all) if scope is None else self.all.among(scope.numbers)

    def numbers(self) -> Iterator[Problem]:
        """Numbers that two files have; the plans are in order, so that these stand side by side."""
        first, free = None, None
        for one in self.summaries:
            if first is None or one.number != first.number:
                first = one
                continue
            free = free or self._free()
            yield from finding(
                self.policy, "number-shared", "number", f"plan #{one.number} is two files: {first.path} and {one.path}",
                f"give the younger one the next free number, if it is this: `{self.state.renumber(one.path, free[one.path])}`, "
                "and correct its title",
                path=one.path, plan=one.number,
            )  # fmt: skip

    def _free(self) -> dict[str, int]:
        """A number of its own for each file whose number another one before it has, whatever of them is looked at."""
        shared = [one.path for before, one in itertools.pairwise(self.all) if one.number == before.number]
        return dict(zip(shared, itertools.count(self.state.unused(self.history)), strict=False))

    def relations(self) -> Iterator[Problem]:
        for one in self.summaries:
            if not one.blocked_by and not one.blocks:
                continue
            for to in one.blocked_by:
                yield from self._blocked_by(one, to)
            for to in one.blocks:
                yield from self._blocks(one, to)

    def _blocked_by(self, one: Summary, to: Reference) -> Iterator[Problem]:
        other = self._first(to.number)
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
        other = self._first(to.number)
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

    def mentions(self, known: Sequence[FolderState], once: set[int]) -> Iterator[Problem]:
        for one in self.summaries:
            if not one.mentions or one.archived:
                continue
            for to in one.mentions:
                if _has(known, to.number):
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
        for one in self.all.referring():
            for to in one.blocked_by:
                if to.number != one.number and self.all.has(to.number):
                    waits.setdefault(one.number, set()).add(to.number)
            for to in one.blocks:
                if to.number != one.number and self.all.has(to.number):
                    waits.setdefault(to.number, set()).add(one.number)
        # Plans mostly wait for older ones: where all do, there is no circle to look for.
        if all(to < number for number, others in waits.items() for to in others):
            return
        for circle in circles(waits):
            first = self._first(circle[0])
            if first is None or not any(one.open for number in circle for one in self.all.numbered(number)[:1]):
                continue
            path = " -> ".join(f"#{number}" for number in (*circle, circle[0]))
            yield from finding(
                self.policy, "blocked-in-circle", path, f"plans wait for each other: {path}",
                f"remove one link, as the Blocked By in {first.path}", path=first.path, plan=first.number,
            )  # fmt: skip

    def _first(self, number: int) -> Summary | None:
        found = self.all.numbered(number)
        return found[0] if found else None

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
