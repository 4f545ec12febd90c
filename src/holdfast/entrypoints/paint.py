"""Lines with a style on a terminal: by rich where it is installed and wanted, else as they are."""

from __future__ import annotations

from holdfast.domain.value import TYPE_CHECKING
from holdfast.entrypoints.screen import BAD, CAREFUL, FAINT, GOOD, HEADING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import TextIO

    from holdfast.entrypoints.screen import Line

_STYLES = {HEADING: "bold", BAD: "bold red", CAREFUL: "yellow", GOOD: "green", FAINT: "dim"}


def show(stream: TextIO, lines: Iterable[Line], environment: Mapping[str, str]) -> None:
    """Write lines to a stream."""
    for text in painted(stream, lines, environment):
        stream.write(text + "\n")


def painted(stream: TextIO, lines: Iterable[Line], environment: Mapping[str, str]) -> list[str]:
    """The lines with what makes a terminal show their styles; without it where colour is not wanted, or rich is missing."""
    every = list(lines)
    if not wanted(stream, environment):
        return [one.text for one in every]
    try:
        from rich.console import COLOR_SYSTEMS, Console
        from rich.style import Style
    except ImportError:
        return [one.text for one in every]
    system = COLOR_SYSTEMS.get(Console(file=stream, force_terminal=True, no_color=False).color_system or "")
    return [
        Style.parse(_STYLES[one.style]).render(one.text, color_system=system) if one.style in _STYLES else one.text
        for one in every
    ]


def wanted(stream: TextIO, environment: Mapping[str, str]) -> bool:
    """Whether colour is wanted: never with NO_COLOR, always with FORCE_COLOR, else on a terminal (no-color.org)."""
    if environment.get("NO_COLOR"):
        return False
    return bool(environment.get("FORCE_COLOR")) or (stream.isatty() and environment.get("TERM", "") != "dumb")
