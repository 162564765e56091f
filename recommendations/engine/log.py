"""The event log of a shop, as arrays in chronological order."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommendations.engine.actions import Action
from recommendations.engine.codes import coded
from recommendations.engine.histories import Histories
from recommendations.engine.ragged import Ragged, starts_of
from recommendations.engine.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Log:
    """Events, oldest first.

    user_ids, product_ids: shape (n_events,)
    at:      shape (n_events,), seconds since 1970 in UTC, non-decreasing
    actions: shape (n_events,), by Action
    """

    user_ids: NDArray[np.int64]
    product_ids: NDArray[np.int64]
    at: NDArray[np.int64]
    actions: NDArray[np.uint8]

    def __post_init__(self) -> None:
        if not len(self.user_ids) == len(self.product_ids) == len(self.at) == len(self.actions):
            raise ValueError("every array must have one entry an event")
        if (self.at[1:] < self.at[:-1]).any():
            raise ValueError("events must be in order of time")

    def __len__(self) -> int:
        return len(self.at)

    def take(self, events: NDArray[np.bool_]) -> "Log":
        """Return the marked events. events: shape (n_events,), bool."""
        return Log(self.user_ids[events], self.product_ids[events], self.at[events], self.actions[events])

    def until(self, moment: int) -> "Log":
        """Return the events before the moment, as views of these arrays."""
        return self._part(slice(int(np.searchsorted(self.at, moment))))

    def since(self, moment: int) -> "Log":
        """Return the events at the moment or later, as views of these arrays."""
        return self._part(slice(int(np.searchsorted(self.at, moment)), None))

    def _part(self, events: slice) -> "Log":
        return Log(self.user_ids[events], self.product_ids[events], self.at[events], self.actions[events])

    @property
    def liked(self) -> "Log":
        """The events without dismissals; this log itself when it contains none."""
        kept = self.actions != Action.DISMISS
        return self if kept.all() else self.take(kept)

    @property
    def first_of_each(self) -> "Log":
        """The first event of each user, product and action: what a shopper repeats is left out."""
        products, users = coded(self.product_ids), coded(self.user_ids)
        pairs = products.codes.astype(np.int64) * len(users.values) + users.codes
        _, first = np.unique(pairs * len(Action) + self.actions, return_index=True)
        kept = np.zeros(len(self), bool)
        kept[first] = True
        return self.take(kept)

    def counted(self, *, counts_repeats: bool) -> "Log":
        """Return the events that count in popularity and trends: no dismissals, repeats if they count."""
        return self.liked if counts_repeats else self.liked.first_of_each

    def counts(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the products with events, ascending, and their numbers of events, without dismissals."""
        found = coded(self.liked.product_ids)
        return found.values, found.counts

    def histories(self, user_ids: NDArray[np.int64], snapshot: Snapshot) -> Histories:
        """Return the histories of these users, newest event first.

        user_ids: ascending; every product of the log must be in the snapshot
        """
        place = np.minimum(np.searchsorted(user_ids, self.user_ids), len(user_ids) - 1)
        found = np.flatnonzero(user_ids[place] == self.user_ids)
        order = np.lexsort((-found, place[found]))
        events = found[order]
        return Histories(
            Ragged(
                starts_of(np.bincount(place[events], minlength=len(user_ids))),
                snapshot.locate(self.product_ids[events]),
            ),
            self.actions[events],
            self.at[events],
            snapshot.features,
        )


def no_events() -> Log:
    """Return an empty log."""
    nothing = np.zeros(0, np.int64)
    return Log(nothing, nothing, nothing, np.zeros(0, np.uint8))
