"""A run of a CI service: what a change adds is checked, and the plan index of its branch put right by a commit of its own.

Nothing of the repository is run. The branch moves by one push that states what it expects to find; whoever pushed
meanwhile stays, and the commit is made anew on top of that.
"""

from __future__ import annotations

import os

from holdfast.adapters import files
from holdfast.adapters.git import Git
from holdfast.adapters.refs import HEADS, REMOTES
from holdfast.adapters.remote import Lease, Unreachable
from holdfast.domain import ci
from holdfast.domain.blockers import blocker
from holdfast.domain.policy import COMMITTED, MAIN
from holdfast.domain.problem import WARNING
from holdfast.domain.value import TYPE_CHECKING, NamedTuple
from holdfast.usecases import check, contact, index_commit, index_file, journal, surroundings
from holdfast.usecases.check import Checked
from holdfast.usecases.contact import How
from holdfast.usecases.finish.making import signed

if TYPE_CHECKING:
    from holdfast.adapters.remote import Remote
    from holdfast.domain.ci import Run
    from holdfast.domain.problem import Problem
    from holdfast.usecases.configured import Configured
    from holdfast.usecases.surroundings import Ground
    from holdfast.usecases.workspace import Workspace

_TRIES = 3
_DIFFERS = "index-differs"
_WHOLE = 600
"""Seconds for the rest of the history of a shallow clone."""


class Fixed(NamedTuple):
    """What came of putting the plan index right: the commit that did it (None where it was right), its paths, or why not."""

    branch: str
    commit: str | None = None
    paths: tuple[str, ...] = ()
    problem: Problem | None = None


class Outcome(NamedTuple):
    """What a run found: the problems, the commit that they are compared with (None: all are told), and what was mended."""

    found: Checked
    since: str | None
    fixed: Fixed | None
    notes: tuple[str, ...] = ()


def check_and_fix(
    place: Workspace, run: Run, since: str | None = None, fix: bool = False, dry_run: bool = False
) -> Outcome:
    """Check HEAD, or what it adds to `since` or to the commit that the service names; with `fix` mend the plan index first.

    A shallow clone is completed: without history nobody knows what a change adds. With `dry_run` nothing is changed. Raises
    `Unreachable` where the remote does not answer, `check.UnknownRevision` for a `since` that git does not know.
    """
    ground = surroundings.of(place)
    remote = _remote(place, ground)
    notes = _completed(place, remote, dry_run)
    base = since or _base(place, run, remote)
    fixed = None
    if fix:
        hindered = _hindered(run, remote, dry_run)
        fixed = _fix(place, run, remote, ground) if not hindered and remote is not None else None
        gone = f"{run.branch} is not on the remote any more"
        notes += () if fixed is not None else (f"{hindered or gone}: the plan index is checked, not mended",)
    found = check.revision(place, "HEAD", base, None if run.request else run.branch)
    return Outcome(_after(found, fixed), base, fixed, notes)


def _remote(place: Workspace, ground: Ground) -> Remote | None:
    """The remote that this clone was made from: `origin`, whatever a branch configures; None without any."""
    name = "origin" if "remote.origin.url" in ground.settings else ground.remote
    return contact.remote_for(place, ground, name) if name is not None else None


def write_report(place: Workspace, path: str, text: str) -> str:
    """Write a report in one step; why it cannot be written, empty for done. No symlink of a branch is written through."""
    folder, top = os.path.dirname(path), os.path.realpath(place.top)
    if f"{folder}/".startswith(f"{place.top}/") and os.path.commonpath((os.path.realpath(folder), top)) != top:
        return f"{folder} leads out of the repository"
    if not os.path.isdir(folder) or os.path.isdir(path):
        return "there is no such folder" if not os.path.isdir(folder) else "a folder stands there"
    try:
        files.put(path, files.State(text.encode("utf-8", "replace")))
    except OSError as error:
        return str(error.strerror)
    return ""


def _hindered(run: Run, remote: Remote | None, dry_run: bool) -> str:
    """Why nothing can be mended here; empty where it can."""
    if run.branch is None:
        return "this run is about no branch"
    if remote is None:
        return "there is no remote"
    return "--dry-run" if dry_run else ""


def _completed(place: Workspace, remote: Remote | None, dry_run: bool) -> tuple[str, ...]:
    if remote is None or place.git.text("rev-parse", "--is-shallow-repository") != "true":
        return ()
    if dry_run:
        return ("this clone is shallow, and is left so: what is older cannot be told from what is new",)
    remote._replace(timeout=_WHOLE).complete()
    return (
        "this clone was shallow: the rest of its history is here now (`fetch-depth: 0`, GIT_DEPTH: 0 save the second fetch)",
    )


def _base(place: Workspace, run: Run, remote: Remote | None) -> str | None:
    """The commit to compare with; None where everything is to be told."""
    if place.git.resolve("HEAD") is None:
        raise check.UnknownRevision("there is no commit here yet")
    parents = place.git.text("rev-parse", "HEAD^@").split()
    if run.request and len(parents) == 2 and parents[1] == run.head:
        return parents[0]  # GitHub and GitLab check the merge of a request: main may have gone on since the event
    if run.base is not None and _here(place, run.base, remote):
        return run.base
    if run.into is None or remote is None:
        return None
    there = contact.ask(remote)
    tip = there.heads().get(run.into)
    return tip if tip is not None and _here(place, tip, remote) else None


def _here(place: Workspace, commit: str, remote: Remote | None) -> bool:
    """Whether a commit is in this clone, once it was asked for; a force push can leave it nowhere."""
    if place.git.resolve(commit) is None and remote is not None:
        try:
            remote.fetch([commit])
        except Unreachable:
            return False
    return place.git.resolve(commit) is not None


def _fix(place: Workspace, run: Run, remote: Remote, ground: Ground) -> Fixed | None:
    """Put the plan index of the run's branch right, on top of whatever is there now; None where that branch is gone."""
    assert run.branch is not None
    git = _somebody(place, run, ground)
    if run.foreign:
        head = place.git.resolve(run.head or "HEAD")
        return Fixed(run.branch, problem=_not_ours(place, run.branch, head) if head is not None else None)
    for _ in range(_TRIES):
        there, _ = contact.bring(place, contact.ask(remote), lambda name: name == run.branch, ground.refs)
        tip = there.heads().get(run.branch)
        if tip is None:
            return None
        made = _made(place, tip, run.branch, ground, git)
        if made is None:
            return Fixed(run.branch)
        lease = Lease(HEADS + run.branch, made.commit, tip)
        outcome = contact.change(there, [lease], How(atomic=False, hooks=False))
        if outcome.result == contact.WON:
            place.git.attempt("update-ref", f"{REMOTES}{remote.name}/{run.branch}", made.commit)
            journal.note(place, "ci-index", branch=run.branch, before=tip, after=made.commit, paths=list(made.paths))
            return Fixed(run.branch, made.commit, made.paths)
        if outcome.result == contact.DECLINED:
            return Fixed(run.branch, problem=_declined(run, remote.name, outcome.words))
        if outcome.result != contact.LOST:
            raise Unreachable(f"{remote.name}: {outcome.words}")
    return Fixed(run.branch, problem=_declined(run, remote.name, "others pushed each time"))


def _made(place: Workspace, tip: str, branch: str, ground: Ground, git: Git) -> index_commit.Made | None:
    configured = place.configurations.of_tree(tip)
    if configured.errors or not _holds(configured, branch):
        return None  # what is wrong with a configuration is told by the check
    return index_commit.on(place, tip, configured, signed(ground.settings), git)


def _holds(configured: Configured, branch: str) -> bool:
    """Whether commits on that branch hold the plan index."""
    mode = configured.policy.mode
    return mode == COMMITTED or (mode == MAIN and branch == configured.policy.main_branch)


def _somebody(place: Workspace, run: Run, ground: Ground) -> Git:
    """git with a name for commits: a CI machine mostly has none."""
    if "user.email" in ground.settings or "GIT_COMMITTER_EMAIL" in place.environment:
        return place.git
    name, address = ci.identity(run.service, place.environment)
    return Git(
        place.top,
        {
            **place.environment, "GIT_AUTHOR_NAME": name, "GIT_AUTHOR_EMAIL": address,
            "GIT_COMMITTER_NAME": name, "GIT_COMMITTER_EMAIL": address,
        },
    )  # fmt: skip


def _not_ours(place: Workspace, branch: str, head: str) -> Problem | None:
    configured = place.configurations.of_tree(head)
    if configured.errors or not _holds(configured, branch):
        return None
    wrong = [due.state.folder.index_path for due in index_file.wrong(place.observer.of_tree(head, configured))]
    if not wrong:
        return None
    message = f"{branch} is in another repository, and its plan index is not as its plans make it: {', '.join(wrong)}"
    return blocker("ci-not-ours", branch, message)


def _declined(run: Run, name: str, words: str) -> Problem:
    """On a request a warning: the run on the branch that it is merged into puts the plan index right."""
    assert run.branch is not None
    problem = blocker("ci-push-declined", run.branch, f"{name} did not take the plan index of {run.branch}: {words}")
    return problem._replace(severity=WARNING) if run.request else problem


def _after(found: Checked, fixed: Fixed | None) -> Checked:
    """What is left to tell once the plan index was seen to: it is nobody's to mend by hand."""
    if fixed is None:
        return found
    kept = [one for one in found.problems if one.code != _DIFFERS]
    return found._replace(problems=(*kept, *([fixed.problem] if fixed.problem is not None else [])))
