"""In-process LRU cache of rendered responses. Each hit is validated against the database with one query."""

import sys
from collections.abc import Container
from dataclasses import dataclass, replace

from observe import metrics
from recommendations.caching.answers import Answer, AnswerSource
from recommendations.caching.lru import LRUCache
from recommendations.caching.single_flight import SingleFlight
from recommendations.caching.versions import Validator
from recommendations.serving.request import RecommendationRequest
from recommendations.serving.results import AnswerVersion

_OVERHEAD_BYTES = 2_000  # of an entry besides its body and ids; tracemalloc: 1,600 to 1,800 for lists of ten
# How long a thread waits for another one's answer to the same request: hundreds of times what one takes.
PATIENCE_SECONDS = 0.3


@dataclass(slots=True)
class _Entry:
    """fingerprint: of the row that confirmed the answer the last time, None before the first time"""

    answer: Answer
    version: AnswerVersion
    n_bytes: int
    fingerprint: bytes | None = None


class ResponseCache:
    """Returns the cached answer to a request while it is valid; otherwise asks `inner` and keeps its answer.

    When several threads miss the same request at once, one asks and the others receive its answer.

    max_bytes: of all entries together; the least recently used are dropped first
    """

    def __init__(self, inner: AnswerSource, *, validator: Validator, max_bytes: int) -> None:
        self._inner = inner
        self._validator = validator
        self._entries: LRUCache[RecommendationRequest, _Entry] = LRUCache(
            max_bytes, lambda entry: entry.n_bytes
        )
        self._flight = SingleFlight(PATIENCE_SECONDS)

    def __call__(self, request: RecommendationRequest) -> Answer:
        """Return the answer. 1 query for a hit; on a miss those of `inner`, after 1 if an entry was stale."""
        entry = self._entries.get(request)
        if entry is not None and self._is_valid(request, entry):
            return self._hit(entry)
        with self._flight(request) as has_waited:
            if has_waited:
                other = self._entries.get(request)
                if other is not None and other is not entry and self._is_valid(request, other):
                    return self._hit(other)
            answer = self._inner(request)
            metrics.recorder.cache("answers", metrics.MISS if entry is None else metrics.STALE)
            metrics.recorder.answered(answer.labels, answer.origin)
            if answer.version is not None:
                self._keep(request, answer, answer.version)
            return answer

    def user_ids(self) -> set[int]:
        """Return the users with an entry."""
        return {entry.version.user_id for _, entry in self._entries.items()}

    def forget(self, user_ids: Container[int]) -> None:
        """Drop the entries of these users."""
        for request, entry in self._entries.items():
            if entry.version.user_id in user_ids:
                self._entries.drop(request, entry)

    def _is_valid(self, request: RecommendationRequest, entry: _Entry) -> bool:
        """Return whether the entry is valid; drop it otherwise. 1 query."""
        entry.fingerprint = self._validator(request, entry.version, entry.fingerprint)
        if entry.fingerprint is not None:
            return True
        self._entries.drop(request, entry)
        return False

    @staticmethod
    def _hit(entry: _Entry) -> Answer:
        metrics.recorder.cache("answers", metrics.HIT)
        metrics.recorder.answered(entry.answer.labels, metrics.CACHED)
        return entry.answer

    def _keep(self, request: RecommendationRequest, answer: Answer, version: AnswerVersion) -> None:
        # A copy: the renderer's buffer may be several times as long as the body.
        tight = replace(answer, body=bytes(memoryview(answer.body)))
        n_bytes = _OVERHEAD_BYTES + sys.getsizeof(tight.body) + 8 * len(version.product_ids)
        self._entries.put(request, _Entry(tight, version, n_bytes))
