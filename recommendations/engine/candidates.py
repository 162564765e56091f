"""Candidates: the products that a retriever returns for each user."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Candidates:
    """Candidates, one row a user, best first.

    positions: shape (n_users, k), positions in the snapshot; short rows are padded by -1 at their end
    points:    shape (n_users, k), scores in integer thousandths of a point, 0 where padded
    """

    positions: NDArray[np.int64]
    points: NDArray[np.int64]

    def __post_init__(self) -> None:
        if self.positions.shape != self.points.shape or self.positions.ndim != 2:
            raise ValueError("positions and points must both have the shape (n_users, k)")

    @property
    def lengths(self) -> NDArray[np.int64]:
        """The number of candidates of each user, shape (n_users,)."""
        return (self.positions >= 0).sum(axis=1)
