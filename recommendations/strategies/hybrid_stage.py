"""What the hybrid has at hand for a snapshot: retrievers that propose, and what is known of pairs."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from recommendations.engine.best import best_of
from recommendations.engine.histories import Histories, Mask, seen
from recommendations.engine.neighbours import Sums
from recommendations.engine.popularity import first_allowed
from recommendations.engine.ragged import Ragged, starts_of
from recommendations.engine.ranking import features
from recommendations.engine.ranking.affinity import affinity
from recommendations.engine.ranking.facts import COLUMN, Facts
from recommendations.engine.ranking.likeness import TagWeights, likeness
from recommendations.engine.ranking.shoppers import shoppers
from recommendations.engine.snapshot import Snapshot
from recommendations.strategies.collaborative import POINTS, CollaborativeModel, CollaborativeRetriever
from recommendations.strategies.content import Content, ContentRetriever

# How many each retriever proposes; together about 250 a user.
DEPTHS: Mapping[str, int] = MappingProxyType({"long": 80, "recent": 100, "content": 20, "popular": 20})
_TRENDS = (("sold 3", 60), ("sold 14", 40))


@dataclass(frozen=True, eq=False)
class Stage:
    """Everything bound to one snapshot.

    rows:           shape (n_products,), int32, the row of each position in the facts
    log_price:      shape (n_products,), NaN where it is not known
    category_level: shape (n_products,), the share of all sales in the category of each position
    orders:         positions with events, best first, for each trend
    """

    snapshot: Snapshot
    long: CollaborativeRetriever
    recent: CollaborativeRetriever
    content: ContentRetriever
    facts: Facts
    rows: NDArray[np.int32]
    log_price: NDArray[np.float64]
    category_level: NDArray[np.float64]
    tag_weights: TagWeights
    orders: tuple[NDArray[np.int64], ...]

    @classmethod
    def of(
        cls, snapshot: Snapshot, facts: Facts, long: CollaborativeModel, recent: CollaborativeModel
    ) -> "Stage":
        positions = snapshot.locate(facts.product_ids)
        known = np.flatnonzero(positions >= 0)
        rows = np.full(len(snapshot), len(facts.product_ids), np.int32)
        rows[positions[known]] = known
        return cls(
            snapshot=snapshot,
            long=long.bind(snapshot),
            recent=recent.bind(snapshot),
            content=Content.from_options().bind(snapshot),
            facts=facts,
            rows=rows,
            log_price=np.log(np.maximum(snapshot.price, 0) + 0.01),
            category_level=_levels(snapshot, facts, rows),
            tag_weights=TagWeights.of(snapshot.features),
            orders=tuple(
                positions[known][np.argsort(-facts.table[known, COLUMN[name]], kind="stable")]
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
            features.Pairs(users, asked.flat, self.rows[asked.flat]),
            long=long,
            recent=recent,
            likeness=likeness(
                histories,
                users,
                asked.flat,
                features=self.snapshot.features,
                tag_weights=self.tag_weights,
                table=self.long.table,
                now=self.facts.now,
            ),
            category_level=self.category_level,
            facts=self.facts,
            shoppers=shoppers(histories, self.facts, self.long.table, self.rows, self.log_price),
            log_price=self.log_price,
        )

    def sums(self, histories: Histories) -> tuple[Sums, Sums]:
        """Return what the long and the recent memory say, worked out once for the same histories."""
        if self not in histories.derived:
            histories.derived[self] = (self.long.sums(histories), self.recent.sums(histories))
        found: tuple[Sums, Sums] = histories.derived[self]
        return found


def _levels(snapshot: Snapshot, facts: Facts, rows: NDArray[np.int32]) -> NDArray[np.float64]:
    sold = np.exp(facts.table[rows, COLUMN["sold 365"]].astype(np.float64))
    codes = snapshot.features.category + 1
    levels = np.bincount(codes, sold, minlength=len(snapshot.features.categories.names) + 1)
    return levels[codes] / max(float(levels.sum()), 1e-9)
