"""ExplanationCache: one model call for the same evidence, with any number of concurrent callers."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Event, Semaphore, local
from typing import Any

import pytest

from recommendations.caching import explanations
from recommendations.caching.explanations import ExplanationCache, key_prefix
from recommendations.explainers.base import Evidence, Explanation, Source
from recommendations.explainers.behaviour import Behaviour
from recommendations.explaining.inline import evidence
from recommendations.selectors.shoppers import Shopper
from recommendations.serving.results import RecommendationList, StoredExplanation
from recommendations.strategies.base import Basis
from recsite.cache.local import CLAIM, LocalCache
from tests.caches import TimedCache, counting
from tests.waiting import PATIENCE_SECONDS

LIST = RecommendationList(
    shopper=Shopper(7, "Alice"),
    items=(),
    summary="Bought a radio.",
    strategy="content",
    fallback=None,
    has_history=True,
    basis=Basis.FAVOURITES,
)


class Model:
    """Writes a new text in each call. held: what it waits for before it answers"""

    concurrency = 1
    identity = "a model"
    source = Source.OPENAI

    def __init__(self) -> None:
        self.n_asked = 0
        self.is_up = True
        self.begun, self.held = Event(), Event()
        self.held.set()

    def explain(self, evidence: Evidence) -> Explanation:
        self.n_asked += 1
        self.begun.set()
        self.held.wait(PATIENCE_SECONDS)
        source = Source.OPENAI if self.is_up else Source.TEMPLATE
        return Explanation(f"Text {self.n_asked}.", source)


class Template(Model):
    source = Source.TEMPLATE

    def explain(self, evidence: Evidence) -> Explanation:
        return Explanation("By the template.", Source.TEMPLATE)


class Crowded(LocalCache):
    """Signals the arrival of each thread that waits for another one's claim, once a thread."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.arrivals, self._own = Semaphore(0), local()

    def get_or_claim(self, key: str, seconds: float) -> tuple[Any, bool]:
        found, is_mine = super().get_or_claim(key, seconds)
        if found is None and not is_mine and not hasattr(self._own, "has_arrived"):
            self._own.has_arrived = True
            self.arrivals.release()
        return found, is_mine


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let threads wait for each other for as long as a busy machine needs."""
    monkeypatch.setattr(explanations, "_PATIENCE_SECONDS", PATIENCE_SECONDS)
    monkeypatch.setattr(explanations, "_CLAIM_SECONDS", PATIENCE_SECONDS)


@pytest.fixture
def model() -> Model:
    return Model()


@pytest.fixture
def cache() -> Any:
    cache = Crowded("a test of explanations", {})
    cache.clear()
    return cache


def caching(model: Model, cache: Any, *, user_exists: bool = True) -> ExplanationCache:
    explainer: Any = model
    template: Any = Template()
    return ExplanationCache(explainer, template, cache, 60, lambda user_id: user_exists)


class TestExplanationCache:
    def test_asks_the_model_once(self, model: Model, cache: Any):
        explain = caching(model, cache)

        provided = [explain(LIST) for _ in range(3)]

        assert {each.explanation for each in provided} == {Explanation("Text 1.", Source.OPENAI)}
        assert all(each.is_final for each in provided)
        assert model.n_asked == 1

    @pytest.mark.parametrize(
        "other",
        [
            replace(LIST, behaviour=Behaviour(purchased=("Lamp",))),
            replace(LIST, shopper=Shopper(8, "Alice")),
        ],
        ids=["another behaviour", "another shopper"],
    )
    def test_asks_it_again_for_other_evidence(self, model: Model, cache: Any, other: RecommendationList):
        explain = caching(model, cache)
        explain(LIST)

        assert explain(other).explanation.text == "Text 2."

    def test_leaves_no_claim_on_a_text_that_expires(self, model: Model, cache: Any):
        explain = caching(model, cache)
        explain(LIST)
        key = key_prefix(LIST.shopper.id) + evidence(LIST).digest(model.identity)

        cache.delete(key)

        assert explain(LIST).explanation.text == "Text 2."
        assert not cache.has_key(key + CLAIM)

    def test_leaves_no_claim_after_an_error(self, model: Model, cache: Any, monkeypatch: pytest.MonkeyPatch):
        explain = caching(model, cache)
        with monkeypatch.context() as broken:
            broken.delattr(Model, "explain")
            with pytest.raises(AttributeError):
                explain(LIST)

        assert explain(LIST).is_final

    def test_does_not_keep_a_fallback_text(self, model: Model, cache: Any):
        explain, model.is_up = caching(model, cache), False
        assert not explain(LIST).is_final

        model.is_up = True

        assert explain(LIST).explanation == Explanation("Text 2.", Source.OPENAI)

    def test_returns_a_stored_explanation(self, model: Model, cache: Any):
        digest = evidence(LIST).digest(model.identity)
        ahead = Explanation("Ahead.", Source.OPENAI)

        provided = caching(model, cache)(replace(LIST, stored_explanation=StoredExplanation(ahead, digest)))

        assert (provided.explanation, provided.is_final, model.n_asked) == (ahead, True, 0)

    def test_keeps_nothing_for_a_user_erased_meanwhile(self, model: Model, cache: Any):
        caching(model, cache, user_exists=False)(LIST)

        assert [
            key for key in cache.keys_with_prefix(explanations.key_prefix(7)) if ":claim" not in key
        ] == []

    def test_lets_one_of_many_concurrent_callers_ask_the_model(self, model: Model, cache: Any):
        explain = caching(model, cache)
        model.held.clear()
        with ThreadPoolExecutor(8) as threads:
            first = threads.submit(explain, LIST)
            model.begun.wait(PATIENCE_SECONDS)
            others = [threads.submit(explain, LIST) for _ in range(7)]
            model.held.set()
            provided = {each.result().explanation.text for each in (first, *others)}

        assert provided == {"Text 1."}
        assert model.n_asked == 1

    def test_returns_the_placeholder_if_another_caller_takes_too_long(
        self, model: Model, cache: Any, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr(explanations, "_PATIENCE_SECONDS", 0.1)
        cache.add(explanations.key_prefix(7) + evidence(LIST).digest(model.identity) + ":claim", 1, 60)

        provided = caching(model, cache)(LIST)

        assert (provided.explanation.text, provided.is_final) == ("By the template.", False)

    def test_does_not_ask_again_after_waiting_for_a_failed_call(self, model: Model, cache: Any):
        explain = caching(model, cache)
        model.is_up = False
        model.held.clear()
        with ThreadPoolExecutor(4) as threads:
            first = threads.submit(explain, LIST)
            model.begun.wait(PATIENCE_SECONDS)
            others = [threads.submit(explain, LIST) for _ in range(3)]
            assert all(cache.arrivals.acquire(timeout=PATIENCE_SECONDS) for _ in others)
            model.held.set()
            provided = {each.result().explanation.text for each in others}

        assert first.result().explanation.text == "Text 1."
        assert provided == {"By the template."}
        assert model.n_asked == 1

    def test_reads_the_user_from_a_key(self):
        assert explanations.user_id_in(explanations.key_prefix(7) + "digest") == 7

    def test_lets_the_next_shopper_ask_at_once_where_the_model_failed(self, model: Model, cache: Any):
        model.is_up = False

        caching(model, cache)(LIST)

        assert cache.keys_with_prefix(explanations.key_prefix(7)) == []

    def test_releases_its_claim_where_the_user_was_erased_meanwhile(self, model: Model, cache: Any):
        caching(model, cache, user_exists=False)(LIST)

        assert cache.keys_with_prefix(explanations.key_prefix(7)) == []

    def test_asks_for_the_user_of_the_list(self, model: Model, cache: Any):
        asked: list[int] = []
        words = replace(caching(model, cache), user_exists=lambda user_id: asked.append(user_id) or True)

        words(LIST)

        assert asked == [LIST.shopper.id]

    def test_counts_misses_and_hits(self, model: Model, cache: Any, monkeypatch: pytest.MonkeyPatch):
        counts, words = counting(monkeypatch), caching(model, cache)

        for _ in range(2):
            words(LIST)

        assert counts.lookups == ["explanations miss", "explanations hit"]

    def test_keeps_words_for_as_long_as_it_is_given(self, model: Model):
        cache = TimedCache()

        caching(model, cache)(LIST)

        assert cache.timeouts == [60]

    def test_claims_for_a_limited_time(self, model: Model):
        """Or a process that died with a claim would leave its shoppers to the template for ever."""
        cache = TimedCache()

        caching(model, cache)(LIST)

        assert None not in cache.claims

    def test_has_the_evidence_of_the_list_explained(self, model: Model, cache: Any):
        seen: list[Evidence] = []

        class Noting(Model):
            def explain(self, evidence: Evidence) -> Explanation:
                seen.append(evidence)
                return super().explain(evidence)

        caching(Noting(), cache)(LIST)

        assert seen == [evidence(LIST)]

    def test_waits_with_claims_for_a_limited_time(self, model: Model, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(explanations, "_PATIENCE_SECONDS", 0.02)
        cache = TimedCache()
        cache.add(explanations.key_prefix(7) + evidence(LIST).digest(model.identity) + ":claim", 1, 60)

        caching(model, cache)(LIST)

        assert len(cache.claims) > 1
        assert None not in cache.claims
