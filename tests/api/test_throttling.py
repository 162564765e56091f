"""Requests over a rate limit get 429 until earlier ones leave the window; every answer says what is left."""

from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client
from rest_framework.test import APIClient

from access.scopes import Scope
from access.services import tokens
from observe import metrics
from recsite.config.throttle_rates import rates
from tests.api.callers import bearer, clerk_with, key_header, key_with
from tests.api.conftest import limit
from tests.api.test_access_table import URLS, methods_of
from tests.contracts.window_counter import Clock
from tests.factories import InteractionFactory, StaffFactory

pytestmark = pytest.mark.django_db

HERE, THERE = "192.0.2.1", "192.0.2.2"
MINUTE = 60.0


@pytest.fixture(autouse=True)
def _limits(settings, clock: Clock) -> None:
    limit(settings, "all=3/m")


def client_with(authorization: str) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=authorization)
    return client


def statuses(client: Any, n: int, path: str = "/products", **how: Any) -> list[int]:
    return [client.get(path, **how).status_code for _ in range(n)]


@pytest.fixture
def key_client(db) -> APIClient:
    return client_with(key_header(key_with(*Scope)))


class TestEveryView:
    """Every view has a throttle scope; one without it would fail on every request."""

    @pytest.mark.parametrize("address", [address for address, view in URLS if hasattr(view, "cls")])
    def test_says_by_which_pace_each_of_its_methods_goes(self, address: str):
        for view in (view for named, view in URLS if named == address):
            paces = view.initkwargs.get("throttle_scopes") or view.cls.throttle_scopes

            assert methods_of(view) <= set(paces)

    def test_is_all_but_the_admin_and_what_looks_after_us(self):
        plain = {address for address, view in URLS if not hasattr(view, "cls")}

        assert {address for address in plain if not address.startswith("/admin/")} == {
            "/health/live",
            "/health/ready",
            "/metrics",
            "anything else",
        }


class TestRefusal:
    def test_comes_after_so_many_and_says_when_to_come_back(self, key_client, clock):
        assert statuses(key_client, 3) == [200] * 3
        clock.now += 42.5

        answer = key_client.get("/products")

        assert answer.status_code == 429
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.headers["Retry-After"] == "18"
        assert answer.json() == {
            "type": "about:blank",
            "title": "Too Many Requests",
            "status": 429,
            "detail": "The rate limit is 3 requests per minute (read, by key). Try again in 18 seconds.",
        }

    def test_ends_with_the_window(self, key_client, clock):
        statuses(key_client, 3)
        clock.now += MINUTE - 0.001
        assert statuses(key_client, 1) == [429]

        clock.now += 0.001

        assert statuses(key_client, 4) == [200, 200, 200, 429]

    def test_never_asks_for_what_no_longer_holds_by_less_than_a_second(self, key_client, clock):
        statuses(key_client, 3)
        clock.now += MINUTE - 0.001

        assert key_client.get("/products").headers["Retry-After"] == "1"

    def test_changes_nothing(self, key_client, settings):
        limit(settings, "write=1/m")
        assert [key_client.post("/categories", {"name": name}).status_code for name in "ab"] == [201, 429]

        limit(settings)

        assert key_client.get("/categories").json()["count"] == 1

    def test_is_counted(self, key_client, monkeypatch):
        refused = []
        monkeypatch.setattr(metrics.recorder, "throttled", lambda *what: refused.append(what))

        statuses(key_client, 5)

        assert refused == [("read", "key")] * 2

    def test_is_logged_once_a_window_without_what_was_shown(self, caplog):
        caplog.set_level("INFO")
        made = key_with(*Scope)

        statuses(client_with(key_header(made)), 6)

        assert caplog.text.count("exceeded the rate limit") == 1
        assert f"key:{made.row.prefix}" in caplog.text
        assert made.text not in caplog.text


class TestHeaders:
    NAMES = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")

    def headers_of(self, answer: Any) -> list[str | None]:
        return [answer.headers.get(name) for name in self.NAMES]

    def test_count_down(self, key_client, clock):
        found = []
        for _ in range(4):
            found.append(self.headers_of(key_client.get("/products")))
            clock.now += 10

        assert found == [["3", "2", "60"], ["3", "1", "50"], ["3", "0", "40"], ["3", "0", "30"]]

    @pytest.mark.parametrize(
        ("path", "status"), [("/products/999", 404), ("/products?colour=red", 400), ("/runs/1", 403)]
    )
    def test_are_on_errors(self, key_client, path: str, status: int):
        answer = key_client.get(path)

        assert answer.status_code == status
        assert self.headers_of(answer) == ["3", "2", "60"]

    def test_are_on_a_304(self, key_client, lamp):
        tag = key_client.get("/products").headers["ETag"]

        answer = key_client.get("/products", headers={"if-none-match": tag})

        assert answer.status_code == 304
        assert self.headers_of(answer) == ["3", "1", "60"]

    def test_are_on_a_list_that_is_given_again(self, key_client):
        event = InteractionFactory()
        asked = [key_client.get(f"/recommend/{event.user_id}") for _ in range(2)]

        assert [self.headers_of(answer) for answer in asked] == [["3", "2", "60"], ["3", "1", "60"]]
        assert asked[0].content == asked[1].content

    def test_are_not_where_there_is_no_limit(self, key_client, settings):
        limit(settings)

        assert self.headers_of(key_client.get("/products")) == [None] * 3

    def test_may_be_read_by_pages_of_listed_origins(self, key_client, settings):
        settings.CORS_ALLOWED_ORIGINS = ["https://shop.example"]

        answer = key_client.get("/products", headers={"origin": "https://shop.example"})

        exposed = answer.headers["Access-Control-Expose-Headers"]
        assert {*self.NAMES, "Retry-After", "ETag"} <= set(exposed.split(", "))


class TestWhoIsCounted:
    def test_is_each_key_by_itself(self, key_client):
        statuses(key_client, 4)

        assert statuses(client_with(key_header(key_with(*Scope))), 1) == [200]

    def test_is_a_key_wherever_it_comes_from(self, key_client):
        assert statuses(key_client, 2, REMOTE_ADDR=HERE) == [200] * 2

        assert statuses(key_client, 2, REMOTE_ADDR=THERE) == [200, 429]

    def test_is_a_user_by_session_and_token_together(self):
        member = StaffFactory()
        session = Client()
        session.force_login(member)

        assert statuses(session, 2) == [200] * 2

        assert statuses(client_with(bearer(tokens.access_token(member))), 2) == [200, 429]

    def test_is_each_shopper_by_themselves(self, shopper, other):
        mine, theirs = (
            client_with(bearer(tokens.shopper_token(user.pk, user.external_id))) for user in (shopper, other)
        )

        assert statuses(mine, 4, "/trending") == [200] * 3 + [429]
        assert statuses(theirs, 1, "/trending") == [200]

    def test_is_an_account_apart_from_the_shopper_of_the_same_number(self, shopper):
        staff = client_with(bearer(tokens.access_token(StaffFactory(pk=shopper.pk))))
        browser = client_with(bearer(tokens.shopper_token(shopper.pk, shopper.external_id)))

        assert statuses(browser, 4, "/trending") == [200] * 3 + [429]
        assert statuses(staff, 1, "/trending") == [200]

    def test_is_an_address_of_whom_nobody_knows(self, client):
        assert statuses(client, 4, "/", REMOTE_ADDR=HERE) == [200] * 3 + [429]

        assert statuses(client, 1, "/", REMOTE_ADDR=THERE) == [200]

    def test_is_no_address_that_a_caller_made_up(self, client):
        made_up = [
            client.get("/", headers={"x-forwarded-for": f"198.51.100.{n}"}, REMOTE_ADDR=HERE).status_code
            for n in range(4)
        ]

        assert made_up == [200] * 3 + [429]

    def test_is_the_address_that_a_trusted_proxy_heard(self, client, settings):
        settings.TRUSTED_PROXIES = 1
        proxied = {"REMOTE_ADDR": "10.0.0.1"}

        heard = [
            client.get("/", headers={"x-forwarded-for": f"203.0.113.{n}, {HERE}"}, **proxied).status_code
            for n in range(4)
        ]

        assert heard == [200] * 3 + [429]
        assert statuses(client, 1, "/", headers={"x-forwarded-for": THERE}, **proxied) == [200]

    def test_is_whoever_has_an_ipv6_address_with_all_their_others(self, client):
        theirs = [client.get("/", REMOTE_ADDR=f"2001:db8:1:2::{n}").status_code for n in range(1, 5)]

        assert theirs == [200] * 3 + [429]
        assert statuses(client, 1, "/", REMOTE_ADDR="2001:db8:1:3::1") == [200]


class TestWhatIsCounted:
    def test_is_each_scope_by_itself(self, key_client):
        statuses(key_client, 4)

        assert statuses(key_client, 1, "/trending") == [200]
        assert key_client.post("/categories", {"name": "New"}).status_code == 201
        assert key_client.post("/recommend/session", {"product_ids": "none"}).status_code == 400

    def test_is_bulk_apart_from_other_events(self, key_client, settings):
        limit(settings, "bulk=1/m")

        asked = [key_client.post("/interactions/bulk", [{}]).status_code for _ in range(2)]

        assert asked == [207, 429]
        assert key_client.post("/interactions", {}).status_code == 400

    def test_is_every_log_in_whatever_its_username(self, client, settings):
        limit(settings, "login:address=2/m")

        tried = [client.post("/token", {"username": f"u{n}", "password": "x"}) for n in range(3)]

        assert [answer.status_code for answer in tried] == [401, 401, 429]
        assert "login, by address" in tried[-1].json()["detail"]

    def test_is_what_was_refused_too(self, client):
        bad = client_with("Api-Key recs_aaaaaaaa_wrong")

        assert statuses(bad, 4, REMOTE_ADDR=HERE) == [401] * 3 + [429]
        assert statuses(client, 1, REMOTE_ADDR=HERE) == [429]

    def test_is_not_what_the_database_was_away_for(self, key_client, monkeypatch):
        def away(credential: str, now: Any) -> None:
            raise OperationalError("gone")

        monkeypatch.setattr("access.authentication.key_caller", away)

        assert statuses(key_client, 5) == [503] * 5

    def test_is_what_one_may_not_do(self):
        clerk = client_with(bearer(tokens.access_token(clerk_with())))

        tried = [clerk.post("/categories", {"name": "New"}).status_code for _ in range(4)]

        assert tried == [403] * 3 + [429]

    def test_is_a_method_that_nothing_has(self, key_client):
        assert [key_client.delete("/trending").status_code for _ in range(4)] == [405] * 3 + [429]

    @pytest.mark.parametrize("path", ["/health/live", "/health/ready", "/admin/login/", "/nowhere"])
    def test_is_not_health_nor_the_admin(self, client, path: str):
        assert 429 not in statuses(client, 10, path)


class TestOpenReads:
    def test_are_not_limited_for_this_machine(self, client, settings, open_reads):
        settings.THROTTLE_RATES = rates([], open_reads=True)

        assert "RateLimit-Limit" not in client.get("/products").headers
        assert client.get("/token").headers["RateLimit-Limit"] == "60"

    def test_are_when_somebody_says_so(self, client, settings, open_reads):
        settings.THROTTLE_RATES = rates(["read=2/m"], open_reads=True)

        assert statuses(client, 3) == [200, 200, 429]


class TestCost:
    def test_is_no_query(self, key_client, settings, lamp, django_assert_num_queries):
        limit(settings)
        key_client.get("/products/ext:lamp")  # from here on the key is known
        with django_assert_num_queries(1):
            key_client.get("/products/ext:lamp")
        limit(settings, "all=9/m")

        with django_assert_num_queries(1):
            assert key_client.get("/products/ext:lamp").headers["RateLimit-Remaining"] == "8"

    def test_is_no_query_for_a_session_that_nobody_asked_for(self, settings, open_reads, lamp, client):
        staff = Client()
        staff.force_login(StaffFactory())

        assert staff.get("/products").headers["RateLimit-Remaining"] == "2"
        assert client.get("/products").headers["RateLimit-Remaining"] == "1"  # the same address
