"""The step that takes hand-kept claims files out of git: claims are branches."""

from __future__ import annotations

import shlex

from holdfast.adapters.git import decode, encode
from holdfast.domain import claims_file
from holdfast.domain.claims_file import PATHS
from holdfast.domain.value import TYPE_CHECKING, NamedTuple
from holdfast.usecases import claims_files, ignore_file, journal
from holdfast.usecases.migration import fates
from holdfast.usecases.migration.step import Changed, Line, Step

if TYPE_CHECKING:
    from collections.abc import Iterator

    from holdfast.adapters.git import Entry
    from holdfast.usecases.claims_files import Standing
    from holdfast.usecases.ignore_file import Ignoring
    from holdfast.usecases.migration.fates import Found
    from holdfast.usecases.workspace import Workspace


class Work(NamedTuple):
    """The claims files, the entries that leave git's index, and what `.gitignore` gets; None where they stay as they are."""

    files: tuple[Found, ...]
    removed: tuple[Entry, ...] = ()
    ignoring: Ignoring | None = None


def propose(place: Workspace, _ahead: bool) -> Step:
    """What becomes of every entry of every claims file, and how the files of this worktree leave git."""
    stands = claims_files.standing(place)
    files = fates.of(place, stands)
    problems = tuple(problem for one in stands for problem in one.reading.problems)
    if problems:
        return Step(problems=problems, work=Work(files))
    removed = tuple(entry for one in stands if one.spot.here for entry in one.tracked)
    kept = dict.fromkeys(one.spot.relative for one in stands)
    try:
        ignoring = ignore_file.propose(place, kept, PATHS)
    except ignore_file.NotRegular:
        message = f"{ignore_file.NAME} is no regular file, and the claims files could not be ignored"
        remedy = f"put a regular file at {ignore_file.NAME}, then run `holdfast migrate`"
        refused = claims_file.refuse("claims-file-ignore", ignore_file.NAME, 1, ignore_file.NAME, message, remedy)
        return Step(problems=(refused,), work=Work(files))
    changes = [
        (Line("index", f"take {entry.path} out of git's index; the file stays where it is"), _undo(place, entry))
        for entry in removed
    ]
    if ignoring.lines or ignoring.stages:
        changes.append(_ignored(place, ignoring))
    return Step(
        tuple(line for line, _ in changes),
        tuple(undo for _, undo in changes),
        (*_elsewhere(stands), *_unignored(place, kept, ignoring)),
        work=Work(files, removed, ignoring),
    )


def apply(place: Workspace, step: Step) -> None:
    """Take them out of git's index, and let git ignore them; `Changed` when something changed since.

    The line of `.gitignore` comes first: a run that is killed in between leaves the file in git, and the next one goes
    on from there. git's index then changes at once.
    """
    if propose(place, False) != step:
        raise Changed("something changed since the steps were shown")
    work: Work = step.work
    ignoring = work.ignoring
    records = [f"0 {'0' * len(entry.oid)}\t{entry.path}\0" for entry in work.removed]
    if ignoring is not None:
        ignore_file.write(place, ignoring)
    if ignoring is not None and ignoring.stages:
        mode = ignoring.staged.mode if ignoring.staged is not None else "100644"
        records.append(f"{mode} {ignore_file.blob(place)}\t{ignore_file.NAME}\0")
    if records:
        place.git.run("update-index", "-z", "--index-info", data=encode("".join(records)))
        place.git.refresh([ignore_file.NAME])
    changed = [ignore_file.NAME] if ignoring is not None and (ignoring.lines or ignoring.stages) else []
    journal.here(place, "migrate", step="claims", paths=[*(entry.path for entry in work.removed), *changed])


def _undo(place: Workspace, entry: Entry) -> str:
    """The command that puts an entry of git's index back: from HEAD where it is the same there."""
    if place.git.resolve("HEAD") is not None and place.git.tree("HEAD", [entry.path]) == [entry]:
        return f"git restore --staged {shlex.quote(':/' + entry.path)}"
    return f"git update-index --add --cacheinfo {entry.mode},{entry.oid},{shlex.quote(entry.path)}"


def _ignored(place: Workspace, ignoring: Ignoring) -> tuple[Line, str]:
    """The change of `.gitignore`, and the command that takes it back."""
    lines = " and ".join(ignoring.lines)
    if not ignoring.stages:
        what = f"add {lines} to .gitignore; it has unstaged edits, so it is not staged: stage it yourself"
        return Line("edit", what), f"remove {lines} from .gitignore"
    what = f"add {lines} to .gitignore, and stage it" if lines else "stage the lines that are in .gitignore already"
    if ignoring.staged is None:
        return Line("edit", what), "git rm --force :/.gitignore"
    back = _undo(place, ignoring.staged)
    if back.startswith("git restore"):
        return Line("edit", what), "git restore --staged --worktree :/.gitignore"
    return Line("edit", what), f"{back} && git restore :/.gitignore"


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
