"""Shoppers and staff in the admin."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.urls import reverse

from catalog.models import Interaction, User
from tests.factories import NOON, InteractionFactory, ProductFactory, StaffFactory, UserFactory

LIST = reverse("admin:catalog_user_changelist")
ADD = reverse("admin:catalog_user_add")
PASSWORD = "a-long-enough-phrase"


def address(page: str, user: User) -> str:
    return reverse(f"admin:catalog_user_{page}", args=[user.pk])


def filled_in(office: Client, user: User, **changes: object) -> dict[str, object]:
    """What a browser would send when the page of the user is saved."""
    page = office.get(address("change", user))
    form = page.context["adminform"].form
    values = {name: form.initial.get(name) for name in form.fields if name != "password"}
    for name in ("groups", "user_permissions"):
        if name in values:
            values[name] = [row.pk for row in values[name]]
    return {name: value for name, value in {**values, **changes}.items() if value not in (None, False)}


class TestList:
    def test_finds_parts_of_names_and_whole_keys(self, office):
        alice = UserFactory(name="Alice Smith", external_id="a-7", email="alice@shop.example")
        UserFactory(name="Bob", external_id="a-77")
        clerk = StaffFactory(name="", username="clerk-carol", external_id=None)
        expected = {"lice": alice, "a-7": alice, "clerk-carol": clerk, "alice@shop.example": alice}

        found = {
            term: list(office.get(LIST, {"q": term}).context["cl"].result_list)
            for term in [*expected, "nobody", alice.username[-4:]]
        }

        assert found == {
            **{term: [user] for term, user in expected.items()},
            "nobody": [],
            alice.username[-4:]: [],
        }

    def test_filters_staff_and_inactive(self, office, boss):
        gone = UserFactory(is_active=False)

        staff = office.get(LIST, {"is_staff__exact": 1}).context["cl"].result_list
        inactive = office.get(LIST, {"is_active__exact": 0}).context["cl"].result_list

        assert (list(staff), list(inactive)) == ([boss], [gone])

    def test_counts_interactions_and_leads_to_them(self, office):
        alice = UserFactory(name="Alice")
        InteractionFactory.create_batch(2, user=alice)

        html = office.get(LIST, {"q": "Alice"}).content.decode()

        assert f'<a href="/admin/catalog/interaction/?user={alice.pk}">2</a>' in html

    def test_shows_usernames_of_staff_only(self, office, boss):
        shopper = UserFactory()

        html = office.get(LIST).content.decode()

        assert boss.username in html
        assert shopper.username not in html


class TestAdding:
    def test_a_shopper_needs_no_username_and_no_password(self, office):
        answer = office.post(ADD, {"name": "Alice", "external_id": "alice", "usable_password": "false"})

        assert answer.status_code == 302
        alice = User.objects.get(external_id="alice")
        assert alice.name == "Alice"
        assert not alice.has_usable_password()
        assert alice in User.objects.shoppers()

    def test_staff_get_a_username_and_a_password(self, office):
        values = {"name": "Carol", "username": "carol", "usable_password": "true"}

        office.post(ADD, {**values, "password1": PASSWORD, "password2": PASSWORD})

        assert User.objects.get(username="carol").check_password(PASSWORD)

    def test_a_password_without_a_username_is_refused(self, office):
        values = {"name": "Carol", "usable_password": "true", "password1": PASSWORD, "password2": PASSWORD}

        page = office.post(ADD, values)

        assert list(page.context["adminform"].form.errors) == ["username"]

    def test_a_username_that_somebody_has_is_refused(self, office):
        StaffFactory(username="carol")

        page = office.post(ADD, {"username": "Carol", "usable_password": "false"})

        assert "Somebody has this username already." in page.content.decode()

    def test_two_shoppers_may_lack_an_external_id(self, office):
        for name in ("Alice", "Bob"):
            office.post(ADD, {"name": name, "external_id": "", "usable_password": "false"})

        assert User.objects.shoppers().filter(external_id=None).count() == 2


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

        assert "Nothing yet." in html

    def test_counts_a_single_one(self, office):
        html = office.get(address("change", InteractionFactory().user)).content.decode()

        assert ">1 interaction</a>" in html

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
        page = office.post(
            address("change", wholesaler), filled_in(office, wholesaler, username="not valid!")
        )

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


class TestPage:
    def test_folds_what_concerns_staff_on_a_shoppers_page(self, office, boss):
        shoppers = office.get(address("change", UserFactory())).content.decode()
        staffs = office.get(address("change", boss)).content.decode()

        assert (shoppers.count("<details>"), staffs.count("<details>")) == (3, 0)
