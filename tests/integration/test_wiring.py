"""What a process caches, and when it drops it."""

import sqlite3
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import OperationalError, connection

from recommendations import wiring
from recommendations.caching.catalogue import MAX_AGE_SECONDS
from recommendations.errors import UnknownStrategy
from recommendations.serving.request import RecommendationRequest
from recommendations.wiring import catalogue
from tests.factories import NOON, InteractionFactory, ProductFactory, UserFactory


def tag_trigger() -> str:
    """Return the trigger on the names of tags, as DROP TRIGGER takes it."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT tgname || ' ON catalog_tag' FROM pg_trigger WHERE tgname LIKE 'noted_tag_u%'"
            )
        else:
            cursor.execute("SELECT name FROM sqlite_master WHERE name LIKE 'noted_tag_u%'")
        (name,) = cursor.fetchone()
        return str(name)


@pytest.mark.django_db
class TestRecommender:
    def ask(self, strategy: str = "content") -> list[str]:
        request = RecommendationRequest(UserFactory().id, strategy=strategy)
        found = wiring.recommender()(request, wiring.shopper_state(request))
        return [item.product.name for item in found.items]

    def test_sees_a_new_product_at_once(self):
        ProductFactory(name="Lamp")
        self.ask()

        ProductFactory(name="Vase")

        assert self.ask() == ["Lamp", "Vase"]

    def test_sees_popularity_after_its_maximum_age(self):
        with time_machine.travel(NOON, tick=False) as clock:
            ProductFactory(name="Lamp")
            vase = ProductFactory(name="Vase")
            self.ask()
            InteractionFactory(product=vase, occurred_at=NOON - timedelta(days=400))
            at_first = self.ask()

            clock.shift(MAX_AGE_SECONDS)

            assert (at_first, self.ask()) == (["Lamp", "Vase"], ["Vase", "Lamp"])

    def test_rejects_a_strategy_that_is_not_configured(self):
        with pytest.raises(UnknownStrategy):
            self.ask("magic")

    def test_keeps_the_fitted_pipeline_while_nothing_changes(self):
        ProductFactory()
        content = wiring.model_ref("content")

        assert wiring.pipeline(content) is wiring.pipeline(content)

    def test_reads_one_snapshot_for_all_strategies(self):
        ProductFactory()

        snapshots = {id(wiring.pipeline(wiring.model_ref(name)).snapshot) for name in ("content", "trending")}

        assert len(snapshots) == 1


class TestServe:
    @pytest.mark.django_db
    def test_builds_what_the_first_request_would_wait_for(self, django_assert_num_queries: Any):
        ProductFactory()
        request = RecommendationRequest(UserFactory().id)
        wiring.warm_up()

        with django_assert_num_queries(2):  # the state and the history
            wiring.recommender()(request, wiring.shopper_state(request))

    @pytest.mark.django_db
    def test_logs_that_a_trigger_is_missing(self, caplog: pytest.LogCaptureFixture):
        with connection.cursor() as cursor:
            cursor.execute(f"DROP TRIGGER {tag_trigger()}")

        wiring.warm_up()

        assert "Changes of catalog_tag are not seen" in caplog.text

    @pytest.mark.django_db
    def test_starts_without_a_database_and_logs_that(
        self, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ):
        def unreadable(**_: object) -> None:
            raise OperationalError(sqlite3.OperationalError("no such table"))

        monkeypatch.setattr(catalogue, "snapshot", unreadable)

        wiring.warm_up()

        assert "cannot be read yet: no such table" in caplog.text
