"""Histories of a batch of users, as positions in a snapshot. One user is a batch of one."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommendations.engine.actions import Action
from recommendations.engine.features import Features
from recommendations.engine.ragged import Ragged

# A plain int: comparing an array with an enum member takes three times as long.
_DISMISSAL = int(Action.DISMISS)


@dataclass(frozen=True, slots=True)
class Histories:
    """One row a user: the positions of the products of their events, newest first.

    events:   positions; one of `len(snapshot)` or more is a product that is newer than the snapshot
    actions:  shape (n_events,), by Action, aligned with events.flat
    at:       shape (n_events,), seconds since 1970, aligned with events.flat
    features: those of the snapshot and of the newer products
    derived:  cache of values computed from these histories; each key names its computation
    """

    events: Ragged
    actions: NDArray[np.uint8]
    at: NDArray[np.int64]
    features: Features
    derived: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)

    def __post_init__(self) -> None:
        if not len(self.events.flat) == len(self.actions) == len(self.at):
            raise ValueError("every array must have one entry an event")

    def __len__(self) -> int:
        return len(self.events.starts) - 1

    def take(self, users: NDArray[np.int64]) -> "Histories":
        """Return the histories of these rows, in the given order."""
        starts, entries = self.events.entries(users)
        return Histories(
            Ragged(starts, self.events.flat[entries]), self.actions[entries], self.at[entries], self.features
        )

    def having(self, events: NDArray[np.bool_]) -> "Histories":
        """Return the same users with only the marked events. events: shape (n_events,), bool."""
        return Histories(self.events.having(events), self.actions[events], self.at[events], self.features)

    @property
    def liked(self) -> "Histories":
        """These histories without dismissals; the same object when there are none. Cached."""
        if _DISMISSAL not in self.derived:
            kept = self.actions != _DISMISSAL
            self.derived[_DISMISSAL] = None if kept.all() else self.having(kept)
        found: Histories | None = self.derived[_DISMISSAL]
        return self if found is None else found


@dataclass(frozen=True, slots=True)
class Mask:
    """The products that may be shown.

    everyone: shape (n_products,), bool, the products that may be shown to anybody
    own:      one row a user, the positions that this user must not see, each below n_products
    """

    everyone: NDArray[np.bool_]
    own: Ragged


def seen(histories: Histories, n_products: int) -> Ragged:
    """Return the positions of each user's events, with duplicates and without newer products."""
    known = histories.events.flat < n_products
    return histories.events if known.all() else histories.events.having(known)


def dismissed(histories: Histories, n_products: int) -> Ragged:
    """Return the positions dismissed by each user, with duplicates and without newer products."""
    unwanted = (histories.actions == _DISMISSAL) & (histories.events.flat < n_products)
    return histories.events.having(unwanted)


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
