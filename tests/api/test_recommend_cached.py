"""GET /recommend/{user_id} twice: when the second response is a cache hit."""

from datetime import timedelta
from typing import Any, Self

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from catalog.models import User
from recommendations import wiring
from recommendations.explainers.base import Explanation, Source
from tests.api.ahead import first, generate, get, shopper, shown, warm
from tests.factories import ProductFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("open_reads")]


@pytest.fixture
def alice() -> User:
    return shopper()


class TestHit:
    def test_is_byte_for_byte_the_same(self, client: Client, alice: User):
        generate(alice)
        same = {"X-Request-ID": "r-1"}
        before = client.get(f"/recommend/{alice.id}", headers=same)

        again = client.get(f"/recommend/{alice.id}", headers=same)

        assert again.content == before.content
        assert again.headers == before.headers

    def test_is_the_same_as_without_a_cache(self, client: Client, alice: User):
        generate(alice)
        warm(client, alice)
        kept = client.get(f"/recommend/{alice.id}").content

        wiring.forget()

        assert client.get(f"/recommend/{alice.id}").content == kept

    @pytest.mark.parametrize("who", ["{id}", "ext:alice"])
    def test_takes_one_query_under_both_ids(self, client: Client, alice: User, who: str):
        generate(alice)
        path = f"/recommend/{who.format(id=alice.id)}"
        get(client, path)

        assert get(client, path)[2] == 1

    def test_takes_one_query_for_a_named_strategy(self, client: Client, alice: User):
        generate(alice, "popular")

        warm(client, alice, "?strategy=popular")

    def test_of_staff_who_exclude_an_inactive_product_is_for_staff_only(
        self, client: Client, staff_client: Client, alice: User
    ):
        off = ProductFactory(is_active=False)
        address = f"/recommend/{alice.id}?exclude={off.pk}"
        for _ in range(2):
            assert staff_client.get(address).json()["ignored"] == []

        answer = client.get(address)

        assert answer.json()["ignored"] == [str(off.pk)]

    def test_depends_on_top_n(self, client: Client, alice: User):
        generate(alice)
        warm(client, alice)

        assert len(shown(client, alice, "?top_n=3")["recommended_products"]) == 3
        assert len(shown(client, alice, "?top_n=5")["recommended_products"]) == 5

    def test_depends_on_filters(self, client: Client, alice: User):
        generate(alice)
        warm(client, alice)
        best = first(alice)

        other = shown(client, alice, f"?exclude={best.id}")

        assert best.id not in [product["id"] for product in other["recommended_products"]]

    def test_is_not_served_without_permission(self, client: Client, alice: User, settings: Any):
        generate(alice)
        warm(client, alice)

        settings.API_OPEN_READS = False

        assert client.get(f"/recommend/{alice.id}").status_code == 401

    def test_is_not_served_to_a_client_that_does_not_accept_json(self, client: Client, alice: User):
        generate(alice)
        warm(client, alice)

        assert client.get(f"/recommend/{alice.id}", headers={"accept": "text/html"}).status_code == 406

    def test_does_not_happen_without_a_cache(self, client: Client, alice: User, settings: Any):
        settings.RECOMMENDATIONS = {**settings.RECOMMENDATIONS, "ANSWER_CACHE_MIB": 0}
        wiring.forget()
        generate(alice)
        get(client, f"/recommend/{alice.id}")

        assert get(client, f"/recommend/{alice.id}")[2] == 1

    def test_does_not_happen_when_the_list_is_too_old(self, client: Client, alice: User):
        generate(alice)
        warm(client, alice)

        with time_machine.travel(timezone.now() + timedelta(days=1), tick=False):
            assert get(client, f"/recommend/{alice.id}")[2] > 1

    def test_does_not_happen_after_forget(self, client: Client, alice: User):
        generate(alice)
        warm(client, alice)

        wiring.forget()

        assert get(client, f"/recommend/{alice.id}")[2] > 1


class Model:
    """An explainer that writes a new text each time. source_of_texts: the template's for a fallback"""

    concurrency = 1
    identity = "a model"
    source = Source.OPENAI

    def __init__(self, source_of_texts: Source) -> None:
        self.source_of_texts = source_of_texts
        self.n_texts = 0

    @classmethod
    def from_options(cls, *, source_of_texts: str) -> Self:
        return cls(Source(source_of_texts))

    def explain(self, evidence: object) -> Explanation:
        self.n_texts += 1
        return Explanation(f"Text {self.n_texts}.", self.source_of_texts)


def explains(settings: Any, source_of_texts: Source) -> None:
    model = {"CLASS": f"{__name__}.{Model.__name__}", "OPTIONS": {"source_of_texts": source_of_texts.value}}
    settings.RECOMMENDATIONS = {**settings.RECOMMENDATIONS, "EXPLAINER": model}
    wiring.forget()


class TestExplanations:
    def test_of_a_fallback_are_not_cached(self, client: Client, alice: User, settings: Any):
        explains(settings, Source.TEMPLATE)
        generate(alice)

        texts = [shown(client, alice)["llm_explanation"] for _ in range(3)]

        assert texts == ["Text 1.", "Text 2.", "Text 3."]

    def test_of_a_model_are_written_once_for_the_same_list(self, client: Client, alice: User, settings: Any):
        explains(settings, Source.OPENAI)
        generate(alice)

        texts = [shown(client, alice)["llm_explanation"] for _ in range(2)]
        wiring.response_cache().forget([alice.id])

        assert [*texts, shown(client, alice)["llm_explanation"]] == ["Text 1."] * 3

    def test_of_a_model_are_written_again_for_another_list(self, client: Client, alice: User, settings: Any):
        explains(settings, Source.OPENAI)
        generate(alice)

        texts = [shown(client, alice, query)["llm_explanation"] for query in ("", "?top_n=2")]

        assert texts == ["Text 1.", "Text 2."]

    def test_that_are_stored_are_reused(self, client: Client, alice: User, settings: Any):
        explains(settings, Source.OPENAI)
        generate(alice, n=5, explain=True)

        warm(client, alice)

        assert shown(client, alice)["llm_explanation"] == "Text 1."
