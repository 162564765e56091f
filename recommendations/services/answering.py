"""Answers an ask with the bytes that a REST client gets."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from observe.metrics import LIVE, NOBODY, STORED, Tally
from recommendations.services.explaining import Wording
from recommendations.services.payload import payload
from recommendations.services.shelf import Ask, Chosen, Grounds, Recommend, Shelf


@dataclass(frozen=True, slots=True)
class Answer:
    """grounds: what the body stands on and may be given again with; None for one to be given once.

    etag:          changes with every byte of the body
    tally, origin: what is counted of it
    """

    body: bytes
    grounds: Grounds | None
    etag: str = ""
    tally: Tally = NOBODY
    origin: str = LIVE


class Answering(Protocol):
    """Answers an ask."""

    def __call__(self, ask: Ask) -> Answer: ...


@dataclass(frozen=True, slots=True)
class Fresh:
    """Recommends, words, renders and tags. lacks_model: whether what fills up answers in place of a model"""

    recommend: Recommend
    wording: Wording
    render: Callable[[dict[str, Any]], bytes]
    tag: Callable[[bytes], str]
    lacks_model: Callable[[Chosen], bool] = lambda chosen: False

    def __call__(self, ask: Ask) -> Answer:
        """Return the answer; one that a model worded just now, or should have, has no grounds."""
        shelf = self.recommend(ask)
        words = self.wording(shelf)
        body = self.render(payload(shelf, words.explanation, awaited=words.awaited))
        return Answer(
            body,
            shelf.grounds if words.is_settled else None,
            self.tag(body),
            self._tally(shelf, ask),
            STORED if shelf.is_stored else LIVE,
        )

    def _tally(self, shelf: Shelf, ask: Ask) -> Tally:
        if not shelf.fallback:
            return Tally(shelf.strategy)
        if self.lacks_model(ask.chosen):
            return Tally(shelf.strategy, shelf.fallback, "no model")
        return Tally(shelf.strategy, shelf.fallback, "nothing fits" if shelf.has_history else "no history")
