"""A real server under 64 connections that guess: it hashes little, answers others, and lets people in."""

import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from itertools import count
from pathlib import Path
from threading import Event
from urllib.parse import urlsplit

import pytest
from django.utils.http import urlencode

from tests.database_files import DatabaseFiles, add_superuser
from tests.integration.test_serve import serving
from tests.waiting import PATIENCE_SECONDS, until

pytestmark = pytest.mark.slow

CONNECTIONS, GUESSES = 64, 640
_NUMBERS = count()  # each username is guessed once in all tests, so that none is locked out
PASSWORD = "a-long-password-indeed"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, database_files: DatabaseFiles) -> Path:
    """A database with one account."""
    database = database_files.migrated(tmp_path_factory.mktemp("shop") / "shop.sqlite3")
    add_superuser(database, "ada", PASSWORD)
    return database


class Guesser:
    """A connection that posts passwords."""

    def __init__(self, url: str) -> None:
        self.connection = HTTPConnection(urlsplit(url).netloc, timeout=PATIENCE_SECONDS)
        self.close = self.connection.close

    def token(self, username: str, password: str) -> tuple[int, bytes]:
        body = json.dumps({"username": username, "password": password})
        return self._post("/token", body, {"Content-Type": "application/json"})

    def admin(self, username: str, password: str) -> tuple[int, bytes]:
        csrf = "c" * 32
        body = urlencode({"username": username, "password": password, "csrfmiddlewaretoken": csrf})
        kind = "application/x-www-form-urlencoded"
        return self._post("/admin/login/", body, {"Content-Type": kind, "Cookie": f"csrftoken={csrf}"})

    def _post(self, path: str, body: str, headers: dict[str, str]) -> tuple[int, bytes]:
        self.connection.request("POST", path, body, headers)
        answer = self.connection.getresponse()
        return answer.status, answer.read()


@contextmanager
def others(url: str) -> Iterator[list[int]]:
    """Ask for something else all the while. Yield the statuses, which are complete afterwards."""
    stop, statuses = Event(), list[int]()

    def ask() -> None:
        with closing(HTTPConnection(urlsplit(url).netloc, timeout=PATIENCE_SECONDS)) as connection:
            while not stop.is_set():
                connection.request("GET", "/products")
                answer = connection.getresponse()
                answer.read()
                statuses.append(answer.status)

    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(ask)
        try:
            yield statuses
        finally:
            stop.set()
            asking.result()


def guesses(
    url: str, door: str, each: int = GUESSES // CONNECTIONS, connections: int = CONNECTIONS
) -> Counter[tuple[int, bytes]]:
    """Return the answers to wrong passwords for as many usernames, over many connections at once.

    each: the number of guesses of each connection
    """

    def guess(_: int) -> list[tuple[int, bytes]]:
        with closing(Guesser(url)) as guesser:
            ask = getattr(guesser, door)
            return [ask(f"u{next(_NUMBERS)}", "wrong") for _ in range(each)]

    with ThreadPoolExecutor(connections) as pool:
        return Counter(answer for answers in pool.map(guess, range(connections)) for answer in answers)


def statuses_of(answers: Counter[tuple[int, bytes]]) -> Counter[int]:
    found: Counter[int] = Counter()
    for (status, _), n in answers.items():
        found[status] += n
    return found


class TestGuesses:
    @pytest.mark.parametrize(("door", "wrong"), [("token", 401), ("admin", 200)])
    def test_over_the_limit_are_refused_and_others_are_answered(self, shop: Path, door: str, wrong: int):
        limited = {"THROTTLE_RATES": "login:address=5/h,login:total=off", "METRICS": "false"}
        with serving(shop, **limited) as url, others(url) as answered:
            found = statuses_of(guesses(url, door))

        assert found == {wrong: 5, 429: GUESSES - 5}
        assert set(answered) == {200}

    def test_leave_the_right_password_alone_when_their_window_has_passed(self, shop: Path):
        limited = {"THROTTLE_RATES": "login:address=2/s,login:total=off", "METRICS": "false"}
        with serving(shop, **limited) as url:
            # A slow machine hashes fewer than two in a second, and so all of them.
            guesses(url, "token", each=1, connections=8)

            with closing(Guesser(url)) as ada:
                until(lambda: ada.token("ada", PASSWORD)[0] == 200)

    @pytest.mark.parametrize("threads", [pytest.param(1), pytest.param(4, marks=pytest.mark.full)])
    def test_that_are_not_limited_hash_one_at_a_time_and_others_are_answered(self, shop: Path, threads: int):
        unlimited = {"THROTTLE_RATES": "login=off", "WEB_THREADS": threads, "METRICS": "false"}
        with serving(shop, **unlimited) as url, others(url) as answered:
            found = statuses_of(guesses(url, "token", each=1, connections=8))

        assert found == {401: 8}
        assert set(answered) == {200}
        assert len(answered) > 8

    def test_hold_up_nobody_who_shares_the_only_thread(self, shop: Path):
        unlimited = {"THROTTLE_RATES": "login=off", "WEB_THREADS": 1, "WEB_WORKERS": 1, "METRICS": "false"}
        with serving(shop, **unlimited) as url, others(url) as answered, closing(Guesser(url)) as guesser:
            between = [len(answered)]
            for number in range(5):
                guesser.token(f"w{number}", "wrong")
                between.append(len(answered))

        # As many as a hash leaves time for; one or none if they wait for it.
        assert between[-1] - between[0] > 15
