"""The coding agents that Holdfast knows: one record each says how it registers hooks, how its calls are read and answered.

What the records rest on, measured with the programs themselves (`make agents-real`) where there is a package of them:

- Claude Code: code.claude.com/docs/en/hooks; npm @anthropic-ai/claude-code 2.1.197.
- Codex CLI: developers.openai.com/codex/hooks, codex-rs/hooks/src/schema.rs and engine/output_parser.rs; npm
  @openai/codex 0.169.0.
- Gemini CLI: docs/hooks/reference.md in npm @google/gemini-cli 0.61.0. Its standard output must be JSON or nothing, its time
  limits are milliseconds, and what `BeforeTool` says goes to its user (`systemMessage`): only a refusal reaches the model.
- Cursor: cursor.com/docs/agent/hooks, cursor.com/docs/reference/third-party-hooks. It also runs the hooks of Claude's file.
- Copilot CLI: docs.github.com/en/copilot/reference/copilot-cli-reference/cli-hooks-reference; npm @github/copilot 1.0.102.
  `toolArgs` was a JSON string and is an object now. It also runs the hooks of Claude's file, with payloads in Claude's
  words; and a hook of `preToolUse` that fails refuses the call, so ours never does.
- OpenCode: opencode.ai/docs/plugins, npm @opencode-ai/plugin 1.18.33. Its plugin is a shim of ours (`agent_shim`), which
  makes the calls in Claude's words.
"""

from __future__ import annotations

from holdfast.domain.value import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    Said = Callable[[str, str], dict[str, Any]]
    """The event's name and a text in, an answer in the agent's protocol out."""

START, PROMPT, BEFORE, AFTER, WAITS, END = "start", "prompt", "before", "after", "waits", "end"
"""What an event is to Holdfast: a session begins; its user spoke; a tool is about to run; it ran; it waits; it is over."""


class Event(NamedTuple):
    """One event of an agent: its name there, what it is to Holdfast, and which of them (None: all).

    `bare` is true where the payload holds the command itself, without the name of a tool.
    """

    name: str
    moment: str
    matcher: str | None = None
    bare: bool = False


class Form(NamedTuple):
    """How a settings file lists hooks: `hooks`, an object of events, each a list.

    `nested`: the list holds groups, which hold handlers; else it holds handlers. `key` names the command in a handler,
    `typed` gives it a `type`, `limit` is the name and value of its time limit, `version` stands beside `hooks`.
    """

    nested: bool = True
    key: str = "command"
    typed: bool = True
    limit: tuple[str, int] = ("timeout", 10)
    version: int | None = None


class Reading(NamedTuple):
    """Where a payload says who calls, which tool, and what it gets; which tools write files, which only read, which is a
    shell."""

    editors: frozenset[str]
    readers: frozenset[str]
    shell: str
    session: str = "session_id"
    tool: str = "tool_name"
    inputs: str = "tool_input"


class Answers(NamedTuple):
    """How an agent is told something when it begins, refused a call, and warned of one that it may make."""

    told: Said
    refused: Said
    warned: Said


class Agent(NamedTuple):
    """An agent. `path` is its settings file from the top of a worktree, `form` how that lists hooks (None: it is a file of
    ours as a whole), `signs` what stands in a worktree where it works.

    `resume` is its own command to go on with a session, `note` what its user must know. `plain`: what a hook prints when a
    session begins may be any text. `shared`: other agents run the hooks of its file too; `marks` is what only the payloads
    of such another one hold, `lacks` what they never hold.
    """

    name: str
    title: str
    path: str
    form: Form | None
    events: tuple[Event, ...]
    reading: Reading
    answers: Answers
    resume: str
    signs: tuple[str, ...]
    note: str = ""
    plain: bool = False
    marks: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    shared: bool = False

    def moment(self, event: str) -> str | None:
        """What an event is to Holdfast; None for one that is not registered."""
        return next((one.moment for one in self.events if one.name == event), None)

    def at(self, moment: str) -> tuple[Event, ...]:
        """Its events of one kind."""
        return tuple(one for one in self.events if one.moment == moment)


# How they are answered


def _specific(event: str, **fields: str) -> dict[str, Any]:
    return {"hookSpecificOutput": {"hookEventName": event, **fields}}


def _context(event: str, text: str) -> dict[str, Any]:
    return _specific(event, additionalContext=text)


_CLAUDE_ANSWERS = Answers(
    told=_context,
    refused=lambda event, text: _specific(event, permissionDecision="deny", permissionDecisionReason=text),
    warned=lambda event, text: {"systemMessage": text, **_context(event, text)},
)
"""Exit 2 would refuse too, but that is also how a Python ends that does not find its file, and how some shells end on an
error: an agent must never be stopped by that."""

_GEMINI_ANSWERS = Answers(
    told=_context,
    refused=lambda _event, text: {"decision": "deny", "reason": text},
    warned=lambda _event, text: {"systemMessage": text},
)
_CURSOR_ANSWERS = Answers(
    told=lambda _event, text: {"additional_context": text},
    refused=lambda _event, text: {"permission": "deny", "user_message": text, "agent_message": text},
    # Without `permission`: "allow" would let pass what its user is asked about.
    warned=lambda _event, text: {"user_message": text, "agent_message": text},
)
_COPILOT_ANSWERS = Answers(
    told=lambda _event, text: {"additionalContext": text},
    refused=lambda _event, text: {"permissionDecision": "deny", "permissionDecisionReason": text},
    warned=lambda _event, text: {"additionalContext": text},
)
_SHIM_ANSWERS = Answers(
    told=lambda _event, text: {"context": text},
    refused=lambda _event, text: {"permission": "deny", "reason": text},
    warned=lambda _event, text: {"context": text},
)

# How they are read

_CLAUDE_READING = Reading(
    frozenset(("Edit", "Write", "MultiEdit", "NotebookEdit")),
    frozenset(
        (
            "Read", "Glob", "Grep", "LS", "NotebookRead", "WebFetch", "WebSearch", "TodoWrite", "TodoRead", "Task", "Agent",
            "Skill", "update_plan",
        )
    ),
    "Bash",
)  # fmt: skip
_GEMINI_READING = Reading(
    frozenset(("write_file", "replace")),
    frozenset(
        (
            "read_file", "read_many_files", "list_directory", "glob", "grep_search", "search_file_content",
            "google_web_search", "web_fetch", "write_todos", "save_memory", "ask_user", "activate_skill", "update_topic",
            "get_internal_docs",
        )
    ),
    "run_shell_command",
)  # fmt: skip
_CURSOR_READING = Reading(
    frozenset(("Write", "StrReplace", "Edit", "MultiEdit", "Delete", "EditNotebook")),
    frozenset(
        ("Read", "Grep", "Glob", "LS", "Task", "WebSearch", "WebFetch", "SemanticSearch", "ReadLints", "TodoWrite")
    ),
    "Shell",
    session="conversation_id",
)
_COPILOT_READING = Reading(
    frozenset(("create", "edit", "str_replace_editor", "insert")),
    frozenset(
        (
            "view", "glob", "grep", "rg", "list_bash", "read_bash", "read_agent", "list_agents", "skill", "task",
            "report_intent", "update_todo", "ask_user", "web_fetch", "web_search", "fetch_copilot_cli_documentation",
        )
    ),
    "bash",
    session="sessionId",
    tool="toolName",
    inputs="toolArgs",
)  # fmt: skip
_OPENCODE_READING = Reading(
    frozenset(("edit", "write", "multiedit")),
    frozenset(
        ("read", "list", "glob", "grep", "webfetch", "websearch", "codesearch", "todowrite", "todoread", "task", "skill",
         "question", "lsp")
    ),
    "bash",
)  # fmt: skip

PATCHES = frozenset(("apply_patch", "patch"))
"""Tools that get a patch, which names its files."""

_ALL = "*"

CLAUDE = Agent(
    "claude",
    "Claude Code",
    ".claude/settings.json",
    Form(),
    (
        Event("SessionStart", START), Event("UserPromptSubmit", PROMPT), Event("PreToolUse", BEFORE, _ALL),
        Event("PostToolUse", AFTER, _ALL), Event("Notification", WAITS, "permission_prompt|idle_prompt|elicitation_dialog"),
        Event("Stop", WAITS), Event("SessionEnd", END),
    ),
    _CLAUDE_READING,
    _CLAUDE_ANSWERS,
    "claude --resume {session}",
    (".claude",),
    plain=True,
    shared=True,
)  # fmt: skip
CODEX = Agent(
    "codex",
    "Codex CLI",
    ".codex/hooks.json",
    Form(),
    (
        Event("SessionStart", START), Event("UserPromptSubmit", PROMPT), Event("PreToolUse", BEFORE, _ALL),
        Event("PermissionRequest", WAITS, _ALL), Event("PostToolUse", AFTER, _ALL), Event("Stop", WAITS),
    ),
    _CLAUDE_READING,
    _CLAUDE_ANSWERS,
    "codex resume {session}",
    (".codex",),
    note="Codex skips new and changed hooks until you review them: run `/hooks` in it once; in linked worktrees it takes "
    "those of the main worktree",
    plain=True,
)  # fmt: skip
GEMINI = Agent(
    "gemini",
    "Gemini CLI",
    ".gemini/settings.json",
    Form(limit=("timeout", 10_000)),
    (
        Event("SessionStart", START), Event("BeforeAgent", PROMPT), Event("BeforeTool", BEFORE, _ALL),
        Event("AfterTool", AFTER, _ALL), Event("Notification", WAITS), Event("AfterAgent", WAITS), Event("SessionEnd", END),
    ),
    _GEMINI_READING,
    _GEMINI_ANSWERS,
    "gemini --resume {session}",
    (".gemini",),
    note="Gemini CLI runs them only in folders that you have trusted, and shows them to you once",
)  # fmt: skip
CURSOR = Agent(
    "cursor",
    "Cursor",
    ".cursor/hooks.json",
    Form(nested=False, typed=False, version=1),
    (
        Event("sessionStart", START), Event("beforeSubmitPrompt", PROMPT), Event("preToolUse", BEFORE),
        Event("beforeShellExecution", BEFORE, bare=True), Event("postToolUse", AFTER), Event("stop", WAITS),
        Event("sessionEnd", END),
    ),
    _CURSOR_READING,
    _CURSOR_ANSWERS,
    "cursor-agent --resume {session}",
    (".cursor",),
    note="Cursor runs them only in workspaces that you have trusted",
    marks=("cursor_version", "conversation_id"),
)  # fmt: skip
COPILOT = Agent(
    "copilot",
    "Copilot CLI",
    ".github/hooks/holdfast.json",
    Form(nested=False, key="bash", limit=("timeoutSec", 10), version=1),
    (
        Event("sessionStart", START), Event("userPromptSubmitted", PROMPT), Event("preToolUse", BEFORE),
        Event("postToolUse", AFTER), Event("notification", WAITS, "permission_prompt|elicitation_dialog"),
        Event("agentStop", WAITS), Event("sessionEnd", END),
    ),
    _COPILOT_READING,
    _COPILOT_ANSWERS,
    "copilot --resume={session}",
    (".github/hooks",),
    note="Copilot CLI runs a repository's hooks only in folders that you have trusted",
    marks=("sessionId", "timestamp"),
    lacks=("transcript_path", "permission_mode"),
)  # fmt: skip
OPENCODE = Agent(
    "opencode",
    "OpenCode",
    ".opencode/plugins/holdfast.js",
    None,
    (
        Event("session.created", START), Event("chat.message", PROMPT), Event("tool.execute.before", BEFORE),
        Event("tool.execute.after", AFTER), Event("permission.asked", WAITS), Event("session.idle", WAITS),
        Event("session.deleted", END),
    ),
    _OPENCODE_READING,
    _SHIM_ANSWERS,
    "opencode --session {session}",
    (".opencode", "opencode.json", "opencode.jsonc"),
)  # fmt: skip
AGENTS = {agent.name: agent for agent in (CLAUDE, CODEX, GEMINI, CURSOR, COPILOT, OPENCODE)}


def speaker(named: Agent, payload: Mapping[str, Any]) -> Agent:
    """Which agent really calls: the one whose settings were run, or another that runs those too, by its payload."""
    if not named.shared:
        return named
    for one in AGENTS.values():
        if any(mark in payload for mark in one.marks) and not any(key in payload for key in one.lacks):
            return one
    return named


def names(moment: str) -> tuple[str, ...]:
    """What the agents call one kind of events, each name once."""
    return tuple(dict.fromkeys(event.name for agent in AGENTS.values() for event in agent.at(moment)))


def tools(kind: str) -> tuple[str, ...]:
    """The tools of all agents that write files (`editors`) or only read (`readers`), each once and in order."""
    return tuple(sorted({tool for agent in AGENTS.values() for tool in getattr(agent.reading, kind)}))


def marks() -> tuple[str, ...]:
    """The fields of payloads by which `speaker` tells agents apart."""
    return tuple(dict.fromkeys(key for agent in AGENTS.values() for key in (*agent.marks, *agent.lacks)))
