"""A remote with a forge in front of it: a clone whose requests are merged there."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from claiming import Clone, Team
from finishing import BRANCH, adopted, completed, tree_of, worked
from forges import GITEA, GITHUB, GITLAB, Fake
from killing import PROVE

VARIABLES = {GITHUB: "GH_ENTERPRISE_TOKEN", GITLAB: "GITLAB_TOKEN", GITEA: "GITEA_TOKEN"}
KINDS = (GITHUB, GITLAB, GITEA)


class Hosted(NamedTuple):
    """A forge, its remote, and a clone with work on plan 1 that is complete and pushed."""

    forge: Fake
    team: Team
    ada: Clone

    def opened(self, branch: str = BRANCH, **more: bool) -> int:
        """A request of that branch."""
        return self.forge.request(branch, "main", title="First", **more).number


def hosted_on(kind: str, team: Team, ada: Clone, config: str = "") -> Iterator[Hosted]:
    with Fake(kind, team.remote.path) as fake:
        ada.env |= {VARIABLES[kind]: fake.token or ""}
        adopted(ada, config + fake.toml)
        assert ada.holdfast("approve", "forge.url", "--yes").code == 0
        worked(ada)
        completed(tree_of(ada))
        yield Hosted(fake, team, ada)
        said = [
            call.headers for call in fake.log if call.headers.get("authorization") or call.headers.get("private-token")
        ]
        assert said or not fake.log
        for call in fake.merges:
            assert not any(call.body.get(key) for key in ("should_remove_source_branch", "delete_branch_after_merge"))


@pytest.fixture(params=KINDS if PROVE else ("in turn",))
def hosted(request: pytest.FixtureRequest, team: Team, ada: Clone) -> Iterator[Hosted]:
    """Each forge; by default one of them for each test, in turn."""
    turn = KINDS[zlib.crc32(request.node.name.encode()) % len(KINDS)]
    yield from hosted_on(request.param if request.param in KINDS else turn, team, ada)


@pytest.fixture
def on_github(team: Team, ada: Clone) -> Iterator[Hosted]:
    yield from hosted_on(GITHUB, team, ada)
