"""Registration in settings files: merged into what is there, once, and taken out again to the byte."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.domain.agent_settings import (
    NoSettings,
    command,
    missing,
    ours,
    registered,
    removed,
)
from holdfast.domain.agents import AGENTS, CLAUDE, CODEX, COPILOT, CURSOR, GEMINI, OPENCODE, Agent

THEIRS = """{
  "permissions": {"allow": ["Bash(ls:*)",   "Read"], "deny": []},
  "model": "opus",
  "hooks": {
    "PreToolUse": [
      { "matcher": "Bash", "hooks": [ {"type": "command", "command": "mine.sh \\u00e9"} ] }
    ],
    "Stop": []
  },
  "env": { "N": 1.50e3 }
}
"""
TEXTS = {
    "a new file": "",
    "an empty object": "{}",
    "an object over two lines": "{\n}\n",
    "hooks of others": THEIRS,
    "no hooks": '{\n\t"model": "opus"\n}',
    "one line": '{"model": "opus", "hooks": {"Stop": [{"hooks": []}]}}',
    "four spaces": json.dumps({"hooks": {"Stop": [{"hooks": []}]}}, indent=4) + "\n",
    "carriage returns": THEIRS.replace("\n", "\r\n"),
}  # fmt: skip


LISTED = [agent for agent in AGENTS.values() if agent.form is not None]
"""The agents whose settings are JSON that others write in too."""


def theirs(text: str, agent: Agent) -> str:
    """Settings of somebody else in the way of this agent: groups that hold handlers, or handlers."""
    if agent.form is None or agent.form.nested:
        return text
    return text.replace(
        '"hooks": [ {"type": "command", "command": "mine.sh \\u00e9"} ]', '"command": "mine.sh \\u00e9"'
    )


@pytest.mark.parametrize("agent", LISTED, ids=[agent.name for agent in LISTED])
@pytest.mark.parametrize("text", TEXTS.values(), ids=list(TEXTS))
def test_what_is_merged_in_comes_out_again(text: str, agent: Agent) -> None:
    text = theirs(text, agent)
    assert agent.form is not None
    once = registered(text, agent)
    assert missing(once, agent) == ()
    assert ours(once, agent)
    assert registered(once, agent) == once
    before: dict[str, Any] = json.loads(text or "{}")
    after = json.loads(once)
    added = {"version": agent.form.version} if agent.form.version is not None else {}
    for event, groups in before.get("hooks", {}).items():
        assert after["hooks"][event][: len(groups)] == groups
    assert {key: value for key, value in after.items() if key != "hooks"} == added | {
        key: value for key, value in before.items() if key != "hooks"
    }
    out = removed(once, agent)
    assert not ours(out, agent)
    events = {event.name for event in agent.events}  # what only held ours goes with it
    kept = {event: groups for event, groups in before.get("hooks", {}).items() if groups or event not in events}
    wanted = {**before, "hooks": kept} if kept else {key: value for key, value in before.items() if key != "hooks"}
    assert json.loads(out or "{}") == (added | wanted if out else wanted)
    if (
        text.startswith("{\n  ") and "mine.sh" in text and "Stop" in events
    ):  # to the byte, but for an event that held nothing
        assert out == text.replace('],\n    "Stop": []\n', "]\n")


def test_other_bytes_stay_as_they_are() -> None:
    once = registered(THEIRS, CLAUDE)
    lines = iter(once.split("\n"))
    for line in THEIRS.split("\n"):  # each line of theirs is still there, in its order
        bare = line.rstrip(",").removesuffix("[]").removesuffix("]")
        assert any(one.startswith(bare) for one in lines), line


def test_the_command_of_an_older_version_is_replaced() -> None:
    older = registered(THEIRS, CLAUDE).replace("trap ", "true; trap ")
    assert missing(older, CLAUDE) == tuple(event.name for event in CLAUDE.events)
    again = registered(older, CLAUDE)
    assert missing(again, CLAUDE) == ()
    assert "true; trap" not in again


def test_a_narrower_matcher_is_not_taken_for_ours() -> None:
    data = json.loads(registered("", CODEX))
    data["hooks"]["PreToolUse"][0]["matcher"] = "Bash"
    assert missing(json.dumps(data), CODEX) == ("PreToolUse",)


def test_handlers_that_stand_beside_ours_stay() -> None:
    data = json.loads(registered("", CODEX))
    data["hooks"]["Stop"][0]["hooks"].append({"type": "command", "command": "mine"})
    assert json.loads(removed(json.dumps(data, indent=1), CODEX)) == {
        "hooks": {"Stop": [{"hooks": [{"type": "command", "command": "mine"}]}]}
    }


@pytest.mark.parametrize(
    "text",
    [
        "// a comment\n{}", '{"a": 1,}', "[]", "1", '"text"', '{"hooks": []}', '{"hooks": {"Stop": {}}}',
        '{"hooks": {"Stop": [1]}}', '{"hooks": {"Stop": [{"hooks": 1}]}}', "{", "\ufeff{}", "{'a': 1}",
        "[" * 5000 + "]" * 5000, '{"a":' * 300 + "1" + "}" * 300,
    ],
)  # fmt: skip
def test_what_the_agent_would_not_read_is_not_touched(text: str) -> None:
    for act in (lambda: registered(text, CLAUDE), lambda: removed(text, CLAUDE), lambda: missing(text, CLAUDE)):
        with pytest.raises(NoSettings):
            act()
    assert not ours(text, CLAUDE)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
HANDLER = st.fixed_dictionaries({"type": st.just("command"), "command": st.text(max_size=8)})
GROUPS = st.lists(st.fixed_dictionaries({"hooks": st.lists(HANDLER, max_size=2)}), min_size=1, max_size=2)
HOOKS = st.dictionaries(st.sampled_from(["Stop", "PreToolUse", "Other"]), GROUPS, min_size=1)


@given(
    st.dictionaries(st.text(max_size=4).filter("hooks".__ne__), JSON, max_size=3),
    st.none() | HOOKS,
    st.sampled_from([None, 0, 1, 2, 4, "\t"]),
    st.sampled_from([CLAUDE, CODEX, GEMINI]),
)
def test_any_settings_come_back(others: dict[str, Any], hooks: Any, indent: Any, agent: Any) -> None:
    data = {**others, **({"hooks": hooks} if hooks is not None else {})}
    text = json.dumps(data, indent=indent)
    once = registered(text, agent)
    assert missing(once, agent) == ()
    assert registered(once, agent) == once
    assert json.loads(removed(once, agent) or "{}") == data
    if data:
        assert removed(once, agent) == text


def test_the_command_is_the_same_in_every_version() -> None:
    """Codex runs no hook whose command has changed until its user looks at it again: change this only with a reason."""
    assert command(CLAUDE, "PreToolUse") == (
        "export HOOK='"
        'set -- claude PreToolUse; trap "exit 0" 0; exec 2>/dev/null; cd -P .; d=$PWD; until [ -e "$d/.git" ]; do '
        'case $d in */*) d=${d%/*} ;; *) exit ;; esac; done; g=$d/.git; [ -d "$g" ] || read -r l g <"$g"; '
        'case $g in /*) ;; *) g=$d/$g ;; esac; c=$g; [ -f "$g/commondir" ] && read -r c <"$g/commondir"; '
        'case $c in /*) ;; *) c=$g/$c ;; esac; h=$c/holdfast/agent-hook; [ -r "$h" ] && . "$h"; exit'
        '\'; test -z "$FISH_VERSION" && eval "$HOOK"; exec sh -c "$HOOK"'
    )
    for agent in AGENTS.values():
        for event in agent.events:
            text = command(agent, event.name)
            assert text.count("'") == 2
            assert not re.search(r"(?<![\w.$\"/}])/(?!dev/null|\*\))[a-z]", text), "no path of any machine"


@given(
    st.dictionaries(st.text(max_size=4).filter(lambda key: key not in ("hooks", "version")), JSON, max_size=3),
    st.none()
    | st.dictionaries(st.sampled_from(["stop", "preToolUse", "other"]), st.lists(HANDLER, min_size=1, max_size=2)),
    st.sampled_from([None, 0, 1, 2, 4, "\t"]),
    st.sampled_from([CURSOR, COPILOT]),
)
def test_any_lists_of_handlers_come_back(others: dict[str, Any], hooks: Any, indent: Any, agent: Any) -> None:
    data = {"version": 1, **others, **({"hooks": hooks} if hooks else {})}
    text = json.dumps(data, indent=indent)
    once = registered(text, agent)
    assert missing(once, agent) == ()
    assert registered(once, agent) == once
    if len(data) > 1:
        assert removed(once, agent) == text


def test_time_limits_are_in_each_agents_own_unit() -> None:
    """Ten seconds for each: Gemini CLI counts milliseconds (docs/hooks/reference.md), the others seconds."""
    limits = {
        "claude": lambda data: data["hooks"]["Stop"][0]["hooks"][0]["timeout"],
        "gemini": lambda data: data["hooks"]["AfterAgent"][0]["hooks"][0]["timeout"] / 1000,
        "cursor": lambda data: data["hooks"]["stop"][0]["timeout"],
        "copilot": lambda data: data["hooks"]["agentStop"][0]["timeoutSec"],
    }
    for name, limit in limits.items():
        assert limit(json.loads(registered("", AGENTS[name]))) == 10, name


def test_what_gemini_keeps_beside_its_events_stays() -> None:
    text = '{"hooks": {"enabled": true, "disabled": ["x"]}}'
    once = registered(text, GEMINI)
    assert missing(once, GEMINI) == ()
    assert removed(once, GEMINI) == text


def test_the_version_that_cursor_asks_for_is_added_where_it_is_missing() -> None:
    assert json.loads(registered('{"hooks": {}}', CURSOR))["version"] == 1
    assert json.loads(registered('{"version": 2}', CURSOR))["version"] == 2


def test_a_plugin_of_somebody_else_is_not_touched() -> None:
    once = registered("", OPENCODE)
    assert registered(once.replace("LONGEST = 10_000", "LONGEST = 9"), OPENCODE) == once
    assert missing(once.replace("LONGEST = 10_000", "LONGEST = 9"), OPENCODE) == tuple(
        event.name for event in OPENCODE.events
    )
    assert removed(once, OPENCODE) == ""
    theirs = "export const Mine = async () => ({})\n"
    assert removed(theirs, OPENCODE) == theirs
    with pytest.raises(NoSettings):
        registered(theirs, OPENCODE)


def test_what_is_said_where_the_hook_is_missing_is_an_answer_of_that_agent() -> None:
    """Gemini CLI takes any other text for a message to its user, Cursor and Copilot CLI for an error."""
    for agent in AGENTS.values():
        for event in agent.at("start"):
            said = command(agent, event.name).partition('echo "')[2].partition('"; exit')[0].replace('\\"', '"')
            if agent.plain:
                assert said == "This clone lacks the hooks of Holdfast: run holdfast init --local"
            else:
                assert "lacks the hooks" in str(agent.answers.told(event.name, "").keys() and json.loads(said))
                assert json.loads(said).keys() == agent.answers.told(event.name, "").keys()
