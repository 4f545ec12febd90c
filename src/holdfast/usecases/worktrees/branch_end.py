"""The end of a branch whose worktree is gone: deleted when it is merged or has no work of its own, else kept."""

from __future__ import annotations

from holdfast.adapters import refs, registration
from holdfast.adapters.refs import HEADS, REMOTES, Update
from holdfast.domain.claim import settle
from holdfast.domain.condition import commits
from holdfast.domain.removal import DELETED, KEPT, RACED
from holdfast.domain.value import TYPE_CHECKING, NamedTuple
from holdfast.usecases import fences, snapshot
from holdfast.usecases.surroundings import FENCES, SEEN_FENCES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from holdfast.adapters.git import Git
    from holdfast.domain.claim import Claim
    from holdfast.domain.moment import Moment
    from holdfast.domain.snapshot import Worktree
    from holdfast.usecases.surroundings import Ground
    from holdfast.usecases.workspace import Workspace

    Keep = Callable[[Mapping[str, str]], None]
    End = Callable[[Workspace, Git, Ground, str, Moment, Keep], "Ended"]


class Ended(NamedTuple):
    """What became of a branch (`removal.OUTCOMES`), why, in words, and whether it was merged."""

    outcome: str
    why: str
    merged: bool = False


def judge(place: Workspace, ground: Ground, names: Iterable[str], now: Moment) -> dict[str, Claim]:
    """What is known of the local branches of these names, by name: claims or not, they are judged as claims are."""
    pattern = ground.policy.claims.branch
    wanted = {name: pattern.number(name) for name in names if HEADS + name in ground.refs}
    branches = snapshot.claiming(ground, wanted.items())
    settled = settle(snapshot.look(place, ground, branches, now), now, ground.policy.claims)
    return {one.branch: one for one in settled if one.local is not None}


def needless(place: Workspace, ground: Ground, held: Claim) -> str:
    """Why a branch can go without any work being lost, in words; empty where it cannot."""
    if held.branch == ground.main:
        return ""
    if held.ended:
        return held.grounds[0]
    return "it has no work of its own" if not held.own_commits and not brings(place, ground, held) else ""


def end(place: Workspace, git: Git, ground: Ground, branch: str, now: Moment, keep: Keep) -> Ended:
    """Delete a branch that is in no worktree any more, exactly as it was judged, or keep it.

    `keep` is given what git's configuration says of the branch, before it goes.
    """
    if ground.configured.errors:
        return Ended(KEPT, "the configuration is broken, so nobody can tell what is merged")
    if under_way(place, ground, branch) is not None:
        return Ended(KEPT, "a rebase or bisection of it is under way in another worktree")
    held = judge(place, ground, [branch], now).get(branch)
    if held is None:
        return Ended(KEPT, "it has no commit yet")
    why = needless(place, ground, held)
    if not why:
        return Ended(KEPT, "it is the main branch" if branch == ground.main else _work(held))
    if any(one.branch == branch for one in ground.worktrees if one.branch is not None and not one.gone):
        return Ended(KEPT, "another worktree stands on it")
    name = HEADS + branch
    keep({key: value for key, value in ground.settings.items() if key.startswith(f"branch.{branch}.")})
    names = (name, *_fences(place, ground, held))
    ends = [Update(one, None, ground.refs[one]) for one in names]
    said = refs.transact(git, ends, f"holdfast: {branch} is not needed any more")
    if said is not None:
        now_at = refs.read(git, *names)
        moved = any(now_at.get(one) != ground.refs[one] for one in names)
        why = "somebody moved it in this very moment" if moved else said.splitlines()[-1].removeprefix("fatal: ")
        return Ended(RACED, why)
    if any(key.startswith(f"branch.{branch}.") for key in ground.settings):
        git.attempt("config", "--remove-section", f"branch.{branch}")
    return Ended(DELETED, why, held.ended)


def _fences(place: Workspace, ground: Ground, held: Claim) -> list[str]:
    """Where there is no remote the fence of a claim goes with its branch; else it ends with the claim, or as a dead one."""
    left = fences.left_by(place, ground.refs, held, None) if ground.remote is None else ()
    return [name for name in (f"{FENCES}{held.plan}", f"{SEEN_FENCES}{held.plan}") if ground.refs.get(name) in left]


def _work(held: Claim) -> str:
    """What a branch has that no main branch has, in words."""
    if not held.own_commits:
        return f"it brings plan #{held.plan}, which is nowhere else"
    return f"it has {commits(held.own_commits)} that {'is' if held.own_commits == 1 else 'are'} not merged"


def under_way(place: Workspace, ground: Ground, branch: str) -> Worktree | None:
    """The worktree in which a paused rebase or a bisection will go back to a branch; git lists it as on none."""
    common = place.repository.common_dir
    for one in ground.worktrees:
        if one.branch is None:
            folder = common if one.main else registration.of(common, one.path)
            if folder is not None and registration.branch_under_way(folder) == branch:
                return one
    return None


def brings(place: Workspace, ground: Ground, held: Claim) -> bool:
    """True for a claim without work of its own that has a file which no main branch has: that of its plan.

    Also where that cannot be told.
    """
    if held.ended or held.own_commits or held.claim_id is None:
        return False  # without a claim commit and without others its tip is a commit of a main branch
    known, main = ground.refs, ground.main
    mains = [name for name in (HEADS + main, f"{REMOTES}{ground.remote}/{main}") if name in known]
    return all(place.git.attempt("diff", "--quiet", f"{name}...{held.commit}", "--")[0] != 0 for name in mains)
