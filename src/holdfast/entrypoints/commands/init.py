"""Adopt a repository, add the local parts to a clone of an adopted one, or leave it again."""

from __future__ import annotations

from holdfast.domain.value import TYPE_CHECKING
from holdfast.entrypoints import face, render

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from holdfast.entrypoints.face import Face
    from holdfast.usecases.setup.proposal import Proposal, Step

EXAMPLE = """examples:
  holdfast init                    show what would be written, ask, do it
  holdfast init --yes              without asking
  holdfast init --no-hooks         only the files; `holdfast check` in CI holds the rules
  holdfast init --local            only this clone's hooks and merge driver
  holdfast init --uninstall        put back what was there"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of `init`."""
    parser.add_argument("--local", action="store_true", help="only the parts outside the working tree")
    parser.add_argument("--uninstall", action="store_true", help="leave the repository as it was")
    parser.add_argument("--no-hooks", action="store_true", help="no git hooks: check in CI only")
    parser.add_argument(
        "--folder", action="append", default=[], metavar="DIR", help="a plan folder, instead of those found"
    )
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--plans-only", action="store_true", help="leave records (ADR, RFC) alone")
    kind.add_argument("--records-only", action="store_true", help="adopt only records (ADR, RFC)")
    parser.add_argument("--mode", choices=("committed", "main", "computed"), help="where the plan index is kept")
    parser.add_argument("--python", metavar="PATH", help="the Python that the hooks start")


def run(face_: Face, parsed: argparse.Namespace) -> int:
    """Show the steps, ask once, do them."""
    from holdfast.usecases import setup

    if parsed.uninstall:
        proposal = setup.propose_uninstall(face_.cwd, face_.environment)
    else:
        options = setup.Options(
            parsed.local,
            not parsed.no_hooks,
            tuple(parsed.folder),
            parsed.records_only,
            parsed.plans_only,
            parsed.mode,
            parsed.python,
        )
        proposal = setup.propose(face_.cwd, face_.environment, options)
    if proposal.blockers:
        return _refused(face_, proposal)
    if not face_.json:
        _show(face_, proposal, parsed.uninstall)
    if not proposal.steps or face_.dry_run:
        return _answer(face_, proposal, done=())
    if not face_.yes and not _confirmed(face_):
        return face.REFUSED
    done = setup.uninstall(proposal) if parsed.uninstall else setup.apply(proposal, after=lambda: _write_index(face_))
    return _answer(face_, proposal, done)


def _write_index(face_: Face) -> None:
    from holdfast.usecases import indexes

    indexes.put(face_.workspace())


def _refused(face_: Face, proposal: Proposal) -> int:
    if face_.json:
        fields = [face.problem_fields(one, face_.cwd) for one in proposal.blockers]
        face_.document("init", {"steps": [], "done": False, "blockers": fields, "notes": list(proposal.notes)})
    else:
        face_.refuse(proposal.blockers)
    unwritable = all(one.code == "init-read-only" for one in proposal.blockers)
    return face.UNREACHABLE if unwritable else face.REFUSED


def _show(face_: Face, proposal: Proposal, uninstall: bool) -> None:
    if not proposal.steps:
        face_.say(
            "nothing to do: " + ("Holdfast is not installed here" if uninstall else "everything is as it should be")
        )
    for step in proposal.steps:
        face_.say(f"  {step.kind:<7} {render.shown(step.what)}")
    for note in proposal.notes:
        face_.say(f"  note    {render.shown(note)}")


def _confirmed(face_: Face) -> bool:
    if not face_.interactive:
        face_.complain("`holdfast init`", "nobody is here to confirm the steps above", "run `holdfast init --yes`")
        return False
    return face_.ask("do this?")


def _answer(face_: Face, proposal: Proposal, done: Sequence[Step]) -> int:
    if face_.json:
        steps = [{"kind": step.kind, "path": step.path, "what": step.what} for step in proposal.steps]
        face_.document("init", {"steps": steps, "done": bool(done), "blockers": [], "notes": list(proposal.notes)})
    elif done:
        face_.say(f"done: {len(done)} step{'' if len(done) == 1 else 's'}")
    return face.DONE
