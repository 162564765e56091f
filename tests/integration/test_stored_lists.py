"""The conditions under which a stored list is served, one by one."""

from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine

from catalog.models import Interaction, Product, User
from recommendations import wiring
from recommendations.explainers.base import Explanation, Source
from recommendations.explainers.template import TemplateExplainer
from recommendations.explaining.inline import evidence, explanation_of
from recommendations.models import StoredList
from recommendations.serving.request import RecommendationRequest
from recommendations.serving.results import RecommendationList
from tests.factories import NOON, InteractionFactory, ProductFactory, UserFactory

pytestmark = pytest.mark.django_db

MARK = "This summary was stored."


@pytest.fixture
def user() -> User:
    user = UserFactory(name="Alice")
    liked = ProductFactory(category="Audio", name="Radio")
    InteractionFactory.create_batch(2, user=user, product=liked)
    for n in range(6):
        ProductFactory(category="Audio", name=f"Speaker {n}")
    return user


def generate(user: User, *, top_n: int = 4, explain: bool = False, when: datetime = NOON) -> StoredList:
    """Store a list as the command does, and mark it, so that tests recognize an answer from it."""
    with time_machine.travel(when, tick=False):
        wiring.generator(wiring.model_ref("content"), top_n, explain=explain)([user.id])
    stored = StoredList.objects.get(user=user)
    if not explain:
        StoredList.objects.update(summary=MARK)
    return stored


def ask(user: User, *, top_n: int = 4, when: datetime = NOON) -> RecommendationList:
    with time_machine.travel(when, tick=False):
        request = RecommendationRequest(user.id, top_n, strategy="content")
        return wiring.recommender()(request, wiring.shopper_state(request))


def is_stored(shelf: RecommendationList) -> bool:
    return shelf.summary == MARK


class TestStoredList:
    def test_is_served_as_it_was_generated(self, user: User):
        live = ask(user)
        generate(user)

        shelf = ask(user)

        assert is_stored(shelf)
        assert shelf.items == live.items
        assert (shelf.strategy, shelf.fallback, shelf.has_history) == ("content", None, True)

    def test_is_served_in_part_for_a_smaller_top_n(self, user: User):
        stored = generate(user)

        shelf = ask(user, top_n=2)

        assert is_stored(shelf)
        assert [placed.product.id for placed in shelf.items] == [pick[0] for pick in stored.picks[:2]]

    def test_is_not_served_for_a_greater_top_n(self, user: User):
        generate(user)

        shelf = ask(user, top_n=5)

        assert not is_stored(shelf)
        assert len(shelf.items) == 5

    def test_is_served_for_at_most_as_many_products_as_it_holds(self, user: User):
        stored = generate(user, top_n=50)
        ProductFactory(name="New")
        wiring.forget()

        assert len(stored.picks) == 6
        assert is_stored(ask(user, top_n=6))
        assert len(ask(user, top_n=7).items) == 7

    @pytest.mark.parametrize(
        "picks",
        [
            [[1]],
            {"a": 1},
            "x",
            [[1, 0, [["newkind", "x", 0]]]] * 4,
            [[1, 5, []]] * 4,
            [[None, 0, []]] * 4,
        ],
    )
    def test_that_is_malformed_is_logged_and_not_served(
        self, user: User, picks: Any, caplog: pytest.LogCaptureFixture
    ):
        generate(user)

        StoredList.objects.update(picks=picks)

        assert not is_stored(ask(user, top_n=1))
        assert "is not served" in caplog.text

    @pytest.mark.parametrize("when", [NOON + timedelta(hours=2), NOON - timedelta(days=400)])
    def test_is_not_served_after_a_new_event_even_a_back_dated_one(self, user: User, when: datetime):
        generate(user)

        InteractionFactory(user=user, product=Product.objects.get(name="Speaker 0"), occurred_at=when)

        assert not is_stored(ask(user))

    def test_is_not_served_after_an_event_was_deleted(self, user: User):
        generate(user)

        first = Interaction.objects.filter(user=user).order_by("id").first()
        assert first is not None
        first.delete()

        assert not is_stored(ask(user))

    def test_is_not_served_after_an_event_was_replaced_by_another(self, user: User):
        generate(user)

        last = Interaction.objects.filter(user=user).order_by("id").last()
        assert last is not None
        InteractionFactory(user=user, product=last.product)
        last.delete()

        assert not is_stored(ask(user))

    def test_is_served_after_an_event_of_another_user(self, user: User):
        generate(user)

        InteractionFactory(product=Product.objects.get(name="Speaker 0"))

        assert is_stored(ask(user))

    def test_is_not_served_when_any_product_in_it_was_deactivated(self, user: User):
        stored = generate(user)

        Product.objects.filter(id=stored.picks[-1][0]).update(is_active=False)

        assert not is_stored(ask(user, top_n=2))

    def test_is_not_served_when_a_product_in_it_was_deleted(self, user: User):
        stored = generate(user)

        Product.objects.get(id=stored.picks[-1][0]).delete()

        assert not is_stored(ask(user))

    def test_is_served_until_it_is_a_day_old(self, user: User):
        generate(user)

        assert is_stored(ask(user, when=NOON + timedelta(hours=24) - timedelta(seconds=1)))
        assert not is_stored(ask(user, when=NOON + timedelta(hours=24)))

    def test_of_the_future_is_not_served(self, user: User):
        generate(user)

        assert not is_stored(ask(user, when=NOON - timedelta(seconds=1)))

    def test_is_never_served_when_the_maximum_age_is_zero(self, user: User, settings: Any):
        settings.RECOMMENDATIONS = {**settings.RECOMMENDATIONS, "STORED_LIST_MAX_AGE_SECONDS": 0}
        generate(user)

        assert not is_stored(ask(user))

    def test_is_not_served_after_the_strategys_settings_changed(self, user: User, settings: Any):
        generate(user)
        content = settings.RECOMMENDATIONS["STRATEGIES"]["content"]
        options = {**content["OPTIONS"], "tag_points": 4}

        settings.RECOMMENDATIONS = {
            **settings.RECOMMENDATIONS,
            "STRATEGIES": {"content": {**content, "OPTIONS": options}},
        }
        wiring.forget()

        assert not is_stored(ask(user))

    def test_of_another_strategy_is_not_served(self, user: User):
        generate(user)

        StoredList.objects.update(strategy="other")

        assert not is_stored(ask(user))

    def test_shows_the_products_fields_as_they_are_now(self, user: User):
        stored = generate(user)

        Product.objects.filter(id=stored.picks[0][0]).update(name="Renamed", price="1.25")

        shelf = ask(user)
        assert is_stored(shelf)
        assert shelf.items[0].product.name == "Renamed"
        assert str(shelf.items[0].product.price) == "1.25"

    def test_takes_one_query(self, user: User, django_assert_num_queries: Any):
        generate(user)
        ask(user)

        with django_assert_num_queries(1):
            assert is_stored(ask(user))

    def test_says_that_it_holds_only_popular_products(self):
        shopper = UserFactory()
        ProductFactory()
        generate(shopper)

        shelf = ask(shopper, top_n=1)

        assert is_stored(shelf)
        assert shelf.fallback == "popular"
        assert not shelf.has_history


class CurrentExplainer:
    """An explainer whose text cannot have been stored."""

    source = Source.TEMPLATE
    concurrency = 1
    identity = "template"

    def explain(self, evidence: object) -> Explanation:
        return Explanation("Spoken now.", Source.TEMPLATE)


class TestStoredText:
    def words(self, shelf: RecommendationList) -> str:
        return explanation_of(shelf, CurrentExplainer()).text  # type: ignore[arg-type]

    def test_is_used_for_the_products_it_was_written_for(self, user: User):
        stored = generate(user, explain=True)

        shelf = ask(user)

        assert stored.explanation
        assert self.words(shelf) == stored.explanation == TemplateExplainer().explain(evidence(shelf)).text

    def test_is_not_used_once_another_model_explains(self, user: User, monkeypatch: pytest.MonkeyPatch):
        generate(user, explain=True)

        monkeypatch.setattr(CurrentExplainer, "identity", "openai https://other gpt")

        assert self.words(ask(user)) == "Spoken now."

    def test_is_not_used_for_a_part_of_the_list(self, user: User):
        generate(user, explain=True)

        assert self.words(ask(user, top_n=3)) == "Spoken now."

    def test_is_not_used_after_a_product_was_renamed(self, user: User):
        stored = generate(user, explain=True)

        Product.objects.filter(id=stored.picks[0][0]).update(name="Renamed")

        assert self.words(ask(user)) == "Spoken now."

    def test_is_not_used_after_the_user_changed_their_name(self, user: User):
        generate(user, explain=True)

        User.objects.update(name="Alicia")

        assert self.words(ask(user)) == "Spoken now."

    def test_is_missing_from_a_list_generated_without_explanations(self, user: User):
        generate(user)

        assert self.words(ask(user)) == "Spoken now."
