"""What happened when Holdfast itself failed, in a file: no traceback ever reaches a user."""

from __future__ import annotations

import contextlib
import os
import platform
import tempfile
import traceback

from holdfast import __version__
from holdfast.adapters.git import Git, scrubbed
from holdfast.domain.problem import Unable
from holdfast.domain.value import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def write(environment: Mapping[str, str], what: str, error: BaseException) -> str:
    """Write the report into the git common directory around the current folder, else into a temporary one; gives its path."""
    text = "\n".join(
        (
            f"holdfast {__version__}, Python {platform.python_version()}, {platform.platform()}",
            f"doing: {what}",
            "",
            *traceback.format_exception(error),
        )
    )
    for folder in _folders(environment):
        place = os.path.join(folder, f"holdfast-report-{os.getpid()}.txt")
        try:
            os.makedirs(folder, exist_ok=True)
            with open(place, "w", encoding="utf-8", errors="backslashreplace") as file:
                file.write(text)
        except OSError:
            continue
        return place
    return "this text: no folder could be written"


def _folders(environment: Mapping[str, str]) -> list[str]:
    folders = []
    with contextlib.suppress(Unable, OSError):
        here = Git(os.getcwd(), scrubbed(environment)).locate()
        folders.append(os.path.join(here.common_dir, "holdfast", "reports"))
    with contextlib.suppress(OSError):
        folders.append(tempfile.gettempdir())
    return folders
