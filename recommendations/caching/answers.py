"""Answers an ask with the bytes that a REST client gets."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from observe.metrics import LIVE, NO_LABELS, STORED, AnswerLabels
from recommendations.explaining.inline import ExplanationProvider
from recommendations.serving.payload import payload
from recommendations.serving.results import (
    Grounds,
    LiveGrounds,
    ModelRef,
    RecommendationList,
    RecommendationRequest,
    Recommender,
)

NO_MODEL = "no model"


@dataclass(frozen=True, slots=True)
class Answer:
    """grounds: what the body stands on and may be given again with; None for one to be given once.

    etag:          changes with every byte of the body
    tally, origin: what is counted of it
    """

    body: bytes
    grounds: Grounds | LiveGrounds | None
    etag: str = ""
    tally: AnswerLabels = NO_LABELS
    origin: str = LIVE


class Answering(Protocol):
    """Answers an ask."""

    def __call__(self, ask: RecommendationRequest) -> Answer: ...


@dataclass(frozen=True, slots=True)
class AnswerRenderer:
    """Recommends, words, renders and tags. lacks_model: whether what fills up answers in place of a model"""

    recommend: Recommender
    wording: ExplanationProvider
    render: Callable[[dict[str, Any]], bytes]
    tag: Callable[[bytes], str]
    lacks_model: Callable[[ModelRef], bool] = lambda chosen: False

    def __call__(self, ask: RecommendationRequest) -> Answer:
        """Return the answer; one that a model worded just now, or should have, has no grounds."""
        shelf = self.recommend(ask)
        words = self.wording(shelf)
        body = self.render(payload(shelf, words.explanation, awaited=words.awaited))
        tally = self._tally(shelf, ask)
        # What fills up in place of a model that cannot be opened now must not outlast that.
        is_settled = words.is_settled and not (tally.why == NO_MODEL and ask.chosen.version)
        return Answer(
            body,
            shelf.grounds if is_settled else None,
            self.tag(body),
            tally,
            STORED if shelf.is_stored else LIVE,
        )

    def _tally(self, shelf: RecommendationList, ask: RecommendationRequest) -> AnswerLabels:
        if not shelf.fallback:
            return AnswerLabels(shelf.strategy)
        if self.lacks_model(ask.chosen):
            return AnswerLabels(shelf.strategy, shelf.fallback, NO_MODEL)
        return AnswerLabels(
            shelf.strategy, shelf.fallback, "nothing fits" if shelf.has_history else "no history"
        )
