"""Renders the answer to a request: resolves, recommends, explains, and writes the response body."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from observe.metrics import LIVE, NO_LABELS, STORED, AnswerLabels
from recommendations.explaining.inline import ExplanationProvider
from recommendations.serving.payload import payload
from recommendations.serving.request import RecommendationRequest
from recommendations.serving.results import AnswerVersion, ModelRef, RecommendationList
from recommendations.serving.state import Recommender, ShopperState

NO_MODEL = "no model"


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
        labels = self._labels(found, model)
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
        if not found.fallback:
            return AnswerLabels(found.strategy)
        if self.lacks_model(model):
            return AnswerLabels(found.strategy, found.fallback, NO_MODEL)
        return AnswerLabels(
            found.strategy, found.fallback, "nothing fits" if found.has_history else "no history"
        )
