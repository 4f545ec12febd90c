"""The step that ends other writers: older scripts point to Holdfast, and a hook that wrote the plan index is set aside."""

from __future__ import annotations

import os
import shlex

from holdfast.adapters import files
from holdfast.adapters.files import State
from holdfast.adapters.git import decode, encode
from holdfast.domain import older, shim
from holdfast.domain.migrate_codes import left
from holdfast.domain.older import CI, CONFIG, HOOK, SCRIPT
from holdfast.domain.quoting import quoted
from holdfast.domain.value import TYPE_CHECKING, NamedTuple
from holdfast.usecases import journal
from holdfast.usecases import older as found_here
from holdfast.usecases.migration import adopted
from holdfast.usecases.migration.step import Line, Step, Writing, restore, unchanged, write
from holdfast.usecases.setup import hook_files
from holdfast.usecases.setup.lasting import package

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from holdfast.domain.older import Older
    from holdfast.domain.problem import Problem
    from holdfast.usecases.workspace import Workspace


class Setting(NamedTuple):
    """A hook that is to be set aside: where it rests behind ours, as absolute path; `ours` is the hook that runs it."""

    kept: str
    ours: str

    @property
    def aside(self) -> str:
        """Where it goes."""
        return self.kept + hook_files.ASIDE


class Work(NamedTuple):
    """What the step does."""

    pointings: tuple[Writing, ...]
    settings: tuple[Setting, ...]


def propose(place: Workspace, ahead: bool) -> Step:
    """The scripts to point to Holdfast, the hooks to set aside, and what only its owner can change."""
    if (waiting := adopted.waiting(place, ahead)) is not None:
        return waiting
    every = found_here.found(place)
    scripts = [one for one in every if one.kind == SCRIPT]
    held = unchanged(place, [one.path for one in scripts])
    pointings = tuple(made for one in scripts if one.path in held and (made := _pointing(place, one)) is not None)
    pointed = tuple(one.path for one in pointings)
    hooks = dict.fromkeys(one.path for one in every if one.kind == HOOK and (one.active or _half_aside(place, one)))
    settings = tuple(one for path in hooks if (one := _setting(place, path, ahead)) is not None)
    set_aside = {one.kept for one in settings}
    by_hand = [one for one in every if one.path not in pointed and os.path.join(place.top, one.path) not in set_aside]
    by_hand = [one for one in by_hand if one.kind in (SCRIPT, CONFIG, HOOK, CI)]
    return Step(
        tuple(_lines(place, pointings, settings, every)),
        (*(restore(one.path) for one in pointings), *(_undo(one) for one in settings)),
        tuple(_notes(place, settings)),
        tuple(_by_hand(one, one.path in held) for one in by_hand),
        pointed,
        Work(pointings, settings),
    )


def apply(place: Workspace, step: Step) -> None:
    """Do it; `Changed` when a file is not as it was seen. Killed in between, the next run does the rest."""
    work: Work = step.work
    write(place, work.pointings)
    for setting in work.settings:
        _set_aside(setting)
    aside = [os.path.relpath(one.kept, place.top) for one in work.settings]
    journal.here(place, "migrate", step="scripts", paths=[*step.paths, *aside])


def _pointing(place: Workspace, one: Older) -> Writing | None:
    """How a script comes to point to Holdfast; None for a language in which no shim is known."""
    before = files.state(os.path.join(place.top, one.path))
    text = decode(before.content or b"")
    language = older.language(one.path, text)
    if before.content is None or language is None or not shim.can_name(one.path):
        return None
    template = decode(files.read(os.path.join(package(), "templates", "shims", language)) or b"")
    return Writing(
        one.path, before, State(encode(shim.text(template, language, one.path, one.role, text)), before.mode)
    )


def _setting(place: Workspace, path: str, ahead: bool) -> Setting | None:
    """How a hook is set aside that ours runs, or is going to; None for a hook in a worktree: that is its owner's file."""
    kept = os.path.join(place.top, path)
    folder, name = os.path.split(kept)
    where = found_here.folder_of_hooks(place)
    if where is None or where.worktree or os.path.realpath(folder) != where.path:
        return None
    hook, mark, _ = name.partition(hook_files.BEFORE)
    if mark or (ahead and hook in hook_files.HOOKS):
        return Setting(kept, os.path.join(folder, hook))
    return None


def _half_aside(place: Workspace, one: Older) -> bool:
    """True for a hook that rests where it did and where it was going: a run was killed in between."""
    path = os.path.join(place.top, one.path)
    return hook_files.BEFORE in one.path and files.state(path + hook_files.ASIDE).same(files.state(path))


def _set_aside(setting: Setting) -> None:
    """The copy first, then ours runs it no more, then it goes: stopped anywhere, each hook that is named is there."""
    files.put(setting.aside, files.state(setting.kept), durable=True)
    ours = files.state(setting.ours)
    content = decode(ours.content or b"").replace(f"chain={quoted(setting.kept)}\n", "chain=''\n")
    files.put(setting.ours, State(encode(content), ours.mode), durable=True)
    files.put(setting.kept, files.ABSENT)


# In words


def _lines(
    place: Workspace, pointings: Iterable[Writing], settings: Iterable[Setting], every: Iterable[Older]
) -> Iterator[Line]:
    known = {one.path: one for one in every}
    for one in pointings:
        script = known[one.path]
        starters = f" (started by {', '.join(script.starters)})" if script.starters else ""
        told = shim.REPLACED[script.role].told
        yield Line("edit", f"{one.path} {script.what}{starters}: replace it by a few lines that say: {told}")
    for setting in settings:
        path = os.path.relpath(setting.kept, place.top)
        script = known[path] if path in known else known[setting.kept]
        yield Line("hook", f"set {path} aside, which {script.what} (line {script.line}): it runs no more")


def _notes(place: Workspace, settings: Iterable[Setting]) -> Iterator[str]:
    for setting in settings:
        path = os.path.relpath(setting.aside, place.top)
        yield f"what {path} does beside that does not run either: bring it into a hook of its own where you need it"


def _undo(setting: Setting) -> str:
    return f"mv -- {shlex.quote(setting.aside)} {shlex.quote(setting.kept)} && holdfast init --local --yes"


def _by_hand(one: Older, held: bool) -> Problem:
    """What is left: two writers, or a script that goes round what Holdfast looks at."""
    code = "older-writer" if one.writes else "older-script"
    where = f"line {one.line} of {one.path}"
    if one.kind in (CONFIG, CI):
        what = "hook" if one.kind == CONFIG else "step"
        return left(code, one.path, f"{where} starts what {one.what}", f"remove the {what} at {where}", one.line)
    if one.kind == HOOK:
        return left(code, one.path, f"the hook {one.path} {one.what}", f"take {where} out", one.line)
    message = f"{one.path} {one.what}"
    if held:
        return left(code, one.path, message, f"remove it, or let it run: {shim.REPLACED[one.role].told}")
    return left(
        code, one.path, message + ", and has edits that git does not hold",
        f"commit or drop them (`git diff -- {shlex.quote(one.path)}`), then run `holdfast migrate`",
    )  # fmt: skip
