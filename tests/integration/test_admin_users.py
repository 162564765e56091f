"""Tests of the admin of the shop's users."""

from datetime import timedelta

import pytest
from django.test import Client

from catalog.models import Interaction, User
from tests.factories import NOON, AccountFactory, InteractionFactory, ProductFactory, UserFactory
from tests.integration.user_form import ADD, LIST, address, filled_in


class TestList:
    def test_finds_parts_of_names_and_whole_keys(self, office):
        alice = UserFactory(id=7001, name="Alice Smith", external_id="a-7")
        UserFactory(name="Bob", external_id="a-77")
        expected = {"lice": [alice], "a-7": [alice], "7001": [alice], "nobody": []}

        found = {term: list(office.get(LIST, {"q": term}).context["cl"].result_list) for term in expected}

        assert found == expected

    def test_counts_interactions_and_leads_to_them(self, office):
        alice = UserFactory(name="Alice")
        InteractionFactory.create_batch(2, user=alice)

        html = office.get(LIST, {"q": "Alice"}).content.decode()

        assert f'<a href="/admin/catalog/interaction/?user={alice.pk}">2</a>' in html

    def test_holds_no_accounts(self, office, boss):
        user = UserFactory()

        assert list(office.get(LIST).context["cl"].result_list) == [user]


class TestAdding:
    def test_takes_a_name_and_an_external_id(self, office):
        answer = office.post(ADD, {"name": "Alice", "external_id": "alice"})

        assert answer.status_code == 302
        assert User.objects.get(external_id="alice").name == "Alice"

    def test_two_shoppers_may_lack_an_external_id(self, office):
        for name in ("Alice", "Bob"):
            office.post(ADD, {"name": name, "external_id": ""})

        assert User.objects.filter(external_id=None).count() == 2


class TestHistory:
    @pytest.fixture
    def wholesaler(self, db: None) -> User:
        wholesaler = UserFactory(name="Wholesaler")
        products = ProductFactory.create_batch(2)
        Interaction.objects.bulk_create(
            Interaction(
                user=wholesaler,
                product=products[number % 2],
                action_type="purchase",
                occurred_at=NOON + timedelta(minutes=number),
            )
            for number in range(1200)
        )
        return wholesaler

    def shown(self, office: Client, user: User) -> list[Interaction]:
        page = office.get(address("change", user))
        return list(page.context["inline_admin_formsets"][0].formset.get_queryset())

    def test_shows_the_newest_twenty(self, office, wholesaler):
        newest = Interaction.objects.order_by("-occurred_at")[:20]

        assert self.shown(office, wholesaler) == list(newest)

    def test_leads_to_all_of_them(self, office, wholesaler):
        html = office.get(address("change", wholesaler)).content.decode()

        assert "Newest 20 of 1,200 interactions" in html
        assert (
            f'<a href="/admin/catalog/interaction/?user={wholesaler.pk}">All 1,200 interactions</a>' in html
        )

    def test_says_when_there_is_none(self, office):
        html = office.get(address("change", UserFactory())).content.decode()

        assert "No interactions yet." in html

    def test_counts_a_single_one(self, office):
        html = office.get(address("change", InteractionFactory().user)).content.decode()

        assert ">1 interaction</a>" in html
        assert "No interactions yet." not in html

    def test_is_left_alone_when_the_user_is_saved(self, office, wholesaler):
        before = list(Interaction.objects.order_by("id").values())
        html = office.get(address("change", wholesaler)).content.decode()
        sent = {
            "interactions-TOTAL_FORMS": 1,
            "interactions-INITIAL_FORMS": 1,
            "interactions-0-id": before[0]["id"],
            "interactions-0-DELETE": "on",
        }

        answer = office.post(
            address("change", wholesaler), {**filled_in(office, wholesaler, name="Renamed"), **sent}
        )

        assert answer.status_code == 302
        assert User.objects.get(pk=wholesaler.pk).name == "Renamed"
        assert list(Interaction.objects.order_by("id").values()) == before
        assert html.count("<input") < 50

    def test_stays_on_the_page_when_the_form_is_wrong(self, office, wholesaler):
        page = office.post(address("change", wholesaler), filled_in(office, wholesaler, external_id="a/b"))

        assert "Newest 20 of 1,200 interactions" in page.content.decode()

    def test_is_hidden_from_who_may_not_see_interactions(self, hire, wholesaler):
        clerk = hire("view_user")

        html = clerk.get(address("change", wholesaler)).content.decode()

        assert "1,200" not in html


class TestDeletion:
    def test_tells_what_goes_along_by_numbers(self, office):
        shopper = UserFactory(name="Alice")
        product = ProductFactory(name="Desk Lamp")
        InteractionFactory.create_batch(150, user=shopper, product=product)

        html = office.get(address("delete", shopper)).content.decode()

        assert "<li>Interactions: 150</li>" in html
        assert "by user" not in html

    def test_leaves_nothing_of_the_user_and_everything_of_others(self, office):
        shopper, other = UserFactory(), InteractionFactory()
        InteractionFactory.create_batch(3, user=shopper)

        office.post(address("delete", shopper), {"post": "yes"})

        assert not User.objects.filter(pk=shopper.pk).exists()
        assert list(Interaction.objects.all()) == [other]

    def test_needs_the_permission_for_what_goes_along(self, hire):
        event = InteractionFactory()
        clerk = hire("view_user", "change_user", "delete_user")

        html = clerk.get(address("delete", event.user)).content.decode()
        answer = clerk.post(address("delete", event.user), {"post": "yes"})

        assert "permission to delete the following types of objects" in html
        assert "<li>interaction</li>" in html
        assert answer.status_code == 403
        assert User.objects.filter(pk=event.user.pk).exists()


class TestAccount:
    def test_is_linked_by_a_superuser(self, office):
        user, account = UserFactory(), AccountFactory()

        office.post(address("change", user), filled_in(office, user, account=account.pk))

        user.refresh_from_db()
        assert user.account == account


class TestMerging:
    def sent(self, *users: User, **values: object) -> dict[str, object]:
        return {"action": "merge", "_selected_action": [user.pk for user in users], **values}

    def test_asks_which_user_is_left(self, office):
        guest = UserFactory()
        InteractionFactory(user=guest)

        page = office.post(LIST, self.sent(guest)).content.decode()

        assert "1 interactions become those of the user that you choose" in page
        assert "cannot be undone" in page
        assert User.objects.filter(pk=guest.pk).exists()

    def test_merges_the_selected_users_into_that_one(self, office):
        ada, guest, tablet = UserFactory(name="Ada"), UserFactory(), UserFactory()
        InteractionFactory(user=guest)
        InteractionFactory(user=tablet)

        answer = office.post(LIST, self.sent(guest, tablet, answered="yes", into=ada.pk), follow=True)

        assert "2 users were merged into “Ada”: 2 interactions moved" in answer.content.decode()
        assert list(User.objects.all()) == [ada]
        assert ada.interactions.count() == 2

    def test_merges_all_or_none(self, office):
        ada, guest = UserFactory(name="Ada"), UserFactory()

        answer = office.post(LIST, self.sent(ada, guest, answered="yes", into=ada.pk), follow=True)

        assert f"Nothing was merged. User {ada.pk} cannot be merged into itself" in answer.content.decode()
        assert User.objects.count() == 2

    def test_needs_the_permission_to_delete_users(self, hire):
        ada, guest = UserFactory(), UserFactory()
        clerk = hire("view_user", "change_user", "change_interaction", "view_interaction")

        clerk.post(LIST, self.sent(guest, answered="yes", into=ada.pk))

        assert User.objects.count() == 2
