"""Requests with a password are counted before it is hashed: by address, by known browser, and in total."""

import json
from typing import Any

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.core.handlers.wsgi import WSGIHandler
from django.test import Client, RequestFactory
from rest_framework.test import APIClient

from access import password_slot
from access.errors import TooManyPasswords
from access.models import Account
from recsite.http import known_browser
from recsite.http.login_limit import limit_logins
from tests.api.conftest import limit
from tests.contracts.window_counter import Clock
from tests.factories import StaffFactory

pytestmark = pytest.mark.django_db

PASSWORD = "a-long-password-indeed"
HERE, THERE = "192.0.2.1", "192.0.2.2"


@pytest.fixture(autouse=True)
def _limits(settings: Any, clock: Clock) -> None:
    limit(settings, "login:address=3/m", "login:user=2/m")


@pytest.fixture
def hashes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The passwords that were hashed."""
    hashed: list[str] = []
    encode = MD5PasswordHasher.encode

    def recorded(self: MD5PasswordHasher, password: str, salt: str) -> str:
        hashed.append(password)
        return encode(self, password, salt)

    monkeypatch.setattr(MD5PasswordHasher, "encode", recorded)
    return hashed


@pytest.fixture
def ada(db: None) -> Account:
    ada = StaffFactory(username="ada", is_superuser=True)
    ada.set_password(PASSWORD)
    ada.save()
    return ada


def token(n: int = 0, address: str = HERE, **body: str) -> Any:
    body = {"username": f"u{n}", "password": "wrong", **body}
    return APIClient().post("/token", body, REMOTE_ADDR=address)


def admin(n: int = 0, address: str = HERE, client: Client | None = None, **body: str) -> Any:
    body = {"username": f"u{n}", "password": "wrong", **body}
    return (client or Client()).post("/admin/login/", body, REMOTE_ADDR=address)


def statuses(ask: Any, n: int, **how: Any) -> list[int]:
    return [ask(number, **how).status_code for number in range(n)]


class TestGuesses:
    @pytest.mark.parametrize(("ask", "refused"), [(token, 401), (admin, 200)])
    def test_over_the_limit_hash_nothing(self, ask: Any, refused: int, hashes: list[str]):
        assert statuses(ask, 10) == [refused] * 3 + [429] * 7
        assert hashes == ["wrong"] * 3

    def test_at_both_doors_count_together(self, hashes: list[str]):
        assert [token(1).status_code, admin(2).status_code, token(3).status_code] == [401, 200, 401]

        assert [token(4).status_code, admin(5).status_code] == [429, 429]
        assert len(hashes) == 3

    def test_from_elsewhere_are_not_refused(self):
        statuses(token, 4)

        assert token(address=THERE).status_code == 401

    @pytest.mark.parametrize(
        "path", ["/token", "/token/", "/token%0A", "//token", "/admin/login/", "/admin/login"]
    )
    def test_count_however_the_path_is_spelled(self, path: str, hashes: list[str]):
        for number in range(10):
            body = {"username": f"u{number}", "password": "wrong"}
            APIClient().post(path, body, format="multipart" if "admin" in path else "json", REMOTE_ADDR=HERE)

        assert len(hashes) <= 3

    def test_count_for_a_locked_username_as_well(self, settings: Any, ada: Account, hashes: list[str]):
        limit(settings, "login:address=8/m")
        found = [token(username="ada").status_code for _ in range(10)]

        assert found == [401] * 4 + [429] * 6
        assert len(hashes) == 5

    def test_leave_tokens_and_reads_alone(self, client: Client):
        statuses(token, 4)

        assert client.get("/", REMOTE_ADDR=HERE).status_code == 200
        assert APIClient().post("/token/verify", {"token": "x"}, REMOTE_ADDR=HERE).status_code == 401

    def test_leave_the_right_password_alone_when_their_window_has_passed(self, ada: Account, clock: Clock):
        assert statuses(token, 6)[-1] == 429
        wait = int(token(username="ada", password=PASSWORD).headers["Retry-After"])
        clock.now += wait

        assert token(username="ada", password=PASSWORD).status_code == 200


class TestTotal:
    def test_counts_all_addresses(self, settings: Any, hashes: list[str]):
        limit(settings, "login:total=2/s")

        found = [token(n, address=f"192.0.2.{n}").status_code for n in range(5)]

        assert found == [401, 401, 429, 429, 429]
        assert len(hashes) == 2

    def test_passes_again_within_a_second(self, settings: Any, ada: Account, clock: Clock):
        limit(settings, "login:total=2/s")
        refused = [token(n, address=f"192.0.2.{n}") for n in range(3)][-1]
        clock.now += int(refused.headers["Retry-After"])

        assert token(address=THERE, username="ada", password=PASSWORD).status_code == 200

    def test_is_not_used_up_by_one_address_over_its_own_limit(self, settings: Any, ada: Account):
        limit(settings, "login:address=3/m", "login:total=5/m")
        statuses(token, 20)

        assert token(address=THERE, username="ada", password=PASSWORD).status_code == 200


class TestRefusal:
    def test_is_a_problem_at_the_api(self):
        answer = [token(n) for n in range(4)][-1]

        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json()["detail"] == (
            "The rate limit is 3 requests per minute (login, by address). Try again in 60 seconds."
        )
        assert answer.headers["Retry-After"] == answer.headers["RateLimit-Reset"] == "60"

    def test_is_a_page_in_the_admin(self):
        answer = [admin(n) for n in range(4)][-1]

        assert answer.headers["Content-Type"].startswith("text/html")
        assert answer.content.decode().count("Shop recommendations") == 2  # the title and the header
        assert "Try again in 60 seconds" in answer.content.decode()
        assert answer.headers["Retry-After"] == "60"

    def test_is_announced_by_the_headers(self):
        reported = [token(n).headers["RateLimit-Remaining"] for n in range(4)]

        assert reported == ["2", "1", "0", "0"]


class TestKnownBrowser:
    @pytest.fixture
    def browser(self, ada: Account) -> Client:
        """A browser from which Ada has logged in, and out again."""
        client = Client()
        assert admin(client=client, username="ada", password=PASSWORD).status_code == 302
        client.post("/admin/logout/")
        return client

    def test_logs_in_while_strangers_use_up_the_limits(self, settings: Any, ada: Account, browser: Client):
        limit(settings, "login:address=1/m", "login:total=1/h", "login:user=2/m")
        statuses(token, 5)

        assert admin(client=browser, username="ada", password=PASSWORD).status_code == 302
        assert admin(client=Client(), username="ada", password=PASSWORD).status_code == 429

    def test_has_a_limit_of_its_own(self, browser: Client, hashes: list[str]):
        assert statuses(admin, 5, client=browser) == [200, 200, 429, 429, 429]
        assert len(hashes) == 2

    def test_is_not_known_by_a_cookie_that_somebody_made(self, browser: Client):
        real = browser.cookies[known_browser.NAME].value
        forged = Client()
        for value in ("1", f"2{real[1:]}", real[:-1], real + "x", "é", "x" * 5_000, ""):
            forged.cookies[known_browser.NAME] = value
            admin(client=forged, address=THERE)

        assert admin(client=forged, address=THERE).status_code == 429

    def test_is_remembered_by_a_cookie_for_the_login_page_only(self, browser: Client):
        cookie = browser.cookies[known_browser.NAME]

        assert (cookie["path"], cookie["httponly"], cookie["samesite"]) == ("/admin/login/", True, "Lax")

    def test_is_not_made_by_a_wrong_password(self):
        assert known_browser.NAME not in admin().cookies


class TestPasswordPages:
    @pytest.fixture
    def session(self, ada: Account) -> Client:
        client = Client()
        client.force_login(ada)
        return client

    def test_count_for_the_user(self, session: Client, ada: Account, hashes: list[str]):
        body = {"old_password": "wrong", "new_password1": "x", "new_password2": "x"}

        found = [session.post("/admin/password_change/", body).status_code for _ in range(4)]

        assert found == [200, 200, 429, 429]
        assert hashes.count("wrong") == 2

    def test_of_other_accounts_count_too(self, session: Client):
        paths = [f"/admin/access/account/{StaffFactory().pk}/password/", "/admin/access/account/add/"]
        session.post(paths[0], {})
        session.post(paths[1], {})

        assert [session.post(path, {}).status_code for path in paths] == [429, 429]


class TestBusyProcess:
    """Another thread is hashing, and no more may wait."""

    @pytest.fixture(autouse=True)
    def _busy(self, monkeypatch: pytest.MonkeyPatch, ada: Account) -> None:
        class Busy:
            def taken(self) -> None:
                raise TooManyPasswords

        monkeypatch.setattr("access.models.account.SLOT", Busy())

    def test_refuses_at_the_api(self, hashes: list[str]):
        answer = token(username="ada", password=PASSWORD)

        assert (answer.status_code, answer.headers["Retry-After"], hashes) == (429, "1", [])

    def test_refuses_in_the_admin_with_a_page(self, hashes: list[str]):
        answer = admin(username="ada", password=PASSWORD)

        assert (answer.status_code, answer.headers["Retry-After"], hashes) == (429, "1", [])
        assert "Try again in a second" in answer.content.decode()

    def test_refuses_a_username_that_nobody_has_as_well(self):
        assert token(username="nobody").status_code == 429


class TestBeforeDjango:
    """`limit_logins` refuses before Django handles the request, with the headers of every answer."""

    def ask(self, path: str, **headers: str) -> tuple[str, dict[str, str], bytes]:
        environ = RequestFactory().post(path, {}, REMOTE_ADDR=HERE, headers=headers).META
        found: list[Any] = []
        content = b"".join(self.application(environ, lambda *answer: found.extend(answer)))
        return found[0], dict(found[1]), content

    @pytest.fixture(autouse=True)
    def _application(self, settings: Any) -> None:
        limit(settings, "login:address=1/m")
        self.application = limit_logins(WSGIHandler())

    @pytest.mark.parametrize("path", ["/token", "/token/", "/admin/login/"])
    def test_answers_as_django_would(self, path: str):
        self.ask(path)
        status, headers, content = self.ask(path)
        through_django = Client().post(path, {}, content_type="application/json", REMOTE_ADDR=HERE)

        assert status == "429 Too Many Requests"
        assert content == through_django.content
        differing = {"X-Request-ID", "Vary", "Content-Length", "Allow"}
        assert {k: v for k, v in headers.items() if k not in differing} == {
            k: v for k, v in through_django.headers.items() if k not in differing
        }
        assert headers["Content-Length"] == str(len(content))
        assert len(headers["X-Request-ID"]) == 16

    def test_counts_a_request_once(self, settings: Any):
        limit(settings, "login:address=2/m")

        assert [self.ask("/token")[1]["RateLimit-Remaining"] for _ in range(3)] == ["1", "0", "0"]

    def test_can_be_read_by_pages_of_listed_origins(self, settings: Any):
        settings.CORS_ALLOWED_ORIGINS = ["https://shop.example"]
        self.ask("/token")

        listed = self.ask("/token", origin="https://shop.example")[1]
        other = self.ask("/token", origin="https://evil.example")[1]

        assert listed["Access-Control-Allow-Origin"] == "https://shop.example"
        assert "Access-Control-Allow-Origin" not in other

    def test_lets_other_requests_pass(self):
        self.ask("/token")
        environ = RequestFactory().get("/health/live", REMOTE_ADDR=HERE).META
        content = b"".join(self.application(environ, lambda *_: None))

        assert json.loads(content) == {"status": "ok"}


def test_the_slot_of_this_process_keeps_a_thread_for_others():
    assert password_slot.SLOT._waiting._value == 0  # with one thread
