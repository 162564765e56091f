"""What is sold out or inactive is in no placement, not even when it became so a moment ago."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from catalog.models import Product, User
from recommendations import wiring
from tests.factories import NOON, InteractionFactory, ProductFactory, UserFactory
from tests.trained import trained

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
GETS = [
    "/recommend/ext:ann",
    "/recommend/ext:new",
    "/recommend/ext:new?strategy=trending",
    "/recommend/ext:ann?strategy=together&diversity=0.5",
    "/recommend/ext:ann?strategy=popular&offset=1",
    "/recommend/ext:ann/buy-again",
    "/trending",
    "/products/popular",
    "/products/ext:tea/similar",
    "/products/ext:tea/bought-together",
]


@pytest.fixture(autouse=True)
def shop(settings: Any, tmp_path: Path) -> None:
    """Eight products, all of which Ann and others buy together, day after day; tea is what is asked about."""
    settings.API_OPEN_READS = True
    settings.RECOMMENDATIONS = {**settings.RECOMMENDATIONS, "MODEL_DIR": str(tmp_path)}
    wiring.forget()
    products = [ProductFactory(external_id=f"p{n}", category="Food", tags=["x"]) for n in range(8)]
    products.append(ProductFactory(external_id="tea", category="Food", tags=["x"]))
    UserFactory(external_id="new")
    ann = UserFactory(external_id="ann")
    for days in range(3):
        basket(UserFactory(), products, days)
    # Ann's own: some to buy again, the others for everything else.
    for days in (0, 2):
        basket(ann, products[:4], days)
    trained("together")


def basket(user: User, products: list[Product], days: int) -> None:
    for product in products:
        InteractionFactory(
            user=user, product=product, action_type="purchase", occurred_at=NOON + timedelta(days=days)
        )


def asks() -> dict[str, Callable[[Client], Any]]:
    found: dict[str, Callable[[Client], Any]] = {
        address: lambda client, address=address: client.get(address) for address in GETS
    }
    found["POST /recommend/session"] = lambda client: client.post(
        "/recommend/session", {"product_ids": ["ext:tea"]}, content_type="application/json"
    )
    return found


def keys(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.json()
    body = answer.json()
    return [product["external_id"] for product in body.get("recommended_products", body.get("products"))]


@pytest.mark.parametrize("ask", asks().values(), ids=asks())
@pytest.mark.parametrize("gone", [{"stock": 0}, {"is_active": False}], ids=["sold out", "inactive"])
class TestUnavailable:
    def test_is_not_shown_once_the_catalogue_is_read(
        self, client: Client, ask: Callable[[Client], Any], gone: dict[str, Any]
    ):
        first, second, *_ = keys(ask(client))
        Product.objects.filter(external_id=first).update(**gone)
        wiring.forget()

        after = keys(ask(client))

        assert first not in after
        assert second in after

    def test_is_not_shown_when_it_became_so_a_moment_ago(
        self, client: Client, ask: Callable[[Client], Any], gone: dict[str, Any]
    ):
        first, second, *_ = keys(ask(client))

        Product.objects.filter(external_id=first).update(**gone)

        after = keys(ask(client))
        assert first not in after
        assert second in after
