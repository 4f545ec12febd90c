"""What a status shows: where one is, what is under way, and from both what to do next."""

from __future__ import annotations

from shlex import quote

from holdfast.domain.problem import ERROR
from holdfast.domain.status import COMPLETE
from holdfast.domain.value import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Sequence

    from holdfast.domain.claim import Claim
    from holdfast.domain.problem import Problem

_RESUME, _NEW = "finish-unfinished", "not-adopted"
_MEND = frozenset({"hook-missing", "hook-not-executable", "hook-foreign", "hook-python-gone", "init-unfinished"})


class You(NamedTuple):
    """Where the caller stands.

    `changed` counts files that are not committed, also unknown ones; `ahead` and `behind` commits against the branch on the
    remote, else against the main branch; `pushed` is true where the remote has all of the branch, None without a remote.
    `session` is the caller's own.
    """

    worktree: str
    main: bool
    branch: str | None
    plan: int | None
    title: str = ""
    status: str = ""
    changed: int = 0
    ahead: int = 0
    behind: int = 0
    pushed: bool | None = None
    session: str | None = None
    operation: str | None = None


class Next(NamedTuple):
    """One thing to do: the exact command, and why."""

    command: str
    why: str


class Operation(NamedTuple):
    """Something under way: what it is in words, where (a worktree or None), and about which branch."""

    what: str
    worktree: str | None
    branch: str | None


class Ready(NamedTuple):
    """A plan that can be taken up now."""

    number: int
    title: str
    priority: str | None


def steps(
    you: You, here: Claim | None, others: Sequence[Claim], mine: Container[str], ready: Sequence[Ready],
    attention: Sequence[Problem],
) -> list[Next]:  # fmt: skip
    """What to do next, the most urgent first: what was cut off, then the work at hand, then new work.

    `here` is the claim of the branch that one stands on; `others` are further ones that one could go on with, one's own
    among them (`mine`).
    """
    found = list(_first(attention))
    if you.operation is not None:
        found.append(Next("git status", f"{you.operation} is under way here: finish or abort it"))
    elif here is not None and not here.ended:
        found += _at_hand(you, here)
    if here is None or here.ended:
        found += [
            Next(f'cd "$(holdfast resume {one.plan})"', _left(one, one.branch in mine))
            for one in others
            if one.plan is not None and one.worktree is not None
        ]
        found += _new(you, ready)
    return found


def _left(one: Claim, mine: bool) -> str:
    who = "your claim" if mine else f"the claim of {one.who}"
    return (
        f"plan {one.plan} is {who}, and nobody is at work on it" if not one.occupants else f"plan {one.plan} is {who}"
    )


def _first(attention: Sequence[Problem]) -> Iterator[Next]:
    codes = {one.code for one in attention}
    if _RESUME in codes:
        yield Next("holdfast finish --resume", "a finish was cut off")
    if codes & _MEND:
        yield Next("holdfast doctor --fix", "the git hooks are not as they must be")
    elif any(one.severity == ERROR for one in attention) and not codes & {_RESUME, _NEW}:
        yield Next("holdfast doctor", "something is wrong: it says what mends it")
    if _NEW in codes:
        yield Next("holdfast init", "this repository was not adopted yet")


def _at_hand(you: You, mine: Claim) -> Iterator[Next]:
    """The next step of the plan that one works on."""
    plan = f"plan {mine.plan}" if mine.plan is not None else mine.branch
    name = str(mine.plan) if mine.plan is not None else quote(mine.branch)
    if mine.lost or mine.contested:
        yield Next("holdfast claims", f"{mine.branch} is disputed: {mine.grounds[-1]}")
    if you.changed:
        files = f"{you.changed} file{'s are' if you.changed > 1 else ' is'} not committed"
        tag = f"[Plan #{mine.plan}] " if mine.plan is not None else ""
        yield Next(f'git add -A && git commit -m "{tag}..."', files)
    if not mine.own_commits and not you.changed:
        yield Next(
            f"holdfast plan show {name}" if mine.plan is not None else "git commit", f"{plan} is claimed: do it here"
        )
    elif mine.plan is not None and you.status != COMPLETE:
        yield Next(
            f'holdfast plan set {name} --status complete --evidence "..."', f"when {plan} is done, and you can show it"
        )
    elif not you.changed:
        if you.pushed is False:
            yield Next("git push -u origin HEAD", "the remote does not have all of it")
        yield Next(f"holdfast finish {name}", f"{plan} is complete: validate, merge, clean up")


def _new(you: You, ready: Sequence[Ready]) -> Iterator[Next]:
    if ready:
        one = ready[0]
        yield Next(f'cd "$(holdfast start {one.number})"', f"plan {one.number} is ready: {one.title}")
    else:
        yield Next('holdfast plan new "TITLE"', "no plan is ready to be taken")
    if you.main and you.behind:
        yield Next("git pull --ff-only", f"{you.branch} is {you.behind} commits behind the remote")
