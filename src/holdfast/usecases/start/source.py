"""Where the plan that is to be taken stands: in the commit that work starts from, else in a file that is not there yet."""

from __future__ import annotations

import os

from holdfast.adapters import files
from holdfast.domain.plan_reader import parse
from holdfast.domain.policy import RECORD
from holdfast.domain.value import TYPE_CHECKING, NamedTuple
from holdfast.usecases import plan_commit, plan_files, plans

if TYPE_CHECKING:
    from collections.abc import Sequence

    from holdfast.domain.plan_set import PlanSet
    from holdfast.domain.policy import FolderPolicy
    from holdfast.domain.summary import Summary
    from holdfast.usecases.claim_refs import ClaimRefs
    from holdfast.usecases.claims import Claims
    from holdfast.usecases.configured import Configured
    from holdfast.usecases.start.outcome import Options
    from holdfast.usecases.workspace import Workspace


class NewPlan(NamedTuple):
    """A plan that stands nowhere yet: the path that it is to have, from the top, and its bytes."""

    path: str
    content: bytes


class Source(NamedTuple):
    """The plans that have the number, and the state of all plans around them.

    `new` are the bytes of a plan that the base does not have; `path` and `title` are those of the first one found.
    """

    found: Sequence[Summary]
    plans: PlanSet
    phases: tuple[str, ...] = ()
    new: bytes | None = None

    @property
    def path(self) -> str:
        """The plan's path from the top."""
        return self.found[0].path

    @property
    def title(self) -> str:
        """The plan's title."""
        return self.found[0].title

    @property
    def files(self) -> dict[str, bytes]:
        """The files that a commit of the new plan brings."""
        assert self.new is not None
        return plan_commit.files_of(self.plans, self.path, self.new)

    def moved(self, place: Workspace, refs: ClaimRefs) -> None:
        """Remove the caller's copy of a new plan, which is in the claim's branch now: it would be in the way of the merge.

        Only a file that git does not know here and that still holds exactly what was committed.
        """
        target = os.path.join(place.top, self.path)
        if self.new is None or files.read_regular(target) != self.new or place.git.staged([self.path]):
            return
        if place.objects.content(f"{refs.tip}:{self.path}") == self.new:
            files.put(target, files.ABSENT)

    def notes(self, options: Options) -> tuple[str, ...]:
        """What happened to the file of a new plan, for people."""
        if self.new is None:
            return ()
        if options.here:
            return (f"{self.path} is not on the main branch yet: commit it here",)
        return (f"{self.path} is on the claim's branch now",)


def find(place: Workspace, base: str, number: int, new: NewPlan | None = None) -> Source:
    """The plan with that number in the commit `base`, else the `new` one, else in the files where the caller stands."""
    observer = place.observer
    configured = observer.configurations.of_tree(base)
    there = observer.of_tree(base, configured)
    found = [
        one for state in there.folders if state.folder.profile != RECORD for one in state.summaries.numbered(number)
    ]
    if found:
        return Source(found, there, plan_files.phases(place, configured, base, number))
    folder = configured.policy.folder_of(new.path) if new is not None else None
    if new is not None and folder is not None:
        return _source(configured, there, folder, new.path, new.content)
    return next(iter(_here(place, configured, there, number)), Source((), there))


def ready(place: Workspace, base: str, claims: Claims | None) -> list[int]:
    """The plans of `base` that can be taken now, by priority and number: none of those that `claims` hold, if given."""
    observer = place.observer
    configured = observer.configurations.of_tree(base)
    there = observer.of_tree(base, configured)
    return [one.summary.number for one in plans.ready(place, there, claims.by_plan if claims is not None else ())]


def _here(place: Workspace, configured: Configured, there: PlanSet, number: int) -> list[Source]:
    return [
        _source(configured, there, folder, path, content)
        for folder in configured.policy.folders
        if folder.profile != RECORD
        for path in _paths(place, folder, number)
        if (content := files.read_regular(os.path.join(place.top, path))) is not None
    ]


def _paths(place: Workspace, folder: FolderPolicy, number: int) -> list[str]:
    names = files.names(os.path.join(place.top, folder.path))
    paths = [f"{folder.path}/{name}" if folder.path else name for name in names]
    return [path for path in paths if folder.number_of(path) == number]


def _source(configured: Configured, there: PlanSet, folder: FolderPolicy, path: str, content: bytes) -> Source:
    whole = plan_commit.with_plan(there, folder, configured, path, content)
    one = plan_commit.added_to(whole, path)
    return Source([one], whole, plan_files.declared(parse(path, one.number, content, folder)), content)
