"""All plans as they effectively stand: those here, those of the main branch, and what claim branches make of theirs."""

from __future__ import annotations

import os

from holdfast.adapters.git import REGULAR, Entry, decode, encode
from holdfast.adapters.refs import HEADS, REMOTES
from holdfast.domain import rivalry
from holdfast.domain.policy import RECORD
from holdfast.domain.value import TYPE_CHECKING, NamedTuple
from holdfast.usecases import claims, plan_files, plans

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from holdfast.domain.claim import Claim
    from holdfast.domain.moment import Moment
    from holdfast.domain.plan_set import PlanSet
    from holdfast.domain.summary import Summary
    from holdfast.usecases.claims import Listed as ListedClaims
    from holdfast.usecases.configured import Configured
    from holdfast.usecases.plans import Listed
    from holdfast.usecases.workspace import Workspace


_BLOBS = "branches-blobs"


class _Held(NamedTuple):
    """A plan as the branch of a claim has it; `summary` None where the branch has no file of it."""

    claim: Claim
    folder: str
    summary: Summary | None


def effective(
    place: Workspace, here: PlanSet, configured: Configured, now: Moment, known: ListedClaims | None = None
) -> list[Listed]:
    """The plans of the working tree `here`, of main and of claim branches, by folder and number.

    A plan that is claimed is shown with the status that its branch gives it, and by whom it is claimed. Claims that are
    `known` already are used.
    """
    known = known or claims.listed(place, now)
    found = {(one.folder, one.summary.number): one for one in plans.listed(place, here)}
    for one in _of_main(place, configured, known):
        found.setdefault((one.folder, one.summary.number), one)
    named = set()
    for held in _held(place, configured, known, list(found.values())):
        key = (held.folder, held.claim.plan or 0)
        if (key, _owner(held.claim)) in named:
            continue  # one owner's phases: what was active last tells of the plan
        named.add((key, _owner(held.claim)))
        listed = found.get(key)
        if listed is None and held.summary is not None:
            found[key] = plans.Listed(held.summary, held.folder, False, held.claim.branch, _owner(held.claim))
        elif listed is not None:
            found[key] = _claimed(place, listed, held)
    order = {state.folder.path: at for at, state in enumerate(here.folders)}
    return sorted(found.values(), key=lambda one: (order.get(one.folder, 0), one.summary.number))


def _claimed(place: Workspace, listed: Listed, held: _Held) -> Listed:
    """A listed plan with what its claim makes of it; where we stand in the claim's worktree, our files are newer."""
    owner = _owner(held.claim)
    if listed.claimed_by is not None:
        return listed._replace(claimed_by=f"{listed.claimed_by}, {owner}")
    standing = held.claim.worktree is not None and os.path.realpath(held.claim.worktree) == os.path.realpath(place.top)
    summary = listed.summary if standing or held.summary is None else held.summary
    return listed._replace(summary=summary, ready=False, on=held.claim.branch, claimed_by=owner)


def _owner(claim: Claim) -> str:
    return claim.owner or claim.branch


def _of_main(place: Workspace, configured: Configured, known: ListedClaims) -> list[Listed]:
    """The plans of the main branch as the remote has it, else as it is here; nothing where that is what is checked out."""
    ground = known.ground
    tip = ground.refs.get(f"{REMOTES}{ground.remote}/{ground.main}") or ground.refs.get(HEADS + ground.main)
    folders = [one.path for one in configured.policy.folders]
    if tip is None or all(_tree(place, tip, path) == _tree(place, "HEAD", path) for path in folders):
        return []
    there = place.observer.of_tree(tip, configured)
    return [one._replace(on=ground.main) for one in plans.listed(place, there)]


def _tree(place: Workspace, commit: str, path: str) -> str | None:
    return place.objects.id_of(f"{commit}:{path}") if path else place.objects.id_of(f"{commit}^{{tree}}")


def _held(place: Workspace, configured: Configured, known: ListedClaims, listed: Sequence[Listed]) -> list[_Held]:
    """What each claim's branch has of its plan, the one that was active last first.

    Mostly that is the file that is known by its path, and mostly as it is known: one question for each claim.
    """
    holding = [one for one in rivalry.standing(known.claims) if one.plan is not None]
    by_number: dict[int, list[Listed]] = {}
    for one in listed:
        by_number.setdefault(one.summary.number, []).append(one)
    places = [(claim, one) for claim in holding for one in by_number.get(claim.plan or 0, ())]
    there = _blobs(place, [(claim.commit, one.summary.path) for claim, one in places])
    changed = _changed(place, configured, there, [one for _, one in places])
    found = []
    for claim in sorted(holding, key=lambda one: -one.last_activity):
        known_here = [one for one in by_number.get(claim.plan or 0, ()) if (claim.commit, one.summary.path) in there]
        for one in known_here:
            oid = there[claim.commit, one.summary.path]
            summary = one.summary if one.summary.oid == oid else changed.get((one.summary.path, oid))
            found.append(_Held(claim, one.folder, summary))
        found += [] if known_here else _searched(place, configured, claim)
    return found


def _blobs(place: Workspace, wanted: Sequence[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """The blobs at paths of commits, as far as there are any; what was asked once is remembered, for it never changes."""
    words = decode(place.cache.read(_BLOBS) or b"").split("\0")
    known = dict(zip(zip(words[::3], words[1::3], strict=False), words[2::3], strict=False))
    asked = [one for one in dict.fromkeys(wanted) if one not in known]
    place.objects.ask_ahead(f"{commit}:{path}" for commit, path in asked)
    fresh = {one: place.objects.id_of(f"{one[0]}:{one[1]}") or "" for one in asked}
    found = {one: fresh[one] if one in fresh else known[one] for one in wanted}
    if fresh:
        place.cache.write(_BLOBS, encode("\0".join(word for one, oid in found.items() for word in (*one, oid))))
    return {one: oid for one, oid in found.items() if oid}


def _changed(
    place: Workspace, configured: Configured, there: Mapping[tuple[str, str], str], listed: Sequence[Listed]
) -> dict[tuple[str, str], Summary]:
    """The plans that branches have otherwise than they are known, by path and blob; each is read once."""
    same = {(one.summary.path, one.summary.oid) for one in listed}
    wanted = dict.fromkeys((path, oid) for (_, path), oid in there.items() if (path, oid) not in same)
    found: dict[tuple[str, str], Summary] = {}
    for folder in configured.policy.folders:
        entries = [Entry(REGULAR[0], oid, path) for path, oid in wanted if folder.number_of(path) is not None]
        if entries:
            read = place.observer.of_branches(entries, folder, configured)
            found |= {(one.path, one.oid): one for one in read}
    return found


def _searched(place: Workspace, configured: Configured, claim: Claim) -> list[_Held]:
    """What a claim's branch has of its plan under a name that only this branch has."""
    files = plan_files.find(place, configured, claim.commit, claim.plan or 0)
    if not files:
        folder = next((folder.path for folder in configured.policy.folders if folder.profile != RECORD), "")
        return [_Held(claim, folder, None)]
    summaries = plan_files.summaries(place, configured, files)
    return [_Held(claim, file.folder.path, summary) for file, summary in zip(files, summaries, strict=True)]
