"""`agents`: let coding agents call Holdfast, take that out again, and prove that they do."""

from __future__ import annotations

import base64
import binascii
import contextlib
import json
import os
import sys

from holdfast.adapters import files
from holdfast.adapters.files import State
from holdfast.adapters.git import decode, encode
from holdfast.domain import agent_settings
from holdfast.domain.agent_codes import AGENT_RULES
from holdfast.domain.agent_settings import MARK, NoSettings
from holdfast.domain.agents import AGENTS, Agent
from holdfast.domain.occupancy import is_within
from holdfast.domain.problem import ERROR, Problem, Unable
from holdfast.domain.value import TYPE_CHECKING, NamedTuple
from holdfast.usecases import journal
from holdfast.usecases.setup import hook_files, lasting
from holdfast.usecases.setup.proposal import Site

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from holdfast.usecases.setup.lasting import Runtime
    from holdfast.usecases.workspace import Workspace

_RULES = {rule.code: rule for rule in AGENT_RULES}
_SCHEMA = "holdfast.agents/1"


class Step(NamedTuple):
    """One file to change: what is done to it in words, what it holds and what it shall hold; whose settings it is, if any."""

    kind: str
    path: str
    what: str
    before: State
    after: State
    agent: Agent | None = None


class Proposal(NamedTuple):
    """What will be done, what stands in the way, and what is good to know."""

    place: Workspace
    steps: tuple[Step, ...] = ()
    blockers: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()


class ChangedError(Unable):
    """A file is not as the proposal saw it; nothing was changed."""

    remedy = "run it again"


def problem(code: str, subject: str, message: str, remedy: str = "", path: str | None = None) -> Problem:
    """A problem of this room; remedy and who come from the catalogue where they are not given."""
    rule = _RULES[code]
    return Problem(code, ERROR, subject, message, remedy or rule.remedy, rule.who, path)


def hook_path(place: Workspace) -> str:
    """Where the hook is that agents' commands run."""
    return os.path.join(place.repository.common_dir, MARK)


def settings_path(place: Workspace, agent: Agent) -> str:
    """An agent's settings file in this worktree; where it is a symlink, the file behind it."""
    return os.path.realpath(os.path.join(place.top, agent.path))


def propose_install(
    place: Workspace,
    names: Sequence[str],
    environment: Mapping[str, str],
    python: str = sys.executable,
) -> Proposal:
    """Let some agents call Holdfast in this repository; nothing is changed yet.

    Raises `OSError` when the disk cannot be read.
    """
    runtime = lasting.runtime(python, environment)
    blockers = list(lasting.blockers(runtime, place.top, environment))
    steps = list(_hook_steps(place, runtime))
    for name in names:
        step = _registration(place, AGENTS[name], remove=False)
        if isinstance(step, Problem):
            blockers.append(step)
        elif step is not None:
            steps.append(step)
    notes = [AGENTS[name].note for name in names if AGENTS[name].note]
    blockers += _unwritable(steps) if not blockers else []
    return Proposal(place, tuple(steps), tuple(blockers), tuple(notes) if steps else ())


def propose_remove(place: Workspace, names: Sequence[str]) -> Proposal:
    """Take Holdfast out of the settings of some agents; the hook goes with the last of them."""
    steps, blockers = [], []
    for name in names:
        step = _registration(place, AGENTS[name], remove=True)
        if isinstance(step, Problem):
            blockers.append(step)
        elif step is not None:
            steps.append(step)
    if {agent.name for agent in registered(place)} <= set(names):
        steps += _hook_removal(place)
    blockers += _unwritable(steps) if not blockers else []
    return Proposal(place, tuple(steps), tuple(blockers))


def apply(proposal: Proposal) -> tuple[Step, ...]:
    """Do what was proposed; all of it or, after an error, none of it. The steps done.

    Raises `ChangedError` when a file is not as it was seen, and what the disk raises.
    """
    if proposal.blockers or not proposal.steps:
        return ()
    for step in proposal.steps:
        if not files.state(step.path).same(step.before):
            raise ChangedError(f"{step.path} has changed meanwhile")
    done: list[Step] = []
    try:
        for step in proposal.steps:
            _remember(proposal.place, step)
            done.append(step)
            files.put(step.path, step.after)
    except BaseException:
        with contextlib.suppress(OSError):
            for step in reversed(done):
                files.put(step.path, step.before)
        raise
    for step in proposal.steps:
        if not step.after.exists:
            _remove_empty(os.path.dirname(step.path), proposal.place.top)
    journal.here(proposal.place, "agents", paths=[os.path.relpath(step.path, proposal.place.top) for step in done])
    return proposal.steps


def _remove_empty(folder: str, top: str) -> None:
    """A folder without anything in it, and those above it that held it alone, up to the top of the worktree."""
    while is_within(folder, top) and folder != top and not files.names(folder):
        files.remove_if_empty(folder)
        folder = os.path.dirname(folder)


def works_here(place: Workspace, agent: Agent) -> str | None:
    """What shows that an agent works in this worktree; None for nothing."""
    return next((sign for sign in agent.signs if os.path.lexists(os.path.join(place.top, sign))), None)


def registered(place: Workspace) -> list[Agent]:
    """The agents whose settings in this worktree call Holdfast."""
    found = []
    for agent in AGENTS.values():
        content = files.read(settings_path(place, agent))
        if content is not None and agent_settings.ours(decode(content), agent):
            found.append(agent)
    return found


def _hook_steps(place: Workspace, runtime: Runtime) -> list[Step]:
    path, before, after = hook_files.agent_hook(Site(place.top, place.repository.common_dir), runtime)
    what = f"write the hook that agents run, {path} (in this clone only)"
    return [] if before.same(after) else [Step("hook", path, what, before, after)]


def _hook_removal(place: Workspace) -> list[Step]:
    """The hook goes where nothing of `init` is: else it is that one's, and calls nothing unless an agent calls it."""
    path = hook_path(place)
    before = files.state(path)
    if not before.exists or os.path.isdir(os.path.join(place.repository.common_dir, "holdfast", "hooks")):
        return []
    return [Step("hook", path, f"remove the hook that agents run, {path}", before, files.ABSENT)]


def _registration(place: Workspace, agent: Agent, remove: bool) -> Step | Problem | None:
    path = settings_path(place, agent)
    if _leads_away(place, path):
        message = f"{agent.path}, the settings of {agent.title}, leads out of the repository, to {path}"
        return problem("agents-settings", agent.path, message, f"make {agent.path} a file, then run it again")
    try:
        before = files.state(path)
        text = (before.content or b"").decode()
        made = agent_settings.removed(text, agent) if remove else agent_settings.registered(text, agent)
    except (NoSettings, UnicodeDecodeError, files.NotAFileError) as error:
        why = error.args[0] if isinstance(error, NoSettings) else _unread(error)
        message = f"{agent.path}, the settings of {agent.title}, stays as it is: {why}"
        return problem("agents-settings", agent.path, message, f"mend {agent.path}, then run it again", path)
    if made == text:
        return None
    after = State(encode(made), before.mode) if made else files.ABSENT
    verb = "take Holdfast out of" if remove else "let it call Holdfast, in" if before.exists else "write"
    if remove:
        after = _as_before(place, path, before, agent) or after
    return Step(
        "remove" if not after.exists else "edit", path, f"{agent.title}: {verb} {agent.path}", before, after, agent
    )


def _leads_away(place: Workspace, path: str) -> bool:
    """True where a symlink leads elsewhere: a branch can bring one that points to somebody's own settings."""
    top = os.path.realpath(place.top)
    return os.path.commonpath((path, top)) != top or os.path.relpath(path, top).split(os.sep)[0] == ".git"


def _unread(error: Exception) -> str:
    return "it is no UTF-8" if isinstance(error, UnicodeDecodeError) else "it is no file"


def _unwritable(steps: Sequence[Step]) -> list[Problem]:
    folders = sorted({os.path.dirname(step.path) for step in steps if not files.writable_above(step.path)})
    message = "would be written in, and this process may not (a sandbox, a read-only disk or another owner)"
    return [problem("agents-read-only", folder, f"{folder} {message}") for folder in folders]


# What stood in a file before, to the byte


def _record_path(place: Workspace) -> str:
    return os.path.join(place.repository.common_dir, "holdfast", "agents.json")


def _record(place: Workspace) -> dict[str, Any]:
    try:
        data = json.loads(files.read(_record_path(place)) or b"{}")
        return dict(data["files"]) if data["schema"] == _SCHEMA else {}
    except (ValueError, KeyError, TypeError):
        return {}


def _remember(place: Workspace, step: Step) -> None:
    """Write down what a settings file held before us, and what we leave in it."""
    if step.agent is None:
        return
    known = _record(place)
    old = known.pop(step.path, None)
    if step.after.exists and agent_settings.ours(decode(step.after.content or b""), step.agent):
        before = base64.b64encode(step.before.content).decode() if step.before.content is not None else None
        untouched = isinstance(old, dict) and old.get("after") == step.before.digest
        first = old["before"] if untouched and isinstance(old, dict) else before
        known[step.path] = {"before": first, "after": step.after.digest}
    content = json.dumps({"schema": _SCHEMA, "files": known}, indent=1) + "\n"
    files.put(_record_path(place), State(content.encode(), 0o600))


def _as_before(place: Workspace, path: str, now: State, agent: Agent) -> State | None:
    """What the file held before us, where nobody has changed it since."""
    old = _record(place).get(path)
    try:
        if not isinstance(old, dict) or old["after"] != now.digest:
            return None
        if old["before"] is None:
            return files.ABSENT
        content = base64.b64decode(old["before"], validate=True)
    except (KeyError, TypeError, ValueError, binascii.Error):
        return None
    return None if agent_settings.ours(decode(content), agent) else State(content, now.mode)
