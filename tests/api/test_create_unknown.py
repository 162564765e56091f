"""Tests of events that create the users and products that they name."""

import pytest

from access.scopes import Scope
from catalog.models import Interaction, Product, User
from catalog.services.merging import merge_user
from tests.api.callers import key_header, key_with
from tests.api.events import event
from tests.factories import NOON, ProductFactory, UserFactory

pytestmark = pytest.mark.django_db
NEW = {"user_id": "ext:new-user", "product_id": "ext:new-product"}
ADDRESSES = ("/interactions", "/interactions/batch", "/interactions/bulk")


def sent(address, *events):
    return events[0] if address == "/interactions" else list(events)


@pytest.mark.parametrize("address", ADDRESSES)
class TestCreate:
    def test_makes_a_user_and_an_inactive_stub(self, staff_client, address):
        answer = staff_client.post(f"{address}?create=true", sent(address, event(**NEW)))

        user, product, stored = User.objects.get(), Product.objects.get(), Interaction.objects.get()
        assert answer.status_code in (201, 207)
        assert (user.external_id, user.name) == ("new-user", "new-user")
        assert (product.external_id, product.name, product.price) == ("new-product", "new-product", 0)
        assert (product.is_active, product.awaits_import) == (False, True)
        assert (stored.user, stored.product) == (user, product)
        assert staff_client.get("/products?search=new-pro").json()["count"] == 1

    def test_is_off_by_default(self, staff_client, address):
        for query in ("", "?create=false"):
            staff_client.post(f"{address}{query}", sent(address, event(**NEW)))

        assert not User.objects.exists()
        assert not Product.objects.exists()

    def test_may_be_the_default(self, staff_client, address, settings):
        settings.CREATE_UNKNOWN = True

        staff_client.post(f"{address}?create=false", sent(address, event(**NEW)))
        before = User.objects.count()
        staff_client.post(address, sent(address, event(**NEW)))

        assert (before, User.objects.count()) == (0, 1)

    def test_makes_nothing_for_an_event_that_is_refused(self, staff_client, address, anna, lamp):
        refused = [
            event(**NEW, action_type="eat"),
            event(user_id=10**6, product_id="ext:new-product"),
            event(user_id="ext:new-user", product_id=10**6),
        ]

        for one in refused:
            answer = staff_client.post(f"{address}?create=true", sent(address, one))
            assert answer.status_code in (400, 207)

        assert (User.objects.count(), Product.objects.count()) == (1, 1)
        assert not Interaction.objects.exists()

    def test_makes_nothing_for_the_id_of_another_event(self, staff_client, address, anna, lamp):
        staff_client.post("/interactions", event(event_id="a"))

        answer = staff_client.post(f"{address}?create=true", sent(address, event(**NEW, event_id="a")))

        if address.endswith("bulk"):
            assert answer.json()["refused"] == 1
        else:
            assert answer.status_code == 409
        assert (User.objects.count(), Product.objects.count(), Interaction.objects.count()) == (1, 1, 1)

    def test_follows_users_that_were_merged(self, staff_client, address, lamp):
        guest, account = UserFactory(external_id="guest"), UserFactory(external_id="account")
        merge_user(user={"pk": guest.pk}, into={"pk": account.pk}, now=NOON)

        staff_client.post(f"{address}?create=true", sent(address, event(user_id="ext:guest")))

        assert User.objects.get() == account
        assert Interaction.objects.get().user == account

    def test_needs_scopes_to_write_users_and_products(self, client, address):
        statuses = []
        both = (Scope.USERS_WRITE, Scope.CATALOG_WRITE)
        for more in ((), both[:1], both[1:], both):
            client.credentials(HTTP_AUTHORIZATION=key_header(key_with(Scope.EVENTS_WRITE, *more)))
            statuses.append(client.post(f"{address}?create=true", sent(address, event(**NEW))).status_code)

        assert statuses[:3] == [403] * 3
        assert statuses[3] in (201, 207)

    def test_is_true_or_false(self, staff_client, address):
        answer = staff_client.post(f"{address}?create=yes", sent(address, event(**NEW)))

        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "create")


class TestLists:
    def test_are_stored_with_all_that_is_new_or_not_at_all(self, staff_client, anna, lamp):
        events = [event(event_id="a"), event(**NEW, event_id="b"), event(user_id=10**6)]

        refused = staff_client.post("/interactions/batch?create=true", events)
        before = User.objects.count(), Interaction.objects.count()
        stored = staff_client.post("/interactions/batch?create=true", events[:2])

        assert [error["field"] for error in refused.json()["errors"]] == ["user_id"]
        assert (before, stored.status_code) == ((1, 0), 201)
        assert Interaction.objects.count() == 2

    def test_in_bulk_count_the_first_of_events_with_one_id(self, staff_client, anna, lamp):
        events = [event(**NEW, event_id="a"), event(event_id="a")]

        answer = staff_client.post("/interactions/bulk?create=true", events).json()

        assert [row["status"] for row in answer["results"]] == [201, 409]


class TestQueries:
    @pytest.mark.usefixtures("anna", "lamp")
    def test_are_the_same_while_nothing_is_created(self, client, django_assert_num_queries):
        key = key_with(Scope.EVENTS_WRITE, Scope.USERS_WRITE, Scope.CATALOG_WRITE)
        client.credentials(HTTP_AUTHORIZATION=key_header(key))
        client.post("/interactions", event())

        with django_assert_num_queries(1):
            assert client.post("/interactions?create=true", event()).status_code == 201


class TestStubs:
    def test_become_products_with_the_first_import(self, staff_client):
        staff_client.post("/interactions?create=true", event(**NEW))

        staff_client.put("/products/bulk", [{"external_id": "new-product", "name": "Lamp", "price": 9}])

        stub = Product.objects.get()
        assert (stub.name, stub.is_active, stub.awaits_import) == ("Lamp", True, False)

    def test_stay_inactive_once_somebody_says_so(self, staff_client):
        staff_client.post("/interactions?create=true", event(**NEW))
        staff_client.patch("/products/ext:new-product", {"is_active": False})

        staff_client.put("/products/bulk", [{"external_id": "new-product", "name": "Lamp", "price": 9}])

        assert not Product.objects.get().is_active

    def test_are_not_shown(self, staff_client, anna):
        staff_client.post("/interactions?create=true", event(product_id="ext:stub"))
        seen = ProductFactory()

        for address in ("/products/popular", "/trending", "/recommend/ext:anna"):
            answer = staff_client.get(address).json()
            shown = answer.get("products", answer.get("recommended_products"))
            assert {product["id"] for product in shown} <= {seen.pk}
