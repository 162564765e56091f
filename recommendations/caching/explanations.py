"""Cache of explanations that a language model wrote during a request."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from observe import metrics
from recommendations.caching.claims import Cache, get_or_claim
from recommendations.explainers.base import Explainer, Explanation
from recommendations.explaining.inline import ProvidedExplanation, evidence
from recommendations.serving.results import RecommendationList

_CLAIM_SECONDS = 6.0  # the longest that a request waits for an explanation
_PATIENCE_SECONDS = 5.0  # for another caller's explanation, besides all else that a response takes


def key_prefix(user_id: int) -> str:
    """Return the prefix of the keys of all explanations for that user."""
    return f"words:{user_id}:"


def user_id_in(key: str) -> int:
    """Return the id of the user whose explanation has this key."""
    return int(key.split(":")[1])


@dataclass(frozen=True, slots=True)
class ExplanationCache:
    """Has an explanation written during the request, once for the same evidence.

    placeholder: explains while another process or thread waits for the model
    user_exists: whether the user still exists, since writing takes seconds
    """

    explainer: Explainer
    placeholder: Explainer
    cache: Cache
    ttl_seconds: float
    user_exists: Callable[[int], bool]

    def __call__(self, recommendations: RecommendationList) -> ProvidedExplanation:
        """Return the explanation. It is final if the explainer itself wrote the text."""
        facts = evidence(recommendations)
        digest = facts.digest(self.explainer.identity)
        stored = recommendations.stored_explanation
        if stored is not None and stored.digest == digest:
            return ProvidedExplanation(stored.explanation, is_final=True)
        user_id = recommendations.shopper.id
        key = key_prefix(user_id) + digest
        text, is_mine = self.cache.get_or_claim(key, _CLAIM_SECONDS)
        if text is None and not is_mine:
            text = self._wait_for(key)
        if isinstance(text, str):
            metrics.recorder.cache("explanations", metrics.HIT)
            return ProvidedExplanation(Explanation(text, self.explainer.source), is_final=True)
        metrics.recorder.cache("explanations", metrics.MISS)
        if not is_mine:
            return ProvidedExplanation(self.placeholder.explain(facts), is_final=False)
        try:
            explanation = self.explainer.explain(facts)
            is_final = explanation.source is self.explainer.source
            if is_final and self.user_exists(user_id):
                self.cache.set(key, explanation.text, self.ttl_seconds)
        finally:
            # Even after storing it: the text may expire before the claim does.
            self.cache.release(key)
        return ProvidedExplanation(explanation, is_final)

    def _wait_for(self, key: str) -> Any:
        """Return the text that another caller's model call stores, None if it stores none in time.

        A caller that has waited does not call the model itself: its call would begin when the other one's
        time is up, and end twice as late.
        """
        text, is_mine = get_or_claim(
            self.cache, key, claim_seconds=_CLAIM_SECONDS, patience_seconds=_PATIENCE_SECONDS
        )
        if is_mine:
            self.cache.release(key)
        return text
