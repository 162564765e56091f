"""The explanation of GET /recommend/{user_id} claims only what was computed for that answer."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from recommendations import wiring
from recommendations.engine.reasons import ReasonKind
from recommendations.explaining.inline import evidence
from recommendations.selectors.shoppers import shopper
from recommendations.serving.request import RecommendationRequest
from tests.factories import InteractionFactory, ProductFactory, UserFactory
from tests.trained import trained

pytestmark = pytest.mark.django_db

SHOP = Path(__file__).parents[2] / "data" / "example_shop"
IMPERSONAL, TRAINED = ("popular", "trending"), ("collaborative", "hybrid", "together")
STRATEGIES = ("content", *IMPERSONAL, *TRAINED)
FILTERS = (
    "",
    "&category=Home",
    "&min_price=60",
    "&exclude=ext:wireless-earbuds",
    "&offset=3",
    "&offset=150",
)
# Frank has done nothing; the stranger has met one product, which has nothing in common with any other.
SHOPPERS = ("ext:alice", "ext:frank", "ext:stranger")


@pytest.fixture(autouse=True)
def shop(settings: Any, tmp_path: Path) -> None:
    settings.API_OPEN_READS = True
    settings.RECOMMENDATIONS = {**settings.RECOMMENDATIONS, "MODEL_DIR": str(tmp_path)}
    wiring.forget()
    call_command("import_shop", str(SHOP), verbosity=0)
    InteractionFactory(
        user=UserFactory(name="Zoë", external_id="stranger"),
        product=ProductFactory(name="Relic", category=None, is_active=False),
        action_type="purchase",
        occurred_at=datetime(2026, 3, 1, tzinfo=UTC),
    )


def answer(client: Client, who: str, strategy: str, filters: str = "", top_n: int = 2) -> dict:
    found = client.get(f"/recommend/{who}?top_n={top_n}&strategy={strategy}{filters}")
    assert found.status_code == 200, found.content
    return found.json()


def untrue_claims(client: Client, who: str, strategy: str, filters: str, has_model: bool) -> list[str]:
    """Return the claims of the explanation that the answer does not support, found by phrases."""
    given = answer(client, who, strategy, filters)
    kinds = {
        reason["kind"]
        for product in given["recommended_products"]
        for reason in product["reasons"]
        if reason["value"]
    }
    is_new = given["user_behavior_summary"] == "No interactions yet."
    found_nothing = given["fallback"] is not None
    may_claim = {
        "know your taste": is_new and strategy not in IMPERSONAL and found_nothing,
        "matches your favourites": strategy == "content" and found_nothing and not is_new,
        "personal picks": strategy in TRAINED and has_model and found_nothing and not is_new,
        "match products to your taste": strategy in TRAINED and not has_model and not is_new,
        "Nothing (in this selection )?that is new to you is trending": strategy == "trending"
        and found_nothing,
        "(in this selection|more)": bool(filters),
        "interest in": bool(kinds & {ReasonKind.CATEGORY, ReasonKind.TAG}),
        "as you did": ReasonKind.BECAUSE in kinds,
        "bought together": ReasonKind.TOGETHER in kinds,
        "(T|is t)rending now:": ReasonKind.TRENDING in kinds,
        "(P|is p)opular with": ReasonKind.POPULAR in kinds,
        "nothing .*to recommend": not given["recommended_products"],
    }
    # What holds for a part of the shop, or for the end of a list, is not claimed of all of it.
    may_claim["nothing new to recommend"] = not filters
    if "offset" not in filters:
        may_claim["[Nn]othing that is new to you"] = not filters
    text = given["llm_explanation"]
    return [
        f"{who} {filters}: {phrase}: {text}"
        for phrase, may in may_claim.items()
        if re.search(phrase, text) and not may
    ]


class TestEveryStrategy:
    @pytest.mark.parametrize("has_model", [False, True], ids=["without a model", "with its model"])
    @pytest.mark.parametrize("strategy", STRATEGIES)
    def test_claims_only_what_was_computed(self, client: Client, strategy: str, has_model: bool):
        if has_model and strategy in TRAINED:
            trained(strategy)

        found = [
            claim
            for who in SHOPPERS
            for filters in FILTERS
            for claim in untrue_claims(client, who, strategy, filters, has_model)
        ]

        assert found == []

    @pytest.mark.parametrize("has_model", [False, True], ids=["without a model", "with its model"])
    @pytest.mark.parametrize("strategy", STRATEGIES)
    def test_has_the_same_evidence_for_a_stored_list(self, strategy: str, has_model: bool):
        if has_model and strategy in TRAINED:
            trained(strategy)
        chosen = wiring.model_ref(strategy)
        shoppers = [shopper({"external_id": name.removeprefix("ext:")}) for name in SHOPPERS]
        wiring.generator(chosen, top_n=2)(sorted(one.id for one in shoppers))

        for one in shoppers:
            request = RecommendationRequest(one.id, 2, strategy=strategy)
            state = wiring.shopper_state(request)
            ahead, live = (
                wiring.recommender()(request, state),
                wiring.recommender(stored=False)(request, state),
            )
            assert ahead.is_stored
            assert evidence(ahead) == evidence(live)

    def test_is_configured_here(self):
        assert set(STRATEGIES) == set(wiring.config().strategies)


class TestAlice:
    """The earbuds are her own match, of 16 points: that nothing matches would be untrue."""

    @pytest.mark.parametrize(
        ("strategy", "text"),
        [
            ("popular", "Hi Alice! Popular with other shoppers: Wireless Earbuds."),
            ("trending", "Hi Alice! Trending now: Trail Guide."),
        ],
    )
    def test_reads_that_a_list_is_the_same_for_everybody(self, client: Client, strategy: str, text: str):
        given = answer(client, "ext:alice", strategy, top_n=1)

        assert given["llm_explanation"] == text

    @pytest.mark.parametrize("strategy", TRAINED)
    def test_does_not_read_that_nothing_matches_without_a_model(self, client: Client, strategy: str):
        given = answer(client, "ext:alice", strategy, top_n=1)

        assert given["llm_explanation"] == (
            "Hi Alice! We cannot match products to your taste just now, "
            "so here is what is trending now: Trail Guide."
        )
