"""The tools of the MCP server, once: what each is for, what it takes, which command it is, and what it answers with.

What a tool is made of (`inputSchema`, `outputSchema`, annotations) is the Model Context Protocol's, revision 2025-11-25,
"Server Features: Tools". The root of a schema is a plain object on purpose: revisions before 2026-07-28 and the tools
of some model providers allow nothing else there.
"""

from __future__ import annotations

from holdfast.domain.value import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    Schema = Mapping[str, Any]

PLACE = ""
"""The flag of an argument that stands in its place on the command line."""

WORKTREE = "worktree"
LIMIT = "limit"
LEFT_OUT = "left_out"
ERROR = "error"
"""The document of a refusal that has none of its own."""

ROWS = 50
"""How many rows of a list a call gives where it does not say."""


class Argument(NamedTuple):
    """One argument of a tool: its JSON Schema, and its flag on the command line (of each value, for a choice)."""

    schema: Schema
    flag: str | Mapping[str, str]


class Tool(NamedTuple):
    """One tool: a command of the command line, with the arguments that it takes from a call.

    `document` names its JSON document and `rows` the list in there that `limit` cuts; `otherwise` are the words of the
    command line where no argument stands in its place. The hints are those of the protocol: `ends` says that a call
    can end something, `repeats` that a second call changes nothing more, `outside` that it asks a remote or a forge.
    """

    name: str
    title: str
    description: str
    command: tuple[str, ...]
    document: str
    arguments: Mapping[str, Argument]
    required: tuple[str, ...] = (WORKTREE,)
    rows: str = ""
    otherwise: tuple[str, ...] = ()
    reads: bool = True
    ends: bool = False
    repeats: bool = True
    outside: bool = False

    def takes(self) -> dict[str, Any]:
        """The JSON Schema of the arguments; whatever is not in it is refused."""
        return {
            "type": "object",
            "properties": {name: dict(argument.schema) for name, argument in self.arguments.items()},
            "required": list(self.required),
            "additionalProperties": False,
        }

    def gives(self, document: Schema, error: Schema) -> dict[str, Any]:
        """The JSON Schema of the results: the shipped one of the document, with the exit code beside it, or of an error."""
        beside: dict[str, Any] = {"exit": {"enum": [0, 1, 4, 5]}}
        if self.rows:
            beside[LEFT_OUT] = {"type": "integer", "minimum": 0}
        problem = error["properties"]["blockers"]["items"]
        either = [_shared(_beside(document, beside), problem), _shared(error, problem)]
        return {"type": "object", "anyOf": either, "$defs": {"problem": problem}}

    def words(self, given: Mapping[str, Any]) -> tuple[str, ...]:
        """The words of the command line for the arguments of a call, which fit `takes`.

        No value can be read as a flag: each is behind the `=` of its own, or behind `--`.
        """
        flags, places = [], []
        for name, argument in self.arguments.items():
            value = given.get(name)
            if value is None or value is False or name in (WORKTREE, LIMIT):
                continue
            if not isinstance(argument.flag, str):
                flags += [argument.flag[value]] if argument.flag[value] else []
            elif argument.flag == PLACE:
                places.append(_text(value))
            else:
                flags.append(argument.flag if value is True else f"{argument.flag}={_text(value)}")
        return (*self.command, *flags, *(("--", *places) if places else self.otherwise))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else str(int(value))  # 12.0 is an integer, too, for JSON Schema


def _beside(schema: Schema, more: Schema) -> Schema:
    """The schema of an object, with more required fields; of each alternative where there are several."""
    if "anyOf" in schema:
        return {**schema, "anyOf": [_beside(one, more) for one in schema["anyOf"]]}
    return {
        **schema,
        "properties": {**schema["properties"], **more},
        "required": [*schema["required"], *more],
    }


def _shared(schema: Any, problem: Schema) -> Any:
    """A schema in which a problem, 4 KB each time, is named instead of repeated.

    Without `$schema`, which only a root may have: checkers of an older draft stop at a second one. And without `$id`,
    from which what is named would be looked for inside of that schema.
    """
    if schema == problem:
        return {"$ref": "#/$defs/problem"}
    if isinstance(schema, dict):
        return {key: _shared(value, problem) for key, value in schema.items() if key not in ("$schema", "$id")}
    return [_shared(one, problem) for one in schema] if isinstance(schema, list) else schema


def _flag(flag: str, description: str) -> Argument:
    return Argument({"type": "boolean", "default": False, "description": description}, flag)


def _words(flag: str, description: str, longest: int = 1000) -> Argument:
    return Argument({"type": "string", "minLength": 1, "maxLength": longest, "description": description}, flag)


def _number(flag: str, description: str) -> Argument:
    return Argument({"type": "integer", "minimum": 0, "maximum": 999_999_999, "description": description}, flag)


def _choice(flags: Mapping[str, str], description: str) -> Argument:
    default = next(iter(flags))
    return Argument({"enum": list(flags), "default": default, "description": description}, flags)


def _rows(what: str) -> Argument:
    told = f"How many {what} to give at most; `{LEFT_OUT}` in the result says how many there are beyond them"
    return Argument({"type": "integer", "minimum": 1, "maximum": 1000, "default": ROWS, "description": told}, LIMIT)


_HERE = Argument(
    {
        "type": "string", "minLength": 1, "maxLength": 4000,
        "description": "Absolute path of the worktree that this call is about: the one you work in, or the repository's",
    },
    "-C",
)  # fmt: skip

_MERGED = {
    "plan": _number(
        PLACE, "The number of the plan to finish. Name plan, branch or pr, or none for the worktree's branch"
    ),
    "branch": _words("--branch", "The name of the branch to finish, for work without a plan or with several claims"),
    "pr": _number("--pr", "The number of the pull request or merge request to finish"),
    "evidence": _words(
        "--evidence",
        "How the work was verified ('make test: 212 passed'): completes the plan along with the merge",
        20_000,
    ),
    "partial": _flag("--partial", "A part of the plan: it need not be complete"),
    "keep_worktree": _flag("--keep-worktree", "Leave the worktree and the branch as they are"),
}

TOOLS: tuple[Tool, ...] = (
    Tool(
        "status",
        "Where things stand",
        "Call this first, and whenever you do not know how to go on. It says where you are (worktree, branch, plan), which "
        "command is next and why, what needs attention, which plans are ready and who works on what. At most 4 KB.",
        ("status",),
        "status",
        {WORKTREE: _HERE, "all": _flag("--all", "Everything, however long it is")},
    ),
    Tool(
        "ready_plans",
        "Plans that can be taken",
        "Call this to choose work: the plans that are open, wait for no other plan and are claimed by nobody, most urgent "
        "first. Then read one with plan_text, and take it with start.",
        ("plan", "list", "--ready"),
        "plan.list",
        {WORKTREE: _HERE, LIMIT: _rows("plans")},
        rows="plans",
    ),
    Tool(
        "plan_text",
        "The text of a plan",
        "Call this to read what a plan asks for: its whole Markdown text, with its status, what it waits for and who holds it.",
        ("plan", "show"),
        "plan.show",
        {WORKTREE: _HERE, "plan": _number(PLACE, "The plan's number")},
        required=(WORKTREE, "plan"),
    ),
    Tool(
        "start",
        "Claim a plan",
        "Call this before you change a file for a plan. It claims the plan so that nobody else has it, and makes a branch and "
        "a worktree for it. Work in the worktree that the result names, and name that one in further calls. A result with "
        "`lost` means that somebody else was faster: take another plan.",
        ("start",),
        "start",
        {
            WORKTREE: _HERE,
            "plan": _number(PLACE, "The plan's number. Left out, it is the most urgent plan that nobody else wins"),
            "owner": _words("--owner", "Your name as a worker; give the same one in each call", 200),
            "here": _flag("--here", "Claim for this linked worktree, keeping its commits and edits"),
            "no_worktree": _flag("--no-worktree", "Make no worktree"),
            "phase": _words("--phase", "One of the phases that the plan declares", 200),
            "steal": _flag("--steal", "Take over a stale claim; the other's commits are kept"),
            "offline": _flag("--offline", "Claim for this clone alone, where the remote cannot be reached"),
        },
        otherwise=("--next",),
        reads=False,
        repeats=False,
        outside=True,
    ),
    Tool(
        "claims",
        "Who works on what",
        "Call this to see who holds which plan, in which worktree, and how sure that is.",
        ("claims",),
        "claims",
        {
            WORKTREE: _HERE,
            "which": _choice(
                {"open": "", "stale": "--stale", "all": "--all"},
                "open: what is not merged; stale: what `start` with `steal` may take; all: merged branches, too",
            ),
            "fetch": _flag("--fetch", "Ask the remote first, so that the claims of other clones are those of this moment"),
            LIMIT: _rows("claims"),
        },
        rows="claims",
        outside=True,
    ),
    Tool(
        "check",
        "Check the plans",
        "Call this after editing plans and before a commit: all rules over the plans and the plan index. Each problem says "
        "how to mend it.",
        ("check",),
        "check",
        {
            WORKTREE: _HERE,
            "staged": _flag("--staged", "What the next commit would hold, instead of the files of the worktree"),
            "rev": _words("--rev", "A commit, instead of the files of the worktree"),
            "since": _words("--since", "Only problems that were added since this commit (`main`)"),
            LIMIT: _rows("problems"),
        },
        rows="problems",
    ),
    Tool(
        "finish_dry_run",
        "What finishing would do",
        "Call this before finish: everything that speaks against the merge, all at once, or the steps that finish would take. "
        "It changes nothing and merges nothing.",
        ("finish", "--dry-run"),
        "finish",
        {WORKTREE: _HERE, **_MERGED},
        outside=True,
    ),
    Tool(
        "finish",
        "Merge the work of a plan",
        "Call this when the work of a plan is committed and pushed: it validates everything, merges once, and cleans up the "
        "branch and the worktree. Refused, nothing has changed: the blockers say what to do. Commands that verify the merge "
        "can take minutes; progress is reported. It can be called again: what is merged is not merged twice.",
        ("finish",),
        "finish",
        {
            WORKTREE: _HERE,
            **_MERGED,
            "action": _choice(
                {"merge": "", "request": "--request", "update-branch": "--update-branch", "resume": "--resume"},
                "merge; request: only open or update the pull request; update-branch: only bring the main branch into the "
                "branch; resume: complete or take back merges that were cut off",
            ),
            "wait": _flag("--wait", "Wait for checks of the pull request that have not ended"),
        },
        reads=False,
        ends=True,
        outside=True,
    ),
    Tool(
        "explain",
        "What a code means",
        "Call this with the code of a problem or blocker, or with an exit code: what it means, what happens otherwise, and how "
        "to mend it.",
        ("explain",),
        "explain",
        {
            WORKTREE: _HERE,
            "code": Argument(
                {
                    "type": "string", "pattern": "^[a-z0-9][a-z0-9-]*$", "maxLength": 100,
                    "description": "A problem's code (`evidence-missing`), an exit code (`4`) or a case of the recovery page",
                },
                PLACE,
            ),
        },
        required=(WORKTREE, "code"),
    ),
)  # fmt: skip

BY_NAME = {one.name: one for one in TOOLS}
