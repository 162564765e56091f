"""Who may make whom staff or superuser in the admin, and every way around it."""

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.urls import reverse

from access.models import Account
from tests.factories import AccountFactory, UserFactory
from tests.integration.user_form import ACCOUNTS, PASSWORD, address, filled_in


class TestGranting:
    """Staff who may change accounts could otherwise make themselves whatever they like."""

    CLERK = ("view_account", "add_account", "change_account", "delete_account", "change_group")

    @pytest.fixture
    def clerk(self, hire) -> Client:
        return hire(*self.CLERK)

    def test_is_the_superusers_right(self, office):
        account = AccountFactory()
        group = Group.objects.create(name="Editors")
        permission = Permission.objects.get(codename="view_product")
        grants = {"is_staff": "on", "is_superuser": "on", "groups": [group.pk]}

        office.post(
            address("change", account),
            filled_in(office, account, **grants, user_permissions=[permission.pk]),
        )

        account.refresh_from_db()
        assert (account.is_staff, account.is_superuser) == (True, True)
        assert list(account.groups.all()) == [group]
        assert list(account.user_permissions.all()) == [permission]

    def test_is_ignored_when_others_try(self, clerk):
        account = AccountFactory()
        group = Group.objects.create(name="Editors")
        permission = Permission.objects.get(codename="delete_product")
        grants = {"is_staff": "on", "is_superuser": "on", "groups": [group.pk]}
        sent = filled_in(clerk, account, first_name="Renamed", **grants, user_permissions=[permission.pk])

        answer = clerk.post(address("change", account), sent)

        assert answer.status_code == 302
        account.refresh_from_db()
        assert account.first_name == "Renamed"
        assert (account.is_staff, account.is_superuser) == (False, False)
        assert not account.groups.exists()
        assert not account.user_permissions.exists()

    def test_cannot_be_had_through_an_account_that_has_more(self, clerk, boss):
        changed = clerk.post(address("change", boss), {"username": "mine", "is_active": "on"})
        password = clerk.post(
            reverse("admin:auth_user_password_change", args=[boss.pk]),
            {"usable_password": "true", "password1": PASSWORD, "password2": PASSWORD},
        )

        assert (changed.status_code, password.status_code) == (403, 403)
        boss.refresh_from_db()
        assert boss.username != "mine"
        assert not boss.check_password(PASSWORD)

    def test_cannot_be_had_through_ones_own_account(self, hire):
        clerk = hire(*self.CLERK)
        own = Account.objects.get(pk=clerk.session["_auth_user_id"])

        answer = clerk.post(address("change", own), {"username": own.username, "is_superuser": "on"})

        assert answer.status_code == 403
        assert not Account.objects.get(pk=own.pk).is_superuser

    def test_shows_staff_to_others_without_a_form(self, clerk, boss):
        page = clerk.get(address("change", boss))

        assert page.status_code == 200
        assert "View account" in page.content.decode()

    def test_keeps_others_from_deleting_staff_one_by_one(self, clerk, boss):
        answer = clerk.post(address("delete", boss), {"post": "yes"})

        assert answer.status_code == 403
        assert Account.objects.filter(pk=boss.pk).exists()

    def test_keeps_others_from_deleting_staff_among_others(self, clerk, boss):
        account = AccountFactory()
        action = {"action": "delete_selected", "_selected_action": [boss.pk, account.pk], "post": "yes"}

        answer = clerk.post(ACCOUNTS, action)

        assert answer.status_code == 403
        assert Account.objects.filter(pk__in=[boss.pk, account.pk]).count() == 2

    @pytest.mark.parametrize("page", ["add", "change", "delete"])
    def test_cannot_be_had_through_a_group(self, clerk, page):
        group = Group.objects.create(name="Editors")
        args = [] if page == "add" else [group.pk]

        answer = clerk.post(reverse(f"admin:auth_group_{page}", args=args), {"name": "Mine", "post": "yes"})

        assert answer.status_code == 403

    def test_of_a_users_history_is_the_superusers_right(self, hire):
        clerk, user = hire("view_user", "change_user", "view_account"), UserFactory()

        answer = clerk.post(
            address("change", user), filled_in(clerk, user, name="Renamed", account=AccountFactory().pk)
        )

        assert answer.status_code == 302
        user.refresh_from_db()
        assert (user.name, user.account) == ("Renamed", None)
