"""One HTTP exchange under one deadline: connections, proxies and certificates, and nothing of what is said."""

from __future__ import annotations

import http.client
import threading
import time
from base64 import b64encode
from urllib.parse import unquote, urlsplit

from holdfast.adapters.forge.errors import ForgeOdd, ForgeUnreachable
from holdfast.domain.value import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping

_PROXY_PORT = 1080
"""Of a proxy that names none, as curl and git have it."""
LARGEST = 32 << 20
"""Bytes of an answer: a page of a hundred requests is 3 MB at GitHub."""


class Wire(NamedTuple):
    """How this machine reaches a forge.

    `timeout` is in seconds, for a call with all that it takes; `proxy` and `ca` are git's `http.proxy` and the path of
    `http.sslCAInfo`, empty for none. `environment` has proxies (`https_proxy`, `all_proxy`, `no_proxy`) and certificates
    (`GIT_SSL_CAINFO`, `SSL_CERT_FILE`) of its own.
    """

    timeout: float = 30
    proxy: str = ""
    ca: str = ""
    environment: Mapping[str, str] = {}


class Raw(NamedTuple):
    """What came back: status, headers by lower-case name, and the bytes of the body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Broken(Exception):
    """No whole answer came; `args[0]` says why. `sent` is False where the forge cannot have seen the call."""

    def __init__(self, words: str, sent: bool) -> None:
        super().__init__(words)
        self.sent = sent


class Deadline:
    """A moment that waits and calls may not pass."""

    def __init__(self, seconds: float) -> None:
        self._seconds, self._end = seconds, time.monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds that are left, never below zero."""
        return max(0.0, self._end - time.monotonic())

    def later(self, seconds: float) -> None:
        """Put it off: for a wait that the forge itself asked for."""
        self._end += seconds

    def __str__(self) -> str:
        return f"{self._seconds:g} seconds"


def exchange(
    wire: Wire, method: str, url: str, headers: Mapping[str, str], body: bytes | None, deadline: Deadline
) -> Raw:
    """Send one call over a connection of its own; `Broken` where no whole answer comes before the deadline.

    It runs in a thread of its own: looking up a name and the handshake of TLS know no time limit, and a server that sends a
    byte each second never meets the limit of one read.
    """
    call = _Call(wire, method, url, headers, body, deadline)
    thread = threading.Thread(target=call.run, daemon=True)
    thread.start()
    thread.join(deadline.left)
    if thread.is_alive():
        call.cut()
        raise Broken(f"no answer within {deadline}", call.sent)
    if call.failed is not None:
        raise call.failed
    return call.answer


class _Call:
    def __init__(
        self, wire: Wire, method: str, url: str, headers: Mapping[str, str], body: bytes | None, deadline: Deadline
    ) -> None:
        self._what = (method, url, headers, body)
        self._wire, self._deadline = wire, deadline
        self._connection: http.client.HTTPConnection | None = None
        self._turn = threading.Lock()
        self._over = self.sent = False
        self.answer = Raw(0, {}, b"")
        self.failed: Exception | None = None

    def run(self) -> None:
        """Do it; the outcome is in `answer` or `failed`."""
        try:
            self.answer = self._run()
        except (ForgeOdd, ForgeUnreachable, Broken) as error:
            self.failed = error
        except (OSError, http.client.HTTPException, ValueError) as error:
            self.failed = Broken(_words(error), self.sent)
        except Exception as error:  # a bug of ours: it belongs to who asked, not to a thread that nobody listens to
            self.failed = error
        finally:
            if self._connection is not None:
                self._connection.close()

    def cut(self) -> None:
        """End it from outside: what is under way fails in its own thread, what was not sent never will be."""
        import contextlib
        import socket

        with self._turn:
            self._over = True
        connection = self._connection
        if connection is not None and connection.sock is not None:
            with contextlib.suppress(OSError):
                connection.sock.shutdown(socket.SHUT_RDWR)

    def _run(self) -> Raw:
        method, url, headers, body = self._what
        self._connection, target, more = _connection(self._wire, url, self._deadline.left)
        self._connection.connect()
        with self._turn:
            if self._over:
                raise Broken(f"no answer within {self._deadline}", False)
            self.sent = True
        self._connection.request(method, target, body, {**headers, **more})
        with self._connection.getresponse() as response:
            found = response.read(LARGEST + 1)
            if len(found) > LARGEST:
                raise ForgeOdd(f"{urlsplit(url).netloc} answered with more than {LARGEST >> 20} MB")
            if response.length:
                raise Broken("the connection was cut within the answer", True)
            named = {name.lower(): value for name, value in response.getheaders()}
            return Raw(response.status, named, found)


def _connection(wire: Wire, url: str, seconds: float) -> tuple[http.client.HTTPConnection, str, dict[str, str]]:
    """A connection that is not made yet, what to ask on it, and headers for a proxy."""
    parts = urlsplit(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    proxy = _proxy(wire, parts.scheme, host, port)
    if proxy is None:
        return _to(wire, parts.scheme, host, port, seconds), target, {}
    through, proxy_port, asked = proxy
    if parts.scheme == "http":
        return http.client.HTTPConnection(through, proxy_port, timeout=seconds), url, asked
    tunnel = http.client.HTTPSConnection(through, proxy_port, timeout=seconds, context=_context(wire))
    # It speaks TLS only with what is behind the tunnel: `connect` of an HTTPSConnection wraps after CONNECT.
    tunnel.set_tunnel(host, port, asked)
    return tunnel, target, {}


def _to(wire: Wire, scheme: str, host: str, port: int, seconds: float) -> http.client.HTTPConnection:
    if scheme == "https":
        return http.client.HTTPSConnection(host, port, timeout=seconds, context=_context(wire))
    return http.client.HTTPConnection(host, port, timeout=seconds)


def _context(wire: Wire) -> ssl.SSLContext:
    import ssl

    given = wire.environment.get("GIT_SSL_CAINFO") or wire.ca or wire.environment.get("SSL_CERT_FILE")
    try:
        return ssl.create_default_context(cafile=given or None)
    except (OSError, ValueError) as error:
        raise ForgeUnreachable(f"the certificates in {given} cannot be read: {_words(error)}") from error


def _proxy(wire: Wire, scheme: str, host: str, port: int) -> tuple[str, int, dict[str, str]] | None:
    """Host and port of the proxy for a call, with the header that it asks for; None to go without one."""
    named = _named_proxy(wire, scheme)
    if not named or _spared(wire.environment, host, port):
        return None
    try:
        parts = urlsplit(named if "://" in named else f"http://{named}")
        through, proxy_port = parts.hostname or "", parts.port or _PROXY_PORT
    except ValueError as error:
        raise ForgeUnreachable("the address of the proxy makes no sense") from error
    if parts.scheme != "http" or not through:
        raise ForgeUnreachable(f"a proxy of the kind {parts.scheme} is not supported: only http is")
    if parts.username is None:
        return through, proxy_port, {}
    pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return through, proxy_port, {"Proxy-Authorization": "Basic " + b64encode(pair.encode()).decode()}


def _named_proxy(wire: Wire, scheme: str) -> str:
    """As curl and git look for it: what is configured first; `HTTP_PROXY` could come from a web request and is not read."""
    names = ["http_proxy"] if scheme == "http" else ["https_proxy", "HTTPS_PROXY"]
    return wire.proxy or next(filter(None, map(wire.environment.get, [*names, "all_proxy", "ALL_PROXY"])), "")


def _spared(environment: Mapping[str, str], host: str, port: int) -> bool:
    """Whether `no_proxy` names a host: `*`, the host, a domain above it, each with a port or without."""
    listed = environment.get("no_proxy") or environment.get("NO_PROXY") or ""
    for entry in (word.strip().lower() for word in listed.split(",")):
        name = entry.removesuffix(f":{port}").removeprefix("*").removeprefix(".")
        if entry == "*" or (name and (host == name or host.endswith("." + name))):
            return True
    return False


def _words(error: Exception) -> str:
    """What went wrong, in one line and without what was sent."""
    import socket
    import ssl

    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({error.verify_message})"
    if isinstance(error, socket.gaierror):
        return "there is no host of that name"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    if isinstance(error, http.client.RemoteDisconnected):
        return "the connection was closed without an answer"
    return "the answer is no HTTP" if isinstance(error, http.client.HTTPException) else "the address makes no sense"
