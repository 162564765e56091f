"""VersionRow: one statement returns the same as the separate selectors."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from catalog.models import Interaction, Product, User
from recommendations.models import StoredList
from recommendations.selectors.answer_versions import digest_of, version_row
from recommendations.selectors.histories import version
from recommendations.selectors.products import details
from recommendations.selectors.shoppers import stored_list
from recommendations.training import registry
from tests.factories import CategoryFactory, InteractionFactory, ProductFactory, TagFactory, UserFactory

pytestmark = pytest.mark.django_db

ODD = 'a "quoted", \\ [1,2] \n line — ünïcode'


@pytest.fixture
def user() -> User:
    return UserFactory(name=ODD, external_id="someone")


@pytest.fixture
def products() -> list[int]:
    """Ordinary products, products without optional fields, and texts that resemble delimiters."""
    made = [
        ProductFactory(name=ODD, description=ODD, category="Audio", tags=["b", "a", "ä, ü"], stock=0),
        ProductFactory(category=None, tags=[], external_id=None, is_active=False, price=Decimal("0.10")),
        ProductFactory(price=Decimal("99999999.99"), stock=3),
        *[ProductFactory(price=Decimal(n) / 100) for n in (1, 7, 1_999, 333)],
    ]
    return [product.id for product in made]


class TestVersionRow:
    def test_is_the_same_as_the_separate_selectors_return(self, user: User, products: list[int]):
        InteractionFactory.create_batch(3, user=user)

        read = version_row(("pk", user.id), "content", products)

        assert read is not None
        assert read.digest() == digest_of(user.id, user.name, version(user.id), details(products))

    def test_is_the_same_by_external_id(self, user: User, products: list[int]):
        assert version_row(("external_id", "someone"), "content", products) == version_row(
            ("pk", user.id), "content", products
        )

    def test_takes_one_query(self, user: User, products: list[int], django_assert_num_queries: Any):
        with django_assert_num_queries(1):
            version_row(("pk", user.id), "content", products)

    def test_leaves_out_products_that_do_not_exist(self, user: User, products: list[int]):
        Product.objects.filter(id=products[0]).delete()

        read = version_row(("pk", user.id), "content", products)

        assert read is not None
        assert read.digest() == digest_of(user.id, user.name, (0, 0), details(products[1:]))

    def test_is_none_for_an_unknown_user(self):
        assert version_row(("pk", 1), "content", [1]) is None

    def test_holds_the_default_the_active_version_and_the_stored_list(self, user: User):
        moment = timezone.now() - timedelta(hours=1)
        StoredList.objects.create(
            user=user,
            strategy="content",
            top_n=1,
            picks=[],
            event_count=0,
            last_event_id=0,
            digest="d",
            generated_at=moment,
        )
        registry.set_default("popular", at=timezone.now())

        read = version_row(("pk", user.id), "content", [0])

        assert read is not None
        assert (read.default, read.version) == ("popular", None)
        found = stored_list(user.id, "content")
        assert found is not None
        assert read.stored_list == found.identity
        other = version_row(("pk", user.id), "popular", [0])
        assert other is not None
        assert other.stored_list is None

    def test_of_a_user_without_events_has_none(self, user: User):
        read = version_row(("pk", user.id), "content", [0])

        assert read is not None
        assert read.digest() == digest_of(user.id, user.name, (0, 0), {})


class TestDigest:
    @pytest.mark.parametrize("what", ["name", "price", "stock", "tag", "category", "event", "gone"])
    def test_changes_with(self, user: User, products: list[int], what: str):
        InteractionFactory.create_batch(2, user=user)
        first = Product.objects.get(id=products[0])
        before = version_row(("pk", user.id), "content", products)
        {
            "name": lambda: User.objects.filter(id=user.id).update(name="Other"),
            "price": lambda: Product.objects.filter(id=first.id).update(price="1.23"),
            "stock": lambda: Product.objects.filter(id=first.id).update(stock=1),
            "tag": lambda: first.tags.add(TagFactory(name="new")),
            "category": lambda: Product.objects.filter(id=first.id).update(category=CategoryFactory()),
            "event": lambda: Interaction.objects.filter(user=user).latest("id").delete(),
            "gone": first.delete,
        }[what]()

        after = version_row(("pk", user.id), "content", products)

        assert before is not None
        assert after is not None
        assert before.digest() != after.digest()
