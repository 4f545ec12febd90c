"""Why a forge could not do the job: each says so in one line, without the token."""

from __future__ import annotations

from holdfast.domain.problem import Unable


class ForgeUnreachable(Unable):
    """The forge did not answer, or not in time, or asks to come back later."""

    exit = 5
    remedy = "look at the network, the proxy and the forge's own status page, then run it again"


class ForgeDenied(Unable):
    """The forge does not let us: no token, one that has expired, or one without the rights."""

    remedy = "log in (`gh auth login`, `glab auth login`), or set GH_TOKEN, GITLAB_TOKEN or GITEA_TOKEN to one that may write"


class ForgeRefused(Unable):
    """The forge understood what was asked and does not do it."""

    remedy = "look at the request on the forge's own page"


class ForgeOdd(Unable):
    """What answered is no such forge, or none that we understand."""

    remedy = "see whether `forge.kind` and `forge.url` in holdfast.toml name your forge's API"
