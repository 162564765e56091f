"""Tests of the interaction admin: search and filters by index, adding and correcting events."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from catalog.models import ActionType, Interaction
from core.admin.paging import BoundedPaginator
from tests.factories import NOON, InteractionFactory, ProductFactory, UserFactory

LIST = reverse("admin:catalog_interaction_changelist")
ADD = reverse("admin:catalog_interaction_add")


def found(office: Client, **query: object) -> list[Interaction]:
    page = office.get(LIST, query)
    assert page.status_code == 200
    return list(page.context["cl"].result_list)


def change(event: Interaction) -> str:
    return reverse("admin:catalog_interaction_change", args=[event.pk])


def filled_in(event: Interaction, **changes: object) -> dict[str, object]:
    """Return the form data that a browser sends when the event's page is saved."""
    when = timezone.localtime(changes.pop("occurred_at", event.occurred_at))
    return {
        "user": event.user_id,
        "product": event.product_id,
        "action_type": event.action_type,
        "occurred_at_0": when.strftime("%d/%m/%Y"),
        "occurred_at_1": when.strftime("%H:%M:%S"),
        **changes,
    }


class TestSearch:
    @pytest.fixture
    def events(self, db: None) -> dict[str, Interaction]:
        alice = UserFactory(id=71, name="Alice", external_id="a")
        lamp = ProductFactory(id=72, name="Desk Lamp", external_id="l-1")
        return {
            "alice": InteractionFactory(user=alice),
            "lamp": InteractionFactory(product=lamp),
            "both": InteractionFactory(user=alice, product=lamp),
            "other": InteractionFactory(),
        }

    @pytest.mark.parametrize(
        ("term", "names"),
        [
            ("a", {"alice", "both"}),
            ("71", {"alice", "both"}),
            (" alice ", {"alice", "both"}),
            ("l-1", {"lamp", "both"}),
            ("72", {"lamp", "both"}),
            ("desk lamp", {"lamp", "both"}),
            ("lamp", set()),
            ("9" * 30, set()),
            ("  ", {"alice", "lamp", "both", "other"}),
        ],
    )
    def test_means_whole_keys_and_names(self, office, events, term, names):
        assert set(found(office, q=term)) == {events[name] for name in names}

    def test_joins_users_and_products_that_share_a_key(self, office, events):
        namesake = InteractionFactory(product=ProductFactory(external_id="a"))

        assert set(found(office, q="a")) == {events["alice"], events["both"], namesake}

    def test_reads_no_event_but_those_it_shows(self, office, events, django_assert_num_queries):
        with django_assert_num_queries(4 + 3) as queries:
            found(office, q="a")

        counting = next(q["sql"] for q in queries.captured_queries if "COUNT" in q["sql"])
        assert "JOIN" not in counting


class TestFilters:
    @pytest.mark.parametrize("action", ["view", "click", "cart", "purchase", "dismiss"])
    def test_by_action(self, office, action):
        events = {name: InteractionFactory(action_type=name) for name in ActionType.values}

        assert found(office, action_type__exact=action) == [events[action]]

    def test_by_user_and_by_product(self, office):
        event, _ = InteractionFactory(), InteractionFactory()

        assert found(office, user=event.user_id) == [event]
        assert found(office, product=event.product_id) == [event]

    def test_by_dates(self, office):
        old, new = InteractionFactory(occurred_at=NOON - timedelta(days=9)), InteractionFactory()

        assert found(office, occurred_at_from=NOON.date()) == [new]
        assert found(office, occurred_at_to=NOON.date() - timedelta(days=1)) == [old]

    def test_offer_the_usual_ranges(self, office):
        today = timezone.localdate()

        html = office.get(LIST).content.decode()

        assert f"occurred_at_from={today - timedelta(days=6)}&amp;occurred_at_to={today}" in html

    def test_name_the_user_with_the_shops_own_key(self, office):
        alice = UserFactory(name="Alice", external_id="a-7")

        html = office.get(LIST, {"user": alice.pk}).content.decode()

        assert "selected>Alice (a-7)</option>" in html


class TestList:
    def test_shows_the_newest_first(self, office):
        old, new = InteractionFactory(occurred_at=NOON - timedelta(days=1)), InteractionFactory()

        assert found(office) == [new, old]

    def test_says_so_where_it_stopped_counting(self, office, monkeypatch):
        monkeypatch.setattr(BoundedPaginator, "most", 3)
        InteractionFactory.create_batch(5)

        html = office.get(LIST).content.decode()

        assert "3 or more interactions" in html
        assert "3 results" not in html

    def test_counts_all_of_a_few(self, office):
        InteractionFactory.create_batch(2)

        html = office.get(LIST).content.decode()

        assert "2 interactions" in html
        assert "or more interactions" not in html

    def test_counts_a_single_one(self, office):
        InteractionFactory()

        assert "1 interaction\n" in office.get(LIST).content.decode()


class TestCompletion:
    def answer(self, office: Client, field: str, term: str) -> list[str]:
        query = {"app_label": "catalog", "model_name": "interaction", "field_name": field, "term": term}
        results = office.get(reverse("admin:catalog_complete"), query).json()["results"]
        return [result["text"] for result in results]

    def test_tells_namesakes_apart(self, office):
        UserFactory(name="Alice", external_id="a-1")
        UserFactory(name="Alice", external_id="a-2")
        UserFactory(name="Alice", external_id=None)

        assert self.answer(office, "user", "alice") == ["Alice (a-1)", "Alice (a-2)", "Alice"]

    def test_needs_the_permission_to_look(self, hire):
        clerk = hire("view_product")
        query = {"app_label": "catalog", "model_name": "interaction", "field_name": "user"}

        assert clerk.get(reverse("admin:catalog_complete"), query).status_code == 403


class TestAdding:
    @pytest.mark.parametrize("action", ["click", "cart", "dismiss"])
    def test_stores_the_event(self, office, action):
        event = Interaction(
            user=UserFactory(), product=ProductFactory(), action_type=action, occurred_at=NOON
        )

        answer = office.post(ADD, filled_in(event))

        assert answer.status_code == 302
        stored = Interaction.objects.get()
        assert (stored.user, stored.product, stored.action_type) == (event.user, event.product, action)
        assert stored.occurred_at == NOON

    @pytest.mark.parametrize("days", [2, -40_000])
    def test_refuses_a_moment_that_cannot_have_been(self, office, days):
        when = timezone.now() + timedelta(days=days)
        event = Interaction(
            user=UserFactory(), product=ProductFactory(), action_type="view", occurred_at=when
        )

        page = office.post(ADD, filled_in(event))

        assert list(page.context["adminform"].form.errors) == ["occurred_at"]


class TestCorrecting:
    def test_replaces_the_event_under_a_new_id(self, office):
        event = InteractionFactory(event_key="e-1", created_at=NOON)
        product = ProductFactory()

        answer = office.post(change(event), filled_in(event, product=product.pk))

        assert answer.status_code == 302
        stored = Interaction.objects.get()
        assert stored.product == product
        assert stored.pk > event.pk
        assert (stored.event_key, stored.created_at) == ("e-1", NOON)

    def test_leaves_an_event_alone_when_nothing_changed(self, office):
        event = InteractionFactory()

        office.post(change(event), filled_in(event))

        assert Interaction.objects.get() == event

    def test_keeps_a_moment_that_is_finer_than_the_form(self, office):
        moment = NOON.replace(microsecond=123456)
        event = InteractionFactory(occurred_at=moment)

        office.post(change(event), filled_in(event, action_type="click"))

        assert Interaction.objects.get().occurred_at == moment

    def test_moves_an_event_to_another_moment(self, office):
        event = InteractionFactory()

        office.post(change(event), filled_in(event, occurred_at=NOON - timedelta(days=1)))

        assert Interaction.objects.get().occurred_at == NOON - timedelta(days=1)

    def test_cannot_touch_the_event_key(self, office):
        event = InteractionFactory(event_key="e-1")

        office.post(change(event), filled_in(event, action_type="click", event_key="e-2"))

        assert Interaction.objects.get().event_key == "e-1"

    def test_goes_on_with_the_new_row(self, office):
        event = InteractionFactory()

        answer = office.post(change(event), filled_in(event, action_type="click", _continue="yes"))

        assert answer.url == change(Interaction.objects.get())
