"""Tests of the import of events and their keys."""

import random
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection

from catalog.importing.events import event_key, store_events
from catalog.importing.rows import EventRecord
from catalog.models import Interaction, Product, User
from tests.factories import NOON, InteractionFactory, ProductFactory, UserFactory
from tests.shops import write_shop

pytestmark = pytest.mark.django_db

VIEW = EventRecord("ann", "tea", "view", NOON)


@pytest.fixture
def known() -> dict[str, dict[str, int]]:
    return {
        "users": {name: UserFactory(external_id=name).pk for name in ("ann", "ben")},
        "products": {name: ProductFactory(external_id=name).pk for name in ("tea", "mug")},
    }


def store(rows: list[EventRecord], known: dict[str, dict[str, int]]) -> tuple[int, int]:
    tally = store_events(rows, **known, now=NOON)
    return tally.new, tally.repeated


def stream(n: int) -> Iterator[EventRecord]:
    return (VIEW._replace(occurred_at=NOON + timedelta(seconds=i)) for i in range(n))


class TestStoreEvents:
    def test_stores_every_value(self, known):
        later = NOON + timedelta(hours=1)

        store_events([EventRecord("ben", "mug", "purchase", NOON)], **known, now=later)

        event = Interaction.objects.get()
        assert (event.user.external_id, event.product.external_id, event.action_type) == (
            "ben",
            "mug",
            "purchase",
        )
        assert (event.occurred_at, event.created_at) == (NOON, later)

    def test_stores_events_in_the_order_of_the_file(self, known):
        store([VIEW, VIEW._replace(occurred_at=NOON - timedelta(days=1)), VIEW._replace(user="ben")], known)

        assert [
            (event.user.external_id, event.occurred_at) for event in Interaction.objects.order_by("id")
        ] == [("ann", NOON), ("ann", NOON - timedelta(days=1)), ("ben", NOON)]

    def test_stores_identical_rows_as_often_as_they_stand_in_the_file(self, known):
        assert store([VIEW, VIEW, VIEW], known) == (3, 0)

    def test_stores_nothing_twice(self, known):
        rows = [VIEW, VIEW, VIEW._replace(action_type="click")]
        store(rows, known)

        assert store(rows, known) == (0, 3)
        assert Interaction.objects.count() == 3

    def test_stores_only_what_has_come_since(self, known):
        store([VIEW, VIEW], known)

        assert store([VIEW, VIEW, VIEW, VIEW._replace(product="mug")], known) == (2, 2)

    def test_counts_identical_rows_that_stand_far_apart(self, known, monkeypatch):
        monkeypatch.setattr("catalog.importing.events.CHUNK", 7)
        rows = [*stream(40), *stream(40), *stream(20)]
        random.Random(1).shuffle(rows)

        assert store(rows, known) == (100, 0)
        random.Random(2).shuffle(rows)
        assert store(rows, known) == (0, 100)

    def test_leaves_events_alone_that_others_reported(self, known):
        own = InteractionFactory(
            user_id=known["users"]["ann"], product_id=known["products"]["tea"], occurred_at=NOON
        )

        assert store([VIEW], known) == (1, 0)
        assert Interaction.objects.filter(pk=own.pk, event_key=None).exists()

    def test_asks_few_queries_a_chunk(self, known, monkeypatch, django_assert_num_queries):
        monkeypatch.setattr("catalog.importing.events.CHUNK", 50)
        n_queries = {"sqlite": 1, "postgresql": 5}[connection.vendor]

        with django_assert_num_queries(2 * (2 + n_queries)):  # including begin and end of the transaction
            store(list(stream(100)), known)

    def test_needs_no_more_memory_for_more_events(self, known, monkeypatch):
        monkeypatch.setattr("catalog.importing.events.CHUNK", 500)

        def peak(n: int) -> int:
            tracemalloc.start()
            try:
                store_events(stream(n), **known, now=NOON)
                return tracemalloc.get_traced_memory()[1]
            finally:
                tracemalloc.stop()

        peak(5_000)  # fills the caches of times, which hold fewer

        assert peak(60_000) < 1.3 * peak(30_000)


class TestEventKey:
    def test_begins_as_no_reported_event_may(self):
        assert event_key(VIEW, 1).startswith("import:")

    def test_stays_the_same_over_the_years(self):
        # Another key would store every event of every shop a second time.
        assert event_key(VIEW, 1) == "import:00ed1355406c28cfd5bd35255f9c81ef3a"

    def test_does_not_depend_on_how_the_moment_is_spelt(self):
        elsewhere = NOON.astimezone(timezone(timedelta(hours=5, minutes=30)))

        assert event_key(VIEW._replace(occurred_at=elsewhere), 1) == event_key(VIEW, 1)

    @pytest.mark.parametrize(
        "other",
        [
            {"user": "ben"},
            {"product": "mug"},
            {"action_type": "click"},
            {"occurred_at": NOON + timedelta(microseconds=1)},
            {"user": "annt", "product": "ea"},
        ],
    )
    def test_tells_events_apart(self, other):
        assert event_key(VIEW._replace(**other), 1) != event_key(VIEW, 1)

    def test_tells_identical_events_apart_by_their_ordinal(self):
        assert event_key(VIEW, 1) != event_key(VIEW, 2)

    def test_sorts_by_time(self):
        moments = [datetime(year, 6, 1, tzinfo=UTC) for year in (1900, 1969, 1970, 2026, 9998)]
        keys = [event_key(VIEW._replace(occurred_at=moment), 1) for moment in moments]

        assert keys == sorted(keys)

    def test_is_the_same_in_another_database(self, tmp_path: Path):
        write_shop(
            tmp_path,
            products=["tea,Tea,Food,2.50,,"],
            users=["ann,Ann"],
            interactions=["ann,tea,view,2026-03-01", "ann,tea,view,2026-03-01T00:00:00Z"],
        )
        call_command("import_shop", str(tmp_path), verbosity=0)
        keys = set(Interaction.objects.values_list("event_key", flat=True))
        for model in (Interaction, Product, User):
            model.objects.all().delete()
        ProductFactory()
        UserFactory()

        call_command("import_shop", str(tmp_path), into_existing=True, verbosity=0)

        assert set(Interaction.objects.values_list("event_key", flat=True)) == keys
        assert len(keys) == 2
