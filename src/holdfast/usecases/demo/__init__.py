"""The story so far, played with real git in a throw-away repository with a remote and several workers."""

from __future__ import annotations

import os
import tempfile

from holdfast.domain.value import TYPE_CHECKING
from holdfast.usecases.demo import claim_scenes, finish_scenes, plan_scenes, recovery_scenes, worktree_scenes
from holdfast.usecases.demo.stage import Line, Stage

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["Line", "play"]


def play(environment: Mapping[str, str]) -> Iterator[Line]:
    """The lines of the play, as it happens; the folder it plays in is removed at the end."""
    with tempfile.TemporaryDirectory(prefix="holdfast-demo-") as folder:
        stage = Stage(os.path.realpath(folder), environment)
        plan_scenes.build(stage)
        for room in (plan_scenes, claim_scenes, worktree_scenes, finish_scenes, recovery_scenes):
            for scene in room.SCENES:
                yield from scene(stage)
