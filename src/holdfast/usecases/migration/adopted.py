"""Whether Holdfast is configured here, and the configuration that `init` would write where it is not."""

from __future__ import annotations

import os
import tomllib

from holdfast.domain import configuration, policy
from holdfast.domain.value import TYPE_CHECKING
from holdfast.usecases.configured import Configured
from holdfast.usecases.migration.step import Step
from holdfast.usecases.setup import Options, adoption, detect, propose

if TYPE_CHECKING:
    from holdfast.usecases.workspace import Workspace


def here(place: Workspace) -> bool:
    """True where a file of the working tree or of HEAD configures Holdfast."""
    return bool(adoption.adopted(place.git, place.top))


def may_be(place: Workspace) -> bool:
    """True where it does, or where plans stand at a usual place, so that `init` would find something to adopt."""
    return here(place) or bool(detect.usual_folders(place.top, detect.tracked_paths(place.git)))


def waiting(place: Workspace, ahead: bool) -> Step | None:
    """The step of a room that needs an adopted repository and has none; None where there is one, or will be."""
    if here(place):
        return None
    if not may_be(place):
        return Step()
    return None if ahead else Step(notes=("the step `index` comes first",), waits=True)


def configured(place: Workspace) -> Configured | None:
    """The configuration that holds here, or the one that `init` would write; None where there are no plans."""
    if here(place):
        return place.configurations.of_worktree()
    if not may_be(place):
        return None
    path = os.path.join(place.top, policy.FILE)
    edits = propose(place.top, place.environment, Options(hooks=False)).edits
    text = next((edit.after.content for edit in edits if edit.path == path), None)
    if text is None:
        return None
    found, problems = configuration.from_mapping(tomllib.loads(text.decode()), policy.FILE)
    return Configured(found, tuple(problems), "proposed")
