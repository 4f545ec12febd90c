"""JSON in and out of a forge: reads are patient and follow, writes are sent once; the token goes nowhere else."""

from __future__ import annotations

import json
import re
from urllib.parse import quote, urlencode, urljoin, urlsplit, urlunsplit

from holdfast import __version__
from holdfast.adapters import clock
from holdfast.adapters.forge.errors import ForgeDenied, ForgeOdd, ForgeRefused, ForgeUnreachable
from holdfast.adapters.forge.fields import Fields, rows
from holdfast.adapters.forge.wire import Broken, Deadline, Raw, Wire, exchange
from holdfast.domain.forge import GITEA, GITHUB
from holdfast.domain.forge_answers import NO_ANSWER, words_of
from holdfast.domain.value import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from holdfast.domain.forge import Address

_PAUSES = (0.2, 1.0)
"""Before a read is tried again."""
_PATIENCE = 5
"""Seconds that a read waits where the forge asks for them."""
_HOPS = 5
_PAGES = 50
_PER_PAGE = 100
_MOVED = (301, 302, 303, 307, 308)
_SAME_METHOD = (307, 308)
_SECRET_FROM = 8
"""Characters of a token from which on its text is blotted out: a shorter one would be in ordinary words, too."""
_NEXT = re.compile(r'<([^>]*)>\s*;[^,]*\brel="?next\b')


class Reply(NamedTuple):
    """What came of a call that is made once: status (`NO_ANSWER` for none), JSON (None for none), words, and whether the
    body was empty."""

    status: int
    document: Any
    words: str
    empty: bool


class Client:
    """Calls to one forge. `token` is None to ask as nobody; it is sent to the forge's own address alone.

    `ForgeUnreachable`, `ForgeDenied`, `ForgeRefused` and `ForgeOdd` are all that its methods raise.
    """

    __slots__ = ("_address", "_token", "_wire")

    def __init__(self, address: Address, token: str | None = None, wire: Wire = Wire()) -> None:  # noqa: B008 - a value
        if token is not None and (not token.isascii() or not token.isprintable() or " " in token or not token):
            raise ForgeDenied(f"the token for {address.host} holds characters that no token has")
        self._address, self._token, self._wire = address, token, wire

    def __repr__(self) -> str:
        return f"Client({self._address.api})"

    @property
    def anonymous(self) -> bool:
        """True where calls are made as nobody."""
        return self._token is None

    # Reads

    def get(self, path: str, what: str, **query: str | int) -> Fields:
        """The object at a path of the API; `what` names it in complaints."""
        return Fields(self._json(self._read(self._url(path, query)), what), what)

    def find(self, path: str, what: str, *, hidden: bool = False, **query: str | int) -> Fields | None:
        """The same, None where the forge knows none (404); with `hidden` also where the token may not look (403)."""
        raw = self._read(self._url(path, query), (404, 403) if hidden else (404,))
        return None if raw.status in (403, 404) else Fields(self._json(raw, what), what)

    def pages(
        self, path: str, what: str, key: str = "", *, absent: bool = False, most: int | None = None, **query: str | int
    ) -> list[Fields]:
        """All objects of a list that comes in pages; `key` where each page is an object that has the list.

        With `absent` a list that the forge does not know or show is empty; after `most` pages no more is looked at.
        """
        found: list[Fields] = []
        seen = set[str]()
        url = self._url(path, {self._per_page: _PER_PAGE, **query})
        while url:
            seen.add(url)
            raw = self._read(url, (404, 403) if absent else ())
            if raw.status in (403, 404):
                return []
            found += self._rows(raw, what, key)
            if most is not None and len(seen) >= most:
                return found
            url = _next_page(url, raw)
            if url and (url in seen or len(seen) >= _PAGES):
                raise ForgeOdd(
                    f"{self._address.host} gives {what} in more than {_PAGES} pages, or the same again and again"
                )
        return found

    def first(self, path: str, what: str, **query: str | int) -> list[Fields]:
        """The objects on the first page of a list."""
        return self._rows(self._read(self._url(path, {self._per_page: _PER_PAGE, **query})), what, "")

    def ask(self, url: str, body: Mapping[str, Any], what: str) -> Fields:
        """The object that a question by POST (GraphQL) is answered with, at an address beside the API."""
        try:
            raw = self._write("POST", url, body)
        except Broken as broken:
            raise ForgeUnreachable(f"{self._address.host}: {self._clean(str(broken))}") from broken
        self._judge(raw)
        return Fields(self._json(raw, what), what)

    # Writes

    def send(self, method: str, path: str, body: Mapping[str, Any], what: str) -> Fields:
        """Make or change something, once, and give the object that the forge answers with."""
        try:
            raw = self._write(method, self._url(path, {}), body)
        except Broken as broken:
            more = "; whether it was done is open" if broken.sent else ""
            raise ForgeUnreachable(f"{self._address.host}: {self._clean(str(broken))}{more}") from broken
        if raw.status in _MOVED:
            raise ForgeRefused(self._moved(raw))
        if raw.status == 404:
            raise self._denied(raw)
        self._judge(raw)
        return Fields(self._json(raw, what), what)

    def once(self, method: str, path: str, body: Mapping[str, Any], url: str = "") -> Reply:
        """Send a call that must never be sent twice, and give whatever came of it; `url` is an address beside the API.

        `ForgeUnreachable` only where the forge cannot have seen it.
        """
        try:
            raw = self._write(method, url or self._url(path, {}), body)
        except Broken as broken:
            words = f"{self._address.host}: {self._clean(str(broken))}"
            if not broken.sent:
                raise ForgeUnreachable(words) from broken
            return Reply(NO_ANSWER, None, words, False)
        except ForgeOdd as odd:
            return Reply(NO_ANSWER, None, str(odd), False)
        if raw.status in _MOVED:
            return Reply(raw.status, None, self._moved(raw), False)
        document = self._parsed(raw)
        words = self._clean(words_of(document)) or f"{self._address.host} answered {raw.status}"
        return Reply(raw.status, document, words, not raw.body.strip())

    # How

    @property
    def _per_page(self) -> str:
        return "limit" if self._address.kind == GITEA else "per_page"

    def _url(self, path: str, query: Mapping[str, str | int]) -> str:
        asked = urlencode(query, errors="surrogateescape")
        return f"{self._address.api}{path}" + (f"?{asked}" if asked else "")

    def _headers(self, own: bool = True) -> dict[str, str]:
        """What is sent along; the token only to the forge's own address."""
        github = self._address.kind == GITHUB
        found = {"User-Agent": f"holdfast/{__version__}", "Accept": "application/json"}
        if github:
            found |= {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
        if self._token is not None and own:
            found["Authorization"] = ("token " if self._address.kind == GITEA else "Bearer ") + self._token
        return found

    def _read(self, url: str, expected: tuple[int, ...] = ()) -> Raw:
        """An answer that is a success or one of the `expected`; broken ones are asked for again."""
        deadline = Deadline(self._wire.timeout)
        for pause in (*_PAUSES, None):
            try:
                raw = self._followed(url, deadline)
                if raw.status < 500 or pause is None or deadline.left <= pause:
                    break
            except Broken as broken:
                if pause is None or deadline.left <= pause:
                    raise ForgeUnreachable(f"{self._address.host}: {self._clean(str(broken))}") from broken
            clock.pause(min(pause, deadline.left))
        seconds = _asked_to_wait(raw)
        if seconds is not None and seconds <= _PATIENCE:
            clock.pause(seconds * 2)  # by chance half as long
            deadline.later(seconds * 3)
            raw = self._followed_or_unreachable(url, deadline)
        if raw.status not in expected or _asked_to_wait(raw) is not None:
            self._judge(raw)
        return raw

    def _followed_or_unreachable(self, url: str, deadline: Deadline) -> Raw:
        try:
            return self._followed(url, deadline)
        except Broken as broken:
            raise ForgeUnreachable(f"{self._address.host}: {self._clean(str(broken))}") from broken

    def _followed(self, url: str, deadline: Deadline) -> Raw:
        """The answer at the end of all redirects; once the token was dropped it stays dropped."""
        own = True
        for _ in range(_HOPS + 1):
            own = own and _origin(url) == _origin(self._address.api)
            raw = exchange(self._wire, "GET", url, self._headers(own), None, deadline)
            if raw.status not in _MOVED:
                return raw
            url = self._next_hop(url, raw)
        raise ForgeOdd(f"{self._address.host} sends from one address to the next more than {_HOPS} times")

    def _next_hop(self, url: str, raw: Raw) -> str:
        try:
            target = urljoin(url, raw.headers.get("location", ""))
            scheme, host, _ = _origin(target)
        except ValueError:
            scheme, host, target = "", "", url
        if (
            target == url
            or not host
            or scheme not in ("https", "http")
            or (scheme == "http" and url.startswith("https:"))
        ):
            raise ForgeOdd(f"{self._address.host} sends to an address that must not be followed")
        return target

    def _write(self, method: str, url: str, body: Mapping[str, Any]) -> Raw:
        """Sent once; a redirect that keeps the method is followed where it stays on the same server (nothing was done)."""
        deadline, data = Deadline(self._wire.timeout), json.dumps(body).encode()
        for _ in range(_HOPS + 1):
            headers = {**self._headers(), "Content-Type": "application/json"}
            raw = exchange(self._wire, method, url, headers, data, deadline)
            if raw.status not in _SAME_METHOD:
                return raw
            target = self._next_hop(url, raw)
            if _origin(target) != _origin(url):
                return raw
            url = target
        raise ForgeOdd(f"{self._address.host} sends from one address to the next more than {_HOPS} times")

    def _rows(self, raw: Raw, what: str, key: str) -> list[Fields]:
        document = self._json(raw, what)
        if key:
            return Fields(document, what).items(key)
        if not isinstance(document, list):
            raise ForgeOdd(f"{self._address.host} answered no list where {what} were expected")
        return rows(document, what)

    def _json(self, raw: Raw, what: str) -> Any:
        if not raw.body.strip():
            raise ForgeOdd(f"{self._address.host} answered {raw.status} without anything where {what} was expected")
        found = self._parsed(raw)
        if found is None:
            raise ForgeOdd(f"{self._address.host} answered {_shape(raw)} and no JSON where {what} was expected")
        return found

    def _parsed(self, raw: Raw) -> Any:
        """The JSON of an answer without the token and without what no text can hold; None for anything else."""
        try:
            return self._scrubbed(json.loads(raw.body.decode("utf-8-sig")))
        except (ValueError, RecursionError):
            return None

    def _scrubbed(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._clean(value)
        if isinstance(value, list):
            return [self._scrubbed(one) for one in value]
        if isinstance(value, dict):
            return {self._clean(key): self._scrubbed(one) for key, one in value.items()}
        return value

    def _clean(self, text: str) -> str:
        """Text without the token, and without halves of characters, which JSON can hold and UTF-8 cannot."""
        if not text.isascii():
            text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        if self._token is None or len(self._token) < _SECRET_FROM:
            return text
        return text.replace(self._token, "***").replace(quote(self._token, safe=""), "***")

    def _judge(self, raw: Raw) -> None:
        """Raise what an answer means that is no success."""
        if 200 <= raw.status < 300:
            return
        host, said = self._address.host, self._said(raw)
        seconds = _asked_to_wait(raw)
        if seconds is not None:
            raise ForgeUnreachable(f"{host} takes no more calls {_until(seconds)}{said}")
        if raw.status in (401, 403, 404):
            raise self._denied(raw)
        if raw.status >= 500:
            raise ForgeUnreachable(f"{host} answered {raw.status}{said}")
        if raw.status >= 400:
            raise ForgeRefused(f"{host} answered {raw.status}{said}")
        raise ForgeOdd(f"{host} answered {raw.status}, which makes no sense here")

    def _denied(self, raw: Raw) -> ForgeDenied:
        host, said, repository = self._address.host, self._said(raw), self._address.repository
        if self.anonymous:
            return ForgeDenied(f"{host} answered {raw.status} to a call without a token{said}")
        if raw.status == 401:
            return ForgeDenied(f"{host} does not accept the token{said}")
        if raw.status == 404:
            return ForgeDenied(f"{host} has no {repository}, or the token may not see it{said}")
        return ForgeDenied(f"the token may not do that in {repository} on {host}{said}")

    def _said(self, raw: Raw) -> str:
        said = " ".join(self._clean(words_of(self._parsed(raw))).split())
        return f": {said[:300]}" if said else ""

    def _moved(self, raw: Raw) -> str:
        target = self._clean(raw.headers.get("location", "nowhere"))
        return f"{self._address.host} answered {raw.status}: it moved to {target[:200]}"


def _origin(url: str) -> tuple[str, str, int]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)


def _next_page(url: str, raw: Raw) -> str:
    """The address of the next page, empty for none: only the question of the link counts.

    Behind a proxy forges often name a host or scheme of their own, where the token must not go.
    """
    found = _NEXT.search(raw.headers.get("link", ""))
    if found is None:
        return ""
    try:
        return urlunsplit(urlsplit(url)._replace(query=urlsplit(found[1]).query))
    except ValueError:
        return ""


def _asked_to_wait(raw: Raw) -> int | None:
    """For how many seconds a forge wants no more calls; None where that is not what it says."""
    if raw.status not in (403, 429):
        return None
    after = _number(raw.headers.get("retry-after"))
    if after is not None:
        return after
    if "0" in (raw.headers.get("x-ratelimit-remaining"), raw.headers.get("ratelimit-remaining")) or raw.status == 429:
        reset = _number(raw.headers.get("x-ratelimit-reset") or raw.headers.get("ratelimit-reset"))
        return max(1, reset - clock.now()) if reset is not None else 60
    return 60 if b"rate limit" in raw.body[:2000].lower() else None


def _until(seconds: int) -> str:
    from holdfast.domain import moment

    return f"until {moment.iso(moment.Moment(clock.now() + min(seconds, 10**8)))}"


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 12 else None


def _shape(raw: Raw) -> str:
    start = raw.body[:200].lstrip().lower()
    return "a web page" if start.startswith((b"<!doctype", b"<html")) else f"{len(raw.body)} bytes"
