"""The command line: argv to a command, its refusal to three lines and an exit code."""

from __future__ import annotations

import argparse
import contextlib
import errno
import gc
import importlib
import os
import re
import sys

from holdfast import __version__
from holdfast.domain.problem import Unable
from holdfast.domain.value import TYPE_CHECKING
from holdfast.entrypoints import face, render

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, NoReturn, TextIO

COMMANDS = {
    "init": "adopt a repository, or leave it again",
    "check": "all rules over the working tree, git's index or a commit",
    "ci": "in CI: what a change adds, beside its lines; the plan index put right",
    "explain": "what a problem's code or an exit code means, and how to mend it",
    "index": "the plan index: show, check, write, mend",
    "plan": "make, list, show, edit and draw plans",
    "status": "one screen: what needs attention, where you are, what is next, who works on what",
    "doctor": "what is not as it should be, and its repair",
    "log": "the journal: every state change",
    "start": "claim a plan: branch, claim and worktree",
    "claims": "who works on what, and how sure that is",
    "unclaim": "give a claim back",
    "finish": "merge the work of a plan: validate everything, merge once, clean up",
    "worktree": "who is in which worktree; remove one, bring it back",
    "clean": "remove every worktree that is free, clean and merged",
    "trash": "what was removed, how big it is, and until when it can be restored",
    "resume": "back to work on a plan: its worktree, and how its agent goes on",
    "session": "markers of sessions, for agents without hooks",
    "approve": "let a configured command run in this clone",
    "agents": "let coding agents call Holdfast, and prove that they do",
    "migrate": "from hand-kept claims, a hand-kept plan index and older scripts to Holdfast",
    "guide": "the block for CLAUDE.md and AGENTS.md, and the pages on the process and on recovery",
    "config": "the configuration that holds here, and where each value comes from",
    "schema": "the JSON Schema of a command's output",
    "completion": "what a shell needs to complete the words of Holdfast",
    "version": "the version of Holdfast, Python and git",
    "demo": "play the story in a throw-away repository",
}


_GARBAGE = 100_000
"""So many new objects before Python looks for circles among them: a command makes many that stay, and hardly a circle."""
_UNWRITABLE = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_CHOICE = re.compile(r"invalid choice: '?(.*?)'? \(choose from (.*)\)$", re.S)


def entry() -> NoReturn:
    """The program `holdfast`: one command, and out."""
    gc.set_threshold(_GARBAGE)
    code = main()
    _flush_or_drop(sys.stdout)
    _flush_or_drop(sys.stderr)
    os._exit(code)  # what is left is memory, and the system takes it as a whole


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; gives the exit code of the public contract."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    _open_streams()
    if arguments[:1] == ["hook"]:  # what git's hooks fall back to
        from holdfast.entrypoints import git_hooks

        return git_hooks.main(arguments[1:])
    if arguments[:2] == ["completion", "--words"]:  # what a shell asks at each Tab
        from holdfast.entrypoints import completing

        return completing.main(arguments[2:])
    try:
        return _run(arguments)
    except Unable as error:
        remedy = error.remedy or "run `holdfast check`"
        if "--json" in arguments:
            face.Face("", os.environ).document("error", {"message": str(error), "remedy": remedy, "exit": error.exit})
        _complain(_doing(arguments), str(error), remedy)
        return error.exit
    except KeyboardInterrupt:
        return face.INTERRUPTED
    except BrokenPipeError:
        # The reader has gone (`| head`): nothing more to say, and Python must not complain at exit.
        _give_up_output()
        return face.DONE
    except OSError as error:
        if error.errno not in _UNWRITABLE:
            return _bug(arguments, error)
        _give_up_output()
        why = f"{error.filename or 'standard output'}: {error.strerror}"
        _complain(_doing(arguments), why, "run it where that path can be written (outside a sandbox)")
        return face.UNREACHABLE
    except EOFError as error:
        if not str(error).startswith(("marshal data", "EOF read where")):
            return _bug(arguments, error)
        return _torn(arguments)
    except Exception as error:
        return _bug(arguments, error)


def _open_streams() -> None:
    """UTF-8 on both streams; a stream that the caller closed (`>&-`) swallows what is written."""
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="backslashreplace")  # type: ignore[union-attr]


def _give_up_output() -> None:
    """Send what standard output cannot take nowhere: Python would try again at exit, and complain."""
    _flush_or_drop(sys.stdout)


def _complain(what: str, why: str, next_command: str) -> None:
    with contextlib.suppress(OSError):
        sys.stderr.write(render.error(what, why, next_command) + "\n")
    _flush_or_drop(sys.stderr)


def _flush_or_drop(stream: TextIO) -> None:
    try:
        stream.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


class Parser(argparse.ArgumentParser):
    """A parser that refuses in three lines, naming the nearest flag or word that there is."""

    def error(self, message: str) -> NoReturn:
        """Refuse the command line; exit code 2."""
        found = _CHOICE.search(message)
        near = _nearest(found[1], re.findall(r"[\w-]+", found[2])) if found else None
        self.refuse(message, near)

    def parse_args(self, args: Sequence[str], namespace: argparse.Namespace) -> argparse.Namespace:  # type: ignore[override]
        """As argparse does it, but what is left over is named with the nearest flag."""
        parsed, left = self.parse_known_args(args, namespace)
        if left:
            flag = next((word for word in left if word.startswith("-")), None)
            near = _nearest(flag.split("=")[0], self.flags()) if flag else None
            self.refuse(f"there is no such flag: {flag}" if flag else f"one word too many: {left[0]}", near)
        return parsed

    def format_help(self) -> str:
        """The help of a command, as wide as the terminal."""
        import shutil
        import textwrap

        self.formatter_class = argparse.RawDescriptionHelpFormatter
        width = min(shutil.get_terminal_size((80, 24)).columns, 100)
        if self.description is not None:
            self.description = textwrap.fill(self.description, width - 1)
        if self.epilog is not None:
            self.epilog = _narrowed(self.epilog, width - 1)
        return super().format_help()

    def flags(self) -> list[str]:
        """Every flag of this command and of its subcommands."""
        found: list[str] = []
        for action in self._actions:
            found += action.option_strings
            if isinstance(action, argparse._SubParsersAction):
                found += [flag for one in action.choices.values() for flag in one.flags()]
        return found

    def refuse(self, why: str, near: str | None) -> NoReturn:
        """Three lines, and out."""
        hint = f"did you mean `{near}`? See `{self.prog} --help`" if near else f"run `{self.prog} --help`"
        _complain(f"`{self.prog}`", why, hint)
        raise SystemExit(face.USAGE)


def _narrowed(text: str, width: int) -> str:
    """Lines that are no wider; what is cut goes on below where the second column begins, where there is one."""
    import textwrap

    lines = []
    for line in text.split("\n"):
        column = re.match(r"\s*\S.*?\s{2,}(?=\S)", line)
        indent = (
            len(column[0]) if column is not None and len(column[0]) < width // 2 else len(line) - len(line.lstrip()) + 2
        )
        lines.append(textwrap.fill(line, width, subsequent_indent=" " * indent, break_on_hyphens=False) if line else "")
    return "\n".join(lines)


def _formatter(prog: str) -> argparse.HelpFormatter:
    """What argparse makes for each flag to see that it could show it; asking for the terminal would take 3 ms."""
    return argparse.RawDescriptionHelpFormatter(prog, width=80)


SHAPE: dict[str, Any] = {"formatter_class": _formatter, "allow_abbrev": False}
"""How every parser of a subcommand is made."""


def _nearest(word: str, known: Sequence[str]) -> str | None:
    import difflib

    return next(iter(difflib.get_close_matches(word, known, n=1)), None)


def _run(arguments: list[str]) -> int:
    options, rest = _common(arguments)
    if not rest:
        sys.stderr.write(_overview())
        return face.USAGE
    if rest[0] in ("-h", "--help"):
        sys.stdout.write(_overview())
        sys.stdout.flush()
        return face.DONE
    name = "version" if rest[0] == "--version" else rest[0]
    if name not in COMMANDS:
        return _unknown(name)
    command = importlib.import_module(f"holdfast.entrypoints.commands.{name}")
    parser = parser_of(name, command)
    try:
        parsed = parser.parse_args(rest[1:], options)
    except SystemExit as stop:
        sys.stdout.flush()
        return int(stop.code or 0)
    standing = face.Face(_cwd(parsed.cwd), os.environ, parsed.json, parsed.quiet, parsed.yes, parsed.dry_run)
    run: int = command.run(standing, parsed)
    sys.stdout.flush()
    return run


def parser_of(name: str, command: Any) -> Parser:
    """The parser of the command `name`, whose module is `command`."""
    parser = Parser(
        prog=f"holdfast {name}", description=command.__doc__, epilog=command.EXAMPLE,
        **SHAPE,
    )  # fmt: skip
    add_common(parser)
    command.arguments(parser)
    return parser


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


_FLAGS = {"--json": "json", "--quiet": "quiet", "-q": "quiet", "--yes": "yes", "-y": "yes", "--dry-run": "dry_run"}


def _common(arguments: list[str]) -> tuple[argparse.Namespace, list[str]]:
    """The common flags that stand before the command, and everything from the command on."""
    options = argparse.Namespace(cwd=[], json=False, quiet=False, yes=False, dry_run=False)
    rest = list(arguments)
    while rest:
        if rest[0] == "-C" and len(rest) > 1:
            options.cwd.append(rest[1])
            del rest[:2]
        elif rest[0] in _FLAGS:
            setattr(options, _FLAGS[rest[0]], True)
            del rest[0]
        else:
            break
    return options, rest


def _overview() -> str:
    width = max(len(name) for name in COMMANDS)
    lines = [f"    {name:<{width}}  {what}" for name, what in COMMANDS.items()]
    import shutil

    edge = min(shutil.get_terminal_size((80, 24)).columns, 100) - 1
    text = "\n".join(
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
    return _narrowed(text, edge)


def _unknown(name: str) -> int:
    if name == "-C":
        _complain("`holdfast -C`", "it names no folder", "run `holdfast -C DIR COMMAND`")
    elif name.startswith("-"):
        near = _nearest(name, list(_FLAGS))
        hint = f"did you mean `{near}`? See `holdfast --help`" if near else "run `holdfast --help`"
        _complain(f"`holdfast {name}`", "there is no such flag", hint)
    else:
        near = _nearest(name, list(COMMANDS))
        hint = f"run `holdfast {near}`" if near else "run `holdfast --help`"
        _complain(f"`holdfast {name}`", "there is no such command", hint)
    return face.USAGE


def _cwd(folders: Sequence[str] = ()) -> str:
    """The folder to stand in: the current one, and from there each `-C`."""
    try:
        return os.path.abspath(os.path.join("", *folders))
    except FileNotFoundError as error:
        raise _Gone("the current folder does not exist any more") from error


class _Gone(Unable):
    remedy = "cd into a folder that exists"


def _doing(arguments: list[str]) -> str:
    return "`holdfast " + " ".join(arguments[:2]) + "`"


def _torn(arguments: list[str]) -> int:
    """Python before 3.12.8 takes what a full disk took of a compiled module for all of it (python/cpython#126606)."""
    from shlex import quote

    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    why = "a compiled module of Holdfast is torn: the disk was full when Python wrote it"
    command = f"{quote(sys.executable)} -m compileall -qf {quote(package)}"
    _complain(_doing(arguments), why, f"make room, then run `{command}`")
    return face.UNREACHABLE


def _bug(arguments: list[str], error: Exception) -> int:
    from holdfast.usecases import bug_report

    where = bug_report.write(os.environ, _doing(arguments), error)
    why = f"a bug in Holdfast: {type(error).__name__}: {error}"
    _give_up_output()
    _complain(_doing(arguments), why, f"report it with {where}")
    return face.BUG


if __name__ == "__main__":
    entry()
