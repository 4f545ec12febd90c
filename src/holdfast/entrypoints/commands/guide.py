"""What agents and people have to know of the process: a short block in CLAUDE.md and AGENTS.md, and two pages."""

from __future__ import annotations

from holdfast.domain.value import TYPE_CHECKING
from holdfast.entrypoints import face, render

if TYPE_CHECKING:
    import argparse

    from holdfast.entrypoints.face import Face
    from holdfast.usecases.guide.write import Proposal

EXAMPLE = """examples:
  holdfast guide                 print the block
  holdfast guide --write         put it into CLAUDE.md and AGENTS.md, and write docs/PROCESS.md and docs/RECOVERY.md
  holdfast guide --check         1 when something of it is missing, edited or old

Everything outside the block stays as it is. A CLAUDE.md that imports @AGENTS.md is left alone, and so is a page
of your own."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of `guide`."""
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--write", action="store_true", help="write the block and the pages, or bring them up to date")
    what.add_argument("--check", action="store_true", help="see whether they are up to date")


def run(face_: Face, parsed: argparse.Namespace) -> int:
    """Print, write or check the guide."""
    if not (parsed.write or parsed.check):
        return _print(face_)
    from holdfast.usecases.guide import write

    proposal = write.propose(face_.workspace())
    return _check(face_, proposal) if parsed.check else _write(face_, proposal)


def _print(face_: Face) -> int:
    from holdfast.domain.guide import VERSION
    from holdfast.usecases.guide import texts

    block = texts.ours().block
    if face_.json:
        face_.document("guide", {"version": VERSION, "block": block})
    else:
        face_.data(block)
    return face.DONE


def _check(face_: Face, proposal: Proposal) -> int:
    problems = proposal.problems
    if face_.json:
        fields = [face.problem_fields(one, proposal.place.top) for one in problems]
        face_.document("guide", {"problems": fields, "notes": list(proposal.notes)})
        return face.REFUSED if problems else face.DONE
    _notes(face_, proposal)
    if problems:
        return face_.refuse(problems)
    face_.say("the guide is as this version of Holdfast writes it")
    return face.DONE


def _write(face_: Face, proposal: Proposal) -> int:
    from holdfast.usecases.guide import write

    done = () if face_.dry_run else write.apply(proposal)
    if face_.json:
        steps = [{"kind": one.kind, "path": one.real, "what": one.what} for one in proposal.steps]
        blockers = [face.problem_fields(one, proposal.place.top) for one in proposal.blockers]
        document = {"steps": steps, "done": bool(done), "blockers": blockers, "notes": list(proposal.notes)}
        face_.document("guide", document)
        return face.REFUSED if proposal.blockers else face.DONE
    if proposal.blockers:
        return face_.refuse(proposal.blockers)
    for step in proposal.steps:
        face_.say(f"  {step.kind:<7} {render.shown(step.what)}")
    _notes(face_, proposal)
    if not proposal.steps:
        face_.say("the guide is as this version of Holdfast writes it")
    elif done:
        face_.say("commit these files, so that every clone and worktree has them")
    return face.DONE


def _notes(face_: Face, proposal: Proposal) -> None:
    for note in proposal.notes:
        face_.say(f"  note    {render.shown(note)}")
