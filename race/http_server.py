"""Git over real HTTP: `git http-backend` behind a small server, for the races and for the tests.

    with serve(folder) as url:
        ...  # folder/remote.git is a bare repository: git clone URL/remote.git

Whoever reaches it may read and push, unless a user and a password are asked for. Hooks make it misbehave on purpose.
"""

from __future__ import annotations

import base64
import contextlib
import os
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BufferedReader
from typing import IO
from urllib.parse import unquote

Refuse = Callable[[str, str], "int | None"]
"""Method and path of a request: the status to refuse it with, or None to let it pass."""

Stall = Callable[[str, str], float]
"""Method and path of a request: for how many seconds it waits before anything happens."""

Lose = Callable[[str, str], bool]
"""Method and path of a request: True does what it asks and closes the connection without an answer."""

_BLOCK = 65536


@dataclass(frozen=True, slots=True)
class _Manner:
    """What the server serves, and how well it behaves."""

    root: str
    credentials: tuple[str, str] | None
    refuse: Refuse | None
    stall: Stall | None
    lose: Lose | None
    running: set[subprocess.Popen[bytes]]
    closing: threading.Event = field(default_factory=threading.Event)


@contextlib.contextmanager
def serve(
    root: str | os.PathLike[str],
    *,
    user: str | None = None,
    password: str = "",
    refuse: Refuse | None = None,
    stall: Stall | None = None,
    lose: Lose | None = None,
    running: set[subprocess.Popen[bytes]] | None = None,
) -> Iterator[str]:
    """Serve the repositories below `root` for the length of the block; gives the URL that their paths stand behind.

    With a `user`, every request needs that user and `password`. `running` holds what is at work at any moment; what
    still is at the end is ended.
    """
    credentials = None if user is None else (user, password)
    at_work = set() if running is None else running
    manner = _Manner(os.path.realpath(root), credentials, refuse, stall, lose, at_work)
    server = _Server(("127.0.0.1", 0), manner)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        manner.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()
        for process in tuple(manner.running):
            process.kill()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128  # a whole race connects at the same moment

    def __init__(self, address: tuple[str, int], manner: _Manner) -> None:
        super().__init__(address, _Handler)
        self.manner = manner

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that was killed in the middle is part of the game."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Small writes would wait for the other side's delayed acknowledgement: 40 ms for each request.
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def log_message(self, format: str, *args: object) -> None:
        """Nobody reads a log."""

    def _answer(self) -> None:
        manner = self.server.manner
        wait = manner.stall(self.command, self.path) if manner.stall else 0
        if wait > 0 and manner.closing.wait(wait):
            self.close_connection = True
            return
        status = manner.refuse(self.command, self.path) if manner.refuse else None
        if status is not None:
            self._refuse(status)
        elif not self._welcome():
            self._refuse(401, {"WWW-Authenticate": 'Basic realm="git"'})
        else:
            self._backend()

    def _welcome(self) -> bool:
        credentials = self.server.manner.credentials
        if credentials is None:
            return True
        expected = base64.b64encode(":".join(credentials).encode()).decode()
        return self.headers.get("Authorization", "") == f"Basic {expected}"

    def _refuse(self, status: int, headers: Mapping[str, str] | None = None) -> None:
        self._drain()
        text = f"refused with {status}\n".encode()
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def _drain(self) -> None:
        # What is not read of a body would be taken for the next request of the same connection.
        for _ in self._body():
            pass

    def _body(self) -> Iterator[bytes]:
        """The body of the request, block by block, however it is sent."""
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            yield from self._chunks()
            return
        left = int(self.headers.get("Content-Length") or 0)
        while left > 0 and (block := self.rfile.read(min(left, _BLOCK))):
            left -= len(block)
            yield block

    def _chunks(self) -> Iterator[bytes]:
        while size := int(self.rfile.readline().split(b";")[0] or b"0", 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():  # trailers, up to the empty line
            pass

    def _backend(self) -> None:
        process = subprocess.Popen(
            ("git", "http-backend"), env=self._environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        assert process.stdin is not None and isinstance(process.stdout, BufferedReader)
        manner = self.server.manner
        manner.running.add(process)
        # It may answer before it has read everything: both directions have to flow at once.
        feeder = threading.Thread(target=self._feed, args=(process.stdin,), daemon=True)
        feeder.start()
        try:
            if manner.lose and manner.lose(self.command, self.path):
                feeder.join()
                process.stdout.read()
                self.close_connection = True
            else:
                self._forward(process.stdout, feeder)
        finally:
            process.stdout.close()
            process.wait()
            manner.running.discard(process)

    def _feed(self, to: IO[bytes]) -> None:
        try:
            for block in self._body():
                with contextlib.suppress(BrokenPipeError):
                    to.write(block)
        except (OSError, ValueError):
            self.close_connection = True  # the client is gone, or does not speak HTTP
        finally:
            with contextlib.suppress(BrokenPipeError):
                to.close()

    def _forward(self, answer: BufferedReader, feeder: threading.Thread) -> None:
        """Send on what the backend says, as it comes."""
        status, headers = _head(answer)
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        whole = any(name.lower() == "content-length" for name, _ in headers)
        if not whole:
            self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        while block := answer.read1(_BLOCK):
            self.wfile.write(block if whole else b"%x\r\n%s\r\n" % (len(block), block))
        if not whole:
            self.wfile.write(b"0\r\n\r\n")
        feeder.join()

    def _environment(self) -> dict[str, str]:
        """The CGI environment of this request; nothing of the user's own git configuration counts."""
        path, _, query = self.path.partition("?")
        given = {
            "CONTENT_LENGTH": self.headers.get("Content-Length"),
            "CONTENT_TYPE": self.headers.get("Content-Type"),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding"),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol"),
        }
        manner = self.server.manner
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "LC_ALL": "C.UTF-8",
            "HOME": manner.root,
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            # Without a user, pushing over HTTP has to be allowed by name.
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "http.receivepack",
            "GIT_CONFIG_VALUE_0": "true",
            "GIT_PROJECT_ROOT": manner.root,
            "GIT_HTTP_EXPORT_ALL": "1",
            "GATEWAY_INTERFACE": "CGI/1.1",
            "SERVER_PROTOCOL": self.request_version,
            "REQUEST_METHOD": self.command,
            "PATH_INFO": unquote(path),
            "QUERY_STRING": query,
            "REMOTE_ADDR": str(self.client_address[0]),
            "REMOTE_USER": manner.credentials[0] if manner.credentials else "",
            **{name: value for name, value in given.items() if value is not None},
        }


def _head(answer: IO[bytes]) -> tuple[int, list[tuple[str, str]]]:
    """The status and the header of a CGI answer."""
    status, headers = 200, []
    seen = False
    while line := answer.readline().strip():
        seen = True
        name, _, value = line.decode("latin-1").partition(":")
        if name.lower() == "status":
            status = int(value.split()[0])
        else:
            headers.append((name, value.strip()))
    return (status if seen else 500), headers
