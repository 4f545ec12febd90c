"""What a problem's code or an exit code means: what, why, what happens otherwise, how to mend it."""

from __future__ import annotations

from holdfast.domain.value import TYPE_CHECKING
from holdfast.entrypoints import face, render

if TYPE_CHECKING:
    import argparse

    from holdfast.entrypoints.face import Face

EXAMPLE = """examples:
  holdfast explain evidence-missing
  holdfast explain 4
  holdfast explain               all codes, a line each"""

EXITS = {
    "0": ("done, or nothing to do", "There is no problem of error level.", "Go on."),
    "1": ("refused, or problems", "Nothing was changed.", "Do what the `next:` lines say, and run the command again."),
    "2": ("the command line is wrong", "Nothing was done.", "Run the command with `--help`."),
    "3": ("a bug in Holdfast", "A report was written; the message says where.", "Send the report; nothing was half done."),
    "4": ("lost a race", "Someone else got it first.", "Try another; it is safe to run the command again."),
    "5": ("could not reach the remote or write to `.git`", "Nothing was changed (no network, a sandbox, a read-only folder).",
          "Run it again where the remote and `.git` can be reached."),
    "130": ("interrupted", "Nothing is half done that the next run does not finish.", "Run the command again."),
}  # fmt: skip


def arguments(parser: argparse.ArgumentParser) -> None:
    """The argument of `explain`."""
    parser.add_argument("code", nargs="?", help="a code as in square brackets behind a message, or an exit code")


def run(face_: Face, parsed: argparse.Namespace) -> int:
    """Print what is known of one code, or all codes."""
    from holdfast.domain.codes import ALL, BY_CODE

    if parsed.code is None:
        if face_.json:
            face_.document("explain", {"codes": [rule._asdict() for rule in ALL]})
        else:
            width = max(len(rule.code) for rule in ALL)
            face_.data(render.lines(f"{rule.code:<{width}}  {rule.severity:<7}  {rule.title}" for rule in ALL))
        return face.DONE
    if parsed.code in EXITS:
        title, consequence, remedy = EXITS[parsed.code]
        if face_.json:
            face_.document(
                "explain", {"code": parsed.code, "title": title, "consequence": consequence, "remedy": remedy}
            )
        else:
            face_.data(f"exit {parsed.code}: {title}\n\n{consequence}\n\nWhat to do: {remedy}")
        return face.DONE
    rule = BY_CODE.get(parsed.code)
    if rule is None:
        known = [*BY_CODE, *EXITS]
        return face_.unknown(
            f"`holdfast explain {parsed.code}`", "there is no such code", parsed.code, known, "explain"
        )
    if face_.json:
        face_.document("explain", rule._asdict())
        return face.DONE
    mend = f"\n`holdfast check --mend` {rule.mend}." if rule.mend else ""
    face_.data(
        f"{rule.code} ({rule.severity})\n\n{rule.title}\n\nWhat happens otherwise: {rule.consequence}\n\n"
        f"How to mend it: {rule.remedy}{mend}\n\nWho: {rule.who}"
    )
    return face.DONE
