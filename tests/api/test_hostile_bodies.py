"""Hostile values in every field of every body: a message instead of a crash, and nothing stored untold."""

import json
from functools import partial
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, transaction
from rest_framework.test import APIClient

from access.scopes import Scope
from access.services import tokens
from catalog.models import Interaction, Product
from core.api.responses import OrjsonRenderer
from core.text import MAX_ERRORS
from tests.api.access_world import World
from tests.api.callers import key_header, key_with
from tests.api.events import event
from tests.api.spots import SPOTS, Spot, share
from tests.factories import StaffFactory

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
LINES = "application/x-ndjson"
BODY_SPOTS = [spot for spot in SPOTS if spot.where == "body"]
# Of each method and address, the spot that is the whole body.
WHOLES = [spot for spot in BODY_SPOTS if not spot.trail]


def nested(depth: int, opening: str = "[", closing: str = "]") -> str:
    return opening * depth + closing * depth


# No body may hold these, whatever the field.
MALFORMED = [
    *(nested(depth) for depth in (33, 255, 1023, 5_000)),
    *(nested(depth, '{"a":', "}").replace(":}", ":1}", 1) for depth in (255, 1023)),
    nested(600, '[{"":', "}]").replace(":}", ":1}", 1),
    *("9" * 400, "9" * 5_000, "-" + "9" * 5_000, "1e400", "-1e400"),
    *("NaN", "Infinity", "-Infinity", "nan", "0x10", "01", "+1", "1_000", "", "[", '{"a": 1, "a": 2}'),
    *('"a\x00b"', '"\\ud800"', '"\\udfff\\ud800"', '"\ud800"'),
]
VALUES = [
    nested(30),
    nested(29, '{"a":', "}").replace(":}", ":1}", 1),
    *("9" * 19, "-" + "9" * 19, "9" * 20, "1e308", "1e-400", "-0.0", "0.1", "1.0", "99999999999999999.99"),
    *("true", "false", "null", "[]", "{}", "[null]", "[[]]", '{"": 0}', "[true]"),
    *('""', '" "', '"\\u0000"', '"a\\u0000b"', '"\\u202eabc\\u2066"', '"\\ufffe\\uffff"'),
    *('"١٢٣"', '"１２"', '"²"', '"İıſK"', '"e\\u0301"', '"\\u200b"'),
    *('"0000-00-00T00:00:00Z"', '"9999-12-31T23:59:59Z"', '"0001-01-01T00:00:00+23:59"'),
    *('"9999-12-31T23:59:59-23:59"', '"2026-02-30T00:00:00Z"', '"2026-01-15T24:00:00Z"', '"1e999"'),
    *('"ext:"', '"ext: "', '"ext:a/b"', f'"ext:{"9" * 300}"', f'"{"9" * 5000}"', '"-1"', '"%s%(x)s{0}"'),
    f'"{"x" * 60_000}"',
    f'"{"👟" * 10_000}"',
    f"[{','.join(['{}'] * 4_000)}]",
    "{" + ",".join(f'"{n}":0' for n in range(4_000)) + "}",
]


LINES_SENT = [*MALFORMED, *VALUES]


@pytest.fixture
def staff(world: World) -> APIClient:
    client = APIClient(raise_request_exception=False)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {tokens.access_token(StaffFactory())}")
    return client


@pytest.fixture
def key(world: World) -> APIClient:
    client = APIClient(raise_request_exception=False)
    client.credentials(HTTP_AUTHORIZATION=key_header(key_with(*Scope)))
    return client


def contents() -> dict[str, list[Any]]:
    """Return the rows of every table that requests write, but for accounts, which have their last login."""
    found = {}
    for model in apps.get_models(include_auto_created=True):
        if model._meta.app_label in ("access", "catalog") and model._meta.model_name not in (
            "apikey",
            "account",
        ):
            found[model._meta.label_lower] = sorted(map(repr, model._default_manager.values_list()))
    return found


def post(client: APIClient, spot: Spot, world: World, body: bytes, content_type: str = "application/json"):
    return client.generic(spot.row.method, world.path(spot.row), body, content_type=content_type)


@pytest.mark.parametrize("spot", BODY_SPOTS, ids=str)
def test_every_field_answers_every_value(spot, world, staff, key):
    """Each field gets a third of the values, and fields of the same type the others."""
    client = key if spot.row.named == "POST /token/shopper" else staff
    before, wrong = contents(), []
    for text in share(spot, VALUES, 3) if spot.trail else [*VALUES, *MALFORMED]:
        with transaction.atomic():
            written: list[str] = []
            with connection.execute_wrapper(partial(note_writes, written)):
                answer = post(client, spot, world, spot.raw_body(world, text))
            if problem := fault(answer, before, contents() if written else before):
                wrong.append((text[:60], answer.status_code, problem))
            transaction.set_rollback(True)

    assert wrong == []


def note_writes(written: list[str], execute: Any, sql: str, *others: Any) -> Any:
    """Execute the statement, and note it if it writes."""
    if sql.startswith(("INSERT", "UPDATE", "DELETE")) or "INSERT INTO" in sql:
        written.append(sql)
    return execute(sql, *others)


def fault(answer, before: dict[str, list[Any]], now: dict[str, list[Any]]) -> str | None:
    """Return what is wrong with an answer: a crash, or something stored that it does not tell."""
    if answer.status_code >= 500:
        return "crashed"
    if len(answer.content) > 500_000:
        return f"has {len(answer.content)} bytes"
    document = answer.json() if answer.content else {}
    if answer.status_code >= 400:
        if len(document.get("errors", ())) > MAX_ERRORS + 1:
            return "tells too many errors"
        return None if now == before else "stored although it refuses"
    n_stored = len(now["catalog.interaction"]) - len(before["catalog.interaction"])
    reported = 0
    if answer.request["REQUEST_METHOD"] == "POST" and answer.request["PATH_INFO"].startswith("/interactions"):
        reported = document.get("stored", document.get("count", 1 if "event_id" in document else 0))
    return None if n_stored == reported else f"stored {n_stored} interactions, tells {reported}"


@pytest.mark.parametrize("text", LINES_SENT, ids=range(len(LINES_SENT)))
def test_every_line_in_bulk_answers_every_value(text, world, staff):
    sent = json.dumps(event()).encode() + b"\n" + text.encode(errors="surrogatepass")

    answer = staff.generic("POST", "/interactions/bulk", sent, content_type=LINES)

    reported = answer.json()
    assert answer.status_code == (207 if len(reported["results"]) == 1 + bool(text) else None)
    assert (reported["stored"], Interaction.objects.exclude(pk=world.event.pk).count()) == (1, 1)


class TestRepeatedField:
    @pytest.mark.parametrize(
        ("path", "body", "name"),
        [
            ("/users", '{"name": "A", "name": "B"}', "name"),
            ("/products", '{"name": "A", "price": 1, "price": 2}', "price"),
            ("/categories", '{"name": "A", "na\\u006de": "B"}', "name"),
            (
                "/interactions",
                '[{"user_id": 1, "user_id": 2, "product_id": 1, "action_type": "view"}]',
                "user_id",
            ),
            (
                "/interactions/bulk",
                '[{"user_id": 1, "user_id": 2, "product_id": 1, "action_type": "view"}]',
                "user_id",
            ),
            ("/recommend/session", '{"product_ids": [1], "product_ids": [2]}', "product_ids"),
            ("/token", '{"username": "a", "password": "b", "password": "c"}', "password"),
        ],
    )
    def test_is_refused_by_name(self, staff_client, path, body, name):
        answer = staff_client.post(path, body, content_type="application/json")

        assert answer.status_code == 400
        assert f"The field {name!r} occurs twice" in answer.json()["detail"]


READING = ("/recommend/batch", "/recommend/session", "/token/shopper")


class TestDefect:
    """Answers that cannot be made: nothing of what they would tell stays."""

    WRITING = [spot for spot in WHOLES if spot.row.address not in READING]

    @pytest.mark.parametrize("spot", WRITING, ids=str)
    def test_stores_nothing(self, spot, world, staff, monkeypatch):
        body = json.dumps(world.body(spot.row)).encode()
        before = contents()

        def broken(*args: Any) -> bytes:
            raise TypeError("cannot be written")

        monkeypatch.setattr(OrjsonRenderer, "render", broken)
        monkeypatch.setattr("catalog.api.bulk.to_json", broken)
        answer = post(staff, spot, world, body)

        assert answer.status_code == 500
        assert contents() == before

    def test_in_bulk_leaves_its_key_free(self, world, staff, monkeypatch):
        with monkeypatch.context() as broken:
            broken.setattr("catalog.api.bulk.to_json", None)
            first = staff.post("/interactions/bulk", [event()], headers={"Idempotency-Key": "k-1"})

        again = staff.post("/interactions/bulk", [event()], headers={"Idempotency-Key": "k-1"})

        n_stored = Interaction.objects.exclude(pk=world.event.pk).count()
        assert (first.status_code, again.status_code, n_stored) == (500, 207, 1)

    def test_of_a_deletion_keeps_the_row(self, world, staff, monkeypatch):
        def broken(*args: Any) -> None:
            raise TypeError("cannot be written")

        monkeypatch.setattr(OrjsonRenderer, "render", broken)
        answer = staff.delete("/products/ext:unsold")

        assert answer.status_code == 500
        assert Product.objects.filter(external_id="unsold").exists()


def test_a_body_is_read_before_a_transaction_begins(world, staff):
    """A body that arrives slowly must not keep a lock of the database."""
    begun = []

    def noted(execute, sql, params, many, context):
        begun.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(noted):
        answer = staff.generic("POST", "/categories", b"{", content_type="application/json")

    assert answer.status_code == 400
    assert not any("SAVEPOINT" in sql for sql in begun)
