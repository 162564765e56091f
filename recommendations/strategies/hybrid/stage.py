"""Retrieval and features of the hybrid strategy, bound to one snapshot."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from recommendations.engine.alignment import Alignment
from recommendations.engine.best import best_of
from recommendations.engine.histories import Histories, Mask, seen
from recommendations.engine.ltr import features
from recommendations.engine.ltr.affinity import affinity
from recommendations.engine.ltr.item_features import COLUMN, ItemFeatures
from recommendations.engine.ltr.similarity import TagWeights, similarity
from recommendations.engine.ltr.user_features import user_features
from recommendations.engine.neighbours import Sums
from recommendations.engine.popularity import first_allowed
from recommendations.engine.ragged import Ragged, starts_of
from recommendations.engine.snapshot import Snapshot
from recommendations.strategies.collaborative import POINTS, CollaborativeModel, CollaborativeRetriever
from recommendations.strategies.content import Content, ContentRetriever

# Number of candidates of each retriever; about 250 a user in total.
DEPTHS: Mapping[str, int] = MappingProxyType({"long": 80, "recent": 100, "content": 20, "popular": 20})
_TRENDS = (("sold 3", 60), ("sold 14", 40))


@dataclass(frozen=True, eq=False)
class Stage:
    """Retrievers and item features, bound to one snapshot.

    Values that are cheap to compute for candidates are not stored for all products: at a million products,
    each such array takes 4 or 8 MB in every process.

    rows:   shape (n_products,), int32, the row of each position in the item features, -1 (the last) for none
    levels: shape (n_categories + 1,), the share of each category in all sales; index 0 is "no category",
            code c is at index c + 1
    orders: for each trend, the positions with events, int32, best first
    """

    snapshot: Snapshot
    long: CollaborativeRetriever
    recent: CollaborativeRetriever
    content: ContentRetriever
    item_features: ItemFeatures
    rows: NDArray[np.int32]
    levels: NDArray[np.float64]
    tag_weights: TagWeights
    orders: tuple[NDArray[np.int32], ...]

    @classmethod
    def of(
        cls, snapshot: Snapshot, items: ItemFeatures, long: CollaborativeModel, recent: CollaborativeModel
    ) -> "Stage":
        alignment = Alignment.of(items.product_ids, snapshot)
        known = np.flatnonzero(alignment.positions >= 0)
        return cls(
            snapshot=snapshot,
            long=long.bind_aligned(snapshot, alignment.shared(long.product_ids, snapshot)),
            recent=recent.bind_aligned(snapshot, alignment.shared(recent.product_ids, snapshot)),
            content=Content.from_options().bind(snapshot),
            item_features=items,
            rows=alignment.columns,
            levels=_levels(snapshot, items, alignment.columns),
            tag_weights=TagWeights.of(snapshot.features),
            orders=tuple(
                alignment.positions[known][np.argsort(-items.table[known, COLUMN[name]], kind="stable")]
                for name, _ in _TRENDS
            ),
        )

    def candidates(self, histories: Histories, allowed: Mask) -> Ragged:
        """Return the candidates of all retrievers, one row a user, ascending; none without a history."""
        long, recent = self.sums(histories)
        found = [
            best_of(long, scale=POINTS, allowed=allowed, k=DEPTHS["long"]).positions,
            best_of(recent, scale=POINTS, allowed=allowed, k=DEPTHS["recent"]).positions,
            self.content.retrieve(histories, allowed=allowed, k=DEPTHS["content"]).positions,
            first_allowed(None, allowed=allowed, k=DEPTHS["popular"]),
        ]
        found += [
            first_allowed(order, allowed=allowed, k=depth)
            for order, (_, depth) in zip(self.orders, _TRENDS, strict=True)
        ]
        candidates = np.sort(np.concatenate(found, axis=1), axis=1)
        new = candidates >= 0
        new[:, 1:] &= candidates[:, 1:] != candidates[:, :-1]
        new[histories.liked.events.lengths == 0] = False
        return Ragged(starts_of(new.sum(axis=1)), candidates[new])

    def table(self, histories: Histories, candidates: Ragged) -> NDArray[np.float32]:
        """Return the features of each user with each of their candidates, shape (n_pairs, n_features)."""
        users, n = candidates.rows(), len(self.snapshot)
        own = seen(histories, n)
        long, recent = (affinity(sums, candidates, own, n) for sums in self.sums(histories))
        return features.table(
            features.UserItemPairs(users, self.rows[candidates.flat]),
            long=long,
            recent=recent,
            similarity=similarity(
                histories,
                users,
                candidates.flat,
                features=self.snapshot.features,
                tag_weights=self.tag_weights,
                table=self.long.table,
                now=self.item_features.now,
            ),
            category_level=self.levels[self.snapshot.features.category[candidates.flat] + 1],
            item_features=self.item_features,
            user_features=user_features(
                histories, self.item_features, self.long.table, self.rows, self.snapshot.regular_price
            ),
            price=self.snapshot.regular_price[candidates.flat],
        )

    def sums(self, histories: Histories) -> tuple[Sums, Sums]:
        """Return the scores of the long-term and the recent retriever. Cached in histories.derived."""
        if self not in histories.derived:
            histories.derived[self] = (self.long.sums(histories), self.recent.sums(histories))
        found: tuple[Sums, Sums] = histories.derived[self]
        return found


def _levels(snapshot: Snapshot, items: ItemFeatures, rows: NDArray[np.int32]) -> NDArray[np.float64]:
    """Return the share of each category in all sales of about a year, as in Stage.levels."""
    sold = np.exp(items.table[rows, COLUMN["sold 365"]].astype(np.float64))
    codes = snapshot.features.category + 1
    levels = np.bincount(codes, sold, minlength=len(snapshot.features.categories.names) + 1)
    return levels / max(float(levels.sum()), 1e-9)
