"""Answers an ask with the bytes that a REST client gets."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from recommendations.explainers.base import Explainer, Source
from recommendations.services.explaining import explained
from recommendations.services.payload import payload
from recommendations.services.shelf import Ask, Grounds, Recommend


@dataclass(frozen=True, slots=True)
class Answer:
    """grounds: what the body stands on and may be given again with; None for one to be given once."""

    body: bytes
    grounds: Grounds | None


class Answering(Protocol):
    """Answers an ask."""

    def __call__(self, ask: Ask) -> Answer: ...


@dataclass(frozen=True, slots=True)
class Fresh:
    """Recommends, words and renders."""

    recommend: Recommend
    explainer: Explainer
    render: Callable[[dict[str, Any]], bytes]

    def __call__(self, ask: Ask) -> Answer:
        """Return the answer; one that a model worded just now, or should have, has no grounds."""
        shelf = self.recommend(ask)
        words = explained(shelf, self.explainer)
        was_written = shelf.written is not None and words is shelf.written.explanation
        is_fixed = was_written or self.explainer.source is Source.TEMPLATE
        return Answer(self.render(payload(shelf, words)), shelf.grounds if is_fixed else None)
