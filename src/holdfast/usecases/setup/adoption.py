"""What adopting a repository writes into its working tree: configuration, markers, attributes."""

from __future__ import annotations

import json
import os
import tomllib

from holdfast.adapters import files
from holdfast.adapters.files import State
from holdfast.adapters.git import decode, encode
from holdfast.domain import configuration, policy, takeover
from holdfast.domain.value import TYPE_CHECKING
from holdfast.usecases.setup import detect, lefthook
from holdfast.usecases.setup.proposal import ATTRIBUTES, INDEX, SETTINGS, Edit, Proposal, Site, Step, joined, refuse

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from holdfast.adapters.git import Git
    from holdfast.domain.problem import Problem
    from holdfast.usecases.setup.detect import Folder, Remote

_HEADINGS = {policy.RECORD: "Records"}
_DEFAULTS = {policy.RECORD: "docs/adr"}
_WHY = {
    policy.COMMITTED: "Each commit holds the plan index of exactly its plans",
    policy.MAIN: "The plan index is written on the main branch only, because hosts ignore merge drivers",
    policy.COMPUTED: "The plan index is never in git: `holdfast index` shows it",
}


def adopted(git: Git, top: str) -> str:
    """The file in the working tree or in HEAD that configures Holdfast here, or empty."""
    for name in policy.FILES:
        if _configures(name, files.read(os.path.join(top, name))):
            return name
    for name in policy.FILES:
        code, out, _ = git.attempt("cat-file", "blob", f"HEAD:{name}")
        if code == 0 and _configures(name, out):
            return f"{name} in HEAD"
    return ""


def propose(git: Git, site: Site, chosen: tuple[str, ...], profiles: frozenset[str], mode: str | None) -> Proposal:
    """The files to write: for the folders `chosen`, else for those found that have one of `profiles`."""
    if mode is not None and mode not in policy.MODES:
        return Proposal(blockers=(_no_mode(mode),))
    paths = detect.tracked_paths(git)
    normal = [_normal(path) for path in chosen]
    blockers = [problem for path in normal for problem in _no_folder(site, path)]
    if blockers:
        return Proposal(blockers=tuple(blockers))
    folders, found = _folders(site.top, normal, paths, profiles)
    remote = detect.remote(git)
    kept = mode or (policy.MAIN if remote is not None and remote.host else policy.COMMITTED)
    main = detect.main_branch(git, remote)
    settings = _settings(site, folders, kept, main, _reason(mode, remote))
    if settings.blockers or kept == policy.COMPUTED:
        indexes: list[Proposal] = []
    else:
        indexes = [*(_index(site, folder) for folder in folders), _attributes(site, folders)]
    notes = detect.helpers(site.top)
    if not found and not chosen:
        notes.insert(
            0,
            f"no plans at the usual places: {folders[0].path} is proposed; name others with --folder",
        )
    return joined([settings, *indexes, lefthook.propose(site), Proposal(notes=tuple(notes))])


def _configures(name: str, content: bytes | None) -> bool:
    if content is None or name == policy.FILE:
        return content is not None
    try:
        data = tomllib.loads(decode(content))
    except ValueError:
        return b"[tool.holdfast" in content
    tool = data.get("tool")
    return isinstance(tool, dict) and "holdfast" in tool


def _folders(top: str, chosen: list[str], paths: list[str], profiles: frozenset[str]) -> tuple[list[Folder], bool]:
    """The plan folders, and whether any of them holds a plan already."""
    if chosen:
        folders = [detect.chosen_folder(top, path, paths) for path in dict.fromkeys(chosen)]
    else:
        folders = [folder for folder in detect.usual_folders(top, paths) if folder.profile in profiles]
    if folders:
        return folders, any(folder.plans for folder in folders)
    place = "docs/plans" if policy.PLAN in profiles else _DEFAULTS[policy.RECORD]
    return [detect.chosen_folder(top, place, paths)], False


def _settings(site: Site, folders: Sequence[Folder], mode: str, main: str, why: str) -> Proposal:
    text = settings_text(folders, mode, main)
    problems = _wrong(text)
    if problems:
        return Proposal(blockers=tuple(problems))
    path = os.path.join(site.top, policy.FILE)
    now, after = files.state(path), State(encode(text))
    plans = ", ".join(_told(folder, mode) for folder in folders)
    what = f'write {policy.FILE}: main branch {main}; {plans}; index mode "{mode}" ({why})'
    steps = () if now.same(after) else (Step("create", path, what),)
    return Proposal(steps=steps, edits=(Edit(SETTINGS, path, now, after),))


def settings_text(folders: Sequence[Folder], mode: str, main: str) -> str:
    """The configuration file for what was found: what differs from the defaults, what a team should see."""
    lines = [
        "# Holdfast: how this repository keeps its plans. All keys are optional: see `holdfast config`.",
        f"main_branch = {_quoted(main)}",
        "",
        "[index]",
        f"# {_WHY[mode]}",
        f"mode = {_quoted(mode)}",
        "# Pinned, so that two versions of Holdfast in one team write the same bytes.",
        f"format = {policy.FORMAT}",
    ]
    for folder in folders:
        lines += ["", "[[plans]]", f"path = {_quoted(folder.path or '.')}"]
        if folder.profile != policy.PLAN:
            lines.append(f"profile = {_quoted(folder.profile)}")
        if mode != policy.COMPUTED:
            lines.append(f"index = {_quoted(folder.index_file.name)}")
    return "\n".join(lines) + "\n"


def _index(site: Site, folder: Folder) -> Proposal:
    """The markers in a folder's plan index file. A file that has them is recorded too: it will change."""
    place = folder.index_file
    name = os.path.join(folder.path, place.name)
    path = os.path.join(site.top, name)
    now = files.state(path)
    text = decode(now.content or b"")
    heading = _HEADINGS.get(folder.profile, "Plans")
    if place.how == detect.LEAVE:
        return Proposal(edits=(Edit(INDEX, path, now, now, ours=takeover.marked(text)),))
    if place.table is not None:
        after, kind, what = takeover.enclosed(text, place.table), "edit", _taking(name, place.table.rows)
    elif place.how == detect.APPEND:
        after, kind, what = (
            takeover.appended(text, heading),
            "edit",
            f"add the plan index at the end of {name}",
        )
    else:
        after, kind, what = takeover.created(heading), "create", f"create {name} with the plan index"
    more = f"{place.others} more {'look' if place.others > 1 else 'looks'}"
    notes = (f"beside the table in {name}, {more} like a plan index: left alone",) if place.others else ()
    return Proposal(
        (Step(kind, path, what),), (), notes, edits=(Edit(INDEX, path, now, State(encode(after), now.mode)),)
    )


def _taking(name: str, rows: int) -> str:
    plans = f"{rows} plan{'s' if rows != 1 else ''}"
    return f"put markers around the table of {plans} in {name}: from now on its rows are computed"


def _attributes(site: Site, folders: Sequence[Folder]) -> Proposal:
    path = os.path.join(site.top, ".gitattributes")
    now = files.state(path)
    if now.link is not None:
        message = "refused to add the merge driver to .gitattributes: it is a symlink, and git does not read those"
        return Proposal(
            blockers=(
                refuse(
                    "init-attributes",
                    ".gitattributes",
                    message,
                    'cp --remove-destination "$(readlink -f .gitattributes)" .gitattributes',
                ),
            )
        )
    lines = [takeover.attribute_line(os.path.join(folder.path, folder.index_file.name)) for folder in folders]
    text = decode(now.content or b"")
    after = takeover.with_lines(text, lines)
    if after == text:
        return Proposal()
    added = [line for line in lines if takeover.with_lines(text, [line]) != text]
    step = Step("edit" if now.exists else "create", path, "add the merge driver of the plan index to .gitattributes")
    edit = Edit(
        ATTRIBUTES,
        path,
        now,
        State(encode(after), now.mode),
        ours=len(added) < len(lines),
        lines=tuple(lines),
    )
    return Proposal(steps=(step,), edits=(edit,))


def _normal(path: str) -> str:
    plain = os.path.normpath(path.strip())
    return "" if plain == "." else plain


def _no_folder(site: Site, path: str) -> list[Problem]:
    """Why a folder that the user named cannot hold plans."""
    full = os.path.join(site.top, path)
    if os.path.isabs(path) or path.split("/")[0] == ".." or ".git" in path.split("/"):
        why = "it is no folder inside the repository"
    elif not _printable(path):
        why = "its name holds a control character or is not UTF-8"
    elif os.path.lexists(full) and not os.path.isdir(full):
        why = "it is no folder"
    elif os.path.realpath(full) != os.path.join(os.path.realpath(site.top), path).rstrip("/"):
        why = "a symlink leads to it, and git does not follow those"
    else:
        return []
    message = f"refused to keep plans in {path!r}: {why}"
    return [refuse("init-folder", path, message, "holdfast init --folder docs/plans")]


def _printable(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return all(ord(character) >= 32 and ord(character) != 127 for character in path)


def _no_mode(mode: str) -> Problem:
    known = ", ".join(policy.MODES)
    return refuse(
        "init-mode",
        mode,
        f"there is no index mode {mode!r}, only {known}",
        f"holdfast init --mode {policy.COMMITTED}",
    )


def _wrong(text: str) -> list[Problem]:
    """What is wrong with the configuration that init would write: it must read back without a problem."""
    try:
        data: dict[str, Any] = tomllib.loads(text)
    except ValueError as error:
        return [
            refuse(
                "init-settings",
                policy.FILE,
                f"refused to write {policy.FILE}: {error}",
                "holdfast init --folder docs/plans",
            )
        ]
    return configuration.from_mapping(data, policy.FILE)[1]


def _reason(mode: str | None, remote: Remote | None) -> str:
    if mode is not None:
        return "as asked"
    if remote is None:
        return "there is no remote"
    if not remote.host:
        return f"{remote.name} is a folder on this machine"
    return f"{remote.name} is at {remote.host}: pull requests that each add a plan would conflict otherwise"


def _told(folder: Folder, mode: str) -> str:
    count = f"{len(folder.plans)} plan{'s' if len(folder.plans) != 1 else ''}"
    profile = "" if folder.profile == policy.PLAN else f", profile {folder.profile}"
    index = "" if mode == policy.COMPUTED else f", plan index in {os.path.join(folder.path, folder.index_file.name)}"
    return f"plan folder {folder.path or '.'} ({count}{profile}){index}"


def _quoted(text: str) -> str:
    """A basic string of TOML (v1.0.0): JSON's escapes are a part of its own."""
    return json.dumps(text, ensure_ascii=False)
