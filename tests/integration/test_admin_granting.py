"""Who may make whom staff or superuser in the admin, and every way around it."""

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.urls import reverse

from catalog.models import User
from tests.factories import UserFactory
from tests.integration.user_form import LIST, PASSWORD, address, filled_in


class TestGranting:
    """Whoever may change users could otherwise make themselves whatever they like."""

    CLERK = ("view_user", "add_user", "change_user", "delete_user", "delete_interaction", "change_group")

    @pytest.fixture
    def clerk(self, hire) -> Client:
        return hire(*self.CLERK)

    def test_is_the_superusers_right(self, office):
        shopper = UserFactory()
        group = Group.objects.create(name="Editors")
        permission = Permission.objects.get(codename="view_product")
        grants = {"is_staff": "on", "is_superuser": "on", "groups": [group.pk]}

        office.post(
            address("change", shopper),
            filled_in(office, shopper, **grants, user_permissions=[permission.pk]),
        )

        shopper.refresh_from_db()
        assert (shopper.is_staff, shopper.is_superuser) == (True, True)
        assert list(shopper.groups.all()) == [group]
        assert list(shopper.user_permissions.all()) == [permission]

    def test_is_ignored_when_others_try(self, clerk):
        shopper = UserFactory()
        group = Group.objects.create(name="Editors")
        permission = Permission.objects.get(codename="delete_product")
        grants = {"is_staff": "on", "is_superuser": "on", "groups": [group.pk]}
        sent = filled_in(clerk, shopper, name="Renamed", **grants, user_permissions=[permission.pk])

        answer = clerk.post(address("change", shopper), sent)

        assert answer.status_code == 302
        shopper.refresh_from_db()
        assert shopper.name == "Renamed"
        assert (shopper.is_staff, shopper.is_superuser) == (False, False)
        assert not shopper.groups.exists()
        assert not shopper.user_permissions.exists()

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
        own = User.objects.get(pk=clerk.session["_auth_user_id"])

        answer = clerk.post(address("change", own), {"username": own.username, "is_superuser": "on"})

        assert answer.status_code == 403
        assert not User.objects.get(pk=own.pk).is_superuser

    def test_shows_staff_to_others_without_a_form(self, clerk, boss):
        page = clerk.get(address("change", boss))

        assert page.status_code == 200
        assert "View user" in page.content.decode()

    def test_keeps_others_from_deleting_staff_one_by_one(self, clerk, boss):
        answer = clerk.post(address("delete", boss), {"post": "yes"})

        assert answer.status_code == 403
        assert User.objects.filter(pk=boss.pk).exists()

    def test_keeps_others_from_deleting_staff_among_shoppers(self, clerk, boss):
        shopper = UserFactory()
        action = {"action": "delete_selected", "_selected_action": [boss.pk, shopper.pk], "post": "yes"}

        answer = clerk.post(LIST, action)

        assert answer.status_code == 403
        assert User.objects.filter(pk__in=[boss.pk, shopper.pk]).count() == 2

    @pytest.mark.parametrize("page", ["add", "change", "delete"])
    def test_cannot_be_had_through_a_group(self, clerk, page):
        group = Group.objects.create(name="Editors")
        args = [] if page == "add" else [group.pk]

        answer = clerk.post(reverse(f"admin:auth_group_{page}", args=args), {"name": "Mine", "post": "yes"})

        assert answer.status_code == 403
