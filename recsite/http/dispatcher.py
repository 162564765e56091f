"""Requests from granian (RSGI) to Django (WSGI): an event loop reads bodies, threads answer requests.

A request reaches a thread when all of its body is there, and granian sends the response when the thread has
made it. So a client that sends or reads slowly occupies no thread.
"""

import asyncio
import io
import logging
import sys
from asyncio import AbstractEventLoop
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import suppress
from queue import SimpleQueue
from threading import Thread
from typing import Any, NamedTuple, Protocol

from recsite.http.request_bodies import BodyRefusal, RequestBodies

HeaderLines = list[tuple[str, str]]
Environ = dict[str, Any]

# Where the environ of a request whose body was refused holds the BodyRefusal.
REFUSAL = "recsite.refusal"
LOGIN_PAGE = "/admin/login/"
LOGIN_PATHS = frozenset({LOGIN_PAGE, "/token", "/token/"})  # where passwords are sent
# A client that sends its body before it reads may do so until then, else it would not see the refusal.
SECONDS_OF_UNREAD_BODY = 2.0
_WITHOUT_BODY = frozenset({"GET", "HEAD"})
_SAME_ENVIRON: Environ = {
    "SCRIPT_NAME": "",
    "wsgi.version": (1, 0),
    "wsgi.errors": sys.stderr,
    "wsgi.input_terminated": True,
    "wsgi.multithread": True,
    "wsgi.multiprocess": True,
    "wsgi.run_once": False,
}

logger = logging.getLogger(__name__)


class RequestHeaders(Protocol):
    """The headers of a request; their names are lower case."""

    def get(self, name: str, /) -> str | None: ...
    def items(self) -> HeaderLines: ...


class Scope(Protocol):
    """The head of a request, as RSGI describes it."""

    http_version: str
    server: str
    client: str
    scheme: str
    method: str
    path: str
    query_string: str
    authority: str | None
    headers: RequestHeaders


class Connection(Protocol):
    """The chunks of a request's body, and its response, in RSGI."""

    def __aiter__(self) -> AsyncIterator[bytes]: ...
    def response_bytes(self, status: int, headers: HeaderLines, body: bytes) -> None: ...
    def response_file(self, status: int, headers: HeaderLines, file: str) -> None: ...


class Watcher(Protocol):
    """A request of granian, which sends 500 if this is dropped without a response."""

    scope: Scope
    proto: Connection


class Request(NamedTuple):
    """A request that can be answered. refusal: why its body was not accepted"""

    watcher: Watcher
    body: bytes = b""
    refusal: BodyRefusal | None = None


Application = Callable[[Environ, Any], Iterable[bytes]]


class Dispatcher:
    """The requests of one worker: each is answered by a thread as soon as it is complete.

    body_seconds: the time in which a body must arrive
    prefix:       FORCE_SCRIPT_NAME, with which paths may begin
    """

    def __init__(
        self,
        application: Application,
        loop: AbstractEventLoop,
        *,
        n_threads: int,
        body_seconds: float,
        prefix: str = "",
    ) -> None:
        self._application, self._loop, self._prefix = application, loop, prefix
        self._bodies = RequestBodies(body_seconds)
        self._complete: SimpleQueue[Request] = SimpleQueue()
        # Load balancers are answered when all other threads wait, for example for the database.
        self._health: SimpleQueue[Request] = SimpleQueue()
        # A hash takes 0.2 s, and other requests do not wait for it.
        self._logins: SimpleQueue[Request] = SimpleQueue()
        self._tasks: set[asyncio.Task[None]] = set()  # since the loop does not keep them
        for number in range(n_threads):
            name = f"requests-{number + 1}"
            Thread(target=self._answer_all, args=(self._complete,), name=name, daemon=True).start()
        for queue, name in ((self._health, "health"), (self._logins, "logins")):
            Thread(target=self._answer_all, args=(queue,), name=name, daemon=True).start()

    def schedule(self, watcher: Watcher) -> None:
        """Schedule a request. granian calls this in a thread of its own."""
        scope = watcher.scope
        if scope.method in _WITHOUT_BODY or not _has_body(scope.headers):
            self._put(Request(watcher))
        else:
            self._loop.call_soon_threadsafe(self._start_receiving, watcher)

    def _put(self, request: Request) -> None:
        """Give the request to the threads that answer its kind."""
        scope = request.watcher.scope
        path = scope.path.removeprefix(self._prefix)
        if path.startswith("/health/"):
            self._health.put(request)
        elif path in LOGIN_PATHS and scope.method == "POST":
            self._logins.put(request)
        else:
            self._complete.put(request)

    def _start_receiving(self, watcher: Watcher) -> None:
        task = self._loop.create_task(self._receive(watcher))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _receive(self, watcher: Watcher) -> None:
        try:
            body = await self._bodies.read(watcher.scope.headers, watcher.proto)
        except BodyRefusal as refusal:
            self._put(Request(watcher, refusal=refusal))
            if refusal.is_unread and watcher.scope.headers.get("expect") is None:
                await _discard(watcher.proto)
        else:
            self._put(Request(watcher, body))

    def _answer_all(self, requests: "SimpleQueue[Request]") -> None:
        while True:
            self._answer(requests.get())

    def _answer(self, request: Request) -> None:
        try:
            _respond(self._application, request)
        except BaseException:  # of any kind: the thread must not end
            logger.exception("%s %s failed", request.watcher.scope.method, request.watcher.scope.path)
        if request.body:
            self._loop.call_soon_threadsafe(self._bodies.release, len(request.body))


async def _discard(chunks: Connection) -> None:
    """Read what a client sends until its body ends, or for a short time."""
    with suppress(TimeoutError):
        async with asyncio.timeout(SECONDS_OF_UNREAD_BODY):
            async for chunk in chunks:
                if not chunk:
                    break


class _Start:
    """WSGI's start_response, which keeps what it is given."""

    __slots__ = ("headers", "status")

    def __call__(self, status: str, headers: HeaderLines, exc_info: Any = None) -> None:
        self.status, self.headers = int(status[:3]), headers


class _File:
    """WSGI's file wrapper: a file that Django would send in parts."""

    def __init__(self, file: Any, block_size: int) -> None:
        self.file, self.close = file, file.close

    def __iter__(self) -> Iterable[bytes]:
        return iter((self.file.read(),))

    @property
    def path(self) -> str | None:
        """The path of a file on disk, None of a part of one."""
        name = self.file.name if isinstance(self.file, io.BufferedReader) else None
        return name if isinstance(name, str) else None


def _respond(application: Application, request: Request) -> None:
    """Call the application and give granian its response."""
    start, connection = _Start(), request.watcher.proto
    response = application(_environ(request), start)
    try:
        if request.refusal:
            start.headers.append(("Connection", "close"))
        if isinstance(response, _File) and response.path:
            connection.response_file(start.status, start.headers, response.path)
        else:
            connection.response_bytes(start.status, start.headers, b"".join(response))
    finally:
        if close := getattr(response, "close", None):
            close()


def _has_body(headers: RequestHeaders) -> bool:
    return headers.get("content-length") not in (None, "0") or headers.get("transfer-encoding") is not None


def _environ(request: Request) -> Environ:
    """Return the WSGI environ of a request (PEP 3333)."""
    scope = request.watcher.scope
    environ = _SAME_ENVIRON | {
        "REQUEST_METHOD": scope.method,
        "PATH_INFO": _latin1(scope.path),
        "QUERY_STRING": _latin1(scope.query_string),
        "SERVER_PROTOCOL": "HTTP/1.1" if scope.http_version == "1.1" else "HTTP/1.0",
        "wsgi.url_scheme": scope.scheme,
        "wsgi.input": io.BytesIO(request.body),
        "wsgi.file_wrapper": _File,
    }
    environ["SERVER_NAME"], environ["SERVER_PORT"] = _split(scope.server)
    environ["REMOTE_ADDR"] = _split(scope.client)[0]
    for name, value in scope.headers.items():
        if key := _variable(name):
            earlier = environ.get(key)
            separator = "; " if key == "HTTP_COOKIE" else ","
            environ[key] = value if earlier is None else f"{earlier}{separator}{value}"
    if "HTTP_HOST" not in environ and scope.authority:
        environ["HTTP_HOST"] = scope.authority
    if request.body:
        environ["CONTENT_LENGTH"] = str(len(request.body))
    if request.refusal:
        environ[REFUSAL] = request.refusal
    return environ


def _variable(name: str) -> str:
    """Return the variable of a header, "" if the header is dropped.

    WSGI has one variable for X-Forwarded-For and X_Forwarded_For, and proxies overwrite only the first.
    """
    if "_" in name or name in ("content-length", "transfer-encoding"):
        return ""
    variable = name.upper().replace("-", "_")
    return variable if variable == "CONTENT_TYPE" else f"HTTP_{variable}"


def _split(address: str) -> tuple[str, str]:
    """Return the IP address, without brackets, and the port."""
    host, _, port = address.rpartition(":")
    return host.strip("[]"), port


def _latin1(text: str) -> str:
    """Return the bytes of the text as WSGI has them in strings."""
    return text if text.isascii() else text.encode().decode("latin-1")
