"""API keys in the admin: the response to the form shows the key once, and no other page does."""

import logging
import re

import pytest
from axes.models import AccessAttempt
from django.contrib.admin.models import LogEntry
from django.contrib.sessions.models import Session
from django.urls import reverse
from django.utils import timezone

from access.models import ApiKey
from access.scopes import Scope
from access.services import checking
from access.services.keys import make_key

LIST = reverse("admin:access_apikey_changelist")
ADD = reverse("admin:access_apikey_add")
KEY = re.compile(r"recs_[a-z0-9]{8}_[\w-]{43}")


def page(name: str, row: ApiKey) -> str:
    return reverse(f"admin:access_apikey_{name}", args=[row.pk])


@pytest.fixture
def key(boss):
    return make_key(name="Orders", scopes=[Scope.EVENTS_WRITE], now=timezone.now(), created_by=boss)


def sent(**others: object) -> dict[str, object]:
    return {"name": "Orders", "scopes": ["events:write"], "expires_at_0": "", "expires_at_1": "", **others}


def shown(answer) -> str:
    (text,) = set(KEY.findall(answer.content.decode()))
    return text


class TestMaking:
    def test_shows_the_key_once_on_the_page_that_answers(self, office, boss, caplog):
        with caplog.at_level(logging.DEBUG):
            answer = office.post(ADD, sent())

        text, row = shown(answer), ApiKey.objects.get()
        assert (answer.status_code, row.created_by, row.scopes) == (200, boss, "events:write")
        assert checking.key_caller(text, now=timezone.now()).key_id == row.pk
        assert "no-store" in answer.headers["Cache-Control"]
        assert text not in caplog.text
        assert "messages" not in answer.cookies
        stored = [*(session.get_decoded() for session in Session.objects.all()), *LogEntry.objects.values()]
        assert stored
        assert text[14:] not in str(stored)
        for url in (LIST, page("change", row), page("history", row), reverse("admin:index")):
            assert not KEY.search(office.get(url).content.decode())

    def test_logs_who_made_it(self, office, boss):
        office.post(ADD, sent())

        entry = LogEntry.objects.get()
        assert (entry.user, entry.object_repr) == (boss, str(ApiKey.objects.get()))

    @pytest.mark.parametrize(
        "wrong",
        [
            {"scopes": []},
            {"scopes": ["users:burn"]},
            {"name": ""},
            {"expires_at_0": "2020-01-01", "expires_at_1": "00:00"},
        ],
    )
    def test_refuses_what_cannot_be(self, office, wrong):
        answer = office.post(ADD, sent(**wrong))

        assert not ApiKey.objects.exists()
        assert "errorlist" in answer.content.decode()

    def test_offers_only_what_one_may_do_oneself(self, hire):
        clerk = hire("add_apikey", "view_apikey", "add_interaction")

        offered = re.findall(r'name="scopes" value="([^"]+)"', clerk.get(ADD).content.decode())
        assert offered == ["catalog:read", "events:write", "recommend:read", "users:read", "tokens:issue"]
        clerk.post(ADD, sent(scopes=["users:write"]))
        assert not ApiKey.objects.exists()
        assert shown(clerk.post(ADD, sent(scopes=["events:write"])))


class TestChanging:
    def test_takes_another_name_and_nothing_else(self, office, key):
        before = ApiKey.objects.values().get()

        office.post(page("change", key.row), {"name": "New", "scopes": "users:write", "digest": "x"})

        assert ApiKey.objects.values().get() == {**before, "name": "New"}


class TestRotating:
    @pytest.mark.parametrize(("hours", "ends"), [("", False), ("24", True)])
    def test_shows_the_new_key_once_and_leaves_the_old_one(self, office, key, hours, ends):
        asked = office.get(page("rotate", key.row))

        answer = office.post(page("rotate", key.row), {"hours": hours})

        new = ApiKey.objects.get(prefix=shown(answer)[5:13])
        key.row.refresh_from_db()
        assert asked.status_code == 200
        assert (new.replaces, new.scopes) == (key.row, "events:write")
        assert (key.row.revoked_at, key.row.expires_at is not None) == (None, ends)
        assert LogEntry.objects.count() == 2

    def test_refuses_staff_without_the_permission(self, hire, key):
        clerk = hire("add_apikey", "change_apikey", "view_apikey")

        answer = clerk.post(page("rotate", key.row), {"hours": ""})

        assert "You cannot grant events:write" in answer.content.decode()
        assert ApiKey.objects.count() == 1

    @pytest.mark.parametrize("names", [["add_apikey"], ["change_apikey"], ["view_apikey"]])
    def test_takes_the_permissions_to_add_and_to_change(self, hire, key, names):
        assert hire(*names).post(page("rotate", key.row), {"hours": ""}).status_code == 403

    def test_knows_no_key_that_is_not_there(self, office, key):
        key.row.delete()

        assert office.get(reverse("admin:access_apikey_rotate", args=[7])).status_code == 404


class TestRevoking:
    def test_is_done_to_many_at_once(self, office, key):
        other = make_key(name="Other", scopes=[Scope.USERS_READ], now=timezone.now())
        chosen = {"action": "revoke", "_selected_action": [key.row.pk, other.row.pk]}

        answer = office.post(LIST, chosen, follow=True)

        assert not ApiKey.objects.alive(timezone.now()).exists()
        assert "2 revoked." in answer.content.decode()
        assert 'href="' + page("rotate", key.row) not in office.get(page("change", key.row)).content.decode()

    def test_takes_the_permission_to_change(self, hire, key):
        hire("view_apikey").post(LIST, {"action": "revoke", "_selected_action": [key.row.pk]})

        assert ApiKey.objects.alive(timezone.now()).exists()


class TestDeleting:
    def test_is_revoking_too(self, office, key):
        checking.key_caller(key.text, now=timezone.now())

        office.post(page("delete", key.row), {"post": "yes"})

        assert not ApiKey.objects.exists()
        assert checking._cache == {}

    def test_of_many_is_the_same(self, office, key):
        chosen = {"action": "delete_selected", "_selected_action": [key.row.pk], "post": "yes"}

        office.post(LIST, chosen)

        assert not ApiKey.objects.exists()


class TestFailedLogins:
    def test_are_shown_and_deleted_to_let_somebody_in(self, office, db):
        attempt = AccessAttempt.objects.create(username="ada", ip_address="127.0.0.1", failures_since_start=5)
        listed = office.get(reverse("admin:axes_accessattempt_changelist")).content.decode()

        office.post(reverse("admin:axes_accessattempt_delete", args=[attempt.pk]), {"post": "yes"})

        assert "ada" in listed
        assert not AccessAttempt.objects.exists()
