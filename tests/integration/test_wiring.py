"""What a process caches, and when it drops it."""

import sqlite3
from typing import Any

import pytest
from django.db import OperationalError

from recommendations import wiring
from recommendations.errors import UnknownStrategy
from recommendations.selectors.shoppers import Shopper
from recommendations.serving.request import RecommendationRequest
from recommendations.wiring import catalogue
from tests.factories import ProductFactory, UserFactory


@pytest.mark.django_db
class TestRecommender:
    def ask(self, strategy: str = "content") -> list[str]:
        user = UserFactory()
        shelf = wiring.recommender()(
            RecommendationRequest(user.id), Shopper(user.id, user.name), wiring.model_ref(strategy)
        )
        return [placed.product.name for placed in shelf.items]

    def test_reuses_the_snapshot_for_the_next_answer(self):
        ProductFactory(name="Lamp")
        self.ask()

        ProductFactory(name="Vase")

        assert self.ask() == ["Lamp"]

    def test_reads_a_new_snapshot_at_the_maximum_age(self, settings: Any):
        settings.RECOMMENDATIONS = {**settings.RECOMMENDATIONS, "SNAPSHOT_MAX_AGE_SECONDS": 0}
        ProductFactory(name="Lamp")
        self.ask()

        ProductFactory(name="Vase")

        assert self.ask() == ["Lamp", "Vase"]

    def test_forgets_on_request(self):
        ProductFactory(name="Lamp")
        self.ask()
        ProductFactory(name="Vase")

        wiring.forget()

        assert self.ask() == ["Lamp", "Vase"]

    def test_rejects_a_strategy_that_is_not_configured(self):
        with pytest.raises(UnknownStrategy):
            self.ask("magic")

    def test_keeps_the_fitted_pipeline_while_nothing_changes(self, settings: Any):
        settings.RECOMMENDATIONS = {**settings.RECOMMENDATIONS, "SNAPSHOT_MAX_AGE_SECONDS": 0}
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
        user = UserFactory()
        wiring.warm_up()

        with django_assert_num_queries(4):  # the stored list, the history, products, tags; no catalogue
            wiring.recommender()(
                RecommendationRequest(user.id), Shopper(user.id, user.name), wiring.model_ref("content")
            )

    @pytest.mark.django_db
    def test_starts_without_a_database_and_logs_that(
        self, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ):
        def unreadable(former: object = None) -> None:
            raise OperationalError(sqlite3.OperationalError("no such table"))

        monkeypatch.setattr(catalogue, "snapshot", unreadable)

        wiring.warm_up()

        assert "cannot be read yet: no such table" in caplog.text
