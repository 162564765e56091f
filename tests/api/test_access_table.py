"""Authorization of every URL, method and kind of caller, compared with the table in docs/security.md."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from access.scopes import Scope
from access.services import tokens
from tests.api.access_table import OF_API, OTHERS, TABLE
from tests.api.access_world import ask, shown
from tests.api.callers import Caller, bearer, clerk_with, everybody, key_header, key_with, shopper_token
from tests.factories import AccountFactory

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.any_database]

# Open reads are for those without credentials; bad ones are refused all the same. Of anybody else the table
# says nothing about them.
OPEN = {
    "nobody": (False, True),
    "bad": (True,),
    **dict.fromkeys(("shopper", "other", "staff", "key"), (False,)),
}
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def urls(patterns: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every URL of the URLconf, in the table's notation, with its view."""
    for pattern in patterns:
        text = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from urls(pattern.url_patterns, text)
        elif isinstance(pattern, URLPattern):
            plain = re.sub(r"\(\?P<(\w+)>[^)]*\)", r"{\1}", text)
            plain = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", plain)
            plain = plain.replace("^(?!admin$)", "anything else").replace("^", "").replace("$", "")
            yield plain if plain == "anything else" else "/" + plain.removesuffix("/?"), pattern.callback


URLS = list(urls(get_resolver().url_patterns))
OF_ADMIN = [address for address, _ in URLS if address.startswith("/admin/")]


def methods_of(view: Any) -> set[str]:
    """Return the methods of the view except HEAD and OPTIONS."""
    actions = getattr(view, "actions", None) or (dir(view.cls) if hasattr(view, "cls") else ["get"])
    return {method for method in METHODS if method.lower() in actions}


class TestTable:
    def test_has_a_row_for_every_address_and_method_and_no_other(self):
        in_table = {(row.address, row.method) for row in OF_API}
        in_code = {
            (address, method)
            for address, view in URLS
            if not address.startswith("/admin/") and address not in OTHERS
            for method in methods_of(view)
        }

        assert len(OF_API) == len(in_table) > 30
        assert in_table == in_code

    def test_covers_the_admin_and_what_leads_nowhere(self):
        rest = {row.address for row in TABLE} - {row.address for row in OF_API}

        assert rest == OTHERS
        assert "/metrics" in dict(URLS)
        assert len(OF_ADMIN) > 40

    def test_names_every_scope(self):
        assert {row.key.strip("`") for row in TABLE} - {"any", "no", "login", "404", "token"} == set(Scope)


@pytest.mark.parametrize("row", OF_API, ids=lambda row: row.named)
class TestEveryAddress:
    def test_answers_every_caller_as_the_table_says(self, row, settings, world, shopper, other):
        path, body = world.path(row), world.body(row)
        callers = list(everybody(shopper, other, row.permissions()))
        wrong = {}

        for caller, is_open in [(one, is_open) for one in callers for is_open in OPEN[one.kind]]:
            settings.API_OPEN_READS = is_open
            answer = ask(caller, row.method, path, body)
            expected = row.says(caller, reads_are_open=is_open)
            if shown(answer) != expected:
                wrong[caller.name, is_open] = (
                    answer.status_code,
                    f"should be {expected}",
                    answer.content[:200],
                )
            elif expected in (401, 403):
                assert answer.headers["Content-Type"] == "application/problem+json"
            if expected == 401:
                assert answer.headers["WWW-Authenticate"].startswith("Bearer realm="), caller.name

        assert wrong == {}
        assert len(callers) > 30


@pytest.mark.parametrize("row", [row for row in OF_API if ":" in row.key], ids=lambda row: row.named)
class TestEveryRefusal:
    def test_names_the_scope_or_permission_that_lacks(self, row, world):
        scope = Scope(row.key.strip("`"))
        wrong = next(one for one in Scope if one != scope)
        key, clerk = key_header(key_with(wrong)), bearer(tokens.access_token(clerk_with()))

        of_key = ask(Caller("", "", key), row.method, world.path(row), world.body(row)).json()
        assert of_key["detail"] == f"This needs a key with the scope {scope}."
        if permissions := row.permissions():
            of_staff = ask(Caller("", "", clerk), row.method, world.path(row), world.body(row)).json()
            assert all(name in of_staff["detail"] for name in permissions)


@pytest.mark.parametrize("address", sorted({row.address for row in OF_API if "/health/" not in row.address}))
class TestEveryOtherMethod:
    def test_is_refused_to_everybody(self, address, world, staff_client):
        mine = [row for row in OF_API if row.address == address]
        answered = {row.method for row in mine}

        refused = {m: getattr(staff_client, m.lower())(world.path(mine[0])).status_code for m in METHODS}

        assert {m: s for m, s in refused.items() if m not in answered} == dict.fromkeys(
            set(METHODS) - answered, 405
        )


@pytest.mark.parametrize("row", [row for row in OF_API if row.nobody != "yes"], ids=lambda row: row.named)
class TestLooking:
    @pytest.mark.parametrize("method", ["head", "options"])
    def test_is_no_way_around(self, row, method, world, client):
        assert getattr(client, method)(world.path(row)).status_code == 401


def filled(address: str) -> str:
    return re.sub(r"\{\w+\}", "1", address)


class TestAdmin:
    @pytest.mark.parametrize("address", OF_ADMIN)
    def test_sends_whoever_has_no_session_to_its_login(self, address, shopper, member):
        key = key_header(key_with(*Scope))
        callers = [
            Caller("nobody", "nobody"),
            Caller("shopper", "shopper", bearer(shopper_token(shopper))),
            Caller("account", "nobody", session=AccountFactory()),
            Caller("staff", "staff", bearer(tokens.access_token(member))),
            Caller("key", "key", key),
        ]

        answers = {caller.client.get(filled(address)) for caller in callers}

        if address == "/admin/login/":
            assert {answer.status_code for answer in answers} == {200}
            return
        assert {answer.status_code for answer in answers} == {302}
        assert all(a.headers["Location"].startswith("/admin/") for a in answers)
        assert all("login" in a.headers["Location"] or address == "/admin/logout/" for a in answers)

    def test_lets_staff_in(self, member):
        client = Client()
        client.force_login(member)

        assert client.get("/admin/").status_code == 200
