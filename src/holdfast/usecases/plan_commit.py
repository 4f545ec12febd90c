"""A commit that adds one plan to a base, with the plan index that belongs to it, made without any working tree."""

from __future__ import annotations

from holdfast.adapters.git import REGULAR, Entry, decode, encode
from holdfast.adapters.objects import TREE
from holdfast.domain.plan_index import NoPlace
from holdfast.domain.plan_reader import parse
from holdfast.domain.plan_set import PlanSet, expected_file
from holdfast.domain.policy import COMMITTED
from holdfast.domain.summary import summarize
from holdfast.domain.value import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from holdfast.domain.policy import FolderPolicy
    from holdfast.domain.summary import Summary
    from holdfast.usecases.configured import Configured
    from holdfast.usecases.workspace import Workspace

_KINDS = {TREE: "tree", "160000": "commit"}


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
    return next(one for one in plans.summaries if one.path == path)


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
    tree = place.objects.id_of(f"{base}^{{tree}}")
    for path, content in files.items():
        tree = _put(place, tree, path.split("/"), place.git.write_blob(content))
    assert tree is not None
    return tree


def _put(place: Workspace, tree: str | None, path: Sequence[str], blob: str) -> str:
    """The id of a tree that holds the blob at the path."""
    name, *below = path
    entries = dict(place.objects.entries(tree)) if tree is not None else {}
    if below:
        there = entries.get(name)
        folder = there.oid if there is not None and there.mode == TREE else None
        entries[name] = Entry(TREE, _put(place, folder, below, blob), name)
    else:
        before = entries.get(name)
        entries[name] = Entry(before.mode if before is not None and before.mode in REGULAR else REGULAR[0], blob, name)
    lines = (f"{one.mode} {_KINDS.get(one.mode, 'blob')} {one.oid}\t{one.path}\0" for one in entries.values())
    return decode(place.git.run("mktree", "-z", "--missing", data=encode("".join(lines)))).strip()
