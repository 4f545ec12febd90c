"""What the hooks of coding agents start: one call in on standard input, an answer in the agent's protocol out.

Every agent reads exit 0 and one JSON document, or nothing; what is in it, and where that is said, is in its record
(`domain/agents`).
"""

from __future__ import annotations

import gc
import os
import sys

if __name__ == "__main__":  # started as a file, with -I -S: nothing else tells where the package is
    sys.path.append(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))


from holdfast.domain.problem import Unable
from holdfast.domain.value import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from holdfast.domain.agent_call import Call
    from holdfast.domain.agents import Answers
    from holdfast.usecases.workspace import Workspace

_LARGEST = 16 * 1024 * 1024
"""Bytes of a call that are read: no agent makes a larger one, and reading it would keep it waiting."""


def main(arguments: Sequence[str]) -> int:
    """Serve one event: the agent, its event, the process id of the agent, git's common folder, the top of the worktree.

    Gives 0 whatever happens. What is no call, or cannot be looked up, is let pass without a word.
    """
    answer = None
    try:
        agent, event, pid, _, top = arguments[:5]
        answer = _answered(agent, event, int(pid) if pid.isdecimal() else None, top, os.environ)
    except (Unable, OSError, ValueError, RecursionError, KeyboardInterrupt):
        pass
    except Exception as error:
        _report(arguments, error)
    if answer is not None:
        import json

        sys.stdout.write(json.dumps(answer) + "\n")
    return 0


def _answered(
    name: str, event: str, pid: int | None, top: str, environment: Mapping[str, str]
) -> dict[str, Any] | None:
    import json

    from holdfast.domain import agent_call
    from holdfast.domain.agents import AGENTS, speaker

    raw = sys.stdin.buffer.read(_LARGEST + 1)
    payload = json.loads(raw) if len(raw) <= _LARGEST else None
    named = AGENTS.get(name)
    agent = speaker(named, payload) if named is not None and isinstance(payload, dict) else None
    call = agent_call.read(payload, agent) if agent is not None else None
    if call is None or agent is None or named is None:
        return None
    from holdfast.usecases import workspace
    from holdfast.usecases.agents import marker, twice

    if twice.heard_already(top, named, agent, environment):
        return None
    folder = next((one for one in (call.cwd, top) if one and os.path.isdir(one)), os.getcwd())
    place = workspace.at(folder, environment)
    moment = named.moment(event)
    if call.session is not None:
        marker.heard(place, call.session, agent.name, moment, pid)
    return _said(place, call, named.answers, event, moment)


def _said(place: Workspace, call: Call, answers: Answers, event: str, moment: str | None) -> dict[str, Any] | None:
    """What the agent is told, in the protocol of those settings that were run."""
    from holdfast.domain.agents import BEFORE, START

    if moment == START:
        return answers.told(event, _began(place))
    return _judged(place, call, answers, event) if moment == BEFORE else None


def _began(place: Workspace) -> str:
    from holdfast.usecases import clock
    from holdfast.usecases.agents import beginning

    return "\n".join(beginning.lines(place, clock.now()))


def _judged(place: Workspace, call: Call, answers: Answers, event: str) -> dict[str, Any] | None:
    if not call.lines and not call.edits:
        return None
    from holdfast.entrypoints import render
    from holdfast.usecases import clock
    from holdfast.usecases.agents import guard, marker

    verdict = guard.judge(place, call, clock.now())
    if verdict.main and call.session is not None:
        marker.spoken(place, call.session)
    if verdict.refused:
        return answers.refused(event, render.refusals([*verdict.refused]))
    if verdict.warned:
        return answers.warned(event, "\n".join(render.refusal(one, "careful") for one in verdict.warned))
    return None


def _report(arguments: Sequence[str], error: Exception) -> None:
    """A bug in Holdfast: written down for people, and none of the agent's business."""
    import contextlib

    with contextlib.suppress(Exception):
        from holdfast.usecases import bug_report

        bug_report.write(os.environ, "agent hook " + " ".join(arguments[:2]), error)


if __name__ == "__main__":
    gc.disable()
    code = main(sys.argv[1:])
    try:
        sys.stdout.flush()
    finally:
        os._exit(code)
