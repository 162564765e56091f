"""Tests of the OpenAPI schema and its page."""

import json
import re
from contextlib import closing
from io import StringIO

import pytest
import yaml
from django.core.management import call_command
from django.urls import clear_script_prefix, path, set_script_prefix
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
            "/interactions/batch",
            "/interactions/bulk",
            "/interactions/{id}",
            "/products",
            "/products/bulk",
            "/products/popular",
            "/products/{id}",
            "/products/{id}/bought-together",
            "/products/{id}/similar",
            "/recommend/batch",
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
            "/users/bulk",
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

    def test_documents_the_problems_of_every_operation(self, schema):
        for name, operation in operations(schema):
            assert {"406", "503"} <= set(operation["responses"]), name
            assert "default" not in operation["responses"], name
        assert "404" in schema["paths"]["/products/{id}"]["get"]["responses"]
        assert "409" in schema["paths"]["/products/{id}"]["delete"]["responses"]

    def test_says_of_every_operation_that_one_may_ask_too_often(self, schema):
        headers = schema["components"]["responses"]["TooManyRequests"]["headers"]

        for name, operation in operations(schema):
            told = {"$ref": "#/components/responses/TooManyRequests"}
            assert operation["responses"]["429"] == told, name
        assert {"Retry-After", "RateLimit-Reset"} <= set(headers)

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
            "page": {"type": "integer", "format": "int64", "minimum": 1},
            "page_size": {"type": "integer", "format": "int32", "minimum": 1, "maximum": 200},
        }

    def test_describes_every_operation(self, schema):
        for name, operation in operations(schema):
            assert operation.get("description"), name

    def test_says_what_an_id_is(self, schema):
        parameter = schema["paths"]["/products/{id}"]["get"]["parameters"][0]

        assert parameter["schema"] == {"$ref": "#/components/schemas/Id"}
        assert parameter["description"] == "The numeric id, or `ext:<external id>`."

    def test_has_one_kind_of_id_for_paths_and_bodies(self, schema):
        schemas = schema["components"]["schemas"]
        event, session = schemas["EventInputRequest"], schemas["SessionInputRequest"]["properties"]
        named = [
            event["properties"]["user_id"],
            event["properties"]["product_id"],
            session["product_ids"]["items"],
            session["exclude"]["items"],
            schemas["ShopperInputRequest"]["properties"]["user"],
        ]

        assert named == [{"$ref": "#/components/schemas/Id"}] * 5
        assert schemas["Id"]["type"] == "string"

    def test_knows_the_filters(self, schema):
        parameters = {
            p["name"] for p in schema["paths"]["/products"]["get"]["parameters"] if p["in"] == "query"
        }

        assert parameters == {*ProductFilter.base_filters, "page", "page_size"} - {"attr.NAME"}

    def test_describes_the_filter_that_has_many_names(self, schema):
        for address in ("/products", "/trending", "/recommend/{user_id}"):
            assert "`attr.NAME`: A value of the attribute" in schema["paths"][address]["get"]["description"]

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

    def test_has_a_call_for_one_event_and_a_call_for_a_list(self, schema):
        sent = {
            path: schema["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"]
            for path in ("/interactions", "/interactions/batch")
        }

        one = {"$ref": "#/components/schemas/EventInputRequest"}
        assert sent == {"/interactions": one, "/interactions/batch": {"type": "array", "items": one}}

    def test_names_every_call_as_a_method_of_clients(self, schema):
        assert {operation["operationId"] for _, operation in operations(schema)} == {
            *("recommend", "recommend_session", "buy_again", "similar_products", "bought_together"),
            "merge_user",
            *("popular_products", "trending_products", "get_explanation", "get_run", "get_service"),
            *("create_interaction", "create_interactions", "create_interactions_in_bulk"),
            *("list_products", "create_product", "get_product", "replace_product", "update_product"),
            *("delete_product", "list_categories", "create_category", "get_category", "replace_category"),
            *("update_category", "delete_category", "list_users", "create_user", "get_user"),
            *("replace_user", "update_user", "delete_user", "list_user_interactions", "log_in", "log_out"),
            *("refresh_token", "verify_token", "issue_shopper_token"),
            *("put_products_in_bulk", "put_users_in_bulk"),
            *("get_interaction", "update_interaction", "delete_interaction", "recommend_batch"),
        }

    def test_knows_that_put_creates(self, schema):
        assert {"200", "201"} <= set(schema["paths"]["/users/{id}"]["put"]["responses"])
        assert "201" not in schema["paths"]["/categories/{id}"]["put"]["responses"]

    def test_describes_what_is_answered(self, client, open_reads, schema):
        answered = client.get("/products").json()

        assert set(answered) == set(schema["components"]["schemas"]["PaginatedProductRowList"]["properties"])


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("path", ["/schema", "/schema.json", "/schema.yaml", "/docs"])
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


class TestForms:
    """As JSON or YAML."""

    BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"

    @pytest.mark.parametrize(
        ("address", "accept", "content_type"),
        [
            ("/schema", "*/*", "application/vnd.oai.openapi; charset=utf-8"),
            ("/schema", "application/json", "application/json"),
            ("/schema?format=json", "*/*", "application/json"),
            ("/schema?format=yaml", "application/json", "application/yaml; charset=utf-8"),
            ("/schema.json", "*/*", "application/json"),
            ("/schema.json", "application/xml", "application/json"),
            ("/schema.yaml", "*/*", "application/yaml; charset=utf-8"),
            # What a browser shows and does not save.
            ("/schema", BROWSER, "application/json"),
            ("/schema.json", BROWSER, "application/json"),
            ("/schema.yaml", BROWSER, "text/plain; charset=utf-8"),
            ("/schema?format=yaml", BROWSER, "text/plain; charset=utf-8"),
        ],
    )
    def test_are_chosen_by_address_parameter_and_header(
        self, client, open_reads, address, accept, content_type
    ):
        answer = client.get(address, headers={"accept": accept})

        assert (answer.status_code, answer.headers["Content-Type"]) == (200, content_type)
        is_json = content_type == "application/json"
        read = json.loads(answer.content) if is_json else yaml.safe_load(answer.content)
        assert read["info"]["title"] == "Shop recommendations"
        assert answer.headers["Content-Disposition"].endswith('.json"' if is_json else '.yaml"')

    def test_of_another_name_are_refused(self, client, open_reads):
        answer = client.get("/schema?format=xml")

        assert answer.status_code == 400
        assert answer.json()["errors"] == [
            {"field": "format", "value": "xml", "message": "Must be json or yaml, not 'xml'."}
        ]

    def test_name_the_server_under_its_path(self):
        set_script_prefix("/recs/")
        try:
            assert SchemaGenerator().get_schema(public=True)["servers"][0]["url"] == "/recs"
        finally:
            clear_script_prefix()


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

        assert conditional == {
            "GET /products",
            "GET /products/{id}",
            "GET /interactions/{id}",
            "GET /recommend/{user_id}",
        }
        for name in conditional:
            method, path = name.split()
            operation = schema["paths"][path][method.lower()]
            assert "content" not in operation["responses"]["304"]
            assert "ETag" in operation["responses"]["200"]["headers"]
            assert "If-None-Match" in [parameter["name"] for parameter in operation["parameters"]]
