"""The whole path of `migrate`, step after step: each can be left out, and stopping after any leaves a sound repository."""

from __future__ import annotations

import shlex

from holdfast.domain.value import TYPE_CHECKING, NamedTuple
from holdfast.usecases.migration import adopt, agents_step, claims_step, makefile_step, plan_mends, scripts_step

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from holdfast.usecases.migration.step import Step
    from holdfast.usecases.workspace import Workspace


class Room(NamedTuple):
    """One step by name: what it is for, what proposes it, what does it.

    `propose` is told whether it looks ahead: then the steps before it count as done.
    """

    title: str
    propose: Callable[[Workspace, bool], Step]
    apply: Callable[[Workspace, Step], None]


ROOMS = {
    "plans": Room("mend plans where no decision is needed", plan_mends.propose, plan_mends.apply),
    "index": Room("adopt the computed plan index", adopt.propose_index, adopt.apply_index),
    "hooks": Room("let git hooks refuse new problems", adopt.propose_hooks, adopt.apply_hooks),
    "claims": Room("turn claims files into branches", claims_step.propose, claims_step.apply),
    "scripts": Room("point older scripts to Holdfast, and end other writers", scripts_step.propose, scripts_step.apply),
    "make": Room("offer the targets of the Makefile", makefile_step.propose, makefile_step.apply),
    "agents": Room("let coding agents call Holdfast", agents_step.propose, agents_step.apply),
}
"""The steps in their order."""


def commit(place: Workspace, steps: Iterable[Step]) -> str:
    """The command that commits what the steps have staged and what they have left in the working tree."""
    policy = place.configurations.of_worktree().policy
    tag = f"[{policy.tags[0]}] " if policy.require_tag and policy.tags else ""
    paths = dict.fromkeys(path for step in steps for path in step.paths)
    staging = "git add -- " + " ".join(shlex.quote(":/" + path) for path in paths) + " && " if paths else ""
    return f'{staging}git commit -m "{tag}Work with Holdfast"'
