"""Sale prices of products, and when each counts."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray


class Offer(NamedTuple):
    """The sale price of one product. begins, ends: seconds since 1970; infinite for no bound"""

    price: float
    begins: float = -np.inf
    ends: float = np.inf


@dataclass(frozen=True, slots=True)
class Offers:
    """The products that have a sale price, each once, in any order. All arrays have the shape (n_offers,).

    An offer counts from `begins` on, and until just before `ends`.
    """

    product_ids: NDArray[np.int64]
    price: NDArray[np.float64]
    begins: NDArray[np.float64]
    ends: NDArray[np.float64]

    @classmethod
    def of(cls, offers: Iterable[tuple[int, Offer]]) -> Self:
        """Return the offers of these products."""
        rows = [(product_id, *offer) for product_id, offer in offers]
        ids, *values = zip(*rows, strict=True) if rows else ((), (), (), ())
        return cls(np.array(ids, np.int64), *(np.array(column, np.float64) for column in values))

    def __len__(self) -> int:
        return len(self.product_ids)

    def counting(self, now: float) -> NDArray[np.bool_]:
        """Return which offers count at this time."""
        return (self.begins <= now) & (now < self.ends)

    def next_change(self, now: float) -> float:
        """Return the next time after this one at which an offer begins or ends; infinity for none."""
        moments = np.concatenate([self.begins, self.ends])
        return float(moments[moments > now].min(initial=np.inf))

    def changed_between(self, one: float, other: float) -> NDArray[np.int64]:
        """Return the products whose offers begin or end after the earlier of the times, up to the later."""
        low, high = min(one, other), max(one, other)
        changed = [(low < moments) & (moments <= high) for moments in (self.begins, self.ends)]
        return self.product_ids[np.logical_or(*changed)]

    def replaced(self, product_ids: Collection[int], offers: Iterable[tuple[int, Offer]]) -> "Offers":
        """Return the offers, with these instead of those of the given products."""
        kept = ~np.isin(self.product_ids, list(product_ids))
        new = Offers.of(offers)
        return Offers(
            np.concatenate([self.product_ids[kept], new.product_ids]),
            np.concatenate([self.price[kept], new.price]),
            np.concatenate([self.begins[kept], new.begins]),
            np.concatenate([self.ends[kept], new.ends]),
        )


NO_OFFERS = Offers.of(())
