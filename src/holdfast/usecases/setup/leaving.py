"""`init --uninstall`: put back what was here; where it has been changed since, take out only what is ours."""

from __future__ import annotations

import os

from holdfast.adapters import files, git_file
from holdfast.adapters.files import ABSENT, State
from holdfast.adapters.git import Git, NotARepository, decode, encode, scrubbed
from holdfast.domain import agent_settings, takeover
from holdfast.domain.agents import AGENTS
from holdfast.domain.problem import Problem
from holdfast.domain.quoting import quoted
from holdfast.domain.value import TYPE_CHECKING
from holdfast.usecases import journal, workspace
from holdfast.usecases.setup import hook_files, hook_folder
from holdfast.usecases.setup import record as install_record
from holdfast.usecases.setup.proposal import (
    ATTRIBUTES,
    CONFIG,
    COPY,
    EXCLUDE,
    HOOK,
    INDEX,
    KEPT,
    LINES,
    SECTION,
    SETTINGS,
    TOP,
    ChangedError,
    Edit,
    Proposal,
    Site,
    Step,
    joined,
    refuse,
)
from holdfast.usecases.setup.record import Entry, Record

if TYPE_CHECKING:
    from collections.abc import Mapping


def propose_uninstall(top: str, environment: Mapping[str, str]) -> Proposal:
    """What uninstalling would do in the worktree around the folder `top`; nothing is changed.

    Files in the working tree are put back in this worktree; hooks and git's configuration are shared by all.
    Raises `GitError` or `OSError` when git or the disk cannot be read.
    """
    try:
        found = Git(top, scrubbed(environment)).locate()
    except NotARepository as error:
        message = f"{top} is in no git repository ({error}), so there is nothing to uninstall"
        return Proposal(blockers=(refuse("init-no-repository", "the repository", message, "cd into the repository"),))
    if found.top is None:
        message = f"{top} is not in a working tree, where Holdfast's files would be"
        return Proposal(blockers=(refuse("init-no-worktree", "the repository", message, "cd into a worktree of it"),))
    site, git = Site(found.top, found.common_dir), Git(found.top, scrubbed(environment))
    record = install_record.load(site)
    held = Record(entries=tuple(_without_record(git, site, environment))) if record is None else record
    blockers = _written_elsewhere(held, site)
    entries = [hook_files.moved(entry, site, held) for entry in held.entries]
    draft = joined([*(_restored(entry, site) for entry in entries), _section(git, site, held)])
    steps = [*draft.steps]
    if os.path.lexists(site.own):
        steps.append(Step("remove", site.own, f"remove {site.shown(site.own)}"))
    return draft._replace(
        steps=tuple(steps),
        blockers=tuple(blockers) if steps else (),
        notes=(*draft.notes, *(_no_record_notes(site) if record is None else ()), *_agent_notes(site)),
        site=site,
        git=git,
        folders=tuple(site.absolute(place) for place in held.folders),
    )


def uninstall(proposal: Proposal) -> tuple[Step, ...]:
    """Do what was proposed; the steps done. Killed in between, the next run does the rest.

    Raises `ChangedError` when a file is not as the proposal saw it, `ValueError` for a proposal with
    blockers, and what git or the disk raise.
    """
    if proposal.blockers:
        raise ValueError("a proposal with blockers cannot be done")
    if not proposal.steps:
        return ()
    assert proposal.git is not None
    for edit in proposal.edits:
        if not files.state(edit.path).same(edit.before):
            raise ChangedError(edit.path)
    git_file.clear(os.path.realpath(os.path.join(proposal.site.common, "config")))
    # At the beginning: with the folder of Holdfast's own state the journal goes too, and only a killed run leaves it.
    place = workspace.at(proposal.site.top, proposal.git.environment)
    journal.here(place, "uninstall", paths=proposal.paths)
    if proposal.drop_section:
        proposal.git.run("config", "--local", "--remove-section", SECTION)
    for edit in proposal.edits:
        if edit.kind != CONFIG:
            files.put(edit.path, edit.after)
        elif not git_file.replace(edit.path, edit.before, edit.after.content or b""):
            raise ChangedError(edit.path)
    files.remove_tree(proposal.site.own)  # with the record: until here a killed run can be taken up again
    for folder in sorted(proposal.folders, key=len, reverse=True):
        files.remove_if_empty(folder)
    return proposal.steps


def _restored(entry: Entry, site: Site) -> Proposal:
    """The way back for one file."""
    path = site.absolute(entry.place)
    try:
        now = files.state(path)
    except files.NotAFileError:
        return Proposal(notes=(f"{site.shown(path)} is no file any more: left as it is",))
    if entry.kind in (COPY, KEPT, CONFIG) or now.same(entry.before):
        # Copies go with their folder, a resting hook with the hook that replaced it.
        return _leftover(entry, site) if entry.kind == HOOK else Proposal()
    if entry.kind == HOOK:
        return hook_files.put_back(entry, site, path, now)
    if entry.exact and now.digest == entry.after:
        return _edit(entry.kind, site, path, now, entry.before)
    if not now.exists:
        return Proposal()
    if entry.kind == SETTINGS:
        return Proposal(
            notes=(f"{site.shown(path)} was changed since init and stays: remove it when you need it no more",)
        )
    return _our_parts(entry, site, path, now)


def _our_parts(entry: Entry, site: Site, path: str, now: State) -> Proposal:
    """Take our lines out of a file that its owner has changed."""
    if now.content is None:
        return Proposal(notes=(f"{site.shown(path)} is a symlink now: left as it is",))
    text = decode(now.content)
    if entry.kind == INDEX:
        left = takeover.without_markers(text)
    elif entry.kind in (ATTRIBUTES, EXCLUDE, LINES):
        left = takeover.without_lines(text, entry.lines)
    else:
        return Proposal()
    if left == text:
        return Proposal()
    gone = not left and not entry.before.exists
    return _edit(
        entry.kind,
        site,
        path,
        now,
        ABSENT if gone else State(encode(left), now.mode),
        "take our lines out of",
    )


def _leftover(entry: Entry, site: Site) -> Proposal:
    """A hook is back already and the copy of it still rests: a run was killed in between."""
    kept = hook_files.resting_at(site.absolute(entry.kept)) if entry.kept is not None else ""
    resting = files.state(kept) if kept else ABSENT
    if not resting.exists or not resting.same(entry.before):
        return Proposal()
    return _edit(KEPT, site, kept, resting, ABSENT)


def _edit(kind: str, site: Site, path: str, now: State, after: State, verb: str = "put back") -> Proposal:
    word = "remove" if not after.exists else verb
    how = ", as it was before init" if word == "put back" else ""
    step = Step("edit" if after.exists else "remove", path, f"{word} {site.shown(path)}{how}")
    return Proposal(steps=(step,), edits=(Edit(kind, path, now, after),))


def _section(git: Git, site: Site, record: Record) -> Proposal:
    """git's configuration: the same bytes as before if nobody changed it since, else without our section."""
    path = os.path.realpath(os.path.join(site.common, "config"))
    entry = record.entry(site.place(path))
    now = files.state(path)
    what = f"remove {SECTION} from {site.shown(path)}"
    step = Step("config", path, what)
    if entry is not None and entry.exact and entry.before.exists and now.digest == entry.after:
        edit = Edit(CONFIG, path, now, entry.before)
        return Proposal(steps=(step,), edits=(edit,))
    code, _, _ = git.attempt("config", "--local", "--get-regexp", r"^merge\.holdfast-plan-index\.")
    return Proposal(steps=(step,), drop_section=True) if code == 0 else Proposal()


def _without_record(git: Git, site: Site, environment: Mapping[str, str]) -> list[Entry]:
    """What can be told to be ours without a record: the hooks."""
    where = hook_folder.folder(git, site, environment)
    if isinstance(where, Problem):
        return []
    paths = [path for name in hook_files.ALL for path in hook_files.places(os.path.join(where.path, name))]
    return [hook_files.found(path, site) for path in paths if hook_files.is_ours(path)]


def _no_record_notes(site: Site) -> tuple[str, ...]:
    if not os.path.lexists(os.path.join(site.top, "holdfast.toml")):
        return ()
    return ("there is no record of an `init` here: holdfast.toml, .gitattributes and plan index files stay",)


def _agent_notes(site: Site) -> tuple[str, ...]:
    """Settings of agents are committed files that others share: they call nothing now, and are taken out by name."""
    texts = ((agent, decode(files.read(os.path.join(site.top, agent.path)) or b"")) for agent in AGENTS.values())
    return tuple(
        f"{agent.path} still calls Holdfast: `holdfast agents install --remove {agent.name}` takes that out"
        for agent, text in texts
        if agent_settings.ours(text, agent)
    )


def _written_elsewhere(record: Record, site: Site) -> list[Problem]:
    """Files that init wrote in another worktree and that are not here: this would forget them."""
    if record.worktree in ("", site.top) or not os.path.isdir(record.worktree):
        return []
    there = install_record.untouched(record, Site(record.worktree, site.common))
    left = [
        entry.place.path
        for entry in record.entries
        if entry.place.base == TOP and entry.after and entry.place in there and _as_before(entry, site)
    ]
    if not left:
        return []
    names = ", ".join(left)
    message = f"refused to uninstall here: init wrote {names} in the worktree {record.worktree}, not in this one"
    return [
        refuse(
            "init-other-worktree",
            record.worktree,
            message,
            f"holdfast -C {quoted(record.worktree)} init --uninstall",
        )
    ]


def _as_before(entry: Entry, site: Site) -> bool:
    return files.state(site.absolute(entry.place)).digest == entry.before.digest
