"""The version of Holdfast, Python and git."""

from __future__ import annotations

import sys

from holdfast import __version__
from holdfast.domain.value import TYPE_CHECKING
from holdfast.entrypoints import face

if TYPE_CHECKING:
    import argparse

    from holdfast.entrypoints.face import Face

EXAMPLE = "example: holdfast version --json"


def arguments(parser: argparse.ArgumentParser) -> None:
    """`version` has no arguments of its own."""


def run(face_: Face, parsed: argparse.Namespace) -> int:
    """Print the versions."""
    from holdfast.usecases import settings

    python = ".".join(str(part) for part in sys.version_info[:3])
    git = settings.git_version(face_.cwd, face_.environment)
    if face_.json:
        face_.document("version", {"holdfast": __version__, "python": python, "git": git})
    else:
        face_.data(f"holdfast {__version__} (Python {python}, git {git or 'not found'})")
    return face.DONE
