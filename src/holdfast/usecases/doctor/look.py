"""What every room of `doctor` looks at: one observation of the repository at one instant."""

from __future__ import annotations

from holdfast.domain.value import TYPE_CHECKING, NamedTuple
from holdfast.usecases import claims
from holdfast.usecases.setup.proposal import Site

if TYPE_CHECKING:
    from collections.abc import Mapping

    from holdfast.domain.moment import Moment
    from holdfast.usecases.claims import Listed
    from holdfast.usecases.surroundings import Ground
    from holdfast.usecases.workspace import Workspace


class Look(NamedTuple):
    """The worktree that we stand in, the environment that hooks get, this moment, and the claims with what they stand on."""

    place: Workspace
    environment: Mapping[str, str]
    now: Moment
    listed: Listed

    @property
    def ground(self) -> Ground:
        """Refs, settings of git, configuration, worktrees, main branch and remote."""
        return self.listed.ground

    @property
    def site(self) -> Site:
        """The worktree and the common git folder."""
        return Site(self.place.top, self.place.repository.common_dir)


def at(place: Workspace, environment: Mapping[str, str], now: Moment) -> Look:
    """Look around; nothing is changed."""
    return Look(place, environment, now, claims.listed(place, now, ended=True))
