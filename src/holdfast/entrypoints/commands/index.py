"""The plan index: computed from the plan files, shown, checked, written or mended."""

from __future__ import annotations

from holdfast.domain.value import TYPE_CHECKING
from holdfast.entrypoints import face, render
from holdfast.entrypoints.commands.plan import listed_fields

if TYPE_CHECKING:
    import argparse

    from holdfast.domain.plan_set import PlanSet
    from holdfast.entrypoints.face import Face
    from holdfast.usecases.workspace import Workspace

EXAMPLE = """examples:
  holdfast index                 show the plan index of the working tree's plans
  holdfast index --check         1 when the file differs from it
  holdfast index --write         write it into its file
  holdfast index --mend main..   make each unpublished commit after main again with the right plan index"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of `index`."""
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--check", action="store_true", help="compare the file with the computed plan index")
    what.add_argument("--write", action="store_true", help="write the computed plan index into its file")
    what.add_argument("--stdout", action="store_true", help="print the computed plan index (the default)")
    what.add_argument("--mend", metavar="BASE..", help="rewrite the commits after BASE that hold a wrong plan index")
    parser.add_argument("--rev", metavar="REV", help="of a commit instead of the working tree")


def run(face_: Face, parsed: argparse.Namespace) -> int:
    """Show, check, write or mend the plan index."""
    from holdfast.usecases import indexes

    if parsed.rev is not None and (parsed.write or parsed.mend is not None):
        which = "--write" if parsed.write else "--mend"
        why = f"a commit cannot be written into: --rev does not go with {which}"
        face_.complain(f"`holdfast index {which}`", why, "leave --rev out; see `holdfast index --help`")
        return face.USAGE
    place = face_.workspace()
    if parsed.mend is not None:
        return _mend(face_, place, parsed.mend)
    if parsed.write:
        return _write(face_, place)
    plans = indexes.observe(place, parsed.rev)
    if parsed.check:
        return _check(face_, place, plans)
    if face_.json:
        face_.document("index", {"plans": listed_fields(place, plans)})
    else:
        _show(face_, plans)
    return face.DONE


def _show(face_: Face, plans: PlanSet) -> None:
    for state in plans.folders:
        if len(plans.folders) > 1:
            face_.data(f"<!-- {state.folder.path} -->")
        face_.text(state.computed)


def _check(face_: Face, place: Workspace, plans: PlanSet) -> int:
    from holdfast.usecases import indexes

    problems = indexes.check(plans)
    if face_.json:
        fields = [face.problem_fields(one, place.top) for one in problems]
        face_.document("index", {"plans": listed_fields(place, plans), "problems": fields})
        return face.REFUSED if problems else face.DONE
    if problems:
        return face_.refuse(problems)
    face_.say("the plan index is as its plans make it")
    return face.DONE


def _write(face_: Face, place: Workspace) -> int:
    from holdfast.usecases import indexes

    written = indexes.write(place, face_.dry_run)
    if face_.json:
        face_.document("index", {"plans": listed_fields(place, indexes.observe(place)), "written": written})
        return face.DONE
    for path in written:
        face_.say(f"{'would write' if face_.dry_run else 'wrote'} {face_.shown(path, place.top)}")
    if not written:
        face_.say("the plan index is as its plans make it")
    return face.DONE


def _mend(face_: Face, place: Workspace, base: str) -> int:
    from holdfast.usecases import indexes

    done = indexes.mend(place, base, face_.dry_run)
    if face_.json:
        face_.document("index", {"mended": done._asdict()})
    elif done.rewritten:
        verb = "would make" if face_.dry_run else "made"
        face_.say(render.shown(f"{verb} {done.rewritten} of {done.commits} commits again; HEAD is {done.head[:10]}"))
    else:
        face_.say(f"{done.commits} commits looked at: each holds the right plan index")
    return face.DONE
