"""Requests over many concurrent connections, while a part breaks or until all are sent."""

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Lock, Thread
from typing import Any, NamedTuple, Protocol

import httpx2

from tests.place import client_of
from tests.waiting import until

PAUSE_SECONDS = 0.02  # of a connection that got no response, so that it does not spin


class Record(Protocol):
    """pytest's record_property: the value is printed at the end of the run."""

    def __call__(self, name: str, value: object) -> None: ...


class Request(NamedTuple):
    """json: the body, or None for no body"""

    method: str
    path: str
    json: Any = None


@dataclass(frozen=True, slots=True)
class Answer:
    """A request and its response. response: None, with the error, if there was none

    connection: the number of the connection that sent it; sent_at: by time.monotonic
    """

    request: Request
    response: httpx2.Response | None
    error: str
    connection: int
    sent_at: float
    seconds: float

    @property
    def status(self) -> int:
        """The response's status, 0 where there was none."""
        return self.response.status_code if self.response else 0

    @property
    def text(self) -> str:
        return self.response.text if self.response else self.error

    def json(self) -> Any:
        assert self.response is not None, self.error
        return self.response.json()


@dataclass(slots=True)
class Load:
    """A number of connections to one server, which share an iterator of requests.

    answers: the responses in the order in which they arrived
    """

    client: httpx2.Client
    requests: Iterator[Request]
    n_connections: int
    answers: list[Answer] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)
    _is_over: Event = field(default_factory=Event)

    def wait_for_rounds(self, n: int = 3) -> None:
        """Wait until each connection has received n responses to requests that it sends from now on.

        Responses to earlier requests do not count.
        """
        now, first = time.monotonic(), len(self.answers)

        def is_done() -> bool:
            counts = Counter(each.connection for each in self.answers[first:] if each.sent_at >= now)
            return len(counts) == self.n_connections and min(counts.values()) >= n

        until(is_done)

    def run(self) -> list[Thread]:
        """Start one thread for each connection, and return them."""
        threads = [Thread(target=self._ask, args=(number,)) for number in range(self.n_connections)]
        for thread in threads:
            thread.start()
        return threads

    def stop(self) -> None:
        """Let every connection finish its request and send no more."""
        self._is_over.set()

    def _ask(self, connection: int) -> None:
        while not self._is_over.is_set():
            with self._lock:
                request = next(self.requests, None)
            if request is None:
                break
            response, error, sent_at = None, "", time.monotonic()
            try:
                response = self.client.request(request.method, request.path, json=request.json)
            except httpx2.TransportError as problem:
                error = f"{type(problem).__name__}: {problem}"
                time.sleep(PAUSE_SECONDS)
            seconds = time.monotonic() - sent_at
            self.answers.append(Answer(request, response, error, connection, sent_at, seconds))


@contextmanager
def under_load(
    client: httpx2.Client, requests: Iterable[Request], *, connections: int, stops: bool = True
) -> Iterator[Load]:
    """Send requests in the background, to the client's server and with its API key.

    stops: whether to stop sending on exit; else wait until all requests are done
    """
    url, shown = str(client.base_url), client.headers.get("Authorization", "")
    with client_of(url, key=shown.removeprefix("Api-Key "), connections=connections) as own:
        load = Load(own, iter(requests), connections)
        threads = load.run()
        try:
            yield load
        finally:
            if stops:
                load.stop()
            for thread in threads:
                thread.join()


def ask_all(client: httpx2.Client, requests: Sequence[Request], *, connections: int) -> list[Answer]:
    """Return the responses to all these requests."""
    with under_load(client, requests, connections=connections, stops=False) as load:
        return load.answers


def statuses(answers: Iterable[Answer]) -> dict[int, int]:
    """Return the number of responses by status, the lowest first; 0 is a missing response."""
    return dict(sorted(Counter(each.status for each in answers).items()))


def slowest(answers: Iterable[Answer]) -> str:
    """Return the duration of the slowest request, as text for a report."""
    return f"{max((each.seconds for each in answers), default=0.0):.2f} s"
