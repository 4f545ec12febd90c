"""The forge at an address: the one door to all kinds of them."""

from __future__ import annotations

from holdfast.adapters.forge.client import Client
from holdfast.adapters.forge.gitea import Gitea
from holdfast.adapters.forge.github import GitHub
from holdfast.adapters.forge.gitlab import GitLab
from holdfast.adapters.forge.wire import Wire
from holdfast.domain.forge import GITHUB, GITLAB
from holdfast.domain.value import TYPE_CHECKING

if TYPE_CHECKING:
    from holdfast.domain.forge import Address, Forge


def connect(address: Address, token: str | None = None, wire: Wire = Wire()) -> Forge:  # noqa: B008 - a value
    """The forge at an address, asked with a token (None: as nobody). Nothing is sent before a method is called.

    `ForgeDenied` for a token that cannot be one.
    """
    client = Client(address, token, wire)
    if address.kind == GITHUB:
        return GitHub(address, client)
    return GitLab(address, client) if address.kind == GITLAB else Gitea(address, client)
