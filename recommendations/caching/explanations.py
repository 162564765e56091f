"""Remembers what a model wrote while a shopper waited. Wraps nothing but the explainer itself."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from observe import metrics
from recommendations.caching.claims import Cache, get_or_claim
from recommendations.explainers.base import Explainer, Explanation
from recommendations.explaining.inline import ProvidedExplanation, evidence
from recommendations.serving.results import RecommendationList

_LONGEST_TEXT_SECONDS = 6.0  # what an answer may wait for words at most
_PATIENCE_SECONDS = 5.0  # of who waits for another's call, besides all else that an answer takes


def key_prefix(user_id: int) -> str:
    """Return how the keys of all that was written for that user begin."""
    return f"words:{user_id}:"


def user_id_in(key: str) -> int:
    """Return for whom the text under the key was written."""
    return int(key.split(":")[1])


@dataclass(frozen=True, slots=True)
class ExplanationCache:
    """Has words written while the shopper waits, once for the same shelf.

    meanwhile: words what another process or thread is having written and has not got yet
    is_there:  whether there is such a user (still: writing takes seconds)
    """

    explainer: Explainer
    meanwhile: Explainer
    cache: Cache
    ttl_seconds: float
    is_there: Callable[[int], bool]

    def __call__(self, shelf: RecommendationList) -> ProvidedExplanation:
        """Return the words; those of the explainer are settled, those that stand in for them are not."""
        grounds = evidence(shelf)
        digest = grounds.digest(self.explainer.identity)
        if shelf.written is not None and shelf.written.digest == digest:
            return ProvidedExplanation(shelf.written.explanation, is_settled=True)
        key = key_prefix(shelf.shopper.id) + digest
        text, is_mine = self.cache.get_or_claim(key, _LONGEST_TEXT_SECONDS)
        if text is None and not is_mine:
            text = self._awaited(key)
        if isinstance(text, str):
            metrics.recorder.cache("explanations", metrics.HIT)
            return ProvidedExplanation(Explanation(text, self.explainer.source), is_settled=True)
        metrics.recorder.cache("explanations", metrics.MISS)
        if not is_mine:
            return ProvidedExplanation(self.meanwhile.explain(grounds), is_settled=False)
        words = self.explainer.explain(grounds)
        is_settled = words.source is self.explainer.source
        if is_settled and self.is_there(shelf.shopper.id):
            self.cache.set(key, words.text, self.ttl_seconds)
        else:
            self.cache.release(key)
        return ProvidedExplanation(words, is_settled)

    def _awaited(self, key: str) -> Any:
        """Return what came of another's call, None for nothing: who has waited does not ask as well.

        A call of its own would begin where the other one's time was up, and end twice as late.
        """
        text, is_mine = get_or_claim(
            self.cache, key, claim_seconds=_LONGEST_TEXT_SECONDS, patience_seconds=_PATIENCE_SECONDS
        )
        if is_mine:
            self.cache.release(key)
        return text
