"""A staff token names an account. What the account may write is read from the database each time."""

from collections.abc import Callable

import jwt
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from access.models import Account
from access.services import logins, tokens
from tests.api.access_table import OF_API, Row
from tests.api.access_world import World, ask
from tests.api.callers import Caller, bearer, clerk_with, signed
from tests.factories import StaffFactory

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.any_database]

WRITES = [row for row in OF_API if row.method != "GET" and not row.is_open_to_all()]
CHANGES = ("INSERT", "UPDATE", "DELETE")


def refused(world: World, row: Row, token: object) -> tuple[int, str]:
    """Return the status and detail of a request with the token, which must not change a row."""
    with CaptureQueriesContext(connection) as queries:
        answer = ask(Caller("", "", bearer(token)), row.method, world.path(row), world.body(row))
    changes = [query["sql"] for query in queries if query["sql"].startswith(CHANGES)]
    assert changes == []
    return answer.status_code, answer.json()["detail"]


def disable(account: Account) -> None:
    Account.objects.filter(pk=account.pk).update(is_active=False)


def demote(account: Account) -> None:
    Account.objects.filter(pk=account.pk).update(is_staff=False, is_superuser=False)


def delete(account: Account) -> None:
    Account.objects.filter(pk=account.pk).delete()


def change_password(account: Account) -> None:
    account.set_password("another-long-password")
    account.save()


@pytest.mark.parametrize("row", WRITES, ids=lambda row: row.named)
class TestStaleToken:
    @pytest.mark.parametrize("change", [disable, demote, delete, change_password])
    def test_writes_nothing(self, row, change: Callable[[Account], None], world):
        boss = StaffFactory()
        access = logins.log_in(boss, now=timezone.now()).access
        ask(Caller("", "", bearer(access)), row.method, world.path(row), world.body(row))

        change(boss)

        status, detail = refused(world, row, access)
        assert status == 403
        assert detail.startswith(("The account of this token is disabled", "This needs a key"))


@pytest.mark.parametrize("row", [row for row in WRITES if row.permissions()], ids=lambda row: row.named)
class TestForgedClaims:
    """Signed with the right key, as by somebody who has stolen it."""

    @pytest.mark.parametrize(
        "claims",
        [
            {"staff": True, "superuser": True},
            {"is_staff": True, "is_superuser": True},
            {"permissions": ["catalog.add_product"], "scope": "catalog:write"},
        ],
    )
    def test_add_no_permission(self, row, claims, world):
        real = jwt.decode(str(tokens.access_token(clerk_with())), options={"verify_signature": False})

        status, detail = refused(world, row, signed({**real, **claims}))

        assert (status, detail[:26]) == (403, "This needs the permission ")

    @pytest.mark.parametrize(
        ("mark", "status"),
        [("", 403), ("0" * 32, 403), ("\u00e9", 403), ("\ud800", 401), (0, 401), (["x"], 401)],
    )
    def test_write_as_no_superuser_without_the_mark_of_its_password(self, row, mark, status, world):
        real = jwt.decode(str(tokens.access_token(StaffFactory())), options={"verify_signature": False})

        assert refused(world, row, signed({**real, "mark": mark}))[0] == status

    def test_write_as_nobody_with_an_impossible_number(self, row, world):
        real = jwt.decode(str(tokens.access_token(StaffFactory())), options={"verify_signature": False})

        assert refused(world, row, signed({**real, "user_id": "9" * 30}))[0] == 401

    def test_write_as_no_superuser_without_any_mark(self, row, world):
        real = jwt.decode(str(tokens.access_token(StaffFactory())), options={"verify_signature": False})

        assert refused(world, row, signed({**real, "mark": None, "superuser": True}))[0] == 401


class TestWriting:
    def test_goes_on_while_the_secret_key_is_rotated(self, world, settings):
        row = next(row for row in WRITES if row.named == "POST /categories")
        access = tokens.access_token(StaffFactory())
        settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "n" * 50, [settings.SECRET_KEY]

        answer = ask(Caller("", "", bearer(access)), row.method, world.path(row), world.body(row))

        assert answer.status_code == 201

    def test_asks_the_database_once_for_the_account(self, world, django_assert_num_queries):
        boss = Caller("", "", bearer(tokens.access_token(StaffFactory())))
        boss.client.post("/categories", {"name": ""})

        with django_assert_num_queries(4):  # the account, and a transaction that is rolled back
            assert boss.client.post("/categories", {"name": ""}).status_code == 400


class TestReading:
    def test_asks_the_database_for_nothing(self, world, django_assert_num_queries):
        caller = tokens.access_token(StaffFactory())

        with django_assert_num_queries(0):
            answer = Caller("", "", bearer(caller)).client.get("/users?unknown=1")

        assert answer.status_code == 400
