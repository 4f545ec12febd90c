"""Where a remote's repository has its forge, read from the remote's address and the configuration alone."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from holdfast.domain.forge import AUTO, GITEA, GITHUB, GITLAB, NONE, Address
from holdfast.domain.value import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from holdfast.domain.policy import ForgePolicy

_SCP = re.compile(r"(?:[^@/:]+@)?(\[[0-9A-Fa-f:.]+\]|[^@/:\[\]]+):(?!//)(.+)", re.DOTALL)
_HOST = re.compile(r"[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?|\[[0-9a-f:.]+\]")
_PART = re.compile(r"[A-Za-z0-9_.~+-]+")
_WEB, _SSH = ("https", "http"), ("ssh", "git+ssh", "ssh+git", "git")
_BY_HOST = {"github.com": GITHUB, "gitlab.com": GITLAB, "codeberg.org": GITEA, "gitea.com": GITEA}
_BY_PREFIX = (("gitlab.", GITLAB), ("gitea.", GITEA), ("forgejo.", GITEA))
_BY_PATH = (("/api/v4", GITLAB), ("/api/v1", GITEA), ("/api/v3", GITHUB))
_SAME = {"ssh.github.com": "github.com", "www.github.com": "github.com", "altssh.gitlab.com": "gitlab.com"}
"""Other names of hosts: those that take ssh on the port of https."""
_RESIDENT = ".ghe.com"
"""GitHub for enterprises with a host of their own has its API on `api.` of that host."""
_DEFAULT_PORTS = {"https": 443, "http": 80}


class _Place(NamedTuple):
    """A host with what was said of how to reach it; `port` is None where it is the usual one."""

    scheme: str
    host: str
    port: int | None
    path: str


def address_of(remote: str, policy: ForgePolicy) -> Address | None:
    """Where the repository is that a remote's URL names; None for no forge, or one that cannot be told.

    What is configured goes before what the URL tells. A path of this machine and an unknown host are no forge, unless the
    configuration has the address of an API and the repository's name there.
    """
    place = _place(remote)
    kind = _kind(policy, place)
    if kind is None:
        return None
    api = policy.url.rstrip("/") if policy.url else _api(kind, place)
    repository = policy.repository or _repository(kind, place)
    return Address(kind, api, repository) if api and repository and _is_api(api) else None


def host_of(remote: str) -> str | None:
    """The host of a remote's URL, under its usual name and without a port; None for a path of this machine."""
    place = _place(remote)
    return place.host if place is not None else None


def token_may_go(remote: str, api: str) -> bool:
    """Whether a token for a remote's host may be sent to an API without asking the user.

    The address of the API can come from a branch, and a branch can be hostile: only the remote's own host gets the token
    (and the hosts that GitHub itself answers from), only by https, or unencrypted within this machine.
    """
    there, here = _place(api), _place(remote)
    if there is None or here is None or there.scheme not in _WEB:
        return False
    if there.scheme == "http" and not is_loopback(there.host):
        return False
    if here.scheme in _WEB and is_loopback(there.host):
        return (here.scheme, here.host, here.port) == (there.scheme, there.host, there.port)
    if there.host == _github_api(here.host):
        return there.port is None
    return there.host == here.host and there.port == (here.port if here.scheme == "https" else None)


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, by its name alone."""
    return host in ("localhost", "[::1]", "::1") or re.fullmatch(r"127(\.\d{1,3}){3}", host) is not None


def _place(url: str) -> _Place | None:
    if "://" not in url:
        found = _SCP.fullmatch(url)
        return _of_parts("ssh", found[1], None, found[2]) if found is not None else None
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return None
    scheme = parts.scheme.lower()
    if scheme not in (*_WEB, *_SSH):
        return None
    host = f"[{host}]" if ":" in host else host
    return _of_parts(scheme if scheme in _WEB else "ssh", host, port, parts.path)


def _of_parts(scheme: str, host: str, port: int | None, path: str) -> _Place | None:
    host = host.lower().removesuffix(".")
    if _HOST.fullmatch(host) is None:
        return None
    return _Place(scheme, _SAME.get(host, host), None if port == _DEFAULT_PORTS.get(scheme) else port, path)


def _kind(policy: ForgePolicy, place: _Place | None) -> str | None:
    if policy.kind == NONE:
        return None
    if policy.kind != AUTO:
        return policy.kind
    if not policy.url:
        return _kind_of_host(place.host) if place is not None else None
    told = _place(policy.url)
    by_path = [kind for end, kind in _BY_PATH if policy.url.rstrip("/").endswith(end)]
    return by_path[0] if by_path else _kind_of_host(told.host.removeprefix("api.")) if told is not None else None


def _kind_of_host(host: str) -> str | None:
    if host.endswith(_RESIDENT):
        return GITHUB
    return _BY_HOST.get(host) or next((kind for start, kind in _BY_PREFIX if host.startswith(start)), None)


def _api(kind: str, place: _Place | None) -> str:
    """The address of the API on a remote's host; a port of ssh says nothing about where https is."""
    if place is None:
        return ""
    own = _github_api(place.host) if kind == GITHUB else None
    if own is not None:
        return f"https://{own}"
    path = {GITHUB: "/api/v3", GITLAB: "/api/v4", GITEA: "/api/v1"}[kind]
    plain = place.scheme == "http" and is_loopback(place.host)
    port = f":{place.port}" if place.port is not None and (place.scheme == "https" or plain) else ""
    return f"{'http' if plain else 'https'}://{place.host}{port}{path}"


def _github_api(host: str) -> str | None:
    """The host of the API where GitHub has one of its own for it."""
    return f"api.{host}" if host == "github.com" or host.endswith(_RESIDENT) else None


def _repository(kind: str, place: _Place | None) -> str:
    """`owner/name`; GitLab alone has groups in groups. Empty for a path that names no repository."""
    if place is None:
        return ""
    parts = place.path.strip("/").removesuffix(".git").strip("/").split("/")
    if any(_PART.fullmatch(part) is None or part in (".", "..") for part in parts):
        return ""
    return "/".join(parts) if len(parts) == 2 or (kind == GITLAB and len(parts) > 2) else ""


def _is_api(url: str) -> bool:
    """Whether an address can be asked at all: a web address without a user, a question or a fragment in it."""
    place = _place(url)
    return place is not None and place.scheme in _WEB and not any(sign in url for sign in "@?# \t\r\n")
