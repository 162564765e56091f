"""What remembers a model's words: asked once for the same shelf, by however many at once."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Event, Semaphore, local
from typing import Any

import pytest

from recommendations.caching import explanations
from recommendations.caching.explanations import ExplanationCache
from recommendations.explainers.base import Evidence, Explanation, Source
from recommendations.explaining.inline import evidence
from recommendations.selectors.shoppers import Shopper
from recommendations.serving.results import RecommendationList, StoredExplanation
from recommendations.strategies.base import Basis
from recsite.cache.local import LocalCache
from tests.waiting import PATIENCE_SECONDS

SHELF = RecommendationList(
    shopper=Shopper(7, "Alice"),
    items=(),
    summary="Bought a radio.",
    strategy="content",
    fallback=None,
    has_history=True,
    basis=Basis.FAVOURITES,
)


class Model:
    """Words each evidence anew. held: what it waits for before it answers"""

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
    """Says of each thread once that it has come to wait for what another thread claimed."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.arrivals, self._own = Semaphore(0), local()

    def get_or_claim(self, key: str, seconds: float) -> tuple[Any, bool]:
        found, is_mine = super().get_or_claim(key, seconds)
        if found is None and not is_mine and not hasattr(self._own, "has_come"):
            self._own.has_come = True
            self.arrivals.release()
        return found, is_mine


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads wait for each other however busy the machine is."""
    monkeypatch.setattr(explanations, "_PATIENCE_SECONDS", PATIENCE_SECONDS)
    monkeypatch.setattr(explanations, "_CLAIM_SECONDS", PATIENCE_SECONDS)


@pytest.fixture
def model() -> Model:
    return Model()


@pytest.fixture
def cache() -> Any:
    kept = Crowded("a test of words", {})
    kept.clear()
    return kept


def remembering(model: Model, cache: Any, *, is_there: bool = True) -> ExplanationCache:
    explainer: Any = model
    template: Any = Template()
    return ExplanationCache(explainer, template, cache, 60, lambda user_id: is_there)


class TestRemembered:
    def test_asks_the_model_once(self, model: Model, cache: Any):
        words = remembering(model, cache)

        said = [words(SHELF) for _ in range(3)]

        assert {each.explanation for each in said} == {Explanation("Text 1.", Source.OPENAI)}
        assert all(each.is_final for each in said)
        assert model.n_asked == 1

    @pytest.mark.parametrize(
        "other",
        [replace(SHELF, summary="Bought a lamp."), replace(SHELF, shopper=Shopper(8, "Alice"))],
        ids=["another summary", "another shopper"],
    )
    def test_asks_it_again_for_another_shelf(self, model: Model, cache: Any, other: RecommendationList):
        words = remembering(model, cache)
        words(SHELF)

        assert words(other).explanation.text == "Text 2."

    def test_keeps_nothing_that_stands_in_for_its_words(self, model: Model, cache: Any):
        words, model.is_up = remembering(model, cache), False
        assert not words(SHELF).is_final

        model.is_up = True

        assert words(SHELF).explanation == Explanation("Text 2.", Source.OPENAI)

    def test_takes_what_was_written_ahead(self, model: Model, cache: Any):
        digest = evidence(SHELF).digest(model.identity)
        ahead = Explanation("Ahead.", Source.OPENAI)

        said = remembering(model, cache)(replace(SHELF, stored_explanation=StoredExplanation(ahead, digest)))

        assert (said.explanation, said.is_final, model.n_asked) == (ahead, True, 0)

    def test_keeps_nothing_for_who_was_erased_meanwhile(self, model: Model, cache: Any):
        remembering(model, cache, is_there=False)(SHELF)

        assert [key for key in cache.beginning(explanations.key_prefix(7)) if ":claim" not in key] == []

    def test_has_one_of_many_at_once_ask(self, model: Model, cache: Any):
        words = remembering(model, cache)
        model.held.clear()
        with ThreadPoolExecutor(8) as threads:
            first = threads.submit(words, SHELF)
            model.begun.wait(PATIENCE_SECONDS)
            others = [threads.submit(words, SHELF) for _ in range(7)]
            model.held.set()
            said = {each.result().explanation.text for each in (first, *others)}

        assert said == {"Text 1."}
        assert model.n_asked == 1

    def test_says_by_the_template_what_takes_too_long(
        self, model: Model, cache: Any, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr(explanations, "_PATIENCE_SECONDS", 0.1)
        cache.add(explanations.key_prefix(7) + evidence(SHELF).digest(model.identity) + ":claim", 1, 60)

        said = remembering(model, cache)(SHELF)

        assert (said.explanation.text, said.is_final) == ("By the template.", False)

    def test_does_not_have_the_model_asked_again_by_who_waited_for_one_that_failed(
        self, model: Model, cache: Any
    ):
        words = remembering(model, cache)
        model.is_up = False
        model.held.clear()
        with ThreadPoolExecutor(4) as threads:
            first = threads.submit(words, SHELF)
            model.begun.wait(PATIENCE_SECONDS)
            others = [threads.submit(words, SHELF) for _ in range(3)]
            assert all(cache.arrivals.acquire(timeout=PATIENCE_SECONDS) for _ in others)
            model.held.set()
            said = {each.result().explanation.text for each in others}

        assert first.result().explanation.text == "Text 1."
        assert said == {"By the template."}
        assert model.n_asked == 1

    def test_tells_for_whom_a_key_is(self):
        assert explanations.user_id_in(explanations.key_prefix(7) + "digest") == 7
