"""How agents register hooks: which file, which events, which command; and that registration in the text of a settings file.

Claude Code: `.claude/settings.json` (code.claude.com/docs/en/hooks, Configuration). Codex CLI: `.codex/hooks.json`
(developers.openai.com/codex/hooks): it runs a hook only after its user has reviewed it (`/hooks`), and again after each
change; so the command is the same in every version of Holdfast. It names no path of any machine: it looks for git's folder
from where it is started, and for Holdfast's hook in there. Where anything of that is missing it ends with 0.
"""

from __future__ import annotations

from holdfast.domain import json_text
from holdfast.domain.json_text import Node
from holdfast.domain.value import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from typing import Any

MARK = "holdfast/agent-hook"
"""What every command of ours holds, and no other."""

START = "SessionStart"
_SECONDS = 10
_ALL = "*"


class Agent(NamedTuple):
    """An agent: its name, its settings file from the top of a worktree, and its events, each with a matcher or None.

    `note` is what its user must know.
    """

    name: str
    title: str
    path: str
    events: tuple[tuple[str, str | None], ...]
    note: str = ""


CLAUDE = Agent(
    "claude",
    "Claude Code",
    ".claude/settings.json",
    (
        (START, None), ("UserPromptSubmit", None), ("PreToolUse", _ALL), ("PostToolUse", _ALL),
        ("Notification", "permission_prompt|idle_prompt|elicitation_dialog"), ("Stop", None), ("SessionEnd", None),
    ),
)  # fmt: skip
CODEX = Agent(
    "codex",
    "Codex CLI",
    ".codex/hooks.json",
    (
        (START, None), ("UserPromptSubmit", None), ("PreToolUse", _ALL), ("PermissionRequest", _ALL), ("PostToolUse", _ALL),
        ("Stop", None),
    ),
    note="Codex skips new and changed hooks until you review them: run `/hooks` in it once; in linked worktrees it takes "
    "those of the main worktree",
)  # fmt: skip
AGENTS = {agent.name: agent for agent in (CLAUDE, CODEX)}


class NoSettings(Exception):
    """A settings file that its agent would not read; `args[0]` says what is wrong with it."""


_FIND = (
    'cd -P .; d=$PWD; until [ -e "$d/.git" ]; do case $d in */*) d=${d%/*} ;; *) exit ;; esac; done; '
    'g=$d/.git; [ -d "$g" ] || read -r l g <"$g"; case $g in /*) ;; *) g=$d/$g ;; esac; '
    'c=$g; [ -f "$g/commondir" ] && read -r c <"$g/commondir"; case $c in /*) ;; *) c=$g/$c ;; esac; '
)
_LACKS = (
    'command -v holdfast >/dev/null && [ -f "$d/holdfast.toml" ] && '
    'echo "This clone lacks the hooks of Holdfast: run holdfast init --local"; '
)


def command(agent: Agent, event: str) -> str:
    """What an agent runs at an event; it never changes.

    Agents start it with a shell of POSIX, or with the shell of their user (Codex: `$SHELL -lc`). fish reads none of it, and
    hands it on: that it is text until then, and another process only there, saves one at each call.
    """
    lacking = _LACKS if event == START else ""
    text = (
        f'set -- {agent.name} {event}; trap "exit 0" 0; exec 2>/dev/null; {_FIND}'
        f'h=$c/{MARK}; [ -r "$h" ] && . "$h"; {lacking}exit'
    )
    return f'export HOOK=\'{text}\'; test -z "$FISH_VERSION" && eval "$HOOK"; exec sh -c "$HOOK"'


def registered(text: str, agent: Agent) -> str:
    """The settings with our hook at each event; unchanged where it is there. `NoSettings` for what cannot be read."""
    if not text.strip():
        import json

        return json.dumps({"hooks": {event: [_group(agent, event)] for event, _ in agent.events}}, indent=2) + "\n"
    for event, _ in agent.events:
        text = _with_event(text, agent, event)
    return text


def removed(text: str) -> str:
    """The settings without our hooks, and without what is empty then; empty for a file that holds nothing else."""
    if not text.strip():
        return text
    while (found := _first_ours(_hooks_of(text))) is not None:
        text = _without(text, *found)
    hooks = _hooks_of(text)
    return "" if hooks is None and _top(text).value == {} else text


def missing(text: str, agent: Agent) -> tuple[str, ...]:
    """The events at which an agent would not call us with this text of its settings."""
    hooks = _hooks_of(text) if text.strip() else None
    return tuple(event for event, matcher in agent.events if not _calls(hooks, agent, event, matcher))


def ours(text: str) -> bool:
    """True for settings that call us at any event; False for any other text."""
    try:
        return MARK in text and _first_ours(_hooks_of(text)) is not None
    except NoSettings:
        return False


def _calls(hooks: Node | None, agent: Agent, event: str, matcher: str | None) -> bool:
    for group in _groups(hooks, event):
        broad = matcher is None or group.get("matcher", "") in ("", _ALL, matcher)
        if broad and any(_is_handler(one, command(agent, event)) for one in group.get("hooks", [])):
            return True
    return False


def _is_handler(one: Any, text: str) -> bool:
    return isinstance(one, dict) and one.get("type") == "command" and one.get("command") == text


def _group(agent: Agent, event: str) -> dict[str, Any]:
    matcher = dict(agent.events)[event]
    handler = {"type": "command", "command": command(agent, event), "timeout": _SECONDS}
    return {**({"matcher": matcher} if matcher is not None else {}), "hooks": [handler]}


def _with_event(text: str, agent: Agent, event: str) -> str:
    top, hooks = _top(text), _hooks_of(text)
    if _calls(hooks, agent, event, dict(agent.events)[event]):
        return text
    if hooks is None:
        return json_text.put(text, top, "hooks", {event: [_group(agent, event)]})
    older = _first_ours(hooks, event)
    if older is not None:
        return _with_event(_without(text, *older), agent, event)
    groups = hooks.member(event)
    if groups is None:
        return json_text.put(text, hooks, event, [_group(agent, event)])
    return json_text.put(text, groups, None, _group(agent, event))


def _top(text: str) -> Node:
    try:
        top = json_text.parse(text)
    except json_text.NoJson as error:
        raise NoSettings(f"it is no JSON: {error.args[0]}") from error
    if not isinstance(top.value, dict):
        raise NoSettings("it holds no object")
    return top


def _hooks_of(text: str) -> Node | None:
    """The object of all hooks, None where there is none; every event in it holds a list of groups."""
    hooks = _top(text).member("hooks")
    if hooks is None:
        return None
    if not isinstance(hooks.value, dict):
        raise NoSettings("its `hooks` is no object")
    for event, groups in hooks.value.items():
        if not isinstance(groups, list):
            raise NoSettings(f"its `hooks.{event}` is no list")
        for group in groups:
            if not isinstance(group, dict) or not isinstance(group.get("hooks", []), list):
                raise NoSettings(f"its `hooks.{event}` holds what is no group of hooks")
    return hooks


def _groups(hooks: Node | None, event: str) -> list[dict[str, Any]]:
    node = hooks.member(event) if hooks is not None else None
    return node.value if node is not None else []


def _first_ours(hooks: Node | None, event: str | None = None) -> tuple[str, int, int] | None:
    """The first handler of ours: its event, its group in there, its place in the group."""
    for name, _, groups in hooks.parts if hooks is not None else ():
        if event is not None and name != event:
            continue
        for at, (_, _, group) in enumerate(groups.parts):
            handlers = group.member("hooks")
            for place, (_, _, one) in enumerate(handlers.parts if handlers is not None else ()):
                if isinstance(one.value, dict) and MARK in str(one.value.get("command", "")):
                    return name, at, place
    return None


def _without(text: str, event: str, at: int, place: int) -> str:
    """The settings without one handler, and without what it alone filled."""
    top = _top(text)
    hooks = top.member("hooks")
    assert hooks is not None
    groups = hooks.member(event)
    assert groups is not None
    handlers = groups.parts[at][2].member("hooks")
    assert handlers is not None
    if len(handlers.parts) > 1:
        return json_text.take(text, handlers, place)
    if len(groups.parts) > 1:
        return json_text.take(text, groups, at)
    if len(hooks.parts) > 1:
        return json_text.take(text, hooks, _place(hooks, event))
    return json_text.take(text, top, _place(top, "hooks"))


def _place(node: Node, key: str) -> int:
    return max(at for at, part in enumerate(node.parts) if part[0] == key)
