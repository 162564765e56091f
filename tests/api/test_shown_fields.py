"""Each field of what is shown of a product: a change shows in the very next answer, however that is kept."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from catalog.models import Category, Product, Tag, User
from recommendations import wiring
from recommendations.selectors.products import Details, details
from tests.api.ahead import generate, get, shopper, warm

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("open_reads")]


def _under_another_id(product: Product) -> None:
    """The same product, deleted and made again."""
    tags = list(product.tags.all())
    product.delete()
    product.pk = None
    product.save()
    product.tags.set(tags)


def _set(**values: Any) -> Callable[[Product], object]:
    return lambda product: Product.objects.filter(id=product.id).update(**values)


# How each field is changed, without a trace in `updated_at` where that can be.
CHANGES: dict[str, Callable[[Product], object]] = {
    "id": _under_another_id,
    "external_id": _set(external_id="another"),
    "name": _set(name="Another"),
    "category": lambda product: Category.objects.filter(id=product.category_id).update(name="Another"),
    "brand": _set(brand="Another"),
    "attributes": _set(attributes={"colour": ["another"]}),
    "group": _set(group="another"),
    "price": _set(price="11.25"),
    "sale_price": _set(sale_price="2.25"),
    "sale_from": _set(sale_from=datetime(2020, 1, 1, tzinfo=UTC)),
    "sale_until": _set(sale_until=datetime(2990, 1, 1, tzinfo=UTC)),
    "current_price": _set(sale_price="3.25"),
    "url": _set(url="https://shop.example/another"),
    "image_url": _set(image_url="https://shop.example/another.jpg"),
    "description": _set(description="Another."),
    "tags": lambda product: Tag.objects.filter(name="loud").update(name="another"),
    "is_available": _set(is_active=False),
}
# What changes with a field.
WITH = {"price": ["current_price"], "sale_price": ["current_price"], "current_price": ["sale_price"]}
# By a stored list, and computed live.
QUERIES = {"stored": "", "live": "?min_price=0"}


@pytest.fixture
def alice() -> User:
    user = shopper()
    generate(user)
    return user


def best(answer: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(answer.content)["recommended_products"][0]
    return found


def change(field: str, shown: dict[str, Any]) -> None:
    """Change that field of the product that is shown, and see to it that no other was meant."""
    product = Product.objects.get(id=shown["id"])
    (before,) = details([product.id]).values()

    CHANGES[field](product)

    after = details([product.id]).get(before.id)
    if field != "id":
        assert after is not None
        differing = {name for name in Details._fields if getattr(before, name) != getattr(after, name)}
        assert differing == {field, *WITH.get(field, ())}


def in_another_process() -> None:
    """Forget everything that other processes cannot reach, and load the catalogue, as a server does."""
    wiring.forget()
    wiring.pipeline(wiring.model_ref())


class TestEachField:
    def test_has_a_change_here(self):
        assert CHANGES.keys() == set(Details._fields)

    def test_is_in_the_answer_unless_it_decides_what_is(self, client: Client, alice: User):
        shown = best(client.get("/recommend/ext:alice"))

        assert shown.keys() == (set(Details._fields) - {"is_available"}) | {"currency", "score", "reasons"}

    @pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)
    @pytest.mark.parametrize("field", Details._fields)
    def test_shows_when_it_has_changed(self, client: Client, alice: User, field: str, query: str):
        path = f"/recommend/{alice.id}{query}"
        warm(client, alice, query)
        answer = client.get(path)
        before = best(answer)

        change(field, before)

        again = client.get(path, headers={"If-None-Match": answer["ETag"]})
        assert again.status_code == 200
        key = "id" if field == "is_available" else field
        assert best(again)[key] != before[key]
        wiring.response_cache().forget([alice.id])
        assert client.get(path).content == again.content

    @pytest.mark.parametrize("field", Details._fields)
    def test_shows_in_another_process(
        self, client: Client, settings: Any, redis_url: str, field: str, alice: User
    ):
        backend = "recsite.cache.redis.TolerantRedisCache"
        settings.CACHES = {"default": {"BACKEND": backend, "LOCATION": redis_url}}
        wiring.forget()
        path = f"/recommend/{alice.id}{QUERIES['live']}"
        answer = client.get(path)
        before = best(answer)
        in_another_process()
        assert get(client, path)[2] == 1

        change(field, before)
        in_another_process()

        again = client.get(path, headers={"If-None-Match": answer["ETag"]})
        assert again.status_code == 200
        key = "id" if field == "is_available" else field
        assert best(again)[key] != before[key]
