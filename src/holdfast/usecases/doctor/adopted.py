"""Whether the repository was adopted, as a whole, and whether its configuration can be read."""

from __future__ import annotations

from holdfast.domain.diagnosis import SETUP, Diagnosis, diagnosis
from holdfast.domain.value import TYPE_CHECKING
from holdfast.usecases.setup import adoption, record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from holdfast.usecases.doctor.look import Look


def configuration(look: Look) -> Iterator[Diagnosis]:
    """Whether this repository was adopted, as a whole, and whether its configuration can be read."""
    written = record.load(look.site)
    if written is not None and not written.complete:
        yield diagnosis("init-unfinished", "init", "an `init` was cut off", repair=SETUP)
    elif not adoption.adopted(look.place.git, look.place.top) and not _adopted_elsewhere(look):
        yield diagnosis("not-adopted", "repository", "this repository has no configuration of Holdfast")
    for one in look.ground.configured.problems:
        yield Diagnosis(one)


def _adopted_elsewhere(look: Look) -> bool:
    """True where the main branch is configured, and this worktree only stands on a commit from before that."""
    refs, main = look.ground.refs, look.ground.main
    tips = (refs.get(f"refs/heads/{main}"), refs.get(f"refs/remotes/{look.ground.remote}/{main}"))
    configured = look.place.configurations
    return any(configured.of_tree(tip).policy.origin is not None for tip in tips if tip is not None)
