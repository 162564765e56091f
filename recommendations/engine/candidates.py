"""The products that a retriever proposes to each user."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Candidates:
    """Best first, one row a user.

    positions: shape (n_users, k), positions in the snapshot, -1 pads a short row at its end
    points:    shape (n_users, k), scores in integer thousandths of a point, 0 where padded
    """

    positions: NDArray[np.int64]
    points: NDArray[np.int64]

    def __post_init__(self) -> None:
        if self.positions.shape != self.points.shape or self.positions.ndim != 2:
            raise ValueError("positions and points must both have the shape (n_users, k)")

    @property
    def lengths(self) -> NDArray[np.int64]:
        """How many products each user is offered, shape (n_users,)."""
        return (self.positions >= 0).sum(axis=1)
