"""What the hooks of coding agents start: one call in on standard input, an answer in the agent's protocol out.

Claude Code and Codex CLI read the same answers: exit 0 and one JSON document. `hookSpecificOutput.permissionDecision`
`deny` with a reason refuses a call; `additionalContext` tells the agent something and lets it go on, and `systemMessage`
tells its user (code.claude.com/docs/en/hooks, PreToolUse decision control; developers.openai.com/codex/hooks, and how Codex
reads it: codex-rs/hooks/src/engine/output_parser.rs). Exit 2 would refuse too, but that is also how a Python ends that does
not find its file, and how some shells end on an error: an agent must never be stopped by that.
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
    agent: str, event: str, pid: int | None, top: str, environment: Mapping[str, str]
) -> dict[str, Any] | None:
    import json

    from holdfast.domain import agent_call

    raw = sys.stdin.buffer.read(_LARGEST + 1)
    call = agent_call.read(json.loads(raw)) if len(raw) <= _LARGEST else None
    if call is None:
        return None
    from holdfast.usecases import workspace
    from holdfast.usecases.agents.marker import BEFORE, START, heard

    folder = next((one for one in (call.cwd, top) if one and os.path.isdir(one)), os.getcwd())
    place = workspace.at(folder, environment)
    if call.session is not None:
        heard(place, call.session, agent, event, pid)
    if event == START:
        return _context(START, _began(place))
    return _judged(place, call) if event == BEFORE else None


def _began(place: Workspace) -> str:
    from holdfast.usecases import clock
    from holdfast.usecases.agents import beginning

    return "\n".join(beginning.lines(place, clock.now()))


def _judged(place: Workspace, call: Call) -> dict[str, Any] | None:
    if not call.lines and not call.edits:
        return None
    from holdfast.entrypoints import render
    from holdfast.usecases import clock
    from holdfast.usecases.agents import guard, marker

    verdict = guard.judge(place, call, clock.now())
    if verdict.main and call.session is not None:
        marker.spoken(place, call.session)
    if verdict.refused:
        reason = render.refusals([*verdict.refused])
        return _output(marker.BEFORE, permissionDecision="deny", permissionDecisionReason=reason)
    if verdict.warned:
        text = "\n".join(render.refusal(one, "careful") for one in verdict.warned)
        return {"systemMessage": text, **_context(marker.BEFORE, text)}
    return None


def _context(event: str, text: str) -> dict[str, Any]:
    return _output(event, additionalContext=text)


def _output(event: str, **fields: str) -> dict[str, Any]:
    return {"hookSpecificOutput": {"hookEventName": event, **fields}}


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
