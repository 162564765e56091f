"""The collaborative strategy: products liked by users who like the same products (item-item)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from recommendations.engine.actions import EventTable, number
from recommendations.engine.alignment import Alignment
from recommendations.engine.best import best_of
from recommendations.engine.histories import Candidates, Histories, Mask
from recommendations.engine.item_item import cosine
from recommendations.engine.linear import ease
from recommendations.engine.neighbours import Links, Sums, contributions, load_mapped, summed
from recommendations.engine.preferences import preferences, tastes
from recommendations.engine.ragged import Ragged
from recommendations.engine.reasons import Reason, ReasonKind
from recommendations.engine.snapshot import Snapshot
from recommendations.strategies.base import Basis, Reasons, Training

METHODS = ("auto", "ease", "sparse")
# Thousandths of a point for a score of 1, which is about the highest score from one product.
POINTS = 100_000
_NAMED = 3  # products named as reasons
_LONGEST = 1_000  # events of each user
# Limit of all links; it leaves 50 links a product at a million products, 400 MB.
_MOST_LINKS = 50_000_000


@dataclass(frozen=True, slots=True)
class Collaborative:
    """Item-item collaborative filtering by EASE (Steck, 2019) or by sparse cosine (Sarwar et al., 2001).

    method:         "ease", "sparse", or "auto": ease if at most `largest_dense` products have events
    half_life_days: ease: half-life of events in training
    sparse_half_life_days: sparse: half-life of events in training
    regularisation: ease: L2 regularisation, in users
    shrinkage:      sparse: shrinkage of similarities with little support, in users
    evenness:       sparse: exponent of the event weights; 1 leaves the weights of the table unchanged
    damping:        sparse: exponent of the history length by which users with long histories count less
    neighbours:     maximum number of links of each product
    min_events:     products with fewer events are left out
    """

    method: str = "auto"
    largest_dense: int = 8_000
    half_life_days: float = 30
    sparse_half_life_days: float = 360
    regularisation: float = 100
    shrinkage: float = 0.3
    evenness: float = 0.25
    damping: float = 0.5
    neighbours: int = 300
    min_events: int = 1
    fallback: ClassVar[str] = "trending"
    basis: ClassVar[Basis] = Basis.HISTORY
    log_days: ClassVar[None] = None

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise ValueError(f"method is {self.method!r}; it must be one of {', '.join(METHODS)}")
        number("half_life_days", self.half_life_days, low=0.01, high=36_500)
        number("sparse_half_life_days", self.sparse_half_life_days, low=0.01, high=36_500)
        number("regularisation", self.regularisation, low=0.001, high=1e9)
        number("shrinkage", self.shrinkage, low=0, high=1e9)
        number("evenness", self.evenness, low=0.05, high=1)
        number("damping", self.damping, low=0, high=1)
        for name, highest in (("largest_dense", 20_000), ("neighbours", 5_000), ("min_events", 1_000_000)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= highest:
                raise ValueError(f"{name} is {value!r}; it must be a whole number from 1 to {highest}")

    @classmethod
    def from_options(cls, **options: Any) -> Self:
        return cls(**options)

    def fit(self, training: Training) -> "CollaborativeModel":
        n = int(np.count_nonzero(training.log.counts()[1] >= self.min_events))
        dense = self.method == "ease" or (self.method == "auto" and n <= self.largest_dense)
        table = training.table if dense else training.table.softened(self.evenness)
        liked = preferences(
            training.log,
            table,
            now=training.snapshot.now,
            half_life_days=self.half_life_days if dense else self.sparse_half_life_days,
            longest=None if self.method == "ease" else _LONGEST,
            fewest=self.min_events,
        )
        n_links = max(1, min(self.neighbours, _MOST_LINKS // max(n, 1)))
        if dense:
            links = ease(liked.matrix, regularisation=self.regularisation, n_links=n_links)
        else:
            links = cosine(liked.matrix, damping=self.damping, shrinkage=self.shrinkage, n_links=n_links)
        record = {
            "method": "ease" if dense else "sparse",
            "asked": self.method,
            "n_products": n,
            "n_users": int(liked.matrix.shape[0]),
            "neighbours": n_links,
            "longest_history": _LONGEST,
            **self._options_of_method(dense),
        }
        return CollaborativeModel(liked.product_ids, links, training.table, record)

    def _options_of_method(self, dense: bool) -> dict[str, float]:
        """Return the options that apply to the method used."""
        if dense:
            return {"half_life_days": self.half_life_days, "regularisation": self.regularisation}
        return {
            "half_life_days": self.sparse_half_life_days,
            "shrinkage": self.shrinkage,
            "evenness": self.evenness,
            "damping": self.damping,
        }

    def load(self, folder: Path) -> "CollaborativeModel":
        return CollaborativeModel.load(folder)


@dataclass(frozen=True)
class CollaborativeModel:
    """Item-item links. product_ids: shape (n_columns,), ascending; record: contents of model.json."""

    product_ids: NDArray[np.int64]
    links: Links
    table: EventTable
    record: Mapping[str, Any]

    def save(self, folder: Path) -> None:
        np.save(folder / "product_ids.npy", self.product_ids, allow_pickle=False)
        self.links.save(folder)
        table = {"weights": self.table.weights.tolist(), "half_life_days": self.table.half_life_days.tolist()}
        (folder / "model.json").write_text(json.dumps({**self.record, "table": table}, indent=1))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Return the model saved in the folder, memory-mapped. Raises OSError or ValueError."""
        record = json.loads((folder / "model.json").read_text())
        table = record.pop("table")
        return cls(
            load_mapped(folder / "product_ids.npy"),
            Links.load(folder),
            EventTable(np.array(table["weights"]), np.array(table["half_life_days"])),
            record,
        )

    def bind(self, snapshot: Snapshot) -> "CollaborativeRetriever":
        return self.bind_aligned(snapshot, Alignment.of(self.product_ids, snapshot))

    def bind_aligned(self, snapshot: Snapshot, alignment: Alignment) -> "CollaborativeRetriever":
        """Return the retriever for the snapshot, given the alignment of the model's products with it."""
        return CollaborativeRetriever(
            self.links,
            self.table,
            self.record.get("evenness"),
            snapshot.product_ids,
            snapshot.now,
            alignment.positions,
            alignment.columns,
        )


@dataclass(frozen=True)
class CollaborativeRetriever:
    """Scores products by the links from each user's history.

    table:     the shop's event weights
    evenness:  exponent of the event weights, with unlimited sums of repeated events; None for unchanged
               weights, with sums of at most 1
    positions: shape (n_columns,), int32, -1 if the snapshot lacks the product
    columns:   shape (n_products,), int32, -1 if the model lacks the product
    """

    links: Links
    table: EventTable
    evenness: float | None
    product_ids: NDArray[np.int64]
    now: int
    positions: NDArray[np.int32]
    columns: NDArray[np.int32]

    @cached_property
    def complete(self) -> bool:
        """Whether every product of the model is in the snapshot."""
        return bool((self.positions >= 0).all())

    @cached_property
    def weighed(self) -> EventTable:
        """The event weights applied to histories."""
        return self.table if self.evenness is None else self.table.softened(self.evenness)

    def retrieve(self, histories: Histories, *, allowed: Mask, k: int) -> Candidates:
        return best_of(self.sums(histories), scale=POINTS, allowed=allowed, k=k)

    def sums(self, histories: Histories) -> Sums:
        """Return the score of each position with a link from the history.

        Dismissed products change scores, but histories without any liked product get no scores.
        """
        liked, liking = self.tastes(histories)
        if (liking <= 0).any():
            rows = liked.rows()
            kept = np.isin(rows, rows[liking > 0])
            liked, liking = liked.having(kept), liking[kept]
        found = summed(self.links, liked, liking)
        positions = self.positions[found.columns.flat].astype(np.int64)
        if self.complete:
            return Sums(Ragged(found.columns.starts, positions), found.values)
        kept = positions >= 0
        return Sums(Ragged(found.columns.starts, positions).having(kept), found.values[kept])

    def tastes(self, histories: Histories) -> tuple[Ragged, NDArray[np.float32]]:
        """Return the columns of each user's history and the preference for each (`preferences.tastes`)."""
        return tastes(
            histories,
            self.weighed,
            self.columns,
            now=self.now,
            longest=_LONGEST,
            most=1 if self.evenness is None else np.inf,
        )

    def reasons(self, histories: Histories, candidates: Candidates) -> Reasons:
        """Return the 3 liked products that add most to each candidate, then the rest as one reason."""
        liked, liking = self.tastes(histories)
        found: Reasons = []
        for user, (positions, points) in enumerate(zip(candidates.positions, candidates.points, strict=True)):
            shown = positions[positions >= 0]
            mine = liking[liked.starts[user] : liked.starts[user + 1]]
            added = contributions(self.links, liked[user], mine, self.columns[shown].astype(np.int64))
            ids = self.product_ids[self.positions[liked[user]]]
            found.append(
                [
                    because(added[:, pick], ids, mine > 0, total)
                    for pick, total in enumerate(points[: len(shown)].tolist())
                ]
            )
        return found


def because(
    added: NDArray[np.float32], ids: NDArray[np.int64], liked: NDArray[np.bool_], total: int
) -> tuple[Reason, ...]:
    """Return the reasons of one candidate: the liked products that add most, and the rest of its points.

    added: shape (n_products,), what each product of the history adds
    ids:   shape (n_products,), product ids
    liked: shape (n_products,), whether the product may be named
    """
    order = np.argsort(np.where(liked, -added, 0), kind="stable")[:_NAMED]
    named = [place for place in order.tolist() if liked[place] and added[place] > 0]
    reasons = [
        Reason(ReasonKind.BECAUSE, int(ids[place]), int(np.rint(float(added[place]) * POINTS)))
        for place in named
    ]
    others = int(np.count_nonzero(added)) - len(named)
    rest = total - sum(reason.points for reason in reasons)
    if rest or not reasons:
        reasons.append(Reason(ReasonKind.REST, max(others, 0), rest))
    return tuple(reasons)
