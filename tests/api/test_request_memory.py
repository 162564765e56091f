"""Nothing of a request's body survives its response: all of it is freed without the garbage collector."""

import gc
import json
import logging
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

import pytest
from django.core.handlers.base import BaseHandler
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpResponse
from django.test import RequestFactory
from pytest_django import Settings

from access.services import tokens
from tests.api.events import event
from tests.factories import ProductFactory, StaffFactory, UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]
MARK = "to-be-freed"
FORM = "application/x-www-form-urlencoded"
Send = Callable[..., HttpResponse]


@pytest.fixture
def send(db: None, settings: Settings) -> Iterator[Send]:
    """A function that sends a request through all middleware, as test clients keep requests.

    Nothing is logged meanwhile, as pytest keeps what was logged.
    """
    settings.API_OPEN_READS = True
    UserFactory(external_id="anna")
    ProductFactory(external_id="lamp")
    token = f"Bearer {tokens.access_token(StaffFactory())}"
    handler = BaseHandler()
    handler.load_middleware()

    def sent(
        method: str, path: str, body: bytes, content_type: str = "application/json", *, csrf: bool = True
    ) -> HttpResponse:
        headers = {} if "admin" in path else {"authorization": token}
        made = RequestFactory().generic(method, path, body, content_type=content_type, headers=headers)
        request = WSGIRequest(made.environ)
        request._dont_enforce_csrf_checks = not csrf  # type: ignore[attr-defined]
        return handler.get_response(request)

    logging.disable()
    yield sent
    logging.disable(logging.NOTSET)


def texts(n: int) -> list[str]:
    return [f"{MARK}-{number:06}-{'x' * 40}" for number in range(n)]


EVENTS = [event(event_id=text) for text in texts(100)]
NESTED: Any = MARK
for _ in range(30):
    NESTED = {MARK: [NESTED]}
BODIES: dict[str, tuple[str, str, Any]] = {
    "a product": ("POST", "/products", {"name": MARK, "price": 1, "tags": texts(90)}),
    "a product that is wrong": ("POST", "/products", {"name": 1, "tags": texts(90)}),
    "a product with too many tags": ("PATCH", "/products/ext:lamp", {"tags": texts(1000)}),
    "a product with unknown fields": ("PUT", "/products/ext:new", dict.fromkeys(texts(1000), 1)),
    "a product with nested fields": (
        "POST",
        "/products",
        {"name": NESTED, "price": NESTED, "tags": [NESTED]},
    ),
    "a user": ("POST", "/users", {"name": MARK}),
    "a user with unknown fields": ("POST", "/users", dict.fromkeys(texts(1000), 1)),
    "a user that is a list": ("POST", "/users", texts(1000)),
    "a user with a control character": ("POST", "/users", {"name": f"{MARK}\u0000", "external_id": MARK}),
    "a product with a long text": (
        "POST",
        "/products",
        {"name": MARK, "price": 1, "description": MARK * 9000},
    ),
    "a product with a price below zero": ("POST", "/products", {"name": MARK, "price": -1}),
    "events with a control character": ("POST", "/interactions", [event(event_id=f"{MARK}\u0000")]),
    "events with a bad reference": ("POST", "/interactions", [event(user_id=f"ext:{MARK}/")]),
    "a visit to a control character": ("POST", "/recommend/session", {"strategy": f"{MARK}\u0000"}),
    "a long login": ("POST", "/token", {"username": MARK * 100, "password": MARK * 1000}),
    "a login with a control character": ("POST", "/token", {"username": f"{MARK}\u0000", "password": MARK}),
    "a category": ("POST", "/categories", {"name": texts(1000)}),
    "a category that does not exist": ("PUT", "/categories/0", {"name": texts(1000)}),
    "events": ("POST", "/interactions", EVENTS),
    "events of which one is wrong": ("POST", "/interactions", [*EVENTS, event(product_id=f"ext:{MARK}")]),
    "events that are all wrong": ("POST", "/interactions", texts(1000)),
    "events in bulk": ("POST", "/interactions/bulk", [*EVENTS, *texts(100), dict.fromkeys(texts(50), 1)]),
    "a visit": ("POST", "/recommend/session", {"product_ids": ["ext:lamp"], "exclude": ["ext:lamp"]}),
    "a visit to nothing": ("POST", "/recommend/session", {"product_ids": [f"ext:{t}" for t in texts(150)]}),
    "a visit with objects": ("POST", "/recommend/session", {"product_ids": [{t: 0} for t in texts(150)]}),
    "a login": ("POST", "/token", {"username": MARK, "password": MARK}),
    "a login that is wrong": ("POST", "/token", {"username": "kept", "password": texts(1000)}),
    "a token": ("POST", "/token/verify", {"token": "x" * 4000, MARK: texts(500)}),
    "a shopper's token": ("POST", "/token/shopper", {"user": texts(1000)}),
    "an address that does not exist": ("POST", "/nowhere", texts(1000)),
    "a method that does not exist": ("DELETE", "/token", texts(1000)),
}


@contextmanager
def collector_off(flags: int = 0) -> Iterator[None]:
    """Collect only when told to, and look only at objects that are made meanwhile."""
    gc.collect()
    gc.freeze()  # or each collection would walk through all modules
    gc.disable()
    gc.set_debug(flags)
    try:
        yield
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()
        gc.unfreeze()


def survivors(send: Send, *request: Any, **others: Any) -> list[str]:
    """Return the types of the objects that hold a text of the body until the collector frees them."""
    send(*request, **others)  # what a first request leaves in caches is meant to stay
    with collector_off(gc.DEBUG_SAVEALL):
        send(*request, **others)
        gc.collect()
        return [
            type(one).__name__
            for one in gc.garbage
            if any(MARK in _text(held) for held in gc.get_referents(one))
        ]


def _text(held: object) -> str:
    return held.decode(errors="replace") if isinstance(held, bytes) else held if isinstance(held, str) else ""


class TestBody:
    @pytest.mark.parametrize("kind", BODIES)
    def test_is_freed_with_its_response(self, send, kind):
        method, path, body = BODIES[kind]

        assert survivors(send, method, path, json.dumps(body).encode()) == []

    @pytest.mark.parametrize("form", [{"username": MARK, "password": MARK}, dict.fromkeys(texts(500), MARK)])
    @pytest.mark.parametrize(
        ("path", "csrf"),
        [
            ("/admin/login/", True),
            ("/admin/catalog/product/add/", True),
            ("/admin/catalog/product/add/", False),
        ],
    )
    def test_of_a_page_is_freed_with_its_response(self, send, form, path, csrf):
        assert survivors(send, "POST", path, urlencode(form).encode(), FORM, csrf=csrf) == []

    def test_that_is_not_json_is_freed_with_its_response(self, send):
        assert survivors(send, "POST", "/users", f'{{"name": "{MARK}"'.encode()) == []

    def test_in_lines_is_freed_with_its_response(self, send):
        body = "\n".join(json.dumps(one) for one in [*EVENTS, *texts(100)]) + "\n{"

        assert survivors(send, "POST", "/interactions/bulk", body.encode(), "application/x-ndjson") == []


@pytest.mark.parametrize("kind", ["a visit with objects", "a user with unknown fields", "events in bulk"])
def test_many_bodies_take_no_more_memory_than_one(send, kind):
    method, path, body = BODIES[kind]
    request = method, path, json.dumps(body).encode()
    for _ in range(3):
        send(*request)
    with collector_off():
        tracemalloc.start()
        try:
            for _ in range(20):
                send(*request)
            held, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

    assert held < 20 * len(request[2]) / 4
