"""A commit that puts the plan index of the main branch right, where the main branch alone holds it (`index.mode = "main"`)."""

from __future__ import annotations

from holdfast.adapters import merging
from holdfast.domain.policy import MAIN
from holdfast.domain.value import TYPE_CHECKING
from holdfast.usecases import index_file, plan_commit
from holdfast.usecases.finish import making

if TYPE_CHECKING:
    from holdfast.usecases.workspace import Workspace

_MESSAGE = "Plan index\n\nComputed from the plans of the commit before.\n"


def on(place: Workspace, tip: str) -> str | None:
    """The commit on top of `tip`; None where the plan index is right there, or is not to be in it."""
    configured = place.configurations.of_tree(tip)
    if configured.policy.mode != MAIN or configured.errors:
        return None
    due = index_file.wrong(place.observer.of_tree(tip, configured))
    if not due:
        return None
    tree = plan_commit.tree(place, tip, {one.state.folder.index_path: one.expected for one in due})
    return merging.commit(place.git, tree, [tip], _MESSAGE, None, making.signed(place.git.settings()))
