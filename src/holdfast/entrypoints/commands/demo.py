"""Play the story in a throw-away repository: real git, real output, nothing of yours is touched."""

from __future__ import annotations

from holdfast.domain.value import TYPE_CHECKING
from holdfast.entrypoints import face, render

if TYPE_CHECKING:
    import argparse

    from holdfast.entrypoints.face import Face

EXAMPLE = "example: holdfast demo"


def arguments(parser: argparse.ArgumentParser) -> None:
    """`demo` has no arguments of its own."""


def run(face_: Face, parsed: argparse.Namespace) -> int:
    """Play; 1 when something did not go as the story says."""
    from holdfast.usecases import demo, settings

    if settings.git_version(face_.cwd, face_.environment) is None:
        face_.complain("`holdfast demo`", "git is not on PATH", "install git, or put the folder that it is in on PATH")
        return face.REFUSED
    surprises = 0
    shapes = {"scene": "\n# {}", "command": "{}", "output": "{}", "surprise": "!! {}"}
    for line in demo.play(face_.environment):
        surprises += line.kind == "surprise"
        face_.data(shapes[line.kind].format(render.shown(line.text)) + "\n")
    face_.data(f"\n{surprises} surprises" if surprises else "\nThe end. Everything above was real; the folder is gone.")
    return face.REFUSED if surprises else face.DONE
