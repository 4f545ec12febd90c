"""`agents check`: each agent's hook is registered, is there, and answers when it is called as the agent calls it."""

from __future__ import annotations

import json
import os

from holdfast.adapters import files, shell
from holdfast.adapters import sessions as markers
from holdfast.adapters.git import decode
from holdfast.domain import agent_settings
from holdfast.domain.agent_settings import NoSettings, command
from holdfast.domain.agents import AFTER, AGENTS, BEFORE, PROMPT, START, WAITS, Agent, Event
from holdfast.domain.session import WAITING, WORKING
from holdfast.domain.value import TYPE_CHECKING, NamedTuple
from holdfast.usecases.agents.install import hook_path, problem, registered, settings_path
from holdfast.usecases.setup import hook_files
from holdfast.usecases.worktrees import sessions

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from holdfast.domain.agents import Said
    from holdfast.domain.problem import Problem
    from holdfast.usecases.workspace import Workspace

_SECONDS = 20
_TEXT = "any text"
_DANGEROUS = "git -c core.hooksPath=/dev/null commit --no-verify -m x"


class Checked(NamedTuple):
    """One agent: the events at which it calls Holdfast, whether the hook answered, and what is wrong."""

    agent: Agent
    events: tuple[str, ...]
    answers: bool
    problems: tuple[Problem, ...]


def check(place: Workspace, names: Sequence[str], environment: Mapping[str, str]) -> tuple[Checked, ...]:
    """Look at the agents named, else at those whose settings here call Holdfast; each one's own command is really run.

    The session that it tells of is thrown away again.
    """
    agents = [AGENTS[name] for name in names] or registered(place)
    return tuple(_checked(place, agent, environment) for agent in agents)


def standing(place: Workspace) -> list[Problem]:
    """What can be seen to be wrong with the agents that are registered here, without calling anything."""
    agents = registered(place)
    found = [one for agent in agents for one in _registration(place, agent)]
    return found + (list(_hook(place)) if agents else [])


def none_registered() -> Problem:
    """What is wrong where no agent calls Holdfast."""
    message = "no agent calls Holdfast in this worktree"
    return problem("agents-not-registered", "agents", message, f"holdfast agents install {' '.join(AGENTS)}")


def _checked(place: Workspace, agent: Agent, environment: Mapping[str, str]) -> Checked:
    problems = [*_registration(place, agent), *_hook(place)]
    events = tuple(event.name for event in agent.events)
    if any(one.code == "agents-hook-missing" for one in problems):
        return Checked(agent, _called(place, agent), False, tuple(problems))
    silent = list(_Trial(place, agent, environment).problems()) if _called(place, agent) else []
    called = _called(place, agent)
    return Checked(agent, called, called == events and not silent, (*problems, *silent))


def _called(place: Workspace, agent: Agent) -> tuple[str, ...]:
    content = files.read(settings_path(place, agent))
    try:
        lacking = agent_settings.missing(decode(content or b""), agent)
    except NoSettings:
        return ()
    return tuple(event.name for event in agent.events if event.name not in lacking)


def _registration(place: Workspace, agent: Agent) -> Iterator[Problem]:
    install = f"holdfast agents install {agent.name}"
    content = files.read(settings_path(place, agent))
    if content is None:
        message = f"{agent.title} does not call Holdfast: there is no {agent.path}"
        yield problem("agents-not-registered", agent.name, message, install)
        return
    try:
        lacking = agent_settings.missing(content.decode(), agent)
    except (NoSettings, UnicodeDecodeError) as error:
        message = f"{agent.path}, the settings of {agent.title}, cannot be read: {error.args[0]}"
        yield problem("agents-settings", agent.path, message, f"mend {agent.path}, then `{install}`")
        return
    if lacking:
        message = f"{agent.title} does not call Holdfast at {', '.join(lacking)}"
        yield problem("agents-not-registered", agent.name, message, install)


def _hook(place: Workspace) -> Iterator[Problem]:
    path = hook_path(place)
    content = files.read(path)
    if content is None:
        yield problem("agents-hook-missing", path, f"{path}, which agents' hooks run, is missing in this clone")
        return
    for target in hook_files.runtime_of(decode(content)):
        if not os.path.exists(target):
            message = f"{path} starts {target or 'nothing'}, which is not there"
            yield problem("agents-hook-missing", path, message)


class _Trial:
    """Calls of one agent's own commands, with a session that no agent has."""

    def __init__(self, place: Workspace, agent: Agent, environment: Mapping[str, str]) -> None:
        self.place, self.agent = place, agent
        hidden = ("GIT_", "CLAUDE_PLUGIN_")
        self.environment = {key: value for key, value in environment.items() if not key.startswith(hidden)}
        self.session = f"holdfast-check-{os.getpid()}"

    def problems(self) -> Iterator[Problem]:
        try:
            yield from self._answers()
        finally:
            sessions.end(self.place, self.session)

    def _answers(self) -> Iterator[Problem]:
        for event in self.agent.at(START):
            told = self._call(event)
            if self._known() is None:
                yield self._silent(event, "began no session")
            elif not _says(self.agent.answers.told, event, told):
                yield self._silent(event, "told the agent nothing")
        yield from self._beats()
        agents = self.place.configurations.of_worktree().policy.agents
        wanted = "refuse" in (agents.hooks_path, agents.no_verify)
        for event in self.agent.at(BEFORE):
            answer = self._call(event, _DANGEROUS)
            if wanted and not _says(self.agent.answers.refused, event, answer):
                yield self._silent(event, f"did not refuse `{_DANGEROUS}`")

    def _beats(self) -> Iterator[Problem]:
        """Each event that tells that the agent works, or waits: one of the other kind in between, so that each is seen."""
        works, waits = [*self.agent.at(AFTER), *self.agent.at(PROMPT)], self.agent.at(WAITS)
        for at in range(max(len(works), len(waits))):
            pair = ((waits[at % len(waits)], WAITING), (works[at % len(works)], WORKING))
            for event, activity in pair:
                self._call(event, "true")
                known = self._known()
                if known is None or known.activity != activity:
                    yield self._silent(event, "did not refresh the session")

    def _known(self) -> Any:
        return markers.read(sessions.folder(self.place), self.session)

    def _silent(self, event: Event, what: str) -> Problem:
        message = f"{self.agent.title}: its hook for {event.name} {what}"
        return problem("agents-no-answer", self.agent.name, message, f"holdfast agents install {self.agent.name}")

    def _call(self, event: Event, line: str = "") -> str:
        """What the agent's own command answers to a call in the agent's own words."""
        words = self.agent.reading
        payload: dict[str, Any] = {words.session: self.session, "cwd": self.place.top, "hook_event_name": event.name}
        if event.bare:
            payload |= {"command": line}
        elif event.moment in (BEFORE, AFTER):
            payload |= {words.tool: words.shell, words.inputs: {"command": line}}
        text = json.dumps(payload)
        return shell.answer(command(self.agent, event.name), self.place.top, self.environment, text, _SECONDS)


def _says(how: Said, event: Event, answer: str) -> bool:
    """True for an answer of that kind: the same fields, and the same values but for the text."""
    try:
        found = json.loads(answer)
    except ValueError:
        return False
    return _alike(how(event.name, _TEXT), found)


def _alike(wanted: Any, found: Any) -> bool:
    if isinstance(wanted, dict):
        same = isinstance(found, dict) and wanted.keys() == found.keys()
        return same and all(_alike(value, found[key]) for key, value in wanted.items())
    return bool(isinstance(found, str) and found) if wanted == _TEXT else bool(wanted == found)
