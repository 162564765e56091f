"""Every address: both slash forms, who may read it, and what it answers in outline."""

import pytest
from django.conf import settings
from django.test import override_settings
from rest_framework.test import APIClient

from catalog.models import Category
from catalog.selectors import ProductDetails
from tests.factories import InteractionFactory, ProductFactory, UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.any_database]

PLACEMENT = {"placement", "recommended_products", "strategy", "fallback"}
READS = {
    "/users": {"count", "next", "previous", "users"},
    "/users/ext:anna": {"id", "external_id", "name"},
    "/users/ext:anna/interactions": {"count", "next", "next_cursor", "previous", "interactions"},
    "/products": {"count", "next", "previous", "products"},
    "/products/popular": {"count", "products"},
    "/products/ext:lamp": {*ProductDetails._fields, "current_price", "currency"} - {"is_active"},
    "/products/ext:lamp/similar": PLACEMENT,
    "/products/ext:lamp/bought-together": PLACEMENT | {"untrained"},
    "/trending": PLACEMENT,
    "/recommend/ext:anna/buy-again": PLACEMENT,
    "/categories": {"count", "categories"},
    "/categories/{category}": {"id", "name", "path", "parent", "product_count"},
}
both_forms = pytest.mark.parametrize("slash", ["", "/"])
each_read = pytest.mark.parametrize("path", READS)


@pytest.fixture(autouse=True)
def shop():
    InteractionFactory(user=UserFactory(external_id="anna"), product=ProductFactory(external_id="lamp"))


def at(path: str, slash: str = "") -> str:
    return path.format(category=Category.objects.get().pk) + slash


@both_forms
@each_read
class TestReads:
    def test_answer_everybody_when_reads_are_open(self, client, open_reads, path, slash):
        answer = client.get(at(path, slash))

        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == "application/json"
        assert set(answer.json()) == READS[path]

    def test_answer_staff_when_reads_are_closed(self, staff_client, path, slash):
        assert staff_client.get(at(path, slash)).status_code == 200

    def test_refuse_nobody_when_reads_are_closed(self, client, path, slash):
        answer = client.get(at(path, slash))

        assert answer.status_code == 401
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.headers["WWW-Authenticate"].startswith("Bearer realm=")
        assert answer.json()["detail"].startswith("Authentication is required: send Authorization: Api-Key")

    def test_refuse_an_account_without_rights_when_reads_are_closed(self, account_client, path, slash):
        answer = account_client.get(at(path, slash))

        assert answer.status_code == 403
        assert answer.json()["detail"] == "Only staff may do this."

    def test_answer_options(self, staff_client, path, slash):
        assert staff_client.options(at(path, slash)).status_code == 200

    def test_answer_head(self, client, open_reads, path, slash):
        answer = client.head(at(path, slash))

        assert answer.status_code == 200
        assert answer.content == b""


WRITES = [
    ("post", "/users"),
    ("put", "/users/ext:anna"),
    ("patch", "/users/ext:anna"),
    ("delete", "/users/ext:anna"),
    ("post", "/products"),
    ("put", "/products/ext:lamp"),
    ("patch", "/products/ext:lamp"),
    ("delete", "/products/ext:lamp"),
    ("post", "/categories"),
    ("put", "/categories/{category}"),
    ("patch", "/categories/{category}"),
    ("delete", "/categories/{category}"),
    ("post", "/interactions"),
]


@both_forms
@pytest.mark.parametrize(("method", "path"), WRITES)
class TestWrites:
    def test_refuse_nobody_even_when_reads_are_open(self, client, open_reads, method, path, slash):
        assert getattr(client, method)(at(path, slash), {}).status_code == 401

    def test_refuse_an_account_without_rights(self, account_client, open_reads, method, path, slash):
        assert getattr(account_client, method)(at(path, slash), {}).status_code == 403

    def test_let_staff_in(self, staff_client, method, path, slash):
        assert getattr(staff_client, method)(at(path, slash), {}).status_code in (200, 204, 400, 409)


class TestStaff:
    def test_who_left_are_nobody(self, staff_client, django_user_model):
        django_user_model.objects.filter(is_staff=True).update(is_active=False)

        assert staff_client.get("/products").status_code == 401


class TestRoot:
    def test_says_that_it_is_up_without_a_query(self, client, django_assert_num_queries):
        with django_assert_num_queries(0):
            answer = client.get("/")

        assert answer.status_code == 200
        assert answer.json()["status"] == "ok"
        assert answer.json()["service"] == "shop-recommendations"
        assert answer.json()["version"] == settings.VERSION
        assert answer.json()["links"]["popular"] == "/products/popular"

    def test_makes_no_query_for_staff_either(self, staff_client, django_assert_num_queries):
        with django_assert_num_queries(0):
            assert staff_client.get("/").status_code == 200

    def test_names_the_version_of_the_schema(self, client, open_reads):
        schema = client.get("/schema", headers={"accept": "application/json"}).json()

        assert client.get("/").json()["version"] == schema["info"]["version"]

    def test_links_lead_somewhere(self, client, open_reads):
        links = client.get("/").json()["links"].values()

        statuses = {link: client.get(link.format(user_id="ext:anna")).status_code for link in links}

        # These take only POST, and the admin sends nobody to its login.
        assert (statuses.pop("/interactions"), statuses.pop("/token")) == (405, 405)
        assert statuses.pop("/admin/") == 302
        assert set(statuses.values()) == {200}


class TestUnknownAddress:
    @pytest.mark.parametrize(
        "path", ["/nothing", "/nothing/", "/users/1/nothing", "/products/1/2/", "/admins"]
    )
    @pytest.mark.parametrize("method", ["get", "post", "delete"])
    def test_is_a_problem(self, path, method):
        answer = getattr(APIClient(enforce_csrf_checks=True), method)(path)

        assert answer.status_code == 404
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json()["detail"].startswith(f"The URL {path} does not exist.")

    def test_is_a_problem_while_debugging_too(self, client):
        with override_settings(DEBUG=True):
            answer = client.get("/nothing")

        assert answer.headers["Content-Type"] == "application/problem+json"

    def test_leaves_the_admin_its_redirect(self, client):
        answer = client.get("/admin")

        assert (answer.status_code, answer.headers["Location"]) == (301, "/admin/")
