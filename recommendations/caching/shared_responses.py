"""Shares answers that were computed live with the other processes and servers. Wraps what answers an ask."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from observe import metrics
from recommendations.caching.answers import Answer, Answering
from recommendations.caching.claims import Cache, get_or_claim
from recommendations.caching.packed_answer import deserialize, serialize
from recommendations.caching.responses import PATIENCE_SECONDS, Wish
from recommendations.caching.versions import Lookup, Validator
from recommendations.serving.results import LiveGrounds, RecommendationRequest

# Long enough for any answer; a process that dies with a claim lets others wait no longer than that.
_CLAIM_SECONDS = 2.0


def key_prefix(lookup: Lookup) -> str:
    """Return how the keys of all answers to that lookup begin. Whom it names cannot be read from it."""
    return f"results:{hashlib.blake2b(repr(lookup).encode(), digest_size=16).hexdigest()}:"


@dataclass(frozen=True, slots=True)
class Alone:
    """Shares nothing: what there is without a cache that others can reach."""

    inner: Answering

    def __call__(self, wish: Wish, ask: Callable[[], RecommendationRequest]) -> Answer:
        return self.inner(ask())


@dataclass(frozen=True, slots=True)
class SharedResponseCache:
    """inner: answers an ask; holding: whether the grounds of an answer still hold

    made_by:     gives what changes with all that makes answers besides the shop and the strategy's model
    ttl_seconds: how long an answer is kept
    """

    inner: Answering
    cache: Cache
    holding: Validator
    made_by: str
    ttl_seconds: float

    def __call__(self, wish: Wish, ask: Callable[[], RecommendationRequest]) -> Answer:
        """Return the answer that some process gave, while its grounds hold; else answer, and share that.

        1 query for a shared one; else those of ask and inner, after that one where something was shared.
        """
        key = self._key(wish)
        kept, is_mine = get_or_claim(
            self.cache, key, claim_seconds=_CLAIM_SECONDS, patience_seconds=PATIENCE_SECONDS
        )
        if kept is not None:
            answer = deserialize(kept, self.made_by)
            if answer and answer.grounds and self.holding(wish.lookup, wish.strategy, answer.grounds):
                metrics.recorder.cache("results", metrics.HIT)
                return answer
        metrics.recorder.cache("results", metrics.MISS if kept is None else metrics.STALE)
        is_kept = False
        try:
            answer = self.inner(ask())
            grounds = answer.grounds
            if isinstance(grounds, LiveGrounds) and self.holding.may_keep(wish.strategy, grounds):
                self.cache.set(key, serialize(answer, grounds, self.made_by), self.ttl_seconds)
                is_kept = True
            return answer
        finally:
            if is_mine and not is_kept:
                self.cache.release(key)

    def _key(self, wish: Wish) -> str:
        rest = repr((wish.strategy, wish.rest)).encode("utf-8", "backslashreplace")
        return key_prefix(wish.lookup) + hashlib.blake2b(rest, digest_size=16).hexdigest()
