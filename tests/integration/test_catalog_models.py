"""Tests of database constraints and indexes of the catalogue."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import DataError, IntegrityError, connection, transaction
from django.db.models import F, Model, ProtectedError, QuerySet

from catalog.models import Category, Interaction, Product, Tag, User
from recommendations.selectors.snapshots import popularity
from tests.factories import (
    NOON,
    AccountFactory,
    CategoryFactory,
    InteractionFactory,
    ProductFactory,
    TagFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db


def refuses(model: type[Model], **values: Any) -> bool:
    """Return whether a database constraint rejects an update of the row with these values."""
    try:
        with transaction.atomic():
            QuerySet(model).update(**values)
            connection.check_constraints()
    except (DataError, IntegrityError):
        return True
    return False


@pytest.mark.django_db
@pytest.mark.parametrize(
    "values",
    [
        {"sale_price": "10.00"},
        {"sale_price": "-0.01"},
        {"sale_from": "2026-01-02T00:00:00Z", "sale_until": "2026-01-01T00:00:00Z"},
        {"attributes": ["red"]},
        {"attributes": "red"},
    ],
)
def test_the_database_refuses(values: dict[str, Any]):
    product = ProductFactory(price="9.99")

    with pytest.raises(IntegrityError), transaction.atomic():
        Product.objects.filter(pk=product.pk).update(**values)


class TestConstraints:
    @pytest.mark.parametrize("price", ["-0.01", "-1"])
    def test_refuse_a_negative_price(self, price):
        ProductFactory()

        assert refuses(Product, price=price)

    def test_allow_a_price_of_zero(self):
        ProductFactory()

        assert not refuses(Product, price=0)

    @pytest.mark.parametrize("stock", [-1, 2**31])
    def test_refuse_a_stock_out_of_range(self, stock):
        ProductFactory()

        assert refuses(Product, stock=stock)

    @pytest.mark.parametrize("stock", [None, 0, 2**31 - 1])
    def test_allow_a_stock_that_is_unknown_or_in_range(self, stock):
        ProductFactory(stock=5)

        assert not refuses(Product, stock=stock)

    @pytest.mark.parametrize(
        ("factory", "model"), [(ProductFactory, Product), (CategoryFactory, Category), (TagFactory, Tag)]
    )
    def test_refuse_an_empty_name(self, factory, model):
        factory()

        assert refuses(model, name="")

    @pytest.mark.parametrize(("factory", "model"), [(ProductFactory, Product), (UserFactory, User)])
    @pytest.mark.parametrize("external_id", ["", "a/b"])
    def test_refuse_an_external_id_that_no_address_could_hold(self, factory, model, external_id):
        factory()

        assert refuses(model, external_id=external_id)

    @pytest.mark.parametrize(("factory", "model"), [(ProductFactory, Product), (UserFactory, User)])
    def test_refuse_an_external_id_twice(self, factory, model):
        factory(), factory()

        assert refuses(model, external_id="same")

    @pytest.mark.parametrize(("factory", "model"), [(ProductFactory, Product), (UserFactory, User)])
    def test_allow_any_number_of_rows_without_external_id(self, factory, model):
        factory(), factory()

        assert not refuses(model, external_id=None)

    @pytest.mark.parametrize(("factory", "model"), [(CategoryFactory, Category), (TagFactory, Tag)])
    def test_refuse_a_name_twice(self, factory, model):
        factory(name="one"), factory(name="two")

        assert refuses(model, name="one")

    @pytest.mark.parametrize("action", ["", "stare", "View"])
    def test_refuse_an_unknown_action(self, action):
        InteractionFactory()

        assert refuses(Interaction, action_type=action)

    @pytest.mark.parametrize("action", ["view", "click", "cart", "purchase", "dismiss"])
    def test_allow_every_known_action(self, action):
        InteractionFactory()

        assert not refuses(Interaction, action_type=action)

    def test_refuse_an_empty_event_key(self):
        InteractionFactory()

        assert refuses(Interaction, event_key="")

    def test_refuse_an_event_key_twice(self):
        InteractionFactory(), InteractionFactory()

        assert refuses(Interaction, event_key="same")

    def test_keep_a_product_that_has_events(self):
        product = InteractionFactory().product

        with pytest.raises(ProtectedError):
            product.delete()

    def test_keep_a_category_that_has_products(self):
        category = ProductFactory().category

        with pytest.raises(ProtectedError):
            category.delete()

    def test_let_a_user_take_the_own_events_away(self):
        InteractionFactory().user.delete()

        assert not Interaction.objects.exists()


@pytest.mark.skipif(connection.vendor != "sqlite", reason="reads the plans of SQLite")
class TestIndexes:
    @pytest.fixture(autouse=True)
    def _some_rows(self) -> None:
        for user in UserFactory.create_batch(3):
            for days in range(4):
                InteractionFactory(user=user, occurred_at=NOON - timedelta(days=days))

    def test_give_a_history_newest_first_without_sorting(self):
        history = Interaction.objects.filter(user_id=1).newest_first()

        assert "SEARCH catalog_interaction USING INDEX interaction_history (user_id=?)" in plan(history)
        assert "B-TREE" not in plan(history)

    def test_give_the_first_page_of_a_history_with_its_products_without_sorting(self):
        page = Interaction.objects.filter(user_id=1).select_related("product").newest_first()[:50]

        assert "USING INDEX interaction_history (user_id=?)" in plan(page)
        assert "B-TREE" not in plan(page)

    def test_hold_all_that_the_engine_reads_of_a_history(self):
        read = Interaction.objects.filter(user_id=1).newest_first().values("product_id", "action_type", "id")

        assert "USING COVERING INDEX interaction_history (user_id=?)" in plan(read)

    def test_give_a_products_events_newest_first_without_sorting(self):
        events = Interaction.objects.filter(product_id=1).newest_first()

        assert "USING INDEX interaction_by_product (product_id=?)" in plan(events)
        assert "B-TREE" not in plan(events)

    def test_count_popularity_without_touching_the_table(self):
        for counts_repeats in (True, False):
            counted = plan(popularity(counts_repeats=counts_repeats))

            assert "SCAN catalog_interaction USING COVERING INDEX interaction_by_shopper" in counted
            assert "B-TREE" not in counted

    def test_read_what_was_done_of_late_without_touching_the_table(self):
        late = Interaction.objects.filter(occurred_at__gte=NOON).values_list(
            "product_id", "action_type", "occurred_at"
        )

        assert "USING COVERING INDEX interaction_by_time (occurred_at>?)" in plan(late)

    def test_give_the_newest_events_of_all_without_sorting(self):
        newest = Interaction.objects.newest_first()[:50]

        assert "USING INDEX interaction_by_time" in plan(newest)
        assert "B-TREE" not in plan(newest)

    def test_find_an_event_by_its_key(self):
        assert re.search(r"USING INDEX \S+ \(event_key=\?\)", plan(Interaction.objects.filter(event_key="a")))

    def test_find_the_products_of_a_category(self):
        products = Product.objects.active().filter(category_id=1).order_by("id")

        assert "USING INDEX product_by_category (category_id=?" in plan(products)

    def test_find_the_products_of_a_tag(self):
        assert "SCAN" not in plan(Product.objects.filter(tags=1).order_by("id"))

    def test_find_products_by_price(self):
        cheap = Product.objects.filter(price__lte=3).order_by("price", "id")

        assert "USING INDEX product_by_price (price<?)" in plan(cheap)
        assert "B-TREE" not in plan(cheap)

    @pytest.mark.parametrize("model", [Product, User])
    def test_find_a_row_by_its_external_id(self, model):
        assert "(external_id=?)" in plan(QuerySet(model).filter(external_id="a"))


def plan(rows: "QuerySet[Any, Any]") -> str:
    return rows.explain()


class TestUser:
    def test_is_called_by_name_or_else_by_key_or_number(self):
        assert str(User(pk=7, name="Ann", external_id="ann-1")) == "Ann"
        assert str(User(pk=7, external_id="ann-1")) == "ann-1"
        assert str(User(pk=7)) == "User 7"

    def test_moves_its_updated_at_with_every_bulk_update(self):
        user = UserFactory()
        before = user.updated_at

        User.objects.filter(pk=user.pk).update(name="Ann")

        user.refresh_from_db()
        assert user.updated_at > before

    def test_stays_without_its_account(self):
        user = UserFactory(account=AccountFactory())

        user.account.delete()

        user.refresh_from_db()
        assert user.account is None


class TestProduct:
    @pytest.fixture
    def shelf(self) -> None:
        for active in (True, False):
            for stock in (None, 0, 1):
                ProductFactory(
                    name=f"{stock} {'active' if active else 'inactive'}", is_active=active, stock=stock
                )

    @pytest.mark.parametrize(
        ("kept", "names"),
        [
            ("active", {"None active", "0 active", "1 active"}),
            ("in_stock", {"None active", "1 active", "None inactive", "1 inactive"}),
            ("sold_out", {"0 active", "0 inactive"}),
            ("available", {"None active", "1 active"}),
        ],
    )
    def test_is_found_by_what_may_be_done_with_it(self, shelf, kept, names):
        assert set(getattr(Product.objects, kept)().values_list("name", flat=True)) == names

    @pytest.mark.parametrize("change", [{"is_active": False}, {"stock": 0}, {"stock": F("stock") - 1}])
    def test_moves_its_updated_at_with_every_bulk_update(self, change):
        product = ProductFactory(stock=5)
        before = product.updated_at

        Product.objects.filter(pk=product.pk).update(**change)

        product.refresh_from_db()
        assert product.updated_at > before

    def test_moves_its_updated_at_when_many_are_updated_to_different_stocks(self):
        product = ProductFactory(stock=5)
        before, product.stock = product.updated_at, 4

        Product.objects.bulk_update([product], ["stock"])

        product.refresh_from_db()
        assert product.stock == 4
        assert product.updated_at > before


class TestNames:
    def test_are_what_rows_are_called_by(self):
        event = InteractionFactory(action_type="purchase")

        assert str(CategoryFactory(name="Home")) == "Home"
        assert str(TagFactory(name="led")) == "led"
        assert str(ProductFactory(name="Desk Lamp")) == "Desk Lamp"
        assert str(event) == f"purchase by user {event.user_id} of product {event.product_id}"
