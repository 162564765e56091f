"""Selectors: the arrays and values they return, and their numbers of queries."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from catalog.models import Product
from recommendations.engine.snapshot import Snapshot
from recommendations.errors import UnknownShopper
from recommendations.selectors.histories import events, histories
from recommendations.selectors.products import details, labels
from recommendations.selectors.shoppers import (
    first_with_history,
    shopper,
    shopper_id_chunks,
)
from recommendations.selectors.snapshots import patched, snapshot, with_popularity
from tests.factories import (
    NOON,
    CategoryFactory,
    InteractionFactory,
    ProductFactory,
    TagFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db


def tags_of(found: Snapshot, product: Product) -> list[str]:
    (position,) = found.locate(np.array([product.id]))
    return sorted(found.features.tag_names.names[code] for code in found.features.tags[position])


def category_of(found: Snapshot, product: Product) -> str | None:
    (position,) = found.locate(np.array([product.id]))
    code = found.features.category[position]
    return None if code < 0 else found.features.categories.names[code]


class TestSnapshot:
    def test_holds_every_product_with_its_category_tags_and_popularity(self):
        lamp = ProductFactory(category="Home", tags=["led", "desk"])
        plain = ProductFactory(category=None)
        gone = ProductFactory(category="Audio", is_active=False)
        InteractionFactory.create_batch(2, product=gone)
        InteractionFactory(product=plain)

        found = snapshot()

        assert found.product_ids.tolist() == [gone.id, plain.id, lamp.id]
        assert found.popularity.tolist() == [2, 1, 0]
        assert found.active.tolist() == [False, True, True]
        assert [category_of(found, product) for product in (lamp, plain, gone)] == ["Home", None, "Audio"]
        assert [tags_of(found, product) for product in (lamp, plain)] == [["desk", "led"], []]

    def test_counts_no_dismissal_as_popularity(self):
        liked, dismissed = ProductFactory(), ProductFactory()
        InteractionFactory.create_batch(2, product=dismissed, action_type="dismiss")
        InteractionFactory(product=liked)

        found = snapshot()

        assert found.product_ids.tolist() == [liked.id, dismissed.id]
        assert found.popularity.tolist() == [1, 0]

    def test_knows_prices_and_what_is_sold_out(self):
        ProductFactory(price="12.50", stock=3)
        ProductFactory(price="0.00", stock=0)
        ProductFactory(price="7.00", stock=None)

        found = snapshot()

        assert found.price.tolist() == [12.5, 0, 7]
        assert found.active.tolist() == [True, False, True]

    def test_has_the_time_of_the_newest_event(self):
        moment = datetime(2026, 1, 15, 12, 0, 0, 900_000, tzinfo=UTC)
        InteractionFactory(occurred_at=moment)

        assert snapshot().now == int(moment.timestamp())

    def test_is_empty_for_an_empty_catalogue(self):
        assert len(snapshot()) == 0

    def test_makes_nine_queries(self, django_assert_num_queries: Any):
        InteractionFactory.create_batch(3, product=ProductFactory(tags=["a", "b"]))

        with django_assert_num_queries(9):
            snapshot()


class TestPopularity:
    def test_is_renewed_without_reading_the_catalogue(self, django_assert_num_queries: Any):
        first, second = ProductFactory(), ProductFactory()
        InteractionFactory(product=first)
        former = snapshot()
        InteractionFactory.create_batch(2, product=second)

        with django_assert_num_queries(2):
            renewed = with_popularity(former)

        assert renewed.product_ids.tolist() == [second.id, first.id]

    def test_leaves_the_snapshot_as_it_is_without_a_change(self):
        InteractionFactory()
        former = snapshot()

        assert with_popularity(former) is former


class TestPatched:
    def test_is_the_same_as_a_snapshot_that_is_read_anew(self, django_assert_num_queries: Any):
        changed, gone, _ = ProductFactory(tags=["a"]), ProductFactory(), ProductFactory(category=None)
        former = snapshot()
        Product.objects.filter(id=changed.id).update(
            price="1.23", stock=0, category=CategoryFactory(name="B")
        )
        changed.tags.set([TagFactory(name="b"), TagFactory(name="c")])
        ids = [changed.id, gone.id]
        gone.delete()
        new = ProductFactory(category="C", tags=["a", "d"])
        InteractionFactory.create_batch(2, product=new)

        with django_assert_num_queries(3):
            found = patched(former, [*ids, new.id])

        assert found.stamp == snapshot().stamp
        assert found.product_ids.tolist() == snapshot().product_ids.tolist()
        assert found.popularity.tolist() == snapshot().popularity.tolist()


class TestEvents:
    def test_are_newest_first_and_by_id_among_equals(self):
        user = UserFactory()
        old = InteractionFactory(user=user, occurred_at=NOON - timedelta(days=1))
        first, second = InteractionFactory.create_batch(2, user=user, occurred_at=NOON)

        found = events(np.array([user.id]))

        assert found.product_ids[0].tolist() == [second.product_id, first.product_id, old.product_id]

    def test_are_the_same_for_one_user_alone_and_among_others(self):
        users = UserFactory.create_batch(3)
        for n, user in enumerate(users[:2]):
            InteractionFactory.create_batch(n + 2, user=user, action_type="purchase")
            InteractionFactory(user=user, occurred_at=NOON - timedelta(days=n))

        together = events(np.array([user.id for user in users]))

        for row, user in enumerate(users):
            alone = events(np.array([user.id]))
            assert alone.product_ids[0].tolist() == together.product_ids[row].tolist()
            assert alone.purchased_and_viewed(0)[0].tolist() == together.purchased_and_viewed(row)[0].tolist()

    def test_are_split_into_purchases_and_views(self):
        user = UserFactory()
        bought = InteractionFactory(user=user, action_type="purchase")
        clicked = InteractionFactory(user=user, action_type="click")

        found = events(np.array([user.id]))

        assert found.purchased_and_viewed(0)[0].tolist() == [bought.product_id]
        assert found.purchased_and_viewed(0)[1].tolist() == [clicked.product_id]

    def test_take_one_query(self, django_assert_num_queries: Any):
        users = UserFactory.create_batch(3)
        InteractionFactory.create_batch(5, user=users[0])

        with django_assert_num_queries(1):
            events(np.array([user.id for user in users]))


class TestHistories:
    def test_extend_the_snapshot_by_newer_products(self, django_assert_num_queries: Any):
        user, known = UserFactory(), ProductFactory(category="Home", tags=["desk"])
        before = snapshot()
        young = ProductFactory(category="Toys", tags=["desk", "wood"])
        plain = ProductFactory(category=None)
        for product in (known, young, plain):
            InteractionFactory(user=user, product=product)
        found = events(np.array([user.id]))

        with django_assert_num_queries(2):
            past = histories(found, before)

        features, row = past.features, past.events[0]
        assert row.tolist() == [2, 1, 0]
        names = (*features.categories.names, None)
        assert [names[code] for code in features.category[row].tolist()] == [None, "Toys", "Home"]
        assert sorted(features.tag_names.names[code] for code in features.tags[1]) == ["desk", "wood"]


class TestProducts:
    def test_details_hold_the_fields_as_they_are_now(self, django_assert_num_queries: Any):
        product = ProductFactory(name="Lamp", category="Home", tags=["led", "desk"], price="12.50")

        with django_assert_num_queries(1):
            found = details([product.id, 10**6])

        assert list(found) == [product.id]
        assert (found[product.id].category, found[product.id].tags) == ("Home", ("desk", "led"))
        assert found[product.id].price == 12.5

    def test_labels_say_what_may_be_shown(self, django_assert_num_queries: Any):
        product = ProductFactory(name="Lamp", is_active=False)

        with django_assert_num_queries(1):
            found = labels([product.id])

        assert (found[product.id].name, found[product.id].is_available) == ("Lamp", False)


class TestShoppers:
    def test_are_found_by_id_and_by_external_id(self):
        user = UserFactory(name="Alice", external_id="alice")

        assert shopper({"pk": user.id}) == shopper({"external_id": "alice"})

    @pytest.mark.parametrize("key", ["ext:nobody", "99"])
    def test_that_do_not_exist_are_named_as_in_the_request(self, key: str):
        lookup = {"external_id": key[4:]} if key.startswith("ext:") else {"pk": int(key)}

        with pytest.raises(UnknownShopper, match=f"no shopper {key}"):
            shopper(lookup)

    def test_come_in_chunks_of_ascending_ids(self):
        ids = [user.id for user in UserFactory.create_batch(5)]

        assert list(shopper_id_chunks(2)) == [ids[:2], ids[2:4], ids[4:]]

    def test_with_a_history_are_found_lowest_id_first(self):
        UserFactory()
        event = InteractionFactory()

        found = first_with_history()

        assert found is not None
        assert found.id == event.user_id

    def test_with_a_history_may_not_exist(self):
        assert first_with_history() is None
