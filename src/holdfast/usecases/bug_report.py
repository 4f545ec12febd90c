"""What happened when Holdfast itself failed, in a file: no traceback ever reaches a user."""

from __future__ import annotations

import os
import platform
import sys
import tempfile
import traceback
from typing import TYPE_CHECKING

from holdfast import __version__
from holdfast.adapters.git import Git, scrubbed
from holdfast.domain.problem import Unable

if TYPE_CHECKING:
    from collections.abc import Mapping


def write(cwd: str, environment: Mapping[str, str], what: str, error: BaseException) -> str:
    """Write the report into the git common directory, else into a temporary folder; gives its path."""
    text = "\n".join(
        (
            f"holdfast {__version__}, Python {platform.python_version()}, {platform.platform()}",
            f"doing: {what}",
            "",
            *traceback.format_exception(error),
        )
    )
    for folder in _folders(cwd, environment):
        place = os.path.join(folder, f"holdfast-report-{os.getpid()}.txt")
        try:
            os.makedirs(folder, exist_ok=True)
            with open(place, "w", encoding="utf-8", errors="backslashreplace") as file:
                file.write(text)
        except OSError:
            continue
        return place
    sys.stderr.write(text)  # nowhere to write: better a long text than none
    return "the text above"


def _folders(cwd: str, environment: Mapping[str, str]) -> list[str]:
    folders = [tempfile.gettempdir()]
    try:
        folders.insert(0, os.path.join(Git(cwd, scrubbed(environment)).locate().common_dir, "holdfast", "reports"))
    except (Unable, OSError):
        return folders
    return folders
