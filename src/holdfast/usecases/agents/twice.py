"""One call of an agent that is told twice: some agents run the hooks of Claude's settings besides their own, and Claude Code
those of a plugin besides its settings."""

from __future__ import annotations

import os

from holdfast.adapters import files
from holdfast.adapters.git import decode
from holdfast.domain.value import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from holdfast.domain.agents import Agent

_OF_A_PLUGIN = "CLAUDE_PLUGIN_ROOT"
"""What Claude Code sets for the hooks of a plugin, and for no others (code.claude.com/docs/en/plugins-reference)."""


def heard_already(top: str, named: Agent, caller: Agent, environment: Mapping[str, str]) -> bool:
    """True where the same call also comes by settings that are nearer to who makes it: those of the agent itself before
    Claude's, and settings before a plugin. `named` is the agent of the settings that were run, `caller` who ran them."""
    if caller is not named and _calls(top, caller):
        return True
    return bool(environment.get(_OF_A_PLUGIN)) and _calls(top, named)


def _calls(top: str, agent: Agent) -> bool:
    from holdfast.domain import agent_settings  # most calls come once, and need none of it

    try:
        content = files.read(os.path.join(top, agent.path))
    except OSError:
        return False
    return agent_settings.ours(decode(content or b""), agent)
