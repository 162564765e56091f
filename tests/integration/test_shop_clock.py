"""The shop's clock over the database and over files, and that no single odd event moves what goes by it."""

import json
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from catalog.models import Interaction, Product, User
from recommendations.evaluation.csv_shop import read_shop
from recommendations.selectors.clock import last_event_at, shop_now
from recommendations.selectors.snapshots import snapshot
from recommendations.wiring import trainer
from tests.factories import NOON, InteractionFactory, ProductFactory, UserFactory
from tests.shops import write_shop

pytestmark = pytest.mark.django_db
END = int(NOON.timestamp())
DAY = 86_400
LATER = END + 300 * DAY


def put(product: Product, user: User, *moments: datetime) -> None:
    Interaction.objects.bulk_create(
        Interaction(product=product, user=user, action_type="view", occurred_at=at) for at in moments
    )


@pytest.fixture
def shop() -> list[Product]:
    """Forty shoppers who each met two of five products: one 60 days before the end, one in the last days."""
    products = [ProductFactory(name=f"P{n}") for n in range(5)]
    for n, user in enumerate(UserFactory.create_batch(40)):
        put(products[n % 5], user, NOON - timedelta(days=60))
        put(products[(n + 1) % 5], user, NOON - timedelta(hours=n))
    return products


def odd(when: datetime) -> None:
    """One shopper of the shop buys a product at another time than everybody else."""
    InteractionFactory(
        user=User.objects.first(),
        product=ProductFactory(name="Odd"),
        action_type="purchase",
        occurred_at=when,
    )


class TestTheShopsClock:
    def test_is_the_real_time_where_the_shop_is_live(self, shop: list[Product]):
        assert END + DAY <= shop_now(END + DAY) < END + DAY + 900
        assert snapshot(real_now=END + DAY).now == shop_now(END + DAY)

    def test_is_the_last_event_of_an_old_shop(self, shop: list[Product]):
        assert shop_now(LATER) == END
        assert snapshot(real_now=LATER).now == END

    @pytest.mark.parametrize(
        "when",
        [datetime.fromtimestamp(LATER, UTC), datetime(2062, 1, 1, tzinfo=UTC)],
        ids=["today", "in 2062"],
    )
    def test_stays_at_the_end_of_an_old_shop_with_one_odd_event(self, shop: list[Product], when: datetime):
        odd(when)

        assert shop_now(LATER) == last_event_at(LATER) == END

    def test_is_not_moved_by_an_event_within_the_day_ahead(self, shop: list[Product]):
        odd(NOON + timedelta(hours=20))

        assert shop_now(END + 60) < END + 900
        assert last_event_at(END + 60) == END

    def test_is_0_in_an_empty_shop(self):
        assert (shop_now(), last_event_at()) == (0, 0)

    def test_is_the_newest_event_of_three(self):
        for days in (0, 100, 200):
            InteractionFactory(occurred_at=NOON - timedelta(days=days))

        assert shop_now(LATER) == END

    def test_makes_one_query(self, shop: list[Product], django_assert_num_queries: Any):
        with django_assert_num_queries(1):
            shop_now()


class TestAnOldShopWithOneEventToday:
    @pytest.fixture(autouse=True)
    def event(self, shop: list[Product]) -> None:
        odd(timezone.now())

    def test_has_the_same_trending_products(self, client: Client, settings: Any):
        settings.API_OPEN_READS = True

        found = client.get("/trending?top_n=10").json()["recommended_products"]

        trending = [p["name"] for p in found if p["reasons"][0]["kind"] == "trending"]
        assert sorted(trending) == ["P0", "P1", "P2", "P3", "P4"]

    def test_is_measured_on_its_last_days(self):
        out = StringIO()
        call_command(
            "evaluate_recommendations", strategies=["popular"], format="json", stdout=out, verbosity=0
        )

        assert json.loads(out.getvalue())["split"]["users"] == 40

    def test_is_trained_at_the_end_of_its_history(self):
        training = trainer().training()

        assert training.snapshot.now == training.log.at[-1] == END
        assert len(training.log) == 80


class TestFiles:
    def test_are_measured_up_to_their_last_plausible_event(self, tmp_path: Path):
        events = [f"ann,tea,view,2011-12-01T09:{minute:02}:00Z" for minute in range(40)]
        late = ["ann,mug,view,2026-01-01T00:00:00Z", "ann,mug,view,2062-01-01T00:00:00Z"]
        folder = write_shop(
            tmp_path,
            products=["tea,Tea,Food,1,,", "mug,Mug,Home,1,,"],
            users=["ann,Ann"],
            interactions=[*events, *late],
        )

        class Silent:
            def reading(self, title: str, n_lines: int) -> None: ...

            def advanced(self, n_lines: int) -> None: ...

            def found(self, problem: object) -> None: ...

            def noted(self, file: str, note: str) -> None: ...

        found = read_shop(folder, Silent(), real_now=LATER)

        end = int(datetime(2011, 12, 1, 9, 39, tzinfo=UTC).timestamp())
        assert (len(found.log), found.snapshot.now) == (40, end)
