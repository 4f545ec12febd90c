"""One snapshot of everything that claims rest on: refs, worktrees, reflogs and what the commits prove."""

from __future__ import annotations

import os

from holdfast.adapters import files, reflog
from holdfast.adapters.git import decode
from holdfast.adapters.refs import HEADS, REMOTES
from holdfast.domain.branch_name import is_feature
from holdfast.domain.claim import TOLERANCE
from holdfast.domain.moment import HOUR, MINUTE, Moment
from holdfast.domain.snapshot import Branch, RemoteView, Snapshot, Trace
from holdfast.domain.value import TYPE_CHECKING, NamedTuple
from holdfast.usecases import known_facts, surroundings
from holdfast.usecases.touched import Touched

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping, Sequence

    from holdfast.adapters.cache import Cache
    from holdfast.domain.claim_commit import Origin
    from holdfast.domain.integration import Facts
    from holdfast.domain.snapshot import Worktree
    from holdfast.usecases.surroundings import Asked, Ground
    from holdfast.usecases.workspace import Workspace

_FETCH_HEAD = 65_536
"""Bytes of FETCH_HEAD that are looked at: it has a line for each branch."""


_OURS = "holdfast/"
"""Branches below it are refs of ours on a server that takes branches only: fences, and what is kept. None is a claim."""


class Observed(NamedTuple):
    """A snapshot, what it stands on, and its moment."""

    snapshot: Snapshot
    ground: Ground
    at: Moment


def observe(
    place: Workspace, now: Moment, requests: Mapping[str, int] | None = None, asked: Asked | None = None
) -> Observed:
    """The snapshot of this moment; `requests` are the numbers of requests whose head a commit is, where that is known."""
    base = surroundings.of(place, asked)
    return Observed(look(place, base, branches(place, base), now, requests), base, now)


def look(
    place: Workspace,
    base: Ground,
    named: Sequence[Branch],
    now: Moment,
    requests: Mapping[str, int] | None = None,
    lasting: bool = False,
) -> Snapshot:
    """Some branches with all that is known of them; with `lasting` dates of files may be those of a moment ago."""
    facts = facts_of(place, base, [one.tips for one in named], requests)
    fences = _fences(place, place.cache, base.refs, named)
    fenced = (one._replace(fence=fences[one.plan]) if one.plan in fences else one for one in named)
    touched = Touched(place.cache, now, lasting, base.policy.claims.stale_hours)
    seen = tuple(_traced(place, one, facts, now, base.worktrees, touched) for one in fenced)
    touched.keep()
    view = remote_view(place, base, now)
    return Snapshot(base.main, seen, base.worktrees, facts, view, _phases(place, base, seen))


def remote_view(place: Workspace, base: Ground, now: Moment) -> RemoteView | None:
    """The remote, and when it was asked last; None where there is none."""
    return (
        RemoteView(base.remote, fetched_at(place, base.settings, base.remote, now)) if base.remote is not None else None
    )


def facts_of(
    place: Workspace, base: Ground, groups: Sequence[Sequence[str]], requests: Mapping[str, int] | None = None
) -> dict[str, tuple[Facts, ...]]:
    """What the tips of branches are against each main branch there is: here and on the remote; either counts."""
    wanted = {tip for one in groups for tip in one}
    targets = _targets(base)
    shallow = shallow_at(place)
    cache = place.cache
    known = {tip: number for tip, number in (requests or {}).items() if tip in wanted}
    per_target = [known_facts.against(place, cache, groups, target, shallow, known) for target in targets]
    return {tip: tuple(found[tip] for found in per_target if tip in found) for tip in wanted}


def _targets(base: Ground) -> list[str]:
    """What the main branches are: here and on the remote."""
    names = (HEADS + base.main, f"{REMOTES}{base.remote}/{base.main}")
    return list(dict.fromkeys(base.refs[name] for name in names if name in base.refs))


def ended(place: Workspace, base: Ground) -> frozenset[str]:
    """The tips that are known to be merged into one of the main branches by their commits alone."""
    cache, shallow = place.cache, shallow_at(place)
    return frozenset().union(*(known_facts.ended(cache, target, shallow) for target in _targets(base)))


def fetched_at(place: Workspace, settings: Mapping[str, str], remote: str, now: Moment) -> Moment | None:
    """When this clone last fetched from the remote, in any worktree; None for never. Never in the future."""
    common = place.repository.common_dir
    others = {
        _address(value)
        for key, value in settings.items()
        if key.startswith("remote.") and key.endswith(".url") and key != f"remote.{remote}.url"
    } - {_address(settings.get(f"remote.{remote}.url", ""))}
    linked = os.path.join(common, "worktrees")
    folders = [common, *(os.path.join(linked, name) for name in files.names(linked))]
    marks = [os.path.join(folder, "FETCH_HEAD") for folder in folders]
    fetched = [mark for mark in marks if _fetched_from(files.read_regular(mark), others)]
    fetched.append(os.path.join(common, "logs", "refs", "remotes", remote, "HEAD"))
    moments = []
    for mark in fetched:
        try:
            moments.append(int(os.stat(mark).st_mtime))
        except OSError:
            continue
    return Moment(min(max(moments), now)) if moments else None


def _fetched_from(said: bytes | None, others: set[str]) -> bool:
    """False where git wrote down a fetch that failed, which is nothing, or one from another remote (FETCH_HEAD)."""
    lines = decode((said or b"")[:_FETCH_HEAD]).splitlines()
    return any(_address(line.rpartition(" of ")[2]) not in others for line in lines)


def _address(url: str) -> str:
    return url.rstrip("/").removesuffix(".git")


def shallow_at(place: Workspace) -> str:
    """Where the history of a shallow clone is cut off, in short; empty for a whole one."""
    said = files.read_regular(os.path.join(place.repository.common_dir, "shallow"))
    if not said:
        return ""
    import zlib  # only in a shallow clone

    return f"{zlib.crc32(said):08x}"


def branches(place: Workspace, base: Ground, over: Container[str] = ()) -> list[Branch]:
    """Every branch that is a claim by its name or a fence, here and on the remote as one; not those that are `over`."""
    refs, lead = base.refs, _lead(base)
    names: dict[str, None] = {}
    for ref, oid in refs.items():
        if oid not in over:
            if ref.startswith(HEADS):
                names[ref[len(HEADS) :]] = None
            elif lead is not None and ref.startswith(lead):
                names[ref[len(lead) :]] = None
    pattern, main = base.policy.claims.branch, base.policy.main_branch
    plans = ((name, pattern.number(name)) for name in names)
    claims = ((name, plan) for name, plan in plans if plan is not None or is_feature(name))
    found = claiming(base, ((name, plan) for name, plan in claims if name != main and not name.startswith(_OURS)))
    return [*found, *claiming(base, _by_fence(place, base, names, {tip for one in found for tip in one.tips}))]


def claiming(base: Ground, plans: Iterable[tuple[str, int | None]]) -> list[Branch]:
    """The branches of these names, each with the plan that it claims."""
    refs, lead = base.refs, _lead(base)
    present_last = sorted(base.worktrees, key=lambda one: not one.gone)
    places = {one.branch: one for one in present_last if one.branch is not None}
    found = []
    for name, plan in plans:
        there = f"{lead}{name}" if lead is not None and f"{lead}{name}" in refs else None
        elsewhere = refs[there] if there is not None else None
        place = places.get(name)
        found.append(Branch(name, plan, refs.get(HEADS + name), elsewhere, there, place, None, None, None, None))
    return found


def _by_fence(
    place: Workspace, base: Ground, names: Container[str], tips: Container[str]
) -> list[tuple[str, int | None]]:
    """Branches that are claims by what the fence of their plan says, and no more by their name.

    They were made when `claims.branch` was another one. A fence tells of the claim that was made last; one that is the tip
    of a branch, of `tips`, tells of that one.
    """
    fences = {plan: oid for plan, oid in surroundings.fences(base.refs).items() if oid not in tips}
    said = known_facts.origins(place, place.cache, fences.values(), "all")
    held = ((said[oid].branch, plan) for plan, oid in fences.items() if oid in said)
    theirs = ((name, plan) for name, plan in held if name is not None and name in names and name != base.main)
    return [(name, plan) for name, plan in theirs if base.policy.claims.branch.number(name) is None]


def _lead(base: Ground) -> str | None:
    """What the names of the remote's branches begin with here."""
    return f"{REMOTES}{base.remote}/" if base.remote is not None else None


def _fences(
    place: Workspace, cache: Cache, refs: Mapping[str, str], branches: Sequence[Branch]
) -> dict[int | None, Origin]:
    """What the fences of the claimed plans say, by plan: it outlives a claim commit that a rebase dropped."""
    tips = {tip for one in branches for tip in one.tips}
    plans = {one.plan for one in branches if one.plan is not None}
    wanted = {plan: oid for plan, oid in surroundings.fences(refs).items() if plan in plans and oid not in tips}
    known = known_facts.origins(place, cache, wanted.values(), "fences")
    return {plan: known[oid] for plan, oid in wanted.items() if oid in known}


def _traced(
    place: Workspace,
    branch: Branch,
    facts: Mapping[str, tuple[Facts, ...]],
    now: Moment,
    listed: tuple[Worktree, ...],
    touched: Touched,
) -> Branch:
    """The branch with its reflog, the newest file of its worktree and its arrival here, as far as they can matter.

    Nobody looks, or looks further, where it is known already that something happened within the hour, or that the branch
    is merged whatever its reflog says. A date that lies ahead tells nothing.
    """
    common = place.repository.common_dir
    per_tip = [facts.get(tip, ()) for tip in branch.tips]
    known = [one for some in per_tip for one in some]
    if all(any(one.proven for one in some) for some in per_tip):
        return branch
    unclear = not known or any(one.own == 0 for one in known)
    dates = [at for one in known for at in (one.at if one.own else None, one.claimed_at) if at is not None]
    latest = max((at for at in dates if at <= now + TOLERANCE), default=0)
    if now - latest < HOUR and not unclear:
        return branch
    trace = _trace(common, branch, unclear, latest)
    latest = max(latest, trace.at if trace is not None and trace.at <= now + TOLERANCE else 0)
    if now - latest < HOUR:
        return branch._replace(trace=trace)
    newest = None
    if branch.worktree is not None:
        others = frozenset(one.path for one in listed if one.path != branch.worktree.path)
        newest = touched.newest(branch.worktree.path, others)
    silent = all(one.own == 0 and one.claimed_at is None for one in known)
    asks = branch.remote_ref is not None and (silent or branch.local is None)
    return branch._replace(trace=trace, touched=newest, fetched=_arrived(common, branch, silent) if asks else None)


def _trace(common: str, branch: Branch, unclear: bool, latest: int) -> Trace | None:
    """What the reflog tells: all of it where commits leave open what the branch is, else when it moved last.

    A reflog that was not written after the `latest` known activity tells nothing more.
    """
    if branch.local is None:
        return None
    if unclear:
        return reflog.trace(common, HEADS + branch.name)
    if reflog.written(common, HEADS + branch.name) <= latest + MINUTE:
        return None
    at = reflog.last_move(common, HEADS + branch.name)
    return Trace(at, None) if at is not None else None


def _arrived(common: str, branch: Branch, silent: bool) -> Moment | None:
    """When the branch was last seen to move on the remote; when it was first seen only where its own dates are `silent`."""
    found = reflog.entries(common, branch.remote_ref or "")
    moves = [one for one in found if one.old.strip("0")]
    counted = found if silent else moves
    return counted[-1].at if counted else None


def _phases(place: Workspace, base: Ground, branches: tuple[Branch, ...]) -> dict[int, tuple[str, ...]]:
    """The phases that plans with several branches declare, on the main branch as the remote has it, else as it is here."""
    seen: set[int] = set()
    several: set[int] = set()
    for one in branches:
        if one.plan is not None:
            (several if one.plan in seen else seen).add(one.plan)
    main = base.refs.get(f"{REMOTES}{base.remote}/{base.main}") or base.refs.get(HEADS + base.main)
    if not several or main is None:
        return {}
    from holdfast.usecases import plan_files  # what reads plans: needed where several branches name one

    return plan_files.phases_of(place, base.configured, main, several)
