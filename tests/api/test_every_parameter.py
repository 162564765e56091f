"""Hostile values in every spot of the API that a caller fills in: refused by name, never believed."""

from collections.abc import Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, transaction
from rest_framework.test import APIClient

from access.scopes import Scope
from access.services import tokens
from tests.api.access_world import World
from tests.api.callers import key_header, key_with
from tests.api.spots import ROWS, SPOTS, Spot, document, share
from tests.factories import StaffFactory

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

SLEEP = 86_400  # a test that has a database sleep for so long does not end in time
INJECTED = [
    "' OR '1'='1",
    "'; DROP TABLE catalog_product; --",
    "1); DELETE FROM catalog_user; --",
    '" UNION SELECT password FROM catalog_user --',
    f"'; SELECT pg_sleep({SLEEP}); --",
    f"1 OR (SELECT 1 FROM pg_sleep({SLEEP}))=1",  # noqa: S608  nobody runs it
    "ext:lamp'/**/OR/**/1=1",
    "\\'; --",
    "$$; --",
    "%' ESCAPE '!",
    "%s%(x)s%d%n{0}{0.__class__}{{7*7}}${7*7}<%= 7 %>",
    "a\x00b",
    "ext:\x00",
    "a\r\nSet-Cookie: x=1",
    "\x1b[31m\x85",
    "\u202eabc\u2066\ufeff",
    "\ufffe\uffff\U0010ffff",
    "\ud800",
    "İıſK Z͑ͫ̓a̴l̶g̷o̸",
    "../../etc/passwd%00%25",
    "=1+1",
    "-" + "9" * 400,
    "9" * 19,
    "1e999999999",
    "NaN",
    "a" * 70_000,
    "ext:" + "a" * 70_000,
]
# What no text can be, in a body.
VALUES = [
    10**400,
    -(2**63) - 1,
    1e308,
    float("nan"),
    float("-inf"),
    True,
    None,
    [],
    {},
    [[[[]]]],
    {"a": {"$ne": None}},
    ["x"] * 11_000,
]
# How databases and Python speak of errors; none of it is for callers.
BETRAYALS = (
    "syntax error",
    "psycopg",
    "sqlite",
    "traceback",
    "unterminated",
    "operationalerror",
    "dataerror",
)
CONTROL, LONG = "a\x07b", "a" * 60_000
# A secret is compared, whatever it holds, and never stored: it is wrong like any other.
SECRETS = {"password", "refresh", "token"}


@pytest.fixture
def all_powerful(world: World) -> tuple[APIClient, APIClient]:
    """Staff who may do everything, with a token, and a key that may."""
    staff, key = APIClient(), APIClient()
    staff.credentials(HTTP_AUTHORIZATION=f"Bearer {tokens.access_token(StaffFactory())}")
    key.credentials(HTTP_AUTHORIZATION=key_header(key_with(*Scope)))
    return staff, key


@contextmanager
def undone():
    """Whatever is written inside is gone afterwards."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def n_rows() -> dict[str, int]:
    """Return the number of rows of every table of ours. One statement."""
    names = sorted(model._meta.db_table for model in apps.get_models(include_auto_created=True))
    # What is counted of failed log-ins is meant to be written.
    names = [name for name in names if not name.startswith("axes_")]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(f"SELECT '{name}', COUNT(*) FROM {name}" for name in names))  # noqa: S608
        return dict(cursor.fetchall())


def sent(spot: Spot) -> Sequence[Any]:
    """Return what is tried at the spot: a quarter, and the rest at other spots of its kind."""
    if spot.where == "header":  # no server lets these pass, nor does a client send them
        return share(
            spot, [text for text in INJECTED if text.isascii() and not {"\r", "\n", "\0"} & set(text)], 4
        )
    if spot.where != "body":
        return share(spot, [text for text in INJECTED if "\ud800" not in text], 4)
    return share(spot, [*INJECTED, *VALUES], 4)


def client_of(spot: Spot, both: tuple[APIClient, APIClient]) -> APIClient:
    staff, key = both
    return key if spot.row.staff == "no" else staff


class TestSpots:
    def test_are_all_that_the_document_names(self):
        reported = {
            (f"{method.upper()} {address}", parameter["in"], parameter["name"])
            for address, methods in document()["paths"].items()
            for method, operation in methods.items()
            for parameter in operation.get("parameters", ())
        }
        with_body = {
            f"{method.upper()} {address}"
            for address, methods in document()["paths"].items()
            for method, operation in methods.items()
            if "requestBody" in operation
        }

        assert reported <= {(spot.row.named, spot.where, spot.name) for spot in SPOTS}
        assert with_body == {spot.row.named for spot in SPOTS if spot.where == "body"}
        assert {spot.where for spot in SPOTS} == {"path", "query", "header", "body"}
        assert ("tags", 0) in {spot.trail for spot in SPOTS}
        assert {(0, "event_id"), ("event_id",), ("product_ids", 0)} <= {spot.trail for spot in SPOTS}
        assert len(SPOTS) > 150

    def test_are_asked_rightly_but_for_the_value(self, world, all_powerful):
        """Or nothing would be reached behind the first thing that is wrong."""
        right = {"name": "A name", "product_ids": ["ext:lamp"], "user_id": "ext:anna", "page": 1, "top_n": 3}
        asked = [spot for spot in SPOTS if spot.name in right and spot.where in ("query", "body")]
        asked = [spot for spot in asked if not spot.trail[1:]]

        for spot in asked:
            with undone():
                answer = spot.ask(client_of(spot, all_powerful), world, right[spot.name])
            assert 200 <= answer.status_code < 300, (str(spot), answer.content)
        assert len(asked) > 15


@pytest.mark.parametrize("spot", SPOTS, ids=str)
class TestEverySpot:
    def test_takes_no_value_for_more_than_a_value(self, spot, world, all_powerful, caplog):
        client = client_of(spot, all_powerful)
        before = n_rows()

        for value in sent(spot):
            with undone():
                answer = spot.ask(client, world, value)
                refused = answer.status_code >= 400
                after = n_rows() if refused and spot.writes else before
            shown = f"{spot} = {value!r:.60}"
            assert answer.status_code < 500, (shown, answer.content[:300])
            # Or nothing would have been looked at; wrong passwords are locked out, as they should be.
            assert answer.status_code != 429 or spot.row.address == "/token", shown
            assert after == before, shown
            text = answer.content.decode()
            assert not [word for word in BETRAYALS if word in text.lower()], (shown, text[:300])
            assert len(text) < 20_000 or not refused, shown
            if refused:
                assert answer.headers["Content-Type"] == "application/problem+json", shown
        assert n_rows() == before
        assert [record for record in caplog.records if record.levelname == "ERROR"] == []


TEXTS = [spot for spot in SPOTS if spot.is_text and spot.where in ("query", "body")]


@pytest.mark.parametrize("spot", TEXTS, ids=str)
class TestEveryText:
    def test_is_refused_by_name_when_it_is_too_long_or_holds_a_control_character(
        self, spot, world, all_powerful
    ):
        client = client_of(spot, all_powerful)
        for value in [LONG] if spot.name in SECRETS else [CONTROL, LONG, f"ext:{CONTROL}", f"ext:{LONG}"]:
            with undone():
                answer = spot.ask(client, world, value)

            reported = answer.json()
            if answer.status_code == 207:
                reported = reported["results"][0]
            assert reported["status"] in (400, 422), (value[:5], reported)
            assert spot.name in {error["field"] for error in reported["errors"]}, (value[:5], reported)
            assert len(answer.content) < 5_000


LISTS = [
    spot
    for spot in SPOTS
    if spot.schema.get("type") == "array" and spot.trail != () and spot.name != "fields"
]


@pytest.mark.parametrize("spot", LISTS, ids=str)
class TestEveryList:
    def test_names_its_limit_when_it_is_too_long(self, spot, world, all_powerful):
        limit = spot.schema.get("maxItems", 200)
        value = [str(n + 1) for n in range(limit + 1)]

        with undone():
            answer = spot.ask(client_of(spot, all_powerful), world, value)

        told = answer.json()["results"][0] if answer.status_code == 207 else answer.json()
        assert told["status"] in (400, 422)
        [error] = told["errors"]
        assert error["field"] == spot.name
        assert f"{limit:,}" in error["message"]

    def test_is_found(self, spot):
        assert {one.name for one in LISTS} == {
            "category",
            "exclude",
            "group",
            "product_ids",
            "tag",
            "tags",
            "user_ids",
        }


EVENT_LIMITS = [("interactions", "1000"), ("interactions/batch", "1000"), ("interactions/bulk", "10000")]


class TestEvents:
    @pytest.mark.parametrize(("address", "limit"), EVENT_LIMITS)
    def test_name_their_limit_when_they_are_too_many(self, address, limit, world, all_powerful):
        event = world.body(ROWS["POST /interactions"])

        answer = all_powerful[0].post(f"/{address}", [event] * (int(limit) + 1))

        assert answer.status_code in (400, 413)
        assert limit in answer.json()["detail"].replace(",", "")
