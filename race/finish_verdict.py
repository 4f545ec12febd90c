"""What must hold after several finished work at once: values in, complaints out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from workers import LOST, WON, Attempt

MERGED, ALREADY, LOSER = "merged", "already-merged", "lost"
_RESULTS = {WON: (MERGED, ALREADY), LOST: (LOSER,)}


@dataclass(frozen=True, slots=True)
class Work:
    """What one round finishes: a plan's branch at a commit, its fence, the worktree that it has ("" without one).

    `place` is where it was taken.
    """

    plan: int
    branch: str
    head: str
    fence: str
    worktree: str
    place: str


@dataclass(frozen=True, slots=True)
class Landed:
    """A commit that the main branch gained: its first parent, the branch that it says it brought, and the works in its tree."""

    commit: str
    parent: str
    branch: str
    holds: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Scene:
    """What was found after a round that began with the main branch at `base`.

    `main` has what the main branch gained, oldest first. `remote` are the refs of the round's plans on the remote, None
    without one; `clones` those of each clone by its common directory, `kept` the commits that it keeps of merged work, and
    `mains` its main branch. `intents` are merges that it holds for unfinished, `damaged` what is wrong with its worktrees
    and objects, and `worktrees` the folders of worktrees that are there.
    """

    base: str
    main: tuple[Landed, ...]
    remote: Mapping[str, str] | None
    common: Mapping[str, str]
    clones: Mapping[str, Mapping[str, str]]
    kept: Mapping[str, frozenset[str]] = field(default_factory=dict)
    mains: Mapping[str, str] = field(default_factory=dict)
    intents: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    damaged: tuple[str, ...] = ()
    worktrees: frozenset[str] = frozenset()


def result(attempt: Attempt) -> str:
    """What it said of itself in one word."""
    said = attempt.document.get("result")
    return said if isinstance(said, str) else attempt.outcome


def one_work(scene: Scene, work: Work, attempts: Sequence[Attempt]) -> list[str]:
    """The complaints where all finished the same work: one has merged it, the others heard of it."""
    winners = [one for one in attempts if result(one) == MERGED]
    complaints = [text for one in attempts for text in _own_words(one, work)]
    if len(winners) != 1:
        complaints.append(f"{len(winners)} say that they merged it: {_words(attempts)}")
    complaints += _main(scene, [work], winners)
    complaints += [text for one in winners for text in _ended(scene, work, scene.common[one.worker.place])]
    return complaints + _whole(scene)


def works_apart(scene: Scene, works: Mapping[str, Work], attempts: Sequence[Attempt]) -> list[str]:
    """The complaints where each finished its own work, by the worker's name: it is merged, or whole as it was."""
    winners = [one for one in attempts if result(one) == MERGED]
    complaints = []
    for one in attempts:
        work = works[one.worker.name]
        complaints += _own_words(one, work)
        if one in winners:
            complaints += _ended(scene, work, scene.common[one.worker.place])
        else:
            if result(one) == ALREADY:
                complaints.append(
                    f"{one.worker.name} alone finishes plan {work.plan}, and says that it was merged already"
                )
            complaints += _left_whole(scene, work)
    merged = [works[one.worker.name] for one in winners]
    return complaints + _main(scene, merged, winners) + _whole(scene)


def idle(rounds: int, losers: int, overtaken: int) -> list[str]:
    """The complaint of races in which nobody ever met anybody: they prove nothing.

    `losers` counts those who were told that they lost, `overtaken` the attempts that found the main branch moved.
    """
    if rounds and not losers and not overtaken:
        return [f"in {rounds} rounds nobody lost and nobody was overtaken: nothing raced"]
    return []


def _own_words(attempt: Attempt, work: Work) -> list[str]:
    """Does what it printed fit the exit code?"""
    who = attempt.worker.name
    if attempt.hung:
        return [f"{who} hung"]
    if attempt.code not in _RESULTS:
        return [f"{who} ended with {attempt.code}: {_said(attempt)}"]
    if result(attempt) not in _RESULTS[attempt.code]:
        return [f"{who} ended with {attempt.code} and said {result(attempt)!r}: {_said(attempt)}"]
    if attempt.document.get("plan") not in (work.plan, None):
        return [f"{who} spoke of plan {attempt.document.get('plan')}"]
    failed = [one for one in attempt.document.get("cleanup") or () if one.get("outcome") == "failed"]
    return [f"{who} could not clean up: {one.get('step')}: {one.get('message')}" for one in failed]


def _main(scene: Scene, merged: Sequence[Work], winners: Sequence[Attempt]) -> list[str]:
    """The main branch gained exactly what was merged, each once, in a row, and every commit still holds what came before."""
    complaints = []
    due = {one.branch: one for one in merged}
    for work in merged:
        times = sum(one.branch == work.branch for one in scene.main)
        if times != 1:
            complaints.append(f"{work.branch} is {times} times in the main branch")
    complaints += [
        f"the main branch gained {one.commit[:12]}, which brings {one.branch or 'nothing that is known'}"
        for one in scene.main
        if one.branch not in due
    ]
    before, held = scene.base, frozenset[int]()
    for one in scene.main:
        if one.parent != before:
            complaints.append(f"{one.commit[:12]} does not stand on {before[:12]}")
        here = due[one.branch].plan if one.branch in due else None
        lost = (held | ({here} if here is not None else set())) - one.holds
        complaints += [f"the work of plan {plan} is not in {one.commit[:12]}" for plan in sorted(lost)]
        before, held = one.commit, held | one.holds
    commits = {one.branch: one.commit for one in scene.main}
    for winner in winners:
        said, branch = winner.document.get("merge_commit"), str(winner.document.get("branch"))
        if commits.get(branch) != said:
            complaints.append(f"{winner.worker.name} merged {branch} as {said}, but it is {commits.get(branch)}")
    return complaints


def _ended(scene: Scene, work: Work, clone: str) -> list[str]:
    """Nothing is left of merged work but what is kept of it, there and in the clone of who merged it."""
    gone = (f"refs/heads/{work.branch}", f"refs/holdfast/plans/{work.plan}")
    complaints = [f"the remote still has {name}" for name in gone if name in (scene.remote or {})]
    complaints += [f"clone {_short(clone)} still has {name}" for name in gone if name in scene.clones[clone]]
    home = scene.common[work.place]
    if not any(
        work.head in scene.kept.get(one, ()) or work.head in scene.clones[one].values() for one in {clone, home}
    ):
        complaints.append(f"nothing keeps the commits of {work.branch}")
    if clone == home and work.worktree in scene.worktrees:
        complaints.append(f"the worktree {_short(work.worktree)} is left")
    tip = scene.main[-1].commit if scene.main else scene.base
    if scene.remote is None and scene.mains[clone] != tip:
        complaints.append(f"clone {_short(clone)} has its main branch at {scene.mains[clone][:12]} and not {tip[:12]}")
    landed = next((at for at, one in enumerate(scene.main) if one.branch == work.branch), None)
    if landed is not None and scene.mains[clone] not in {one.commit for one in scene.main[landed:]}:
        complaints.append(f"the main branch of clone {_short(clone)} was not brought along")
    return complaints


def _left_whole(scene: Scene, work: Work) -> list[str]:
    """Everything of work that is not merged is as it was."""
    branch, fence = f"refs/heads/{work.branch}", f"refs/holdfast/plans/{work.plan}"
    home = scene.common[work.place]
    places = [("the remote", scene.remote)] if scene.remote is not None else []
    places.append((f"clone {_short(home)}", scene.clones[home]))
    complaints = [
        f"{where} has {branch} at {found.get(branch, 'no commit')[:12]} and not {work.head[:12]}"
        for where, found in places
        if found.get(branch) != work.head
    ]
    where, found = places[0]
    if found.get(fence) != work.fence:
        complaints.append(f"{where} has not kept the fence of plan {work.plan}")
    if work.worktree and work.worktree not in scene.worktrees:
        complaints.append(f"the worktree {_short(work.worktree)} is gone")
    return complaints


def _whole(scene: Scene) -> list[str]:
    left = [f"clone {_short(clone)}: merge {name} is left" for clone, names in scene.intents.items() for name in names]
    return [*left, *scene.damaged]


def _words(attempts: Iterable[Attempt]) -> str:
    return "; ".join(f"{one.worker.name} {result(one)}" for one in attempts)


def _said(attempt: Attempt) -> str:
    """Why it was refused, else its last words."""
    blockers = attempt.document.get("blockers")
    return json.dumps(blockers, ensure_ascii=False)[:600] if blockers else attempt.last_words


def _short(path: str) -> str:
    """The last two folders of a path, which tell clones apart."""
    return "/".join(path.split("/")[-2:])
