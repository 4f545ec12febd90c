"""From hand-kept claims files to claims that are branches: what each entry becomes, and the files out of git."""

from __future__ import annotations

import shlex

from holdfast.adapters import clock
from holdfast.adapters.git import decode, encode
from holdfast.adapters.refs import HEADS, REMOTES
from holdfast.domain import claims_file
from holdfast.domain.branch_name import FEATURE
from holdfast.domain.claims_file import COMPLETED, MERGING, PATHS, REVIEW
from holdfast.domain.naming import slugify
from holdfast.domain.problem import Unable
from holdfast.domain.value import TYPE_CHECKING, NamedTuple
from holdfast.usecases import claims, claims_files, ignore_file, journal, snapshot, surroundings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from holdfast.adapters.git import Entry as Staged
    from holdfast.domain.integration import Facts
    from holdfast.domain.policy import Policy
    from holdfast.domain.problem import Problem
    from holdfast.usecases.claims_files import Standing
    from holdfast.usecases.ignore_file import Ignoring
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

    entry: claims_file.Entry
    branch: str | None
    becomes: str
    command: str | None


class Found(NamedTuple):
    """One claims file: its path from the top (absolute in another worktree), and whether git's index there holds it."""

    path: str
    kind: str
    tracked: bool
    fates: tuple[Fate, ...]


class Step(NamedTuple):
    """One line for people, and the command that takes it back."""

    kind: str
    what: str
    undo: str


class Proposal(NamedTuple):
    """What there is (`files`), what stands in the way (`problems`), what will be done and what is good to know.

    `removed` are the entries that leave git's index. Nothing to do: no steps.
    """

    files: tuple[Found, ...]
    problems: tuple[Problem, ...]
    steps: tuple[Step, ...] = ()
    notes: tuple[str, ...] = ()
    removed: tuple[Staged, ...] = ()
    ignoring: Ignoring | None = None


class Moved(Unable):
    """Something is not as the proposal saw it. Nothing was changed."""

    remedy = "run `holdfast migrate` again"


def propose(place: Workspace) -> Proposal:
    """What every entry of every claims file becomes, and the steps that take the files of this worktree out of git."""
    policy = place.configurations.of_worktree().policy
    stands = claims_files.standing(place)
    entries = [entry for one in stands for entry in one.reading.entries]
    branches = _states(place) if entries else {}
    over = {entry.name for entry in entries if entry.section == COMPLETED}
    found = tuple(
        Found(
            one.spot.path,
            one.spot.kind,
            bool(one.tracked),
            tuple(_fate(entry, branches, policy, over) for entry in one.reading.entries),
        )
        for one in stands
    )
    problems = tuple(problem for one in stands for problem in one.reading.problems)
    return Proposal(found, problems) if problems else _with_steps(place, Proposal(found, ()), stands)


def apply(place: Workspace, proposal: Proposal) -> None:
    """Do the steps; `Moved` when something changed since they were shown.

    The line of `.gitignore` comes first: a run that is killed in between leaves the file in git, and the next one goes
    on from there. git's index then changes at once.
    """
    if propose(place) != proposal:
        raise Moved("something changed since the steps were shown")
    records = [f"0 {'0' * len(entry.oid)}\t{entry.path}\0" for entry in proposal.removed]
    ignoring = proposal.ignoring
    if ignoring is not None:
        ignore_file.write(place, ignoring)
    if ignoring is not None and ignoring.stages:
        mode = ignoring.staged.mode if ignoring.staged is not None else "100644"
        records.append(f"{mode} {ignore_file.blob(place)}\t{ignore_file.NAME}\0")
    if records:
        place.git.run("update-index", "-z", "--index-info", data=encode("".join(records)))
        place.git.refresh([ignore_file.NAME])
    journal.here(place, "migrate", removed=[entry.path for entry in proposal.removed])


# What becomes of it


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


def _fate(entry: claims_file.Entry, branches: dict[str, Branch], policy: Policy, over: set[str]) -> Fate:
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


def _renamed(entry: claims_file.Entry, own: Branch, policy: Policy) -> str | None:
    """How a branch whose name makes it no claim becomes one."""
    pattern = policy.claims.branch
    if pattern.claims(own.name) or not own.local:
        return None
    slug = _slug(own.name)
    new = pattern.name(entry.plan, slug) if entry.plan is not None else FEATURE + slug
    return f"git branch -m -- {shlex.quote(own.name)} {new}"


def _slug(text: str) -> str:
    return slugify(text).removeprefix(FEATURE) or "work"


# What will be done


def _with_steps(place: Workspace, proposal: Proposal, stands: list[Standing]) -> Proposal:
    removed = tuple(entry for one in stands if one.spot.here for entry in one.tracked)
    kept = dict.fromkeys(one.spot.relative for one in stands)
    try:
        ignoring = ignore_file.propose(place, kept, PATHS)
    except ignore_file.NotRegular:
        message = f"{ignore_file.NAME} is no regular file, and the claims files could not be ignored"
        remedy = f"put a regular file at {ignore_file.NAME}, then run `holdfast migrate`"
        refused = claims_file.refuse("claims-file-ignore", ignore_file.NAME, 1, ignore_file.NAME, message, remedy)
        return proposal._replace(problems=(refused,))
    steps = [
        Step("index", f"take {entry.path} out of git's index; the file stays where it is", _undo(place, entry))
        for entry in removed
    ]
    if ignoring.lines or ignoring.stages:
        steps.append(_ignore_step(place, ignoring))
    notes = (*_elsewhere(stands), *_unignored(place, kept, ignoring))
    return proposal._replace(steps=tuple(steps), notes=notes, removed=removed, ignoring=ignoring)


def _undo(place: Workspace, entry: Staged) -> str:
    """The command that puts an entry of git's index back: from HEAD where it is the same there."""
    if place.git.resolve("HEAD") is not None and place.git.tree("HEAD", [entry.path]) == [entry]:
        return f"git restore --staged {shlex.quote(':/' + entry.path)}"
    return f"git update-index --add --cacheinfo {entry.mode},{entry.oid},{shlex.quote(entry.path)}"


def _ignore_step(place: Workspace, ignoring: Ignoring) -> Step:
    lines = " and ".join(ignoring.lines)
    if not ignoring.stages:
        what = f"add {lines} to .gitignore; it has unstaged edits, so it is not staged: stage it yourself"
        return Step("edit", what, f"remove {lines} from .gitignore")
    what = f"add {lines} to .gitignore, and stage it" if lines else "stage the lines that are in .gitignore already"
    if ignoring.staged is None:
        return Step("edit", what, "git rm --force :/.gitignore")
    back = _undo(place, ignoring.staged)
    if back.startswith("git restore"):
        return Step("edit", what, "git restore --staged --worktree :/.gitignore")
    return Step("edit", what, f"{back} && git restore :/.gitignore")


def _elsewhere(stands: list[Standing]) -> Iterator[str]:
    """git's index of another worktree belongs to whoever works there."""
    for one in stands:
        if one.tracked and not one.spot.here:
            yield f"{one.spot.path} is in git too: run `holdfast -C {shlex.quote(one.spot.top)} migrate`"


def _unignored(place: Workspace, kept: dict[str, None], ignoring: Ignoring) -> Iterator[str]:
    """A line further down, or in a folder's own `.gitignore`, can take a path out again."""
    for path in kept:
        verbose = decode(place.git.attempt("check-ignore", "--verbose", "--no-index", "--", path)[1])
        source, _, _ = verbose.partition("\t")
        if source.split(":")[-1].startswith("!") and "/" + path not in ignoring.lines:
            yield f"{path} is not ignored: {source} takes it out again"
