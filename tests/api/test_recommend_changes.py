"""GET /recommend/{user_id} after a cache hit: every change shows in the next answer."""

from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from catalog.models import Product, User
from recommendations import wiring
from recommendations.models import StoredList, TrainedModel
from recommendations.training import registry
from tests.api.ahead import generate, get, shopper, shown, warm
from tests.api.changes import CHANGES, OLD
from tests.factories import InteractionFactory, ProductFactory, UserFactory
from tests.trained import knows_counting, trained, version

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.usefixtures("open_reads")]


@pytest.fixture
def alice() -> User:
    return shopper()


class TestChange:
    @pytest.mark.parametrize("what", CHANGES)
    def test_shows_in_the_next_answer(self, client: Client, alice: User, what: str):
        change, place = CHANGES[what]
        generate(alice)
        warm(client, alice)
        before = shown(client, alice)

        change(alice)

        now = shown(client, alice)
        wiring.response_cache().forget([alice.id])  # and not the catalogue, whose popularity is renewed later
        assert place(now) != place(before)
        assert now == shown(client, alice)

    def test_of_a_product_named_in_a_reason_shows(self, client: Client, settings: Any, tmp_path: Path):
        shopper = UserFactory()
        radio, speaker = ProductFactory(name="Radio"), ProductFactory(name="Speaker")
        InteractionFactory(user=shopper, product=radio)
        for _ in range(3):
            other = UserFactory()
            InteractionFactory(user=other, product=radio)
            InteractionFactory(user=other, product=speaker)
        settings.RECOMMENDATIONS = {**settings.RECOMMENDATIONS, "MODEL_DIR": str(tmp_path)}
        wiring.forget()
        trained("collaborative")
        generate(shopper, "collaborative", 1)
        warm(client, shopper, "?strategy=collaborative&top_n=1")

        Product.objects.filter(id=radio.id).update(name="Wireless", updated_at=OLD)

        (product,) = shown(client, shopper, "?strategy=collaborative&top_n=1")["recommended_products"]
        assert "Wireless" in [reason.get("name") for reason in product["reasons"]]

    def test_of_a_stored_product_that_is_not_shown_invalidates_the_list(self, client: Client, alice: User):
        stored = generate(alice)
        warm(client, alice, "?top_n=2")

        Product.objects.filter(id=stored.picks[-1][0]).update(is_active=False)

        assert get(client, f"/recommend/{alice.id}?top_n=2")[2] > 1

    def test_of_another_user_changes_nothing(self, client: Client, alice: User):
        product = ProductFactory(name="Elsewhere")
        generate(alice)
        warm(client, alice)

        InteractionFactory(product=product)

        assert get(client, f"/recommend/{alice.id}")[2] == 1

    def test_that_deletes_the_user_hides_them(self, client: Client, alice: User):
        generate(alice)
        warm(client, alice)
        key = alice.id

        alice.delete()

        assert client.get(f"/recommend/{key}").status_code == 404

    def test_of_an_external_id_shows_its_new_owner(self, client: Client, alice: User):
        generate(alice)
        client.get("/recommend/ext:alice")
        other = UserFactory(name="Bert", external_id=None)
        generate(other)

        User.objects.filter(id=alice.id).update(external_id=None)
        User.objects.filter(id=other.id).update(external_id="alice")

        assert client.get("/recommend/ext:alice").json()["user_name"] == "Bert"

    def test_of_settings_invalidates_the_list(self, client: Client, alice: User):
        generate(alice)
        warm(client, alice)

        StoredList.objects.update(digest="another")

        assert get(client, f"/recommend/{alice.id}")[2] == 2

    def test_of_the_active_model_shows(self, client: Client, settings: Any, tmp_path: Path):
        knows_counting(settings, tmp_path)
        lamp, vase = ProductFactory(name="Lamp"), ProductFactory(name="Vase")
        for product in (lamp, lamp, vase):
            InteractionFactory(product=product)
        shopper = UserFactory()
        version("v1", active=True)
        second = version("v2", rarest=True)
        generate(shopper, "counting", 1)
        warm(client, shopper, "?strategy=counting&top_n=1")

        registry.activate(second, at=timezone.now())

        answer = shown(client, shopper, "?strategy=counting&top_n=1")
        assert answer["recommended_products"][0]["name"] == "Vase"

    def test_to_no_active_model_shows(self, client: Client, settings: Any, tmp_path: Path):
        knows_counting(settings, tmp_path)
        lamp = ProductFactory(name="Lamp")
        InteractionFactory(product=lamp)
        shopper = UserFactory()
        version("v1", active=True)
        generate(shopper, "counting", 1)
        warm(client, shopper, "?strategy=counting&top_n=1")

        TrainedModel.objects.update(is_active=False)

        assert shown(client, shopper, "?strategy=counting&top_n=1")["fallback"] is not None
