"""Keeps the bytes of answers in this process. Wraps what answers a wish, and gives the same."""

import sys
from collections.abc import Callable, Container, Hashable
from dataclasses import dataclass, replace
from typing import Protocol

from observe import metrics
from recommendations.caching.answers import Answer
from recommendations.caching.lru import LRUCache
from recommendations.caching.single_flight import SingleFlight
from recommendations.caching.versions import Validator
from recommendations.serving.results import Grounds, LiveGrounds, RecommendationRequest

_OWN_BYTES = 2_000  # of an entry besides its texts; tracemalloc said 1,600 to 1,800 for lists of ten
# How long one waits for another's answer to the same wish: some hundred times what an answer takes.
PATIENCE_SECONDS = 0.3


@dataclass(frozen=True, slots=True)
class Wish:
    """All of a request that its answer depends on.

    lookup: "pk" or "external_id", and its value; strategy: None for the default; rest: all else
    """

    lookup: tuple[str, int | str]
    strategy: str | None
    rest: Hashable


class Granting(Protocol):
    """Answers a wish. ask: makes the ask of it; only called when nothing that is kept will do"""

    def __call__(self, wish: Wish, ask: Callable[[], RecommendationRequest]) -> Answer: ...


@dataclass(frozen=True, slots=True)
class _Entry:
    answer: Answer
    grounds: Grounds | LiveGrounds
    n_bytes: int


class ResponseCache:
    """Gives the kept bytes while all that they stand on is as it was; else answers anew, and keeps that.

    Of several threads with one wish that nothing kept answers, one has it answered and the others are given
    the same.

    inner:     answers a wish
    holding:   whether the grounds of an answer still hold
    max_bytes: what is kept at most; what has not been asked for the longest goes first
    """

    def __init__(self, inner: Granting, *, holding: Validator, max_bytes: int) -> None:
        self._inner = inner
        self._holding = holding
        self._kept: LRUCache[Wish, _Entry] = LRUCache(max_bytes, lambda kept: kept.n_bytes)
        self._flight = SingleFlight(PATIENCE_SECONDS)

    def __call__(self, wish: Wish, ask: Callable[[], RecommendationRequest]) -> Answer:
        """Return the answer.

        1 query for a kept one; else those of inner, after that one where something was kept.
        """
        kept = self._kept.get(wish)
        if kept is not None and self._stands(wish, kept):
            return self._given_again(kept)
        with self._flight(wish) as has_waited:
            if has_waited:
                other = self._kept.get(wish)
                if other is not None and other is not kept and self._stands(wish, other):
                    return self._given_again(other)
            answer = self._inner(wish, ask)
            metrics.recorder.cache("answers", metrics.MISS if kept is None else metrics.STALE)
            metrics.recorder.answered(answer.tally, answer.origin)
            if answer.grounds is not None and self._holding.may_keep(wish.strategy, answer.grounds):
                self._keep(wish, answer, answer.grounds)
            return answer

    def user_ids(self) -> set[int]:
        """Return of whom something is kept."""
        return {kept.grounds.user_id for _, kept in self._kept.items()}

    def forget(self, user_ids: Container[int]) -> None:
        """Keep nothing of these users."""
        for wish, kept in self._kept.items():
            if kept.grounds.user_id in user_ids:
                self._kept.drop(wish, kept)

    def _stands(self, wish: Wish, kept: _Entry) -> bool:
        """Return whether it may be given again; one that may not be is kept no longer."""
        if self._holding(wish.lookup, wish.strategy, kept.grounds):
            return True
        self._kept.drop(wish, kept)
        return False

    @staticmethod
    def _given_again(kept: _Entry) -> Answer:
        metrics.recorder.cache("answers", metrics.HIT)
        metrics.recorder.answered(kept.answer.tally, metrics.KEPT)
        return kept.answer

    def _keep(self, wish: Wish, answer: Answer, grounds: Grounds | LiveGrounds) -> None:
        # A copy: what renders may have allotted several times the length, and would keep all of it.
        tight = replace(answer, body=bytes(memoryview(answer.body)))
        self._kept.put(wish, _Entry(tight, grounds, _size(tight.body, grounds)))


def _size(body: bytes, grounds: Grounds | LiveGrounds) -> int:
    """Return about how many bytes of memory an entry takes."""
    if isinstance(grounds, LiveGrounds):
        return _OWN_BYTES + sys.getsizeof(body) + 8 * len(grounds.products)
    read = grounds.state
    return _OWN_BYTES + sum(map(sys.getsizeof, (body, read.products, read.tags, read.user_name)))
