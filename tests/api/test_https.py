"""Plain HTTP leads to HTTPS, browsers are to insist on it, and proxies are believed where settings say so."""

from typing import Any

import pytest
from django.test import Client

from catalog.models import Category
from tests.api.access_world import PASSWORD
from tests.api.callers import bearer, clerk_with

pytestmark = pytest.mark.django_db

YEAR = 31_536_000
SAID = {"x-forwarded-proto": "https"}


@pytest.fixture(autouse=True)
def _https(settings) -> None:
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_HSTS_SECONDS = YEAR
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True


class TestPlainHttp:
    @pytest.mark.parametrize("path", ["/", "/products?page=2", "/admin/", "/docs", "/nowhere"])
    def test_leads_to_the_same_address(self, client, path: str):
        answer = client.get(path)

        assert answer.status_code == 301
        assert answer.headers["Location"] == f"https://testserver{path}"

    def test_changes_nothing(self, client):
        clerk = clerk_with("catalog.add_category")
        client.force_login(clerk)

        assert client.post("/categories", {"name": "New"}, format="json").status_code == 301
        assert not Category.objects.exists()

    def test_looks_at_no_credentials(self, client):
        assert client.get("/products", headers={"authorization": bearer("bad")}).status_code == 301

    def test_is_not_told_of_hsts_which_only_https_can_say(self, client):
        assert "Strict-Transport-Security" not in client.get("/").headers


class TestHttps:
    def test_is_answered_and_says_to_insist_on_it(self, client):
        answer = client.get("/", secure=True)

        assert answer.status_code == 200
        reported = answer.headers["Strict-Transport-Security"]
        assert reported == f"max-age={YEAR}; includeSubDomains; preload"

    def test_has_cookies_that_no_script_and_no_plain_http_sees(self, member):
        client = Client()
        form = client.get("/admin/login/", secure=True)
        client.post("/admin/login/", {"username": "member", "password": PASSWORD}, secure=True)

        session, token = client.cookies["sessionid"], form.cookies["csrftoken"]
        assert (session["secure"], session["httponly"], session["samesite"]) == (True, True, "Lax")
        assert (token["secure"], token["samesite"]) == (True, "Lax")


class TestProxy:
    def ask(self, client: Any, proto: str) -> int:
        status: int = client.get("/", headers={"x-forwarded-proto": proto}).status_code
        return status

    def test_is_not_believed_unless_settings_say_so(self, client, settings):
        settings.SECURE_PROXY_SSL_HEADER = None

        assert self.ask(client, "https") == 301

    def test_is_believed_when_they_do(self, client, settings):
        settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

        assert self.ask(client, "https") == 200
        assert "Strict-Transport-Security" in client.get("/", headers=SAID).headers

    @pytest.mark.parametrize("proto", ["http", "", "HTTPS, http", "wss"])
    def test_is_not_taken_to_say_https_when_it_says_something_else(self, client, settings, proto: str):
        settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

        assert self.ask(client, proto) == 301
