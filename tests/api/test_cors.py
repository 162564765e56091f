"""Other sites may read the API only when CORS_ALLOWED_ORIGINS lists them."""

import pytest

pytestmark = pytest.mark.django_db

SHOP = "https://shop.example"


@pytest.fixture(autouse=True)
def _listed(settings, open_reads):
    settings.CORS_ALLOWED_ORIGINS = [SHOP]


class TestCors:
    def test_lets_a_listed_origin_in(self, client):
        answer = client.get("/products", headers={"origin": SHOP})

        assert answer.headers["Access-Control-Allow-Origin"] == SHOP

    @pytest.mark.parametrize("origin", ["https://evil.example", "http://shop.example", "null"])
    def test_says_nothing_to_others(self, client, origin):
        answer = client.get("/products", headers={"origin": origin})

        assert "Access-Control-Allow-Origin" not in answer.headers

    def test_answers_the_preflight(self, client):
        answer = client.options(
            "/interactions", headers={"origin": SHOP, "access-control-request-method": "POST"}
        )

        assert answer.headers["Access-Control-Allow-Origin"] == SHOP
        assert "POST" in answer.headers["Access-Control-Allow-Methods"]

    def test_lets_no_cookie_through(self, client):
        answer = client.get("/products", headers={"origin": SHOP})

        assert "Access-Control-Allow-Credentials" not in answer.headers
