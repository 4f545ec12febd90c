"""Approve a command that the configuration wants to run: exactly this text, in this clone."""

from __future__ import annotations

from holdfast.domain.value import TYPE_CHECKING
from holdfast.entrypoints import face, render

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from holdfast.entrypoints.face import Face

EXAMPLE = """examples:
  holdfast approve                      what is configured, and whether it is approved
  holdfast approve worktree.setup       shows the command and asks
  holdfast approve worktree.setup --yes"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """The argument of `approve`."""
    parser.add_argument("key", nargs="?", help="the configuration key of the command")


def run(face_: Face, parsed: argparse.Namespace) -> int:
    """Show commands, or approve one."""
    from holdfast.usecases import approvals

    place = face_.workspace()
    policy = place.configurations.of_worktree().policy
    found = {key: approvals.command(policy, key) for key in approvals.KEYS}
    if parsed.key is not None and parsed.key not in found:
        return face_.unknown(
            f"`holdfast approve {parsed.key}`",
            "no command is configured under that key",
            parsed.key,
            list(found),
            "approve",
        )
    if parsed.key is not None and found[parsed.key]:
        done = _approve(face_, parsed.key, found[parsed.key])
        if done != face.DONE:
            return done
        if not face_.dry_run:
            approvals.approve(place, parsed.key, found[parsed.key])
    rows = [(key, text, approvals.is_approved(place, key, text)) for key, text in found.items() if text]
    if face_.json:
        fields = [{"key": key, "command": text, "approved": approved} for key, text, approved in rows]
        face_.document("approve", {"commands": fields})
    elif rows:
        words = {True: "approved", False: "not approved"}
        face_.data(render.lines(face_.columns([(key, words[approved], text) for key, text, approved in rows])))
    else:
        face_.say("no command is configured")
    return face.DONE


def _approve(face_: Face, key: str, text: str) -> int:
    if face_.yes or face_.dry_run:
        return face.DONE
    if not face_.interactive:
        face_.complain(
            f"`holdfast approve {key}`",
            f"nobody is there to read it: {text}",
            f"run `holdfast approve {key} --yes` when you have",
        )
        return face.REFUSED
    if may_run(face_, key, text):
        return face.DONE
    face_.say("not approved")
    return face.REFUSED


def asking(face_: Face) -> Callable[[str, str], bool] | None:
    """How a person at the terminal is asked about the command of a key, or None where nobody is."""
    return (lambda key, text: may_run(face_, key, text)) if face_.interactive and not face_.json else None


def may_run(face_: Face, key: str, text: str) -> bool:
    """Ask the person at the terminal, who sees the command with everything spelled out that could hide some of it."""
    return face_.ask(f"{key} is:\n\n    {render.shown(text)}\n\nMay Holdfast run it in this clone?")
