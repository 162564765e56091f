"""/metrics: access, and its content after requests."""

import re
import socket
from collections.abc import Iterator
from contextlib import closing

import pytest
import time_machine
from django.core.management import call_command
from django.db import DatabaseError
from django.utils import timezone
from rest_framework.test import APIClient

from observe import metrics
from recommendations.models import TrainedModel
from recsite import broker
from recsite.http import metrics_page
from tests.factories import InteractionFactory, ProductFactory, UserFactory

TOKEN = "a-token-for-prometheus"


@pytest.fixture(autouse=True)
def counted_anew() -> Iterator[None]:
    metrics.turn_off()
    yield
    metrics.turn_off()


def counted(client: APIClient) -> dict[str, float]:
    text = client.get("/metrics").content.decode()
    samples = (line.rpartition(" ") for line in text.splitlines() if line[:1] not in ("#", ""))
    return {name: float(value) for name, _, value in samples}


class TestWhoMaySee:
    """Access is refused without a query: without the fixture `db` a query would fail."""

    @pytest.mark.parametrize("address", ["10.0.0.7", "8.8.8.8", "", "unix:", "::ffff:10.0.0.1"])
    def test_is_nobody_elsewhere(self, client, address: str):
        assert client.get("/metrics", REMOTE_ADDR=address).status_code == 403
        assert client.get("/metrics/", REMOTE_ADDR=address).status_code == 403

    @pytest.mark.parametrize(
        "header",
        ["X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Real-IP", "Forwarded", "Via"],
    )
    def test_is_nobody_through_a_proxy_on_this_machine(self, client, header: str):
        assert client.get("/metrics", headers={header: "127.0.0.1"}).status_code == 403

    def test_is_nobody_without_the_token_once_there_is_one(self, client, settings):
        settings.METRICS_TOKEN = TOKEN

        sent = [None, "", "Bearer", f"Bearer {TOKEN}x", TOKEN, f"Basic {TOKEN}", "Bearer é"]
        answers = [
            client.get("/metrics", **({} if each is None else {"HTTP_AUTHORIZATION": each})) for each in sent
        ]

        assert {answer.status_code for answer in answers} == {403}

    @pytest.mark.django_db
    def test_is_whoever_has_the_token_from_anywhere(self, client, settings):
        settings.METRICS_TOKEN = TOKEN

        answer = client.get(
            "/metrics",
            headers={"Authorization": f"Bearer {TOKEN}", "X-Forwarded-For": "8.8.8.8", "Host": "10.0.0.1"},
            REMOTE_ADDR="10.0.0.7",
        )

        assert answer.status_code == 200
        assert answer["Content-Type"].startswith("text/plain; version=")

    @pytest.mark.django_db
    @pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
    def test_is_this_machine_while_there_is_no_token(self, client, address: str):
        assert client.get("/metrics", REMOTE_ADDR=address).status_code == 200
        assert client.get("/metrics/", REMOTE_ADDR=address).status_code == 200

    def test_is_nobody_while_nothing_is_counted(self, settings):
        settings.METRICS = False

        answer = APIClient().get("/metrics")

        assert answer.status_code == 404
        assert not metrics.recorder.is_on


@pytest.mark.django_db
class TestWhatIsTold:
    def test_counts_lists_by_origin_and_the_kept_ones_as_hits(self, client, open_reads):
        shopper = UserFactory()
        lamp = ProductFactory()
        ProductFactory()
        InteractionFactory(user=shopper, product=lamp)
        address = f"/recommend/{shopper.pk}?top_n=1"

        client.get(address)
        call_command("generate_recommendations", verbosity=0)
        for _ in range(3):
            client.get(address)

        now = counted(client)
        assert now['shop_answers_total{origin="live",strategy="content"}'] == 1
        assert now['shop_answers_total{origin="stored",strategy="content"}'] == 1
        assert now['shop_answers_total{origin="kept",strategy="content"}'] == 2
        assert now['shop_cache_requests_total{cache="answers",result="hit"}'] == 2
        assert now['shop_cache_requests_total{cache="answers",result="miss"}'] == 1
        assert now['shop_cache_requests_total{cache="answers",result="stale"}'] == 1
        assert now['shop_responses_total{route="recommend-detail",status="200"}'] == 4
        assert now['shop_request_seconds_count{route="recommend-detail",strategy="content"}'] == 4
        assert now["shop_catalogue_snapshot_age_seconds"] >= 0

    def test_counts_why_a_list_was_filled_up(self, client, open_reads):
        ProductFactory()
        nobody_yet = UserFactory()

        trained = client.get(f"/recommend/{nobody_yet.pk}").json()
        untrained = client.get(f"/recommend/{nobody_yet.pk}?strategy=hybrid").json()
        assert (trained.get("untrained"), untrained.get("untrained")) == (None, True)

        why = {
            re.sub('.*reason="|",strategy', "", name) for name in counted(client) if "shop_fallbacks" in name
        }
        assert why == {'no history="content"}', 'no model="hybrid"}'}

    def test_counts_what_leads_nowhere_under_few_names(self, client):
        for address in ("/nowhere", "/nowhere/else", "/admin/x/"):
            client.get(address)

        routes = {name for name in counted(client) if name.startswith("shop_responses_total")}
        assert all("nowhere" not in name for name in routes)

    def test_does_not_count_who_looks_after_the_server(self, client):
        client.get("/health/live")

        assert not [name for name in counted(client) if "shop_responses_total" in name]

    def test_tells_how_old_active_models_are(self, client):
        trained = timezone.now() - timezone.timedelta(hours=2)
        row = {
            "settings_digest": "d",
            "configuration": {},
            "n_events": 1,
            "n_bytes": 1,
            "created_at": trained,
        }
        TrainedModel.objects.create(
            **row, strategy="hybrid", version="1", digest="d", is_active=True, activated_at=trained
        )
        TrainedModel.objects.create(**row, strategy="together", version="1", digest="d")

        with time_machine.travel(trained + timezone.timedelta(hours=2), tick=False):
            ages = {name: age for name, age in counted(client).items() if "model_age" in name}

        assert ages == {'shop_model_age_seconds{strategy="hybrid"}': 7_200}

    def test_goes_on_without_a_database(self, client, monkeypatch):
        def gone() -> None:
            raise DatabaseError("gone")

        monkeypatch.setattr(metrics_page, "trained_at", gone)

        assert client.get("/metrics").status_code == 200


class TestQueues:
    def test_are_none_without_a_broker(self):
        assert broker.lengths() == {}

    def test_are_as_long_as_what_waits(self, settings, redis_url: str):
        settings.CELERY_BROKER_URL = redis_url
        with broker.connected() as connection, closing(connection.SimpleQueue("batch")) as batch:
            for number in range(3):
                batch.put(number)

        assert broker.lengths() == {"batch": 3, "explanations": 0}

    def test_are_left_out_when_the_broker_is_gone(self, settings):
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            settings.CELERY_BROKER_URL = f"redis://127.0.0.1:{closed.getsockname()[1]}/0"

            assert broker.lengths() == {}
