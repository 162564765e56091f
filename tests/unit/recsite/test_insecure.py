"""Guessable keys, hosts of strangers and unencrypted servers are refused unless a variable allows them."""

import os
import secrets

import pytest
from django.core.exceptions import ImproperlyConfigured

from recsite.config import env
from recsite.config.env import Environment
from recsite.config.insecure import is_any_host, is_loopback, weakness

KEY = "tests-only-" + "x" * 50
GUESSABLE = {
    "short": ("hidden", "has 6 characters"),
    "one too short": ("hidden-" + "0123456789" * 4 + "ab", "has 49 characters"),
    "one letter": ("h" * 64, "has 1 different characters"),
    "four letters": ("hidn" * 20, "has 4 different characters"),
    "Django's": ("django-insecure-hidden-" + "0123456789" * 4, "contains 'django-insecure-'"),
    "repeated": ("ChangeMe" * 8, "contains 'changeme'"),
    "an example": ("hidden-your-secret-key-here-0123456789-0123456789abc", "contains 'your-secret'"),
}
KEYS = ("SECRET_KEY", "SECRET_KEY_FALLBACKS", "JWT_SIGNING_KEY", "JWT_VERIFYING_KEYS")
ANY_HOST = ["*", "shop.example, *", ".", ".com", ".COM", ".com.", ".example", ".co.uk", ".com.br"]
PLAIN_HTTP = [
    "http://model.example/v1",
    "HTTP://model.example/v1",
    "http://10.0.0.7:11434/v1",
    "http://ollama:11434/v1",
    "http://localhost.model.example/v1",
    "http://127.0.0.1.model.example/v1",
    "http://localhost@model.example/v1",
    "http://0.0.0.0/v1",
    "http://[fe80::1]/v1",
]


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        monkeypatch.delenv(name)
    monkeypatch.setenv("ENV_FILE", os.devnull)
    monkeypatch.setenv("SECRET_KEY", KEY)


def read_with(monkeypatch: pytest.MonkeyPatch, **variables: str) -> Environment:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return env.read()


def refusal(monkeypatch: pytest.MonkeyPatch, **variables: str) -> str:
    with pytest.raises(ImproperlyConfigured) as caught:
        read_with(monkeypatch, **variables)
    assert "\n" not in str(caught.value)
    return str(caught.value)


class TestKeys:
    @pytest.mark.parametrize("name", KEYS)
    @pytest.mark.parametrize(("key", "reason"), GUESSABLE.values(), ids=GUESSABLE)
    def test_that_can_be_guessed_are_refused_without_being_shown(self, monkeypatch, name, key, reason):
        output = refusal(monkeypatch, **{name: key})

        assert output.startswith(f"{name} {reason}")
        assert "50 or more random characters" in output
        assert "ALLOW_WEAK_KEYS=true" in output
        assert "hid" not in output
        assert key not in output

    def test_are_refused_by_their_place_in_a_list(self, monkeypatch):
        output = refusal(monkeypatch, SECRET_KEY_FALLBACKS=f"{KEY},hidden")

        assert output.startswith("SECRET_KEY_FALLBACKS, key 2 of 2, has 6 characters")

    @pytest.mark.parametrize("name", KEYS)
    @pytest.mark.parametrize("allowed", ["DEBUG", "ALLOW_WEAK_KEYS"])
    def test_are_taken_when_it_is_said(self, monkeypatch, name, allowed):
        read_with(monkeypatch, **{name: "changeme", allowed: "true"})

    @pytest.mark.parametrize("other", ["ALLOW_ANY_HOST", "ALLOW_PLAIN_HTTP_MODEL"])
    def test_are_allowed_by_their_own_variable_only(self, monkeypatch, other):
        assert refusal(monkeypatch, SECRET_KEY="changeme", **{other: "true"}).startswith("SECRET_KEY has 8")

    def test_that_are_random_are_taken(self):
        assert weakness(secrets.token_urlsafe(48)) is None
        assert weakness(secrets.token_hex(25)) is None

    def test_of_the_metrics_are_refused_too(self, monkeypatch):
        output = refusal(monkeypatch, METRICS_TOKEN="h" * 32)

        assert output.startswith("METRICS_TOKEN has 1 different characters")
        assert read_with(monkeypatch, METRICS_TOKEN="0123456789abcdef").metrics_token == "0123456789abcdef"


class TestHosts:
    @pytest.mark.parametrize("hosts", ANY_HOST)
    def test_of_strangers_are_refused(self, monkeypatch, hosts):
        output = refusal(monkeypatch, ALLOWED_HOSTS=hosts)

        assert output.startswith(
            f"ALLOWED_HOSTS contains '{hosts.rpartition(' ')[2]}', which matches hosts of"
        )
        assert "ALLOW_ANY_HOST=true" in output

    @pytest.mark.parametrize("hosts", ANY_HOST)
    @pytest.mark.parametrize("allowed", ["DEBUG", "ALLOW_ANY_HOST"])
    def test_are_taken_when_it_is_said(self, monkeypatch, hosts, allowed):
        read_with(monkeypatch, ALLOWED_HOSTS=hosts, **{allowed: "true"})

    @pytest.mark.parametrize(
        "pattern", ["shop.example", ".shop.example", ".localhost", "[::1]", "10.0.0.7", ".shop.co.uk", "web"]
    )
    def test_of_ones_own_are_taken(self, pattern):
        assert not is_any_host(pattern)

    def test_that_match_nothing_are_refused(self, monkeypatch):
        output = refusal(monkeypatch, ALLOWED_HOSTS="*.shop.example", ALLOW_ANY_HOST="true")

        assert output.startswith("ALLOWED_HOSTS contains '*.shop.example', which matches no host")


class TestModelServer:
    @pytest.mark.parametrize("url", PLAIN_HTTP)
    def test_without_encryption_is_refused(self, monkeypatch, url):
        output = refusal(monkeypatch, OPENAI_BASE_URL=url)

        assert output.startswith("OPENAI_BASE_URL sends names and histories of shoppers")
        assert "ALLOW_PLAIN_HTTP_MODEL=true" in output

    @pytest.mark.parametrize("url", PLAIN_HTTP)
    @pytest.mark.parametrize("allowed", ["DEBUG", "ALLOW_PLAIN_HTTP_MODEL"])
    def test_is_taken_when_it_is_said(self, monkeypatch, url, allowed):
        assert read_with(monkeypatch, OPENAI_BASE_URL=url, **{allowed: "true"}).openai_base_url == url

    @pytest.mark.parametrize(
        "url",
        [
            "https://model.example/v1",
            "http://localhost:11434/v1",
            "http://127.0.0.1:8001",
            "http://127.8.8.8",
            "http://[::1]:8001/v1",
            "http://[::ffff:127.0.0.1]/v1",
        ],
    )
    def test_that_nobody_can_listen_to_is_taken(self, monkeypatch, url):
        assert read_with(monkeypatch, OPENAI_BASE_URL=url).openai_base_url == url

    @pytest.mark.parametrize(
        "url",
        ["model.example", "//model.example", "ftp://model.example", "http://", "http://a b", "http://a\\b"],
    )
    def test_that_is_no_url_is_refused_whatever_is_said(self, monkeypatch, url):
        output = refusal(monkeypatch, OPENAI_BASE_URL=url, DEBUG="true")

        assert output.startswith("OPENAI_BASE_URL must be a URL that begins with https:// or http://")


class TestLoopback:
    @pytest.mark.parametrize(
        "host", [None, "", "127.1", "0x7f.1", "2130706433", "::ffff:10.0.0.1", "localhost.a"]
    )
    def test_is_none_of_these(self, host):
        assert not is_loopback(host)


class TestOrigins:
    @pytest.mark.parametrize("name", ["CSRF_TRUSTED_ORIGINS", "CORS_ALLOWED_ORIGINS"])
    def test_without_encryption_are_refused(self, monkeypatch, name):
        output = refusal(monkeypatch, **{name: "https://a.example,http://b.example"})

        assert output.startswith(f"{name} contains 'http://b.example'")

    @pytest.mark.parametrize("name", ["CSRF_TRUSTED_ORIGINS", "CORS_ALLOWED_ORIGINS"])
    @pytest.mark.parametrize("allowed", [{"DEBUG": "true"}, {"SECURE_SSL_REDIRECT": "false"}])
    def test_are_taken_where_plain_http_is(self, monkeypatch, name, allowed):
        read_with(monkeypatch, **{name: "http://b.example"}, **allowed)

    def test_of_this_machine_are_taken(self, monkeypatch):
        read = read_with(monkeypatch, CORS_ALLOWED_ORIGINS="http://localhost:3000")

        assert read.cors_allowed_origins == ["http://localhost:3000"]

    @pytest.mark.parametrize("name", ["CSRF_TRUSTED_ORIGINS", "CORS_ALLOWED_ORIGINS"])
    @pytest.mark.parametrize(
        "origin",
        ["*", "null", "shop.example", "https://", "https://*", "https://a.example/path", "https://a@b"],
    )
    def test_that_are_no_origins_are_refused_whatever_is_said(self, monkeypatch, name, origin):
        output = refusal(monkeypatch, **{name: origin}, DEBUG="true")

        assert output.startswith(f"{name} contains '{origin}'. Each must be an origin")

    def test_may_be_a_domain_for_forms_only(self, monkeypatch):
        read_with(monkeypatch, CSRF_TRUSTED_ORIGINS="https://*.shop.example")
        assert "without a path or *" in refusal(monkeypatch, CORS_ALLOWED_ORIGINS="https://*.shop.example")

    def test_of_strangers_are_refused(self, monkeypatch):
        output = refusal(monkeypatch, CSRF_TRUSTED_ORIGINS="https://*.com:8443")

        assert output.startswith("CSRF_TRUSTED_ORIGINS contains 'https://*.com:8443', which matches sites")
