"""Whatever is thrown at a parameter, an id or a body: an answer or a problem, never a crash."""

import json

import pytest

from tests.factories import InteractionFactory, ProductFactory, UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

TEXTS = [
    "' OR '1'='1",
    "'; DROP TABLE catalog_product; --",
    '" UNION SELECT password FROM catalog_user --',
    "1); DELETE FROM catalog_user; --",
    "{{7*7}}${7*7}%s%d%n",
    "../../etc/passwd",
    "<script>alert(1)</script>",
    "a\x00b",
    "\x00",
    "a\r\nSet-Cookie: x=1",
    "\x1b[31m",
    "\x85",
    "\u202eabc\u2066",
    "\ufffe\uffff",
    "\U0010ffff",
    "Z͑ͫ̓a̴l̶g̷o̸",
    "İıſK",
    "%",
    "_",
    "\\",
    "%25%00",
    "None",
    "NaN",
    "-Infinity",
    "1e999999999",
    "0x10",
    "1_000",
    "-0",
    "9" * 19,
    "9" * 100,
    "9" * 5000,
    "-" + "9" * 100,
    "0." + "0" * 5000 + "1",
    "a" * 60_000,
    "%" * 60_000,
    "[]",
    "*",
]
# Those that the OpenAPI document names are in test_every_parameter.py.
PARAMETERS = {
    "/schema": ["lang", "version", "format"],
    "/docs": ["lang", "version"],
    "/categories": ["x"],
    "/": ["x"],
}
ADDRESSES = [
    *PARAMETERS,
    "/users",
    "/products",
    "/trending",
    "/recommend/ext:anna",
    "/users/ext:anna/interactions",
]


@pytest.fixture(autouse=True)
def shop(open_reads):
    InteractionFactory(user=UserFactory(external_id="anna"), product=ProductFactory(external_id="lamp"))


def assert_sane(answer) -> None:
    assert answer.status_code < 500
    if answer.status_code >= 400:
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert set(answer.json()) >= {"type", "title", "status", "detail"}


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
class TestHostileText:
    def test_as_a_parameter(self, client, text):
        for path, names in PARAMETERS.items():
            for name in names:
                assert_sane(client.get(path, {name: text}))

    def test_as_the_name_of_a_parameter(self, client, text):
        for path in ADDRESSES:
            assert_sane(client.get(path, {text: "1"}))

    def test_as_an_id(self, client, staff_client, text):
        for form in (text, f"ext:{text}"):
            for path in (
                "/users/{}",
                "/users/{}/interactions",
                "/products/{}",
                "/products/{}/similar",
                "/recommend/{}/buy-again",
                "/categories/{}",
                "/{}",
            ):
                assert_sane(client.get(path.format(form)))
            assert_sane(staff_client.delete(f"/products/{form}"))
            assert_sane(staff_client.patch(f"/users/{form}", {"name": "x"}))
            assert_sane(staff_client.put(f"/products/{form}", {"name": "x", "price": 1}))

    def test_as_the_name_of_a_field(self, staff_client, text):
        for path in ("/users", "/products", "/categories", "/interactions", "/token", "/recommend/session"):
            for body in ({text: text}, {"name": "x", "price": 1, text: [text]}, [{text: {text: text}}]):
                assert_sane(staff_client.post(path, body))


class TestHostileBytes:
    @pytest.mark.parametrize(
        "query", ["search=%ED%A0%80", "search=%FF%FE", "%00=1", "search=%C0%AF", "page=%", "&&&=&", "search"]
    )
    def test_in_the_query(self, client, query):
        assert_sane(client.get(f"/products?{query}"))

    @pytest.mark.parametrize(
        "path", ["/products/%ED%A0%80", "/users/ext:%FF", "/%00", "/products/ext:%F0%9F%91%9F"]
    )
    def test_in_the_path(self, client, path):
        assert_sane(client.get(path))

    @pytest.mark.parametrize(
        "value", [10**400, -(10**400), 2**63, 2**64, 1e308, -0.0, 0.1 + 0.2, [[[]]], {"a": {}}]
    )
    @pytest.mark.parametrize(
        ("path", "field"),
        [
            ("/products", "price"),
            ("/products", "stock"),
            ("/products", "tags"),
            ("/users", "name"),
            ("/interactions", "user_id"),
            ("/recommend/session", "product_ids"),
            ("/recommend/session", "min_price"),
            ("/recommend/session", "diversity"),
            ("/recommend/session", "exclude"),
        ],
    )
    def test_of_numbers_and_nests_in_a_body(self, staff_client, path, field, value):
        others = {"product_ids": ["ext:lamp"]} if "session" in path else {"name": "x", "price": 1}
        body = json.dumps({**others, field: value})

        assert_sane(staff_client.post(path, body, content_type="application/json"))

    @pytest.mark.parametrize(
        "header", ["accept", "content-type", "origin", "cookie", "referer", "x-forwarded-for"]
    )
    @pytest.mark.parametrize(
        "value", ["", ",,,;;;", "a" * 10_000, "application/json; charset=bz2_codec", "é\x80"]
    )
    def test_in_a_header(self, client, header, value):
        assert_sane(client.get("/products", headers={header: value}))
