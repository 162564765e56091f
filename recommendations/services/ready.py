"""Keeps the bytes of answers from stored lists. Wraps what answers an ask, and gives the same."""

import sys
from collections import OrderedDict
from collections.abc import Callable, Container, Hashable
from dataclasses import dataclass, replace
from datetime import datetime
from threading import Lock

from observe import metrics
from recommendations.selectors.models import Standing
from recommendations.selectors.states import State
from recommendations.services.answering import Answer, Answering
from recommendations.services.shelf import Ask, Chosen, Grounds

_OWN_BYTES = 2_000  # of an entry besides its texts; tracemalloc said 1,600 to 1,800 for lists of ten


@dataclass(frozen=True, slots=True)
class Wish:
    """All of a request that its answer depends on.

    lookup: "pk" or "external_id", and its value; strategy: None for the default; rest: all else
    """

    lookup: tuple[str, int | str]
    strategy: str | None
    rest: Hashable


@dataclass(frozen=True, slots=True)
class _Kept:
    answer: Answer
    grounds: Grounds
    n_bytes: int


class Ready:
    """Gives the kept bytes while all that they stand on is as it was; else answers anew, and keeps that.

    inner:     answers an ask
    state:     reads what the database holds, as `selectors.states` has it
    settled:   gives the strategy and version that answer a named strategy, or None, in a given standing
    is_young:  whether a list that was generated at that moment may still be served
    max_bytes: what is kept at most; what has not been asked for the longest goes first
    """

    def __init__(
        self,
        inner: Answering,
        *,
        state: Callable[[tuple[str, int | str], str, list[int], list[int]], State | None],
        settled: Callable[[str | None, Standing], Chosen],
        is_young: Callable[[datetime], bool],
        max_bytes: int,
    ) -> None:
        self._inner = inner
        self._state = state
        self._settled = settled
        self._is_young = is_young
        self._room = max_bytes
        self._kept: OrderedDict[Wish, _Kept] = OrderedDict()
        self._changing = Lock()

    def __call__(self, wish: Wish, ask: Callable[[], Ask]) -> Answer:
        """Return the answer.

        ask: makes the ask of the wish; only called when nothing that is kept will do
        1 query for a kept one; else those of ask and inner, after that one where something was kept.
        """
        kept = self._found(wish)
        if kept is not None:
            if self._stands(wish, kept.grounds):
                metrics.sink.cache("answers", metrics.HIT)
                metrics.sink.answered(kept.answer.tally, metrics.KEPT)
                return kept.answer
            self._drop(wish)
        answer = self._inner(ask())
        metrics.sink.cache("answers", metrics.MISS if kept is None else metrics.STALE)
        metrics.sink.answered(answer.tally, answer.origin)
        if answer.grounds is not None and self._is_settled(wish, answer.grounds):
            self._keep(wish, answer, answer.grounds)
        return answer

    def user_ids(self) -> set[int]:
        """Return of whom something is kept."""
        with self._changing:
            return {kept.grounds.state.user_id for kept in self._kept.values()}

    def forget(self, user_ids: Container[int]) -> None:
        """Keep nothing of these users."""
        with self._changing:
            for wish in [w for w, kept in self._kept.items() if kept.grounds.state.user_id in user_ids]:
                self._remove(wish)

    def _found(self, wish: Wish) -> _Kept | None:
        with self._changing:
            kept = self._kept.get(wish)
            if kept is not None:
                self._kept.move_to_end(wish)
            return kept

    def _stands(self, wish: Wish, grounds: Grounds) -> bool:
        return self._is_young(grounds.state.generated_at) and grounds.state == self._state(
            wish.lookup, grounds.chosen.strategy, grounds.products, grounds.shown
        )

    def _is_settled(self, wish: Wish, grounds: Grounds) -> bool:
        """Return whether the strategy that answered was still the one to answer when the state was read."""
        read = grounds.state
        versions = {grounds.chosen.strategy: read.version} if read.version else {}
        return self._settled(wish.strategy, Standing(read.default, versions)) == grounds.chosen

    def _keep(self, wish: Wish, answer: Answer, grounds: Grounds) -> None:
        # A copy: what renders may have allotted several times the length, and would keep all of it.
        tight = replace(answer, body=bytes(memoryview(answer.body)))
        kept = _Kept(tight, grounds, _size(tight.body, grounds.state))
        with self._changing:
            self._remove(wish)
            self._kept[wish] = kept
            self._room -= kept.n_bytes
            while self._room < 0:
                self._remove(next(iter(self._kept)))

    def _drop(self, wish: Wish) -> None:
        with self._changing:
            self._remove(wish)

    def _remove(self, wish: Wish) -> None:
        kept = self._kept.pop(wish, None)
        if kept is not None:
            self._room += kept.n_bytes


def _size(body: bytes, read: State) -> int:
    """Return about how many bytes of memory an entry takes."""
    return _OWN_BYTES + sum(map(sys.getsizeof, (body, read.products, read.tags, read.user_name)))
