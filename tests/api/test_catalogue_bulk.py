"""Tests of PUT /products/bulk and PUT /users/bulk."""

import json
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st

from access.scopes import Scope
from catalog.api import row_inputs
from catalog.models import Category, Product, User
from catalog.services.bulk_interactions import MAX_ROWS
from catalog.services.merging import merge_user
from tests.api.callers import key_header, key_with
from tests.factories import NOON, ProductFactory, UserFactory

pytestmark = pytest.mark.django_db
LINES = "application/x-ndjson"


def product(key: str = "a", **values: Any) -> dict[str, Any]:
    return {"external_id": key, "name": f"Product {key}", "price": 5, **values}


def put(client: Any, rows: object, query: str = "", **headers: str) -> Any:
    return client.put(f"/products/bulk{query}", rows, headers=headers)


def lines(*rows: object) -> bytes:
    return b"\n".join(json.dumps(row).encode() for row in rows)


def stored(key: str = "a") -> Product:
    found: Product = Product.objects.get(external_id=key)
    return found


class TestProducts:
    @pytest.mark.parametrize("slash", ["", "/"])
    def test_are_stored_and_answered_one_by_one(self, staff_client, slash):
        known = ProductFactory(external_id="b")

        answer = staff_client.put(
            f"/products/bulk{slash}", [product("a"), product("b"), product("c", price=-1), 7, product("a")]
        )

        assert answer.status_code == 207
        body = answer.json()
        results = body.pop("results")
        assert body == {"count": 5, "created": 1, "updated": 1, "unchanged": 0, "refused": 3}
        assert results[:2] == [
            {"index": 0, "status": 201, "id": stored("a").pk},
            {"index": 1, "status": 200, "id": known.pk},
        ]
        assert [row["status"] for row in results[2:]] == [422, 422, 409]
        assert results[2]["errors"] == [
            {
                "field": "price",
                "value": -1,
                "message": "Ensure this value is greater than or equal to 0.",
            }
        ]
        assert results[4]["errors"][0]["message"] == "Row 0 of this request has it, too; send each once."

    def test_hold_all_fields(self, staff_client):
        row = product(
            category="Home > Kitchen",
            brand="Acme",
            group="cups",
            sale_price="4.00",
            sale_from="2026-01-01",
            sale_until=None,
            stock=3,
            url="https://shop.example/a",
            image_url="https://shop.example/a.jpg",
            description="Of\nclay.",
            tags=["cup", "blue", "cup"],
            attributes={"colour": ["blue"]},
            is_active=False,
        )

        put(staff_client, [row])

        shown = staff_client.get("/products/ext:a").json()
        assert {name: shown[name] for name in row.keys() - {"sale_price", "sale_from", "tags"}} == {
            name: row[name] for name in row.keys() - {"sale_price", "sale_from", "tags"}
        }
        assert (shown["sale_price"], shown["sale_from"]) == (4.0, "2026-01-01T00:00:00Z")
        assert sorted(shown["tags"]) == ["blue", "cup"]

    def test_come_as_lines_too(self, staff_client):
        body = lines(product("a", tags=["x"])) + b"\r\n\n{oops}\n" + lines(product("b")) + b"\n"

        answer = staff_client.generic("PUT", "/products/bulk", body, content_type=LINES).json()

        assert [row["status"] for row in answer["results"]] == [201, 422, 201]

    def test_are_replaced_as_by_put_of_one(self, staff_client):
        ProductFactory(
            external_id="a", category="Home", tags=["x"], description="Old.", brand="Acme", stock=4
        )

        answer = put(staff_client, [product("a")]).json()

        assert answer["updated"] == 1
        now = stored()
        assert (now.category, now.description, list(now.tags.all())) == (None, "", [])
        assert now.brand == "Acme"

    def test_that_are_the_same_are_not_written(self, staff_client):
        put(staff_client, [product("a", tags=["x"]), product("b", stock=3)])
        before = stored().updated_at

        answer = put(staff_client, [product("a", tags=["x"]), product("b", stock=3)]).json()

        assert (answer["created"], answer["updated"], answer["unchanged"]) == (0, 0, 2)
        assert [row["status"] for row in answer["results"]] == [200, 200]
        assert stored().updated_at == before

    def test_keep_what_their_row_lacks_where_others_have_it(self, staff_client):
        ProductFactory(external_id="a", stock=7, brand="Acme", attributes={"size": ["M"]}, is_active=False)
        ProductFactory(external_id="b", price=9, sale_price=8)

        rows = [
            product("a"),
            product("b", price=6),
            product("c", stock=1, brand="Other", sale_price=1, attributes={"size": ["L"]}, is_active=True),
        ]
        answer = put(staff_client, rows).json()

        assert answer["refused"] == 0
        kept = stored("a")
        assert (kept.stock, kept.brand, kept.attributes, kept.is_active) == (
            7,
            "Acme",
            {"size": ["M"]},
            False,
        )
        assert (stored("b").sale_price, stored("b").is_active) == (None, True)
        assert (stored("c").stock, stored("c").brand) == (1, "Other")

    def test_of_a_sale_have_all_of_it(self, staff_client):
        ProductFactory(external_id="a", price=5, sale_price=4, sale_from=NOON, sale_until=NOON)

        put(staff_client, [product("a", sale_until="2020-01-01T00:00:00Z")])

        now = stored()
        assert (now.sale_price, now.sale_from, now.sale_until.year) == (None, None, 2020)

    def test_stay_inactive_until_a_row_says_otherwise(self, staff_client):
        ProductFactory(external_id="a", is_active=False)

        put(staff_client, [product("a")])
        before = stored().is_active
        put(staff_client, [product("a", is_active=True)])

        assert (before, stored().is_active) == (False, True)

    def test_share_categories_and_tags_whatever_their_case(self, staff_client):
        Category.objects.create(name="Home")

        put(staff_client, [product("a", category="HOME", tags=["Cup"]), product("b", tags=["cup"])])

        assert stored("a").category.name == "Home"
        assert list(stored("a").tags.all()) == list(stored("b").tags.all())

    def test_cost_the_same_queries_however_many_they_are(self, staff_client):
        counts = []
        for n in (3, 60):
            rows = [product(f"{n}-{i}", tags=["x"], **({"stock": i} if i % 2 else {})) for i in range(n)]
            put(staff_client, [product("warm", tags=["x"])])
            with CaptureQueriesContext(
                connection,
            ) as queries:
                put(staff_client, rows)
            counts.append(len(queries))

        assert counts[0] == counts[1] < 75

    @pytest.mark.parametrize(
        ("row", "field"),
        [
            ({"name": "A", "price": 1}, "external_id"),
            (product("a/b"), "external_id"),
            (product(None), "external_id"),
            ({"external_id": "a", "name": "A"}, "price"),
            (product(colour="red"), "colour"),
            (product(price="cheap"), "price"),
            (product(sale_price=6), "sale_price"),
            (product(sale_from="2026-02-01", sale_until="2026-01-01"), "sale_until"),
            (product(tags=["x", ""]), "tags"),
            (product(attributes={"size": "M"}), "attributes"),
            (product(stock=1.5), "stock"),
            (product(is_active="yes"), "is_active"),
            (product(url="javascript:alert(1)"), "url"),
            (product(category="Home >"), "category"),
        ],
    )
    def test_with_a_fault_are_refused_alone(self, staff_client, row, field):
        answer = put(staff_client, [row, product("good")]).json()

        assert [result["status"] for result in answer["results"]] == [422, 201]
        assert answer["results"][0]["errors"][0]["field"] == field
        assert Product.objects.count() == 1

    def test_are_1_to_10_000(self, staff_client):
        none, many = put(staff_client, []), put(staff_client, [{}] * (MAX_ROWS + 1))
        one = put(staff_client, product())

        assert (none.status_code, many.status_code, one.status_code) == (400, 413, 400)
        assert "array of products" in one.json()["detail"]
        assert staff_client.generic("PUT", "/products/bulk", b"", content_type=LINES).status_code == 400

    def test_sent_again_with_their_key_are_answered_alike(self, staff_client):
        first = put(staff_client, [product()], **{"Idempotency-Key": "k"})
        Product.objects.update(name="Renamed")
        again = put(staff_client, [product()], **{"Idempotency-Key": "k"})
        other = put(staff_client, [product()], "?import=x", **{"Idempotency-Key": "k"})

        assert (first.content, again.headers["Idempotency-Replayed"]) == (again.content, "true")
        assert stored().name == "Renamed"
        assert other.status_code == 422

    def test_need_both_permissions_and_the_scope(self, client):
        client.credentials(HTTP_AUTHORIZATION=key_header(key_with(Scope.EVENTS_WRITE)))
        refused = put(client, [product()])
        client.credentials(HTTP_AUTHORIZATION=key_header(key_with(Scope.CATALOG_WRITE)))

        assert (refused.status_code, put(client, [product()]).status_code) == (403, 207)


class TestAnImport:
    """Several calls with one name."""

    def test_deactivates_what_no_call_had(self, staff_client):
        for key in ("a", "b", "c", "gone"):
            ProductFactory(external_id=key)
        by_hand = ProductFactory(external_id=None)

        put(staff_client, [product("a"), product("b", price=-1)], "?import=x&missing=deactivate")
        before = Product.objects.filter(is_active=False).count()
        answer = put(staff_client, [product("c")], "?import=x&missing=deactivate&finish=true&total=3").json()

        assert (before, answer["missing"]) == (0, {"count": 1, "deactivated": 1})
        assert list(Product.objects.filter(is_active=False)) == [stored("gone")]
        assert Product.objects.get(pk=by_hand.pk).is_active

    def test_counts_them_unless_asked_to_deactivate(self, staff_client):
        ProductFactory(external_id="gone")

        answer = put(staff_client, [product("a")], "?import=x&finish=true&total=1").json()

        assert answer["missing"] == {"count": 1, "deactivated": 0}
        assert stored("gone").is_active

    def test_may_end_without_rows(self, staff_client):
        ProductFactory(external_id="gone")
        put(staff_client, [product("a")], "?import=x")

        answer = put(staff_client, [], "?import=x&missing=deactivate&finish=true&total=1")

        assert (answer.status_code, answer.json()["missing"]["deactivated"]) == (207, 1)

    @pytest.mark.parametrize("total", [0, 2, 4])
    def test_that_lacks_a_call_changes_nothing(self, staff_client, total):
        ProductFactory(external_id="gone")
        put(staff_client, [product("a"), product("b")], "?import=x")

        answer = put(staff_client, [product("c")], f"?import=x&missing=deactivate&finish=true&total={total}")

        assert answer.status_code == 409
        assert f"had 3 products (2 calls, with this one), and total says {total}" in answer.json()["detail"]
        assert stored("gone").is_active
        assert not Product.objects.filter(external_id="c").exists()

    def test_that_is_finished_is_over(self, staff_client):
        ProductFactory(external_id="gone")
        last = "?import=x&missing=deactivate&finish=true&total=1"
        put(staff_client, [product("a")], last)

        assert put(staff_client, [], last).status_code == 409
        assert put(staff_client, [product("b")], last).json()["missing"]["deactivated"] == 1
        assert not stored("a").is_active

    def test_counts_a_call_that_is_repeated_once(self, staff_client):
        for _ in range(2):
            put(staff_client, [product("a")], "?import=x")

        assert put(staff_client, [], "?import=x&finish=true&total=1").status_code == 207

    def test_of_another_caller_is_another_one(self, staff_client, client):
        client.credentials(HTTP_AUTHORIZATION=key_header(key_with(Scope.CATALOG_WRITE)))
        put(client, [product("a")], "?import=x")

        assert put(staff_client, [product("b")], "?import=x&finish=true&total=1").status_code == 207

    def test_never_lacks_what_was_made_after_it_began(self, staff_client):
        put(staff_client, [product("a")], "?import=x")
        staff_client.post("/products", product("new"))

        answer = put(staff_client, [], "?import=x&missing=deactivate&finish=true&total=1").json()

        assert answer["missing"]["count"] == 0

    def test_brings_back_what_an_earlier_one_lacked(self, staff_client):
        ProductFactory(external_id="a")
        ProductFactory(external_id="off", is_active=False)
        put(staff_client, [product("b")], "?import=x&missing=deactivate&finish=true&total=1")
        gone = stored("a").is_active

        put(staff_client, [product("a"), product("off")])

        assert (gone, stored("a").is_active, stored("off").is_active) == (False, True, False)

    @pytest.mark.parametrize("how", ["api", "form"])
    def test_leaves_what_somebody_then_deactivated(self, staff_client, how):
        ProductFactory(external_id="a")
        put(staff_client, [product("b")], "?import=x&missing=deactivate&finish=true&total=1")
        if how == "api":
            staff_client.patch("/products/ext:a", {"is_active": False})
        else:
            Product.objects.filter(external_id="a").update(is_active=False)

        put(staff_client, [product("a")])

        assert not stored("a").is_active

    @pytest.mark.parametrize(
        ("query", "field"),
        [
            ("?missing=deactivate", "missing"),
            ("?finish=true&total=1", "finish"),
            ("?import=x&finish=true", "total"),
            ("?import=x&total=1", "total"),
            ("?import=x&finish=true&total=-1", "total"),
            ("?import=x&finish=yes", "finish"),
            ("?import=x&missing=delete", "missing"),
            ("?import=", "import"),
            ("?imports=x", "imports"),
        ],
    )
    def test_with_a_wrong_parameter_is_refused(self, staff_client, query, field):
        answer = put(staff_client, [product("a")], query)

        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, field)
        assert not Product.objects.exists()


class TestUsers:
    def test_are_stored_and_answered_one_by_one(self, staff_client):
        known = UserFactory(external_id="b", name="Bert")
        same = UserFactory(external_id="c", name="Cleo")

        answer = staff_client.put(
            "/users/bulk",
            [
                {"external_id": "a", "name": "Anna"},
                {"external_id": "b", "name": "Berta"},
                {"external_id": "c", "name": "Cleo"},
                {"external_id": "d", "name": ""},
                {"external_id": "a", "name": "Again"},
            ],
        )

        body = answer.json()
        results = body.pop("results")
        assert answer.status_code == 207
        assert body == {"count": 5, "created": 1, "updated": 1, "unchanged": 1, "refused": 2}
        assert [row["status"] for row in results] == [201, 200, 200, 422, 409]
        assert [row["id"] for row in results[1:3]] == [known.pk, same.pk]
        assert set(User.objects.values_list("name", flat=True)) == {"Anna", "Berta", "Cleo"}

    def test_that_were_merged_lead_to_the_other_one(self, staff_client):
        guest, account = UserFactory(external_id="guest"), UserFactory(external_id="account")
        merge_user(user={"pk": guest.pk}, into={"pk": account.pk}, now=NOON)

        answer = staff_client.put("/users/bulk", [{"external_id": "guest", "name": "G"}]).json()

        (row,) = answer["results"]
        assert (row["status"], row["id"]) == (409, None)
        assert row["errors"][0]["message"] == f"'guest' was merged into user {account.pk}. Change that one."
        assert User.objects.count() == 1

    def test_refuse_fields_of_products(self, staff_client):
        (row,) = staff_client.put("/users/bulk", [{"external_id": "a", "name": "A", "price": 1}]).json()[
            "results"
        ]

        assert row["errors"][0]["field"] == "price"


TEXTS = st.sampled_from(
    [
        "",
        " ",
        "Cup",
        " Cup ",
        "e\u0301",
        "\u200bx",
        "a\x07",
        "x" * 255,
        "x" * 256,
        "A>B",
        "A > ",
        "'=1",
        "\ud800",
    ]
)
TIMES = st.sampled_from([None, "2026-01-01", "2026-01-01T10:00:00+01:00", "soon", 5])
NUMBERS = st.sampled_from([None, 0, 5, -1, 4.5, 4.005, 1e22, "4.50", "x", True, 2**31, 7.0])
VALUES = {
    "external_id": TEXTS | st.just("a/b") | st.none(),
    "name": TEXTS | st.just(3),
    "category": TEXTS | st.none(),
    "brand": TEXTS,
    "group": TEXTS | st.none(),
    "price": NUMBERS,
    "sale_price": NUMBERS,
    "sale_from": TIMES,
    "sale_until": TIMES,
    "stock": NUMBERS,
    "url": st.sampled_from(["", "https://a.example/b", " https://a.example/b ", "ftp://x", "http://a b"]),
    "description": TEXTS | st.just("two\nlines"),
    "tags": st.lists(TEXTS, max_size=3) | st.just([1]) | st.just("x"),
    "attributes": st.sampled_from([{}, {"a": ["b"]}, {"a": "b"}, [], {" a": ["b ", "b"]}]),
    "is_active": st.sampled_from([True, False, 1, None]),
    "current_price": st.just(5),
    "unknown": st.just(1),
}


class TestPlainRows:
    @given(st.fixed_dictionaries({}, optional=VALUES))
    @settings(max_examples=150)
    def test_are_read_as_by_the_serializer(self, values):
        row = {**product(), **values}

        plain = row_inputs._plain_product(row)

        if plain is not None:
            checked = row_inputs.ProductRowInput().run_validation(row)
            assert {**checked, **plain} == dict(checked)

    def test_are_most(self):
        row = product("é", tags=["x"], stock=3, category="A>B", attributes={"a": ["b"]}, price=4.5)

        assert row_inputs._plain_product(row)["category"] == "A > B"
