"""Export and erasure of a user in the admin."""

import json
import logging

import pytest
from django.test import Client
from django.urls import reverse

from access.models import Account
from catalog.models import User
from privacy.models import Receipt
from tests.factories import InteractionFactory
from tests.integration.traces import found, user_known_everywhere
from tests.integration.user_form import address


def export(user: User) -> str:
    return reverse("admin:privacy_export", args=[user.pk])


def erase(user: User) -> str:
    return reverse("admin:privacy_erase", args=[user.pk])


@pytest.fixture
def anna(db: None) -> User:
    return InteractionFactory(user__name="Anna", user__external_id="anna").user


class TestExport:
    def test_is_a_file_from_the_users_page(self, office: Client, anna: User, boss: Account):
        page = office.get(address("change", anna)).content.decode()
        answer = office.post(export(anna))

        assert f'action="{export(anna)}"' in page
        assert answer["Content-Disposition"] == f'attachment; filename="user-{anna.pk}.json"'
        assert "no-store" in answer["Cache-Control"]
        assert json.loads(answer.content)["user"]["external_id"] == "anna"
        assert Receipt.objects.get().by == boss

    def test_cannot_be_led_to_by_a_link(self, office: Client, anna: User):
        assert office.get(export(anna)).status_code == 405


class TestErase:
    def test_asks_and_says_what_it_takes(self, office: Client, anna: User):
        page = office.get(erase(anna)).content.decode()

        assert f'href="{erase(anna)}"' in office.get(address("change", anna)).content.decode()
        assert "1 × catalog.Interaction" in page
        assert "These rows stay" not in page
        assert User.objects.filter(pk=anna.pk).exists()

    def test_erases_once_that_is_confirmed(self, office: Client, boss: Account, caplog):
        caplog.set_level(logging.INFO, "privacy.admin")
        anna = user_known_everywhere()
        office.get(erase(anna))

        answer = office.post(erase(anna), follow=True)

        receipt = Receipt.objects.latest("pk")
        assert found() == []
        assert receipt.by == boss
        assert f"receipt {receipt.pk}" in answer.content.decode()
        assert [record.getMessage() for record in caplog.records] == [
            f"A user was erased by account {boss.pk}: receipt {receipt.pk}."
        ]

    def test_knows_who_is_not_there(self, office: Client):
        answers = [
            office.post(reverse(f"admin:privacy_{what}", args=[12345])) for what in ("export", "erase")
        ]

        assert [answer.status_code for answer in answers] == [404, 404]


class TestWhoMay:
    @pytest.mark.parametrize(
        ("permissions", "may_export", "may_erase"),
        [
            (("view_user", "change_user", "delete_user"), False, False),
            (("view_user", "export_user"), True, False),
            (("view_user", "erase_user"), False, True),
        ],
    )
    def test_takes_a_permission_of_its_own(
        self, hire, anna: User, permissions: tuple[str, ...], may_export: bool, may_erase: bool
    ):
        clerk = hire(*permissions)
        page = clerk.get(address("change", anna)).content.decode()

        statuses = [clerk.post(export(anna)).status_code, clerk.get(erase(anna)).status_code]
        erased = clerk.post(erase(anna)).status_code

        assert (export(anna) in page, erase(anna) in page) == (may_export, may_erase)
        assert statuses == [200 if may_export else 403, 200 if may_erase else 403]
        assert erased == (302 if may_erase else 403)
        assert User.objects.filter(pk=anna.pk).exists() != may_erase

    def test_is_nobody_who_is_not_logged_in(self, anna: User):
        answers = [Client().post(page(anna)) for page in (export, erase)]

        assert [answer.status_code for answer in answers] == [302, 302]
        assert User.objects.filter(pk=anna.pk).exists()

    def test_is_nobody_whose_form_is_from_elsewhere(self, boss: Account, anna: User):
        strict = Client(enforce_csrf_checks=True)
        strict.force_login(boss)

        assert strict.post(erase(anna)).status_code == 403
        assert strict.post(export(anna)).status_code == 403


class TestReceipts:
    def test_are_read_and_nothing_else(self, office: Client, anna: User):
        office.post(export(anna))
        receipt = Receipt.objects.get()
        page = reverse("admin:privacy_receipt_change", args=[receipt.pk])

        assert office.get(reverse("admin:privacy_receipt_changelist")).status_code == 200
        assert office.post(page, {"action": "erased"}).status_code == 403
        assert office.post(reverse("admin:privacy_receipt_delete", args=[receipt.pk])).status_code == 403
        assert office.get(reverse("admin:privacy_receipt_add")).status_code == 403
