"""What each entry of a hand-kept claims file becomes: a branch that is its claim, nothing any more, or work to do."""

from __future__ import annotations

import shlex

from holdfast.adapters import clock
from holdfast.adapters.refs import HEADS, REMOTES
from holdfast.domain.branch_name import FEATURE
from holdfast.domain.claims_file import COMPLETED, MERGING, REVIEW
from holdfast.domain.naming import slugify
from holdfast.domain.value import TYPE_CHECKING, NamedTuple
from holdfast.usecases import claims, snapshot, surroundings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from holdfast.domain.claims_file import Entry
    from holdfast.domain.integration import Facts
    from holdfast.domain.policy import Policy
    from holdfast.usecases.claims_files import Standing
    from holdfast.usecases.workspace import Workspace

BRANCH, MERGED, NONE = "branch", "merged", "none"
"""What an entry becomes: a branch that is there already, nothing because its work is over, no claim."""

_NO_BRANCH = ("main", "HEAD")
"""What stands for no branch: `HEAD` is what git calls the branch where there is none."""


class Branch(NamedTuple):
    """One branch name, local or remote-tracking: the plan that it claims, and whether its work is merged."""

    name: str
    plan: int | None
    local: bool
    merged: bool


class Fate(NamedTuple):
    """What one entry becomes; `branch` is the one that is or was its claim, `command` what is left to do about it."""

    entry: Entry
    branch: str | None
    becomes: str
    command: str | None


class Found(NamedTuple):
    """One claims file: its path from the top (absolute in another worktree), and whether git's index there holds it."""

    path: str
    kind: str
    tracked: bool
    fates: tuple[Fate, ...]


def of(place: Workspace, stands: Sequence[Standing]) -> tuple[Found, ...]:
    """Every claims file, with what each of its entries becomes."""
    policy = place.configurations.of_worktree().policy
    entries = [entry for one in stands for entry in one.reading.entries]
    branches = _states(place) if entries else {}
    over = {entry.name for entry in entries if entry.section == COMPLETED}
    return tuple(
        Found(
            one.spot.path,
            one.spot.kind,
            bool(one.tracked),
            tuple(_fate(entry, branches, policy, over) for entry in one.reading.entries),
        )
        for one in stands
    )


def _states(place: Workspace) -> dict[str, Branch]:
    """All branches, local and remote-tracking, by name; a branch is merged where each of its tips is."""
    ground = surroundings.of(place)
    pattern = ground.policy.claims.branch
    tips: dict[str, set[str]] = {}
    for ref, oid in ground.refs.items():
        if ref.startswith((HEADS, REMOTES)):
            tips.setdefault(ref.split("/", 2 if ref.startswith(HEADS) else 3)[-1], set()).add(oid)
    facts = snapshot.facts_of(place, ground, [tuple(found) for found in tips.values()])
    known = {one.branch: one.ended for one in claims.observe(place, clock.now()).all}
    return {
        name: Branch(name, pattern.number(name), HEADS + name in ground.refs, known.get(name, _merged(found, facts)))
        for name, found in tips.items()
    }


def _merged(tips: set[str], facts: Mapping[str, tuple[Facts, ...]]) -> bool:
    return all(any(one.verdict.merged for one in facts.get(tip, ())) for tip in tips)


def _fate(entry: Entry, branches: dict[str, Branch], policy: Policy, over: set[str]) -> Fate:
    name = None if entry.name in (*_NO_BRANCH, policy.main_branch) else entry.name
    own = branches.get(name) if name is not None else None
    if entry.section == COMPLETED or (own is not None and own.merged):
        return Fate(entry, name, MERGED, None)
    if own is not None:
        return Fate(entry, name, BRANCH, _renamed(entry, own, policy))
    if name is not None and (entry.section in (MERGING, REVIEW) or name in over):
        return Fate(entry, name, MERGED, None)  # it was there to be merged or completed, and is gone
    plan = entry.plan if entry.plan is not None else policy.claims.branch.number(entry.name)
    if plan is None:
        return Fate(entry, name, NONE, f"git switch -c {FEATURE}{_slug(name or entry.task)}")
    claiming = next((one for one in branches.values() if one.plan == plan and not one.merged), None)
    if claiming is not None:
        return Fate(entry, claiming.name, BRANCH, None)
    return Fate(entry, name, NONE, f"holdfast start {plan}")


def _renamed(entry: Entry, own: Branch, policy: Policy) -> str | None:
    """How a branch whose name makes it no claim becomes one."""
    pattern = policy.claims.branch
    if pattern.claims(own.name) or not own.local:
        return None
    slug = _slug(own.name)
    new = pattern.name(entry.plan, slug) if entry.plan is not None else FEATURE + slug
    return f"git branch -m -- {shlex.quote(own.name)} {new}"


def _slug(text: str) -> str:
    return slugify(text).removeprefix(FEATURE) or "work"
