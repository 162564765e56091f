"""Shift of a shop's events by whole days so that they end yesterday, for demos with old data."""

from collections.abc import Container
from datetime import UTC, datetime, timedelta
from pathlib import Path

from catalog.importing.directory import ShopDirectory
from catalog.importing.events import event_key
from catalog.importing.report import NullObserver
from catalog.models import Interaction

UNSHIFTED = timedelta(0)


def shift_to_yesterday(
    directory: Path, *, users: Container[str], products: Container[str], now: datetime
) -> timedelta:
    """Return the whole days to add to every event so that the last one happens yesterday (UTC).

    If the file's first event is already stored, return the shift with which it was stored, so that an
    interrupted import can be completed later with the same shift.

    users, products: the external ids of valid rows. Reads the whole file of events; 1 query.
    """
    rows = ShopDirectory(directory, NullObserver(), now=now).events(users, products)
    first = next(rows, None)
    if first is None:
        return UNSHIFTED
    stored = Interaction.objects.filter(event_key=event_key(first, 1)).values_list("occurred_at", flat=True)
    for occurred_at in stored:
        return occurred_at - first.occurred_at
    last = max((row.occurred_at for row in rows), default=first.occurred_at)
    yesterday = now.astimezone(UTC).date() - timedelta(days=1)
    return yesterday - max(first.occurred_at, last).date()
