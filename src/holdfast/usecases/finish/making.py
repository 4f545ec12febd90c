"""The commit that a merge is to become, made before anything is changed: no branch holds it yet."""

from __future__ import annotations

import os

from holdfast.adapters import merging
from holdfast.domain import finish_message
from holdfast.domain.finish_message import Work
from holdfast.domain.forge import MERGE
from holdfast.domain.value import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from holdfast.usecases.finish.scene import Scene
    from holdfast.usecases.workspace import Workspace


def work(scene: Scene) -> Work:
    """What is merged, as the message says it."""
    tip = scene.target.tip
    own = tuple(one for one in scene.commits if not one.claim and len(one.parents) == 1)
    return Work(tip.branch, tip.head, tip.plan, scene.made.title, own)


def commit(place: Workspace, scene: Scene) -> str:
    """Make the commit, or the commits of a rebased branch; gives the last. `GitError` where git cannot, as for a signature."""
    done, method, made = work(scene)._replace(id=os.urandom(8).hex()), scene.policy.finish.method, scene.made
    sign = signed(scene.found.on.ground.settings)
    tag = scene.policy.tag_commits
    if made.picks:
        return _rebased(place, scene, done, sign)
    parents = [scene.base, scene.target.tip.head] if method == MERGE else [scene.base]
    author = None if method == MERGE else finish_message.author(done)
    return merging.commit(place.git, made.id, parents, finish_message.message(done, method, tag), author, sign)


def signed(settings: Mapping[str, str]) -> bool:
    """True where git is told to sign commits (`commit.gpgsign`)."""
    return settings.get("commit.gpgsign", "").lower() in ("true", "yes", "on", "1")


def _rebased(place: Workspace, scene: Scene, done: Work, sign: bool) -> str:
    onto = scene.base
    for one, tree in scene.made.picks:
        last = tree == scene.made.id
        text = finish_message.with_trailers(one.message, done) if last else one.message
        onto = merging.commit(place.git, tree, [onto], text, one.author, sign)
    return onto
