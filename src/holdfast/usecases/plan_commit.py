"""A commit that adds one plan to a base, with the plan index that belongs to it, made without any working tree."""

from __future__ import annotations

import os

from holdfast.adapters.git import REGULAR, decode, encode, failure
from holdfast.domain.plan_index import NoPlace
from holdfast.domain.plan_reader import parse
from holdfast.domain.plan_set import PlanSet, expected_file
from holdfast.domain.policy import COMMITTED
from holdfast.domain.summary import summarize
from holdfast.domain.value import TYPE_CHECKING

if TYPE_CHECKING:
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
    return next(one for one in plans.summaries if one.path == path)


def tree(place: Workspace, base: str, plans: PlanSet, path: str, content: bytes) -> str:
    """The id of base's tree with the plan and, where commits hold it, the plan index of `plans`."""
    files = {path: content}
    if plans.policy.mode == COMMITTED:
        for state in plans.folders:
            try:
                expected = expected_file(state, plans.policy)
            except NoPlace:
                continue
            if expected is not None and expected != state.index_file and state.index_file is not None:
                files[state.folder.index_path] = expected
    return _tree(place, base, files)


def _tree(place: Workspace, base: str, files: dict[str, bytes]) -> str:
    """A tree made in an index of its own, which is gone afterwards."""
    aside = os.path.join(place.repository.git_dir, f"holdfast-index-{os.getpid()}-{os.urandom(4).hex()}")
    environment = {"GIT_INDEX_FILE": aside}
    lines = "".join(f"{REGULAR[0]} {place.git.write_blob(content)}\t{path}\0" for path, content in files.items())
    try:
        for arguments, data in ((("read-tree", base), None), (("update-index", "-z", "--index-info"), encode(lines))):
            code, _, err = place.git.attempt(*arguments, data=data, env=environment)
            if code != 0:
                raise failure(err, f"git {arguments[0]} failed")
        code, out, err = place.git.attempt("write-tree", env=environment)
        if code != 0:
            raise failure(err, "git write-tree failed")
        return decode(out).strip()
    finally:
        for left in (aside, aside + ".lock"):
            if os.path.exists(left):
                os.unlink(left)
