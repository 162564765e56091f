"""nginx refuses bodies that no web server would accept, with the service's own problem document."""

import json
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest

from catalog.api.bulk import MAX_PRODUCTS_BYTES
from stack import nginx
from stack.processes import free_port
from tests.servers import skip_or_fail
from tests.waiting import PATIENCE_SECONDS


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[int]:
    """The port of nginx in front of a web server that does not exist."""
    program = nginx.find_program()
    if program is None:
        skip_or_fail("nginx is not installed")
    port = free_port()
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o711)  # nginx's own account passes through
    child = nginx.start_nginx(program, tmp_path, port, [free_port()])
    yield port
    child.stop()


def answer_to(port: int, n_bytes: int) -> tuple[int, str | None, bytes]:
    connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
    connection.putrequest("POST", "/interactions/bulk")
    connection.putheader("Content-Length", str(n_bytes))
    connection.endheaders()
    if n_bytes < 10:
        connection.send(b"x" * n_bytes)
    answer = connection.getresponse()
    found = answer.status, answer.headers["Content-Type"], answer.read()
    connection.close()
    return found


class TestTheLimitOfBodies:
    def test_is_that_of_the_longest_body_that_the_service_takes(self):
        assert f"client_max_body_size {MAX_PRODUCTS_BYTES >> 20}m;" in nginx.TEMPLATE.read_text()
        assert MAX_PRODUCTS_BYTES % (1 << 20) == 0

    def test_is_told_as_a_problem(self, gateway: int):
        status, kind, body = answer_to(gateway, MAX_PRODUCTS_BYTES + 1)

        assert (status, kind) == (413, "application/problem+json")
        problem = json.loads(body)
        assert (problem["status"], problem["title"]) == (413, "Request Entity Too Large")
        assert problem["detail"]

    def test_lets_pass_what_is_shorter(self, gateway: int):
        assert answer_to(gateway, 5)[0] == 502  # from nobody behind it


class TestConfiguration:
    def test_leaves_no_blank_unfilled(self, tmp_path: Path):
        text = nginx.configuration(tmp_path, 8000, [8001])

        assert "server 127.0.0.1:8001 max_fails=1" in text
        assert "${" not in text.split("\nhttp {")[1]

    def test_is_accepted_with_several_web_servers(self, gateway: int, tmp_path: Path):
        file, program = tmp_path / "two.conf", nginx.find_program()
        assert program is not None
        file.write_text(nginx.configuration(tmp_path, free_port(), [8001, 8002]))

        nginx.check(program, file)


def post(port: int, path: str) -> tuple[int, str | None, str | None, bytes]:
    """Return the status, type, Retry-After and body of the answer to an empty POST."""
    connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
    connection.request("POST", path)
    answer = connection.getresponse()
    found = answer.status, answer.headers["Content-Type"], answer.headers["Retry-After"], answer.read()
    connection.close()
    return found


class TestTheLimitOfLogins:
    @pytest.mark.parametrize(
        ("path", "kind"), [("/token", "application/problem+json"), ("/admin/login/", "text/html")]
    )
    def test_is_by_address_and_told_as_the_service_does(self, gateway: int, path: str, kind: str):
        answers = [post(gateway, path) for _ in range(80)]

        statuses = [status for status, *_ in answers]
        assert statuses[:60] == [502] * 60  # from nobody behind it
        assert 429 in statuses
        _, content_type, retry_after, body = next(answer for answer in answers if answer[0] == 429)
        assert (content_type, retry_after) == (kind, "1")
        assert b"Try again in a second." in body

    def test_is_one_for_both_doors_however_they_are_spelled(self, gateway: int):
        paths = ("/token", "/token/", "/admin/login/", "//token", "/%74oken", "/x/../token")
        statuses = [post(gateway, paths[n % len(paths)])[0] for n in range(90)]

        assert statuses.count(429) >= 20

    def test_leaves_other_requests_alone(self, gateway: int):
        for _ in range(80):
            post(gateway, "/token")

        assert [post(gateway, path)[0] for path in ("/token/verify", "/interactions")] == [502, 502]
