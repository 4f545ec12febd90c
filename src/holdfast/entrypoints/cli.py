"""The command line: argv to a command, its refusal to three lines and an exit code."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from typing import TYPE_CHECKING

from holdfast import __version__
from holdfast.domain.problem import Unable
from holdfast.entrypoints import face, render

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMANDS = {
    "init": "adopt a repository, or leave it again",
    "check": "all rules over the working tree, git's index or a commit",
    "explain": "what a problem's code or an exit code means, and how to mend it",
    "index": "the plan index: show, check, write, mend",
    "plan": "make, list, show, edit and draw plans",
    "config": "the configuration that holds here, and where each value comes from",
    "schema": "the JSON Schema of a command's output",
    "version": "the version of Holdfast, Python and git",
    "demo": "play the story in a throw-away repository",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; gives the exit code of the public contract."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="backslashreplace")  # type: ignore[union-attr]
    if arguments[:1] == ["hook"]:  # what git's hooks fall back to
        from holdfast.entrypoints import git_hooks

        return git_hooks.main(arguments[1:])
    try:
        return _run(arguments)
    except Unable as error:
        sys.stderr.write(render.error(_doing(arguments), str(error), error.remedy or "run `holdfast check`") + "\n")
        return face.REFUSED
    except KeyboardInterrupt:
        return face.INTERRUPTED
    except BrokenPipeError:
        # The reader has gone (`| head`): nothing more to say, and Python must not complain at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return face.DONE
    except PermissionError as error:
        sys.stderr.write(
            render.error(
                _doing(arguments),
                f"{error.filename}: {error.strerror}",
                "run it where that path can be written (outside a sandbox)",
            )
            + "\n"
        )
        return face.UNREACHABLE
    except Exception as error:
        return _bug(arguments, error)


def _run(arguments: list[str]) -> int:
    options, rest = _common(arguments)
    if not rest or rest[0] in ("-h", "--help"):
        sys.stdout.write(_overview())
        return face.DONE if rest else face.USAGE
    name = "version" if rest[0] == "--version" else rest[0]
    if name not in COMMANDS:
        return _unknown(name)
    command = importlib.import_module(f"holdfast.entrypoints.commands.{name}")
    parser = argparse.ArgumentParser(
        prog=f"holdfast {name}", description=command.__doc__, epilog=command.EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False,
    )  # fmt: skip
    add_common(parser)
    command.arguments(parser)
    try:
        parsed = parser.parse_args(rest[1:], options)
    except SystemExit as stop:
        return int(stop.code or 0)
    cwd = os.path.abspath(os.path.join(*parsed.cwd)) if parsed.cwd else _cwd()
    run: int = command.run(face.Face(cwd, os.environ, parsed.json, parsed.quiet, parsed.yes, parsed.dry_run), parsed)
    sys.stdout.flush()
    return run


def add_common(parser: argparse.ArgumentParser) -> None:
    """The flags that every command has."""
    group = parser.add_argument_group("everywhere")
    group.add_argument(
        "-C", dest="cwd", action="append", metavar="DIR", default=argparse.SUPPRESS, help="run as if started in DIR"
    )
    group.add_argument(
        "--json", action="store_true", default=argparse.SUPPRESS, help="one JSON document on standard output"
    )
    group.add_argument(
        "--quiet", "-q", action="store_true", default=argparse.SUPPRESS, help="nothing on standard error but refusals"
    )
    group.add_argument("--yes", "-y", action="store_true", default=argparse.SUPPRESS, help="never ask")
    group.add_argument(
        "--dry-run", action="store_true", default=argparse.SUPPRESS, help="show what would be done, change nothing"
    )


def _common(arguments: list[str]) -> tuple[argparse.Namespace, list[str]]:
    """The common flags that stand before the command, and everything from the command on."""
    options = argparse.Namespace(cwd=[], json=False, quiet=False, yes=False, dry_run=False)
    flags = {"--json": "json", "--quiet": "quiet", "-q": "quiet", "--yes": "yes", "-y": "yes", "--dry-run": "dry_run"}
    rest = list(arguments)
    while rest:
        if rest[0] == "-C" and len(rest) > 1:
            options.cwd.append(rest[1])
            del rest[:2]
        elif rest[0] in flags:
            setattr(options, flags[rest[0]], True)
            del rest[0]
        else:
            break
    return options, rest


def _overview() -> str:
    width = max(len(name) for name in COMMANDS)
    lines = [f"    {name:<{width}}  {what}" for name, what in COMMANDS.items()]
    return "\n".join(
        (
            f"holdfast {__version__}: the process around parallel work in one git repository, true by construction",
            "",
            "usage: holdfast [-C DIR] [--json] [--quiet] [--yes] [--dry-run] COMMAND ...",
            "",
            *lines,
            "",
            "`holdfast COMMAND --help` tells more, with an example. Begin with `holdfast init`, or watch `holdfast demo`.",
            "",
        )
    )


def _unknown(name: str) -> int:
    import difflib

    near = difflib.get_close_matches(name, COMMANDS, n=1)
    hint = f"run `holdfast {near[0]}`" if near else "run `holdfast --help`"
    sys.stderr.write(render.error(f"`holdfast {name}`", "there is no such command", hint) + "\n")
    return face.USAGE


def _cwd() -> str:
    try:
        return os.getcwd()
    except FileNotFoundError as error:
        raise _Gone("the current folder does not exist any more") from error


class _Gone(Unable):
    remedy = "cd into a folder that exists"


def _doing(arguments: list[str]) -> str:
    return "`holdfast " + " ".join(arguments[:2]) + "`"


def _bug(arguments: list[str], error: Exception) -> int:
    from holdfast.usecases import bug_report

    where = bug_report.write(os.path.abspath(os.curdir), os.environ, _doing(arguments), error)
    text = render.error(
        _doing(arguments), f"a bug in Holdfast: {type(error).__name__}: {error}", f"report it with {where}"
    )
    sys.stderr.write(text + "\n")
    return face.BUG


if __name__ == "__main__":
    sys.exit(main())
