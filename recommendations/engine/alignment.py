"""Where the products that a model speaks of are in a snapshot, and back again."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from recommendations.engine.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Alignment:
    """A model's products, each of which is one of its columns.

    product_ids: shape (n_columns,), rising
    positions:   shape (n_columns,), int32, -1 for what the snapshot has no more
    columns:     shape (n_products,), int32, the column of each position, -1 for what the model does not know
    """

    product_ids: NDArray[np.int64]
    positions: NDArray[np.int32]
    columns: NDArray[np.int32]

    @classmethod
    def of(cls, product_ids: NDArray[np.int64], snapshot: Snapshot) -> Self:
        positions = snapshot.locate(product_ids).astype(np.int32)
        columns = np.full(len(snapshot), -1, np.int32)
        known = np.flatnonzero(positions >= 0)
        columns[positions[known]] = known
        return cls(product_ids, positions, columns)

    def shared(self, product_ids: NDArray[np.int64], snapshot: Snapshot) -> "Alignment":
        """Return where other products are in the same snapshot; these arrays where they are the same."""
        if np.array_equal(product_ids, self.product_ids):
            return self
        return Alignment.of(product_ids, snapshot)
