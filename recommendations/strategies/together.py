"""The together strategy: products that are often in the same basket as those of the user's last basket."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from recommendations.engine.actions import Action
from recommendations.engine.alignment import Alignment
from recommendations.engine.baskets import baskets, capped
from recommendations.engine.days import local_days
from recommendations.engine.histories import Candidates, Histories, Mask
from recommendations.engine.pairs import Pairs, pairs
from recommendations.engine.reasons import Reason, ReasonKind
from recommendations.engine.snapshot import Snapshot
from recommendations.strategies.base import Basis, Reasons, Training


@dataclass(frozen=True, slots=True)
class Together:
    """Association rules with a lift above 1 (Brin, Motwani, Ullman & Tsur, 1997) and enough support.

    time_zone:      time zone of the days by which single purchases are grouped into baskets
    min_support:    minimum number of baskets with both products
    largest_basket: a larger basket is reduced to a sample of this many products
    neighbours:     maximum number of pairs of each product
    """

    time_zone: str = "UTC"
    min_support: int = 3
    largest_basket: int = 100
    neighbours: int = 400
    fallback: ClassVar[str] = "trending"
    basis: ClassVar[Basis] = Basis.HISTORY
    log_days: ClassVar[None] = None

    def __post_init__(self) -> None:
        try:
            local_days(np.zeros(1, np.int64), self.time_zone)
        except (KeyError, ValueError, TypeError, OSError) as error:
            raise ValueError(
                f"time_zone is {self.time_zone!r}; it must be the name of a time zone, such as Europe/Paris"
            ) from error
        for name, low, high in (
            ("min_support", 1, 1_000_000),
            ("largest_basket", 2, 10_000),
            ("neighbours", 1, 10_000),
        ):
            n = getattr(self, name)
            if isinstance(n, bool) or not isinstance(n, int) or not low <= n <= high:
                raise ValueError(f"{name} is {n!r}; it must be a whole number from {low} to {high}")

    @classmethod
    def from_options(cls, **options: Any) -> Self:
        return cls(**options)

    def fit(self, training: Training) -> "TogetherModel":
        log = training.log
        bought = log.actions == Action.PURCHASE
        ids, columns = np.unique(log.product_ids[bought], return_inverse=True)
        found = baskets(log.user_ids[bought], columns, log.at[bought], zone=self.time_zone).products
        learned = pairs(
            capped(found, self.largest_basket),
            len(ids),
            min_support=self.min_support,
            n_kept=self.neighbours,
        )
        record = {
            "n_products": len(ids),
            "n_baskets": len(found),
            "n_capped": int(np.count_nonzero(found.lengths > self.largest_basket)),
            "n_pairs": len(learned.columns),
            "time_zone": self.time_zone,
        }
        return TogetherModel(ids, learned, record)

    def load(self, folder: Path) -> "TogetherModel":
        return TogetherModel.load(folder)


@dataclass(frozen=True)
class TogetherModel:
    """Pairs by lift. product_ids: shape (n_columns,), ascending; record: contents of record.json."""

    product_ids: NDArray[np.int64]
    pairs: Pairs
    record: Mapping[str, Any]

    def save(self, folder: Path) -> None:
        np.save(folder / "product_ids.npy", self.product_ids, allow_pickle=False)
        self.pairs.save(folder)
        (folder / "record.json").write_text(json.dumps(dict(self.record), indent=1))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Return the model saved in the folder, memory-mapped. Raises OSError or ValueError."""
        return cls(
            np.load(folder / "product_ids.npy", mmap_mode="r", allow_pickle=False),
            Pairs.load(folder),
            json.loads((folder / "record.json").read_text()),
        )

    def bind(self, snapshot: Snapshot) -> "TogetherRetriever":
        alignment = Alignment.of(self.product_ids, snapshot)
        zone = str(self.record["time_zone"])
        return TogetherRetriever(self.pairs, alignment.positions, alignment.columns, zone)


@dataclass(frozen=True, eq=False)
class TogetherRetriever:
    """Retrieves the products paired with a user's last basket, by their highest lift; ties by position.

    The last basket is the last purchase or, for users without purchases, the last products put into the cart.

    positions, columns: as in `Alignment`
    """

    pairs: Pairs
    positions: NDArray[np.int32]
    columns: NDArray[np.int32]
    zone: str

    def retrieve(self, histories: Histories, *, allowed: Mask, k: int) -> Candidates:
        positions = np.full((len(histories), k), -1, np.int64)
        points = np.zeros((len(histories), k), np.int64)
        for user, basket in enumerate(self._last_baskets(histories)):
            found, lift, _ = self._offered(basket)
            kept = allowed.everyone[found] & ~np.isin(found, allowed.own[user])
            found, lift = found[kept], lift[kept]
            order = np.lexsort((found, -lift))[:k]
            positions[user, : len(order)] = found[order]
            points[user, : len(order)] = lift[order]
        return Candidates(positions, points)

    def reasons(self, histories: Histories, candidates: Candidates) -> Reasons:
        """Return two reasons a product: support of its best pair, with 0 points, and lift, with all."""
        reasons: Reasons = []
        for user, basket in enumerate(self._last_baskets(histories)):
            shown = candidates.positions[user, candidates.positions[user] >= 0]
            found, lift, support = self._offered(basket)
            place = np.searchsorted(found, shown)
            reasons.append(
                [
                    (Reason(ReasonKind.TOGETHER, n, 0), Reason(ReasonKind.LIFT, times, times))
                    for n, times in zip(support[place].tolist(), lift[place].tolist(), strict=True)
                ]
            )
        return reasons

    def _offered(
        self, basket: NDArray[np.int32]
    ) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int64]]:
        """Return the positions paired with the basket, ascending, and the lift and support of each."""
        starts = self.pairs.starts
        places = np.concatenate(
            [np.arange(starts[column], starts[column + 1]) for column in basket.tolist()]
            or [np.zeros(0, np.int64)]
        )
        positions = self.positions[self.pairs.columns[places]]
        lift, support = self.pairs.lift[places], self.pairs.support[places].astype(np.int64)
        order = np.lexsort((-support, -lift, positions))
        order = order[positions[order] >= 0]
        found, first = np.unique(positions[order], return_index=True)
        return found, lift[order][first], support[order][first]

    def _last_baskets(self, histories: Histories) -> list[NDArray[np.int32]]:
        """Return the columns of each user's last basket, empty without one. Cached in histories.derived."""
        if self not in histories.derived:
            histories.derived[self] = self._computed_last_baskets(histories)
        found: list[NDArray[np.int32]] = histories.derived[self]
        return found

    def _computed_last_baskets(self, histories: Histories) -> list[NDArray[np.int32]]:
        is_bought = histories.actions == Action.PURCHASE
        rows = histories.events.rows()
        have_bought = np.bincount(rows, is_bought, minlength=len(histories)) > 0
        held_only = (histories.actions == Action.CART) & ~have_bought[rows]
        put = histories.having(is_bought | held_only)
        made = baskets(put.events.rows(), put.events.flat, put.at, zone=self.zone)
        last = []
        for start, end in zip(put.events.starts[:-1].tolist(), put.events.starts[1:].tolist(), strict=True):
            held = made.products[int(made.of_event[start])] if end > start else np.zeros(0, np.int64)
            columns = self.columns[held[held < len(self.columns)]]
            last.append(columns[columns >= 0])
        return last
