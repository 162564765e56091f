"""Ranks for a batch of shoppers, checks the picks against the shop as it is now, and says what they did."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from recommendations.engine.histories import Histories
from recommendations.engine.profiles import profiles
from recommendations.explainers.behaviour import summary
from recommendations.pipeline import Pick, Pipeline, Ranking
from recommendations.selectors.histories import events, histories

RECENT = 3  # names that a summary holds of each kind, and categories
_AHEAD = 8  # products whose names are read with the picks: nearly always enough for RECENT distinct ones


class Described(Protocol):
    """What the shop knows of a product now."""

    @property
    def name(self) -> str: ...
    @property
    def is_active(self) -> bool: ...


D = TypeVar("D", bound=Described)


@dataclass(frozen=True, slots=True)
class Ranked:
    """One shopper's list. Every pick was active when its description was read."""

    picks: tuple[Pick, ...]
    matched: bool
    summary: str
    event_count: int
    last_event_id: int


class Known(Generic[D]):
    """Descriptions of products, each read once."""

    def __init__(self, describe: Callable[[Iterable[int]], Mapping[int, D]]) -> None:
        self._describe = describe
        self._asked: set[int] = set()
        self.found: dict[int, D] = {}

    def ask(self, ids: Iterable[int]) -> None:
        """Read what is not known yet, in one go."""
        if missing := set(ids) - self._asked:
            self._asked |= missing
            self.found.update(self._describe(missing))

    def is_gone(self, product_id: int) -> bool:
        """Return whether the product may not be shown (any more)."""
        return product_id not in self.found or not self.found[product_id].is_active


@dataclass(frozen=True, slots=True)
class Ranker:
    """A pipeline over histories that are always read fresh."""

    pipeline: Pipeline

    def __call__(self, user_ids: NDArray[np.int64], *, n: int, known: Known[D]) -> list[Ranked]:
        """Return each user's n best products, fewer only where no more may be shown.

        user_ids: sorted; known: receives the descriptions of all picks
        1 query for the events, those of one call of `describe`, and more only when products were
        deactivated or added since the snapshot.
        """
        found = events(user_ids)
        past = histories(found, self.pipeline.snapshot)
        rankings = self.pipeline.rank(past, n=n, closed=np.zeros(0, np.int64))
        met = [
            (found.of(user, purchased=True), found.of(user, purchased=False)) for user in range(len(user_ids))
        ]
        recent = {key for kinds in met for product_ids in kinds for key in product_ids[:_AHEAD].tolist()}
        known.ask(recent | {pick.product_id for ranking in rankings for pick in ranking.picks})
        self._replace_gone(rankings, past, n, known)
        summaries = _summaries(met, past, known)
        return [
            Ranked(ranking.picks, ranking.matched, said, count, last_id)
            for ranking, said, count, last_id in zip(
                rankings, summaries, found.product_ids.lengths.tolist(), found.last_ids.tolist(), strict=True
            )
        ]

    def _replace_gone(self, rankings: list[Ranking], past: Histories, n: int, known: Known[D]) -> None:
        """Rank again, without what is gone, for whom something gone was picked, until nothing is.

        Each round looks four times as far down the lists for more that is gone, so that many products
        deactivated at once cost a few rounds, not one for every n of them.
        """
        pipeline, depth = self.pipeline, n
        gone: set[int] = set()
        while spoilt := [user for user, ranking in enumerate(rankings) if _gone(ranking, known)]:
            depth *= 4
            theirs = Histories(past.events.take(np.array(spoilt, np.int64)), past.features)
            for user in spoilt:
                gone |= _gone(rankings[user], known)
            deeper = pipeline.rank(theirs, n=depth, closed=self._positions(gone))
            known.ask({pick.product_id for ranking in deeper for pick in ranking.picks})
            for ranking in deeper:
                gone |= _gone(ranking, known)
            again = pipeline.rank(theirs, n=n, closed=self._positions(gone))
            known.ask({pick.product_id for ranking in again for pick in ranking.picks})
            for user, ranking in zip(spoilt, again, strict=True):
                rankings[user] = ranking

    def _positions(self, product_ids: set[int]) -> NDArray[np.int64]:
        return self.pipeline.snapshot.locate(np.array(sorted(product_ids), np.int64))


def _summaries(
    met: list[tuple[NDArray[np.int64], NDArray[np.int64]]], past: Histories, known: Known[D]
) -> list[str]:
    """Return a summary for each user. met: what they purchased, and what they viewed, newest first."""
    # The tags are not needed here; asking for as many as the content strategy does counts nothing twice.
    favourites = profiles(past, top_categories=RECENT, top_tags=5).categories
    names = past.features.categories.names
    return [
        summary(
            purchased=_recent_names(purchased, known),
            viewed=_recent_names(viewed, known),
            interests=[names[code] for code in codes if code >= 0],
        )
        for (purchased, viewed), codes in zip(met, favourites.tolist(), strict=True)
    ]


def _gone(ranking: Ranking, known: Known[D]) -> set[int]:
    """Return the picks that may not be shown any more."""
    return {pick.product_id for pick in ranking.picks if known.is_gone(pick.product_id)}


def _recent_names(product_ids: NDArray[np.int64], known: Known[D]) -> list[str]:
    """Return the first RECENT distinct names, reading on where those known ahead do not give as many."""
    names: dict[str, None] = {}
    start, step = 0, _AHEAD
    while start < len(product_ids) and len(names) < RECENT:
        some = product_ids[start : start + step].tolist()
        known.ask(some)
        # A product may have been deleted since its event was read.
        names.update(dict.fromkeys(known.found[key].name for key in some if key in known.found))
        start, step = start + step, step * 4
    return list(names)[:RECENT]
