"""The configuration that holds here, and where each value comes from."""

from __future__ import annotations

from holdfast.domain import configuration_keys
from holdfast.domain.value import TYPE_CHECKING
from holdfast.entrypoints import face, render

if TYPE_CHECKING:
    import argparse

    from holdfast.entrypoints.face import Face
    from holdfast.usecases.settings import Value

EXAMPLE = """examples:
  holdfast config
  holdfast config finish.method"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """The argument of `config`."""
    parser.add_argument("key", nargs="?", help="one key: its value, what it takes and what it means")


def run(face_: Face, parsed: argparse.Namespace) -> int:
    """Print every key, or one, with its effective value and origin; 1 when the configuration has a problem."""
    from holdfast.usecases import settings

    place = face_.workspace()
    values, problems = settings.effective(place)
    if parsed.key is not None:
        known = [one.key for one in values]
        values = [one for one in values if parsed.key in (one.key, configuration_keys.plain(one.key))]
        if parsed.key == "rules" and not values:
            values = [settings.Value("rules", {}, "default")]
        if not values:
            return face_.unknown(f"`holdfast config {parsed.key}`", "there is no such key", parsed.key, known, "config")
    if face_.json:
        rows = [{"key": one.key, "value": one.value, "origin": one.origin, **_words(one)} for one in values]
        face_.document(
            "config", {"values": rows, "problems": [face.problem_fields(one, place.top) for one in problems]}
        )
    else:
        width = max(len(one.key) for one in values)
        face_.data(render.lines(f"{one.key:<{width}} = {render.shown(one.text)}  # {one.origin}" for one in values))
        if parsed.key is not None:
            face_.data("\n{meaning}\n\nTakes {takes}.".format(**_words(values[0])))
        if problems:
            face_.refuse(problems)
    return face.REFUSED if problems else face.DONE


def _words(one: Value) -> dict[str, str]:
    """What a key takes and means."""
    key = configuration_keys.BY_NAME[configuration_keys.plain(one.key)]
    return {"takes": key.takes, "meaning": key.meaning}
