"""Mapping between the columns of a model and the positions of a snapshot."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from recommendations.engine.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Alignment:
    """The products of a model, one a column, and their positions in a snapshot.

    product_ids: shape (n_columns,), ascending
    positions:   shape (n_columns,), int32, the position of each column, -1 if the snapshot lacks the product
    columns:     shape (n_products,), int32, the column of each position, -1 if the model lacks the product
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
        """Return the alignment of other products with the same snapshot; this object if they are the same."""
        if np.array_equal(product_ids, self.product_ids):
            return self
        return Alignment.of(product_ids, snapshot)
