"""In-process LRU cache of rendered responses, each validated by the state of the shop now."""

import sys
from collections.abc import Callable, Container
from dataclasses import dataclass, replace

from observe import metrics
from recommendations.caching.answers import Answer, AnswerSource
from recommendations.caching.lru import LRUCache
from recommendations.caching.single_flight import SingleFlight
from recommendations.caching.versions import Validator
from recommendations.serving.request import RecommendationRequest
from recommendations.serving.results import AnswerVersion
from recommendations.serving.state import ShopperState

_OVERHEAD_BYTES = 2_000  # of an entry besides its body and ids; tracemalloc: 1,600 to 1,800 for lists of ten
# How long a thread waits for another one's answer to the same request: hundreds of times what one takes.
PATIENCE_SECONDS = 0.3


@dataclass(slots=True)
class _Entry:
    """number: of the catalogue in which the answer's products were found unchanged"""

    answer: Answer
    version: AnswerVersion
    n_bytes: int
    number: int


class ResponseCache:
    """Returns the cached answer to a request while it is valid; otherwise asks `inner` and keeps its answer.

    When several threads miss the same request at once, one asks and the others receive its answer.

    read:      returns the state of the shop that a request depends on
    max_bytes: of all entries together; the least recently used are dropped first
    """

    def __init__(
        self,
        inner: AnswerSource,
        *,
        read: Callable[[RecommendationRequest], ShopperState],
        validator: Validator,
        max_bytes: int,
    ) -> None:
        self._inner = inner
        self._read = read
        self._validator = validator
        self._entries: LRUCache[RecommendationRequest, _Entry] = LRUCache(
            max_bytes, lambda entry: entry.n_bytes
        )
        self._flight = SingleFlight(PATIENCE_SECONDS)

    def __call__(self, request: RecommendationRequest) -> Answer:
        """Return the answer. 1 query, and on a miss those of `inner`. Raises the errors of both."""
        state = self._read(request)
        entry = self._entries.get(request)
        if entry is not None and self._is_valid(request, entry, state):
            return self._hit(entry)
        with self._flight(request) as has_waited:
            if has_waited:
                other = self._entries.get(request)
                if other is not None and other is not entry and self._is_valid(request, other, state):
                    return self._hit(other)
            answer = self._inner(request, state)
            metrics.recorder.cache("answers", metrics.MISS if entry is None else metrics.STALE)
            metrics.recorder.answered(answer.labels, answer.origin)
            if answer.version is not None:
                self._keep(request, answer, answer.version, state.catalogue.number)
            return answer

    def user_ids(self) -> set[int]:
        """Return the users with an entry."""
        return {entry.version.shopper.id for _, entry in self._entries.items()}

    def forget(self, user_ids: Container[int]) -> None:
        """Drop the entries of these users."""
        for request, entry in self._entries.items():
            if entry.version.shopper.id in user_ids:
                self._entries.drop(request, entry)

    def _is_valid(self, request: RecommendationRequest, entry: _Entry, state: ShopperState) -> bool:
        """Return whether the entry is valid; drop it otherwise."""
        if self._validator(entry.version, state, entry.number):
            entry.number = state.catalogue.number
            return True
        self._entries.drop(request, entry)
        return False

    @staticmethod
    def _hit(entry: _Entry) -> Answer:
        metrics.recorder.cache("answers", metrics.HIT)
        metrics.recorder.answered(entry.answer.labels, metrics.CACHED)
        return entry.answer

    def _keep(
        self, request: RecommendationRequest, answer: Answer, version: AnswerVersion, number: int
    ) -> None:
        # A copy: the renderer's buffer may be several times as long as the body.
        tight = replace(answer, body=bytes(memoryview(answer.body)))
        n_bytes = _OVERHEAD_BYTES + sys.getsizeof(tight.body) + 8 * len(version.product_ids)
        self._entries.put(request, _Entry(tight, version, n_bytes, number))
