"""What a batch of users did, as positions in a snapshot; one user is a batch of one."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommendations.engine.actions import Action
from recommendations.engine.ragged import Ragged
from recommendations.engine.snapshot import Features

_DISMISSAL = int(
    Action.DISMISS
)  # a number: arrays are compared with a member of an enum three times as slowly


@dataclass(frozen=True, slots=True)
class Histories:
    """One row a user: the positions of the products of their events, newest first.

    events:   a position of `len(snapshot)` or more is a product younger than the snapshot
    actions:  shape (n_events,), by Action, along events.flat
    at:       shape (n_events,), seconds since 1970, along events.flat
    features: the snapshot's, completed by those younger products
    derived:  what has been worked out from these histories already, by what was asked
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
        return len(self.events)

    def take(self, users: NDArray[np.int64]) -> "Histories":
        """Return the histories of these rows, in the given order."""
        starts, entries = self.events.entries(users)
        return Histories(
            Ragged(starts, self.events.flat[entries]), self.actions[entries], self.at[entries], self.features
        )

    def having(self, events: NDArray[np.bool_]) -> "Histories":
        """Return the same users with the marked events alone. events: shape (n_events,), bool."""
        return Histories(self.events.having(events), self.actions[events], self.at[events], self.features)

    @property
    def liked(self) -> "Histories":
        """These histories without what was dismissed; themselves when nothing was."""
        if _DISMISSAL not in self.derived:
            kept = self.actions != _DISMISSAL
            self.derived[_DISMISSAL] = None if kept.all() else self.having(kept)
        found: Histories | None = self.derived[_DISMISSAL]
        return self if found is None else found


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
    return histories.events if known.all() else histories.events.having(known)


def dismissed(histories: Histories, n_products: int) -> Ragged:
    """Return the positions that each user has dismissed, one row a user, repeats kept, the young left out."""
    unwanted = (histories.actions == _DISMISSAL) & (histories.events.flat < n_products)
    return histories.events.having(unwanted)
