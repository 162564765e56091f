"""Events of users and of the whole shop, read as arrays."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from catalog.models import Interaction
from core.db.prepared import PreparedQuery, columns, columns_in_chunks, integers, transposed
from recommendations.engine.actions import Action
from recommendations.engine.histories import Histories
from recommendations.engine.log import Log
from recommendations.engine.ragged import Ragged, starts_of
from recommendations.engine.snapshot import Snapshot
from recommendations.selectors.snapshots import with_new_products
from recommendations.selectors.timestamps import Seconds

# Integers: comparing an array with an enum member takes three times as long.
_PURCHASE, _DISMISSAL = int(Action.PURCHASE), int(Action.DISMISS)


@dataclass(frozen=True, slots=True)
class Events:
    """The events of a batch of users, newest first.

    product_ids: one row a user
    actions:     shape (n_events,), by Action, along product_ids.flat
    at:          shape (n_events,), seconds since 1970, along product_ids.flat
    """

    product_ids: Ragged
    actions: NDArray[np.uint8]
    at: NDArray[np.int64]

    def purchased_and_viewed(self, user: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the ids of the products in the purchases of this row's user, and in their other events.

        Newest first; dismissals are in neither.
        """
        start, end = self.product_ids.starts[user : user + 2].tolist()
        products, actions = self.product_ids.flat[start:end], self.actions[start:end]
        is_purchase = actions == _PURCHASE
        return products[is_purchase], products[~is_purchase & (actions != _DISMISSAL)]


_FIELDS = ("product_id", "action_type", Seconds("occurred_at"))
_of_one = PreparedQuery(
    lambda user_id: Interaction.objects.filter(user_id=user_id).newest_first().values_list(*_FIELDS)
)

# More events than a shopper has in the time between two answers.
NEWEST = 256
_newest_of_one = PreparedQuery(
    lambda user_id: (
        Interaction.objects.filter(user_id=user_id)
        .newest_first()
        .values_list("user__history_version", *_FIELDS)[:NEWEST]
    )
)


def newest_events(user_id: int) -> tuple[Events, int]:
    """Return the newest `NEWEST` events of a user, and the history version at that moment; 0 without events.

    1 query, answered by an index.
    """
    rows = _newest_of_one(user_id)
    return _of_columns(transposed([row[1:] for row in rows], len(_FIELDS))), rows[0][0] if rows else 0


def events(user_ids: NDArray[np.int64]) -> Events:
    """Return the events of the users, who must be sorted by id. 1 query, answered by an index."""
    if len(user_ids) == 1:  # without sorting by user, the index gives the order
        return _of_columns(transposed(_of_one(int(user_ids[0])), len(_FIELDS)))
    theirs = Interaction.objects.filter(user_id__in=user_ids.tolist())
    wanted = theirs.order_by("user_id", "-occurred_at", "-id").values_list("user_id", *_FIELDS)
    users, *cells = columns(wanted, 1 + len(_FIELDS))
    rows = np.searchsorted(user_ids, integers(users))
    return _of_columns(cells, starts_of(np.bincount(rows, minlength=len(user_ids))))


def _of_columns(cells: Sequence[tuple[Any, ...]], starts: NDArray[np.int64] | None = None) -> Events:
    """Return the events of columns of _FIELDS. starts: of the rows of each user, None for one user"""
    products, actions, moments = cells
    if starts is None:
        starts = np.array([0, len(products)], np.int64)
    return Events(Ragged(starts, integers(products)), action_codes(actions), integers(moments))


def histories(found: Events, snapshot: Snapshot) -> Histories:
    """Return the events as positions. No query; 2 if an event's product is newer than the snapshot."""
    product_ids = found.product_ids
    positions = snapshot.locate(product_ids.flat)
    unknown = positions < 0
    if not unknown.any():
        return Histories(Ragged(product_ids.starts, positions), found.actions, found.at, snapshot.features)
    new_ids = np.unique(product_ids.flat[unknown])
    positions[unknown] = len(snapshot) + np.searchsorted(new_ids, product_ids.flat[unknown])
    features = with_new_products(snapshot.features, new_ids)
    return Histories(Ragged(product_ids.starts, positions), found.actions, found.at, features)


_CODES = {action.name.lower(): action.value for action in Action}


def log(*, since: int | None = None, until: int | None = None) -> Log:
    """Return the events of the shop, oldest first. 1 query, answered in the order of an index.

    since, until: whole seconds since 1970, both inclusive; None for no bound
    """
    events = Interaction.objects.order_by("occurred_at", "id")
    if since is not None:
        events = events.filter(occurred_at__gte=datetime.fromtimestamp(since, UTC))
    if until is not None:
        events = events.filter(occurred_at__lt=datetime.fromtimestamp(until + 1, UTC))
    wanted = events.values_list("user_id", "product_id", Seconds("occurred_at"), "action_type")
    chunks = [
        (integers(users), integers(products), integers(moments), action_codes(actions))
        for users, products, moments, actions in columns_in_chunks(wanted, 4)
    ]
    return Log(*(np.concatenate(column) for column in zip(*chunks, strict=True)))


def action_codes(names: tuple[str, ...]) -> NDArray[np.uint8]:
    """Return the action types as the engine's codes."""
    return np.fromiter(map(_CODES.__getitem__, names), np.uint8, len(names))
