"""The change feed and the history versions: what the database notes, and what it does not."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from catalog.changes import FeedPosition, read_changes
from catalog.checks import triggers_exist
from catalog.models import Category, Interaction, Product, ProductChange, Tag, User
from catalog.models.product import SHOWN_COLUMNS
from catalog.triggers import missing_triggers
from catalog.triggers.watched import MOST_NOTED
from recommendations.selectors.products import Details
from tests.factories import NOON, CategoryFactory, InteractionFactory, ProductFactory, TagFactory, UserFactory

pytestmark = pytest.mark.django_db


def noted_by(change: Callable[[], object]) -> list[int | None]:
    """Return the products that the change notes, sorted; None for all of them."""
    last = ProductChange.objects.order_by("-id").values_list("id", flat=True).first() or 0
    change()
    noted = ProductChange.objects.filter(id__gt=last).values_list("product_id", flat=True)
    return sorted(set(noted), key=lambda key: key or 0)


def executed(sql: str) -> Callable[[], object]:
    def execute() -> None:
        with connection.cursor() as cursor:
            cursor.execute(sql)

    return execute


class TestShownColumns:
    def test_are_those_of_the_details(self):
        assert set(Details._fields) == {"id", *SHOWN_COLUMNS, "current_price", "tags", "is_available"}


class TestProductChange:
    @pytest.mark.parametrize(
        "fields",
        [
            {"external_id": "other"},
            {"name": "Other"},
            {"category": None},
            {"brand": "Other"},
            {"price": "1.23"},
            {"group": "other"},
            {"attributes": {"colour": ["other"]}},
            {"sale_price": "1.23"},
            {"sale_from": NOON},
            {"sale_until": NOON},
            {"url": "https://shop.example/other"},
            {"image_url": "https://shop.example/other.jpg"},
            {"description": "Other."},
            {"is_active": False},
            {"stock": 0},
        ],
        ids=lambda fields: next(iter(fields)),
    )
    def test_is_noted(self, fields: dict[str, Any]):
        product = ProductFactory(stock=5)

        assert noted_by(lambda: Product.objects.filter(id=product.id).update(**fields)) == [product.id]

    @pytest.mark.parametrize("stock", [4, None])
    def test_that_no_answer_shows_is_not(self, stock: int | None):
        product = ProductFactory(stock=5)

        assert noted_by(lambda: Product.objects.filter(id=product.id).update(stock=stock)) == []

    @pytest.mark.parametrize(
        ("product", "fields"), [({"stock": 0}, {"is_active": False}), ({"is_active": False}, {"stock": 0})]
    )
    def test_of_what_is_not_recommended_anyway_is_noted_for_lists(
        self, product: dict[str, Any], fields: dict[str, Any]
    ):
        id = ProductFactory(**{"stock": 5, **product}).id

        assert noted_by(lambda: Product.objects.filter(id=id).update(**fields)) == [id]

    def test_by_plain_sql_is_noted(self):
        product = ProductFactory()

        assert noted_by(executed("UPDATE catalog_product SET price = 7")) == [product.id]

    def test_of_an_id_notes_both(self):
        product = ProductFactory()

        changed = noted_by(executed("UPDATE catalog_product SET id = id + 1"))

        assert changed == [product.id, product.id + 1]

    def test_of_many_notes_each(self):
        products = ProductFactory.create_batch(3)

        assert noted_by(lambda: Product.objects.update(price="5")) == [product.id for product in products]

    def test_is_noted_for_a_new_and_for_a_deleted_one(self):
        product = ProductFactory()
        old, new = product.id, product.id + 1

        assert noted_by(lambda: ProductFactory(id=new)) == [new]
        assert noted_by(product.delete) == [old]

    def test_of_tags_is_noted(self):
        product, tag = ProductFactory(tags=["a"]), TagFactory(name="b")

        assert noted_by(lambda: product.tags.add(tag)) == [product.id]
        assert noted_by(lambda: product.tags.remove(tag)) == [product.id]
        assert noted_by(product.tags.clear) == [product.id]

    def test_of_a_tagging_row_notes_both_products(self):
        first, second = ProductFactory(tags=["a"]), ProductFactory()

        assert noted_by(lambda: Product.tags.through.objects.update(product=second)) == [first.id, second.id]


class TestRename:
    def test_of_a_category_notes_its_products(self):
        product, _ = ProductFactory(category="A"), ProductFactory(category="B")

        assert noted_by(lambda: Category.objects.filter(name="A").update(name="C")) == [product.id]

    def test_of_a_tag_notes_its_products(self):
        product, _ = ProductFactory(tags=["a", "b"]), ProductFactory(tags=["b"])

        assert noted_by(lambda: Tag.objects.filter(name="a").update(name="c")) == [product.id]

    def test_to_the_same_name_is_not_noted(self):
        ProductFactory(category="A", tags=["a"])

        assert noted_by(lambda: (Category.objects.update(name="A"), Tag.objects.update(name="a"))) == []

    def test_of_a_category_with_many_products_is_noted_once(self):
        category = CategoryFactory(name="A")
        Product.objects.bulk_create(
            Product(name="x", price=1, category=category) for _ in range(MOST_NOTED + 1)
        )
        last = ProductChange.objects.latest("id").id

        assert noted_by(lambda: Category.objects.update(name="B")) == [None]
        assert ProductChange.objects.filter(id__gt=last).count() == 1


class TestHistoryVersion:
    def versions(self, *users: User) -> list[int]:
        return [User.objects.get(id=user.id).history_version for user in users]

    @pytest.mark.parametrize(
        "change",
        [
            lambda event: InteractionFactory(user=event.user, product=event.product),
            lambda event: event.delete(),
            lambda event: Interaction.objects.update(action_type="purchase"),
            lambda event: Interaction.objects.update(occurred_at="2026-01-01T00:00:00Z"),
            lambda event: Interaction.objects.update(product=ProductFactory()),
            lambda event: executed("UPDATE catalog_interaction SET id = id + 1")(),
        ],
        ids=["added", "deleted", "action", "time", "product", "id"],
    )
    def test_grows_with_each_change(self, change: Callable[[Interaction], object]):
        event, other = InteractionFactory(), UserFactory()
        before = self.versions(event.user, other)

        change(event)

        after = self.versions(event.user, other)
        assert after[0] > before[0]
        assert after[1] == before[1]

    def test_does_not_grow_when_nothing_of_the_history_changes(self):
        event = InteractionFactory()
        before = self.versions(event.user)

        Interaction.objects.update(event_key="key", action_type=event.action_type)

        assert self.versions(event.user) == before

    def test_grows_for_both_users_of_an_event_that_moves(self):
        event, other = InteractionFactory(), UserFactory()
        before = self.versions(event.user, other)

        Interaction.objects.update(user=other)

        assert all(new > old for old, new in zip(before, self.versions(event.user, other), strict=True))


class TestReading:
    def position(self) -> FeedPosition:
        return read_changes(None).position

    def test_finds_what_changed_since(self):
        ProductFactory()
        before = read_changes(None)
        product = ProductFactory()

        found = read_changes(before.position)

        assert found.product_ids is not None
        assert product.id in found.product_ids

    def test_finds_nothing_without_a_change(self):
        ProductFactory()
        first = read_changes(read_changes(None).position)

        found = read_changes(first.position)

        # In one transaction, PostgreSQL finds its own rows once more.
        assert found.change_ids <= first.change_ids | read_changes(None).change_ids

    def test_of_too_many_changes_says_that_anything_may_differ(self):
        position = self.position()
        Product.objects.bulk_create([Product(name="x", price=1) for _ in range(MOST_NOTED + 1)])

        assert read_changes(position).product_ids is None

    def test_of_a_pruned_feed_says_that_anything_may_differ(self):
        ProductFactory()
        position = self.position()
        ProductChange.objects.all().delete()

        assert read_changes(position).product_ids is None


class TestTriggers:
    def test_are_all_there(self):
        assert missing_triggers("default") == []

    def test_that_are_missing_are_reported_and_migrate_makes_them_anew(self):
        """SQLite drops the triggers of a table that a migration remakes."""
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute("SELECT tgname FROM pg_trigger WHERE tgname LIKE 'noted_product_update%'")
                (name,) = cursor.fetchone()
                cursor.execute(f"DROP TRIGGER {name} ON catalog_product")
            else:
                cursor.execute("SELECT name FROM sqlite_master WHERE name LIKE 'noted_product_update%'")
                (name,) = cursor.fetchone()
                cursor.execute(f"DROP TRIGGER {name}")

        (found,) = triggers_exist(None, ["default"])
        assert "catalog_product" in found.msg

        call_command("migrate", verbosity=0)

        assert triggers_exist(None, ["default"]) == []
