"""What a batch of users did, as positions in a snapshot; one user is a batch of one."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommendations.engine.ragged import Ragged, starts_of
from recommendations.engine.snapshot import Features


@dataclass(frozen=True, slots=True)
class Histories:
    """One row a user: the positions of the products of their events, newest first.

    events:   a position of `len(snapshot)` or more is a product younger than the snapshot
    features: the snapshot's, completed by those younger products
    derived:  what has been worked out from these histories already, by what was asked
    """

    events: Ragged
    features: Features
    derived: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)

    def __len__(self) -> int:
        return len(self.events)


@dataclass(frozen=True, slots=True)
class Mask:
    """What may be shown.

    everyone: shape (n_products,), bool, what may be shown to anybody
    own:      one row a user, positions that this user must not see, each below n_products
    """

    everyone: NDArray[np.bool_]
    own: Ragged


def seen(histories: Histories, n_products: int) -> Ragged:
    """Return the positions each user has an event on, one row a user, repeats kept, the young left out."""
    known = histories.events.flat < n_products
    if known.all():
        return histories.events
    rows = histories.events.rows()[known]
    lengths = np.bincount(rows, minlength=len(histories))
    return Ragged(starts_of(lengths), histories.events.flat[known])
