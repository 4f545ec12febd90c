"""The step that keeps `make claim`, `make finish` and their like: the same names, and Holdfast behind them."""

from __future__ import annotations

import os
import shlex

from holdfast.adapters import files
from holdfast.adapters.files import State
from holdfast.adapters.git import decode, encode
from holdfast.domain import makefile
from holdfast.domain.older import LARGEST
from holdfast.domain.value import TYPE_CHECKING
from holdfast.usecases import journal
from holdfast.usecases.migration import adopted
from holdfast.usecases.migration.step import Line, Step, Writing, restore, unchanged, write
from holdfast.usecases.older import MAKEFILES
from holdfast.usecases.setup.lasting import package

if TYPE_CHECKING:
    from holdfast.domain.makefile import Rule
    from holdfast.usecases.workspace import Workspace

NAME = "holdfast.mk"
_OURS = b"# holdfast.mk: "


def propose(place: Workspace, ahead: bool) -> Step:
    """Offer `holdfast.mk` beside a Makefile that has such targets; what means something else there keeps its name."""
    if (waiting := adopted.waiting(place, ahead)) is not None:
        return waiting
    name = next((name for name in MAKEFILES if os.path.lexists(os.path.join(place.top, name))), None)
    content = files.read_regular(os.path.join(place.top, name), LARGEST) if name is not None else None
    if name is None or content is None:
        return Step()
    text = decode(content)
    there = files.state(os.path.join(place.top, NAME))
    if NAME in makefile.included(text) or not makefile.offers(text):
        return Step()
    if makefile.is_programmed(text):
        return Step(
            notes=(f"{name} makes rules as it runs: add the line `include {NAME}` where it fits, after `--only make`",)
        )
    if there.exists and not (there.content or b"").startswith(_OURS):
        return Step(notes=(f"{NAME} is not Holdfast's: {name} stays as it is",))
    return _offered(place, name, text, there)


def apply(place: Workspace, step: Step) -> None:
    """Write the files, that which is included first; `Changed` when one is not as it was seen."""
    write(place, step.work)
    journal.here(place, "migrate", step="make", paths=list(step.paths))


def _offered(place: Workspace, name: str, text: str, there: State) -> Step:
    held = name in unchanged(place, [name])
    gone = makefile.old(text) if held else []
    others = makefile.taken(text, gone) | _of_included(place, text)
    names = [one for one in makefile.NAMES if one not in others]
    ours = Writing(NAME, there, State(encode(_template(names))))
    before = files.state(os.path.join(place.top, name))
    after = State(encode(makefile.handed_over(text, gone, NAME)), before.mode)
    wanted = [ours, Writing(name, before, after)] if held else [ours]
    writings = tuple(one for one in wanted if not one.before.same(one.after))
    kept = [one for one in makefile.NAMES if one in others]
    lines = (
        [Line("create", f"write {NAME}: {', '.join(names) or 'no name of the Makefile'}")] if ours in writings else []
    )
    if held:
        lines.append(Line("edit", f"{_told(name, gone)}include {NAME} at the end of {name}"))
    undo = [f"rm -- {shlex.quote(os.path.join(place.top, NAME))}"] if not there.exists else []
    undo = [restore(name), *undo] if held else undo
    notes = [f"{name} says itself what `make {one}` does: Holdfast's is `make holdfast-{one}`" for one in kept]
    if not held:
        notes.append(
            f"{name} has edits that git does not hold, so it is left: add the line `include {NAME}` at its end"
        )
    return Step(tuple(lines), tuple(undo), tuple(notes), paths=tuple(one.path for one in writings), work=writings)


def _told(name: str, gone: list[Rule]) -> str:
    if not gone:
        return ""
    rules = ", ".join(f"{rule.targets[0]} (lines {rule.first + 1} to {rule.end})" for rule in gone)
    return f"make comments of the rules of {name} for {rules}, and "


def _of_included(place: Workspace, text: str) -> frozenset[str]:
    """The targets of files that the Makefile includes; all names where it cannot be told which files those are."""
    found: set[str] = set()
    for word in makefile.included(text):
        if any(sign in word for sign in "$*?["):
            return frozenset(makefile.NAMES)
        content = files.read_regular(os.path.join(place.top, word), LARGEST)
        found |= makefile.taken(decode(content or b""), ())
        found |= set(makefile.NAMES) if any(makefile.included(decode(content or b""))) else set()
    return frozenset(found)


def _template(names: list[str]) -> str:
    template = decode(files.read(os.path.join(package(), "templates", NAME)) or b"")
    return template.replace("@NAMES@", " ".join(names))
