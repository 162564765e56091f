"""Answers to requests for a shopper's list: rendered, and cached in this process while they are valid."""

import sys
from collections.abc import Callable, Container
from dataclasses import dataclass, replace
from typing import Any

from observe import metrics
from observe.metrics import LIVE, NO_LABELS, STORED, AnswerLabels
from recommendations.caching.local import LRUCache, SingleFlight
from recommendations.caching.versions import Validator
from recommendations.explaining.inline import ExplanationProvider
from recommendations.serving.request import RecommendationRequest
from recommendations.serving.results import AnswerVersion, ModelRef, RecommendationList, payload
from recommendations.serving.state import Recommender, ShopperState

NO_MODEL = "no model"
_OVERHEAD_BYTES = 2_000  # of an entry besides its body and ids; tracemalloc: 1,600 to 1,800 for lists of ten
# How long a thread waits for another one's answer to the same request: hundreds of times what one takes.
PATIENCE_SECONDS = 0.3


@dataclass(frozen=True, slots=True)
class Answer:
    """A response body, and what is needed to give it again.

    version: what the body depends on; None if it must not be given again
    etag:    changes with every byte of the body
    labels, origin: how it is counted in the metrics
    """

    body: bytes
    version: AnswerVersion | None
    etag: str = ""
    labels: AnswerLabels = NO_LABELS
    origin: str = LIVE


# Answers a request from a state of the shop. Caches wrap one and have the same signature.
AnswerSource = Callable[[RecommendationRequest, ShopperState], Answer]


@dataclass(frozen=True, slots=True)
class AnswerRenderer:
    """Answers a request without a cache. lacks_model: whether fillers answer in place of this model"""

    recommend: Recommender
    explain: ExplanationProvider
    render: Callable[[dict[str, Any]], bytes]
    etag: Callable[[bytes], str]
    lacks_model: Callable[[ModelRef], bool] = lambda model: False

    def __call__(self, request: RecommendationRequest, state: ShopperState) -> Answer:
        """Return the answer. The queries of `recommend` and those of `explain`.

        Its version is None if a language model wrote the explanation just now, or should have.
        Raises BadRequest.
        """
        model, found = state.model, self.recommend(request, state)
        provided = self.explain(found)
        labels = self._labels(found, model) if found.fallback else AnswerLabels(found.strategy)
        fields = payload(found, provided.explanation, pending_id=provided.pending_id, shown=request.fields)
        if labels.why == NO_MODEL:
            fields["untrained"] = True
        body = self.render(fields)
        # A model that cannot be loaded now may be loadable soon, so the answer without it is not cached.
        is_final = provided.is_final and not (labels.why == NO_MODEL and model.version)
        return Answer(
            body,
            found.version if is_final else None,
            self.etag(body),
            labels,
            STORED if found.is_stored else LIVE,
        )

    def _labels(self, found: RecommendationList, model: ModelRef) -> AnswerLabels:
        fallback = found.fallback or ""
        if self.lacks_model(model):
            return AnswerLabels(found.strategy, fallback, NO_MODEL)
        return AnswerLabels(found.strategy, fallback, "nothing fits" if found.has_history else "no history")


@dataclass(slots=True)
class _Entry:
    """number: of the catalogue in which the answer's products were found unchanged"""

    answer: Answer
    version: AnswerVersion
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
        self._entries: LRUCache[RecommendationRequest, _Entry] = LRUCache(max_bytes)
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
        self._entries.put(request, _Entry(tight, version, number), n_bytes)
