"""Is everything as it should be: what was observed in, diagnoses out."""

from __future__ import annotations

from shlex import quote

from holdfast.domain import git_version, unclaim
from holdfast.domain.claim import STALE
from holdfast.domain.condition import AWAY, BROKEN, GONE
from holdfast.domain.diagnosis import FENCES, MOVED, NUMBERS, SESSIONS, SETUP, TRASH, Diagnosis, diagnosis
from holdfast.domain.moment import MINUTE, Moment, ago, span
from holdfast.domain.problem import ERROR, WARNING
from holdfast.domain.session import LOCK_REASON, TOLERANCE
from holdfast.domain.trash import expired, size_in_words
from holdfast.domain.value import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping, Sequence

    from holdfast.domain.claim import Claim
    from holdfast.domain.policy import TrashPolicy
    from holdfast.domain.problem import Problem
    from holdfast.domain.session import Session
    from holdfast.domain.snapshot import Worktree
    from holdfast.domain.trash import Waiting

_LACKS = (
    ((2, 38), "merging in memory (`merge-tree --write-tree`), on which `finish` and what is merged rest"),
    ((2, 36), "worktrees with odd names (`worktree list -z`)"),
    ((2, 31), "several values of one setting by the environment"),
    ((2, 28), "the guard of branches (`reference-transaction`)"),
)
_LONG = 10 * MINUTE
"""No git holds a lock for so long, but for a huge repository's."""
THEIRS = "theirs"
"""Where a worktree is that another repository has, beside the words of `condition`."""
_NAMED = 6
"""So many of many are named in one line."""

_MEGABYTE = 1_000_000
_LITTLE, _NOTHING = 100 * _MEGABYTE, 5 * _MEGABYTE


class HookSeen(NamedTuple):
    """One hook that is wanted, at the path where git looks for it, and what stands there.

    `ours` is true for one that Holdfast wrote, `calls` for one that calls ours; `runs` where it is executable, `starts`
    where the Python and the Holdfast that it names are there, `current` where its text is what this version writes.
    `chain` is the hook that it starts besides, where that is not there any more; `by_hand` is the command for a hook that
    is somebody else's to write.
    """

    name: str
    path: str
    exists: bool
    ours: bool = False
    calls: bool = False
    runs: bool = True
    starts: bool = True
    current: bool = True
    chain: str = ""
    by_hand: str = ""


def of_git(version: tuple[int, ...], text: str) -> Iterator[Diagnosis]:
    """What this git is too old for."""
    if version < git_version.OLDEST:
        lacks = "; ".join(what for since, what in _LACKS if version < since)
        yield diagnosis("init-git-version", "git", f"this is {text}, which lacks {lacks}")


def of_disk(free: int, path: str) -> Iterator[Diagnosis]:
    """Whether there is room left: `free` bytes on the disk at `path`."""
    if free < _LITTLE:
        message = f"{size_in_words(free)} are left on the disk of {path}"
        yield diagnosis("disk-full", "disk", message, severity=ERROR if free < _NOTHING else WARNING)


def of_clock(dates: Iterable[tuple[str, Moment]], now: Moment) -> Iterator[Diagnosis]:
    """What is dated in the future, each date with what has it; clocks of one team differ by five minutes."""
    ahead = [(at, what) for what, at in dates if at > now + TOLERANCE]
    if ahead:
        at, what = max(ahead)
        yield diagnosis("clock-skew", "clock", f"{what} is dated {span(at - now)} ahead of the clock here")


def of_git_locks(found: Iterable[tuple[str, Moment]], now: Moment) -> Iterator[Diagnosis]:
    """Locks of git, each with the moment it was made, that nobody can be holding any more."""
    for path, at in (one for one in found if now - one[1] > _LONG):
        message = f"{path} has been there since {ago(at, now)}"
        yield diagnosis(
            "git-lock-left", path, message, f"see that no git is at work (`ps aux | grep git`), then `rm {quote(path)}`"
        )


def of_hooks(hooks: Iterable[HookSeen]) -> Iterator[Diagnosis]:
    """What is wrong with the hooks that are wanted, one diagnosis for all that have the same wrong with them."""
    by_cause: dict[tuple[str, bool], list[tuple[HookSeen, str, str]]] = {}
    for one in hooks:
        code, message, remedy = _wrong_with(one)
        if code:
            by_cause.setdefault((code, bool(remedy)), []).append((one, message, remedy))
    for (code, _), found in by_cause.items():
        one, message, remedy = found[0]
        more = (
            f"; so {'are' if len(found) > 2 else 'is'} {_some([other.name for other, _, _ in found[1:]])}"
            if found[1:]
            else ""
        )
        yield diagnosis(code, one.path, message + more, remedy, "" if remedy else SETUP)


def _wrong_with(one: HookSeen) -> tuple[str, str, str]:
    """The first reason why a hook does nothing, with its words, and the command where `init` is not to write that hook."""
    if not one.exists:
        return "hook-missing", f"the hook {one.name} is not there: {one.path}", one.by_hand
    if not one.ours and not one.calls:
        message = f"another hook stands at {one.path}, and does not call Holdfast's {one.name}"
        return "hook-foreign", message, one.by_hand
    if not one.runs:
        remedy = f"chmod +x {quote(one.path)}" if one.by_hand else ""
        return "hook-not-executable", f"{one.path} is not executable", remedy
    if not one.starts:
        return "hook-python-gone", f"{one.path} starts a Python or a Holdfast that is not there any more", ""
    if one.chain:
        what = "is not executable" if one.by_hand else "is not there any more"
        return "hook-chain-gone", f"{one.path} starts {one.chain}, which {what}", one.by_hand
    return ("", "", "") if one.current else ("hook-old", f"{one.path} is not what this version writes", "")


def of_findings(problems: Sequence[Problem], repairs: Mapping[str, str]) -> Iterator[Diagnosis]:
    """What the rules found: what concerns all as it is, with its repair by code, and problems of plans in one."""
    plans = [one for one in problems if _is_of_a_plan(one)]
    wrong = {one.path for one in problems if one.code == "index-differs"}
    for one in problems:
        if not _is_of_a_plan(one) and not (one.code == "index-edited" and one.path in wrong):
            yield Diagnosis(one, repairs.get(one.code, ""))
    if plans:
        count = f"{len(plans)} problem{'s' if len(plans) > 1 else ''}"
        where = dict.fromkeys(one.place or one.subject for one in plans)
        yield diagnosis("plans-invalid", "plans", f"{count} in plans: {_some(list(where))}")


def _is_of_a_plan(one: Problem) -> bool:
    whole = ("config-", "index-", "merge-driver-", "guide-")
    return not one.code.startswith(whole)


def of_claims(claims: Iterable[Claim], now: Moment, remote: str | None) -> Iterator[Diagnosis]:
    """What is wrong with claims: of each the reason that counts most."""
    held = [one for one in claims if not one.ended]
    told = {one.plan for one in held if one.lost}  # of a lost claim and its winner the first says it
    for one in held:
        if one.lost:
            message = f"{one.branch} here is {one.grounds[-1]}"
            remedy = f"`{unclaim.command(one)}` keeps its commits and ends it; or agree with whoever holds the plan"
            yield diagnosis("claim-overtaken", one.branch, message, remedy, plan=one.plan)
        elif one.contested:
            if one.plan not in told:
                yield _contested(one)
            told.add(one.plan)
        elif one.state == STALE:
            message = f"{one.branch}, claimed by {one.who}, is stale: last activity {ago(one.last_activity, now)}"
            take = f"`holdfast start {one.plan} --steal` takes it" if one.plan is not None else "ask whoever made it"
            yield diagnosis("claim-stale", one.branch, message, f"{take}; `{unclaim.command(one)}`", plan=one.plan)
        elif not one.published and remote is not None and one.plan is not None:
            yield diagnosis("claim-unpublished", one.branch, f"{one.branch} is in this clone alone", plan=one.plan)


def _contested(one: Claim) -> Diagnosis:
    return diagnosis("claim-contested", f"plan {one.plan}", f"{one.branch}: {one.grounds[-1]}", plan=one.plan)


def of_fences(marked: Iterable[int], held: Container[int], where: str) -> Iterator[Diagnosis]:
    """Plans that are marked as taken, `where`, and that no claim holds."""
    over = sorted(plan for plan in marked if plan not in held)
    if over:
        plans = _some([f"#{plan}" for plan in over])
        message = f"{where} marks as taken what nobody claims: plan{'s' if len(over) > 1 else ''} {plans}"
        yield diagnosis("claim-mark-left", "claims", message, repair=FENCES)


def of_numbers(over: Iterable[str], where: str) -> Iterator[Diagnosis]:
    """Reservations of plan numbers, `where`, that have ended."""
    numbers = list(over)
    if numbers:
        message = f"{where} reserves what needs no reservation any more: {_some(numbers)}"
        yield diagnosis("number-left", "numbers", message, repair=NUMBERS)


def of_worktrees(
    places: Iterable[tuple[Worktree, str, str]],
    needless: Container[str],
    moved: Mapping[str, str],
    orphans: Iterable[str],
) -> Iterator[Diagnosis]:
    """What is wrong with worktrees, each with where it is and why that is broken.

    `needless` are the paths of those that are free and merged, `moved` tells where those are now that are gone, `orphans` are
    folders that git knows nothing of.
    """
    for tree, where, why in places:
        path = tree.path
        if where == GONE and path in moved:
            message = f"the worktree {path} was moved to {moved[path]}"
            yield diagnosis("worktree-moved", path, message, f"git worktree repair {quote(moved[path])}", MOVED)
        elif where == GONE:
            yield from of_gone([tree])
        elif where == AWAY:
            yield diagnosis("worktree-away", path, f"{path} is not there, and neither is the folder that it was in")
        elif where == THEIRS:
            message = f"the worktree {path} belongs to another repository, {why}: this one seems to be a copy of it"
            yield diagnosis("worktree-theirs", path, message)
        elif where == BROKEN:
            yield diagnosis(
                "worktree-broken", path, f"the worktree {path} is broken: {why}", f"git worktree repair {quote(path)}"
            )
        elif path in needless:
            yield diagnosis("worktree-merged", path, f"{path} is free and clean, and {tree.branch} is merged")
    for path in orphans:
        yield diagnosis("worktree-orphaned", path, f"{path} looks like a worktree, and git knows nothing of it")


def of_gone(worktrees: Iterable[Worktree]) -> Iterator[Diagnosis]:
    """Worktrees whose folder is not there, and nobody knows where it went."""
    for one in worktrees:
        forget = f"`holdfast worktree remove {quote(one.branch or one.path)} --force` lets git forget it"
        remedy = f"`git worktree repair NEW-PLACE` where it was moved; {forget}"
        yield diagnosis("worktree-gone", one.path, f"the folder of the worktree {one.path} is not there", remedy)


def of_sessions(
    dead: Iterable[Session], known: Container[str], worktrees: Iterable[Worktree], now: Moment
) -> Iterator[Diagnosis]:
    """Sessions that are over, and worktrees locked for one although no marker tells of one there (`known` paths)."""
    for one in dead:
        message = (
            f"the session {one.id} ({one.agent}) in {one.worktree} is over; it was heard of {ago(one.heartbeat, now)}"
        )
        yield diagnosis("session-dead", one.id, message, repair=SESSIONS)
    for tree in worktrees:
        if tree.locked == LOCK_REASON and not tree.gone and tree.path not in known:
            message = f"{tree.path} is locked for a session, and there is none"
            yield diagnosis("session-lock-left", tree.path, message, repair=SESSIONS)


def of_waiting(waiting: Iterable[tuple[Session, str]]) -> Iterator[Diagnosis]:
    """Sessions that wait for their user, each with where that is in words."""
    for one, where in waiting:
        yield diagnosis("session-waiting", one.id, f"the session {one.id} ({one.agent}) in {where} waits for its user")


def of_trash(
    waiting: Sequence[Waiting], policy: TrashPolicy, missing: Container[str], now: Moment
) -> Iterator[Diagnosis]:
    """What is in the trash and should not be: what may go, and what has lost its files (`missing` folders)."""
    over = expired(waiting, now, policy)
    if over:
        size, total = (size_in_words(sum(one.size or 0 for one in some)) for some in (over, waiting))
        count = f"{len(over)} removed worktree{'s' if len(over) > 1 else ''}"
        message = f"{count} may be deleted for good: {size} of {total} in the trash"
        yield diagnosis("trash-expired", "trash", message, repair=TRASH)
    for one in waiting:
        if one.removed.folder in missing and one not in over:
            message = f"the files of {one.removed.branch or one.removed.id} are not at {one.removed.folder}"
            yield diagnosis("trash-files-gone", one.removed.id, message)


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_NAMED])
    return shown if len(names) <= _NAMED else f"{shown} and {len(names) - _NAMED} more"
