"""Accounts in the admin."""

import pytest

from access.models import Account
from tests.factories import AccountFactory, StaffFactory, UserFactory
from tests.integration.user_form import ACCOUNTS, ADD_ACCOUNT, PASSWORD


class TestList:
    def test_finds_parts_of_usernames_and_whole_addresses(self, office):
        carol = StaffFactory(username="clerk-carol", email="carol@shop.example")
        AccountFactory(username="clerk-bob", email="carol@shop.example.org")
        expected = {"carol": [carol], "carol@shop.example": [carol], "nobody": []}

        found = {term: list(office.get(ACCOUNTS, {"q": term}).context["cl"].result_list) for term in expected}

        assert found == expected

    @pytest.mark.parametrize(("wanted", "n"), [({"is_staff__exact": 1}, 2), ({"is_active__exact": 0}, 1)])
    def test_filters_staff_and_inactive(self, office, wanted, n):
        AccountFactory(), StaffFactory(is_active=False)

        assert len(office.get(ACCOUNTS, wanted).context["cl"].result_list) == n

    def test_holds_no_users_of_the_shop(self, office, boss):
        UserFactory()

        assert list(office.get(ACCOUNTS).context["cl"].result_list) == [boss]


class TestAdding:
    VALUES = {"usable_password": "true", "password1": PASSWORD, "password2": PASSWORD}

    def test_gives_a_username_and_a_password(self, office):
        office.post(ADD_ACCOUNT, {"username": "carol", **self.VALUES})

        carol = Account.objects.get(username="carol")
        assert carol.check_password(PASSWORD)
        assert not carol.is_staff

    def test_refuses_a_username_that_is_taken(self, office):
        StaffFactory(username="carol")

        page = office.post(ADD_ACCOUNT, {"username": "Carol", **self.VALUES})

        assert list(page.context["adminform"].form.errors) == ["username"]
