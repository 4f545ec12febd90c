"""What can follow on a command line: read off the parsers that read it, so that no list of words has to be kept."""

from __future__ import annotations

import argparse
import contextlib
import importlib
import os
import shlex
import sys

from holdfast.domain.value import TYPE_CHECKING, NamedTuple
from holdfast.entrypoints import cli, face, render

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

    from holdfast.usecases.words import Told
    from holdfast.usecases.workspace import Workspace

FOLDERS, FILES = ":folders", ":files"
"""What the shell itself completes, as a line in place of words: no word of ours begins with a colon."""

_OPEN, _PLANS, _CLAIMED, _WORKTREES, _REMOVED, _REVISIONS = (
    "open_plans", "every_plan", "claimed", "worktrees", "removed", "revisions",
)  # fmt: skip
_BRANCHES = "claim_branches"
_CODES, _SCHEMAS, _AGENTS, _STEPS, _KEYS, _STATUSES = "codes", "schemas", "agents", "steps", "keys", "statuses"

OF_ARGUMENT = {
    "holdfast start number": _OPEN,
    "holdfast plan show number": _PLANS,
    "holdfast plan set number": _PLANS,
    "holdfast plan set status": _STATUSES,
    "holdfast plan list status": _STATUSES,
    "holdfast finish name": _CLAIMED,
    "holdfast resume number": _CLAIMED,
    "holdfast unclaim claim": _CLAIMED,
    "holdfast worktree remove name": _WORKTREES,
    "holdfast worktree restore name": _REMOVED,
    "holdfast explain code": _CODES,
    "holdfast schema name": _SCHEMAS,
    "holdfast agents install names": _AGENTS,
    "holdfast agents check names": _AGENTS,
    "holdfast migrate only": _STEPS,
    "holdfast approve key": _KEYS,
}
"""Which words an argument takes, by its command and its name there."""
OF_METAVAR = {
    "DIR": FOLDERS, "PATH": FILES, "REV": _REVISIONS, "BASE..": _REVISIONS, "N": _PLANS, "N,M": _PLANS,
    "BRANCH": _BRANCHES, "B": _BRANCHES, "FILE": FILES,
}  # fmt: skip
"""Which words any other argument takes, by how its help calls the value; what is in neither table is free text."""


class Found(NamedTuple):
    """What can follow: words, each with what it is, or `shell`, what the shell completes by itself."""

    words: tuple[Told, ...] = ()
    shell: str = ""


class _Read(NamedTuple):
    """What the words before the cursor mean: the parser that they led to, its argument that comes next, flags so far."""

    parser: cli.Parser
    expected: argparse.Action | None  # the flag whose value comes next
    positional: argparse.Action | None
    flags: tuple[argparse.Action, ...]
    folders: tuple[str, ...]
    no_more_flags: bool


def main(arguments: Sequence[str]) -> int:
    """`holdfast completion --words SHELL WORD...`: a line for each word that can stand in the last one's place.

    A shell waits for it at a prompt: whatever goes wrong, it says nothing and ends with 0.
    """
    with contextlib.suppress(Exception, KeyboardInterrupt):
        words, lead = (_split_at_equals if arguments[0] == "bash" else _whole)(arguments[1:])
        found = complete(words[:-1], words[-1])
        shown = [found.shell] if found.shell else [_line(word.removeprefix(lead), about) for word, about in found.words]
        face.Face("", os.environ).data(render.lines(shown))
        sys.stdout.flush()
    return face.DONE


def complete(words: Sequence[str], current: str) -> Found:
    """What can stand in the place of `current` behind `words`, the words that follow `holdfast`."""
    read = _read(words)
    if read is None:
        return Found()
    if read.expected is not None:
        return _values(read, read.expected, current)
    if current.startswith("-") and not read.no_more_flags:
        return _flags(read, current)
    found = _values(read, read.positional, current) if read.positional is not None else Found()
    return found if found != Found() or current or read.no_more_flags else _flags(read, current)


def _read(words: Sequence[str]) -> _Read | None:
    """What the words mean; None where one of them is no command."""
    parser, flags, folders = _root(), [], []
    positionals = parser._get_positional_actions()
    expected: argparse.Action | None = None
    plain = False
    for word in words:
        if expected is not None:
            folders += [word] if expected.dest == "cwd" else []
            expected = None
        elif word == "--" and not plain:
            plain = True
        elif word.startswith("-") and not plain:
            flag, equals, _ = word.partition("=")
            action = parser._option_string_actions.get(flag)
            if action is not None:
                flags.append(action)
                expected = action if action.nargs != 0 and not equals else None
        elif positionals and positionals[0].choices is not None and positionals[0].dest in _LEADS:
            below = _below(parser, positionals[0], word)
            if below is None:
                return None
            parser, positionals = below, below._get_positional_actions()
        elif positionals and positionals[0].nargs not in ("*", "+"):
            positionals = positionals[1:]
    return _Read(parser, expected, positionals[0] if positionals else None, tuple(flags), tuple(folders), plain)


_LEADS = ("command", "verb")
"""The arguments that lead to a parser of their own."""


def _root() -> cli.Parser:
    """The parser of what stands before a command."""
    parser = cli.Parser(prog="holdfast", **cli.SHAPE)
    cli.add_common(parser)
    parser.add_argument("--version", action="store_true", help=cli.COMMANDS["version"])
    parser.add_argument("command", choices=cli.COMMANDS)
    return parser


def _below(parser: cli.Parser, action: argparse.Action, word: str) -> Any:
    if action.dest == "command":
        if word not in cli.COMMANDS:
            return None
        return cli.parser_of(word, importlib.import_module(f"holdfast.entrypoints.commands.{word}"))
    return dict(action.choices or {}).get(word)


def _flags(read: _Read, current: str) -> Found:
    """The flags that begin like that and can still be given; behind `=` the values of one."""
    flag, equals, value = current.partition("=")
    action = read.parser._option_string_actions.get(flag)
    if equals and action is not None and action.nargs != 0:
        found = _values(read, action, value)
        return found._replace(words=tuple((f"{flag}={word}", about) for word, about in found.words))
    apart = {id(one): group for group in read.parser._mutually_exclusive_groups for one in group._group_actions}
    given = {one.dest for one in read.flags if not isinstance(one, argparse._AppendAction)}
    taken = [apart[id(one)] for one in read.flags if id(one) in apart]
    left = [
        one
        for one in read.parser._get_optional_actions()
        if one.dest not in given and apart.get(id(one)) not in taken and one.help != argparse.SUPPRESS
    ]
    # Of a flag with two spellings the long one says more; the short one is offered where it was begun.
    spelled = [(max(one.option_strings, key=len), one.help or "") for one in left]
    spelled += [(text, one.help or "") for one in left for text in one.option_strings if text == current]
    return Found(tuple(dict(one for one in spelled if one[0].startswith(current)).items()))


def _values(read: _Read, action: argparse.Action, current: str) -> Found:
    """What an argument can be."""
    if action.choices is not None:
        return Found(tuple((word, about) for word, about in _choices(action) if word.startswith(current)))
    metavar = action.metavar if isinstance(action.metavar, str) else ""
    kind = OF_ARGUMENT.get(f"{read.parser.prog} {action.dest}") or OF_METAVAR.get(metavar, "")
    if not kind or kind in (FOLDERS, FILES):
        return Found(shell=kind)
    listed, _, last = current.rpartition(",") if metavar == "N,M" else ("", "", current)
    lead = listed + "," if listed else ""
    words = {lead + word: about for word, about in _known(read, kind) if _plain(word) and word.startswith(last)}
    return Found(tuple(words.items()))


def _choices(action: argparse.Action) -> Iterable[Told]:
    if action.dest == "command":
        return cli.COMMANDS.items()
    if isinstance(action, argparse._SubParsersAction):
        return [(one.dest, one.help or "") for one in action._get_subactions()]
    return [(str(one), "") for one in action.choices or ()]


def _plain(word: str) -> bool:
    """Whether a shell takes the word as it is: a branch can be called `$(reboot)`, and must not be typed for anybody."""
    return word[:1].isalnum() and all(each.isalnum() or each in "._/+-" for each in word)


def _known(read: _Read, kind: str) -> Iterable[Told]:
    """The words of one kind: those of Holdfast, or those of the repository that the command line is about."""
    if kind in _FIXED:
        return _FIXED[kind]()
    from holdfast.usecases import words

    ask: Callable[[Workspace], list[Told]] = getattr(words, kind)
    return ask(_place(read.folders))


def _place(folders: Sequence[str]) -> Workspace:
    from holdfast.usecases import workspace

    return workspace.at(os.path.abspath(os.path.join("", *map(os.path.expanduser, folders))), os.environ)


def _codes() -> Iterable[Told]:
    from holdfast.domain import codes, exit_codes, recovery

    yield from ((one.code, one.title) for one in codes.ALL)
    yield from ((str(one.code), one.title) for one in exit_codes.BY_CODE.values())
    yield from ((anchor, one.title) for anchor, one in recovery.BY_ANCHOR.items())


def _schemas() -> Iterable[Told]:
    from holdfast.entrypoints.commands import schema

    return ((name, "") for name in schema.names())


def _agents() -> Iterable[Told]:
    from holdfast.domain.agents import AGENTS

    return ((name, "") for name in AGENTS)


def _steps() -> Iterable[Told]:
    from holdfast.usecases.migration.steps import ROOMS

    return ((name, room.title) for name, room in ROOMS.items())


def _keys() -> Iterable[Told]:
    from holdfast.usecases.approvals import KEYS

    return ((key, "") for key in KEYS)


def _statuses() -> Iterable[Told]:
    from holdfast.domain.status import KEYS, UNKNOWN

    return ((key, "") for key in KEYS if key != UNKNOWN)


_FIXED: dict[str, Callable[[], Iterable[Told]]] = {
    _CODES: _codes, _SCHEMAS: _schemas, _AGENTS: _agents, _STEPS: _steps, _KEYS: _keys, _STATUSES: _statuses,
}  # fmt: skip


def _line(word: str, about: str) -> str:
    """A word and what it is, apart by a tab: nothing in it moves the cursor of a terminal, or ends the line."""
    return f"{word}\t{render.shown(about)}" if about else word


def _whole(words: Sequence[str]) -> tuple[list[str], str]:
    return list(words), ""


def _split_at_equals(words: Sequence[str]) -> tuple[list[str], str]:
    """bash's words as they are meant, and what stands before `=` in the last one, which bash leaves where it is.

    bash gives them as they were typed, quotes and all, and ends words at `=` (COMP_WORDBREAKS in bash(1)).
    """
    whole: list[str] = []
    for at, word in enumerate(words):
        if at and (word == "=" or words[at - 1] == "=") and whole[-1].startswith("--"):
            whole[-1] += word
        else:
            whole.append(word)
    lead = whole[-1].partition("=")[0] + "=" if len(words) > 1 and "=" in (words[-1], words[-2]) else ""
    return [_unquoted(word) for word in whole], lead


def _unquoted(word: str) -> str:
    try:
        parts = shlex.split(word)
    except ValueError:  # a quote that is still open
        return word.lstrip("'\"")
    return "".join(parts)
