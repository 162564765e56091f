"""Every kind of response has the security headers, and pages contain nothing that these forbid."""

import re
from contextlib import closing
from html.parser import HTMLParser
from typing import Any

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from recsite.config.csp import FOR_PROGRAMS
from recsite.config.throttle_rates import rates
from tests.factories import ProductFactory, UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]

SHOP = "https://shop.example"
ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
# What is answered, where, with which status.
KINDS = {
    "JSON": ("/", 200),
    "a list": ("/products", 200),
    "HTML": ("/admin/login/", 200),
    "the documentation": ("/docs", 200),
    "the schema": ("/schema", 200),
    "a refused parameter": ("/products?colour=red", 400),
    "nobody known": ("/runs/1", 401),
    "nothing in the API": ("/products/999", 404),
    "nothing at all": ("/nowhere", 404),
    "nothing in the admin": ("/admin/nowhere/", 302),
    "another method": ("/token", 405),
    "a static file": ("/static/admin/css/base.css", 200),
    "no static file": ("/static/nothing.css", 404),
    "a slash": ("/admin", 301),
    "a log-in": ("/admin/", 302),
    "health": ("/health/live", 200),
    "metrics": ("/metrics", 200),
}


def directives(answer: Any) -> dict[str, list[str]]:
    """Return the response's Content-Security-Policy."""
    policy = answer.headers["Content-Security-Policy"]
    return {name: sources for name, *sources in (part.split() for part in policy.split(";"))}


def assert_carries_all(answer: Any) -> None:
    assert {name: answer.headers.get(name) for name in ALWAYS} == ALWAYS
    assert "camera=()" in answer.headers["Permissions-Policy"]
    policy = directives(answer)
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == ["'none'"]
    assert "unsafe" not in str(policy)
    assert "*" not in str(policy)


@pytest.fixture(autouse=True)
def _open(open_reads: None) -> None:
    pass


class TestEveryKindOfAnswer:
    @pytest.mark.parametrize("kind", KINDS)
    def test_carries_all_of_them(self, client, kind: str):
        path, status = KINDS[kind]

        with closing(client.get(path)) as answer:
            assert answer.status_code == status
            assert_carries_all(answer)

    def test_carries_them_when_somebody_asks_too_often(self, client, settings):
        settings.THROTTLE_RATES = rates(["read:address=1/m"], open_reads=True)
        client.get("/")

        answer = client.get("/")

        assert answer.status_code == 429
        assert_carries_all(answer)

    def test_carries_them_when_it_redirects_to_https(self, client, settings):
        settings.SECURE_SSL_REDIRECT = True

        answer = client.get("/products")

        assert answer.status_code == 301
        assert_carries_all(answer)

    def test_carries_them_by_a_wrong_host_name(self, client):
        answer = client.get("/", headers={"host": "evil.example"})

        assert answer.status_code == 400
        assert_carries_all(answer)

    def test_carries_them_on_a_304(self, client):
        tag = client.get("/products").headers["ETag"]

        answer = client.get("/products", headers={"if-none-match": tag})

        assert answer.status_code == 304
        assert_carries_all(answer)

    def test_carries_them_when_something_went_wrong_here(self, client, monkeypatch):
        client.raise_request_exception = False
        monkeypatch.setattr("recsite.http.root.RootView.get", None)

        answer = client.get("/")

        assert answer.status_code == 500
        assert_carries_all(answer)


class TestPolicy:
    @pytest.mark.parametrize("kind", ["JSON", "a list", "nothing at all", "a static file", "health"])
    def test_lets_what_is_for_programs_load_nothing(self, client, kind: str):
        with closing(client.get(KINDS[kind][0])) as answer:
            assert answer.headers["Content-Security-Policy"] == FOR_PROGRAMS

    @pytest.mark.parametrize("path", ["/admin/login/", "/docs"])
    def test_lets_pages_load_from_here_alone(self, client, path: str):
        policy = directives(client.get(path))

        allowed = {source for sources in policy.values() for source in sources}
        assert {source for source in allowed if "nonce" not in source} == {"'self'", "'none'", "data:"}
        assert policy["img-src"] == ["'self'", "data:"]

    def test_has_no_nonce_where_none_is_shown(self, client):
        assert "nonce" not in client.get("/admin/login/").headers["Content-Security-Policy"]

    def test_has_a_new_nonce_for_each_answer_that_shows_one(self, client):
        answers = [client.get("/docs") for _ in range(2)]

        nonces = [set(re.findall(r'nonce="([^"]+)"', answer.content.decode())) for answer in answers]
        for answer, shown in zip(answers, nonces, strict=True):
            (nonce,) = shown
            policy = directives(answer)
            assert f"'nonce-{nonce}'" in policy["script-src"]
            assert f"'nonce-{nonce}'" in policy["style-src"]
        assert nonces[0] != nonces[1]

    def test_is_left_to_django_on_its_pages_for_developers(self, client, settings):
        settings.DEBUG = True
        settings.ROOT_URLCONF = "access.api.urls"  # where nothing answers what leads nowhere

        answer = client.get("/nowhere")

        assert b"<style>" in answer.content
        assert "Content-Security-Policy" not in answer.headers


class Inline(HTMLParser):
    """Collects what a policy without 'unsafe-inline' forbids."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        is_code = tag == "script" and "src" not in named and named.get("type") != "application/json"
        if (is_code or tag == "style") and "nonce" not in named:
            self.found.append(self.get_starttag_text() or tag)
        self.found += [
            f"{tag} {name}={value}" for name, value in attrs if name == "style" or name[:2] == "on"
        ]
        self.found += [f"{tag} {value}" for _, value in attrs if (value or "").startswith("javascript:")]


def inline(client: Client, path: str) -> list[str]:
    answer = client.get(path)
    assert answer.status_code == 200, path
    parser = Inline()
    parser.feed(answer.content.decode())
    return parser.found


def pages_of_admin() -> list[str]:
    named = [f"admin:{model._meta.app_label}_{model._meta.model_name}" for model in admin.site._registry]
    return ["admin:index", "admin:password_change", *(f"{name}_changelist" for name in named)]


class TestPages:
    def test_finds_what_is_forbidden(self):
        parser = Inline()
        parser.feed(
            "<script>x()</script><style></style><b style='x'></b><b onclick='x()'></b>"
            "<a href='javascript:x()'></a><script src='x'></script><script nonce='x'></script>"
        )

        assert len(parser.found) == 5

    @pytest.mark.parametrize("name", pages_of_admin())
    def test_of_the_admin_hold_no_inline_code(self, admin_client, name: str):
        assert inline(admin_client, reverse(name)) == []

    def test_of_rows_and_forms_hold_none(self, admin_client):
        product, user = ProductFactory(), UserFactory()
        paths = [
            "/admin/catalog/product/add/",
            f"/admin/catalog/product/{product.pk}/change/",
            f"/admin/catalog/product/{product.pk}/delete/",
            f"/admin/catalog/product/{product.pk}/history/",
            "/admin/catalog/user/add/",
            f"/admin/catalog/user/{user.pk}/change/",
            "/admin/access/apikey/add/",
            "/admin/auth/group/add/",
        ]

        assert [(path, found) for path in paths if (found := inline(admin_client, path))] == []

    @pytest.mark.parametrize("path", ["/admin/login/", "/docs"])
    def test_open_to_everybody_hold_none(self, client, path: str):
        assert inline(client, path) == []


class TestOtherOrigins:
    def test_may_not_read_static_files(self, client):
        with closing(client.get("/static/admin/css/base.css", headers={"origin": SHOP})) as answer:
            assert "Access-Control-Allow-Origin" not in answer.headers

    def test_may_read_the_api_when_they_are_listed_and_still_embed_nothing(self, client, settings):
        settings.CORS_ALLOWED_ORIGINS = [SHOP]

        answer = client.get("/products", headers={"origin": SHOP})

        assert answer.headers["Access-Control-Allow-Origin"] == SHOP
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
