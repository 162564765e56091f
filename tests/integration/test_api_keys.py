"""API keys: stored as a digest, found in one query, rotated without a gap, revoked promptly."""

import logging
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, connections
from django.utils import timezone
from rest_framework.test import APIClient

from access.errors import BadCredential, BadKeyRequest, UnknownKey
from access.key_text import digest_of, new_key, prefix_of
from access.models import ApiKey
from access.models.api_key import validate_scopes
from access.scopes import Scope
from access.services import checking
from access.services.checking import key_caller
from access.services.keys import delete_keys, find_key, make_key, may_grant, revoke_key, rotate_key
from tests.factories import StaffFactory

pytestmark = pytest.mark.django_db

NOW = timezone.now()
LATER = NOW + timedelta(days=1)


@pytest.fixture(autouse=True)
def _nobody_is_known():
    checking.forget()


def made(**others):
    return make_key(**{"name": "Shop", "scopes": [Scope.USERS_READ], "now": NOW, **others})


class TestNewKey:
    def test_has_256_random_bits_after_its_prefix(self):
        new = new_key()

        assert new.text.startswith(f"recs_{new.prefix}_")
        assert len(new.text.removeprefix(f"recs_{new.prefix}_")) == 43
        assert prefix_of(new.text) == new.prefix

    @pytest.mark.parametrize(
        "text", ["", "recs_", "recs_abcdefgh_", "recs_abcdefgh_x", f"recs_ABCDEFGH_{'x' * 43}"]
    )
    def test_is_told_from_what_is_none(self, text):
        assert prefix_of(text) is None

    def test_does_not_show_in_a_repr(self):
        new = new_key()

        assert new.text not in repr(new)
        assert "text" not in repr(made())


class TestStored:
    def test_is_only_the_digest(self):
        key = made()

        (row,) = ApiKey.objects.values()
        assert row["digest"] == digest_of(key.text)
        assert not any(key.text[14:] in str(value) for value in row.values())

    def test_has_a_scope_and_a_digest(self):
        with pytest.raises(IntegrityError):
            ApiKey.objects.create(name="x", prefix="x", digest="d", scopes="", created_at=NOW)

    def test_names_only_scopes_that_there_are(self):
        validate_scopes("users:read users:write")
        with pytest.raises(ValidationError, match="Unknown scope 'users:burn'"):
            validate_scopes("users:read users:burn")

    def test_lists_what_is_alive(self):
        living, ended, revoked = made(), made(expires_at=LATER), made()
        revoke_key(key=revoked.row, now=NOW)

        assert set(ApiKey.objects.alive(NOW)) == {living.row, ended.row}
        assert set(ApiKey.objects.alive(LATER)) == {living.row}


class TestMaking:
    def test_keeps_scopes_in_their_order(self):
        key = made(scopes=[Scope.USERS_WRITE, Scope.CATALOG_READ, Scope.USERS_WRITE])

        assert key.row.scopes == "catalog:read users:write"

    @pytest.mark.parametrize("wrong", [{"scopes": []}, {"expires_at": NOW}])
    def test_refuses_a_key_for_nothing(self, wrong):
        with pytest.raises(BadKeyRequest):
            made(**wrong)

    def test_gives_nobody_more_than_they_have(self):
        clerk = StaffFactory(is_superuser=False)

        assert [scope for scope in Scope if may_grant(clerk, scope)] == [
            *(Scope.CATALOG_READ, Scope.RECOMMEND_READ, Scope.USERS_READ, Scope.TOKENS_ISSUE)
        ]
        with pytest.raises(BadKeyRequest, match=r"catalog\.add_interaction"):
            made(scopes=[Scope.EVENTS_WRITE], created_by=clerk)
        assert not ApiKey.objects.exists()

    def test_gives_what_one_has(self):
        clerk = StaffFactory(is_superuser=False)
        clerk.user_permissions.add(Permission.objects.get(codename="add_interaction"))

        assert made(scopes=[Scope.EVENTS_WRITE], created_by=clerk).row.created_by == clerk


class TestChecking:
    def test_takes_one_query_and_then_none(self, django_assert_num_queries):
        key = made()
        ApiKey.objects.update(last_used_at=NOW)

        with django_assert_num_queries(1):
            caller = key_caller(key.text, now=NOW)
        with django_assert_num_queries(0):
            assert key_caller(key.text, now=NOW) == caller
        assert (caller.prefix, caller.scopes) == (key.row.prefix, {"users:read"})
        assert caller.identity == f"key:{key.row.prefix}"

    def test_finds_the_row_by_an_index(self):
        plan = ApiKey.objects.filter(prefix="abcdefgh").explain()

        assert "USING INDEX" in plan or "Index Scan" in plan or connection.vendor != "sqlite"

    @pytest.mark.parametrize("wrong", ["", "x", "recs_aaaaaaaa_" + "x" * 43])
    def test_refuses_what_is_no_key(self, wrong):
        with pytest.raises(BadCredential):
            key_caller(wrong, now=NOW)

    def test_refuses_a_changed_secret(self):
        key = made()

        with pytest.raises(BadCredential, match="There is no such API key"):
            key_caller(key.text[:-1] + ("A" if key.text[-1] != "A" else "B"), now=NOW)

    def test_counts_the_end_to_the_moment_though_it_is_known(self):
        key = made(expires_at=LATER)
        key_caller(key.text, now=NOW)

        with pytest.raises(BadCredential, match="expired"):
            key_caller(key.text, now=LATER)

    def test_refuses_a_revoked_key_at_once_where_it_was_revoked(self):
        key = made()
        key_caller(key.text, now=NOW)

        revoke_key(key=key.row, now=NOW)

        with pytest.raises(BadCredential, match="revoked"):
            key_caller(key.text, now=NOW)

    def test_refuses_a_key_that_another_process_revoked_two_seconds_later(self, monkeypatch):
        key, clock = made(), [100.0]
        monkeypatch.setattr(checking.time, "monotonic", lambda: clock[0])
        key_caller(key.text, now=NOW)
        ApiKey.objects.update(revoked_at=NOW)

        clock[0] += checking.TRUSTED_SECONDS - 0.01
        assert key_caller(key.text, now=NOW).prefix == key.row.prefix
        clock[0] += 0.01
        with pytest.raises(BadCredential, match="revoked"):
            key_caller(key.text, now=NOW)

    def test_does_not_remember_what_was_read_while_it_was_revoked(self):
        key = made()

        def meanwhile(execute, *arguments):
            found = execute(*arguments)
            checking.forget()  # as another thread does that revokes it
            return found

        with connection.execute_wrapper(meanwhile):
            key_caller(key.text, now=NOW)
        ApiKey.objects.update(revoked_at=NOW)

        with pytest.raises(BadCredential, match="revoked"):
            key_caller(key.text, now=NOW)

    @pytest.mark.parametrize(
        "change",
        [
            lambda row: revoke_key(key=row, now=NOW),
            lambda row: rotate_key(key=row, now=NOW, overlap=timedelta(0)),
            lambda row: delete_keys([row]),
        ],
        ids=["revoked", "rotated", "deleted"],
    )
    def test_forgets_at_commit_what_was_read_before_it(self, change, django_capture_on_commit_callbacks):
        key = made()

        with django_capture_on_commit_callbacks(execute=True):
            change(key.row)
            key_caller_of_another_thread = key_caller(made().text, now=NOW)
            assert checking._cache

        assert key_caller_of_another_thread
        assert checking._cache == {}

    @pytest.mark.parametrize("name", ["", " ", "a" * 101, "\x1b[2J", "two\nlines"])
    def test_has_a_name_that_can_be_shown(self, name):
        with pytest.raises(BadKeyRequest, match="name"):
            make_key(name=name, scopes=[Scope.CATALOG_READ], now=NOW)

    def test_refuses_a_deleted_key(self):
        key = made()
        key_caller(key.text, now=NOW)

        delete_keys([key.row])

        with pytest.raises(BadCredential):
            key_caller(key.text, now=NOW)

    def test_knows_a_bounded_number(self, monkeypatch):
        monkeypatch.setattr(checking, "_MAX_CACHED", 3)

        for _ in range(10):
            key_caller(made().text, now=NOW)

        assert len(checking._cache) <= 3


class TestLastUsed:
    def used(self, key, now):
        checking.forget()
        key_caller(key.text, now=now)
        return ApiKey.objects.get(pk=key.row.pk).last_used_at

    def test_is_written_at_most_once_a_minute(self):
        key = made()

        assert self.used(key, NOW) == NOW
        assert self.used(key, NOW + timedelta(seconds=59)) == NOW
        assert self.used(key, NOW + timedelta(seconds=60)) == NOW + timedelta(seconds=60)


@pytest.mark.django_db(transaction=True)
class TestBusyDatabase:
    @pytest.mark.skipif("connection.vendor != 'sqlite'")
    def test_does_not_keep_a_request_waiting(self, caplog, monkeypatch):
        key = made()
        with connection.cursor() as cursor:
            patience = cursor.execute("PRAGMA busy_timeout").fetchall()

            def refuse(*args, **kwargs):
                from django.db import OperationalError

                assert cursor.execute("PRAGMA busy_timeout").fetchall() == [(0,)]
                raise OperationalError("database is locked")

            monkeypatch.setattr("access.models.api_key.ApiKeyQuerySet.update", refuse)
            with caplog.at_level(logging.INFO, "access"):
                caller = key_caller(key.text, now=NOW)

            assert cursor.execute("PRAGMA busy_timeout").fetchall() == patience
        assert caller.prefix == key.row.prefix
        assert f"The use of the key {key.row.prefix} is recorded later" in caplog.text
        assert connections["default"].in_atomic_block is False


class TestRotating:
    def test_leaves_both_alive(self):
        old = made(scopes=[Scope.USERS_READ, Scope.EVENTS_WRITE])

        new = rotate_key(key=old.row, now=NOW)

        assert (new.row.name, new.row.scopes, new.row.replaces) == (old.row.name, old.row.scopes, old.row)
        assert key_caller(old.text, now=LATER).key_id != key_caller(new.text, now=LATER).key_id

    def test_is_refused_for_one_that_somebody_revoked_meanwhile(self):
        old = made()
        revoke_key(key=ApiKey.objects.get(pk=old.row.pk), now=NOW)

        with pytest.raises(BadKeyRequest, match="is revoked"):
            rotate_key(key=old.row, now=NOW)

        assert ApiKey.objects.count() == 1

    def test_ends_the_old_one_after_the_overlap(self):
        old = made()
        key_caller(old.text, now=NOW)

        rotate_key(key=old.row, now=NOW, overlap=timedelta(hours=1))

        assert key_caller(old.text, now=NOW + timedelta(minutes=59))
        with pytest.raises(BadCredential, match="expired"):
            key_caller(old.text, now=NOW + timedelta(hours=1))

    def test_never_lengthens_the_life_of_the_old_one(self):
        old = made(expires_at=LATER)

        new = rotate_key(key=old.row, now=NOW, overlap=timedelta(days=9))

        old.row.refresh_from_db()
        assert (old.row.expires_at, new.row.expires_at) == (LATER, LATER)

    def test_refuses_a_revoked_key(self):
        old = made()
        revoke_key(key=old.row, now=NOW)
        old.row.refresh_from_db()

        with pytest.raises(BadKeyRequest, match="is revoked"):
            rotate_key(key=old.row, now=NOW)

    def test_loses_no_request_while_a_client_changes_over(self):
        old = made(scopes=[Scope.CATALOG_READ])
        client, statuses = APIClient(), []

        def ask(text):
            client.credentials(HTTP_AUTHORIZATION=f"Api-Key {text}")
            statuses.append(client.get("/products").status_code)

        ask(old.text)
        new = rotate_key(key=old.row, now=timezone.now())
        ask(old.text)
        ask(new.text)
        revoke_key(key=old.row, now=timezone.now())
        ask(new.text)
        assert statuses == [200] * 4
        ask(old.text)
        assert statuses[-1] == 401


class TestFinding:
    def test_takes_a_prefix_or_the_whole_key(self):
        key = made()

        assert find_key(key.row.prefix) == find_key(key.text) == find_key(f"recs_{key.row.prefix}") == key.row

    def test_says_what_is_unknown_and_no_more(self):
        secret = new_key().text

        with pytest.raises(UnknownKey) as caught:
            find_key(secret)
        assert secret[14:] not in str(caught.value)
