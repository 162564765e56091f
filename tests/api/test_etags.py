"""ETags: a caller who has the current answer gets 304, and no caller gets another caller's answer."""

import pytest
from django.test import Client
from pytest_django import Settings

from catalog.models import Product, User
from tests.api import ahead
from tests.factories import InteractionFactory, ProductFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice() -> User:
    return ahead.shopper()


@pytest.fixture(params=["/recommend/ext:alice", "/products", "/products/1"])
def path(request: pytest.FixtureRequest, alice: User, open_reads: None) -> str:
    return request.param.replace("/1", f"/{Product.objects.earliest('id').id}")


def asked(client: Client, path: str, known: str) -> int:
    return client.get(path, headers={"If-None-Match": known}).status_code


class TestEtag:
    def test_is_the_same_while_the_answer_is(self, client: Client, path: str):
        tags = {client.get(path)["ETag"] for _ in range(2)}

        assert len(tags) == 1
        assert tags.pop().startswith('"')

    def test_answers_304_without_a_body_to_whoever_has_it(self, client: Client, path: str):
        whole = client.get(path)

        again = client.get(path, headers={"If-None-Match": whole["ETag"]})

        assert (again.status_code, again.content) == (304, b"")
        assert "Content-Type" not in again
        for name in ("ETag", "Cache-Control", "Vary"):
            assert again[name] == whole[name]

    @pytest.mark.parametrize("known", ["{tag}", "W/{tag}", '"other", {tag}', '"other",W/{tag}', "*"])
    def test_is_found_in_all_that_may_be_sent(self, client: Client, path: str, known: str):
        assert asked(client, path, known.format(tag=client.get(path)["ETag"])) == 304

    @pytest.mark.parametrize("known", ['"other"', "nonsense", '"', 'W/"other"', "", '"*"'])
    def test_is_found_in_nothing_else(self, client: Client, path: str, known: str):
        assert asked(client, path, known) == 200

    def test_changes_with_a_product(self, client: Client, path: str):
        tag = client.get(path)["ETag"]
        Product.objects.update(price="1.23")

        assert asked(client, path, tag) == 200

    def test_of_a_list_changes_with_what_its_shopper_does(self, client: Client, alice: User, open_reads):
        tag = client.get("/recommend/ext:alice")["ETag"]
        InteractionFactory(user=alice, product=Product.objects.latest("id"), action_type="purchase")

        assert asked(client, "/recommend/ext:alice", tag) == 200

    def test_of_a_kept_answer_is_that_of_the_first(self, client: Client, alice: User, open_reads):
        ahead.generate(alice)
        tag = client.get("/recommend/ext:alice")["ETag"]
        ahead.warm(client, alice)

        assert client.get("/recommend/ext:alice")["ETag"] == tag

    def test_is_not_given_with_an_error(self, client: Client, path: str):
        answer = client.get(path + "?nonsense=1", headers={"If-None-Match": "*"})

        assert answer.status_code == 400
        assert "ETag" not in answer


class TestRights:
    def test_are_asked_before_the_tag(self, client: Client, path: str, settings: Settings):
        tag = client.get(path)["ETag"]
        settings.API_OPEN_READS = False

        assert asked(client, path, tag) in (401, 403)
        assert asked(client, path, "*") in (401, 403)

    def test_of_staff_give_another_tag(self, client: Client, staff_client: Client, open_reads):
        product = ProductFactory(name="Radio")

        theirs = staff_client.get(f"/products/{product.id}")

        assert theirs["ETag"] != client.get(f"/products/{product.id}")["ETag"]

    def test_of_staff_stay_with_them(self, client: Client, staff_client: Client, open_reads):
        product = ProductFactory(is_active=False)
        tag = staff_client.get(f"/products/{product.id}")["ETag"]

        assert asked(client, f"/products/{product.id}", tag) == 404


class TestCaches:
    """Between callers and the service."""

    def cache_control(self, client: Client, path: str) -> str:
        answer = client.get(path)
        assert {"Cookie", "Authorization"} <= {name.strip() for name in answer["Vary"].split(",")}
        return answer["Cache-Control"]

    def test_may_give_to_anybody_what_anybody_may_read(self, client: Client, open_reads):
        assert self.cache_control(client, "/products") == "public, no-cache"

    def test_may_not_where_reads_are_closed(self, staff_client: Client):
        assert self.cache_control(staff_client, "/products") == "private, no-cache"

    def test_may_not_give_what_staff_see(self, staff_client: Client, open_reads):
        assert self.cache_control(staff_client, "/products") == "private, no-cache"

    def test_may_not_give_one_shoppers_list_to_others(self, client: Client, alice: User, open_reads):
        assert self.cache_control(client, "/recommend/ext:alice") == "private, no-cache"
