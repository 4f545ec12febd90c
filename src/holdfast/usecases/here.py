"""A claim for the worktree that the caller stands in: agents that made their own keep its commits and edits."""

from __future__ import annotations

import os

from holdfast.adapters import registration
from holdfast.adapters.git import GitError, decode
from holdfast.domain.blockers import blocker
from holdfast.domain.value import TYPE_CHECKING
from holdfast.usecases.workspace import branch

if TYPE_CHECKING:
    from holdfast.domain.problem import Problem
    from holdfast.usecases.claim_refs import ClaimRefs
    from holdfast.usecases.claims import Claims
    from holdfast.usecases.workspace import Workspace


def blockers(place: Workspace, claims: Claims) -> list[Problem]:
    """Why this worktree cannot become that of the claim."""
    if any(one.main and os.path.realpath(one.path) == os.path.realpath(place.top) for one in claims.ground.worktrees):
        return [blocker("here-main", place.top, f"{place.top} is the main worktree")]
    problems = []
    under_way = registration.operation(place.repository.git_dir)
    if under_way is not None:
        problems.append(blocker("here-busy", place.top, f"{under_way} is under way in {place.top}"))
    on = branch(place)
    held = [one for one in claims.all if one.branch == on and one.plan is not None and not one.ended]
    if held:
        message = f"{place.top} stands on {on}, the claim of plan #{held[0].plan}"
        problems.append(blocker("here-claimed", place.top, message))
    return problems


def head(place: Workspace) -> str:
    """The commit that this worktree stands on."""
    found = place.objects.id_of("HEAD^{commit}")
    if found is None:
        raise GitError(f"{place.top} has no commit yet")
    return found


def switch(place: Workspace, refs: ClaimRefs) -> None:
    """Put this worktree on the claim's branch; its files are those of the claim commit already, edits stay."""
    code, _, err = place.git.attempt("symbolic-ref", "-m", f"holdfast: start {refs.plan} --here", "HEAD", refs.head)
    if code != 0:
        raise GitError(decode(err).strip())
