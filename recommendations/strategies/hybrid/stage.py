"""What the hybrid has at hand for a snapshot: retrievers that propose, and what is known of pairs."""

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

# How many each retriever proposes; together about 250 a user.
DEPTHS: Mapping[str, int] = MappingProxyType({"long": 80, "recent": 100, "content": 20, "popular": 20})
_TRENDS = (("sold 3", 60), ("sold 14", 40))


@dataclass(frozen=True, eq=False)
class Stage:
    """Everything bound to one snapshot.

    Nothing that a few passes over the asked products can tell is kept for all of them: at a million, each
    such array is 4 or 8 MB in every process.

    rows:   shape (n_products,), int32, the row of each position in the facts, -1 (the last one) for none
    levels: shape (n_categories + 1,), the share of all sales in no category (0) and in each code's (from 1)
    orders: positions with events, int32, best first, for each trend
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
        cls, snapshot: Snapshot, facts: ItemFeatures, long: CollaborativeModel, recent: CollaborativeModel
    ) -> "Stage":
        placed = Alignment.of(facts.product_ids, snapshot)
        known = np.flatnonzero(placed.positions >= 0)
        return cls(
            snapshot=snapshot,
            long=long.over(snapshot, placed.shared(long.product_ids, snapshot)),
            recent=recent.over(snapshot, placed.shared(recent.product_ids, snapshot)),
            content=Content.from_options().bind(snapshot),
            item_features=facts,
            rows=placed.columns,
            levels=_levels(snapshot, facts, placed.columns),
            tag_weights=TagWeights.of(snapshot.features),
            orders=tuple(
                placed.positions[known][np.argsort(-facts.table[known, COLUMN[name]], kind="stable")]
                for name, _ in _TRENDS
            ),
        )

    def candidates(self, histories: Histories, allowed: Mask) -> Ragged:
        """Return what any retriever proposes, one row a user, rising; nothing to who has no history."""
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
        proposed = np.sort(np.concatenate(found, axis=1), axis=1)
        new = proposed >= 0
        new[:, 1:] &= proposed[:, 1:] != proposed[:, :-1]
        new[histories.liked.events.lengths == 0] = False
        return Ragged(starts_of(new.sum(axis=1)), proposed[new])

    def table(self, histories: Histories, asked: Ragged) -> NDArray[np.float32]:
        """Return the features of each user with each asked position, shape (n_asked, n_features)."""
        users, n = asked.rows(), len(self.snapshot)
        own = seen(histories, n)
        long, recent = (affinity(sums, asked, own, n) for sums in self.sums(histories))
        return features.table(
            features.UserItemPairs(users, self.rows[asked.flat]),
            long=long,
            recent=recent,
            likeness=similarity(
                histories,
                users,
                asked.flat,
                features=self.snapshot.features,
                tag_weights=self.tag_weights,
                table=self.long.table,
                now=self.item_features.now,
            ),
            category_level=self.levels[self.snapshot.features.category[asked.flat] + 1],
            item_features=self.item_features,
            shoppers=user_features(
                histories, self.item_features, self.long.table, self.rows, self.snapshot.price
            ),
            price=self.snapshot.price[asked.flat],
        )

    def sums(self, histories: Histories) -> tuple[Sums, Sums]:
        """Return what the long and the recent memory say, worked out once for the same histories."""
        if self not in histories.derived:
            histories.derived[self] = (self.long.sums(histories), self.recent.sums(histories))
        found: tuple[Sums, Sums] = histories.derived[self]
        return found


def _levels(snapshot: Snapshot, facts: ItemFeatures, rows: NDArray[np.int32]) -> NDArray[np.float64]:
    sold = np.exp(facts.table[rows, COLUMN["sold 365"]].astype(np.float64))
    codes = snapshot.features.category + 1
    levels = np.bincount(codes, sold, minlength=len(snapshot.features.categories.names) + 1)
    return levels / max(float(levels.sum()), 1e-9)
