"""/health/live and /health/ready: what they check, and their deadline."""

import socket
from collections.abc import Iterator
from threading import Event

import pytest
from django.core.cache.backends.dummy import DummyCache
from django.db import OperationalError
from django.test import Client

from recommendations import wiring
from recommendations.serving.results import ModelRef
from recsite.http import health
from tests.waiting import PATIENCE_SECONDS

PROMISED_SECONDS = health.DEADLINE_SECONDS
STRANGER = {"Host": "10.0.0.7:8000"}


@pytest.fixture(autouse=True)
def probed_anew(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    health.probes.cache_clear()
    # A busy machine takes longer to answer than the response is promised within.
    monkeypatch.setattr(health, "DEADLINE_SECONDS", PATIENCE_SECONDS)
    yield
    health.probes.cache_clear()


def out_of_order(*_: object, **__: object) -> None:
    raise OperationalError("gone")


class TestLive:
    def test_asks_nobody(self, client: Client):
        # Without the fixture `db` any query would fail this test.
        answer = client.get("/health/live")
        assert client.get("/health/live/").content == answer.content

        assert (answer.status_code, answer.json()) == (200, {"status": "ok"})

    def test_answers_by_any_host_name_over_plain_http(self, client: Client, settings):
        settings.SECURE_SSL_REDIRECT = True

        assert client.get("/health/live", headers=STRANGER).status_code == 200


@pytest.mark.django_db(transaction=True)
class TestReady:
    def test_is_ok_when_all_is_well(self, client: Client):
        answer = client.get("/health/ready", headers=STRANGER)

        checks = {"database": "ok", "writes": "ok", "cache": "ok", "model": "ok"}
        assert (answer.status_code, answer.json()) == (200, {"status": "ok", "checks": checks})
        assert answer["Cache-Control"] == "no-store"

    def test_is_503_only_without_the_database(self, client: Client, monkeypatch):
        monkeypatch.setattr(health, "check_database", out_of_order)

        answer = client.get("/health/ready")

        assert (answer.status_code, answer.json()["status"]) == (503, "unusable")
        assert answer.json()["checks"]["database"] == "failed"
        assert "gone" not in answer.content.decode()

    def test_is_degraded_when_the_cache_keeps_nothing(self, client: Client, monkeypatch):
        monkeypatch.setattr(health, "shared", DummyCache("", {}))

        answer = client.get("/health/ready")

        assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
        assert answer.json()["checks"] == {
            "database": "ok",
            "writes": "ok",
            "cache": "failed",
            "model": "ok",
        }

    def test_is_degraded_without_a_model_that_the_default_needs(self, client: Client, monkeypatch):
        monkeypatch.setattr(wiring, "model_ref", lambda: ModelRef("hybrid"))

        answer = client.get("/health/ready")

        assert (answer.status_code, answer.json()["checks"]["model"]) == (200, "failed")

    def test_is_degraded_when_the_broker_refuses(self, client: Client, settings):
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            settings.CELERY_BROKER_URL = f"redis://127.0.0.1:{closed.getsockname()[1]}/0"

            answer = client.get("/health/ready")

        assert (answer.status_code, answer.json()["checks"]["broker"]) == (200, "failed")

    @pytest.mark.parametrize("is_away", [False, True])
    @pytest.mark.parametrize(
        "stranger",
        [
            {"REMOTE_ADDR": "203.0.113.9"},
            {"HTTP_X_FORWARDED_FOR": "127.0.0.1"},
            {"HTTP_FORWARDED": "for=127.0.0.1"},
            {"REMOTE_ADDR": ""},
        ],
    )
    def test_tells_strangers_the_status_only(self, client: Client, monkeypatch, stranger, is_away: bool):
        monkeypatch.setattr(health, "shared", DummyCache("", {}))
        if is_away:
            monkeypatch.setattr(health, "check_database", out_of_order)

        answer = client.get("/health/ready", **stranger)

        assert answer.json() == {"status": "unusable" if is_away else "degraded"}
        assert answer.status_code == (503 if is_away else 200)

    def test_tells_more_to_whoever_has_the_token_of_the_metrics(self, client: Client, settings):
        settings.METRICS_TOKEN = "a-token-for-prometheus"
        stranger = {"REMOTE_ADDR": "203.0.113.9", "HTTP_X_FORWARDED_FOR": "203.0.113.9"}
        right, wrong = (f"Bearer {token}" for token in (settings.METRICS_TOKEN, "another-token"))

        of_prometheus = client.get("/health/ready", HTTP_AUTHORIZATION=right, **stranger)
        of_others = client.get("/health/ready", HTTP_AUTHORIZATION=wrong, REMOTE_ADDR="127.0.0.1")

        assert of_prometheus.json()["checks"]["database"] == "ok"
        assert "checks" not in of_others.json()

    def test_waits_for_nothing_that_hangs(self, client: Client, monkeypatch, settings):
        never = Event()
        monkeypatch.setattr(health, "DEADLINE_SECONDS", PROMISED_SECONDS)
        monkeypatch.setattr(health.writes, "check", never.wait)
        for name in ("check_database", "check_cache", "check_model"):
            monkeypatch.setattr(health, name, never.wait)
        with socket.create_server(("127.0.0.1", 0)) as silent:
            settings.CELERY_BROKER_URL = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"

            answer = client.get("/health/ready")  # while all of them hang
            never.set()

        assert PROMISED_SECONDS < 1
        assert (answer.status_code, set(answer.json()["checks"].values())) == (503, {"no answer"})
