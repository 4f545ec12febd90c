"""What must hold after a race for one plan: values in, complaints out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from workers import LOST, REFUSED, WON, Attempt

_RESULTS = {WON: "claimed", REFUSED: "refused", LOST: "lost"}
_SHORT_ID = 8


@dataclass(frozen=True, slots=True)
class Scene:
    """What was found after a race for `plan`.

    `remote` has the refs of the plan on the remote, None without one; `clones` those of each clone, by its common
    directory; `worktrees` the folders that each clone has for the plan; `intents` what it still means to do.
    `trailers` are those of every commit that a ref or a winner names, `heads` the commits that winners' worktrees have
    checked out; `common` tells each place's clone.
    """

    plan: int
    remote: Mapping[str, str] | None
    clones: Mapping[str, Mapping[str, str]]
    common: Mapping[str, str]
    trailers: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    heads: Mapping[str, str] = field(default_factory=dict)
    worktrees: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    intents: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def fence(self) -> str:
        """The ref that keeps two branches of one plan apart."""
        return f"refs/holdfast/plans/{self.plan}"


@dataclass(frozen=True, slots=True)
class Claimed:
    """Who has the plan now: the owner and the ids, and the clones where it may be."""

    owner: str
    ids: tuple[str, ...]
    commit: str
    branch: str
    clones: frozenset[str]


def judge(scene: Scene, attempts: Iterable[Attempt], *, named: bool) -> list[str]:
    """The complaints about a race; `named` says that every worker had an owner name of its own.

    Workers that were killed are among the attempts, with those that took up their work again.
    """
    every = list(attempts)
    alive = [one for one in every if not one.killed]
    killed = [one for one in every if one.killed]
    winners = [one for one in alive if one.won]
    complaints = [text for one in alive for text in _own_words(scene, one)]
    claimed = _claimed(scene, winners, killed, named)
    if len(winners) > 1:
        complaints.append(f"{len(winners)} winners: {', '.join(one.worker.name for one in winners)}")
    if claimed is None:
        return [*complaints, "nobody won", *_nothing(scene)]
    for winner in winners:
        complaints += _winner(scene, winner, named)
    complaints += _on_the_remote(scene, claimed) + _in_clones(scene, claimed) + _left_over(scene)
    dead = [one.worker.name for one in killed] if named else []
    for one in alive:
        if one.code in (REFUSED, LOST):
            complaints += _told(one, claimed, named, dead)
    return complaints


def nobody(scene: Scene) -> list[str]:
    """The complaints about a plan that nobody was to get."""
    return _nothing(scene) + _left_over(scene)


def _own_words(scene: Scene, attempt: Attempt) -> list[str]:
    """Does what it printed fit the exit code?"""
    who = attempt.worker.name
    if attempt.hung:
        return [f"{who} hung"]
    if attempt.code not in _RESULTS:
        return [f"{who} ended with {attempt.code}: {attempt.last_words}"]
    document = attempt.document
    if document.get("result") != _RESULTS[attempt.code]:
        return [f"{who} ended with {attempt.code} and said {document.get('result')!r}: {attempt.last_words}"]
    if document.get("plan") not in (scene.plan, None):
        return [f"{who} spoke of plan {document.get('plan')}"]
    return []


def _claimed(scene: Scene, winners: list[Attempt], killed: list[Attempt], named: bool) -> Claimed | None:
    """The claim as its winner knows it; where all who could know were killed, as the refs tell it."""
    if winners:
        document = winners[0].document
        place = frozenset({scene.common[winners[0].worker.place]})
        commit, branch = str(document.get("commit")), str(document.get("branch"))
        return Claimed(
            str(document.get("owner")), _ids(document, scene.trailers.get(commit, {})), commit, branch, place
        )
    if not killed:
        return None
    places = frozenset(scene.common[one.worker.place] for one in killed)
    refs = scene.remote if scene.remote is not None else scene.clones[next(iter(places))]
    full = next((name for name in refs if name.startswith("refs/heads/")), None)
    if full is None:
        return None
    trailers = scene.trailers.get(refs[full], {})
    owner = trailers.get("Claimed-By", "")
    if named:
        places = frozenset(scene.common[one.worker.place] for one in killed if one.worker.name == owner)
    return Claimed(owner, _ids({}, trailers), refs[full], full.removeprefix("refs/heads/"), places)


def _ids(document: Mapping[str, Any], trailers: Mapping[str, str]) -> tuple[str, ...]:
    """What tells a claim from another of the same user: its id, or the start of it, and the host."""
    identity = str(document.get("claim_id") or trailers.get("Claim-Id") or "")
    return tuple(text for text in (identity[:_SHORT_ID], trailers.get("Claim-Host", "")) if text)


def _winner(scene: Scene, winner: Attempt, named: bool) -> list[str]:
    """Is the claim commit what the winner was told?"""
    who, document = winner.worker.name, winner.document
    trailers = scene.trailers.get(str(document.get("commit")), {})
    complaints = []
    if named and document.get("owner") != who:
        complaints.append(f"{who} won as {document.get('owner')!r}")
    told = {
        "Claimed-By": document.get("owner"),
        "Claim-Id": document.get("claim_id"),
        "Claim-Plan": str(scene.plan),
    }
    for name, expected in told.items():
        if trailers.get(name, "").lstrip("#") != expected:
            complaints.append(f"{who}: {name} is {trailers.get(name)!r} and not {expected!r}")
    if not trailers.get("Claim-Host"):
        complaints.append(f"{who}: the claim commit names no host")
    if document.get("published") is not (scene.remote is not None):
        complaints.append(f"{who}: published is {document.get('published')!r}")
    return complaints + _checked_out(scene, winner)


def _checked_out(scene: Scene, winner: Attempt) -> list[str]:
    """Has the winner the worktree that it asked for, and no other?"""
    worktree = winner.document.get("worktree")
    if (worktree is None) is not ("--no-worktree" in winner.worker.command):
        return [f"{winner.worker.name}: worktree is {worktree!r}"]
    if worktree is not None and scene.heads.get(worktree) != winner.document.get("commit"):
        return [f"{winner.worker.name}: worktree {worktree} is not at the claim"]
    return []


def _on_the_remote(scene: Scene, claimed: Claimed) -> list[str]:
    """Are branch and fence there, both at the claim, and nothing else?"""
    if scene.remote is None:
        return []
    expected = {f"refs/heads/{claimed.branch}": claimed.commit, scene.fence: claimed.commit}
    return _differences("the remote", expected, scene.remote)


def _in_clones(scene: Scene, claimed: Claimed) -> list[str]:
    """Is the branch in the winner's clone, and in no other?"""
    branch = f"refs/heads/{claimed.branch}"
    complaints = []
    homes = [clone for clone in scene.clones if clone in claimed.clones and branch in scene.clones[clone]]
    if not homes:
        complaints.append(f"no local {claimed.branch} where {claimed.owner} won")
    for clone, found in scene.clones.items():
        # A fence in a clone is only a copy, but never one of something else.
        ours = {name: commit for name, commit in found.items() if name != scene.fence or commit != claimed.commit}
        expected = {branch: claimed.commit} if clone in homes[:1] else {}
        complaints += _differences(f"clone {_short(clone)}", expected, ours)
        if clone not in homes[:1]:
            complaints += [f"a loser's worktree is left: {path}" for path in scene.worktrees.get(clone, ())]
    return complaints


def _nothing(scene: Scene) -> list[str]:
    """Nobody won: there is nothing, or half a claim."""
    complaints = [f"half a claim on the remote: {name}" for name in scene.remote or ()]
    for clone, found in scene.clones.items():
        complaints += [f"half a claim in clone {_short(clone)}: {name}" for name in found]
        complaints += [f"a loser's worktree is left: {path}" for path in scene.worktrees.get(clone, ())]
    return complaints


def _left_over(scene: Scene) -> list[str]:
    return [f"clone {_short(clone)}: intent {name} is left" for clone, names in scene.intents.items() for name in names]


def _told(attempt: Attempt, claimed: Claimed, named: bool, dead: list[str]) -> list[str]:
    """Does a loser know who won?

    Where all have one name, what tells claims apart must be named: the id of the claim or its host. Someone who was
    killed afterwards may have been the one to name.
    """
    who, document = attempt.worker.name, attempt.document
    text = json.dumps([document.get("winner"), document.get("blockers")], ensure_ascii=False)
    complaints = []
    if not any(name in text for name in (claimed.owner, *dead)):
        complaints.append(f"{who} was not told that {claimed.owner} has it: {text}")
    elif not named and not any(name in text for name in claimed.ids):
        complaints.append(f"{who} was told neither id nor host of the claim ({', '.join(claimed.ids)}): {text}")
    codes = [one.get("code") for one in document.get("blockers") or () if isinstance(one, dict)]
    if attempt.code == REFUSED and "claimed" not in codes:
        complaints.append(f"{who} was refused without the blocker `claimed`: {codes}")
    return complaints


def _differences(where: str, expected: Mapping[str, str], found: Mapping[str, str]) -> list[str]:
    complaints = [f"{where}: {name} is missing" for name in expected if name not in found]
    complaints += [f"{where}: {name} is there" for name in found if name not in expected]
    both = [name for name in expected if name in found and found[name] != expected[name]]
    return complaints + [f"{where}: {name} is {found[name][:12]} and not {expected[name][:12]}" for name in both]


def _short(clone: str) -> str:
    """The last two folders of a path, which tell clones apart."""
    return "/".join(clone.split("/")[-2:])
