"""What an asker wants left out: other categories, other prices, named products."""

from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from recommendations.engine.snapshot import Snapshot
from recommendations.selectors.products import Details


@dataclass(frozen=True, slots=True)
class Filters:
    """Bounds are included; a product without a category is in none.

    categories: names, any of which will do; empty for all products
    exclude:    ids of products that are not wanted
    """

    categories: tuple[str, ...] = ()
    min_price: Decimal | None = None
    max_price: Decimal | None = None
    exclude: tuple[int, ...] = ()

    def only(self, snapshot: Snapshot) -> NDArray[np.bool_] | None:
        """Return what the bounds let through, shape (n_products,); None when that is everything."""
        marks = []
        if self.categories:
            names = snapshot.features.categories.names
            codes = [code for code, name in enumerate(names) if name in self.categories]
            marks.append(np.isin(snapshot.features.category, codes))
        if self.min_price is not None:
            marks.append(snapshot.price >= float(self.min_price))
        if self.max_price is not None:
            marks.append(snapshot.price <= float(self.max_price))
        return np.logical_and.reduce(marks) if marks else None

    def closed(self, snapshot: Snapshot) -> NDArray[np.int64]:
        """Return the positions of the excluded products."""
        if not self.exclude:
            return np.zeros(0, np.int64)
        positions = snapshot.locate(np.array(self.exclude, np.int64))
        return positions[positions >= 0]

    def fit(self, product: Details) -> bool:
        """Return whether the product, as it is now, is within the bounds."""
        return (
            (not self.categories or product.category in self.categories)
            and (self.min_price is None or product.price >= float(self.min_price))
            and (self.max_price is None or product.price <= float(self.max_price))
        )


NO_FILTERS = Filters()
