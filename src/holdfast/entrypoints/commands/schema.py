"""The JSON Schema of a command's output."""

from __future__ import annotations

from importlib import resources

from holdfast.domain.value import TYPE_CHECKING
from holdfast.entrypoints import face, render

if TYPE_CHECKING:
    import argparse
    from importlib.resources.abc import Traversable

    from holdfast.entrypoints.face import Face

EXAMPLE = "examples:\n  holdfast schema            all names\n  holdfast schema check      one schema"


def arguments(parser: argparse.ArgumentParser) -> None:
    """The argument of `schema`."""
    parser.add_argument("name", nargs="?", help="the word between `holdfast.` and `/` in a document's first field")


def run(face_: Face, parsed: argparse.Namespace) -> int:
    """Print one schema, or the names of all."""
    known = names()
    if parsed.name is None:
        face_.data(render.lines(known))
        return face.DONE
    if parsed.name not in known:
        return face_.unknown(
            f"`holdfast schema {parsed.name}`", "there is no such schema", parsed.name, known, "schema"
        )
    face_.data((_folder() / f"{parsed.name}.json").read_text("utf-8"))
    return face.DONE


def names() -> list[str]:
    """The name of each schema."""
    return sorted(entry.name.removesuffix(".json") for entry in _folder().iterdir() if entry.name.endswith(".json"))


def _folder() -> Traversable:
    return resources.files("holdfast") / "schemas"
