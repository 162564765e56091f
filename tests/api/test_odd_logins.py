"""Whatever a login sends, it is answered, and stored within the columns of every database."""

import json
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.core.handlers.wsgi import WSGIHandler
from django.test import Client, RequestFactory
from rest_framework.test import APIClient

from recsite.http.charset import without_charset
from tests.factories import StaffFactory

pytestmark = pytest.mark.django_db

PASSWORD = "a-long-password-indeed"
HERE = "192.0.2.1"
USERNAMES = {
    "as long as a column": "a" * 255,
    "longer": "a" * 256,
    "very long": "a" * 60_000,
    "longer when normalised": "ﷺ" * 150,
    "of combining characters": "é" * 254,
    "of astral characters": "𝒳" * 254,
    "with control characters": "ada\x1b[2J\x7f\x85",
    "with a line end": "ada\r\nbob",
    "right to left": "\u202eada",
    "a noncharacter": "\uffff\ufdd0",
    "blank inside": "a b",
}
FIELDS = ("username", "user_agent", "http_accept", "path_info")


@pytest.fixture(params=USERNAMES)
def username(request: Any) -> str:
    return USERNAMES[request.param]


def admin(username: str, password: str = "wrong", **headers: str) -> Any:  # noqa: S107
    body = {"username": username, "password": password}
    return Client().post("/admin/login/", body, REMOTE_ADDR=HERE, headers=headers)


def fits(attempt: AccessAttempt) -> bool:
    """Return whether the row is within its columns, as PostgreSQL requires."""
    values = {name: getattr(attempt, name) for name in FIELDS}
    return all(
        len(value) <= (AccessAttempt._meta.get_field(name).max_length or 0) and "\0" not in value
        for name, value in values.items()
    )


class TestUsername:
    def test_of_any_kind_is_a_failed_login_in_the_admin(self, username: str):
        answer = admin(username)

        assert answer.status_code == 200
        assert "Please enter the correct username and password" in answer.content.decode()
        assert fits(AccessAttempt.objects.get())

    def test_of_any_kind_is_refused_by_the_api(self, username: str):
        answer = APIClient().post("/token", {"username": username, "password": "wrong"})

        assert answer.status_code in (400, 401)
        assert all(fits(attempt) for attempt in AccessAttempt.objects.all())

    def test_of_any_kind_is_locked_out(self, username: str):
        statuses = [admin(username).status_code for _ in range(6)]

        assert statuses == [200] * 4 + [429] * 2
        assert AccessAttempt.objects.get().failures_since_start == 5

    def test_with_a_null_is_an_error_of_the_form(self):
        assert admin("a\0b").status_code == 200
        assert APIClient().post("/token", {"username": "a\0b", "password": "x"}).status_code == 400

    def test_of_the_longest_kind_is_stored_as_it_is(self):
        StaffFactory(username="a" * 150)

        admin("a" * 150)

        assert AccessAttempt.objects.get().username == "a" * 150

    def test_that_no_account_can_have_is_stored_as_a_hash_of_its_own(self):
        admin("a" * 151)
        admin("b" * 151)

        names = set(AccessAttempt.objects.values_list("username", flat=True))
        assert len(names) == 2
        assert all(name.startswith("(no username) ") for name in names)


class TestOtherFields:
    def test_are_cut(self):
        admin("ada", **{"user-agent": "x" * 5_000, "accept": "y" * 5_000})

        assert fits(AccessAttempt.objects.get())

    def test_of_the_query_and_the_form_do_not_grow_without_end(self):
        body = {"username": "ada", "password": "wrong", "more": "x" * 50_000}
        for _ in range(8):
            Client().post(f"/admin/login/?{'q' * 5_000}", body, REMOTE_ADDR=HERE)

        attempt = AccessAttempt.objects.get()
        assert len(attempt.post_data) + len(attempt.get_data) < 12_000


def status(method: str, path: str, content_type: str, body: bytes = b"") -> tuple[int, bytes]:
    """Return the status and body of the answer by way of the WSGI application."""
    environ = RequestFactory().generic(method, path, body).META | {"CONTENT_TYPE": content_type}
    statuses: list[str] = []
    application = without_charset(WSGIHandler())
    content = b"".join(application(environ, lambda status, *_: statuses.append(status)))
    return int(statuses[0][:3]), content


class TestCharset:
    """A charset other than UTF-8 could make texts that no database can store, or be no charset at all."""

    BODY = b'--x\r\nContent-Disposition: form-data; name="username"\r\n\r\n+2AA-\r\n--x--\r\n'

    @pytest.mark.parametrize("charset", ["utf-7", "hex", "undefined", "idna", "punycode", "utf-16", "rot13"])
    @pytest.mark.parametrize("path", ["/admin/login/", "/token", "/?a=%c3", "/recommend/1", "/nowhere"])
    def test_that_is_not_utf_8_is_refused(self, path: str, charset: str):
        kind = f"multipart/form-data; boundary=x; charset={charset}"

        found, content = status("POST", path, kind, self.BODY)

        assert found == 415
        assert charset in json.loads(content)["detail"]

    def test_is_refused_in_every_notation(self):
        for parameter in ("CHARSET=hex", 'charset="hex"', "charset*=utf-8''hex", "a=b ; charset=hex"):
            assert status("POST", "/token?a=b", f"application/json; {parameter}", b"{}")[0] == 415

    @pytest.mark.parametrize("charset", ["utf-7", "hex", "undefined"])
    @pytest.mark.parametrize("path", ["/admin/login/", "/", "/recommend/1", "/nowhere"])
    def test_is_ignored_where_there_is_no_body(self, path: str, charset: str):
        plain, odd = (
            status("GET", f"{path}?a=%c3", f"text/plain{suffix}")[0]
            for suffix in ("", f"; charset={charset}")
        )

        assert plain == odd

    @pytest.mark.parametrize("charset", ["utf-8", "UTF-8", "utf8", "no-such-charset", "", "'", "é"])
    def test_that_is_utf_8_or_unknown_is_taken(self, charset: str):
        body, kind = b'{"username": "ada"}', f"application/json; charset={charset}"

        assert status("POST", "/token", kind, body)[0] == 400  # the password is missing
