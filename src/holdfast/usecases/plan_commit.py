"""A commit that adds one plan to a base, with the plan index that belongs to it, made without any working tree."""

from __future__ import annotations

from holdfast.adapters.git import REGULAR, Entry
from holdfast.adapters.objects import TREE
from holdfast.domain.plan_index import NoPlace
from holdfast.domain.plan_reader import parse
from holdfast.domain.plan_set import PlanSet, expected_file
from holdfast.domain.policy import COMMITTED
from holdfast.domain.summary import summarize
from holdfast.domain.value import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from holdfast.domain.policy import FolderPolicy
    from holdfast.domain.summary import Summary
    from holdfast.usecases.configured import Configured
    from holdfast.usecases.workspace import Workspace


def with_plan(plans: PlanSet, folder: FolderPolicy, configured: Configured, path: str, content: bytes) -> PlanSet:
    """A state of plans and one more, or one that is changed."""
    number = folder.number_of(path)
    assert number is not None
    added = summarize(parse(path, number, content, folder), "added", folder, configured.policy)
    states = tuple(
        state._replace(summaries=state.summaries.changed([(path, number)], [added]))
        if state.folder.path == folder.path
        else state
        for state in plans.folders
    )
    return PlanSet(plans.policy, states)


def added_to(plans: PlanSet, path: str) -> Summary:
    """The plan at a path, as `with_plan` read it."""
    folder = plans.policy.folder_of(path)
    number = folder.number_of(path) if folder is not None else None
    assert number is not None
    return next(one for one in plans.find(number) if one.path == path)


def files_of(plans: PlanSet, path: str, content: bytes) -> dict[str, bytes]:
    """The files that a commit of the plan brings: the plan and, where commits hold it, the plan index of `plans`."""
    files = {path: content}
    if plans.policy.mode == COMMITTED:
        for state in plans.folders:
            try:
                expected = expected_file(state, plans.policy)
            except NoPlace:
                continue
            if expected is not None and expected != state.index_file and state.index_file is not None:
                files[state.folder.index_path] = expected
    return files


def tree(place: Workspace, base: str, files: Mapping[str, bytes]) -> str:
    """The id of base's tree with these files in it, folder by folder: no index file that a killed process would leave behind."""
    blobs = {tuple(path.split("/")): place.git.write_blob(content) for path, content in files.items()}
    return _with(place, place.objects.id_of(f"{base}^{{tree}}"), blobs)


def _with(place: Workspace, tree: str | None, blobs: Mapping[tuple[str, ...], str]) -> str:
    """The id of a tree that holds the blobs at their paths, and all else that it held."""
    entries = dict(place.objects.entries(tree)) if tree is not None else {}
    below: dict[str, dict[tuple[str, ...], str]] = {}
    for (name, *rest), blob in blobs.items():
        before = entries.get(name)
        if rest:
            below.setdefault(name, {})[tuple(rest)] = blob
        else:
            mode = before.mode if before is not None and before.mode in REGULAR else REGULAR[0]
            entries[name] = Entry(mode, blob, name)
    for name, inner in below.items():
        there = entries.get(name)
        folder = there.oid if there is not None and there.mode == TREE else None
        entries[name] = Entry(TREE, _with(place, folder, inner), name)
    return place.git.store_tree(entries.values())
