"""The reference pages of the site, made from the code: parsers, codes, configuration keys, schemas, exit codes."""

from __future__ import annotations

import argparse
import importlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import markdown_table
from holdfast.domain import configuration_keys, exit_codes, policy
from holdfast.domain.agent_codes import AGENT_RULES
from holdfast.domain.blockers import BLOCKERS
from holdfast.domain.ci_codes import CI_RULES
from holdfast.domain.claims_file_codes import MIGRATE_RULES
from holdfast.domain.configuration_keys import Key
from holdfast.domain.finish_codes import FINISH_RULES
from holdfast.domain.health_codes import HEALTH_RULES
from holdfast.domain.migrate_codes import OLDER_RULES
from holdfast.domain.rules.catalogue import CATALOGUE, Rule
from holdfast.domain.worktree_codes import WORKTREE_RULES
from holdfast.entrypoints import cli
from schemas import Schema, schemas

FOLDER = Path("docs/reference")
MARK = "<!-- written by `make generate` from the code, do not edit -->\n\n"
_WIDTH = 84
_MANY = 20
"""A list of more words than this is told by their number, with where they stand."""

_COMMANDS = """\
# Commands

Data goes to standard output, everything else to standard error. Each command works in any subfolder and any linked
worktree, takes the flags below, and ends with one of the [exit codes](exit-codes.md). What `--json` prints is described
in [JSON](json.md). `holdfast COMMAND --help` prints what stands here.
"""
_RULES = """\
# Rules and codes

Everything that is not as it should be has a code, which never changes once it is released. It stands in square brackets
behind a message; `holdfast explain CODE` says what it means and how to mend it, and so does its entry in the
[recovery page](../RECOVERY.md), where each code below leads.

An *error* refuses what would bring it in, a *warning* is said and passes.

## Rules over plans

What `check` looks for and the commit hook refuses, if the commit adds it. Their weight can be changed by code in
[`[rules]`](configuration.md) of `holdfast.toml`: `"error"`, `"warning"` or `"off"`. *Mended* says what `check --mend`
does about it.
"""
_CONFIGURATION = """\
# Configuration

`holdfast.toml` at the top of the repository, or `[tool.holdfast]` in `pyproject.toml`. Every key is optional.
`holdfast config` prints the value of each and where it comes from, `holdfast config finish.method` what one means. A key
that is not known is a problem, with the nearest one that is.

A command in the configuration runs only after you have approved its exact text, in this clone:
`holdfast approve worktree.setup`.

## Keys
"""
_DOCUMENTS = """\
# JSON

With `--json` a command prints one document (`log` and `status --watch` one a line), whose first field is
`"schema": "holdfast.NAME/1"`. Times are UTC and end in `Z`, paths are absolute. `holdfast schema NAME` prints the JSON
Schema of a document; the tests hold real output against them. Fields may be added, none is renamed or taken away.

A *problem* is everywhere the same: [check](#check) shows its fields. `code` is one of [these](rules.md), `who` says who
acts: `you` run the remedy, `wait` (it passes by itself), or a `human` decides.
"""
_EXITS = """\
# Exit codes

`holdfast explain 4` prints what stands here. The hooks of coding agents answer in each agent's own protocol instead.
"""


def pages() -> dict[Path, str]:
    """Each reference page by its path from the top of the repository."""
    made = {
        "commands": commands(), "rules": rules(), "configuration": configuration(), "json": documents(),
        "exit-codes": exits(),
    }  # fmt: skip
    return {FOLDER / f"{name}.md": MARK + text for name, text in made.items()}


def parser_of(name: str) -> cli.Parser:
    """The parser of a command, as the program makes it, without the flags that all of them have."""
    command = importlib.import_module(f"holdfast.entrypoints.commands.{name}")
    parser = cli.Parser(prog=f"holdfast {name}", description=command.__doc__, epilog=command.EXAMPLE, **cli.SHAPE)
    command.arguments(parser)
    return parser


def commands() -> str:
    """Every command with its words, its arguments and an example."""
    common = argparse.ArgumentParser(add_help=False)
    cli.add_common(common)
    lines = [
        *_COMMANDS.splitlines(),
        "",
        *markdown_table.lines(("everywhere", ""), _rows(common._actions)),
        "",
        "`NO_COLOR` and `FORCE_COLOR` are heeded. Nothing is asked where standard input or output is no terminal.",
    ]
    for name, short in cli.COMMANDS.items():
        lines += ["", f"## {name}", "", *_command(parser_of(name), short)]
    return "\n".join(lines) + "\n"


def _command(parser: argparse.ArgumentParser, short: str = "") -> Iterator[str]:
    text = " ".join((parser.description or short).split())
    yield text[0].upper() + text[1:].rstrip(".") + "."
    inner = next((one for one in parser._actions if isinstance(one, argparse._SubParsersAction)), None)
    if inner is None:
        yield from ("", "```text", *_usage(parser), "```")
        rows = list(_rows(parser._actions))
        yield from ("", *markdown_table.lines(("argument", ""), rows)) if rows else ()
    yield from _examples(parser.epilog or "")
    helps = {one.dest: one.help or "" for one in inner._choices_actions} if inner else {}
    for name, verb in inner.choices.items() if inner else ():
        yield from ("", f"### {parser.prog.removeprefix('holdfast ')} {name}", "", *_command(verb, helps[name]))


def _examples(epilog: str) -> Iterator[str]:
    """The lines below `example:` as a block, and what else is said below it."""
    examples, _, more = epilog.partition("\n\n")
    lines = [line.strip() for line in examples.partition(":")[2].strip().splitlines()]
    if lines:
        yield from ("", "```sh", *(_commented(line) for line in lines), "```")
    if more:
        text = " ".join(more.split()).replace("[", "\\[")
        yield from ("", text[0].upper() + text[1:].rstrip(".") + ".")


def _commented(line: str) -> str:
    """An example with what is said behind it as a comment of the shell."""
    command, gap, words = line.partition("  ")
    return f"{command}  # {words.strip().lstrip('# ')}" if gap else line


def _usage(parser: argparse.ArgumentParser) -> list[str]:
    """The line of usage, broken where it is too long: argparse breaks it otherwise in each version of Python."""
    words = [parser.prog, *filter(None, (_asked(one) for one in parser._actions))]
    lines = [""]
    for word in words:
        if len(lines[-1]) + len(word) > _WIDTH:
            lines.append(" " * len(parser.prog))
        lines[-1] += f" {word}" if lines[-1] else word
    return lines


def _everywhere(action: argparse.Action) -> bool:
    return action.dest in ("cwd", "json", "quiet", "yes", "dry_run") or isinstance(action, argparse._HelpAction)


def _asked(action: argparse.Action) -> str:
    if _everywhere(action):
        return ""
    name = _named(action)
    if action.option_strings:
        return f"[{name}]" if not action.required else name
    if action.nargs == "?":
        return f"[{name}]"
    return {"*": f"[{name} ...]", "+": f"{name} [{name} ...]"}.get(str(action.nargs), name)


def _named(action: argparse.Action) -> str:
    """An argument or a flag as it is typed."""
    metavar = action.metavar if isinstance(action.metavar, str) else ""
    value = metavar or ("{" + ",".join(map(str, action.choices)) + "}" if action.choices else action.dest.upper())
    if not action.option_strings:
        return metavar or action.dest.upper()
    return action.option_strings[0] if action.nargs == 0 else f"{action.option_strings[0]} {value}"


def _rows(actions: Iterable[argparse.Action]) -> Iterator[tuple[str, str]]:
    several = list(actions)
    for action in several:
        shown = not isinstance(action, (argparse._HelpAction, argparse._SubParsersAction))
        if shown and (not _everywhere(action) or len(several) <= 5):
            also = "".join(f", `{one}`" for one in action.option_strings[1:])
            yield f"`{_named(action)}`{also}", action.help or ""


_FAMILIES: tuple[tuple[str, str, tuple[Rule, ...]], ...] = (
    ("Claims", "What refuses `start`, `unclaim` and other commands that take or give plans.", BLOCKERS),
    ("Worktrees", "What refuses `worktree remove`, `worktree restore` and `clean`.", WORKTREE_RULES),
    ("Finish", "What refuses `finish`.", FINISH_RULES),
    ("Agents", "What an agent's call is refused for, or what is wrong with the hooks of agents.", AGENT_RULES),
    ("Hand-kept claims files", "What `migrate` finds in them.", MIGRATE_RULES),
    ("Older scripts", "What `migrate` and `doctor` find of them.", OLDER_RULES),
    ("Health", "What `doctor` finds.", HEALTH_RULES),
    ("CI", "What keeps `ci --fix` from putting the plan index right.", CI_RULES),
)


def rules() -> str:
    """Every code: the rules over plans in full, the others with their entry of the recovery page."""
    lines = [
        *_RULES.splitlines(),
        "",
        *markdown_table.lines(
            ("code", "weight", "what it finds", "what happens otherwise", "mended"),
            ((_to_recovery(one), one.severity, one.title, one.consequence, one.mend or "-") for one in CATALOGUE),
        ),
    ]
    for title, words, family in _FAMILIES:
        rows = ((_to_recovery(one), one.severity, one.title) for one in family)
        lines += ["", f"## {title}", "", words, "", *markdown_table.lines(("code", "weight", "what it means"), rows)]
    return "\n".join(lines) + "\n"


def _to_recovery(rule: Rule) -> str:
    return f"[`{rule.code}`](../RECOVERY.md#{rule.code})"


def configuration() -> str:
    """Every key of the configuration with what it takes, its default and its meaning."""
    default = policy.default()
    folder = default.folders[0]
    lines = [
        *_CONFIGURATION.splitlines(),
        "",
        *markdown_table.lines(
            ("key", "takes", "default", "meaning"),
            (_key(one, _default(default, one.name)) for one in configuration_keys.KEYS),
        ),
        "",
        "## Plan folders",
        "",
        "One `[[plans]]` table for each plan folder. The defaults are those of the profile `plan`; where they are long,",
        "`holdfast config` prints them.",
        "",
        *markdown_table.lines(
            ("key", "takes", "default", "meaning"),
            (_key(one, _of_folder(folder, one.name)) for one in configuration_keys.FOLDER_KEYS),
        ),
        "",
        "A file `README.md.template` beside the plan index makes the whole file generated: `$plan_index` stands for the table.",
    ]
    return "\n".join(lines) + "\n"


def _key(key: Key, default: Any) -> tuple[str, str, str, str]:
    return f"`{key.name}`", key.takes, _shown(default), key.meaning


def _shown(value: Any) -> str:
    if value is None or value in ("", (), {}):
        return "none"
    text = json.dumps(value, ensure_ascii=False)
    return f"`{text}`" if len(text) <= 60 else "several"


def _default(default: policy.Policy, name: str) -> Any:
    """The default of a key: policies are nested as tables are, but for a few at the top."""
    table, _, key = name.partition(".")
    if name == "rules":
        return None
    if name == "claims.branch":
        return default.claims.branch.text
    nested = getattr(default, table, None) if key else None
    return getattr(nested, key) if hasattr(nested, "_fields") else getattr(default, key or table)


def _of_folder(folder: policy.FolderPolicy, name: str) -> Any:
    special: dict[str, Any] = {
        "pattern": folder.pattern.text, "index": folder.index_name,
        "statuses": {one.key: one.words for one in folder.statuses},
        "signs": {one.key: one.signs for one in folder.statuses},
    }  # fmt: skip
    return special[name] if name in special else getattr(folder, name)


def documents() -> str:
    """Every field of what `--json` prints."""
    found = schemas()
    lines = [
        *_DOCUMENTS.splitlines(),
        "",
        "The documents: " + ", ".join(f"[{name}](#{_slug(name)})" for name in sorted(found)) + ".",
    ]
    for name in sorted(found):
        lines += ["", f'<a id="{_slug(name)}"></a>', f"## holdfast.{name}", ""]
        rows = list(_fields(found[name], "", name == "check"))
        lines += markdown_table.lines(("field", "type"), rows) if rows else ["A document without fields of its own."]
    return "\n".join(lines) + "\n"


def _slug(name: str) -> str:
    return name.replace(".", "-")


def _fields(schema: Schema, at: str, whole: bool) -> Iterator[tuple[str, str]]:
    """Each field with its type, those inside it below; a problem is shown whole where `whole` says so."""
    for inner in schema.get("anyOf", ()):
        yield from _fields(inner, at, whole)
    if schema.get("type") == "array":
        yield from _fields(schema["items"], f"{at}[]", whole)
    problem = "remedy" in schema.get("properties", {}) and "who" in schema.get("properties", {})
    if problem and at and not whole:
        return
    required = schema.get("required", ())
    for name, field in schema.get("properties", {}).items():
        path = f"{at}.{name}" if at else name
        optional = "" if name in required else ", not always there"
        yield f"`{path}`", _kind(field) + optional
        yield from _fields(field, path, whole)


def _kind(schema: Schema) -> str:
    """A type in words."""
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_kind(one) for one in schema["anyOf"]))
    if "const" in schema:
        return f"`{json.dumps(schema['const'])}`"
    if "enum" in schema:
        words = schema["enum"]
        few = " ".join(f"`{json.dumps(one)}`" for one in words)
        return f"one of {few}" if len(words) <= _MANY else "one of the [codes](rules.md)" if _codes(words) else "text"
    kind = schema.get("type", "any value")
    if kind == "array":
        return f"list of {_kind(schema['items'])}"
    if kind == "object" and "remedy" in schema.get("properties", {}):
        return "[problem](#check)"
    plain = {"string": "text", "integer": "number", "boolean": "true or false"}
    words = plain.get(kind, kind) if isinstance(kind, str) else " or ".join(plain.get(one, one) for one in kind)
    return f"{words}, {schema['description']}" if "description" in schema else words


def _codes(words: list[Any]) -> bool:
    return CATALOGUE[0].code in words


def exits() -> str:
    """Every exit code."""
    lines = [
        *_EXITS.splitlines(),
        "",
        *markdown_table.lines(
            ("code", "means", "what was done", "what to do"),
            (
                (f"[{one.code}](../RECOVERY.md#{one.anchor})", one.title, one.consequence, one.remedy)
                for one in exit_codes.EXITS
            ),
        ),
    ]
    return "\n".join(lines) + "\n"
