"""Tests of the OpenAPI schema and its page."""

import re
from contextlib import closing
from io import StringIO

import pytest
from django.core.management import call_command
from django.urls import path
from drf_spectacular.generators import SchemaGenerator
from rest_framework.generics import CreateAPIView

from access.api.urls import urlpatterns as tokens
from catalog.api.inputs import UserInput
from catalog.api.product_filter import ProductFilter
from catalog.api.urls import urlpatterns as catalogue
from recommendations.api.urls import urlpatterns as recommendations

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def schema() -> dict:
    return SchemaGenerator().get_schema(public=True)


def operations(schema: dict):
    for address, methods in schema["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {address}", operation


class TestSchema:
    def test_is_valid_without_a_warning(self):
        written = StringIO()

        call_command("spectacular", "--validate", "--fail-on-warn", stdout=written)

        assert written.getvalue().startswith("openapi: 3")

    def test_names_every_address(self, schema):
        assert set(schema["paths"]) == {
            "/",
            "/categories",
            "/categories/{id}",
            "/explanations/{id}",
            "/interactions",
            "/interactions/bulk",
            "/products",
            "/products/popular",
            "/products/{id}",
            "/products/{id}/bought-together",
            "/products/{id}/similar",
            "/recommend/session",
            "/recommend/{user_id}",
            "/recommend/{user_id}/buy-again",
            "/runs/{id}",
            "/token",
            "/token/logout",
            "/token/refresh",
            "/token/shopper",
            "/token/verify",
            "/trending",
            "/users",
            "/users/{id}",
            "/users/{id}/interactions",
            "/users/{id}/merge",
        }

    def test_has_no_regular_expression_in_it(self, schema):
        assert len(schema["paths"]) == len(catalogue) + len(recommendations) + len(tokens) + 1
        assert not [path for path in schema["paths"] if re.search(r"[?^$()\\]|./$", path)]

    def test_says_where_it_matters_what_goes_along_with_a_shopper(self, schema):
        documented = {
            method
            for method, call in schema["paths"]["/users/{id}"].items()
            if "all their interactions" in call["description"]
        }

        assert documented == {"delete"}

    def test_documents_problems_as_problems(self, schema):
        for name, operation in operations(schema):
            for code, response in operation["responses"].items():
                if not code.startswith("2") and code != "304":
                    assert list(response["content"]) == ["application/problem+json"], (name, code)
            assert {"406", "503"} <= set(operation["responses"]), name
            assert "default" not in operation["responses"], name
        assert "404" in schema["paths"]["/products/{id}"]["get"]["responses"]
        assert "409" in schema["paths"]["/products/{id}"]["delete"]["responses"]

    def test_says_of_every_operation_that_one_may_ask_too_often(self, schema):
        for name, operation in operations(schema):
            assert {"Retry-After", "RateLimit-Reset"} <= set(operation["responses"]["429"]["headers"]), name

    def test_says_of_what_is_sent_that_nothing_else_may_be(self, schema):
        sent = {name: told for name, told in schema["components"]["schemas"].items() if "properties" in told}

        closed = {name for name, told in sent.items() if told.get("additionalProperties") is False}
        assert closed == {name for name in sent if name.endswith("Request")}

    def test_says_how_far_pages_go(self, schema):
        told = {
            parameter["name"]: parameter["schema"]
            for parameter in schema["paths"]["/users"]["get"]["parameters"]
        }

        assert told == {
            "page": {"type": "integer", "minimum": 1},
            "page_size": {"type": "integer", "minimum": 1, "maximum": 200},
        }

    def test_describes_every_operation(self, schema):
        for name, operation in operations(schema):
            assert operation.get("description"), name

    def test_says_what_an_id_is(self, schema):
        parameter = schema["paths"]["/products/{id}"]["get"]["parameters"][0]

        assert parameter["schema"] == {"type": "string"}
        assert parameter["description"] == "The numeric id, or `ext:<external id>`."

    def test_knows_the_filters(self, schema):
        parameters = {
            p["name"] for p in schema["paths"]["/products"]["get"]["parameters"] if p["in"] == "query"
        }

        assert parameters == {*ProductFilter.base_filters, "page", "page_size"}

    def test_says_what_a_stock_may_be(self, schema):
        fields = {
            name: schema["components"]["schemas"][name]["properties"]["stock"]
            for name in ("ProductRow", "PopularRow", "ProductInputRequest", "PatchedProductInputRequest")
        }

        assert {(field["type"], field["nullable"], field["minimum"]) for field in fields.values()} == {
            ("integer", True, 0)
        }
        assert fields["ProductInputRequest"]["maximum"] == 2_147_483_647

    @pytest.mark.parametrize("name", ["EventInputRequest", "InteractionRow", "HistoryRow"])
    def test_names_every_action(self, schema, name):
        reference = schema["components"]["schemas"][name]["properties"]["action_type"]["$ref"]

        actions = schema["components"]["schemas"][reference.rpartition("/")[2]]["enum"]
        assert actions == ["view", "click", "cart", "purchase", "dismiss"]

    def test_knows_that_an_event_may_come_alone_or_in_a_list(self, schema):
        events = schema["components"]["schemas"]["EventsRequest"]["oneOf"]

        assert [option.get("type", "one") for option in events] == ["one", "array"]

    def test_knows_that_put_creates(self, schema):
        assert {"200", "201"} <= set(schema["paths"]["/users/{id}"]["put"]["responses"])
        assert "201" not in schema["paths"]["/categories/{id}"]["put"]["responses"]

    def test_describes_what_is_answered(self, client, open_reads, schema):
        answered = client.get("/products").json()

        assert set(answered) == set(schema["components"]["schemas"]["PaginatedProductRowList"]["properties"])


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("path", ["/schema", "/docs"])
class TestPages:
    def test_are_open_when_reads_are(self, client, open_reads, path, slash):
        assert client.get(path + slash).status_code == 200

    def test_are_for_staff_otherwise(self, client, account_client, staff_client, path, slash):
        assert client.get(path + slash).status_code == 401
        assert client.get(path + slash).headers["Content-Type"] == "application/problem+json"
        assert account_client.get(path + slash).status_code == 403
        assert staff_client.get(path + slash).status_code == 200

    def test_refuse_parameters(self, client, open_reads, path, slash):
        assert client.get(f"{path}{slash}?version=9").status_code == 400


class TestDocs:
    def test_load_nothing_from_elsewhere(self, client, open_reads):
        page = client.get("/docs").content.decode()

        loaded = re.findall(r'(?:src|href)="([^"]+)"', page)
        assert loaded
        assert all(address.startswith("/static/drf_spectacular_sidecar/") for address in loaded)
        for address in loaded:
            with closing(client.get(address)) as answer:
                assert answer.status_code == 200

    def test_show_the_schema_of_this_server(self, client, open_reads):
        assert b"/schema" in client.get("/docs").content


class TestOtherViews:
    def test_are_described_by_their_serializer(self):
        class Bare(CreateAPIView):
            serializer_class = UserInput

        schema = SchemaGenerator(patterns=[path("bare/", Bare.as_view())]).get_schema(public=True)

        answer = schema["paths"]["/bare"]["post"]["responses"]["201"]
        assert answer["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/UserInput"}

    def test_says_which_answers_have_an_etag(self, schema):
        conditional = {name for name, operation in operations(schema) if "304" in operation["responses"]}

        assert conditional == {"GET /products", "GET /products/{id}", "GET /recommend/{user_id}"}
        for name in conditional:
            method, path = name.split()
            operation = schema["paths"][path][method.lower()]
            assert "content" not in operation["responses"]["304"]
            assert "ETag" in operation["responses"]["200"]["headers"]
            assert "If-None-Match" in [parameter["name"] for parameter in operation["parameters"]]
