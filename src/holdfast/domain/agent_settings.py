"""That agents call us, in the text of their settings files: which command, and putting it in and taking it out.

Codex runs a hook only after its user has reviewed it (`/hooks`), and again after each change; so the command is the same in
every version of Holdfast. It names no path of any machine: it looks for git's folder from where it is started, and for
Holdfast's hook in there. Where anything of that is missing it ends with 0.
"""

from __future__ import annotations

from holdfast.domain import agent_shim, json_text
from holdfast.domain.agents import START, Agent, Event, Form
from holdfast.domain.json_text import Node
from holdfast.domain.value import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

MARK = "holdfast/agent-hook"
"""What every command of ours holds, and no other."""

_ALL = "*"
_VERSION = "version"


class NoSettings(Exception):
    """A settings file that its agent would not read; `args[0]` says what is wrong with it."""


_FIND = (
    'cd -P .; d=$PWD; until [ -e "$d/.git" ]; do case $d in */*) d=${d%/*} ;; *) exit ;; esac; done; '
    'g=$d/.git; [ -d "$g" ] || read -r l g <"$g"; case $g in /*) ;; *) g=$d/$g ;; esac; '
    'c=$g; [ -f "$g/commondir" ] && read -r c <"$g/commondir"; case $c in /*) ;; *) c=$g/$c ;; esac; '
)
_LACKING = "This clone lacks the hooks of Holdfast: run holdfast init --local"
_LACKS = 'command -v holdfast >/dev/null && [ -f "$d/holdfast.toml" ] && echo "{}"; '


def command(agent: Agent, event: str) -> str:
    """What an agent runs at an event; it never changes.

    Agents start it with a shell of POSIX, or with the shell of their user (Codex: `$SHELL -lc`). fish reads none of it, and
    hands it on: that it is text until then, and another process only there, saves one at each call.
    """
    lacking = _LACKS.replace("{}", _lacking(agent, event)) if agent.moment(event) == START else ""
    text = (
        f'set -- {agent.name} {event}; trap "exit 0" 0; exec 2>/dev/null; {_FIND}'
        f'h=$c/{MARK}; [ -r "$h" ] && . "$h"; {lacking}exit'
    )
    return f'export HOOK=\'{text}\'; test -z "$FISH_VERSION" && eval "$HOOK"; exec sh -c "$HOOK"'


def _lacking(agent: Agent, event: str) -> str:
    """What an agent is told where the hook is missing, as its words stand between double quotes of a shell."""
    if agent.plain:
        return _LACKING
    import json

    return json.dumps(agent.answers.told(event, _LACKING)).replace('"', '\\"')


def registered(text: str, agent: Agent) -> str:
    """The settings with our hook at each event; unchanged where it is there. `NoSettings` for what cannot be read."""
    if agent.form is None:
        return _shim(text, agent)
    if not text.strip():
        import json

        hooks = {"hooks": {event.name: [_entry(agent, agent.form, event)] for event in agent.events}}
        version = {_VERSION: agent.form.version} if agent.form.version is not None else {}
        return json.dumps({**version, **hooks}, indent=2) + "\n"
    for event in agent.events:
        text = _with_event(text, agent, agent.form, event)
    if agent.form.version is not None and _top(text).member(_VERSION) is None:
        text = json_text.put(text, _top(text), _VERSION, agent.form.version)
    return text


def removed(text: str, agent: Agent) -> str:
    """The settings without our hooks, and without what is empty then; empty for a file that holds nothing else."""
    if not text.strip():
        return text
    form = agent.form
    if form is None:
        return "" if MARK in text else text
    while (found := _first_ours(_hooks_of(text, form), form)) is not None:
        text = _without(text, form, *found)
    left = _top(text).value
    nothing = left == {} or (form.version is not None and left == {_VERSION: form.version})
    return "" if nothing else text


def missing(text: str, agent: Agent) -> tuple[str, ...]:
    """The events at which an agent would not call us with this text of its settings."""
    if agent.form is None:
        return () if text == _shim("", agent) else tuple(event.name for event in agent.events)
    hooks = _hooks_of(text, agent.form) if text.strip() else None
    return tuple(event.name for event in agent.events if not _calls(hooks, agent, agent.form, event))


def ours(text: str, agent: Agent) -> bool:
    """True for settings that call us at any event; False for any other text."""
    if MARK not in text or agent.form is None:
        return MARK in text
    try:
        return _first_ours(_hooks_of(text, agent.form), agent.form) is not None
    except NoSettings:
        return False


def _shim(text: str, agent: Agent) -> str:
    """The file that is ours as a whole, in the place of an older one of ours."""
    if text.strip() and MARK not in text:
        raise NoSettings("it is a file of somebody else")
    return agent_shim.text({event.name: command(agent, event.name) for event in agent.events})


def _calls(hooks: Node | None, agent: Agent, form: Form, event: Event) -> bool:
    node = hooks.member(event.name) if hooks is not None else None
    for entry in node.value if node is not None else []:
        broad = event.matcher is None or entry.get("matcher", "") in ("", _ALL, event.matcher)
        handlers = entry.get("hooks", []) if form.nested else [entry]
        if broad and any(_is_handler(one, form, command(agent, event.name)) for one in handlers):
            return True
    return False


def _is_handler(one: Any, form: Form, text: str) -> bool:
    typed = not form.typed or (isinstance(one, dict) and one.get("type") == "command")
    return isinstance(one, dict) and typed and one.get(form.key) == text


def _entry(agent: Agent, form: Form, event: Event) -> dict[str, Any]:
    """What stands in an event's list for us: a group that holds a handler, or a handler."""
    typed = {"type": "command"} if form.typed else {}
    handler = {**typed, form.key: command(agent, event.name), form.limit[0]: form.limit[1]}
    matcher = {"matcher": event.matcher} if event.matcher is not None else {}
    return {**matcher, "hooks": [handler]} if form.nested else {**handler, **matcher}


def _with_event(text: str, agent: Agent, form: Form, event: Event) -> str:
    top, hooks = _top(text), _hooks_of(text, form)
    if _calls(hooks, agent, form, event):
        return text
    entry = _entry(agent, form, event)
    if hooks is None:
        return json_text.put(text, top, "hooks", {event.name: [entry]})
    older = _first_ours(hooks, form, event.name)
    if older is not None:
        return _with_event(_without(text, form, *older), agent, form, event)
    entries = hooks.member(event.name)
    if entries is None:
        return json_text.put(text, hooks, event.name, [entry])
    return json_text.put(text, entries, None, entry)


def _top(text: str) -> Node:
    try:
        top = json_text.parse(text)
    except json_text.NoJson as error:
        raise NoSettings(f"it is no JSON: {error.args[0]}") from error
    if not isinstance(top.value, dict):
        raise NoSettings("it holds no object")
    return top


def _hooks_of(text: str, form: Form) -> Node | None:
    """The object of all hooks, None where there is none; every event in it holds a list of groups or handlers."""
    hooks = _top(text).member("hooks")
    if hooks is None:
        return None
    if not isinstance(hooks.value, dict):
        raise NoSettings("its `hooks` is no object")
    for event, entries in hooks.value.items():
        if form.nested and event in _BESIDE:
            continue
        if not isinstance(entries, list):
            raise NoSettings(f"its `hooks.{event}` is no list")
        for entry in entries:
            if not isinstance(entry, dict) or (form.nested and not isinstance(entry.get("hooks", []), list)):
                raise NoSettings(f"its `hooks.{event}` holds what is no {'group of hooks' if form.nested else 'hook'}")
    return hooks


_BESIDE = frozenset(("enabled", "disabled", "notifications"))
"""What stood beside the events in Gemini CLI's `hooks` (HOOKS_CONFIG_FIELDS in its bundle)."""


def _first_ours(hooks: Node | None, form: Form, event: str | None = None) -> tuple[str, int, int] | None:
    """The first handler of ours: its event, its entry in there, its place in a group (0 where there are none)."""
    for name, _, entries in hooks.parts if hooks is not None else ():
        if event is not None and name != event:
            continue
        for at, (_, _, entry) in enumerate(entries.parts):
            group = entry.member("hooks") if form.nested else None
            handlers = [one for _, _, one in group.parts] if group is not None else [] if form.nested else [entry]
            for place, one in enumerate(handlers):
                if isinstance(one.value, dict) and MARK in str(one.value.get(form.key, "")):
                    return name, at, place
    return None


def _without(text: str, form: Form, event: str, at: int, place: int) -> str:
    """The settings without one handler, and without what it alone filled."""
    top = _top(text)
    hooks = top.member("hooks")
    assert hooks is not None
    entries = hooks.member(event)
    assert entries is not None
    handlers = entries.parts[at][2].member("hooks") if form.nested else None
    if handlers is not None and len(handlers.parts) > 1:
        return json_text.take(text, handlers, place)
    if len(entries.parts) > 1:
        return json_text.take(text, entries, at)
    if len(hooks.parts) > 1:
        return json_text.take(text, hooks, _place(hooks, event))
    return json_text.take(text, top, _place(top, "hooks"))


def _place(node: Node, key: str) -> int:
    return max(at for at, part in enumerate(node.parts) if part[0] == key)
