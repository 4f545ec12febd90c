"""What a problem's code, an exit code or a failure mode means: what, why, what happens otherwise, how to mend it."""

from __future__ import annotations

import os

from holdfast.domain.value import TYPE_CHECKING
from holdfast.entrypoints import face, render

if TYPE_CHECKING:
    import argparse

    from holdfast.domain.exit_codes import Exit
    from holdfast.domain.recovery import Failure
    from holdfast.domain.rules.catalogue import Rule
    from holdfast.entrypoints.face import Face

EXAMPLE = """examples:
  holdfast explain evidence-missing
  holdfast explain 4
  holdfast explain case-finish-killed  step by step: what happened, not what was refused
  holdfast explain               all codes, a line each"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """The argument of `explain`."""
    parser.add_argument(
        "code",
        nargs="?",
        help="a code as in square brackets behind a message, an exit code, or an anchor of docs/RECOVERY.md",
    )


def run(face_: Face, parsed: argparse.Namespace) -> int:
    """Print what is known of one code, exit code or failure mode, or all codes."""
    from holdfast.domain import codes, exit_codes, recovery

    code = parsed.code
    if code is None:
        _all(face_)
    elif code in exit_codes.BY_CODE:
        _exit(face_, exit_codes.BY_CODE[code])
    elif code in recovery.BY_ANCHOR:
        _failure(face_, recovery.BY_ANCHOR[code])
    elif code in codes.BY_CODE:
        _rule(face_, codes.BY_CODE[code])
    else:
        known = [*codes.BY_CODE, *exit_codes.BY_CODE, *recovery.BY_ANCHOR]
        return face_.unknown(f"`holdfast explain {code}`", "there is no such code", code, known, "explain")
    return face.DONE


def _all(face_: Face) -> None:
    from holdfast.domain.codes import ALL

    if face_.json:
        face_.document("explain", {"codes": [rule._asdict() for rule in ALL]})
        return
    width = max(len(rule.code) for rule in ALL)
    face_.data(render.lines(f"{rule.code:<{width}}  {rule.severity:<7}  {rule.title}" for rule in ALL))


def _exit(face_: Face, one: Exit) -> None:
    if face_.json:
        face_.document("explain", {**one._asdict(), "page": _address(face_, one.anchor)})
    else:
        text = f"exit {one.code}: {one.title}\n\n{one.consequence}\n\nWhat to do: {one.remedy}"
        face_.data(text + _more(face_, one.anchor))


def _failure(face_: Face, failure: Failure) -> None:
    if face_.json:
        fields = failure._asdict()
        face_.document("explain", {"code": fields.pop("anchor"), **fields, "page": _address(face_, failure.anchor)})
        return
    steps = render.lines(f"{at}. {step}" for at, step in enumerate(failure.steps, 1))
    text = (
        f"{failure.title}\n\nWhat it looks like: {failure.looks}\n\nWhat happened: {failure.happened}\n\n"
        f"What to do:\n{steps}"
    )
    face_.data(text + _more(face_, failure.anchor))


def _rule(face_: Face, rule: Rule) -> None:
    if face_.json:
        face_.document("explain", {**rule._asdict(), "page": _address(face_, rule.code)})
        return
    from holdfast.domain.recovery import of_code

    mend = f"\n`holdfast check --mend` {rule.mend}." if rule.mend else ""
    seen = render.lines(f"Step by step: `holdfast explain {one.anchor}` ({one.title})" for one in of_code(rule.code))
    text = (
        f"{rule.code} ({rule.severity})\n\n{rule.title}\n\nWhat happens otherwise: {rule.consequence}\n\n"
        f"How to mend it: {rule.remedy}{mend}\n\nWho: {rule.who}"
    )
    face_.data(text + ("\n\n" + seen if seen else "") + _more(face_, rule.code))


def _more(face_: Face, anchor: str) -> str:
    """Where the recovery page says it, for text: from the current folder."""
    page = face_.recovery_page()
    return f"\n\nMore: {render.shown(page)}#{anchor}" if page else ""


def _address(face_: Face, anchor: str) -> str | None:
    """Where the recovery page says it, for JSON: absolute, as all paths there."""
    page = face_.recovery_page()
    return f"{os.path.normpath(os.path.join(face_.cwd, page))}#{anchor}" if page else None
