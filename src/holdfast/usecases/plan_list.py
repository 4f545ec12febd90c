"""All plans as they effectively stand: those here, those of the main branch, and what claim branches make of theirs."""

from __future__ import annotations

import os

from holdfast.adapters.refs import HEADS, REMOTES
from holdfast.domain import rivalry
from holdfast.domain.policy import RECORD
from holdfast.domain.value import TYPE_CHECKING, NamedTuple
from holdfast.usecases import claims, plan_files, plans

if TYPE_CHECKING:
    from holdfast.domain.claim import Claim
    from holdfast.domain.moment import Moment
    from holdfast.domain.plan_set import PlanSet
    from holdfast.domain.summary import Summary
    from holdfast.usecases.claims import Listed as ListedClaims
    from holdfast.usecases.configured import Configured
    from holdfast.usecases.plans import Listed
    from holdfast.usecases.workspace import Workspace


class _Held(NamedTuple):
    """A plan as the branch of a claim has it; `summary` None where the branch has no file of it."""

    claim: Claim
    folder: str
    summary: Summary | None


def effective(place: Workspace, here: PlanSet, configured: Configured, now: Moment) -> list[Listed]:
    """The plans of the working tree `here`, of main and of claim branches, by folder and number.

    A plan that is claimed is shown with the status that its branch gives it, and by whom it is claimed.
    """
    known = claims.listed(place, now)
    found = {(one.folder, one.summary.number): one for one in plans.listed(place, here)}
    for one in _of_main(place, configured, known):
        found.setdefault((one.folder, one.summary.number), one)
    named = set()
    for held in _held(place, configured, known):
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


def _held(place: Workspace, configured: Configured, known: ListedClaims) -> list[_Held]:
    holding = [one for one in rivalry.standing(known.claims) if one.plan is not None]
    found = []
    for one in sorted(holding, key=lambda claim: -claim.last_activity):
        files = plan_files.find(place, configured, one.commit, one.plan or 0)
        summaries = plan_files.summaries(place, configured, files)
        if not files:
            folder = next((folder.path for folder in configured.policy.folders if folder.profile != RECORD), "")
            found.append(_Held(one, folder, None))
        found += [_Held(one, file.folder.path, summary) for file, summary in zip(files, summaries, strict=True)]
    return found
