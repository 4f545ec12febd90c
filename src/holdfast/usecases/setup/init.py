"""`init`: adopt a repository, or add the local parts to a clone of an adopted one."""

from __future__ import annotations

import contextlib
import os
import sys

from holdfast.adapters import files, git_file
from holdfast.adapters.cache import Cache
from holdfast.adapters.files import State
from holdfast.adapters.git import Git, NotARepository, scrubbed
from holdfast.adapters.objects import Objects
from holdfast.domain import git_version, policy
from holdfast.domain.problem import HUMAN, Problem, Unable
from holdfast.domain.quoting import quoted
from holdfast.domain.value import TYPE_CHECKING, NamedTuple
from holdfast.usecases import claims, clock, guard, journal, surroundings, workspace
from holdfast.usecases.configured import Configurations
from holdfast.usecases.setup import adoption, hook_files, hook_folder, lasting, lefthook, managers
from holdfast.usecases.setup import record as install_record
from holdfast.usecases.setup.proposal import (
    CONFIG,
    COPY,
    EXCLUDE,
    HOOK,
    KEPT,
    SECTION,
    SETTINGS,
    ChangedError,
    Edit,
    Proposal,
    Site,
    Step,
    joined,
    refuse,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from holdfast.usecases.setup.lasting import Runtime
    from holdfast.usecases.setup.record import Record

_DRIVER_NAME = "holdfast: merge the plan index by field"
_IN_GIT = frozenset({CONFIG, COPY, EXCLUDE, HOOK, KEPT})


class Options(NamedTuple):
    """What the caller asks for.

    `local`: only the parts outside the working tree. `hooks`: write git hooks. `folders`: the plan folders,
    from the top, instead of those found. `records_only`, `plans_only`: adopt only folders of profile
    `record`, or only the others. `mode`: how the plan index is kept. `python`: the interpreter of the hooks.
    """

    local: bool = False
    hooks: bool = True
    folders: tuple[str, ...] = ()
    records_only: bool = False
    plans_only: bool = False
    mode: str | None = None
    python: str | None = None


def propose(
    top: str,
    environment: Mapping[str, str],
    options: Options = Options(),  # noqa: B008 - a frozen value
    interpreter: str = sys.executable,
    templates: Mapping[str, str] | None = None,
) -> Proposal:
    """What `init` would do in the worktree around the folder `top`; nothing is changed.

    `interpreter` runs the hooks unless `options.python` names another; `templates` are the hooks' texts by
    name, the package's own without it. Raises `GitError` or `OSError` when git or the disk cannot be read.
    """
    site = _site(Git(top, scrubbed(environment)))
    if isinstance(site, Problem):
        return Proposal(blockers=(site,))
    git = Git(site.top, scrubbed(environment))
    record = install_record.load(site)
    runtime = lasting.runtime(options.python or interpreter, environment)
    drafts = [Proposal(blockers=(*lasting.blockers(runtime, site.top, environment), *_unsafe(runtime)))]
    known = adoption.adopted(git, site.top)
    adopts = not options.local and (not known or _interrupted(record, site))
    try:
        if adopts:
            drafts.append(adoption.propose(git, site, options.folders, _profiles(options), options.mode))
        elif known and not options.local:
            drafts.append(
                Proposal(notes=(f"adopted already ({known}): only what lies outside the working tree is set up",))
            )
        drafts.append(_merge_driver(git, site, runtime))
        if options.hooks:
            drafts.append(_hooks(git, site, environment, runtime, record, templates, adopts))
    except files.NotAFileError as error:
        drafts.append(Proposal(blockers=(_no_file(str(error.args[0])),)))
    whole = joined(drafts)._replace(site=site, git=git, adopts=adopts)
    return _closed(whole, record)


def apply(proposal: Proposal, after: Callable[[], None] | None = None) -> tuple[Step, ...]:
    """Do what was proposed; all of it or, after an error, none of it. The steps done.

    `after` is called once the configuration and the markers of the plan index are written, when the proposal
    adopts the repository: the place to compute the plan index. Raises `ChangedError` when a file is not as
    the proposal saw it, `ValueError` for a proposal with blockers, and what `after`, git or the disk raise. A
    run that is killed is completed by the next one.
    """
    if proposal.blockers:
        raise ValueError("a proposal with blockers cannot be done")
    if not proposal.steps:
        return ()
    for edit in proposal.edits:
        if not files.state(edit.path).same(edit.before):
            raise ChangedError(edit.path)
    git_file.clear(os.path.realpath(os.path.join(proposal.site.common, "config")))
    proposal = _with_config(proposal)
    site, former = proposal.site, install_record.load(proposal.site)
    record = install_record.with_edits(former or install_record.Record(), site, proposal.edits, _new_folders(proposal))
    install_record.save(site, record)  # before anything else: a run that is killed must know what was there
    try:
        _do(proposal, record, after)
    except BaseException:
        _undo(proposal, former)
        raise
    _note(proposal)
    _guard(proposal)
    return proposal.steps


def _guard(proposal: Proposal) -> None:
    """Let the guard know what there is, where its hook came; forget that, where it went."""
    if not any(os.path.basename(edit.path) == hook_files.GUARD for edit in proposal.edits):
        return
    assert proposal.git is not None
    place = workspace.at(proposal.site.top, proposal.git.environment)
    with contextlib.suppress(Unable):
        ground = surroundings.of(place)
        claims.guard_anew(place, ground, clock.now())
        if not ground.policy.guard.refs:
            guard.forget(proposal.site.common)


def _note(proposal: Proposal) -> None:
    assert proposal.git is not None
    place = workspace.at(proposal.site.top, proposal.git.environment)
    journal.here(place, "init", adopts=proposal.adopts, paths=proposal.paths)


def _with_config(proposal: Proposal) -> Proposal:
    """The proposal with the bytes that git's configuration will hold: git writes them into a copy."""
    if not proposal.settings:
        return proposal
    assert proposal.git is not None
    copy = os.path.join(proposal.site.own, "config.new")
    edits = list(proposal.edits)
    at = next(at for at, edit in enumerate(edits) if edit.kind == CONFIG)
    try:
        files.put(copy, State(edits[at].before.content or b"", 0o600))
        for key, value in proposal.settings:
            proposal.git.run("config", "--file", copy, "--replace-all", key, value)
        edits[at] = edits[at]._replace(after=State(files.read(copy), edits[at].before.mode))
    finally:
        files.put(copy, files.ABSENT)
        files.remove_if_empty(proposal.site.own)
    return proposal._replace(edits=tuple(edits))


def _do(proposal: Proposal, record: Record, after: Callable[[], None] | None) -> None:
    for edit in _in_order(proposal):
        if edit.kind != CONFIG:
            files.put(edit.path, edit.after)
        elif not git_file.replace(edit.path, edit.before, edit.after.content or b""):
            raise ChangedError(edit.path)
    clean = install_record.untouched(record, proposal.site)
    if after is not None and proposal.adopts:
        after()
    install_record.save(proposal.site, install_record.completed(record, proposal.site, clean))


def _undo(proposal: Proposal, former: Record | None) -> None:
    """Put everything back; what cannot be put back is still in the record, for the next run."""
    with contextlib.suppress(OSError, Unable):
        for edit in reversed(_in_order(proposal)):
            if files.state(edit.path).same(edit.before):
                continue
            if edit.kind == CONFIG:
                git_file.replace(edit.path, edit.after, edit.before.content or b"")
            else:
                files.put(edit.path, edit.before)
        if former is not None:
            install_record.save(proposal.site, former)
        else:
            install_record.forget(proposal.site)
        for folder in reversed(proposal.folders):
            files.remove_if_empty(folder)


def _in_order(proposal: Proposal) -> list[Edit]:
    """The git folder first, where a sandbox may refuse; the configuration last: it means adopted."""
    writes = [edit for edit in proposal.edits if not edit.before.same(edit.after)]
    return sorted(writes, key=lambda edit: (edit.kind not in _IN_GIT, edit.kind == SETTINGS))


def _closed(whole: Proposal, record: Record | None) -> Proposal:
    """The proposal with what only shows when all of it is known."""
    if whole.blockers:
        return whole
    if not whole.steps and record is not None and not record.complete:
        return whole._replace(steps=(Step("config", whole.site.own, "complete the `init` that was interrupted"),))
    if not whole.steps:
        return whole._replace(edits=())
    whole = whole._replace(
        folders=tuple(dict.fromkeys(f for edit in whole.edits for f in files.absent_folders(edit.path)))
    )
    return whole._replace(blockers=tuple(_not_writable(whole)))


def _new_folders(proposal: Proposal) -> list[str]:
    """Folders to remove again one day; Holdfast's own folder goes as a whole."""
    own = proposal.site.own
    return [folder for folder in proposal.folders if folder != own and not folder.startswith(own + "/")]


def _site(git: Git) -> Site | Problem:
    """Where we are, or why Holdfast cannot work here."""
    try:
        version = git.text("--version")
        numbers = git_version.parse(version)
        if numbers < git_version.OLDEST:
            wanted = ".".join(map(str, git_version.OLDEST))
            message = f"this is {version}, and Holdfast needs git {wanted} or later"
            return refuse("init-git-version", "git", message, "install a newer git, then `holdfast init`")
        found = git.locate()
    except NotARepository as error:
        return _no_repository(git.cwd, str(error))
    if not _one_line(found.common_dir + (found.top or "")):
        return _control_character("the repository", found.top or found.common_dir)
    if found.top is None:
        message = f"{git.cwd} is a bare repository or a git folder, and plans live in a working tree"
        remedy = "git worktree add ../work && holdfast -C ../work init"
        return refuse("init-no-worktree", "the repository", message, remedy)
    return Site(found.top, found.common_dir)


def _no_repository(folder: str, said: str) -> Problem:
    if "safe.directory" in said:
        message = f"git does not open the repository at {folder}, because it belongs to another user"
        return refuse("init-no-repository", "the repository", message, f"{said.strip()} && holdfast init", HUMAN)
    message = f"{folder} is in no git repository ({said}), and Holdfast keeps everything in one"
    return refuse("init-no-repository", "the repository", message, "run `git init && holdfast init`")


def _profiles(options: Options) -> frozenset[str]:
    wanted = set(policy.PROFILES)
    if options.records_only:
        wanted &= {policy.RECORD}
    if options.plans_only:
        wanted -= {policy.RECORD}
    return frozenset(wanted)


def _interrupted(record: Record | None, site: Site) -> bool:
    """True when an earlier run wrote the configuration and then did not get to its end."""
    if record is None or record.complete:
        return False
    clean = install_record.untouched(record, site)
    return any(entry.kind == SETTINGS and entry.place in clean for entry in record.entries)


def _unsafe(runtime: Runtime) -> list[Problem]:
    """Paths that no line of a hook or of git's configuration can hold."""
    paths = (("the Python", runtime.python), ("Holdfast", runtime.entry))
    return [_control_character(what, path) for what, path in paths if not _one_line(path)]


def _one_line(path: str) -> bool:
    return all(ord(character) >= 32 and ord(character) != 127 for character in path)


def _control_character(what: str, path: str) -> Problem:
    message = f"refused to write hooks: the path of {what}, {path!r}, holds a control character"
    return refuse("init-unsafe-path", what, message, "rename that folder, then `holdfast init`")


def _merge_driver(git: Git, site: Site, runtime: Runtime) -> Proposal:
    """git's configuration of the merge driver, where it is not so already."""
    words = f"{quoted(runtime.python)} -I -S {quoted(runtime.entry)}"
    # git replaces %O and its like in the command (gitattributes(5)): a percent sign is written twice.
    driver = words.replace("%", "%%") + " merge-driver %O %A %B %P"
    wanted = ((f"{SECTION}.name", _DRIVER_NAME), (f"{SECTION}.driver", driver))
    now = [git.config(key, "--local") for key, _ in wanted]
    missing = tuple(pair for pair, value in zip(wanted, now, strict=True) if value != pair[1])
    if not missing:
        return Proposal()
    path = os.path.realpath(os.path.join(site.common, "config"))
    edit = Edit(CONFIG, path, files.state(path), files.ABSENT, ours=any(now))
    step = Step("config", path, f"set {SECTION} in {site.shown(path)}: the driver that merges the plan index by field")
    return Proposal(steps=(step,), edits=(edit,), settings=missing)


def _hooks(
    git: Git,
    site: Site,
    environment: Mapping[str, str],
    runtime: Runtime,
    record: Record | None,
    templates: Mapping[str, str] | None,
    adopts: bool,
) -> Proposal:
    where = hook_folder.folder(git, site, environment)
    if isinstance(where, Problem):
        return Proposal(blockers=(where,))
    texts = hook_files.templates() if templates is None else templates
    wanted = hook_files.ALL if _guarded(site, git, where) else hook_files.HOOKS
    known = Proposal(notes=(*managers.notes(site.top, where.path), *lefthook.notes(site.top, adopts)))
    hooks = hook_files.propose(site, where, runtime, record, {name: texts[name] for name in wanted if name in texts})
    return joined([known, hooks])


def _guarded(site: Site, git: Git, where: hook_folder.Folder) -> bool:
    """Whether the guard is wanted; where the configuration is not what its author meant it stays as it is."""
    nothing = Cache(os.devnull)  # a proposal writes nothing, nor does what it reads
    there = Configurations(site.top, Objects(git), nothing)
    configured = there.of_worktree()
    if configured.policy.origin is None:  # it may be missing in the working tree alone
        configured = there.of_tree("HEAD")
    if configured.errors:
        return hook_files.is_ours(os.path.join(where.path, hook_files.GUARD))
    return configured.policy.guard.refs


def _no_file(path: str) -> Problem:
    message = f"refused to write {path}: a folder or a device stands there"
    return refuse("init-no-file", path, message, f"mv {quoted(path)} {quoted(path + '.old')}")


def _not_writable(whole: Proposal) -> list[Problem]:
    """What a sandbox, a read-only disk or another owner keeps from us; found before anything is changed."""
    paths = [edit.path for edit in whole.edits if edit.kind == CONFIG or not edit.before.same(edit.after)]
    paths.append(os.path.join(whole.site.own, install_record.NAME))
    refused = sorted({os.path.dirname(path) for path in paths if not files.writable_above(path)})
    return [
        refuse(
            "init-read-only",
            folder,
            f"init would write in {folder}, and this process may not (a sandbox, a read-only disk or another owner)",
            "run `holdfast init` from a shell that may write there",
            HUMAN,
        )
        for folder in refused
    ]
