"""Let coding agents call Holdfast: where they are is known, and what would harm others' work is refused, with the safe way."""

from __future__ import annotations

import argparse

from holdfast.domain.value import TYPE_CHECKING
from holdfast.entrypoints import face, render

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from holdfast.entrypoints.face import Face
    from holdfast.usecases.agents.check import Checked
    from holdfast.usecases.agents.install import Proposal, Step

EXAMPLE = """examples:
  holdfast agents install claude codex gemini
  holdfast agents install cursor copilot opencode
  holdfast agents install --remove codex
  holdfast agents check          really calls each hook: does it answer?

It merges into .claude/settings.json, .codex/hooks.json, .gemini/settings.json, .cursor/hooks.json and
.github/hooks/holdfast.json, and writes .opencode/plugins/holdfast.js: commit them.
Other agents tell with `holdfast session` that they are at work."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """The subcommands of `agents`."""
    from holdfast.entrypoints.cli import SHAPE, add_common

    verbs = parser.add_subparsers(dest="verb", required=True, metavar="install|check")
    install = verbs.add_parser(
        "install", help="let agents call Holdfast", epilog="example: holdfast agents install claude codex", **SHAPE
    )
    install.add_argument("names", nargs="+", metavar="NAME", help="claude, codex, gemini, cursor, copilot or opencode")
    install.add_argument("--remove", action="store_true", help="take it out of their settings again")
    install.add_argument("--python", metavar="PATH", help="the Python that the hook starts")
    check = verbs.add_parser(
        "check", help="see that each hook is registered and answers", epilog="example: holdfast agents check", **SHAPE
    )
    check.add_argument("names", nargs="*", metavar="NAME", help="an agent (else those that are registered here)")
    add_common(install)
    add_common(check)


def run(face_: Face, parsed: argparse.Namespace) -> int:
    """Install, remove or check."""
    import difflib

    from holdfast.domain.agents import AGENTS

    for name in parsed.names:
        if name not in AGENTS:
            what = f"`holdfast agents {parsed.verb} {name}`"
            why = f"hooks are known of {', '.join(AGENTS)}; other agents run `holdfast session start`"
            near = next(iter(difflib.get_close_matches(name, AGENTS, n=1)), "")
            face_.complain(
                what, why, f"run `holdfast agents {parsed.verb} {near}`" if near else "run `holdfast agents --help`"
            )
            return face.USAGE
    names = list(dict.fromkeys(parsed.names))
    return _check(face_, names) if parsed.verb == "check" else _install(face_, names, parsed)


def _install(face_: Face, names: Sequence[str], parsed: argparse.Namespace) -> int:
    import sys

    from holdfast.usecases.agents import install

    place = face_.workspace()
    if parsed.remove:
        proposal = install.propose_remove(place, names)
    else:
        proposal = install.propose_install(place, names, face_.environment, parsed.python or sys.executable)
    done: tuple[Step, ...] = () if face_.dry_run else install.apply(proposal)
    if face_.json:
        _document(face_, proposal, bool(done))
    elif proposal.blockers:
        face_.refuse(proposal.blockers)
    else:
        _show(face_, proposal, parsed.remove)
    if not proposal.blockers:
        return face.DONE
    unwritable = all(one.code == "agents-read-only" for one in proposal.blockers)
    return face.UNREACHABLE if unwritable else face.REFUSED


def _document(face_: Face, proposal: Proposal, done: bool) -> None:
    steps = [{"kind": one.kind, "path": one.path, "what": one.what} for one in proposal.steps]
    blockers = [face.problem_fields(one, proposal.place.top) for one in proposal.blockers]
    face_.document(
        "agents.install", {"steps": steps, "done": done, "blockers": blockers, "notes": list(proposal.notes)}
    )


def _show(face_: Face, proposal: Proposal, removes: bool) -> None:
    for step in proposal.steps:
        face_.say(f"  {step.kind:<7} {render.shown(step.what)}")
    for note in proposal.notes:
        face_.say(f"  note    {render.shown(note)}")
    if not proposal.steps:
        face_.say("nothing to do: " + ("none of them calls Holdfast here" if removes else "they call Holdfast already"))
    elif not face_.dry_run and not removes:
        face_.say("commit the settings files, so that every clone and worktree has them; then `holdfast agents check`")


def _check(face_: Face, names: Sequence[str]) -> int:
    from holdfast.usecases.agents import check

    place = face_.workspace()
    found = check.check(place, names, face_.environment)
    problems = list(dict.fromkeys(one for checked in found for one in checked.problems))
    if not found:
        problems.append(check.none_registered())
    if face_.json:
        every = [face.problem_fields(one, place.top) for one in problems]
        face_.document("agents.check", {"agents": [_fields(one, place.top) for one in found], "problems": every})
    else:
        for one in found:
            state = "registered, and answers" if one.answers else "does not do its work"
            face_.data(f"{one.agent.name}: {state}")
        if problems:
            face_.refuse(problems)
    return face.REFUSED if problems else face.DONE


def _fields(one: Checked, top: str) -> dict[str, Any]:
    return {
        "name": one.agent.name,
        "settings": one.agent.path,
        "events": list(one.events),
        "answers": one.answers,
        "problems": [face.problem_fields(problem, top) for problem in one.problems],
    }
