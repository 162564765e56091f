"""The admin pages of stored lists and of a shopper's recommendations today."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from catalog.models import Interaction, Product, User
from recommendations import wiring
from recommendations.models import StoredList
from tests.factories import AccountFactory, InteractionFactory, ProductFactory, UserFactory

LIST = reverse("admin:recommendations_storedlist_changelist")
STAFF = ("view_storedlist", "view_user")


def today(user: User) -> str:
    return reverse("admin:recommendations_shopper", args=[user.pk])


@pytest.fixture
def shop(db: None) -> None:
    call_command("import_shop", "data/example_shop", verbosity=0)


@pytest.fixture
def alice(shop: None) -> User:
    return User.objects.get(external_id="alice")


@pytest.fixture
def frank(shop: None) -> User:
    """A shopper without a history."""
    return User.objects.get(external_id="frank")


class TestToday:
    def test_shows_each_product_with_its_score_and_reasons(self, office, alice):
        page = office.get(today(alice))

        first = page.context["lines"][0]
        assert (first.product.name, first.score) == ("Wireless Earbuds", "16")
        assert first.reasons == (("+10", "category Electronics"), ("+3", "tag audio"), ("+3", "tag wireless"))
        html = page.content.decode()
        assert f'<a href="/admin/catalog/product/{first.product_id}/change/">Wireless Earbuds</a>' in html
        assert "<strong>16</strong>" in html
        assert "<li>+10 category Electronics</li><li>+3 tag audio</li><li>+3 tag wireless</li>" in html

    def test_says_of_no_product_that_it_is_inactive_or_sold_out(self, office, alice):
        html = office.get(today(alice)).content.decode()

        assert "Wireless Earbuds</a></td>" in html
        assert "inactive" not in html
        assert "sold out" not in html

    def test_shows_what_the_shopper_did_and_the_strategy(self, office, alice):
        html = office.get(today(alice)).content.decode()

        assert "Interested in: Electronics, Accessories." in html
        assert ">content</div>" in html
        assert ">–</div>" in html
        for untrue in ("has no history", "no other product", "Nothing to recommend", "(deleted)"):
            assert untrue not in html

    def test_says_why_only_popular_products_are_shown(self, office, frank):
        page = office.get(today(frank))

        assert "popular: the shopper has no history yet" in page.content.decode()
        assert page.context["lines"][0].reasons == (
            ("+0", "popular: 4 interactions, a shopper's repeats counted once"),
        )

    def test_says_popular_interactions_alone_where_every_one_counts(self, office, frank, settings):
        settings.RECOMMENDATIONS = {**settings.RECOMMENDATIONS, "POPULARITY": "interactions"}
        wiring.forget()

        (reason,) = office.get(today(frank)).context["lines"][0].reasons

        assert reason[1].startswith("popular: ")
        assert reason[1].endswith(" interactions")

    def test_tells_a_shopper_whom_nothing_matches_from_a_new_one(self, office):
        ProductFactory(category=None)
        event = InteractionFactory(product=ProductFactory(category=None))

        html = office.get(today(event.user)).content.decode()

        assert "popular: no other product matches the shopper&#x27;s favourites" in html

    def test_does_not_say_that_nothing_fits_where_no_model_has_looked(self, office, alice, settings):
        settings.RECOMMENDATIONS = {**settings.RECOMMENDATIONS, "DEFAULT_STRATEGY": "collaborative"}
        wiring.forget()

        html = office.get(today(alice)).content.decode()

        assert "trending: the strategy has no trained model" in html
        assert "matches the shopper" not in html

    def test_says_when_nothing_is_left(self, office):
        event = InteractionFactory()

        assert "Nothing to recommend" in office.get(today(event.user)).content.decode()

    def test_follows_what_happened_since_the_list_was_stored(self, office, alice):
        call_command("generate_recommendations", verbosity=0)
        earbuds = Product.objects.get(name="Wireless Earbuds")
        InteractionFactory(user=alice, product=earbuds)

        lines = office.get(today(alice)).context["lines"]

        assert earbuds.pk not in [line.product_id for line in lines]

    def test_asks_no_model_for_words(self, office, alice, settings):
        settings.RECOMMENDATIONS = {**settings.RECOMMENDATIONS, "EXPLAINER": {"CLASS": "no.such.Explainer"}}

        assert office.get(today(alice)).status_code == 200

    def test_takes_few_queries(self, office, alice, django_assert_max_num_queries):
        office.get(today(alice))

        with django_assert_max_num_queries(8):
            office.get(today(alice))

    def test_leads_back_to_the_shoppers_when_there_is_no_such_one(self, office):
        answer = office.get(reverse("admin:recommendations_shopper", args=[999_999]), follow=True)

        assert answer.redirect_chain == [("/admin/catalog/user/", 302)]
        assert "There is no shopper 999999." in answer.content.decode()

    @pytest.mark.parametrize("missing", STAFF)
    def test_needs_both_permissions(self, hire, alice, missing):
        clerk = hire(*(codename for codename in STAFF if codename != missing))

        assert clerk.get(today(alice)).status_code == 403

    def test_opens_for_whom_both_are_allowed(self, hire, alice):
        assert hire(*STAFF).get(today(alice)).status_code == 200

    def test_is_closed_to_a_shoppers_account(self, client, alice):
        alice.account = AccountFactory()
        alice.save()
        client.force_login(alice.account)

        answer = client.get(today(alice))

        assert answer.status_code == 302
        assert answer.url.startswith("/admin/login/")


class TestLinkOnTheUsersPage:
    def page_of(self, office: Client, user: User) -> str:
        return office.get(reverse("admin:catalog_user_change", args=[user.pk])).content.decode()

    def test_leads_to_what_the_shopper_is_shown(self, office):
        shopper = UserFactory()

        assert f'<a href="{today(shopper)}">Recommendations today</a>' in self.page_of(office, shopper)

    def test_is_not_there_for_staff(self, office, boss):
        assert "Recommendations today" not in self.page_of(office, boss)

    def test_is_not_there_without_the_permission(self, hire):
        assert "Recommendations today" not in self.page_of(hire("view_user"), UserFactory())


class TestStoredLists:
    @pytest.fixture(autouse=True)
    def _generated(self, shop: None) -> None:
        call_command("generate_recommendations", verbosity=0)

    def whose(self, office: Client, **query: object) -> list[str]:
        page = office.get(LIST, query)
        assert page.status_code == 200
        return sorted(stored.user.external_id for stored in page.context["cl"].result_list)

    def test_are_one_a_shopper(self, office):
        assert len(self.whose(office)) == User.objects.count()

    def test_are_filtered_by_fallback(self, office):
        popular = self.whose(office, fallback="popular")
        matched = self.whose(office, fallback="none")

        assert "frank" in popular
        assert "alice" in matched
        assert len(popular) + len(matched) == StoredList.objects.count()

    def test_are_filtered_by_strategy(self, office):
        StoredList.objects.filter(user__external_id="alice").update(strategy="former")

        assert "alice" not in self.whose(office, strategy="content")

    def test_are_filtered_by_date(self, office):
        yesterday = timezone.now() - timedelta(days=1)
        StoredList.objects.filter(user__external_id="alice").update(generated_at=yesterday)

        assert self.whose(office, generated_at_to=timezone.localdate(yesterday)) == ["alice"]

    def test_are_filtered_by_user(self, office):
        assert self.whose(office, user=User.objects.get(external_id="alice").pk) == ["alice"]

    @pytest.mark.parametrize("term", ["alice", "ALICE", " alice "])
    def test_are_found_by_whole_keys_and_names(self, office, term):
        assert self.whose(office, q=term) == ["alice"]

    def test_are_not_found_by_parts(self, office):
        assert self.whose(office, q="ali") == []


class TestStoredList:
    @pytest.fixture
    def stored(self, alice: User) -> StoredList:
        call_command("generate_recommendations", verbosity=0)
        return StoredList.objects.get(user=alice)

    def page(self, office: Client, stored: StoredList):
        return office.get(reverse("admin:recommendations_storedlist_change", args=[stored.pk]))

    def test_shows_its_products_with_names_scores_and_reasons(self, office, stored):
        line = self.page(office, stored).context["lines"][0]

        assert (line.product.name, line.score) == ("Wireless Earbuds", "16")
        assert line.reasons == (("+10", "category Electronics"), ("+3", "tag audio"), ("+3", "tag wireless"))

    def test_shows_the_fields_as_they_are_now(self, office, stored):
        Product.objects.filter(name="Wireless Earbuds").update(name="Renamed", is_active=False)

        assert "Renamed</a> (now inactive)</td>" in self.page(office, stored).content.decode()

    @pytest.mark.parametrize(
        ("change", "output"),
        [
            ({"is_active": True, "stock": None}, ""),
            ({"is_active": True, "stock": 1}, ""),
            ({"is_active": False, "stock": 1}, " (now inactive)"),
            ({"is_active": True, "stock": 0}, " (now sold out)"),
            ({"is_active": False, "stock": 0}, " (now inactive) (now sold out)"),
        ],
    )
    def test_tells_an_inactive_product_from_one_that_is_sold_out(self, office, stored, change, output):
        Product.objects.filter(name="Wireless Earbuds").update(**change)

        html = self.page(office, stored).content.decode()

        assert f">Wireless Earbuds</a>{output}</td>" in html
        assert html.count("now inactive") == output.count("now inactive")
        assert html.count("now sold out") == output.count("now sold out")

    def test_reads_why_products_are_not_available_in_one_query(self, office, stored):
        with CaptureQueriesContext(connection) as available:
            self.page(office, stored)
        Product.objects.update(is_active=False)

        with CaptureQueriesContext(connection) as inactive:
            self.page(office, stored)

        assert len(inactive) == len(available) + 1

    def test_shows_what_was_deleted_since_by_its_id(self, office, stored):
        earbuds = Product.objects.get(name="Wireless Earbuds")
        Interaction.objects.filter(product=earbuds).delete()
        earbuds.delete()

        assert f"Product {stored.picks[0][0]} (deleted)" in self.page(office, stored).content.decode()

    def test_shows_points_with_the_decimals_they_have(self, office, stored):
        product_id = stored.picks[0][0]
        stored.picks = [[product_id, 2125, [["category", "Home", 2500], ["tag", "led", -375]]]]
        stored.save()

        line = self.page(office, stored).context["lines"][0]

        assert line.score == "2.125"
        assert line.reasons == (("+2.5", "category Home"), ("-0.375", "tag led"))

    @pytest.mark.parametrize("picks", [[[1]], "x", [[1, 5, []]], [[1, 0, [["newkind", "x", 0]]]]])
    def test_says_when_it_is_in_disorder(self, office, stored, picks):
        StoredList.objects.filter(pk=stored.pk).update(picks=picks)

        page = self.page(office, stored)

        assert page.status_code == 200
        assert "This list is damaged" in page.content.decode()
        assert "Nothing to recommend" not in page.content.decode()

    def test_leads_to_the_list_of_today(self, office, stored, alice):
        assert today(alice) in self.page(office, stored).content.decode()

    def test_cannot_be_changed_or_added(self, office, stored):
        url = reverse("admin:recommendations_storedlist_change", args=[stored.pk])

        assert office.post(url, {"strategy": "mine"}).status_code == 403
        assert office.get(reverse("admin:recommendations_storedlist_add")).status_code == 403

    def test_may_be_deleted_as_it_is_made_anew(self, office, stored):
        office.post(reverse("admin:recommendations_storedlist_delete", args=[stored.pk]), {"post": "yes"})

        assert not StoredList.objects.filter(pk=stored.pk).exists()

    def test_goes_along_with_its_user(self, office, stored, alice):
        url = reverse("admin:catalog_user_delete", args=[alice.pk])

        asked = office.get(url).content.decode()
        office.post(url, {"post": "yes"})

        assert "<li>Stored lists: 1</li>" in asked
        assert not StoredList.objects.filter(pk=stored.pk).exists()


class TestSections:
    def test_follow_the_order_of_work_and_leave_no_application_over(self, admin_client):
        page = admin_client.get("/admin/")

        assert [section["name"] for section in page.context["app_list"]] == [
            *("Catalogue", "Recommendations", "People", "Access")
        ]
        assert page.context["site_url"] == "/docs"
        assert 'rel="icon"' in page.content.decode()


class TestEachStrategy:
    def test_offers_every_strategy_and_says_what_the_shopper_reads(self, admin_client):
        shopper = UserFactory(name="Ada")
        page = f"/admin/recommendations/storedlist/shopper/{shopper.pk}/"

        html = admin_client.get(f"{page}?strategy=popular").content.decode()

        assert "<strong>popular</strong>" in html
        assert all(f'href="?strategy={name}"' in html for name in ("content", "hybrid", "trending"))
        assert "Hi Ada!" in html
        assert admin_client.get(f"{page}?strategy=nonsense").status_code == 200


class TestDefault:
    def test_is_said_without_a_row(self, admin_client):
        html = admin_client.get("/admin/recommendations/defaultstrategy/").content.decode()

        assert "content answers requests that name no strategy, by the setting DEFAULT_STRATEGY." in html
