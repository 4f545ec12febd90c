"""What is not as it should be: hooks, plans, claims, worktrees, sessions, what was left; and the repairs that are safe."""

from __future__ import annotations

import os
import sys

from holdfast.domain.value import TYPE_CHECKING
from holdfast.entrypoints import face, render

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence
    from typing import Any

    from holdfast.domain.diagnosis import Diagnosis
    from holdfast.entrypoints.face import Face
    from holdfast.entrypoints.near import Near
    from holdfast.entrypoints.screen import Line
    from holdfast.usecases.doctor.repair import Repaired
    from holdfast.usecases.workspace import Workspace

EXAMPLE = """examples:
  holdfast doctor              what is wrong, why that matters, and what mends it
  holdfast doctor --fix        mend what is safe to mend; the rest needs a decision
  holdfast doctor --fix --dry-run

The git hooks are really called, in a throw-away repository. Exit 1 while anything of error level is left.
What one entry means: `holdfast explain CODE`."""


_BELOW = " " * len("   why:  ")


def arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of `doctor`."""
    parser.add_argument("--fix", action="store_true", help="mend what is safe to mend")
    parser.add_argument("--no-self-test", action="store_true", help="do not try the hooks in a throw-away repository")


def run(face_: Face, parsed: argparse.Namespace) -> int:
    """Examine, mend if that is asked for, and say what is left."""
    from holdfast.usecases import clock, workspace
    from holdfast.usecases.doctor.examine import examine
    from holdfast.usecases.doctor.repair import Repaired, repair

    place = workspace.at(face_.cwd, face_.environment)  # what was put off stays so: it is looked at
    tries = not parsed.no_self_test
    if parsed.fix and not face_.dry_run:
        done = repair(place, os.environ, clock.now(), tries)
    else:
        done = Repaired(tuple(examine(place, os.environ, clock.now(), tries)))
    if face_.json:
        _document(face_, place, done)
    else:
        _show(face_, place, done, parsed.fix)
    return face.DONE if healthy(done.diagnoses) and not done.failures else face.REFUSED


def healthy(found: Sequence[Diagnosis]) -> bool:
    """True where nothing of error level is left."""
    return all(one.fixed or one.problem.severity != "error" for one in found)


def _document(face_: Face, place: Workspace, done: Repaired) -> None:
    rows = [_fields(one, place.top) for one in done.diagnoses]
    failures = [face.problem_fields(one, place.top) for one in done.failures]
    face_.document("doctor", {"diagnoses": rows, "healthy": healthy(done.diagnoses), "failures": failures})


def _fields(one: Diagnosis, top: str) -> dict[str, Any]:
    from holdfast.domain.codes import BY_CODE

    consequence = BY_CODE[one.problem.code].consequence
    fields = {"consequence": consequence, "fixable": bool(one.repair), "fixed": one.fixed}
    return {**face.problem_fields(one.problem, top), **fields}


def _show(face_: Face, place: Workspace, done: Repaired, fixes: bool) -> None:
    from holdfast.entrypoints import paint
    from holdfast.entrypoints.near import around

    near = around(place, face_.cwd)
    lines = [line for one in done.diagnoses for line in _lines(one, near, face_.width)]
    paint.show(sys.stdout, lines, face_.environment)
    if done.failures:
        face_.refuse(done.failures)
    face_.say(_summary(done.diagnoses, fixes and not face_.dry_run))


def _lines(one: Diagnosis, near: Near, width: int | None) -> list[Line]:
    """What was mended in one line; what is left in three, as a refusal has them."""
    from holdfast.entrypoints.screen import BAD, CAREFUL, GOOD, Line

    problem = one.problem._replace(message=near.text(one.problem.message))
    if one.fixed:
        return [Line(f"fixed: {render.shown(problem.message)} [{problem.code}]", GOOD)]
    what, why, next_ = render.refusal(problem, problem.severity).split("\n")
    style = BAD if problem.severity == "error" else CAREFUL
    # What is to be typed stays in one piece, so that it can be copied.
    return [*(Line(text, style) for text in _folded(what, width)), *map(Line, _folded(why, width)), Line(next_)]


def _folded(line: str, width: int | None) -> list[str]:
    """A line that goes on below where the terminal ends, between words."""
    if width is None or len(line) <= width:
        return [line]
    import textwrap

    return textwrap.wrap(line, width, subsequent_indent=_BELOW, break_long_words=False, break_on_hyphens=False)


def _summary(found: Sequence[Diagnosis], fixes: bool) -> str:
    left = [one for one in found if not one.fixed]
    counts = [(sum(one.problem.severity == word for one in left), word) for word in ("error", "warning")]
    said = ", ".join(f"{count} {word}{'' if count == 1 else 's'}" for count, word in counts if count)
    fixed = sum(one.fixed for one in found)
    if not left:
        return "everything is as it should be" + (f": {fixed} mended" if fixed else "")
    fixable = sum(bool(one.repair) for one in left)
    more = f"; `holdfast doctor --fix` mends {fixable} of them" if fixable and not fixes else ""
    return f"{said} left{f', {fixed} mended' if fixed else ''}{more}"
