"""Ranks for a batch of shoppers, checks the picks against the shop as it is now, and says what they did."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import chain
from typing import Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from recommendations.engine.histories import Histories
from recommendations.engine.profiles import profiles
from recommendations.engine.reasons import OF_PRODUCTS
from recommendations.explainers.behaviour import summary
from recommendations.pipeline import DEPTH, Pick, Pipeline, Query, Ranking
from recommendations.selectors.histories import Events, events, histories
from recommendations.selectors.products import Details
from recommendations.serving.results import RecommendedItem

RECENT = 3  # names that a summary holds of each kind, and categories
_DEEPEST = 4000  # how far down the lists one round looks for what is gone
_AHEAD = 8  # events whose products are looked at first: nearly always enough for RECENT distinct ones


class ShownProduct(Protocol):
    """What the shop knows of a product now."""

    @property
    def name(self) -> str: ...
    @property
    def is_available(self) -> bool: ...


D = TypeVar("D", bound=ShownProduct)


@dataclass(frozen=True, slots=True)
class Ranked:
    """One shopper's list. Every pick might be shown when its description was read.

    fallback: what filled the list where the strategy itself found nothing, else ""
    """

    picks: tuple[Pick, ...]
    fallback: str
    summary: str
    event_count: int
    last_event_id: int


def _everything(product: ShownProduct) -> bool:
    return True


class ProductLookup(Generic[D]):
    """Descriptions of products, each read once. fit: whether one that may be shown is wanted, too."""

    def __init__(
        self,
        describe: Callable[[Iterable[int]], Mapping[int, D]],
        fit: Callable[[D], bool] = _everything,
    ) -> None:
        self._describe = describe
        self._fit = fit
        self._asked: set[int] = set()
        self.found: dict[int, D] = {}

    def ask(self, ids: Iterable[int]) -> None:
        """Read what is not known yet, in one go."""
        if missing := set(ids) - self._asked:
            self._asked |= missing
            self.found.update(self._describe(missing))

    @property
    def asked(self) -> list[int]:
        """Return the ids of all that was asked for, in rising order."""
        return sorted(self._asked)

    def is_gone(self, product_id: int) -> bool:
        """Return whether the product may not be shown (any more), or is not what is wanted."""
        product = self.found.get(product_id)
        return product is None or not product.is_available or not self._fit(product)


@dataclass(frozen=True, slots=True)
class Ranker:
    """A pipeline over histories as they are now. events: gives those of users, sorted by id"""

    pipeline: Pipeline
    events: Callable[[NDArray[np.int64]], Events] = events

    def __call__(self, user_ids: NDArray[np.int64], query: Query, *, known: ProductLookup[D]) -> list[Ranked]:
        """Return each user's best products, fewer only where no more may be shown.

        user_ids: sorted; known: receives the descriptions of all picks
        1 query for the events, those of one call of `describe`, and more only when products were
        changed or added since the snapshot.
        """
        found = self.events(user_ids)
        past = histories(found, self.pipeline.snapshot)
        met = [found.met(user) for user in range(len(user_ids))]
        recent = {key for kinds in met for product_ids in kinds for key in _newest(product_ids)}
        rankings = self.fresh(past, query, known, also=recent)
        summaries = _summaries(met, past, known)
        return [
            Ranked(ranking.picks, ranking.filled_by, said, count, last_id)
            for ranking, said, count, last_id in zip(
                rankings, summaries, found.product_ids.lengths.tolist(), found.last_ids.tolist(), strict=True
            )
        ]

    def fresh(
        self, past: Histories, query: Query, known: ProductLookup[D], also: Iterable[int] = ()
    ) -> list[Ranking]:
        """Return rankings in which nothing is gone. also: products to be described in the same go."""
        rankings = self.pipeline.rank(past, query)
        known.ask({*also, *_referenced_in(rankings)})
        self._replace_gone(rankings, past, query, known)
        return rankings

    def _replace_gone(
        self, rankings: list[Ranking], past: Histories, query: Query, known: ProductLookup[D]
    ) -> None:
        """Rank again, without what is gone, for whom something gone was picked, until nothing is.

        Each round looks four times as far down the lists for more that is gone, _DEEPEST places at most,
        so that many products deactivated at once cost a few rounds, not one for every n of them. It looks
        at the best, without diversity, which is chosen from them and dear so far down.
        """
        pipeline, depth = self.pipeline, query.n
        deepest = max(query.n, min(_DEEPEST, len(pipeline.snapshot)))
        gone: set[int] = set()
        while spoilt := [user for user, ranking in enumerate(rankings) if _gone(ranking, known)]:
            depth = min(depth * 4, deepest)
            theirs = past.take(np.array(spoilt, np.int64))
            for user in spoilt:
                gone |= _gone(rankings[user], known)
            far = max(depth, min(DEPTH, deepest)) if query.diversity else depth
            deeper = pipeline.rank(theirs, self._without(replace(query, n=far, diversity=0.0), gone))
            known.ask(_referenced_in(deeper))
            for ranking in deeper:
                gone |= _gone(ranking, known)
            again = pipeline.rank(theirs, self._without(query, gone))
            known.ask(_referenced_in(again))
            for user, ranking in zip(spoilt, again, strict=True):
                rankings[user] = ranking

    def _without(self, query: Query, gone: set[int]) -> Query:
        positions = self.pipeline.snapshot.locate(np.array(sorted(gone), np.int64))
        return replace(query, closed=np.concatenate([query.closed, positions]))


def recommended_item(pick: Pick, known: ProductLookup[Details]) -> RecommendedItem:
    """Return the pick with its product's fields, its reasons with the names of the products they speak of."""
    reasons = tuple(
        [
            replace(reason, name=known.found[int(reason.value)].name)
            if reason.kind in OF_PRODUCTS and int(reason.value) in known.found
            else reason
            for reason in pick.reasons
        ]
    )
    return RecommendedItem(known.found[pick.product_id], pick.score, reasons)


def referenced_products(picks: Iterable[Pick]) -> set[int]:
    """Return the products that must be known to show the picks: themselves, and those in their reasons."""
    found = set()
    for pick in picks:
        found.add(pick.product_id)
        found.update([int(reason.value) for reason in pick.reasons if reason.kind in OF_PRODUCTS])
    return found


def _referenced_in(rankings: Iterable[Ranking]) -> set[int]:
    return referenced_products(chain.from_iterable(ranking.picks for ranking in rankings))


def _summaries(
    met: list[tuple[NDArray[np.int64], NDArray[np.int64]]], past: Histories, known: ProductLookup[D]
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


def _gone(ranking: Ranking, known: ProductLookup[D]) -> set[int]:
    """Return the picks that may not be shown any more."""
    return {pick.product_id for pick in ranking.picks if known.is_gone(pick.product_id)}


def _recent_names(product_ids: NDArray[np.int64], known: ProductLookup[D]) -> list[str]:
    """Return the first RECENT distinct names, reading on where those known ahead do not give as many."""
    names = _names(_newest(product_ids), known)
    start, step = 0, _AHEAD
    while start < len(product_ids) and len(names) < RECENT:
        some = product_ids[start : start + step].tolist()
        known.ask(some)
        names |= _names(some, known)
        start, step = start + step, step * 4
    return list(names)[:RECENT]


def _newest(product_ids: NDArray[np.int64]) -> list[int]:
    """Return the first RECENT distinct products of the first _AHEAD."""
    return list(dict.fromkeys(product_ids[:_AHEAD].tolist()))[:RECENT]


def _names(product_ids: Iterable[int], known: ProductLookup[D]) -> dict[str, None]:
    """Return the distinct names of those known; some may have been deleted since their event was read."""
    return dict.fromkeys(known.found[key].name for key in product_ids if key in known.found)
