"""What every command shares: where it runs, how it speaks, how a refusal ends it."""

from __future__ import annotations

import os
import sys

from holdfast.domain.value import TYPE_CHECKING, NamedTuple
from holdfast.entrypoints import render

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from holdfast.domain.problem import Problem
    from holdfast.usecases.workspace import Workspace

DONE, REFUSED, USAGE, BUG, LOST, UNREACHABLE, INTERRUPTED = 0, 1, 2, 3, 4, 5, 130

_NARROWEST = 12
"""Characters that a column keeps, however narrow the terminal is."""


class Face(NamedTuple):
    """One run of a command: the folder it stands in, its environment, and the flags that all commands have."""

    cwd: str
    environment: Mapping[str, str]
    json: bool = False
    quiet: bool = False
    yes: bool = False
    dry_run: bool = False

    def workspace(self) -> Workspace:
        """The worktree around the folder, after what was put off until now; `Unable` where there is none."""
        from holdfast.usecases import workspace

        place = workspace.at(self.cwd, self.environment)
        if place.has_put_off and not self.dry_run:
            from holdfast.usecases import clock
            from holdfast.usecases.finish import leftover

            leftover.clear(place, clock.now())
        return place

    def recovery_page(self) -> str:
        """The page that explains codes, as a path from the current folder; empty where the repository has none."""
        from holdfast.usecases.guide import link  # only where something is refused

        return link.page(self.cwd)

    @property
    def interactive(self) -> bool:
        """True when a person can be asked."""
        return sys.stdin.isatty() and sys.stdout.isatty() and not self.yes

    @property
    def width(self) -> int | None:
        """The columns of a terminal on standard output. Only that has an edge: a file or a pipe gets lines whole."""
        if not sys.stdout.isatty():
            return None
        import shutil

        return shutil.get_terminal_size((80, 24)).columns

    @property
    def height(self) -> int | None:
        """The lines of a terminal on standard output; None where there is no edge."""
        if not sys.stdout.isatty():
            return None
        import shutil

        return shutil.get_terminal_size((80, 24)).lines

    def data(self, text: str) -> None:
        """Data, to standard output."""
        if text:
            sys.stdout.write(text if text.endswith("\n") else text + "\n")

    def text(self, text: str) -> None:
        """Text of a file, to standard output: whole into a pipe, without what could move the cursor on a terminal."""
        if sys.stdout.isatty():
            text = "\n".join(render.shown(line.expandtabs()) for line in text.split("\n"))
        self.data(text.encode("utf-8", "replace").decode())

    def document(self, command: str, fields: Mapping[str, Any], version: int = 1) -> None:
        """One JSON document, to standard output; bytes that are no UTF-8 show as U+FFFD."""
        whole = {"schema": f"holdfast.{command}/{version}", **fields}
        self.data(json_text(whole, sys.stdout.isatty()))

    def entry(self, command: str, fields: Mapping[str, Any], version: int = 1) -> None:
        """One JSON document of many: a line of ASCII, on a terminal too, which holds every name without loss."""
        import json

        self.data(json.dumps({"schema": f"holdfast.{command}/{version}", **fields}))

    def say(self, text: str) -> None:
        """Everything else, to standard error."""
        if text and not self.quiet:
            sys.stdout.flush()  # so that a terminal shows both in their order
            sys.stderr.write(text + "\n")

    def refuse(self, problems: Sequence[Problem]) -> int:
        """All blockers at once, to standard error; gives the exit code."""
        sys.stdout.flush()
        sys.stderr.write(render.refusals(problems, self.recovery_page()) + "\n")
        return REFUSED

    def unknown(self, what: str, why: str, name: str, known: Sequence[str], command: str) -> int:
        """Refuse a name that is none, with the nearest one that is; gives the exit code."""
        import difflib

        near = difflib.get_close_matches(name, known, n=1)
        hint = f"run `holdfast {command} {near[0]}`" if near else f"run `holdfast {command}` to see all"
        self.complain(what, why, hint)
        return USAGE

    def complain(self, what: str, why: str, next_command: str) -> None:
        """A refusal that is no finding, to standard error: also when quiet."""
        sys.stdout.flush()
        sys.stderr.write(render.error(what, why, next_command) + "\n")

    def ask(self, question: str) -> bool:
        """Ask a person; never when nobody is there."""
        sys.stderr.write(f"{question} [y/N] ")
        sys.stderr.flush()
        return sys.stdin.readline().strip().casefold() in ("y", "yes")

    def columns(self, rows: Sequence[Sequence[str]], yields: int | None = None) -> list[str]:
        """Rows of cells as lines with aligned columns, safe on a terminal and cut at its edge.

        Where the edge would cut more than the last column, the column that `yields` is shortened first.
        """
        edge = self.width
        safe = [
            column if "".join(column).isprintable() else [render.shown(cell) for cell in column]
            for column in zip(*rows, strict=True)
        ]
        widths = [max(map(len, column)) for column in safe]
        if edge is not None and yields is not None and widths:
            over = sum(widths[:-1]) + 2 * (len(widths) - 1) + 1 - edge  # of the last column an ellipsis is enough
            narrow = widths[yields] - min(max(over, 0), max(widths[yields] - _NARROWEST, 0))
            safe[yields] = [render.fitted(cell, narrow) for cell in safe[yields]]
            widths[yields] = narrow
        aligned = [[cell.ljust(width) for cell in column] for column, width in zip(safe[:-1], widths, strict=False)]
        aligned += map(list, safe[-1:])
        lines = ["  ".join(row).rstrip() for row in zip(*aligned, strict=True)]
        return [render.fitted(line, edge) for line in lines] if edge is not None else lines

    def shown(self, path: str, top: str) -> str:
        """A repository path as text shows it: relative to the current folder, safe on a terminal."""
        return render.shown(os.path.relpath(os.path.join(top, path), self.cwd))


def json_text(value: Any, indented: bool = False) -> str:
    """A value as JSON; odd bytes show as U+FFFD, and what a terminal could take for a command (C1) is escaped."""
    import json

    text = json.dumps(value, ensure_ascii=False, indent=2 if indented else None)
    return text.encode("utf-8", "replace").decode().translate(_COMMANDS)


_COMMANDS = {code: f"\\u{code:04x}" for code in range(0x7F, 0xA0)}


def leave_with_the_reader() -> None:
    """Stop when nobody reads the pipe any more, also while there is nothing to write into it."""
    import select

    poll = select.poll()
    poll.register(sys.stdout.fileno(), 0)
    if any(event & select.POLLERR for _, event in poll.poll(0)):
        raise BrokenPipeError


def problem_fields(problem: Problem, top: str) -> dict[str, Any]:
    """A problem as JSON: the same everywhere; the path is absolute."""
    fields = problem._asdict()
    if problem.path is not None:
        fields["path"] = os.path.join(top, problem.path)
    return {
        key: fields[key]
        for key in ("code", "severity", "subject", "message", "remedy", "who", "path", "line", "column", "plan")
    }
