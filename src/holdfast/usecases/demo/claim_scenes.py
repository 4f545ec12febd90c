"""The second half of the story: plans that two can never both take, and claims that end by themselves."""

from __future__ import annotations

import os

from holdfast.adapters import clock, files
from holdfast.domain.moment import DAY
from holdfast.domain.value import TYPE_CHECKING
from holdfast.usecases.demo.stage import Line, Stage, Step

if TYPE_CHECKING:
    from collections.abc import Iterator

_ON_THE_WAY, _ARRIVED = "grace-is-on-the-way", "ada-has-arrived"
_RECEIVE = """\
#!/bin/sh
: > "{on_the_way}"
while [ ! -e "{arrived}" ]; do sleep 0.02; done
exec git-receive-pack "$@"
"""


def _raced(stage: Stage) -> Iterator[Line]:
    yield Line("scene", "Ada and Grace, each with a clone, take the same plan at once. Grace has the slower line.")
    for name in ("ada", "grace"):
        stage.git("clone", "-q", stage.remote, os.path.join(stage.folder, name))
    on_the_way, arrived = (os.path.join(stage.folder, name) for name in (_ON_THE_WAY, _ARRIVED))
    script = os.path.join(stage.folder, "slow-receive-pack")
    files.put(script, files.State(_RECEIVE.format(on_the_way=on_the_way, arrived=arrived).encode(), 0o755))
    stage.git("-C", os.path.join(stage.folder, "grace"), "config", "remote.origin.receivepack", script)
    yield from stage.race(
        Step("holdfast start 4", 4, "grace"), Step("holdfast start 4", 0, "ada"), _ON_THE_WAY, _ARRIVED
    )
    yield Line("scene", "She was told who won, and that nothing was changed. She takes the next one that is ready.")
    yield from stage.type(
        Step("holdfast start --next", 0, "grace"),
        Step("holdfast plan list", 0, "grace"),
    )


def _stale(stage: Stage) -> Iterator[Line]:
    yield Line(
        "scene", "A branch that nobody touched for three days is stale: --steal takes it, and keeps its commits."
    )
    date = f"{clock.now() - 3 * DAY} +0000"
    past = {"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date, "GIT_AUTHOR_NAME": "Linus"}
    stage.git("checkout", "-q", "-b", "plan-1-faster-start", "main", environment=past)
    stage.git("commit", "-q", "--no-verify", "--allow-empty", "-m", "Half of it", environment=past)
    stage.git("push", "-q", "origin", "plan-1-faster-start", environment=past)
    stage.git("checkout", "-q", "main", environment=past)
    yield from stage.type(
        Step("holdfast start 1", 1, "ada"),
        Step("holdfast start 1 --steal", 0, "ada"),
        Step("holdfast claims", 0, "ada"),
    )


def _squashed(stage: Stage) -> Iterator[Line]:
    yield Line(
        "scene", "Plan 4 is done and squash-merged on the host. Git says its branch is not merged; the claim ends."
    )
    worktree = "ada/.worktrees/plan-4-better-errors"
    files.put(os.path.join(stage.folder, worktree, "errors.py"), files.State(b"WORDS = 3\n"))
    yield from stage.type(
        Step("git add errors.py", 0, worktree),
        Step("git commit -q -m 'Better errors'", 0, worktree),
        Step("git push -q origin HEAD", 0, worktree),
    )
    stage.git("fetch", "-q")
    stage.git("merge", "-q", "--squash", "origin/plan-4-better-errors")
    stage.git("commit", "-q", "--no-verify", "-m", "Better errors (#7)")
    stage.git("push", "-q", "origin", "main")
    yield from stage.type(
        Step("holdfast claims --fetch", 0, "ada"),
        Step("git branch -r --merged origin/main", 0, "ada"),
        Step("holdfast claims --all", 0, "ada"),
    )


SCENES = (_raced, _stale, _squashed)
