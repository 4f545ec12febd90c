"""The configuration that holds here, and where each value comes from."""

from __future__ import annotations

from holdfast.domain.value import TYPE_CHECKING
from holdfast.entrypoints import face, render

if TYPE_CHECKING:
    import argparse

    from holdfast.entrypoints.face import Face

EXAMPLE = "example: holdfast config"


def arguments(parser: argparse.ArgumentParser) -> None:
    """`config` has no arguments of its own."""


def run(face_: Face, parsed: argparse.Namespace) -> int:
    """Print every key with its effective value and origin; 1 when the configuration has a problem."""
    from holdfast.usecases import settings

    place = face_.workspace()
    values, problems = settings.effective(place)
    if face_.json:
        rows = [{"key": one.key, "value": one.value, "origin": one.origin} for one in values]
        face_.document(
            "config", {"values": rows, "problems": [face.problem_fields(one, place.top) for one in problems]}
        )
    else:
        width = max(len(one.key) for one in values)
        face_.data(render.lines(f"{one.key:<{width}} = {render.shown(one.text)}  # {one.origin}" for one in values))
        if problems:
            face_.refuse(problems)
    return face.REFUSED if problems else face.DONE
