"""A web server over raw sockets: slow, silent, greedy and lying clients, and misleading headers."""

import json
import os
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import psutil
import pytest

from catalog.api.bulk import MAX_PRODUCTS_BYTES
from recsite.http.request_bodies import MAX_BODY_BYTES
from tests.database_files import DatabaseFiles
from tests.place import Place
from tests.stack.attackers import SOCKETS, Attack, attacked, mixed
from tests.stack.shops import ALICE, event, filled_file
from tests.waiting import PATIENCE_SECONDS, until

N_SOCKETS = 100
HOST = b"Host: localhost\r\n"
JSON = b"Content-Type: application/json\r\n"
LIVE = b"GET /health/live HTTP/1.1\r\n" + HOST
TOKEN = b"POST /token HTTP/1.1\r\n" + HOST + JSON


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, database_files: DatabaseFiles) -> Place:
    """The example shop on SQLite, with one thread: whatever holds a thread stops everybody."""
    folder: Path = tmp_path_factory.mktemp("sockets")
    return filled_file(
        database_files,
        folder / "shop.sqlite3",
        folder,
        WEB_WORKERS="1",
        WEB_THREADS="1",
        # More logins than these tests make, and still counted.
        THROTTLE_RATES="login:address=10000/h,login:total=off",
    )


@pytest.fixture(scope="module")
def web(place: Place) -> Iterator[httpx2.Client]:
    with place.served() as client:
        yield client


@pytest.fixture(scope="module")
def impatient(place: Place) -> Iterator[httpx2.Client]:
    """A client of a server that waits half a second for bodies."""
    with place.with_env(REQUEST_BODY_SECONDS="0.5").served("impatient") as client:
        yield client


@pytest.fixture(scope="module")
def behind(place: Place) -> Iterator[httpx2.Client]:
    """A client of a server that trusts one proxy, and answers over HTTPS only."""
    trusting = place.with_env(TRUSTED_PROXIES="1", TRUST_PROXY_HTTPS="true", SECURE_SSL_REDIRECT="true")
    with trusting.served("behind") as client:
        yield client


@pytest.fixture
def remaining(behind: httpx2.Client) -> Callable[..., int]:
    def of(*headers: str) -> int:
        """Return how many requests the address that these headers tell has left."""
        lines = "".join(f"{header}\r\n" for header in (*headers, "X-Forwarded-Proto: https"))
        answer = answer_to(behind, last(TOKEN) + lines.encode() + b"Content-Length: 2\r\n\r\n{}")
        return int(answer[1]["ratelimit-remaining"])

    return of


def connected(client: httpx2.Client) -> socket.socket:
    assert client.base_url.port is not None
    return socket.create_connection((client.base_url.host, client.base_url.port), timeout=PATIENCE_SECONDS)


def read_all(sock: socket.socket) -> bytes:
    """Return what comes until the server closes the connection."""
    return b"".join(iter(lambda: sock.recv(65_536), b""))


def answer_to(client: httpx2.Client, request: bytes) -> tuple[int, dict[str, str], bytes]:
    """Return the status, headers and body that a server sends before it closes the connection."""
    with connected(client) as sock:
        sock.sendall(request)
        return parsed(read_all(sock))


def parsed(answer: bytes) -> tuple[int, dict[str, str], bytes]:
    head, _, body = answer.partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    return int(status.split()[1]), dict(line.lower().split(": ", 1) for line in lines), body


def last(request: bytes) -> bytes:
    """Return the head of a request after which the server closes the connection."""
    return request + b"Connection: close\r\n"


def assert_problem(answer: tuple[int, dict[str, str], bytes], status: int) -> None:
    told, headers, body = answer
    assert (told, headers["content-type"]) == (status, "application/problem+json")
    assert headers["connection"] == "close"
    assert headers["x-request-id"]
    assert json.loads(body)["status"] == status


class TestAttacks:
    @pytest.mark.parametrize(
        "attack",
        [
            pytest.param(attack, id=kind, marks=() if attack is mixed else pytest.mark.full)
            for kind, attack in SOCKETS.items()
        ],
    )
    def test_stop_nobody_else(self, web: httpx2.Client, attack: Attack):
        assert web.base_url.port is not None
        with attacked(attack, web.base_url.host, web.base_url.port, N_SOCKETS):
            statuses = [web.get(path).status_code for path in (ALICE, "/health/live", "/products") * 10]

        assert statuses == [200] * 30

    def test_of_clients_that_send_no_body_end_as_problems(self, impatient: httpx2.Client):
        assert_problem(answer_to(impatient, TOKEN + b"Content-Length: 1000\r\n\r\n{"), 408)

    def test_of_clients_that_send_no_body_to_no_view_end_so_too(self, impatient: httpx2.Client):
        request = b"POST /health/live HTTP/1.1\r\n" + HOST + b"Content-Length: 1000\r\n\r\n"

        assert_problem(answer_to(impatient, request), 408)

    def test_are_counted(self, impatient: httpx2.Client):
        answer_to(impatient, TOKEN + b"Content-Length: 9\r\n\r\n")

        assert 'shop_responses_total{route="none",status="408"}' in impatient.get("/metrics").text


class TestBodies:
    def test_may_be_as_long_as_any_view_takes(self):
        assert MAX_BODY_BYTES == MAX_PRODUCTS_BYTES

    def test_that_are_too_long_are_refused_before_they_are_sent(self, web: httpx2.Client):
        length = b"Content-Length: %d\r\n\r\n" % (MAX_BODY_BYTES + 1)

        assert_problem(answer_to(web, TOKEN + length), 413)

    def test_that_are_not_continued_are_not_asked_for(self, web: httpx2.Client):
        length = b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % (MAX_BODY_BYTES + 1)

        assert_problem(answer_to(web, TOKEN + length), 413)

    def test_that_are_too_long_and_sent_are_refused_without_a_reset(self, web: httpx2.Client):
        body = b"a" * (MAX_BODY_BYTES + 1)

        assert_problem(answer_to(web, TOKEN + b"Content-Length: %d\r\n\r\n" % len(body) + body), 413)

    def test_that_are_continued_are_asked_for(self, web: httpx2.Client):
        with connected(web) as sock:
            sock.sendall(last(TOKEN) + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n")
            first = sock.recv(100)
            sock.sendall(b"{}")

            assert first == b"HTTP/1.1 100 Continue\r\n\r\n"
            assert parsed(read_all(sock))[0] == 400

    @pytest.mark.parametrize("more", [b"", b"Content-Length: 2\r\n"], ids=["alone", "and a length"])
    def test_of_unknown_length_are_refused(self, web: httpx2.Client, more: bytes):
        request = TOKEN + more + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"

        assert_problem(answer_to(web, request), 411)

    @pytest.mark.parametrize(
        "lengths", [b"Content-Length: 1\r\nContent-Length: 2\r\n", b"Content-Length: -1\r\n"]
    )
    def test_of_impossible_lengths_are_refused(self, web: httpx2.Client, lengths: bytes):
        assert answer_to(web, TOKEN + lengths + b"\r\n{}")[0] == 400

    def test_that_end_early_change_nothing(self, web: httpx2.Client, place: Place):
        body = json.dumps([event("cut-off")]).encode()
        request = b"POST /interactions HTTP/1.1\r\n" + HOST + JSON + b"Authorization: Api-Key "
        request += place.api_key.encode() + b"\r\n"
        with connected(web) as sock:
            sock.sendall(request + b"Content-Length: %d\r\n\r\n" % (len(body) + 1) + body)
            sock.shutdown(socket.SHUT_WR)
            read_all(sock)

        assert answer_to(web, last(request) + b"Content-Length: %d\r\n\r\n" % len(body) + body)[0] == 201

    def test_in_pieces_are_joined(self, web: httpx2.Client):
        with connected(web) as sock:
            for piece in (last(TOKEN) + b"Content-Length: 15\r\n", b"\r\n", b'{"user', b'name":', b" 1}"):
                sock.sendall(piece)

            assert b"password" in parsed(read_all(sock))[2]

    def test_of_get_are_ignored(self, web: httpx2.Client):
        assert answer_to(web, last(LIVE) + b"Content-Length: 5\r\n\r\nhello")[0] == 200

    def test_leave_the_connection_open(self, web: httpx2.Client):
        with connected(web) as sock:
            sock.sendall((TOKEN + b"Content-Length: 2\r\n\r\n{}") * 2 + last(LIVE) + b"\r\n")
            answers = read_all(sock)

        assert answers.count(b"HTTP/1.1 400") == 2
        assert answers.count(b"HTTP/1.1 200") == 1


class TestHeaders:
    @pytest.mark.parametrize(
        "name", ["X_Forwarded_For", "x_forwarded_for", "X-Forwarded_For", "X_Forwarded-For"]
    )
    @pytest.mark.parametrize("is_first", [True, False])
    def test_with_underscores_tell_no_address(self, remaining: Callable[..., int], name: str, is_first: bool):
        own = f"X-Forwarded-For: 198.51.100.{len(name) + 100 * is_first + sum(map(ord, name)) % 97}"
        before = remaining(own)
        lines = [f"{name}: 203.0.113.1", own] if is_first else [own, f"{name}: 203.0.113.1"]

        assert remaining(*lines) == before - 1

    def test_of_several_lines_are_one_list(self, remaining: Callable[..., int]):
        before = remaining("X-Forwarded-For: 192.0.2.1")

        assert remaining("X-Forwarded-For: 203.0.113.2", "X-Forwarded-For: 192.0.2.1") == before - 1
        assert remaining("X-Forwarded-For: 203.0.113.2, 192.0.2.1") == before - 2

    @pytest.mark.parametrize(
        ("lines", "status"),
        [
            (b"X-Forwarded-Proto: https\r\n", 200),
            (b"X_Forwarded_Proto: https\r\n", 301),
            (b"X_Forwarded-Proto: https\r\n", 301),
            (b"X-Forwarded-Proto: http\r\nX_Forwarded_Proto: https\r\n", 301),
            (b"X-Forwarded-Proto: http\r\nX-Forwarded-Proto: https\r\n", 301),
            (b"X-Forwarded-Proto: https\r\nX_Forwarded_Proto: http\r\n", 200),
        ],
    )
    def test_tell_https_under_their_own_name_only(self, behind: httpx2.Client, lines: bytes, status: int):
        request = last(b"GET / HTTP/1.1\r\n" + HOST) + lines + b"\r\n"

        assert answer_to(behind, request)[0] == status

    def test_with_underscores_are_no_credentials(self, web: httpx2.Client):
        request = last(b"GET /products HTTP/1.1\r\n" + HOST) + b"Author_ization: Api-Key x\r\n\r\n"

        assert answer_to(web, request)[0] == 200

    def test_of_the_length_do_not_count_with_underscores(self, web: httpx2.Client):
        status, _, body = answer_to(web, last(TOKEN) + b"Content_Length: 2\r\n\r\n")

        assert (status, b"username" in body) == (400, True)

    def test_of_two_hosts_are_refused(self, web: httpx2.Client):
        assert answer_to(web, last(b"GET /products HTTP/1.1\r\n" + HOST) + b"Host: evil\r\n\r\n")[0] == 400

    def test_of_several_cookies_are_one_list(self, web: httpx2.Client):
        cookies = b"Cookie: csrftoken=" + b"a" * 32 + b"\r\nCookie: sessionid=x\r\n"
        form = b"Content-Type: application/x-www-form-urlencoded\r\n"
        body = b"csrfmiddlewaretoken=" + b"a" * 32 + b"&username=nobody&password=x"
        length = b"Content-Length: %d\r\n\r\n" % len(body)

        request = last(b"POST /admin/login/ HTTP/1.1\r\n" + HOST) + cookies + form + length + body
        assert answer_to(web, request)[0] == 200  # the form again; 403 without the cookie


@pytest.fixture(scope="module")
def doomed(place: Place) -> Iterator[httpx2.Client]:
    """A client of a server that loses its workers, and is stopped by the last test that asks for it."""
    with place.served("doomed") as client:
        yield client


class TestWorkers:
    def test_that_are_killed_again_and_again_are_started_again(self, doomed: httpx2.Client):
        server = server_of(doomed)
        for _ in range(2):
            for worker in server.children():
                worker.kill()
            until(lambda: answers(doomed))

        assert server.is_running()
        assert server_of(doomed) == server

    def test_finish_what_they_have_begun(self, doomed: httpx2.Client):
        with connected(doomed) as sock:
            sock.sendall(last(TOKEN) + b"Content-Length: 2\r\n\r\n{")
            until(lambda: psutil.Process(server_of(doomed).pid).children())
            server_of(doomed).send_signal(signal.SIGTERM)
            until(lambda: not listens(doomed))
            sock.sendall(b"}")

            assert parsed(read_all(sock))[0] == 400


def server_of(client: httpx2.Client) -> psutil.Process:
    """Return the process that listens at the client's port, or whose workers do."""
    port = client.base_url.port
    for process in psutil.Process(os.getpid()).children(recursive=True):
        listening = [each for each in process.net_connections() if each.laddr and each.laddr.port == port]
        if any(each.status == psutil.CONN_LISTEN for each in listening):
            parent = process.parent()
            assert parent is not None
            return parent if parent.pid != os.getpid() else process
    raise AssertionError(f"nobody listens at {port}")


def answers(client: httpx2.Client) -> bool:
    try:
        return client.get("/health/live").status_code == 200
    except httpx2.TransportError:
        return False


def listens(client: httpx2.Client) -> bool:
    try:
        connected(client).close()
    except OSError:
        return False
    return True
