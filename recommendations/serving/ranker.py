"""Rankings for a batch of users, in which every product is available now, with the users' behaviour."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import chain
from typing import Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from recommendations.engine.histories import Histories
from recommendations.engine.matching import profiles
from recommendations.engine.reasons import PRODUCT_KINDS
from recommendations.explainers.behaviour import Behaviour, last_name
from recommendations.pipeline import DIVERSITY_DEPTH, Pick, Pipeline, Query, Ranking
from recommendations.selectors.histories import Events, histories
from recommendations.selectors.products import Details
from recommendations.serving.results import RecommendedItem

RECENT = 3  # products of each kind in a summary, and categories
_MAX_DEPTH = 4000  # how far down the lists one round looks for unavailable products
_PRELOADED = 8  # events whose products are loaded first: nearly always enough for RECENT distinct names


class ShownProduct(Protocol):
    """The fields of a product that ranking needs, as they are now."""

    @property
    def name(self) -> str: ...
    @property
    def is_available(self) -> bool: ...


D = TypeVar("D", bound=ShownProduct)


@dataclass(frozen=True, slots=True)
class Ranked:
    """One user's list. Every pick was available when its product was read.

    fallback:    the filler that the list begins with if the strategy itself found nothing, else ""
    event_count: number of the user's events
    """

    picks: tuple[Pick, ...]
    fallback: str
    behaviour: Behaviour
    event_count: int


class ProductLookup(Generic[D]):
    """Products by id, each read at most once.

    read:    returns those of the products that exist, by id
    matches: whether a product passes the request's filters; None without filters
    by_id:   the loaded products that exist; loaded: all of them, None for one that does not exist
    """

    def __init__(
        self,
        read: Callable[[Iterable[int]], Mapping[int, D]],
        matches: Callable[[D], bool] | None = None,
    ) -> None:
        self._read = read
        self._matches = matches
        self.loaded: dict[int, D | None] = {}
        self.by_id: dict[int, D] = {}

    def load(self, ids: Iterable[int]) -> None:
        """Read the products that are not loaded yet, in one call of `read`."""
        if missing := set(ids) - self.loaded.keys():
            read = self._read(missing)
            self.loaded |= {key: read.get(key) for key in missing}
            self.by_id.update(read)

    def is_unavailable(self, product_id: int) -> bool:
        """Return whether the product does not exist, may not be shown, or does not pass the filters."""
        product = self.by_id.get(product_id)
        if product is None or not product.is_available:
            return True
        return self._matches is not None and not self._matches(product)


@dataclass(frozen=True, slots=True)
class Ranker:
    """Ranks products for users from their events."""

    pipeline: Pipeline

    def __call__(self, found: Events, query: Query, *, products: ProductLookup[D]) -> list[Ranked]:
        """Return each user's best products, fewer only if no more may be shown.

        found:    the events of the users
        products: receives the products of all picks and those named in their reasons

        The queries of one call of the lookup's `read`, and more only if products were changed or added since
        the snapshot.
        """
        user_histories = histories(found, self.pipeline.snapshot)
        interactions = [found.purchased_and_viewed(user) for user in range(len(user_histories))]
        recent = {key for kinds in interactions for product_ids in kinds for key in _recent(product_ids)}
        rankings = self.rank(user_histories, query, products, also=recent)
        behaviours = _behaviours(interactions, user_histories, products)
        n_events = np.diff(found.product_ids.starts).tolist()
        return [
            Ranked(ranking.picks, ranking.filled_by, behaviour, count)
            for ranking, behaviour, count in zip(rankings, behaviours, n_events, strict=True)
        ]

    def rank(
        self, user_histories: Histories, query: Query, products: ProductLookup[D], also: Iterable[int] = ()
    ) -> list[Ranking]:
        """Return rankings whose products are all available. also: ids of products to load with theirs"""
        rankings = self.pipeline.rank(user_histories, query)
        products.load({*also, *_referenced_in(rankings)})
        self._replace_unavailable(rankings, user_histories, query, products)
        return rankings

    def _replace_unavailable(
        self, rankings: list[Ranking], user_histories: Histories, query: Query, products: ProductLookup[D]
    ) -> None:
        """Rank again without the unavailable products, for users with one in their list, until none is left.

        Each round looks four times as far down the lists for more unavailable products, at most _MAX_DEPTH
        places, so that many products deactivated at once cost a few rounds, not one for every n of them.
        It looks without diversity, which chooses from the best products and is expensive that far down.
        """
        pipeline, depth = self.pipeline, query.n
        excluded: set[int] = set()
        while users := [user for user, ranking in enumerate(rankings) if _unavailable(ranking, products)]:
            max_depth = max(query.n, min(_MAX_DEPTH, len(pipeline.snapshot)))
            depth = min(depth * 4, max_depth)
            theirs = user_histories.take(np.array(users, np.int64))
            for user in users:
                excluded |= _unavailable(rankings[user], products)
            n = max(depth, min(DIVERSITY_DEPTH, max_depth)) if query.diversity else depth
            deeper = pipeline.rank(theirs, self._excluding(replace(query, n=n, diversity=0.0), excluded))
            products.load(_referenced_in(deeper))
            for ranking in deeper:
                excluded |= _unavailable(ranking, products)
            again = pipeline.rank(theirs, self._excluding(query, excluded))
            products.load(_referenced_in(again))
            for user, ranking in zip(users, again, strict=True):
                rankings[user] = ranking

    def _excluding(self, query: Query, product_ids: set[int]) -> Query:
        positions = self.pipeline.snapshot.locate(np.array(sorted(product_ids), np.int64))
        return replace(query, excluded=np.concatenate([query.excluded, positions]))


def recommended_items(picks: Iterable[Pick], products: ProductLookup[Details]) -> tuple[RecommendedItem, ...]:
    """Return the picks with their products' fields, and their reasons with the names of their products."""
    return tuple([_recommended_item(pick, products) for pick in picks])


def _recommended_item(pick: Pick, products: ProductLookup[Details]) -> RecommendedItem:
    reasons = tuple(
        [
            replace(reason, name=products.by_id[int(reason.value)].name)
            if reason.kind in PRODUCT_KINDS and int(reason.value) in products.by_id
            else reason
            for reason in pick.reasons
        ]
    )
    return RecommendedItem(products.by_id[pick.product_id], pick.score, reasons)


def referenced_products(picks: Iterable[Pick]) -> set[int]:
    """Return the ids of the picked products and of those in their reasons."""
    found = set()
    for pick in picks:
        found.add(pick.product_id)
        found.update([int(reason.value) for reason in pick.reasons if reason.kind in PRODUCT_KINDS])
    return found


def _referenced_in(rankings: Iterable[Ranking]) -> set[int]:
    return referenced_products(chain.from_iterable(ranking.picks for ranking in rankings))


def _behaviours(
    interactions: list[tuple[NDArray[np.int64], NDArray[np.int64]]],
    user_histories: Histories,
    products: ProductLookup[D],
) -> list[Behaviour]:
    """Return what each user did lately.

    interactions: for each user, ids of the products they purchased and of those they viewed, newest first
    """
    # Tags are not needed here. With the limits of the content strategy, its cached profiles are reused.
    favourites = profiles(user_histories, top_categories=RECENT, top_tags=5).categories
    names = user_histories.features.categories.names
    return [
        Behaviour(
            purchased=tuple(_recent_names(purchased, products)),
            viewed=tuple(_recent_names(viewed, products)),
            interests=tuple(last_name(names[code]) for code in codes if code >= 0),
        )
        for (purchased, viewed), codes in zip(interactions, favourites.tolist(), strict=True)
    ]


def _unavailable(ranking: Ranking, products: ProductLookup[D]) -> set[int]:
    """Return the ids of the picks that are unavailable."""
    return {pick.product_id for pick in ranking.picks if products.is_unavailable(pick.product_id)}


def _recent_names(product_ids: NDArray[np.int64], products: ProductLookup[D]) -> list[str]:
    """Return the first RECENT distinct names, loading more products if those loaded have too few."""
    names = _names(_recent(product_ids), products)
    start, step = 0, _PRELOADED
    while start < len(product_ids) and len(names) < RECENT:
        ids = product_ids[start : start + step].tolist()
        products.load(ids)
        names |= _names(ids, products)
        start, step = start + step, step * 4
    return list(names)[:RECENT]


def _recent(product_ids: NDArray[np.int64]) -> list[int]:
    """Return the first RECENT distinct products among the first _PRELOADED events."""
    return list(dict.fromkeys(product_ids[:_PRELOADED].tolist()))[:RECENT]


def _names(product_ids: Iterable[int], products: ProductLookup[D]) -> dict[str, None]:
    """Return the distinct names of the products that exist: one may be deleted after its event was read."""
    return dict.fromkeys(products.by_id[key].name for key in product_ids if key in products.by_id)
