"""Deletion of old events."""

from datetime import datetime

from catalog.models import Interaction

BATCH_SIZE = 5_000


def remove_events(*, before: datetime) -> int:
    """Delete the events before that time and return their number. 5,000 per transaction, oldest first."""
    n_gone = 0
    old = Interaction.objects.filter(occurred_at__lt=before)
    while batch := list(old.order_by("occurred_at", "id").values_list("id", flat=True)[:BATCH_SIZE]):
        n_gone += Interaction.objects.filter(id__in=batch).delete()[0]
    return n_gone
