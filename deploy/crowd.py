"""Asks over many connections at once, each kept open as a shop's server does, and counts the answers."""

import http.client
import json
import select
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Lock, Thread
from urllib.parse import urlsplit

from deploy.asking import Answered

PATIENCE_SECONDS = 30
PAUSE_SECONDS = 0.02  # of a connection that got no answer at all, so that it does not spin


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked. value: sent as JSON, None for no body; name: what the caller knows it by."""

    method: str
    path: str
    value: object = None
    name: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """A request and what came back."""

    request: Request
    answer: Answered


@dataclass(slots=True)
class Crowd:
    """So many connections to one address, which share the requests among them.

    seen: what has come back, in the order in which it came
    """

    url: str
    requests: Iterator[Request]
    key: str = field(default="", repr=False)
    seen: list[Seen] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)
    _is_over: Event = field(default_factory=Event)

    def ask(self) -> None:
        """Return when nothing is left to be asked, or it is over."""
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=PATIENCE_SECONDS)
        while not self._is_over.is_set():
            with self._lock:
                request = next(self.requests, None)
            if request is None:
                break
            self.seen.append(Seen(request, self._answer(connection, request)))
        connection.close()

    def stop(self) -> None:
        """Have every connection finish what it waits for, and ask no more."""
        self._is_over.set()

    def _answer(self, connection: http.client.HTTPConnection, request: Request) -> Answered:
        headers = {"Authorization": f"Api-Key {self.key}"} if self.key else {}
        body = None
        if request.value is not None:
            body = json.dumps(request.value).encode()
            headers["Content-Type"] = "application/json"
        if _has_ended(connection):
            connection.close()  # opened anew by the request
        began = time.monotonic()
        try:
            connection.request(request.method, request.path, body, headers)
            return Answered.of(connection.getresponse(), began)
        except (OSError, http.client.HTTPException) as error:
            connection.close()  # the next request opens it anew
            answered = Answered.lacking(error, began)
            time.sleep(PAUSE_SECONDS)
            return answered


def _has_ended(connection: http.client.HTTPConnection) -> bool:
    """Whether the server has closed it since its last answer, as it does to a body that it left unread."""
    return connection.sock is not None and bool(select.select([connection.sock], [], [], 0)[0])


@contextmanager
def crowding(
    url: str, requests: Iterable[Request], *, connections: int, key: str = ""
) -> Iterator[list[Seen]]:
    """Give what comes back meanwhile. On the way out nothing more is asked; what was asked is answered."""
    crowd = Crowd(url, iter(requests), key)
    threads = _come(crowd, connections)
    try:
        yield crowd.seen
    finally:
        crowd.stop()
        for thread in threads:
            thread.join()


def asked(url: str, requests: Iterable[Request], *, connections: int, key: str = "") -> list[Seen]:
    """Return what came back once all was asked."""
    crowd = Crowd(url, iter(requests), key)
    for thread in _come(crowd, connections):
        thread.join()
    return crowd.seen


def _come(crowd: Crowd, n: int) -> list[Thread]:
    threads = [Thread(target=crowd.ask) for _ in range(n)]
    for thread in threads:
        thread.start()
    return threads


def longest(seen: Iterable[Seen]) -> float:
    """Return how many seconds the slowest took."""
    return max((each.answer.seconds for each in seen), default=0.0)


def statuses(seen: Iterable[Seen]) -> dict[int, int]:
    """Return how many answers there were of each status, the lowest first; 0 is none at all."""
    return dict(sorted(Counter(each.answer.status for each in seen).items()))


def of_others(seen: Iterable[Seen], allowed: Sequence[int]) -> list[Seen]:
    """Return what was answered with a status that is not among these."""
    return [each for each in seen if each.answer.status not in allowed]
