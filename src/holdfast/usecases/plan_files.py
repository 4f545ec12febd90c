"""The file of one plan in a commit, found without reading all the others."""

from __future__ import annotations

from holdfast.adapters.git import decode, encode
from holdfast.domain.naming import slugify
from holdfast.domain.plan_reader import parse
from holdfast.domain.policy import RECORD
from holdfast.domain.value import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from collections.abc import Set as AbstractSet

    from holdfast.adapters.git import Entry
    from holdfast.domain.plan import Plan
    from holdfast.domain.policy import FolderPolicy
    from holdfast.domain.summary import Summary
    from holdfast.usecases.configured import Configured
    from holdfast.usecases.workspace import Workspace

_PHASES = "phases"
_MEMORY = "branches-phases"


class PlanFile(NamedTuple):
    """A plan's file in a commit: its path from the top, its entry in git's tree and the folder that it belongs to."""

    path: str
    entry: Entry
    folder: FolderPolicy


def find(place: Workspace, configured: Configured, treeish: str, number: int) -> list[PlanFile]:
    """The files with that number in the plan folders of a commit; several where the number was given twice."""
    return [one for one in _all(place, configured, treeish) if one.folder.number_of(one.path) == number]


def read(place: Workspace, one: PlanFile) -> Plan | None:
    """The plan in a file of a commit; None where no file can be read."""
    content = place.objects.content(one.entry.oid)
    number = one.folder.number_of(one.path)
    return parse(one.path, number, content, one.folder) if content is not None and number is not None else None


def summaries(place: Workspace, configured: Configured, found: Sequence[PlanFile]) -> list[Summary]:
    """What lists need of these files, read as the plans of a whole folder are, and remembered as those are."""
    observer = place.observer
    return [
        one
        for file in found
        for one in observer.summaries([file.entry._replace(path=file.path)], file.folder, configured)
    ]


def phases(place: Workspace, configured: Configured, treeish: str, number: int) -> tuple[str, ...]:
    """The phases that a plan declares in its header, as `**Phases:** parser, docs`: names as branches have them."""
    return phases_of(place, configured, treeish, {number})[number]


def phases_of(
    place: Workspace, configured: Configured, treeish: str, numbers: AbstractSet[int]
) -> dict[int, tuple[str, ...]]:
    """The phases that each of these plans declares; none where its number is nobody's, or several have it.

    The answer is remembered with the folders that it was read from: thousands of names take a while.
    """
    trees = (place.objects.id_of(f"{treeish}:{folder.path}") or "-" for folder in configured.policy.folders)
    stamp = " ".join((configured.digest, *trees, *map(str, sorted(numbers))))
    said, _, lines = decode(place.cache.read(_MEMORY) or b"").partition("\n")
    if said == stamp:
        rows = (line.partition(" ") for line in lines.splitlines())
        return {int(number): tuple(names.split(",")) if names else () for number, _, names in rows}
    found = _read_phases(place, configured, treeish, numbers)
    text = "\n".join((stamp, *(f"{number} {','.join(names)}" for number, names in found.items())))
    place.cache.write(_MEMORY, encode(text))
    return found


def _read_phases(
    place: Workspace, configured: Configured, treeish: str, numbers: AbstractSet[int]
) -> dict[int, tuple[str, ...]]:
    files: dict[int, list[PlanFile]] = {number: [] for number in numbers}
    for one in _all(place, configured, treeish):
        number = one.folder.number_of(one.path)
        if number in files:
            files[number].append(one)
    plans = {number: read(place, found[0]) for number, found in files.items() if len(found) == 1}
    return {number: declared(plan) if (plan := plans.get(number)) is not None else () for number in numbers}


def declared(plan: Plan) -> tuple[str, ...]:
    """The phases that a plan's header names, as slugs; none for a plan that is worked on as a whole."""
    field = plan.field(_PHASES)
    if field is None or field.empty:
        return ()
    return tuple(dict.fromkeys(slug for part in field.value.split(",") if (slug := slugify(part))))


def _all(place: Workspace, configured: Configured, treeish: str) -> Iterator[PlanFile]:
    for folder in configured.policy.folders:
        if folder.profile == RECORD:
            continue
        for sub in ("", folder.archive):
            below = "/".join(part for part in (folder.path, sub) if part)
            tree = place.objects.id_of(f"{treeish}:{below}") if below else place.objects.id_of(f"{treeish}^{{tree}}")
            for name, entry in place.objects.entries(tree).items() if tree is not None else ():
                yield PlanFile(f"{below}/{name}" if below else name, entry, folder)
